import { AuthorityChange, GrandpaClient, type Header, Justification, Scale } from '@aitbc/proofs/substrate'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, value } from '../helpers.js'
import {
  type Block,
  blockOn,
  chainOf,
  forced,
  hash32,
  message,
  scheduled,
  setOf,
  unanimous,
  type Voter,
  voters,
} from './grandpa.js'

const [old, fresh, third] = [voters(4), voters(4, 20), voters(1, 40)] as const
const [start] = chainOf(1) as [Block]
const anchor: GrandpaClient.Anchor = { hash: start.hash, header: start.raw, set: setOf(5n, old) }
const state = value(GrandpaClient.trust(anchor))

const final = (block: Block, list: readonly Voter[], setId: bigint): GrandpaClient.Update => ({
  kind: 'block',
  header: block.raw,
  justification: Justification.encode(unanimous(block, list, setId)),
})
const warp = (
  fragments: readonly [Block, readonly Voter[], bigint][],
  isFinished = true,
): GrandpaClient.Update => ({
  kind: 'warp',
  proof: Scale.encode(GrandpaClient.warpType(), {
    fragments: fragments.map(([header, list, setId]) => ({
      header,
      justification: unanimous(header, list, setId),
    })),
    isFinished,
  }),
})
const after = (block: Pick<Block, 'hash' | 'number'>, count: number, ...digest: Header.DigestItem[]) =>
  blockOn({ hash: block.hash, number: block.number + BigInt(count - 1) }, digest)

describe('GrandpaClient', () => {
  test('default: from final block to final block', () => {
    const next = after(start, 50)
    const moved = value(GrandpaClient.apply(state, final(next, old, 5n)))
    expect(GrandpaClient.finalized(moved)).toMatchObject({ number: 150n, hash: next.hash })
    expect(moved.set.id).toBe(5n)
    expect(GrandpaClient.finalized(state).number).toBe(100n)
  })

  test('A41: authorities hand over with the block that announces it', () => {
    const change = after(start, 10, scheduled(fresh))
    const handed = value(GrandpaClient.apply(state, final(change, old, 5n)))
    expect(handed.set).toEqual(setOf(6n, fresh))
    const next = after(change, 3)
    expect(value(GrandpaClient.apply(handed, final(next, fresh, 6n))).finalized.number).toBe(113n)
    expect(check(GrandpaClient.apply(handed, final(next, old, 5n)))).toBe('authority-unknown')
    expect(check(GrandpaClient.apply(handed, final(next, fresh, 5n)))).toBe('vote-signature')
    expect(check(GrandpaClient.apply(state, final(change, fresh, 6n)))).toBe('authority-unknown')
  })

  test('A41: with a delay, the old set votes to the end of it and no further', () => {
    const change = after(start, 10, scheduled(fresh, 5n))
    const waiting = value(GrandpaClient.apply(state, final(change, old, 5n)))
    expect(waiting.set.id).toBe(5n)
    expect(waiting.pending?.at).toBe(115n)
    expect(value(GrandpaClient.apply(waiting, final(after(change, 4), old, 5n))).pending?.at).toBe(115n)
    expect(check(GrandpaClient.apply(waiting, final(after(change, 6), old, 5n)))).toBe('set-ended')
    expect(check(GrandpaClient.apply(waiting, final(after(change, 5), fresh, 6n)))).toBe('authority-unknown')
    expect(check(GrandpaClient.apply(waiting, final(after(change, 3, scheduled(third)), old, 5n)))).toBe(
      'change-pending',
    )
    const handed = value(GrandpaClient.apply(waiting, final(after(change, 5), old, 5n)))
    expect(handed.set).toEqual(setOf(6n, fresh))
    expect(handed.pending).toBeUndefined()
    // An anchor that announces a delayed change starts out waiting.
    const trusted = value(GrandpaClient.trust({ hash: change.hash, header: change.raw, set: setOf(5n, old) }))
    expect(trusted.pending?.at).toBe(115n)
    const done = after(start, 1, scheduled(fresh))
    expect(
      value(GrandpaClient.trust({ hash: done.hash, header: done.raw, set: setOf(6n, fresh) })).pending,
    ).toBeUndefined()
  })

  test('A41: a forced change, two changes in one block, a change that cannot be read', () => {
    const attempt = (...digest: Header.DigestItem[]) =>
      check(GrandpaClient.apply(state, final(after(start, 10, ...digest), old, 5n)))
    expect(attempt(forced(fresh))).toBe('change-forced')
    expect(attempt(scheduled(fresh), scheduled(third))).toBe('change-duplicate')
    expect(attempt(scheduled(fresh), forced(third))).toBe('change-duplicate')
    expect(attempt(scheduled([]))).toBe('set-empty')
    const item = scheduled(fresh) as Header.DigestItem & { kind: 'consensus' }
    expect(attempt({ ...item, data: concat(item.data, Uint8Array.of(0)) })).toBe('change-encoding')
    expect(attempt({ kind: 'unknown', count: 1, data: Uint8Array.of(77) })).toBe('change-unknown')
    const other = { ...item, engine: new TextEncoder().encode('BABE') }
    const seal: Header.DigestItem = { kind: 'seal', engine: item.engine, data: item.data }
    for (const digest of [
      [other],
      [seal],
      [message({ kind: 'disabled', value: 1n })],
      [message({ kind: 'pause', value: 1n })],
    ]) {
      const block = after(start, 10, ...digest)
      expect(value(GrandpaClient.apply(state, final(block, old, 5n))).set.id).toBe(5n)
      expect(value(AuthorityChange.of(block))).toBeUndefined()
    }
    expect(check(GrandpaClient.trust({ ...anchor, ...bytesOf(after(start, 1, forced(fresh))) }))).toBe(
      'change-forced',
    )
  })

  const bytesOf = (block: Block) => ({ hash: block.hash, header: block.raw })

  test('A41: warp sync hands over from set to set', () => {
    const one = after(start, 10, scheduled(fresh))
    const two = after(one, 10, scheduled(third))
    const end = after(two, 10)
    const chain: [Block, readonly Voter[], bigint][] = [
      [one, old, 5n],
      [two, fresh, 6n],
      [end, third, 7n],
    ]
    const synced = value(GrandpaClient.apply(state, warp(chain)))
    expect(synced.set).toEqual(setOf(7n, third))
    expect(synced.finalized.hash).toEqual(end.hash)
    expect(value(GrandpaClient.apply(state, warp(chain.slice(0, 2), false))).set.id).toBe(7n)
    // A set is skipped.
    expect(check(GrandpaClient.apply(state, warp([chain[0] as never, chain[2] as never])))).toBe(
      'authority-unknown',
    )
    expect(check(GrandpaClient.apply(state, warp(chain.slice(1))))).toBe('authority-unknown')
    // A fragment ends with no change.
    const plain: [Block, readonly Voter[], bigint] = [after(start, 5), old, 5n]
    expect(check(GrandpaClient.apply(state, warp([plain, ...chain])))).toBe('warp-change')
    expect(check(GrandpaClient.apply(state, warp([plain], false)))).toBe('warp-change')
    expect(GrandpaClient.apply(state, warp([plain])).ok).toBe(true)
    const late: [Block, readonly Voter[], bigint] = [after(start, 5, scheduled(fresh, 2n)), old, 5n]
    expect(check(GrandpaClient.apply(state, warp([late, ...chain])))).toBe('warp-change')
    expect(check(GrandpaClient.apply(state, warp([])))).toBe('warp-empty')
    expect(check(GrandpaClient.apply(state, { kind: 'warp', proof: Uint8Array.of(4) }))).toMatch(/^scale-/)
    expect(check(GrandpaClient.apply(state, { kind: 'warp', proof: Uint8Array.of(0, 1, 1) }))).toBe(
      'scale-trailing',
    )
  })

  test('A40: a justification of another block', () => {
    const [block, other] = [after(start, 10), after(start, 11)]
    const update = {
      kind: 'block' as const,
      header: block.raw,
      justification: Justification.encode(unanimous(other, old, 5n)),
    }
    expect(check(GrandpaClient.apply(state, update))).toBe('justification-target')
    expect(check(GrandpaClient.apply(state, { ...update, justification: Uint8Array.of(1) }))).toMatch(
      /^scale-/,
    )
    expect(check(GrandpaClient.apply(state, { ...update, header: Uint8Array.of(1) }))).toMatch(/^scale-/)
    expect(check(GrandpaClient.apply(state, final(start, old, 5n)))).toBe('height-not-after')
  })

  test('A52: a fresh verifier accepts nothing', () => {
    expect(check(GrandpaClient.trust({ ...anchor, hash: hash32(0) }))).toBe('anchor-hash')
    expect(check(GrandpaClient.trust({ ...anchor, hash: hash32(1) }))).toBe('anchor-hash')
    expect(check(GrandpaClient.trust({ ...anchor, header: Uint8Array.of() }))).toBe('scale-truncated')
    expect(check(GrandpaClient.trust({ ...anchor, set: setOf(5n, []) }))).toBe('set-empty')
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200, size: 'max' }),
        fc.uint8Array({ maxLength: 200, size: 'max' }),
        (header, justification) => {
          expect(GrandpaClient.apply(state, { kind: 'block', header, justification }).ok).toBe(false)
          expect(GrandpaClient.apply(state, { kind: 'warp', proof: header }).ok).toBe(false)
        },
      ),
    )
  })

  test('behavior: ancestors of the final block', () => {
    const blocks = chainOf(5, start)
    const moved = value(GrandpaClient.apply(state, final(blocks[4] as Block, old, 5n)))
    const down = [...blocks].reverse().map(({ raw }) => raw)
    expect(value(GrandpaClient.ancestors(moved, down)).map(({ number }) => number)).toEqual([
      105n,
      104n,
      103n,
      102n,
      101n,
    ])
    expect(check(GrandpaClient.ancestors(moved, down.slice(1)))).toBe('header-link')
    expect(check(GrandpaClient.ancestors(moved, [down[0] as Uint8Array, down[2] as Uint8Array]))).toBe(
      'header-link',
    )
    expect(check(GrandpaClient.ancestors(moved, [Uint8Array.of(1)]))).toBe('scale-truncated')
  })

  test('behavior: a sample of one-bit changes', () => {
    const update = final(after(start, 10, scheduled(fresh)), old, 5n) as GrandpaClient.Update & {
      kind: 'block'
    }
    for (let bit = 1; bit < update.header.length * 8; bit += 41)
      expect(GrandpaClient.apply(state, { ...update, header: flip(update.header, bit) }).ok).toBe(false)
    for (let bit = 2; bit < update.justification.length * 8; bit += 53)
      expect(
        GrandpaClient.apply(state, { ...update, justification: flip(update.justification, bit) }).ok,
      ).toBe(false)
  })
})
