import { Bytes, Verdict } from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import { Script, Sighash, Signature } from '@aitbc/proofs/bitcoin-script'
import { sha256 } from '@noble/hashes/sha2.js'
import { hash160, outputOf, u32 } from './bytes.js'
import { type Field, get, I } from './fields.js'
import { type Psbt, transactionOf } from './unsigned.js'

/** What an input spends, and whether anything proves it: a whole previous transaction, or taproot's signature over all amounts. */
export interface Spent extends Transaction.Output {
  readonly proved: boolean
}

/**
 * What an input spends, after the checks that BIP-174 asks of a signer, so that no PSBT makes a wallet sign for another coin, script or
 * amount than it shows.
 *
 * Refusals: `psbt-input` (no such input), `psbt-utxo` (missing), `psbt-utxo-txid` (another previous transaction), `psbt-utxo-index`,
 * `psbt-utxo-conflict` (the two forms differ), `psbt-utxo-witness` (a bare output for an input without SegWit, whose amount nothing
 * would prove), `psbt-redeem-script`, `psbt-witness-script`, and that of `lockTime`.
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

/** The script that a signature of this input commits to. */
export function codeOf(map: readonly Field[], script: Bytes.Bytes): Bytes.Bytes {
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

export function wrongType(hashType: number): Verdict.Verdict<never> {
  return Verdict.refuse('psbt-sighash', `the input asks for another hash type than ${hashType}`, { hashType })
}
