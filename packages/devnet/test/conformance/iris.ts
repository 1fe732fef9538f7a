import { IrisHtlc } from '@aitbc/adapters/cosmos/iris'
import { Bytes } from '@aitbc/core'
import * as Bank from '../../src/cosmos/bank.js'
import { concat, fromAddress, hexUpper, toAddress, u64, utf8 } from '../../src/cosmos/bytes.js'
import { type Context, whole } from '../../src/cosmos/context.js'
import { Fault, gasOf } from '../../src/cosmos/faults.js'
import * as Htlc from '../../src/cosmos/htlcModule.js'
import { type Branch, createHistory } from '../../src/cosmos/state.js'
import type { Act, Actor, Moves, Outcome, Terms, Trace } from './Automaton.js'
import { hashlockOf, sha256, shown } from './bytes.js'
import type { Driver } from './conform.js'
import { ACTORS } from './cosmosActs.js'

const [PREFIX, MODULE] = ['iaa', 'htlc'] as const
/** Coins of two denominations: the module knows no other tokens. */
const DENOMS = { coin: 'uiris', token: 'uother' } as const
/** Blocks that the module wants from a lock to its expiry. */
const LEAST_SPAN = 50
const ORIGIN = 1000
/** Acts well before or after the deadline are so many blocks away from it. */
const FAR = 100

const heightOf = (time: number): number =>
  ORIGIN + (Math.abs(time) < LEAST_SPAN / 2 ? time : Math.sign(time) * FAR)

/** Why an act can't be done here, whatever the lock's state. */
function unknownTo(act: Act, terms: Terms, at: number, all: readonly Terms[], ids: readonly string[]) {
  const span = heightOf(terms.deadline) - heightOf(act.time)
  if (at > 0 && ids[at] === ids[0] && JSON.stringify(all[at]) !== JSON.stringify(all[0]))
    return "an id binds neither deadline nor salt: these are one lock's terms"
  if (act.twist === 'contract') return 'there is one module'
  if (act.do === 'refund' && act.twist !== undefined) return 'nobody asks for a refund'
  if (act.do !== 'lock') return undefined
  if (act.twist !== undefined || act.by !== terms.locker)
    return "who pays in, and what, are a lock's own terms: any are taken"
  if (span > 0 && span < LEAST_SPAN) return `the module takes no lock of fewer than ${LEAST_SPAN} blocks`
  return undefined
}

/**
 * IRISnet's own module as the local node has it. It refunds by itself, as the block of a lock's expiry begins: an act of refunding is here
 * whoever looks by then finds it done.
 */
export async function createIrisDriver(): Promise<Driver> {
  const actors = Object.fromEntries(
    ACTORS.map((actor) => [actor, toAddress(PREFIX, sha256(utf8(actor)).slice(0, 20))]),
  ) as Record<Actor, string>
  const held = Bank.moduleAddress(PREFIX, MODULE)
  const contextOf = (state: Branch, height: number): Context => ({
    ...{ chainId: 'irishub-1', prefix: PREFIX, height: BigInt(height), time: 0n, state },
    ...{ gas: gasOf(5_000_000n), events: [], depth: 0 },
  })
  const history = createHistory()
  history.commit((state) => {
    for (const actor of ACTORS)
      for (const denom of Object.values(DENOMS))
        Bank.mint(contextOf(state, 1), actors[actor], [{ denom, amount: `${10n ** 18n}` }])
  })

  const amountOf = (terms: Terms): bigint => 1n + BigInt(terms.over)
  const idOf = (terms: Terms, change: { readonly to?: Actor; readonly denom?: string } = {}): string => {
    const { denom = DENOMS[terms.asset], to = terms.beneficiary } = change
    const parties = [terms.locker, to].map((actor) => fromAddress(PREFIX, actors[actor]) as Uint8Array)
    return hexUpper(sha256(hashlockOf(terms.preimage), ...parties, utf8(`${amountOf(terms)}${denom}`)))
  }
  const holdings = (state: Branch, { asset }: Terms): readonly bigint[] =>
    [...ACTORS.map((actor) => actors[actor]), held].map((address) =>
      Bank.balance(contextOf(state, ORIGIN), address, DENOMS[asset]),
    )
  /** What something that is done to the state moved, of the asset of terms. */
  const movesOf = (state: Branch, terms: Terms, change: () => void): Moves => {
    const before = holdings(state, terms)
    change()
    const after = holdings(state, terms)
    return Object.fromEntries(
      [...ACTORS, 'held' as const].map((who, i) => [who, (after[i] as bigint) - (before[i] as bigint)]),
    ) as Moves
  }

  function one({ terms: all, acts }: Trace): readonly Outcome[] {
    const base = history.at(1)
    if (base === undefined) throw new Error('the chain has no first block')
    const state = base.branch()
    const ids = all.map((terms) => idOf(terms))
    const refunds = new Map<string, Moves>()
    let height = heightOf(-FAR)
    /** A block begins: the module refunds what expires, each lock what was locked in it. */
    const begin = () => {
      const queued = (id: string) => concat([2], u64(BigInt(height)), Bytes.fromHex(id.toLowerCase()))
      const ending = ids.flatMap((id, i) =>
        ids.indexOf(id) === i && state.get(MODULE, queued(id)) !== undefined ? [i] : [],
      )
      for (const i of ending) {
        const alone = state.branch()
        for (const other of ending)
          if (other !== i) alone.set(MODULE, queued(ids[other] as string), undefined)
        const moves = movesOf(alone, all[i] as Terms, () => Htlc.beginBlock(contextOf(alone, height)))
        refunds.set(ids[i] as string, moves)
      }
      Htlc.beginBlock(contextOf(state, height))
    }
    return acts.map((act): Outcome => {
      for (const to = heightOf(act.time); height < to; ) {
        height++
        begin()
      }
      const terms = all[act.terms] as Terms
      const why = unknownTo(act, terms, act.terms, all, ids)
      if (why !== undefined) return { is: 'inapplicable', why }
      const id = ids[act.terms] as string
      if (act.do === 'refund') {
        const moves = refunds.get(id)
        refunds.delete(id)
        return moves === undefined ? { is: 'refused' } : { is: 'done', moves }
      }
      let refused = false
      const moves = movesOf(state, terms, () => {
        try {
          whole(contextOf(state, height), {}, (inner) => {
            if (act.do === 'lock') Htlc.create(inner, messageOf(terms))
            else Htlc.claim(inner, { sender: actors[act.by], ...claimOf(act, terms) })
          })
        } catch (error) {
          if (!(error instanceof Fault)) throw error
          refused = true
        }
      })
      if (refused && Object.values(moves).every((amount) => amount === 0n)) return { is: 'refused' }
      return { is: 'done', moves }
    })

    function messageOf(terms: Terms): Htlc.Create {
      return {
        ...{ sender: actors[terms.locker], to: actors[terms.beneficiary] },
        ...{ receiverOnOtherChain: '', senderOnOtherChain: '', timestamp: 0n, transfer: false },
        amount: [{ denom: DENOMS[terms.asset], amount: `${amountOf(terms)}` }],
        hashLock: hexUpper(hashlockOf(terms.preimage)),
        timeLock: BigInt(Math.max(0, heightOf(terms.deadline) - height)),
      }
    }
  }

  function claimOf(act: Act & { readonly do: 'claim' }, terms: Terms) {
    const other = terms.asset === 'coin' ? DENOMS.token : DENOMS.coin
    const change =
      act.twist === 'payee' ? { to: 'mallory' as const } : act.twist === 'asset' ? { denom: other } : {}
    return { id: idOf(terms, change), secret: hexUpper(shown(terms, act.secret)) }
  }

  return {
    name: 'iris',
    profile: IrisHtlc.profile(),
    least: 1n,
    batch: 100,
    run: async (traces) => traces.map(one),
    close: async () => undefined,
  }
}
