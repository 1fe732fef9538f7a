import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCosmosAdapter } from '@aitbc/adapters/cosmos'
import { Bytes } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import * as Bank from '../../src/cosmos/bank.js'
import { base64, concat, fromUtf8, toAddress, u64, utf8 } from '../../src/cosmos/bytes.js'
import { type Context, whole } from '../../src/cosmos/context.js'
import { Fault, gasOf } from '../../src/cosmos/faults.js'
import { createHistory } from '../../src/cosmos/state.js'
import { createWasmModule } from '../../src/cosmos/wasmModule.js'
import type { Act, Actor, Moves, Outcome, Terms, Trace } from './Automaton.js'
import { hashlockOf, saltOf, sha256, shown } from './bytes.js'
import type { Driver } from './conform.js'

const ACTORS: readonly Actor[] = ['alice', 'bob', 'mallory']
const LEAST = 1n
const GAS = 5_000_000n
const SECOND = 1_000_000_000n
const CHAIN = 'conform-1'
const PREFIX = 'cosmos'
const [COIN, OTHER_COIN] = ['uatom', 'uother'] as const

/** The CosmWasm contract on the local node's wasm and bank modules; each act is a message, whole or not at all. */
export async function createCosmosDriver(): Promise<Driver> {
  const folder = join(import.meta.dirname, '../../../adapters/programs/cosmos')
  const file = (name: string) => Uint8Array.from(readFileSync(join(folder, name)))
  const actors = Object.fromEntries(
    ACTORS.map((actor) => [actor, toAddress(PREFIX, sha256(utf8(actor)).slice(0, 20))]),
  ) as Record<Actor, string>
  const history = createHistory()
  const wasm = createWasmModule()
  let time = 1_900_000_000n * SECOND
  const contextOf = (state: Context['state']): Context => ({
    chainId: CHAIN,
    prefix: PREFIX,
    height: 2n,
    time,
    state,
    gas: gasOf(GAS),
    events: [],
    depth: 0,
  })
  const json = (value: unknown) => utf8(JSON.stringify(value))
  const deploy = (state: Context['state'], code: Uint8Array, message: unknown): string => {
    const { id } = wasm.store(contextOf(state), actors.mallory, code)
    const of = { sender: actors.mallory, admin: '', codeId: id, label: 'conform', funds: [] }
    return wasm.instantiate(contextOf(state), { ...of, message: json(message) }).address
  }
  let [here, elsewhere, token, otherToken] = ['', '', '', '']
  history.commit((state) => {
    for (const actor of ACTORS)
      for (const denom of [COIN, OTHER_COIN])
        Bank.mint(contextOf(state), actors[actor], [{ denom, amount: `${10n ** 18n}` }])
    here = deploy(state, file('htlc.wasm'), {})
    elsewhere = deploy(state, file('htlc.wasm'), {})
    const initial_balances = ACTORS.map((actor) => ({ address: actors[actor], amount: `${10n ** 18n}` }))
    const named = { name: 'Token', symbol: 'TOK', decimals: 6, initial_balances }
    token = deploy(state, file('test-tokens/cw20.wasm'), named)
    otherToken = deploy(state, file('test-tokens/cw20.wasm'), named)
  })

  /** The id, from the contract's specification. */
  function idOf(
    terms: Terms,
    origin: bigint,
    change: { readonly asset?: string; readonly to?: Actor; readonly of?: Actor } = {},
  ) {
    const text = (value: string) => concat([value.length >> 8, value.length & 255], utf8(value))
    const coins = terms.asset === 'coin'
    const asset = change.asset ?? (coins ? COIN : token)
    const id = sha256(
      utf8('aitbc/htlc/v1'),
      ...[CHAIN, here, coins ? 'native' : 'cw20', asset, `${LEAST + BigInt(terms.over)}`].map(text),
      hashlockOf(terms.preimage),
      ...[actors[change.of ?? terms.locker], actors[change.to ?? terms.beneficiary], 'at_time'].map(text),
      u64(deadlineOf(terms, origin)),
      saltOf(terms),
    )
    return Bytes.toHex(id)
  }
  const deadlineOf = (terms: Terms, origin: bigint) => (origin + BigInt(terms.deadline)) * SECOND

  /** The message of an act: its sender's, to a contract, with coins. */
  function messageOf(act: Act, terms: Terms, origin: bigint) {
    const amount = `${LEAST + BigInt(terms.over)}`
    const other = act.twist === 'asset'
    const coins = terms.asset === 'coin'
    if (act.do === 'lock') {
      const create = {
        create: {
          id: idOf(terms, origin),
          hash: Bytes.toHex(hashlockOf(terms.preimage)),
          recipient: actors[terms.beneficiary],
          expires: { at_time: `${deadlineOf(terms, origin)}` },
          salt: Bytes.toHex(saltOf(terms)),
        },
      }
      if (coins) return { to: here, message: create, funds: [{ denom: other ? OTHER_COIN : COIN, amount }] }
      const send = { send: { contract: here, amount, msg: base64(json(create)) } }
      return { to: other ? otherToken : token, message: send, funds: [] }
    }
    const change =
      act.twist === 'payee'
        ? { [act.do === 'claim' ? 'to' : 'of']: 'mallory' as const }
        : other
          ? { asset: coins ? OTHER_COIN : otherToken }
          : {}
    const id = idOf(terms, origin, change)
    const message =
      act.do === 'claim'
        ? { release: { id, preimage: Bytes.toHex(shown(terms, act.secret)) } }
        : { refund: { id } }
    return { to: act.twist === 'contract' ? elsewhere : here, message, funds: [] }
  }

  function holdings(state: Context['state'], { asset }: Terms): readonly bigint[] {
    const who = [...ACTORS.map((actor) => actors[actor]), here]
    if (asset === 'coin') return who.map((address) => Bank.balance(contextOf(state), address, COIN))
    return who.map((address) => {
      const answer = wasm.query(contextOf(state), token, json({ balance: { address } }))
      return BigInt((JSON.parse(fromUtf8(answer)) as { balance: string }).balance)
    })
  }

  /** One trace; all that it writes is forgotten after it. */
  function one({ terms: all, acts }: Trace): readonly Outcome[] {
    const base = history.at(1)
    if (base === undefined) throw new Error('the chain has no first block')
    const state = base.branch()
    const origin = 1_900_001_000n
    return acts.map((act) => {
      const terms = all[act.terms] as Terms
      time = (origin + BigInt(act.time)) * SECOND
      const { to, message, funds } = messageOf(act, terms, origin)
      const before = holdings(state, terms)
      let refused = false
      try {
        whole(contextOf(state), {}, (inner) => wasm.execute(inner, actors[act.by], to, json(message), funds))
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        refused = true
      }
      const after = holdings(state, terms)
      const moves: Partial<Record<Actor | 'held', bigint>> = {}
      for (const [i, who] of [...ACTORS, 'held' as const].entries())
        moves[who] = (after[i] as bigint) - (before[i] as bigint)
      if (refused && Object.values(moves).every((amount) => amount === 0n)) return { is: 'refused' }
      return { is: 'done', moves: moves as Moves }
    })
  }

  return {
    name: 'cosmos',
    profile: createCosmosAdapter({
      network: networks.cosmosLocal,
      transport: { request: async () => null },
      htlc: here,
    }).profile,
    least: LEAST,
    batch: 100,
    run: async (traces) => traces.map(one),
    close: async () => undefined,
  }
}
