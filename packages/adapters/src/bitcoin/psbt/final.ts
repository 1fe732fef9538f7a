import { Bytes, Verdict } from '@aitbc/core'
import type { Transaction } from '@aitbc/proofs/bitcoin'
import { InputSignature, Script } from '@aitbc/proofs/bitcoin-script'
import { hash160, NONE, stack, stackOf, u32 } from './bytes.js'
import { type Field, get, I } from './fields.js'
import { codeOf, verifyInput, wrongType } from './inputs.js'
import { type Psbt, transactionOf } from './unsigned.js'

/**
 * Makes the final script and witness of each input that has the signatures for it (the input finalizer of BIP-174): one key, or several
 * of `multi`, in all forms; taproot by its key. Inputs that are final, or lack signatures, stay as they are.
 *
 * Refusals: those of `verifyInput` for inputs that are to be made final, and `psbt-sighash` (a signature of another hash type than
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
 * Refusals: `psbt-not-final`, those of `verifyInput` and `InputSignature.verify`.
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

/** The inputs of a PSBT with their final scripts and witnesses. Refusals: `psbt-not-final`, and that of `lockTime`. */
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
