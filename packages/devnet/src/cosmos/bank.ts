import { sha256 } from '@noble/hashes/sha2.js'
import { account, createAccount } from './auth.js'
import { concat, fromAddress, fromUtf8, toAddress, utf8 } from './bytes.js'
import { type Context, emit, read, write } from './context.js'
import { sdk } from './faults.js'

/** An amount of a denomination, as it travels. */
export interface Coin {
  readonly denom: string
  readonly amount: string
}

const DENOM = /^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/
const AMOUNT = /^[1-9][0-9]*$/

/** Accounts of modules, which nobody may send to. */
export const MODULES = [
  'fee_collector',
  'bonded_tokens_pool',
  'distribution',
  'gov',
  'htlc',
  'mint',
  'not_bonded_tokens_pool',
] as const

export function moduleAddress(prefix: string, name: string): string {
  return toAddress(prefix, sha256(utf8(name)).slice(0, 20))
}

/** Key of a balance (`x/bank`, prefix 2): address with its length, denomination. */
function balanceKey(prefix: string, address: string, denom: string): Uint8Array {
  const bytes = bytesOf(prefix, address)
  return concat([2, bytes.length], bytes, utf8(denom))
}

function supplyKey(denom: string): Uint8Array {
  return concat([0], utf8(denom))
}

export function bytesOf(prefix: string, address: string): Uint8Array {
  const bytes = fromAddress(prefix, address)
  if (bytes === undefined) throw sdk('invalid address', `${address} is no address with prefix ${prefix}`)
  return bytes
}

export function balance(context: Context, address: string, denom: string): bigint {
  const found = read(context, 'bank', balanceKey(context.prefix, address, denom))
  return found === undefined ? 0n : BigInt(fromUtf8(found))
}

export function balances(context: Context, address: string): readonly Coin[] {
  const bytes = bytesOf(context.prefix, address)
  const start = concat([2, bytes.length], bytes)
  return context.state
    .range('bank', start, concat(start, [0xff]))
    .map(([key, value]) => ({ denom: fromUtf8(key.slice(start.length)), amount: fromUtf8(value) }))
}

export function supply(context: Context, denom: string): bigint {
  const found = read(context, 'bank', supplyKey(denom))
  return found === undefined ? 0n : BigInt(fromUtf8(found))
}

/** Coins in their one order, each denomination once, none of zero. */
export function checkCoins(coins: readonly Coin[], what: string): void {
  for (const [index, { denom, amount }] of coins.entries()) {
    const previous = coins[index - 1]
    if (!DENOM.test(denom) || !AMOUNT.test(amount) || (previous !== undefined && previous.denom >= denom))
      throw sdk('invalid coins', `${what}: ${textOf(coins)}`)
  }
}

export function textOf(coins: readonly Coin[]): string {
  return coins.map(({ denom, amount }) => `${amount}${denom}`).join(',')
}

function add(context: Context, address: string, denom: string, change: bigint): void {
  const key = balanceKey(context.prefix, address, denom)
  const before = balance(context, address, denom)
  const after = before + change
  if (after < 0n)
    throw sdk('insufficient funds', `spendable balance ${before}${denom} is smaller than ${-change}${denom}`)
  write(context, 'bank', key, after === 0n ? undefined : utf8(`${after}`))
}

/** Makes coins out of nothing, as genesis does. */
export function mint(context: Context, to: string, coins: readonly Coin[]): void {
  for (const { denom, amount } of coins) {
    write(context, 'bank', supplyKey(denom), utf8(`${supply(context, denom) + BigInt(amount)}`))
    add(context, to, denom, BigInt(amount))
  }
  if (account(context, to) === undefined) createAccount(context, to)
}

/** Moves coins; whoever gets its first ones gets an account. */
export function move(context: Context, from: string, to: string, coins: readonly Coin[]): void {
  for (const { denom, amount } of coins) add(context, from, denom, -BigInt(amount))
  emit(context, 'coin_spent', { spender: from, amount: textOf(coins) })
  for (const { denom, amount } of coins) add(context, to, denom, BigInt(amount))
  emit(context, 'coin_received', { receiver: to, amount: textOf(coins) })
  if (account(context, to) === undefined) createAccount(context, to)
  emit(context, 'transfer', { recipient: to, sender: from, amount: textOf(coins) })
  emit(context, 'message', { sender: from })
}

/** Refuses those who may not be sent to. */
export function assertReceives(context: Context, to: string): void {
  if (MODULES.some((name) => moduleAddress(context.prefix, name) === to))
    throw sdk('unauthorized', `${to} is not allowed to receive funds`)
}

/** `MsgSend`. */
export function send(context: Context, from: string, to: string, coins: readonly Coin[]): void {
  bytesOf(context.prefix, from)
  bytesOf(context.prefix, to)
  checkCoins(coins, 'amount')
  if (coins.length === 0) throw sdk('invalid coins', 'no coins')
  assertReceives(context, to)
  move(context, from, to, coins)
}
