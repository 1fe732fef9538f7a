import {
  type AccountId,
  Amount,
  Bytes,
  CoreErrors,
  Deadline,
  type Intent,
  isAitbcError,
  type Lock,
  type LockSide,
  type LockTerms,
  type PrepareOptions,
  type Signed,
  type Step,
  type Submission,
  type SwapRecord,
  SwapSeed,
  show,
  Verdict,
} from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { sha256 } from '@noble/hashes/sha2.js'
import { assertSecret } from '../../internal/guards.js'
import { judge } from '../../internal/terms.js'
import { SolanaErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import * as Mint from '../Mint.js'
import * as NonceAccount from '../NonceAccount.js'
import {
  computeUnitLimit,
  computeUnitPrice,
  createNonce,
  createTokenAccount,
  decodeCall,
  type Instruction,
  NONCE_SIZE,
  TOKEN_ACCOUNT_SIZE,
  TOKEN_PROGRAM,
  tokenAccount,
  transfer as transferLamports,
  transferToken,
} from '../SolanaInstruction.js'
import * as SolanaRpc from '../SolanaRpc.js'
import * as SolanaTransaction from '../SolanaTransaction.js'
import { assertProgram, type Client, checkChain, headOf, read, rentOf, rpc } from './client.js'
import { assertRate, rates } from './fees.js'
import { expiry, landed } from './follow.js'
import { assertRef, type State, stateOf } from './locks.js'
import * as Record from './record.js'

/** What a Solana adapter is asked to prepare besides: payouts are steps of their own there. */
export type SolanaIntent =
  | Intent
  /** Pays what a claim or a refund settled to the one that it is for; anyone may, as often as it takes. */
  | {
      readonly kind: 'payout'
      readonly terms: LockTerms.LockTerms
      readonly lock: Lock
      readonly feePayer?: AccountId.AccountId
    }
  /** Gives the locker the rent back, from the deadline on and after the payout; anyone may. */
  | {
      readonly kind: 'close'
      readonly terms: LockTerms.LockTerms
      readonly lock: Lock
      readonly feePayer?: AccountId.AccountId
    }
  /** Makes the account of a durable nonce, whose address is of the owner and the name. */
  | { readonly kind: 'nonce'; readonly from: AccountId.AccountId; readonly name: string }

/** How a step is to be prepared on Solana. */
export interface SolanaPrepareOptions extends PrepareOptions {
  /**
   * The account of a durable nonce whose authority is the fee payer: the transaction then doesn't expire with a blockhash, and can be
   * handed to somebody who sends it later. Each value of a nonce serves one transaction.
   */
  readonly nonce?: AccountId.AccountId
}

/** What is to become a step. */
interface Plan {
  readonly kind: string
  readonly payer: Bytes.Bytes32
  readonly acts: readonly Instruction[]
  readonly units: number
  /** Lamports for accounts that it creates. */
  readonly rent: bigint
  /** What only one transaction can use, where the program sees to that; else its nonce or its blockhash. */
  readonly conflictKey?: string
  readonly validFrom?: Deadline.Deadline
  /** Where no blockhash ends it earlier. */
  readonly until?: Deadline.Deadline
  /** It names the payer's own nonce where the payer has one: only so can it be replaced or taken back before its blockhash expires. */
  readonly once?: true
}

/** Compute units of the search for a derived address: 1,500 a try. */
const units = (...bumps: readonly number[]) => bumps.reduce((sum, bump) => sum + 1500 * (256 - bump), 0)

/** Lock terms in the program's form, for a token that the caller allowed. */
export function programTerms(client: Client, terms: LockTerms.LockTerms): HtlcLock.ProgramTerms {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  if (!HtlcLock.isNative(own.mint) && !client.tokens.has(Address.encode(own.mint)))
    throw SolanaErrors.SolanaTokenNotAllowed(
      `terms.asset must be one of the adapter's tokens, got ${show(terms.asset)}`,
      {
        argument: 'terms.asset',
        received: terms.asset,
        allowed: [...client.tokens.values()].map((token) => token.id),
      },
    )
  return own
}

/** Judges terms offline. Refusals: `terms`, `token-allowed`; the context names the term and what came. */
export function auditTerms(client: Client, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  return judge(terms, () => programTerms(client, terms), 'SolanaTokenNotAllowed')
}

/** The lock that terms will have: its address is of the terms alone. */
export function expectLock(client: Client, terms: LockTerms.LockTerms, transaction: string): Lock {
  const { address } = HtlcLock.address(programTerms(client, terms), client.backend)
  return { ref: Address.encode(address), transaction, amount: terms.amount, match: 'exact' }
}

/** The steps of an intent. */
export async function prepare(
  client: Client,
  intent: SolanaIntent,
  options: SolanaPrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  switch (intent?.kind) {
    case 'transfer':
      return [await step(client, await transfer(client, intent, options), options)]
    case 'call':
      return [await step(client, call(client, intent), options)]
    case 'void':
      return voided(client, intent.submission, options)
    case 'lock':
      return [await step(client, await lock(client, intent, options), options)]
    case 'claim':
      return [await step(client, await claim(client, intent, options), options)]
    case 'refund':
      return [await step(client, await refund(client, intent, options), options)]
    case 'payout':
      return [await step(client, await payout(client, intent, options), options)]
    case 'close':
      return [await step(client, await close(client, intent, options), options)]
    case 'collect': {
      const { due, to, ...rest } = intent
      const plan =
        due === 'deposit'
          ? await close(client, { ...rest, kind: 'close' }, options, true)
          : await payout(client, { ...rest, kind: 'payout' }, options, to)
      return [await step(client, plan, options)]
    }
    case 'nonce':
      return [await step(client, await nonce(client, intent, options), options)]
    default:
      throw CoreErrors.InvalidArgument(
        `intent.kind must be transfer, call, void, lock, claim, refund, collect, payout, close or nonce, got ${show((intent as Intent | undefined)?.kind)}`,
        { argument: 'intent.kind', received: (intent as Intent | undefined)?.kind },
      )
  }
}

/**
 * The same intent at a higher price, under the same conflict key. Of versions of a lock, a claim or a refund the program lets one alone
 * count, and a nonce one alone be included; for all else, a new blockhash would let two count: `SolanaNotReplaceable` (3309) until every
 * earlier version has finally expired.
 */
export async function replace(
  client: Client,
  submission: Submission,
  feeRate: bigint,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  const { step: old } = submission ?? {}
  assertNetwork(client, old?.network, 'submission.step.network')
  const decoded = SolanaTransaction.ofStep(old)
  const raised = (decoded.unitPrice * 5n + 3n) / 4n
  const price = assertRate(client, feeRate > raised ? feeRate : raised)
  await checkChain(client, options)
  const guarded = /^(?:lock|settle)\//.test(old.conflictKey) || decoded.nonce !== undefined
  if (!guarded) {
    // In this order: what isn't found once its time is over was not included while it could be.
    const over = await expiry(client, old, options)
    if (await landed(client, submission, over?.slot ?? 0n, options))
      throw SolanaErrors.SolanaExpired(`${submission.id} or another version of it is included`, {
        id: submission.id,
      })
    if (!over)
      throw SolanaErrors.SolanaNotReplaceable(
        `${submission.id} may still be included, and so would another version`,
        { id: submission.id, validUntil: old.validUntil },
      )
  }
  const lifetime = decoded.nonce
    ? ({ kind: 'nonce', account: decoded.nonce, value: decoded.lifetime } as const)
    : await blockhashOf(client, options)
  const payload = SolanaTransaction.encode({
    payer: decoded.payer,
    lifetime,
    instructions: budgeted(SolanaTransaction.acts(decoded), decoded.units, price),
  })
  return [
    SolanaTransaction.toStep(payload, {
      network: old.network,
      kind: old.kind,
      from: old.from,
      feeAsset: client.network.native.id,
      rent: old.maxFee.amount - SolanaTransaction.feeOf(decoded),
      conflictKey: old.conflictKey,
      ...(old.validFrom === undefined ? {} : { validFrom: old.validFrom }),
      ...(lifetime.kind === 'nonce'
        ? old.validUntil === undefined
          ? {}
          : { validUntil: old.validUntil }
        : until(client, lifetime.lastHeight)),
    }),
  ]
}

/**
 * Uses up the nonce of a submission. One that names a blockhash needs nothing: it dies with it, after 150 blocks, and nothing can end it
 * sooner; `status` then tells `replaced`.
 */
async function voided(
  client: Client,
  submission: Submission,
  options: SolanaPrepareOptions,
): Promise<readonly Step[]> {
  assertNetwork(client, submission?.step?.network, 'submission.step.network')
  const { step: old } = submission
  const decoded = SolanaTransaction.ofStep(old)
  if (decoded.nonce === undefined) return []
  const fast = options.feeRate ?? (await rates(client, [], options)).fast
  const raised = (decoded.unitPrice * 5n + 3n) / 4n
  const price = assertRate(client, fast > raised ? fast : raised)
  const payload = SolanaTransaction.encode({
    payer: decoded.payer,
    lifetime: { kind: 'nonce', account: decoded.nonce, value: decoded.lifetime },
    instructions: budgeted([], 2000, price),
  })
  return [
    SolanaTransaction.toStep(payload, {
      network: old.network,
      kind: 'void',
      from: old.from,
      feeAsset: client.network.native.id,
      rent: 0n,
      conflictKey: old.conflictKey,
    }),
  ]
}

async function transfer(
  client: Client,
  intent: Intent & { readonly kind: 'transfer' },
  options: SolanaPrepareOptions,
): Promise<Plan> {
  const { network } = client
  const from = HtlcLock.keyOf(intent.from, network.id, 'intent.from')
  const to = HtlcLock.keyOf(intent.to, network.id, 'intent.to')
  Amount.assert(intent.amount, { argument: 'intent.amount', min: 1n })
  const mint = HtlcLock.mintOf(intent.asset, network, 'intent.asset')
  const fresh = options.after === undefined || options.after.length === 0
  if (HtlcLock.isNative(mint)) {
    const { accounts } = await read(client, [from, to], options)
    const [payer, payee] = accounts
    assertPayable(payee, intent.to)
    const least = await rentOf(client, 0, options)
    if ((payee?.lamports ?? 0n) + intent.amount < least)
      throw SolanaErrors.SolanaWouldFail(
        `intent.amount must leave ${intent.to} with ${least} lamports at least, got ${intent.amount}`,
        { argument: 'intent.amount', least, received: intent.amount },
      )
    if (fresh)
      assertHolds(intent.from, payer?.lamports ?? 0n, intent.amount + SolanaTransaction.SIGNATURE_FEE)
    const acts = [transferLamports(from, to, intent.amount)]
    return { kind: 'transfer', payer: from, acts, units: client.units.transfer, rent: 0n, once: true }
  }
  const kind = await mintAt(client, mint, Mint.transferable, options)
  const own = tokenAccount(from, mint, kind.program)
  const theirs = tokenAccount(to, mint, kind.program)
  const { accounts } = await read(client, [own.address, theirs.address, to], options)
  const [mine, payee, owner] = accounts
  assertPayable(owner, intent.to)
  const held = mine && Mint.decodeTokenAccount(mine)
  if (fresh) assertHolds(intent.from, held?.amount ?? 0n, intent.amount)
  const paid = payee && Mint.decodeTokenAccount(payee)
  if (payee !== undefined && (paid === undefined || paid.frozen || !Bytes.equal(paid.owner, to)))
    throw SolanaErrors.SolanaWouldFail(`the token account of ${intent.to} can't be paid now`, {
      argument: 'intent.to',
      account: Address.encode(theirs.address),
    })
  const missing = payee === undefined
  const { program, decimals } = kind
  return {
    kind: 'transfer',
    payer: from,
    acts: [
      ...(missing ? [createTokenAccount(from, to, mint, program)] : []),
      transferToken({
        program,
        mint,
        from: own.address,
        to: theirs.address,
        owner: from,
        amount: intent.amount,
        decimals,
      }),
    ],
    units: client.units.transferToken + (missing ? client.units.createTokenAccount + units(theirs.bump) : 0),
    rent: missing ? await tokenRent(client, program, options) : 0n,
    once: true,
  }
}

function call(client: Client, intent: Intent & { readonly kind: 'call' }): Plan {
  const payer = HtlcLock.keyOf(intent.from, client.network.id, 'intent.from')
  const program = HtlcLock.keyOf(intent.to, client.network.id, 'intent.to')
  if (!(intent.data instanceof Uint8Array))
    throw CoreErrors.InvalidBytes(`intent.data must be a Uint8Array, got ${show(intent.data)}`, {
      argument: 'intent.data',
    })
  if (intent.value !== 0n)
    throw CoreErrors.InvalidArgument(
      `intent.value must be 0n, for programs are sent no coins, got ${show(intent.value)}`,
      { argument: 'intent.value', received: intent.value },
    )
  const instruction = decodeCall(program, intent.data)
  const other = instruction.accounts.find(({ address, signer }) => signer && !Bytes.equal(address, payer))
  if (other !== undefined)
    throw CoreErrors.InvalidArgument(`intent.data must name no other signer than ${intent.from}`, {
      argument: 'intent.data',
      received: Address.encode(other.address),
    })
  return { kind: 'call', payer, acts: [instruction], units: client.units.call, rent: 0n, once: true }
}

async function lock(
  client: Client,
  intent: Intent & { readonly kind: 'lock' },
  options: SolanaPrepareOptions,
): Promise<Plan> {
  const { terms } = intent
  const own = programTerms(client, terms)
  const locker = terms.locker.account
  if (intent.from !== undefined && intent.from !== locker)
    throw SolanaErrors.SolanaUnsupportedTerms(
      `intent.from must be the locker ${locker}, got ${show(intent.from)}`,
      { argument: 'intent.from', expected: locker, received: intent.from },
    )
  await checkChain(client, options)
  await assertProgram(client, options)
  const { tip } = await headOf(client, options)
  if (tip.clock >= own.deadline)
    throw SolanaErrors.SolanaUnsupportedTerms(
      `terms.deadline must be after the chain's clock ${tip.clock}, got ${own.deadline}`,
      { argument: 'terms.deadline', received: own.deadline, clock: tip.clock },
    )
  const { address, bump } = HtlcLock.address(own, client.backend)
  const native = HtlcLock.isNative(own.mint)
  const from = tokenAccount(own.locker, own.mint)
  const vault = tokenAccount(address, own.mint)
  const token = native ? undefined : await mintAt(client, own.mint, Mint.lockable, options)
  if (token !== undefined) assertDecimals(client, terms, token)
  const { accounts } = await read(
    client,
    native ? [own.locker, address] : [own.locker, address, from.address, vault.address],
    options,
  )
  const [payer, there, tokens, held] = accounts
  if (there !== undefined && Bytes.equal(there.owner, client.program))
    throw SolanaErrors.SolanaWouldFail(
      `the lock of these terms is there already, at ${Address.encode(address)}`,
      {
        argument: 'intent.terms',
        lock: Address.encode(address),
      },
    )
  const rent =
    (await rentOf(client, HtlcLock.ACCOUNT_SIZE, options)) +
    (native || held !== undefined ? 0n : await tokenRent(client, TOKEN_PROGRAM, options))
  if (options.after === undefined || options.after.length === 0) {
    const need = rent + SolanaTransaction.SIGNATURE_FEE + (native ? own.amount : 0n)
    assertHolds(locker, payer?.lamports ?? 0n, need)
    if (!native) assertHolds(locker, (tokens && Mint.decodeTokenAccount(tokens)?.amount) ?? 0n, own.amount)
  }
  const plan = (record: SwapRecord | undefined): Plan => ({
    kind: 'lock',
    payer: own.locker,
    acts: [
      ...(native ? [] : [createTokenAccount(own.locker, address, own.mint)]),
      HtlcLock.encodeLock(own, client.backend, {
        lock: address,
        decimals: token?.decimals ?? 0,
        from: from.address,
        record: record === undefined ? new Uint8Array(0) : sealed(client, intent, own, record),
      }),
      ...(intent.recovery === undefined ? [] : [beacon(client, own.locker, intent.recovery)]),
    ],
    units: native
      ? client.units.lock + units(bump)
      : client.units.lockToken + client.units.createTokenAccount + units(bump, vault.bump),
    rent,
    conflictKey: `lock/${Address.encode(address)}`,
    until: terms.deadline,
    once: true,
  })
  const record = intent.recovery?.record
  const whole = plan(record)
  if (record?.agreement === undefined || fits(whole)) return whole
  // What finds the other leg is enough; the agreement is there where it has room.
  const { agreement, ...rest } = record
  return plan(rest)
}

/** Moves nothing, and names an address that only the seed's owner knows to look for. */
function beacon(
  client: Client,
  locker: Bytes.Bytes32,
  recovery: NonNullable<(Intent & { readonly kind: 'lock' })['recovery']>,
): Instruction {
  SwapSeed.assertNetwork(recovery.seed, client.network.id)
  const { accounts, ...rest } = transferLamports(locker, locker, 0n)
  const address = Record.tagOf(recovery.seed, recovery.index ?? 0)
  return { ...rest, accounts: [...accounts, { address, signer: false, writable: false }] }
}

function sealed(
  client: Client,
  intent: Intent & { readonly kind: 'lock' },
  own: HtlcLock.ProgramTerms,
  record: SwapRecord,
): Bytes.Bytes {
  const recovery = intent.recovery as NonNullable<typeof intent.recovery>
  return Record.seal(recovery, record, intent.terms, HtlcLock.id(own, client.backend))
}

function fits({ payer, acts, units: limit }: Plan): boolean {
  try {
    const lifetime = { kind: 'blockhash', blockhash: Address.encode(payer), lastHeight: 0n } as const
    SolanaTransaction.encode({ payer, lifetime, instructions: budgeted(acts, limit, 1n) })
    return true
  } catch (error) {
    if (isAitbcError(error, 'SolanaTooLarge')) return false
    throw error
  }
}

async function claim(
  client: Client,
  intent: Intent & { readonly kind: 'claim' },
  options: SolanaPrepareOptions,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  assertSecret(intent)
  // Nothing that these reads tell an endpoint hints at the secret, and nothing is simulated: whoever simulates a claim learns it (H18).
  const feePayer = intent.feePayer ?? intent.terms.beneficiary.account
  const payer = payerOf(client, feePayer)
  const paid = await paying(client, own, address, 'claimed', payer, options)
  // A claim whose fee can't be paid is in no block, and has told its secret: what isn't there for the payout must not stop it.
  const { accounts } = await read(client, [payer], options)
  const lamports = accounts[0]?.lamports ?? 0n
  const price = options.feeRate ?? (await rates(client, [payer, address], options)).normal
  const fee = feeOfUnits(client.units.settle + paid.units, assertRate(client, price))
  const alone = paid.rent > 0n && lamports < fee + paid.rent + (await rentOf(client, 0, options))
  assertHolds(feePayer, lamports, alone ? feeOfUnits(client.units.settle, price) : fee)
  return {
    kind: 'claim',
    payer,
    acts: [HtlcLock.encodeClaim(address, client.backend, intent.secret), ...(alone ? [] : paid.acts)],
    units: client.units.settle + (alone ? 0 : paid.units),
    rent: alone ? 0n : paid.rent,
    conflictKey: `settle/${Address.encode(address)}`,
    until: intent.terms.deadline,
  }
}

async function refund(
  client: Client,
  intent: Intent & { readonly kind: 'refund' },
  options: SolanaPrepareOptions,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  const payer = payerOf(client, intent.feePayer ?? intent.terms.locker.account)
  const paid = await paying(client, own, address, 'refunded', payer, options)
  const { state } = paid
  const closing =
    paid.acts.length === 0 ? [] : [HtlcLock.encodeClose(own, address, client.backend, vaultOf(state))]
  return {
    kind: 'refund',
    payer,
    acts: [HtlcLock.encodeRefund(address, client.backend), ...paid.acts, ...closing],
    units: client.units.settle + paid.units + client.units.close + units(255),
    rent: paid.rent,
    conflictKey: `settle/${Address.encode(address)}`,
    validFrom: intent.terms.deadline,
  }
}

async function payout(
  client: Client,
  intent: SolanaIntent & { readonly kind: 'payout' },
  options: SolanaPrepareOptions,
  to?: LockSide,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  const state = await stateOf(client, own, options)
  const outcome = 'why' in state ? undefined : state.account?.status
  if ('why' in state || (outcome !== 'claimed' && outcome !== 'refunded'))
    throw SolanaErrors.SolanaWouldFail(
      `the lock ${intent.lock.ref} is not settled, so nothing is to be paid`,
      {
        argument: 'intent.lock',
        status: outcome ?? 'absent',
      },
    )
  const payee: LockSide = outcome === 'claimed' ? 'beneficiary' : 'locker'
  if (to !== undefined && to !== payee)
    throw SolanaErrors.SolanaWouldFail(`the lock ${intent.lock.ref} pays its ${payee}, not its ${to}`, {
      argument: 'intent.to',
      received: to,
    })
  const payer = payerOf(client, intent.feePayer ?? intent.terms[payee].account)
  const paid = await paying(client, own, address, outcome, payer, options, state)
  if (paid.acts.length === 0)
    throw SolanaErrors.SolanaWouldFail(
      `what the lock ${intent.lock.ref} holds can't be paid now: ${paid.doubt}`,
      {
        argument: 'intent.lock',
        reason: paid.doubt,
      },
    )
  return {
    kind: 'payout',
    payer,
    acts: paid.acts,
    units: paid.units,
    rent: paid.rent,
    // A second payout fails, or pays what came since.
    conflictKey: `settle/${Address.encode(address)}/payout`,
  }
}

async function close(
  client: Client,
  intent: SolanaIntent & { readonly kind: 'close' },
  options: SolanaPrepareOptions,
  paysToo = false,
): Promise<Plan> {
  const own = programTerms(client, intent.terms)
  const address = assertRef(client, own, intent.lock, 'intent.lock.ref')
  const payer = payerOf(client, intent.feePayer ?? intent.terms.locker.account)
  const state = await stateOf(client, own, options)
  const account = 'why' in state ? undefined : state.account
  const unpaid = (why: string) =>
    SolanaErrors.SolanaWouldFail(`the lock ${intent.lock.ref} is not paid out, so it can't be closed${why}`, {
      argument: 'intent.lock',
    })
  if ('why' in state || account === undefined || account.status === 'locked' || (!account.paid && !paysToo))
    throw unpaid('')
  const paid = account.paid
    ? undefined
    : await paying(client, own, address, account.status, payer, options, state)
  if (paid?.acts.length === 0) throw unpaid(`: ${paid.doubt}`)
  const { bump } = HtlcLock.address(own, client.backend)
  return {
    kind: 'close',
    payer,
    acts: [...(paid?.acts ?? []), HtlcLock.encodeClose(own, address, client.backend, vaultOf(state))],
    units: client.units.close + units(bump) + (paid?.units ?? 0),
    rent: paid?.rent ?? 0n,
    conflictKey: `settle/${Address.encode(address)}/close`,
    validFrom: intent.terms.deadline,
  }
}

async function nonce(
  client: Client,
  intent: SolanaIntent & { readonly kind: 'nonce' },
  options: SolanaPrepareOptions,
): Promise<Plan> {
  const from = HtlcLock.keyOf(intent.from, client.network.id, 'intent.from')
  if (typeof intent.name !== 'string' || !/^[!-~]{1,32}$/.test(intent.name))
    throw CoreErrors.InvalidArgument(
      `intent.name must be 1 to 32 visible characters, got ${show(intent.name)}`,
      {
        argument: 'intent.name',
        received: intent.name,
      },
    )
  const account = NonceAccount.address(from, intent.name)
  const lamports = await rentOf(client, NONCE_SIZE, options)
  return {
    kind: 'nonce',
    payer: from,
    acts: createNonce({ from, account, seed: intent.name, lamports }),
    units: client.units.transfer * 4,
    rent: lamports,
    conflictKey: `account/${Address.encode(account)}`,
  }
}

/**
 * The payout that can go with a claim or a refund in one transaction: none where it might fail, for a claim that fails with it has told
 * its secret and settled nothing.
 */
async function paying(
  client: Client,
  own: HtlcLock.ProgramTerms,
  lock: Bytes.Bytes32,
  outcome: 'claimed' | 'refunded',
  payer: Bytes.Bytes32,
  options: SolanaPrepareOptions,
  known?: State,
): Promise<{
  readonly acts: readonly Instruction[]
  readonly units: number
  readonly rent: bigint
  readonly state: State | undefined
  readonly doubt: string
}> {
  const payee = outcome === 'claimed' ? own.beneficiary : own.locker
  const found = known ?? (await stateOf(client, own, options))
  const state = 'why' in found ? undefined : found
  const { bump } = HtlcLock.address(own, client.backend)
  const none = (doubt: string) => ({ acts: [], units: 0, rent: 0n, state, doubt })
  const act = HtlcLock.encodePay(own, lock, client.backend, outcome, vaultOf(state))
  if (HtlcLock.isNative(own.mint)) {
    const { accounts } = await read(client, [payee], options)
    const [account] = accounts
    const least = await rentOf(client, account?.data.length ?? 0, options)
    if (account?.executable) return none('the payee is a program')
    if (state?.account?.paid) return none('it was paid already')
    if ((account?.lamports ?? 0n) + own.amount < least) return none(`the payee must hold ${least} lamports`)
    return { acts: [act], units: client.units.pay, rent: 0n, state, doubt: '' }
  }
  const theirs = tokenAccount(payee, own.mint)
  const { accounts } = await read(client, [theirs.address], options)
  const [account] = accounts
  const tokens = account && Mint.decodeTokenAccount(account)
  if (account !== undefined && (tokens === undefined || !Bytes.equal(tokens.owner, payee) || tokens.frozen))
    return none("the payee's token account is frozen or another's")
  if (state?.held?.frozen) return none('the vault is frozen')
  if (state?.account !== undefined && (state.held?.amount ?? 0n) === 0n) return none('the vault is empty')
  const missing = account === undefined
  return {
    acts: [createTokenAccount(payer, payee, own.mint), act],
    units: client.units.payToken + client.units.createTokenAccount + units(bump, theirs.bump),
    rent: missing ? await tokenRent(client, TOKEN_PROGRAM, options) : 0n,
    state,
    doubt: '',
  }
}

function vaultOf(state: State | undefined): { readonly vault?: Bytes.Bytes32 } {
  const vault = state?.account?.vault
  return vault === undefined ? {} : { vault }
}

/** Gives a plan its lifetime and its price. */
async function step(client: Client, plan: Plan, options: SolanaPrepareOptions): Promise<Step> {
  const { network } = client
  await checkChain(client, options)
  const price = assertRate(client, options.feeRate ?? (await rates(client, writtenBy(plan), options)).normal)
  const lifetime = await lifetimeOf(client, plan, options)
  const payload = SolanaTransaction.encode({
    payer: plan.payer,
    lifetime,
    // Two equal transfers of one blockhash would be one transaction, so each has another limit.
    instructions: budgeted(plan.acts, plan.units + (client.memory.drafts.count++ % 1000), price),
  })
  const own =
    lifetime.kind === 'nonce'
      ? `nonce/${Address.encode(lifetime.account)}/${Address.encode(lifetime.value)}`
      : `once/${Bytes.toHex(sha256(payload))}`
  return SolanaTransaction.toStep(payload, {
    network: network.id,
    kind: plan.kind,
    from: `${network.id}:${Address.encode(plan.payer)}`,
    feeAsset: network.native.id,
    rent: plan.rent,
    conflictKey: plan.conflictKey ?? own,
    ...(plan.validFrom === undefined ? {} : { validFrom: plan.validFrom }),
    ...(lifetime.kind === 'nonce'
      ? plan.until === undefined
        ? {}
        : { validUntil: plan.until }
      : until(client, lifetime.lastHeight)),
  })
}

function budgeted(acts: readonly Instruction[], limit: number, price: bigint): readonly Instruction[] {
  return [computeUnitLimit(limit), ...(price === 0n ? [] : [computeUnitPrice(price)]), ...acts]
}

/** The last height of a blockhash, where heights of that size can be told from times. */
function until(client: Client, lastHeight: bigint): { readonly validUntil?: Deadline.Deadline } {
  return lastHeight >= Deadline.TIME_THRESHOLD
    ? {}
    : { validUntil: { network: client.network.id, clock: 'height', value: lastHeight } }
}

async function blockhashOf(
  client: Client,
  options: PrepareOptions,
): Promise<SolanaTransaction.Lifetime & { readonly kind: 'blockhash' }> {
  return {
    kind: 'blockhash',
    ...(await SolanaRpc.latestBlockhash(client.transport, 'confirmed', rpc(options))),
  }
}

async function lifetimeOf(
  client: Client,
  plan: Plan,
  options: SolanaPrepareOptions,
): Promise<SolanaTransaction.Lifetime> {
  if (options.nonce !== undefined) return nonceOf(client, options.nonce, plan.payer, options)
  if (plan.once && client.nonce !== undefined) {
    const account = NonceAccount.address(plan.payer, client.nonce)
    const { accounts } = await read(client, [account], options)
    const decoded = accounts[0] === undefined ? undefined : NonceAccount.decode(accounts[0])
    const own = decoded?.ok && Bytes.equal(decoded.value.authority, plan.payer) ? decoded.value : undefined
    if (own !== undefined && !(options.after ?? []).some((signed) => usesNonce(signed, account, own.value)))
      return { kind: 'nonce', account, value: own.value }
  }
  return blockhashOf(client, options)
}

async function nonceOf(
  client: Client,
  id: AccountId.AccountId,
  payer: Bytes.Bytes32,
  options: SolanaPrepareOptions,
): Promise<SolanaTransaction.Lifetime & { readonly kind: 'nonce' }> {
  const account = HtlcLock.keyOf(id, client.network.id, 'options.nonce')
  const { accounts } = await read(client, [account], options)
  const [found] = accounts
  const decoded =
    found === undefined ? Verdict.refuse('nonce-missing', 'there is no account') : NonceAccount.decode(found)
  const refuse = (why: string) =>
    CoreErrors.InvalidArgument(`options.nonce must be a nonce of the fee payer: ${why}`, {
      argument: 'options.nonce',
      received: id,
    })
  if (!decoded.ok) throw refuse(decoded.refusal.message)
  const { authority, value } = decoded.value
  if (!Bytes.equal(authority, payer)) throw refuse(`its authority is ${Address.encode(authority)}`)
  if ((options.after ?? []).some((signed) => usesNonce(signed, account, value)))
    throw refuse('an earlier step uses its value')
  return { kind: 'nonce', account, value }
}

function usesNonce(signed: Signed, account: Bytes.Bytes32, value: Bytes.Bytes32): boolean {
  const { nonce: used, lifetime } = SolanaTransaction.ofStep(signed.step)
  return used !== undefined && Bytes.equal(used, account) && Bytes.equal(lifetime, value)
}

/** Accounts that a plan writes, for the market's price of them. */
function writtenBy({ payer, acts }: Plan): readonly Bytes.Bytes32[] {
  const seen = new Map<string, Bytes.Bytes32>([[Bytes.toHex(payer), payer]])
  for (const { accounts } of acts)
    for (const { address, writable } of accounts) if (writable) seen.set(Bytes.toHex(address), address)
  return [...seen.values()].slice(0, 16)
}

async function mintAt(
  client: Client,
  mint: Bytes.Bytes32,
  judge: (mint: Mint.Mint) => Verdict.Verdict<Mint.Mint>,
  options: SolanaPrepareOptions,
): Promise<Mint.Mint> {
  const { accounts } = await read(client, [mint], options)
  const [account] = accounts
  const name = Address.encode(mint)
  const decoded =
    account === undefined ? Verdict.refuse('mint-missing', 'there is no mint') : Mint.decode(account)
  const judged = decoded.ok ? judge(decoded.value) : decoded
  if (judged.ok) return judged.value
  const { check, message, context } = judged.refusal
  throw SolanaErrors.SolanaTokenRefused(`the mint ${name}: ${message}`, { mint: name, check, ...context })
}

/** Lamports for a signature and so many units at a price. */
function feeOfUnits(limit: number, price: bigint): bigint {
  return SolanaTransaction.SIGNATURE_FEE + (BigInt(limit) * price) / 1_000_000n
}

/** What the caller believes of a token's decimals is what amounts were reckoned with. */
function assertDecimals(client: Client, terms: LockTerms.LockTerms, mint: Mint.Mint): void {
  const asset = [...client.tokens.values()].find(({ id }) => id === terms.asset)
  if (asset !== undefined && asset.decimals !== mint.decimals)
    throw SolanaErrors.SolanaTokenRefused(
      `${terms.asset} must have ${asset.decimals} decimals, its mint has ${mint.decimals}`,
      { asset: terms.asset, expected: asset.decimals, received: mint.decimals },
    )
}

async function tokenRent(
  client: Client,
  program: Bytes.Bytes32,
  options: SolanaPrepareOptions,
): Promise<bigint> {
  // With extensions, accounts have a few bytes more (the owner can't be changed, metadata of transfers).
  const more = Bytes.equal(program, TOKEN_PROGRAM) ? 0 : 32
  return rentOf(client, TOKEN_ACCOUNT_SIZE + more, options)
}

function payerOf(client: Client, account: AccountId.AccountId): Bytes.Bytes32 {
  return HtlcLock.keyOf(account, client.network.id, 'intent.feePayer')
}

/** Coins sent to a program, a mint or a token account are lost, or someone else's. */
function assertPayable(payee: SolanaRpc.Account | undefined, to: AccountId.AccountId): void {
  if (payee === undefined || (!payee.executable && !isToken(payee))) return
  throw SolanaErrors.SolanaWouldFail(
    `intent.to must be an account of somebody, ${to} is a program's or a token's`,
    {
      argument: 'intent.to',
      received: to,
    },
  )
}

function isToken(account: SolanaRpc.Account): boolean {
  return Mint.decode(account).ok || Mint.decodeTokenAccount(account) !== undefined
}

function assertHolds(account: AccountId.AccountId, held: bigint, needed: bigint): void {
  if (held < needed)
    throw SolanaErrors.SolanaInsufficientFunds(
      `${account} must hold ${needed} of the asset at least, it holds ${held}`,
      { account, needed, held },
    )
}

/** `ForeignNetwork` (1016). */
export function assertNetwork(client: Client, network: unknown, argument: string): void {
  if (network !== client.network.id)
    throw CoreErrors.ForeignNetwork(`${argument} must be ${client.network.id}, got ${show(network)}`, {
      argument,
      expected: client.network.id,
      received: network,
    })
}
