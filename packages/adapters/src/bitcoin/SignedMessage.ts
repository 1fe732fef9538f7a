import { Bytes, TaggedHash, Verdict } from '@aitbc/core'
import { Transaction, TransactionRules } from '@aitbc/proofs/bitcoin'
import { Address, InputSignature, Sighash } from '@aitbc/proofs/bitcoin-script'
import * as Psbt from './Psbt.js'

/** What a signature of a message proves. */
export interface Signed {
  /** How much of the signature's transaction is bound: `simple` proves it now, `full` from its lock time and age on, `funds` also coins. */
  readonly form: 'simple' | 'full' | 'funds'
  /** Block height or unix time before which a `full` signature claims nothing; 0 for none. */
  readonly lockTime: number
  /** As an input has it (BIP-68). */
  readonly sequence: number
  /** Other coins whose keys signed too; that they exist and are unspent is for the caller to look up. */
  readonly funds: readonly { readonly outpoint: string; readonly output: Transaction.Output }[]
}

const FORMS = { smp: 'simple', ful: 'full', pof: 'funds' } as const
const TRUE_RETURN = /* @__PURE__ */ Uint8Array.of(0x6a)
const NONE = /* @__PURE__ */ new Uint8Array(0)
/** Longer texts are no signature; what decoding allocates is bounded by it. */
const MAX_LENGTH = 200_000

/**
 * Decides whether a text is the signature of a message by the owner of an address (BIP-322), in its forms `smp`, `ful` and `pof`, or
 * `simple` without a prefix; for all address types that need no script interpreter.
 *
 * Refusals: those of `Address.toScript`, `message-encoding` (no base64, or another form than its prefix says), `message-commitment` (the
 * signature is about another message or address), `sighash-type` (a signature commits to less than everything), those of `Psbt.decode`
 * and `Psbt.extract`, of `TransactionRules.verify` (among them `transaction-duplicate`: a coin shown twice), and of
 * `InputSignature.verify`, among them `script-unsupported`.
 *
 * @example
 * import { Address } from '@aitbc/proofs/bitcoin-script'
 * import { SignedMessage } from '@aitbc/adapters/bitcoin-wallet'
 * const address = 'bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l'
 * SignedMessage.verify({ address, form: Address.mainnet, message: 'Hello', signature: 'AA==' }).ok // false
 */
export function verify(statement: {
  readonly address: string
  readonly form: Address.Form
  readonly message: string
  readonly signature: string
}): Verdict.Verdict<Signed> {
  const { address, form, message, signature } = statement
  const script = Address.toScript(address, form)
  if (!script.ok) return script
  const prefix = signature.slice(0, 3) as keyof typeof FORMS
  const kind = FORMS[prefix] ?? 'simple'
  const bytes = base64(FORMS[prefix] === undefined ? signature : signature.slice(3))
  if (bytes === undefined) return Verdict.refuse('message-encoding', 'the signature is no base64')
  const spend = toSpend(message, script.value)
  if (kind === 'simple') {
    const sign = toSign(spend)
    const [input] = sign.inputs as [Transaction.Input]
    const witness = stackOf(bytes)
    if (witness === undefined) return Verdict.refuse('message-encoding', 'the signature is no witness')
    return judge(kind, { ...sign, inputs: [{ ...input, witness }] }, spend, [])
  }
  if (kind === 'full') {
    const transaction = Transaction.decode(bytes)
    return transaction.ok
      ? judge(kind, transaction.value, spend, [])
      : Verdict.refuse('message-encoding', `the signature is no transaction: ${transaction.refusal.message}`)
  }
  const psbt = Psbt.decode(bytes)
  if (!psbt.ok) return psbt
  const unsigned = Psbt.transactionOf(psbt.value)
  if (!unsigned.ok) return unsigned
  const final = Psbt.finalInputs(psbt.value)
  if (!final.ok) return final
  const coins: Transaction.Output[] = []
  for (let i = 1; i < psbt.value.inputs.length; i++) {
    const spent = Psbt.verifyInput(psbt.value, i)
    if (!spent.ok) return spent
    coins.push(spent.value)
  }
  return judge(kind, { ...unsigned.value, inputs: final.value }, spend, coins)
}

/** The tagged hash that stands for a message. */
export function hash(message: string): Bytes.Hash32 {
  return TaggedHash.of('BIP0322-signed-message', new TextEncoder().encode(message))
}

/** The transaction that nobody can send, whose output pays to the address: what a signature spends. */
export function toSpend(message: string, script: Bytes.Bytes): Transaction.Transaction {
  const commitment = Bytes.concat(Uint8Array.of(0, 32), hash(message))
  return {
    version: 0,
    inputs: [{ txid: new Uint8Array(32), index: 0xffff_ffff, script: commitment, sequence: 0, witness: [] }],
    outputs: [{ amount: 0n, script }],
    lockTime: 0,
  }
}

/** The transaction that is signed, without its signature. */
export function toSign(spend: Transaction.Transaction): Transaction.Transaction {
  return {
    version: 0,
    inputs: [{ txid: Transaction.txid(spend), index: 0, script: NONE, sequence: 0, witness: [] }],
    outputs: [{ amount: 0n, script: TRUE_RETURN }],
    lockTime: 0,
  }
}

function judge(
  form: Signed['form'],
  transaction: Transaction.Transaction,
  spend: Transaction.Transaction,
  coins: readonly Transaction.Output[],
): Verdict.Verdict<Signed> {
  const [input, ...more] = transaction.inputs as [Transaction.Input, ...Transaction.Input[]]
  const [output, ...surplus] = transaction.outputs
  if (input === undefined || !Bytes.equal(input.txid, Transaction.txid(spend)) || input.index !== 0)
    return Verdict.refuse('message-commitment', 'the signature is about another message or address')
  if (output?.amount !== 0n || !Bytes.equal(output.script, TRUE_RETURN) || surplus.length > 0)
    return Verdict.refuse('message-encoding', 'the signature pays somebody')
  if (transaction.version !== 0 && transaction.version !== 2)
    return Verdict.refuse('message-encoding', `version 0 or 2 is expected, got ${transaction.version}`)
  if (more.length !== coins.length)
    return Verdict.refuse('message-encoding', 'only a proof of funds signs for more than one coin')
  // A coin that stands there twice is owned once.
  const valid = TransactionRules.verify(transaction)
  if (!valid.ok) return valid
  const prevouts = [spend.outputs[0] as Transaction.Output, ...coins]
  for (let i = 0; i < prevouts.length; i++) {
    const verdict = InputSignature.verify(transaction, i, prevouts)
    if (!verdict.ok) return verdict
    // A signature of less than everything isn't about the message, and could be taken from one proof into another.
    const partial = verdict.value.hashTypes.find(
      (type) => type !== Sighash.TYPE.all && type !== Sighash.TYPE.default,
    )
    if (partial !== undefined)
      return Verdict.refuse(
        'sighash-type',
        `all must be signed (BIP-322), not what hash type ${partial} says`,
        {
          hashType: partial,
        },
      )
  }
  return Verdict.accept({
    form,
    lockTime: transaction.lockTime,
    sequence: input.sequence,
    funds: more.map(({ txid, index }, i) => ({
      outpoint: `${Bytes.toHex(txid.slice().reverse())}:${index}`,
      output: coins[i] as Transaction.Output,
    })),
  })
}

function base64(text: string): Bytes.Bytes | undefined {
  if (text.length > MAX_LENGTH || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    return undefined
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** A witness as a transaction has it: read within one, so that it has the one encoding. */
function stackOf(bytes: Bytes.Bytes): readonly Bytes.Bytes[] | undefined {
  const head = Transaction.encode({
    version: 0,
    inputs: [{ txid: new Uint8Array(32), index: 0, script: NONE, sequence: 0, witness: [Uint8Array.of(1)] }],
    outputs: [{ amount: 0n, script: NONE }],
    lockTime: 0,
  })
  // All but the witness of one item of one byte, three bytes, and the lock time.
  const transaction = Transaction.decode(Bytes.concat(head.slice(0, -7), bytes, head.slice(-4)))
  return transaction.ok ? (transaction.value.inputs[0] as Transaction.Input).witness : undefined
}
