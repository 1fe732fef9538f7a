import type { Submission } from '@aitbc/core'
import { type Agreement, Runner } from '@aitbc/swap'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalChain } from '../src/swap/Family.js'
import { createWorld } from '../src/swap/World.js'
import { agree, back, held, isLocked, type Meeting, type Party, paid, until } from './parties.js'

// What chains do to those who swap: blocks that are undone, and fees that rise while a transaction waits.

const HANG_MS = 900_000
const BETWEEN = ['bitcoin', 'ethereum'] as const
type Name = (typeof BETWEEN)[number]

const stop = new AbortController()
let meeting: Meeting

beforeAll(async () => {
  const world = await createWorld({
    families: BETWEEN,
    signal: stop.signal,
    onError: (error) => stop.abort(error),
  })
  meeting = { world, between: BETWEEN, signal: stop.signal, pollMs: 1000 }
}, HANG_MS)

afterAll(async () => {
  stop.abort(new Error('the test is over'))
  await meeting?.world.close()
})

/** Asks a node itself. */
async function ask(name: Name, method: string, ...params: readonly unknown[]): Promise<unknown> {
  const { url, username, password } = meeting.world.chain(name).place().at as Record<string, string>
  const response = await fetch(url as string, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(username === undefined ? {} : { authorization: `Basic ${btoa(`${username}:${password}`)}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result: unknown; error?: unknown }
  if (error !== null && error !== undefined) throw new Error(JSON.stringify(error))
  return result
}

/** Blocks from the one that has a transaction to the tip. */
async function depthOf(name: Name, id: string): Promise<number> {
  if (name === 'bitcoin') {
    const { confirmations } = (await ask(name, 'getrawtransaction', id, 1)) as { confirmations?: number }
    return confirmations ?? 0
  }
  const receipt = (await ask(name, 'eth_getTransactionReceipt', id)) as { blockNumber: string } | null
  const tip = Number(await ask(name, 'eth_blockNumber'))
  return receipt === null ? 0 : tip - Number(receipt.blockNumber) + 1
}

/** What a test does with the first transaction of a kind that a party sends; the others go out as they are. */
function meddle(
  party: Party,
  kind: string,
  act: (id: string, submit: () => Promise<Submission>) => Promise<Submission>,
): void {
  let done = false
  party.sending = (_, signed, submit) => {
    if (done || signed.step.kind !== kind) return submit()
    done = true
    return act(signed.id, submit)
  }
}

const started: Promise<unknown>[] = []

/** Does something on a chain while it makes no blocks by itself, and is waited for at the end of the test. */
function meanwhile(name: Name, act: (chain: LocalChain) => Promise<void>): void {
  const doing = meeting.world.exclusive(name, act)
  doing.catch((error: unknown) => stop.abort(error))
  started.push(doing)
}

/** Undoes the first transaction of a kind once the party has seen it in a block; whoever has it may send it again. */
function undo(party: Party, kind: 'lock' | 'claim', name: Name, leg: Agreement.Leg): Set<string> {
  const undone = new Set<string>()
  meddle(party, kind, async (id, submit) => {
    const submission = await submit()
    meanwhile(name, async (chain) => {
      await chain.produce()
      await until(party, `the ${kind} in a block`, isIn(kind, leg, id))
      await chain.reorg?.(await depthOf(name, id), [id])
      expect(await depthOf(name, id).catch(() => 0)).toBe(0)
      undone.add(id)
    })
    return submission
  })
  return undone
}

const isIn = (kind: 'lock' | 'claim', leg: Agreement.Leg, id: string) => (one: Runner.Progress) =>
  kind === 'lock'
    ? isLocked(leg)(one)
    : one.is === 'seen' &&
      one.leg === leg &&
      one.view.is === 'seen' &&
      one.view.locks.some(({ spend }) => spend?.spend.transaction === id && spend.depth > 0n)

/** Ids that a party sent for a command, in order: as often as each was sent. */
const sent = ({ progress }: Party, command: string) =>
  progress.flatMap((one) => {
    if (one.is === 'sent' && one.command === command) return one.ids
    return one.is === 'raised' && one.key.startsWith(`${command}/`) ? [one.id] : []
  })

/** The versions among them, oldest first. */
const versions = (party: Party, command: string) => [...new Set(sent(party, command))]

/** The one of a party's versions that is in a block. */
async function included(name: Name, ids: readonly string[]): Promise<string | undefined> {
  for (const id of new Set(ids)) if ((await depthOf(name, id).catch(() => 0)) > 0) return id
  return undefined
}

const run = (party: Party, swap: Runner.Swap) => Runner.run(party.context, swap, { signal: stop.signal })

/** What both have before, and what both must have after. */
async function books(alice: Party, bob: Party, give: Name, get: Name) {
  const all = [
    { party: alice, name: give, leg: 'long', sign: -1n },
    { party: alice, name: get, leg: 'short', sign: 1n },
    { party: bob, name: give, leg: 'long', sign: 1n },
    { party: bob, name: get, leg: 'short', sign: -1n },
  ] as const
  const before = await Promise.all(all.map(({ party, name }) => held(meeting, name, party)))
  return async (deal: boolean) => {
    await Promise.all(started.splice(0))
    for (const [index, { party, name, leg, sign }] of all.entries()) {
      const moved = deal ? sign * meeting.world.chain(name).assets.native.amount : 0n
      const should = (before[index] as bigint) + moved - (await paid(meeting, name, party, leg))
      expect(await held(meeting, name, party), `${party.role}, ${leg} leg`).toBe(should)
    }
  }
}

/** A party's lock is in, and it goes away until its deadline has passed; then it is back. */
async function lockedAndBack(give: Name, get: Name): Promise<readonly [Party, Runner.Swap, bigint]> {
  const { alice, swaps, agreement } = await agree(meeting, give, get)
  const before = await held(meeting, give, alice)
  const away = new AbortController()
  const running = Runner.run(alice.context, swaps.alice, {
    signal: AbortSignal.any([away.signal, stop.signal]),
  })
  running.catch(() => undefined)
  await until(alice, 'the lock', isLocked('long'))
  away.abort(new Error('away'))
  await running.catch(() => undefined)
  await meeting.world.reach(agreement.long.deadline.value + 1n)
  const again = await back(meeting, alice)
  const [id] = await Runner.list(again.context.storage)
  return [again, await Runner.load(again.context, id as string), before]
}

/** The node's miner passes the first version by, as when blocks are full of dearer ones. */
async function passBy(id: string, submit: () => Promise<Submission>): Promise<Submission> {
  return meeting.world.exclusive('bitcoin', async () => {
    const submission = await submit()
    await ask('bitcoin', 'prioritisetransaction', id, 0, -Number(submission.step.maxFee.amount))
    return submission
  })
}

/** The base fee is five hundred gwei from before the first version is there until the party has sent a dearer one. */
function crowd(party: Party, command: string, submit: () => Promise<Submission>): Promise<Submission> {
  return new Promise((resolve, reject) => {
    meanwhile('ethereum', async (chain) => {
      await submit().then(resolve, reject)
      const looks = () => party.progress.filter(({ is }) => is === 'seen').length
      const isOver = () => versions(party, command).length > 1 || party.progress.at(-1)?.is === 'finished'
      for (let rounds = 0; rounds < 100 && !isOver(); rounds++) {
        await ask('ethereum', 'anvil_setNextBlockBaseFeePerGas', '0x746a528800')
        await chain.produce()
        const before = looks()
        await until(party, 'another look', () => looks() > before + 2 || isOver())
      }
    })
  })
}

const directions = [
  ['bitcoin', 'ethereum'],
  ['ethereum', 'bitcoin'],
] as const

describe('Bitcoin and an EVM chain, real nodes', () => {
  test.for(directions)(
    'S9: from %s to %s, blocks with both locks are undone: they are sent again, and the swap goes through',
    { timeout: HANG_MS },
    async ([give, get]) => {
      const { alice, bob, swaps } = await agree(meeting, give, get)
      const settle = await books(alice, bob, give, get)
      const undone = [undo(alice, 'lock', give, 'long'), undo(bob, 'lock', get, 'short')]
      expect(await Promise.all([run(alice, swaps.alice), run(bob, swaps.bob)])).toEqual(['deal', 'deal'])
      await settle(true)
      for (const [index, party] of [alice, bob].entries()) {
        const ids = sent(party, 'lock')
        expect([...(undone[index] as Set<string>)]).toEqual([ids[0]])
        // The same again, or a dearer version of it where it waited: another lock would be a second payment.
        expect(ids.length).toBeGreaterThan(1)
        const name = party === alice ? give : get
        const there = await Promise.all([...new Set(ids)].map((id) => depthOf(name, id).catch(() => 0)))
        expect(there.filter((depth) => depth > 0)).toHaveLength(1)
      }
    },
  )

  test.for(directions)(
    'H5 S6: from %s to %s, blocks with both claims are undone: they are sent again, and both are paid',
    { timeout: HANG_MS },
    async ([give, get]) => {
      const { alice, bob, swaps } = await agree(meeting, give, get)
      const settle = await books(alice, bob, give, get)
      const undone = [undo(alice, 'claim', get, 'short'), undo(bob, 'claim', give, 'long')]
      expect(await Promise.all([run(alice, swaps.alice), run(bob, swaps.bob)])).toEqual(['deal', 'deal'])
      await settle(true)
      for (const [index, party] of [alice, bob].entries()) {
        const ids = sent(party, 'claim')
        expect([...(undone[index] as Set<string>)]).toEqual([ids[0]])
        expect(ids.length).toBeGreaterThan(1)
      }
    },
  )

  test.for(directions)(
    'L5: from %s to %s, both claims wait while fees rise: dearer versions take their place',
    { timeout: HANG_MS },
    async ([give, get]) => {
      const { alice, bob, swaps } = await agree(meeting, give, get)
      const settle = await books(alice, bob, give, get)
      const claims = { [get]: alice, [give]: bob } as Readonly<Record<Name, Party>>
      meddle(claims.bitcoin, 'claim', passBy)
      meddle(claims.ethereum, 'claim', (_, submit) => crowd(claims.ethereum, 'claim', submit))
      expect(await Promise.all([run(alice, swaps.alice), run(bob, swaps.bob)])).toEqual(['deal', 'deal'])
      await settle(true)
      for (const name of BETWEEN) {
        const ids = versions(claims[name], 'claim')
        expect(ids.length).toBeGreaterThan(1)
        expect(await included(name, ids)).not.toBe(ids[0])
      }
    },
  )

  test.for(directions)(
    'L5 S4: the refund on %s waits while fees rise: a dearer version takes its place',
    { timeout: HANG_MS },
    async ([give, get]) => {
      const [alice, swap, before] = await lockedAndBack(give, get)
      if (give === 'bitcoin') meddle(alice, 'refund', passBy)
      else meddle(alice, 'refund', (_, submit) => crowd(alice, 'refund', submit))
      expect(await run(alice, swap)).toBe('no-deal')
      await Promise.all(started.splice(0))
      const ids = versions(alice, 'refund')
      expect(ids.length).toBeGreaterThan(1)
      expect(await included(give, ids)).not.toBe(ids[0])
      expect(await held(meeting, give, alice)).toBe(before - (await paid(meeting, give, alice, 'long')))
    },
  )
})
