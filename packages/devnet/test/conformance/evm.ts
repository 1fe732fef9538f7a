import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEvmAdapter } from '@aitbc/adapters/evm'
import * as networks from '@aitbc/core/networks'
import {
  type Abi,
  type Address,
  bytesToHex,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  hexToBigInt,
  zeroAddress,
} from 'viem'
import { createDevnet } from '../../src/index.js'
import type { Act, Actor, Moves, Outcome, Terms, Trace } from './Automaton.js'
import { hashlockOf, saltOf, shown } from './bytes.js'
import type { Driver } from './conform.js'
import { all } from './rpc.js'

interface Artifact {
  readonly abi: Abi
  readonly creation: Hex
}

interface Call {
  readonly hash: Hex
  readonly from: Address
  readonly to: Address
  readonly value: bigint
}

const programs = join(import.meta.dirname, '../../../adapters/programs/evm')
const read = (name: string): Artifact => JSON.parse(readFileSync(join(programs, name), 'utf8'))
const ACTORS: readonly Actor[] = ['alice', 'bob', 'mallory']
const LEAST = 1n
const quantity = (value: bigint | number): Hex => `0x${value.toString(16)}`

/** The contract on anvil. All acts of one instant stand in one block of that very timestamp, in the order of their traces. */
export async function createEvmDriver(): Promise<Driver> {
  const devnet = await createDevnet({
    bitcoin: false,
    evm: {
      mining: 'manual',
      args: ['--order=fifo', '--gas-price=0', '--block-base-fee-per-gas=0', '--gas-limit=100000000000'],
    },
    startTime: 1_900_000_000n,
  })
  const { rpc, url, accounts } = devnet.evm
  const addressOf = Object.fromEntries(
    ACTORS.map((actor, i) => [actor, (accounts[i]?.address ?? '').toLowerCase()]),
  ) as Record<Actor, Address>
  const htlc = read('Htlc.json')
  const plain = read('test-tokens/PlainToken.json')
  const admin = accounts[9]?.address as Address
  const mine = (at?: bigint) =>
    at === undefined
      ? rpc('evm_mine')
      : all(url, [
          ['evm_setNextBlockTimestamp', [quantity(at)]],
          ['evm_mine', []],
        ])
  const send = async (from: Address, to: Address | undefined, data: Hex) => {
    const nonce = BigInt(await rpc<Hex>('eth_getTransactionCount', from, 'latest'))
    await rpc('eth_sendTransaction', { from, to, data, gas: quantity(5_000_000), gasPrice: '0x0' })
    await mine()
    return getContractAddress({ from, nonce }).toLowerCase() as Address
  }
  const deploy = ({ abi, creation }: Artifact) =>
    send(admin, undefined, encodeDeployData({ abi, bytecode: creation }))
  const [here, elsewhere] = [await deploy(htlc), await deploy(htlc)]
  const [token, otherToken] = [await deploy(plain), await deploy(plain)]
  const ofToken = (functionName: string, args: readonly unknown[]) =>
    encodeFunctionData({ abi: plain.abi, functionName, args })
  for (const actor of ACTORS)
    for (const erc20 of [token, otherToken]) {
      await send(addressOf[actor], erc20, ofToken('mint', [addressOf[actor], 10n ** 30n]))
      for (const spender of [here, elsewhere])
        await send(addressOf[actor], erc20, ofToken('approve', [spender, 2n ** 255n]))
    }
  const whoIs = (address: string): Actor | 'held' | undefined =>
    address === here ? 'held' : ACTORS.find((actor) => addressOf[actor] === address)

  let next = 1_900_001_000n
  const contractTerms = (terms: Terms, origin: bigint) => ({
    token: terms.asset === 'coin' ? zeroAddress : token,
    amount: LEAST + BigInt(terms.over),
    hashlock: bytesToHex(hashlockOf(terms.preimage)),
    locker: addressOf[terms.locker],
    beneficiary: addressOf[terms.beneficiary],
    deadline: origin + BigInt(terms.deadline),
    salt: bytesToHex(saltOf(terms)),
  })

  function callOf(act: Act, trace: Trace, origin: bigint) {
    const terms = trace.terms[act.terms] as Terms
    const own = contractTerms(terms, origin)
    const from = addressOf[act.by]
    const encode = (functionName: string, args: readonly unknown[]) =>
      encodeFunctionData({ abi: htlc.abi, functionName, args })
    if (act.do === 'lock') {
      const inCoins = (own.token === zeroAddress) !== (act.twist === 'asset')
      const data = encode('lock', [own, own.salt, '0x'])
      return { from, to: here, data, value: inCoins ? own.amount : 0n }
    }
    const twisted = {
      ...own,
      ...(act.twist === 'payee'
        ? { [act.do === 'claim' ? 'beneficiary' : 'locker']: addressOf.mallory }
        : act.twist === 'asset'
          ? { token: own.token === zeroAddress ? token : otherToken }
          : {}),
    }
    const to = act.twist === 'contract' ? elsewhere : here
    if (act.do === 'refund') return { from, to, data: encode('refund', [twisted]), value: 0n }
    // The ABI has room for 32 bytes: a shorter secret is missing a byte of call data, a longer one has one behind.
    const secret = shown(terms, act.secret)
    const word = new Uint8Array(32)
    word.set(secret.slice(0, 32))
    const data = encode('claim', [twisted, bytesToHex(word)])
    const cut = secret.length < 32 ? (data.slice(0, -2) as Hex) : data
    return { from, to, data: secret.length > 32 ? (`${cut}5a` as Hex) : cut, value: 0n }
  }

  async function run(traces: readonly Trace[]): Promise<readonly (readonly Outcome[])[]> {
    const origin = next
    next += 1000n
    const seen: Outcome[][] = traces.map(() => [])
    const before = await holdings()
    const times = [...new Set(traces.flatMap(({ acts }) => acts.map(({ time }) => time)))].sort(
      (a, b) => a - b,
    )
    const nonces = new Map<Address, number>()
    for (const actor of ACTORS) {
      const count = await rpc<Hex>('eth_getTransactionCount', addressOf[actor], 'latest')
      nonces.set(addressOf[actor], Number(count))
    }
    for (const time of times) {
      const due = traces.map(({ acts }) => acts.filter((act) => act.time === time))
      const sent: { readonly at: number; readonly act: Act; readonly hash: Hex }[] = []
      // One act of each trace at a time: requests of one batch arrive in any order.
      for (let round = 0; due.some((acts) => acts.length > round); round++) {
        const now = due.flatMap((acts, at) => {
          const act = acts[round]
          return act === undefined ? [] : [{ at, act }]
        })
        const hashes = await all<Hex>(
          url,
          now.map(({ at, act }) => {
            const call = callOf(act, traces[at] as Trace, origin)
            const nonce = nonces.get(call.from) ?? 0
            nonces.set(call.from, nonce + 1)
            const price = { gas: quantity(400_000), gasPrice: '0x0', nonce: quantity(nonce) }
            return ['eth_sendTransaction', [{ ...call, value: quantity(call.value), ...price }]]
          }),
        )
        sent.push(...now.map(({ at, act }, i) => ({ at, act, hash: hashes[i] as Hex })))
      }
      await mine(origin + BigInt(time))
      const moved = await movesOf(origin + BigInt(time))
      const last = new Map<number, number>()
      for (const { at, act, hash } of sent) {
        const found = moved.get(hash)
        if (found === undefined || found.place < (last.get(at) ?? 0))
          throw new Error(`${hash} is not in the block of its instant, or out of order`)
        last.set(at, found.place)
        const { asset } = (traces[at] as Trace).terms[act.terms] as Terms
        ;(seen[at] as Outcome[]).push(found.ok ? { is: 'done', moves: found[asset] } : { is: 'refused' })
      }
    }
    await audit(before, traces, seen)
    return seen
  }

  /** What each transaction of the newest block moved: coins by its traces, tokens by their events. */
  async function movesOf(time: bigint) {
    const [block] = await all<{ readonly timestamp: Hex }>(url, [['eth_getBlockByNumber', ['latest', false]]])
    if (block === undefined || BigInt(block.timestamp) !== time)
      throw new Error(`the block is not of ${time}`)
    const answers = await all<unknown>(url, [
      ['eth_getBlockReceipts', ['latest']],
      ['trace_block', ['latest']],
    ])
    const receipts = answers[0] as readonly Receipt[]
    const calls = new Map<Hex, Call[]>()
    for (const { action, error, transactionHash: hash, type } of answers[1] as readonly Traced[]) {
      if (type !== 'call' || error !== undefined || action.value === undefined || BigInt(action.value) === 0n)
        continue
      const list = calls.get(hash) ?? []
      list.push({ hash, from: action.from, to: action.to, value: BigInt(action.value) })
      calls.set(hash, list)
    }
    const moved = new Map<Hex, Moved>()
    for (const [place, { transactionHash: hash, status, logs }] of receipts.entries()) {
      const transfers = logs
        .filter(({ address, topics }) => address === token && topics.length === 3)
        .map(({ topics, data }) => ({
          hash,
          from: `0x${topics[1]?.slice(26)}` as Address,
          to: `0x${topics[2]?.slice(26)}` as Address,
          value: hexToBigInt(data),
        }))
      moved.set(hash, {
        place,
        ok: status === '0x1',
        coin: sum(calls.get(hash) ?? []),
        token: sum(transfers),
      })
    }
    return moved
  }

  function sum(calls: readonly Call[]): Moves {
    const moves: Partial<Record<Actor | 'held', bigint>> = {}
    for (const { from, to, value } of calls)
      for (const [address, amount] of [
        [from, -value],
        [to, value],
      ] as const) {
        const who = whoIs(address.toLowerCase())
        if (who !== undefined) moves[who] = (moves[who] ?? 0n) + amount
      }
    return moves
  }

  /** Balances of actors and contract, in coins and tokens. */
  async function holdings(): Promise<readonly bigint[]> {
    const who = [...ACTORS.map((actor) => addressOf[actor]), here]
    const answers = await all<Hex>(url, [
      ...who.map((address) => ['eth_getBalance', [address, 'latest']] as const),
      ...who.map(
        (address) => ['eth_call', [{ to: token, data: ofToken('balanceOf', [address]) }, 'latest']] as const,
      ),
    ])
    return answers.map((answer) => BigInt(answer))
  }

  /** The traces of the calls add up to what the balances say. */
  async function audit(
    before: readonly bigint[],
    traces: readonly Trace[],
    seen: readonly (readonly Outcome[])[],
  ): Promise<void> {
    const total = [...before]
    const who = [...ACTORS, 'held'] as const
    for (const [at, { acts, terms }] of traces.entries())
      for (const [i, act] of acts.entries()) {
        const outcome = seen[at]?.[i]
        if (outcome?.is !== 'done') continue
        const shift = terms[act.terms]?.asset === 'coin' ? 0 : who.length
        for (const [index, name] of who.entries())
          total[index + shift] = (total[index + shift] ?? 0n) + (outcome.moves[name] ?? 0n)
      }
    const after = await holdings()
    if (after.some((held, i) => held !== total[i]))
      throw new Error(`balances are ${after.join(' ')}, the acts add up to ${total.join(' ')}`)
  }

  return {
    name: 'evm',
    profile: createEvmAdapter({ network: networks.evmLocal, transport: { request: async () => null } })
      .profile,
    least: LEAST,
    batch: 500,
    run,
    close: () => devnet.dispose(),
  }
}

/** What a transaction moved, and where it stands in its block. */
interface Moved {
  readonly place: number
  readonly ok: boolean
  readonly coin: Moves
  readonly token: Moves
}

interface Receipt {
  readonly transactionHash: Hex
  readonly status: Hex
  readonly logs: readonly { readonly address: Address; readonly topics: readonly Hex[]; readonly data: Hex }[]
}

interface Traced {
  readonly type: string
  readonly action: { readonly from: Address; readonly to: Address; readonly value?: Hex }
  readonly error?: string
  readonly transactionHash: Hex
}
