// A cw20 token that does harm in the way it was last told to: `fee` and `sender-fee` move one unit more or less, `silent` moves nothing,
// `refusing` and `endless` never let a transfer end well, `reentrant` calls its payer in the middle of a transfer.
import { arrived, read, text } from '../contract'
import * as token from './token'

export { allocate, deallocate, interface_version_8 } from '../contract'
export { instantiate } from './token'

export function execute(_env: usize, info: usize, message: usize): usize {
  return token.execute(arrived(info), arrived(message), read(text('mode')))
}

export function query(_env: usize, message: usize): usize {
  return token.query(arrived(message))
}
