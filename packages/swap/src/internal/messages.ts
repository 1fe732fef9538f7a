import {
  type AitbcError,
  Bytes,
  type CallOptions,
  type ChainId,
  type Channel,
  Codec,
  isAitbcError,
  type LockTerms,
} from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import * as Side from '../Side.js'

/** Longest message of a negotiation, bytes. */
export const MAX_MESSAGE = 65_536

/** What one member brings for one leg as its locker: what to lock in, and a salt of its own. */
export interface Offer {
  readonly backend: LockTerms.Backend
  readonly salt: Bytes.Bytes32
}

/** An instant that was told, or that is asked for when it counts: messages may take any time to come. */
export type Instant = bigint | (() => bigint)

/** The instant as it is now. */
export function instantOf(now: Instant): bigint {
  return typeof now === 'function' ? now() : now
}

/** Tells the counterparties why, then fails: they must not wait for somebody who is gone. */
export async function declining<T>(
  channels: readonly Channel.Channel[],
  options: CallOptions,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    const error = isAitbcError(thrown, 'InvalidEncoding')
      ? SwapErrors.NegotiationMalformed(thrown.message, thrown.context, { cause: thrown })
      : thrown
    const declined = isAitbcError(error, 'NegotiationRefused') && error.context.by === 'counterparty'
    // Of two, the other one knows that it declined.
    if (!declined || channels.length > 1) {
      const reason = isAitbcError(error) ? told(error) : 'internal error'
      // What was cut may end in half a character, of which there is no text.
      const text = new TextDecoder().decode(new TextEncoder().encode(reason.slice(0, 500)))
      const message = Codec.writer().u8(0).text(text).finish()
      // Who was waited for too long is told as well, and not waited for once more.
      const aborted = options.signal?.aborted === true
      const sent = Promise.allSettled(
        channels.map((channel) => channel.send(message, aborted ? {} : options)),
      )
      if (!aborted) await sent
    }
    throw error
  }
}

/** What is wrong with the terms concerns both; an endpoint's, a wallet's or a storage's trouble is told by its name alone. */
function told({ _tag, code, message }: AitbcError): string {
  const concernsBoth = (code >= 1000 && code < 1100) || (code >= 4000 && code < 5000)
  return concernsBoth ? `${_tag}: ${message}` : _tag
}

/** The next message, which must be of a kind; `NegotiationRefused` (4005) where it is a refusal, `NegotiationMalformed` (4006). */
export async function receive(
  channel: Channel.Channel,
  kind: number,
  options: CallOptions,
): Promise<Codec.Reader> {
  const message = await channel.receive(options)
  if (message.length > MAX_MESSAGE)
    throw SwapErrors.NegotiationMalformed(`a message has at most ${MAX_MESSAGE} bytes, got ${message.length}`)
  const reader = Codec.reader(message)
  const got = reader.u8()
  if (got === 0) {
    const reason = reader.text(2000)
    reader.finish() // else an offer whose first bit was flipped would pass for a refusal, and its sender wait for ever
    throw SwapErrors.NegotiationRefused(`the counterparty declined: ${reason}`, {
      by: 'counterparty',
      reason,
    })
  }
  if (got !== kind)
    throw SwapErrors.NegotiationMalformed(`message ${kind} expected, got ${got}`, {
      expected: kind,
      received: got,
    })
  return reader
}

export function writeParty(
  writer: Codec.Writer,
  { account, publicKey, payout }: LockTerms.Party,
): Codec.Writer {
  return writer
    .text(account)
    .optional(publicKey, (w, key) => w.bytes(key))
    .text(payout)
}

export function readParty(reader: Codec.Reader): LockTerms.Party {
  const account = reader.text(256) as LockTerms.Party['account']
  const publicKey = reader.optional((r) => r.bytes(33))
  return {
    account,
    ...(publicKey ? { publicKey } : {}),
    payout: reader.text(256) as LockTerms.Party['payout'],
  }
}

export function writeOffer(writer: Codec.Writer, { backend, salt }: Offer): Codec.Writer {
  const { network, kind, address, codeHash } = backend
  return writer
    .text(network)
    .text(kind)
    .optional(address, (w, text) => w.text(text))
    .optional(codeHash, (w, hash) => w.fixed(hash))
    .fixed(salt)
}

export function readOffer(reader: Codec.Reader): Offer {
  const network = reader.text(64) as ChainId.ChainId
  const kind = reader.text(32)
  const address = reader.optional((r) => r.text(128))
  const codeHash = reader.optional((r) => r.fixed(32))
  const salt = reader.fixed(32)
  return {
    backend: {
      network,
      kind,
      ...(address === undefined ? {} : { address }),
      ...(codeHash ? { codeHash } : {}),
    },
    salt,
  }
}

/** A contract or script form that the other side names must be the one this side knows: address and code hash (H20). */
export function assertBackend(theirs: LockTerms.Backend, ours: LockTerms.Backend): void {
  const same =
    theirs.network === ours.network &&
    theirs.address === ours.address &&
    (ours.address === undefined || theirs.kind === ours.kind) &&
    (ours.codeHash === undefined
      ? theirs.codeHash === undefined
      : theirs.codeHash !== undefined && Bytes.equal(theirs.codeHash, ours.codeHash))
  if (!same)
    throw SwapErrors.InvalidAgreement(
      `backend must be ${ours.kind} ${ours.address ?? ''} on ${ours.network}, got ${theirs.kind} ${theirs.address ?? ''} on ${theirs.network}`,
      { argument: 'backend', expected: ours, received: theirs },
    )
}

/** A leg must be sound on its chain by this side's own adapter: keys, program, token, amount (H20, H13, H27). */
export function assertSound(name: string, terms: LockTerms.LockTerms, sides: Side.Sides): void {
  const verdict = Side.of(sides, terms.backend.network).adapter.auditTerms(terms)
  if (!verdict.ok)
    throw SwapErrors.InvalidAgreement(
      `the ${name} leg fails ${verdict.refusal.check}: ${verdict.refusal.message}`,
      { argument: `agreement.${name}`, check: verdict.refusal.check },
    )
}
