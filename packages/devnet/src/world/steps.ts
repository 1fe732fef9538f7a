import { type AccountId, Bytes, CoreErrors, type Signed, type Step, show } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Family } from './Family.js'
import type * as Ledger from './Ledger.js'

const bodies = new WeakMap<Uint8Array, Ledger.Body>()
const utf8 = new TextEncoder()

/** The same without bigints, which JSON has none of. */
function plain(part: unknown): unknown {
  if (typeof part === 'bigint') return `${part}n`
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map(plain)
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(part)) out[key] = plain(value)
  return out
}

/** The bytes of a body: what is signed. */
export function encode(body: Ledger.Body): Uint8Array {
  const bytes = utf8.encode(JSON.stringify(plain(body)))
  bodies.set(bytes, body)
  return bytes
}

/** Reads a step's payload; the family's error for a step that no adapter of this network made. */
export function bodyOf(family: Family, step: Step, argument = 'step'): Ledger.Body {
  const payload: unknown = step?.payload
  const known = payload instanceof Uint8Array ? bodies.get(payload) : undefined
  if (known !== undefined && step.format === family.format) return known
  try {
    if (step.format !== family.format) throw new Error(`format ${show(step.format)}`)
    const body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(step.payload), (_, part) =>
      typeof part === 'string' && /^-?\d+n$/.test(part) ? BigInt(part.slice(0, -1)) : part,
    ) as Ledger.Body
    if (typeof body?.from !== 'string' || !Array.isArray(body.slots)) throw new Error('no body')
    bodies.set(step.payload, body)
    return body
  } catch (cause) {
    throw family.errors.step(
      `${argument} must be as this adapter prepared it`,
      { argument, received: show(payload) },
      { cause },
    )
  }
}

/** What is signed, and what names a transaction: where coins are spent, a claim's secret is beside both. */
function bare(family: Family, step: Step): Uint8Array {
  if (family.kind !== 'coins' || step.kind !== 'claim') return step.payload
  const body = bodyOf(family, step)
  const { does } = body
  return does.is === 'claim' ? encode({ ...body, does: { ...does, secret: '' } }) : step.payload
}

/** What was worked out of a payload, which nobody changes: each endpoint that is sent it checks the same. */
interface Sums {
  id?: string
  seal?: { readonly of: AccountId.AccountId; readonly bytes: Uint8Array }
}

const sums = new WeakMap<Uint8Array, Sums>()

function sumsOf(payload: Uint8Array): Sums {
  const known = sums.get(payload) ?? {}
  sums.set(payload, known)
  return known
}

/** The id that a body will have on chain. */
export function idOf(family: Family, payload: Uint8Array): string {
  const known = sumsOf(payload)
  known.id ??= Bytes.toHex(sha256(payload))
  return family.id(known.id)
}

/** A signature by an address, as worlds check them: nobody in a world makes one for others. */
function seal(payload: Uint8Array, account: AccountId.AccountId): Uint8Array {
  const known = sumsOf(payload)
  if (known.seal?.of !== account)
    known.seal = { of: account, bytes: sha256(Bytes.concat(utf8.encode(account), payload)) }
  return known.seal.bytes
}

/** Signs a step for its account. */
export function sign(family: Family, step: Step): Signed {
  const payload = bare(family, step)
  return { step, id: idOf(family, payload), raw: Bytes.concat(step.payload, seal(payload, step.from)) }
}

/** Refuses what isn't the signature of exactly this step, by its account. */
export function assertSigned(family: Family, signed: Signed): Ledger.Tx {
  const body = bodyOf(family, signed.step, 'signed.step')
  const { step, id, raw } = signed
  const expected = sign(family, step)
  if (!(raw instanceof Uint8Array) || !Bytes.equal(raw, expected.raw))
    throw family.errors.differs(`signed.raw must be the signed transaction of its step, got ${show(raw)}`, {
      argument: 'signed.raw',
      id,
    })
  if (id !== expected.id)
    throw family.errors.differs(`signed.id must be ${expected.id}, got ${show(id)}`, {
      argument: 'signed.id',
      received: id,
    })
  if (step.conflictKey !== body.slots[0])
    throw family.errors.step(`step.conflictKey must be ${body.slots[0]}, got ${show(step.conflictKey)}`, {
      argument: 'step.conflictKey',
      received: step.conflictKey,
    })
  return { ...body, id }
}

/** `ForeignNetwork` (1016) for another network's id. */
export function assertNetwork(received: unknown, expected: string, argument: string): void {
  if (received !== expected)
    throw CoreErrors.ForeignNetwork(`${argument} must be of ${expected}, got ${show(received)}`, {
      argument,
      expected,
      received,
    })
}
