// The servers that a party asks about a chain, honest and lying.
import { CoreErrors } from '@aitbc/core'
import * as Chain from '../Chain.js'
import { type Endpoint, viewOf } from '../Endpoint.js'
import type * as Ledger from '../Ledger.js'
import type { Lie } from './Plan.js'

export interface ServerOptions {
  readonly chain: Chain.Chain
  /** The script of the lock that a liar may make up. */
  readonly script: () => Ledger.Script
  /** What it does at this moment instead of telling the truth. */
  readonly lie: () => Lie | undefined
  readonly assurance: Endpoint['assurance']
}

/** A server that is believed, or one of several that a party asks. */
export function createServer(options: ServerOptions): Endpoint {
  const { chain } = options
  let turn = 0
  // What a liar shows stays the same as long as the truth does.
  let known:
    | { readonly lie: Lie; readonly of: Chain.Block; readonly truth: Chain.View; readonly waiting: number }
    | undefined
  let twisted: Chain.View | undefined
  const answer = (truth: Chain.View): Chain.View | undefined => {
    const lie = options.lie()
    const told = lie === 'equivocate' ? (turn++ % 2 === 0 ? undefined : 'hide-locks') : lie
    if (told === 'down') return undefined
    if (told === undefined || told === 'deaf') return truth
    const { mempool, finalized, floor } = truth
    const of = Chain.tip(truth)
    const waiting = mempool.length
    const same =
      twisted !== undefined &&
      known?.lie === told &&
      known.of === of &&
      known.waiting === waiting &&
      known.truth.mempool === mempool &&
      known.truth.finalized === finalized &&
      known.truth.floor === floor
    if (!same) twisted = twist(chain, truth, told, options.script)
    known = { lie: told, of, truth, waiting }
    return twisted
  }
  const fail = (method: string) =>
    CoreErrors.RpcUnreachable(`the server did not answer ${method}`, { method })
  return {
    name: 'server',
    assurance: options.assurance,
    async ask(method, _params, signal) {
      signal?.throwIfAborted()
      // A hint that something may have changed; what that is, is asked for.
      const truth = viewOf(chain)
      const view = method.startsWith('watch') ? truth : answer(truth)
      if (view === undefined) throw fail(method)
      return view
    },
    async send(tx, signal) {
      signal?.throwIfAborted()
      const lie = options.lie()
      if (lie === 'down') throw fail('send')
      // Liars say that all is well.
      return lie === undefined ? Chain.accept(chain, tx) : { is: 'taken' }
    },
    listen(listener) {
      chain.listeners.add(listener)
      return () => chain.listeners.delete(listener)
    },
  }
}

/** How long ago the chain is that stale servers show, blocks; and by how many seconds times are off. */
const STALE = 6
const OFF = 21_600n
/** By how many blocks heights are off, and how many times as much fees are. */
const HIGHER = 100_000n
const DEARER = 1_000_000n

/** As if nobody had claimed or refunded anything. */
function reopen(locks: Map<string, Ledger.Held>): void {
  for (const [ref, { spend: _, ...held }] of locks) locks.set(ref, held)
}

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
    blocks: truth.blocks.with(-1, { ...tip, ...change }),
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
      return { ...changed(reopen), mempool: truth.mempool.filter(({ tx }) => !('ref' in tx.does)) }
    case 'failed': {
      const { blocks } = changed((locks) => locks.clear())
      const { ledger, ...block } = Chain.tip({ blocks })
      const included = new Map<string, Ledger.Included>()
      for (const [id, one] of ledger.included) included.set(id, { ...one, ok: false })
      const { height } = tip
      for (const { tx } of truth.mempool)
        included.set(tx.id, { height, ok: false, from: tx.from, fee: tx.fee })
      return { ...truth, mempool: [], blocks: blocks.with(-1, { ...block, ledger: { ...ledger, included } }) }
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
    case 'high':
      return showing({ height: tip.height + HIGHER })
    case 'market':
      return { ...truth, floor: truth.floor * DEARER }
    case 'clock':
      return showing({ time: tip.time + OFF, clock: tip.clock + OFF })
  }
}
