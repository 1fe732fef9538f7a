import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, fromAddress, fromUtf8, toAddress, utf8 } from './bytes.js'
import type { Gas } from './faults.js'
import { COUNTER, meter } from './metering.js'

/** What a contract's own storage is, for one call. */
export interface ContractStorage {
  get(key: Uint8Array): Uint8Array | undefined
  /** `undefined` removes. */
  set(key: Uint8Array, value: Uint8Array | undefined): void
  range(
    start: Uint8Array,
    end: Uint8Array | undefined,
  ): readonly (readonly [key: Uint8Array, value: Uint8Array])[]
}

/** What a call gets from the chain. */
export interface ContractCall {
  readonly entry: 'instantiate' | 'execute' | 'query' | 'reply'
  /** The call's arguments, each in JSON: env, info (not for queries and replies), message. */
  readonly arguments: readonly Uint8Array[]
  readonly gas: Gas
  readonly storage: ContractStorage
  /** Bech32 prefix of the chain's addresses. */
  readonly prefix: string
  /** Answers a `QueryRequest` in JSON by a `SystemResult` in JSON. */
  readonly query: (request: Uint8Array) => Uint8Array
}

/** A contract that is ready to be called. */
export interface Contract {
  /** The JSON that the contract answers. Throws what `gas` and `query` throw, and {@link ContractTrap}. */
  call(call: ContractCall): Uint8Array
}

/** A contract ran into a trap, or broke the rules of its host. */
export class ContractTrap extends Error {}

/** cosmwasm-vm 3.0: an instruction costs 115, and a unit of the SDK's gas is 140,000 of them. */
const INSTRUCTIONS_PER_GAS = 140_000n / 115n
/** Gas of the SDK for what a host function does beyond reading and writing (wasmd `x/wasm/types/gas_register.go`, rounded up). */
const GAS = {
  address: 5n,
  signature: 1000n,
  readFlat: 1000n,
  readByte: 3n,
  writeFlat: 2000n,
  writeByte: 30n,
  deleteFlat: 1000n,
}
const MAX = {
  key: 64 * 1024,
  value: 128 * 1024,
  address: 256,
  query: 64 * 1024,
  result: 8 * 1024 * 1024,
  debug: 2 * 1024 * 1024,
}

/**
 * Makes a contract of bytes that keep to {@link WasmRules}. It runs in this process, on the engine's own WebAssembly: a fresh instance a
 * call, with a counter of instructions that its gas pays.
 */
export function contractOf(wasm: Uint8Array): Contract {
  const module = new WebAssembly.Module(Uint8Array.from(meter(wasm)))
  return { call: (call) => run(module, call) }
}

function run(
  module: WebAssembly.Module,
  { entry, arguments: given, gas, storage, prefix, query }: ContractCall,
): Uint8Array {
  let paid = 0n
  // What was thrown inside: a trap in between would hide it.
  let thrown: unknown
  const iterators: (readonly (readonly [Uint8Array, Uint8Array])[])[] = []
  const positions: number[] = []

  const counter = () => instance.exports[COUNTER] as WebAssembly.Global<'i64'>
  const memory = () => (instance.exports['memory'] as WebAssembly.Memory).buffer
  /** Pays for the instructions since the last time. */
  const settle = () => {
    const left = counter().value
    const ran = paid - (left < 0n ? 0n : left)
    paid -= ran
    gas.use((ran + INSTRUCTIONS_PER_GAS - 1n) / INSTRUCTIONS_PER_GAS, 'wasm contract')
  }
  const refill = () => {
    paid = gas.left() * INSTRUCTIONS_PER_GAS
    counter().value = paid
  }
  const region = (at: number): { offset: number; capacity: number; length: number } => {
    if (at === 0 || at + 12 > memory().byteLength) throw new ContractTrap('a region lies outside of memory')
    const view = new DataView(memory(), at, 12)
    const [offset, capacity, length] = [
      view.getUint32(0, true),
      view.getUint32(4, true),
      view.getUint32(8, true),
    ]
    if (offset === 0 || length > capacity || offset + capacity > memory().byteLength)
      throw new ContractTrap('a region lies outside of memory')
    return { offset, capacity, length }
  }
  const read = (at: number, most: number): Uint8Array => {
    const { offset, length } = region(at)
    if (length > most) throw new ContractTrap(`a region has ${length} bytes of at most ${most}`)
    return new Uint8Array(memory(), offset, length).slice()
  }
  const fill = (at: number, bytes: Uint8Array): void => {
    const { offset, capacity } = region(at)
    if (bytes.length > capacity) throw new ContractTrap('a region is too small')
    new Uint8Array(memory(), offset, bytes.length).set(bytes)
    new DataView(memory()).setUint32(at + 8, bytes.length, true)
  }
  const call = (name: string, ...args: readonly number[]): number =>
    (instance.exports[name] as (...args: readonly number[]) => number)(...args)
  const hand = (bytes: Uint8Array): number => {
    const at = call('allocate', bytes.length) >>> 0
    fill(at, bytes)
    return at
  }
  const refusal = (why: string): number => hand(utf8(why))
  const addressBytes = (at: number): Uint8Array | undefined => {
    gas.use(GAS.address, 'address')
    try {
      return fromAddress(prefix, fromUtf8(read(at, MAX.address)))
    } catch (error) {
      if (error instanceof TypeError) return undefined
      throw error
    }
  }
  const next = (id: number): readonly [Uint8Array, Uint8Array] | undefined => {
    const pairs = iterators[id - 1]
    if (pairs === undefined) throw new ContractTrap('there is no such iterator')
    const position = positions[id - 1] as number
    positions[id - 1] = position + 1
    const pair = pairs[position]
    gas.use(30n + GAS.readByte * BigInt((pair?.[0].length ?? 0) + (pair?.[1].length ?? 0)), 'iterator')
    return pair
  }
  /** `0` for a good signature, `1` for a bad one, `10` for what is none. */
  const verified = (check: () => boolean): number => {
    gas.use(GAS.signature, 'signature')
    try {
      return check() ? 0 : 1
    } catch {
      return 10
    }
  }
  const recovered = (recover: () => Uint8Array): bigint => {
    gas.use(GAS.signature, 'signature')
    try {
      return BigInt(hand(recover()))
    } catch {
      return 10n << 32n
    }
  }
  const sections = (at: number): Uint8Array[] => {
    const bytes = read(at, MAX.value)
    const view = new DataView(bytes.buffer)
    const found: Uint8Array[] = []
    for (let end = bytes.length; end >= 4; ) {
      const length = view.getUint32(end - 4)
      if (length > end - 4) throw new ContractTrap('malformed sections')
      found.unshift(bytes.slice(end - 4 - length, end - 4))
      end -= 4 + length
    }
    return found
  }

  const functions: Record<string, (...args: number[]) => number | bigint | undefined> = {
    abort: (at = 0) => {
      throw new ContractTrap(`aborted: ${new TextDecoder().decode(read(at, MAX.debug))}`)
    },
    debug: (at = 0) => {
      read(at, MAX.debug)
      return undefined
    },
    db_read: (at = 0) => {
      const key = read(at, MAX.key)
      const value = storage.get(key)
      gas.use(GAS.readFlat + GAS.readByte * BigInt(key.length + (value?.length ?? 0)), 'db_read')
      return value === undefined ? 0 : hand(value)
    },
    db_write: (at = 0, valueAt = 0) => {
      if (entry === 'query') throw new ContractTrap('a query writes nothing')
      const key = read(at, MAX.key)
      const value = read(valueAt, MAX.value)
      gas.use(GAS.writeFlat + GAS.writeByte * BigInt(key.length + value.length), 'db_write')
      storage.set(key, value)
      return undefined
    },
    db_remove: (at = 0) => {
      if (entry === 'query') throw new ContractTrap('a query writes nothing')
      gas.use(GAS.deleteFlat, 'db_remove')
      storage.set(read(at, MAX.key), undefined)
      return undefined
    },
    db_scan: (startAt = 0, endAt = 0, order = 1) => {
      gas.use(GAS.readFlat, 'db_scan')
      if (order !== 1 && order !== 2) throw new ContractTrap('there is no such order')
      const start = startAt === 0 ? new Uint8Array(0) : read(startAt, MAX.key)
      const end = endAt === 0 ? undefined : read(endAt, MAX.key)
      const pairs = storage.range(start, end)
      iterators.push(order === 2 ? [...pairs].reverse() : pairs)
      positions.push(0)
      return iterators.length
    },
    db_next: (id = 0) => {
      const [key, value] = next(id) ?? [new Uint8Array(0), new Uint8Array(0)]
      return hand(concat(key, u32(key.length), value, u32(value.length)))
    },
    db_next_key: (id = 0) => {
      const pair = next(id)
      return pair === undefined ? 0 : hand(pair[0])
    },
    db_next_value: (id = 0) => {
      const pair = next(id)
      return pair === undefined ? 0 : hand(pair[1])
    },
    addr_validate: (at = 0) => {
      const bytes = addressBytes(at)
      if (bytes === undefined) return refusal('invalid address')
      return fromUtf8(read(at, MAX.address)) === toAddress(prefix, bytes)
        ? 0
        : refusal('address is not normalized')
    },
    addr_canonicalize: (at = 0, to = 0) => {
      const bytes = addressBytes(at)
      if (bytes === undefined) return refusal('invalid address')
      fill(to, bytes)
      return 0
    },
    addr_humanize: (at = 0, to = 0) => {
      gas.use(GAS.address, 'address')
      const bytes = read(at, 64)
      if (bytes.length !== 20 && bytes.length !== 32) return refusal('invalid address')
      fill(to, utf8(toAddress(prefix, bytes)))
      return 0
    },
    secp256k1_verify: (hash = 0, signature = 0, key = 0) =>
      verified(() =>
        secp256k1.verify(read(signature, 64), read(hash, 32), read(key, 65), { prehash: false, lowS: false }),
      ),
    secp256r1_verify: (hash = 0, signature = 0, key = 0) =>
      verified(() =>
        p256.verify(read(signature, 64), read(hash, 32), read(key, 65), { prehash: false, lowS: false }),
      ),
    secp256k1_recover_pubkey: (hash = 0, signature = 0, parameter = 0) =>
      recovered(() =>
        secp256k1.Signature.fromBytes(read(signature, 64), 'compact')
          .addRecoveryBit(parameter)
          .recoverPublicKey(read(hash, 32))
          .toBytes(false),
      ),
    secp256r1_recover_pubkey: (hash = 0, signature = 0, parameter = 0) =>
      recovered(() =>
        p256.Signature.fromBytes(read(signature, 64), 'compact')
          .addRecoveryBit(parameter)
          .recoverPublicKey(read(hash, 32))
          .toBytes(false),
      ),
    ed25519_verify: (message = 0, signature = 0, key = 0) =>
      verified(() => ed25519.verify(read(signature, 64), read(message, MAX.value), read(key, 32))),
    ed25519_batch_verify: (messages = 0, signatures = 0, keys = 0) =>
      verified(() => {
        const [all, signed, by] = [sections(messages), sections(signatures), sections(keys)]
        return (
          signed.length === by.length &&
          (all.length === signed.length || all.length === 1) &&
          signed.every((it, i) =>
            ed25519.verify(it, all[all.length === 1 ? 0 : i] as Uint8Array, by[i] as Uint8Array),
          )
        )
      }),
    query_chain: (at = 0) => hand(query(read(at, MAX.query))),
  }

  const imports: Record<string, (...args: number[]) => number | bigint | undefined> = {}
  for (const { name } of WebAssembly.Module.imports(module)) {
    const host =
      functions[name] ??
      (() => {
        throw new ContractTrap(`this local node has no ${name}`)
      })
    imports[name] = (...args) => {
      try {
        settle()
        const answer = host(...args.map((it) => (typeof it === 'number' ? it >>> 0 : it)))
        // `hand` has called the contract, on the same counter.
        settle()
        refill()
        return answer
      } catch (error) {
        thrown ??= error
        throw error
      }
    }
  }
  const instance = new WebAssembly.Instance(module, { env: imports })
  try {
    refill()
    const answered = call(entry, ...given.map(hand)) >>> 0
    settle()
    return read(answered, MAX.result)
  } catch (error) {
    if (thrown !== undefined && !(thrown instanceof WebAssembly.RuntimeError)) throw thrown
    if (error instanceof ContractTrap) throw error
    // The counter ran out: the gas says so itself.
    if (counter().value < 0n) gas.use(gas.left() + 1n, 'wasm contract')
    settle()
    throw new ContractTrap(error instanceof Error ? error.message : 'trap')
  }
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}
