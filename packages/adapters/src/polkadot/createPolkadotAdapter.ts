import {
  type AccountId,
  type AssetId,
  Bytes,
  type CallOptions,
  type ChainAdapter,
  CoreErrors,
  type Fact,
  type Intent,
  type LockTerms,
  type Network,
  type PrepareOptions,
  type Step,
  type Submission,
  type SwapAdapter,
  show,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import type { ApiPromise } from '@polkadot/api'
import { larger } from '../internal/extremes.js'
import { assertFamily } from '../internal/guards.js'
import { createMemory } from '../internal/memory.js'
import { pause } from '../internal/pause.js'
import * as Address from './Address.js'
import type { RelaySource } from './createRelaySource.js'
import * as HubDeployment from './HubDeployment.js'
import * as HubLock from './HubLock.js'
import { accountAt, assetOf, holding } from './internal/accounts.js'
import { isOfLock, prepareCall, prepareLock } from './internal/calls.js'
import { atTip, type Client, hashOf, ref, tipOf, told } from './internal/client.js'
import { dues, prepareCollect } from './internal/dues.js'
import { type PolkadotStatus, status, submit } from './internal/follow.js'
import { auditTerms, expectLock, type Hub, type HubLimits } from './internal/hub.js'
import { discoverLocks, findLocks, findSpend, lookForLock, recoverLocks } from './internal/locks.js'
import { feeRates, prepare, replace } from './internal/prepare.js'
import { prove, proveAbsence } from './internal/prove.js'
import { headers, watch } from './internal/watch.js'

/** What a call of the contract may take unless told otherwise; and a whole coin of storage deposit. */
export const LIMITS: Omit<HubLimits, 'storageDeposit'> = {
  refTime: 400_000_000_000n,
  proofSize: 4_000_000n,
  record: 128n,
}

interface Follows {
  /** What became of a submission; where the runtime refused it in a block, with the runtime's own reason. */
  status(submission: Submission, options?: CallOptions): Promise<Fact.Fact<PolkadotStatus>>
}

/** An adapter for a Substrate chain without contracts: it moves coins and assets, and has no locks. */
export type PolkadotAdapter = ChainAdapter<{
  readonly locks: false
  readonly proofs: 'none'
  readonly replacement: true
}> &
  Follows

/** An adapter for a Substrate chain with contracts (Polkadot Hub), and one instance of the contract `Htlc`. */
export type PolkadotHubAdapter = SwapAdapter &
  Follows & {
    /** What `LockTerms.backend` must be for locks of this adapter. */
    readonly backend: HubLock.HubBackend
    /** The contract's chain, for `createHubVerifier` of `@aitbc/proofs/revive`. */
    readonly chain: HubLock.HubChain
    /**
     * Evidence that there is no lock of these terms (`lock`), or that their lock is neither claimed nor refunded (`spend`).
     * `PolkadotNotProvable` (3514) where that isn't so.
     */
    proveAbsence(
      claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
      options?: CallOptions,
    ): Promise<Fact.Evidence>
  }

/**
 * An adapter for a Substrate chain over an `ApiPromise` of @polkadot/api: balances, assets of pallet-assets (`…/assets:<number>`), transfers
 * that keep their sender alive, mortal transactions, finality and events; with `hub`, locks in the contract `Htlc` through pallet-revive.
 *
 * Answers are read as hostile (`RpcMalformed` 1204 names method and value); facts are `reported`, or `quorum` where the caller's endpoint
 * is one. What calls mean is the runtime's own description of itself: pin it (`metadata` of `ApiPromise.create`) where the endpoint isn't
 * trusted to tell it. Fee rates are planck of tip for one transaction. `prepare({ kind: 'call' })` takes an encoded call of the runtime
 * (`to` is `from`), or with `hub` the call data of a contract (`to` is its address). Codes: 1016, 1201–1208, 1301, 3501–3524.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createPolkadotAdapter } from '@aitbc/adapters/polkadot'
 * const open = (api: createPolkadotAdapter.Options['api']) =>
 *   createPolkadotAdapter({ network: networks.polkadotHub, api })
 */
export function createPolkadotAdapter(
  options: createPolkadotAdapter.Options & { readonly hub: createPolkadotAdapter.HubOptions },
): PolkadotHubAdapter
export function createPolkadotAdapter(
  options: createPolkadotAdapter.Options & { readonly hub?: undefined },
): PolkadotAdapter
export function createPolkadotAdapter(
  options: createPolkadotAdapter.Options & { readonly hub?: createPolkadotAdapter.HubOptions | undefined },
): PolkadotAdapter | PolkadotHubAdapter {
  const client = createClient(options)
  const { hub } = client
  const shared = {
    network: client.network,
    profile: {
      lateClaims: false,
      payee: 'named',
      unique: true,
      lateLocks: false,
      feesFrom: 'account',
      events: true,
    },
    tip: async (o?: CallOptions) => {
      const tip = await tipOf(client, o)
      return told<Fact.Tip>(client, tip, ref(tip), tip)
    },
    headers: (from: Fact.BlockRef, o?: CallOptions) => headers(client, from, o),
    balance: (
      account: AccountId.AccountId,
      o?: CallOptions & { readonly asset?: AssetId.AssetId; readonly at?: Fact.BlockRef },
    ) => balance(client, account, o),
    feeRates: (o?: CallOptions) => feeRates(client, o),
    submit: (signed: Parameters<SwapAdapter['submit']>[0], o?: CallOptions) => submit(client, signed, o),
    replace: (submission: Submission, feeRate: bigint, o?: CallOptions) =>
      replace(client, submission, feeRate, o),
    status: (submission: Submission, o?: CallOptions) => status(client, submission, o),
  } as const
  if (hub === undefined)
    return {
      ...shared,
      capabilities: { locks: false, proofs: 'none', replacement: true },
      prepare: (intent, o) => {
        if (isOfLock(intent))
          return Promise.reject(
            CoreErrors.UnsupportedCapability(`this adapter has no locks: it was made without a hub`, {
              argument: 'intent.kind',
              received: intent.kind,
            }),
          )
        return prepare(client, intent, o)
      },
      watch: (subject, o) => watch(client, subject, o),
    }
  return {
    ...shared,
    backend: hub.backend,
    chain: { network: hub.network, backend: hub.backend, chainId: hub.chainId },
    capabilities: { locks: true, proofs: 'state', replacement: true },
    prepare: (intent, o) => prepareOnHub(client, hub, intent, o),
    watch: (subject, o) => watch(client, subject, o, (lock) => lookForLock(client, hub, lock, o)),
    auditTerms: (terms) => auditTerms(hub, terms),
    findLocks: (terms, o) => findLocks(client, hub, terms, o),
    expectLock: (terms, signed) => expectLock(hub, terms, signed.at(-1)?.id ?? ''),
    findSpend: (terms, lock, o) => findSpend(client, hub, terms, lock, o),
    dues: (terms, _lock, to, o) => dues(client, hub, terms, to, o),
    discoverLocks: (hashlock, o) => discoverLocks(client, hub, hashlock, o),
    recoverLocks: (seed, o) => recoverLocks(client, hub, seed, o),
    prove: (claim, o) => prove(client, hub, claim, o),
    proveAbsence: (claim, o) => proveAbsence(client, hub, claim, o),
  }
}

export declare namespace createPolkadotAdapter {
  type Options = {
    /** Profile of the network; its id must be `polkadot:<first 32 hex digits of the first block's hash>`. */
    readonly network: Network
    /** A connection of @polkadot/api that is ready. */
    readonly api: ApiPromise
    /** What the connection's answers are worth; `reported` unless told. */
    readonly assurance?: 'reported' | 'quorum'
    /** Blocks that a transaction lives, a power of two from 4 to 4,096; 64 unless told. */
    readonly mortality?: bigint
    /** Highest tip that a step may have, planck; a whole coin unless told. */
    readonly maxTip?: bigint
    /** Milliseconds between two looks of a watch; half the network's block time, at most 4,000, unless told. */
    readonly pollMs?: number
    /** How a watch waits; rejects when aborted. A timer unless told. */
    readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  }
  type HubOptions = Contract & {
    /** What contracts on this chain read as its number: 420420419 on Polkadot Hub, 420420418 on Kusama Hub. */
    readonly chainId: bigint
    /** Block from which on locks are searched; 0 unless told. */
    readonly deployedAt?: bigint
    readonly limits?: Partial<HubLimits>
    /**
     * Where evidence gets the relay chain's part from (`createRelaySource` of `@aitbc/adapters/polkadot/relay`): with it, evidence goes back to
     * what the caller trusts of the relay chain; without it, to a block of the Hub that a verifier's owner must know.
     */
    readonly relay?: Pick<RelaySource, 'head'>
  }
  /** Which instance of the contract `Htlc`. */
  type Contract =
    | {
        /** Who instantiated it, with which salt: its address commits to the audited creation code. */
        readonly deployment: HubDeployment.HubDeployment
        readonly address?: undefined
      }
    | {
        /**
         * Its address, `0x` and 20 bytes in lower-case hex, where it was made in another way. That the audited code is there is checked; that
         * its maker gave it no locks which nobody paid for is on the caller's word.
         */
        readonly address: string
        readonly deployment?: undefined
      }
}

async function prepareOnHub(
  client: Client,
  hub: Hub,
  intent: Intent,
  options?: PrepareOptions,
): Promise<readonly Step[]> {
  if (intent?.kind === 'collect') return prepareCollect(client, hub, intent, options)
  if (isOfLock(intent)) return prepareLock(client, hub, intent, options)
  if (intent?.kind !== 'call') return prepare(client, intent, options)
  return (await prepareCall(client, hub, intent, options)) ?? prepare(client, intent, options)
}

/** What an account holds; of its coins what it could pay, and what it must keep to exist, which may be frozen. */
async function balance(
  client: Client,
  id: AccountId.AccountId,
  options?: CallOptions & { readonly asset?: AssetId.AssetId; readonly at?: Fact.BlockRef },
): Promise<Fact.Fact<bigint>> {
  const account = Address.fromAccountId(id, client.network, 'account')
  const asset = assetOf(options?.asset ?? client.network.native.id, client.network, 'options.asset')
  return atTip(client, options, async (tip) => {
    const at = options?.at ?? ref(tip)
    const hash = hashOf(at)
    if (asset !== 'native') return told(client, await holding(client, account, asset, hash, options), at, tip)
    const { free, frozen } = await accountAt(client, account, hash, options)
    return told(client, larger(free - larger(frozen - client.network.fees.dust, 0n), 0n), at, tip)
  })
}

function createClient(
  options: createPolkadotAdapter.Options & { readonly hub?: createPolkadotAdapter.HubOptions | undefined },
): Client {
  const { network, api, hub } = options
  assertFamily(network, 'polkadot')
  networks.assert(network)
  if (typeof api?.rpc !== 'object' && typeof api?.rpc !== 'function')
    throw CoreErrors.InvalidArgument(`api must be an ApiPromise of @polkadot/api, got ${show(api)}`, {
      argument: 'api',
    })
  const { mortality = 64n } = options
  if (mortality < 4n || mortality > 4096n || (mortality & (mortality - 1n)) !== 0n)
    throw CoreErrors.InvalidArgument(
      `mortality must be a power of two from 4 to 4096, got ${show(mortality)}`,
      {
        argument: 'mortality',
        received: mortality,
      },
    )
  return {
    network,
    api,
    assurance: options.assurance ?? 'reported',
    mortality,
    maxTip: options.maxTip ?? 10n ** BigInt(network.native.decimals),
    pollMs: options.pollMs ?? Math.min(4000, Math.max(50, Number(network.blockTimeMs) / 2)),
    wait: options.wait ?? pause,
    hub: hub === undefined ? undefined : createHub(network, hub),
    checked: {},
    ...createMemory(),
  }
}

function createHub(network: Network, options: createPolkadotAdapter.HubOptions): Hub {
  const { chainId, deployedAt = 0n, limits, relay } = options
  const address =
    options.deployment === undefined ? options.address : HubDeployment.addressOf(options.deployment)
  if (!/^0x[0-9a-f]{40}$/.test(address))
    throw CoreErrors.InvalidArgument(
      `hub.address must be 0x and 40 lower-case hex digits, got ${show(address)}`,
      {
        argument: 'hub.address',
        received: address,
      },
    )
  if (typeof chainId !== 'bigint' || chainId < 1n || chainId >= 1n << 64n)
    throw CoreErrors.InvalidArgument(`hub.chainId must be a bigint from 1, got ${show(chainId)}`, {
      argument: 'hub.chainId',
      received: chainId,
    })
  return {
    network,
    backend: { network: network.id, kind: 'contract', address, codeHash: Bytes.fromHex(HubLock.CODE_HASH) },
    chainId,
    deployedAt,
    relay,
    limits: { ...LIMITS, storageDeposit: 10n ** BigInt(network.native.decimals), ...limits },
  }
}
