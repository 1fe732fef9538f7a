import { Bytes, Verdict } from '@aitbc/core'
import { Hash256, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { InputSignature, Script, Sighash, Signature } from '@aitbc/proofs/bitcoin-script'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'

/** One entry of a map: the type and data of its key, and its value. */
export interface Field {
  readonly type: number
  readonly key: Bytes.Bytes
  readonly value: Bytes.Bytes
}

/** A partially signed transaction (BIP-174 or its version 2, BIP-370), with whatever fields it carries, in their order. */
export interface Psbt {
  readonly version: 0 | 2
  readonly global: readonly Field[]
  readonly inputs: readonly (readonly Field[])[]
  readonly outputs: readonly (readonly Field[])[]
}

/** What an input spends, and whether anything proves it: a whole previous transaction, or taproot's signature over all amounts. */
export interface Spent extends Transaction.Output {
  readonly proved: boolean
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

const MAGIC = /* @__PURE__ */ Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff)
const PROPRIETARY = 0xfc
/** From here on a lock time is a time, below it a height. */
const TIME_FROM = 500_000_000
const SEQUENCE_FINAL = 0xffff_ffff
const MAX_TYPE = 0xffff_ffff
const NONE = /* @__PURE__ */ new Uint8Array(0)

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

const { global: G, input: I, output: O } = TYPE
const GLOBAL: ReadonlyMap<number, Rule> = /* @__PURE__ */ new Map<number, Rule>([
  [G.unsignedTx, { only: 0 }],
  [G.xpub, { key: long(78), value: isPath }],
  [G.txVersion, { value: long(4), only: 2 }],
  [G.fallbackLockTime, { value: long(4), only: 2 }],
  [G.inputCount, { value: count, only: 2 }],
  [G.outputCount, { value: count, only: 2 }],
  [G.txModifiable, { value: long(1), only: 2 }],
  [G.version, { value: long(4) }],
])
const INPUT: ReadonlyMap<number, Rule> = /* @__PURE__ */ new Map<number, Rule>([
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
const OUTPUT: ReadonlyMap<number, Rule> = /* @__PURE__ */ new Map<number, Rule>([
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

/**
 * Reads a PSBT of version 0 or 2; total, all bytes consumed. Types that no BIP here names, and proprietary ones, are kept as they are.
 *
 * Refusals: `psbt-encoding`, `psbt-duplicate` (a key twice in a map), `psbt-field` (a key or value that its type doesn't allow),
 * `psbt-version`, `psbt-missing`, `psbt-unsigned` (the transaction carries signatures).
 *
 * @example
 * import { Psbt } from '@aitbc/adapters/bitcoin-wallet'
 * Psbt.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Psbt> {
  if (!Bytes.equal(bytes.subarray(0, 5), MAGIC))
    return Verdict.refuse('psbt-encoding', 'it does not begin as a PSBT')
  const reader = readerOf(bytes, 5)
  const global = readMap(reader, GLOBAL, 'global')
  if (!global.ok) return global
  const at = (type: number) => get(global.value, type)
  const versionBytes = at(G.version)
  const version = versionBytes === undefined ? 0 : u32(versionBytes)
  if (version !== 0 && version !== 2)
    return Verdict.refuse('psbt-version', `version 0 or 2 is expected, got ${version}`, { version })
  const counts = version === 0 ? unsignedCounts(at(G.unsignedTx)) : statedCounts(global.value)
  if (!counts.ok) return counts
  const inputs: (readonly Field[])[] = []
  const outputs: (readonly Field[])[] = []
  for (let i = 0; i < counts.value.inputs; i++) {
    const map = readMap(reader, INPUT, `input ${i}`)
    if (!map.ok) return map
    inputs.push(map.value)
  }
  for (let i = 0; i < counts.value.outputs; i++) {
    const map = readMap(reader, OUTPUT, `output ${i}`)
    if (!map.ok) return map
    outputs.push(map.value)
  }
  if (reader.at !== bytes.length)
    return Verdict.refuse('psbt-encoding', `${bytes.length - reader.at} bytes after the last map`)
  const fit =
    checkVersion(global.value, GLOBAL, version, 'global') ??
    first(inputs, (map, i) => checkVersion(map, INPUT, version, `input ${i}`)) ??
    first(outputs, (map, i) => checkVersion(map, OUTPUT, version, `output ${i}`))
  if (fit !== undefined) return fit
  if (version === 2) {
    const required = [
      ...inputs.flatMap((map, i) => lacks(map, [I.previousTxid, I.outputIndex], `input ${i}`)),
      ...outputs.flatMap((map, i) => lacks(map, [O.amount, O.script], `output ${i}`)),
    ]
    if (required[0] !== undefined) return Verdict.refuse('psbt-missing', required[0])
  }
  return Verdict.accept({ version, global: global.value, inputs, outputs })
}

/** Writes a PSBT, its fields in the order that they stand in. */
export function encode(psbt: Psbt): Bytes.Bytes {
  return Bytes.concat(
    MAGIC,
    ...[psbt.global, ...psbt.inputs, ...psbt.outputs].map((map) =>
      Bytes.concat(
        ...map.flatMap(({ type, key, value }) => [
          sized(Bytes.concat(Transaction.compactSize(type), key)),
          sized(value),
        ]),
        Uint8Array.of(0),
      ),
    ),
  )
}

/** The PSBT of a transaction that nobody has signed yet (the creator of BIP-174); signatures that it has are left out. */
export function create(transaction: Transaction.Transaction): Psbt {
  const unsigned = {
    ...transaction,
    inputs: transaction.inputs.map((input) => ({ ...input, script: NONE, witness: [] })),
  }
  return {
    version: 0,
    global: [{ type: G.unsignedTx, key: NONE, value: Transaction.encodeStripped(unsigned) }],
    inputs: transaction.inputs.map(() => []),
    outputs: transaction.outputs.map(() => []),
  }
}

/** The value of a field whose key is its type alone; `undefined` where the map has none. */
export function get(map: readonly Field[], type: number): Bytes.Bytes | undefined {
  return map.find((field) => field.type === type && field.key.length === 0)?.value
}

/**
 * The lock time that inputs of a version 2 PSBT agree on (BIP-370, "Determining Lock Time"); that of version 0 is in its transaction.
 *
 * Refusal: `psbt-lock-time` where one input asks for a time only, and another for a height only.
 */
export function lockTime(psbt: Psbt): Verdict.Verdict<number> {
  if (psbt.version === 0) return Verdict.accept(unsignedOf(psbt).lockTime)
  const locks = psbt.inputs
    .map((map) => [get(map, I.heightLock), get(map, I.timeLock)] as const)
    .filter(([height, time]) => height !== undefined || time !== undefined)
  const latest = (which: 0 | 1) => Math.max(...locks.map((lock) => u32(lock[which] as Bytes.Bytes)))
  if (locks.length === 0) {
    const fallback = get(psbt.global, G.fallbackLockTime)
    return Verdict.accept(fallback === undefined ? 0 : u32(fallback))
  }
  // Where both are possible, heights win.
  if (locks.every(([height]) => height !== undefined)) return Verdict.accept(latest(0))
  if (locks.every(([, time]) => time !== undefined)) return Verdict.accept(latest(1))
  return Verdict.refuse('psbt-lock-time', 'one input asks for a height, another for a time')
}

/** The transaction without signatures. Refusal: that of {@link lockTime}. */
export function transactionOf(psbt: Psbt): Verdict.Verdict<Transaction.Transaction> {
  if (psbt.version === 0) return Verdict.accept(unsignedOf(psbt))
  const time = lockTime(psbt)
  if (!time.ok) return time
  return Verdict.accept({
    version: i32(get(psbt.global, G.txVersion) as Bytes.Bytes),
    inputs: psbt.inputs.map((map) => {
      const sequence = get(map, I.sequence)
      return {
        txid: get(map, I.previousTxid) as Bytes.Bytes,
        index: u32(get(map, I.outputIndex) as Bytes.Bytes),
        script: NONE,
        sequence: sequence === undefined ? SEQUENCE_FINAL : u32(sequence),
        witness: [],
      }
    }),
    outputs: psbt.outputs.map((map) => ({
      amount: u64(get(map, O.amount) as Bytes.Bytes),
      script: get(map, O.script) as Bytes.Bytes,
    })),
    lockTime: time.value,
  })
}

/**
 * What an input spends, after the checks that BIP-174 asks of a signer, so that no PSBT makes a wallet sign for another coin, script or
 * amount than it shows.
 *
 * Refusals: `psbt-input` (no such input), `psbt-utxo` (missing), `psbt-utxo-txid` (another previous transaction), `psbt-utxo-index`,
 * `psbt-utxo-conflict` (the two forms differ), `psbt-utxo-witness` (a bare output for an input without SegWit, whose amount nothing
 * would prove), `psbt-redeem-script`, `psbt-witness-script`, and that of {@link lockTime}.
 */
export function verifyInput(psbt: Psbt, index: number): Verdict.Verdict<Spent> {
  const map = psbt.inputs[index]
  if (map === undefined) return Verdict.refuse('psbt-input', `there is no input ${index}`, { input: index })
  const transaction = transactionOf(psbt)
  if (!transaction.ok) return transaction
  const input = transaction.value.inputs[index] as Transaction.Input
  const bare = get(map, I.witnessUtxo)
  // A transaction that several inputs spend may come with the first of them only (BIP-322).
  const whole = get(map, I.nonWitnessUtxo) ?? (bare === undefined ? elsewhere(psbt, input.txid) : undefined)
  let spent: Transaction.Output | undefined
  if (whole !== undefined) {
    const decoded = Transaction.decode(whole)
    if (!decoded.ok) return decoded
    const previous = decoded.value
    if (!Bytes.equal(Transaction.txid(previous), input.txid))
      return Verdict.refuse(
        'psbt-utxo-txid',
        `the transaction given for input ${index} isn't the one it spends`,
      )
    spent = previous.outputs[input.index]
    if (spent === undefined)
      return Verdict.refuse(
        'psbt-utxo-index',
        `the transaction that input ${index} spends has no output ${input.index}`,
      )
  }
  const witness = bare === undefined ? undefined : (outputOf(bare) as Transaction.Output)
  if (spent !== undefined && witness !== undefined)
    if (spent.amount !== witness.amount || !Bytes.equal(spent.script, witness.script))
      return Verdict.refuse('psbt-utxo-conflict', `input ${index} is shown with two different coins`)
  const output = spent ?? witness
  if (output === undefined)
    return Verdict.refuse('psbt-utxo', `input ${index} comes without the coin it spends`)
  const hash = Script.scriptHash(output.script)
  const redeem = redeemOf(map, hash)
  if (redeem !== undefined && (hash === undefined || !Bytes.equal(hash160(redeem), hash)))
    return Verdict.refuse('psbt-redeem-script', `input ${index} pays to another script's hash`)
  const program = Script.witnessProgram(redeem ?? output.script)
  const script = get(map, I.witnessScript)
  if (script !== undefined && !(program?.version === 0 && Bytes.equal(sha256(script), program.program)))
    return Verdict.refuse('psbt-witness-script', `input ${index} pays to another witness script's hash`)
  if (spent === undefined && program === undefined)
    return Verdict.refuse(
      'psbt-utxo-witness',
      `input ${index} is no SegWit input: it needs its whole previous transaction`,
    )
  return Verdict.accept({
    ...output,
    proved: spent !== undefined || (program?.version === 1 && redeem === undefined),
  })
}

/**
 * Decides whether each signature that an input carries is one of its key over this very transaction.
 *
 * Refusals: those of {@link verifyInput} for each input, `psbt-sighash` (another hash type than the input asks for), and those of
 * `Signature.decode`, `Signature.verify` and `Sighash.taproot`. Gives the number of signatures.
 */
export function verifySignatures(psbt: Psbt, index: number): Verdict.Verdict<number> {
  const own = verifyInput(psbt, index)
  if (!own.ok) return own
  const map = psbt.inputs[index] as readonly Field[]
  const transaction = transactionOf(psbt)
  if (!transaction.ok) return transaction
  const asked = get(map, I.sighashType)
  let valid = 0
  for (const { type, key, value } of map) {
    if (type === I.partialSig) {
      const signature = Signature.decode(value)
      if (!signature.ok) return signature
      const { hashType } = signature.value
      if (asked !== undefined && u32(asked) !== hashType) return wrongType(hashType)
      const digest = digestOf(map, own.value, transaction.value, index, hashType)
      if (!digest.ok) return digest
      const verdict = Signature.verify(digest.value, signature.value, key)
      if (!verdict.ok) return verdict
      valid++
    }
    if (type === I.tapKeySig || type === I.tapScriptSig) {
      const hashType = value[64] ?? Sighash.TYPE.default
      if (value.length === 65 && hashType === Sighash.TYPE.default)
        return Verdict.refuse('signature-length', 'the default hash type is not written out')
      if (asked !== undefined && u32(asked) !== hashType) return wrongType(hashType)
      const prevouts: Transaction.Output[] = []
      for (let i = 0; i < psbt.inputs.length; i++) {
        const spent = verifyInput(psbt, i)
        if (!spent.ok) return spent
        prevouts.push(spent.value)
      }
      const digest = Sighash.taproot(
        transaction.value,
        index,
        prevouts,
        hashType,
        type === I.tapKeySig ? {} : { leaf: { hash: key.slice(32) } },
      )
      if (!digest.ok) return digest
      const of = type === I.tapKeySig ? own.value.script.slice(2) : key.slice(0, 32)
      const verdict = Signature.verifySchnorr(digest.value, value.subarray(0, 64), of)
      if (!verdict.ok) return verdict
      valid++
    }
  }
  return Verdict.accept(valid)
}

/**
 * Joins PSBTs of one transaction (the combiner of BIP-174), their fields in the order of their keys; of two values for a key the first
 * stays. Refusals: `psbt-input` (nothing to join), `psbt-other` (another transaction).
 */
export function combine(psbts: readonly Psbt[]): Verdict.Verdict<Psbt> {
  const [lead, ...more] = psbts
  if (lead === undefined) return Verdict.refuse('psbt-input', 'there is nothing to combine')
  const id = identity(lead)
  if (more.some((psbt) => psbt.version !== lead.version || identity(psbt) !== id))
    return Verdict.refuse('psbt-other', 'the PSBTs are of different transactions')
  const join = (maps: readonly (readonly Field[])[]): readonly Field[] => {
    const fields = new Map<string, Field>()
    for (const field of maps.flat()) {
      const name = Bytes.toHex(Bytes.concat(Transaction.compactSize(field.type), field.key))
      if (!fields.has(name)) fields.set(name, field)
    }
    return [...fields].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, field]) => field)
  }
  return Verdict.accept({
    version: lead.version,
    global: join(psbts.map(({ global }) => global)),
    inputs: lead.inputs.map((_, i) => join(psbts.map(({ inputs }) => inputs[i] as readonly Field[]))),
    outputs: lead.outputs.map((_, i) => join(psbts.map(({ outputs }) => outputs[i] as readonly Field[]))),
  })
}

/**
 * Makes the final script and witness of each input that has the signatures for it (the input finalizer of BIP-174): one key, or several
 * of `multi`, in all forms; taproot by its key. Inputs that are final, or lack signatures, stay as they are.
 *
 * Refusals: those of {@link verifyInput} for inputs that are to be made final, and `psbt-sighash` (a signature of another hash type than
 * its input asks for).
 */
export function finalize(psbt: Psbt): Verdict.Verdict<Psbt> {
  const inputs: (readonly Field[])[] = []
  for (const [i, map] of psbt.inputs.entries()) {
    const signed = map.some(({ type }) => type === I.partialSig || type === I.tapKeySig)
    if (!signed || isFinal(map)) {
      inputs.push(map)
      continue
    }
    const spent = verifyInput(psbt, i)
    if (!spent.ok) return spent
    const asked = get(map, I.sighashType)
    const hashTypes = map.flatMap(({ type, value }) =>
      type === I.partialSig ? [value.at(-1) as number] : type === I.tapKeySig ? [value[64] ?? 0] : [],
    )
    const wrong = asked === undefined ? undefined : hashTypes.find((hashType) => hashType !== u32(asked))
    if (wrong !== undefined) return wrongType(wrong)
    const final = finalOf(map, spent.value.script)
    const keep = map.filter(
      ({ type, key }) => STAYS.has(type) || type > I.musigSig || (type === 0x09 && key.length === 0),
    )
    inputs.push(final === undefined ? map : [...keep, ...final].sort((a, b) => a.type - b.type))
  }
  return Verdict.accept({ ...psbt, inputs })
}

/**
 * The signed transaction of a PSBT whose inputs are all final (the extractor of BIP-174), each of them verified where that needs no
 * script interpreter.
 *
 * Refusals: `psbt-not-final`, those of {@link verifyInput} and `InputSignature.verify`.
 */
export function extract(psbt: Psbt): Verdict.Verdict<Transaction.Transaction> {
  const unsigned = transactionOf(psbt)
  if (!unsigned.ok) return unsigned
  const inputs = finalInputs(psbt)
  if (!inputs.ok) return inputs
  const prevouts: Transaction.Output[] = []
  for (let i = 0; i < psbt.inputs.length; i++) {
    const spent = verifyInput(psbt, i)
    if (!spent.ok) return spent
    prevouts.push(spent.value)
  }
  const transaction = { ...unsigned.value, inputs: inputs.value }
  for (let i = 0; i < prevouts.length; i++) {
    const verdict = InputSignature.verify(transaction, i, prevouts)
    if (!verdict.ok && verdict.refusal.check !== 'script-unsupported') return verdict
  }
  return Verdict.accept(transaction)
}

/** The inputs of a PSBT with their final scripts and witnesses. Refusals: `psbt-not-final`, and that of {@link lockTime}. */
export function finalInputs(psbt: Psbt): Verdict.Verdict<readonly Transaction.Input[]> {
  const unsigned = transactionOf(psbt)
  if (!unsigned.ok) return unsigned
  const open = psbt.inputs.findIndex((map) => !isFinal(map))
  if (open >= 0) return Verdict.refuse('psbt-not-final', `input ${open} is not final`, { input: open })
  return Verdict.accept(
    unsigned.value.inputs.map((input, i) => {
      const map = psbt.inputs[i] as readonly Field[]
      const witness = get(map, I.finalScriptWitness)
      return {
        ...input,
        script: get(map, I.finalScriptSig) ?? NONE,
        witness: witness === undefined ? [] : (stackOf(witness) as readonly Bytes.Bytes[]),
      }
    }),
  )
}

/** Input fields that making it final leaves. */
const STAYS: ReadonlySet<number> = /* @__PURE__ */ new Set<number>([
  I.nonWitnessUtxo,
  I.witnessUtxo,
  I.previousTxid,
  I.outputIndex,
  I.sequence,
  I.timeLock,
  I.heightLock,
])

function elsewhere(psbt: Psbt, txid: Bytes.Hash32): Bytes.Bytes | undefined {
  for (const map of psbt.inputs) {
    const whole = get(map, I.nonWitnessUtxo)
    const previous = whole && Transaction.decode(whole)
    if (previous?.ok && Bytes.equal(Transaction.txid(previous.value), txid)) return whole
  }
  return undefined
}

/** The script that a script hash stands for; a final input shows it in its signature script alone. */
function redeemOf(map: readonly Field[], hash: Bytes.Bytes | undefined): Bytes.Bytes | undefined {
  const shown = get(map, I.redeemScript)
  const final = get(map, I.finalScriptSig)
  if (shown !== undefined || hash === undefined || final === undefined) return shown
  const pushes = Script.pushes(final)
  return pushes.ok ? pushes.value.at(-1) : undefined
}

function isFinal(map: readonly Field[]): boolean {
  return map.some(({ type }) => type === I.finalScriptSig || type === I.finalScriptWitness)
}

function finalOf(map: readonly Field[], script: Bytes.Bytes): readonly Field[] | undefined {
  const field = (type: number, value: Bytes.Bytes): Field => ({ type, key: NONE, value })
  const redeem = get(map, I.redeemScript)
  const program = Script.witnessProgram(redeem ?? script)
  const tap = get(map, I.tapKeySig)
  if (program?.version === 1) return tap && [field(I.finalScriptWitness, stack([tap]))]
  const inner = get(map, I.witnessScript)
  const code = codeOf(map, script)
  const items = itemsFor(code, map)
  if (items === undefined) return undefined
  const push = (parts: readonly Bytes.Bytes[]) => Bytes.concat(...parts.map(Script.push))
  if (program === undefined)
    return [field(I.finalScriptSig, push(redeem === undefined ? items : [...items, redeem]))]
  return [
    ...(redeem === undefined ? [] : [field(I.finalScriptSig, push([redeem]))]),
    field(I.finalScriptWitness, stack(inner === undefined ? items : [...items, inner])),
  ]
}

/** What a script of one key, or of several, is unlocked with. */
function itemsFor(code: Bytes.Bytes, map: readonly Field[]): readonly Bytes.Bytes[] | undefined {
  const signatures = map.filter(({ type }) => type === I.partialSig)
  const hash = Script.keyHash(code)
  if (hash !== undefined) {
    const own = signatures.find(({ key }) => Bytes.equal(hash160(key), hash))
    return own && [own.value, own.key]
  }
  const { operations } = Script.read(code)
  const keys = operations.flatMap(({ data }) => (data === undefined ? [] : [data]))
  const of = keys.flatMap((key) =>
    signatures.filter((signature) => Bytes.equal(signature.key, key)).map(({ value }) => value),
  )
  const last = operations.at(-1)?.code
  if (last === Script.OP.checkSig && operations.length === 2) return of.length === 1 ? of : undefined
  const required = (operations[0]?.code ?? 0) - 0x50
  return last === Script.OP.checkMultisig && required > 0 && of.length >= required
    ? [NONE, ...of.slice(0, required)]
    : undefined
}

/** The script that a signature of this input commits to. */
function codeOf(map: readonly Field[], script: Bytes.Bytes): Bytes.Bytes {
  const redeem = get(map, I.redeemScript)
  const inner = redeem ?? script
  const program = Script.witnessProgram(inner)
  return program?.version === 0 && program.program.length === 20
    ? Bytes.concat(Uint8Array.of(0x76, 0xa9, 20), program.program, Uint8Array.of(0x88, 0xac))
    : (get(map, I.witnessScript) ?? inner)
}

function digestOf(
  map: readonly Field[],
  spent: Spent,
  transaction: Transaction.Transaction,
  index: number,
  hashType: number,
): Verdict.Verdict<Bytes.Hash32> {
  const code = codeOf(map, spent.script)
  return Script.witnessProgram(get(map, I.redeemScript) ?? spent.script) === undefined
    ? Sighash.legacy(transaction, index, code, hashType)
    : Sighash.witnessV0(transaction, index, code, spent.amount, hashType)
}

function wrongType(hashType: number): Verdict.Verdict<never> {
  return Verdict.refuse('psbt-sighash', `the input asks for another hash type than ${hashType}`, { hashType })
}

/** What makes two PSBTs the same transaction; of version 2 lock times and sequences may still change (BIP-370). */
function identity(psbt: Psbt): string {
  if (psbt.version === 0) return Bytes.toHex(get(psbt.global, G.unsignedTx) as Bytes.Bytes)
  return [
    get(psbt.global, G.txVersion),
    ...psbt.inputs.flatMap((map) => [get(map, I.previousTxid), get(map, I.outputIndex)]),
    ...psbt.outputs.flatMap((map) => [get(map, O.amount), get(map, O.script)]),
  ]
    .map((part) => Bytes.toHex(part as Bytes.Bytes))
    .join()
}

function unsignedCounts(raw: Bytes.Bytes | undefined): Verdict.Verdict<{ inputs: number; outputs: number }> {
  if (raw === undefined) return Verdict.refuse('psbt-missing', 'global: the unsigned transaction is missing')
  const transaction = unsignedTransaction(raw)
  if (transaction === undefined)
    return Verdict.refuse('psbt-field', 'global: the unsigned transaction is none')
  if (transaction.inputs.some(({ script }) => script.length > 0))
    return Verdict.refuse('psbt-unsigned', 'the unsigned transaction has a signature script')
  return Verdict.accept({ inputs: transaction.inputs.length, outputs: transaction.outputs.length })
}

function statedCounts(map: readonly Field[]): Verdict.Verdict<{ inputs: number; outputs: number }> {
  const missing = lacks(map, [G.txVersion, G.inputCount, G.outputCount], 'global')
  if (missing[0] !== undefined) return Verdict.refuse('psbt-missing', missing[0])
  const stated = (type: number) => readerOf(get(map, type) as Bytes.Bytes).compactSize()
  return Verdict.accept({ inputs: stated(G.inputCount), outputs: stated(G.outputCount) })
}

function unsignedOf(psbt: Psbt): Transaction.Transaction {
  return unsignedTransaction(get(psbt.global, G.unsignedTx) as Bytes.Bytes) as Transaction.Transaction
}

/** Here alone a transaction may have no inputs, and its encoding is always that without witnesses (BIP-174). */
function unsignedTransaction(raw: Bytes.Bytes): Transaction.Transaction | undefined {
  if (raw[4] !== 0) {
    const transaction = Transaction.decode(raw)
    return transaction.ok ? transaction.value : undefined
  }
  return whole(raw, (reader) => {
    const version = i32(reader.take(4))
    reader.take(1)
    const outputs: Transaction.Output[] = []
    for (let left = reader.compactSize(); left > 0 && !reader.failed; left--) {
      const amount = u64(reader.take(8))
      outputs.push({ amount, script: reader.take(reader.compactSize()) })
    }
    return { version, inputs: [], outputs, lockTime: u32(reader.take(4)) }
  })
}

function checkVersion(
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

function lacks(map: readonly Field[], types: readonly number[], where: string): readonly string[] {
  return types
    .filter((type) => get(map, type) === undefined)
    .map((type) => `${where}: field ${type} is missing`)
}

function first<T, R>(items: readonly T[], find: (item: T, index: number) => R | undefined): R | undefined {
  for (const [i, item] of items.entries()) {
    const found = find(item, i)
    if (found !== undefined) return found
  }
  return undefined
}

function readMap(
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

/** Bytes read in order; past the end it gives nothing and fails. */
interface Reader {
  at: number
  failed: boolean
  take(length: number): Bytes.Bytes
  compactSize(): number
}

function readerOf(bytes: Bytes.Bytes, at = 0): Reader {
  const reader: Reader = {
    at,
    failed: false,
    take(length) {
      if (length > bytes.length - reader.at) reader.failed = true
      if (reader.failed) return new Uint8Array(Math.min(length, 8))
      reader.at += length
      return bytes.slice(reader.at - length, reader.at)
    },
    compactSize() {
      const [head = 0] = reader.take(1)
      if (head < 0xfd) return head
      const part = reader.take(2 ** (head - 0xfc))
      let size = 0
      for (let i = part.length - 1; i >= 0; i--) size = size * 256 + (part[i] as number)
      // Only the shortest form is one.
      if (size < (head === 0xfd ? 0xfd : 2 ** (8 * 2 ** (head - 0xfd)))) reader.failed = true
      return reader.failed ? 0 : size
    },
  }
  return reader
}

/** Reads bytes to their end; `undefined` where that isn't where the reading ends. */
function whole<T>(bytes: Bytes.Bytes, read: (reader: Reader) => T): T | undefined {
  const reader = readerOf(bytes)
  const value = read(reader)
  return reader.failed || reader.at !== bytes.length ? undefined : value
}

function outputOf(bytes: Bytes.Bytes): Transaction.Output | undefined {
  return whole(bytes, (reader) => {
    const amount = u64(reader.take(8))
    return { amount, script: reader.take(reader.compactSize()) }
  })
}

function stackOf(bytes: Bytes.Bytes): readonly Bytes.Bytes[] | undefined {
  return whole(bytes, (reader) => {
    const items: Bytes.Bytes[] = []
    for (let left = reader.compactSize(); left > 0 && !reader.failed; left--)
      items.push(reader.take(reader.compactSize()))
    return items
  })
}

function stack(items: readonly Bytes.Bytes[]): Bytes.Bytes {
  return Bytes.concat(Transaction.compactSize(items.length), ...items.map(sized))
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

function chunks(bytes: Bytes.Bytes, size: number): readonly Bytes.Bytes[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.slice(i * size, (i + 1) * size))
}

function sized(bytes: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(Transaction.compactSize(bytes.length), bytes)
}

function hash160(bytes: Bytes.Bytes): Bytes.Bytes {
  return ripemd160(sha256(bytes))
}

function view(bytes: Bytes.Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function u32(bytes: Bytes.Bytes): number {
  return view(bytes).getUint32(0, true)
}

function i32(bytes: Bytes.Bytes): number {
  return view(bytes).getInt32(0, true)
}

function u64(bytes: Bytes.Bytes): bigint {
  return view(bytes).getBigUint64(0, true)
}
