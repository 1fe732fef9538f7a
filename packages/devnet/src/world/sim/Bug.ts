// Mistakes that are put in on purpose, and where: what is a world worth that doesn't find them?
import { type Bytes, LockTerms, type Network, type Step, type Storage, type SwapAdapter } from '@aitbc/core'
import { Agreement, type Planner, type Policy } from '@aitbc/swap'
import type * as Chain from '../Chain.js'
import type { Endpoint } from '../Endpoint.js'
import type * as Ledger from '../Ledger.js'
import type * as Identity from './judge/Identity.js'
import { createServer } from './servers.js'

/** A mistake that is put in on purpose. */
export type Bug =
  /** Whatever is in a block counts as final. */
  | 'final-at-once'
  /** Whatever waits in a mempool counts as final, and is proved. */
  | 'unconfirmed'
  /** The long leg's deadline is as late as the short one's, and nobody minds. */
  | 'no-gap'
  /** The secret is revealed until the deadline. */
  | 'late-reveal'
  /** What is journaled is told to be durable, and is written when more is journaled. */
  | 'late-journal'
  /** The same, of a journal that was there already: by whoever goes on after a crash, and by nobody else. */
  | 'late-again'
  /** Of two processes over one storage both may write. */
  | 'no-fence'
  /** Which hashlocks were used before is forgotten. */
  | 'forgetful'
  /** What makes the locks' ids unique is the secret, of which nobody is to know. */
  | 'telling-salt'
  /** Locks that differ in their deadlines alone have one id. */
  | 'same-ids'
  /** Towers are told of terms alone, and of nothing that is signed. */
  | 'bare-jobs'
  /** Balances are read as a thousand times what they are. */
  | 'rich'
  /** What steps cost isn't told. */
  | 'any-price'
  /** What was in vain is made anew at once, however often. */
  | 'restless'
  /** What was sent once isn't sent again, in no version. */
  | 'sent-once'
  /** Of several servers one is asked, and believed. */
  | 'one-server'

/** The deadlines that a plan gives, as they are signed. */
export function deadlines(
  bug: Bug | undefined,
  { long, short }: Planner.Plan,
): Pick<Planner.Plan, 'long' | 'short'> {
  return { long: bug === 'no-gap' ? { ...long, value: short.value + 1n } : long, short }
}

/** What makes a lock's id unique. */
export function salt(bug: Bug | undefined, of: Bytes.Bytes, secret: Bytes.Bytes): Bytes.Bytes {
  return bug === 'telling-salt' ? secret : of
}

/** The margins that parties keep. */
export function margins(bug: Bug | undefined, of: Planner.Margins): Planner.Margins {
  if (bug === 'no-gap') return { ...of, apart: { ...of.apart, seconds: 0n } }
  if (bug === 'late-reveal') return { ...of, reveal: { ...of.reveal, seconds: 1n } }
  return of
}

/** What names locks and swaps, of which some have this deadline. */
export function names(bug: Bug | undefined, deadline: bigint): Identity.Names {
  const undated = (of: LockTerms.LockTerms) =>
    LockTerms.id({ ...of, deadline: { ...of.deadline, value: deadline } })
  return { lock: bug === 'same-ids' ? undated : LockTerms.id, swap: Agreement.hash }
}

/** What a party asks of the incoming lock. */
export function policy(bug: Bug | undefined, of: Policy.Policy): Policy.Policy {
  return bug === 'unconfirmed' ? { ...of, assurance: 'reported' } : of
}

/** A network as a party knows it. */
export function network(bug: Bug | undefined, of: Network): Network {
  if (bug === 'restless') {
    const conservative = { ...of.timing.conservative, inclusion: 0n }
    return { ...of, timing: { ...of.timing, conservative } }
  }
  return bug === 'final-at-once' ? { ...of, finality: { rule: 'instant' } } : of
}

/** A server as a party knows it. */
export function endpoint(
  bug: Bug | undefined,
  of: Endpoint,
  chain: Chain.Chain,
  script: () => Ledger.Script,
): Endpoint {
  if (bug === 'sent-once') return once(of)
  if (bug !== 'unconfirmed') return of
  const { ask } = createServer({ chain, script, lie: () => 'deep', assurance: 'reported' })
  return { ...of, ask }
}

function once(endpoint: Endpoint): Endpoint {
  const sent = new Set<string>()
  return {
    ...endpoint,
    async send(tx, signal) {
      const place = tx.slots[0] as string
      if (sent.has(place)) return { is: 'known' }
      const answer = await endpoint.send(tx, signal)
      if (!('why' in answer)) sent.add(place)
      return answer
    },
  }
}

/** A chain as a party reads it. */
export function adapter(bug: Bug | undefined, of: SwapAdapter): SwapAdapter {
  if (bug === 'any-price') return unpriced(of)
  return bug === 'rich' ? enriched(of) : of
}

function unpriced(adapter: SwapAdapter): SwapAdapter {
  const free = (step: Step): Step => ({ ...step, maxFee: { ...step.maxFee, amount: 1n } })
  return {
    ...adapter,
    prepare: async (intent, o) => (await adapter.prepare(intent, o)).map(free),
    replace: async (submission, rate, o) => (await adapter.replace(submission, rate, o)).map(free),
  }
}

function enriched(adapter: SwapAdapter): SwapAdapter {
  return {
    ...adapter,
    async balance(account, o) {
      const fact = await adapter.balance(account, o)
      return { ...fact, value: fact.value * 1000n }
    },
  }
}

/** A log that some process has open. */
export type Log = Awaited<ReturnType<Storage['log']>>

/** A party's storage, of which `logs` are open. */
export function storage(bug: Bug | undefined, of: Storage, logs: Map<string, Log>): Storage {
  if (bug === 'late-journal' || bug === 'late-again') return postponing(of, bug === 'late-again')
  if (bug === 'no-fence') return unfenced(of, logs)
  return bug === 'forgetful' ? forgetful(of) : of
}

/** Says that all is written, and writes it when there is more to write: what no journal may do, its header and first entry aside. */
function postponing(storage: Storage, again: boolean): Storage {
  return {
    ...storage,
    async log(name, o) {
      const log = await storage.log(name, o)
      let late: Uint8Array | undefined
      let begun = (await log.read()).length > 0 ? 2 : 0
      if (again && begun === 0) return log
      return {
        ...log,
        async append(bytes) {
          if (begun++ < 2) return log.append(bytes)
          if (late !== undefined) await log.append(late)
          late = bytes
        },
      }
    },
  }
}

/** Gives whoever opens a log the one that is open already: what no storage may do. */
function unfenced(storage: Storage, logs: Map<string, Log>): Storage {
  return {
    ...storage,
    async log(name, o) {
      const log = logs.get(name) ?? (await storage.log(name, o))
      logs.set(name, log)
      return log
    },
  }
}

/** Keeps nothing of which hashlocks were used. */
function forgetful(storage: Storage): Storage {
  const isOf = (key: string) => key.startsWith('hashlock/')
  return {
    ...storage,
    put: (key, value, o) => (isOf(key) ? Promise.resolve(1n) : storage.put(key, value, o)),
    compareAndSet: (key, expected, value, o) =>
      isOf(key) ? Promise.resolve(1n) : storage.compareAndSet(key, expected, value, o),
  }
}
