import { Bytes, type Step, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import {
  Address,
  createInjectedSigner,
  createKeySigner,
  createSeedWallet,
  type InjectedExtension,
  PolkadotTransaction,
} from '../../src/polkadot/index.js'

const network = networks.polkadotLocal
const GENESIS = `0x${'45'.repeat(32)}`
type Payload = PolkadotTransaction.SignerPayload

/**
 * An extension as polkadot-js has it, in memory: its accounts have the generic prefix 42, each may be bound to one chain, it signs what the
 * payload says, it asks its user, and the user may have another account selected.
 */
function extension(
  options: {
    readonly user?: 'agrees' | 'declines' | 'closes'
    readonly bound?: string | null
    readonly keys?: readonly number[]
    readonly tampers?: (payload: Payload) => Payload
    readonly whole?: 'own' | 'other'
    readonly shape?: (signature: string) => unknown
  } = {},
) {
  const { user = 'agrees', bound = null, keys = [1, 2], tampers = (payload: Payload) => payload } = options
  const seeds = keys.map((fill) => new Uint8Array(32).fill(fill))
  const asked: Payload[] = []
  const self: InjectedExtension = {
    accounts: {
      get: async () =>
        seeds.map((seed) => ({
          address: Address.encode({ prefix: 42, account: ed25519.getPublicKey(seed) }),
          genesisHash: bound,
          name: 'mine',
          type: 'ed25519',
        })),
    },
    signer: {
      signPayload: async (payload) => {
        asked.push(payload)
        if (user === 'declines') throw new Error('Cancelled')
        if (user === 'closes') throw new Error('Message channel closed')
        const wanted = Address.decode(payload.address).account
        const seed = seeds.find((one) => Bytes.equal(ed25519.getPublicKey(one), wanted))
        if (seed === undefined) throw new Error('Unable to find the keypair')
        const json = tampers(payload)
        const transaction = PolkadotTransaction.decode(new TextEncoder().encode(JSON.stringify(json)))
        const signature = Bytes.concat(
          Uint8Array.of(0),
          ed25519.sign(PolkadotTransaction.signingBytes(transaction), seed),
        )
        const hex = `0x${Bytes.toHex(signature)}`
        const raw = PolkadotTransaction.assemble(
          options.whole === 'other' ? { ...transaction, tip: transaction.tip + 1n } : transaction,
          signature,
        )
        return {
          signature: (options.shape?.(hex) ?? hex) as string,
          ...(options.whole === undefined ? {} : { signedTransaction: `0x${Bytes.toHex(raw)}` }),
        }
      },
    },
  }
  return { self, asked }
}

const key = createKeySigner({ network, privateKey: new Uint8Array(32).fill(1) })
function step(from = key.account): Step {
  const transaction: PolkadotTransaction.PolkadotTransaction = {
    address: from.slice(network.id.length + 1),
    genesisHash: Bytes.fromHex(GENESIS.slice(2)),
    blockHash: new Uint8Array(32).fill(2),
    era: { is: 'mortal', period: 64n, at: 10n },
    method: Uint8Array.of(0, 0, 0),
    nonce: 0n,
    tip: 0n,
    specVersion: 900,
    transactionVersion: 6,
    signedExtensions: [
      'CheckSpecVersion',
      'CheckTxVersion',
      'CheckGenesis',
      'CheckMortality',
      'CheckNonce',
      'ChargeTransactionPayment',
    ],
  }
  return PolkadotTransaction.toStep(transaction, { network, kind: 'transfer', from, maxFee: 1n })
}
const signer = (wallet: { readonly self: InjectedExtension }, account = key.account) =>
  createInjectedSigner(wallet.self, { network, account })

describe('an injected extension', () => {
  test('signs what a key signs: same bytes, same id, whatever prefix the wallet writes', async () => {
    const wallet = extension({ whole: 'own' })
    expect(signer(wallet).asks).toBe(true)
    const signed = await signer(wallet).sign(step())
    expect(signed).toEqual(await key.sign(step()))
    expect(wallet.asked).toHaveLength(1)
    expect(wallet.asked[0]).toMatchObject({ genesisHash: GENESIS, version: 4, nonce: '0x00000000' })
    PolkadotTransaction.assertSigned(signed)
    expect(await signer(extension({ bound: GENESIS })).sign(step())).toEqual(signed)
  })

  test.each([
    ['the user declines', extension({ user: 'declines' }), 'PolkadotWalletRefused'],
    ['the wallet breaks off', extension({ user: 'closes' }), 'PolkadotWalletFailed'],
    ['another account is selected', extension({ keys: [2] }), 'PolkadotWalletAccount'],
    [
      'the account is bound to another chain',
      extension({ bound: `0x${'11'.repeat(32)}` }),
      'PolkadotWrongChain',
    ],
    [
      'it signs another call',
      extension({ tampers: (payload) => ({ ...payload, method: '0x010101' }) }),
      'PolkadotWalletChanged',
    ],
    ['it hands out another transaction', extension({ whole: 'other' }), 'PolkadotWalletChanged'],
    [
      'no kind before the signature',
      extension({ shape: (text) => `0x${text.slice(4)}` }),
      'PolkadotWalletFailed',
    ],
    ['no signature at all', extension({ shape: () => 5 }), 'PolkadotWalletFailed'],
    ['it signs no payloads', { self: { ...extension().self, signer: {} } }, 'PolkadotWalletFailed'],
  ])('refused: %s', async (_what, wallet, tag) => {
    await expect(signer(wallet).sign(step())).rejects.toMatchObject({ _tag: tag })
  })

  test('a step of another account or network is refused before the wallet is asked', async () => {
    const wallet = extension()
    const other = createKeySigner({ network, privateKey: new Uint8Array(32).fill(2) })
    await expect(signer(wallet).sign(step(other.account))).rejects.toMatchObject({
      _tag: 'PolkadotInvalidStep',
    })
    await expect(signer(wallet).sign({ ...step(), network: 'eip155:1' })).rejects.toMatchObject({
      _tag: 'ForeignNetwork',
    })
    expect(wallet.asked).toEqual([])
    const reason = new Error('enough')
    await expect(signer(wallet).sign(step(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

test("a seed's wallet: one account, its own alone, and never another network's", async () => {
  const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(5), network.id)
  const wallet = createSeedWallet({ network, seed })
  expect(wallet.party(new Uint8Array(8))).toEqual({ account: wallet.funding, payout: wallet.funding })
  expect(wallet.signer(key.account, new Uint8Array(8))).toBeUndefined()
  const own = wallet.signer(wallet.funding, new Uint8Array(8))
  expect(own?.kind).toBe('signs')
  if (own?.kind === 'signs') PolkadotTransaction.assertSigned(await own.sign(step(wallet.funding)))
  expect(() => createSeedWallet({ network: networks.polkadotHub, seed })).toThrow(
    expect.objectContaining({ _tag: 'ForeignNetwork' }),
  )
  expect(() =>
    createKeySigner({ network: networks.ethereum, privateKey: new Uint8Array(32).fill(1) }),
  ).toThrow(expect.objectContaining({ _tag: 'InvalidNetwork' }))
})
