import {
  type Amount,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Due,
  type Fact,
  type LockSide,
  type LockTerms,
  type Network,
  type SwapAdapter,
  show,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import type { CosmosTransport } from './CosmosRpc.js'
import { CosmosErrors } from './errors.js'
import * as HtlcArtifact from './HtlcArtifact.js'
import * as HtlcLock from './HtlcLock.js'
import { blockAt, type Client, type GasLimits, ref, tipOf, told } from './internal/client.js'
import * as fees from './internal/fees.js'
import { status, submit } from './internal/follow.js'
import { discoverLocks, entryAt, findLocks, findSpend, recoverLocks } from './internal/locks.js'
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

/** The gas limits of {@link createCosmosAdapter} unless told otherwise. */
export const GAS: GasLimits = {
  transfer: 150_000n,
  lockNative: 400_000n,
  lockToken: 700_000n,
  recordByte: 100n,
  settle: 1_200_000n,
}

/** An adapter for one Cosmos network and one instance of the CosmWasm contract. */
export type CosmosAdapter = SwapAdapter & {
  /** What `LockTerms.backend` must be for locks of this adapter. */
  readonly backend: HtlcLock.HtlcBackend
  /**
   * Base units that a settled lock still owes its payee because the payment failed (H26); paid out by
   * `prepare({ kind: 'call', to: <contract>, data: HtlcLock.encodeWithdraw(…), value: 0n })`.
   */
  owed(terms: LockTerms.LockTerms, options?: CallOptions): Promise<Fact.Fact<bigint>>
  /**
   * Evidence that there is no lock of these terms (`lock`), or that their lock is neither claimed nor refunded (`spend`), for
   * `CosmosVerifier.absent`. `CosmosNotProvable` (3412) where that isn't so.
   */
  proveAbsence(
    claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
    options?: CallOptions,
  ): Promise<Fact.Evidence>
}

/**
 * An adapter for a Cosmos network: `SwapAdapter` over CometBFT's JSON-RPC and the CosmWasm contract of this package.
 *
 * Every answer is read as hostile (`RpcMalformed` 1204 names method and value); facts are `reported`, or `quorum` where the transport
 * is one. Locks are bound to the contract at `htlc`, whose code must have the pinned hash and which nobody may exchange
 * (`CosmosContractMismatch` 3403), and to tokens that the caller listed (`CosmosTokenNotAllowed` 3402). Parties have one address each:
 * account and payout are the same. Codes: 1016, 1201–1208, 3401–3415.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createCosmosAdapter } from '@aitbc/adapters/cosmos'
 * const adapter = createCosmosAdapter({
 *   network: networks.cosmosHub,
 *   transport: { request: async () => ({}) },
 *   htlc: 'cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq0fr2sh',
 * })
 * adapter.profile.lateClaims // false
 */
export function createCosmosAdapter(options: createCosmosAdapter.Options): CosmosAdapter {
  const client = createClient(options)
  const { network } = client
  return {
    network,
    backend: client.backend,
    profile: {
      lateClaims: false,
      payee: 'named',
      unique: true,
      lateLocks: false,
      feesFrom: 'account',
      events: true,
    },
    capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
    tip: async (o) => {
      const tip = await tipOf(client, o)
      const { block: _, ...value } = tip
      return told(client, value, ref(tip), tip)
    },
    headers: (from, o) => headers(client, from, o),
    balance: async (account, o) => {
      const address = accountOf(client, account, 'account')
      const held = HtlcLock.holdingOf(o?.asset ?? client.network.native.id, network, 'options.asset')
      const tip = await tipOf(client, o)
      const at = o?.at === undefined ? ref(tip) : await sameBlock(client, o.at, o)
      return told(client, await holding(client, address, held, at.height, o), at, tip)
    },
    owed: async (terms, o) => {
      const { owed, tip } = await owedBy(client, terms, o)
      return told(client, owed?.amount ?? 0n, ref(tip), tip)
    },
    dues: async (terms, _lock, to, o) => {
      const { owed, tip } = await owedBy(client, terms, o)
      const dues: readonly Due[] =
        owed?.to === to ? [{ kind: 'payment', asset: terms.asset, amount: owed.amount }] : []
      return told(client, dues, ref(tip), tip)
    },
    feeRates: async (o) => fees.rates(client, (await tipOf(client, o)).height, o),
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

export declare namespace createCosmosAdapter {
  type Options = {
    /** Profile of the network; its id must be `cosmos:<chain id>`. */
    readonly network: Network
    /** `createHttpRpc` of `@aitbc/core/rpc` with the URL of a CometBFT RPC, behind any middleware. */
    readonly transport: CosmosTransport
    /** bech32 address of the contract. */
    readonly htlc: string
    /** SHA-256 of the contract's wasm; that of this package unless told. */
    readonly codeHash?: Bytes.Hash32
    /** cw20 tokens that locks may hold, chosen by the caller. */
    readonly tokens?: readonly Amount.Asset[]
    /** What the transport's answers are worth; by default what it says of itself, else `reported`. */
    readonly assurance?: 'reported' | 'quorum'
    readonly gas?: Partial<GasLimits>
    /** Highest fee rate that a step may have, base units for 1,000,000 gas; 2,000 times the network's least unless told. */
    readonly maxFeeRate?: bigint
    /** Blocks that transfers and calls may wait for inclusion (`timeout_height`); 1,000 unless told, 0 for no limit. */
    readonly timeoutBlocks?: bigint
    /** Milliseconds between two looks of a watch; half the network's block time, at least 50 and at most 4,000, unless told. */
    readonly pollMs?: number
    /** How a watch waits; rejects when aborted. A timer unless told. */
    readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  }
}

function createClient(options: createCosmosAdapter.Options): Client {
  const { network, transport, htlc } = options
  if (network?.family !== 'cosmos' || network.denom === undefined)
    throw CoreErrors.InvalidNetwork(
      `network.family must be cosmos, and denom be there, got ${show(network?.family)}`,
      { argument: 'network', received: network?.id },
    )
  if (typeof transport?.request !== 'function')
    throw CoreErrors.InvalidArgument(`transport must have a function request, got ${show(transport)}`, {
      argument: 'transport',
    })
  const contract = typeof htlc === 'string' ? HtlcStorage.addressBytes(htlc, network) : undefined
  if (contract === undefined)
    throw CoreErrors.InvalidArgument(`htlc must be a contract's ${network.hrp} address, got ${show(htlc)}`, {
      argument: 'htlc',
      received: htlc,
    })
  const codeHash = options.codeHash ?? Bytes.fromHex(HtlcArtifact.codeHash)
  Bytes.assert(codeHash, 32, 'codeHash')
  const tokens = new Map<string, Amount.Asset>()
  for (const asset of options.tokens ?? []) {
    const held = HtlcLock.holdingOf(asset.id, network, 'tokens')
    if (held.kind === 'cw20') tokens.set(held.asset, asset)
  }
  return {
    network,
    chainId: network.id.slice('cosmos:'.length),
    denom: network.denom,
    transport,
    backend: { network: network.id, kind: 'cosmwasm', address: htlc, codeHash },
    contract,
    tokens,
    assurance: options.assurance ?? transport.assurance ?? 'reported',
    gas: { ...GAS, ...options.gas },
    maxFeeRate: options.maxFeeRate ?? network.fees.minRelay * 2000n,
    timeoutBlocks: options.timeoutBlocks ?? 1000n,
    pollMs: options.pollMs ?? Math.min(4000, Math.max(50, Number(network.blockTimeMs) / 2)),
    wait: options.wait ?? timer,
    attempts: new Map(),
    seen: new Set(),
  }
}

/** What a settled lock still owes because its payment failed, and to whom. */
async function owedBy(client: Client, terms: LockTerms.LockTerms, o?: CallOptions) {
  const own = contractTerms(client, terms)
  const tip = await tipOf(client, o)
  const read = await entryAt(client, own, tip.height, o)
  if ('why' in read) throw CosmosErrors.CosmosContractMismatch(read.why.message, { check: read.why.check })
  const { entry } = read
  const to: LockSide = entry.status === 'claimed' ? 'beneficiary' : 'locker'
  return { tip, owed: 'paid' in entry && !entry.paid ? { amount: own.amount, to } : undefined }
}

/** The block that a caller binds a read to; `CosmosForked` (3410) where the endpoint has another one there. */
async function sameBlock(client: Client, at: Fact.BlockRef, o?: CallOptions): Promise<Fact.BlockRef> {
  const block = await blockAt(client, at.height, o)
  if (block.hash !== at.hash)
    throw CosmosErrors.CosmosForked(
      `block ${at.height} must be ${show(at.hash)}, the endpoint shows ${block.hash}`,
      { argument: 'options.at', expected: at.hash, received: block.hash },
    )
  return ref(block)
}

function timer(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = () => {
      clearTimeout(handle)
      reject(signal?.reason)
    }
    const handle = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
