import { type Bytes, TaggedHash, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { join } from '../internal/join.js'
import * as Hash256 from './Hash256.js'
import * as Script from './Script.js'
import * as Transaction from './Transaction.js'

/** What a signature commits to; the last byte of most signatures. */
export const TYPE = { default: 0, all: 1, none: 2, single: 3, anyoneCanPay: 0x80 } as const

/** What a signature in a script path commits to beside the rest (BIP-342). */
export interface Leaf {
  readonly hash: Bytes.Hash32
  /** Place of the last `OP_CODESEPARATOR` run before; 2^32 − 1 where none was. */
  readonly codeSeparator?: number
}

const NO_SEPARATOR = 0xffff_ffff
const EMPTY = /* @__PURE__ */ new Uint8Array(0)
const ZERO = /* @__PURE__ */ new Uint8Array(32)

/**
 * The digest that an input without SegWit signs (Bitcoin Core `SignatureHash`), for any hash type of 32 bits.
 *
 * With SINGLE and no output of the input's index it is the number one, which a signature commits to nothing by (A7): to sign that
 * gives the coin away. Refusal: `input-index`.
 *
 * @example
 * import { Sighash } from '@aitbc/proofs/bitcoin-script'
 * const transaction = { version: 2, inputs: [], outputs: [], lockTime: 0 }
 * Sighash.legacy(transaction, 0, new Uint8Array(0), Sighash.TYPE.all).ok // false
 */
export function legacy(
  transaction: Transaction.Transaction,
  index: number,
  scriptCode: Bytes.Bytes,
  hashType: number,
): Verdict.Verdict<Bytes.Hash32> {
  const own = inputAt(transaction, index)
  if (!own.ok) return own
  const { inputs, outputs, version, lockTime } = transaction
  const { anyone, none, single } = kindOf(hashType)
  if (single && index >= outputs.length) {
    const one = new Uint8Array(32)
    one[0] = 1
    return Verdict.accept(one)
  }
  const script = withoutSeparators(scriptCode)
  const signed = anyone
    ? [{ ...own.value, script }]
    : inputs.map((input, i) => ({
        ...input,
        script: i === index ? script : EMPTY,
        sequence: i !== index && (none || single) ? 0 : input.sequence,
      }))
  const blank: Transaction.Output = { amount: 0xffff_ffff_ffff_ffffn, script: EMPTY }
  const paid = none
    ? []
    : single
      ? outputs.slice(0, index + 1).map((output, i) => (i === index ? output : blank))
      : outputs
  return Verdict.accept(
    Hash256.of(
      join([Transaction.encodeStripped({ version, inputs: signed, outputs: paid, lockTime }), u32(hashType)]),
    ),
  )
}

/** What an input of a version 0 program signs the hash of (BIP-143, "Specification"). Refusal: `input-index`. */
export function witnessV0Message(
  transaction: Transaction.Transaction,
  index: number,
  scriptCode: Bytes.Bytes,
  amount: bigint,
  hashType: number,
): Verdict.Verdict<Bytes.Bytes> {
  const own = inputAt(transaction, index)
  if (!own.ok) return own
  const { inputs, outputs, version, lockTime } = transaction
  const { anyone, none, single } = kindOf(hashType)
  const output = outputs[index]
  return Verdict.accept(
    join([
      u32(version),
      anyone ? ZERO : Hash256.of(join(inputs.map(outpoint))),
      anyone || none || single ? ZERO : Hash256.of(join(inputs.map(({ sequence }) => u32(sequence)))),
      outpoint(own.value),
      sized(scriptCode),
      u64(amount),
      u32(own.value.sequence),
      none
        ? ZERO
        : single
          ? output === undefined
            ? ZERO
            : Hash256.of(encodeOutput(output))
          : Hash256.of(join(outputs.map(encodeOutput))),
      u32(lockTime),
      u32(hashType),
    ]),
  )
}

/** The digest that an input of a version 0 program signs (BIP-143), for any hash type of 32 bits. Refusal: `input-index`. */
export function witnessV0(
  transaction: Transaction.Transaction,
  index: number,
  scriptCode: Bytes.Bytes,
  amount: bigint,
  hashType: number,
): Verdict.Verdict<Bytes.Hash32> {
  const message = witnessV0Message(transaction, index, scriptCode, amount, hashType)
  return message.ok ? Verdict.accept(Hash256.of(message.value)) : message
}

/**
 * What a taproot input signs the tagged hash of, the leading epoch byte aside (BIP-341, "Common signature message"; BIP-342 with a
 * leaf).
 *
 * Refusals: `input-index`, `input-prevouts` (not one for each input), `sighash-type` (undefined), `sighash-single` (no output of the
 * input's index).
 */
export function taprootMessage(
  transaction: Transaction.Transaction,
  index: number,
  prevouts: readonly Transaction.Output[],
  hashType: number,
  { annex, leaf }: { readonly annex?: Bytes.Bytes; readonly leaf?: Leaf } = {},
): Verdict.Verdict<Bytes.Bytes> {
  const own = inputAt(transaction, index)
  if (!own.ok) return own
  const { inputs, outputs, version, lockTime } = transaction
  const prevout = prevouts[index]
  if (prevout === undefined || prevouts.length !== inputs.length)
    return Verdict.refuse(
      'input-prevouts',
      `${inputs.length} spent outputs are expected, got ${prevouts.length}`,
    )
  const { anyone, none, single } = kindOf(hashType)
  if (hashType !== (hashType & 0x83) || hashType === TYPE.anyoneCanPay)
    return Verdict.refuse('sighash-type', `hash type ${hashType} is undefined`, { hashType })
  const output = outputs[index]
  if (single && output === undefined)
    return Verdict.refuse('sighash-single', `there is no output ${index} to commit to`, { index })
  return Verdict.accept(
    join([
      Uint8Array.of(hashType),
      u32(version),
      u32(lockTime),
      ...(anyone
        ? []
        : [
            sha256(join(inputs.map(outpoint))),
            sha256(join(prevouts.map(({ amount }) => u64(amount)))),
            sha256(join(prevouts.map(({ script }) => sized(script)))),
            sha256(join(inputs.map(({ sequence }) => u32(sequence)))),
          ]),
      ...(none || single ? [] : [sha256(join(outputs.map(encodeOutput)))]),
      Uint8Array.of((leaf === undefined ? 0 : 2) + (annex === undefined ? 0 : 1)),
      ...(anyone ? [outpoint(own.value), encodeOutput(prevout), u32(own.value.sequence)] : [u32(index)]),
      ...(annex === undefined ? [] : [sha256(sized(annex))]),
      ...(single ? [sha256(encodeOutput(output as Transaction.Output))] : []),
      ...(leaf === undefined ? [] : [leaf.hash, Uint8Array.of(0), u32(leaf.codeSeparator ?? NO_SEPARATOR)]),
    ]),
  )
}

/** The digest that a taproot input signs (BIP-341); refusals as for {@link taprootMessage}. */
export function taproot(
  transaction: Transaction.Transaction,
  index: number,
  prevouts: readonly Transaction.Output[],
  hashType: number,
  options: { readonly annex?: Bytes.Bytes; readonly leaf?: Leaf } = {},
): Verdict.Verdict<Bytes.Hash32> {
  const message = taprootMessage(transaction, index, prevouts, hashType, options)
  return message.ok ? Verdict.accept(TaggedHash.of('TapSighash', Uint8Array.of(0), message.value)) : message
}

function inputAt({ inputs }: Transaction.Transaction, index: number): Verdict.Verdict<Transaction.Input> {
  const input = inputs[index]
  return input === undefined
    ? Verdict.refuse('input-index', `there is no input ${index}`, { index })
    : Verdict.accept(input)
}

function kindOf(hashType: number) {
  const base = hashType & 0x1f
  return {
    anyone: (hashType & TYPE.anyoneCanPay) !== 0,
    none: base === TYPE.none,
    single: base === TYPE.single,
  }
}

/** Only whole operations are looked at: what follows a broken push stays as it is. */
function withoutSeparators(script: Bytes.Bytes): Bytes.Bytes {
  const kept: Bytes.Bytes[] = []
  let from = 0
  for (const { code, at, end } of Script.read(script).operations)
    if (code === Script.OP.codeSeparator) {
      kept.push(script.subarray(from, at))
      from = end
    }
  return join([...kept, script.subarray(from)])
}

function outpoint({ txid, index }: Transaction.Input): Bytes.Bytes {
  return join([txid, u32(index)])
}

function encodeOutput({ amount, script }: Transaction.Output): Bytes.Bytes {
  return join([u64(amount), sized(script)])
}

function sized(bytes: Bytes.Bytes): Bytes.Bytes {
  return join([Transaction.compactSize(bytes.length), bytes])
}

function u32(value: number): Bytes.Bytes {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value, true)
  return out
}

function u64(value: bigint): Bytes.Bytes {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value, true)
  return out
}
