import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import * as bls from './crypto/bls.js'
import * as ed25519 from './crypto/ed25519.js'
import * as frost from './crypto/frost.js'
import * as hashes from './crypto/hashes.js'
import * as secp256k1 from './crypto/secp256k1.js'

type Read = (file: VectorFile) => Iterable<Case>

/** Wycheproof's files, by the schema that they name. */
const SCHEMAS: readonly (readonly [RegExp, (file: VectorFile, schema: string) => Iterable<Case>])[] = [
  [/^bls_/, bls.wycheproof],
  [/^ecdsa_(bitcoin_|p1363_)?verify/, secp256k1.wycheproof],
  [/^eddsa_verify/, ed25519.wycheproof],
]

const FILES: readonly (readonly [RegExp, Read])[] = [
  [/^adaptor\/dlc_schnorr/, secp256k1.dlc],
  [/^adaptor\/ecdsa_adaptor/, secp256k1.adaptors],
  [/^bls12-381\/bls12-381-g[12]-.*\.txt(\.gz)?$/, bls.signed],
  [/^bls12-381\/eip2537\/|^bls12-381\/noble-eip2537\.json/, bls.precompiles],
  [/^bls12-381\/eth2\//, bls.eth2],
  [/^bls12-381\/zkcrypto-g[12]_compressed_.*\.dat$/, bls.points],
  [/^ed25519\/zip215/, ed25519.zip215],
  [/^ed25519\//, ed25519.edges],
  [/^frost\/frost-/, frost.rfc9591],
  [/^frost\/bip-frost\/sig_agg/, frost.aggregates],
  [/^hash-to-curve\//, bls.hashToCurve],
  [/^hashes\//, hashes.known],
  [/^secp256k1\/.*ecdsa/, secp256k1.ecdsa],
  [/^secp256k1\/.*points/, secp256k1.points],
  [/^secp256k1\/rfc6979/, secp256k1.nonces],
]

function read(file: VectorFile): Iterable<Case> {
  if (file.path.startsWith('wycheproof/')) {
    const { schema } = file.json<{ readonly schema: string }>()
    const reader = SCHEMAS.find(([pattern]) => pattern.test(schema))
    if (reader !== undefined) return reader[1](file, schema)
  }
  const reader = FILES.find(([pattern]) => pattern.test(file.path))
  if (reader === undefined) throw new Error(`${file.path} has a shape that is not known`)
  return reader[1](file)
}

const CURVE = 'nothing here hashes to this curve, or in this mode'
const ROUND =
  'of a round among signers, who are no part of this project yet: a verifier sees the one signature'
const CIPHER = 'no cipher or key agreement of this kind is used'
const HASH = 'the function is used inside others only, never by itself'

readVectors({
  topic: 'crypto',
  folder: 'crypto',
  title: 'A8, A29, A59, A60',
  unused: {
    'x25519-low-order.json': CIPHER,
    'frost/bip-frost/det_sign_vectors.json': ROUND,
    'frost/bip-frost/nonce_agg_vectors.json': ROUND,
    'frost/bip-frost/nonce_gen_vectors.json': ROUND,
    'frost/bip-frost/sign_verify_vectors.json': ROUND,
    'frost/bip-frost/tweak_vectors.json': ROUND,
    'hash-to-curve/BLS12381G1_XMD-SHA-256_SSWU_NU_.json': CURVE,
    'hash-to-curve/BLS12381G2_XMD-SHA-256_SSWU_NU_.json': CURVE,
    'hash-to-curve/P256_XMD-SHA-256_SSWU_NU_.json': CURVE,
    'hash-to-curve/P256_XMD-SHA-256_SSWU_RO_.json': CURVE,
    'hash-to-curve/edwards25519_XMD-SHA-512_ELL2_NU_.json': CURVE,
    'hash-to-curve/edwards25519_XMD-SHA-512_ELL2_RO_.json': CURVE,
    'hash-to-curve/expand_message_xmd_SHA256_256.json': HASH,
    'hash-to-curve/expand_message_xmd_SHA256_38.json': HASH,
    'hash-to-curve/secp256k1_XMD-SHA-256_SSWU_NU_.json': CURVE,
    'hash-to-curve/secp256k1_XMD-SHA-256_SSWU_RO_.json': CURVE,
    'hashes/SHA3_256ShortMsg.rsp': 'no chain here uses SHA-3 as FIPS 202 has it',
    'hashes/ox-blake3.json':
      'of what is here only Solana’s message hash uses it, and that takes a whole message',
    'hashes/ox-rfc-4231-sha256.txt': HASH,
    'wycheproof/aes_gcm_test.json.gz': CIPHER,
    'wycheproof/chacha20_poly1305_test.json.gz': CIPHER,
    'wycheproof/ecdh_secp256k1_test.json.gz': CIPHER,
    'wycheproof/hkdf_sha256_test.json': HASH,
    'wycheproof/hmac_sha256_test.json': HASH,
    'wycheproof/x25519_test.json.gz': CIPHER,
    'wycheproof/xchacha20_poly1305_test.json.gz': CIPHER,
  },
  cases: ([file]) => read(file as VectorFile),
})
