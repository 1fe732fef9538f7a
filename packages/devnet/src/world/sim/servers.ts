// The servers that a party asks about a chain, honest and lying, and how it reads them.
import { CoreErrors } from '@aitbc/core'
import * as Chain from '../Chain.js'
import { type Endpoint, viewOf } from '../Endpoint.js'
import type * as Ledger from '../Ledger.js'
import type { Lie } from './Plan.js'

export interface ServerOptions {
  readonly chain: Chain.Chain
  /** The script of the lock that a liar may make up. */
  readonly script: () => Ledger.Script
  /** What a server does at this moment instead of telling the truth. */
  readonly lie: (server: number) => Lie | undefined
  readonly servers: number
  /** Its answers are checked against headers and proofs, and the best one of all servers is taken; else one server is believed. */
  readonly verified: boolean
}

/** An endpoint over several servers. */
export function createServers(options: ServerOptions): Endpoint {
  const { chain, servers, verified } = options
  let turn = 0
  // What a liar shows stays the same as long as the truth does.
  const twisted = new Map<
    Lie,
    {
      readonly of: Chain.Block
      readonly truth: Chain.View
      readonly view: Chain.View
      readonly waiting: number
    }
  >()
  const answer = (server: number, truth: Chain.View): Chain.View | undefined => {
    const lie = options.lie(server)
    const told = lie === 'equivocate' ? (turn++ % 2 === 0 ? undefined : 'hide-locks') : lie
    if (told === 'down') return undefined
    if (told === undefined || told === 'deaf') return truth
    const { mempool, finalized, floor } = truth
    const of = Chain.tip(truth)
    const waiting = mempool.length
    const known = twisted.get(told)
    const same =
      known?.of === of &&
      known.waiting === waiting &&
      known.truth.mempool === mempool &&
      known.truth.finalized === finalized &&
      known.truth.floor === floor
    if (same) return known.view
    const view = twist(chain, truth, told, options.script)
    twisted.set(told, { of, truth, view, waiting })
    return view
  }
  const fail = (method: string) =>
    CoreErrors.RpcUnreachable(`no server answered ${method} in a way that holds`, { method })
  return {
    name: verified ? `${servers} servers` : 'one server',
    // Where nothing can be proved, so many servers agree that liars among them don't count.
    assurance: chain.family.best === 'quorum' ? 'quorum' : 'reported',
    async ask(method, _params, signal) {
      signal?.throwIfAborted()
      // A hint that something may have changed; what that is, is asked for.
      const truth = viewOf(chain)
      if (method.startsWith('watch')) return truth
      if (!verified) {
        const view = answer(0, truth)
        if (view === undefined) throw fail(method)
        return view
      }
      let best: Chain.View | undefined
      for (let server = 0; server < servers; server++) {
        const view = answer(server, truth)
        if (view === undefined || !holds(chain, view)) continue
        best = best === undefined ? view : merge(best, view)
      }
      if (best === undefined) throw fail(method)
      return best
    },
    async send(tx, signal) {
      signal?.throwIfAborted()
      let said: Chain.Answer | undefined
      for (let server = 0; server < (verified ? servers : 1); server++) {
        const lie = options.lie(server)
        if (lie === 'down') continue
        // Whoever passes it on hears what the network says; liars say that all is well.
        said = lie === undefined ? Chain.accept(chain, tx) : (said ?? { is: 'taken' })
        if (lie === undefined) break
      }
      if (said === undefined) throw fail('send')
      return said
    },
    listen(listener) {
      chain.listeners.add(listener)
      return () => chain.listeners.delete(listener)
    },
  }
}

/** What headers and proofs of state say of an answer: it is of this chain, and nothing in it was changed. */
function holds(chain: Chain.Chain, { blocks }: Chain.View): boolean {
  const last = blocks[blocks.length - 1]
  const own = chain.blocks[blocks.length - 1]
  return last !== undefined && last === own
}

/** The newer of two answers that hold, with what waits by either. */
function merge(a: Chain.View, b: Chain.View): Chain.View {
  const newer = Chain.tip(b).height > Chain.tip(a).height ? b : a
  if (a.mempool === b.mempool) return newer
  const known = new Set(a.mempool.map(({ tx }) => tx.id))
  const mempool = [...a.mempool, ...b.mempool.filter(({ tx }) => !known.has(tx.id))]
  return { ...newer, mempool }
}

/** How long ago the chain is that stale servers show, blocks; and by how many seconds times are off. */
const STALE = 6
const OFF = 21_600n

function twist(
  chain: Chain.Chain,
  truth: Chain.View,
  lie: Exclude<Lie, 'down' | 'deaf' | 'equivocate'>,
  scriptOf: () => Ledger.Script,
): Chain.View {
  const tip = Chain.tip(truth)
  const showing = (change: Partial<Chain.Block>, mempool = truth.mempool): Chain.View => ({
    ...truth,
    mempool,
    blocks: [...truth.blocks.slice(0, -1), { ...tip, ...change }],
  })
  const changed = (change: (locks: Map<string, Ledger.Held>) => void): Chain.View => {
    const ledger = { ...tip.ledger, locks: new Map(tip.ledger.locks) }
    change(ledger.locks)
    return showing({ ledger })
  }
  const deep = truth.finalized > 0n ? truth.finalized : 0n
  switch (lie) {
    case 'stale': {
      const blocks = truth.blocks.slice(0, Math.max(1, truth.blocks.length - STALE))
      const { height } = Chain.tip({ blocks })
      return { ...truth, blocks, mempool: [], ...(height < truth.finalized ? { finalized: height } : {}) }
    }
    case 'hide-locks':
      return { ...changed((locks) => locks.clear()), mempool: [] }
    case 'hide-spends':
      return {
        ...changed((locks) => {
          for (const [ref, { spend: _, ...held }] of locks) locks.set(ref, held)
        }),
        mempool: truth.mempool.filter(({ tx }) => !('ref' in tx.does)),
      }
    case 'fake-lock':
      return changed((locks) => {
        const script = scriptOf()
        const ref = chain.family.kind === 'coins' ? `${'ab'.repeat(32)}:0` : script.key
        if (locks.has(ref)) return
        locks.set(ref, {
          ...{ ref, script, amount: script.amount, tx: chain.family.id('ab'.repeat(32)) },
          ...{ by: script.locker, height: deep, late: false },
        })
      })
    case 'fake-refund':
      return changed((locks) => {
        for (const [ref, held] of locks)
          if (held.spend === undefined)
            locks.set(ref, {
              ...held,
              spend: { is: 'refund', tx: chain.family.id('cd'.repeat(32)), height: deep, clock: tip.clock },
            })
      })
    case 'deep':
      return changed((locks) => {
        for (const [ref, held] of locks) if (held.height > deep) locks.set(ref, { ...held, height: deep })
        for (const { tx } of truth.mempool) {
          const { does } = tx
          if (does.is !== 'lock') continue
          const ref = chain.family.kind === 'coins' ? `${tx.id}:0` : does.script.key
          const { script, amount } = does
          locks.set(ref, { ref, script, amount, tx: tx.id, by: tx.from, height: deep, late: false })
        }
      })
    case 'clock':
      return showing({ time: tip.time + OFF, clock: tip.clock + OFF })
  }
}
