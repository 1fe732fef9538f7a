import { createPublicKey, verify as nodeVerify } from 'node:crypto'
import { Ed25519, Secp256k1, TypedData, WalletSignature } from '@aitbc/proofs/attestation'
import { fc, test as property } from '@fast-check/vitest'
import {
  cryptoWaitReady,
  ed25519PairFromSeed,
  ed25519Sign,
  ed25519Verify,
  secp256k1Recover,
} from '@polkadot/util-crypto'
import {
  compactSignatureToSignature,
  hashMessage,
  hashTypedData,
  parseCompactSignature,
  parseSignature,
  serializeCompactSignature,
  serializeSignature,
  signatureToCompactSignature,
} from 'viem'
import { privateKeyToAccount, sign } from 'viem/accounts'
import { beforeAll, expect } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

beforeAll(() => cryptoWaitReady())

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const secret = bytes32.filter(
  (bytes) => bytes.some((byte) => byte !== 0) && bytes.some((byte) => byte !== 0xff),
)
const hex0x = (bytes: Uint8Array) => `0x${hex(bytes)}` as const
const runs = { numRuns: Math.min(Number(process.env['FC_NUM_RUNS'] ?? 100), 50) }

property.prop([secret, bytes32], runs)(
  'ECDSA: what viem signs is its address’s, in either form',
  async (key, digest) => {
    const account = privateKeyToAccount(hex0x(key))
    const address = unhex(account.address)
    const signature = await sign({ hash: hex0x(digest), privateKey: hex0x(key) })
    const full = unhex(serializeSignature(signature))
    const short = unhex(serializeCompactSignature(signatureToCompactSignature(signature)))
    expect(value(Secp256k1.recover(digest, full, 'from-27'))).toEqual(address)
    value(WalletSignature.verify(address, digest, full))
    value(WalletSignature.verify(address, digest, short))
    expect(
      unhex(serializeSignature(compactSignatureToSignature(parseCompactSignature(hex0x(short))))),
    ).toEqual(full)
    expect(parseSignature(hex0x(full)).r).toBe(signature.r)
    expect(check(WalletSignature.verify(address, flip(digest, 0), full))).toBe('signature')
  },
)

property.prop([secret, bytes32, fc.nat(64 * 8 - 1)], runs)(
  'ECDSA: a changed signature recovers to the key that @polkadot/util-crypto finds, or to none',
  async (key, digest, bit) => {
    const signature = flip(
      unhex(serializeSignature(await sign({ hash: hex0x(digest), privateKey: hex0x(key) }))),
      bit,
    )
    const id = (signature[64] as number) - 27
    const recovered = Secp256k1.recover(digest, signature, 'from-27')
    let other: string
    try {
      other = hex(secp256k1Recover(digest, signature.subarray(0, 64), id))
    } catch {
      other = 'none'
    }
    if (recovered.ok) expect(hex(recovered.value)).toBe(hex(value(Secp256k1.address(unhex(other)))))
    // It takes high s, which is refused here.
    else expect(other === 'none' || recovered.refusal.check === 'signature-high-s').toBe(true)
  },
)

property.prop([fc.uint8Array()], runs)('messages of wallets hash as viem hashes them', (message) => {
  expect(hex0x(Secp256k1.personalDigest(message))).toBe(hashMessage({ raw: message }))
})

property.prop([bytes32, fc.uint8Array({ maxLength: 100 }), fc.option(fc.nat(96 * 8 - 1))], runs)(
  'A59: ed25519: OpenSSL and @polkadot/util-crypto take what the strictest rule takes, of honest keys',
  (seed, message, bit) => {
    const pair = ed25519PairFromSeed(seed)
    const all = concat(ed25519Sign(message, pair), pair.publicKey)
    const changed = bit === null ? all : flip(all, bit)
    const [signature, key] = [changed.slice(0, 64), changed.slice(64)]
    const verdict = Ed25519.verify(key, message, signature, 'prime-order')
    expect(verdict.ok).toBe(bit === null)
    if (!Ed25519.readKey(key, 'prime-order').ok) return
    const der = concat(unhex('302a300506032b6570032100'), key)
    const openssl = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    expect(nodeVerify(null, message, openssl, signature)).toBe(verdict.ok)
    expect(ed25519Verify(message, signature, key)).toBe(verdict.ok)
  },
)

/** Struct types without names that mean something else, each made of elementary types and of the structs behind it. */
const typedData = fc
  .array(
    fc.uniqueArray(
      fc.tuple(
        fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/),
        fc.nat(1000),
        fc.constantFrom('', '[]', '[2]', '[][1]'),
      ),
      {
        selector: ([name]) => name,
        maxLength: 4,
      },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .chain((structs) => {
    const elementary = [
      'bool',
      'string',
      'bytes',
      'address',
      'uint8',
      'int16',
      'uint256',
      'int256',
      'bytes1',
      'bytes32',
      'bytes20',
      'uint48',
    ]
    const names = structs.map((_, i) => `S${i}`)
    const types = Object.fromEntries(
      structs.map((fields, i) => [
        names[i] as string,
        fields.map(([name, pick, array]) => {
          const choice = [...elementary, ...names.slice(i + 1)]
          return { name, type: `${choice[pick % choice.length]}${array}` }
        }),
      ]),
    )
    return fc.record({ types: fc.constant(types), message: anyOf(types, 'S0') })
  })

function anyOf(types: TypedData.Types, type: string): fc.Arbitrary<TypedData.Value> {
  const array = /^(.+)\[(\d*)\]$/.exec(type)
  if (array !== null) {
    const length =
      array[2] === '' ? { maxLength: 3 } : { minLength: Number(array[2]), maxLength: Number(array[2]) }
    return fc.array(anyOf(types, array[1] as string), length) as fc.Arbitrary<TypedData.Value>
  }
  const struct = types[type]
  if (struct !== undefined)
    return fc.record(Object.fromEntries(struct.map((field) => [field.name, anyOf(types, field.type)])))
  if (type === 'bool') return fc.boolean()
  if (type === 'string') return fc.string({ unit: 'grapheme' })
  const integer = /^(u?)int(\d+)$/.exec(type)
  if (integer !== null) {
    const bits = BigInt(integer[2] as string)
    return integer[1] === 'u'
      ? fc.bigInt({ min: 0n, max: (1n << bits) - 1n })
      : fc.bigInt({ min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n })
  }
  const size = type === 'address' ? 20 : Number(/^bytes(\d+)$/.exec(type)?.[1] ?? Number.NaN)
  const bytes = Number.isNaN(size)
    ? fc.uint8Array({ maxLength: 70 })
    : fc.uint8Array({ minLength: size, maxLength: size })
  return bytes.map(hex0x)
}

const domain = fc.record(
  {
    name: fc.string(),
    version: fc.string(),
    chainId: fc.nat(),
    verifyingContract: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(hex0x),
    salt: bytes32.map(hex0x),
  },
  { requiredKeys: [] },
)

const FIELDS = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
]

property.prop([typedData, domain], runs)(
  'A61: typed data hash as viem hashes them',
  ({ types, message }, domain) => {
    const data = { domain, types, primaryType: 'S0', message }
    // viem leaves out an empty version of a domain whose type isn't told.
    const EIP712Domain = FIELDS.filter(({ name }) => Object.hasOwn(domain, name))
    expect(hex0x(value(TypedData.digest(data)))).toBe(
      hashTypedData({ ...data, types: { ...types, EIP712Domain } } as never),
    )
  },
)
