import { SwapSeed } from '@aitbc/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { AuthInfo, SignDoc } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  CosmosTransaction,
  type CosmosWallet,
  createOfflineSigner,
  createSeedWallet,
} from '../../src/cosmos/index.js'
import { ALICE, alice, BOB, execution, network, toStep, transaction } from './world.js'

const keys = new Map([
  [ALICE, new Uint8Array(32).fill(1)],
  [BOB, new Uint8Array(32).fill(2)],
])
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))

/** Amino's JSON, written again from its description. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical((value as Record<string, unknown>)[name])}`).join(',')}}`
}

/** A wallet as Keplr is: one selected account, some chains, a user who says yes or no and may change the fee. */
function createKeplr() {
  const state = {
    selected: ALICE,
    chains: ['aitbc-local-1', 'cosmoshub-4'],
    user: 'yes' as 'yes' | 'no' | 'away',
    algo: 'secp256k1' as 'secp256k1' | 'ed25519',
    /** What the user edits. */
    fee: undefined as { readonly amount: string; readonly gas: string; readonly denom: string } | undefined,
    /** What a bad wallet does to what it signs. */
    change: (doc: SignDoc): SignDoc => doc,
    changeAmino: (doc: Record<string, unknown>): Record<string, unknown> => doc,
    signature: (bytes: Uint8Array): Uint8Array => bytes,
    asked: 0,
  }
  const enable = (chainId: string) => {
    if (!state.chains.includes(chainId)) throw new Error(`There is no chain info for ${chainId}`)
  }
  const approve = (signer: string) => {
    state.asked++
    if (signer !== state.selected) throw new Error('Signer mismatched')
    if (state.user === 'no') throw new Error('Request rejected')
    if (state.user === 'away') throw new Error('Extension context invalidated.')
  }
  const signed = (bytes: Uint8Array) => {
    const key = keys.get(state.selected) as Uint8Array
    const value = base64(secp256k1.getPublicKey(key, true))
    return {
      pub_key: { type: 'tendermint/PubKeySecp256k1', value },
      signature: base64(state.signature(secp256k1.sign(bytes, key, { lowS: true }))),
    }
  }
  const getAccounts = async () => [
    {
      address: state.selected,
      algo: state.algo,
      pubkey: secp256k1.getPublicKey(keys.get(state.selected) as Uint8Array, true),
    },
  ]
  const withFee = (doc: SignDoc): SignDoc => {
    if (state.fee === undefined) return doc
    const { amount, gas, denom } = state.fee
    const info = AuthInfo.decode(doc.authInfoBytes)
    const fee = { amount: [{ denom, amount }], gasLimit: BigInt(gas), payer: '', granter: '' }
    return { ...doc, authInfoBytes: AuthInfo.encode({ ...info, fee }).finish() }
  }
  return {
    state,
    getOfflineSigner(chainId: string): CosmosWallet {
      enable(chainId)
      return {
        getAccounts,
        async signDirect(signer: string, doc: SignDoc) {
          if (doc.chainId !== chainId) throw new Error('Unmatched chain id with the offline signer')
          approve(signer)
          const changed = state.change(withFee(doc))
          return { signed: changed, signature: signed(SignDoc.encode(changed).finish()) }
        },
      }
    },
    getOfflineSignerOnlyAmino(chainId: string): CosmosWallet {
      enable(chainId)
      return {
        getAccounts,
        async signAmino(signer: string, doc: { readonly fee: { readonly gas: string } }) {
          approve(signer)
          const { fee } = state
          const own =
            fee === undefined
              ? {}
              : { fee: { amount: [{ denom: fee.denom, amount: fee.amount }], gas: fee.gas } }
          const changed = state.changeAmino({ ...doc, ...own })
          return { signed: changed, signature: signed(new TextEncoder().encode(canonical(changed))) } as never
        },
      } as CosmosWallet
    },
  }
}

let keplr: ReturnType<typeof createKeplr>
beforeEach(() => {
  keplr = createKeplr()
})
const plain = {
  ...execution,
  message: { ...execution.message, message: new TextEncoder().encode('{"refund":{"id":"00"}}') },
} as CosmosTransaction.CosmosTransaction

describe.each(['direct', 'amino'] as const)('createOfflineSigner: %s', (mode) => {
  const signer = () =>
    createOfflineSigner(
      mode === 'direct'
        ? keplr.getOfflineSigner('aitbc-local-1')
        : keplr.getOfflineSignerOnlyAmino('aitbc-local-1'),
      { network, account: alice.account },
    )

  test('signs what it is asked for; the bytes verify', async () => {
    for (const step of [toStep(transaction), toStep(plain, 'refund')]) {
      const signed = await signer().sign(step)
      expect(signed.step).toEqual(step)
      CosmosTransaction.assertSigned(signed)
      expect(CosmosTransaction.open(signed.raw)?.mode).toBe(mode)
      if (mode === 'direct') expect(signed).toEqual(await alice.sign(step))
    }
  })

  test('a fee that the user changed is the step’s', async () => {
    keplr.state.fee = { denom: 'uatom', amount: '777', gas: '123456' }
    const { step, raw, id } = await signer().sign(toStep(transaction))
    expect(step.maxFee.amount).toBe(777n)
    expect(CosmosTransaction.ofStep(step)).toEqual({
      ...transaction,
      fee: { denom: 'uatom', amount: 777n },
      gas: 123_456n,
    })
    CosmosTransaction.assertSigned({ step, raw, id })
  })

  const errors: readonly [string, () => void, string][] = [
    [
      'the user says no',
      () => {
        keplr.state.user = 'no'
      },
      'CosmosWalletRefused',
    ],
    [
      'the wallet fails',
      () => {
        keplr.state.user = 'away'
      },
      'CosmosWalletFailed',
    ],
    [
      'the user selected another account',
      () => {
        keplr.state.selected = BOB
      },
      'CosmosWalletAccount',
    ],
    [
      'a key of another kind',
      () => {
        keplr.state.algo = 'ed25519'
      },
      'CosmosWalletAccount',
    ],
    [
      'a fee in another coin',
      () => {
        keplr.state.fee = { denom: 'uosmo', amount: '1', gas: '1' }
      },
      'CosmosWalletChanged',
    ],
    [
      'a fee without gas',
      () => {
        keplr.state.fee = { denom: 'uatom', amount: '1', gas: '0' }
      },
      'CosmosWalletChanged',
    ],
    [
      'a signature cut off',
      () => {
        keplr.state.signature = (bytes) => bytes.slice(1)
      },
      'CosmosWalletFailed',
    ],
    [
      'a signature of something else',
      () => {
        keplr.state.signature = (bytes) => bytes.map((byte) => byte ^ 1)
      },
      'CosmosWalletChanged',
    ],
    [
      'more than the fee differs',
      () => {
        keplr.state.change = (doc) => ({ ...doc, accountNumber: 8n })
        keplr.state.changeAmino = (doc) => ({ ...doc, account_number: '8' })
      },
      'CosmosWalletChanged',
    ],
    [
      'another chain',
      () => {
        keplr.state.change = (doc) => ({ ...doc, chainId: 'cosmoshub-4' })
        keplr.state.changeAmino = (doc) => ({ ...doc, chain_id: 'cosmoshub-4' })
      },
      'CosmosWalletChanged',
    ],
    [
      'a memo',
      () => {
        keplr.state.change = (doc) => ({ ...doc, bodyBytes: Uint8Array.from([...doc.bodyBytes, 18, 1, 65]) })
        keplr.state.changeAmino = (doc) => ({ ...doc, memo: 'A' })
      },
      'CosmosWalletChanged',
    ],
  ]
  test.each(errors)('error: %s', async (_, spoil, expected) => {
    spoil()
    await expect(signer().sign(toStep(transaction))).rejects.toMatchObject({ _tag: expected })
  })

  test('error: a step of another network or account is never shown to the user', async () => {
    const step = toStep(transaction)
    await expect(signer().sign({ ...step, network: 'cosmos:cosmoshub-4' })).rejects.toMatchObject({
      _tag: 'ForeignNetwork',
    })
    const other = { ...transaction, message: { ...transaction.message, from: BOB } as never }
    await expect(signer().sign(toStep(other))).rejects.toMatchObject({ _tag: 'CosmosInvalidStep' })
    expect(keplr.state.asked).toBe(0)
  })

  test('an aborted signal: nothing is asked', async () => {
    const reason = new Error('enough')
    await expect(signer().sign(toStep(transaction), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    expect(keplr.state.asked).toBe(0)
  })
})

test('error: a wallet that is on another chain, or doesn’t know it', async () => {
  const signer = createOfflineSigner(keplr.getOfflineSigner('cosmoshub-4'), {
    network,
    account: alice.account,
  })
  expect(signer.asks).toBe(true)
  await expect(signer.sign(toStep(transaction))).rejects.toMatchObject({ _tag: 'CosmosWrongChain' })
  keplr.state.chains = []
  const lazy: CosmosWallet = {
    getAccounts: async () => keplr.getOfflineSigner('aitbc-local-1').getAccounts(),
    signDirect: async () => Promise.reject(new Error('unused')),
  }
  await expect(
    createOfflineSigner(lazy, { network, account: alice.account }).sign(toStep(transaction)),
  ).rejects.toMatchObject({ _tag: 'CosmosWrongChain' })
})

test('the seed wallet: one account of the network’s share, whose key signs', async () => {
  const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(3), network.id)
  const wallet = createSeedWallet({ network, seed })
  expect(wallet.party(new Uint8Array(8))).toEqual({ account: wallet.funding, payout: wallet.funding })
  expect(wallet.signer(wallet.funding, new Uint8Array(8))?.kind).toBe('signs')
  expect(wallet.signer(alice.account, new Uint8Array(8))).toBeUndefined()
  const foreign = SwapSeed.forNetwork(new Uint8Array(32).fill(3), 'cosmos:osmosis-1')
  expect(() => createSeedWallet({ network, seed: foreign })).toThrow(/share/)
})
