import { type ChainAdapter, CoreErrors, Hashlock, type LockTerms, show } from '@aitbc/core'
import * as IrisHtlc from './IrisHtlc.js'
import { type BaseOptions, baseOf, common } from './internal/base.js'
import {
  auditTerms,
  expectLock,
  findLocks,
  findSpend,
  type IrisClient,
  lookForLock,
  prepare,
  recoverLocks,
  replace,
} from './internal/iris.js'
import { watch } from './internal/watch.js'

/** An adapter for IRISnet with locks in its own module; there is no evidence of them yet, so facts are as good as the transport. */
export type IrisAdapter = ChainAdapter<{
  readonly locks: true
  readonly proofs: 'none'
  readonly replacement: 'after-drop'
}> & {
  /** What `LockTerms.backend` must be for locks of this adapter. */
  readonly backend: LockTerms.Backend
  readonly profile: typeof IrisHtlc.profile
}

/**
 * An adapter for a network with irismod's `htlc` module (IRISnet): locks of coins without any contract, whose refunds the module makes by
 * itself as the block of their expiry begins. `prepare` of a refund has no steps, therefore, and a refund no transaction.
 *
 * The module counts a lock's time from its inclusion. Here a lock's deadline, a height, is the last one at which it may expire: its
 * transaction is valid for `window` blocks and lasts to the deadline from the last of them, so that it expires at most `window - 1` blocks
 * early. A lock of anybody else that expires earlier than that, or later than its deadline, is `unknown` (`iris-expiry`), and claims are
 * valid until the earliest expiry. Events name no hashlock: `discoverLocks` finds nothing (`profile.events`).
 *
 * Codes: 1016, 1201–1208, 3401–3415.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createIrisAdapter } from '@aitbc/adapters/cosmos'
 * const adapter = createIrisAdapter({ network: networks.irisnet, transport: { request: async () => ({}) } })
 * adapter.profile.relative // true
 */
export function createIrisAdapter(options: createIrisAdapter.Options): IrisAdapter {
  const base = baseOf(options)
  const { network } = base
  if (network.clock !== 'height')
    throw CoreErrors.InvalidNetwork(`network.clock must be height, got ${show(network.clock)}`, {
      argument: 'network',
      received: network.id,
    })
  const window = options.window ?? 10n
  if (typeof window !== 'bigint' || window < 1n || window > IrisHtlc.MAX_TIME_LOCK)
    throw CoreErrors.InvalidArgument(`window must be a bigint from 1 to 34560, got ${show(window)}`, {
      argument: 'window',
      received: window,
    })
  const client: IrisClient = { ...base, window }
  return {
    ...common(client),
    backend: { network: network.id, kind: IrisHtlc.KIND },
    profile: IrisHtlc.profile,
    capabilities: { locks: true, proofs: 'none', replacement: 'after-drop' },
    prepare: (intent, o) => prepare(client, intent, o),
    replace: (submission, feeRate, o) => replace(client, submission, feeRate, o),
    watch: (subject, o) => watch(client, subject, (of) => lookForLock(client, of, o), o),
    auditTerms: (terms) => auditTerms(client, terms),
    findLocks: (terms, o) => findLocks(client, terms, o),
    expectLock: (terms, signed) => expectLock(client, terms, signed.at(-1)?.id ?? ''),
    findSpend: (terms, lock, o) => findSpend(client, terms, lock, o),
    discoverLocks: async (hashlock, o) => {
      o?.signal?.throwIfAborted()
      Hashlock.assert(hashlock)
      return []
    },
    recoverLocks: (seed, o) => recoverLocks(client, seed, o),
  }
}

export declare namespace createIrisAdapter {
  type Options = BaseOptions & {
    /** Blocks that a lock may wait for inclusion, which is also how uncertain its expiry is; 10 unless told. */
    readonly window?: bigint
  }
}
