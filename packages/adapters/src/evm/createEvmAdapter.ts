import {
  type AccountId,
  type Amount,
  type AssetId,
  type CallOptions,
  CoreErrors,
  type Due,
  type Fact,
  type LockTerms,
  type Network,
  type SwapAdapter,
  show,
} from '@aitbc/core'
import { type Address, decodeFunctionResult, type Hex, hexToBytes, zeroAddress } from 'viem'
import { assertFamily, assertTransport } from '../internal/guards.js'
import { createMemory } from '../internal/memory.js'
import { pause } from '../internal/pause.js'
import type { BeaconSource } from './BeaconSource.js'
import * as EvmRpc from './EvmRpc.js'
import { EvmErrors } from './errors.js'
import * as HtlcArtifact from './HtlcArtifact.js'
import * as HtlcLock from './HtlcLock.js'
import { atTip, type Client, type GasLimits, ref, rpc, tipOf, told } from './internal/client.js'
import * as fees from './internal/fees.js'
import { status, submit } from './internal/follow.js'
import { discoverLocks, findLocks, findSpend, recoverLocks, statusAt } from './internal/locks.js'
import {
  accountOf,
  auditTerms,
  contractTerms,
  expectLock,
  holding,
  prepare,
  replace,
} from './internal/prepare.js'
import { prove, proveAbsence } from './internal/prove.js'
import { headers, watch } from './internal/watch.js'

/** The gas limits of {@link createEvmAdapter} unless told otherwise. */
export const GAS: GasLimits = {
  lockNative: 130_000n,
  lockToken: 300_000n,
  recordByte: 45n,
  settle: 330_000n,
  approve: 100_000n,
  void: 21_000n,
}

/** An adapter for one EVM network and one instance of the contract `Htlc`. */
export type EvmAdapter = SwapAdapter & {
  /** What `LockTerms.backend` must be for locks of this adapter. */
  readonly backend: HtlcLock.HtlcBackend
  /**
   * Base units that the contract owes an account because a payment could not be made (H26); paid out by
   * `prepare({ kind: 'call', to: <contract>, data: HtlcLock.encodeWithdraw(…) })`.
   */
  credit(
    account: AccountId.AccountId,
    options?: CallOptions & { readonly asset?: AssetId.AssetId },
  ): Promise<Fact.Fact<bigint>>
  /**
   * Evidence that there is no lock of these terms (`lock`), or that their lock is neither claimed nor refunded (`spend`), for
   * `EvmVerifier.absent`. `EvmNotProvable` (3212) where that isn't so.
   */
  proveAbsence(
    claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
    options?: CallOptions,
  ): Promise<Fact.Evidence>
}

/**
 * An adapter for an EVM network: `SwapAdapter` over JSON-RPC and the contract `Htlc`.
 *
 * Every answer is read as hostile (`RpcMalformed` 1204 names method and value); facts are `reported`, or `quorum` where the
 * transport is one. Locks are bound to the contract at `htlc`, whose code must have the pinned hash (`EvmContractMismatch` 3203),
 * and to tokens that the caller listed (`EvmTokenNotAllowed` 3202): nothing about a token is taken from chain or counterparty.
 * Parties have one address each: account and payout are the same. Codes: 1016, 1201–1208, 3201–3213.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createEvmAdapter } from '@aitbc/adapters/evm'
 * const adapter = createEvmAdapter({
 *   network: networks.ethereum,
 *   transport: { request: async () => '0x1' },
 * })
 * adapter.profile.lateClaims // false
 */
export function createEvmAdapter(options: createEvmAdapter.Options): EvmAdapter {
  const client = createClient(options)
  return {
    network: client.network,
    backend: client.backend,
    profile: {
      lateClaims: false,
      payee: 'named',
      unique: true,
      lateLocks: false,
      feesFrom: 'account',
      events: true,
    },
    capabilities: { locks: true, proofs: 'state', replacement: true },
    tip: async (o) => {
      const tip = await tipOf(client, o)
      return told(client, tip, ref(tip), tip)
    },
    headers: (from, o) => headers(client, from, o),
    balance: async (account, o) => {
      const address = accountOf(client, account, 'account')
      const token = HtlcLock.tokenOf(o?.asset ?? client.network.native.id, client.network, 'options.asset')
      return atTip(client, o, async (tip) => {
        const at = o?.at ?? ref(tip)
        return told(client, await holding(client, address, token, hashOf(at), o), at, tip)
      })
    },
    credit: async (account, o) => {
      const address = accountOf(client, account, 'account')
      const token = HtlcLock.tokenOf(o?.asset ?? client.network.native.id, client.network, 'options.asset')
      return atTip(client, o, async (tip) =>
        told(client, await creditAt(client, token, address, tip.hash, o), ref(tip), tip),
      )
    },
    dues: async (terms, _lock, to, o) => {
      const own = contractTerms(client, terms)
      return atTip(client, o, async (tip) => {
        const at = tip.finalized ?? ref(tip)
        const audited = await statusAt(client, HtlcLock.id(own, client.backend), { hash: hashOf(at) }, o)
        // Whoever asks knows that it is settled: a node that doesn't is behind, and that nothing is owed would be the end of it.
        if ('why' in audited || audited.status < HtlcLock.STATUS.claimed)
          throw EvmErrors.EvmNotProvable(`the lock isn't shown to be settled in block ${at.height}`)
        // By account and not by lock: what another lock owes it is paid out with it.
        const amount = await creditAt(client, own.token, own[to], hashOf(at), o)
        const owed: readonly Due[] = amount === 0n ? [] : [{ kind: 'payment', asset: terms.asset, amount }]
        return told(client, owed, at, tip)
      })
    },
    feeRates: async (o) => fees.rates(client, await fees.market(client, o)),
    prepare: (intent, o) => prepare(client, intent, o),
    submit: (signed, o) => submit(client, signed, o),
    replace: (submission, feeRate, o) => replace(client, submission, feeRate, o),
    status: (submission, o) => status(client, submission, o),
    watch: (subject, o) => watch(client, subject, o),
    auditTerms: (terms) => auditTerms(client, terms),
    findLocks: (terms, o) => findLocks(client, terms, o),
    expectLock: (terms, signed) => expectLock(client, terms, signed.at(-1)?.id ?? ''),
    findSpend: (terms, lock, o) => findSpend(client, terms, lock, o),
    discoverLocks: (hashlock, o) => discoverLocks(client, hashlock, o),
    recoverLocks: (seed, o) => recoverLocks(client, seed, o),
    prove: (claim, o) => prove(client, claim, o),
    proveAbsence: (claim, o) => proveAbsence(client, claim, o),
  }
}

export declare namespace createEvmAdapter {
  type Options = {
    /** Profile of the network; its id must be `eip155:<number>`. */
    readonly network: Network
    /** An EIP-1193 provider; `toProvider` of `@aitbc/core/rpc` makes one of an endpoint with middleware. */
    readonly transport: EvmRpc.EvmTransport
    /**
     * Where evidence of final blocks comes from: with it, evidence goes back to a checkpoint of the beacon chain, for a verifier with
     * that anchor; without it, to a block that the verifier's owner must know. A network final by tag is then final by this source, where
     * the transport's chain has the block; while the source fails, what was final stays so, and nothing else is.
     */
    readonly beacon?: BeaconSource
    /** Address of the contract; where `HtlcDeployment` puts it unless told. */
    readonly htlc?: Address
    /** Tokens that locks may hold, chosen by the caller. */
    readonly tokens?: readonly Amount.Asset[]
    /** What the transport's answers are worth; by default what it says of itself, else `reported`. */
    readonly assurance?: 'reported' | 'quorum'
    /** Block from which on events are searched; 0 unless told. */
    readonly deployedAt?: bigint
    readonly gas?: Partial<GasLimits>
    /** Longest recovery record, bytes; what the contract takes (2,048) unless told. A longer one goes without the agreement. */
    readonly maxRecord?: number
    /** Amounts of the native coin must be multiples of this many wei; 1 unless told. On a Hub they are what one planck is. */
    readonly quantum?: bigint
    /** Highest fee rate that a step may have, wei per gas, whatever the endpoint says of the market; 10,000 gwei unless told. */
    readonly maxFeeRate?: bigint
    /** Most that a step may cost, gas limit times fee rate, wei: 10^18 unless told, for which nodes refuse more (`rpc.txfeecap`). */
    readonly maxFee?: bigint
    /** Milliseconds between two looks of a watch; half the network's block time, at least 50 and at most 4,000, unless told. */
    readonly pollMs?: number
    /** How a watch waits; rejects when aborted. A timer unless told. */
    readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  }
}

function createClient(options: createEvmAdapter.Options): Client {
  const { network, transport } = options
  assertFamily(network, 'evm')
  assertTransport(transport, 'transport')
  const chainId = HtlcLock.chainIdOf(network.id)
  const address = (options.htlc ?? HtlcArtifact.address).toLowerCase() as Address
  if (!/^0x[0-9a-f]{40}$/.test(address) || address === zeroAddress)
    throw CoreErrors.InvalidArgument(`htlc must be a contract address, got ${show(options.htlc)}`, {
      argument: 'htlc',
      received: options.htlc,
    })
  const tokens = new Map<Address, Amount.Asset>()
  for (const asset of options.tokens ?? []) {
    const token = HtlcLock.tokenOf(asset.id, network, 'tokens')
    if (token !== zeroAddress) tokens.set(token, asset)
  }
  return {
    network,
    chainId,
    transport,
    beacon: options.beacon,
    backend: {
      network: network.id,
      kind: 'contract',
      address,
      codeHash: hexToBytes(HtlcArtifact.codeHash),
    },
    codeHash: HtlcArtifact.codeHash,
    tokens,
    assurance: options.assurance ?? transport.assurance ?? 'reported',
    deployedAt: options.deployedAt ?? 0n,
    gas: { ...GAS, ...options.gas },
    maxRecord: options.maxRecord ?? HtlcLock.MAX_RECORD,
    quantum: options.quantum ?? 1n,
    maxFeeRate: options.maxFeeRate ?? 10_000_000_000_000n,
    maxFee: options.maxFee ?? 10n ** 18n,
    pollMs: options.pollMs ?? Math.min(4000, Math.max(50, Number(network.blockTimeMs) / 2)),
    wait: options.wait ?? pause,
    checked: { chain: false },
    ...createMemory(),
  }
}

/** Base units that the contract owes an account in a block. */
async function creditAt(
  client: Client,
  token: Address,
  account: Address,
  blockHash: Hex,
  options?: CallOptions,
): Promise<bigint> {
  const data = HtlcLock.encodeCredit(token, account)
  const answer = await EvmRpc.read(client.transport, client.backend.address, data, blockHash, rpc(options))
  if (answer.length !== 66) throw EvmRpc.malformed('eth_call', 'a number from credit', answer)
  return decodeFunctionResult({ abi: HtlcArtifact.abi, functionName: 'credit', data: answer })
}

function hashOf(block: Fact.BlockRef): `0x${string}` {
  if (!/^0x[0-9a-f]{64}$/.test(block.hash))
    throw CoreErrors.InvalidArgument(`options.at.hash must be a block hash, got ${show(block.hash)}`, {
      argument: 'options.at.hash',
      received: block.hash,
    })
  return block.hash as `0x${string}`
}
