import { Bytes, Codec, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { decode as decodeCanonical } from '../internal/canonical.js'
import * as IncrementalTree from '../merkle/IncrementalTree.js'
import { count } from './internal/count.js'
import * as Route from './Route.js'
import * as Scheme from './Scheme.js'
import * as Secp256k1 from './Secp256k1.js'

/** A message between two domains (Hyperlane's numbers of chains). */
export interface Message {
  readonly version: number
  /** Its place in the origin's mailbox. */
  readonly nonce: number
  readonly origin: number
  readonly sender: Bytes.Bytes32
  readonly destination: number
  readonly recipient: Bytes.Bytes32
  readonly body: Bytes.Bytes
}

/** What a validator signs: the root of an origin's tree of messages. */
export interface Checkpoint {
  readonly domain: number
  /** The contract that keeps the tree (of mailboxes before version 3: the mailbox itself), 32 bytes. */
  readonly hook: Bytes.Bytes32
  readonly root: Bytes.Hash32
  /** Index of the last message in the tree. */
  readonly index: number
  /** Id of that message; absent in checkpoints of before version 3. */
  readonly messageId?: Bytes.Hash32
}

/** Those whose word a receiver takes for one origin. */
export interface Validators {
  readonly domain: number
  readonly hook: Bytes.Bytes32
  /** Addresses of 20 bytes, in the order in which they sign. */
  readonly addresses: readonly Bytes.Bytes[]
  readonly threshold: number
}

/** How a message is proved: its checkpoint, by signature and, where a later message was signed, by the tree. */
export interface Evidence {
  readonly root: Bytes.Hash32
  /** Index of the message that the checkpoint ends with. */
  readonly index: number
  readonly messageId: Bytes.Hash32
  readonly proof: IncrementalTree.Proof
  /** 65 bytes each, v 27 or 28, in the order of the validators. */
  readonly signatures: readonly Bytes.Bytes[]
}

/** The shape of the origin's tree. */
export const SHAPE: IncrementalTree.Shape = /* @__PURE__ */ IncrementalTree.shape(keccak_256, 32)

const HEAD = 77

/** Writes a message in its one form (Hyperlane, `Message.sol`). */
export function encode(message: Message): Bytes.Bytes {
  return Codec.writer()
    .u8(message.version)
    .u32(message.nonce)
    .u32(message.origin)
    .fixed(message.sender)
    .u32(message.destination)
    .fixed(message.recipient)
    .fixed(message.body)
    .finish()
}

/**
 * Reads a message. Refusals: `evidence-encoding`, `version` (3 is the only one).
 *
 * @example
 * import { Hyperlane } from '@aitbc/proofs/attestation'
 * Hyperlane.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Message> {
  const read = decodeCanonical(bytes, (reader) => ({
    version: reader.u8(),
    nonce: reader.u32(),
    origin: reader.u32(),
    sender: reader.fixed(32),
    destination: reader.u32(),
    recipient: reader.fixed(32),
    body: reader.fixed(bytes.length - HEAD),
  }))
  return read.ok && read.value.version !== 3
    ? Verdict.refuse('version', `version 3 is known, not ${read.value.version}`)
    : read
}

/** The id of a message: Keccak-256 of its bytes; a leaf of the origin's tree. */
export function idOf(message: Message): Bytes.Hash32 {
  return keccak_256(encode(message))
}

/** What separates checkpoints of one origin from those of all others (`CheckpointLib.domainHash`). */
export function domainHash(domain: number, hook: Bytes.Bytes32): Bytes.Hash32 {
  const tag = new TextEncoder().encode('HYPERLANE')
  return keccak_256(Codec.writer().u32(domain).fixed(hook).fixed(tag).finish())
}

/** What a validator signs (`CheckpointLib.digest`), as a wallet signs a message. */
export function checkpointDigest({ domain, hook, root, index, messageId }: Checkpoint): Bytes.Hash32 {
  const writer = Codec.writer().fixed(domainHash(domain, hook)).fixed(root).u32(index)
  if (messageId !== undefined) writer.fixed(messageId)
  return Secp256k1.personalDigest(keccak_256(writer.finish()))
}

/**
 * Decides whether a message is in a checkpoint that enough validators signed, and one to act on (Hyperlane,
 * `MerkleRootMultisigIsm`). Surplus signatures are checked too.
 *
 * Refusals: `validators` (none, an address that isn't 20 bytes or is zero, one twice, threshold 0 or beyond their number), those of
 * {@link decode}, `origin` (not the validators'), `checkpoint` (it names no message, or ends with this one and names
 * another), those of `IncrementalTree.verify`, `threshold`, `signature` (of no validator), `signer-order`, `signer-duplicate`, those of `Route.allow`,
 * `replayed`.
 *
 * @example
 * import { Hyperlane } from '@aitbc/proofs/attestation'
 * const nobody = { domain: 1, hook: new Uint8Array(32), addresses: [], threshold: 0 }
 * const receiver = { policy: { emitters: [] }, consumed: new Set<string>() }
 * const judge = (message: Uint8Array, evidence: Hyperlane.Evidence) =>
 *   Hyperlane.receive(nobody, message, evidence, receiver)
 */
export function receive(
  validators: Validators,
  bytes: Bytes.Bytes,
  evidence: Evidence,
  { policy, consumed }: Receiver,
): Verdict.Verdict<Received> {
  const { domain, hook, addresses, threshold } = validators
  const { root, index, messageId, proof, signatures } = evidence
  const names = addresses.map(Bytes.toHex)
  if (
    !Number.isInteger(threshold) ||
    threshold < 1 ||
    threshold > addresses.length ||
    new Set(names).size !== names.length ||
    !addresses.every((address) => Scheme.ecdsaAddress.key(address))
  )
    return Verdict.refuse('validators', 'validators are different addresses, and at least one must sign')
  const message = decode(bytes)
  if (!message.ok) return message
  const { origin, sender, destination, recipient } = message.value
  if (origin !== domain)
    return Verdict.refuse('origin', `validators of ${domain} say nothing about ${origin}`)
  const id = keccak_256(bytes)
  // Without a message's id it would be one of before version 3.
  if (messageId.length !== 32) return Verdict.refuse('checkpoint', 'the checkpoint names no message')
  if (index === proof.index && !Bytes.equal(id, messageId))
    return Verdict.refuse('checkpoint', 'the checkpoint ends with another message')
  const inTree = IncrementalTree.verify(SHAPE, root, index + 1, id, proof)
  if (!inTree.ok) return inTree
  // Each costs a recovery, and there are no more than these who may sign.
  if (signatures.length > addresses.length)
    return Verdict.refuse('signer-duplicate', `${addresses.length} validators sign ${addresses.length} times`)
  const digest = checkpointDigest({ domain, hook, root, index, messageId })
  const entries = signatures.map((signature) => {
    const signer = Secp256k1.recover(digest, signature, 'from-27')
    return { index: signer.ok ? names.indexOf(Bytes.toHex(signer.value)) : -1, signature }
  })
  const stranger = entries.findIndex((entry) => entry.index < 0)
  if (stranger >= 0)
    return Verdict.refuse('signature', `signature ${stranger} is of no validator`, { index: stranger })
  // Recovering an address is the check of its signature.
  const voters = addresses.map((key) => ({ key, weight: 1n }))
  const counted = count(
    voters,
    BigInt(threshold),
    entries.map((entry) => entry.index),
  )
  if (!counted.ok) return counted
  const allowed = Route.allow(
    {
      emitter: { chain: String(origin), address: sender },
      target: { chain: String(destination), address: recipient },
    },
    policy,
  )
  if (!allowed.ok) return allowed
  return consumed.has(Bytes.toHex(id))
    ? Verdict.refuse('replayed', 'it was acted on before', { id: Bytes.toHex(id) })
    : Verdict.accept({ id, message: message.value })
}

/** What a receiver of messages knows beside the validators. */
export interface Receiver {
  /** Senders and recipients, by Hyperlane's numbers of domains in decimal. */
  readonly policy: Route.Policy
  /** Hex of the ids that were acted on. */
  readonly consumed: ReadonlySet<string>
}

/** A message to act on. */
export interface Received {
  readonly id: Bytes.Hash32
  readonly message: Message
}
