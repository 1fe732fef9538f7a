import * as Bytes from '../Bytes.js'
import type {
  CallOptions,
  ChainEvent,
  Claim,
  HeaderUpdate,
  Intent,
  PrepareOptions,
  Sighting,
  Status,
  SwapAdapter,
} from '../ChainAdapter.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'
import type * as Fact from '../Fact.js'
import * as Hashlock from '../Hashlock.js'
import type { Lock, Spend } from '../Lock.js'
import type { LockTerms } from '../LockTerms.js'
import type { Risk } from '../Network.js'
import type { Step, Submission } from '../Signer.js'
import type { Verifier } from '../Verifier.js'
import { type Answer, ask, type Failure, failureOf, type Heard, isSilence, summary } from './ask.js'
import * as Merge from './merge.js'
import { merge } from './streams.js'

/** Most places of which evidence, turns and sightings are kept. */
const MOST_KEPT = 4096

/**
 * One adapter of several, each over an endpoint of its own: whatever can be checked needs a single honest endpoint, whoever else lies, hides
 * or is silent.
 *
 * - **Locks and spends**: all that any endpoint shows; what is told to be final and isn't told by all alike counts as final only where a
 *   `verifier` accepts evidence that any of them gives, and otherwise as waiting. A claim's secret proves itself. That there is nothing is
 *   said where all that answered say so, and as many as `answers` did.
 * - **The head**: the latest that UTC allows. What runs ahead further than the network's clock may is left out, what is behind counts for nothing.
 * - **Broadcasts** go to all; **steps** come from one endpoint after the other, the newest first, with the fee rate in the middle.
 * - **Watching** is what any stream tells; one that breaks leaves the others alone.
 *
 * What no evidence exists for (Solana's state, balances, statuses) is the word of `agree` endpoints, and then a `quorum`; without them it is
 * the least that anybody tells. A lying endpoint then costs time, and fees up to the caller's own bounds.
 *
 * Adapters bring their own retries; each call waits no longer than `timeoutMs`, and no longer than `graceMs` once one answered.
 * Errors: what all adapters say alike; `RpcUnreachable` (1202) with each one's in `context.failures`; `RpcNoQuorum` (1207) where fewer
 * than `answers` endpoints could look for locks to recover; `InvalidArgument` (1013).
 *
 * @example
 * import type { SwapAdapter, Verifier } from '@aitbc/core'
 * import { createRedundantAdapter } from '@aitbc/core/redundant'
 * const over = (adapters: readonly SwapAdapter[], verifier: Verifier) => createRedundantAdapter({ adapters, verifier })
 * typeof over // 'function'
 */
export function createRedundantAdapter(options: createRedundantAdapter.Options): SwapAdapter {
  const { adapters, verifier, risk = 'standard', timeoutMs = 10_000, graceMs = 3_000 } = options
  const { utc = () => BigInt(Math.floor(Date.now() / 1000)) } = options
  const first = assertAdapters(adapters)
  const { network, profile, capabilities } = first
  const count = adapters.length
  const { agree = count, answers = (count >> 1) + 1 } = options
  assertWithin('agree', agree, (count >> 1) + 1, count)
  assertWithin('answers', answers, 1, count)
  assertMs('timeoutMs', timeoutMs)
  assertMs('graceMs', graceMs)
  if (verifier !== undefined && verifier.network !== network.id)
    throw CoreErrors.ForeignNetwork(`verifier must be of ${network.id}, got ${show(verifier.network)}`, {
      ...{ argument: 'verifier', expected: network.id, received: verifier.network },
    })
  const rules: Merge.Rules = { network, endpoints: count, agree, answers }
  const all = adapters.map((_, from) => from)
  const limits = { timeoutMs, graceMs }
  const at = (from: number) => adapters[from] as Whole
  /** Evidence that was accepted, by what it is for, and how that was told. */
  const proofs = new Map<string, { readonly about: About; readonly evidence: Fact.Evidence }>()
  /** Whose turn it is to prepare what was prepared before. */
  const turns = new Map<string, number>()
  /** How late the head was that each one showed last. */
  const heads = new Map<number, bigint>()

  async function hear<T>(
    method: string,
    o: CallOptions | undefined,
    call: (adapter: Whole, options: CallOptions) => Promise<T>,
    which: readonly number[] = all,
  ): Promise<Heard<T>> {
    const asks = (from: number, signal: AbortSignal | undefined) =>
      call(at(from), signal === undefined ? {} : { signal })
    const heard = await ask(method, which, asks, limits, o?.signal)
    if (heard.answers.length === 0) throw failureOf(method, heard.failures)
    return heard
  }

  async function tip(o?: CallOptions): Promise<Fact.Fact<Fact.Tip>> {
    const heard = await hear('tip', o, (adapter, to) => adapter.tip(to))
    const chosen = Merge.tip(heard.answers, rules, { utc: utc(), risk })
    heads.clear()
    const { clock } = chosen.value.value
    // Whoever is ahead of what is believed is no better than whoever is as late as that, and comes after those behind.
    for (const { from, value } of heard.answers)
      heads.set(from, value.value.clock > clock ? -1n : value.value.clock)
    return chosen.value
  }

  /** The newest first, and another one each time, so that none is asked for ever whose steps come to nothing. */
  function inTurn(key: string): readonly number[] {
    const turn = (turns.get(key) ?? 0) % count
    keep(turns, key, turn + 1)
    const newest = [...all].sort((a, b) => Number((heads.get(b) ?? -2n) - (heads.get(a) ?? -2n)))
    return [...newest.slice(turn), ...newest.slice(0, turn)]
  }

  /** The first answer, of one endpoint after the other. */
  async function firstOf<T>(
    method: string,
    key: string,
    o: CallOptions | undefined,
    call: (adapter: Whole, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const failures: Failure[] = []
    for (const from of inTurn(key)) {
      const asks = (one: number, signal: AbortSignal | undefined) =>
        call(at(one), signal === undefined ? {} : { signal })
      const heard = await ask(method, [from], asks, limits, o?.signal)
      const [answer] = heard.answers
      if (answer !== undefined) return answer.value
      failures.push(...heard.failures)
    }
    throw failureOf(method, failures)
  }

  /** What evidence of any endpoint establishes, tried for each of some claims. */
  async function proven(
    key: string,
    claims: readonly Claim[],
    o: CallOptions | undefined,
  ): Promise<{ readonly fact?: Fact.Verified<Lock | Spend>; readonly refusedBy: ReadonlySet<number> }> {
    const refusedBy = new Set<number>()
    if (verifier === undefined) return { refusedBy }
    const known = proofs.get(key)
    if (known !== undefined)
      // What was accepted is judged again, for what is asked about now.
      for (const claim of claims)
        for (const about of [{ ...claim, ...known.about } as Claim, claim]) {
          const verdict = verifier.verify(about, known.evidence)
          if (verdict.ok && isOf(claim, verdict.value.value)) return { fact: verdict.value, refusedBy }
        }
    for (const claim of claims) {
      const asks = (from: number, signal: AbortSignal | undefined) =>
        at(from).prove(claim, signal === undefined ? {} : { signal })
      const heard = await ask('prove', all, asks, limits, o?.signal)
      for (const { from, value: evidence } of heard.answers) {
        const verdict = verifier.verify(claim, evidence)
        if (verdict.ok && isOf(claim, verdict.value.value)) {
          keep(proofs, key, { about: aboutOf(claim), evidence })
          return { fact: verdict.value, refusedBy }
        }
        refusedBy.add(from)
      }
    }
    return { refusedBy }
  }

  async function findLocks(terms: LockTerms, o?: CallOptions): Promise<readonly Fact.Read<Lock>[]> {
    const heard = await hear('findLocks', o, (adapter, to) => adapter.findLocks(terms, to))
    const { found, none } = Merge.locks(heard, rules)
    const facts: Fact.Fact<Lock>[] = []
    for (const told of found) {
      const { fact, final } = told
      if (final.length === 0 || fact.assurance === 'quorum') {
        facts.push(fact)
        continue
      }
      const versions = [...final].sort((a, b) => Merge.byMatch(a.value, b.value))
      const claims = versions.map(({ value: lock }) => ({ kind: 'lock', terms, lock }) as const)
      const { fact: proved, refusedBy } = await proven(`lock ${fact.value.ref}`, claims, o)
      if (proved !== undefined) facts.push(proved as Fact.Verified<Lock>)
      else if (!isMadeUp(told, refusedBy)) facts.push(fact)
    }
    if (facts.length === 0) return [none]
    facts.sort((a, b) => (a.depth > b.depth ? -1 : a.depth < b.depth ? 1 : 0))
    return facts.map((fact) => ({ is: 'found', fact }))
  }

  /**
   * So many show no such thing as the rules ask for. Or somebody shows none, the evidence of whoever shows it was refused, and it can't be for want
   * of blocks: the verifier knows the one that it is told to be in, or, where locks are proved by the chain's state, all that the teller calls final.
   */
  function isMadeUp<T>(
    { fact, final, tellers, denied }: Merge.Told<T>,
    refusedBy: ReadonlySet<number>,
  ): boolean {
    if (fact.at !== 'mempool') return false
    if (denied >= agree) return true
    const known = verifier?.tip?.()?.height
    if (denied === 0 || known === undefined || tellers.some((from) => !refusedBy.has(from))) return false
    return final.every(({ at, asOf }) => {
      const block = profile.unique ? (asOf.finalized ?? asOf) : at
      return block !== 'mempool' && block.height <= known
    })
  }

  async function findSpend(terms: LockTerms, lock: Lock, o?: CallOptions): Promise<Fact.Read<Spend>> {
    const heard = await hear('findSpend', o, async (adapter, to) => {
      const read = await adapter.findSpend(terms, lock, to)
      const told =
        read.is === 'found' && read.fact.value.kind === 'claim' ? read.fact.value.secret : undefined
      if (told !== undefined && !Hashlock.opens(told, terms.hashlock))
        throw CoreErrors.RpcMalformed(`a claim of ${lock.ref} shows what doesn't open its hashlock`, {
          ...{ method: 'findSpend', ref: lock.ref },
        })
      return read
    })
    const { found, none } = Merge.spend(heard, rules)
    if (found === undefined) return none
    const { fact, final } = found
    if (final.length === 0 || fact.assurance === 'quorum') return { is: 'found', fact }
    const claims = final.map(({ value: spend }) => ({ kind: 'spend', terms, lock, spend }) as const)
    const { fact: proved, refusedBy } = await proven(`spend ${lock.ref}`, claims, o)
    if (proved !== undefined) return { is: 'found', fact: proved as Fact.Verified<Spend> }
    // A secret that opens the hashlock is known, whatever else is true.
    const isSecret = fact.value.kind === 'claim' && fact.value.secret !== undefined
    const isNone = none.is === 'absent' && !isSecret && isMadeUp(found, refusedBy)
    return isNone ? none : { is: 'found', fact }
  }

  async function prove(claim: Claim, o?: CallOptions): Promise<Fact.Evidence> {
    const key = claim.kind === 'lock' ? `lock ${claim.lock.ref}` : `spend ${claim.lock.ref}`
    const known = proofs.get(key)
    const verdict = known && verifier?.verify(claim, known.evidence)
    if (known !== undefined && verdict?.ok === true && isOf(claim, verdict.value.value)) return known.evidence
    const heard = await hear('prove', o, (adapter, to) => adapter.prove(claim, to))
    const holds = heard.answers.find(({ value: evidence }) => {
      const verdict = verifier?.verify(claim, evidence)
      return verdict === undefined || (verdict.ok && isOf(claim, verdict.value.value))
    })
    // Whoever asked hears from the verifier why none will do.
    const { value: evidence } = holds ?? (heard.answers[0] as Answer<Fact.Evidence>)
    if (holds !== undefined && verifier !== undefined) keep(proofs, key, { about: aboutOf(claim), evidence })
    return evidence
  }

  async function submit(signed: Parameters<SwapAdapter['submit']>[0], o?: CallOptions): Promise<Submission> {
    const heard = await ask(
      'submit',
      all,
      (from, signal) => at(from).submit(signed, signal === undefined ? {} : { signal }),
      limits,
      o?.signal,
    )
    const [answer] = heard.answers
    const refusal = heard.failures.find(({ error }) => !isSilence(error))
    if (answer === undefined) throw refusal?.error ?? failureOf('submit', heard.failures)
    const { id } = answer.value
    const ids = heard.answers.flatMap(({ value }) => value.attempts).filter((one) => one !== id)
    const submission = { ...answer.value, attempts: [...new Set(ids), id] }
    if (refusal === undefined || capabilities.pending === false) return submission
    // One refuses what another takes: whoever takes it must know it then.
    const takers = heard.answers.map(({ from }) => from)
    const asks = (from: number, signal: AbortSignal | undefined) =>
      at(from).status(submission, signal === undefined ? {} : { signal })
    const known = await ask('status', takers, asks, limits, o?.signal)
    if (known.answers.some(({ value: { value } }) => HELD.includes(value.is))) return submission
    throw refusal.error
  }

  async function status(submission: Submission, o?: CallOptions): Promise<Fact.Fact<Status>> {
    const heard = await hear('status', o, (adapter, to) => adapter.status(submission, to))
    return Merge.status(heard.answers, rules)
  }

  const feeRates: SwapAdapter['feeRates'] = async (o) =>
    Merge.rates((await hear('feeRates', o, (adapter, to) => adapter.feeRates(to))).answers)

  async function prepare(intent: Intent, o: PrepareOptions = {}): Promise<readonly Step[]> {
    const { signal, ...rest } = o
    const terms = intent !== undefined && 'terms' in intent ? intent.terms : undefined
    const key = `prepare ${intent?.kind} ${terms?.salt instanceof Uint8Array ? Bytes.toHex(terms.salt) : ''}`
    const priced = rest.feeRate === undefined && count > 1 && isPriced(intent)
    const rate = priced ? { feeRate: (await feeRates(signal === undefined ? {} : { signal })).normal } : {}
    const how = { ...rate, ...rest }
    return firstOf('prepare', key, o, async (adapter, to) => {
      const steps = await adapter.prepare(intent, { ...how, ...to })
      return intent.kind === 'void' ? assertConflict('version', intent.submission, steps) : steps
    })
  }

  /** Whether the rate in the middle is to be asked for: not where the intent is refused anyhow, or an adapter finds what a lock can pay. */
  function isPriced(intent: Intent): boolean {
    switch (intent?.kind) {
      case 'transfer':
        return isOurs(intent.from, ':') && isOurs(intent.to, ':') && isOurs(intent.asset, '/')
      case 'call':
        return isOurs(intent.from, ':') && isOurs(intent.to, ':')
      case 'lock':
        return first.auditTerms(intent.terms).ok
      case 'claim':
      case 'refund':
      case 'collect':
        return profile.feesFrom === 'account' && first.auditTerms(intent.terms).ok
      default:
        return false
    }
  }

  const isOurs = (id: unknown, next: ':' | '/') =>
    typeof id === 'string' && id.startsWith(`${network.id}${next}`)

  /** All versions share one conflict key: with another one both could count (S9). A child pays for its parent, so it takes another. */
  function assertConflict(
    what: 'version' | 'child',
    { step: { conflictKey } }: Submission,
    steps: readonly Step[],
  ): readonly Step[] {
    const wrong = steps.find((step) => (step.conflictKey === conflictKey) !== (what === 'version'))
    if (wrong === undefined) return steps
    throw CoreErrors.RpcMalformed(`a ${what} of ${conflictKey} can't take ${wrong.conflictKey}`, {
      ...{ expected: conflictKey, received: wrong.conflictKey },
    })
  }

  const replace: SwapAdapter['replace'] = (submission, feeRate, o) =>
    firstOf('replace', `replace ${submission?.step?.conflictKey}`, o, async (adapter, to) =>
      assertConflict('version', submission, await adapter.replace(submission, feeRate, to)),
    )

  /** What some adapters lack. */
  const sometimes: Pick<Whole, Optional> = {
    async dues(terms, lock, to, o) {
      const heard = await hear('dues', o, async (adapter, call) => adapter.dues(terms, lock, to, call))
      return Merge.dues(heard.answers, rules)
    },
    arm(terms, lock, o = {}) {
      const { signal: _, ...rest } = o
      return firstOf('arm', `arm ${lock.ref}`, o, async (adapter, to) =>
        adapter.arm(terms, lock, { ...rest, ...to }),
      )
    },
    complete: (armed, secret) => at(0).complete(armed, secret),
    cpfp: (submission, child, o) =>
      firstOf('cpfp', `cpfp ${submission?.step?.conflictKey}`, o, async (adapter, to) =>
        assertConflict('child', submission, await adapter.cpfp(submission, child, to)),
      ),
  }

  async function* headers(
    from: Fact.BlockRef,
    o?: CallOptions,
  ): AsyncGenerator<HeaderUpdate, void, undefined> {
    const seen = new Map<string, Bytes.Bytes[]>()
    const isNew = ({ block: { height, hash }, bytes }: HeaderUpdate) => {
      const key = `${height} ${hash}`
      const same = seen.get(key) ?? []
      if (same.some((one) => Bytes.equal(one, bytes))) return false
      keep(seen, key, [...same, bytes].slice(-count))
      return true
    }
    const begin = adapters.map((adapter) => {
      let after = from
      return async function* (signal: AbortSignal) {
        for await (const update of adapter.headers(after, { signal })) {
          yield update
          after = update.block
        }
      }
    })
    yield* merge('headers', begin, isNew, o?.signal)
  }

  async function* watch(
    subject: Parameters<SwapAdapter['watch']>[0],
    o?: CallOptions,
  ): AsyncGenerator<ChainEvent, void, undefined> {
    const standing = new Map<string, true>()
    const isNew = ({ is, what }: ChainEvent) => {
      const key = keyOf(what)
      if ((is === 'added') === standing.has(key)) return false
      if (is === 'retracted') standing.delete(key)
      else keep(standing, key, true)
      return true
    }
    const begin = adapters.map((adapter) => (signal: AbortSignal) => adapter.watch(subject, { signal }))
    yield* merge(`watch ${subject?.kind}`, begin, isNew, o?.signal)
  }

  /** What all that answered show, by place; `RpcNoQuorum` (1207) where so few did that what they don't show may be there. */
  async function union<T extends { readonly lock: Lock }>(
    method: string,
    o: CallOptions | undefined,
    call: (adapter: Whole, options: CallOptions) => Promise<readonly T[]>,
    nameOf: (one: T) => string,
    better: (one: T, than: T) => boolean,
  ): Promise<readonly T[]> {
    const heard = await hear(method, o, call)
    if (heard.answers.length < answers)
      throw CoreErrors.RpcNoQuorum(
        `${heard.answers.length} of ${count} endpoints answered ${method}, ${answers} needed`,
        {
          ...{ method, k: answers, failures: summary(heard.failures) },
        },
      )
    const found = new Map<string, T>()
    for (const { value } of heard.answers)
      for (const one of value) {
        const before = found.get(nameOf(one))
        if (before === undefined || better(one, before)) found.set(nameOf(one), one)
      }
    return [...found.values()]
  }

  // Each by its name: what is added to an adapter is missing here until it is said who is asked.
  return {
    network,
    profile,
    capabilities,
    auditTerms: (terms) => first.auditTerms(terms),
    expectLock: (terms, signed) => first.expectLock(terms, signed),
    tip,
    headers,
    async balance(account, o = {}) {
      const { signal: _, ...rest } = o
      const heard = await hear('balance', o, (adapter, to) => adapter.balance(account, { ...rest, ...to }))
      return Merge.balance(heard.answers, rules)
    },
    feeRates,
    prepare,
    submit,
    replace,
    status,
    watch,
    findLocks,
    findSpend,
    discoverLocks: (hashlock, o) =>
      union(
        'discoverLocks',
        o,
        (adapter, to) => adapter.discoverLocks(hashlock, to),
        ({ terms, lock }) => `${lock.ref} ${Bytes.toHex(terms.salt)}`,
        (one, than) => Merge.byMatch(one.lock, than.lock) < 0,
      ),
    recoverLocks(seed, o) {
      const { hashlockOf } = o
      return union(
        'recoverLocks',
        o,
        (adapter, to) => adapter.recoverLocks(seed, { ...to, hashlockOf }),
        ({ lock, nonce }) => `${lock.ref} ${Bytes.toHex(nonce)}`,
        (one, than) => one.signed !== undefined && than.signed === undefined,
      )
    },
    prove,
    ...(Object.fromEntries(
      OPTIONAL.flatMap((name) => (first[name] === undefined ? [] : [[name, sometimes[name]]])),
    ) as Pick<SwapAdapter, Optional>),
  }
}

export declare namespace createRedundantAdapter {
  type Options = {
    /** Adapters of one network, each over an endpoint of its own operator: whoever runs two of them counts for one. At least one. */
    readonly adapters: readonly SwapAdapter[]
    /** Judges evidence; without one what is final is the word of `agree` endpoints. */
    readonly verifier?: Verifier
    /**
     * So many endpoints must say the same of what nothing proves, more than half; all unless told. With `k`, fewer than `k` may lie, and
     * `k` must be honest for it to become known.
     */
    readonly agree?: number
    /** So many endpoints must answer before "nothing there" is believed; more than half unless told. */
    readonly answers?: number
    /** UTC, unix seconds; the machine's clock unless told. */
    readonly utc?: () => bigint
    /** How far the network's clock may lead UTC (`network.timing`): that which the policy of the swaps plans by. `standard` unless told. */
    readonly risk?: Risk
    /** Longest wait for an endpoint, milliseconds: 10,000 unless told; `Infinity` where adapters bound theirs. */
    readonly timeoutMs?: number
    /** Longest wait for the others once one answered, milliseconds: 3,000 unless told; `Infinity` for as long as `timeoutMs`. */
    readonly graceMs?: number
  }
}

const HELD: readonly Status['is'][] = ['pending', 'included', 'final', 'failed']

type Whole = Required<SwapAdapter>

/** What not every adapter has: those over several endpoints have it all, or none of them. */
type Optional = {
  [K in keyof SwapAdapter]-?: object extends Pick<SwapAdapter, K> ? K : never
}[keyof SwapAdapter]

const OPTIONAL = Object.keys({
  ...{ dues: true, arm: true, complete: true, cpfp: true },
} satisfies Readonly<Record<Optional, true>>) as readonly Optional[]

/** What evidence is for, apart from the terms. */
type About = Pick<Extract<Claim, { kind: 'lock' }>, 'lock'> | Pick<Extract<Claim, { kind: 'spend' }>, 'spend'>

function aboutOf(claim: Claim): About {
  return claim.kind === 'lock' ? { lock: claim.lock } : { spend: claim.spend }
}

/** Evidence is for what was claimed: the same place and the same end. */
function isOf(claim: Claim, value: Lock | Spend): boolean {
  return claim.kind === 'lock'
    ? 'ref' in value && value.ref === claim.lock.ref
    : 'kind' in value && value.kind === claim.spend.kind
}

function keyOf(what: Sighting): string {
  const block = what.block === 'mempool' ? '' : what.block.hash
  switch (what.kind) {
    case 'block':
      return block
    case 'transaction':
      return `${what.id} ${block}`
    case 'lock':
      return `lock ${what.lock.ref} ${block}`
    case 'spend':
      return `${what.spend.kind} ${what.spend.transaction} ${block}`
  }
}

/** Sets an entry, and lets go of the oldest where there are too many. */
function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= MOST_KEPT) return
  const [oldest] = map.keys()
  map.delete(oldest as K)
}

function assertAdapters(adapters: unknown): SwapAdapter {
  if (!Array.isArray(adapters) || adapters.length === 0)
    throw CoreErrors.InvalidArgument(`adapters must be a list of at least one, got ${show(adapters)}`, {
      ...{ argument: 'adapters', received: adapters },
    })
  const [first, ...more] = adapters as [SwapAdapter, ...SwapAdapter[]]
  const kind = (one: SwapAdapter) =>
    JSON.stringify(
      [one.profile, one.capabilities, OPTIONAL.filter((name) => one[name] !== undefined)],
      (_, value) => (typeof value === 'bigint' ? `${value}` : value),
    )
  for (const one of more) {
    if (one.network.id !== first.network.id)
      throw CoreErrors.ForeignNetwork(
        `adapters must all be of ${first.network.id}, got ${show(one.network.id)}`,
        {
          ...{ argument: 'adapters', expected: first.network.id, received: one.network.id },
        },
      )
    if (kind(one) !== kind(first))
      throw CoreErrors.InvalidArgument('adapters must all have one profile and the same capabilities', {
        ...{ argument: 'adapters', received: kind(one) },
      })
  }
  return first
}

function assertWithin(argument: string, value: unknown, least: number, most: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw CoreErrors.InvalidArgument(
      `${argument} must be a whole number from ${least} to ${most}, got ${show(value)}`,
      {
        ...{ argument, received: value },
      },
    )
}

function assertMs(argument: string, value: unknown): void {
  if (typeof value !== 'number' || Number.isNaN(value) || value <= 0)
    throw CoreErrors.InvalidArgument(`${argument} must be a number above 0, got ${show(value)}`, {
      ...{ argument, received: value },
    })
}
