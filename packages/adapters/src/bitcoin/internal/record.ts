import {
  Bytes,
  Codec,
  CoreErrors,
  type LockRecovery,
  type LockTerms,
  type Network,
  RecoveryRecord,
  type SwapRecord,
  SwapSeed,
  TaggedHash,
} from '@aitbc/core'
import * as Account from '../Account.js'
import { BitcoinErrors } from '../errors.js'
import { assertShare } from '../keys.js'

// OP_RETURN, a push of 80 bytes: the swap's nonce in clear, then 72 bytes encrypted (no tag: what they say is authenticated by
// the lock's script, which is rebuilt from them and must be that of output 0):
//   version (1) ‖ flags (1) ‖ check (2) ‖ deadline (4, big-endian) ‖ x of the beneficiary's key (32) ‖ slot (32)
// The slot is the hashlock for a follower, who can't derive it. An initiator can, from the swap's nonce, and uses the slot for
// the id of the other leg's terms: what lets it trust that leg again after losing everything but the seed.
// The check binds the amount, which stands in the output alone: a record copied beside another amount is not taken.

const VERSION = 1
const FLAG = { follower: 1, p2tr: 2, odd: 4, counter: 8, musig2: 16 } as const
const ALL_FLAGS = 31
const KINDS = { p2wsh: 0, p2tr: FLAG.p2tr, 'p2tr-musig2': FLAG.p2tr | FLAG.musig2 } as const
const HEADER = /* @__PURE__ */ Uint8Array.of(0x6a, 0x4c, 80)
const SEALED = 72
export const LENGTH = SwapSeed.NONCE_LENGTH + SEALED

/** What a record says about the lock beside it. */
export interface Read {
  readonly nonce: Bytes.Bytes
  readonly kind: keyof typeof KINDS
  readonly record: SwapRecord
  readonly deadline: bigint
  readonly beneficiaryKey: Bytes.Bytes
  /** Present for a follower. */
  readonly hashlock?: Bytes.Hash32
}

/** The output script that carries a lock's record; refuses terms that could not be rebuilt from it. */
export function write(network: Network, terms: LockTerms.LockTerms, recovery: LockRecovery): Bytes.Bytes {
  const { seed, nonce, record } = recovery
  // `record.agreement` is left out: 80 bytes have no room for it.
  assertShare(network, seed)
  Bytes.assert(nonce, SwapSeed.NONCE_LENGTH, 'recovery.nonce')
  const refuse = (name: string, why: string) =>
    BitcoinErrors.UnsupportedTerms(`terms.${name} ${why}: a lost swap could not be recovered`, {
      argument: `terms.${name}`,
    })
  const { locker, beneficiary } = terms
  if (!Bytes.equal(locker.publicKey as Bytes.Bytes, Account.publicKey(SwapSeed.derive(seed, 'party', nonce))))
    throw refuse('locker.publicKey', "must be the key that derives from the recovery's seed and nonce")
  if (!Bytes.equal(terms.salt, SwapSeed.derive(seed, 'salt', nonce)))
    throw refuse('salt', "must be the salt that derives from the recovery's seed and nonce")
  for (const [side, party] of [['locker', locker] as const, ['beneficiary', beneficiary] as const])
    if (party.payout !== party.account) throw refuse(`${side}.payout`, 'must be the account itself')
  const follower = record.role === 'follower'
  if (!follower && record.role !== 'initiator')
    throw CoreErrors.InvalidArgument(
      `recovery.record.role must be initiator or follower, got ${record.role}`,
      {
        argument: 'recovery.record.role',
        received: record.role,
      },
    )
  if (record.counter !== undefined) Bytes.assert(record.counter, 32, 'recovery.record.counter')
  const key = beneficiary.publicKey as Bytes.Bytes
  const counter = follower ? undefined : record.counter
  const plain = new Uint8Array(SEALED)
  plain[0] = VERSION
  plain[1] =
    (follower ? FLAG.follower : 0) |
    KINDS[terms.backend.kind as keyof typeof KINDS] |
    (key[0] === 3 ? FLAG.odd : 0) |
    (counter === undefined ? 0 : FLAG.counter)
  new DataView(plain.buffer).setUint32(4, Number(terms.deadline.value))
  plain.set(key.slice(1), 8)
  plain.set(follower ? terms.hashlock : (counter ?? new Uint8Array(32)), 40)
  plain.set(checkOf(seed, nonce, plain, terms.amount), 2)
  return Bytes.concat(HEADER, nonce, RecoveryRecord.mask(seed, nonce, plain))
}

/** Tells whether an output has the form of a record; whose it is, only {@link read} can tell. */
export function is(script: Bytes.Bytes): boolean {
  return script.length === HEADER.length + LENGTH && HEADER.every((byte, i) => script[i] === byte)
}

/** Reads the record of a lock of this amount with its owner's seed; `undefined` where it is another's, or of another version. */
export function read(seed: SwapSeed.NetworkSeed, script: Bytes.Bytes, amount: bigint): Read | undefined {
  if (!is(script)) return undefined
  const nonce = script.slice(HEADER.length, HEADER.length + SwapSeed.NONCE_LENGTH)
  const plain = RecoveryRecord.mask(seed, nonce, script.slice(HEADER.length + SwapSeed.NONCE_LENGTH))
  const flags = plain[1] as number
  if (plain[0] !== VERSION || flags > ALL_FLAGS) return undefined
  if (!Bytes.equal(plain.slice(2, 4), checkOf(seed, nonce, plain, amount))) return undefined
  const kind = (['p2wsh', 'p2tr', 'p2tr-musig2'] as const).find(
    (name) => KINDS[name] === (flags & KINDS['p2tr-musig2']),
  )
  if (kind === undefined) return undefined
  const slot = plain.slice(40)
  const has = (flag: number): boolean => (flags & flag) !== 0
  if (has(FLAG.follower) && has(FLAG.counter)) return undefined
  if (!has(FLAG.follower) && !has(FLAG.counter) && slot.some((byte) => byte !== 0)) return undefined
  return {
    nonce,
    kind,
    record: has(FLAG.follower)
      ? { role: 'follower' }
      : { role: 'initiator', ...(has(FLAG.counter) ? { counter: slot } : {}) },
    deadline: BigInt(new DataView(plain.buffer, plain.byteOffset).getUint32(4)),
    beneficiaryKey: Bytes.concat(Uint8Array.of(has(FLAG.odd) ? 3 : 2), plain.slice(8, 40)),
    ...(has(FLAG.follower) ? { hashlock: slot } : {}),
  }
}

function checkOf(
  seed: SwapSeed.NetworkSeed,
  nonce: Bytes.Bytes,
  plain: Bytes.Bytes,
  amount: bigint,
): Bytes.Bytes {
  const bound = Codec.writer().u64(amount).fixed(plain.slice(0, 2)).fixed(plain.slice(4)).finish()
  const key = SwapSeed.derive(seed, 'record', nonce)
  return TaggedHash.of('aitbc/bitcoin-record/v1', key, bound).slice(0, 2)
}
