import { sha256 } from '@noble/hashes/sha2.js'
import {
  AccessType,
  CodeInfo,
  ContractCodeHistoryEntry,
  ContractCodeHistoryOperationType,
  ContractInfo,
} from 'cosmjs-types/cosmwasm/wasm/v1/types'
import { account, createAccount } from './auth.js'
import * as Bank from './bank.js'
import { base64, concat, fromBase64, fromUtf8, toAddress, u64, utf8 } from './bytes.js'
import { type Contract, type ContractCall, ContractTrap, contractOf } from './ContractHost.js'
import { type Attribute, type Context, emit, read, whole, write } from './context.js'
import { Fault, type Gas, gasOf, sdk, wasm } from './faults.js'
import * as WasmRules from './WasmRules.js'

const INSTANCE_COST = 60_000n
const COMPILE_COST_BYTE = 3n
const MAX_DEPTH = 500
const MAX_QUERY_DEPTH = 10
const EVENT_COST = 20n
const ATTRIBUTE_COST = 10n

const codeKey = (id: bigint) => concat([1], u64(id))
const contractKey = (context: Context, address: string) => concat([2], Bank.bytesOf(context.prefix, address))
const storageKey = (context: Context, address: string) => concat([3], Bank.bytesOf(context.prefix, address))
const historyKey = (context: Context, address: string, position: bigint) =>
  concat([5], Bank.bytesOf(context.prefix, address), u64(position))
const LAST_CODE = concat([4], utf8('lastCodeId'))
const LAST_CONTRACT = concat([4], utf8('lastContractId'))

/** The module `x/wasm` of wasmd, as far as contracts here need it. */
export interface WasmModule {
  store(context: Context, sender: string, bytes: Uint8Array): { id: bigint; checksum: Uint8Array }
  instantiate(
    context: Context,
    message: {
      readonly sender: string
      readonly admin: string
      readonly codeId: bigint
      readonly label: string
      readonly message: Uint8Array
      readonly funds: readonly Bank.Coin[]
    },
  ): { address: string; data: Uint8Array }
  execute(
    context: Context,
    sender: string,
    address: string,
    message: Uint8Array,
    funds: readonly Bank.Coin[],
  ): Uint8Array
  /** `MsgUpdateAdmin`; an empty one clears it. */
  setAdmin(context: Context, sender: string, address: string, admin: string): void
  query(context: Context, address: string, message: Uint8Array): Uint8Array
  raw(context: Context, address: string, key: Uint8Array): Uint8Array | undefined
  info(context: Context, address: string): ContractInfo
  /** All contracts made of a code, in order of their addresses' bytes. */
  instances(context: Context, codeId: bigint): readonly string[]
  code(context: Context, id: bigint): { readonly info: CodeInfo; readonly bytes: Uint8Array }
}

/** What a contract's answer looks like; read loosely, as it comes from this repository's contracts or from tests. */
interface Response {
  readonly messages: readonly SubMessage[]
  readonly attributes: readonly Attribute[]
  readonly events: readonly { readonly type: string; readonly attributes: readonly Attribute[] }[]
  readonly data: string | null
}

interface SubMessage {
  readonly id: number
  readonly msg: Json
  readonly gas_limit: number | null
  readonly reply_on: 'never' | 'error' | 'success' | 'always'
  readonly payload?: string
}

type Json = { readonly [key: string]: Json | undefined } & { readonly [Symbol.iterator]?: never }

export function createWasmModule(): WasmModule {
  // By checksum: compiled once, for all states.
  const compiled = new Map<string, { readonly contract: Contract; readonly bytes: Uint8Array }>()

  const code = (context: Context, id: bigint) => {
    const found = read(context, 'wasm', codeKey(id))
    const info = found === undefined ? undefined : CodeInfo.decode(found)
    const stored = compiled.get(hexLower(info?.codeHash ?? new Uint8Array(0)))
    if (info === undefined || stored === undefined) throw wasm('no such code', `code id ${id}`)
    return { info, ...stored }
  }
  const info = (context: Context, address: string): ContractInfo => {
    const found = read(context, 'wasm', contractKey(context, address))
    if (found === undefined) throw wasm('no such contract', `address ${address}`)
    return ContractInfo.decode(found)
  }
  const sequence = (context: Context, key: Uint8Array): bigint => {
    const found = read(context, 'wasm', key)
    const next = found === undefined ? 1n : new DataView(found.buffer, found.byteOffset).getBigUint64(0)
    write(context, 'wasm', key, u64(next + 1n))
    return next
  }

  /** Runs a contract; gives what it answers beside `ok`. */
  function run(
    context: Context,
    address: string,
    entry: ContractCall['entry'],
    args: readonly Uint8Array[],
    failure: Parameters<typeof wasm>[0],
  ): unknown {
    const { contract } = code(context, info(context, address).codeId)
    context.gas.use(INSTANCE_COST, 'Loading CosmWasm module')
    const base = storageKey(context, address)
    const { state } = context
    const env = utf8(
      JSON.stringify({
        block: { height: Number(context.height), time: `${context.time}`, chain_id: context.chainId },
        transaction: { index: 0 },
        contract: { address },
      }),
    )
    let answered: Uint8Array
    try {
      answered = contract.call({
        entry,
        arguments: [env, ...args],
        gas: context.gas,
        prefix: context.prefix,
        storage: {
          get: (key) => state.get('wasm', concat(base, key)),
          set: (key, value) => state.set('wasm', concat(base, key), value),
          range: (start, end) =>
            state
              .range('wasm', concat(base, start), end === undefined ? after(base) : concat(base, end))
              .map(([key, value]) => [key.slice(base.length), value] as const),
        },
        query: (request) => utf8(JSON.stringify(ask(context, JSON.parse(fromUtf8(request)) as Json))),
      })
    } catch (error) {
      if (error instanceof ContractTrap) throw wasm(failure, `Error calling the VM: ${error.message}`)
      throw error
    }
    const result = JSON.parse(fromUtf8(answered)) as { ok?: unknown; error?: string }
    if (result.error !== undefined || result.ok === undefined)
      throw wasm(failure, result.error ?? 'the contract answers neither ok nor error')
    return result.ok
  }

  function ask(context: Context, request: Json): Json {
    const refuse = (error: string): Json => ({ error: { invalid_request: { error } } }) as unknown as Json
    const accept = (value: unknown): Json =>
      ({ ok: { ok: base64(utf8(JSON.stringify(value))) } }) as unknown as Json
    const text = (value: unknown): string => String(value)
    const { wasm: toContract, bank } = request
    if (context.depth >= MAX_QUERY_DEPTH) return refuse('too many queries inside of each other')
    try {
      const smart = toContract?.['smart']
      if (smart !== undefined) {
        const inner = { ...context, depth: context.depth + 1, state: context.state.branch(), events: [] }
        const data = module.query(inner, text(smart['contract_addr']), fromBase64(text(smart['msg'])))
        return { ok: { ok: base64(data) } } as unknown as Json
      }
      const raw = toContract?.['raw']
      if (raw !== undefined) {
        const data = module.raw(context, text(raw['contract_addr']), fromBase64(text(raw['key'])))
        return { ok: { ok: base64(data ?? new Uint8Array(0)) } } as unknown as Json
      }
      const one = bank?.['balance']
      if (one !== undefined) {
        const denom = text(one['denom'])
        const amount = Bank.balance(context, text(one['address']), denom)
        return accept({ amount: { denom, amount: `${amount}` } })
      }
      const all = bank?.['all_balances']
      if (all !== undefined) return accept({ amount: Bank.balances(context, text(all['address'])) })
    } catch (error) {
      if (error instanceof Fault && !(error.codespace === 'sdk' && error.code === 11))
        return { ok: { error: `codespace: ${error.codespace}, code: ${error.code}` } } as unknown as Json
      throw error
    }
    return { error: { unsupported_request: { kind: Object.keys(request)[0] ?? '' } } } as unknown as Json
  }

  function handle(context: Context, contract: string, answer: unknown): Uint8Array {
    const { messages, attributes, events, data } = answer as Response
    let written = 0n
    const charge = (list: readonly Attribute[]) => {
      for (const { key, value } of list) {
        written += BigInt(key.length + value.length)
        context.gas.use(ATTRIBUTE_COST, 'Custom contract events')
        if (key.trim() === '' || key.startsWith('_'))
          throw wasm('execute wasm contract failed', `an attribute may not be called ${key}`)
      }
    }
    const own = { key: '_contract_address', value: contract }
    charge(attributes)
    if (attributes.length > 0) emit(context, 'wasm', [own, ...attributes])
    for (const event of events) {
      context.gas.use(EVENT_COST, 'Custom contract events')
      charge(event.attributes)
      emit(context, `wasm-${event.type}`, [own, ...event.attributes])
    }
    if (written > 100n) context.gas.use(written - 100n, 'Custom contract events')
    let result = data === null || data === undefined ? new Uint8Array(0) : fromBase64(data)
    for (const message of messages) result = dispatch(context, contract, message) ?? result
    return result
  }

  /** A sub-message, whole or not at all; what a reply answers replaces the result. */
  function dispatch(context: Context, contract: string, sub: SubMessage): Uint8Array | undefined {
    const { reply_on: on, gas_limit: limit } = sub
    const events: Context['events'] = []
    let result: unknown
    const before = context.gas.used()
    try {
      const data = limited(context, limit, (gas) =>
        whole(context, { gas }, (inner) => {
          const done = deliver(inner, contract, sub.msg)
          events.push(...inner.events)
          return done
        }),
      )
      if (on !== 'success' && on !== 'always') return undefined
      result = {
        ok: {
          events,
          data: data.length === 0 ? null : base64(data),
          msg_responses: [],
        },
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      // Out of all the gas there is: nobody is left to hear of it.
      if (context.gas.left() === 0n || (on !== 'error' && on !== 'always')) throw error
      result = { error: `codespace: ${error.codespace}, code: ${error.code}` }
    }
    const reply = {
      id: sub.id,
      payload: sub.payload ?? '',
      gas_used: Number(context.gas.used() - before),
      result,
    }
    emit(context, 'reply', { _contract_address: contract })
    const answer = run(
      context,
      contract,
      'reply',
      [utf8(JSON.stringify(reply))],
      'reply wasm contract failed',
    )
    const answered = handle(context, contract, answer)
    return answered.length === 0 ? undefined : answered
  }

  /** wasmd's `dispatchMsgWithGasLimit`: the limit holds only where more than that is left. */
  function limited<T>(context: Context, limit: number | null, task: (gas: Gas) => T): T {
    if (limit === null || BigInt(limit) >= context.gas.left()) return task(context.gas)
    const gas = gasOf(BigInt(limit))
    try {
      return task(gas)
    } finally {
      context.gas.use(gas.limit - gas.left(), 'From limited Sub-Message')
    }
  }

  function deliver(context: Context, contract: string, message: Json): Uint8Array {
    const sent = message['bank']?.['send']
    if (sent !== undefined) {
      const amount = sent['amount'] as unknown as readonly Bank.Coin[]
      Bank.send(context, contract, String(sent['to_address']), amount)
      return new Uint8Array(0)
    }
    const execute = message['wasm']?.['execute']
    if (execute !== undefined) {
      const funds = execute['funds'] as unknown as readonly Bank.Coin[]
      const bytes = fromBase64(String(execute['msg']))
      return module.execute(context, contract, String(execute['contract_addr']), bytes, funds)
    }
    throw wasm(
      'execute wasm contract failed',
      `this local node delivers no ${JSON.stringify(Object.keys(message))}`,
    )
  }

  function pay(context: Context, from: string, to: string, funds: readonly Bank.Coin[]): void {
    if (funds.length === 0) return
    Bank.checkCoins(funds, 'funds')
    Bank.assertReceives(context, to)
    Bank.move(context, from, to, funds)
  }

  const module: WasmModule = {
    store: (context, sender, bytes) => {
      const wrong = WasmRules.check(bytes)
      if (wrong.length > 0)
        throw wasm('create wasm contract failed', `Error during static Wasm validation: ${wrong.join('; ')}`)
      context.gas.use(COMPILE_COST_BYTE * BigInt(bytes.length), 'Compiling wasm bytecode')
      const id = sequence(context, LAST_CODE)
      const checksum = sha256(bytes)
      write(
        context,
        'wasm',
        codeKey(id),
        CodeInfo.encode(
          CodeInfo.fromPartial({
            codeHash: checksum,
            creator: sender,
            instantiateConfig: { permission: AccessType.ACCESS_TYPE_EVERYBODY },
          }),
        ).finish(),
      )
      // Of a transaction that is undone or only simulated, nobody finds it.
      if (!compiled.has(hexLower(checksum)))
        compiled.set(hexLower(checksum), { contract: contractOf(bytes), bytes })
      emit(context, 'store_code', { code_checksum: hexLower(checksum), code_id: `${id}` })
      return { id, checksum }
    },
    instantiate: (context, { sender, admin, codeId, label, message, funds }) => {
      code(context, codeId)
      const instance = sequence(context, LAST_CONTRACT)
      const id = concat(utf8('wasm'), [0], u64(codeId), u64(instance))
      // `address.Module` of the SDK (ADR-028).
      const address = toAddress(context.prefix, sha256(concat(sha256(utf8('module')), id)))
      if (account(context, address) === undefined) createAccount(context, address)
      pay(context, sender, address, funds)
      write(
        context,
        'wasm',
        contractKey(context, address),
        ContractInfo.encode(
          ContractInfo.fromPartial({
            codeId,
            creator: sender,
            admin,
            label,
            created: { blockHeight: context.height, txIndex: 0n },
          }),
        ).finish(),
      )
      write(
        context,
        'wasm',
        historyKey(context, address, 1n),
        ContractCodeHistoryEntry.encode(
          ContractCodeHistoryEntry.fromPartial({
            operation: ContractCodeHistoryOperationType.CONTRACT_CODE_HISTORY_OPERATION_TYPE_INIT,
            codeId,
            updated: { blockHeight: context.height, txIndex: 0n },
            msg: message,
          }),
        ).finish(),
      )
      emit(context, 'instantiate', { _contract_address: address, code_id: `${codeId}` })
      const given = [utf8(JSON.stringify({ sender, funds })), message]
      const answer = run(context, address, 'instantiate', given, 'instantiate wasm contract failed')
      return { address, data: handle(context, address, answer) }
    },
    execute: (outer, sender, address, message, funds) => {
      const context = { ...outer, depth: outer.depth + 1 }
      if (context.depth > MAX_DEPTH) throw wasm('exceeded maximum call depth', `${MAX_DEPTH}`)
      info(context, address)
      pay(context, sender, address, funds)
      emit(context, 'execute', { _contract_address: address })
      const given = [utf8(JSON.stringify({ sender, funds })), message]
      const answer = run(context, address, 'execute', given, 'execute wasm contract failed')
      return handle(context, address, answer)
    },
    setAdmin: (context, sender, address, admin) => {
      const before = info(context, address)
      if (before.admin !== sender || sender === '') throw sdk('unauthorized', 'can not modify contract')
      write(
        context,
        'wasm',
        contractKey(context, address),
        ContractInfo.encode({ ...before, admin }).finish(),
      )
      emit(context, 'update_contract_admin', { _contract_address: address, new_admin_address: admin })
    },
    query: (context, address, message) =>
      fromBase64(String(run(context, address, 'query', [message], 'query wasm contract failed'))),
    raw: (context, address, key) => {
      info(context, address)
      return read(context, 'wasm', concat(storageKey(context, address), key))
    },
    info,
    instances: (context, codeId) =>
      context.state
        .range('wasm', Uint8Array.of(2), Uint8Array.of(3))
        .filter(([, value]) => ContractInfo.decode(value).codeId === codeId)
        .map(([key]) => toAddress(context.prefix, key.slice(1))),
    code: (context, id) => {
      const { info, bytes } = code(context, id)
      return { info, bytes }
    },
  }
  return module
}

/** The least bytes above all that start so. */
function after(prefix: Uint8Array): Uint8Array {
  const out = prefix.slice()
  for (let i = out.length - 1; i >= 0; i--) {
    if (out[i] === 0xff) continue
    out[i] = (out[i] as number) + 1
    return out.slice(0, i + 1)
  }
  return new Uint8Array(0)
}

function hexLower(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
