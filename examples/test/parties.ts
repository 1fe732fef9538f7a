import { type Bytes, Channel, type Signed, type Submission, type SwapAdapter } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { type Agreement, Negotiation, Policy, Runner, type Side } from '@aitbc/swap'
import type { FamilyName, Place } from '../src/swap/Family.js'
import { createSides } from '../src/swap/sides.js'
import type { World } from '../src/swap/World.js'
import { createListeners, type Listeners } from './listeners.js'

// Parties that live in the test's own process, so that a test can come between them and their chains.

/** What a test does when a party sends a transaction: it sends it itself, or not. */
export type Sending = (
  network: string,
  signed: Signed,
  submit: () => Promise<Submission>,
) => Promise<Submission>

/** A party over all its lives: what survives them, and what it told. */
export interface Party {
  readonly role: Agreement.Role
  readonly seed: Uint8Array
  readonly nonce: Bytes.Bytes
  readonly context: Runner.Context
  readonly progress: Runner.Progress[]
  /** Those who wait for its progress. */
  readonly told: Listeners
  /** Called for each transaction that it sends; replaceable at any time. */
  sending: Sending
}

/** What a test of parties works with. */
export interface Meeting {
  readonly world: World
  readonly between: readonly FamilyName[]
  /** Ends all waiting. */
  readonly signal: AbortSignal
  readonly pollMs: number
}

/** A funded party, with a view of its own of each chain. */
export async function createParty(meeting: Meeting, role: Agreement.Role): Promise<Party> {
  const { world, between, signal } = meeting
  const seed = crypto.getRandomValues(new Uint8Array(32))
  for (const name of between) await world.exclusive(name, (chain) => chain.fund(seed))
  const progress: Runner.Progress[] = []
  const told = createListeners({ signal })
  const storage = createMemoryStorage()
  const utc = () => world.clock.now()
  const party: Party = {
    ...{ role, seed, progress, told },
    nonce: crypto.getRandomValues(new Uint8Array(8)),
    context: {
      ...{ storage, seed, utc },
      sides: await sidesOf(meeting, seed, (...all) => party.sending(...all)),
      onProgress: (one) => {
        progress.push(one)
        told.notify()
      },
    },
    sending: (_, __, submit) => submit(),
  }
  return party
}

/** The party with another view of the chains, as new as the process that it comes back with; nothing else of it is new. */
export async function back(meeting: Meeting, party: Party): Promise<Party> {
  const sides = await sidesOf(meeting, party.seed, (...all) => again.sending(...all))
  const again: Party = { ...party, context: { ...party.context, sides } }
  return again
}

async function sidesOf(meeting: Meeting, seed: Uint8Array, sending: Sending): Promise<Side.Sides> {
  const { world, between, pollMs } = meeting
  const chains: { [F in FamilyName]?: Place } = {}
  for (const name of between) chains[name] = world.chain(name).place()
  const sides = await createSides({ chains, pollMs }, seed, () => world.clock.now())
  return Object.fromEntries(
    Object.entries(sides).map(([network, side]) => [
      network,
      { ...side, adapter: watched(side.adapter, sending) },
    ]),
  ) as Side.Sides
}

function watched(adapter: SwapAdapter, sending: Sending): SwapAdapter {
  return {
    ...adapter,
    submit: (signed, options) => sending(adapter.network.id, signed, () => adapter.submit(signed, options)),
  }
}

/** Two parties that have agreed, with a swap in hand each. */
export interface Agreed {
  readonly alice: Party
  readonly bob: Party
  readonly swaps: { readonly alice: Runner.Swap; readonly bob: Runner.Swap }
  readonly agreement: Agreement.Agreement
}

/** Both agree and open the swap; neither runs yet. */
export async function agree(meeting: Meeting, give: FamilyName, get: FamilyName): Promise<Agreed> {
  const { world } = meeting
  const alice = await createParty(meeting, 'initiator')
  const bob = await createParty(meeting, 'follower')
  const [a, b] = Channel.pair()
  const policy = Policy.standard
  const common = ({ seed, nonce, context: { sides } }: Party) => ({
    ...{ seed, nonce, sides, policy, now: world.clock.now() },
  })
  const quoted = (name: FamilyName) => {
    const { network, assets } = world.chain(name)
    return { network, asset: assets.native.id, amount: assets.native.amount }
  }
  const [mine, yours] = await Promise.all([
    Negotiation.initiate(
      { give: quoted(give), get: quoted(get) },
      { ...common(alice), channel: a, slack: 43_200n },
    ),
    Negotiation.follow({ ...common(bob), channel: b, accept: () => true, isKnown: async () => false }),
  ])
  const open = ({ context, role, nonce }: Party, { signed, margins }: Negotiation.Result) =>
    Runner.open(context, { role, nonce, signed, margins, policy })
  const swaps = { alice: await open(alice, mine), bob: await open(bob, yours) }
  return { alice, bob, swaps, agreement: mine.signed.agreement }
}

/** Resolves when a progress satisfies, from now on or before. */
export function until(
  { progress, told }: Party,
  what: string,
  satisfies: (one: Runner.Progress) => boolean,
): Promise<void> {
  return told.until(what, () => progress.some(satisfies))
}

/** Tells whether a leg's lock is in a block. */
export const isLocked = (leg: Agreement.Leg) => (one: Runner.Progress) =>
  one.is === 'seen' &&
  one.leg === leg &&
  one.view.is === 'seen' &&
  one.view.locks.some(({ depth }) => depth > 0n)

/** Base units of a chain's native coin that a party has, as the node counts. */
export async function held({ world }: Meeting, name: FamilyName, { seed, nonce }: Party): Promise<bigint> {
  return (await world.exclusive(name, (chain) => chain.holdings(seed, [nonce]))).native
}

/** What a party paid in fees on a leg, of all that it told to have sent. */
export async function paid(
  { world }: Meeting,
  name: FamilyName,
  { progress }: Party,
  leg: Agreement.Leg,
): Promise<bigint> {
  const ids = new Set(
    progress.flatMap((one) => {
      if ((one.is !== 'sent' && one.is !== 'raised') || one.key.split('/')[1] !== leg) return []
      return one.is === 'sent' ? one.ids : [one.id]
    }),
  )
  return (await world.chain(name).costs([...ids], [])).fees
}
