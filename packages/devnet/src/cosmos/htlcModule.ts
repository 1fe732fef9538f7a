import { sha256 } from '@noble/hashes/sha2.js'
import { BinaryReader, BinaryWriter } from 'cosmjs-types/binary'
import { Coin as CoinMessage } from 'cosmjs-types/cosmos/base/v1beta1/coin'
import * as Bank from './bank.js'
import { concat, fromHex, hexUpper, u64, utf8 } from './bytes.js'
import { type Context, emit, read, write } from './context.js'
import { Fault, sdk } from './faults.js'

/*
 * IRISnet's module of hashed time locks (irismod `htlc`), as far as users' locks go: its bridge (`transfer`) is refused. Written from the
 * module's messages, state and events (`modules/htlc/spec`): a lock's id is of hashlock, parties and amount; it expires so many blocks
 * after the one that has it, and is refunded when the block of its expiry begins.
 */

/** `MsgCreateHTLC`. */
export interface Create {
  readonly sender: string
  readonly to: string
  readonly receiverOnOtherChain: string
  readonly senderOnOtherChain: string
  readonly amount: readonly Bank.Coin[]
  /** Hex. */
  readonly hashLock: string
  readonly timestamp: bigint
  readonly timeLock: bigint
  readonly transfer: boolean
}

/** `MsgClaimHTLC`. */
export interface Claim {
  readonly sender: string
  readonly id: string
  readonly secret: string
}

const STATES = ['open', 'completed', 'refunded'] as const
const MODULE = 'htlc'
const MIN_TIME_LOCK = 50n
const MAX_TIME_LOCK = 34_560n
const MAX_OTHER_ADDRESS = 128

/** A lock as the store has it (`irismod.htlc.HTLC`), users' ones only. */
interface Htlc extends Omit<Create, 'timeLock' | 'transfer'> {
  readonly id: string
  readonly secret: string
  readonly expirationHeight: bigint
  readonly state: (typeof STATES)[number]
  readonly closedBlock: bigint
}

const lockKey = (id: Uint8Array) => concat([1], id)
const queueKey = (height: bigint, id: Uint8Array) => concat([2], u64(height), id)

/** The numbers of `modules/htlc/types/errors.go` that are used here. */
const ERRORS = {
  'invalid htlc id': 2,
  'invalid time lock': 4,
  'invalid secret': 5,
  'htlc already exists': 11,
  'unknown htlc': 12,
  'htlc not open': 13,
} as const

function fault(what: keyof typeof ERRORS, detail: string): Fault {
  return new Fault(MODULE, ERRORS[what], `${detail}: ${what}`)
}

export function create(context: Context, message: Create): Uint8Array {
  const { sender, to, amount, timestamp, timeLock } = message
  const [from, payee] = [sender, to].map((address) => Bank.bytesOf(context.prefix, address))
  for (const text of [message.receiverOnOtherChain, message.senderOnOtherChain])
    if (utf8(text).length > MAX_OTHER_ADDRESS)
      throw sdk(
        'invalid address',
        `an address on the other chain has at most ${MAX_OTHER_ADDRESS} characters`,
      )
  Bank.checkCoins(amount, 'amount')
  if (amount.length === 0) throw sdk('invalid coins', 'the transferred amount must be valid')
  const hashLock = hash32(message.hashLock, 'invalid htlc id')
  if (timeLock < MIN_TIME_LOCK || timeLock > MAX_TIME_LOCK)
    throw fault('invalid time lock', `the time lock must be between [${MIN_TIME_LOCK},${MAX_TIME_LOCK}]`)
  if (message.transfer) throw sdk('unknown request', "this local node has nothing of the module's bridge")
  Bank.assertReceives(context, to)
  const id = sha256(concat(hashLock, from as Uint8Array, payee as Uint8Array, utf8(Bank.textOf(amount))))
  if (read(context, MODULE, lockKey(id)) !== undefined) throw fault('htlc already exists', hexUpper(id))
  Bank.move(context, sender, Bank.moduleAddress(context.prefix, MODULE), amount)
  const { receiverOnOtherChain, senderOnOtherChain } = message
  const expirationHeight = context.height + timeLock
  store(context, {
    ...{ id: hexUpper(id), sender, to, receiverOnOtherChain, senderOnOtherChain, amount },
    ...{ hashLock: hexUpper(hashLock), secret: '', timestamp, expirationHeight },
    ...{ state: 'open', closedBlock: 0n },
  })
  write(context, MODULE, queueKey(expirationHeight, id), new Uint8Array(0))
  emit(context, 'create_htlc', {
    ...{ id: hexUpper(id), sender, receiver: to },
    receiver_on_other_chain: receiverOnOtherChain,
    sender_on_other_chain: senderOnOtherChain,
    transfer: 'false',
  })
  return BinaryWriter.create().uint32(10).string(hexUpper(id)).finish()
}

export function claim(context: Context, message: Claim): Uint8Array {
  Bank.bytesOf(context.prefix, message.sender)
  const id = hash32(message.id, 'invalid htlc id')
  const secret = hash32(message.secret, 'invalid secret')
  const lock = lockOf(context, id)
  if (lock === undefined) throw fault('unknown htlc', hexUpper(id))
  if (lock.state !== 'open') throw fault('htlc not open', hexUpper(id))
  const hashed = lock.timestamp > 0n ? concat(secret, u64(lock.timestamp)) : secret
  if (hexUpper(sha256(hashed)) !== lock.hashLock) throw fault('invalid secret', hexUpper(secret))
  Bank.move(context, Bank.moduleAddress(context.prefix, MODULE), lock.to, lock.amount)
  store(context, { ...lock, secret: hexUpper(secret), state: 'completed', closedBlock: context.height })
  write(context, MODULE, queueKey(lock.expirationHeight, id), undefined)
  emit(context, 'claim_htlc', {
    ...{ id: message.id, hash_lock: lock.hashLock, sender: message.sender, secret: message.secret },
    ...{ transfer: 'false', direction: 'NONE' },
  })
  return new Uint8Array(0)
}

/** What the module does when a block begins: it refunds what expires. */
export function beginBlock(context: Context): void {
  const start = queueKey(context.height, new Uint8Array(0))
  for (const [key] of context.state.range(MODULE, start, queueKey(context.height + 1n, new Uint8Array(0)))) {
    const id = key.slice(start.length)
    const lock = lockOf(context, id)
    if (lock !== undefined) {
      Bank.move(context, Bank.moduleAddress(context.prefix, MODULE), lock.sender, lock.amount)
      store(context, { ...lock, state: 'refunded', closedBlock: context.height })
    }
    write(context, MODULE, key, undefined)
  }
}

/** `irismod.htlc.Query/HTLC`. */
export function query(context: Context, data: Uint8Array): Uint8Array {
  const id = hash32(textOf(data), 'invalid htlc id')
  const found = read(context, MODULE, lockKey(id))
  if (found === undefined)
    throw sdk('key not found', `rpc error: code = NotFound desc = HTLC ${hexUpper(id)} not found`)
  return BinaryWriter.create().uint32(10).bytes(found).finish()
}

export function decodeCreate(bytes: Uint8Array): Create {
  const reader = new BinaryReader(bytes)
  const texts = new Map<number, string>()
  const amount: Bank.Coin[] = []
  let [timestamp, timeLock, transfer] = [0n, 0n, false]
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const field = tag >>> 3
    if (field === 5) amount.push(CoinMessage.decode(reader, reader.uint32()))
    else if (field === 7) timestamp = reader.uint64()
    else if (field === 8) timeLock = reader.uint64()
    else if (field === 9) transfer = reader.bool()
    else if (field >= 1 && field <= 6) texts.set(field, reader.string())
    else reader.skipType(tag & 7)
  }
  const text = (field: number) => texts.get(field) ?? ''
  return {
    ...{ sender: text(1), to: text(2), receiverOnOtherChain: text(3), senderOnOtherChain: text(4) },
    ...{ amount, hashLock: text(6), timestamp, timeLock, transfer },
  }
}

export function aminoOfCreate(it: Create): object {
  return {
    ...{ sender: it.sender, to: it.to, amount: it.amount, hash_lock: it.hashLock },
    receiver_on_other_chain: it.receiverOnOtherChain,
    sender_on_other_chain: it.senderOnOtherChain,
    ...{ timestamp: `${it.timestamp}`, time_lock: `${it.timeLock}`, transfer: it.transfer },
  }
}

export function decodeClaim(bytes: Uint8Array): Claim {
  const reader = new BinaryReader(bytes)
  const claim = { sender: '', id: '', secret: '' }
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === 10) claim.sender = reader.string()
    else if (tag === 18) claim.id = reader.string()
    else if (tag === 26) claim.secret = reader.string()
    else reader.skipType(tag & 7)
  }
  return claim
}

function store(context: Context, lock: Htlc): void {
  const writer = BinaryWriter.create()
  const text = (field: number, value: string) => {
    if (value !== '') writer.uint32(field * 8 + 2).string(value)
  }
  const number = (field: number, value: bigint) => {
    if (value !== 0n) writer.uint32(field * 8).uint64(value)
  }
  text(1, lock.id)
  text(2, lock.sender)
  text(3, lock.to)
  text(4, lock.receiverOnOtherChain)
  text(5, lock.senderOnOtherChain)
  for (const coin of lock.amount) CoinMessage.encode(coin, writer.uint32(50).fork()).ldelim()
  text(7, lock.hashLock)
  text(8, lock.secret)
  number(9, lock.timestamp)
  number(10, lock.expirationHeight)
  number(11, BigInt(STATES.indexOf(lock.state)))
  number(12, lock.closedBlock)
  write(context, MODULE, lockKey(fromHex(lock.id) as Uint8Array), writer.finish())
}

function lockOf(context: Context, id: Uint8Array): Htlc | undefined {
  const found = read(context, MODULE, lockKey(id))
  if (found === undefined) return undefined
  const reader = new BinaryReader(found)
  const texts = new Map<number, string>()
  const numbers = new Map<number, bigint>()
  const amount: Bank.Coin[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag >>> 3 === 6) amount.push(CoinMessage.decode(reader, reader.uint32()))
    else if ((tag & 7) === 2) texts.set(tag >>> 3, reader.string())
    else numbers.set(tag >>> 3, reader.uint64())
  }
  const text = (field: number) => texts.get(field) ?? ''
  const number = (field: number) => numbers.get(field) ?? 0n
  return {
    ...{ id: text(1), sender: text(2), to: text(3), amount, hashLock: text(7), secret: text(8) },
    ...{ receiverOnOtherChain: text(4), senderOnOtherChain: text(5), timestamp: number(9) },
    ...{ expirationHeight: number(10), closedBlock: number(12) },
    state: STATES[Number(number(11))] ?? 'open',
  }
}

function textOf(data: Uint8Array): string {
  const reader = new BinaryReader(data)
  let text = ''
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === 10) text = reader.string()
    else reader.skipType(tag & 7)
  }
  return text
}

function hash32(text: string, what: keyof typeof ERRORS): Uint8Array {
  const bytes = text.length === 64 ? fromHex(text) : undefined
  if (bytes === undefined) throw fault(what, text)
  return bytes
}
