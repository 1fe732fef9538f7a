import { Bytes, Verdict } from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import { NONE, readerOf, sized, u32 } from './psbt/bytes.js'
import {
  checkVersion,
  type Field,
  G,
  GLOBAL,
  get,
  I,
  INPUT,
  lacks,
  O,
  OUTPUT,
  readMap,
} from './psbt/fields.js'
import { type Psbt, unsignedTransaction } from './psbt/unsigned.js'

export { type Field, get, TYPE } from './psbt/fields.js'
export { extract, finalInputs, finalize } from './psbt/final.js'
export { type Spent, verifyInput, verifySignatures } from './psbt/inputs.js'
export { lockTime, type Psbt, transactionOf } from './psbt/unsigned.js'

const MAGIC = /* @__PURE__ */ Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff)

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

function first<T, R>(items: readonly T[], find: (item: T, index: number) => R | undefined): R | undefined {
  for (const [i, item] of items.entries()) {
    const found = find(item, i)
    if (found !== undefined) return found
  }
  return undefined
}
