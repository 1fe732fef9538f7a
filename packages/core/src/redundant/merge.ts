// What follows from the answers of several endpoints of which any but one may lie: pure, over plain data.
import type { FeeRates, Status } from '../ChainAdapter.js'
import { TIME_THRESHOLD } from '../Deadline.js'
import * as Fact from '../Fact.js'
import type { Due, Lock, Match, Spend } from '../Lock.js'
import type { Network, Risk } from '../Network.js'
import type { Refusal } from '../Verdict.js'
import type { Answer, Heard } from './ask.js'

/** How much has to be heard before it is believed. */
export interface Rules {
  readonly network: Network
  readonly endpoints: number
  /** So many must say the same of what nothing proves. */
  readonly agree: number
  /** So many must answer before "nothing there" is believed. */
  readonly answers: number
}

/** What is told, and whether endpoints that answered contradict each other about it. */
export interface Told<T> {
  readonly fact: Fact.Told<T>
  /** So many say so as the rules ask for, or nobody says otherwise. */
  readonly undisputed: boolean
  /** Every version that an endpoint tells to be final: evidence decides which one is true. */
  readonly final: readonly Fact.Fact<T>[]
  readonly tellers: readonly number[]
  /** So many answered and show nothing of it. */
  readonly denied: number
}

/** Whether a block is irreversible by its network's finality rule. */
function isFinal(
  { finality }: Network,
  { at, depth, asOf }: Pick<Fact.Fact<unknown>, 'at' | 'depth' | 'asOf'>,
) {
  if (at === 'mempool' || depth === 0n) return false
  if (finality.rule === 'instant') return true
  if (finality.rule === 'depth') return depth >= finality.depth
  return asOf.finalized !== undefined && at.height <= asOf.finalized.height
}

interface Sight<T> extends Answer<Fact.Fact<T>> {
  readonly final: boolean
}

/** Deepest first. */
function byDepth<T>(a: Sight<T>, b: Sight<T>): number {
  if (a.final !== b.final) return a.final ? -1 : 1
  return a.value.depth > b.value.depth ? -1 : a.value.depth < b.value.depth ? 1 : a.from - b.from
}

function grouped<K, V>(all: readonly V[], keyOf: (one: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>()
  for (const one of all) {
    const key = keyOf(one)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return groups
}

function again<T>({ value, at, asOf }: Fact.Fact<T>, assurance: Fact.Assurance): Fact.Told<T> {
  return Fact.told(value, at, asOf, assurance === 'quorum' ? 'quorum' : 'reported')
}

/**
 * Who tells the same, deepest first. Who names no transaction, for its node forgot it or never indexed it, tells the same as the most of those
 * who name one and say nothing else otherwise.
 */
function versionsOf<T extends Lock | Spend>(
  sights: readonly Sight<T>[],
  nameOf: (value: T) => string,
): readonly (readonly Sight<T>[])[] {
  const versions = [
    ...grouped(
      [...sights].sort(byDepth),
      ({ value: { value } }) => `${value.transaction} ${nameOf(value)}`,
    ).values(),
  ]
  const first = (group: readonly Sight<T>[]) => (group[0] as Sight<T>).value.value
  for (const group of versions.filter((one) => first(one).transaction === '')) {
    const name = nameOf(first(group))
    const [most] = versions
      .filter((one) => one !== group && one.length > 0 && nameOf(first(one)) === name)
      .sort((a, b) => b.length - a.length)
    most?.push(...group.splice(0))
    most?.sort(byDepth)
  }
  return versions.filter(({ length }) => length > 0)
}

/**
 * What endpoints say of one thing that some of them show. So many that say the same are believed as far as the last of them goes: so deep an
 * honest one has seen it, if fewer lie. Else the least that anybody tells who shows it; where others who answered show nothing, or something
 * else, what can't be true for all is in no block that anybody could rely on.
 */
function settle<T extends Lock | Spend>(
  sights: readonly Sight<T>[],
  denied: number,
  demote: (chosen: Sight<T>) => boolean,
  { agree }: Rules,
  nameOf: (value: T) => string,
): Told<T> {
  const versions = versionsOf(sights, nameOf)
  const final = versions.flatMap((group) => {
    const of = group.filter((one) => one.final)
    // Evidence is had of a transaction.
    const one = of.find(({ value }) => value.value.transaction !== '') ?? of[0]
    return one === undefined ? [] : [one.value]
  })
  const tellers = sights.map(({ from }) => from)
  const agreed = versions.find((group) => group.length >= agree)
  const last = agreed?.[agree - 1]
  if (last !== undefined) {
    const assurance = agree > 1 ? 'quorum' : last.value.assurance === 'quorum' ? 'quorum' : 'reported'
    return { fact: again(last.value, assurance), undisputed: true, final, tellers, denied }
  }
  // What most of them tell, and of that the least.
  const [most] = [...versions].sort((a, b) => b.length - a.length)
  const chosen = most?.at(-1) as Sight<T>
  const undisputed = denied === 0 && versions.length === 1
  const fact =
    !undisputed && demote(chosen)
      ? Fact.reported(chosen.value.value, 'mempool', chosen.value.asOf)
      : again(chosen.value, 'reported')
  return { fact, undisputed, final, tellers, denied }
}

function nothing<T>(
  absent: readonly Fact.Fact<null>[],
  count: number,
  { agree, answers }: Rules,
  why: Refusal,
): Fact.Read<T> {
  // The oldest that anybody has looked at: nothing is said of later blocks.
  const [oldest] = [...absent].sort((a, b) => compare(a.asOf.height, b.asOf.height))
  if (oldest === undefined || count < answers) return { is: 'unknown', why }
  return { is: 'absent', fact: again(oldest, count >= agree && count > 1 ? 'quorum' : 'reported') }
}

const tooFew = (what: string, count: number, { answers }: Rules): Refusal => ({
  check: 'answers',
  message: `${count} of at least ${answers} endpoints told whether there is ${what}`,
  context: { answered: count, needed: answers },
})

/** Locks as endpoints tell of them, by place, and the answer that there is none, for where none of these is left. */
export function locks(
  heard: Heard<readonly Fact.Read<Lock>[]>,
  rules: Rules,
): { readonly found: readonly Told<Lock>[]; readonly none: Fact.Read<Lock> } {
  const sights: Sight<Lock>[] = []
  const absent: Fact.Fact<null>[] = []
  const unknown: Refusal[] = []
  let whole = 0
  for (const { from, value: reads } of heard.answers) {
    const doubts = reads.flatMap((read) => (read.is === 'unknown' ? [read.why] : []))
    unknown.push(...doubts)
    // Whoever can't tell all says nothing of what it doesn't show.
    if (doubts.length === 0) whole++
    // What one tells twice counts once.
    const shown = new Map<string, Fact.Fact<Lock>>()
    for (const read of reads)
      if (read.is === 'absent') absent.push(read.fact)
      else if (read.is === 'found') shown.set(read.fact.value.ref, read.fact)
    for (const value of foremost([...shown.values()]))
      sights.push({ from, value, final: isFinal(rules.network, value) })
  }
  const none = nothing<Lock>(absent, whole, rules, unknown[0] ?? tooFew('a lock', whole, rules))
  const found = [...grouped(sights, ({ value }) => value.value.ref).values()].map((of) => {
    const denied = Math.max(0, whole - of.length)
    // One that is in a block for some is in none for others a moment later: only that it is there for good is held against who shows none.
    return settle(
      of,
      denied,
      ({ final }) => final,
      rules,
      ({ amount, match }) => `${match === 'exact' ? '' : match} ${amount}`,
    )
  })
  return { found, none }
}

/** Most locks of one endpoint that are looked at: anybody can pay dust to where one is, thousands of times. */
const MOST_LOCKS = 64

function foremost(facts: Fact.Fact<Lock>[]): readonly Fact.Fact<Lock>[] {
  if (facts.length <= MOST_LOCKS) return facts
  facts.sort(({ value: a }, { value: b }) => byMatch(a, b) || compare(b.amount, a.amount))
  return facts.slice(0, MOST_LOCKS)
}

/** What ended a lock as endpoints tell of it: a claim first, for its secret proves itself. */
export function spend(
  heard: Heard<Fact.Read<Spend>>,
  rules: Rules,
): { readonly found?: Told<Spend>; readonly none: Fact.Read<Spend> } {
  const sights: Sight<Spend>[] = []
  const absent: Fact.Fact<null>[] = []
  const unknown: Refusal[] = []
  for (const { from, value: read } of heard.answers)
    if (read.is === 'absent') absent.push(read.fact)
    else if (read.is === 'unknown') unknown.push(read.why)
    else sights.push({ from, value: read.fact, final: isFinal(rules.network, read.fact) })
  const whole = sights.length + absent.length
  const none = nothing<Spend>(absent, whole, rules, unknown[0] ?? tooFew('a claim or a refund', whole, rules))
  if (sights.length === 0) return { none }
  const nameOf = ({ kind }: Spend) => kind
  const all = settle(sights, absent.length, () => true, rules, nameOf)
  if (all.undisputed) return { found: all, none }
  const rank = ({ value: { value: of } }: Sight<Spend>) =>
    of.kind === 'refund' ? 2 : of.secret === undefined ? 1 : 0
  const best = Math.min(...sights.map(rank))
  const first = sights.filter((one) => rank(one) === best)
  const found = settle(first, whole - first.length, () => true, rules, nameOf)
  return { found: { ...all, fact: found.fact }, none }
}

/**
 * The head that is believed: where so many must agree, so far has an honest one come; where one honest endpoint has to do, the latest that
 * UTC allows. A clock that leads UTC by no more than the network's own may is one that planners count with; whoever shows more lies or is
 * skewed (H25), and whoever shows less is older than the honest one. Heights have no such bound: of heads as late as that, the one in the middle.
 */
export function tip(
  heads: readonly Answer<Fact.Fact<Fact.Tip>>[],
  rules: Rules,
  { utc, risk }: { readonly utc: bigint; readonly risk: Risk },
): Answer<Fact.Fact<Fact.Tip>> {
  const { network, agree, endpoints } = rules
  const counts = network.clock === 'height'
  const timeOf = ({ value: { value } }: Answer<Fact.Fact<Fact.Tip>>) => (counts ? value.time : value.clock)
  const latest = utc + network.timing[risk].lead + TOLERANCE
  const sorted = [...heads].sort(
    (a, b) => compare(timeOf(b), timeOf(a)) || compare(b.value.value.height, a.value.value.height),
  )
  const sane = sorted.filter(
    (head) => timeOf(head) <= latest && (!counts || head.value.value.clock < TIME_THRESHOLD),
  )
  // If all are ahead, this machine's clock is behind: the one that is least.
  const least = sorted.at(-1) as Answer<Fact.Fact<Fact.Tip>>
  const [first] = sane
  if (first === undefined) return least
  if (agree < endpoints) return sane[Math.min(agree, sane.length) - 1] as Answer<Fact.Fact<Fact.Tip>>
  const equal = sane.filter((head) => timeOf(head) === timeOf(first))
  return equal[equal.length >> 1] as Answer<Fact.Fact<Fact.Tip>>
}

/** Seconds by which this machine's clock and a chain's may differ beyond what the network allows. */
const TOLERANCE = 600n

/** Which statuses say that somebody has the transaction. */
export const HELD: readonly Status['is'][] = ['pending', 'included', 'final', 'failed']

/**
 * What became of a submission. Where endpoints contradict each other, what is done next must be right whoever lies: nothing is settled, and it
 * counts as waiting while all have it and it failed for none, or anybody has it and it `mayWait` (it can be raised under its conflict key, and
 * its secret is out), else as dropped (it is sent again, or made anew).
 */
export function status(
  answers: readonly Answer<Fact.Fact<Status>>[],
  { agree }: Pick<Rules, 'agree'>,
  mayWait: () => boolean,
): Fact.Told<Status> {
  const groups = [...grouped(answers, ({ value: { value } }) => nameOf(value)).values()]
  const deepestFirst = (group: readonly Answer<Fact.Fact<Status>>[]) =>
    [...group].sort((a, b) => compare(b.value.depth, a.value.depth) || a.from - b.from)
  const agreed = groups.find((group) => group.length >= agree)
  if (agreed !== undefined) {
    const last = deepestFirst(agreed)[agree - 1] as Answer<Fact.Fact<Status>>
    return again(last.value, agree > 1 || last.value.assurance === 'quorum' ? 'quorum' : 'reported')
  }
  const least = deepestFirst(answers).at(-1) as Answer<Fact.Fact<Status>>
  const of = (...which: readonly Status['is'][]) =>
    answers.filter(({ value: { value } }) => which.includes(value.is))
  if (groups.length === 1) return again(least.value, 'reported')
  const [included] = of('included')
  const isSettled = of('included', 'final').length === answers.length
  if (isSettled && included !== undefined) {
    const ids = new Set(answers.map(({ value: { value } }) => ('id' in value ? value.id : '')))
    if (ids.size === 1) return again(included.value, 'reported')
  }
  const { asOf } = least.value
  const held = of(...HELD).length
  const waits = held - of('failed').length
  if (waits === answers.length || (held > 0 && mayWait()))
    return Fact.reported({ is: 'pending' }, 'mempool', asOf)
  const dropped = held > 0 || of('dropped', 'replaced').length > 0
  return Fact.reported({ is: dropped ? 'dropped' : 'unknown' }, asOf, asOf)
}

function nameOf(value: Status): string {
  switch (value.is) {
    case 'included':
    case 'final':
    case 'failed':
      return `${value.is} ${value.id} ${value.block.hash}`
    case 'replaced':
      return `replaced ${value.by}`
    default:
      return value.is
  }
}

/** The amount that so many endpoints vouch for, each with no less. */
export function balance(
  answers: readonly Answer<Fact.Fact<bigint>>[],
  { agree }: Pick<Rules, 'agree'>,
): Fact.Told<bigint> {
  const sorted = [...answers].sort((a, b) => compare(b.value.value, a.value.value) || a.from - b.from)
  const agreed = sorted[agree - 1]
  const chosen = agreed ?? (sorted.at(-1) as Answer<Fact.Fact<bigint>>)
  const isQuorum = chosen.value.assurance === 'quorum' || (agreed !== undefined && agree > 1)
  return again(chosen.value, isQuorum ? 'quorum' : 'reported')
}

/** What a lock still owes: what so many say alike, and else the most that anybody tells, for nothing to come is the end of it. */
export function dues(
  answers: readonly Answer<Fact.Fact<readonly Due[]>>[],
  { agree }: Pick<Rules, 'agree'>,
): Fact.Fact<readonly Due[]> {
  const nameOf = (all: readonly Due[]) =>
    all.map(({ kind, asset, amount, from }) => `${kind} ${asset} ${amount} ${from?.value ?? ''}`).join()
  const groups = [...grouped(answers, ({ value: { value } }) => nameOf(value)).values()]
  const [agreed] = groups.find((group) => group.length >= agree) ?? []
  if (agreed !== undefined) return again(agreed.value, agree > 1 ? 'quorum' : agreed.value.assurance)
  const sumOf = (all: readonly Due[]) => all.reduce((sum, { amount }) => sum + amount, 0n)
  const [most] = [...answers].sort((a, b) => compare(sumOf(b.value.value), sumOf(a.value.value)))
  return again((most as Answer<Fact.Fact<readonly Due[]>>).value, 'reported')
}

/** The rate in the middle for each hurry; of two in the middle the higher one, for too little is too late. */
export function rates(answers: readonly Answer<FeeRates>[]): FeeRates {
  const middle = (of: (rates: FeeRates) => bigint) => {
    const sorted = answers.map(({ value }) => of(value)).sort(compare)
    return sorted[sorted.length >> 1] as bigint
  }
  return {
    slow: middle(({ slow }) => slow),
    normal: middle(({ normal }) => normal),
    fast: middle(({ fast }) => fast),
  }
}

/** Which of two descriptions of a lock is tried first as what evidence may be for. */
export function byMatch(a: Lock, b: Lock): number {
  const rank = (match: Match) => (match === 'exact' ? 0 : 1)
  return rank(a.match) - rank(b.match)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
