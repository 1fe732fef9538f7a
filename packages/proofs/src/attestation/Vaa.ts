import { Bytes, Codec, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { decode as decodeCanonical } from '../internal/canonical.js'
import type { Entry } from './internal/count.js'

/** What guardians signed (Wormhole, whitepaper 0001 and 0003): all of it is bound, and nothing else is. */
export interface Body {
  /** Unix seconds by the emitting chain's clock. */
  readonly timestamp: number
  readonly nonce: number
  /** Wormhole's number of the chain. */
  readonly emitterChain: number
  readonly emitterAddress: Bytes.Bytes32
  readonly sequence: bigint
  readonly consistencyLevel: number
  readonly payload: Bytes.Bytes
}

/** A message with the signatures of guardians, version 1. */
export interface Vaa {
  /** Index of the guardian set that signed. */
  readonly guardianSet: number
  readonly signatures: readonly Entry[]
  readonly body: Body
  /** What was signed: computed from the body, never given (A53). */
  readonly digest: Bytes.Hash32
}

/** The governance actions of Wormhole's core bridge. */
export interface GuardianSetUpgrade {
  readonly index: number
  /** Addresses of 20 bytes. */
  readonly guardians: readonly Bytes.Bytes[]
}

/** A governance payload (Wormhole, whitepaper 0002): which module is to do what, on which chain. */
export interface Governance {
  /** Such as `Core` or `TokenBridge`. */
  readonly module: string
  readonly action: number
  /** Wormhole's number of the chain; 0 for all. */
  readonly chain: number
  readonly rest: Bytes.Bytes
}

/** Who speaks for the guardians' government: chain 1, address 4. */
export const GOVERNANCE_EMITTER: Bytes.Bytes32 = /* @__PURE__ */ (() => {
  const address = new Uint8Array(32)
  address[31] = 4
  return address
})()

const BODY_HEAD = 51

/**
 * Reads a VAA of version 1 to its last byte; the payload is whatever stands behind the body's head. Refusals: `evidence-encoding`,
 * `version`.
 *
 * @example
 * import { Vaa } from '@aitbc/proofs/attestation'
 * Vaa.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Vaa> {
  const read = decodeCanonical(bytes, (reader) => {
    const version = reader.u8()
    const guardianSet = reader.u32()
    const signatures = Array.from({ length: reader.u8() }, () => ({
      index: reader.u8(),
      signature: reader.fixed(65),
    }))
    const at = 6 + 66 * signatures.length
    const body = {
      timestamp: reader.u32(),
      nonce: reader.u32(),
      emitterChain: u16(reader),
      emitterAddress: reader.fixed(32),
      sequence: reader.u64(),
      consistencyLevel: reader.u8(),
      payload: reader.fixed(bytes.length - at - BODY_HEAD),
    }
    return { version, vaa: { guardianSet, signatures, body, digest: digestOf(bytes.subarray(at)) } }
  })
  if (!read.ok) return read
  return read.value.version === 1
    ? Verdict.accept(read.value.vaa)
    : Verdict.refuse('version', `version 1 is known, not ${read.value.version}`)
}

/** Writes a body in its one form. */
export function encodeBody(body: Body): Bytes.Bytes {
  return Codec.writer()
    .u32(body.timestamp)
    .u32(body.nonce)
    .u8(body.emitterChain >> 8)
    .u8(body.emitterChain & 0xff)
    .fixed(body.emitterAddress)
    .u64(body.sequence)
    .u8(body.consistencyLevel)
    .fixed(body.payload)
    .finish()
}

/** Writes a VAA of version 1. */
export function encode({ guardianSet, signatures, body }: Omit<Vaa, 'digest'>): Bytes.Bytes {
  const writer = Codec.writer().u8(1).u32(guardianSet).u8(signatures.length)
  for (const { index, signature } of signatures) writer.u8(index).fixed(signature)
  return writer.fixed(encodeBody(body)).finish()
}

/** What guardians sign: Keccak-256 of Keccak-256 of the body; also the id by which a VAA is acted on once. */
export function digestOf(body: Bytes.Bytes): Bytes.Hash32 {
  return keccak_256(keccak_256(body))
}

/** Tells whether a message comes from the guardians' government. */
export function isGovernance({ emitterChain, emitterAddress }: Body): boolean {
  return emitterChain === 1 && Bytes.equal(emitterAddress, GOVERNANCE_EMITTER)
}

/**
 * Reads a governance payload. Refusals: `governance-emitter` (anyone can write such a payload), `evidence-encoding`,
 * `governance-module` (no name of letters behind zeros).
 *
 * @example
 * import { Vaa } from '@aitbc/proofs/attestation'
 * const module = (vaa: Vaa.Vaa) => Vaa.decodeGovernance(vaa.body)
 */
export function decodeGovernance(body: Body): Verdict.Verdict<Governance> {
  if (!isGovernance(body))
    return Verdict.refuse('governance-emitter', 'the emitter is not the government of the guardians')
  const { payload } = body
  const read = decodeCanonical(payload, (reader) => ({
    name: reader.fixed(32),
    action: reader.u8(),
    chain: u16(reader),
    rest: reader.fixed(payload.length - 35),
  }))
  if (!read.ok) return read
  const { name, action, chain, rest } = read.value
  const module = /^\0*([A-Za-z]+)$/.exec(String.fromCharCode(...name))?.[1]
  return module === undefined
    ? Verdict.refuse('governance-module', 'the module has no name')
    : Verdict.accept({ module, action, chain, rest })
}

/**
 * Reads the payload that appoints the next guardian set (whitepaper 0002, `GuardianSetUpgrade`). Refusals: those of
 * {@link decodeGovernance}, `governance-module` (not `Core`), `governance-action` (not 2), `governance-chain` (not for all).
 *
 * @example
 * import { Vaa } from '@aitbc/proofs/attestation'
 * const guardians = (vaa: Vaa.Vaa) => Vaa.decodeUpgrade(vaa.body)
 */
export function decodeUpgrade(body: Body): Verdict.Verdict<GuardianSetUpgrade> {
  const governance = decodeGovernance(body)
  if (!governance.ok) return governance
  const { module, action, chain, rest } = governance.value
  if (module !== 'Core') return Verdict.refuse('governance-module', `Core appoints guardians, not ${module}`)
  if (action !== 2) return Verdict.refuse('governance-action', `action 2 appoints guardians, not ${action}`)
  if (chain !== 0)
    return Verdict.refuse('governance-chain', `guardians are appointed for all, not for ${chain}`)
  return decodeCanonical(rest, (reader) => ({
    index: reader.u32(),
    guardians: Array.from({ length: reader.u8() }, () => reader.fixed(20)),
  }))
}

function u16(reader: Codec.Reader): number {
  return (reader.u8() << 8) | reader.u8()
}
