import { rm } from 'node:fs/promises'
import { Bytes } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { fund, reorg } from '@aitbc/devnet'
import type { Audience } from './Audience.js'
import { compare, type Expected, feesOf, type Holdings, holdings } from './Ledger.js'
import type { FromParty, PartyConfig } from './messages.js'
import type { Actor, Performance, Stage } from './Stage.js'
import { evmAddress, fundingAddress } from './sides.js'

/** What is swapped: bitcoin against ether or against a token, from Alice's side. */
export interface Pair {
  readonly give: 'bitcoin' | 'ether' | 'token'
  readonly get: 'bitcoin' | 'ether' | 'token'
}

/** How a scene ends for each party. */
export interface Ending {
  readonly alice: string
  readonly bob: string
}

/** One scene: a title, what is swapped, how it must end, and what happens. */
export interface Scene {
  readonly title: string
  readonly pair: Pair
  readonly ending: Ending
  play(play: Play): Promise<Ending>
}

/** What a scene works with. */
export interface Play {
  readonly stage: Stage
  readonly audience: Audience
  readonly alice: Actor
  readonly bob: Actor
  /** Starts both parties, joined by a channel; resolves when both have signed. */
  begin(): Promise<{ readonly alice: Performance; readonly bob: Performance }>
  /** Starts a party again: from its storage, or from its seed alone. */
  again(actor: Actor, mode: 'resume' | 'recover'): Performance
}

/** Amounts in base units: 0.01 BTC, 0.25 ETH, 500 tokens of 6 decimals. */
export const AMOUNTS = { bitcoin: 1_000_000n, ether: 250_000_000_000_000_000n, token: 500_000_000n } as const

/** What a party starts with. */
const PURSE = { bitcoin: 10_000_000n, ether: 10n ** 18n, token: 2_000_000_000n } as const

const happy = async ({ begin }: Play): Promise<Ending> => {
  const { alice, bob } = await begin()
  const [a, b] = await Promise.all([alice.outcome(), bob.outcome()])
  return { alice: a, bob: b }
}

const DEAL: Ending = { alice: 'deal', bob: 'deal' }
const NO_DEAL: Ending = { alice: 'no-deal', bob: 'no-deal' }

/** The scenes of the demo, in order. */
export const scenes: readonly Scene[] = [
  { title: 'BTC → ETH', pair: { give: 'bitcoin', get: 'ether' }, ending: DEAL, play: happy },
  { title: 'ETH → BTC', pair: { give: 'ether', get: 'bitcoin' }, ending: DEAL, play: happy },
  { title: 'BTC → ERC-20', pair: { give: 'bitcoin', get: 'token' }, ending: DEAL, play: happy },
  { title: 'ERC-20 → BTC', pair: { give: 'token', get: 'bitcoin' }, ending: DEAL, play: happy },
  {
    title: 'BTC → ETH, and Alice vanishes when both have locked: both are refunded',
    pair: { give: 'bitcoin', get: 'ether' },
    ending: NO_DEAL,
    async play({ begin, again, stage, audience, alice: actor }) {
      const { alice, bob } = await begin()
      await alice.until(isLocked('long'))
      await alice.kill()
      audience.say('Alice is gone (kill -9). Bob locks all the same: he can’t know.')
      const agreed = await bob.until((m) => m.is === 'agreed')
      await bob.until(isLocked('short'))
      await untilDeadline(stage, agreed, 'short')
      audience.say('the short leg’s deadline has passed')
      const b = await bob.outcome()
      await untilDeadline(stage, agreed, 'long')
      audience.say('the long leg’s deadline has passed, and Alice is back')
      return { alice: await again(actor, 'resume').outcome(), bob: b }
    },
  },
  {
    title: 'ETH → BTC, and Alice is killed (kill -9) after her lock: she goes on from her storage',
    pair: { give: 'ether', get: 'bitcoin' },
    ending: DEAL,
    async play({ begin, again, alice: actor }) {
      const { alice, bob } = await begin()
      await alice.until(isLocked('long'))
      await alice.kill()
      const back = again(actor, 'resume')
      const [a, b] = await Promise.all([back.outcome(), bob.outcome()])
      return { alice: a, bob: b }
    },
  },
  {
    title: 'BTC → ETH, and Alice is killed and her storage wiped: her seed and the chains are enough',
    pair: { give: 'bitcoin', get: 'ether' },
    ending: DEAL,
    async play({ begin, again, alice: actor }) {
      const { alice, bob } = await begin()
      await bob.until(isFinal('long'))
      await alice.kill()
      await rm(actor.folder, { recursive: true, force: true })
      await bob.until(isLocked('short'))
      const back = again(actor, 'recover')
      const [a, b] = await Promise.all([back.outcome(), bob.outcome()])
      return { alice: a, bob: b }
    },
  },
  {
    title: 'BTC → ERC-20, and Bob is killed and his storage wiped when his lock is in: he still gets paid',
    pair: { give: 'bitcoin', get: 'token' },
    ending: DEAL,
    async play({ begin, again, bob: actor }) {
      const { alice, bob } = await begin()
      await bob.until(isLocked('short'))
      await bob.kill()
      await rm(actor.folder, { recursive: true, force: true })
      await alice.until((m) => m.is === 'sent' && m.command === 'claim')
      const back = again(actor, 'recover')
      const [a, b] = await Promise.all([alice.outcome(), back.outcome()])
      return { alice: a, bob: b }
    },
  },
  {
    title: 'BTC → ETH, and a reorganisation undoes Alice’s lock: she sends the same transaction again',
    pair: { give: 'bitcoin', get: 'ether' },
    ending: DEAL,
    async play({ begin, stage, audience, alice: actor }) {
      const { alice, bob } = await begin()
      await alice.until(isLocked('long'))
      await reorg(stage.devnet, 'bitcoin', 2, { drop: [...actor.sent] })
      audience.say('two blocks of the Bitcoin chain are gone, and the lock with them')
      const [a, b] = await Promise.all([alice.outcome(), bob.outcome()])
      return { alice: a, bob: b }
    },
  },
]

/** Plays one scene with fresh seeds; gives what is wrong, nothing when all is right. */
export async function perform(
  scene: Scene,
  stage: Stage,
  audience: Audience,
  world: Pick<PartyConfig, 'bitcoin' | 'evm'> & { readonly token: string },
): Promise<readonly string[]> {
  const { devnet } = stage
  const alice = await stage.cast('Alice', 'initiator')
  const bob = await stage.cast('Bob', 'follower')
  for (const actor of [alice, bob]) {
    await fund(devnet, 'bitcoin', fundingAddress(actor.seed), PURSE.bitcoin)
    await fund(devnet, 'evm', evmAddress(actor.seed), PURSE.ether)
    await fund(devnet, 'evm', evmAddress(actor.seed), PURSE.token, { token: world.token })
  }
  const start = {
    alice: await holdings(devnet, alice, [], world.token),
    bob: await holdings(devnet, bob, [], world.token),
  }
  const nonces = { alice: [] as Uint8Array[], bob: [] as Uint8Array[] }
  const config = { bitcoin: world.bitcoin, evm: world.evm }
  const running: Performance[] = []
  const enter = (actor: Actor, more: Omit<Parameters<Stage['enter']>[1], 'bitcoin' | 'evm'>) => {
    const performance = stage.enter(actor, { ...config, ...more })
    running.push(performance)
    return performance
  }
  try {
    const ending = await scene.play({
      stage,
      audience,
      alice,
      bob,
      again: (actor, mode) => enter(actor, { mode }),
      async begin() {
        const b = enter(bob, { mode: 'negotiate' })
        const ready = await b.until((m) => m.is === 'ready')
        const port = ready.is === 'ready' ? ready.port : undefined
        const a = enter(alice, {
          mode: 'negotiate',
          ...(port === undefined ? {} : { port }),
          quote: quoteOf(scene.pair, world.token, devnet.evm.network),
        })
        for (const [performance, list] of [
          [a, nonces.alice],
          [b, nonces.bob],
        ] as const) {
          const agreed = await performance.until((m) => m.is === 'agreed')
          if (agreed.is === 'agreed') list.push(Bytes.fromHex(agreed.nonce))
        }
        return { alice: a, bob: b }
      },
    })
    const wrong: string[] = []
    for (const who of ['alice', 'bob'] as const) {
      const actor = who === 'alice' ? alice : bob
      if (ending[who] !== scene.ending[who])
        wrong.push(`${actor.name} ended with ${ending[who]}, ${scene.ending[who]} expected`)
      const after = await holdings(devnet, actor, nonces[who], world.token)
      const fees = await feesOf(devnet, actor)
      const expected = expectedOf(scene, who)
      for (const line of compare(start[who], after, expected, fees)) wrong.push(`${actor.name}, ${line}`)
      audience.say(
        `${actor.name}: ${changes(start[who], after)}; fees ${fees.bitcoin} sat, ${fees.ether} wei`,
      )
    }
    return wrong
  } finally {
    await Promise.all(running.map((performance) => performance.kill()))
  }
}

function expectedOf(scene: Scene, who: keyof Ending): Expected {
  if (scene.ending[who] !== 'deal') return {}
  const [give, get] = who === 'alice' ? [scene.pair.give, scene.pair.get] : [scene.pair.get, scene.pair.give]
  return { [give]: -AMOUNTS[give], [get]: AMOUNTS[get] }
}

function changes(before: Holdings, after: Holdings): string {
  return (['bitcoin', 'ether', 'token'] as const)
    .map((asset) => `${asset} ${after[asset] >= before[asset] ? '+' : ''}${after[asset] - before[asset]}`)
    .join(', ')
}

function quoteOf(pair: Pair, token: string, evm: string): NonNullable<PartyConfig['quote']> {
  const side = (what: keyof typeof AMOUNTS) => ({
    network: what === 'bitcoin' ? networks.bitcoinRegtest.id : evm,
    asset:
      what === 'bitcoin'
        ? networks.bitcoinRegtest.native.id
        : what === 'ether'
          ? networks.evmLocal.native.id
          : `${evm}/erc20:${token}`,
    amount: String(AMOUNTS[what]),
  })
  return { give: side(pair.give), get: side(pair.get) }
}

function isLocked(leg: 'long' | 'short') {
  return (m: FromParty) => m.is === 'leg' && m.leg === leg && m.locks.some((lock) => BigInt(lock.depth) > 0n)
}

function isFinal(leg: 'long' | 'short') {
  return (m: FromParty) => m.is === 'leg' && m.leg === leg && m.locks.some((lock) => lock.final)
}

async function untilDeadline(stage: Stage, agreed: FromParty, leg: 'long' | 'short'): Promise<void> {
  if (agreed.is !== 'agreed') throw new Error('there is no agreement yet')
  const left = BigInt(agreed.deadlines[leg]) - stage.devnet.now()
  if (left > 0n) await stage.advance(left + 1n)
}
