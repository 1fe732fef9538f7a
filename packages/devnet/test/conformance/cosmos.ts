import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCosmosAdapter } from '@aitbc/adapters/cosmos'
import * as networks from '@aitbc/core/networks'
import * as Bank from '../../src/cosmos/bank.js'
import { fromUtf8, toAddress, utf8 } from '../../src/cosmos/bytes.js'
import { type Context, whole } from '../../src/cosmos/context.js'
import { Fault, gasOf } from '../../src/cosmos/faults.js'
import { createHistory } from '../../src/cosmos/state.js'
import { createWasmModule } from '../../src/cosmos/wasmModule.js'
import type { Actor, Moves, Outcome, Terms, Trace } from './Automaton.js'
import { sha256 } from './bytes.js'
import type { Driver } from './conform.js'
import { ACTORS, json, LEAST, messageOf, type Place } from './cosmosActs.js'

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

  const placeOf = (origin: bigint): Place => ({
    ...{ chainId: CHAIN, here, elsewhere, token, otherToken, coin: COIN, otherCoin: OTHER_COIN },
    address: (actor) => actors[actor],
    deadline: (terms) => (origin + BigInt(terms.deadline)) * SECOND,
  })

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
      const { to, message, funds } = messageOf(act, terms, placeOf(origin))
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
