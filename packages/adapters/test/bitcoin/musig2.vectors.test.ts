import { ExtendedKey } from '@aitbc/adapters/bitcoin-wallet'
import { AggregateKey } from '@aitbc/proofs/bitcoin'
import { Signature } from '@aitbc/proofs/bitcoin-script'
import * as musig2 from '@scure/btc-signer/musig2.js'
import { IndividualPubkey } from '@scure/btc-signer/musig2.js'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, flip, hex, unhex, value } from './helpers.js'

type Blame =
  | { readonly type: 'invalid_contribution'; readonly signer: number | null; readonly contrib: string }
  | { readonly type: 'value'; readonly message: string }

/** One case of any file: which of the file's values it takes, by index. */
interface Entry {
  readonly key_indices: readonly number[]
  readonly nonce_indices?: readonly number[]
  readonly pnonce_indices?: readonly number[]
  readonly psig_indices?: readonly number[]
  readonly tweak_indices?: readonly number[]
  readonly is_xonly?: readonly boolean[]
  readonly tweaks?: readonly string[]
  readonly aggnonce_index?: number
  readonly secnonce_index?: number
  readonly msg_index?: number
  readonly signer_index?: number
  readonly aggnonce?: string
  readonly aggothernonce?: string
  readonly rand?: string | null
  readonly sig?: string
  readonly expected?: string | readonly [string, string]
  readonly error?: Blame
  readonly comment?: string
}

interface NonceGen {
  readonly comment?: string
  readonly rand_: string
  readonly sk: string | null
  readonly pk: string
  readonly aggpk: string | null
  readonly msg: string | null
  readonly extra_in: string | null
  readonly expected_secnonce: string
  readonly expected_pubnonce: string
}

interface Data {
  readonly sk: string
  readonly pubkeys: readonly string[]
  readonly sorted_pubkeys: readonly string[]
  readonly secnonces: readonly string[]
  readonly secnonce: string
  readonly pnonces: readonly string[]
  readonly aggnonces: readonly string[]
  readonly aggnonce: string
  readonly psigs: readonly string[]
  readonly tweaks: readonly string[]
  readonly msgs: readonly string[]
  readonly msg: string
  readonly test_cases: readonly NonceGen[]
  readonly valid_test_cases: readonly Entry[]
  readonly error_test_cases: readonly Entry[]
  readonly sign_error_test_cases: readonly Entry[]
  readonly verify_fail_test_cases: readonly Entry[]
  readonly verify_error_test_cases: readonly Entry[]
}

function pick(all: readonly string[], indices: readonly number[] = []): Uint8Array[] {
  return indices.map((i) => unhex(all[i] as string))
}

const keysOf = (data: Data, entry: Entry) => pick(data.pubkeys, entry.key_indices)
const tweaksOf = (data: Data, entry: Entry) => pick(data.tweaks, entry.tweak_indices)
const xonlyOf = (entry: Entry) => [...(entry.is_xonly ?? [])]
const messageOf = (data: Data, entry: Entry) => unhex(data.msgs[entry.msg_index as number] as string)

/** Fails as the case says: by naming who contributed what is wrong, or for a value that is nobody's. */
function fails(run: () => unknown, blame: Blame): void {
  let thrown: unknown
  try {
    run()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(Error)
  if (blame.type === 'value') expect(thrown).not.toBeInstanceOf(musig2.InvalidContributionErr)
  else if (blame.signer !== null) expect(thrown).toMatchObject({ idx: blame.signer, message: blame.contrib })
}

const name = (kind: string, i: number, entry: { readonly comment?: string }) =>
  `${kind} ${i}${entry.comment === undefined ? '' : `: ${entry.comment}`}`

function cases<T extends { readonly comment?: string }>(
  kind: string,
  entries: readonly T[],
  run: (entry: T) => void,
): Case[] {
  return entries.map((entry, i) => ({ name: name(kind, i, entry), run: () => run(entry) }))
}

/** A signature of many is one of BIP-340: by the aggregate key, and by no other message. */
function isSignature(signature: Uint8Array, message: Uint8Array, aggregate: Uint8Array): void {
  expect(Signature.verifySchnorr(message, signature, aggregate).ok).toBe(true)
  expect(Signature.verifySchnorr(flip(message, 7), signature, aggregate).ok).toBe(false)
}

const READERS: Readonly<Record<string, (data: Data) => readonly Case[]>> = {
  'key_sort_vectors.json': (data) => [
    {
      name: 'sorts',
      run() {
        const keys = pick(data.pubkeys, [...data.pubkeys.keys()])
        const sorted = data.sorted_pubkeys.map((key) => key.toLowerCase())
        expect(AggregateKey.sort(keys).map(hex)).toEqual(sorted)
        expect(musig2.sortKeys(keys).map(hex)).toEqual(sorted)
      },
    },
  ],
  'key_agg_vectors.json': (data) => [
    ...cases('valid', data.valid_test_cases, (entry) => {
      const expected = (entry.expected as string).toLowerCase()
      const own = value(AggregateKey.from(keysOf(data, entry)))
      expect(hex(own.slice(1))).toBe(expected)
      const theirs = musig2.keyAggregate(keysOf(data, entry))
      expect(hex(theirs.aggPublicKey.toBytes(true))).toBe(hex(own))
    }),
    ...cases('error', data.error_test_cases, (entry) => {
      const keys = keysOf(data, entry)
      fails(() => musig2.keyAggregate(keys, tweaksOf(data, entry), xonlyOf(entry)), entry.error as Blame)
      if (entry.error?.type !== 'invalid_contribution') return
      const verdict = AggregateKey.from(keys)
      expect(check(verdict)).toBe('key-off-curve')
      expect(verdict).toMatchObject({ refusal: { context: { index: entry.error.signer } } })
    }),
  ],
  'nonce_gen_vectors.json': (data) =>
    cases('nonce', data.test_cases, (entry) => {
      const maybe = (text: string | null) => (text === null ? undefined : unhex(text))
      const nonces = musig2.nonceGen(
        unhex(entry.pk),
        maybe(entry.sk),
        maybe(entry.aggpk),
        maybe(entry.msg),
        maybe(entry.extra_in),
        unhex(entry.rand_),
      )
      expect(hex(nonces.secret)).toBe(entry.expected_secnonce.toLowerCase())
      expect(hex(nonces.public)).toBe(entry.expected_pubnonce.toLowerCase())
    }),
  'nonce_agg_vectors.json': (data) => [
    ...cases('valid', data.valid_test_cases, (entry) => {
      const sum = musig2.nonceAggregate(pick(data.pnonces, entry.pnonce_indices))
      expect(hex(sum)).toBe((entry.expected as string).toLowerCase())
    }),
    ...cases('error', data.error_test_cases, (entry) => {
      const nonces = pick(data.pnonces, entry.pnonce_indices)
      fails(() => musig2.nonceAggregate(nonces), entry.error as Blame)
    }),
  ],
  'sign_verify_vectors.json': (data) => {
    const secret = unhex(data.sk)
    const sessionOf = (entry: Entry, aggregate: Uint8Array) =>
      new musig2.Session(aggregate, keysOf(data, entry), messageOf(data, entry))
    const verify = (entry: Entry) => {
      const nonces = pick(data.pnonces, entry.nonce_indices)
      const session = sessionOf(entry, musig2.nonceAggregate(nonces))
      return session.partialSigVerify(unhex(entry.sig as string), nonces, entry.signer_index as number)
    }
    return [
      ...cases('valid', data.valid_test_cases, (entry) => {
        const aggregate = unhex(data.aggnonces[entry.aggnonce_index as number] as string)
        const nonces = pick(data.pnonces, entry.nonce_indices)
        expect(hex(musig2.nonceAggregate(nonces))).toBe(hex(aggregate))
        const session = sessionOf(entry, aggregate)
        const nonce = unhex(data.secnonces[0] as string)
        const partial = session.sign(nonce, secret)
        expect(hex(partial)).toBe((entry.expected as string).toLowerCase())
        expect(session.partialSigVerify(partial, nonces, entry.signer_index as number)).toBe(true)
        expect(session.partialSigVerify(flip(partial, 250), nonces, entry.signer_index as number)).toBe(false)
        // The nonce is gone with its first use.
        expect(() => session.sign(nonce, secret)).toThrow()
      }),
      ...cases('sign error', data.sign_error_test_cases, (entry) => {
        const aggregate = unhex(data.aggnonces[entry.aggnonce_index as number] as string)
        const nonce = unhex(data.secnonces[entry.secnonce_index as number] as string)
        fails(() => sessionOf(entry, aggregate).sign(nonce, secret), entry.error as Blame)
      }),
      ...cases('verify fail', data.verify_fail_test_cases, (entry) => expect(verify(entry)).toBe(false)),
      ...cases('verify error', data.verify_error_test_cases, (entry) =>
        fails(() => verify(entry), entry.error as Blame),
      ),
    ]
  },
  'tweak_vectors.json': (data) => {
    const sign = (entry: Entry) => {
      const session = new musig2.Session(
        unhex(data.aggnonce),
        keysOf(data, entry),
        unhex(data.msg),
        tweaksOf(data, entry),
        xonlyOf(entry),
      )
      return { session, partial: session.sign(unhex(data.secnonce), unhex(data.sk)) }
    }
    return [
      ...cases('valid', data.valid_test_cases, (entry) => {
        const { session, partial } = sign(entry)
        expect(hex(partial)).toBe((entry.expected as string).toLowerCase())
        const nonces = pick(data.pnonces, entry.nonce_indices)
        expect(session.partialSigVerify(partial, nonces, entry.signer_index as number)).toBe(true)
      }),
      ...cases('error', data.error_test_cases, (entry) => fails(() => sign(entry), entry.error as Blame)),
    ]
  },
  'sig_agg_vectors.json': (data) => {
    const aggregate = (entry: Entry) => {
      const nonces = pick(data.pnonces, entry.nonce_indices)
      expect(hex(musig2.nonceAggregate(nonces))).toBe((entry.aggnonce as string).toLowerCase())
      const session = new musig2.Session(
        unhex(entry.aggnonce as string),
        keysOf(data, entry),
        unhex(data.msg),
        tweaksOf(data, entry),
        xonlyOf(entry),
      )
      return session.partialSigAgg(pick(data.psigs, entry.psig_indices))
    }
    return [
      ...cases('valid', data.valid_test_cases, (entry) => {
        const signature = aggregate(entry)
        expect(hex(signature)).toBe((entry.expected as string).toLowerCase())
        const key = musig2.keyAggregate(keysOf(data, entry), tweaksOf(data, entry), xonlyOf(entry))
        isSignature(signature, unhex(data.msg), musig2.keyAggExport(key))
      }),
      ...cases('error', data.error_test_cases, (entry) =>
        fails(() => aggregate(entry), entry.error as Blame),
      ),
    ]
  },
  'det_sign_vectors.json': (data) => {
    const sign = (entry: Entry) =>
      musig2.deterministicSign(
        unhex(data.sk),
        unhex(entry.aggothernonce as string),
        keysOf(data, entry),
        messageOf(data, entry),
        (entry.tweaks ?? []).map(unhex),
        xonlyOf(entry),
        entry.rand == null ? undefined : unhex(entry.rand),
      )
    return [
      ...cases('valid', data.valid_test_cases, (entry) => {
        const { publicNonce, partialSig } = sign(entry)
        const [nonce, partial] = entry.expected as readonly [string, string]
        expect(hex(publicNonce)).toBe(nonce.toLowerCase())
        expect(hex(partialSig)).toBe(partial.toLowerCase())
        expect(hex(IndividualPubkey(unhex(data.sk)))).toBe(
          data.pubkeys[entry.key_indices[entry.signer_index as number] as number]?.toLowerCase(),
        )
      }),
      ...cases('error', data.error_test_cases, (entry) => fails(() => sign(entry), entry.error as Blame)),
    ]
  },
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip327-musig2',
  cases([file]) {
    const { path, text } = file as VectorFile
    const reader = READERS[path]
    if (reader === undefined) throw new Error(`no reader knows ${path}`)
    return reader(JSON.parse(text()) as Data)
  },
})

interface Synthetic {
  readonly aggregate_pubkey: string
  readonly keys: readonly string[]
  readonly xpub: string
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip328',
  cases: ([file]) =>
    (JSON.parse((file as VectorFile).text()) as readonly Synthetic[]).map((entry, i) => ({
      name: `${i}`,
      run() {
        const key = value(AggregateKey.from(entry.keys.map(unhex)))
        expect(hex(key)).toBe(entry.aggregate_pubkey)
        const root = value(ExtendedKey.fromAggregate(key))
        expect(ExtendedKey.encode(root)).toBe(entry.xpub)
        expect(value(ExtendedKey.decode(entry.xpub))).toEqual(root)
        expect(check(ExtendedKey.derive(root, ExtendedKey.HARDENED))).toBe('key-hardened')
        expect(check(ExtendedKey.fromAggregate(key.slice(1)))).toBe('key-invalid')
      },
    })),
})
