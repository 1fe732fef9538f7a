import type { Fact, LockTerms } from '@aitbc/core'
import type { Agreement, Runner, SwapMachine } from '@aitbc/swap'
import type { FamilyName, Place } from './Family.js'

/** What a party is told when its process starts; everything else it learns from the chains and the channel. */
export interface PartyConfig {
  readonly name: 'Alice' | 'Bob'
  readonly role: Agreement.Role
  /** Swap seed, hex. */
  readonly seed: string
  /** Folder of its own storage. */
  readonly folder: string
  /** Begin a swap over the channel, take it from storage, or rebuild it from the seed and the chains. */
  readonly mode: 'negotiate' | 'resume' | 'recover'
  /** The chains of the swap: where they are, and what the party takes on trust of each. */
  readonly chains: { readonly [F in FamilyName]?: Place }
  /** Milliseconds between two looks at a chain. */
  readonly pollMs: number
  /** Port of the channel on 127.0.0.1: the follower listens, the initiator connects. */
  readonly port?: number
  /** What the initiator offers. */
  readonly quote?: {
    readonly give: { readonly network: string; readonly asset: string; readonly amount: string }
    readonly get: { readonly network: string; readonly asset: string; readonly amount: string }
  }
}

/** What the stage tells a party: how it starts, and how much time was skipped, in seconds. */
export type ToParty =
  | { readonly is: 'config'; readonly config: PartyConfig; readonly ahead: string }
  | { readonly is: 'time'; readonly ahead: string }

/** What a party tells the stage, for the audience; no secret is ever in it. */
export type FromParty =
  | { readonly is: 'ready'; readonly port?: number }
  | {
      readonly is: 'agreed'
      readonly swap: string
      readonly nonce: string
      readonly inequality: readonly string[]
      readonly deadlines: Record<Agreement.Leg, string>
      /** Least assurance of the other side's lock that it relies upon. */
      readonly relies: string
    }
  | { readonly is: 'recovered'; readonly swap: string; readonly from: 'storage' | 'chains' }
  | {
      readonly is: 'leg'
      readonly leg: Agreement.Leg
      readonly network: string
      readonly asset: string
      readonly height: string
      /** What is left to the deadline on the chain's own clock: seconds, or blocks. */
      readonly left: string
      readonly counts: 'seconds' | 'blocks'
      readonly locks: readonly {
        readonly ref: string
        readonly match: string
        readonly amount: string
        readonly depth: string
        readonly final: boolean
        readonly assurance: Fact.Assurance
        readonly spend?: {
          readonly kind: string
          readonly transaction: string
          readonly depth: string
          readonly final: boolean
        }
      }[]
    }
  | { readonly is: 'unreadable'; readonly leg: Agreement.Leg; readonly why: string }
  | { readonly is: 'waiting'; readonly for: string }
  | {
      readonly is: 'sent'
      readonly command: string
      readonly leg: Agreement.Leg
      readonly ids: readonly string[]
    }
  | { readonly is: 'raised'; readonly leg: Agreement.Leg; readonly command: string; readonly id: string }
  | { readonly is: 'trouble'; readonly key: string; readonly message: string }
  | { readonly is: 'alarm'; readonly reason: string }
  | { readonly is: 'owed'; readonly leg: Agreement.Leg; readonly kind: string; readonly why: string }
  | { readonly is: 'finished'; readonly outcome: SwapMachine.Outcome }
  | { readonly is: 'failed'; readonly message: string }

/** A runner's progress as a report. */
export function report(
  progress: Runner.Progress,
  terms: { readonly [L in Agreement.Leg]?: LockTerms.LockTerms },
): FromParty {
  switch (progress.is) {
    case 'seen': {
      const { leg, view, tip } = progress
      if (view.is !== 'seen')
        return { is: 'unreadable', leg, why: view.is === 'unreadable' ? view.why : 'not seen yet' }
      return {
        is: 'leg',
        leg,
        network: terms[leg]?.backend.network ?? '',
        asset: terms[leg]?.asset ?? '',
        height: String(tip?.height ?? 0n),
        left: String((terms[leg]?.deadline.value ?? 0n) - view.now.value),
        counts: view.now.clock === 'height' ? 'blocks' : 'seconds',
        locks: view.locks.map(({ lock, depth, final, assurance, spend }) => ({
          ref: lock.ref,
          match: lock.match,
          amount: String(lock.amount),
          depth: String(depth),
          final,
          assurance,
          ...(spend === undefined
            ? {}
            : {
                spend: {
                  kind: spend.spend.kind,
                  transaction: spend.spend.transaction,
                  depth: String(spend.depth),
                  final: spend.final,
                },
              }),
        })),
      }
    }
    case 'sent':
      return { is: 'sent', command: progress.command, leg: legOf(progress.key), ids: progress.ids }
    case 'raised':
      return {
        is: 'raised',
        leg: legOf(progress.key),
        command: progress.key.split('/')[0] ?? '',
        id: progress.id,
      }
    case 'trouble':
      return { is: 'trouble', key: progress.key, message: String(progress.error) }
    case 'waiting':
    case 'alarm':
    case 'finished':
      return progress
    case 'owed':
      return { is: 'owed', leg: progress.leg, kind: progress.due.kind, why: progress.why }
  }
}

/** Keys of commands are `<command>/<leg>` and what tells locks apart. */
function legOf(key: string): Agreement.Leg {
  return key.split('/')[1] === 'short' ? 'short' : 'long'
}
