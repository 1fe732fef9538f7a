import { readFileSync } from 'node:fs'
import { createCosmosAdapter, createSeedWallet } from '@aitbc/adapters/cosmos'
import { createIrisAdapter } from '@aitbc/adapters/cosmos/iris'
import { AccountId, Channel, type Network, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { type CosmosNode, createCosmosNode } from '@aitbc/devnet'
import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
import { createIrisVerifier } from '@aitbc/proofs/irismod'
import { LightClient } from '@aitbc/proofs/tendermint'
import { Negotiation, Policy, Recovery, Runner, type Side } from '@aitbc/swap'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Fuse from './crash/Fuse.js'

const SECOND = 1_000_000_000n
/** Seconds from block to block, on both chains. */
const SPACING = 2n
const FUNDS = 10n ** 12n
const AMOUNT = 1_000_000n
/** A bound for a hang, not for a busy machine. */
const HANG_MS = 600_000

const timing = { lead: 36n, lag: 36n, inclusion: 60n, finality: 6n, reorg: 0n, outage: 0n }
const local = <N extends Network>(network: N): N => ({
  ...network,
  timing: { standard: timing, conservative: timing },
})
const cosmos = local<Network>(networks.cosmosLocal)
const iris: Network = {
  ...local<Network>(networks.irisnet),
  blockTimeMs: 1500n,
  pace: { least: 1000n, most: 2000n },
}
const policy: Policy.Policy = { ...Policy.standard, offline: 60n, detection: 10n }

/** Blocks are made when everybody who watches a chain has looked and found nothing more, and at no other time. */
function createTime(watchers: () => number, tick: () => Promise<void>) {
  let waiting: (() => void)[] = []
  const wait = (_: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const stop = () => {
        waiting = waiting.filter((one) => one !== go)
        reject(signal?.reason)
      }
      const go = () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      if (signal?.aborted) return stop()
      signal?.addEventListener('abort', stop, { once: true })
      waiting.push(go)
      goOn().catch(reject)
    })
  /** Lets time pass where nobody is waited for; to be called when there are fewer watchers than before. */
  const goOn = async () => {
    if (waiting.length === 0 || waiting.length < watchers()) return
    const all = waiting
    waiting = []
    await tick()
    for (const one of all) one()
  }
  return { wait, goOn }
}

let nodes: { readonly cosmos: CosmosNode; readonly iris: CosmosNode }
let htlc = ''
let watching = 0
const utc = () => nodes.cosmos.time() / SECOND
const tick = async () => {
  for (const node of [nodes.cosmos, nodes.iris]) await node.mine(1, { spacing: SPACING })
}
const { wait, goOn } = createTime(() => watching, tick)

beforeAll(async () => {
  const options = { mining: 'manual', validators: 1, startTime: 1_900_000_000n } as const
  const [chainId, prefix, denom] = ['irishub-1', 'iaa', 'uiris']
  nodes = {
    cosmos: await createCosmosNode(options),
    iris: await createCosmosNode({
      ...{ ...options, chainId, prefix, denom, htlc: true },
      gasPrice: iris.fees.minRelay,
    }),
  }
  const admin = nodes.cosmos.account('admin')
  await nodes.cosmos.fund(admin.address, FUNDS)
  const file = new URL('../../packages/adapters/programs/cosmos/htlc.wasm', import.meta.url)
  htlc = await nodes.cosmos.deploy(admin, Uint8Array.from(readFileSync(file)), {})
  // Until both chains are equally old: their clocks began at the same instant, and went on by themselves.
  while (nodes.iris.height() < nodes.cosmos.height()) await nodes.iris.mine(1)
  const [there, here] = [nodes.cosmos.time() / SECOND, nodes.iris.time() / SECOND]
  const next = (there > here ? there : here) + 1n
  await nodes.cosmos.advance(next - there)
  await nodes.iris.advance(next - here)
})
afterAll(async () => {
  await nodes?.cosmos.stop()
  await nodes?.iris.stop()
})

/** A light client that trusts a chain's newest block. */
function trusting(node: CosmosNode): () => LightClient.State {
  const { header, commit, validators } = node.lightBlock(node.height())
  const trusted = LightClient.trust({
    ...{ chainId: node.chainId, hash: commit.blockId.hash, header, nextValidators: validators },
    trustingPeriod: 1_209_600n * SECOND,
    unbondingPeriod: 1_814_400n * SECOND,
  })
  if (!trusted.ok) throw new Error(trusted.refusal.message)
  return () => trusted.value
}

interface Party {
  readonly context: Runner.Context
  readonly seed: SwapSeed.SwapSeed
  readonly balance: (of: Network) => bigint
}

async function party(fill: number): Promise<Party> {
  const seed = new Uint8Array(32).fill(fill)
  const now = () => utc() * SECOND + SECOND
  const walletOf = (network: Network) =>
    createSeedWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
  const addressOf = (network: Network) => AccountId.parse(walletOf(network).funding).address
  const common = (node: CosmosNode) => ({ transport: createHttpRpc({ url: node.url }), pollMs: 1, wait })
  const onCosmos = createCosmosAdapter({ network: cosmos, htlc, ...common(nodes.cosmos) })
  const onIris = createIrisAdapter({ network: iris, ...common(nodes.iris) })
  const sides: Record<string, Side.Side> = {
    [cosmos.id]: {
      ...walletOf(cosmos),
      ...{ adapter: onCosmos, backend: onCosmos.backend },
      verifier: createCosmosVerifier({ network: cosmos, client: trusting(nodes.cosmos), now }),
    },
    [iris.id]: {
      ...walletOf(iris),
      ...{ adapter: onIris, backend: onIris.backend },
      verifier: createIrisVerifier({ network: iris, client: trusting(nodes.iris), now }),
    },
  }
  for (const [network, node] of [
    [cosmos, nodes.cosmos],
    [iris, nodes.iris],
  ] as const)
    await node.fund(addressOf(network), FUNDS)
  const balance = (network: Network) =>
    (network.id === iris.id ? nodes.iris : nodes.cosmos).balance(addressOf(network))
  return { seed, balance, context: { storage: createMemoryStorage(), seed, sides, utc } }
}

/** Two parties that have agreed: Alice gives on one network and gets on the other. */
async function agreed(fill: number, give: Network, get: Network, slack = 120n) {
  const [alice, bob] = [await party(fill), await party(fill + 1)]
  const [here, there] = Channel.pair()
  const part = (network: Network) => ({ network: network.id, asset: network.native.id, amount: AMOUNT })
  const nonce = new Uint8Array(8).fill(fill)
  const optionsOf = ({ context, seed }: Party, channel: Channel.Channel) => ({
    ...{ channel, seed, nonce, sides: context.sides, policy, now: utc() },
  })
  const [offered, taken] = await Promise.all([
    Negotiation.initiate({ give: part(give), get: part(get) }, { ...optionsOf(alice, here), slack }),
    Negotiation.follow({ ...optionsOf(bob, there), accept: () => true }),
  ])
  const openBy = ({ context }: Party, role: 'initiator' | 'follower', result: Negotiation.Result) =>
    Runner.open(context, { role, nonce, policy, ...result })
  return {
    ...{ alice, bob, terms: offered.signed.agreement },
    run: { alice: await openBy(alice, 'initiator', offered), bob: await openBy(bob, 'follower', taken) },
  }
}

/** Runs swaps to their ends, each of which watches both chains. */
async function play(...all: readonly (readonly [Party, Runner.Swap])[]) {
  watching = 2 * all.length
  const runs = all.map(async ([{ context }, swap]) => {
    const outcome = await Runner.run(context, swap)
    watching -= 2
    return outcome
  })
  return Promise.all(runs)
}

async function loaded(context: Runner.Context): Promise<Runner.Swap> {
  const [id] = await Runner.list(context.storage)
  return Runner.load(context, id as string)
}

/** Rebuilds the one swap from the chains, again and again until the other party's lock is there too. */
async function recovered(context: Runner.Context): Promise<Runner.Swap> {
  for (let tries = 0; tries < 500; tries++) {
    const { swaps, unreachable } = await Recovery.recover(context, { policy: () => policy })
    expect(unreachable).toEqual([])
    const [swap, more] = swaps
    expect(more).toBeUndefined()
    const { long, short } = swap?.state.durable.terms ?? {}
    if (swap !== undefined && long !== undefined && short !== undefined) return swap
  }
  throw new Error('no swap came of it')
}

describe("IRISnet's own module against a contract on Cosmos", () => {
  test.for([
    ['on the short leg', cosmos, iris, 10],
    ['on the long leg', iris, cosmos, 20],
  ] as const)(
    'L1, S1: %s: both get what was agreed upon, and what each lock proves is proved',
    { timeout: HANG_MS },
    async ([, give, get, fill]) => {
      const { alice, bob, run, terms } = await agreed(fill, give, get)
      expect([terms.long.deadline.clock, terms.short.deadline.clock].sort()).toEqual(['height', 'unix'])
      const before = [alice, bob].map((who) => [who.balance(give), who.balance(get)] as const)
      const known = new Set<string>()
      const noting = (who: Party): Party => ({
        ...who,
        context: {
          ...who.context,
          onProgress: (progress) => {
            if (progress.is !== 'seen' || progress.view.is !== 'seen') return
            for (const { assurance } of progress.view.locks) known.add(`${progress.leg} ${assurance}`)
          },
        },
      })
      expect(await play([noting(alice), run.alice], [noting(bob), run.bob])).toEqual(['deal', 'deal'])
      expect(known).toContain('long proved')
      expect(known).toContain('short proved')
      for (const [i, who] of [alice, bob].entries()) {
        const sign = i === 0 ? -1n : 1n
        const [gave, got] = before[i] as readonly [bigint, bigint]
        // What went the other way is the fee of the one transaction that each sent on either chain.
        for (const [moved, agreed] of [
          [who.balance(give) - gave, sign * AMOUNT],
          [who.balance(get) - got, -sign * AMOUNT],
        ] as const) {
          const fee = agreed - moved
          expect(fee).toBeGreaterThan(0n)
          expect(fee).toBeLessThan(AMOUNT)
        }
      }
    },
  )

  test.for([
    [
      'before its lock on IRISnet is sent, and goes on',
      iris,
      cosmos,
      50,
      'initiator',
      'lock',
      'before',
      'disk',
    ],
    [
      'after its lock on IRISnet is sent, and has its seed alone',
      iris,
      cosmos,
      60,
      'initiator',
      'lock',
      'after',
      'seed',
    ],
    [
      'after its claim on IRISnet is sent, and goes on',
      cosmos,
      iris,
      70,
      'initiator',
      'claim',
      'after',
      'disk',
    ],
    [
      'before its claim on IRISnet is sent, and has its seed alone',
      iris,
      cosmos,
      80,
      'follower',
      'claim',
      'before',
      'seed',
    ],
  ] as const)(
    'L3, S8, S9: a party stops for good %s: both get what was agreed upon',
    { timeout: HANG_MS },
    async ([, give, get, fill, role, kind, when, from]) => {
      // Time passes as fast as blocks are asked for: there is enough of it for who comes back.
      const { alice, bob, run } = await agreed(fill, give, get, 3600n)
      const before = [alice, bob].map((who) => [who.balance(give), who.balance(get)] as const)
      const [victim, other] = role === 'initiator' ? [alice, bob] : [bob, alice]
      const [first, theirs] = role === 'initiator' ? [run.alice, run.bob] : [run.bob, run.alice]
      let stopped: () => void = () => undefined
      const dead = new Promise<void>((resolve) => {
        stopped = resolve
      })
      const fuse = Fuse.create(`${when} a ${kind} is sent`, () => stopped())
      const sides = Object.fromEntries(
        Object.entries(victim.context.sides).map(([network, side]) => [
          network,
          { ...side, adapter: Fuse.adapter(side.adapter, fuse, () => undefined) },
        ]),
      ) as Side.Sides
      watching = 4
      const ended = Runner.run(other.context, theirs).then((outcome) => {
        watching -= 2
        void goOn()
        return outcome
      })
      const gone = new AbortController()
      const left = Runner.run({ ...victim.context, sides }, first, { signal: gone.signal })
      left.catch(() => undefined)
      await dead
      // Nothing of it runs any more: what it never sent it can't send now.
      gone.abort(new Error('gone'))
      watching = 2
      await goOn()
      // Another object, as in another process: what the first life kept in memory isn't there.
      const storage = from === 'disk' ? { ...victim.context.storage } : createMemoryStorage()
      const back = { ...victim.context, storage }
      const again = await (from === 'disk' ? loaded(back) : recovered(back))
      watching = 4
      const outcome = Runner.run(back, again).then((one) => {
        watching -= 2
        void goOn()
        return one
      })
      expect(await Promise.all([outcome, ended])).toEqual(['deal', 'deal'])
      for (const [i, who] of [alice, bob].entries()) {
        const sign = i === 0 ? -1n : 1n
        const [gave, got] = before[i] as readonly [bigint, bigint]
        for (const [moved, should] of [
          [who.balance(give) - gave, sign * AMOUNT],
          [who.balance(get) - got, -sign * AMOUNT],
        ] as const) {
          expect(should - moved).toBeGreaterThan(0n)
          expect(should - moved).toBeLessThan(AMOUNT)
        }
      }
    },
  )

  test(
    'S2, S4: Bob never comes: the module gives Alice her money back by itself, and her swap ends',
    async () => {
      const { alice, run } = await agreed(30, iris, cosmos)
      const [on, off] = [alice.balance(iris), alice.balance(cosmos)]
      expect(await play([alice, run.alice])).toEqual(['no-deal'])
      expect(alice.balance(cosmos)).toBe(off)
      const fee = on - alice.balance(iris)
      expect(fee).toBeGreaterThan(0n)
      expect(fee).toBeLessThan(AMOUNT)
    },
    HANG_MS,
  )

  test(
    'S2, S7: Alice locks and vanishes: what Bob locked by height is his again before her leg ends',
    async () => {
      const { alice, bob, run, terms } = await agreed(40, cosmos, iris)
      const gone = new AbortController()
      const sees = {
        ...alice.context,
        onProgress: (progress: Runner.Progress) => {
          if (progress.is === 'sent' && progress.command === 'lock') gone.abort(new Error('gone'))
        },
      }
      const before = bob.balance(iris)
      watching = 4
      const left = Runner.run(sees, run.alice, { signal: gone.signal }).catch((error: Error) => {
        watching -= 2
        return error.message
      })
      expect(await Runner.run(bob.context, run.bob)).toBe('no-deal')
      expect(await left).toBe('gone')
      const fee = before - bob.balance(iris)
      expect(fee).toBeGreaterThan(0n)
      expect(fee).toBeLessThan(AMOUNT)
      expect(utc()).toBeLessThan(terms.long.deadline.value)
    },
    HANG_MS,
  )
})
