// What miners put into blocks and when: honest parties' transactions are kept waiting, all others may go first.
import * as Chain from '../Chain.js'
import type * as Ledger from '../Ledger.js'
import * as Random from '../Random.js'
import * as Clockwork from './Clockwork.js'
import { LEGS, type Leg } from './Plan.js'
import type { Stage } from './Stage.js'

export interface Miners {
  /** Each leg's chain with what happens to it. */
  readonly tracks: { readonly [L in Leg]: Clockwork.Track }
  /** Makes the blocks that are due. */
  mine(): void
  /** When something of a chain happens next, UTC in seconds, where blocks near these times of its clock count. */
  next(leg: Leg, from: number, times: readonly bigint[]): number | undefined
}

export function create(stage: Stage): Miners {
  const { plan, chains, honest } = stage
  const r = Random.of(`run/${plan.seed}`)
  const tracks = {
    long: Clockwork.track(chains.long, r.fork('long'), stage.now),
    short: Clockwork.track(chains.short, r.fork('short'), stage.now),
  }
  const inclusion = (leg: Leg) => chains[leg].network.timing[plan.risk].inclusion
  const delays = new Map<string, number>()
  const rulesOf = (leg: Leg): Clockwork.Rules => {
    const most = Number(inclusion(leg)) / 8
    return {
      isHonest: (tx) => honest.has(tx.from),
      delay(tx) {
        const known = delays.get(tx.id)
        if (known !== undefined) return known
        const drawn = Random.of(`${plan.seed}/${tx.id}`)
        const delay = drawn.chance(0.6) ? 0 : Math.floor(drawn.float() * most)
        delays.set(tx.id, delay)
        return delay
      },
    }
  }
  const rules = { long: rulesOf('long'), short: rulesOf('short') }
  const always = r.fork('unfair').chance(0.5)
  const unfair = (leg: Leg) => {
    const chain = chains[leg]
    const most = inclusion(leg) / 2n
    // Markets calm down now and then: what pays at all is included in the end.
    return ({ tx, hidden, since }: Chain.Waiting) =>
      !honest.has(tx.from) && (always || hidden || chain.now > since + most)
  }
  const favoured = { long: unfair('long'), short: unfair('short') }

  return {
    tracks,
    mine() {
      for (const leg of LEGS) {
        const chain = chains[leg]
        const before = Chain.tip(chain)
        Clockwork.produce(tracks[leg], rules[leg], stage.now, favoured[leg])
        if (Chain.tip(chain) !== before)
          for (const { height, clock, txs } of chain.blocks.slice(-4))
            if (height > before.height && txs.length > 0)
              stage.told(`${leg} block ${height} at ${clock}: ${txs.map(nameOf).join(', ')}`)
        chain.now = BigInt(stage.now)
      }
    },
    next: (leg, from, times) => Clockwork.next(tracks[leg], rules[leg], from, times),
  }
}

function nameOf({ does, id, fee }: Ledger.Tx): string {
  return `${does.is} ${id.slice(0, 12)} for ${fee}`
}
