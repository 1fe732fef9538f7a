import type { Signed } from '@aitbc/core'
import * as TowerMachine from '../watch/TowerMachine.js'
import type * as WatchJob from '../watch/WatchJob.js'
import { EPOCH } from './Setting.js'
import { SECRET, termsOf } from './Sight.js'

/** One claim or refund that is signed at several prices, and who is out to keep it from being included. Times are blocks. */
export interface FeeSetting {
  readonly does: 'claim' | 'refund'
  /** Prices at which it is signed. */
  readonly rungs: number
  /** Blocks that a rung may wait. */
  readonly patience: number
  readonly deadline: number
  readonly lateClaims: boolean
  /** Blocks at which nobody looks, in all. */
  readonly offline: number
  /** Restarts with nothing remembered, in all. */
  readonly crashes: number
}

/** What came of it. */
export interface FeesFound {
  readonly states: number
  readonly violation?: string
}

export type FeeMachine = Pick<typeof TowerMachine, 'start' | 'step'>

interface State {
  readonly tower: TowerMachine.TowerState
  /** The highest rung that was sent since the last restart. */
  readonly sent: number
  /** Blocks since it was first due, since the last restart; -1 before. */
  readonly waited: number
  /** The rung that waits in the mempool, -1 where none does. */
  readonly waits: number
  readonly mined: boolean
  readonly offline: number
  readonly crashes: number
}

const REF = 'long'
const TASK = 0

/**
 * Every history of one claim's or refund's fees (L5): at each block the market asks what it likes, or isn't known; nodes call any version but the
 * dearest too cheap, and any that pays less than what waits; they forget what waits, miners leave it out, a reorganisation undoes it; whoever
 * sends it is away, or starts anew with nothing remembered.
 *
 * Holds that it is sent at each look until it is in a block (L4), no refund before its deadline (S4), never for less than before, nor for less
 * than the market asks as long as there is a dearer version; that one called too cheap is followed by the next one at once; and that the
 * dearest goes out in the last two blocks before a claim's deadline, and once each of the others has had its time.
 */
export function exploreFees(setting: FeeSetting, machine: FeeMachine = TowerMachine): FeesFound {
  const { does, rungs, patience, deadline, lateClaims } = setting
  const top = rungs - 1
  const terms = termsOf('long', deadline)
  const price = (rung: number) => BigInt(2 + 3 * rung)
  const ladder = Array.from({ length: rungs }, (_, rung): Signed => {
    const { network } = terms.backend
    const maxFee = { asset: terms.asset, amount: price(rung) }
    const from = (does === 'claim' ? terms.beneficiary : terms.locker).account
    return {
      step: { network, kind: does, from, format: 'model', payload: NONE, maxFee, conflictKey: REF },
      id: `${rung}`,
      raw: NONE,
    }
  })
  const job: WatchJob.WatchJob = {
    issue: 1n,
    hashlock: terms.hashlock,
    secret: SECRET as NonNullable<WatchJob.WatchJob['secret']>,
    tasks: [{ do: does, terms, rungs: [{ ref: REF, ladder }] }],
  }
  const asks = [undefined, ...Array.from({ length: rungs + 1 }, (_, rung) => price(rung))]

  let violation: string | undefined
  const fail = (message: string) => {
    violation ??= message
  }
  const sends = (commands: readonly TowerMachine.TowerCommand[]) =>
    commands.flatMap((command) => (command.do === 'send' ? [command.rung] : []))

  /** All that nodes may answer to a rung, and what follows from each answer. */
  const answered = (state: State, rung: number, block: number): State[] => {
    if (rung < state.sent) fail(`L5: rung ${rung} is sent in block ${block}, ${state.sent} was before`)
    const after = { ...state, sent: Math.max(rung, state.sent) }
    const taken = rung >= state.waits ? [{ ...after, waits: rung }] : []
    if (rung >= top) return taken
    const next = machine.step(state.tower, { is: 'outbid', task: TASK, ref: REF, rung })
    const [dearer, ...others] = sends(next.commands)
    if (dearer !== rung + 1 || others.length > 0) {
      fail(`L5: rung ${rung} is too cheap in block ${block}, and the next one isn't sent`)
      return taken
    }
    return [...taken, ...answered({ ...after, tower: next.state }, dearer, block)]
  }

  const looks = (state: State, block: number): State[] => {
    const left = deadline - block
    const due = does === 'refund' ? left <= 0 : lateClaims || left > 0
    const waited = due ? state.waited + 1 : -1
    const same = new Set<number>()
    return asks.flatMap((ask) => {
      const spend = { kind: does, depth: state.mined ? 1n : 0n, final: false }
      const next = machine.step(state.tower, {
        ...{ is: 'seen', task: TASK, height: BigInt(block), utc: BigInt(block), now: at(block) },
        ...{ lateClaims, settle: 1000n },
        locks: [{ lock: { ref: REF, amount: terms.amount }, ...(state.waits < 0 ? {} : { spend }) }],
        asks: ask === undefined ? {} : { [REF]: ask },
        patience: BigInt(patience),
        blockTimeMs: 1000n,
      })
      const now = { ...state, tower: next.state, waited }
      const [rung, ...others] = sends(next.commands)
      if (rung !== undefined && !due)
        fail(
          does === 'refund' ? 'S4: a refund goes out before its deadline' : 'S4: a claim goes out too late',
        )
      if (state.mined || !due) return [{ ...now, waited: state.mined ? state.waited : waited }]
      if (rung === undefined || others.length > 0) {
        fail(`L4: the ${does} is due in block ${block}, and not sent once`)
        return [now]
      }
      if (rung < top) {
        if (ask !== undefined && price(rung) < ask)
          fail(`L5: rung ${rung} is sent in block ${block} for less than the market asks`)
        if (does === 'claim' && left <= LAST)
          fail(`L5: rung ${rung} is sent in block ${block}, ${left} before the deadline`)
        if (waited >= patience * top)
          fail(`L5: rung ${rung} is sent in block ${block}, after ${waited} blocks of waiting`)
      }
      // What follows depends on the rung alone, whatever the market asked.
      if (same.has(rung)) return []
      same.add(rung)
      return answered(now, rung, block)
    })
  }
  const at = (block: number) => ({ ...terms.deadline, value: BigInt(EPOCH + block) })

  /** What the chain and its nodes may come to, before anybody looks. */
  const drawn = (state: State): State[] => {
    if (state.mined) return [state, { ...state, mined: false }]
    if (state.waits < 0) return [state]
    return [state, { ...state, waits: -1 }, { ...state, mined: true }]
  }

  const fresh: State = {
    ...{ tower: machine.start(job), sent: -1, waited: -1, waits: -1, mined: false },
    ...{ offline: setting.offline, crashes: setting.crashes },
  }
  let now = [fresh]
  let states = 1
  const last = deadline + patience * rungs + 2
  for (let block = 0; block <= last && violation === undefined; block++) {
    const next = new Map<string, State>()
    const put = (state: State) => {
      const { tower, ...rest } = state
      const { since = 0n, rung = -1 } = tower.tasks[TASK]?.sent[REF] ?? {}
      next.set(`${since},${rung},${Object.values(rest)}`, state)
    }
    for (const before of now)
      for (const state of drawn(before)) {
        for (const one of looks(state, block)) put(one)
        if (state.offline > 0)
          put({ ...state, offline: state.offline - 1, waited: state.waited < 0 ? -1 : state.waited + 1 })
        const restarted = { ...state, tower: machine.start(job), sent: -1, waited: -1 }
        if (state.crashes > 0)
          for (const one of looks({ ...restarted, crashes: state.crashes - 1 }, block)) put(one)
      }
    now = [...next.values()]
    states += now.length
  }
  return { states, ...(violation === undefined ? {} : { violation }) }
}

const NONE = /* @__PURE__ */ new Uint8Array(0)
/** So few blocks before a claim's deadline nothing is kept back. */
const LAST = 2

/** Claims and refunds, on chains that take late claims and others. */
export const feeSettings: readonly FeeSetting[] = (['claim', 'refund'] as const).flatMap((does) =>
  // A refund is due from the deadline on, whatever becomes of claims.
  (does === 'claim' ? [false, true] : [false]).flatMap((lateClaims) =>
    [1, 2].map((patience) => ({
      ...{ does, lateClaims, patience, rungs: 3, offline: 1, crashes: 1 },
      deadline: does === 'claim' ? 5 : 1,
    })),
  ),
)
