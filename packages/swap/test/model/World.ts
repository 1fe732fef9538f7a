// Two chains, one or two parties that run the real `step`, and an adversary who holds all other strings: who is mined when and in
// which order, reorganisations, clocks, halts, crashes, blindness, and every lock, claim and refund of a party that isn't honest.
// A world is a value; `tick` gives the next one. What must hold in every state is checked in every state.
import type { Deadline, LockTerms, Timing } from '@aitbc/core'
import { Agreement, Planner, type Policy, Runner, SwapMachine } from '@aitbc/swap'
import * as Chain from './Chain.js'
import {
  clockOf,
  EPOCH,
  FOLLOWER,
  hex,
  INITIATOR,
  NETWORK,
  network,
  profiles,
  SECRET,
  terms,
} from './fixtures.js'

export interface Setup {
  readonly kinds: { readonly [L in Agreement.Leg]: Chain.Kind }
  readonly timing: { readonly [L in Agreement.Leg]: Timing }
  readonly policy: Policy.Policy
  /** Who runs the real machine; the others do what the adversary likes. */
  readonly honest: readonly Agreement.Role[]
  /** Added to the planned gap between the deadlines. */
  readonly gap?: bigint
  /** Added to the planned time to the short leg's deadline. */
  readonly slack?: bigint
  /** Added to the least time at which the machine reveals. */
  readonly reveal?: bigint
}

interface Waiting {
  readonly tx: Chain.Tx
  /** Blocks that could have had it. */
  readonly age: number
  /** Whoever sends it raises its fee until it is mined. */
  readonly urgent: boolean
  /** Given to a miner, and to nobody else. */
  readonly hidden: boolean
}

interface Side {
  readonly tip: Chain.Block
  readonly mempool: readonly Waiting[]
  /** What the chain's clock is off by. */
  readonly skew: bigint
  readonly haltLeft: bigint
  readonly halted: bigint
}

export interface Party {
  readonly role: Agreement.Role
  readonly state: SwapMachine.SwapState
  /** What it signed, by the machine's key and version; a runner's journal would hold it. */
  readonly signed: ReadonlyMap<string, Chain.Tx>
  readonly offlineLeft: bigint
  readonly finished?: SwapMachine.Outcome
}

export interface World {
  readonly setup: Setup
  readonly now: bigint
  readonly margins: Planner.Margins
  readonly terms: { readonly [L in Agreement.Leg]: LockTerms.LockTerms }
  readonly scripts: { readonly [L in Agreement.Leg]: Chain.Script }
  readonly sides: { readonly [L in Agreement.Leg]: Side }
  readonly parties: { readonly [R in Agreement.Role]?: Party }
  readonly reorgsLeft: bigint
  /** Number of transactions that the adversary made. */
  readonly made: number
  /** The secret has been somewhere that the adversary sees. */
  readonly leaked: boolean
}

/** What the adversary does in one tick; each number is taken modulo what there is to choose from. */
export interface Move {
  /** Own acts, each a bit: see {@link ACTS}. */
  readonly acts: number
  /** Which waiting transactions go into the block, each a bit. */
  readonly mined: { readonly [L in Agreement.Leg]: number }
  /** Own transactions go first where two compete. */
  readonly first: boolean
  readonly reorg?: { readonly leg: Agreement.Leg; readonly depth: number; readonly refill: boolean }
  readonly skew?: { readonly [L in Agreement.Leg]: bigint }
  readonly halt?: Agreement.Leg
  /** What happens to honest parties, other than that they look and act. */
  readonly fate?: { readonly [R in Agreement.Role]?: Fate }
}

/**
 * `offline`: neither looks nor acts. `crash`: what it decided is durable, nothing of it is carried out. `amnesia`: it decides
 * nothing durable, and starts again. `after-send`: crashes when its transactions are out, before it has noted that.
 * `blind-…`: can't read a leg. `absent-…`: is told that a leg has no locks. `refunded-…`: that all of them went back for good, unproved.
 */
export const FATES = [
  'offline',
  'crash',
  'amnesia',
  'after-send',
  'blind-long',
  'blind-short',
  'absent-long',
  'absent-short',
  'refunded-long',
  'refunded-short',
] as const
export type Fate = (typeof FATES)[number]

export const ACTS = [
  'lock',
  'lock-less',
  'lock-more',
  'lock-again',
  'refund',
  'claim',
  'claim-hidden',
  'gift-dust',
  'gift-whole',
] as const

const LEGS = ['long', 'short'] as const
const FEE = 1n
const secret = hex(SECRET)

export class Violation extends Error {}

export function create(setup: Setup): World {
  const chains = {
    long: {
      network: network(NETWORK.long, setup.kinds.long, setup.timing.long, setup.timing.long.finality),
      profile: profiles[setup.kinds.long],
    },
    short: {
      network: network(NETWORK.short, setup.kinds.short, setup.timing.short, setup.timing.short.finality),
      profile: profiles[setup.kinds.short],
    },
  }
  const plan = Planner.plan(chains.long, chains.short, setup.policy, EPOCH, { slack: setup.slack ?? 0n })
  const longAt = plan.long.value + (setup.gap ?? 0n)
  const both = {
    long: terms('long', setup.kinds.long, longAt),
    short: terms('short', setup.kinds.short, plan.short.value),
  }
  const rules = Runner.rulesOf(plan.margins, setup.policy, {
    long: profiles[setup.kinds.long],
    short: profiles[setup.kinds.short],
  })
  const shifted = {
    ...rules,
    apart: rules.apart + (setup.gap ?? 0n),
    reveal: rules.reveal + (setup.reveal ?? 0n),
    spends: { long: setup.policy.assurance, short: setup.policy.assurance },
  }
  const scriptOf = (leg: Agreement.Leg): Chain.Script => {
    const [locker, beneficiary] = leg === 'long' ? [INITIATOR, FOLLOWER] : [FOLLOWER, INITIATOR]
    const { amount, deadline, hashlock } = both[leg]
    return { key: leg, amount, deadline: deadline.value, hashlock: hex(hashlock), locker, beneficiary }
  }
  const side = (leg: Agreement.Leg): Side => ({
    tip: Chain.genesis(EPOCH - 1n, { [INITIATOR]: 100_000n, [FOLLOWER]: 100_000n }),
    mempool: [],
    skew: 0n,
    haltLeft: setup.timing[leg].outage,
    halted: 0n,
  })
  const parties = Object.fromEntries(
    setup.honest.map((role): [Agreement.Role, Party] => [
      role,
      {
        role,
        state: SwapMachine.start(role, both, shifted),
        signed: new Map(),
        offlineLeft: setup.policy.offline,
      },
    ]),
  )
  return {
    setup,
    now: EPOCH - 1n,
    margins: plan.margins,
    terms: both,
    scripts: { long: scriptOf('long'), short: scriptOf('short') },
    sides: { long: side('long'), short: side('short') },
    parties,
    reorgsLeft: setup.policy.reorgs,
    made: 0,
    leaked: !setup.honest.includes('initiator'),
  }
}

/** Where in a leg's mempool, once the adversary has acted, it can choose; and whether its own transactions compete with others. */
export function choices(
  world: World,
  acts: number,
  leg: Agreement.Leg,
): { readonly indices: readonly number[]; readonly compete: boolean } {
  const after = adversary(world, { ...calm, acts })
  const side = after.sides[leg]
  const kind = world.setup.kinds[leg]
  const most = Number(world.setup.timing[leg].inclusion) - 1
  const able = side.mempool.map((w) =>
    Chain.canInclude(kind, side.tip.ledger, w.tx, world.now + 1n + side.skew),
  )
  const indices = side.mempool.flatMap((w, i) => (able[i] && !(w.urgent && w.age + 1 >= most) ? [i] : []))
  const sent = side.mempool.filter((_, i) => able[i])
  const compete = sent.some((w) => isHostile(world, w.tx)) && sent.some((w) => !isHostile(world, w.tx))
  return { indices, compete }
}

/** Nothing hostile: everything that waits is mined, everybody honest looks and acts. */
export const calm: Move = { acts: 0, mined: { long: -1, short: -1 }, first: false }

/** One tick: the adversary acts, each chain has a block, the honest parties look and act. */
export function tick(before: World, move: Move): World {
  let world: World = { ...before, now: before.now + 1n }
  world = adversary(world, move)
  if (move.reorg !== undefined) world = reorganise(world, move.reorg)
  for (const leg of LEGS) world = block(world, leg, move)
  for (const role of ['initiator', 'follower'] as const) {
    const party = world.parties[role]
    if (party !== undefined) world = live(world, party, move.fate?.[role])
  }
  check(world)
  return world
}

/** From here on everybody lets time pass and honest parties act: how L2 and L6 are seen. */
export function settle(before: World): World {
  let world = before
  const { long } = world.terms
  const bound = long.deadline.value + world.margins.settle.long.seconds + world.margins.settle.short.seconds
  const reorgs =
    world.setup.policy.reorgs * (world.setup.timing.long.inclusion + world.setup.timing.short.inclusion)
  const end = bound + reorgs + world.setup.policy.offline + 12n
  while (world.now < end && !isOver(world)) world = tick(world, calm)
  return world
}

export function isOver(world: World): boolean {
  return world.setup.honest.every((role) => world.parties[role]?.finished !== undefined)
}

/** What really became of an honest party, by the chains alone. */
export function outcomeOf(world: World, role: Agreement.Role): SwapMachine.Outcome {
  const own = Agreement.ownLeg(role)
  const incoming = Agreement.incomingLeg(role)
  const locks = (leg: Agreement.Leg) =>
    [...world.sides[leg].tip.ledger.locks.values()].filter((l) => l.script.key === leg)
  const paid = locks(own).some((lock) => lock.by === role && lock.spend?.is === 'claim')
  const got = locks(incoming).reduce((sum, l) => (l.spend?.is === 'claim' ? sum + l.amount : sum), 0n)
  const received = got >= world.terms[incoming].amount
  return paid ? (received ? 'deal' : 'underwater') : received ? 'free-ride' : 'no-deal'
}

/** What an honest party lost or won on the chains beside fees, in units of each leg. */
export function gains(world: World, role: Agreement.Role): { readonly [L in Agreement.Leg]: bigint } {
  const of = (leg: Agreement.Leg) => (world.sides[leg].tip.ledger.balances.get(role) ?? 0n) - 100_000n
  return { long: of('long'), short: of('short') }
}

// The adversary

function adversary(before: World, move: Move): World {
  let world = before
  for (const role of ['initiator', 'follower'] as const) {
    if (world.parties[role] !== undefined) continue
    for (const [bit, act] of ACTS.entries()) if ((move.acts >> bit) & 1) world = hostile(world, role, act)
  }
  return world
}

function hostile(world: World, role: Agreement.Role, act: (typeof ACTS)[number]): World {
  const own = Agreement.ownLeg(role)
  const incoming = Agreement.incomingLeg(role)
  const { amount } = world.terms[own]
  switch (act) {
    case 'lock':
    case 'lock-again':
      return send(world, own, role, `${role}-${act}`, { is: 'lock', script: world.scripts[own], amount })
    case 'lock-less':
      return send(world, own, role, `${role}-${act}`, { is: 'lock', script: world.scripts[own], amount: 3n })
    case 'lock-more':
      return send(world, own, role, `${role}-${act}`, {
        is: 'lock',
        script: world.scripts[own],
        amount: amount + 7n,
      })
    case 'gift-dust':
    case 'gift-whole': {
      if (world.setup.kinds[incoming] === 'contract') return world
      const sum = act === 'gift-dust' ? 2n : world.terms[incoming].amount
      return send(world, incoming, role, `${role}-${act}`, {
        is: 'lock',
        script: world.scripts[incoming],
        amount: sum,
      })
    }
    case 'refund': {
      let next = world
      const { tip } = world.sides[own]
      const clock = tip.clock + 1n
      for (const lock of tip.ledger.locks.values())
        if (lock.spend === undefined && clock >= lock.script.deadline)
          next = send(next, own, role, `${role}-refund-${lock.ref}`, { is: 'refund', ref: lock.ref })
      return next
    }
    case 'claim':
    case 'claim-hidden': {
      if (!world.leaked) return world
      let next = world
      for (const lock of world.sides[incoming].tip.ledger.locks.values())
        if (lock.spend === undefined)
          next = send(
            next,
            incoming,
            role,
            `${role}-${act}-${lock.ref}`,
            { is: 'claim', ref: lock.ref, secret },
            act === 'claim-hidden',
          )
      return next
    }
  }
}

/** Puts a hostile transaction into the mempool, or into a miner's pocket; each act once. */
function send(
  world: World,
  leg: Agreement.Leg,
  role: Agreement.Role,
  name: string,
  does: Chain.Tx['does'],
  hidden = false,
): World {
  const side = world.sides[leg]
  let id = `!${name}`
  // What failed on a contract chain may be tried again.
  for (let again = 1; side.tip.ledger.included.get(id)?.ok === false && again < 4; again++)
    id = `!${name}#${again}`
  if (side.mempool.some((w) => w.tx.id === id) || side.tip.ledger.included.has(id)) return world
  const slot =
    does.is === 'lock' || does.is === 'nothing' || world.setup.kinds[leg] === 'contract'
      ? id
      : `lock:${does.ref}`
  const tx: Chain.Tx = { id, by: role, slot, fee: FEE, does }
  return withSide({ ...world, made: world.made + 1 }, leg, {
    ...side,
    mempool: [...side.mempool, { tx, age: 0, urgent: false, hidden }],
  })
}

function reorganise(world: World, move: NonNullable<Move['reorg']>): World {
  const { leg } = move
  const side = world.sides[leg]
  const most = Math.min(Number(world.setup.timing[leg].reorg), side.tip.height)
  if (world.reorgsLeft === 0n || most === 0) return world
  const depth = 1 + (Math.max(0, move.depth) % most)
  const kind = world.setup.kinds[leg]
  let undone: Chain.Block[] = []
  for (let at = side.tip; undone.length < depth && at.parent !== undefined; at = at.parent)
    undone = [at, ...undone]
  const base = Chain.back(side.tip, depth)
  // The new branch has as many blocks, at the same times: empty ones, or with what the adversary wants in the first of them.
  const hostileTxs = side.mempool.filter((w) => !w.urgent && isHostile(world, w.tx)).map((w) => w.tx)
  let tip = base
  for (const [i, old] of undone.entries())
    tip = Chain.mine(kind, tip, old.clock, i === 0 && move.refill ? hostileTxs : [], '~')
  const again = undone
    .flatMap((old) => old.txs)
    .filter((tx) => !tip.ledger.included.has(tx.id))
    .map(
      (tx): Waiting => ({
        tx,
        age: 0,
        urgent: !isHostile(world, tx) && tx.does.is !== 'lock',
        hidden: false,
      }),
    )
  const mempool = [...side.mempool.filter((w) => !tip.ledger.included.has(w.tx.id)), ...again]
  return withSide({ ...world, reorgsLeft: world.reorgsLeft - 1n }, leg, { ...side, tip, mempool })
}

function isHostile(world: World, tx: Chain.Tx): boolean {
  return world.parties[tx.by as Agreement.Role] === undefined
}

function block(world: World, leg: Agreement.Leg, move: Move): World {
  const side = world.sides[leg]
  const kind = world.setup.kinds[leg]
  if (move.halt === leg && side.haltLeft > 0n)
    return withSide(world, leg, { ...side, haltLeft: side.haltLeft - 1n, halted: side.halted + 1n })
  const { lead, lag, inclusion } = world.setup.timing[leg]
  const wanted = move.skew?.[leg] ?? side.skew
  const skew = clamp(wanted, -lag, lead)
  const { tip: parent } = side
  // After a halt the first block still carries a time from before it.
  const proposed = side.halted > 0n ? parent.clock + 1n : world.now + skew
  const least = parent.clock + (kind === 'contract' ? 1n : 0n)
  const clock = proposed > least ? proposed : least
  const most = Number(inclusion) - 1
  const chosen = side.mempool.filter((w, i) => {
    const overdue = w.urgent && w.age + 1 >= most
    return overdue || ((move.mined[leg] >> (i % 31)) & 1) === 1
  })
  const order = (w: Waiting) => Number(isHostile(world, w.tx) !== move.first)
  const txs = [...chosen].sort((a, b) => order(a) - order(b)).map((w) => w.tx)
  const tip = Chain.mine(kind, side.tip, clock, txs)
  const mempool = side.mempool
    .filter((w) => !tip.ledger.included.has(w.tx.id) && !tip.ledger.slots.has(w.tx.slot))
    .map((w) => ({ ...w, age: w.age + 1 }))
  // What a hidden transaction tells, its block tells.
  return withSide(world, leg, { ...side, tip, mempool, skew, halted: 0n })
}

function clamp(value: bigint, min: bigint, max: bigint): bigint {
  if (value < min) return min
  return value > max ? max : value
}

// The honest parties

function live(before: World, party: Party, wanted: Fate | undefined): World {
  if (party.finished !== undefined) return before
  // Until a party's lock is ordered its absence costs nothing; from then on it is bounded, as the plan assumes.
  const counted = party.state.durable.ordered
  const fate = counted && party.offlineLeft <= 0n ? undefined : wanted
  const offlineLeft = fate !== undefined && counted ? party.offlineLeft - 1n : party.offlineLeft
  const put = (world: World, change: Partial<Party>): World => ({
    ...world,
    parties: { ...world.parties, [party.role]: { ...party, offlineLeft, ...change } },
  })
  if (fate === 'offline') return put(before, {})
  let { state } = party
  let commands: readonly SwapMachine.Command[] = []
  const apply = (event: SwapMachine.SwapEvent) => {
    ;({ state, commands } = SwapMachine.step(state, event))
  }
  for (const leg of LEGS) apply({ is: 'unreadable', leg, why: 'not read yet' })
  for (const leg of LEGS) apply(sight(before, leg, fate))
  const isVoid = (command: SwapMachine.Command) => command.do === 'void'
  if (commands.some(isVoid) && isVoided(before, party)) apply({ is: 'voided' })
  const restarted = SwapMachine.resume(party.role, fate === 'amnesia' ? party.state.durable : state.durable)
  if (fate === 'amnesia' || fate === 'crash') return put(before, { state: restarted })
  idempotent(before, state, fate, commands)
  let world = before
  let signed = party.signed
  const durable = state.durable
  let revealed = false
  for (const command of commands) {
    if (command.do === 'finish') return put(world, { state, signed, finished: command.outcome })
    if (command.do === 'alarm') continue
    const done = carryOut(world, party.role, signed, command, state)
    world = done.world
    signed = done.signed
    revealed ||= done.revealed
  }
  if (fate === 'after-send') return put(world, { state: SwapMachine.resume(party.role, durable), signed })
  if (revealed) apply({ is: 'revealed' })
  return put(world, { state, signed })
}

function sight(world: World, leg: Agreement.Leg, fate: Fate | undefined): SwapMachine.SwapEvent {
  if (fate === `blind-${leg}`) return { is: 'unreadable', leg, why: 'no answer' }
  const { tip } = world.sides[leg]
  const locks = fate === `absent-${leg}` ? [] : viewsOf(world, leg).map((view) => twisted(view, leg, fate))
  return { is: 'seen', leg, locks, now: nowOf(world, leg, tip.clock) }
}

/** A refund that nobody made, as an endpoint alone tells it. */
function twisted(
  view: SwapMachine.LockView,
  leg: Agreement.Leg,
  fate: Fate | undefined,
): SwapMachine.LockView {
  if (fate !== `refunded-${leg}` || view.spend !== undefined) return view
  const refund = { kind: 'refund', transaction: 'none' } as const
  return { ...view, spend: { spend: refund, depth: 99n, final: true, assurance: 'reported' } }
}

export function viewsOf(world: World, leg: Agreement.Leg): readonly SwapMachine.LockView[] {
  const { tip, mempool } = world.sides[leg]
  const visible = mempool.filter((w) => !w.hidden).map((w) => w.tx)
  return Chain.viewsOf(world.setup.kinds[leg], tip, visible, leg, Number(world.setup.timing[leg].finality))
}

function nowOf(world: World, leg: Agreement.Leg, value: bigint): Deadline.Deadline {
  return { network: NETWORK[leg], clock: clockOf(world.setup.kinds[leg]), value }
}

function isVoided(world: World, party: Party): boolean {
  const leg = Agreement.ownLeg(party.role)
  const lock = party.signed.get(`lock/${leg}`)
  if (lock === undefined) return true
  const { tip } = world.sides[leg]
  const by = tip.ledger.slots.get(lock.slot)
  const at = by === undefined ? undefined : tip.ledger.included.get(by)
  if (at === undefined || (by === lock.id && at.ok)) return false
  return tip.height - at.height + 1 >= Number(world.setup.timing[leg].finality)
}

interface Done {
  readonly world: World
  readonly signed: ReadonlyMap<string, Chain.Tx>
  readonly revealed: boolean
}

type Act = Extract<SwapMachine.Command, { leg: Agreement.Leg }>

/** Does what a runner does: one transaction a command, sent again as long as it isn't included. */
function carryOut(
  world: World,
  role: Agreement.Role,
  signed: ReadonlyMap<string, Chain.Tx>,
  command: Act,
  state: SwapMachine.SwapState,
): Done {
  const { leg } = command
  const side = world.sides[leg]
  const kind = world.setup.kinds[leg]
  let all = signed
  let tx = signed.get(command.key)
  const failed = tx !== undefined && side.tip.ledger.included.get(tx.id)?.ok === false
  if (tx === undefined || failed) {
    const made = transaction(world, role, signed, command, kind)
    if (made === undefined) return { world, signed, revealed: false }
    tx = made
    all = new Map(signed).set(command.key, tx)
  }
  const { id, slot } = tx
  const reveals = tx.does.is === 'claim' && role === 'initiator'
  if (side.tip.ledger.slots.has(slot) || side.mempool.some((w) => w.tx.id === id))
    return { world, signed: all, revealed: false }
  if (command.do === 'lock' && !state.durable.ordered)
    throw new Violation('a lock that is not ordered durably')
  if (command.do === 'lock' && !signed.has(command.key)) mayLock(world, role)
  if (reveals && !world.leaked) mayReveal(world, state)
  const waiting: Waiting = { tx, age: 0, urgent: command.do !== 'lock', hidden: false }
  const next = withSide(world, leg, { ...side, mempool: [...side.mempool, waiting] })
  return { world: reveals ? { ...next, leaked: true } : next, signed: all, revealed: reveals }
}

function transaction(
  world: World,
  role: Agreement.Role,
  signed: ReadonlyMap<string, Chain.Tx>,
  command: Act,
  kind: Chain.Kind,
): Chain.Tx | undefined {
  const { leg, key } = command
  const last = signed.get(key)
  const id =
    last === undefined ? `${role}:${key}` : `${role}:${key}#${Number(last.id.split('#')[1] ?? 0) + 1}`
  const base = { id, by: role, fee: FEE }
  switch (command.do) {
    case 'lock':
      if (last !== undefined) return undefined
      return {
        ...base,
        slot: `coin:${role}`,
        does: { is: 'lock', script: world.scripts[leg], amount: command.terms.amount },
      }
    case 'void':
      return signed.has(`lock/${leg}`)
        ? { ...base, slot: `coin:${role}`, does: { is: 'nothing' } }
        : undefined
    case 'claim':
    case 'refund': {
      const slot = kind === 'utxo' ? `lock:${command.lock.ref}` : id
      const { ref } = command.lock
      const does =
        command.do === 'refund' ? ({ is: 'refund', ref } as const) : ({ is: 'claim', ref, secret } as const)
      return { ...base, slot, does }
    }
  }
}

function withSide(world: World, leg: Agreement.Leg, side: Side): World {
  return { ...world, sides: { ...world.sides, [leg]: side } }
}

// What must hold

/** S8: the follower locks only against an exact, final lock, with the time that its own claim may need. S12: nothing shallower. */
function mayLock(world: World, role: Agreement.Role): void {
  if (role === 'initiator') return
  const { long, short } = world.terms
  const exact = viewsOf(world, 'long').filter((v) => v.lock.match === 'exact')
  const [only] = exact
  if (exact.length !== 1 || !only?.final || only.spend !== undefined)
    throw new Violation('S8: the follower locks without an exact, final, unspent lock')
  if (only.lock.amount !== long.amount) throw new Violation('S8: the follower locks against another amount')
  const left = short.deadline.value - world.sides.short.tip.clock
  const apart = long.deadline.value - world.sides.long.tip.clock - left
  const { gap, lock } = world.margins
  const skews = world.setup.timing.long.lead + world.setup.timing.short.lag
  if (left < lock.seconds) throw new Violation(`S8: the follower locks with ${left} s left`)
  if (apart < gap.seconds - skews + (world.setup.gap ?? 0n))
    throw new Violation(`S8: the follower locks with the clocks' deadlines ${apart} s apart`)
}

/** S7: the initiator reveals only against an exact, final lock that has time left on its own clock. */
function mayReveal(world: World, state: SwapMachine.SwapState): void {
  const exact = viewsOf(world, 'short').filter((v) => v.lock.match === 'exact')
  const [only] = exact
  if (exact.length !== 1 || !only?.final || only.spend !== undefined)
    throw new Violation('S7: the secret is revealed without an exact, final, unspent lock')
  const left = world.terms.short.deadline.value - world.sides.short.tip.clock
  const least = world.margins.reveal.seconds + (world.setup.reveal ?? 0n)
  if (left < least) throw new Violation(`S7: the secret is revealed with ${left} s left, ${least} are needed`)
  if (state.durable.stop !== undefined) throw new Violation('S7: the secret is revealed after a stop')
}

/** Commands are levels: the same views again give the same commands, and change nothing durable. */
function idempotent(
  world: World,
  state: SwapMachine.SwapState,
  fate: Fate | undefined,
  commands: readonly SwapMachine.Command[],
): void {
  if (commands.some((command) => command.do === 'finish')) return
  const keys = (list: readonly SwapMachine.Command[]) =>
    list
      .map((command) => command.key)
      .sort()
      .join(' ')
  for (const leg of LEGS) {
    const again = SwapMachine.step(state, sight(world, leg, fate))
    if (keys(again.commands) !== keys(commands))
      throw new Violation(`the ${leg} view again gives ${keys(again.commands)}, before ${keys(commands)}`)
    if (again.state.durable !== state.durable)
      throw new Violation(`the ${leg} view again changes what is durable`)
  }
}

function check(world: World): void {
  for (const leg of LEGS) {
    const { tip } = world.sides[leg]
    if (Chain.total(tip.ledger) !== 200_000n)
      throw new Violation(`S1: ${leg} holds ${Chain.total(tip.ledger)}`)
    for (const lock of tip.ledger.locks.values()) {
      if (lock.spend === undefined) continue
      const { is, clock } = lock.spend
      if (is === 'refund' && clock < lock.script.deadline)
        throw new Violation(`S4: ${leg} refunded at ${clock}`)
      if (is === 'claim' && world.setup.kinds[leg] === 'contract' && clock >= lock.script.deadline)
        throw new Violation(`S4: ${leg} claimed at ${clock}`)
    }
  }
  for (const role of world.setup.honest) {
    const party = world.parties[role] as Party
    const own = Agreement.ownLeg(role)
    const mine = [...world.sides[own].tip.ledger.locks.values()].filter((l) => l.by === role)
    if (mine.length > 1) throw new Violation(`S9: ${role} has ${mine.length} locks`)
    if (party.finished === undefined) continue
    if (party.finished === 'underwater') throw new Violation(`S18: ${role} says underwater`)
  }
}

/** At the end: every honest party is finished, none is underwater, and what it says is what happened (S6, S18, L2). */
export function judge(world: World): void {
  for (const role of world.setup.honest) {
    const party = world.parties[role] as Party
    const real = outcomeOf(world, role)
    if (real === 'underwater') throw new Violation(`S6: ${role} is underwater`)
    if (party.finished === undefined)
      throw new Violation(
        `L6: ${role} is not finished at ${world.now}: ${SwapMachine.waitingFor(party.state) ?? 'acting'}`,
      )
    const own = Agreement.ownLeg(role)
    const locked = [...world.sides[own].tip.ledger.locks.values()].some(
      (l) => l.by === role && l.spend === undefined,
    )
    if (locked) throw new Violation(`L2: ${role} is finished with its lock unspent`)
    // A gift of the whole amount that the giver takes back looks like the own lock: the label may say that it was.
    const gifted = real === 'free-ride' && party.finished === 'deal'
    if (real !== party.finished && !gifted)
      throw new Violation(`S18: ${role} says ${party.finished}, the chains say ${real}`)
  }
}
