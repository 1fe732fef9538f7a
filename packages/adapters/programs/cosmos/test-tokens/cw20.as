// An honest cw20 token.
import { arrived, text } from '../contract'
import * as token from './token'

export { allocate, deallocate, interface_version_8 } from '../contract'
export { instantiate } from './token'

export function execute(_env: usize, info: usize, message: usize): usize {
  return token.execute(arrived(info), arrived(message), text('honest'))
}

export function query(_env: usize, message: usize): usize {
  return token.query(arrived(message))
}
