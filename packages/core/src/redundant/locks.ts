// Locks and what ended them: all that any endpoint shows, final by evidence.
import type { CallOptions, SwapAdapter } from '../ChainAdapter.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import type * as Fact from '../Fact.js'
import * as Hashlock from '../Hashlock.js'
import type { Lock, Spend } from '../Lock.js'
import type { LockTerms } from '../LockTerms.js'
import type { Verifier } from '../Verifier.js'
import type { Endpoints } from './endpoints.js'
import * as Merge from './merge.js'
import type { Proofs } from './proofs.js'

export interface Context {
  readonly endpoints: Endpoints
  readonly proofs: Proofs
  readonly rules: Merge.Rules
  readonly profile: SwapAdapter['profile']
  readonly verifier: Verifier | undefined
}

export async function findLocks(
  context: Context,
  terms: LockTerms,
  o?: CallOptions,
): Promise<readonly Fact.Read<Lock>[]> {
  const heard = await context.endpoints.hear('findLocks', o, (adapter, to) => adapter.findLocks(terms, to))
  const { found, none } = Merge.locks(heard, context.rules)
  // All at once, and each of whoever shows it: many that are made up hold nobody up, and nobody else is asked for them.
  const settled = found.map(async (told): Promise<readonly Fact.Fact<Lock>[]> => {
    const { fact, final, tellers } = told
    if (final.length === 0 || fact.assurance === 'quorum') return [fact]
    const versions = [...final].sort((a, b) => Merge.byMatch(a.value, b.value))
    const claims = versions.map(({ value: lock }) => ({ kind: 'lock', terms, lock }) as const)
    const { fact: proved, refusedBy } = await context.proofs.proven(claims, tellers, o)
    if (proved !== undefined) return [proved as Fact.Verified<Lock>]
    return isMadeUp(context, told, refusedBy) ? [] : [fact]
  })
  const facts = (await Promise.all(settled)).flat()
  if (facts.length === 0) return [none]
  facts.sort((a, b) => (a.depth > b.depth ? -1 : a.depth < b.depth ? 1 : 0))
  return facts.map((fact) => ({ is: 'found', fact }))
}

export async function findSpend(
  context: Context,
  terms: LockTerms,
  lock: Lock,
  o?: CallOptions,
): Promise<Fact.Read<Spend>> {
  const heard = await context.endpoints.hear('findSpend', o, async (adapter, to) => {
    const read = await adapter.findSpend(terms, lock, to)
    const told = read.is === 'found' && read.fact.value.kind === 'claim' ? read.fact.value.secret : undefined
    if (told !== undefined && !Hashlock.opens(told, terms.hashlock))
      throw CoreErrors.RpcMalformed(`a claim of ${lock.ref} shows what doesn't open its hashlock`, {
        ...{ method: 'findSpend', ref: lock.ref },
      })
    return read
  })
  const { found, none } = Merge.spend(heard, context.rules)
  if (found === undefined) return none
  const { fact, final, tellers } = found
  if (final.length === 0 || fact.assurance === 'quorum') return { is: 'found', fact }
  const claims = final.map(({ value: spend }) => ({ kind: 'spend', terms, lock, spend }) as const)
  const { fact: proved, refusedBy } = await context.proofs.proven(claims, tellers, o)
  if (proved !== undefined) return { is: 'found', fact: proved as Fact.Verified<Spend> }
  // A secret that opens the hashlock is known, whatever else is true.
  const isSecret = fact.value.kind === 'claim' && fact.value.secret !== undefined
  const isNone = none.is === 'absent' && !isSecret && isMadeUp(context, found, refusedBy)
  return isNone ? none : { is: 'found', fact }
}

/**
 * So many show no such thing as the rules ask for. Or somebody shows none, the evidence of whoever shows it was refused, and it can't be for want
 * of blocks: the verifier knows the one that it is told to be in, or, where locks are proved by the chain's state, all that the teller calls final.
 */
function isMadeUp<T>(
  { rules, verifier, profile }: Context,
  { fact, final, tellers, denied }: Merge.Told<T>,
  refusedBy: ReadonlySet<number>,
): boolean {
  if (fact.at !== 'mempool') return false
  if (denied >= rules.agree) return true
  const known = verifier?.tip?.()?.height
  if (denied === 0 || known === undefined || tellers.some((from) => !refusedBy.has(from))) return false
  return final.every(({ at, asOf }) => {
    const block = profile.unique ? (asOf.finalized ?? asOf) : at
    return block !== 'mempool' && block.height <= known
  })
}
