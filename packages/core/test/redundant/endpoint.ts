// An endpoint that says what a test has it say, and what there is to say.
import {
  CoreErrors,
  Fact,
  Hashlock,
  type Lock,
  type LockTerms,
  type Spend,
  type Step,
  type Submission,
  type SwapAdapter,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createRedundantAdapter } from '@aitbc/core/redundant'
import { establish } from '@aitbc/core/verifier'

export const UTC = 1_900_000_000n
export const network = networks.ethereum
export const secret = new Uint8Array(32).fill(7)
export const terms = {
  version: 1,
  hashlock: Hashlock.of(secret),
  amount: 5n,
  salt: new Uint8Array(32),
} as LockTerms.LockTerms
export const refOf = (height: bigint) => ({ height, hash: `b${height}` })
export const head = (height = 100n, clock = UTC - 12n): Fact.Tip => ({
  ...refOf(height),
  ...{ time: clock, clock, finalized: refOf(height - 10n) },
})
export const lock: Lock = { ref: '0x01', transaction: '0xaa', amount: 5n, match: 'exact' }
export const refund: Spend = { kind: 'refund', transaction: '0xbb' }
export const claim: Spend = { kind: 'claim', transaction: '0xcc', secret }
export const step: Step = {
  ...{
    network: network.id,
    kind: 'claim',
    from: `${network.id}:0x00`,
    format: 'x/1',
    payload: new Uint8Array(),
  },
  ...{ maxFee: { asset: network.native.id, amount: 1n }, conflictKey: 'me/1' },
}
export const submission: Submission = { step, id: '0xdd', attempts: ['0xdd'] }
export const signed = { step, id: '0xdd', raw: Uint8Array.of(1) }

export const told = <T>(value: T, at: Fact.BlockRef | 'mempool' = refOf(80n), asOf = head()) =>
  Fact.reported(value, at, asOf)
export const shows = <T>(value: T, at?: Fact.BlockRef | 'mempool', asOf?: Fact.Tip): Fact.Read<T> => ({
  is: 'found',
  fact: told(value, at, asOf),
})
export const none = { is: 'absent', fact: told(null, refOf(100n)) } as const
export const down = async () => {
  throw CoreErrors.RpcUnreachable('down', {})
}
export const never = (_?: unknown, __?: unknown, o?: { readonly signal?: AbortSignal }) =>
  new Promise<never>((_resolve, reject) => {
    o?.signal?.addEventListener('abort', () => reject(o.signal?.reason), { once: true })
  })

/** An endpoint that says what it is told to, and nothing else. */
export function endpoint(says: Partial<SwapAdapter> = {}): SwapAdapter {
  return {
    network,
    profile: {
      ...{ lateClaims: false, payee: 'named', unique: true, lateLocks: false },
      ...{ feesFrom: 'account', events: true },
    },
    capabilities: { locks: true, proofs: 'state', replacement: true },
    tip: async () => told(head(), refOf(100n)),
    feeRates: async () => ({ slow: 1n, normal: 2n, fast: 3n }),
    prove: down,
    auditTerms: (of: LockTerms.LockTerms) => Verdict.accept(of),
    ...says,
  } as SwapAdapter
}

export const over = (adapters: readonly SwapAdapter[], more: Partial<createRedundantAdapter.Options> = {}) =>
  createRedundantAdapter({ adapters, utc: () => UTC, timeoutMs: 1e6, graceMs: 1e6, ...more })

/** Accepts evidence of one byte for what is true. */
export function truth(of: {
  readonly lock?: Lock
  readonly spend?: Spend
  readonly tip?: Fact.Tip
}): Verifier {
  const verify = (about: { kind: 'lock' | 'spend' }, evidence: Fact.Evidence) => {
    const value = about.kind === 'lock' ? of.lock : of.spend
    if (evidence.bytes.length !== 1 || value === undefined) return Verdict.refuse('state', 'not there')
    const at = refOf(80n)
    const anchor = { ...at, network: network.id, assurance: 'proved' as const }
    return Verdict.accept(establish({ value, assurance: 'proved', at, asOf: head(), anchor, evidence }))
  }
  const { tip } = of
  return { network: network.id, verify: verify as Verifier['verify'], ...(tip && { tip: () => tip }) }
}
export const evidence = async () => ({ network: network.id, format: 'x/1', bytes: Uint8Array.of(1) })
export const junk = async () => ({ network: network.id, format: 'x/1', bytes: new Uint8Array(2) })
export const list = (n: number, one: SwapAdapter): SwapAdapter[] => Array.from({ length: n }, () => one)
export const locksOf = (...reads: readonly Fact.Read<Lock>[]) => ({ findLocks: async () => reads })
export const spendOf = (read: Fact.Read<Spend>) => ({ findSpend: async () => read })
