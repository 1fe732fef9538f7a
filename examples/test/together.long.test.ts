import { Cooperation, createCosigner, createJointSigner, help } from '@aitbc/adapters/bitcoin/musig2'
import { Bytes, Channel, type Lock, type LockTerms, SwapSeed, Verdict } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { type Agreement, Negotiation, Policy, Runner, Side, Standing } from '@aitbc/swap'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { families } from '../src/swap/families.js'
import { policyFor } from '../src/swap/sides.js'
import { createWorld, type World } from '../src/swap/World.js'

// Swaps between real nodes where the bitcoin lies under both parties' key: Bob asks Alice to sign his claim with him once she is paid, and
// goes by script where she doesn't. The runner knows nothing of it.

const HANG_MS = 900_000
const NAMES = ['bitcoin', 'ethereum'] as const
const bitcoin = networks.bitcoinRegtest

let world: World
const stop = new AbortController()

beforeAll(async () => {
  world = await createWorld({ families: NAMES, signal: stop.signal, onError: (error) => stop.abort(error) })
}, HANG_MS)

afterAll(async () => {
  stop.abort(new Error('the test is over'))
  await world?.close()
})

interface Party {
  readonly role: Agreement.Role
  readonly seed: SwapSeed.SwapSeed
  readonly nonce: Uint8Array
  readonly sides: Side.Sides
  /** To the counterparty, for signatures alone. */
  readonly channel: Channel.Channel
  readonly outcomes: string[]
}

const keyOf = ({ seed, nonce }: Pick<Party, 'seed' | 'nonce'>) =>
  SwapSeed.derive(SwapSeed.forNetwork(seed, bitcoin.id), 'party', nonce)

async function createParty(role: Agreement.Role, channel: Channel.Channel): Promise<Party> {
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const nonce = crypto.getRandomValues(new Uint8Array(8))
  const outcomes: string[] = []
  const sides: Record<string, Side.Side> = {}
  for (const name of NAMES) {
    await world.exclusive(name, (chain) => chain.fund(seed))
    const family = await families[name]()
    const utc = () => world.clock.now()
    const side = await family.side(world.chain(name).place(), seed, { utc, pollMs: 200 })
    sides[side.adapter.network.id] = side
  }
  const own = Side.of(sides as Side.Sides, bitcoin.id)
  const joint: Side.Side = {
    ...own,
    backend: { network: bitcoin.id, kind: 'p2tr-musig2' },
    signer(account, of) {
      const signer = own.signer(account, of)
      if (signer?.kind !== 'signs' || account === own.funding) return signer
      return createJointSigner({
        ...{ network: bitcoin, signer, privateKey: keyOf({ seed, nonce }), channel },
        // A claim by script needs hours before the deadline; half of the time is more than enough.
        rules: ({ deadline }) => ({ patience: 1n, tries: 200, latest: deadline.value - 20_000n }),
        now: () => world.clock.now(),
        timeout: () => AbortSignal.timeout(300),
        onOutcome: ({ is }) => outcomes.push(is),
      })
    },
  }
  return { role, seed, nonce, sides: { ...sides, [bitcoin.id]: joint } as Side.Sides, channel, outcomes }
}

/** Alice gives bitcoin for Bob's ether; both are ready to run. */
async function begin() {
  const [left, right] = Channel.pair()
  const alice = await createParty('initiator', left)
  const bob = await createParty('follower', right)
  const [a, b] = Channel.pair()
  const common = ({ seed, nonce, sides }: Party) => ({
    ...{ seed, nonce, sides, now: world.clock.now(), policy: Policy.standard },
  })
  const quoted = (name: 'bitcoin' | 'ethereum') => {
    const { network, assets } = world.chain(name)
    return { network, asset: assets.native.id, amount: assets.native.amount }
  }
  const [mine, yours] = await Promise.all([
    Negotiation.initiate(
      { give: quoted('bitcoin'), get: quoted('ethereum') },
      { ...common(alice), channel: a, slack: 43_200n },
    ),
    Negotiation.follow({ ...common(bob), channel: b, accept: () => true, isKnown: async () => false }),
  ])
  const open = async ({ role, seed, nonce, sides }: Party, { signed, margins }: Negotiation.Result) => {
    const context = { storage: createMemoryStorage(), seed, sides, utc: () => world.clock.now() }
    const swap = await Runner.open(context, { role, nonce, signed, margins, policy: policyFor(undefined) })
    return { swap, run: () => Runner.run(context, swap, { signal: stop.signal }) }
  }
  return { alice: { ...alice, ...(await open(alice, mine)) }, bob: { ...bob, ...(await open(bob, yours)) } }
}

/** Answers what comes, by what the swap's machine knows for good. */
async function helping(
  party: Party & { readonly swap: Runner.Swap },
  signal: AbortSignal,
): Promise<string[]> {
  const answers: string[] = []
  const terms = party.swap.state.durable.terms.long as LockTerms.LockTerms
  const cosigner = createCosigner({ network: bitcoin, terms, privateKey: keyOf(party) })
  const leave = async (ask: Cooperation.Ask): Promise<Verdict.Verdict<Cooperation.Permit>> => {
    const view = party.swap.state.view.long
    const found =
      view.is === 'seen' ? view.locks.find(({ lock }) => lock.ref === `${ask.txid}:${ask.index}`) : undefined
    if (found === undefined) return Verdict.refuse('lock', 'no such lock was seen')
    const { ref, amount } = found.lock
    return Cooperation.permit(ask.path, Standing.of(party.swap.state), { terms, ref, amount })
  }
  try {
    for (;;) {
      const verdict = await help({ channel: party.channel, cosigner, leave, signal })
      answers.push(verdict.ok ? verdict.value : verdict.refusal.check)
    }
  } catch (error) {
    if (!signal.aborted) throw error
    return answers
  }
}

/** What ended the bitcoin lock, as Bob's endpoint tells it, and the items of its witness. */
async function spendOf(bob: Party & { readonly swap: Runner.Swap }) {
  const { adapter } = Side.of(bob.sides, bitcoin.id)
  const terms = bob.swap.state.durable.terms.long as LockTerms.LockTerms
  const [read] = await adapter.findLocks(terms)
  if (read?.is !== 'found') throw new Error(`the lock is ${read?.is}`)
  const lock: Lock = read.fact.value
  const spend = await adapter.findSpend(terms, lock)
  if (spend.is !== 'found') throw new Error(`its spend is ${spend.is}`)
  return spend.fact.value
}

describe('Bitcoin under both parties’ key and an EVM chain, real nodes', () => {
  test(
    'S6: Alice signs once her ether is hers for good, and the bitcoin moves by one signature that shows no secret',
    async () => {
      const { alice, bob } = await begin()
      const over = new AbortController()
      const helped = helping(alice, AbortSignal.any([over.signal, stop.signal]))
      expect(await Promise.all([alice.run(), bob.run()])).toEqual(['deal', 'deal'])
      over.abort()
      // Asked as soon as her secret was out, she declined until she was paid.
      const answers = await helped
      expect(answers.at(-1)).toBe('answered')
      expect(new Set(answers).size).toBeLessThanOrEqual(2)
      // Once for each version that the runner sends: a fee that is raised is signed by both again.
      expect(bob.outcomes.length).toBeGreaterThan(0)
      expect(new Set(bob.outcomes)).toEqual(new Set(['signed']))
      const spend = await spendOf(bob)
      expect(spend.kind).toBe('claim')
      expect('secret' in spend).toBe(false)
      const { learned } = bob.swap.state.durable
      expect(learned && Bytes.toHex(learned)).toMatch(/^[0-9a-f]{64}$/)
    },
    HANG_MS,
  )

  test(
    'L6: Alice answers nothing, and Bob claims by script',
    async () => {
      const { alice, bob } = await begin()
      await alice.channel.close()
      expect(await Promise.all([alice.run(), bob.run()])).toEqual(['deal', 'deal'])
      expect(bob.outcomes.length).toBeGreaterThan(0)
      expect(bob.outcomes).not.toContain('signed')
      expect(await spendOf(bob)).toMatchObject({ kind: 'claim', secret: bob.swap.state.durable.learned })
    },
    HANG_MS,
  )
})
