import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCosmosAdapter } from '@aitbc/adapters/cosmos'
import * as networks from '@aitbc/core/networks'
import {
  QuerySmartContractStateRequest,
  QuerySmartContractStateResponse,
} from 'cosmjs-types/cosmwasm/wasm/v1/query'
import { expect } from 'vitest'
import { fromUtf8 } from '../../src/cosmos/bytes.js'
import { createWasmdNode } from '../../src/index.js'
import type { Actor, Moves, Outcome, Terms, Trace } from './Automaton.js'
import type { Driver } from './conform.js'
import { ACTORS, json, LEAST, messageOf, type Place } from './cosmosActs.js'

const SECOND = 1_000_000_000n
const [COIN, OTHER_COIN] = ['ulock', 'uother'] as const
/** Traces that run together, each with actors of its own. */
const BATCH = 40
/** Seconds of the chain's clock before the first deadline, and from there to the second. */
const BEFORE = 20n
const BETWEEN = 15n
/** Seconds before a deadline at which no act is sent any more that has to come before it. */
const MARGIN = 4n

/**
 * The CosmWasm contract on a real wasmd. Its blocks have their own time, so the traces' instants are kept as classes: before the first
 * deadline, between it and the second, after both. An act that can't come in its class any more isn't sent, and inapplicable.
 */
export async function createWasmdDriver(): Promise<Driver> {
  const folder = join(import.meta.dirname, '../../../adapters/programs/cosmos')
  const file = (name: string) => Uint8Array.from(readFileSync(join(folder, name)))
  const node = await createWasmdNode({ denoms: [COIN, OTHER_COIN], blockMs: 50 })
  try {
    const actors = Array.from({ length: BATCH }, (_, i) =>
      Object.fromEntries(ACTORS.map((actor) => [actor, node.account(`${actor} ${i}`)])),
    ) as Record<Actor, ReturnType<typeof node.account>>[]
    const everyone = actors.flatMap((own) => Object.values(own).map(({ address }) => address))
    for (const [denom, amount] of [
      [node.denom, 10n ** 12n],
      [COIN, 10n ** 18n],
      [OTHER_COIN, 10n ** 18n],
    ] as const)
      await node.fund(everyone, amount, denom)
    const admin = node.account('admin')
    await node.fund(admin.address, 10n ** 12n)
    const initial_balances = everyone.map((address) => ({ address, amount: `${10n ** 18n}` }))
    const named = { name: 'Token', symbol: 'TOK', decimals: 6, initial_balances }
    const options = { gas: 50_000_000n }
    const here = await node.deploy(admin, file('htlc.wasm'), {})
    const elsewhere = await node.deploy(admin, file('htlc.wasm'), {})
    const token = await node.deploy(admin, file('test-tokens/cw20.wasm'), named, options)
    const otherToken = await node.deploy(admin, file('test-tokens/cw20.wasm'), named, options)

    const tokensOf = async (address: string, height: bigint): Promise<bigint> => {
      const queryData = json({ balance: { address } })
      const request = QuerySmartContractStateRequest.encode({ address: token, queryData }).finish()
      const answer = await node.query('/cosmwasm.wasm.v1.Query/SmartContractState', request, height)
      const { data } = QuerySmartContractStateResponse.decode(answer)
      return BigInt((JSON.parse(fromUtf8(data)) as { balance: string }).balance)
    }

    const one = async (trace: Trace, index: number, origin: bigint): Promise<readonly Outcome[]> => {
      const own = actors[index] as (typeof actors)[number]
      const place: Place = {
        ...{ chainId: node.chainId, here, elsewhere, token, otherToken, coin: COIN, otherCoin: OTHER_COIN },
        address: (actor) => own[actor].address,
        deadline: ({ deadline }) => deadlines[deadline] as bigint,
      }
      const deadlines = [origin * SECOND, (origin + BETWEEN) * SECOND]
      const holdings = ({ asset }: Terms, height: bigint) =>
        Promise.all(
          ACTORS.map((actor) =>
            asset === 'coin'
              ? node.balance(place.address(actor), COIN, height)
              : tokensOf(place.address(actor), height),
          ),
        )
      const seen: Outcome[] = []
      for (const act of trace.acts) {
        const terms = trace.terms[act.terms] as Terms
        const [from, to] =
          act.time < 0
            ? [0n, origin]
            : act.time < 1
              ? [origin, origin + BETWEEN]
              : [origin + BETWEEN, undefined]
        await node.reach(from)
        const now = await node.time()
        if (to !== undefined && now + MARGIN >= to) {
          seen.push({ is: 'inapplicable', why: 'the node had no time left for it' })
          continue
        }
        const { to: contract, message, funds } = messageOf(act, terms, place)
        // The SDK refuses a coin of zero before any block has it.
        if (funds.some(({ amount }) => amount === '0')) {
          await expect(node.execute(own[act.by], contract, message, funds)).rejects.toMatchObject({
            _tag: 'CosmosRejected',
          })
          seen.push({ is: 'refused' })
          continue
        }
        const { code, height } = await node.execute(own[act.by], contract, message, funds)
        // The act took effect in a block of that time: in any other than its own class it would say nothing.
        const time = await node.time(height)
        if (to !== undefined && time >= to) throw new Error(`an act for before ${to} came at ${time}`)
        const before = await holdings(terms, height - 1n)
        const after = await holdings(terms, height)
        const moves: Partial<Record<Actor | 'held', bigint>> = { held: 0n }
        for (const [i, who] of ACTORS.entries()) {
          const change = (after[i] as bigint) - (before[i] as bigint)
          moves[who] = change
          moves.held = (moves.held as bigint) - change
        }
        const none = Object.values(moves).every((amount) => amount === 0n)
        seen.push(code !== 0 && none ? { is: 'refused' } : { is: 'done', moves: moves as Moves })
      }
      return seen
    }

    return {
      name: 'wasmd',
      profile: createCosmosAdapter({
        network: networks.cosmosLocal,
        transport: { request: async () => null },
        htlc: here,
      }).profile,
      least: LEAST,
      batch: BATCH,
      run: async (traces) => {
        const origin = (await node.time()) + BEFORE
        return Promise.all(traces.map((trace, index) => one(trace, index, origin)))
      },
      close: () => node.stop(),
    }
  } catch (error) {
    await node.stop()
    throw error
  }
}
