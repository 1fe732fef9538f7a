import { Address, Ed25519Instruction, type Message } from '@aitbc/proofs/solana'
import { ed25519 } from '@noble/curves/ed25519.js'
import { expect, test } from 'vitest'
import { check, concat, flip, refusal, value } from '../helpers.js'
import { hashOf, key } from './world.js'

const guardian = key('guardian')
const said = new TextEncoder().encode('mint 120,000')
const signed = ed25519.sign(said, guardian.secret)
const SELF = 0xffff

interface Row {
  readonly signature?: readonly [number, number]
  readonly publicKey?: readonly [number, number]
  readonly message?: readonly [number, number, number]
}

/** The instruction's data: count, padding, offsets, key, signature, message. */
function data({
  signature = [48, SELF],
  publicKey = [16, SELF],
  message = [112, said.length, SELF],
}: Row = {}): Uint8Array {
  const numbers = [...signature, ...publicKey, ...message].flatMap((it) => [it & 255, it >> 8])
  return concat(Uint8Array.of(1, 0, ...numbers), guardian.address, signed, said)
}

function messageOf(bytes: Uint8Array, program = Address.ED25519_PROGRAM): Message.Message {
  return {
    version: 'legacy',
    header: { signatures: 1, readonlySigned: 0, readonlyUnsigned: 2 },
    addresses: [key('payer').address, program, hashOf('bridge')],
    lifetime: hashOf('recent'),
    instructions: [
      { program: 2, accounts: Uint8Array.of(0), data: data() },
      { program: 1, accounts: new Uint8Array(0), data: bytes },
    ],
    lookups: [],
  }
}

const refused = (bytes: Uint8Array) => check(Ed25519Instruction.verify(messageOf(bytes), 1))

test('A48: what the precompile verified, and by whom', () => {
  const expected = [{ publicKey: guardian.address, message: said, signature: signed }]
  expect(value(Ed25519Instruction.verify(messageOf(data()), 1))).toEqual(expected)
  const own = data({ signature: [48, 1], publicKey: [16, 1], message: [112, said.length, 1] })
  expect(value(Ed25519Instruction.verify(messageOf(own), 1))).toEqual(expected)
})

test('A48: the same bytes to another program are nothing', () => {
  expect(check(Ed25519Instruction.verify(messageOf(data()), 0))).toBe('precompile-program')
  const fake = messageOf(data(), flip(Address.ED25519_PROGRAM, 3))
  expect(check(Ed25519Instruction.verify(fake, 1))).toBe('precompile-program')
  expect(check(Ed25519Instruction.verify(messageOf(data()), 2))).toBe('precompile-index')
})

test('A48: offsets into another instruction', () => {
  expect(refused(data({ signature: [48, 0] }))).toBe('precompile-elsewhere')
  expect(refused(data({ publicKey: [16, 0] }))).toBe('precompile-elsewhere')
  expect(refused(data({ message: [112, said.length, 0] }))).toBe('precompile-elsewhere')
})

test('A48: offsets beyond the end, or into the offsets', () => {
  expect(refused(data({ signature: [62 + said.length + 23, SELF] }))).toBe('precompile-bounds')
  expect(refused(data({ publicKey: [0xfff0, SELF] }))).toBe('precompile-bounds')
  expect(refused(data({ publicKey: [15, SELF] }))).toBe('precompile-bounds')
  expect(refused(data({ message: [112, said.length + 1, SELF] }))).toBe('precompile-bounds')
  expect(refused(data({ message: [2, 14, SELF] }))).toBe('precompile-bounds')
})

test('A48: no signature, none that is right, or bytes that mean nothing', () => {
  expect(refused(Uint8Array.of(0, 0))).toBe('precompile-count')
  expect(refused(Uint8Array.of(1, 0))).toBe('truncated')
  expect(refused(Uint8Array.of(255, 0, ...data().slice(2)))).toBe('truncated')
  expect(refused(new Uint8Array(0))).toBe('truncated')
  expect(refusal(Ed25519Instruction.verify(messageOf(flip(data(), 8)), 1))).toEqual({
    check: 'precompile-padding',
    message: 'padding must be zero at byte 2',
  })
  for (const at of [16, 48, 112]) expect(refused(flip(data(), 8 * at))).toBe('signature')
  expect(refused(data({ message: [112, said.length - 1, SELF] }))).toBe('signature')
})
