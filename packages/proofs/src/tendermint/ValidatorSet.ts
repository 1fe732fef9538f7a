import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { join } from '../internal/join.js'
import * as wire from './internal/wire.js'
import * as MerkleTree from './MerkleTree.js'

/** A validator: an ed25519 key and its power. Its address isn't stored but derived, so that no two can share one (A34). */
export interface Validator {
  readonly publicKey: Bytes.Bytes32
  readonly power: bigint
}

/** Validators in the order that their hash and a commit's votes follow: power descending, address ascending. */
export type ValidatorSet = readonly Validator[]

/** Most validators of a chain (CometBFT `types/vote_set.go`, `MaxVotesCount`). */
export const MAX_VALIDATORS = 10_000
/** Most power of all together: an eighth of int64's maximum (CometBFT `types/validator_set.go`). */
export const MAX_POWER = /* @__PURE__ */ BigInt('1152921504606846975')

/** A validator's address: the first 20 bytes of its key's sha256 (`spec/core/data_structures.md`, "Address"). */
export function addressOf(publicKey: Bytes.Bytes32): Bytes.Bytes {
  return sha256(publicKey).slice(0, 20)
}

/** Puts validators into their order. */
export function from(validators: readonly Validator[]): ValidatorSet {
  return validators
    .map((validator) => ({ validator, address: Bytes.toHex(addressOf(validator.publicKey)) }))
    .sort((a, b) => compare(b.validator.power, a.validator.power) || compare(a.address, b.address))
    .map(({ validator }) => validator)
}

/** A set's hash, as headers carry it: the Merkle root over each key and power (`spec/core/encoding.md`, "Validator"). */
export function hash(validators: ValidatorSet): Bytes.Hash32 {
  return MerkleTree.root(
    validators.map(({ publicKey, power }) =>
      join([wire.message(1, wire.message(1, publicKey)), wire.integer(2, power)]),
    ),
  )
}

/** What counting votes needs of a set. */
export interface Table {
  readonly total: bigint
  /** Index by address, in hex. */
  readonly index: ReadonlyMap<string, number>
  /** Addresses in hex, by index. */
  readonly addresses: readonly string[]
  readonly powers: readonly bigint[]
}

/**
 * Checks a set, which may be empty, and makes its table.
 *
 * Refusals: `validators-count` (more than 10,000), `validators-key` (not 32 bytes), `validators-power` (none, negative, or too
 * much in all), `validators-duplicate` (A34).
 */
export function check(validators: ValidatorSet): Verdict.Verdict<Table> {
  if (validators.length > MAX_VALIDATORS)
    return Verdict.refuse('validators-count', `a set has at most ${MAX_VALIDATORS} validators`, {
      received: validators.length,
    })
  const index = new Map<string, number>()
  const addresses: string[] = []
  let total = 0n
  for (const [i, { publicKey, power }] of validators.entries()) {
    if (publicKey.length !== 32)
      return Verdict.refuse('validators-key', `the key of validator ${i} has ${publicKey.length} bytes`, {
        index: i,
      })
    if (power < 1n)
      return Verdict.refuse('validators-power', `validator ${i} has power ${power}`, { index: i, power })
    total += power
    if (total > MAX_POWER)
      return Verdict.refuse('validators-power', `all powers together exceed ${MAX_POWER}`, { index: i })
    const address = Bytes.toHex(addressOf(publicKey))
    if (index.has(address))
      return Verdict.refuse('validators-duplicate', `validator ${i} is there twice`, { index: i, address })
    index.set(address, i)
    addresses.push(address)
  }
  return Verdict.accept({ total, index, addresses, powers: validators.map(({ power }) => power) })
}

/** Writes `tendermint.types.ValidatorSet`, without what no hash binds (proposer, priorities, total). */
export function encode(validators: ValidatorSet): Bytes.Bytes {
  return join(validators.map((validator) => wire.message(1, encodeOne(validator))))
}

/**
 * Reads `tendermint.types.ValidatorSet`: ed25519 keys, each beside its own address, in their order.
 *
 * A proposer must be one of the set, a total the set's own; proposer and priorities are bound by no hash and not told.
 *
 * Refusals: `protobuf`, `validators-address` (A34), `validators-order`, `validators-proposer`, `validators-total`, and those of
 * {@link check}.
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<ValidatorSet> {
  const raw = wire.decode(bytes, read)
  return raw.ok ? fromRaw(raw.value) : raw
}

/** A validator as it came: with the address that it claims. */
export interface RawValidator extends Validator {
  readonly address: Bytes.Bytes
}

export interface RawSet {
  readonly validators: readonly RawValidator[]
  readonly proposer: RawValidator | undefined
  /** 0 where it isn't told. */
  readonly total: bigint
}

/** Reads `ValidatorSet` (CometBFT, `validator.proto`) as it was sent; {@link fromRaw} judges it. */
export function read(reader: wire.Reader): RawSet {
  return {
    validators: wire.readMany(reader, 1, readOne),
    proposer: wire.readMessage(reader, 2, readOne),
    total: wire.readInt64(reader, 3),
  }
}

/** Takes a set as it was sent; a refusal where addresses, order, proposer or total are not what the validators give. */
export function fromRaw({ validators, proposer, total }: RawSet): Verdict.Verdict<ValidatorSet> {
  for (const [index, { address, publicKey }] of validators.entries())
    if (!Bytes.equal(address, addressOf(publicKey)))
      return Verdict.refuse('validators-address', `validator ${index} has another key's address`, { index })
  const set: ValidatorSet = validators.map(({ publicKey, power }) => ({ publicKey, power }))
  const table = check(set)
  if (!table.ok) return table
  const ordered = from(set)
  if (set.some((validator, i) => validator.publicKey !== (ordered[i] as Validator).publicKey))
    return Verdict.refuse('validators-order', 'validators stand by power descending, then address ascending')
  if (total !== 0n && total !== table.value.total)
    return Verdict.refuse('validators-total', `the total is ${table.value.total}, not ${total}`)
  if (proposer !== undefined && !isMember(proposer, validators))
    return Verdict.refuse('validators-proposer', 'the proposer is none of the validators')
  return Verdict.accept(set)
}

function isMember(proposer: RawValidator, validators: readonly RawValidator[]): boolean {
  const { address, publicKey, power } = proposer
  return validators.some(
    (it) => it.power === power && Bytes.equal(it.publicKey, publicKey) && Bytes.equal(it.address, address),
  )
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function encodeOne({ publicKey, power }: Validator): Bytes.Bytes {
  return join([
    wire.bytes(1, addressOf(publicKey)),
    wire.message(2, wire.message(1, publicKey)),
    wire.integer(3, power),
  ])
}

function readOne(reader: wire.Reader): RawValidator {
  const address = wire.readBytes(reader, 1)
  const publicKey = wire.readRequired(
    reader,
    2,
    (inner) => wire.readBytes(inner, 1),
    new Uint8Array(0) as Bytes.Bytes,
  )
  const power = wire.readInt64(reader, 3)
  wire.readInt64(reader, 4)
  return { address, publicKey, power }
}
