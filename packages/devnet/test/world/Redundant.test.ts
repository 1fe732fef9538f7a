import type { Intent, SwapAdapter } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createRedundantAdapter } from '@aitbc/core/redundant'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Chain, createWorldAdapter, createWorldVerifier, type Ledger } from '../../src/world/index.js'
import { LIES, type Lie } from '../../src/world/sim/Plan.js'
import { createServer } from '../../src/world/sim/servers.js'
import { createParties, secret } from './parties.js'

const numRuns = Math.min(60, Number(process.env.FC_NUM_RUNS ?? 100))

/** How far a swap's leg has come. */
const STAGES = ['nothing', 'waiting', 'locked', 'final', 'claim waiting', 'claimed', 'refunded'] as const

/** A chain with a lock that has come so far, an honest adapter of it, and one over an honest server and three that lie. */
async function leg(network: (typeof NETWORKS)[number], stage: (typeof STAGES)[number], lies: readonly Lie[]) {
  const { world, chain, adapter: honest, alice, bob, termsOf, sign } = createParties('redundant', network)
  for (const { funding } of [alice, bob]) world.fund(funding, 10n ** 18n)
  const terms = await termsOf(200_000n)
  const send = async (intent: Intent, through: SwapAdapter = honest) => {
    for (const signed of await sign(intent, through)) await through.submit(signed)
  }
  const mine = (blocks: number) => world.mine(network.id, blocks)
  const at = STAGES.indexOf(stage)
  if (at >= 1) await send({ kind: 'lock', terms, from: alice.funding })
  if (at >= 2) mine(1)
  if (at >= 3) mine(200)
  const [read] = await honest.findLocks(terms)
  const lock = read?.is === 'found' ? read.fact.value : undefined
  if (lock !== undefined && (stage === 'claim waiting' || stage === 'claimed'))
    await send({ kind: 'claim', terms, lock, secret })
  if (lock !== undefined && stage === 'refunded') {
    world.reach(network.id, terms.deadline.value)
    await send({ kind: 'refund', terms, lock })
  }
  if (stage === 'claimed' || stage === 'refunded') mine(200)
  const script: Ledger.Script = [...Chain.tip(chain).ledger.locks.values()][0]?.script ?? {
    ...{ key: 'none', terms: '', asset: '', amount: terms.amount, deadline: terms.deadline.value },
    ...{ hashlock: '', locker: '', beneficiary: '' },
  }
  const serverOf = (lie: Lie | undefined) =>
    createWorldAdapter({
      network,
      endpoint: createServer({ chain, script: () => script, lie: () => lie, assurance: 'reported' }),
    })
  const reader = createRedundantAdapter({
    adapters: [...lies.slice(0, 2), undefined, ...lies.slice(2)].map(serverOf),
    verifier: createWorldVerifier(chain),
    ...{ answers: 1, utc: () => Chain.tip(chain).time },
    ...{ timeoutMs: Number.POSITIVE_INFINITY, graceMs: Number.POSITIVE_INFINITY },
  })
  return { honest, reader, terms, lock, send, mine, serverOf }
}

const NETWORKS = [networks.bitcoinRegtest, networks.evmLocal, networks.cosmosLocal] as const

const drawn = fc.record({
  network: fc.constantFrom(...NETWORKS),
  stage: fc.constantFrom(...STAGES),
  lies: fc.array(fc.constantFrom(...LIES), { minLength: 3, maxLength: 3 }),
})

describe('three of four endpoints lie', () => {
  test('S7, S12, H25, H29: what is final is what evidence says, what is hidden is found, and no clock moves', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async ({ network, stage, lies }) => {
        const { honest, reader, terms, lock } = await leg(network, stage, lies)
        const [told, true_] = [(await reader.tip()).value, (await honest.tip()).value]
        expect({ clock: told.clock, time: told.time }).toEqual({ clock: true_.clock, time: true_.time })
        // Of heights that come with the right time, the one in the middle counts.
        const isHigh = (lie: Lie) => lie === 'high' || lie === 'equivocate'
        if (lies.filter(isHigh).length < 2) expect(told).toEqual(true_)
        const final = (depth: bigint, assurance: string) => depth > 0n && assurance === 'proved'
        const reads = await reader.findLocks(terms)
        const truly = await honest.findLocks(terms)
        for (const read of truly)
          if (read.is === 'found')
            expect(
              reads.some((one) => one.is === 'found' && one.fact.value.ref === read.fact.value.ref),
            ).toBe(true)
        for (const read of reads)
          if (read.is === 'found' && final(read.fact.depth, read.fact.assurance))
            expect(truly).toMatchObject([{ is: 'found', fact: { value: read.fact.value, at: read.fact.at } }])
        if (lock === undefined) return
        const spend = await reader.findSpend(terms, lock)
        const truth = await honest.findSpend(terms, lock)
        // A claim is never hidden, and nothing else is ever final.
        if (truth.is === 'found' && truth.fact.value.kind === 'claim')
          expect(spend).toMatchObject({ is: 'found', fact: { value: truth.fact.value } })
        if (stage === 'claimed' || stage === 'refunded')
          expect(spend).toMatchObject({
            is: 'found',
            fact: { value: { kind: truth.is === 'found' ? truth.fact.value.kind : '' } },
          })
        if (spend.is === 'found' && spend.fact.depth > 0n)
          expect(truth).toMatchObject({ fact: { value: spend.fact.value } })
      }),
      { numRuns },
    )
  })

  test('S6, L2: a claim that is made through it is in a block soon, whoever of them hides, drops or forgets', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async ({ network, lies: all }) => {
        // What a claim costs where one of two tells a market that there isn't, the runner bounds.
        const lies = all.map((lie) => (lie === 'market' ? 'deaf' : lie))
        const { honest, reader, terms, lock, send, mine } = await leg(network, 'final', lies)
        if (lock === undefined) throw new Error('no lock')
        // Each refused one is followed by another, from the next endpoint.
        let claimed = false
        for (let turn = 0; turn < 5 && !claimed; turn++) {
          await send({ kind: 'claim', terms, lock, secret }, reader).catch(() => undefined)
          mine(1)
          claimed = (await honest.findSpend(terms, lock)).is === 'found'
        }
        expect(claimed).toBe(true)
      }),
      { numRuns },
    )
  })

  test('control: one of them alone hides, makes up, and drops', async () => {
    const { serverOf, terms, lock } = await leg(networks.evmLocal, 'final', ['stale', 'stale', 'stale'])
    if (lock === undefined) throw new Error('no lock')
    expect(await serverOf('hide-locks').findLocks(terms)).toMatchObject([{ is: 'absent' }])
    expect(await serverOf('fake-refund').findSpend(terms, lock)).toMatchObject({
      fact: { value: { kind: 'refund' } },
    })
    expect((await serverOf('clock').tip()).value).not.toEqual((await serverOf(undefined).tip()).value)
  })
})
