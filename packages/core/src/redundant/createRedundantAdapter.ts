import type { CallOptions, Status, SwapAdapter } from '../ChainAdapter.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'
import type * as Fact from '../Fact.js'
import type { FoundLock, RecoveredLock } from '../Lock.js'
import type { Risk } from '../Network.js'
import type { Submission } from '../Signer.js'
import type { Verifier } from '../Verifier.js'
import { failureOf, isSilence, summary } from './ask.js'
import { assertAdapters, assertMs, assertWithin, OPTIONAL, type Optional, textOf } from './assert.js'
import { createEndpoints, type Whole } from './endpoints.js'
import { headers, watch } from './follow.js'
import { keep } from './keep.js'
import { findLocks, findSpend } from './locks.js'
import * as Merge from './merge.js'
import { createProofs } from './proofs.js'
import { createSteps } from './steps.js'

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
  const endpoints = createEndpoints(adapters, { timeoutMs, graceMs })
  const proofs = createProofs(endpoints, verifier)
  const context = { endpoints, proofs, rules, profile, verifier }
  const auditTerms: SwapAdapter['auditTerms'] = (terms) => first.auditTerms(terms)

  async function tip(o?: CallOptions): Promise<Fact.Fact<Fact.Tip>> {
    const heard = await endpoints.hear('tip', o, (adapter, to) => adapter.tip(to))
    const { value } = Merge.tip(heard.answers, rules, { utc: utc(), risk })
    const { clock } = value.value
    // Whoever is ahead of what is believed is no better than whoever is as late as that, and comes after those behind.
    const lateOf = (told: bigint) => (told > clock ? -1n : told)
    endpoints.rank(new Map(heard.answers.map(({ from, value: { value } }) => [from, lateOf(value.clock)])))
    return value
  }

  const feeRates: SwapAdapter['feeRates'] = async (o) =>
    Merge.rates((await endpoints.hear('feeRates', o, (adapter, to) => adapter.feeRates(to))).answers)

  async function submit(signed: Parameters<SwapAdapter['submit']>[0], o?: CallOptions): Promise<Submission> {
    const heard = await endpoints.ask('submit', o, async (adapter, to) => {
      const sent = await adapter.submit(signed, to)
      if (sent.id === signed.id) return sent
      throw CoreErrors.RpcMalformed(`${signed.id} was sent, not ${sent.id}`, {
        ...{ method: 'submit', expected: signed.id, received: sent.id },
      })
    })
    const [answer] = heard.answers
    const refusal = heard.failures.find(({ error }) => !isSilence(error))
    if (answer === undefined) throw refusal?.error ?? failureOf('submit', heard.failures)
    const { id } = answer.value
    const ids = heard.answers.flatMap(({ value }) => value.attempts).filter((one) => one !== id)
    const submission = { ...answer.value, attempts: [...new Set(ids), id] }
    if (refusal === undefined || capabilities.pending === false) return submission
    // One refuses what another takes: whoever takes it must know it then.
    const takers = heard.answers.map(({ from }) => from)
    const known = await endpoints.ask('status', o, (adapter, to) => adapter.status(submission, to), takers)
    if (known.answers.some(({ value: { value } }) => Merge.HELD.includes(value.is))) return submission
    throw refusal.error
  }

  /** Since when not all have what waits under a conflict key, UTC. */
  const doubts = new Map<string, bigint>()

  async function status(submission: Submission, o?: CallOptions): Promise<Fact.Fact<Status>> {
    const heard = await endpoints.hear('status', o, (adapter, to) => adapter.status(submission, to))
    return Merge.status(heard.answers, rules, () => {
      const key = submission.step.conflictKey
      const now = utc()
      const since = doubts.get(key) ?? now
      if (since === now) keep(doubts, key, now)
      // A share of the time that a chain needs at worst: whoever made it up would hold back a claim until it is too late.
      return now - since < network.timing.standard.inclusion / 4n
    })
  }

  const steps = createSteps(endpoints, { network, profile, auditTerms }, feeRates)

  const { arm, cpfp } = steps
  const sometimes: Pick<Whole, Optional> = {
    async dues(terms, lock, to, o) {
      const heard = await endpoints.hear('dues', o, (adapter, call) => adapter.dues(terms, lock, to, call))
      return Merge.dues(heard.answers, rules)
    },
    complete: (armed, secret) => (first as Whole).complete(armed, secret),
    ...{ arm, cpfp },
  }

  /**
   * What all that answered show: each place once for all that is told of it, so that nothing else that is said of it hides what is true;
   * `RpcNoQuorum` (1207) where so few did that what they don't show may be there.
   */
  async function union<T extends FoundLock & Pick<Partial<RecoveredLock>, 'signed'>>(
    method: 'discoverLocks' | 'recoverLocks',
    o: CallOptions | undefined,
    call: (adapter: Whole, options: CallOptions) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const heard = await endpoints.hear(method, o, call)
    if (heard.answers.length < answers)
      throw CoreErrors.RpcNoQuorum(
        `${heard.answers.length} of ${count} endpoints answered ${method}, ${answers} needed`,
        {
          ...{ method, k: answers, failures: summary(heard.failures) },
        },
      )
    const worthOf = ({ signed, lock }: T) => (signed === undefined ? 0 : 2) + (lock.match === 'exact' ? 1 : 0)
    const found = new Map<string, T>()
    for (const { value } of heard.answers)
      for (const one of value) {
        const { lock, signed: _, ...rest } = one
        const name = `${lock.ref} ${textOf(rest)}`
        const before = found.get(name)
        if (before === undefined || worthOf(one) > worthOf(before)) found.set(name, one)
      }
    return [...found.values()]
  }

  // Each by its name: what is added to an adapter is missing here until it is said who is asked.
  return {
    network,
    profile,
    capabilities,
    auditTerms,
    expectLock: (terms, signed) => first.expectLock(terms, signed),
    tip,
    headers: (from, o) => headers(adapters, from, o),
    watch: (subject, o) => watch(adapters, subject, o),
    async balance(account, o = {}) {
      const { signal: _, ...rest } = o
      const heard = await endpoints.hear('balance', o, (adapter, to) =>
        adapter.balance(account, { ...rest, ...to }),
      )
      return Merge.balance(heard.answers, rules)
    },
    feeRates,
    prepare: steps.prepare,
    submit,
    replace: steps.replace,
    status,
    findLocks: (terms, o) => findLocks(context, terms, o),
    findSpend: (terms, lock, o) => findSpend(context, terms, lock, o),
    discoverLocks: (hashlock, o) =>
      union('discoverLocks', o, (adapter, to) => adapter.discoverLocks(hashlock, to)),
    recoverLocks: (seed, { signal, ...rest }) =>
      union('recoverLocks', signal && { signal }, (adapter, to) =>
        adapter.recoverLocks(seed, { ...rest, ...to }),
      ),
    prove: (claim, o) => proofs.prove(claim, o),
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
