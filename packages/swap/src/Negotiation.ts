import {
  Amount,
  AssetId,
  Bytes,
  type CallOptions,
  ChainId,
  type Channel,
  Codec,
  Hashlock,
  type LockTerms,
  SwapSeed,
  show,
} from '@aitbc/core'
import * as Agreement from './Agreement.js'
import { SwapErrors } from './errors.js'
import { assertHas } from './internal/given.js'
import { TALK } from './internal/left.js'
import {
  assertBackend,
  assertSound,
  declining,
  type Instant,
  instantOf,
  MAX_MESSAGE,
  type Offer,
  readOffer,
  readParty,
  receive,
  writeOffer,
  writeParty,
} from './internal/messages.js'
import * as Planner from './Planner.js'
import type * as Policy from './Policy.js'
import * as Side from './Side.js'

/** What is exchanged for what. */
export interface Quote {
  /** What the initiator gives, on the long leg. */
  readonly give: {
    readonly network: ChainId.ChainId
    readonly asset: AssetId.AssetId
    readonly amount: bigint
  }
  /** What the initiator gets, on the short leg. */
  readonly get: {
    readonly network: ChainId.ChainId
    readonly asset: AssetId.AssetId
    readonly amount: bigint
  }
}

/** What either party brings to a negotiation. */
export interface Options extends CallOptions {
  readonly channel: Channel.Channel
  readonly seed: SwapSeed.SwapSeed
  /** 8 fresh random bytes: one swap, one nonce. */
  readonly nonce: Bytes.Bytes
  readonly sides: Side.Sides
  readonly policy: Policy.Policy
  /**
   * UTC, unix seconds: a function is asked when deadlines are planned or judged. A number is the time at the start, and a counterparty that takes
   * its time has them judged by it; whatever was signed, S8 holds at the lock.
   */
  readonly now: Instant
}

const NEEDED = ['channel', 'seed', 'nonce', 'sides', 'policy', 'now'] as const

/** What comes of it. */
export interface Result {
  readonly signed: Agreement.Signed
  readonly margins: Planner.Margins
}

interface Half {
  readonly identity: Bytes.Bytes32
  readonly long: LockTerms.Party
  readonly short: LockTerms.Party
  readonly offer: Offer
}

/**
 * Offers a swap: quote → the follower's half → the agreement, signed → countersigned. Nothing is locked here.
 *
 * Rejects with `NegotiationRefused` (4005) where the counterparty declines, `NegotiationMalformed` (4006) where its messages are
 * of another form, `InvalidArgument` (1013) for what is missing, `SideMissing` (4009), and the planner's and the agreement's own codes.
 *
 * @example
 * import { Channel, type Network, SwapSeed } from '@aitbc/core'
 * import { cosmosHub, ethereum } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, createWorldVerifier, createWorldWallet } from '@aitbc/devnet/world'
 * import { Negotiation, Policy, type Side } from '@aitbc/swap'
 * const world = createWorld({ seed: '1', networks: [cosmosHub, ethereum] })
 * const utc = () => world.chain(ethereum.id).blocks.at(-1)?.time ?? 0n
 * const person = (fill: number) => {
 *   const seed = new Uint8Array(32).fill(fill)
 *   const side = (network: Network): Side.Side => {
 *     const adapter = createWorldAdapter({ network, endpoint: world.endpoint(network.id) })
 *     const wallet = createWorldWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
 *     return { ...wallet, adapter, backend: adapter.backend, verifier: createWorldVerifier(world.chain(network.id)) }
 *   }
 *   const sides = { [cosmosHub.id]: side(cosmosHub), [ethereum.id]: side(ethereum) }
 *   return { seed, nonce: crypto.getRandomValues(new Uint8Array(8)), sides, policy: Policy.standard, now: utc }
 * }
 * const quote: Negotiation.Quote = {
 *   give: { network: cosmosHub.id, asset: cosmosHub.native.id, amount: 1_000_000n },
 *   get: { network: ethereum.id, asset: ethereum.native.id, amount: 10n ** 16n },
 * }
 * const isIt = ({ give, get }: Negotiation.Quote) =>
 *   give.asset === quote.give.asset && give.amount >= quote.give.amount && get.asset === quote.get.asset && get.amount <= quote.get.amount
 * const [toBob, toAlice] = Channel.pair()
 * const [alice, bob] = await Promise.all([
 *   Negotiation.initiate(quote, { ...person(1), channel: toBob }),
 *   Negotiation.follow({ ...person(2), channel: toAlice, accept: isIt }),
 * ])
 * alice.signed.agreement.long.amount // 1000000n
 * bob.signed.agreement.short.deadline.value === alice.signed.agreement.short.deadline.value // true
 */
export async function initiate(
  quote: Quote,
  options: Options & {
    /** Seconds added to the least start time, for what goes by until the counterparty judges it; 120 unless told. */
    readonly slack?: bigint
  },
): Promise<Result> {
  assertQuote(quote)
  assertHas(options, 'options', NEEDED)
  const { channel, seed, nonce, sides, policy, now, slack = TALK } = options
  return declining([channel], options, async () => {
    const hashlock = Hashlock.of(SwapSeed.secret(seed, nonce))
    const mine = half('initiator', quote, options)
    await channel.send(writeQuote(quote, hashlock, mine), options)
    const theirs = readHalf(await receive(channel, 2, options))
    const chains = await chainsOf(quote, options)
    const { long, short, margins } = Planner.plan(chains.long, chains.short, policy, instantOf(now), {
      slack,
    })
    const agreement = assemble(quote, hashlock, mine, theirs, long, short)
    assertBackend(theirs.offer.backend, Side.of(sides, quote.get.network).backend)
    for (const leg of ['long', 'short'] as const) assertSound(leg, agreement[leg], sides)
    const signature = Agreement.sign(agreement, SwapSeed.identity(seed, nonce))
    await channel.send(
      Codec.writer().u8(3).bytes(Agreement.encode(agreement)).fixed(signature).finish(),
      options,
    )
    const reader = await receive(channel, 4, options)
    const follower = reader.fixed(64)
    reader.finish()
    return { signed: checked({ agreement, initiator: signature, follower }), margins }
  })
}

/**
 * Answers an offer. `accept` decides on the quote, both halves of it: what it doesn't look at, the initiator chooses. The deadlines are judged by
 * this party's own policy, and the agreement that comes back must be byte for byte what the two halves make.
 *
 * Rejects as {@link initiate} does, with `HashlockReused` (4007) where `isKnown` knows the hashlock, and with `UnsafeTerms`
 * (4003), whose context carries the inequality.
 *
 * @example
 * import { cosmosHub, ethereum } from '@aitbc/core/networks'
 * import { Negotiation, Policy, Runner } from '@aitbc/swap'
 * import type { Channel } from '@aitbc/core'
 * // Gives an atom at most for at least 0.01 ether, to whoever offers that on a channel with a hashlock that wasn't seen before.
 * async function answer(context: Runner.Context, channel: Channel.Channel): Promise<Runner.Swap> {
 *   const nonce = crypto.getRandomValues(new Uint8Array(8))
 *   const result = await Negotiation.follow({
 *     ...{ channel, nonce, seed: context.seed, sides: context.sides, policy: Policy.standard, now: context.utc },
 *     accept: ({ give, get }) =>
 *       give.asset === ethereum.native.id && give.amount >= 10n ** 16n && get.asset === cosmosHub.native.id && get.amount <= 1_000_000n,
 *     isKnown: (hashlock) => Runner.knowsHashlock(context.storage, hashlock),
 *   })
 *   return Runner.open(context, { role: 'follower', nonce, policy: Policy.standard, ...result })
 * }
 */
export async function follow(
  options: Options & {
    readonly accept: (quote: Quote) => boolean | Promise<boolean>
    readonly isKnown?: (hashlock: Bytes.Hash32) => boolean | Promise<boolean>
  },
): Promise<Result & { readonly quote: Quote }> {
  assertHas(options, 'options', [...NEEDED, 'accept'])
  const { channel, seed, nonce, sides, policy, now } = options
  return declining([channel], options, async () => {
    const { quote, hashlock, theirs } = readQuote(await receive(channel, 1, options))
    Hashlock.assert(hashlock)
    if (await options.isKnown?.(hashlock))
      throw SwapErrors.HashlockReused(`the hashlock was used before`, { hashlock: Bytes.toHex(hashlock) })
    if (!(await options.accept(quote)))
      throw SwapErrors.NegotiationRefused('the quote was not accepted', { quote: show(quote) })
    assertBackend(theirs.offer.backend, Side.of(sides, quote.give.network).backend)
    const mine = half('follower', quote, options)
    await channel.send(writeHalf(Codec.writer().u8(2), mine).finish(), options)
    const reader = await receive(channel, 3, options)
    const agreement = Agreement.decode(reader.bytes(MAX_MESSAGE))
    const initiator = reader.fixed(64)
    reader.finish()
    const { long, short } = agreement
    const expected = assemble(quote, hashlock, theirs, mine, long.deadline, short.deadline)
    if (!Bytes.equal(Agreement.encode(agreement), Agreement.encode(expected)))
      throw SwapErrors.InvalidAgreement('the agreement differs from the offer', { argument: 'agreement' })
    for (const leg of ['long', 'short'] as const) assertSound(leg, agreement[leg], sides)
    // Heights are looked at when the deadlines are.
    const chains = await chainsOf(quote, options)
    const verdict = Planner.audit(agreement, chains.long, chains.short, policy, instantOf(now))
    if (!verdict.ok) throw SwapErrors.UnsafeTerms(verdict.refusal.message, verdict.refusal.context)
    const follower = Agreement.sign(agreement, SwapSeed.identity(seed, nonce))
    const signed = checked({ agreement, initiator, follower })
    await channel.send(Codec.writer().u8(4).fixed(follower).finish(), options)
    return { signed, margins: verdict.value, quote }
  })
}

function half(role: Agreement.Role, quote: Quote, options: Options): Half {
  const { seed, nonce, sides } = options
  const own = role === 'initiator' ? quote.give.network : quote.get.network
  return {
    identity: Agreement.publicKey(SwapSeed.identity(seed, nonce)),
    long: Side.of(sides, quote.give.network).party(nonce),
    short: Side.of(sides, quote.get.network).party(nonce),
    offer: {
      backend: Side.of(sides, own).backend,
      salt: SwapSeed.derive(SwapSeed.forNetwork(seed, own), 'salt', nonce),
    },
  }
}

function assemble(
  quote: Quote,
  hashlock: Bytes.Hash32,
  initiator: Half,
  follower: Half,
  long: LockTerms.LockTerms['deadline'],
  short: LockTerms.LockTerms['deadline'],
): Agreement.Agreement {
  const agreement: Agreement.Agreement = {
    version: 1,
    long: {
      version: 1,
      backend: initiator.offer.backend,
      asset: quote.give.asset,
      amount: quote.give.amount,
      hashlock,
      locker: initiator.long,
      beneficiary: follower.long,
      deadline: long,
      salt: initiator.offer.salt,
    },
    short: {
      version: 1,
      backend: follower.offer.backend,
      asset: quote.get.asset,
      amount: quote.get.amount,
      hashlock,
      locker: follower.short,
      beneficiary: initiator.short,
      deadline: short,
      salt: follower.offer.salt,
    },
    initiator: initiator.identity,
    follower: follower.identity,
  }
  Agreement.assert(agreement)
  return agreement
}

function checked(signed: Agreement.Signed): Agreement.Signed {
  const verdict = Agreement.verify(signed)
  if (!verdict.ok)
    throw SwapErrors.InvalidSignature(verdict.refusal.message, { check: verdict.refusal.check })
  return signed
}

async function chainsOf(quote: Quote, { sides, signal }: Options) {
  const chain = async (network: ChainId.ChainId): Promise<Planner.LegChain> => {
    const { adapter } = Side.of(sides, network)
    const { network: profiled, profile } = adapter
    if (profiled.clock !== 'height') return { network: profiled, profile }
    const { height } = (await adapter.tip(signal === undefined ? {} : { signal })).value
    return { network: profiled, profile, height }
  }
  return { long: await chain(quote.give.network), short: await chain(quote.get.network) }
}

function assertQuote(quote: Quote): void {
  for (const side of ['give', 'get'] as const) {
    ChainId.from(quote?.[side]?.network, `quote.${side}.network`)
    AssetId.from(quote[side].asset, `quote.${side}.asset`)
    Amount.assert(quote[side].amount, { argument: `quote.${side}.amount`, min: 1n })
  }
}

function writeQuote(quote: Quote, hashlock: Bytes.Hash32, mine: Half): Bytes.Bytes {
  const writer = Codec.writer().u8(1)
  for (const part of [quote.give, quote.get]) writer.text(part.network).text(part.asset).u256(part.amount)
  return writeHalf(writer.fixed(hashlock), mine).finish()
}

function readQuote(reader: Codec.Reader): { quote: Quote; hashlock: Bytes.Hash32; theirs: Half } {
  const part = () => ({
    network: reader.text(64) as ChainId.ChainId,
    asset: reader.text(300) as AssetId.AssetId,
    amount: reader.u256(),
  })
  const quote: Quote = { give: part(), get: part() }
  assertQuote(quote)
  const hashlock = reader.fixed(32)
  return { quote, hashlock, theirs: readHalf(reader) }
}

function writeHalf(writer: Codec.Writer, { identity, long, short, offer }: Half): Codec.Writer {
  writer.fixed(identity)
  writeParty(writer, long)
  writeParty(writer, short)
  return writeOffer(writer, offer)
}

function readHalf(reader: Codec.Reader): Half {
  const identity = reader.fixed(32)
  const long = readParty(reader)
  const short = readParty(reader)
  const offer = readOffer(reader)
  reader.finish()
  return { identity, long, short, offer }
}
