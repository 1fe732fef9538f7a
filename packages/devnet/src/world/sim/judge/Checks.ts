// What must hold: at every act of an honest party, in every state, and at the end; by the chains alone, whatever anybody was told.
import { Bytes, Hashlock, type LockTerms, type Signed, type Step } from '@aitbc/core'
import { Agreement, type Planner, type SwapMachine } from '@aitbc/swap'
import * as Chain from '../../Chain.js'
import * as Ledger from '../../Ledger.js'
import { bodyOf } from '../../steps.js'
import { LEGS, type Leg, type Role } from '../Plan.js'

/** A property that doesn't hold; `S6: …`. */
export interface Violation {
  readonly property: string
  readonly message: string
}

/** What a party can't be blamed for at its end. */
export interface Circumstances {
  /** An endpoint lied to it of its incoming leg when it ended. */
  readonly deceived?: boolean
  /** It lost its storage, and nothing of its own is on a chain by which it could know what it had done. */
  readonly bereft?: boolean
  /** It never had what a swap costs, and so may not lock. */
  readonly insolvent?: boolean
}

export interface Options {
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  readonly terms: { readonly [L in Leg]: LockTerms.LockTerms }
  readonly margins: Planner.Margins
  readonly honest: readonly Role[]
  /** Of whom a process may not know what another one has sent: two run at once, or one loses its storage. */
  readonly forgetful: readonly Role[]
  readonly addresses: { readonly [R in Role]: { readonly [L in Leg]: readonly string[] } }
  readonly secret: Bytes.Bytes
  /** What one act may cost on each leg's chain at most, base units of the native coin. */
  readonly budgets: { readonly [L in Leg]: bigint }
  /** Acts are judged by the rules for them; else only what comes of them. */
  readonly acts: boolean
}

export interface Checks {
  readonly violations: Violation[]
  fail(property: string, message: string): void
  /** An honest party is about to do something. */
  heard(role: Role, method: string, args: readonly unknown[]): void
  /** The secret is where others can see it. */
  readonly public: () => boolean
  /** A party has sent a claim. */
  claimed(role: Role): boolean
  state(): void
  end(role: Role, outcome: SwapMachine.Outcome | undefined, circumstances?: Circumstances): void
  /** A party that went has what its towers got for it. */
  gone(role: Role): void
  /** Base units that an honest party has less than its outcome says, fees aside. */
  lost(role: Role): bigint
  /** What it has more of on each leg's chain than at the beginning, its own fees aside. */
  change(role: Role): { readonly [L in Leg]: bigint }
}

/** So often an endpoint may have a party pay for what was done already, by saying that it failed: each time it waits twice as long. */
const MOST_IN_VAIN = 10

export function create(options: Options): Checks {
  const { chains, terms, margins, budgets } = options
  const violations: Violation[] = []
  const fail = (property: string, message: string) => {
    if (!violations.some((one) => one.property === property)) violations.push({ property, message })
  }
  const secretHex = Bytes.toHex(options.secret)
  const secretText = new TextEncoder().encode(secretHex)
  const keys = {
    long: new Set<string>(),
    short: new Set<string>(),
  }
  const judged = new Set<string>()
  const sound: { [L in Leg]?: Ledger.Ledger } = {}
  const claimed = new Set<Role>()
  let leaked = !options.honest.includes('initiator')
  let mayLeak = leaked
  const start = { long: wealthOf('long'), short: wealthOf('short') }

  function wealthOf(leg: Leg): { readonly [R in Role]: bigint } {
    const of = (role: Role) =>
      options.addresses[role][leg].reduce(
        (sum, address) =>
          sum + Ledger.balance(Chain.tip(chains[leg]).ledger, chains[leg].family.kind, address),
        0n,
      )
    return { initiator: of('initiator'), follower: of('follower') }
  }

  const vainOf = (role: Role, leg: Leg): number => {
    let count = 0
    for (const { ok, from } of Chain.tip(chains[leg]).ledger.included.values())
      if (!ok && options.addresses[role][leg].includes(from)) count++
    return count
  }
  const locksOf = (leg: Leg) =>
    [...Chain.tip(chains[leg]).ledger.locks.values()].filter((held) => isOf(leg, held))
  const isOf = (leg: Leg, held: Ledger.Held) => held.script.terms === termsHex(leg)
  const hexes = new Map<Leg, string>()
  const termsHex = (leg: Leg): string => {
    const known = hexes.get(leg)
    if (known !== undefined) return known
    const found = [...Chain.tip(chains[leg]).ledger.locks.values()].find(
      ({ script }) =>
        script.hashlock === Bytes.toHex(terms[leg].hashlock) &&
        script.amount === terms[leg].amount &&
        script.deadline === terms[leg].deadline.value,
    )
    if (found !== undefined) hexes.set(leg, found.script.terms)
    return found?.script.terms ?? ''
  }

  /** S7, S8, S12: the incoming lock is exact, final, unspent, and the only one. */
  const relied = (leg: Leg, property: string, who: Role) => {
    const chain = chains[leg]
    const exact = locksOf(leg).filter(({ late, amount }) => !late && amount === terms[leg].amount)
    const [only] = exact
    if (only === undefined || only.spend !== undefined)
      return fail(property, `${who} acts without an exact, unspent lock on ${leg}`)
    if (only.height > chain.finalized)
      fail(
        property,
        `${who} acts against a lock on ${leg} of height ${only.height}, final is ${chain.finalized}`,
      )
  }
  const left = (leg: Leg) => terms[leg].deadline.value - Chain.tip(chains[leg]).clock

  function signs(role: Role, step: Step): void {
    raises(role, step)
    const leg = LEGS.find((one) => chains[one].network.id === step.network) as Leg
    const { does, fee } = bodyOf(chains[leg].family, step)
    // What makes a lock void has to outbid it, which cost no more.
    const most = does.is === 'nothing' || does.is === 'transfer' ? 2n * budgets[leg] : budgets[leg]
    if (fee > most) fail('S13', `${role} pays ${fee} for a ${step.kind} on ${leg}, of at most ${most}`)
    // Signed before its time, it holds no secret.
    if (does.is === 'claim' && does.hashlock !== undefined && !Ledger.opens(does.secret, does.hashlock))
      return
    if (!options.acts || judged.has(`${role} ${step.kind}`)) return
    if (role === 'follower' && step.kind === 'lock') {
      judged.add(`${role} ${step.kind}`)
      relied('long', 'S8', role)
      // An order that a crash kept from being carried out is carried out as long as the secret may still be revealed against it.
      if (left('short') < margins.reveal.seconds)
        fail('S8', `the follower locks with ${left('short')} s left, ${margins.reveal.seconds} are needed`)
      const apart = left('long') - left('short')
      const skews = margins.gap.seconds - margins.apart.seconds
      if (apart < margins.apart.seconds - skews)
        fail('S8', `the follower locks with the clocks' deadlines ${apart} s apart`)
    }
    if (role === 'initiator' && step.kind === 'claim') {
      mayLeak = true
      // Once it is out, it is out.
      if (leaked) return
      relied('short', 'S7', role)
      if (left('short') < margins.reveal.seconds)
        fail(
          'S7',
          `the secret is revealed with ${left('short')} s left, ${margins.reveal.seconds} are needed`,
        )
    }
  }

  /** L5: no version pays less than one that waits in its place, of a party that knows of it. */
  function raises(role: Role, step: Step): void {
    const chain = chains[LEGS.find((one) => chains[one].network.id === step.network) as Leg]
    if (chain.family.contest === 'none' || options.forgetful.includes(role)) return
    const { rate } = bodyOf(chain.family, step)
    const dearer = chain.mempool.find(
      ({ tx }) =>
        tx.slots[0] === step.conflictKey && tx.from === bodyOf(chain.family, step).from && tx.rate > rate,
    )
    if (dearer !== undefined)
      fail('L5', `${role} signs a ${step.kind} of ${rate}, ${dearer.tx.rate} waits in its place`)
  }

  function submits(role: Role, signed: Signed): void {
    const own = Agreement.ownLeg(role)
    const leg = LEGS.find((one) => chains[one].network.id === signed.step.network) as Leg
    const { family } = chains[leg]
    const body = bodyOf(family, signed.step)
    const { does } = body
    if (does.is === 'lock') {
      if (leg !== own) fail('S9', `${role} locks on ${leg}`)
      // S16: what is locked for is what was signed, to the byte.
      const { amount, hashlock, deadline } = terms[leg]
      const same =
        does.amount === amount &&
        does.script.hashlock === Bytes.toHex(hashlock) &&
        does.script.deadline === deadline.value
      if (!same) fail('S16', `${role} locks for other terms than it signed`)
      // What is sent again when it is in a block already has been paid.
      const isPaid = locksOf(leg).some(({ by }) => options.addresses[role][leg].includes(by))
      if (!isPaid) for (const one of LEGS) keepsReserve(role, one, one === leg ? does.amount + body.fee : 0n)
      keys[leg].add(signed.step.conflictKey)
      if (keys[leg].size > 1 && !family.profile.unique)
        fail('S9', `${role} has locks of ${keys[leg].size} conflict keys`)
      if (options.acts && role === 'follower' && !judged.has('sent')) {
        judged.add('sent')
        relied('long', 'S8', role)
      }
    }
    if (does.is === 'claim') claimed.add(role)
    if (does.is === 'claim' && role === 'initiator') {
      if (!leaked && options.acts) relied('short', 'S7', role)
      leaked = true
    }
  }

  /** S13: what is left pays for a claim or refund at a hundred times a calm market's fees. */
  function keepsReserve(role: Role, leg: Leg, spent: bigint): void {
    const { family, network, blocks } = chains[leg]
    if (family.profile.feesFrom !== 'account') return
    const size = family.size({ is: 'refund' } as Ledger.Does)
    const reserve = family.feeOf(family.calm(network) * 100n, size)
    const { ledger } = Chain.tip({ blocks })
    const has = Ledger.balance(ledger, family.kind, options.addresses[role][leg][0] as string) - spent
    if (has < reserve) fail('S13', `${role} locks with ${has} left on ${leg}, ${reserve} are to be kept`)
  }

  /** What leaves a process has the secret somewhere, as bytes or as text. */
  function tells(value: unknown): boolean {
    if (typeof value === 'string') return value.includes(secretHex)
    if (typeof value !== 'object' || value === null) return false
    if (value instanceof Uint8Array) return includes(value, options.secret) || includes(value, secretText)
    for (const key in value) if (tells((value as Record<string, unknown>)[key])) return true
    return false
  }

  return {
    violations,
    fail,
    public: () => leaked,
    claimed: (role) => claimed.has(role),
    heard(role, method, args) {
      if (method === 'sign') signs(role, args[0] as Step)
      if (method === 'submit') submits(role, args[0] as Signed)
      // S14: nothing that leaves the initiator, to disk or endpoint, has the secret before it may be revealed.
      if (role !== 'initiator' || mayLeak) return
      for (const arg of args) {
        if (!tells(arg)) continue
        // A claim is prepared by the party itself, to be sent.
        if (method === 'prepare' && (arg as { kind?: string }).kind === 'claim') mayLeak = true
        else fail('S14', `${method} has the secret before it may be revealed`)
      }
    },
    state() {
      for (const leg of LEGS) {
        const chain = chains[leg]
        const { ledger } = Chain.tip(chain)
        // What a ledger says never changes.
        if (sound[leg] === ledger) continue
        sound[leg] = ledger
        if (Ledger.total(ledger) !== ledger.minted)
          fail('S1', `${leg} holds ${Ledger.total(ledger)} of ${ledger.minted}`)
        for (const { ref, script, spend } of ledger.locks.values()) {
          if (spend === undefined) continue
          if (spend.is === 'refund' && spend.clock < script.deadline)
            fail('S4', `${leg} refunded ${ref} at ${spend.clock}, before ${script.deadline}`)
          if (spend.is === 'claim') {
            if (!chain.family.profile.lateClaims && spend.clock >= script.deadline)
              fail('S4', `${leg} claimed ${ref} at ${spend.clock}, after ${script.deadline}`)
            const secret = spend.secret === undefined ? undefined : Bytes.fromHex(spend.secret)
            if (secret === undefined || !Hashlock.opens(secret, terms[leg].hashlock))
              fail('S3', `${leg} was claimed without the secret`)
          }
        }
        for (const role of options.honest) {
          if (Agreement.ownLeg(role) !== leg) continue
          const own = locksOf(leg).filter(({ by }) => options.addresses[role][leg].includes(by))
          if (own.length > 1) fail('S9', `${role} has ${own.length} locks on ${leg}`)
        }
      }
    },
    gone(role) {
      const mine = locksOf(Agreement.ownLeg(role)).filter(({ by }) =>
        options.addresses[role][Agreement.ownLeg(role)].includes(by),
      )
      if (mine.some(({ spend }) => spend === undefined)) fail('L7', `${role} is gone, its lock unspent`)
      const paid = mine.some(({ spend }) => spend?.is === 'claim')
      const got = locksOf(Agreement.incomingLeg(role)).some(({ spend }) => spend?.is === 'claim')
      if (paid && !got) fail('L7', `${role} is gone, paid and received nothing`)
      const lost = this.lost(role)
      if (lost > 0n) fail('L7', `${role} is gone, and has ${lost} units less than its outcome says`)
    },
    end(role, outcome, { deceived = false, bereft = false, insolvent = false } = {}) {
      const own = Agreement.ownLeg(role)
      const incoming = Agreement.incomingLeg(role)
      for (const leg of LEGS) {
        const inVain = vainOf(role, leg)
        if (inVain > MOST_IN_VAIN) fail('S13', `${role} paid ${inVain} times in vain on ${leg}`)
      }
      const mine = locksOf(own).filter(({ by }) => options.addresses[role][own].includes(by))
      const paid = mine.some(({ spend }) => spend?.is === 'claim')
      const got = locksOf(incoming).reduce(
        (sum, { spend, amount }) => (spend?.is === 'claim' ? sum + amount : sum),
        0n,
      )
      const received = got >= terms[incoming].amount
      const real = paid ? (received ? 'deal' : 'underwater') : received ? 'free-ride' : 'no-deal'
      if (real === 'underwater') fail('S6', `${role} paid and received nothing`)
      // Whoever couldn't pay for a lock, and made none, may not have the fee of a claim that a gift made possible either.
      if (outcome === undefined)
        return insolvent && mine.length === 0 ? undefined : fail('L6', `${role} is not finished`)
      if (mine.some(({ spend }) => spend === undefined)) fail('L2', `${role} is finished, its lock unspent`)
      // A gift of the whole amount looks like the own lock: the label may say that it was, of a party too that couldn't pay for one.
      const poorer = insolvent && mine.length === 0 && real === 'no-deal' && outcome === 'underwater'
      const gifted = poorer || (real === 'free-ride' && outcome === 'deal')
      // Where its own lock is back, a party that is shown no claim of its own can't know of it, and doesn't wait for ever.
      const hidden = real === 'free-ride' && outcome === 'no-deal' && (deceived || bereft)
      if (real !== outcome && !gifted && !hidden)
        fail('S18', `${role} says ${outcome}, the chains say ${real}`)
      const lost = this.lost(role)
      if (lost > 0n) fail('S1', `${role} has ${lost} units less than its outcome says`)
    },
    change(role) {
      const of = (leg: Leg) => {
        let sum = wealthOf(leg)[role] - start[leg][role]
        for (const { fee, from } of Chain.tip(chains[leg]).ledger.included.values())
          if (options.addresses[role][leg].includes(from)) sum += fee
        return sum
      }
      return { long: of('long'), short: of('short') }
    },
    lost(role) {
      let lost = 0n
      for (const leg of LEGS) {
        const own = options.addresses[role][leg]
        const { ledger } = Chain.tip(chains[leg])
        let wanted = start[leg][role]
        for (const { fee, from } of ledger.included.values()) if (own.includes(from)) wanted -= fee
        if (leg === Agreement.incomingLeg(role)) {
          for (const held of locksOf(leg)) if (held.spend?.is === 'claim') wanted += held.amount
        } else
          for (const held of locksOf(leg)) {
            const mine = own.includes(held.by)
            if (mine && held.spend?.is !== 'refund') wanted -= held.amount
            if (!mine && held.spend?.is === 'refund') wanted += held.amount
          }
        const has = wealthOf(leg)[role]
        if (has < wanted) lost += wanted - has
        // What an outcome doesn't cover: a lock of its own that was claimed, and nothing for it.
        const paid =
          leg === Agreement.ownLeg(role) &&
          locksOf(leg).some((held) => own.includes(held.by) && held.spend?.is === 'claim')
        const incoming = Agreement.incomingLeg(role)
        if (paid && !locksOf(incoming).some(({ spend }) => spend?.is === 'claim')) lost += terms[leg].amount
      }
      return lost
    },
  }
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  const first = part[0] as number
  for (
    let at = bytes.indexOf(first);
    at >= 0 && at + part.length <= bytes.length;
    at = bytes.indexOf(first, at + 1)
  ) {
    let i = 1
    while (i < part.length && bytes[at + i] === part[i]) i++
    if (i === part.length) return true
  }
  return false
}
