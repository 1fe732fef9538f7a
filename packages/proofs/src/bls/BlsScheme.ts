import type { Summed } from '../attestation/Scheme.js'
import * as Ssz from '../ssz/Ssz.js'
import * as Bls from './Bls.js'

/** One signature of 96 bytes, the sum of all signers', under `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`; keys of 48 bytes. */
export const minPk: Summed = /* @__PURE__ */ summed('bls-min-pk', Bls.ETHEREUM, 48)

/** One signature of 48 bytes, the sum of all signers', under `BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_`; keys of 96 bytes. */
export const minSig: Summed = /* @__PURE__ */ summed(
  'bls-min-sig',
  'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_',
  96,
)

function summed(name: string, suite: Bls.Suite, keyLength: number): Summed {
  return {
    kind: 'sum',
    name,
    key: (key) => Bls.readKey(suite, key).ok,
    possession: (key, proof) => Bls.verifyPossession(suite, key, proof),
    commitment: (keys) => Ssz.vector(Ssz.bytes(keyLength), keys.length).root(keys),
    verify: (keys, digest, signature) => Bls.verifyShared(suite, keys, digest, signature),
  }
}
