import type { Leg as Name, Role } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import type { Chain, Setting } from './Setting.js'

/**
 * One leg's chain, as far as the swap depends on it. Depths count blocks, the including one too, up to the first that is final. A
 * transaction that waits counts the blocks that could have had it, from 1; one of the adversary is only visible (1), and what it
 * doesn't show needs no place here: it may be in any block.
 */
export interface Leg {
  readonly lock: 'none' | 'waits' | 'in' | 'void'
  readonly depth: number
  /** The lock is of less than the amount that was agreed upon. */
  readonly less: boolean
  /** Somebody else paid it into an honest party's lock. */
  readonly gift: boolean
  /** An honest party's lock that waits, where its inclusion is bounded. */
  readonly lockAge: number
  /** The transaction that makes a waiting lock impossible. */
  readonly voidAge: number
  readonly spend: 'none' | 'claim' | 'refund'
  readonly spendDepth: number
  readonly claimAge: number
  readonly refundAge: number
  /** Whoever could claim it has signed for its refund at any time, and can't take that back. */
  readonly waived: boolean
  /** Ticks that the chain may still stand still. */
  readonly haltLeft: number
  /** What the clock, by which the next block is judged, is off by. */
  readonly skew: number
}

/** What an honest party may do to a leg, each a bit. */
export const ACTS = { lock: 1, void: 2, refund: 4, claim: 8, waive: 16 } as const

/** What is final about a leg, each a bit. */
export const FINAL = { claim: 1, refund: 2 } as const

/** Small numbers by place, as many as there are places. */
export interface Numbers {
  get(at: number): number
  set(at: number, value: number): void
}

export function numbers(unset = 0): Numbers {
  let values = new Int32Array(1 << 10).fill(unset)
  return {
    get: (at) => (at < values.length ? (values[at] as number) : unset),
    set(at, value) {
      if (at >= values.length) {
        const wider = new Int32Array(2 ** Math.ceil(Math.log2(at + 1))).fill(unset)
        wider.set(values)
        values = wider
      }
      values[at] = value
    },
  }
}

/** Put back into the mempool by a reorganisation in this very tick. */
const BACK = -1
/** The most states of a leg that fit into a packed state. */
export const MOST = 1 << 16

/** Most ticks of one of a chain's times, and until a deadline: what is counted in more is counted wrong, or for ever. */
const LONGEST = { time: 1 << 12, deadline: 1 << 20 } as const

function assertTicks(chain: Chain, deadline: number, name: Name): void {
  const { inclusion, finality, reorg, lag, lead, outage } = chain
  for (const [what, ticks, most] of [
    ...Object.entries({ inclusion, finality, reorg, lag, lead, outage }).map(
      ([what, ticks]) => [what, ticks, LONGEST.time] as const,
    ),
    ['deadline', Math.abs(deadline), LONGEST.deadline] as const,
  ])
    if (!(ticks < most))
      throw SwapErrors.CheckTooLarge(
        `${what} of the ${name} leg must be less than ${most} ticks, got ${ticks}`,
        {
          bound: 'times',
        },
      )
}

/** The states of one leg that were met, by number, and what follows from each. */
export interface Legs {
  readonly name: Name
  readonly chain: Chain
  readonly all: readonly Leg[]
  readonly start: number
  /** {@link Leg.skew}, by number. */
  readonly skews: Numbers
  /** What is final, by number: bits of {@link FINAL}. */
  readonly final: Numbers
  of(leg: Leg): number
  /**
   * The leg's states after the next tick, each as `state | reorganised << 16`.
   *
   * @param left ticks from the clock, by which the next block is judged, to the deadline
   * @param open the adversary knows the secret
   * @param reorgs a reorganisation is left to it
   */
  next(leg: number, left: number, open: boolean, reorgs: boolean): Uint32Array
  /** The leg after an honest party's acts. */
  act(leg: number, acts: number): number
}

export function createLegs(setting: Setting, name: Name): Legs {
  const chain = setting.chains[name]
  assertTicks(chain, setting.deadlines[name], name)
  const { inclusion: S, finality: F, reorg: R, lag, lead, lateClaims, lateLocks, shown } = chain
  const honest = (role: Role) => setting.honest.includes(role)
  const locker = honest(name === 'long' ? 'initiator' : 'follower')
  const beneficiary = honest(name === 'long' ? 'follower' : 'initiator')
  const steady = setting.clocks === 'free' ? undefined : setting.clocks[name]
  const cap = F + 1

  const all: Leg[] = []
  const skews = numbers()
  const final_ = numbers()
  const known = new Map<string, number>()
  const of = (leg: Leg): number => {
    const key = `${leg.lock},${leg.depth},${leg.less},${leg.gift},${leg.lockAge},${leg.voidAge},${leg.spend},${leg.spendDepth},${leg.claimAge},${leg.refundAge},${leg.haltLeft},${leg.skew},${leg.waived}`
    const at = known.get(key)
    if (at !== undefined) return at
    if (all.length >= MOST)
      throw SwapErrors.CheckTooLarge(`the ${name} leg has more than ${MOST} states`, { bound: 'legs' })
    const made = all.length
    known.set(key, made)
    all.push(leg)
    skews.set(made, leg.skew)
    const final = leg.spend !== 'none' && leg.spendDepth === cap
    final_.set(made, final ? FINAL[leg.spend] : 0)
    return made
  }

  /** What can't matter any more is forgotten. */
  const canonical = (leg: Leg): Leg => {
    const settled = leg.spend !== 'none' && leg.spendDepth === cap
    const gone = leg.lock === 'void' && leg.depth === cap
    return settled || gone
      ? { ...leg, depth: cap, haltLeft: 0, skew: steady ?? 0, claimAge: 0, refundAge: 0, waived: false }
      : leg
  }

  /** A block without a transaction of the swap. */
  const pass = (leg: Leg, left: number): Leg => {
    const age = (value: number, mine: boolean) =>
      value === 0 || !mine ? value : value === BACK ? 1 : value + 1
    const claimable = lateClaims || left > 0
    return {
      ...leg,
      depth: leg.depth === 0 ? 0 : Math.min(leg.depth + 1, cap),
      spendDepth: leg.spendDepth === 0 ? 0 : Math.min(leg.spendDepth + 1, cap),
      lockAge: leg.lockAge === 0 ? 0 : leg.lockAge + 1,
      voidAge: age(leg.voidAge, true),
      claimAge: claimable ? age(leg.claimAge, beneficiary) : 0,
      refundAge: age(leg.refundAge, locker),
    }
  }

  const gifts = setting.gifts === true && locker
  const drops = setting.drops === true
  const locked = (leg: Leg, less: boolean, depth: number): Leg => ({
    ...leg,
    lock: 'in',
    depth,
    less,
    gift: gifts && leg.lock === 'none',
    lockAge: 0,
    voidAge: 0,
  })

  const spent = (leg: Leg, spend: 'claim' | 'refund', depth: number): Leg => ({
    ...leg,
    spend,
    spendDepth: depth,
    claimAge: 0,
    refundAge: 0,
  })

  /** What the next block may hold: the adversary chooses, also between two that compete, but for what is overdue. */
  const block = (leg: Leg, left: number, open: boolean): Leg[] => {
    const waits = pass(leg, left)
    const lockable = lateLocks || left > 0
    switch (leg.lock) {
      case 'none':
        if (!lockable) return [waits]
        if (locker) return gifts ? [waits, locked(waits, false, 1)] : [waits]
        return [waits, locked(waits, false, 1), locked(waits, true, 1)]
      case 'waits': {
        // A call that fails uses its nonce up.
        if (!lockable)
          return [locker ? { ...waits, lock: 'void', depth: 1, lockAge: 0, voidAge: 0 } : none(waits)]
        const overdue = leg.voidAge === S || (setting.fair === true && leg.lockAge === S)
        return [
          ...(overdue ? [] : [waits]),
          locked(waits, false, 1),
          ...(leg.voidAge === 0
            ? []
            : [{ ...waits, lock: 'void', depth: 1, lockAge: 0, voidAge: 0 } as const]),
          ...(locker ? [] : [none(waits)]),
        ]
      }
      case 'void':
        return [waits]
      case 'in': {
        if (leg.spend !== 'none') return [waits]
        const claimable = lateClaims || left > 0
        const refundable = left <= 0
        const overdue =
          (beneficiary && leg.claimAge === S && claimable) || (locker && leg.refundAge === S && refundable)
        return [
          ...(overdue ? [] : [waits]),
          ...(claimable && (leg.claimAge !== 0 || (!beneficiary && open)) ? [spent(waits, 'claim', 1)] : []),
          ...(leg.waived || (refundable && (leg.refundAge !== 0 || !locker))
            ? [spent(waits, 'refund', 1)]
            : []),
        ]
      }
    }
  }

  const none = (leg: Leg): Leg => ({
    ...leg,
    lock: 'none',
    depth: 0,
    less: false,
    gift: false,
    spend: 'none',
    spendDepth: 0,
    claimAge: 0,
    refundAge: 0,
  })

  /** What a reorganisation of the last `r` blocks may leave, before the block that makes it the longer branch. */
  const undo = (leg: Leg, r: number, left: number, open: boolean): Leg[] => {
    // The clock of the first block that is replaced.
    const then = left + r
    const lockable = !locker && (lateLocks || then > 0)
    const relocks = (base: Leg) => (lockable ? [locked(base, false, r), locked(base, true, r)] : [])
    const respends = (base: Leg): Leg[] => [
      ...(!beneficiary && open && (lateClaims || then > 0) ? [spent(base, 'claim', r)] : []),
      ...(base.waived || (!locker && then <= 0) ? [spent(base, 'refund', r)] : []),
    ]
    if (leg.lock === 'none' || leg.lock === 'waits') return relocks(none(leg))
    if (leg.depth <= r) {
      if (leg.lock === 'void') return [{ ...leg, lock: 'waits', depth: 0, voidAge: BACK }]
      const base = none(leg)
      return locker && !leg.gift
        ? [{ ...base, lock: 'waits', lockAge: setting.fair === true ? 1 : 0 }]
        : [base, ...relocks(base)]
    }
    if (leg.lock === 'void') return []
    if (leg.spend === 'none') return respends(leg)
    if (leg.spendDepth > r) return []
    const base: Leg = {
      ...leg,
      spend: 'none',
      spendDepth: 0,
      claimAge: leg.spend === 'claim' && beneficiary && !drops ? BACK : 0,
      // Before the deadline only what both signed may be in again, and nobody is bound to take that.
      refundAge: leg.spend === 'refund' && locker && !drops && (left <= 0 || !leg.waived) ? BACK : 0,
    }
    return [base, ...respends(base)]
  }

  /** The clock after a block: never earlier than before, and within its bounds unless the chain stood still. */
  const clocks = (skew: number): number[] => {
    if (steady !== undefined) return [steady]
    const least = Math.max(skew - 1, -lag)
    return [...new Set([least, Math.min(Math.max(skew, least), lead), lead])]
  }

  /** The clocks that the next block may be judged by: the one that was looked at, or one that has run ahead since. */
  const judges = (skew: number): number[] => (steady === undefined && skew < lead ? [skew, lead] : [skew])

  /** What the adversary shows in the mempool. */
  const shows = (leg: Leg, left: number, open: boolean): Leg[] => {
    if (leg.lock === 'none' && !locker && shown) return [leg, { ...leg, lock: 'waits' }]
    if (leg.lock !== 'in' || leg.spend !== 'none') return [leg]
    const claims = !beneficiary && open && leg.claimAge === 0 && (lateClaims || left > 0)
    const refunds = !locker && leg.refundAge === 0 && (left <= 0 || leg.waived)
    return [leg, ...(claims ? [{ ...leg, claimAge: 1 }] : []), ...(refunds ? [{ ...leg, refundAge: 1 }] : [])]
  }

  const after = (leg: Leg, left: number, open: boolean, reorgs: boolean): Uint32Array => {
    const found = new Set<number>()
    const add = (base: Leg, mark: number) => {
      for (const judged of judges(leg.skew)) {
        const then = left + leg.skew - judged
        for (const content of block(base, then, open))
          for (const skew of clocks(judged))
            for (const one of shows({ ...content, skew }, then, open)) found.add(of(canonical(one)) | mark)
      }
    }
    add(leg, 0)
    if (reorgs) for (let r = 1; r <= R; r++) for (const base of undo(leg, r, left, open)) add(base, MOST)
    // The first block after a halt is judged by the clock of the last one before it, or by a time that has gone on.
    if (leg.haltLeft > 0)
      for (const skew of [leg.skew - 1, ...clocks(leg.skew)])
        found.add(of({ ...leg, haltLeft: leg.haltLeft - 1, skew }))
    return Uint32Array.from(found)
  }

  // Only whether the clock had passed the deadline up to R blocks ago matters, or may have done so by the next one.
  const least = -R
  const most = 1 + (steady === undefined ? lead + lag + chain.outage : 0)
  const width = most - least + 1
  const nexts: (Uint32Array | undefined)[][] = []
  const acted = numbers(-1)
  return {
    name,
    chain,
    all,
    skews,
    final: final_,
    start: of({
      lock: 'none',
      depth: 0,
      less: false,
      gift: false,
      lockAge: 0,
      voidAge: 0,
      spend: 'none',
      spendDepth: 0,
      claimAge: 0,
      refundAge: 0,
      haltLeft: chain.outage,
      skew: steady ?? 0,
      waived: false,
    }),
    of,
    next(leg, left, open, reorgs) {
      const clamped = Math.max(least, Math.min(left, most))
      const at = (clamped - least) * 4 + (open ? 2 : 0) + (reorgs ? 1 : 0)
      let row = nexts[leg]
      if (row === undefined) {
        row = new Array<Uint32Array | undefined>(width * 4).fill(undefined)
        while (nexts.length < leg) nexts.push([])
        nexts[leg] = row
      } else if (row.length === 0) for (let i = 0; i < width * 4; i++) row.push(undefined)
      const ready = row[at]
      if (ready !== undefined) return ready
      const made = after(all[leg] as Leg, clamped, open, reorgs)
      row[at] = made
      return made
    },
    act(leg, acts) {
      if (acts === 0) return leg
      const at = leg * 32 + acts
      const ready = acted.get(at)
      if (ready >= 0) return ready
      let one = all[leg] as Leg
      if ((acts & ACTS.lock) !== 0 && one.lock === 'none')
        one = { ...one, lock: 'waits', lockAge: setting.fair === true ? 1 : 0 }
      if ((acts & ACTS.void) !== 0 && one.lock === 'waits' && one.voidAge === 0) one = { ...one, voidAge: 1 }
      if (one.lock === 'in' && one.spend === 'none') {
        if ((acts & ACTS.refund) !== 0 && one.refundAge === 0) one = { ...one, refundAge: 1 }
        if ((acts & ACTS.claim) !== 0 && one.claimAge === 0) one = { ...one, claimAge: 1 }
        if ((acts & ACTS.waive) !== 0) one = { ...one, waived: true }
      }
      const made = of(one)
      acted.set(at, made)
      return made
    },
  }
}
