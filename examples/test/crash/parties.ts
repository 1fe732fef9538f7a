// Parties of many swaps as one process, which is killed when each of those that are to crash stands still at its boundary. To disks and
// chains that is what each would have left behind had it been killed there and then.

import { Bytes, isAitbcError } from '@aitbc/core'
import { bitcoinRegtest } from '@aitbc/core/networks'
import { createFileStorage } from '@aitbc/core/storage/file'
import { Agreement, Planner, Recovery, Runner, Side } from '@aitbc/swap'
import { createClock } from '../../src/swap/Clock.js'
import type { FamilyName, Place } from '../../src/swap/Family.js'
import { createSides, policyFor, withKeys } from '../../src/swap/sides.js'
import * as Fuse from './Fuse.js'
import { sharing } from './sharing.js'

/** A party that lives once: it begins a swap, goes on from its disk, or has nothing but its seed. */
export interface Life {
  readonly id: string
  readonly role: Agreement.Role
  /** Hex. */
  readonly seed: string
  readonly nonce: string
  readonly folder: string
  readonly does:
    | { readonly is: 'begin'; readonly signed: string }
    | { readonly is: 'continue' }
    | { readonly is: 'recover' }
  /** Where it crashes. */
  readonly stop?: Fuse.At
}

/** What the process is told. */
export type ToParties =
  | { readonly is: 'time'; readonly ahead: string }
  | {
      readonly is: 'live'
      readonly lives: readonly Life[]
      readonly chains: { readonly [F in FamilyName]?: Place }
      readonly pollMs: number
    }

/** What it tells. */
export type FromParties =
  | { readonly is: 'ready' }
  | {
      readonly is: 'sent'
      readonly id: string
      readonly network: string
      readonly kind: string
      readonly transaction: string
    }
  /** A lock of its own was seen. */
  | { readonly is: 'lock'; readonly id: string; readonly network: string; readonly ref: string }
  | { readonly is: 'stopped'; readonly id: string; readonly at: string }
  /** What it took up: nothing, a swap of which one leg is known, or of which both are. */
  | { readonly is: 'took'; readonly id: string; readonly legs: 0 | 1 | 2 }
  | { readonly is: 'ended'; readonly id: string; readonly outcome: string }
  /** What it waits for or meets, for people. */
  | { readonly is: 'word'; readonly id: string; readonly text: string }
  | { readonly is: 'failed'; readonly id: string; readonly message: string }

/** Fewer versions of each claim and refund are signed in advance than without a budget. */
const FEES = { [bitcoinRegtest.id]: 5_000n }

const clock = createClock()
const tell = (message: FromParties) => void process.send?.(message)

process.on('message', (message: ToParties) => {
  if (message.is === 'time') {
    clock.follow(BigInt(message.ahead))
    return
  }
  const sides = shared(message)
  for (const life of message.lives)
    void live(life, message, sides).catch((error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      tell({ is: 'failed', id: life.id, message: text })
    })
})
process.on('disconnect', () => process.exit(1)) // nobody watches any more
tell({ is: 'ready' })

type Live = Extract<ToParties, { is: 'live' }>

/** One view of the chains for all of them; the keys are each one's own. */
function shared(message: Live): Promise<Side.Sides> {
  return createSides(message, new Uint8Array(32), clock.now, [sharing(message.pollMs / 2)])
}

async function live(life: Life, message: Live, views: Promise<Side.Sides>): Promise<void> {
  const { id, role } = life
  const seed = Bytes.fromHex(life.seed)
  const fuse = Fuse.create(life.stop ?? 0, (at) => tell({ is: 'stopped', id, at }))
  const sides: Record<string, Side.Side> = {}
  for (const [network, side] of Object.entries(await withKeys(await views, message.chains, seed))) {
    const said = ({ kind, id: transaction }: { readonly kind: string; readonly id: string }) =>
      tell({ is: 'sent', id, network, kind, transaction })
    sides[network] = { ...side, adapter: Fuse.adapter(side.adapter, fuse, said) }
  }
  const storage = Fuse.disk(createFileStorage({ folder: life.folder }), fuse)
  const refs = new Set<string>()
  let word = ''
  const context: Runner.Context = {
    ...{ storage, seed, sides: sides as Side.Sides, utc: clock.now },
    onProgress: (progress) => {
      const text = wordOf(progress)
      if (text !== undefined && text !== word) tell({ is: 'word', id, text })
      word = text ?? word
      if (progress.is !== 'seen' || progress.leg !== Agreement.ownLeg(role)) return
      if (progress.view.is !== 'seen') return
      for (const { lock } of progress.view.locks) {
        if (refs.has(lock.ref)) continue
        refs.add(lock.ref)
        tell({ is: 'lock', id, network: networks.get(progress.leg) ?? '', ref: lock.ref })
      }
    },
  }
  const networks = new Map<Agreement.Leg, string>()
  const swap = await take(life, context)
  const { long, short } = swap?.state.durable.terms ?? {}
  if (long !== undefined) networks.set('long', long.backend.network)
  if (short !== undefined) networks.set('short', short.backend.network)
  tell({ is: 'took', id, legs: networks.size as 0 | 1 | 2 })
  const outcome = swap === undefined ? 'nothing' : await Runner.run(context, swap)
  tell({ is: 'ended', id, outcome })
}

async function take({ role, nonce, does }: Life, context: Runner.Context): Promise<Runner.Swap | undefined> {
  switch (does.is) {
    case 'begin': {
      const signed = Agreement.decodeSigned(Bytes.fromHex(does.signed))
      const { long, short } = signed.agreement
      const chain = ({ backend }: typeof long) => Side.of(context.sides, backend.network).adapter
      const incoming = signed.agreement[Agreement.incomingLeg(role)].backend.network
      const policy = { ...policyFor(Side.of(context.sides, incoming)), fees: FEES }
      const margins = Planner.margins(chain(long), chain(short), policy)
      return Runner.open(context, { role, nonce: Bytes.fromHex(nonce), signed, margins, policy })
    }
    case 'continue':
      // A crash before the first entry leaves nothing to go on from; nothing was sent then.
      return Runner.load(context, nonce).catch((error: unknown) => {
        if (isAitbcError(error, 'StateUnreadable')) return undefined
        throw error
      })
    case 'recover':
      return recover(context)
  }
}

/** Rebuilds the swap from the chains; what is in no block yet is looked at again with the next block. */
async function recover(context: Runner.Context): Promise<Runner.Swap | undefined> {
  const options = {
    policy: (incoming: Parameters<typeof Side.of>[1] | undefined) => ({
      ...policyFor(incoming === undefined ? undefined : Side.of(context.sides, incoming)),
      fees: FEES,
    }),
  }
  for (;;) {
    const { swaps, waiting, unreachable } = await Recovery.recover(context, options)
    for (const { error } of unreachable) throw error
    if (swaps.length > 1) throw new Error(`${swaps.length} swaps were made of one`)
    const [first] = waiting
    if (swaps.length === 1 || first === undefined) return swaps[0]
    const { adapter } = Side.of(context.sides, first.terms.backend.network)
    const height = (await adapter.tip()).value.height
    for await (const { what } of adapter.watch({ kind: 'tip' }))
      if (what.kind === 'block' && what.block.height > height) break
  }
}

function wordOf(progress: Runner.Progress): string | undefined {
  if (progress.is === 'waiting') return `waits for ${progress.for}`
  if (progress.is === 'trouble') return `${progress.key}: ${progress.error}`
  if (progress.is !== 'seen' || progress.view.is !== 'unreadable') return undefined
  return `the ${progress.leg} leg: ${progress.view.why}`
}
