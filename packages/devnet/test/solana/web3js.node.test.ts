import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSolanaNode, type SolanaNode } from '@aitbc/devnet'
import * as Web3 from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const SOL = 1_000_000_000
const PROGRAMS = join(import.meta.dirname, '../../../adapters/programs/solana')

let node: SolanaNode
let connection: Web3.Connection
const alice = Web3.Keypair.generate()
const bob = Web3.Keypair.generate()

beforeAll(async () => {
  node = await createSolanaNode({ stakes: [1n] })
  // It looks for subscriptions on the next port by itself.
  connection = new Web3.Connection(node.url, 'confirmed')
  await connection.requestAirdrop(alice.publicKey, 100 * SOL)
})
afterAll(() => {
  // It has no end of its own, and would look for a node that is gone once a second, for ever.
  type Socket = { setAutoReconnect(reconnect: boolean): void; close(): void }
  const { _rpcWebSocket: socket } = connection as unknown as { _rpcWebSocket: Socket }
  socket.setAutoReconnect(false)
  socket.close()
  return node.close()
})

const transfer = (to: Web3.PublicKey, lamports: number) =>
  Web3.SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: to, lamports })
const send = (...instructions: Web3.TransactionInstruction[]) =>
  connection.sendTransaction(new Web3.Transaction().add(...instructions), [alice])

describe('an unmodified @solana/web3.js', () => {
  test('default: sends a legacy transaction, waits for it, and reads it back', async () => {
    const signature = await Web3.sendAndConfirmTransaction(
      connection,
      new Web3.Transaction().add(transfer(bob.publicKey, SOL)),
      [alice],
    )
    expect(await connection.getBalance(bob.publicKey)).toBe(SOL)
    const found = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 })
    expect(found?.version).toBe('legacy')
    expect(found?.meta).toMatchObject({ err: null, fee: 5_000 })
    expect(found?.transaction.message.getAccountKeys().get(1)?.equals(bob.publicKey)).toBe(true)
    const parsed = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 0 })
    expect(parsed?.transaction.message.accountKeys[0]).toMatchObject({ signer: true, writable: true })
    const block = await connection.getBlock(found?.slot ?? 0, { maxSupportedTransactionVersion: 0 })
    expect(block?.transactions.map(({ transaction }) => transaction.signatures[0])).toContain(signature)
    const before = await connection.getBlock((found?.slot ?? 0) - 1, { maxSupportedTransactionVersion: 0 })
    expect(block?.previousBlockhash).toBe(before?.blockhash)
    expect(await connection.getBlockTime(found?.slot ?? 0)).toBe(found?.blockTime)
    const signatures = await connection.getBlockSignatures(found?.slot ?? 0)
    expect(signatures.signatures).toContain(signature)
  })

  test('versioned messages, compute budget, simulation and the fee', async () => {
    const { blockhash } = await connection.getLatestBlockhash()
    const message = new Web3.TransactionMessage({
      payerKey: alice.publicKey,
      recentBlockhash: blockhash,
      instructions: [
        Web3.ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1_000_000 }),
        transfer(bob.publicKey, 10_000),
      ],
    }).compileToV0Message()
    const transaction = new Web3.VersionedTransaction(message)
    expect((await connection.getFeeForMessage(message)).value).toBe(11_000)
    const simulated = await connection.simulateTransaction(transaction, {
      accounts: { encoding: 'base64', addresses: [bob.publicKey.toBase58()] },
    })
    expect(simulated.value).toMatchObject({ err: null, unitsConsumed: 300 })
    transaction.sign([alice])
    const signature = await connection.sendTransaction(transaction)
    const [status] = (await connection.getSignatureStatuses([signature])).value
    expect(status).toMatchObject({ err: null, confirmationStatus: 'confirmed' })
  })

  test('error: what a preflight refused, with its logs', async () => {
    const error = await send(transfer(bob.publicKey, 1_000 * SOL)).catch((it: unknown) => it)
    expect(error).toBeInstanceOf(Web3.SendTransactionError)
    const { transactionError } = error as Web3.SendTransactionError
    expect(transactionError.message).toBe(
      'Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1',
    )
    expect(transactionError.logs?.join('\n')).toMatch(/insufficient lamports/)
  })

  test('a nonce account by web3.js’s own instructions', async () => {
    const nonce = Web3.Keypair.generate()
    const lamports = await connection.getMinimumBalanceForRentExemption(Web3.NONCE_ACCOUNT_LENGTH)
    await connection.sendTransaction(
      new Web3.Transaction().add(
        Web3.SystemProgram.createNonceAccount({
          fromPubkey: alice.publicKey,
          noncePubkey: nonce.publicKey,
          authorizedPubkey: alice.publicKey,
          lamports,
        }),
      ),
      [alice, nonce],
    )
    const before = await connection.getNonce(nonce.publicKey)
    const advance = Web3.SystemProgram.nonceAdvance({
      noncePubkey: nonce.publicKey,
      authorizedPubkey: alice.publicKey,
    })
    const transaction = new Web3.Transaction({
      feePayer: alice.publicKey,
      nonceInfo: { nonce: before?.nonce ?? '', nonceInstruction: advance },
      minContextSlot: 0,
    }).add(transfer(bob.publicKey, 10_002))
    transaction.sign(alice)
    const signature = await connection.sendRawTransaction(transaction.serialize())
    expect((await connection.getSignatureStatuses([signature])).value[0]?.err).toBeNull()
    expect((await connection.getNonce(nonce.publicKey))?.nonce).not.toBe(before?.nonce)
  })

  test('the history of an address, page by page, newest first', async () => {
    const to = Web3.Keypair.generate().publicKey
    const sent: string[] = []
    for (let i = 0; i < 5; i++) sent.unshift(await send(transfer(to, SOL + i)))
    const page = async (options: Web3.SignaturesForAddressOptions) =>
      (await connection.getSignaturesForAddress(to, options)).map(({ signature }) => signature)
    expect(await page({})).toEqual(sent)
    expect(await page({ limit: 2 })).toEqual(sent.slice(0, 2))
    expect(await page({ before: sent[1] as string, limit: 2 })).toEqual(sent.slice(2, 4))
    expect(await page({ until: sent[3] as string })).toEqual(sent.slice(0, 3))
    const [first] = await connection.getSignaturesForAddress(to, { limit: 1 })
    expect(first).toMatchObject({ err: null, memo: null, confirmationStatus: 'confirmed' })
    expect(await connection.getSignaturesForAddress(to, {}, 'finalized')).toEqual([])
  })

  test('subscriptions', async () => {
    const to = Web3.Keypair.generate().publicKey
    const earlier = await send(transfer(bob.publicKey, 10_003))
    const heard = <T>(subscribe: (done: (it: T) => void) => number) => {
      let id = -1
      const it = new Promise<T>((resolve) => {
        id = subscribe(resolve)
      })
      return { it, id }
    }
    const account = heard<Web3.AccountInfo<Buffer>>((done) => connection.onAccountChange(to, done))
    const logs = heard<Web3.Logs>((done) => connection.onLogs(to, done))
    const slot = heard<Web3.SlotInfo>((done) => connection.onSlotChange(done))
    // A subscription is there once the server has answered it; a later one on the same connection says so.
    const ready = heard<Web3.SignatureResult>((done) => connection.onSignature(earlier, done))
    expect((await ready.it).err).toBeNull()
    const signature = await send(transfer(to, SOL))
    expect((await account.it).lamports).toBe(SOL)
    expect(await logs.it).toMatchObject({ signature, err: null })
    expect((await slot.it).parent).toBe((await slot.it).slot - 1)
    await connection.removeAccountChangeListener(account.id)
    await connection.removeOnLogsListener(logs.id)
    await connection.removeSlotChangeListener(slot.id)
  })

  test.each([0, 3])(
    'the HTLC program, deployed through the loader, for version %i of the machine',
    async (version) => {
      const program = await node.chain.deploy(
        new Uint8Array(readFileSync(join(PROGRAMS, `htlc-v${version}.so`))),
      )
      const programId = new Web3.PublicKey(program)
      const found = await connection.getAccountInfo(programId)
      expect(found?.executable).toBe(true)
      expect(found?.owner.toBase58()).toBe('BPFLoaderUpgradeab1e11111111111111111111111')
      // It runs, and misses its accounts.
      const error = await send(
        new Web3.TransactionInstruction({ programId, keys: [], data: Buffer.from([9]) }),
      ).catch((it: unknown) => it)
      expect((error as Web3.SendTransactionError).transactionError.message).toMatch(
        /custom program error: 0x2$/,
      )
    },
  )

  test('accounts: by owner, by filters, in slices, several at once', async () => {
    const mint = await node.chain.createToken({ decimals: 6 })
    const holding = await node.chain.mintTo(mint, alice.publicKey.toBase58(), 42n)
    await node.chain.produce()
    const key = new Web3.PublicKey(mint)
    const { value } = await connection.getParsedTokenAccountsByOwner(alice.publicKey, { mint: key })
    expect(value.map(({ pubkey }) => pubkey.toBase58())).toEqual([holding])
    expect(value[0]?.account.data.parsed.info.tokenAmount.amount).toBe('42')
    const token = new Web3.PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA')
    const sliced = await connection.getProgramAccounts(token, {
      dataSlice: { offset: 64, length: 8 },
      filters: [{ dataSize: 165 }, { memcmp: { offset: 32, bytes: alice.publicKey.toBase58() } }],
    })
    expect(sliced.map(({ account }) => account.data.readBigUInt64LE())).toEqual([42n])
    const [one, none] = await connection.getMultipleAccountsInfo([key, Web3.Keypair.generate().publicKey])
    expect(one?.data.length).toBe(82)
    expect(none).toBeNull()
    expect((await connection.getTokenSupply(key)).value.uiAmountString).toBe('0.000042')
  })

  test('what the chain says of itself', async () => {
    expect(node.network).toBe(`solana:${(await connection.getGenesisHash()).slice(0, 32)}`)
    expect((await connection.getVersion())['solana-core']).toMatch(/^\d+\.\d+\.\d+$/)
    const epoch = await connection.getEpochInfo('processed')
    expect(epoch.absoluteSlot).toBe(Number(node.chain.slot()))
    expect(epoch.slotsInEpoch).toBe(432_000)
    expect(await connection.getBlockHeight('processed')).toBe(epoch.blockHeight)
    expect((await connection.getEpochSchedule()).slotsPerEpoch).toBe(432_000)
    expect(await connection.getFirstAvailableBlock()).toBe(0)
    expect((await connection.getBlocks(0, 3)).length).toBe(4)
  })

  // Last: this client keeps a blockhash for 30 seconds, which is too old then.
  test('error: a blockhash that is too old', async () => {
    const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash()
    const transaction = new Web3.Transaction({
      feePayer: alice.publicKey,
      blockhash,
      lastValidBlockHeight,
    }).add(transfer(bob.publicKey, 10_001))
    transaction.sign(alice)
    const bytes = transaction.serialize()
    await node.chain.produce(151)
    await expect(connection.sendRawTransaction(bytes)).rejects.toThrow(/Blockhash not found/)
    const signature = await connection.sendRawTransaction(bytes, { skipPreflight: true })
    await expect(
      connection.confirmTransaction({ signature, blockhash, lastValidBlockHeight }),
    ).rejects.toBeInstanceOf(Web3.TransactionExpiredBlockheightExceededError)
  })
})
