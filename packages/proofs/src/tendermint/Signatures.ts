import type { Check } from '../engine/Engine.js'
import { verify } from '../engine/zip215.js'

export { type Check, fold, type Pending, type Signing } from '../engine/Engine.js'

/**
 * Answers at once for many signatures, in their order, by ZIP-215, the rule that CometBFT's validators follow (A59). For more speed,
 * give what waits for signatures to `Engine.settle` with an engine of `@aitbc/proofs/engine` or `@aitbc/proofs/node`.
 *
 * @example
 * import { Signatures } from '@aitbc/proofs/tendermint'
 * Signatures.noble([]) // []
 */
export function noble(checks: readonly Check[]): readonly boolean[] {
  return checks.map(verify)
}
