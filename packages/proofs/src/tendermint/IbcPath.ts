import { type Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { join } from '../internal/join.js'

/*
 * Where IBC keeps what the other chain verifies (ICS-24, "Path-space"), as keys in the store `ibc`; and the commitments that
 * stand there (ICS-4).
 */

/** A height of IBC: that of a block within a revision of its chain. */
export interface Height {
  readonly revision: bigint
  readonly height: bigint
}

/** The end of a channel. */
export interface Channel {
  readonly port: string
  readonly channel: string
}

const IDENTIFIER = /^[a-zA-Z0-9._+\-#[\]<>]+$/

/** `clients/{client}/clientState`. Refusal of all paths here: `ibc-identifier` (ICS-24, "Identifiers"). */
export function clientState(client: string): Verdict.Verdict<Bytes.Bytes> {
  return path`clients/${id(client, 9)}/clientState`
}

/** `clients/{client}/consensusStates/{revision}-{height}`. */
export function consensusState(client: string, { revision, height }: Height): Verdict.Verdict<Bytes.Bytes> {
  return path`clients/${id(client, 9)}/consensusStates/${revision}-${height}`
}

/** `connections/{connection}`. */
export function connection(connection: string): Verdict.Verdict<Bytes.Bytes> {
  return path`connections/${id(connection, 10)}`
}

/** `channelEnds/ports/{port}/channels/{channel}`. */
export function channelEnd(end: Channel): Verdict.Verdict<Bytes.Bytes> {
  return path`channelEnds/${place(end)}`
}

/** `commitments/ports/{port}/channels/{channel}/sequences/{sequence}`. */
export function packetCommitment(end: Channel, sequence: bigint): Verdict.Verdict<Bytes.Bytes> {
  return path`commitments/${place(end)}/sequences/${sequence}`
}

/** `receipts/ports/{port}/channels/{channel}/sequences/{sequence}`. */
export function packetReceipt(end: Channel, sequence: bigint): Verdict.Verdict<Bytes.Bytes> {
  return path`receipts/${place(end)}/sequences/${sequence}`
}

/** `acks/ports/{port}/channels/{channel}/sequences/{sequence}`. */
export function packetAcknowledgement(end: Channel, sequence: bigint): Verdict.Verdict<Bytes.Bytes> {
  return path`acks/${place(end)}/sequences/${sequence}`
}

/** `nextSequenceRecv/ports/{port}/channels/{channel}`. */
export function nextSequenceReceive(end: Channel): Verdict.Verdict<Bytes.Bytes> {
  return path`nextSequenceRecv/${place(end)}`
}

/** `upgradedIBCState/{height}/upgradedClient`, in the store `upgrade` (ICS-7, "Upgrades"). */
export function upgradedClient(height: bigint): Verdict.Verdict<Bytes.Bytes> {
  return path`upgradedIBCState/${height}/upgradedClient`
}

/** `upgradedIBCState/{height}/upgradedConsState`, in the store `upgrade` (ICS-7, "Upgrades"). */
export function upgradedConsensusState(height: bigint): Verdict.Verdict<Bytes.Bytes> {
  return path`upgradedIBCState/${height}/upgradedConsState`
}

/**
 * What stands at {@link packetCommitment}: sha256 of the timeouts (nanoseconds, then height, 8 bytes each) and of the data's own
 * sha256 (ibc-go `CommitPacket`; ICS-4).
 */
export function commitPacket(packet: {
  readonly timeoutTimestamp: bigint
  readonly timeoutHeight: Height
  readonly data: Bytes.Bytes
}): Bytes.Hash32 {
  const { timeoutTimestamp, timeoutHeight, data } = packet
  const head = new DataView(new ArrayBuffer(24))
  head.setBigUint64(0, timeoutTimestamp)
  head.setBigUint64(8, timeoutHeight.revision)
  head.setBigUint64(16, timeoutHeight.height)
  return sha256(join([new Uint8Array(head.buffer), sha256(data)]))
}

/** What stands at {@link packetAcknowledgement}: sha256 of the acknowledgement (ICS-4). */
export function commitAcknowledgement(acknowledgement: Bytes.Bytes): Bytes.Hash32 {
  return sha256(acknowledgement)
}

type Part = bigint | { readonly text: string | undefined }

function id(text: string, least: number, most = 64): Part {
  return { text: text.length >= least && text.length <= most && IDENTIFIER.test(text) ? text : undefined }
}

function place({ port, channel }: Channel): Part {
  const parts = [id(port, 2, 128), id(channel, 8)] as { readonly text: string | undefined }[]
  const wrong = parts.find(({ text }) => text === undefined)
  return wrong ?? { text: `ports/${port}/channels/${channel}` }
}

function path(literals: readonly string[], ...parts: readonly Part[]): Verdict.Verdict<Bytes.Bytes> {
  let out = literals[0] as string
  for (const [i, part] of parts.entries()) {
    if (typeof part === 'bigint' ? part < 0n || part >= 1n << 64n : part.text === undefined)
      return Verdict.refuse('ibc-identifier', 'an identifier or a number of ICS-24 is expected', { index: i })
    out += `${typeof part === 'bigint' ? part : part.text}${literals[i + 1]}`
  }
  return Verdict.accept(new TextEncoder().encode(out))
}
