import {
  type AccountId,
  type Amount,
  type AssetId,
  type Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  type LockTerms,
  type Network,
  type Step,
  type SwapAdapter,
  show,
} from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { assertFamily, assertTransport } from '../internal/guards.js'
import { pause } from '../internal/pause.js'
import type { EvidenceSource } from './EvidenceSource.js'
import * as HtlcArtifact from './HtlcArtifact.js'
import * as HtlcLock from './HtlcLock.js'
import { type Client, type ComputeUnits, headOf, read, ref, told } from './internal/client.js'
import { dues } from './internal/dues.js'
import { rates } from './internal/fees.js'
import { status, submit } from './internal/follow.js'
import { discoverLocks, findLocks, findSpend, recoverLocks } from './internal/locks.js'
import type { SolanaIntent, SolanaPrepareOptions } from './internal/plan.js'
import { prepare, replace } from './internal/prepare.js'
import { prove } from './internal/prove.js'
import { auditTerms, expectLock } from './internal/terms.js'
import { headers, watch } from './internal/watch.js'
import * as Mint from './Mint.js'
import { TOKEN_2022_PROGRAM, tokenAccount } from './SolanaInstruction.js'
import type * as SolanaRpc from './SolanaRpc.js'

/** The compute units of {@link createSolanaAdapter} unless told otherwise. */
export const UNITS: ComputeUnits = {
  transfer: 3000,
  transferToken: 15_000,
  createTokenAccount: 40_000,
  lock: 30_000,
  lockToken: 60_000,
  settle: 10_000,
  pay: 10_000,
  payToken: 40_000,
  close: 20_000,
  call: 400_000,
}

/** An adapter for one Solana cluster and one deployment of the lock program. */
export type SolanaAdapter = Omit<SwapAdapter, 'prepare' | 'capabilities'> & {
  /** Evidence is of transactions in blocks: no light client can check an account on Solana, or that a transaction succeeded. */
  readonly capabilities: {
    readonly locks: true
    readonly proofs: 'inclusion'
    readonly replacement: true
    readonly pending: false
  }
  /** What `LockTerms.backend` must be for locks of this adapter. */
  readonly backend: HtlcLock.HtlcBackend
  /** As `ChainAdapter.prepare`, with payouts, closing, nonce accounts, and durable nonces. */
  prepare(intent: SolanaIntent, options?: SolanaPrepareOptions): Promise<readonly Step[]>
}

/**
 * An adapter for a Solana cluster: `SwapAdapter` over JSON-RPC and the program `htlc`.
 *
 * Every answer is read as hostile (`RpcMalformed` 1204 names method and value); facts are `reported`, or `quorum` where the transport is
 * one: no light client can check what an account holds. Heights are block heights, not slots. Locks are bound to the program at
 * `program`, whose file must have the pinned hash and no owner (`SolanaProgramMismatch` 3303), and to tokens that the caller listed
 * (`SolanaTokenNotAllowed` 3302), whose mints must have no rules that break a lock (`SolanaTokenRefused` 3310).
 *
 * A transaction lives for 150 blocks, or until its durable nonce is used. Of versions of a lock, a claim or a refund the program lets one
 * count; a transfer without a nonce has no second version before the first has finally expired (`SolanaNotReplaceable` 3309). Codes:
 * 1016, 1201–1208, 1301, 3301–3324.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createSolanaAdapter } from '@aitbc/adapters/solana'
 * const adapter = createSolanaAdapter({
 *   network: networks.solana,
 *   rpc: { request: async () => null },
 *   program: '4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM',
 * })
 * adapter.profile.lateClaims // false
 */
export function createSolanaAdapter(options: createSolanaAdapter.Options): SolanaAdapter {
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
    capabilities: { locks: true, proofs: 'inclusion', replacement: true, pending: false },
    tip: async (o) => {
      const { tip } = await headOf(client, o)
      return told(client, tip, ref(tip), tip)
    },
    headers: (from, o) => headers(client, from, o),
    balance: (account, o) => balance(client, account, o),
    feeRates: (o) => rates(client, [client.program], o),
    prepare: (intent, o) => prepare(client, intent, o),
    submit: (signed, o) => submit(client, signed, o),
    replace: (submission, feeRate, o) => replace(client, submission, feeRate, o),
    status: (submission, o) => status(client, submission, o),
    watch: (subject, o) => watch(client, subject, o),
    auditTerms: (terms: LockTerms.LockTerms) => auditTerms(client, terms),
    findLocks: (terms, o) => findLocks(client, terms, o),
    expectLock: (terms, signed) => expectLock(client, terms, signed.at(-1)?.id ?? ''),
    findSpend: (terms, lock, o) => findSpend(client, terms, lock, o),
    dues: (terms, lock, to, o) => dues(client, terms, lock, to, o),
    discoverLocks: (hashlock, o) => discoverLocks(client, hashlock, o),
    recoverLocks: (seed, o) => recoverLocks(client, seed, o),
    prove: (claim, o) => prove(client, claim, o),
  }
}

export declare namespace createSolanaAdapter {
  type Options = {
    /** Profile of the network; its id must be `solana:` and the first 32 characters of the genesis hash. */
    readonly network: Network
    /** The node's JSON-RPC, such as `createHttpRpc({ url, exactNumbers: 'all' })` of `@aitbc/core/rpc`. */
    readonly rpc: SolanaRpc.SolanaTransport
    /** Address of the lock program, in base58. */
    readonly program: string
    /** SHA-256 of the program's file; that of the build for version 3 of the machine unless told ({@link HtlcArtifact}). */
    readonly codeHash?: Bytes.Hash32
    /** Tokens that locks may hold, chosen by the caller. */
    readonly tokens?: readonly Amount.Asset[]
    /** Where `prove` gets evidence; without it nothing is provable. */
    readonly evidence?: EvidenceSource
    /** What the node's answers are worth; by default what the transport says of itself, else `reported`. */
    readonly assurance?: 'reported' | 'quorum'
    /**
     * Name of a nonce account (`prepare({ kind: 'nonce', from, name })`) that a payer's transfers, calls and locks use where it is there, so
     * that they can be replaced and taken back at once; they then come one after the other. None unless told.
     */
    readonly nonce?: string
    readonly units?: Partial<ComputeUnits>
    /** Highest price of a compute unit that a step may have, millionths of a lamport; 50,000,000 unless told. */
    readonly maxFeeRate?: bigint
    /** Milliseconds between two looks of a watch; the network's block time unless told. */
    readonly pollMs?: number
    /** How a watch waits; rejects when aborted. A timer unless told. */
    readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  }
}

function createClient(options: createSolanaAdapter.Options): Client {
  const { network, rpc } = options
  assertFamily(network, 'solana')
  assertTransport(rpc, 'rpc')
  const program = HtlcLock.keyOfText(options.program, 'program')
  const tokens = new Map<string, Amount.Asset>()
  for (const asset of options.tokens ?? []) {
    const mint = HtlcLock.mintOf(asset.id, network, 'tokens')
    if (!HtlcLock.isNative(mint)) tokens.set(Address.encode(mint), asset)
  }
  return {
    network,
    transport: rpc,
    program,
    backend: {
      network: network.id,
      kind: 'program',
      address: options.program,
      codeHash: options.codeHash ?? HtlcArtifact.codeHashes.v3,
    },
    tokens,
    evidence: options.evidence,
    assurance: options.assurance ?? rpc.assurance ?? 'reported',
    units: { ...UNITS, ...options.units },
    maxFeeRate: options.maxFeeRate ?? 50_000_000n,
    nonce: options.nonce,
    pollMs: options.pollMs ?? Number(network.blockTimeMs),
    wait: options.wait ?? pause,
    checked: { chain: false, program: false },
    memory: {
      attempts: new Map(),
      sent: new Map(),
      blocks: new Map(),
      pasts: new Map(),
      drafts: { count: 0 },
      rents: new Map(),
    },
  }
}

/** Lamports of an account, or the tokens of its associated token account. */
async function balance(
  client: Client,
  account: AccountId.AccountId,
  options?: CallOptions & { readonly asset?: AssetId.AssetId; readonly at?: Fact.BlockRef },
): Promise<Fact.Fact<bigint>> {
  const { network } = client
  const owner = HtlcLock.keyOf(account, network.id, 'account')
  const mint = HtlcLock.mintOf(options?.asset ?? network.native.id, network, 'options.asset')
  const native = HtlcLock.isNative(mint)
  // Either token program may have made the mint; an owner has an account with one of them.
  const keys = native
    ? [owner]
    : [tokenAccount(owner, mint).address, tokenAccount(owner, mint, TOKEN_2022_PROGRAM).address]
  const { accounts, at, head } = await read(client, keys, options)
  if (options?.at !== undefined && options.at.hash !== at.hash)
    throw CoreErrors.UnsupportedCapability(
      `Solana tells what is, not what was: options.at must be the newest block, got ${show(options.at.hash)}`,
      { argument: 'options.at', received: options.at.hash },
    )
  const held = accounts.reduce((sum, it) => {
    if (it === undefined) return sum
    const tokens = native ? undefined : Mint.decodeTokenAccount(it)
    return sum + (native ? it.lamports : (tokens?.amount ?? 0n))
  }, 0n)
  return told(client, held, ref(at), head.tip)
}
