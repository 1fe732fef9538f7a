import type { Bytes } from '@aitbc/core'
import * as Ed25519 from './Ed25519.js'
import type { Check, Rule, Signing } from './Engine.js'
import { cached } from './internal/cached.js'
import * as Curve from './internal/edwards25519.js'

/** A failed batch of at most this many is checked one by one; a larger one is split. */
const SINGLE = 4
/** Bytes of a random factor: a wrong batch passes with a probability of 2^-128. */
const FACTOR = 16
/** Multiples kept of a key, and made of a point that is seen once. */
const KEY_TABLE = 32
const POINT_TABLE = 8
/** Tables of points kept for the next batch, 4 kB each. */
const MAX_SPARE = 256

/** Verification of many at once in plain JavaScript. */
export interface Batch extends Signing {
  /** The same, at once. */
  readonly verify: (checks: readonly Check[], options?: { readonly rule?: Rule }) => readonly boolean[]
}

/**
 * Verifies many signatures by one equation: their random linear combination, which holds if each holds, and else fails but for a chance
 * of 2^-128. A batch that fails is split, and its last few are asked of noble one by one, so that each wrong one is named. Only the rule
 * `zip215` can be batched; by the rule `strict` each is asked of noble.
 *
 * Keys that come again are faster from the second time on.
 *
 * @example
 * import { Batch } from '@aitbc/proofs/engine'
 * Batch.create().verify([]) // []
 */
export function create(options: create.Options = {}): Batch {
  const { random = (length) => crypto.getRandomValues(new Uint8Array(length)), keys = 1024 } = options
  const spare: Curve.Table[] = []
  const tableOf = cached(keys, (publicKey) => {
    const point = Curve.fromBytes(publicKey)
    return point === undefined ? undefined : Curve.fill(Curve.emptyTable(KEY_TABLE), point)
  })

  const verify: Batch['verify'] = (checks, { rule = 'zip215' } = {}) => {
    const answers = checks.map(() => false)
    if (rule === 'strict') return checks.map((check) => Ed25519.verify(check, rule))
    const items: Item[] = []
    for (const [index, check] of checks.entries()) {
      if (!Ed25519.isShaped(check)) continue
      const table = tableOf(check.publicKey)
      const nonce = table === undefined ? undefined : Curve.fromBytes(check.signature.subarray(0, 32))
      if (table === undefined || nonce === undefined) continue
      const challenge = Ed25519.challenge(check)
      const room = spare[items.length] ?? Curve.emptyTable(POINT_TABLE)
      if (items.length < MAX_SPARE) spare[items.length] = room
      items.push({ index, check, table, nonce: Curve.fill(room, nonce), challenge })
    }
    const judge = (part: readonly Item[]): void => {
      if (part.length === 0) return
      if (holds(part, random)) {
        for (const { index } of part) answers[index] = true
      } else if (part.length <= SINGLE) {
        for (const { index, check } of part) answers[index] = Ed25519.verify(check, rule)
      } else {
        judge(part.slice(0, part.length >> 1))
        judge(part.slice(part.length >> 1))
      }
    }
    judge(items)
    return answers
  }

  return {
    verify,
    async verifyMany(checks, { rule, signal } = {}) {
      signal?.throwIfAborted()
      return verify(checks, rule === undefined ? {} : { rule })
    },
  }
}

export declare namespace create {
  type Options = {
    /** Random bytes that whoever makes the signatures can't foresee; those of the platform unless told. */
    readonly random?: (length: number) => Bytes.Bytes
    /** Keys whose multiples are kept, about 13 kB each; 1024 unless told. */
    readonly keys?: number
  }
}

interface Item {
  readonly index: number
  readonly check: Check
  readonly table: Curve.Table
  readonly nonce: Curve.Table
  readonly challenge: bigint
}

let base: Curve.Table | undefined

/** Tells whether 8 (Σ z R + Σ z k A − (Σ z s) B) is the neutral point, for random z. */
function holds(items: readonly Item[], random: (length: number) => Bytes.Bytes): boolean {
  base ??= Curve.fill(Curve.emptyTable(KEY_TABLE), Curve.fromBytes(BASE) as Curve.Point)
  const factors = random(FACTOR * items.length)
  const terms: Curve.Term[] = []
  let sum = 0n
  for (const [i, { check, table, nonce, challenge }] of items.entries()) {
    const z = Ed25519.littleEndian(factors.subarray(FACTOR * i, FACTOR * (i + 1)))
    sum += z * Ed25519.scalarOf(check)
    terms.push({ scalar: z, table: nonce }, { scalar: (z * challenge) % Ed25519.ORDER, table })
  }
  terms.push({ scalar: Ed25519.ORDER - (sum % Ed25519.ORDER), table: base })
  return Curve.isSmall(Curve.sum(terms))
}

/** The base point: y = 4/5. */
const BASE = /* @__PURE__ */ new Uint8Array(32).fill(0x66).fill(0x58, 0, 1)
