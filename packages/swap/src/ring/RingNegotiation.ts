import {
  Amount,
  AssetId,
  Bytes,
  type CallOptions,
  ChainId,
  type Channel,
  Codec,
  type Deadline,
  Hashlock,
  type LockTerms,
  SwapSeed,
  show,
} from '@aitbc/core'
import * as Agreement from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import { assertHas } from '../internal/given.js'
import { TALK } from '../internal/left.js'
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
} from '../internal/messages.js'
import type * as Planner from '../Planner.js'
import type * as Policy from '../Policy.js'
import * as Side from '../Side.js'
import * as RingAgreement from './RingAgreement.js'
import * as RingPlanner from './RingPlanner.js'

/** What a member gives to the next one. */
export interface Gift {
  readonly network: ChainId.ChainId
  readonly asset: AssetId.AssetId
  readonly amount: bigint
}

/** Who gives what in a ring: member `i` gives `gifts[i]` to member `i + 1`, the last one to member 0. */
export type Quote = readonly Gift[]

/** What any member brings to a negotiation. */
export interface Options extends CallOptions {
  readonly seed: SwapSeed.SwapSeed
  /** 8 fresh random bytes: one ring, one nonce. */
  readonly nonce: Bytes.Bytes
  /** Of the networks of the two own arcs at least. */
  readonly sides: Side.Sides
  /** Of other members' networks, whose times count too. */
  readonly others?: readonly Planner.LegChain[]
  readonly policy: Policy.Policy
  /**
   * UTC, unix seconds: a function is asked when deadlines are planned or judged. A number is the time at the start, and a counterparty that takes
   * its time has them judged by it; whatever was signed, S8 holds at the lock.
   */
  readonly now: Instant
}

const NEEDED = ['seed', 'nonce', 'sides', 'policy', 'now'] as const

/** What comes of it, for one member. */
export interface Result {
  readonly signed: RingAgreement.Signed
  readonly member: number
  readonly margins: Planner.Margins
}

/** What a member brings: how it is paid, how it pays, and what it locks in. */
interface Part {
  readonly identity: Bytes.Bytes32
  readonly incoming: LockTerms.Party
  readonly own: LockTerms.Party
  readonly offer: Offer
}

/**
 * Leads a ring: offers it to all other members, one channel each, puts their parts together, and gathers all signatures. Nothing is
 * locked here.
 *
 * Rejects with `NegotiationRefused` (4005) where a member declines, after the others are told, with `NegotiationMalformed` (4006),
 * with `InvalidArgument` (1013) for what is missing, and with the codes of the planner and the agreement.
 *
 * @param channels to members 1, 2, …, in that order
 *
 * @example
 * import { Channel, type Network, SwapSeed } from '@aitbc/core'
 * import { cosmosHub, ethereum, polkadotHub } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, createWorldVerifier, createWorldWallet } from '@aitbc/devnet/world'
 * import { Policy, RingNegotiation, type Side } from '@aitbc/swap'
 * const networks = [cosmosHub, ethereum, polkadotHub]
 * const world = createWorld({ seed: '1', networks })
 * const utc = () => world.chain(ethereum.id).blocks.at(-1)?.time ?? 0n
 * const person = (fill: number) => {
 *   const seed = new Uint8Array(32).fill(fill)
 *   const side = (network: Network): Side.Side => {
 *     const adapter = createWorldAdapter({ network, endpoint: world.endpoint(network.id) })
 *     const wallet = createWorldWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
 *     return { ...wallet, adapter, backend: adapter.backend, verifier: createWorldVerifier(world.chain(network.id)) }
 *   }
 *   const sides = Object.fromEntries(networks.map((network) => [network.id, side(network)]))
 *   return { seed, nonce: crypto.getRandomValues(new Uint8Array(8)), sides, policy: Policy.standard, now: utc }
 * }
 * // Who leads gives atoms to the second, who gives ether to the third, who gives dots to the first.
 * const quote = networks.map(({ id, native }) => ({ network: id, asset: native.id, amount: 10n ** 12n }))
 * const [toBob, fromAlice] = Channel.pair()
 * const [toCarol, alsoFromAlice] = Channel.pair()
 * const [alice, bob, carol] = await Promise.all([
 *   RingNegotiation.lead(quote, [toBob, toCarol], person(1)),
 *   RingNegotiation.join(fromAlice, { ...person(2), accept: (asked, member) => asked[member]?.amount === 10n ** 12n }),
 *   RingNegotiation.join(alsoFromAlice, { ...person(3), accept: () => true }),
 * ])
 * ;[alice, bob, carol].map(({ member }) => member) // [0, 1, 2]
 * alice.signed.signatures.length // 3
 */
export async function lead(
  quote: Quote,
  channels: readonly Channel.Channel[],
  options: Options & {
    /** Seconds added to the least start time, for what goes by until the members judge it; 120 unless told. */
    readonly slack?: bigint
  },
): Promise<Result> {
  assertQuote(quote)
  if (channels?.length !== quote.length - 1)
    throw SwapErrors.InvalidAgreement(
      `channels must be ${quote.length - 1}, one to each other member, got ${channels?.length}`,
      { argument: 'channels', received: channels?.length },
    )
  assertHas(options, 'options', NEEDED)
  const { seed, nonce, policy, now, slack = TALK } = options
  return declining(channels, options, async () => {
    const hashlock = Hashlock.of(SwapSeed.secret(seed, nonce))
    const chains = chainsOf(quote, options)
    const mine = partOf(quote, 0, options)
    const theirs = await withEach(channels, options, async (channel, i, call) => {
      await channel.send(writeQuote(quote, i + 1, hashlock), call)
      return readPart(await receive(channel, 2, call))
    })
    const { deadlines } = RingPlanner.plan(chains, policy, instantOf(now), { slack })
    const agreement = assemble(quote, hashlock, [mine, ...theirs], deadlines)
    const margins = audited(agreement, 0, chains, options)
    const signature = RingAgreement.sign(agreement, SwapSeed.identity(seed, nonce))
    const bytes = RingAgreement.encode(agreement)
    const digest = RingAgreement.hash(agreement)
    const signatures = await withEach(channels, options, async (channel, i, call) => {
      await channel.send(Codec.writer().u8(3).bytes(bytes).fixed(signature).finish(), call)
      const reader = await receive(channel, 4, call)
      const theirs = reader.fixed(64)
      reader.finish()
      if (!Agreement.verifySignature(theirs, digest, agreement.members[i + 1] as Bytes.Bytes32))
        throw SwapErrors.InvalidSignature(`member ${i + 1}'s signature is not over this agreement`, {
          check: 'member-signature',
        })
      return theirs
    })
    const signed = { agreement, signatures: [signature, ...signatures] }
    const last = Codec.writer()
      .u8(5)
      .list(signed.signatures, (writer, it) => writer.fixed(it))
      .finish()
    await Promise.all(channels.map((channel) => channel.send(last, options)))
    return { signed, member: 0, margins }
  })
}

/** The same with each member, at once; where one fails no other is waited for, nor is what it says later taken from its channel. */
async function withEach<T>(
  channels: readonly Channel.Channel[],
  options: CallOptions,
  exchange: (channel: Channel.Channel, i: number, call: CallOptions) => Promise<T>,
): Promise<readonly T[]> {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  try {
    return await Promise.all(channels.map((channel, i) => exchange(channel, i, { signal })))
  } catch (error) {
    stop.abort(error)
    throw error
  }
}

/**
 * Joins a ring that somebody leads. `accept` decides on the quote and this member's place in it; the deadlines are judged by its own policy,
 * and its own two arcs must be what was offered, to the byte.
 *
 * Rejects as {@link lead} does, with `HashlockReused` (4007) where `isKnown` knows the hashlock, and with `UnsafeTerms` (4003), whose
 * context carries the inequality.
 *
 * @example
 * import type { Channel } from '@aitbc/core'
 * import { RingNegotiation, Runner } from '@aitbc/swap'
 * declare const context: Runner.Context
 * declare const own: RingNegotiation.Options
 * declare const channel: Channel.Channel // to who leads
 * const { quote, ...agreed } = await RingNegotiation.join(channel, {
 *   ...own,
 *   accept: (asked, member) => asked[member]?.amount === 1_000_000n,
 *   isKnown: (hashlock) => Runner.knowsHashlock(context.storage, hashlock),
 * })
 * const swap = await Runner.openRing(context, { nonce: own.nonce, policy: own.policy, ...agreed })
 */
export async function join(
  channel: Channel.Channel,
  options: Options & {
    readonly accept: (quote: Quote, member: number) => boolean | Promise<boolean>
    readonly isKnown?: (hashlock: Bytes.Hash32) => boolean | Promise<boolean>
  },
): Promise<Result & { readonly quote: Quote }> {
  assertHas(options, 'options', [...NEEDED, 'accept'])
  assertHas(channel, 'channel', ['send', 'receive'])
  const { seed, nonce } = options
  return declining([channel], options, async () => {
    const { quote, member, hashlock } = readQuote(await receive(channel, 1, options))
    Hashlock.assert(hashlock)
    if (await options.isKnown?.(hashlock))
      throw SwapErrors.HashlockReused('the hashlock was used before', { hashlock: Bytes.toHex(hashlock) })
    const chains = chainsOf(quote, options)
    if (!(await options.accept(quote, member)))
      throw SwapErrors.NegotiationRefused('the quote was not accepted', { quote: show(quote), member })
    const mine = partOf(quote, member, options)
    await channel.send(writePart(Codec.writer().u8(2), mine).finish(), options)
    const reader = await receive(channel, 3, options)
    const agreement = RingAgreement.decode(reader.bytes(MAX_MESSAGE))
    const leader = reader.fixed(64)
    reader.finish()
    assertOffered(agreement, quote, hashlock, member, mine)
    const margins = audited(agreement, member, chains, options)
    if (
      !Agreement.verifySignature(leader, RingAgreement.hash(agreement), agreement.members[0] as Bytes.Bytes32)
    )
      throw SwapErrors.InvalidSignature("the leader's signature is not over this agreement", {
        check: 'member-signature',
      })
    const signature = RingAgreement.sign(agreement, SwapSeed.identity(seed, nonce))
    await channel.send(Codec.writer().u8(4).fixed(signature).finish(), options)
    const end = await receive(channel, 5, options)
    const signatures = end.list((r) => r.fixed(64))
    end.finish()
    const signed = { agreement, signatures }
    const verdict = RingAgreement.verify(signed)
    if (!verdict.ok)
      throw SwapErrors.InvalidSignature(verdict.refusal.message, { check: verdict.refusal.check })
    return { signed, member, margins, quote }
  })
}

/** The own two arcs are sound on their chains, the incoming one in a contract that this side knows, and the deadlines safe. */
function audited(
  agreement: RingAgreement.RingAgreement,
  member: number,
  chains: readonly Planner.LegChain[],
  { sides, policy, now }: Options,
): Planner.Margins {
  const { role, terms } = RingAgreement.viewOf(agreement, member)
  const incoming = terms[Agreement.incomingLeg(role)]
  assertBackend(incoming.backend, Side.of(sides, incoming.backend.network).backend)
  for (const leg of ['long', 'short'] as const) assertSound(leg, terms[leg], sides)
  const verdict = RingPlanner.audit(agreement, member, chains, policy, instantOf(now))
  if (!verdict.ok) throw SwapErrors.UnsafeTerms(verdict.refusal.message, verdict.refusal.context)
  return verdict.value
}

/** What came back is what was offered: who gives what, and this member's own part, to the byte (S16). */
function assertOffered(
  agreement: RingAgreement.RingAgreement,
  quote: Quote,
  hashlock: Bytes.Hash32,
  member: number,
  mine: Part,
): void {
  const { arcs, members } = agreement
  const differs = (what: string) =>
    SwapErrors.InvalidAgreement(`the agreement differs from the offer: ${what}`, { argument: 'agreement' })
  if (arcs.length !== quote.length) throw differs(`${arcs.length} arcs, not ${quote.length}`)
  for (const [i, { network, asset, amount }] of quote.entries()) {
    const terms = arcs[i] as LockTerms.LockTerms
    if (terms.backend.network !== network || terms.asset !== asset || terms.amount !== amount)
      throw differs(`arc ${i}`)
    if (!Bytes.equal(terms.hashlock, hashlock)) throw differs('the hashlock')
  }
  const own = arcs[member] as LockTerms.LockTerms
  const before = arcs[member - 1] as LockTerms.LockTerms
  const bytesOf = (party: LockTerms.Party) => writeParty(Codec.writer(), party).finish()
  const offerOf = (offer: Offer) => writeOffer(Codec.writer(), offer).finish()
  if (!Bytes.equal(members[member] as Bytes.Bytes32, mine.identity)) throw differs("this member's key")
  if (!Bytes.equal(bytesOf(own.locker), bytesOf(mine.own))) throw differs('who locks the own arc')
  if (!Bytes.equal(bytesOf(before.beneficiary), bytesOf(mine.incoming)))
    throw differs('whom the arc before pays')
  if (!Bytes.equal(offerOf(own), offerOf(mine.offer))) throw differs('the backend or salt of the own arc')
}

function partOf(quote: Quote, member: number, { seed, nonce, sides }: Options): Part {
  const { network } = quote[member] as Gift
  const { network: before } = quote.at(member - 1) as Gift
  const own = Side.of(sides, network)
  return {
    identity: Agreement.publicKey(SwapSeed.identity(seed, nonce)),
    incoming: Side.of(sides, before).party(nonce),
    own: own.party(nonce),
    offer: {
      backend: own.backend,
      salt: SwapSeed.derive(SwapSeed.forNetwork(seed, network), 'salt', nonce),
    },
  }
}

function assemble(
  quote: Quote,
  hashlock: Bytes.Hash32,
  parts: readonly Part[],
  deadlines: readonly Deadline.Deadline[],
): RingAgreement.RingAgreement {
  const arcs = quote.map(({ asset, amount }, i): LockTerms.LockTerms => {
    const { own, offer } = parts[i] as Part
    const { incoming } = parts[(i + 1) % parts.length] as Part
    const deadline = deadlines[i] as Deadline.Deadline
    return { version: 1, ...offer, asset, amount, hashlock, locker: own, beneficiary: incoming, deadline }
  })
  const agreement = { version: 1, arcs, members: parts.map(({ identity }) => identity) } as const
  RingAgreement.assert(agreement)
  return agreement
}

/** The chains of all arcs: of the own adapters, or as the caller knows them otherwise; `SideMissing` (4009). */
function chainsOf(quote: Quote, { sides, others = [] }: Options): readonly Planner.LegChain[] {
  return quote.map(({ network }) => {
    const other = others.find((it) => it.network.id === network)
    if (sides[network] === undefined && other !== undefined) return other
    const { adapter } = Side.of(sides, network)
    return { network: adapter.network, profile: adapter.profile }
  })
}

function assertQuote(quote: Quote): void {
  const { MIN_MEMBERS, MAX_MEMBERS } = RingAgreement
  if (!Array.isArray(quote) || quote.length < MIN_MEMBERS || quote.length > MAX_MEMBERS)
    throw SwapErrors.InvalidAgreement(
      `quote must be ${MIN_MEMBERS} to ${MAX_MEMBERS} gifts, got ${show(quote?.length)}`,
      { argument: 'quote', received: quote?.length },
    )
  for (const [i, gift] of (quote as Quote).entries()) {
    ChainId.from(gift?.network, `quote[${i}].network`)
    AssetId.from(gift.asset, `quote[${i}].asset`)
    Amount.assert(gift.amount, { argument: `quote[${i}].amount`, min: 1n })
  }
}

function writeQuote(quote: Quote, member: number, hashlock: Bytes.Hash32): Bytes.Bytes {
  return Codec.writer()
    .u8(1)
    .list(quote, (w, { network, asset, amount }) => w.text(network).text(asset).u256(amount))
    .u32(member)
    .fixed(hashlock)
    .finish()
}

function readQuote(reader: Codec.Reader): { quote: Quote; member: number; hashlock: Bytes.Hash32 } {
  const quote = reader.list((r) => ({
    network: r.text(64) as ChainId.ChainId,
    asset: r.text(300) as AssetId.AssetId,
    amount: r.u256(),
  }))
  const member = reader.u32()
  const hashlock = reader.fixed(32)
  reader.finish()
  assertQuote(quote)
  if (member < 1 || member >= quote.length)
    throw SwapErrors.NegotiationMalformed(`a member joins as 1 to ${quote.length - 1}, got ${member}`, {
      received: member,
    })
  return { quote, member, hashlock }
}

function writePart(writer: Codec.Writer, { identity, incoming, own, offer }: Part): Codec.Writer {
  writer.fixed(identity)
  writeParty(writer, incoming)
  writeParty(writer, own)
  return writeOffer(writer, offer)
}

function readPart(reader: Codec.Reader): Part {
  const identity = reader.fixed(32)
  const incoming = readParty(reader)
  const own = readParty(reader)
  const offer = readOffer(reader)
  reader.finish()
  return { identity, incoming, own, offer }
}
