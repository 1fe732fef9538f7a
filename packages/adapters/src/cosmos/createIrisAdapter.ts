import {
  type CallOptions,
  CoreErrors,
  type Fact,
  Hashlock,
  type LockTerms,
  type SwapAdapter,
  show,
} from '@aitbc/core'
import { HtlcModule } from '@aitbc/proofs/irismod'
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
  proverOf,
  recoverLocks,
  replace,
} from './internal/iris.js'
import { prove, proveAbsence } from './internal/prove.js'
import { watch } from './internal/watch.js'

/** An adapter for IRISnet with locks in its own module. */
export type IrisAdapter = SwapAdapter & {
  /** What `LockTerms.backend` must be for locks of this adapter. */
  readonly backend: LockTerms.Backend
  readonly profile: ReturnType<typeof IrisHtlc.profile>
  /**
   * Evidence that there is no lock of these terms (`lock`), or that their lock is neither claimed nor refunded (`spend`), for
   * `IrisVerifier.absent`. `CosmosNotProvable` (3412) where that isn't so.
   */
  proveAbsence(
    claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
    options?: CallOptions,
  ): Promise<Fact.Evidence>
}

/**
 * An adapter for a network with irismod's `htlc` module (IRISnet): locks of coins without any contract, whose refunds the module makes by
 * itself as the block of their expiry begins. `prepare` of a refund has no steps, therefore, and a refund no transaction.
 *
 * The module counts a lock's time from its inclusion. Here a lock's deadline, a height, is the last one at which it may expire: its
 * transaction is valid for `window` blocks and lasts to the deadline from the last of them, so that it expires at most `window - 1` blocks
 * early (`profile.early`). A lock of anybody else that expires earlier than that, or later than its deadline, counts as `late` and not
 * as exact, and claims are valid until the earliest expiry. One of another amount, hash or kind under the same id is none of these terms. Events
 * name no hashlock: `discoverLocks` finds nothing (`profile.events`).
 *
 * Codes: 1016, 1201–1208, 3401–3415.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createIrisAdapter } from '@aitbc/adapters/cosmos/iris'
 * const adapter = createIrisAdapter({ network: networks.irisnet, transport: { request: async () => ({}) } })
 * adapter.profile.early // 9n
 */
export function createIrisAdapter(options: createIrisAdapter.Options): IrisAdapter {
  const base = baseOf(options)
  const { network } = base
  if (network.clock !== 'height')
    throw CoreErrors.InvalidNetwork(`network.clock must be height, got ${show(network.clock)}`, {
      argument: 'network',
      received: network.id,
    })
  const { window = HtlcModule.WINDOW } = options
  HtlcModule.assertWindow(window)
  const client: IrisClient = { ...base, window }
  const prover = proverOf(client)
  return {
    ...common(client),
    backend: { network: network.id, kind: HtlcModule.KIND },
    profile: IrisHtlc.profile(window),
    capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
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
    prove: (claim, o) => prove(client, prover, claim, o),
    proveAbsence: (claim, o) => proveAbsence(client, prover, claim, o),
  }
}

export declare namespace createIrisAdapter {
  type Options = BaseOptions & {
    /** Blocks that a lock may wait for inclusion, which is also how uncertain its expiry is; 10 unless told. */
    readonly window?: bigint
  }
}
