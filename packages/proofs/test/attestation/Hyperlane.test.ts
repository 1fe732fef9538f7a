import { Hyperlane, Secp256k1 } from '@aitbc/proofs/attestation'
import { IncrementalTree } from '@aitbc/proofs/merkle'
import { fc, test as property } from '@fast-check/vitest'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, value } from '../helpers.js'
import { SCHEMES, secretOf } from './world.js'

const address = (member: number) => value(Secp256k1.address(secp256k1.getPublicKey(secretOf(member))))

const validators: Hyperlane.Validators = {
  domain: 1000,
  hook: new Uint8Array(32).fill(1),
  addresses: [0, 1, 2, 3].map(address),
  threshold: 3,
}
const messageOf = (nonce: number): Hyperlane.Message => ({
  version: 3,
  nonce,
  origin: 1000,
  sender: new Uint8Array(32).fill(2),
  destination: 2000,
  recipient: new Uint8Array(32).fill(3),
  body: Uint8Array.of(nonce, 1),
})
const messages = [0, 1, 2, 3, 4].map(messageOf)
const ids = messages.map(Hyperlane.idOf)
const root = IncrementalTree.root(ids.reduce(IncrementalTree.append, IncrementalTree.empty(Hyperlane.SHAPE)))
const policy = {
  emitters: [{ chain: '1000', address: messageOf(0).sender }],
  targets: [{ chain: '2000', address: messageOf(0).recipient }],
}

/** The checkpoint at the last message, signed by members. */
function evidenceOf(
  at: number,
  by: readonly number[] = [0, 1, 2],
  changed: Partial<Hyperlane.Checkpoint> = {},
): Hyperlane.Evidence {
  const checkpoint = {
    domain: 1000,
    hook: validators.hook,
    root,
    index: 4,
    messageId: ids[4] as Uint8Array,
    ...changed,
  }
  const digest = Hyperlane.checkpointDigest(checkpoint)
  return {
    root: checkpoint.root,
    index: checkpoint.index,
    messageId: checkpoint.messageId,
    proof: IncrementalTree.prove(Hyperlane.SHAPE, ids, at),
    signatures: by.map((member) => SCHEMES['ecdsa-address'].sign(member, digest)),
  }
}

function receive(
  at: number,
  evidence: Hyperlane.Evidence,
  {
    bytes = Hyperlane.encode(messageOf(at)),
    by = validators,
    consumed = new Set<string>(),
    allowed = policy as object,
  } = {},
) {
  return Hyperlane.receive(by, bytes, evidence, { policy: allowed as never, consumed })
}

describe('messages', () => {
  property.prop([fc.uint8Array(), fc.nat(0xffffffff)])(
    'what is written is read, and has one id',
    (body, nonce) => {
      const message = { ...messageOf(0), body, nonce }
      const bytes = Hyperlane.encode(message)
      expect(value(Hyperlane.decode(bytes))).toEqual(message)
      expect(check(Hyperlane.decode(bytes.subarray(0, 76)))).toBe('evidence-encoding')
      for (const version of [0, 1, 2, 4])
        expect(check(Hyperlane.decode(bytes.map((byte, i) => (i === 0 ? version : byte))))).toBe('version')
    },
  )

  test('default: the last message, and any before it', () => {
    for (const at of [0, 1, 2, 3, 4])
      expect(hex(value(receive(at, evidenceOf(at))).id)).toBe(hex(ids[at] as Uint8Array))
    value(receive(1, evidenceOf(1, [1, 2, 3])))
    value(receive(1, evidenceOf(1, [2]), { by: { ...validators, threshold: 1 } }))
    value(receive(1, evidenceOf(1, [0, 1, 2, 3])))
  })

  test('A55: one message has one id, whoever signed', () => {
    const all = [
      [0, 1, 2],
      [1, 2, 3],
      [0, 1, 2, 3],
    ].map((by) => hex(value(receive(2, evidenceOf(2, by))).id))
    expect(new Set(all).size).toBe(1)
    const consumed = new Set(all)
    for (const by of [
      [0, 1, 2],
      [1, 2, 3],
    ])
      expect(check(receive(2, evidenceOf(2, by), { consumed }))).toBe('replayed')
  })
})

test('checkpoints of before version 3 name no message, and are none of today', () => {
  const { messageId: _, ...old } = { domain: 1000, hook: validators.hook, root, index: 4, messageId: root }
  expect(hex(Hyperlane.checkpointDigest(old))).toBe(
    hex(
      Secp256k1.personalDigest(
        keccak_256(concat(Hyperlane.domainHash(1000, validators.hook), root, Uint8Array.of(0, 0, 0, 4))),
      ),
    ),
  )
  const signatures = [0, 1, 2].map((member) =>
    SCHEMES['ecdsa-address'].sign(member, Hyperlane.checkpointDigest(old)),
  )
  expect(check(receive(1, { ...evidenceOf(1), signatures }))).toBe('signature')
  // What they signed then would be what they sign for an id of no bytes.
  for (const length of [0, 31, 33])
    expect(check(receive(1, { ...evidenceOf(1), messageId: new Uint8Array(length), signatures }))).toBe(
      'checkpoint',
    )
})

describe('refusals', () => {
  test('A54: who must sign is said, and is somebody', () => {
    for (const by of [
      { ...validators, threshold: 0 },
      { ...validators, threshold: 5 },
      { ...validators, threshold: Number.NaN },
      { ...validators, threshold: 1.5 },
      { ...validators, addresses: [] },
      { ...validators, addresses: [address(0), address(1), address(0)] },
      { ...validators, addresses: [address(0), address(1), new Uint8Array(20)] },
      { ...validators, addresses: [address(0), address(1), address(2).subarray(1)] },
    ])
      expect(check(receive(1, evidenceOf(1), { by }))).toBe('validators')
  })

  test('A54: too few, strangers, twice, or out of order', () => {
    expect(check(receive(1, evidenceOf(1, [0, 1])))).toBe('threshold')
    expect(check(receive(1, evidenceOf(1, [])))).toBe('threshold')
    expect(check(receive(1, evidenceOf(1, [0, 1, 9])))).toBe('signature')
    expect(check(receive(1, evidenceOf(1, [0, 1, 1])))).toBe('signer-duplicate')
    expect(check(receive(1, evidenceOf(1, [0, 2, 1])))).toBe('signer-order')
    // What can't count isn't looked at: recovering keys is what costs.
    const many = Array.from({ length: 20_000 }, () => new Uint8Array(65))
    expect(check(receive(1, { ...evidenceOf(1), signatures: many }))).toBe('signer-duplicate')
    expect(check(receive(1, { ...evidenceOf(1), signatures: many.slice(0, 4) }))).toBe('signature')
    const { signatures, ...rest } = evidenceOf(1)
    const short = signatures.map((signature) => signature.subarray(0, 64))
    expect(check(receive(1, { ...rest, signatures: short }))).toBe('signature')
  })

  test('A54: what was signed for another origin, tree, root, place or message', () => {
    const good = evidenceOf(1)
    for (const changed of [
      { domain: 1001 },
      { hook: new Uint8Array(32).fill(9) },
      { root: flip(root, 0) },
      { index: 5 },
      { messageId: flip(ids[4] as Uint8Array, 0) },
    ])
      expect(check(receive(1, { ...good, signatures: evidenceOf(1, [0, 1, 2], changed).signatures }))).toBe(
        'signature',
      )
    expect(check(receive(1, good, { by: { ...validators, domain: 1001 } }))).toBe('origin')
    expect(check(receive(1, good, { by: { ...validators, hook: new Uint8Array(32) } }))).toBe('signature')
  })

  test('A52: the zero root proves nothing, though all signed it', () => {
    expect(check(receive(1, evidenceOf(1, [0, 1, 2], { root: new Uint8Array(32) })))).toBe('merkle-root-zero')
  })

  test('A53: another message, another place, a later one', () => {
    expect(check(receive(1, evidenceOf(2)))).toBe('merkle-root')
    expect(check(receive(1, evidenceOf(1), { bytes: flip(Hyperlane.encode(messageOf(1)), 0) }))).toBe(
      'version',
    )
    expect(check(receive(1, evidenceOf(1), { bytes: flip(Hyperlane.encode(messageOf(1)), 8 * 77) }))).toBe(
      'merkle-root',
    )
    expect(check(receive(4, evidenceOf(4, [0, 1, 2], { index: 3 })))).toBe('merkle-index')
    for (const index of [-1, 4.5, 2 ** 32, Number.NaN])
      expect(check(receive(1, { ...evidenceOf(1), index }))).toBe('merkle-index')
    expect(check(receive(4, evidenceOf(4, [0, 1, 2], { messageId: ids[3] as Uint8Array })))).toBe(
      'checkpoint',
    )
  })

  test('A20, A21: senders and recipients that are not listed', () => {
    expect(check(receive(1, evidenceOf(1), { allowed: { emitters: [] } }))).toBe('emitter-unknown')
    expect(check(receive(1, evidenceOf(1), { allowed: { emitters: policy.emitters } }))).toBe(
      'target-unknown',
    )
    const privileged = { ...policy, privileged: policy.targets }
    expect(check(receive(1, evidenceOf(1), { allowed: privileged }))).toBe('target-privileged')
  })

  property.prop([fc.nat(), fc.nat(7)])('one changed bit of what was signed is refused', (where, bit) => {
    const evidence = evidenceOf(1)
    const all = concat(Hyperlane.encode(messageOf(1)), evidence.root, ...evidence.signatures)
    const changed = flip(all, 8 * (where % all.length) + bit)
    const length = Hyperlane.encode(messageOf(1)).length
    const signatures = [0, 1, 2].map((i) => changed.slice(length + 32 + 65 * i, length + 32 + 65 * (i + 1)))
    const root = changed.slice(length, length + 32)
    expect(receive(1, { ...evidence, root, signatures }, { bytes: changed.slice(0, length) }).ok).toBe(false)
  })
})
