import { AccountId, Bytes, type Step, SwapSeed } from '@aitbc/core'
import { Hash256, HtlcScript, Transaction } from '@aitbc/proofs/bitcoin'
import { fc, test as property } from '@fast-check/vitest'
import * as btc from '@scure/btc-signer'
import { RawPSBTV0 } from '@scure/btc-signer/psbt.js'
import { describe, expect, test } from 'vitest'
import {
  Account,
  createBitcoinAdapter,
  createKeySigner,
  createPsbtSigner,
  fundingAccount,
  type PsbtWallet,
  partyAccount,
} from '../../src/bitcoin/index.js'
import { createFakeChain, network } from './fakeChain.js'
import { ALICE, BOB, NONCE, share, termsOf } from './terms.js'

const LENIENT = {
  allowUnknownInputs: true,
  allowUnknownOutputs: true,
  unknown: 'ignore',
  proprietary: 'ignore',
} as const
const alice = fundingAccount(network, share(ALICE))
const key = SwapSeed.derive(share(ALICE), 'funding', 0)

/** A funded account, and a lock of its own, without any node. */
function createWorld(kind: 'p2wsh' | 'p2tr' = 'p2wsh') {
  const chain = createFakeChain()
  const { script } = Account.parse(network, alice.account)
  chain.mine(1_700_000_100n, chain.pay(script, 400_000n), chain.pay(script, 300_000n))
  const adapter = createBitcoinAdapter({ network, backend: chain.backend })
  const terms = termsOf({ kind })
  const step = async (): Promise<Step> =>
    (
      await adapter.prepare({
        kind: 'lock',
        terms,
        from: alice.account,
        recovery: { seed: share(ALICE), nonce: NONCE, record: { role: 'initiator' } },
      })
    )[0] as Step
  return { chain, adapter, terms, step }
}

/** A wallet as users have them: it reads the PSBT, checks the inputs it can, and signs with its key. */
function wallet(options: { finalize?: boolean; privateKey?: Bytes.Bytes } = {}): PsbtWallet {
  return {
    async signPsbt(psbt) {
      const tx = btc.Transaction.fromPSBT(psbt, { ...LENIENT, strictPrevoutValidation: true })
      tx.sign(options.privateKey ?? key)
      if (options.finalize === true) tx.finalize()
      return tx.toPSBT()
    },
  }
}

const signerOf = (inner: PsbtWallet) => createPsbtSigner({ network, account: alice.account, wallet: inner })

describe('default', () => {
  test('a wallet signs, finalised or not, and the transaction is the step’s', async () => {
    const { step } = createWorld()
    const lock = await step()
    for (const finalize of [false, true]) {
      const signed = await signerOf(wallet({ finalize })).sign(lock)
      const own = await alice.signer.sign(lock)
      expect(signed.id).toBe(own.id)
      expect(signed.step).toBe(lock)
      const decoded = Transaction.decode(signed.raw)
      expect(decoded.ok && decoded.value.inputs.every((input) => input.witness.length === 2)).toBe(true)
    }
  })

  test.each(['p2wsh', 'p2tr'] as const)(
    'a wallet that holds the party’s key signs claim and refund of %s',
    async (kind) => {
      const { adapter, terms } = createWorld(kind)
      const lock = {
        ref: `${'ab'.repeat(32)}:0`,
        transaction: 'ab'.repeat(32),
        amount: terms.amount,
        match: 'exact',
      } as const
      const htlc = HtlcScript.from(terms)
      if (!htlc.ok) throw new Error(htlc.refusal.message)
      const secret = SwapSeed.secret(ALICE, NONCE)
      for (const [intent, seed] of [
        [{ kind: 'claim', terms, lock, secret }, BOB],
        [{ kind: 'refund', terms, lock }, ALICE],
      ] as const) {
        const [step] = await adapter.prepare(intent)
        const party = partyAccount(network, share(seed), NONCE)
        const signer = createPsbtSigner({
          network,
          account: party.account,
          wallet: {
            async signPsbt(psbt) {
              const tx = btc.Transaction.fromPSBT(psbt, LENIENT)
              tx.sign(SwapSeed.derive(share(seed), 'party', NONCE))
              return tx.toPSBT()
            },
          },
        })
        expect(signer.asks).toBe(true)
        const signed = await signer.sign(step as Step)
        const decoded = Transaction.decode(signed.raw)
        if (!decoded.ok) throw new Error(decoded.refusal.message)
        expect(HtlcScript.readWitness(htlc.value, decoded.value.inputs[0]?.witness ?? [])).toEqual(
          intent.kind === 'claim' ? { is: 'claim', secret } : { is: 'refund' },
        )
        expect((await party.signer.sign(step as Step)).id).toBe(signed.id)
      }
    },
  )
})

describe('error: wallets that misbehave', () => {
  const tampered: Readonly<Record<string, (tx: btc.Transaction) => void>> = {
    'another payee': (tx) => tx.updateOutput(0, { script: Account.parse(network, alice.account).script }),
    'another amount': (tx) => tx.updateOutput(0, { amount: 99_999n }),
    'change taken': (tx) => tx.updateOutput(tx.outputsLength - 1, { amount: 1000n }),
    'one output more': (tx) => void tx.addOutput({ script: Uint8Array.of(0x51), amount: 1000n }),
    'a final sequence': (tx) => tx.updateInput(0, { sequence: 0xffffffff }),
  }
  test.each(Object.keys(tampered))('A11: %s in what comes back is refused', async (name) => {
    const { step } = createWorld()
    const evil: PsbtWallet = {
      async signPsbt(psbt) {
        const tx = btc.Transaction.fromPSBT(psbt, LENIENT)
        tampered[name]?.(tx)
        tx.sign(key)
        return tx.toPSBT()
      },
    }
    await expect(signerOf(evil).sign(await step())).rejects.toMatchObject({ _tag: 'SignedDiffers' })
  })

  test('A8, A7: no signature, a wrong one, one of another key or hash type, high s: refused', async () => {
    const { step } = createWorld()
    const lock = await step()
    const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const edit = (change: (signature: Bytes.Bytes) => Bytes.Bytes): PsbtWallet => ({
      async signPsbt(psbt) {
        const raw = RawPSBTV0.decode(await wallet().signPsbt(psbt, {}))
        for (const input of raw.inputs)
          if (input.partialSig) input.partialSig = input.partialSig.map(([k, s]) => [k, change(s)]) as never
        return RawPSBTV0.encode(raw)
      },
    })
    const high = (signature: Bytes.Bytes): Bytes.Bytes => {
      const rLength = signature[3] as number
      const r = signature.slice(4, 4 + rLength)
      const s = BigInt(`0x${Bytes.toHex(signature.slice(6 + rLength, -1))}`)
      const flipped = Bytes.concat(Uint8Array.of(0), Bytes.fromHex((N - s).toString(16).padStart(64, '0')))
      const body = Bytes.concat(Uint8Array.of(2, rLength), r, Uint8Array.of(2, flipped.length), flipped)
      return Bytes.concat(Uint8Array.of(0x30, body.length), body, Uint8Array.of(1))
    }
    const wallets: Readonly<Record<string, PsbtWallet>> = {
      unsigned: { signPsbt: async (psbt) => psbt },
      'a flipped bit': edit((s) => Uint8Array.from(s, (byte, i) => (i === 20 ? byte ^ 1 : byte))),
      'hash type NONE': edit((s) => Uint8Array.from(s, (byte, i) => (i === s.length - 1 ? 2 : byte))),
      'high s': edit(high),
      'no hash type': edit((s) => s.slice(0, -1)),
      empty: edit(() => new Uint8Array()),
      'no PSBT': { signPsbt: async () => Uint8Array.of(1, 2, 3) },
      nothing: { signPsbt: async () => undefined as never },
      text: { signPsbt: async () => 'cHNidP8=' as never },
    }
    for (const [name, evil] of Object.entries(wallets))
      await expect(signerOf(evil).sign(lock), name).rejects.toMatchObject({ _tag: 'SignedDiffers' })
  })

  test('a wallet that refuses, or is of another account or network', async () => {
    const { step } = createWorld()
    const lock = await step()
    const refusing: PsbtWallet = {
      signPsbt: async () => {
        throw new Error('the user said no')
      },
    }
    await expect(signerOf(refusing).sign(lock)).rejects.toMatchObject({
      _tag: 'SignerRefused',
      retryable: true,
      message: expect.stringContaining('the user said no'),
    })
    const bob = fundingAccount(network, share(BOB))
    await expect(bob.signer.sign(lock)).rejects.toMatchObject({ _tag: 'KeyMismatch' })
    const mainnet = { ...lock, network: 'bip122:000000000019d6689c085ae165831e93' } as const
    await expect(signerOf(wallet()).sign(mainnet)).rejects.toMatchObject({ _tag: 'ForeignNetwork' })
    await expect(alice.signer.sign(mainnet)).rejects.toMatchObject({ _tag: 'ForeignNetwork' })
    expect(() =>
      createPsbtSigner({
        network,
        account: `${network.id}:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4`,
        wallet: wallet(),
      }),
    ).toThrow(expect.objectContaining({ _tag: 'UnsupportedAccount' }))
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(signerOf(wallet()).sign(lock, { signal })).rejects.toThrow('stop')
  })

  test('A11: the PSBT carries each coin’s whole transaction, so that a wallet can check amounts', async () => {
    const { step } = createWorld()
    const raw = RawPSBTV0.decode((await step()).payload)
    for (const [i, input] of raw.inputs.entries()) {
      const previous = btc.RawTx.encode(input.nonWitnessUtxo as never)
      const decoded = Transaction.decode(previous)
      const { txid, index } = (raw.global.unsignedTx as { inputs: { txid: Bytes.Bytes; index: number }[] })
        .inputs[i] as never
      expect(decoded.ok && Hash256.toDisplay(Transaction.txid(decoded.value))).toBe(Bytes.toHex(txid))
      expect(decoded.ok && decoded.value.outputs[index]?.amount).toBe(input.witnessUtxo?.amount)
    }
  })
})

describe('steps', () => {
  const prepared = createWorld().step()
  property.prop([fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'A11: a step whose bytes were changed is refused, or signs nothing else than it says',
    async (at, flip) => {
      const lock = await prepared
      const payload = Uint8Array.from(lock.payload)
      const i = at % payload.length
      payload[i] = (payload[i] as number) ^ flip
      const outcome = await alice.signer.sign({ ...lock, payload }).then(
        (signed) => signed,
        (error) => error,
      )
      if (outcome instanceof Error) return
      // What isn't part of the transaction may differ; what is, is what is signed.
      expect(Transaction.decode(outcome.raw).ok).toBe(true)
      expect(outcome.step.conflictKey).toBe(lock.conflictKey)
    },
  )

  test('error: a step of another format, a broken one, one whose conflict key is another’s', async () => {
    const { adapter, step } = createWorld()
    const lock = await step()
    const signed = await alice.signer.sign(lock)
    for (const broken of [
      { ...lock, format: 'evm/transaction' },
      { ...lock, payload: new Uint8Array(10) },
      { ...lock, payload: lock.payload.slice(0, -1) },
      { ...lock, conflictKey: `${'00'.repeat(32)}:0` },
    ]) {
      await expect(alice.signer.sign(broken)).rejects.toMatchObject({ _tag: 'InvalidStep' })
      await expect(adapter.submit({ ...signed, step: broken })).rejects.toMatchObject({ _tag: 'InvalidStep' })
    }
    await expect(adapter.submit({ ...signed, id: 'ab'.repeat(32) })).rejects.toMatchObject({
      _tag: 'InvalidStep',
    })
    await expect(adapter.submit({ ...signed, raw: signed.raw.slice(1) })).rejects.toMatchObject({
      _tag: 'InvalidStep',
    })
  })

  test('keys: a signer names its account; keys that are none are refused', () => {
    const p2tr = createKeySigner({ network, privateKey: key, account: 'p2tr' })
    expect(AccountId.parse(p2tr.account).address).toMatch(/^bcrt1p/)
    for (const privateKey of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(32).fill(0xff)])
      expect(() => createKeySigner({ network, privateKey })).toThrow(
        expect.objectContaining({ _tag: 'InvalidBytes' }),
      )
  })

  test('A22: two signatures of one key never share their nonce', async () => {
    const { adapter, step } = createWorld()
    const first = await alice.signer.sign(await step())
    const transfer = {
      kind: 'transfer',
      from: alice.account,
      to: alice.account,
      asset: network.native.id,
      amount: 5000n,
    } as const
    const [other] = await adapter.prepare(transfer)
    const second = await alice.signer.sign(other as Step)
    const nonces = [first, second].map(({ raw }) => {
      const decoded = Transaction.decode(raw)
      const signature = (decoded.ok ? decoded.value.inputs[0]?.witness[0] : undefined) as Bytes.Bytes
      return Bytes.toHex(signature.slice(4, 4 + (signature[3] as number)))
    })
    expect(new Set(nonces).size).toBe(2)
  })
})
