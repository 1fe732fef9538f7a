import { Nonces, Secp256k1 } from '@aitbc/proofs/attestation'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { expect } from 'vitest'
import type { Case, VectorFile } from '../../../../../scripts/vectors/reader.js'
import { check, concat, flip, hex, unhex, value } from '../../helpers.js'

interface Signing {
  readonly description?: string
  readonly d: string
  readonly m: string
  readonly signature: string
}

const EXTRA = /^extraEntropy/

/** How many signatures of a long list are also recovered, and held against another message: one of so many. */
const SAMPLE = 16

/** Signatures with the keys that made them. */
function assertSignature(
  secret: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
  thorough: boolean,
): void {
  const key = secp256k1.getPublicKey(secret)
  value(Secp256k1.verify(key, digest, signature))
  if (!thorough) return
  expect(check(Secp256k1.verify(key, flip(digest, 0), signature))).toBe('signature')
  const address = hex(value(Secp256k1.address(key)))
  const recovered = [27, 28].map((v) =>
    Secp256k1.recover(digest, concat(signature, Uint8Array.of(v)), 'from-27'),
  )
  expect(recovered.map((verdict) => (verdict.ok ? hex(verdict.value) : verdict.refusal.check))).toContain(
    address,
  )
}

/** `noble-ecdsa.json`. */
export function* ecdsa(file: VectorFile): Iterable<Case> {
  type Verifying = {
    readonly description: string
    readonly Q: string
    readonly m: string
    readonly signature: string
  }
  type Form = {
    readonly valid: readonly Signing[]
    readonly invalid: { readonly sign: readonly Signing[]; readonly verify: readonly Verifying[] }
    readonly extraEntropy: readonly (Signing & Readonly<Record<string, string>>)[]
  }
  const { valid, invalid, extraEntropy } = file.json<Form>()
  for (const [i, { description, d, m, signature }] of valid.entries())
    yield {
      name: `valid ${i}: ${description ?? ''}`,
      run: () => assertSignature(unhex(d), unhex(m), unhex(signature), i % SAMPLE === 0),
    }
  for (const { description, Q, m, signature } of invalid.verify)
    yield {
      name: `invalid: ${description}`,
      run: () => expect(Secp256k1.verify(unhex(Q), unhex(m), unhex(signature)).ok).toBe(false),
    }
  for (const { description } of invalid.sign)
    yield {
      name: `invalid: ${description}`,
      skip: 'it asks a signer to refuse; nothing that verifies holds a secret',
    }
  for (const [i, each] of extraEntropy.entries())
    for (const [name, signature] of Object.entries(each))
      if (name === 'signature' || EXTRA.test(name))
        yield {
          name: `${name} ${i}`,
          run: () => assertSignature(unhex(each.d), unhex(each.m), unhex(signature), true),
        }
}

/** `noble-points.json`: read and written by this project, added by @noble. */
export function* points(file: VectorFile): Iterable<Case> {
  type Test = {
    readonly description?: string
    readonly P?: string
    readonly Q?: string
    readonly d?: string
    readonly compress?: boolean
    readonly expected: string | boolean | null
  }
  type Form = Readonly<Record<'valid' | 'invalid', Readonly<Record<string, readonly Test[]>>>>
  const read = (text: string | undefined) => value(Secp256k1.readKey(unhex(text as string)))
  const scalar = (text: string | undefined) => {
    const number = BigInt(`0x${text}`)
    if (number === 0n || number >= secp256k1.Point.Fn.ORDER) throw new Error('no scalar')
    return number
  }
  const write = (point: Secp256k1.Point, compressed: boolean) => {
    if (point.is0()) throw new Error('the point at infinity')
    const bytes = point.toBytes(compressed)
    value(Secp256k1.readKey(bytes))
    return hex(bytes)
  }
  const operations: Readonly<Record<string, (test: Test) => unknown>> = {
    isPoint: ({ P }) => Secp256k1.readKey(unhex(P as string)).ok,
    pointAdd: ({ P, Q }) => write(read(P).add(read(Q)), P?.length === 66),
    pointAddScalar: ({ P, d }) =>
      write(read(P).add(secp256k1.Point.BASE.multiplyUnsafe(scalar(d))), P?.length === 66),
    pointCompress: ({ P, compress }) => write(read(P), compress as boolean),
    pointFromScalar: ({ d }) => write(secp256k1.Point.BASE.multiply(scalar(d)), true),
    pointMultiply: ({ P, d }) => write(read(P).multiplyUnsafe(scalar(d)), P?.length === 66),
  }
  for (const [kind, groups] of Object.entries(file.json<Form>()))
    for (const [operation, tests] of Object.entries(groups))
      for (const [i, test] of tests.entries()) {
        const run = operations[operation]
        if (run === undefined) throw new Error(`no operation ${operation}`)
        yield {
          name: `${kind} ${operation} ${i}: ${test.description ?? ''}`,
          run() {
            // "null": the sum is the point at infinity, which is no key.
            if (kind === 'invalid' || test.expected === null) expect(() => run(test)).toThrow()
            else expect(run(test)).toBe(test.expected)
          },
        }
      }
}

/** Nonces of RFC 6979: as published they sign what @noble signs, so the same message never uses two, nor two messages one (A22). */
export function* nonces(file: VectorFile): Iterable<Case> {
  type Test = { readonly message: string; readonly d: string; readonly k0: string }
  const tests = file.json<readonly Test[]>().map(({ message, d, k0 }) => {
    const digest = sha256(new TextEncoder().encode(message))
    const signature = secp256k1.sign(digest, unhex(d), { prehash: false })
    return { message, k0, use: { key: secp256k1.getPublicKey(unhex(d)), digest, signature } }
  })
  for (const [i, { message, k0, use }] of tests.entries())
    yield {
      name: message,
      run() {
        const r = secp256k1.Point.BASE.multiply(BigInt(`0x${k0}`)).x % secp256k1.Point.Fn.ORDER
        expect(hex(use.signature.subarray(0, 32))).toBe(r.toString(16).padStart(64, '0'))
        value(Secp256k1.verify(use.key, use.digest, use.signature))
        value(Nonces.scan(tests.slice(0, i + 1).map((test) => test.use)))
        const reused = { ...use, digest: flip(use.digest, 0) }
        expect(check(Nonces.scan([use, reused]))).toBe('nonce-reuse')
      },
    }
}

/** BIP-340 signatures that an oracle of discreet log contracts makes. */
export function* dlc(file: VectorFile): Iterable<Case> {
  type Test = {
    readonly inputs: { readonly msgHash: string }
    readonly pubKey: string
    readonly signature: string
  }
  for (const [i, { inputs, pubKey, signature }] of file.json<readonly Test[]>().entries())
    yield {
      name: `case ${i}`,
      run() {
        const [key, message] = [unhex(pubKey), unhex(inputs.msgHash)]
        value(Secp256k1.verifySchnorr(key, message, unhex(signature)))
        expect(check(Secp256k1.verifySchnorr(key, flip(message, 1), unhex(signature)))).toBe('signature')
      },
    }
}

/** What adaptor signatures turn into: those that state message and key are judged. */
export function* adaptors(file: VectorFile): Iterable<Case> {
  type Test = {
    readonly kind: string
    readonly comment?: string
    readonly message_hash?: string
    readonly public_signing_key?: string
    readonly signature?: string
  }
  for (const [i, { kind, comment, message_hash, public_signing_key, signature }] of file
    .json<readonly Test[]>()
    .entries()) {
    const name = `${kind} ${i}: ${comment ?? ''}`
    if (!/^(verification|recovery|serialization)$/.test(kind)) throw new Error(`no kind ${kind}`)
    if (message_hash === undefined || public_signing_key === undefined || signature === undefined)
      yield { name, skip: 'of the adaptor signature alone, which nothing here makes or takes' }
    else
      yield {
        name,
        run: () =>
          void value(Secp256k1.verify(unhex(public_signing_key), unhex(message_hash), unhex(signature))),
      }
  }
}

/** Wycheproof's ECDSA tests; Bitcoin's take low s alone, the others either. */
export function* wycheproof(file: VectorFile, schema: string): Iterable<Case> {
  type Group = {
    readonly sha: string
    readonly publicKey: { readonly curve: string; readonly uncompressed: string }
    readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: string }[]
  }
  const form = schema.startsWith('ecdsa_p1363') ? 'compact' : 'der'
  const highS = schema.startsWith('ecdsa_bitcoin') ? 'refused' : 'accepted'
  for (const { sha, publicKey, tests } of file.json<{ readonly testGroups: readonly Group[] }>().testGroups) {
    const hash = ({ 'SHA-256': sha256, 'SHA3-256': sha3_256 } as const)[sha]
    if (hash === undefined || publicKey.curve !== 'secp256k1')
      throw new Error(`no suite ${sha} ${publicKey.curve}`)
    for (const { tcId, comment, msg, sig, result } of tests) {
      if (result !== 'valid' && result !== 'invalid') throw new Error(`${tcId}: ${result} is neither`)
      yield {
        name: `${tcId}: ${comment}`,
        run() {
          const key = unhex(publicKey.uncompressed)
          const verdict = Secp256k1.verify(key, hash(unhex(msg)), unhex(sig), { form, highS })
          expect(verdict.ok).toBe(result === 'valid')
        },
      }
    }
  }
}
