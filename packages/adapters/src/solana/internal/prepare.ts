import {
  type AccountId,
  Amount,
  Bytes,
  CoreErrors,
  type Intent,
  type PrepareOptions,
  type Step,
  type Submission,
  type SwapRecord,
  SwapSeed,
  show,
} from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { SolanaErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import * as Mint from '../Mint.js'
import * as NonceAccount from '../NonceAccount.js'
import {
  createNonce,
  createTokenAccount,
  decodeCall,
  type Instruction,
  NONCE_SIZE,
  TOKEN_PROGRAM,
  tokenAccount,
  transfer as transferLamports,
  transferToken,
} from '../SolanaInstruction.js'
import type * as SolanaRpc from '../SolanaRpc.js'
import * as SolanaTransaction from '../SolanaTransaction.js'
import { assertProgram, type Client, checkChain, headOf, read, rentOf } from './client.js'
import { assertRate, rates } from './fees.js'
import { expiry, landed } from './follow.js'
import {
  assertHolds,
  assertNetwork,
  blockhashOf,
  budgeted,
  fits,
  type Plan,
  type SolanaIntent,
  type SolanaPrepareOptions,
  step,
  units,
  until,
} from './plan.js'
import * as Record from './record.js'
import { claim, close, payout, refund } from './settlement.js'
import { programTerms } from './terms.js'
import { assertDecimals, isFree, isToken, mintAt, tokenRent } from './tokens.js'

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
  const missing = isFree(payee)
  if (!missing && (paid === undefined || paid.frozen || !Bytes.equal(paid.owner, to)))
    throw SolanaErrors.SolanaWouldFail(`the token account of ${intent.to} can't be paid now`, {
      argument: 'intent.to',
      account: Address.encode(theirs.address),
    })
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
    (native || !isFree(held) ? 0n : await tokenRent(client, TOKEN_PROGRAM, options))
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
  if (record?.agreement === undefined || fits(whole, client.nonce ?? options.nonce)) return whole
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
