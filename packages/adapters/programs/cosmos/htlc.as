// Hash time-locked payments of native coins and cw20 tokens, by the interface of cw20-atomic-swap (create, receive, release, refund,
// details, list).
//
// - A lock's id is the hash of all its terms, of the chain and of this contract; the contract computes it again and refuses any other,
//   so nobody can take another's id. Ids are never used twice: what was settled stays, with its outcome and its secret.
// - A release carries the 32-byte preimage of a SHA-256 hash, is refused from the deadline on, and pays the recipient. A refund is
//   refused before the deadline, and pays the source. Anyone may send either.
// - A settlement never hangs on the payee or on the token: where the payment fails, what is owed stays, and `withdraw` pays it. The
//   secret of a release that failed would be public with the money still open to a refund.
// - The sender can't make a payment fail by giving little gas: a node limits a payment only where more than the limit is left, and
//   fails the whole transaction otherwise.
// - There is no owner, no fee, no migration.
//
// Storage: `lock/<id>` is the record that `details` gives; `number/<n>` the id of the nth lock; `count` how many there are;
// `held/<token>` what is owed in a cw20 token; `due/<n>` what a token's balance must be after a payment that goes on.
import {
  Slice, address, amount, answer, arrived, ask, begin, compare, digitsOf, element, end, is, isEmptyArray, isZero, key, member, minus, nothing, only,
  plus, put, putBase64, putByte, putHex, putMember, putSlice, putU64Bytes, read, refuse, refused, remove, require,
  same, sha256, slice, take, text, textOf, there, u64Of, unbase64, unhex, unhex32, unquoted, write,
} from './contract'

export { allocate, deallocate, interface_version_8 } from './contract'

/** The most gas (as the node counts it) that a payment may take and still leave a settlement standing when it fails. */
const PAYMENT_GAS: u64 = 500000
/** Longest recovery record, bytes. */
const MAX_RECORD: usize = 2048
/** Heights are below, unix seconds from here to 2^32 - 1: a deadline in another unit than it says is refused. */
const TIME_THRESHOLD: u64 = 500000000
const BILLION: u64 = 1000000000

// ---- Deadlines ----

let byTime: bool = false
let deadline: u64 = 0

function readDeadline(expires: Slice): void {
  const why = 'expires must be at_height or at_time'
  const time = member(expires, 'at_time')
  const height = member(expires, 'at_height')
  byTime = time.at != 0
  if (!byTime && height.at == 0) return refuse(why)
  only(expires, 1)
  if (byTime) {
    deadline = u64Of(unquoted(time, why), why)
    require(deadline >= TIME_THRESHOLD * BILLION && deadline <= 0xffffffff * BILLION, 'at_time must be nanoseconds')
  } else {
    deadline = u64Of(height, why)
    require(deadline < TIME_THRESHOLD, 'at_height must be a height')
  }
}

/** Whether the block's own clock has reached the deadline that was read last. */
function reached(env: Slice): bool {
  const why = 'no clock'
  const block = member(env, 'block')
  return (byTime ? u64Of(textOf(block, 'time', why), why) : u64Of(member(block, 'height'), why)) >= deadline
}

// ---- Records ----

function lockKey(id: Slice): Slice {
  return key('lock/', id)
}

function numbered(prefix: string, number: u64): Slice {
  return key(prefix, digitsOf(number))
}

/** An id in its one spelling. */
function idOf(body: Slice): Slice {
  const why = 'id must be 64 hex digits'
  const bytes = unhex32(textOf(body, 'id', why), why)
  begin()
  putHex(bytes)
  return end()
}

function lockOf(id: Slice): Slice {
  const found = read(lockKey(id))
  if (found.at != 0) return found
  refuse('no such lock')
  return text('{}')
}

/** Writes a record anew with its outcome; everything before `status` stays as it is. */
function settle(id: Slice, lock: Slice, status: Slice, paid: bool, secret: Slice): void {
  const from = member(lock, 'status').at - 10
  begin()
  putSlice(slice(lock.at, from - lock.at))
  putByte(44)
  putMember('status', status)
  put(paid ? ',"paid":true' : ',"paid":false')
  if (secret.at != 0) {
    putByte(44)
    putMember('secret', secret)
  }
  putByte(125)
  write(lockKey(id), end())
}

/** The same record, paid or not. */
function setPaid(id: Slice, lock: Slice, paid: bool): void {
  const secret = member(lock, 'secret')
  settle(id, lock, textOf(lock, 'status', ''), paid, secret.at == 0 ? secret : unquoted(secret, ''))
}

// ---- Responses ----

function attribute(name: string, value: Slice): void {
  put(',{"key":"')
  put(name)
  put('",')
  putMember('value', value)
  putByte(125)
}

function action(name: string): void {
  begin()
  put('{"key":"action","value":"')
  put(name)
  put('"}')
}

function response(messages: Slice, attributes: Slice): usize {
  begin()
  put('{"ok":{"messages":[')
  putSlice(messages)
  put('],"attributes":[')
  putSlice(attributes)
  put('],"events":[],"data":null}}')
  return answer(end())
}

function noFunds(info: Slice): void {
  require(isEmptyArray(member(info, 'funds')), 'this message takes no coins')
}

// ---- Create ----

const OWN: string = 'contract'

function contractOf(env: Slice): Slice {
  return textOf(member(env, OWN), 'address', 'no contract')
}

function putText(bytes: Slice): void {
  putByte(<u32>bytes.length >> 8)
  putByte(<u32>bytes.length & 255)
  putSlice(bytes)
}

function create(env: Slice, body: Slice, source: Slice, kind: string, asset: Slice, value: Slice): usize {
  const id = idOf(body)
  const hash = unhex32(textOf(body, 'hash', 'no hash'), 'hash must be 64 hex digits')
  const salt = unhex32(textOf(body, 'salt', 'no salt'), 'salt must be 64 hex digits')
  const recipient = address(textOf(body, 'recipient', 'no recipient'), 'no such recipient')
  const expires = member(body, 'expires')
  if (expires.at == 0) refuse('no expires')
  else readDeadline(expires)
  const tag = member(body, 'tag')
  const record = member(body, 'record')
  only(body, 5 + there(tag) + there(record))
  if (refused()) return answer(nothing())

  const contract = contractOf(env)
  require(!reached(env), 'the deadline has passed')
  require(!isZero(value), 'amount must not be zero')
  require(!same(recipient, contract) && !same(recipient, asset), 'recipient refused')
  begin()
  for (let i = 0; i < 32; i++) putByte(0)
  const zeros = end()
  // sha256 of 32 zero bytes would be a lock that anyone opens.
  require(!same(hash, zeros) && !same(hash, sha256(zeros)), 'hash refused')

  begin()
  put('aitbc/htlc/v1')
  putText(textOf(member(env, 'block'), 'chain_id', 'no chain'))
  putText(contract)
  putText(text(kind))
  putText(asset)
  putText(value)
  putSlice(hash)
  putText(source)
  putText(recipient)
  putText(text(byTime ? 'at_time' : 'at_height'))
  putU64Bytes(deadline)
  putSlice(salt)
  const bound = sha256(end())
  begin()
  putHex(bound)
  require(same(end(), id), 'id is not the hash of the terms')
  require(read(lockKey(id)).at == 0, 'lock already exists')

  const counted = read(text('count'))
  const number = counted.at == 0 ? 0 : u64Of(counted, '')
  write(numbered('number/', number), id)
  write(text('count'), digitsOf(number + 1))

  begin()
  putHex(hash)
  const hashText = end()
  begin()
  putHex(salt)
  const saltText = end()
  begin()
  putByte(123)
  putMember('id', id)
  putByte(44)
  putMember('hash', hashText)
  putByte(44)
  putMember('recipient', recipient)
  putByte(44)
  putMember('source', source)
  put(byTime ? ',"expires":{"at_time":"' : ',"expires":{"at_height":')
  putSlice(digitsOf(deadline))
  put(byTime ? '"},"balance":{"' : '},"balance":{"')
  put(kind)
  const native = is(text(kind), 'native')
  put(native ? '":[{' : '":{')
  putMember(native ? 'denom' : 'address', asset)
  putByte(44)
  putMember('amount', value)
  put(native ? '}]},' : '}},')
  putMember('salt', saltText)
  put(',"number":')
  putSlice(digitsOf(number))
  put(',"status":"locked","paid":false}')
  write(lockKey(id), end())

  action('create')
  attribute('id', id)
  attribute('hash', hashText)
  attribute('source', source)
  attribute('recipient', recipient)
  attribute(native ? 'denom' : 'cw20', asset)
  attribute('amount', value)
  put(byTime ? ',{"key":"at_time","value":"' : ',{"key":"at_height","value":"')
  putSlice(digitsOf(deadline))
  put('"}')
  attribute('salt', saltText)
  if (tag.at != 0) {
    const digits = unquoted(tag, 'tag must be 64 hex digits')
    unhex32(digits, 'tag must be 64 hex digits')
    attribute('tag', digits)
  }
  if (record.at != 0) {
    const digits = unquoted(record, 'record must be hex')
    require(unhex(digits, 'record must be hex').length <= MAX_RECORD, 'record is too long')
    if (digits.length > 0) attribute('record', digits)
  }
  return response(nothing(), end())
}

/** cw20's hook: the sender of this message is the token, and the tokens have already moved. */
function receive(env: Slice, token: Slice, body: Slice): usize {
  const source = address(textOf(body, 'sender', 'no sender'), 'no such sender')
  const value = amount(textOf(body, 'amount', 'no amount'), 'no amount')
  const inner = unbase64(textOf(body, 'msg', 'no msg'))
  only(body, 3)
  const terms = member(inner, 'create')
  only(inner, 1)
  if (terms.at == 0) refuse('unknown message')
  if (refused()) return answer(nothing())
  // All that locks of this token are owed must be there: a token that takes a fee on the way is found out.
  const heldKey = key('held/', token)
  const before = read(heldKey)
  const held = before.at == 0 ? value : plus(before, value)
  require(compare(balanceOf(contractOf(env), token), held) >= 0, 'the token moved less than it says')
  write(heldKey, held)
  return create(env, terms, source, 'cw20', token, value)
}

function balanceOf(owner: Slice, token: Slice): Slice {
  begin()
  put('{"balance":{')
  putMember('address', owner)
  put('}}')
  const why = 'the token tells no balance'
  return amount(textOf(ask(token, end(), why), 'balance', why), why)
}

// ---- Payments ----

function open(number: Slice): void {
  begin()
  put('{"id":')
  putSlice(number)
  put(',"msg":{')
}

function close(reply: string): Slice {
  put('},"reply_on":"')
  put(reply)
  put('","gas_limit":')
  if (is(text(reply), 'error')) putSlice(digitsOf(PAYMENT_GAS))
  else put('null')
  putByte(125)
  return end()
}

function putExecute(contract: Slice, message: Slice): void {
  put('"wasm":{"execute":{')
  putMember('contract_addr', contract)
  put(',"msg":"')
  putBase64(message)
  put('","funds":[]}}')
}

/** The message that pays a lock out. Tokens go through `push`, so that a token which moves another amount is undone as a whole. */
function payment(env: Slice, lock: Slice, to: Slice, reply: string): Slice {
  const balance = member(lock, 'balance')
  const native = member(balance, 'native')
  const number = member(lock, 'number')
  if (native.at != 0) {
    open(number)
    put('"bank":{"send":{')
    putMember('to_address', to)
    put(',"amount":')
    putSlice(native)
    put('}}')
    return close(reply)
  }
  begin()
  put('{"push":{')
  putMember('id', textOf(lock, 'id', ''))
  putByte(44)
  putMember('to', to)
  put('}}')
  const message = end()
  open(number)
  putExecute(contractOf(env), message)
  return close(reply)
}

/** Only ever called by this contract itself: pays tokens, and knows what their balance must be afterwards. */
function push(env: Slice, sender: Slice, body: Slice): usize {
  const contract = contractOf(env)
  require(same(sender, contract), 'only the contract itself may push')
  const lock = lockOf(idOf(body))
  const to = textOf(body, 'to', 'no to')
  if (refused()) return answer(nothing())
  const balance = member(member(lock, 'balance'), 'cw20')
  const token = textOf(balance, 'address', '')
  const value = textOf(balance, 'amount', '')
  const number = member(lock, 'number')
  const heldKey = key('held/', token)
  write(heldKey, minus(read(heldKey), value, 'more is paid than held'))
  write(key('due/', number), minus(balanceOf(contract, token), value, 'the token holds too little'))
  begin()
  put('{"transfer":{')
  putMember('recipient', to)
  putByte(44)
  putMember('amount', value)
  put('}}')
  const message = end()
  open(number)
  putExecute(token, message)
  const messages = close('success')
  action('push')
  return response(messages, end())
}

/** A payment has failed (then it is owed), or a token says that it has paid (then its balance must be what is due). */
export function reply(envAt: usize, messageAt: usize): usize {
  const env = arrived(envAt)
  const message = arrived(messageAt)
  const number = u64Of(member(message, 'id'), 'no reply')
  const id = read(numbered('number/', number))
  const result = member(message, 'result')
  if (id.at == 0 || result.at == 0) refuse('no reply')
  if (refused()) return answer(nothing())
  const lock = lockOf(id)
  if (member(result, 'error').at != 0) {
    setPaid(id, lock, false)
    action('owed')
    attribute('id', id)
    return response(nothing(), end())
  }
  const dueKey = numbered('due/', number)
  const due = read(dueKey)
  const token = textOf(member(member(lock, 'balance'), 'cw20'), 'address', 'no token')
  if (due.at == 0) refuse('nothing is due')
  if (refused()) return answer(nothing())
  require(same(balanceOf(contractOf(env), token), due), 'the token moved another amount')
  remove(dueKey)
  action('paid')
  attribute('id', id)
  return response(nothing(), end())
}

// ---- Release, refund, withdraw ----

function release(env: Slice, body: Slice): usize {
  const why = 'preimage must be 64 hex digits'
  const id = idOf(body)
  const preimage = unhex32(textOf(body, 'preimage', why), why)
  only(body, 2)
  const lock = lockOf(id)
  if (refused()) return answer(nothing())
  require(is(textOf(lock, 'status', ''), 'locked'), 'lock is settled')
  readDeadline(member(lock, 'expires'))
  require(!reached(env), 'the deadline has passed')
  const hash = textOf(lock, 'hash', '')
  begin()
  putHex(sha256(preimage))
  require(same(end(), hash), 'preimage does not hash to the lock')
  if (refused()) return answer(nothing())
  begin()
  putHex(preimage)
  const secret = end()
  const to = textOf(lock, 'recipient', '')
  settle(id, lock, text('claimed'), true, secret)
  const messages = payment(env, lock, to, 'error')
  action('release')
  attribute('id', id)
  attribute('hash', hash)
  attribute('preimage', secret)
  attribute('recipient', to)
  return response(messages, end())
}

function refund(env: Slice, body: Slice): usize {
  const id = idOf(body)
  only(body, 1)
  const lock = lockOf(id)
  if (refused()) return answer(nothing())
  require(is(textOf(lock, 'status', ''), 'locked'), 'lock is settled')
  readDeadline(member(lock, 'expires'))
  require(reached(env), 'the deadline has not passed')
  if (refused()) return answer(nothing())
  const to = textOf(lock, 'source', '')
  settle(id, lock, text('refunded'), true, nothing())
  const messages = payment(env, lock, to, 'error')
  action('refund')
  attribute('id', id)
  attribute('hash', textOf(lock, 'hash', ''))
  attribute('source', to)
  return response(messages, end())
}

/** Pays what is owed. Anyone may send it to the payee; only the payee may send it elsewhere. */
function withdraw(env: Slice, sender: Slice, body: Slice): usize {
  const id = idOf(body)
  const elsewhere = member(body, 'to')
  only(body, 1 + there(elsewhere))
  const lock = lockOf(id)
  if (refused()) return answer(nothing())
  const status = textOf(lock, 'status', '')
  const claimed = is(status, 'claimed')
  require(claimed || is(status, 'refunded'), 'lock is not settled')
  require(is(member(lock, 'paid'), 'false'), 'nothing is owed')
  const payee = textOf(lock, claimed ? 'recipient' : 'source', '')
  let to = payee
  if (elsewhere.at != 0) {
    to = address(unquoted(elsewhere, 'no such address'), 'no such address')
    require(same(to, payee) || same(sender, payee), 'only the payee may withdraw to another address')
    require(!same(to, contractOf(env)), 'recipient refused')
  }
  if (refused()) return answer(nothing())
  setPaid(id, lock, true)
  const messages = payment(env, lock, to, 'never')
  action('withdraw')
  attribute('id', id)
  attribute('to', to)
  return response(messages, end())
}

// ---- Entry points ----

export function instantiate(_env: usize, infoAt: usize, messageAt: usize): usize {
  noFunds(arrived(infoAt))
  only(arrived(messageAt), 0)
  action('instantiate')
  return response(nothing(), end())
}

export function execute(envAt: usize, infoAt: usize, messageAt: usize): usize {
  const env = arrived(envAt)
  const info = arrived(infoAt)
  const message = arrived(messageAt)
  const sender = textOf(info, 'sender', 'no sender')
  only(message, 1)
  const created = member(message, 'create')
  if (refused()) return answer(nothing())
  if (created.at != 0) {
    const funds = member(info, 'funds')
    const coin = element(funds, 0)
    if (coin.at == 0 || element(funds, 1).at != 0) refuse('send exactly one coin')
    if (refused()) return answer(nothing())
    const why = 'no coin'
    return create(env, created, sender, 'native', textOf(coin, 'denom', why), amount(textOf(coin, 'amount', why), why))
  }
  noFunds(info)
  let body = member(message, 'release')
  if (body.at != 0) return release(env, body)
  body = member(message, 'refund')
  if (body.at != 0) return refund(env, body)
  body = member(message, 'receive')
  if (body.at != 0) return receive(env, sender, body)
  body = member(message, 'withdraw')
  if (body.at != 0) return withdraw(env, sender, body)
  body = member(message, 'push')
  if (body.at != 0) return push(env, sender, body)
  refuse('unknown message')
  return answer(nothing())
}

const LIST_DEFAULT: u64 = 10
const LIST_MOST: u64 = 30

function list(body: Slice): Slice {
  const after = member(body, 'start_after')
  const limit = member(body, 'limit')
  only(body, there(after) + there(limit))
  let number: u64 = 0
  if (after.at != 0 && !is(after, 'null')) {
    const id = unquoted(after, 'no such lock')
    number = u64Of(member(lockOf(id), 'number'), 'no such lock') + 1
  }
  let left = limit.at == 0 || is(limit, 'null') ? LIST_DEFAULT : u64Of(limit, 'limit must be a number')
  if (left > LIST_MOST) left = LIST_MOST
  const ids = take(<usize>left << 2)
  let found: usize = 0
  for (; left > 0; left--) {
    const id = read(numbered('number/', number++))
    if (id.at == 0) break
    store<u32>(ids + (found++ << 2), changetype<u32>(id))
  }
  begin()
  put('{"swaps":[')
  for (let i: usize = 0; i < found; i++) {
    put(i == 0 ? '"' : ',"')
    putSlice(changetype<Slice>(load<u32>(ids + (i << 2))))
    putByte(34)
  }
  put(']}')
  return end()
}

export function query(_env: usize, messageAt: usize): usize {
  const message = arrived(messageAt)
  only(message, 1)
  const details = member(message, 'details')
  const listed = member(message, 'list')
  let data = nothing()
  if (details.at != 0) {
    only(details, 1)
    data = lockOf(idOf(details))
  } else if (listed.at != 0) data = list(listed)
  else refuse('unknown query')
  begin()
  put('{"ok":"')
  putBase64(data)
  put('"}')
  return answer(end())
}
