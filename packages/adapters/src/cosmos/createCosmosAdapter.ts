import {
  type Amount,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Due,
  type Fact,
  type LockSide,
  type LockTerms,
  type SwapAdapter,
  show,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { CosmosErrors } from './errors.js'
import * as HtlcArtifact from './HtlcArtifact.js'
import * as HtlcLock from './HtlcLock.js'
import { type BaseOptions, baseOf, common } from './internal/base.js'
import { type Client, ref, tipOf, told } from './internal/client.js'
import { discoverLocks, entryAt, findLocks, findSpend, recoverLocks } from './internal/locks.js'
import { auditTerms, contractTerms, expectLock, prepare } from './internal/prepare.js'
import { proverOf } from './internal/proofs.js'
import { prove, proveAbsence } from './internal/prove.js'
import { replace } from './internal/steps.js'
import { lookForLock, watch } from './internal/watch.js'

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
  const prover = proverOf(client)
  return {
    ...common(client),
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
    owed: async (terms, o) => {
      const { owed, tip } = await owedBy(client, terms, o)
      return told(client, owed?.amount ?? 0n, ref(tip), tip)
    },
    dues: async (terms, _lock, to, o) => {
      const { owed, isSettled, tip } = await owedBy(client, terms, o)
      // Whoever asks knows that it is settled: a node that doesn't is behind, and that nothing is owed would be the end of it.
      if (!isSettled)
        throw CosmosErrors.CosmosNotProvable(`the lock isn't shown to be settled in block ${tip.height}`)
      const dues: readonly Due[] =
        owed?.to === to ? [{ kind: 'payment', asset: terms.asset, amount: owed.amount }] : []
      return told(client, dues, ref(tip), tip)
    },
    prepare: (intent, o) => prepare(client, intent, o),
    replace: (submission, feeRate, o) => replace(client, submission, feeRate, o),
    watch: (subject, o) => watch(client, subject, (of) => lookForLock(client, of, o), o),
    auditTerms: (terms) => auditTerms(client, terms),
    findLocks: (terms, o) => findLocks(client, terms, o),
    expectLock: (terms, signed) => expectLock(client, terms, signed.at(-1)?.id ?? ''),
    findSpend: (terms, lock, o) => findSpend(client, terms, lock, o),
    discoverLocks: (hashlock, o) => discoverLocks(client, hashlock, o),
    recoverLocks: (seed, o) => recoverLocks(client, seed, o),
    prove: (claim, o) => prove(client, prover, claim, o),
    proveAbsence: (claim, o) => proveAbsence(client, prover, claim, o),
  }
}

export declare namespace createCosmosAdapter {
  type Options = BaseOptions & {
    /** bech32 address of the contract. */
    readonly htlc: string
    /** SHA-256 of the contract's wasm; that of this package unless told. */
    readonly codeHash?: Bytes.Hash32
    /** cw20 tokens that locks may hold, chosen by the caller. */
    readonly tokens?: readonly Amount.Asset[]
  }
}

function createClient(options: createCosmosAdapter.Options): Client {
  const base = baseOf(options)
  const { network } = base
  const { htlc } = options
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
    ...base,
    backend: { network: network.id, kind: 'cosmwasm', address: htlc, codeHash },
    contract,
    tokens,
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
  const isSettled = 'paid' in entry
  return { tip, isSettled, owed: isSettled && !entry.paid ? { amount: own.amount, to } : undefined }
}
