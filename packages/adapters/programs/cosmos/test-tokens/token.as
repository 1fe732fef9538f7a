// A cw20 token as far as locks need one: transfer, send, balance, token_info. What it does wrong is its mode's business.
import {
  Slice, address, amount, answer, arrived, begin, element, end, is, isEmptyArray, isZero, key, member, minus, only, plus, nothing, put,
  putBase64, putByte, putMember, putSlice, read, refuse, refused, require, text, textOf, write,
} from '../contract'

const NO_ADDRESS: string = 'no such address'
const NO_AMOUNT: string = 'no amount'

function balance(owner: Slice): Slice {
  const found = read(key('balance/', owner))
  return found.at == 0 ? text('0') : found
}

function credit(to: Slice, value: Slice): void {
  write(key('balance/', to), plus(balance(to), value))
}

function debit(from: Slice, value: Slice): void {
  write(key('balance/', from), minus(balance(from), value, 'insufficient funds'))
}

export function instantiate(_env: usize, _info: usize, messageAt: usize): usize {
  const message = arrived(messageAt)
  const balances = member(message, 'initial_balances')
  let supply = text('0')
  for (let i = 0; ; i++) {
    const one = element(balances, i)
    if (one.at == 0 || refused()) break
    const value = amount(textOf(one, 'amount', NO_AMOUNT), NO_AMOUNT)
    credit(address(textOf(one, 'address', NO_ADDRESS), NO_ADDRESS), value)
    supply = plus(supply, value)
  }
  begin()
  putByte(123)
  putMember('name', textOf(message, 'name', 'no name'))
  putByte(44)
  putMember('symbol', textOf(message, 'symbol', 'no symbol'))
  put(',"decimals":')
  putSlice(member(message, 'decimals'))
  putByte(44)
  putMember('total_supply', supply)
  putByte(125)
  write(text('token_info'), end())
  const mode = member(message, 'mode')
  if (mode.at != 0) write(text('mode'), textOf(message, 'mode', 'no mode'))
  return respond(nothing())
}

function respond(message: Slice): usize {
  begin()
  put('{"ok":{"messages":[')
  putSlice(message)
  put('],"attributes":[{"key":"action","value":"token"}],"events":[],"data":null}}')
  return answer(end())
}

function call(contract: Slice, message: Slice): Slice {
  begin()
  put('{"id":0,"msg":{"wasm":{"execute":{')
  putMember('contract_addr', contract)
  put(',"msg":"')
  putBase64(message)
  put('","funds":[]}}},"gas_limit":null,"reply_on":"never"}')
  return end()
}

export function execute(info: Slice, message: Slice, mode: Slice): usize {
  const sender = textOf(info, 'sender', 'no sender')
  require(isEmptyArray(member(info, 'funds')), 'no coins here')
  const become = member(message, 'become')
  if (become.at != 0 && !is(mode, 'honest')) {
    write(text('mode'), textOf(become, 'mode', 'no mode'))
    const calls = member(become, 'calls')
    if (calls.at != 0) write(text('calls'), calls)
    return respond(nothing())
  }
  const transfer = member(message, 'transfer')
  const send = member(message, 'send')
  if (transfer.at == 0 && send.at == 0) refuse('unknown message')
  if (refused()) return answer(nothing())
  const body = transfer.at == 0 ? send : transfer
  const value = amount(textOf(body, 'amount', NO_AMOUNT), NO_AMOUNT)
  const to = address(textOf(body, transfer.at == 0 ? 'contract' : 'recipient', NO_ADDRESS), NO_ADDRESS)
  if (refused()) return answer(nothing())
  const one = text('1')
  require(!isZero(value), 'zero amount')

  if (is(mode, 'refusing') && transfer.at != 0) refuse('transfers are paused')
  if (is(mode, 'endless') && transfer.at != 0) for (let i = 0; ; i++) write(text('endless'), to)
  if (!is(mode, 'silent')) {
    debit(sender, is(mode, 'sender-fee') ? plus(value, one) : value)
    credit(to, is(mode, 'fee') ? minus(value, one, '') : value)
  }
  if (transfer.at != 0) {
    // A call back into whoever pays, in the middle of the payment.
    const calls = is(mode, 'reentrant') ? read(text('calls')) : nothing()
    return respond(calls.at == 0 ? nothing() : call(sender, calls))
  }
  begin()
  put('{"receive":{')
  putMember('sender', sender)
  putByte(44)
  putMember('amount', value)
  putByte(44)
  putMember('msg', textOf(body, 'msg', 'no msg'))
  put('}}')
  return respond(call(to, end()))
}

export function query(message: Slice): usize {
  const asked = member(message, 'balance')
  let data = nothing()
  if (asked.at != 0) {
    const found = balance(textOf(asked, 'address', NO_ADDRESS))
    begin()
    putByte(123)
    putMember('balance', found)
    putByte(125)
    data = end()
  } else if (member(message, 'token_info').at != 0) data = read(text('token_info'))
  else refuse('unknown query')
  begin()
  put('{"ok":"')
  putBase64(data)
  put('"}')
  return answer(end())
}
