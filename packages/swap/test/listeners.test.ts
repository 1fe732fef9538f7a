import { afterEach, beforeEach, expect, test } from 'vitest'
import { ALICE, BOB, create } from './model/market.js'
import * as Process from './model/process.js'
import { isEnded, newest, ownerOf, towerOf } from './watch/towers.js'

/** Listeners for the abort of each signal that is there, by counting whoever begins and ends to listen. */
const live = new Map<AbortSignal, Set<unknown>>()
let most = 0
const { addEventListener, removeEventListener } = EventTarget.prototype

beforeEach(() => {
  live.clear()
  most = 0
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...args) {
    if (this instanceof AbortSignal) {
      const all = live.get(this) ?? new Set()
      live.set(this, all.add(args[1]))
      most = Math.max(most, all.size)
    }
    addEventListener.apply(this, args)
  }
  EventTarget.prototype.removeEventListener = function (this: EventTarget, ...args) {
    if (this instanceof AbortSignal) live.get(this)?.delete(args[1])
    removeEventListener.apply(this, args)
  }
})
afterEach(() => {
  Object.assign(EventTarget.prototype, { addEventListener, removeEventListener })
})
/** Those of signals that were not aborted: what an abort called is gone with it. */
const left = () => [...live].flatMap(([signal, all]) => (signal.aborted ? [] : [...all]))

test('behavior: a swap listens to its signal no more often the longer it runs, and not at all when it is over', async () => {
  const market = create({ long: 'contract', short: 'utxo' })
  const [alice, bob] = [Process.create(market, ALICE), Process.create(market, BOB)]
  const stop = new AbortController()
  // What runs the test listens too.
  live.clear()
  Process.start(alice, Process.agreed(market), stop.signal)
  // Bob never locks: Alice waits for a long time, and is refunded.
  const seen: number[] = []
  await Process.drive(market, () => Process.isDone(alice), { each: () => void seen.push(left().length) })
  expect(alice.outcome).toBe('no-deal')
  expect(bob.outcome).toBeUndefined()
  expect(seen.length).toBeGreaterThan(15)
  expect(seen.slice(5, -1).every((count) => count <= (seen[4] as number))).toBe(true)
  expect(most).toBeLessThan(10)
  expect(left()).toEqual([])
})

test('behavior: so does a tower', async () => {
  const market = create({ long: 'utxo', short: 'utxo' })
  const owner = ownerOf(market, ALICE)
  const stop = new AbortController()
  Process.start(owner.process, Process.agreed(market), stop.signal)
  await Process.drive(
    market,
    () => owner.jobs.length > 0 && owner.process.calls.some(({ method }) => method === 'submit'),
  )
  stop.abort(new Error('gone'))
  live.clear()
  const tower = towerOf(market, newest(owner))
  const seen: number[] = []
  await Process.drive(market, () => isEnded(tower), { each: () => void seen.push(left().length) })
  expect(tower.ended).toEqual({ refund: 'refunded', claim: 'nothing' })
  expect(seen.slice(5, -1).every((count) => count <= (seen[4] as number))).toBe(true)
  expect(most).toBeLessThan(10)
  expect(left()).toEqual([])
})
