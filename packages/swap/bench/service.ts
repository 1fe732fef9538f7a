// How many swaps a second workers drive to their end on one real PostgreSQL server, all of them open at once. The chains are models in
// this process, whose blocks come when all workers wait, so what is measured is the service: claims, journals, leases, and `step`.
import { Bytes, Hashlock, LockTerms, SwapSeed } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Planner, Runner, Side, SwapMachine } from '@aitbc/swap'
import { createPostgresStorage, Lease, Worker } from '@aitbc/swap/postgres'
import { EPOCH, network, profiles } from '../test/model/fixtures.js'
import * as ModelAdapter from '../test/model/ModelAdapter.js'
import { ALICE, BOB, risk, seeds } from '../test/model/market.js'
import * as Net from '../test/model/Net.js'
import * as Server from '../test/postgres/server.js'

/** What is measured. */
export interface Options {
  /** How many are open at once. */
  readonly swaps: number
  /** At most {@link MOST_WORKERS}. */
  readonly workers: number
  /** Milliseconds; with many swaps on a loaded machine a look at each of them takes minutes. */
  readonly leaseMs: number
}

/** Connections of each, of the sixty that the server gives. */
const CONNECTIONS = 8
export const MOST_WORKERS = 7
const CONTROL = 20
/** Swaps on one pair of chains. */
const SHARD = 50
const FUNDS = 10_000_000n
const TIMING = { lead: 0n, lag: 1n, inclusion: 4n, finality: 2n, reorg: 1n, outage: 0n }
const MAX_BLOCKS = 200

interface Deal {
  readonly nonce: Uint8Array
  readonly terms: { readonly long: LockTerms.LockTerms; readonly short: LockTerms.LockTerms }
  readonly durable: SwapMachine.Durable
}

interface Shard {
  readonly nets: { readonly long: Net.Net; readonly short: Net.Net }
  readonly bob: { readonly long: Side.Side; readonly short: Side.Side }
  readonly deals: readonly Deal[]
}

/** What is under way, chains' calls and the database's; an endpoint's answer lets others have their turn, as a real one does. */
let flying = 0
let calls = 0
let statements = 0
const counted: ModelAdapter.Gate = async (method, _args, run) => {
  flying++
  calls++
  try {
    if (method === 'tip') await new Promise((resolve) => setImmediate(resolve))
    return await run()
  } finally {
    flying--
  }
}

function shardOf(name: string, index: number, count: number): Shard {
  const make = (leg: 'long' | 'short') =>
    Net.create(network(`model:${name}-${leg}-${index}`, 'utxo', TIMING), 'utxo', profiles.utxo, EPOCH, {
      [ALICE]: FUNDS,
      [BOB]: FUNDS,
    })
  const nets = { long: make('long'), short: make('short') }
  const alice = { long: ModelAdapter.side(nets.long, ALICE), short: ModelAdapter.side(nets.short, ALICE) }
  const bob = { long: ModelAdapter.side(nets.long, BOB), short: ModelAdapter.side(nets.short, BOB) }
  const plan = Planner.plan(nets.long, nets.short, risk, EPOCH)
  const rules = Runner.rulesOf(plan.margins, risk, { long: profiles.utxo, short: profiles.utxo })
  const deals = Array.from({ length: count }, (_, i): Deal => {
    const nonce = new Uint8Array(8)
    new DataView(nonce.buffer).setBigUint64(0, BigInt(index * SHARD + i + 1))
    const leg = (which: 'long' | 'short'): LockTerms.LockTerms => {
      const [locker, beneficiary] = which === 'long' ? [alice, bob] : [bob, alice]
      return {
        version: 1,
        backend: locker[which].backend,
        asset: nets[which].network.native.id,
        amount: which === 'long' ? 1000n : 5000n,
        hashlock: Hashlock.of(SwapSeed.secret(seeds[ALICE], nonce)),
        locker: locker[which].party(nonce),
        beneficiary: beneficiary[which].party(nonce),
        deadline: plan[which],
        salt: new Uint8Array(32).fill(which === 'long' ? 3 : 4),
      }
    }
    const terms = { long: leg('long'), short: leg('short') }
    return { nonce, terms, durable: SwapMachine.start('initiator', terms, rules).durable }
  })
  return { nets, bob, deals }
}

const shardsOf = (name: string, swaps: number): readonly Shard[] =>
  Array.from({ length: Math.ceil(swaps / SHARD) }, (_, i) =>
    shardOf(name, i, Math.min(SHARD, swaps - i * SHARD)),
  )

function contextOf(shards: readonly Shard[]): Omit<Runner.Context, 'storage'> {
  const nets = shards.flatMap(({ nets }) => [nets.long, nets.short])
  return {
    seed: seeds[ALICE],
    sides: Object.fromEntries(nets.map((net) => [net.network.id, ModelAdapter.side(net, ALICE, counted)])),
    utc: () => shards[0]?.nets.long.tip.clock ?? 0n,
    pauseMs: 1,
  }
}

/** Bob does what was agreed: locks when Alice's lock is final, and claims when her claim shows the secret. */
function counterparty({ nets, bob, deals }: Shard): () => Promise<void> {
  const stage = deals.map(() => 0)
  const act = async (
    side: Side.Side,
    intent: Parameters<Side.Side['adapter']['prepare']>[0],
    nonce: Uint8Array,
  ) => {
    for (const step of await side.adapter.prepare(intent)) {
      const signer = Side.signerOf(side, step.from, nonce)
      if (signer.kind === 'signs') await side.adapter.submit(await signer.sign(step))
    }
  }
  return async () => {
    for (const [i, { terms, nonce }] of deals.entries()) {
      if (stage[i] === 2) continue
      const [long] = await bob.long.adapter.findLocks(terms.long)
      if (long?.is !== 'found') continue
      if (stage[i] === 0) {
        if (!Side.isFinal(nets.long.network, long.fact)) continue
        await act(bob.short, { kind: 'lock', terms: terms.short, from: bob.short.funding }, nonce)
        stage[i] = 1
        continue
      }
      const [short] = await bob.short.adapter.findLocks(terms.short)
      if (short?.is !== 'found') continue
      const spend = await bob.short.adapter.findSpend(terms.short, short.fact.value)
      if (spend.is !== 'found' || spend.fact.value.kind !== 'claim') continue
      const { secret } = spend.fact.value
      if (secret === undefined) continue
      await act(bob.long, { kind: 'claim', terms: terms.long, lock: long.fact.value, secret }, nonce)
      stage[i] = 2
    }
  }
}

async function quiet(): Promise<void> {
  let last = -1
  for (let still = 0; still < 5; still++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (flying > 0 || calls !== last) still = 0
    last = calls
  }
}

/** Blocks until all is over; says how many there were. */
async function play(shards: readonly Shard[], isOver: () => boolean): Promise<number> {
  const others = shards.map(counterparty)
  for (let block = 0; block < MAX_BLOCKS; block++) {
    await quiet()
    if (isOver()) return block
    for (const other of others) await other()
    for (const { nets } of shards)
      for (const net of [nets.long, nets.short]) Net.mine(net, net.tip.clock + 1n)
  }
  throw new Error(`not over after ${MAX_BLOCKS} blocks`)
}

/** Swaps for which Alice locked more than once: somebody acted twice. */
function lockedTwice(shards: readonly Shard[]): number {
  let twice = 0
  for (const { nets, deals } of shards) {
    const own = [...nets.long.tip.ledger.locks.values()].filter(({ by }) => by === ALICE)
    for (const { terms } of deals) {
      const key = Bytes.toHex(LockTerms.id(terms.long))
      if (own.filter(({ script }) => script.key === key).length > 1) twice++
    }
  }
  return twice
}

const adopt = (context: Runner.Context, { nonce, durable }: Deal) =>
  Runner.adopt(context, { is: 'opened', role: 'initiator', nonce, durable })

/** Does a task for each, so many at once. */
async function all<T>(
  items: readonly T[],
  atOnce: number,
  task: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) await task(item)
    }),
  )
}

/** Two processes that share neither leases nor journals, on the same swaps and in the same code: both lock. */
async function control(): Promise<number> {
  const shards = shardsOf('control', CONTROL)
  const context = contextOf(shards)
  let running = 0
  for (const storage of [createMemoryStorage(), createMemoryStorage()])
    for (const deal of shards.flatMap(({ deals }) => deals)) {
      const own = { ...context, storage }
      running++
      void adopt(own, deal)
        .then((swap) => Runner.run(own, swap))
        .catch(() => undefined)
        .finally(() => running--)
    }
  await play(shards, () => running === 0)
  return lockedTwice(shards)
}

/** Prints the figures as one line of JSON; whether all is as it must be. */
export async function service({ swaps, workers, leaseMs }: Options): Promise<boolean> {
  const found = Server.binaries()
  if ('missing' in found) {
    // Where nothing was measured, nothing has passed.
    console.log(`service: skipped: ${found.missing}`)
    console.log(JSON.stringify({ gate: 'service', skipped: found.missing, pass: false }))
    return false
  }
  const server = await Server.start()
  const pools = Array.from({ length: workers }, () => server.pool({ max: CONNECTIONS }))
  try {
    const storages = pools.map((pool) =>
      createPostgresStorage({
        patienceMs: 300_000,
        timeoutMs: 300_000,
        pool: {
          options: pool.options,
          query: (config) => {
            statements++
            return counted('query', [], () => pool.query(config))
          },
        },
      }),
    )
    const [first] = storages as [(typeof storages)[0], ...typeof storages]
    const shards = shardsOf('bench', swaps)
    const context = contextOf(shards)
    const began = performance.now()
    await all(
      shards.flatMap(({ deals }) => deals),
      24,
      async (deal) => {
        const swap = await adopt({ ...context, storage: first }, deal)
        await swap.journal.close()
        await Lease.offer(first, swap.id)
      },
    )
    const opened = performance.now()
    console.log(`${swaps} swaps opened in ${Math.round((opened - began) / 1000)} s; ${workers} workers begin`)
    const before = statements
    const stop = new AbortController()
    const tally = { claimed: 0, finished: 0, deals: 0, lost: 0, failed: 0 }
    let most = 0
    let allClaimed = () => {}
    const claimed = new Promise<void>((resolve) => {
      allClaimed = resolve
    })
    const running = storages.map((storage) =>
      Worker.run(context, {
        storage,
        concurrency: Math.ceil(swaps / workers),
        leaseMs,
        pollMs: 200,
        signal: stop.signal,
        onProgress: (one) => {
          if (one.is === 'claimed' && ++tally.claimed === swaps) allClaimed()
          if (one.is === 'lost') tally.lost++
          if (one.is === 'failed') tally.failed++
          if (one.is === 'finished') {
            tally.finished++
            if (one.outcome === 'deal') tally.deals++
          }
          most = Math.max(most, tally.claimed - tally.finished - tally.lost - tally.failed)
        },
      }).catch((reason) => reason),
    )
    // All of them are open at once before the first block comes.
    await claimed
    const blocks = await play(shards, () => tally.finished >= swaps)
    const seconds = (performance.now() - opened) / 1000
    const sent = statements - before
    stop.abort(new Error('all done'))
    await Promise.all(running)
    const left = await Lease.count(first)
    const twice = lockedTwice(shards)
    const controlled = await control()
    const pass =
      tally.deals === swaps &&
      twice === 0 &&
      left.finished === swaps &&
      most >= swaps &&
      controlled === CONTROL
    console.log(
      JSON.stringify({
        gate: 'service',
        swaps,
        workers,
        atOnce: most,
        blocks,
        seconds: Math.round(seconds * 10) / 10,
        swapsPerSecond: Math.round((swaps / seconds) * 10) / 10,
        statementsPerSecond: Math.round(sent / seconds),
        openedPerSecond: Math.round((swaps / (opened - began)) * 1000),
        peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
        deals: tally.deals,
        lost: tally.lost,
        failed: tally.failed,
        lockedTwice: twice,
        negativeControl: `two processes without leases: ${controlled} of ${CONTROL} locked twice, ${controlled === CONTROL ? 'seen as it must be' : 'so this counts nothing'}`,
        pass,
      }),
    )
    return pass
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
    await server.stop()
  }
}
