import {
  Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  type Lock,
  type LockTerms,
  type Network,
  type Signed,
  type Step,
  type Submission,
  type SwapAdapter,
  type SwapSeed,
  show,
  type Verifier,
} from '@aitbc/core'
import { Hash256 } from '@aitbc/proofs/bitcoin'

import * as Account from './Account.js'
import type { Backend } from './Backend.js'
import { type Child, childPays } from './internal/child.js'
import type { Context } from './internal/context.js'
import { feeRates } from './internal/fees.js'
import { status, submit } from './internal/follow.js'
import { findLocks, findSpend, nextBeaconIndex, recoverLocks, told } from './internal/locks.js'
import { prepare } from './internal/prepare.js'
import { prove } from './internal/prove.js'
import { complete } from './internal/psbt.js'
import { createReader } from './internal/reader.js'
import { replace } from './internal/replacement.js'
import { arm } from './internal/settlement.js'
import { expected } from './internal/signed.js'
import { assertNative, audit } from './internal/terms.js'
import { headers, watch } from './internal/watch.js'

const PROFILE = {
  lateClaims: true,
  payee: 'key',
  unique: false,
  lateLocks: true,
  feesFrom: 'lock',
  events: false,
} as const satisfies SwapAdapter['profile']

const CAPABILITIES = {
  locks: true,
  // No block commits to the set of unspent outputs: that a lock is there can be proved, that it is unspent can't.
  proofs: 'inclusion',
  replacement: true,
} as const satisfies SwapAdapter['capabilities']

/** The adapter of a Bitcoin network, with what only Bitcoin has. */
export type BitcoinAdapter = SwapAdapter &
  Required<Pick<SwapAdapter, 'arm' | 'complete'>> & {
    /**
     * A child that pays for a submission that waits in the mempool (CPFP), where `replace` would change its id: spends its change
     * or payout, or a lock's beacon and a coin of the account (its key is then among the signer's `more`). Errors: `NotReplaceable` (3120).
     */
    cpfp(submission: Submission, child: Child, options?: CallOptions): Promise<readonly Step[]>
    /** The index for the next lock's recovery record: the least from which on no beacon of the seed was used. */
    nextBeaconIndex(seed: SwapSeed.NetworkSeed, options?: CallOptions): Promise<number>
  }

/**
 * The adapter of a Bitcoin network over a node's RPC or an Esplora server. Locks are P2WSH or P2TR hash time locks
 * (`@aitbc/proofs/bitcoin`, `HtlcScript`); steps are PSBTs.
 *
 * What an endpoint says is recomputed as far as hashes go: block hashes and clocks from headers, ids and amounts from
 * raw transactions, places from Merkle branches. Facts are `reported` (or `quorum`), and what `verifier` accepts is `proved`.
 *
 * Errors: `ForeignNetwork` (1016), `InvalidAnswer` (3101), `ContradictoryAnswer` (3102), `UnsupportedAccount` (3103), `UnsupportedTerms`
 * (3104), `InsufficientFunds` (3105), `DustOutput` (3106), `InvalidFeeRate` (3107); of `submit` 3108–3112 and 3118; the `Rpc…` codes.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createHttpRpc } from '@aitbc/core/rpc'
 * import { createBitcoinAdapter, createCoreBackend } from '@aitbc/adapters/bitcoin'
 * const rpc = createHttpRpc({ url: 'http://user:password@127.0.0.1:8332', exactNumbers: 'all' })
 * const adapter = createBitcoinAdapter({ network: networks.bitcoin, backend: createCoreBackend({ rpc }) })
 * adapter.profile.lateClaims // true
 */
export function createBitcoinAdapter(options: createBitcoinAdapter.Options): BitcoinAdapter {
  const { network, backend, verifier, anchor, pollMs = 2000, reserveRate = 20_000n } = options
  assertOptions(options)
  const reader = createReader(network, backend)
  const context: Context = { network, backend, reader, verifier, anchor, pollMs }
  return {
    network,
    profile: PROFILE,
    capabilities: CAPABILITIES,
    async tip(callOptions) {
      const tip = await reader.tip(callOptions)
      return told(context, tip, tip, tip)
    },
    headers: (from, callOptions) => headers(context, from, callOptions),
    balance: (account, callOptions) => balance(context, account, callOptions),
    feeRates: (callOptions) => feeRates(context, callOptions),
    prepare: (intent, callOptions) => prepare(context, intent, callOptions),
    submit: (signed, callOptions) => submit(context, signed, callOptions),
    replace: (submission, feeRate, callOptions) => replace(context, submission, feeRate, callOptions),
    status: (submission, callOptions) => status(context, submission, callOptions),
    watch: (subject, callOptions) => watch(context, subject, callOptions),
    auditTerms: (terms) => audit(network, terms, reserveRate),
    findLocks: (terms, callOptions) => findLocks(context, terms, callOptions),
    expectLock: (terms, signed) => expectLock(context, terms, signed),
    arm: (terms, lock, callOptions) => arm(context, terms, lock, callOptions),
    complete: (armed, secret) => complete(network, armed, secret),
    findSpend: (terms, lock, callOptions) => findSpend(context, terms, lock, callOptions),
    // A script's hash hides its hashlock: nothing on chain can be searched for.
    discoverLocks: async () => [],
    recoverLocks: (seed, callOptions) => recoverLocks(context, seed, callOptions),
    prove: (claim, callOptions) => prove(context, claim, callOptions),
    cpfp: (submission, child, callOptions) => childPays(context, submission, child, callOptions),
    nextBeaconIndex: (seed, callOptions) => nextBeaconIndex(context, seed, callOptions),
  }
}

export declare namespace createBitcoinAdapter {
  type Options = {
    readonly network: Network
    /** {@link createCoreBackend} or {@link createEsploraBackend}. */
    readonly backend: Backend
    /** Turns what endpoints report into what is proved: `createBitcoinVerifier` of `@aitbc/proofs/bitcoin`. */
    readonly verifier?: Verifier
    /** The block that evidence's headers follow: the verifier's anchor; the network's first block unless told. */
    readonly anchor?: Fact.BlockRef
    /** Rate (sat/kvB) that a claim or refund of a lock must be able to pay, for `auditTerms`; 20,000 unless told. */
    readonly reserveRate?: bigint
    /** Milliseconds between two looks of a watch; 2000 unless told. */
    readonly pollMs?: number
  }
}

function expectLock(context: Context, terms: LockTerms.LockTerms, signed: readonly Signed[]): Lock {
  const { id, amount } = expected(context, terms, signed)
  const match = amount < terms.amount ? 'under' : amount > terms.amount ? 'over' : 'exact'
  return { ref: `${id}:0`, transaction: id, amount, match }
}

/** Coins of blocks that nothing spends, the mempool included; with `at`, those unspent right after that block. */
async function balance(
  context: Context,
  id: Parameters<SwapAdapter['balance']>[0],
  options: NonNullable<Parameters<SwapAdapter['balance']>[1]> = {},
): Promise<Fact.Told<bigint>> {
  const { network, reader } = context
  const account = Account.parse(network, id)
  const { asset = network.native.id, at } = options
  assertNative(network, asset, 'asset')
  if (at === undefined) {
    const coins = await reader.unspent(account.script, options)
    const tip = await reader.tip(options)
    const sum = coins.reduce(
      (total, coin) => (coin.located.at === 'mempool' ? total : total + coin.amount),
      0n,
    )
    return told(context, sum, tip, tip)
  }
  const tip = await reader.tip(options)
  if (!(await reader.isBest(at, options)))
    throw CoreErrors.InvalidArgument(`at must be a block of the best chain, got ${at.height} ${at.hash}`, {
      argument: 'at',
      received: at,
    })
  const unspent = new Map<string, bigint>()
  for (const located of await reader.history([account.script], options)) {
    if (located.at === 'mempool' || located.at.height > at.height) continue
    for (const input of located.transaction.inputs)
      unspent.delete(`${Hash256.toDisplay(input.txid)}:${input.index}`)
    located.transaction.outputs.forEach(({ amount, script }, index) => {
      if (Bytes.equal(script, account.script)) unspent.set(`${located.txid}:${index}`, amount)
    })
  }
  return told(
    context,
    [...unspent.values()].reduce((sum, amount) => sum + amount, 0n),
    at,
    tip,
  )
}

function assertOptions(options: createBitcoinAdapter.Options): void {
  const { network, backend, verifier, pollMs, reserveRate } = options
  if (network?.family !== 'bitcoin' || network.hrp === undefined)
    throw CoreErrors.InvalidNetwork(`network must be a Bitcoin network, got ${show(network?.id)}`, {
      argument: 'network',
      received: network?.id,
    })
  if (typeof backend?.transaction !== 'function')
    throw CoreErrors.InvalidArgument(`backend must be a Bitcoin back end, got ${show(backend)}`, {
      argument: 'backend',
      received: show(backend),
    })
  if (verifier !== undefined && verifier.network !== network.id)
    throw CoreErrors.ForeignNetwork(`verifier must be of ${network.id}, got ${verifier.network}`, {
      argument: 'verifier',
      expected: network.id,
      received: verifier.network,
    })
  if (reserveRate !== undefined && (typeof reserveRate !== 'bigint' || reserveRate < 0n))
    throw CoreErrors.InvalidArgument(`reserveRate must be a bigint from 0, got ${show(reserveRate)}`, {
      argument: 'reserveRate',
      received: reserveRate,
    })
  if (pollMs !== undefined && (!Number.isFinite(pollMs) || pollMs < 1))
    throw CoreErrors.InvalidArgument(`pollMs must be a positive number, got ${show(pollMs)}`, {
      argument: 'pollMs',
      received: pollMs,
    })
}

export type { Child }
