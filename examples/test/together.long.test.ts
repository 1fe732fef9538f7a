import { Cooperation, createCosigner, createJointSigner, help } from '@aitbc/adapters/bitcoin/musig2'
import { Bytes, Channel, type Lock, type LockTerms, SwapSeed, Verdict } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { type Agreement, Negotiation, Policy, Runner, Side, Standing, SwapMachine } from '@aitbc/swap'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { families } from '../src/swap/families.js'
import { policyFor } from '../src/swap/sides.js'
import { createWorld, type World } from '../src/swap/World.js'

// Swaps between real nodes where the bitcoin lies under both parties' key: Bob asks Alice to sign his claim with him once she is paid, and
// goes by script where she doesn't, of which the runner knows nothing; Alice asks Bob to sign her refund with her where both gave up.

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
  /** To the counterparty, for signatures of Bob's claim alone; and for those of Alice's refund. */
  readonly channel: Channel.Channel
  readonly early: Channel.Channel
  readonly outcomes: string[]
}

const keyOf = ({ seed, nonce }: Pick<Party, 'seed' | 'nonce'>) =>
  SwapSeed.derive(SwapSeed.forNetwork(seed, bitcoin.id), 'party', nonce)

async function createParty(
  role: Agreement.Role,
  channel: Channel.Channel,
  early: Channel.Channel,
): Promise<Party> {
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
  const common = {
    ...{ network: bitcoin, privateKey: keyOf({ seed, nonce }), now: () => world.clock.now() },
    onOutcome: ({ is }: { is: string }) => outcomes.push(is),
  }
  const joint: Side.Side = {
    ...own,
    backend: { network: bitcoin.id, kind: 'p2tr-musig2' },
    signer(account, of) {
      const signer = own.signer(account, of)
      if (signer?.kind !== 'signs' || account === own.funding) return signer
      return createJointSigner({
        ...{ ...common, signer, channel },
        timeout: () => AbortSignal.timeout(300),
        // A claim by script needs hours before the deadline; half of the time is more than enough.
        rules: ({ deadline }) => ({ patience: 1n, tries: 200, latest: deadline.value - 20_000n }),
      })
    },
    together({ locker }, of) {
      const signer = own.signer(locker.account, of)
      if (signer?.kind !== 'signs') return undefined
      const rules = ({ deadline }: LockTerms.LockTerms) => ({
        patience: 1n,
        tries: 1,
        latest: deadline.value,
      })
      const timeout = () => AbortSignal.timeout(10_000)
      return createJointSigner({ ...common, signer, channel: early, signs: 'refunds', rules, timeout })
    },
  }
  return {
    role,
    seed,
    nonce,
    sides: { ...sides, [bitcoin.id]: joint } as Side.Sides,
    channel,
    early,
    outcomes,
  }
}

/** Alice gives bitcoin for Bob's ether; both are ready to run. */
async function begin() {
  const [left, right] = Channel.pair()
  const [near, far] = Channel.pair()
  const alice = await createParty('initiator', left, near)
  const bob = await createParty('follower', right, far)
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
    const waiting = new Set<() => void>()
    const onProgress = () => {
      for (const look of waiting) look()
    }
    const context = { storage: createMemoryStorage(), seed, sides, utc: () => world.clock.now(), onProgress }
    /** Resolves when something holds, which is looked at whenever the runner tells of anything. */
    const until = (holds: () => boolean) =>
      new Promise<void>((resolve) => waiting.add(() => holds() && resolve()))
    const swap = await Runner.open(context, { role, nonce, signed, margins, policy: policyFor(undefined) })
    return { context, swap, until, run: () => Runner.run(context, swap, { signal: stop.signal }) }
  }
  return { alice: { ...alice, ...(await open(alice, mine)) }, bob: { ...bob, ...(await open(bob, yours)) } }
}

/** Answers what comes, by what the swap's machine knows for good. */
async function helping(
  party: Party & { readonly context: Runner.Context; readonly swap: Runner.Swap },
  channel: Channel.Channel,
  signal: AbortSignal,
): Promise<string[]> {
  const answers: string[] = []
  const terms = party.swap.state.durable.terms.long as LockTerms.LockTerms
  const cosigner = createCosigner({ network: bitcoin, terms, privateKey: keyOf(party) })
  const leave = async (ask: Cooperation.Ask): Promise<Verdict.Verdict<Cooperation.Permit>> => {
    const { state } = party.swap
    // A refund is given for good, whatever the party would do next: nothing may be under way. A claim was paid for.
    const standing =
      ask.path === 'claim'
        ? { ...Standing.of(state), view: state.view }
        : await Runner.standing(party.context, party.swap, { signal })
    const view = standing.view.long
    const found =
      view.is === 'seen' ? view.locks.find(({ lock }) => lock.ref === `${ask.txid}:${ask.index}`) : undefined
    if (found === undefined) return Verdict.refuse('lock', 'no such lock was seen')
    const { ref, amount } = found.lock
    return Cooperation.permit(ask.path, standing, { terms, ref, amount })
  }
  try {
    for (;;) {
      const verdict = await help({ channel, cosigner, leave, signal })
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
      const helped = helping(alice, alice.channel, AbortSignal.any([over.signal, stop.signal]))
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
    'H4: both give up before Bob locks, and Alice has her bitcoin back by one signature, days before the deadline',
    async () => {
      const { alice, bob } = await begin()
      const over = new AbortController()
      const signal = AbortSignal.any([over.signal, stop.signal])
      const running = alice.run()
      // Bob never looks at her lock; that he goes no further is in his journal before he signs.
      const helped = helping(bob, bob.early, signal)
      await alice.until(() => SwapMachine.isLocked(alice.swap.state))
      expect(await Runner.cancel(alice.swap)).toBe(true)
      await alice.until(() => alice.outcomes.length > 0)
      expect(alice.outcomes[0]).toBe('script')
      expect(await Runner.cancel(bob.swap)).toBe(true)
      expect(await running).toBe('no-deal')
      expect(await bob.run()).toBe('no-deal')
      over.abort()
      const answers = await helped
      expect([answers[0], answers.at(-1)]).toEqual(['declined', 'answered'])
      expect(alice.outcomes.at(-1)).toBe('signed')
      expect(await spendOf(bob)).toMatchObject({ kind: 'refund' })
      const { deadline } = alice.swap.state.durable.terms.long as LockTerms.LockTerms
      const tip = (await Side.of(alice.sides, bitcoin.id).adapter.tip()).value
      expect(tip.clock).toBeLessThan(deadline.value)
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
