import { type Bytes, Verdict } from '@aitbc/core'
import type { Authority } from './AuthoritySet.js'
import * as AuthoritySet from './AuthoritySet.js'
import * as Header from './Header.js'
import * as Scale from './Scale.js'

/** A change of authorities that a block announces in its digest (Polkadot specification, 3.3.2). */
export interface AuthorityChange {
  /** `scheduled`: it comes when the block is final. `forced`: with the block's import, where finality hangs. */
  readonly kind: 'scheduled' | 'forced'
  readonly authorities: readonly Authority[]
  /** Blocks after the announcing one until the change. */
  readonly delay: bigint
}

const ENGINE = 'FRNK'

/**
 * Finds the change of authorities that a header announces, if any.
 *
 * Refusals: `change-unknown` (the digest has items of unknown kind, which may be changes), `change-encoding` (a message to GRANDPA
 * that can't be read), `change-duplicate` (two changes in one block: A41), and those of `AuthoritySet.check`.
 *
 * @example
 * import { AuthorityChange, Header } from '@aitbc/proofs/substrate'
 * const header = Header.decode(new Uint8Array(98))
 * if (header.ok) AuthorityChange.of(header.value) // { ok: true, value: undefined }
 */
export function of(
  header: Header.Header,
  format: Header.Format = Header.POLKADOT,
): Verdict.Verdict<AuthorityChange | undefined> {
  let found: AuthorityChange | undefined
  for (const [index, item] of header.digest.entries()) {
    if (item.kind === 'unknown')
      return Verdict.refuse('change-unknown', `digest item ${index} is of an unknown kind`, { index })
    if (!Header.isFor(item, ENGINE)) continue
    const log = decode(item.data, format)
    if (!log.ok)
      return Verdict.refuse('change-encoding', `digest item ${index}: ${log.refusal.message}`, {
        index,
        because: log.refusal.check,
      })
    if (log.value === undefined) continue
    if (found !== undefined)
      return Verdict.refuse('change-duplicate', 'the block announces two changes', { index })
    found = log.value
    const voters = AuthoritySet.check({ id: 0n, authorities: found.authorities })
    if (!voters.ok) return voters
  }
  return Verdict.accept(found)
}

function decode(data: Bytes.Bytes, { number }: Header.Format): Verdict.Verdict<AuthorityChange | undefined> {
  const change = Scale.struct({ authorities: AuthoritySet.type, delay: number })
  const log = Scale.decode(
    Scale.variant({
      scheduled: [1, change],
      forced: [2, Scale.struct({ bestFinalized: number, change })],
      disabled: [3, Scale.u64],
      pause: [4, number],
      resume: [5, number],
    }),
    data,
  )
  if (!log.ok) return log
  const { kind, value } = log.value
  if (kind === 'scheduled') return Verdict.accept({ kind, ...value })
  return Verdict.accept(kind === 'forced' ? { kind, ...value.change } : undefined)
}
