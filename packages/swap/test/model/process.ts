// A runner as a process: its storage and its adapters go through one gate, at which it can be counted, read along, stopped dead or
// made to fail. Processes and chains move in turns: a block comes when nobody has anything to do any more.
import { Bytes, Hashlock, isAitbcError, type Storage, SwapSeed } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Agreement, Planner, type Policy, Recovery, Runner, type Side, type SwapMachine } from '@aitbc/swap'
import { EPOCH } from './fixtures.js'
import type { Gate } from './ModelAdapter.js'
import { ALICE, BOB, type Market, mine, type Name, nonces, quote, risk, seeds, sides } from './market.js'

export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
  /** Which effect it is, counted from 0; reads are none. */
  readonly effect: number | undefined
}

/** What becomes of a call: it is done; the process dies before or after it; it fails before or after it is done. */
export type Verdict = 'go' | 'die-before' | 'die-after' | 'fail-before' | 'fail-after'

export interface Process {
  readonly name: Name
  readonly role: Agreement.Role
  readonly context: Runner.Context
  readonly policy: Policy.Policy
  readonly spends: Policy.Policy['spends']
  readonly progress: Runner.Progress[]
  readonly calls: Call[]
  dead: boolean
  readonly until: 'paid' | 'collected'
  outcome?: SwapMachine.Outcome
  error?: unknown
  swap?: Runner.Swap
}

/** Calls that change something outside the process. */
const EFFECTS = new Set(['submit', 'send', 'put', 'compareAndSet', 'append', 'truncate'])

/** What all processes of a test have done so far: as long as it grows, somebody is at work. */
let activity = 0

export interface Options {
  readonly storage?: Storage
  readonly judge?: (call: Call) => Verdict
  readonly failure?: () => unknown
  readonly context?: Partial<Runner.Context>
  readonly wrap?: (side: Side.Side) => Side.Side
  readonly until?: 'paid' | 'collected'
  readonly policy?: Policy.Policy
  /** What is asked of spends from now on, when the swap is loaded. */
  readonly spends?: Policy.Policy['spends']
}

/** Lets what isn't a process of a party, such as a tower, count as work. */
export const counted: Gate = async (_method, _args, run) => {
  activity++
  return run()
}

export function create(market: Market, name: Name, options: Options = {}): Process {
  let effects = 0
  const calls: Call[] = []
  const gate: Gate = async (method, args, run) => {
    activity++
    const effect = EFFECTS.has(method) ? effects++ : undefined
    const call: Call = { method, args, effect }
    calls.push(call)
    const verdict = process.dead ? 'die-before' : (options.judge?.(call) ?? 'go')
    if (verdict === 'die-before') return die()
    if (verdict === 'fail-before') throw failure()
    const result = await run()
    if (process.dead) return die()
    if (verdict === 'die-after') return die()
    if (verdict === 'fail-after') throw failure()
    return result
  }
  const die = <T>(): Promise<T> => {
    process.dead = true
    return new Promise<T>(() => undefined)
  }
  const failure = () => options.failure?.() ?? new Error('the endpoint hung up')
  const wrap = options.wrap ?? ((side: Side.Side) => side)
  const process: Process = {
    name,
    role: name === ALICE ? 'initiator' : 'follower',
    progress: [],
    calls,
    dead: false,
    until: options.until ?? 'paid',
    policy: options.policy ?? risk,
    spends: options.spends,
    context: {
      storage: gated(options.storage ?? createMemoryStorage(), gate),
      seed: seeds[name],
      sides: Object.fromEntries(
        Object.entries(sides(market, name, gate)).map(([id, side]) => [id, wrap(side)]),
      ),
      utc: () => market.nets.long.tip.clock,
      pauseMs: 0,
      onProgress: (one) => process.progress.push(one),
      ...options.context,
    },
  }
  return process
}

function gated(storage: Storage, gate: Gate): Storage {
  return {
    get: (key, o) => gate('get', [key], () => storage.get(key, o)),
    put: (key, value, o) => gate('put', [key, value], () => storage.put(key, value, o)),
    list: (prefix, o) => gate('list', [prefix], () => storage.list(prefix, o)),
    compareAndSet: (key, expected, value, o) =>
      gate('compareAndSet', [key, value], () => storage.compareAndSet(key, expected, value, o)),
    async log(name, o) {
      const log = await gate('log', [name], () => storage.log(name, o))
      return {
        read: (p) => gate('read', [], () => log.read(p)),
        append: (bytes, p) => gate('append', [bytes], () => log.append(bytes, p)),
        truncate: (size, p) => gate('truncate', [size], () => log.truncate(size, p)),
        close: () => gate('close', [], () => log.close()),
      }
    },
  }
}

export interface Deal {
  readonly signed: Agreement.Signed
  readonly margins: Planner.Margins
  readonly nonces: typeof nonces
}

const deals = new Map<string, Deal>()

/** What both have signed, made once for each pair of chains: the negotiation has its own tests. */
export function agreed(market: Market): Deal {
  const { long, short } = market.nets
  const kinds = `${long.kind} ${short.kind}`
  const deal = deals.get(kinds) ?? sign(market)
  deals.set(kinds, deal)
  return deal
}

/** Another one between the same two, on the same terms. */
export function agreedAgain(market: Market, first = 3): Deal {
  return sign(market, { [ALICE]: new Uint8Array(8).fill(first), [BOB]: new Uint8Array(8).fill(first + 1) })
}

function sign(market: Market, by: typeof nonces = nonces): Deal {
  const { long, short } = market.nets
  const asked = quote(market)
  const plan = Planner.plan(long, short, risk, EPOCH)
  const hashlock = Hashlock.of(SwapSeed.secret(seeds[ALICE], by[ALICE]))
  const party = (name: Name) => sides(market, name)
  const leg = (which: 'long' | 'short') => {
    const net = market.nets[which]
    const [locker, beneficiary] = which === 'long' ? ([ALICE, BOB] as const) : ([BOB, ALICE] as const)
    const id = net.network.id
    return {
      version: 1,
      backend: (party(locker)[id] as Side.Side).backend,
      asset: net.network.native.id,
      amount: which === 'long' ? asked.give.amount : asked.get.amount,
      hashlock,
      locker: (party(locker)[id] as Side.Side).party(by[locker]),
      beneficiary: (party(beneficiary)[id] as Side.Side).party(by[beneficiary]),
      deadline: plan[which],
      salt: new Uint8Array(32).fill(which === 'long' ? 3 : 4),
    } as const
  }
  const identity = (name: Name) => SwapSeed.identity(seeds[name], by[name])
  const agreement: Agreement.Agreement = {
    version: 1,
    long: leg('long'),
    short: leg('short'),
    initiator: Agreement.publicKey(identity(ALICE)),
    follower: Agreement.publicKey(identity(BOB)),
  }
  const signed = {
    agreement,
    initiator: Agreement.sign(agreement, identity(ALICE)),
    follower: Agreement.sign(agreement, identity(BOB)),
  }
  return { signed, margins: plan.margins, nonces: by }
}

export function secretOf(): Uint8Array {
  return SwapSeed.secret(seeds[ALICE], nonces[ALICE])
}

/** Opens the swap, or goes on with it where the storage has it, and drives it to its end. */
export function start(process: Process, deal: Deal, signal?: AbortSignal): void {
  const drive = async () => {
    process.swap = await take(process, deal)
    await follow(process, signal)
  }
  settle(process, drive())
}

/** Drives what a recovery finds; where it finds nothing, there was nothing. */
export function recover(process: Process): Promise<boolean> {
  return Recovery.recover(process.context, { policy: () => risk }).then(({ swaps: [swap] }) => {
    if (swap === undefined) return false
    process.swap = swap
    settle(process, follow(process))
    return true
  })
}

async function take(process: Process, { signed, margins, nonces: by }: Deal): Promise<Runner.Swap> {
  const nonce = by[process.name]
  const { context, role, policy, spends } = process
  if ((await Runner.list(context.storage)).includes(Bytes.toHex(nonce)))
    try {
      return await Runner.load(context, Bytes.toHex(nonce), spends === undefined ? {} : { spends })
    } catch (error) {
      // A crash came before the first entry: nothing was promised to anybody yet.
      if (!isAitbcError(error, 'StateUnreadable')) throw error
    }
  return Runner.open(context, { role, nonce, signed, margins, policy })
}

async function follow(process: Process, signal?: AbortSignal): Promise<void> {
  if (process.swap === undefined) throw new Error('no swap')
  const { context, swap, until } = process
  process.outcome = await Runner.run(context, swap, { until, ...(signal === undefined ? {} : { signal }) })
}

function settle(process: Process, done: Promise<void>): void {
  done
    .catch((error: unknown) => {
      process.error = error
    })
    .finally(() => activity++)
}

/** Resolves when nothing has been asked of any gate for a while: everything here goes by microtasks. */
export async function quiet(): Promise<void> {
  let last = -1
  for (let still = 0; still < 40; still++) {
    await null
    if (activity !== last) still = 0
    last = activity
  }
}

export const isDone = (process: Process): boolean =>
  process.dead || process.outcome !== undefined || process.error !== undefined

/** Blocks come whenever everybody waits, until `until` holds; a bound on them is the test's. */
export async function drive(
  market: Market,
  until: () => boolean,
  options: { readonly blocks?: number; readonly each?: (block: number) => void | Promise<void> } = {},
): Promise<void> {
  const { blocks = 200, each } = options
  for (let block = 0; block < blocks; block++) {
    await quiet()
    await each?.(block)
    await quiet()
    if (until()) return
    mine(market)
  }
  throw new Error(`not done after ${blocks} blocks`)
}

/** Blocks come until all of these are done. */
export const finish = (market: Market, ...processes: readonly Process[]): Promise<void> =>
  drive(market, () => processes.every(isDone))
