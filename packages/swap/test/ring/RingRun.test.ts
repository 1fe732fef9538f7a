// A ring on model chains that live: each member a runner of its own, some of them faulty, some of them in league.
import { isAitbcError, LockTerms, SwapSeed } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Recovery, RingAgreement, RingPlanner, Runner, type Side, type SwapMachine } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Kind } from '../model/Chain.js'
import * as ModelAdapter from '../model/ModelAdapter.js'
import { risk } from '../model/market.js'
import * as Net from '../model/Net.js'
import { agreementOf, create, FUNDS, NAMES, NOW, nonceOf, type Ring, seedOf } from './fixtures.js'

/** Fees of a member for whom everything went wrong are below this; amounts are far above. */
const SMALL = 60n
const BLOCKS = 400

interface Member {
  readonly index: number
  readonly context: Runner.Context
  /** It stops dead before its nth effect. */
  dead: boolean
  outcome?: SwapMachine.Outcome
  error?: unknown
}

let activity = 0
const EFFECTS = new Set(['submit', 'send'])

interface World {
  readonly ring: Ring
  readonly signed: RingAgreement.Signed
}

function worldOf(kinds: readonly Kind[]): World {
  const ring = create(kinds)
  const ends = RingPlanner.plan(ring.chains, risk, NOW).deadlines.map(({ value }) => value)
  const agreement = agreementOf(kinds, ends)
  const signatures = kinds.map((_, i) =>
    RingAgreement.sign(agreement, SwapSeed.identity(seedOf(i), nonceOf(i))),
  )
  return { ring, signed: { agreement, signatures } }
}

function memberOf({ ring }: World, index: number, dies = Number.POSITIVE_INFINITY): Member {
  let effects = 0
  const gate: ModelAdapter.Gate = async (method, _, run) => {
    activity++
    if (EFFECTS.has(method) && effects++ >= dies) member.dead = true
    // Whoever is dead asks nothing any more, and is told nothing.
    if (member.dead) return new Promise(() => undefined)
    return run()
  }
  const own = [ring.nets[index], ring.nets.at(index - 1)] as Net.Net[]
  const name = NAMES[index] as string
  const member: Member = {
    index,
    dead: false,
    context: {
      storage: createMemoryStorage(),
      seed: seedOf(index),
      sides: Object.fromEntries(own.map((net) => [net.network.id, ModelAdapter.side(net, name, gate)])),
      utc: () => (ring.nets[0] as Net.Net).tip.clock,
      pauseMs: 0,
    },
  }
  return member
}

function settle(member: Member, run: Promise<SwapMachine.Outcome>): void {
  run
    .then(
      (outcome) => {
        member.outcome = outcome
      },
      (error: unknown) => {
        member.error = error
      },
    )
    .finally(() => activity++)
}

function begin({ ring, signed }: World, member: Member): void {
  const verdict = RingPlanner.audit(signed.agreement, member.index, ring.chains, risk, NOW)
  if (!verdict.ok) throw new Error(verdict.refusal.message)
  const { context, index } = member
  const options = { member: index, nonce: nonceOf(index), signed, margins: verdict.value, policy: risk }
  settle(
    member,
    Runner.openRing(context, options).then((swap) => Runner.run(context, swap)),
  )
}

async function quiet(): Promise<void> {
  let last = -1
  for (let still = 0; still < 60; still++) {
    await null
    if (activity !== last) still = 0
    last = activity
  }
}

async function drive(
  { ring }: World,
  members: readonly Member[],
  each: (block: number) => void | Promise<void> = () => undefined,
): Promise<void> {
  const isOver = ({ dead, outcome, error }: Member) => dead || outcome !== undefined || error !== undefined
  for (let block = 0; block < BLOCKS; block++) {
    await quiet()
    if (members.every(isOver)) return
    await each(block)
    await quiet()
    for (const net of ring.nets) Net.mine(net, net.tip.clock + 1n)
  }
  throw new Error(`still not over after ${BLOCKS} blocks`)
}

/** Somebody in league with the leader claims an arc as soon as it is there. */
async function leak({ ring, signed }: World, arc: number): Promise<void> {
  const terms = signed.agreement.arcs[arc] as LockTerms.LockTerms
  const claimer = (arc + 1) % ring.nets.length
  const side = ModelAdapter.side(ring.nets[arc] as Net.Net, NAMES[claimer] as string)
  const secret = SwapSeed.secret(seedOf(0), nonceOf(0))
  for (const read of await side.adapter.findLocks(terms)) {
    if (read.is !== 'found') continue
    try {
      for (const step of await side.adapter.prepare({
        kind: 'claim',
        terms,
        lock: read.fact.value,
        secret,
      })) {
        const signer = side.signer(step.from, nonceOf(claimer))
        if (signer?.kind === 'signs') await side.adapter.submit(await signer.sign(step))
      }
    } catch (error) {
      // The deadline is over, or it was claimed before: what a thief tries may fail.
      if (!isAitbcError(error)) throw error
    }
  }
}

/** What a member has more or less than before, on its own arc and on the one that pays it. */
function gains({ ring }: World, index: number): { readonly gave: bigint; readonly got: bigint } {
  const name = NAMES[index] as string
  const change = (net: Net.Net | undefined) => (net?.tip.ledger.balances.get(name) ?? 0n) - FUNDS
  return { gave: -change(ring.nets[index]), got: change(ring.nets.at(index - 1)) }
}

/** An honest member has paid only if it was paid, but for fees (S6, S21). */
function expectWhole(world: World, member: Member): void {
  const { index, outcome, error } = member
  expect(error).toBeUndefined()
  expect(['deal', 'no-deal', 'free-ride']).toContain(outcome)
  const gift = (i: number) => world.signed.agreement.arcs.at(i)?.amount as bigint
  const { gave, got } = gains(world, index)
  const paid = outcome === 'deal' ? gift(index) : 0n
  const received = outcome === 'no-deal' ? 0n : gift(index - 1)
  expect(gave - paid, `what ${NAMES[index]} gave`).toBeGreaterThanOrEqual(0n)
  expect(gave - paid).toBeLessThan(SMALL)
  expect(received - got, `what ${NAMES[index]} got`).toBeGreaterThanOrEqual(0n)
  expect(received - got).toBeLessThan(SMALL)
}

const RINGS: readonly (readonly Kind[])[] = [
  ['utxo', 'contract', 'contract'],
  ['contract', 'utxo', 'utxo', 'contract'],
]

describe('a ring', () => {
  it.each(RINGS.map((kinds) => [kinds] as const))(
    'L1 S20: over %j all are honest, and each gets its deal',
    async (kinds) => {
      const world = worldOf(kinds)
      const members = kinds.map((_, i) => memberOf(world, i))
      for (const member of members) begin(world, member)
      await drive(world, members)
      expect(members.map(({ outcome }) => outcome)).toEqual(kinds.map(() => 'deal'))
      for (const member of members) expectWhole(world, member)
    },
  )

  it.each([0, 1, 2])('L2: member %i never comes: all others have their own back', async (gone) => {
    const world = worldOf(['utxo', 'contract', 'contract'])
    const members = [0, 1, 2].filter((i) => i !== gone).map((i) => memberOf(world, i))
    for (const member of members) begin(world, member)
    await drive(world, members)
    for (const member of members) {
      expect(member.outcome).toBe('no-deal')
      expectWhole(world, member)
    }
  })

  it('S6 S21: whoever is faulty and whoever is in league, no honest member pays without being paid', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...RINGS),
        fc.array(fc.oneof(fc.constant(99), fc.nat(3)), { minLength: 4, maxLength: 4 }),
        fc.array(fc.record({ arc: fc.nat(3), block: fc.nat(120) }), { maxLength: 3 }),
        fc.boolean(),
        async (kinds, deaths, leaks, honestLeader) => {
          const world = worldOf(kinds)
          // An honest leader's secret leaks nowhere before it reveals it.
          const fates = kinds.map((_, i) => (i === 0 && honestLeader ? 99 : (deaths[i] as number)))
          const members = fates.map((dies, i) => memberOf(world, i, dies))
          for (const member of members) begin(world, member)
          const stolen = honestLeader ? [] : leaks.filter(({ arc }) => arc < kinds.length)
          // Who gives the secret away is no honest leader, and may wait for ever for what nobody owes it any more; nor is who uses it.
          const league = new Set(stolen.flatMap(({ arc }) => [0, (arc + 1) % kinds.length]))
          const honest = members.filter(({ index }) => !league.has(index))
          await drive(world, honest, async (block) => {
            for (const { arc, block: from } of stolen) if (block >= from) await leak(world, arc)
          })
          for (const member of honest.filter(({ dead }) => !dead)) expectWhole(world, member)
        },
      ),
      { numRuns: 10 },
    )
  })

  it('L3: a member whose disk is gone finds its two arcs again, by its seed and the chains, and goes on', async () => {
    for (const wiped of [0, 1, 2]) {
      const world = worldOf(['contract', 'contract', 'contract'])
      const members = [0, 1, 2].map((i) => memberOf(world, i))
      for (const member of members) begin(world, member)
      let at: number | undefined
      await drive(world, members, async (block) => {
        const net = world.ring.nets[wiped] as Net.Net
        if (at === undefined && [...net.tip.ledger.locks.values()].some(({ by }) => by === NAMES[wiped])) {
          ;(members[wiped] as Member).dead = true
          at = block
        }
        if (at === undefined || block !== at + 2) return
        const again = memberOf(world, wiped)
        members[wiped] = again
        const { swaps } = await Recovery.recover(again.context, { policy: () => risk })
        const [swap] = swaps
        if (swap === undefined || swaps.length !== 1) throw new Error(`${swaps.length} swaps were recovered`)
        const { terms } = RingAgreement.viewOf(world.signed.agreement, wiped)
        expect(swap.state.durable.terms).toEqual(terms)
        settle(again, Runner.run(again.context, swap))
      })
      expect(at).toBeDefined()
      expect(members.map(({ outcome }) => outcome)).toEqual(['deal', 'deal', 'deal'])
      for (const member of members) expectWhole(world, member)
    }
  })

  it('L3 H23: where a lock’s record has room for two legs and not for a ring, the arc that nobody lists is found all the same', async () => {
    const world = worldOf(['utxo', 'contract', 'contract', 'contract'])
    const members = world.signed.signatures.map((_, i) => memberOf(world, i))
    const [incoming, own] = world.signed.agreement.arcs as [LockTerms.LockTerms, LockTerms.LockTerms]
    const room = LockTerms.encode(incoming).length + LockTerms.encode(own).length + 16
    const bob = members[1] as Member
    const { network } = own.backend
    const side = bob.context.sides[network] as Side.Side
    // As contracts with events do: what finds the other leg is enough, the agreement is there where it has room.
    const prepare: typeof side.adapter.prepare = (intent, o) => {
      const recovery = intent.kind === 'lock' ? intent.recovery : undefined
      const isLong = (recovery?.record.agreement?.length ?? 0) > room
      if (intent.kind !== 'lock' || recovery === undefined || !isLong) return side.adapter.prepare(intent, o)
      const { agreement: _, ...record } = recovery.record
      return side.adapter.prepare({ ...intent, recovery: { ...recovery, record } }, o)
    }
    const sides = { ...bob.context.sides, [network]: { ...side, adapter: { ...side.adapter, prepare } } }
    members[1] = { ...bob, context: { ...bob.context, sides } }
    for (const member of members) begin(world, member)
    let at: number | undefined
    await drive(world, members, async (block) => {
      const locks = [...(world.ring.nets[1] as Net.Net).tip.ledger.locks.values()]
      if (at === undefined && locks.some(({ by }) => by === NAMES[1])) {
        bob.dead = true
        ;(members[1] as Member).dead = true
        at = block
      }
      if (at === undefined || block !== at + 2) return
      const again = memberOf(world, 1)
      members[1] = again
      const { swaps } = await Recovery.recover(again.context, { policy: () => risk })
      expect(swaps.map(({ state }) => state.durable.terms)).toEqual([{ long: incoming, short: own }])
      for (const swap of swaps) settle(again, Runner.run(again.context, swap))
    })
    expect(members.map(({ outcome }) => outcome)).toEqual(['deal', 'deal', 'deal', 'deal'])
    for (const member of members) expectWhole(world, member)
  })

  it('S16: a record that names another role than the ring gives takes no leg from it: what is locked stays the own leg', async () => {
    for (const [index, role] of [
      [1, 'initiator'],
      [0, 'follower'],
    ] as const) {
      const world = worldOf(['contract', 'contract', 'contract'])
      const members = [0, 1, 2].map((i) => memberOf(world, i))
      for (const member of members) begin(world, member)
      const net = world.ring.nets[index] as Net.Net
      for (let block = 0; net.tip.ledger.locks.size === 0 && block < BLOCKS; block++) {
        await quiet()
        for (const one of world.ring.nets) Net.mine(one, one.tip.clock + 1n)
      }
      const again = memberOf(world, index)
      const sides = Object.fromEntries(
        Object.entries(again.context.sides).map(([id, side]) => [
          id,
          {
            ...side,
            adapter: {
              ...side.adapter,
              recoverLocks: async (...args: Parameters<typeof side.adapter.recoverLocks>) =>
                (await side.adapter.recoverLocks(...args)).map((one) => ({
                  ...one,
                  record: { ...one.record, role },
                })),
            },
          },
        ]),
      )
      const { swaps } = await Recovery.recover({ ...again.context, sides }, { policy: () => risk })
      const own = role === 'initiator' ? 'long' : 'short'
      expect(swaps.map(({ state }) => state.durable.terms[own])).toEqual([world.signed.agreement.arcs[index]])
      for (const member of members) member.dead = true
    }
  })

  it('H30 H15: of two rings under one hashlock, both signed by all, a member takes the first alone: one lock goes out', async () => {
    const world = worldOf(['contract', 'contract', 'contract'])
    const members = [0, 1, 2].map((i) => memberOf(world, i))
    for (const member of members) begin(world, member)
    const { agreement } = world.signed
    // Another lock for the successor.
    const arcs = agreement.arcs.map((terms, i) => (i === 1 ? { ...terms, salt: new Uint8Array(32) } : terms))
    const other = { ...agreement, arcs }
    const signatures = [0, 1, 2].map((i) =>
      RingAgreement.sign(other, SwapSeed.identity(seedOf(i), nonceOf(i))),
    )
    const signed = { agreement: other, signatures }
    expect(RingAgreement.verify(signed).ok).toBe(true)
    const verdict = RingPlanner.audit(other, 1, world.ring.chains, risk, NOW)
    if (!verdict.ok) throw new Error(verdict.refusal.message)
    await quiet()
    for (const nonce of [nonceOf(1), nonceOf(7)])
      await expect(
        Runner.openRing((members[1] as Member).context, {
          ...{ member: 1, nonce, signed, margins: verdict.value, policy: risk },
        }),
      ).rejects.toMatchObject({ _tag: 'HashlockReused', code: 4007 })
    await drive(world, members)
    expect(members.map(({ outcome }) => outcome)).toEqual(['deal', 'deal', 'deal'])
    const out = [...(world.ring.nets[1] as Net.Net).tip.ledger.locks.values()].filter(
      ({ by }) => by === NAMES[1],
    )
    expect(out).toHaveLength(1)
  })

  it('error: a ring has no such member', async () => {
    const world = worldOf(['utxo', 'contract', 'contract'])
    const member = memberOf(world, 0)
    const { signed } = world
    const verdict = RingPlanner.audit(signed.agreement, 0, world.ring.chains, risk, NOW)
    if (!verdict.ok) throw new Error(verdict.refusal.message)
    const options = { member: 3, nonce: nonceOf(3), signed, margins: verdict.value, policy: risk }
    await expect(Runner.openRing(member.context, options)).rejects.toMatchObject({ _tag: 'InvalidAgreement' })
  })
})
