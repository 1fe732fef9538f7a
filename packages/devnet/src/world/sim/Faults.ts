// What goes wrong in a universe, as its plan says: at its time, or as soon as there is something to undo.
import { Agreement } from '@aitbc/swap'
import * as Chain from '../Chain.js'
import type * as Ledger from '../Ledger.js'
import type { Honest } from './Honest.js'
import type { Checks } from './judge/Checks.js'
import type { Undone } from './judge/Undone.js'
import type { Miners } from './Miners.js'
import { deepest, EPOCH, type Fault, LEGS, type Leg, type Plan } from './Plan.js'
import type { Stage } from './Stage.js'
import type { Towers } from './Towers.js'

export interface Options {
  readonly miners: Miners
  readonly honest: Honest
  readonly towers: Towers
  readonly checks: Checks
  readonly undone: Undone
}

export interface Faults {
  /** Does what is due. */
  strike(): void
  /** UTC of the next one, seconds. */
  next(): number | undefined
  /** Undoes so many blocks of a chain, as far as they aren't final; everybody forgets those of their transactions that are dropped. */
  undo(leg: Leg, depth: number, drop: (tx: Ledger.Tx) => boolean): void
}

export function create(stage: Stage, { miners, honest, towers, checks, undone }: Options): Faults {
  const { plan, deal, chains, struck } = stage
  const { tracks } = miners
  const events = timetable(plan)
  const undoing = plan.faults.filter((fault) => fault.is === 'undo')
  /** The transactions that were seen in a block, and are undone in the next instant. */
  const stood = new Map<Fault, string>()

  const told = (fault: Fault) => stage.told(`fault: ${JSON.stringify(fault)}`)

  function undo(leg: Leg, wanted: number, drop: (tx: Ledger.Tx) => boolean): void {
    const chain = chains[leg]
    const fresh = Chain.tip(chain).height - chain.finalized - 1n
    const depth = BigInt(wanted) < fresh ? BigInt(wanted) : fresh
    if (depth <= 0n) return
    const from = Chain.tip(chain).height - depth
    const gone = chain.blocks.flatMap(({ height, txs }) => (height > from ? txs : []))
    Chain.reorganise(chain, depth, { drop })
    const { height } = Chain.tip(chain)
    tracks[leg].fresh = tracks[leg].fresh.filter((one) => one <= height - depth)
    undone.note(leg, gone.filter(drop))
  }

  function undoOf(fault: Extract<Fault, { is: 'undo' }>): void {
    const { who, act } = fault
    const leg = act === 'claim' ? Agreement.incomingLeg(who) : Agreement.ownLeg(who)
    const chain = chains[leg]
    for (const { height, txs } of chain.blocks.slice(-40)) {
      if (txs.length === 0 || height <= chain.finalized) continue
      const tx = txs.find(({ from, does }) => does.is === act && deal.addresses[who][leg].includes(from))
      if (tx === undefined) continue
      const depth = Number(Chain.tip(chain).height - height) + 1
      if (depth > deepest(plan.families[leg])) continue
      // Its sender has seen it in a block, where time doesn't jump to where that is final.
      if (chain.family.median && stood.get(fault) !== tx.id) stood.set(fault, tx.id)
      else {
        struck.add(fault)
        told(fault)
        undo(leg, depth, ({ id }) => id === tx.id)
      }
      return
    }
  }

  function strike({ fault, begins }: Event): void {
    struck.add(fault)
    if (fault.is !== 'rpc' && begins) told(fault)
    switch (fault.is) {
      case 'offline': {
        const process = honest.of(fault.who)
        if (process !== undefined) process.offline = begins
        // Who is back looks at once.
        if (!begins) for (const leg of LEGS) Chain.tell(chains[leg])
        return
      }
      case 'rpc':
        if (!begins) Chain.tell(chains[fault.leg])
        return
      case 'reorg':
        undo(fault.leg, fault.depth, () => fault.drop)
        return
      case 'censor': {
        const track = tracks[fault.leg]
        track.censoredUntil = Math.max(track.censoredUntil, stage.now + fault.for)
        return
      }
      case 'spike': {
        const chain = chains[fault.leg]
        const calm = chain.family.calm(chain.network)
        chain.demand = begins ? calm * BigInt(fault.times) : calm
        return
      }
      case 'halt': {
        const track = tracks[fault.leg]
        track.haltedUntil = Math.max(track.haltedUntil, stage.now + fault.for)
        return
      }
      case 'skew':
        tracks[fault.leg].skew = fault.by
        return
      case 'forget':
        Chain.forget(chains[fault.leg], () => true)
        return
      case 'lag':
        chains[fault.leg].lag += BigInt(fault.by)
        return
      case 'gone': {
        const process = honest.of(fault.who)
        if (!begins) towers.lose(fault.who)
        else if (process !== undefined) towers.take(process)
        return
      }
      case 'twin':
        honest.of(fault.who)?.twin(fault.wiped)
        return
      case 'reuse':
        honest.of(fault.who)?.reuse(deal.again(), (what) => checks.fail('S10', `${fault.who} ${what}`))
    }
  }

  return {
    strike() {
      const at = stage.now - EPOCH
      while (events[0] !== undefined && events[0].at <= at) strike(events.shift() as Event)
      for (const fault of undoing) if (!struck.has(fault)) undoOf(fault)
    },
    next: () => events[0] && EPOCH + events[0].at,
    undo,
  }
}

interface Event {
  readonly at: number
  readonly fault: Fault
  /** Else it is over. */
  readonly begins: boolean
}

function timetable(plan: Plan): Event[] {
  const events: Event[] = []
  for (const fault of plan.faults) {
    if ('at' in fault) events.push({ at: fault.at, fault, begins: true })
    if (fault.is === 'gone') events.push({ at: fault.at + fault.lost, fault, begins: false })
    if ('from' in fault) {
      events.push({ at: fault.from, fault, begins: true })
      const ends = fault.is === 'offline' || fault.is === 'spike' || fault.is === 'rpc'
      if (ends) events.push({ at: fault.from + fault.for, fault, begins: false })
    }
  }
  return events.sort((a, b) => a.at - b.at)
}
