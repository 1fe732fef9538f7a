import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPolkadotAdapter } from '@aitbc/adapters/polkadot'
import { Bytes } from '@aitbc/core'
import { Account } from '@aitbc/proofs/revive'
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { type Abi, bytesToHex, encodeFunctionData, type Hex, hexToBigInt, zeroAddress } from 'viem'
import { createPolkadotNode } from '../../src/index.js'
import type { Act, Actor, Moves, Outcome, Terms, Trace } from './Automaton.js'
import { hashlockOf, saltOf, sha256, shown, text } from './bytes.js'
import type { Driver } from './conform.js'

interface Artifact {
  readonly abi: Abi
  readonly creation: Hex
}

/** What of @polkadot/api is used here; its own types know no pallet of a runtime that is met when it runs. */
interface Extrinsic {
  readonly hash: { toHex(): Hex }
  sign(pair: unknown, options: object): Extrinsic
  toU8a(): Uint8Array
}
interface Event {
  readonly phase: { readonly isApplyExtrinsic: boolean; readonly asApplyExtrinsic: { toNumber(): number } }
  readonly event: {
    readonly section: string
    readonly method: string
    readonly data: readonly {
      toHex(): Hex
      toJSON(): unknown
      toString(): string
      toU8a(bare?: boolean): Uint8Array
    }[]
  }
}

const programs = join(import.meta.dirname, '../../../adapters/programs/evm')
const read = (name: string): Artifact => JSON.parse(readFileSync(join(programs, name), 'utf8'))
const ACTORS: readonly Actor[] = ['alice', 'bob', 'mallory']
/** One planck. */
const LEAST = 1n
const WEI = 10n ** 8n
const LIMIT = { refTime: 25_000_000_000n, proofSize: 150_000n }

/**
 * The contract `Htlc` on a Hub's own runtime, through `revive.call`. A unit of the traces' time is a slot: the runtime has one block in each.
 * All acts of one instant stand in one block, in the order of their traces.
 */
export async function createPolkadotDriver(): Promise<Driver> {
  const node = await createPolkadotNode()
  const provider = new WsProvider(node.url, 2500, {}, 300_000) as NonNullable<ApiOptions['provider']>
  const api = await ApiPromise.create({ provider, noInitWarn: true })
  const call = api.tx['revive']?.['call'] as unknown as (...args: unknown[]) => Extrinsic
  const map = api.tx['revive']?.['mapAccount'] as unknown as () => Extrinsic
  const unit = 10n ** BigInt(node.network.native.decimals)
  const ring = new Keyring({ type: 'ed25519', ss58Format: node.network.ss58 ?? 42 })
  const pairs = Object.fromEntries(
    ACTORS.map((actor) => [actor, ring.addFromSeed(sha256(text(`actor ${actor}`)))]),
  ) as Record<Actor, ReturnType<typeof ring.addFromSeed>>
  const h160 = (actor: Actor): Hex => bytesToHex(Account.toH160(pairs[actor].publicKey))
  const htlc = read('Htlc.json')
  const plain = read('test-tokens/PlainToken.json')
  const deploy = async ({ creation }: Artifact) =>
    (await node.deploy(Bytes.fromHex(creation.slice(2)))) as Hex
  const [here, elsewhere] = [await deploy(htlc), await deploy(htlc)]
  const [token, otherToken] = [await deploy(plain), await deploy(plain)]
  const contract = bytesToHex(Account.fallback(Bytes.fromHex(here.slice(2))))
  const names = new Map<string, Actor | 'held'>([
    [contract, 'held'],
    [here, 'held'],
    ...ACTORS.flatMap((actor): readonly (readonly [string, Actor])[] => [
      [bytesToHex(pairs[actor].publicKey), actor],
      [h160(actor), actor],
    ]),
  ])

  const nonces = new Map<Actor, number>()
  const signed = (by: Actor, extrinsic: Extrinsic): Extrinsic => {
    const nonce = nonces.get(by) ?? 0
    nonces.set(by, nonce + 1)
    return extrinsic.sign(pairs[by], {
      nonce,
      tip: 0,
      era: 0,
      blockHash: api.genesisHash,
      genesisHash: api.genesisHash,
      runtimeVersion: api.runtimeVersion,
      signedExtensions: api.registry.signedExtensions,
    })
  }
  const ofToken = (functionName: string, args: readonly unknown[]) =>
    encodeFunctionData({ abi: plain.abi, functionName, args })
  const include = async (extrinsics: readonly Extrinsic[], time?: bigint) => {
    await node.include(
      extrinsics.map((one) => one.toU8a()),
      time === undefined ? {} : { time },
    )
    const at = await api.rpc.chain.getBlockHash()
    const { block } = await api.rpc.chain.getBlock(at)
    const places = new Map(block.extrinsics.map((one, place) => [one.hash.toHex(), place]))
    const events = (await (await api.at(at)).query['system']?.['events']?.()) as unknown as readonly Event[]
    return extrinsics.map((one) => {
      const place = places.get(one.hash.toHex())
      return {
        place: place ?? -1,
        events: events.filter(
          ({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === place,
        ),
      }
    })
  }
  for (const actor of ACTORS) {
    await node.fund(pairs[actor].publicKey, 1_000_000n * unit)
    const mint = ofToken('mint', [h160(actor), 10n ** 30n])
    const setup = [signed(actor, map())]
    for (const erc20 of [token, otherToken]) {
      setup.push(signed(actor, call(erc20, 0, LIMIT, unit, mint)))
      for (const spender of [here, elsewhere])
        setup.push(signed(actor, call(erc20, 0, LIMIT, unit, ofToken('approve', [spender, 2n ** 255n]))))
    }
    for (const { events } of await include(setup)) if (!outcomeOf(events)) throw new Error('the setup failed')
  }

  /** Whether an extrinsic succeeded; whatever ends it but the contract's own refusal is no outcome. */
  function outcomeOf(events: readonly Event[]): boolean {
    if (events.some(({ event }) => event.section === 'system' && event.method === 'ExtrinsicSuccess'))
      return true
    const failed = events.find(({ event }) => event.method === 'ExtrinsicFailed')
    const error = failed?.event.data[0] as unknown as {
      readonly isModule?: boolean
      readonly asModule?: Parameters<typeof api.registry.findMetaError>[0]
    }
    const name =
      error?.asModule === undefined ? String(error) : api.registry.findMetaError(error.asModule).name
    if (name !== 'ContractReverted') throw new Error(`an act failed by ${name}`)
    return false
  }

  /** Planck, or base units of the token, that an extrinsic's events moved. */
  function movesOf(events: readonly Event[], asset: Terms['asset']): Moves {
    const moves: Partial<Record<Actor | 'held', bigint>> = {}
    const add = (from: string, to: string, amount: bigint) => {
      for (const [address, change] of [
        [from, -amount],
        [to, amount],
      ] as const) {
        const who = names.get(address)
        if (who !== undefined) moves[who] = (moves[who] ?? 0n) + change
      }
    }
    for (const { event } of events) {
      const [first, second, third] = event.data
      if (first === undefined || second === undefined || third === undefined) continue
      const name = `${event.section}.${event.method}`
      if (name === 'balances.Transfer' && asset === 'coin')
        add(first.toHex(), second.toHex(), BigInt(third.toString()))
      const topics = name === 'revive.ContractEmitted' ? (third.toJSON() as readonly Hex[]) : []
      if (first.toHex() === token && topics.length === 3 && asset === 'token')
        add(
          `0x${topics[1]?.slice(26)}`,
          `0x${topics[2]?.slice(26)}`,
          hexToBigInt(bytesToHex(second.toU8a(true))),
        )
    }
    return moves
  }

  const contractTerms = (terms: Terms, origin: bigint) => ({
    token: terms.asset === 'coin' ? zeroAddress : token,
    amount: (LEAST + BigInt(terms.over)) * (terms.asset === 'coin' ? WEI : 1n),
    hashlock: bytesToHex(hashlockOf(terms.preimage)),
    locker: h160(terms.locker),
    beneficiary: h160(terms.beneficiary),
    deadline: (origin + BigInt(terms.deadline) * node.slotMs) / 1000n,
    salt: bytesToHex(saltOf(terms)),
  })

  function extrinsicOf(act: Act, trace: Trace, origin: bigint): Extrinsic {
    const terms = trace.terms[act.terms] as Terms
    const own = contractTerms(terms, origin)
    const encode = (functionName: string, args: readonly unknown[]) =>
      encodeFunctionData({ abi: htlc.abi, functionName, args })
    const make = (to: Hex, data: Hex, value = 0n) => signed(act.by, call(to, value, LIMIT, unit, data))
    if (act.do === 'lock') {
      const inCoins = (own.token === zeroAddress) !== (act.twist === 'asset')
      return make(here, encode('lock', [own, own.salt, '0x']), inCoins ? LEAST + BigInt(terms.over) : 0n)
    }
    const twisted = {
      ...own,
      ...(act.twist === 'payee'
        ? { [act.do === 'claim' ? 'beneficiary' : 'locker']: h160('mallory') }
        : act.twist === 'asset'
          ? { token: own.token === zeroAddress ? token : otherToken }
          : {}),
    }
    const to = act.twist === 'contract' ? elsewhere : here
    if (act.do === 'refund') return make(to, encode('refund', [twisted]))
    // The ABI has room for 32 bytes: a shorter secret is missing a byte of call data, a longer one has one behind.
    const secret = shown(terms, act.secret)
    const word = new Uint8Array(32)
    word.set(secret.slice(0, 32))
    const data = encode('claim', [twisted, bytesToHex(word)])
    const cut = secret.length < 32 ? (data.slice(0, -2) as Hex) : data
    return make(to, secret.length > 32 ? (`${cut}5a` as Hex) : cut)
  }

  /** Planck that the contract holds besides what the chain holds back for its storage. */
  const held = async () => {
    const account = api.query['system']?.['account'] as unknown as (
      who: string,
    ) => Promise<{ readonly data: { readonly free: { toBigInt(): bigint } } }>
    return (await account(contract)).data.free.toBigInt()
  }

  async function run(traces: readonly Trace[]): Promise<readonly (readonly Outcome[])[]> {
    const { slotMs } = node
    // Far enough ahead for the earliest act, and a whole number of slots.
    const origin = ((await node.time()) / slotMs + 33n) * slotMs
    const seen: Outcome[][] = traces.map(() => [])
    let expected = await held()
    const times = [...new Set(traces.flatMap(({ acts }) => acts.map(({ time }) => time)))].sort(
      (a, b) => a - b,
    )
    for (const time of times) {
      const due = traces.flatMap((trace, at) =>
        trace.acts.flatMap((act) =>
          act.time === time ? [{ at, act, extrinsic: extrinsicOf(act, trace, origin) }] : [],
        ),
      )
      const included = await include(
        due.map(({ extrinsic }) => extrinsic),
        origin + BigInt(time) * slotMs,
      )
      let last = -1
      for (const [i, { place, events }] of included.entries()) {
        const { at, act } = due[i] as (typeof due)[number]
        if (place <= last) throw new Error('an act is not in the block of its instant, or out of order')
        last = place
        const { asset } = (traces[at] as Trace).terms[act.terms] as Terms
        const done = outcomeOf(events)
        const moves = movesOf(events, asset)
        if (done && asset === 'coin') expected += moves.held ?? 0n
        ;(seen[at] as Outcome[]).push(done ? { is: 'done', moves } : { is: 'refused' })
      }
    }
    const holds = await held()
    if (holds !== expected) throw new Error(`the contract holds ${holds}, the acts add up to ${expected}`)
    return seen
  }

  const { profile } = createPolkadotAdapter({
    network: node.network,
    api,
    hub: { address: here, chainId: 1n },
  })
  return {
    name: 'polkadot',
    profile,
    least: LEAST,
    batch: 8,
    run,
    close: async () => {
      await api.disconnect()
      await node.dispose()
    },
  }
}
