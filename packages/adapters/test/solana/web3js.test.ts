import { type Connection, Keypair, PublicKey, SystemProgram, VersionedTransaction } from '@solana/web3.js'
import { describe, expect, test } from 'vitest'
import { createKeySigner, SolanaInstruction, SolanaTransaction } from '../../src/solana/index.js'
import {
  createKeypairSigner,
  createTransactionSigner,
  fromConnection,
  toCall,
  toSigned,
  toTransaction,
} from '../../src/solana/web3js.js'
import { accountOf, BLOCKHASH, fill, keyOf, network, rejected, thrown } from './support.js'

const keypair = Keypair.fromSeed(fill(1))
const step = (lamports = 5n) =>
  SolanaTransaction.toStep(
    SolanaTransaction.encode({
      payer: keyOf(1),
      instructions: [SolanaInstruction.transfer(keyOf(1), keyOf(2), lamports)],
      lifetime: { kind: 'blockhash', blockhash: BLOCKHASH, lastHeight: 150n },
    }),
    {
      network: network.id,
      kind: 'transfer',
      from: accountOf(1),
      feeAsset: network.native.id,
      rent: 0n,
      conflictKey: 'once/1',
    },
  )
const own = createKeySigner({ network, privateKey: fill(1) })
const connected = (answer: unknown) => ({ _rpcRequest: async () => answer }) as unknown as Connection

describe('signers', () => {
  test('default: a key pair, and a wallet that signs transactions, sign the same bytes', async () => {
    const signed = await own.sign(step())
    expect(await createKeypairSigner(keypair, { network }).sign(step())).toEqual(signed)
    const wallet = createTransactionSigner(
      {
        publicKey: keypair.publicKey,
        async signTransaction(transaction) {
          transaction.sign([keypair])
          return transaction
        },
      },
      { network },
    )
    expect(wallet.account).toBe(own.account)
    expect(wallet.asks).toBe(true)
    expect(await wallet.sign(step())).toEqual(signed)
  })

  test('behavior: an application signs a step’s transaction by itself', async () => {
    const transaction = toTransaction(step())
    expect(transaction.message.staticAccountKeys[0]?.equals(keypair.publicKey)).toBe(true)
    expect(thrown(() => toSigned(step(), transaction))).toMatchObject({ _tag: 'SolanaInvalidStep' })
    transaction.sign([keypair])
    expect(toSigned(step(), transaction)).toEqual(await own.sign(step()))
    expect(thrown(() => toSigned(step(6n), transaction))).toMatchObject({ _tag: 'SolanaInvalidStep' })
  })

  test('error: a user’s no, and another transaction', async () => {
    const signing = (signTransaction: (it: VersionedTransaction) => Promise<VersionedTransaction>) =>
      createTransactionSigner({ publicKey: keypair.publicKey, signTransaction }, { network }).sign(step())
    const no = signing(async () => {
      throw new Error('User rejected the request.')
    })
    expect(await rejected(no)).toMatchObject({ _tag: 'SolanaWalletRefused' })
    const other = signing(async () => {
      const transaction = toTransaction(step(6n))
      transaction.sign([keypair])
      return transaction
    })
    expect(await rejected(other)).toMatchObject({ _tag: 'SolanaWalletChanged' })
    const none = signing(async (it) => VersionedTransaction.deserialize(it.serialize()))
    expect(await rejected(none)).toMatchObject({ _tag: 'SolanaWalletChanged' })
  })
})

test('instructions become calls', () => {
  const instruction = SystemProgram.transfer({
    fromPubkey: keypair.publicKey,
    toPubkey: new PublicKey(keyOf(2)),
    lamports: 5,
  })
  const { to, data } = toCall(instruction, { network: network.id })
  expect(to).toBe(`${network.id}:${SystemProgram.programId.toBase58()}`)
  expect(SolanaInstruction.decodeCall(fill(0), data)).toEqual(
    SolanaInstruction.transfer(keyOf(1), keyOf(2), 5n),
  )
})

describe('connections', () => {
  test('error: no connection; no answer; the node’s refusal; an abort', async () => {
    expect(thrown(() => fromConnection({} as Connection))).toMatchObject({ _tag: 'InvalidArgument' })
    for (const answer of [null, {}, 5])
      expect(await rejected(fromConnection(connected(answer)).request('getSlot'))).toMatchObject({
        _tag: 'RpcMalformed',
      })
    const refusal = { code: -32002, message: 'no' }
    expect(await rejected(fromConnection(connected({ error: refusal })).request('getSlot'))).toBe(refusal)
    expect(await fromConnection(connected({ result: null })).request('getBlock')).toBeNull()
    const stop = new AbortController()
    const silent = { _rpcRequest: () => new Promise(() => undefined) } as unknown as Connection
    const answer = fromConnection(silent).request('getSlot', [], { signal: stop.signal })
    stop.abort('enough')
    expect(await rejected(answer)).toBe('enough')
  })
})
