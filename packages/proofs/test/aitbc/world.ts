import { Bytes } from '@aitbc/core'
import { Account, Block, Signature } from '@aitbc/proofs/aitbc'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { hex } from '../helpers.js'

export interface Key {
  readonly secret: Uint8Array
  readonly address: string
}

export const utf8 = (text: string) => new TextEncoder().encode(text)

/** A key made from a name. */
export function keyOf(name: string): Key {
  const secret = sha256(utf8(name))
  return { secret, address: Signature.addressOf(secp256k1.getPublicKey(secret, false)) }
}

/** A signature as the chain's clients write it. */
export function sign(digest: Uint8Array, key: Key): string {
  const bytes = secp256k1.sign(digest, key.secret, { prehash: false, format: 'recovered' })
  return `0x${hex(bytes.subarray(1))}0${bytes[0]}`
}

/** The twin of a signature, with the other s. */
export function twin(signature: string): string {
  const bytes = Bytes.fromHex(signature.slice(2))
  const { r, s } = secp256k1.Signature.fromBytes(bytes.subarray(0, 64), 'compact')
  const other = new secp256k1.Signature(r, secp256k1.Point.Fn.ORDER - s)
  return `0x${hex(other.toBytes('compact'))}0${1 - (bytes[64] as number)}`
}

export const GENESIS = `0x${hex(sha256(utf8('genesis')))}`

type Parts = Partial<Omit<Block.Block, 'hash' | 'signature'>>

/** A block by a proposer, attested by others. */
export function blockOf(parts: Parts, proposer: Key, attesters: readonly Key[] = []): Block.Block {
  const block = {
    chainId: 'ait-devnet',
    height: 1n,
    parentHash: GENESIS,
    timestamp: '2026-01-01T00:00:10+00:00',
    transactions: [],
    proposer: proposer.address,
    ...parts,
  }
  const hash = Block.hash(block)
  const attestations = attesters.map((key) => ({
    validator: Account.stored(key.address),
    signature: sign(Block.digest({ hash }), key),
  }))
  return { ...block, hash, signature: sign(Block.digest({ hash }), proposer), attestations }
}
