// L4: what a reorganisation takes from the chain and from all mempools is sent again, as soon as its sender can know.
import type { LockTerms } from '@aitbc/core'
import { Agreement } from '@aitbc/swap'
import * as Chain from '../../Chain.js'
import type * as Ledger from '../../Ledger.js'
import type { Leg, Role } from '../Plan.js'

export interface Options {
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  readonly terms: { readonly [L in Leg]: LockTerms.LockTerms }
  readonly addresses: { readonly [R in Role]: { readonly [L in Leg]: readonly string[] } }
  readonly honest: readonly Role[]
  /** Least time on the short leg with which a lock is worth sending again, seconds. */
  readonly least: bigint
  /** Least time on the short leg with which a secret is revealed, seconds. */
  readonly reveal: bigint
  /** The secret is known to others. */
  readonly public: () => boolean
  /** It died before it had noted that its claim left: it doesn't know, where nobody has that any more. */
  readonly unsure: (role: Role) => boolean
  /** And a lock may have been told to be gone since: that ends a swap in which nothing was revealed. */
  readonly putOff: (role: Role) => boolean
}

export interface Undone {
  /** Blocks were undone, and everybody forgot these transactions of theirs. */
  note(leg: Leg, txs: readonly Ledger.Tx[]): void
  /**
   * An instant is over; `able` says who runs, sees the truth and can send. Gives what wasn't sent again at two blocks in a row although
   * it could have been.
   */
  judge(able: (role: Role) => boolean): string | undefined
}

interface Missing {
  readonly role: Role
  readonly leg: Leg
  readonly tx: Ledger.Tx
  /** Blocks since then at which its sender was able to send it again. */
  chances: number
  height: bigint
}

export function create(options: Options): Undone {
  const { chains, terms, addresses } = options
  let missing: Missing[] = []

  const isBack = ({ role, leg, tx }: Missing): boolean => {
    const chain = chains[leg]
    const { ledger } = Chain.tip(chain)
    const alike = (other: Ledger.Tx) =>
      addresses[role][leg].includes(other.from) &&
      (keyOf(other) === keyOf(tx) || other.slots[0] === tx.slots[0])
    if (chain.mempool.some((waiting) => alike(waiting.tx))) return true
    const { does } = tx
    if (does.is === 'lock')
      return [...ledger.locks.values()].some(({ script }) => script.key === does.script.key)
    if (!('ref' in does)) return true
    // Without the lock there is nothing to claim, and what is settled needs nobody.
    const held = ledger.locks.get(does.ref)
    return held === undefined || held.spend !== undefined
  }
  /** The follower's lock was claimed: that shows the secret for good. */
  const isPaidFor = () =>
    [...Chain.tip(chains.short).ledger.locks.values()].some(({ spend }) => spend?.is === 'claim')
  /** It would be wrong, or in vain, to send it again. */
  const isMoot = ({ role, leg, tx: { does } }: Missing): boolean => {
    const chain = chains[leg]
    const { clock } = Chain.tip(chain)
    const left = terms.short.deadline.value - Chain.tip(chains.short).clock
    // Who doesn't know that its claim ever left reveals nothing late (S7), nor once a final lock was told to be gone (S12).
    if (does.is === 'claim' && role === 'initiator' && options.unsure(role))
      if (left < options.reveal || options.putOff(role)) return true
    // A secret that came too late for the chain, and was lost with the storage that had it, is shown nowhere any more.
    if (does.is === 'claim' && role === 'follower' && options.unsure(role) && !isPaidFor()) return true
    if (does.is === 'claim') return !chain.family.profile.lateClaims && clock >= terms[leg].deadline.value
    if (does.is === 'refund') return clock < terms[leg].deadline.value
    if (does.is !== 'lock' || left < options.least) return true
    if (role === 'initiator') return false
    const incoming = [...Chain.tip(chains.long).ledger.locks.values()]
    return (
      options.public() || !incoming.some(({ height, spend }) => !spend && height <= chains.long.finalized)
    )
  }

  return {
    note(leg, txs) {
      for (const role of options.honest)
        for (const tx of txs) {
          const own = addresses[role][leg].includes(tx.from) && tx.does.is !== 'nothing'
          if (own && (Agreement.ownLeg(role) === leg) !== (tx.does.is === 'claim'))
            missing.push({ role, leg, tx, chances: 0, height: Chain.tip(chains[leg]).height })
        }
    },
    judge(able) {
      missing = missing.filter((one) => !isBack(one))
      for (const one of missing) {
        const { height } = Chain.tip(chains[one.leg])
        if (!able(one.role) || isMoot(one)) one.chances = 0
        else if (height > one.height) one.chances++
        one.height = height
        // What has died with its block height is made anew once that can't change any more, and is asked for twice to know it.
        const dead = one.tx.lastHeight !== undefined && one.tx.lastHeight < height
        if (dead && chains[one.leg].finalized <= (one.tx.lastHeight as bigint)) one.chances = 0
        if (one.chances < (dead ? 5 : 2)) continue
        return `${one.role}'s ${one.tx.does.is} on ${one.leg} was undone, and isn't sent again`
      }
      return undefined
    },
  }
}

/** What a transaction does, whatever it pays. */
function keyOf({ does }: Ledger.Tx): string {
  return does.is === 'lock' ? `lock ${does.script.key}` : 'ref' in does ? `${does.is} ${does.ref}` : does.is
}
