import { BeefyCommitment, type BeefyLeaf, BinaryMerkleTree, Hasher } from '@aitbc/proofs/substrate'
import { secp256k1 } from '@noble/curves/secp256k1.js'

export interface Validator {
  readonly secret: Uint8Array
  readonly address: Uint8Array
}

export const validators = (count: number, from = 1): readonly Validator[] =>
  Array.from({ length: count }, (_, i) => {
    const secret = new Uint8Array(32).fill(from + i)
    const address = Hasher.keccak256(secp256k1.getPublicKey(secret, false).subarray(1)).slice(12)
    return { secret, address }
  })

export const setOf = (id: bigint, list: readonly Validator[]): BeefyLeaf.ValidatorSet => ({
  id,
  length: list.length,
  root: BinaryMerkleTree.root(list.map(({ address }) => BeefyCommitment.leafOf(address))),
})

export const sign = (digest: Uint8Array, { secret }: Validator): Uint8Array => {
  const recovered = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  return Uint8Array.from([...recovered.subarray(1), recovered[0] as number])
}

/** A commitment that the validators at these places sign. */
export function signedBy(
  commitment: BeefyCommitment.Commitment,
  list: readonly Validator[],
  places: readonly number[],
): BeefyCommitment.SignedCommitment {
  const digest = BeefyCommitment.hash(commitment)
  const bitfield = new Uint8Array(Math.floor(list.length / 8) + 1)
  for (const i of places) bitfield[i >> 3] = (bitfield[i >> 3] as number) | (0x80 >> (i & 7))
  return {
    commitment,
    bitfield,
    validatorCount: list.length,
    signatures: places.map((i) => sign(digest, list[i] as Validator)),
  }
}
