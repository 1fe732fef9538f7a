import { Bytes, Verdict } from '@aitbc/core'
import { Hash256, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { Signature } from '@aitbc/proofs/bitcoin-script'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { chunks, hash160, outputOf, type Reader, readerOf, stackOf, u32, whole } from './bytes.js'

/** One entry of a map: the type and data of its key, and its value. */
export interface Field {
  readonly type: number
  readonly key: Bytes.Bytes
  readonly value: Bytes.Bytes
}

/** Field types (BIP-174, BIP-370, BIP-371, BIP-373). */
export const TYPE = {
  global: {
    unsignedTx: 0x00,
    xpub: 0x01,
    txVersion: 0x02,
    fallbackLockTime: 0x03,
    inputCount: 0x04,
    outputCount: 0x05,
    txModifiable: 0x06,
    version: 0xfb,
  },
  input: {
    nonWitnessUtxo: 0x00,
    witnessUtxo: 0x01,
    partialSig: 0x02,
    sighashType: 0x03,
    redeemScript: 0x04,
    witnessScript: 0x05,
    bip32: 0x06,
    finalScriptSig: 0x07,
    finalScriptWitness: 0x08,
    ripemd160: 0x0a,
    sha256: 0x0b,
    hash160: 0x0c,
    hash256: 0x0d,
    previousTxid: 0x0e,
    outputIndex: 0x0f,
    sequence: 0x10,
    timeLock: 0x11,
    heightLock: 0x12,
    tapKeySig: 0x13,
    tapScriptSig: 0x14,
    tapLeafScript: 0x15,
    tapBip32: 0x16,
    tapInternalKey: 0x17,
    tapMerkleRoot: 0x18,
    musigKeys: 0x1a,
    musigNonce: 0x1b,
    musigSig: 0x1c,
  },
  output: {
    redeemScript: 0x00,
    witnessScript: 0x01,
    bip32: 0x02,
    amount: 0x03,
    script: 0x04,
    tapInternalKey: 0x05,
    tapTree: 0x06,
    tapBip32: 0x07,
    musigKeys: 0x08,
  },
} as const
const PROPRIETARY = 0xfc
/** From here on a lock time is a time, below it a height. */
const TIME_FROM = 500_000_000
const MAX_TYPE = 0xffff_ffff

/** What a type asks of its key's data and its value; and the only version that has it, where that is one. */
interface Rule {
  readonly key?: (key: Bytes.Bytes) => boolean
  readonly value?: (value: Bytes.Bytes, key: Bytes.Bytes) => boolean
  readonly only?: 0 | 2
}

const long =
  (...lengths: readonly number[]) =>
  (bytes: Bytes.Bytes) =>
    lengths.includes(bytes.length)
const isKey = (bytes: Bytes.Bytes) => Signature.isKey(bytes)
const isCompressed = (bytes: Bytes.Bytes) => bytes.length === 33 && Taproot.isKey(bytes)
const isXOnly = (bytes: Bytes.Bytes) => bytes.length === 32
/** A fingerprint and the path from there. */
const isPath = (bytes: Bytes.Bytes) => bytes.length >= 4 && bytes.length % 4 === 0
const isSchnorr = long(64, 65)
const count = (bytes: Bytes.Bytes) => whole(bytes, (reader) => reader.compactSize()) !== undefined
const hashOf =
  (hash: (bytes: Bytes.Bytes) => Bytes.Bytes): NonNullable<Rule['value']> =>
  (value, key) =>
    Bytes.equal(hash(value), key)
const ofMusig: NonNullable<Rule['key']> = (key) =>
  long(66, 98)(key) && isCompressed(key.slice(0, 33)) && isCompressed(key.slice(33, 66))
const musigKeys: Rule = {
  key: isCompressed,
  value: (value) => value.length > 0 && value.length % 33 === 0 && chunks(value, 33).every(isCompressed),
}
const xOnlyPath: NonNullable<Rule['value']> = (value) =>
  whole(value, (reader) => {
    for (let left = reader.compactSize(); left > 0 && !reader.failed; left--) reader.take(32)
    return isPath(reader.take(value.length - reader.at))
  }) === true

export const { global: G, input: I, output: O } = TYPE
export const GLOBAL: ReadonlyMap<number, Rule> = /* @__PURE__ */ new Map<number, Rule>([
  [G.unsignedTx, { only: 0 }],
  [G.xpub, { key: long(78), value: isPath }],
  [G.txVersion, { value: long(4), only: 2 }],
  [G.fallbackLockTime, { value: long(4), only: 2 }],
  [G.inputCount, { value: count, only: 2 }],
  [G.outputCount, { value: count, only: 2 }],
  [G.txModifiable, { value: long(1), only: 2 }],
  [G.version, { value: long(4) }],
])
export const INPUT: ReadonlyMap<number, Rule> = /* @__PURE__ */ new Map<number, Rule>([
  [I.nonWitnessUtxo, { value: (value) => Transaction.decode(value).ok }],
  [I.witnessUtxo, { value: (value) => outputOf(value) !== undefined }],
  [I.partialSig, { key: isKey, value: (value) => Signature.decode(value, 'consensus').ok }],
  [I.sighashType, { value: long(4) }],
  [I.redeemScript, {}],
  [I.witnessScript, {}],
  [I.bip32, { key: isKey, value: isPath }],
  [I.finalScriptSig, {}],
  [I.finalScriptWitness, { value: (value) => stackOf(value) !== undefined }],
  [I.ripemd160, { key: long(20), value: hashOf(ripemd160) }],
  [I.sha256, { key: long(32), value: hashOf(sha256) }],
  [I.hash160, { key: long(20), value: hashOf(hash160) }],
  [I.hash256, { key: long(32), value: hashOf(Hash256.of) }],
  [I.previousTxid, { value: long(32), only: 2 }],
  [I.outputIndex, { value: long(4), only: 2 }],
  [I.sequence, { value: long(4), only: 2 }],
  [I.timeLock, { value: (value) => value.length === 4 && u32(value) >= TIME_FROM, only: 2 }],
  [
    I.heightLock,
    { value: (value) => value.length === 4 && u32(value) > 0 && u32(value) < TIME_FROM, only: 2 },
  ],
  [I.tapKeySig, { value: isSchnorr }],
  [I.tapScriptSig, { key: long(64), value: isSchnorr }],
  [
    I.tapLeafScript,
    { key: (key) => key.length >= 33 && (key.length - 33) % 32 === 0, value: (value) => value.length > 0 },
  ],
  [I.tapBip32, { key: isXOnly, value: xOnlyPath }],
  [I.tapInternalKey, { value: isXOnly }],
  [I.tapMerkleRoot, { value: long(32) }],
  [I.musigKeys, musigKeys],
  [I.musigNonce, { key: ofMusig, value: long(66) }],
  [I.musigSig, { key: ofMusig, value: long(32) }],
])
export const OUTPUT: ReadonlyMap<number, Rule> = /* @__PURE__ */ new Map<number, Rule>([
  [O.redeemScript, {}],
  [O.witnessScript, {}],
  [O.bip32, { key: isKey, value: isPath }],
  [O.amount, { value: long(8), only: 2 }],
  [O.script, { only: 2 }],
  [O.tapInternalKey, { value: isXOnly }],
  [O.tapTree, { value: isTree }],
  [O.tapBip32, { key: isXOnly, value: xOnlyPath }],
  [O.musigKeys, musigKeys],
])

/** The value of a field whose key is its type alone; `undefined` where the map has none. */
export function get(map: readonly Field[], type: number): Bytes.Bytes | undefined {
  return map.find((field) => field.type === type && field.key.length === 0)?.value
}

export function checkVersion(
  map: readonly Field[],
  rules: ReadonlyMap<number, Rule>,
  version: 0 | 2,
  where: string,
): Verdict.Verdict<never> | undefined {
  const foreign = map.find(({ type, key }) => {
    const only = rules.get(type)?.only
    return only !== undefined && (only === 2 && key.length > 0 ? version === 2 : only !== version)
  })
  return foreign === undefined
    ? undefined
    : Verdict.refuse('psbt-version', `${where}: version ${version} has no such field ${foreign.type}`, {
        type: foreign.type,
      })
}

export function lacks(map: readonly Field[], types: readonly number[], where: string): readonly string[] {
  return types
    .filter((type) => get(map, type) === undefined)
    .map((type) => `${where}: field ${type} is missing`)
}

export function readMap(
  reader: Reader,
  rules: ReadonlyMap<number, Rule>,
  where: string,
): Verdict.Verdict<readonly Field[]> {
  const fields: Field[] = []
  const seen = new Set<string>()
  for (;;) {
    const length = reader.compactSize()
    if (reader.failed) return Verdict.refuse('psbt-encoding', `${where}: it ends within a map`)
    if (length === 0) return Verdict.accept(fields)
    const name = reader.take(length)
    const value = reader.take(reader.compactSize())
    if (reader.failed) return Verdict.refuse('psbt-encoding', `${where}: a field goes beyond the end`)
    const of = readerOf(name)
    const type = of.compactSize()
    if (of.failed || type > MAX_TYPE) return Verdict.refuse('psbt-encoding', `${where}: a key has no type`)
    const key = name.slice(of.at)
    const hex = Bytes.toHex(name)
    if (seen.has(hex)) return Verdict.refuse('psbt-duplicate', `${where}: key ${hex} stands there twice`)
    seen.add(hex)
    const rule = rules.get(type)
    // What only version 2 knows may be anything in version 0, as long as it doesn't look the same.
    const later = rule?.only === 2 && key.length > 0
    if (rule !== undefined && !later && !(rule.key ?? long(0))(key))
      return Verdict.refuse('psbt-field', `${where}: the key of field ${type} is wrong`, { type })
    if (!later && rule?.value?.(value, key) === false)
      return Verdict.refuse('psbt-field', `${where}: the value of field ${type} is wrong`, { type })
    if (type === PROPRIETARY && !isProprietary(key))
      return Verdict.refuse('psbt-field', `${where}: a proprietary key has no identifier`, { type })
    fields.push({ type, key, value })
  }
}

/** A taproot tree depth first: depth, leaf version and script of each leaf, complete (BIP-371). */
function isTree(bytes: Bytes.Bytes): boolean {
  return (
    whole(bytes, (reader) => {
      // Sum of 2^-depth over the leaves read, in units of 2^-128: complete at one, beyond it never.
      let covered = 0n
      const one = 1n << 128n
      while (!reader.failed && reader.at < bytes.length) {
        const [depth = 0, version = 0] = reader.take(2)
        if (depth > 128 || (version & 1) === 1) return false
        reader.take(reader.compactSize())
        const share = one >> BigInt(depth)
        if (covered % share !== 0n) return false
        covered += share
        if (covered > one) return false
      }
      return covered === one
    }) === true
  )
}

function isProprietary(key: Bytes.Bytes): boolean {
  const reader = readerOf(key)
  reader.take(reader.compactSize())
  reader.compactSize()
  return !reader.failed
}
