import { type Bytes, Codec, type Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { join } from '../internal/join.js'
import * as Pda from '../solana/Pda.js'

/** A lock's terms as the program has them. */
export interface Parameters {
  readonly program: Bytes.Bytes32
  /** 32 zero bytes for lamports. */
  readonly mint: Bytes.Bytes32
  /** Below 2^64. */
  readonly amount: bigint
  readonly hashlock: Bytes.Hash32
  readonly locker: Bytes.Bytes32
  readonly beneficiary: Bytes.Bytes32
  /** Unix seconds, below 2^63. */
  readonly deadline: bigint
  readonly salt: Bytes.Bytes32
}

const DOMAIN = /* @__PURE__ */ new TextEncoder().encode('aitbc/htlc/v1')
const SEED = /* @__PURE__ */ new TextEncoder().encode('htlc')

/** The hash of a lock's terms with the program's own address: what the program derives the lock's address from. */
export function id(terms: Parameters): Bytes.Hash32 {
  const { program, mint, amount, hashlock, locker, beneficiary, deadline, salt } = terms
  return sha256(
    join([...[DOMAIN, program, mint, u64(amount), hashlock, locker, beneficiary], ...[u64(deadline), salt]]),
  )
}

/**
 * The account that the one lock of these terms has: its address alone binds them all. Refusals: those of `Pda.find`.
 *
 * @example
 * import { HtlcAddress } from '@aitbc/proofs/svm'
 * const where = (terms: HtlcAddress.Parameters) => HtlcAddress.find(terms)
 */
export function find(terms: Parameters): Verdict.Verdict<Pda.Pda> {
  return Pda.find(terms.program, [SEED, id(terms)])
}

/** The eight bytes of a number, least significant first. */
function u64(value: bigint): Bytes.Bytes {
  return Codec.writer().u64(value).finish().toReversed()
}
