import { Bytes } from '@aitbc/core'
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
/** Most signatures of one equation, so that memory and random bytes stay within bounds. */
const MOST = 512

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
  // Room for the points of one equation, used again by the next.
  const spare: Curve.Table[] = []
  const tableOf = cached(keys, (publicKey) => {
    const point = Curve.fromBytes(publicKey)
    return point === undefined ? undefined : Curve.fill(Curve.emptyTable(KEY_TABLE), point)
  })

  const judge = (items: readonly Item[], answers: boolean[]): void => {
    if (items.length === 0) return
    if (holds(items, random)) {
      for (const { index } of items) answers[index] = true
    } else if (items.length <= SINGLE) {
      for (const { index, check } of items) answers[index] = Ed25519.verify(check, 'zip215')
    } else {
      judge(items.slice(0, items.length >> 1), answers)
      judge(items.slice(items.length >> 1), answers)
    }
  }

  const verify: Batch['verify'] = (checks, { rule = 'zip215' } = {}) => {
    if (rule === 'strict') return checks.map((check) => Ed25519.verify(check, rule))
    const answers = checks.map(() => false)
    for (let from = 0; from < checks.length; from += MOST) {
      const items: Item[] = []
      for (const [i, check] of checks.slice(from, from + MOST).entries()) {
        if (!Ed25519.isShaped(check)) continue
        const table = tableOf(check.publicKey)
        const nonce = Curve.fromBytes(check.signature.subarray(0, 32))
        if (table === undefined || nonce === undefined) continue
        spare[items.length] ??= Curve.emptyTable(POINT_TABLE)
        const room = Curve.fill(spare[items.length] as Curve.Table, nonce)
        items.push({ index: from + i, check, table, nonce: room, challenge: Ed25519.challenge(check) })
      }
      judge(items, answers)
    }
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
    /** Random bytes that whoever makes the signatures can't foresee; those of the platform unless told; `InvalidBytes` (1005) for another number. */
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
  Bytes.assert(factors, FACTOR * items.length, 'random')
  const terms: Curve.Term[] = []
  let sum = 0n
  for (const [i, { check, table, nonce, challenge }] of items.entries()) {
    const z = Ed25519.littleEndian(factors.subarray(FACTOR * i, FACTOR * (i + 1)))
    // A factor of zero would leave its signature out.
    if (z === 0n) return false
    sum += z * Ed25519.scalarOf(check)
    terms.push({ scalar: z, table: nonce }, { scalar: (z * challenge) % Ed25519.ORDER, table })
  }
  terms.push({ scalar: Ed25519.ORDER - (sum % Ed25519.ORDER), table: base })
  return Curve.isSmall(Curve.sum(terms))
}

/** The base point: y = 4/5. */
const BASE = /* @__PURE__ */ new Uint8Array(32).fill(0x66).fill(0x58, 0, 1)
