import { isAitbcError, type Step, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { type Hex, hexToBytes, keccak256, serializeTransaction, toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  createEip1193Signer,
  createKeySigner,
  createSeedWallet,
  EvmTransaction,
} from '../../src/evm/index.js'

const network = networks.evmLocal
const key = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const account = `${network.id}:${key.address.toLowerCase()}` as const

interface Request {
  readonly method: string
  readonly params?: readonly unknown[]
}

/** A wallet by EIP-1193 and EIP-1474: one user, several accounts, one chain at a time, its own nonces. */
function createWallet() {
  const state = {
    chainId: 31337,
    accounts: [key.address as string],
    nonce: 4,
    answer: 'yes' as 'yes' | 'no' | 'locked' | 'disconnected' | 'broken',
    /** What the wallet does to a transaction before it signs. */
    change: (transaction: Record<string, unknown>): Record<string, unknown> => transaction,
    tells: true,
    requests: [] as Request[],
  }
  const sent = new Map<string, Record<string, unknown>>()
  const refuse = (code: number, message: string) => Object.assign(new Error(message), { code })
  const request = async ({ method, params = [] }: Request): Promise<unknown> => {
    state.requests.push({ method, params })
    if (state.answer === 'disconnected') throw refuse(4900, 'The provider is disconnected from all chains.')
    switch (method) {
      case 'eth_chainId':
        return toHex(state.chainId)
      case 'eth_accounts':
        return state.answer === 'locked' ? [] : state.accounts
      case 'eth_sendTransaction': {
        if (state.answer === 'no') throw refuse(4001, 'User rejected the request.')
        if (state.answer === 'broken') throw refuse(-32603, 'Internal error')
        const asked = state.change(params[0] as Record<string, unknown>)
        if (!state.accounts.some((a) => a.toLowerCase() === String(asked['from']).toLowerCase()))
          throw refuse(4100, 'The requested account has not been authorized.')
        const serialized = await key.signTransaction({
          type: 'eip1559',
          chainId: state.chainId,
          nonce: state.nonce++,
          to: asked['to'] as Hex,
          value: BigInt(asked['value'] as Hex),
          data: asked['data'] as Hex,
          gas: BigInt(asked['gas'] as Hex),
          maxFeePerGas: 77n,
          maxPriorityFeePerGas: 7n,
        })
        const hash = keccak256(serialized)
        sent.set(hash, {
          hash,
          from: key.address,
          to: asked['to'],
          nonce: toHex(state.nonce - 1),
          value: asked['value'],
          input: asked['data'],
          gas: asked['gas'],
          gasPrice: '0x4d',
          maxFeePerGas: '0x4d',
          maxPriorityFeePerGas: '0x7',
          blockHash: null,
          blockNumber: null,
        })
        return hash
      }
      case 'eth_getTransactionByHash':
        return state.tells ? (sent.get(String(params[0])) ?? null) : null
      default:
        throw refuse(4200, `The provider does not support ${method}.`)
    }
  }
  return { state, provider: { request } }
}

const step: Step = EvmTransaction.toStep(
  {
    chainId: 31337n,
    nonce: 2n,
    to: '0x00000000000000000000000000000000000000bb',
    value: 5n,
    data: '0xabcd',
    gas: 50_000n,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 10n,
  },
  { network: network.id, kind: 'lock', from: account, feeAsset: network.native.id },
)

let wallet: ReturnType<typeof createWallet>
let signer: ReturnType<typeof createEip1193Signer>
beforeEach(() => {
  wallet = createWallet()
  signer = createEip1193Signer(wallet.provider, { network, account })
})
const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isAitbcError(error)) throw error ?? new Error('it did not reject')
  return error
}
const asked = () => wallet.state.requests.filter(({ method }) => method === 'eth_sendTransaction')

describe('createEip1193Signer', () => {
  test('default: the wallet is asked for exactly the step, and what it chose itself is read back', async () => {
    const submission = await signer.send(step)
    expect(asked()).toEqual([
      {
        method: 'eth_sendTransaction',
        params: [
          {
            type: '0x2',
            from: key.address.toLowerCase(),
            to: '0x00000000000000000000000000000000000000bb',
            value: '0x5',
            data: '0xabcd',
            nonce: '0x2',
            gas: '0xc350',
            chainId: '0x7a69',
            maxFeePerGas: '0x64',
            maxPriorityFeePerGas: '0xa',
          },
        ],
      },
    ])
    // The wallet has a nonce and fees of its own: the submission can be followed and replaced by those.
    expect(submission.step.conflictKey).toBe(`${account}#4`)
    expect(EvmTransaction.decode(submission.step.payload)).toMatchObject({ nonce: 4n, maxFeePerGas: 77n })
    expect(submission.step.maxFee.amount).toBe(77n * 50_000n)
    expect(submission).toMatchObject({ attempts: [submission.id] })
    expect(submission.raw).toBeUndefined()
  })

  test('behavior: a wallet that does not tell what it sent: the step stays as it was asked', async () => {
    wallet.state.tells = false
    expect((await signer.send(step)).step).toEqual(step)
  })

  test('error: the user says no: 3221, nothing sent, and it can be asked again', async () => {
    wallet.state.answer = 'no'
    const error = await failure(signer.send(step))
    expect(error).toMatchObject({
      _tag: 'EvmWalletRefused',
      code: 3221,
      retryable: true,
      context: { code: 4001 },
    })
    wallet.state.answer = 'yes'
    expect((await signer.send(step)).id).toMatch(/^0x[0-9a-f]{64}$/)
  })

  test('H14: error: the wallet is on another network: 3204, and it is not even asked', async () => {
    wallet.state.chainId = 1
    const error = await failure(signer.send(step))
    expect(error).toMatchObject({
      _tag: 'EvmWrongChain',
      context: { expected: network.id, received: 'eip155:1' },
    })
    expect(asked()).toEqual([])
  })

  test('H18: error: a wallet on another network or without the account isn’t ready, and is shown nothing', async () => {
    await signer.ready?.(step)
    wallet.state.chainId = 1
    expect(await failure(Promise.resolve(signer.ready?.(step)))).toMatchObject({ _tag: 'EvmWrongChain' })
    wallet.state.chainId = 31337
    wallet.state.accounts = []
    expect(await failure(Promise.resolve(signer.ready?.(step)))).toMatchObject({ _tag: 'EvmWalletAccount' })
    expect(asked()).toEqual([])
  })

  test('error: another account is selected, none is, or it is taken away in the middle: 3222', async () => {
    wallet.state.accounts = ['0x00000000000000000000000000000000000000cc']
    expect(await failure(signer.send(step))).toMatchObject({ _tag: 'EvmWalletAccount', code: 3222 })
    wallet.state.accounts = []
    expect(await failure(signer.send(step))).toMatchObject({ _tag: 'EvmWalletAccount' })
    expect(asked()).toEqual([])
    wallet = createWallet()
    signer = createEip1193Signer(wallet.provider, { network, account })
    wallet.state.change = (transaction) => {
      wallet.state.accounts = []
      return transaction
    }
    expect(await failure(signer.send(step))).toMatchObject({
      _tag: 'EvmWalletAccount',
      context: { code: 4100 },
    })
  })

  test.each([
    ['recipient', { to: '0x00000000000000000000000000000000000000ee' }],
    ['value', { value: '0x6' }],
    ['data', { data: '0xabce' }],
  ])(
    'H20: error: a wallet that changes the %s is told on, with the id of what it sent: 3223',
    async (_, change) => {
      wallet.state.change = (transaction) => ({ ...transaction, ...change })
      const error = await failure(signer.send(step))
      expect(error).toMatchObject({ _tag: 'EvmWalletChanged', code: 3223 })
      expect(error.context['id']).toMatch(/^0x[0-9a-f]{64}$/)
    },
  )

  test('error: disconnected or broken wallets: 3224 with their own words', async () => {
    wallet.state.answer = 'disconnected'
    expect(await failure(signer.send(step))).toMatchObject({
      _tag: 'EvmWalletFailed',
      context: { code: 4900 },
    })
    wallet.state.answer = 'broken'
    expect(await failure(signer.send(step))).toMatchObject({
      _tag: 'EvmWalletFailed',
      context: { code: -32603 },
    })
  })

  test('error: steps of another network, account or format never reach the wallet', async () => {
    const cases: readonly [Step, string][] = [
      [{ ...step, network: 'eip155:1' }, 'ForeignNetwork'],
      [{ ...step, from: `${network.id}:0x00000000000000000000000000000000000000aa` }, 'EvmInvalidStep'],
      [{ ...step, format: 'bitcoin/psbt' }, 'EvmInvalidStep'],
      [{ ...step, payload: new Uint8Array(3) }, 'EvmInvalidStep'],
    ]
    for (const [wrong, tag] of cases) expect((await failure(signer.send(wrong)))._tag).toBe(tag)
    expect(wallet.state.requests).toEqual([])
  })

  test('error: a wallet that answers with no hash: 1204', async () => {
    const provider = {
      request: async (call: Request) =>
        call.method === 'eth_sendTransaction' ? { hash: '0x' } : wallet.provider.request(call),
    }
    const error = await failure(createEip1193Signer(provider, { network, account }).send(step))
    expect(error).toMatchObject({ _tag: 'RpcMalformed', code: 1204 })
  })

  test('behavior: an aborted call rejects with the reason', async () => {
    const reason = new Error('closed the tab')
    await expect(signer.send(step, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(asked()).toEqual([])
  })
})

describe('createKeySigner', () => {
  const own = createKeySigner({ network, privateKey: hexToBytes(`0x${'11'.repeat(32)}`) })

  test('default: signs exactly the step; the id is the hash of the bytes; the same step gives the same bytes (RFC 6979)', async () => {
    expect(own.account).toBe(account)
    const signed = await own.sign(step)
    expect(signed.id).toBe(keccak256(signed.raw))
    await EvmTransaction.assertSigned(signed)
    expect((await own.sign(step)).raw).toEqual(signed.raw)
  })

  test('A22: two messages never share a signature nonce', async () => {
    const seen = new Set<string>()
    const { from, ...transaction } = EvmTransaction.ofStep(step)
    for (let value = 0n; value < 16n; value++) {
      const payload = EvmTransaction.encode({ ...transaction, value })
      const { raw } = await own.sign({ ...step, payload })
      seen.add(toHex(raw.slice(-66, -34)))
    }
    expect(seen.size).toBe(16)
  })

  test('error: keys of a wrong length, and steps of others', async () => {
    expect(() => createKeySigner({ network, privateKey: new Uint8Array(31) })).toThrow(/privateKey/)
    expect(await failure(own.sign({ ...step, network: 'eip155:1' }))).toMatchObject({
      _tag: 'ForeignNetwork',
    })
    const foreign = EvmTransaction.encode({ ...EvmTransaction.decode(step.payload), chainId: 1n })
    expect(await failure(own.sign({ ...step, payload: foreign }))).toMatchObject({ _tag: 'EvmWrongChain' })
    expect(serializeTransaction({ type: 'eip1559', chainId: 1 }).length).toBeGreaterThan(2)
  })
})

describe('createSeedWallet', () => {
  const share = (fill: number, id: string = network.id) =>
    SwapSeed.forNetwork(new Uint8Array(32).fill(fill), id as typeof network.id)
  const nonce = new Uint8Array(8)

  test('default: one account that signs for itself and for nobody else, the same from the same seed', async () => {
    const own = createSeedWallet({ network, seed: share(1) })
    expect(createSeedWallet({ network, seed: share(1) }).funding).toBe(own.funding)
    expect(createSeedWallet({ network, seed: share(2) }).funding).not.toBe(own.funding)
    expect(own.party(nonce)).toEqual({ account: own.funding, payout: own.funding })
    expect(own.signer(account, nonce)).toBeUndefined()
    const signer = own.signer(own.funding, nonce)
    if (signer?.kind !== 'signs') throw new Error('it signs')
    const { from, ...transaction } = EvmTransaction.ofStep(step)
    const mine = EvmTransaction.toStep(transaction, {
      ...step,
      from: own.funding,
      feeAsset: network.native.id,
    })
    await EvmTransaction.assertSigned(await signer.sign(mine))
  })

  test('error: the share of another network', () => {
    expect(() => createSeedWallet({ network, seed: share(1, 'eip155:1') })).toThrow(/eip155:31337/)
  })
})
