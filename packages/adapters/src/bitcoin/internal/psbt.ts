import {
  Bytes,
  CoreErrors,
  Hashlock,
  LockTerms,
  type Network,
  type Signed,
  type Step,
  show,
} from '@aitbc/core'
import { Hash256, HtlcScript, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import * as btc from '@scure/btc-signer'
import { RawPSBTV0, TaprootControlBlock } from '@scure/btc-signer/psbt.js'
import * as Account from '../Account.js'
import type { Outpoint } from '../Backend.js'
import { BitcoinErrors } from '../errors.js'
import * as Terms from './terms.js'

/** Name of a step's format. */
export const FORMAT = 'bitcoin/psbt'
/** Signals replaceability (BIP-125) and lets the lock time count. */
export const SEQUENCE = 0xffff_fffd
/** Options under which a PSBT is read: scripts and outputs of any form, our own fields kept. */
const LENIENT = {
  allowUnknownInputs: true,
  allowUnknownOutputs: true,
  unknown: 'ignore',
  proprietary: 'ignore',
} as const

/** The SDK's own global fields (BIP-174 proprietary, identifier `aitbc`): what a replacement needs to know. */
const FIELD = {
  /** Ids of earlier versions, 32 bytes each in the order of the protocol, oldest first. */
  attempts: 0,
  /** Index of the change output, one byte. */
  change: 1,
  /** Canonical bytes of the terms whose lock is spent. */
  terms: 2,
  /** The lock is claimed with a secret that isn't known yet; empty. */
  armed: 3,
} as const
const IDENTIFIER = /* @__PURE__ */ new TextEncoder().encode('aitbc')

/** A coin of an account, to be spent by its key. */
export interface AccountInput extends Outpoint {
  readonly amount: bigint
  readonly script: Bytes.Bytes
  /** The transaction that made it, for wallets that check amounts of version 0 programs against it. */
  readonly previous?: Bytes.Bytes
}

/** A lock, to be claimed with its secret or refunded. */
export interface LockInput extends Outpoint {
  readonly amount: bigint
  readonly htlc: HtlcScript.HtlcScript
  readonly terms: LockTerms.LockTerms
  readonly secret?: Bytes.Bytes32
  /** Claimed with a secret that isn't known yet, and stands in the witness as zeros. */
  readonly armed?: true
}

export interface Draft {
  readonly inputs: readonly (AccountInput | LockInput)[]
  readonly outputs: readonly Transaction.Output[]
  readonly lockTime?: number
  readonly change?: number
  readonly attempts?: readonly string[]
}

/** A prepared transaction, read back from its step. */
export interface Opened {
  readonly transaction: Transaction.Transaction
  readonly inputs: readonly (AccountInput | LockInput)[]
  readonly fee: bigint
  readonly change?: number
  readonly attempts: readonly string[]
  readonly psbt: btc.Transaction
}

/** Writes a PSBT (BIP-174, with the taproot fields of BIP-371). */
export function build(draft: Draft): Bytes.Bytes {
  const { inputs, outputs, lockTime = 0, change, attempts = [] } = draft
  const terms = inputs.flatMap((input) => ('htlc' in input ? [LockTerms.encode(input.terms)] : []))[0]
  const proprietary = [
    ...(attempts.length === 0
      ? []
      : [own(FIELD.attempts, Bytes.concat(...attempts.map(Hash256.fromDisplay)))]),
    ...(change === undefined ? [] : [own(FIELD.change, Uint8Array.of(change))]),
    ...(terms === undefined ? [] : [own(FIELD.terms, terms)]),
    ...(inputs.some((input) => 'htlc' in input && input.armed) ? [own(FIELD.armed, new Uint8Array(0))] : []),
  ]
  return RawPSBTV0.encode({
    global: {
      unsignedTx: {
        version: 2,
        lockTime,
        inputs: inputs.map(({ txid, index }) => ({
          txid: Bytes.fromHex(txid),
          index,
          finalScriptSig: new Uint8Array(0),
          sequence: SEQUENCE,
        })),
        outputs: outputs.map(({ amount, script }) => ({ amount, script })),
      },
      ...(proprietary.length === 0 ? {} : { proprietary }),
    },
    inputs: inputs.map((input) => ('htlc' in input ? lockFields(input) : accountFields(input))),
    outputs: outputs.map(() => ({})),
  } as Parameters<typeof RawPSBTV0.encode>[0])
}

function own(subtype: number, value: Bytes.Bytes): [Bytes.Bytes, Bytes.Bytes] {
  return [Bytes.concat(Uint8Array.of(IDENTIFIER.length), IDENTIFIER, Uint8Array.of(subtype)), value]
}

function accountFields({ amount, script, previous }: AccountInput) {
  return {
    witnessUtxo: { amount, script },
    ...(previous === undefined ? {} : { nonWitnessUtxo: btc.RawTx.decode(previous) }),
  }
}

/** The lock is spent for its beneficiary. */
export function isClaim({ secret, armed }: LockInput): boolean {
  return secret !== undefined || armed === true
}

function lockFields(input: LockInput) {
  const { amount, htlc, secret } = input
  const common = {
    witnessUtxo: { amount, script: htlc.scriptPubKey },
    ...(secret === undefined ? {} : { sha256: [[htlc.hashlock, secret]] as [Bytes.Bytes, Bytes.Bytes][] }),
  }
  if (htlc.kind === 'p2wsh') return { ...common, witnessScript: htlc.script }
  const leaf = isClaim(input) ? htlc.claim : htlc.refund
  return {
    ...common,
    tapInternalKey: htlc.internalKey,
    tapMerkleRoot: htlc.merkleRoot,
    tapLeafScript: [
      [
        TaprootControlBlock.decode(leaf.controlBlock),
        Bytes.concat(leaf.script, Uint8Array.of(Taproot.LEAF_VERSION)),
      ],
    ] as [ReturnType<typeof TaprootControlBlock.decode>, Bytes.Bytes][],
  }
}

/** Reads a step back; `ForeignNetwork` (1016) for another network's, `InvalidStep` (3113) where this adapter prepared no such one. */
export function open(network: Network, step: Step): Opened {
  const refuse = (message: string, context: Record<string, unknown>, cause?: unknown) =>
    BitcoinErrors.InvalidStep(`step ${message}`, { argument: 'step', ...context }, { cause })
  if (step?.network !== network.id)
    throw CoreErrors.ForeignNetwork(`step must be on ${network.id}, got ${show(step?.network)}`, {
      argument: 'step.network',
      expected: network.id,
      received: step?.network,
    })
  if (step.format !== FORMAT)
    throw refuse(`must be of the format ${FORMAT}, got ${show(step.format)}`, { received: step.format })
  let psbt: btc.Transaction
  let fields: ReturnType<typeof RawPSBTV0.decode>
  try {
    psbt = btc.Transaction.fromPSBT(step.payload, LENIENT)
    fields = RawPSBTV0.decode(step.payload)
  } catch (cause) {
    throw refuse('is no PSBT', { received: show(step.payload) }, cause)
  }
  const unsigned = Transaction.decode(psbt.unsignedTx)
  if (!unsigned.ok) throw refuse(`holds no transaction: ${unsigned.refusal.message}`, {})
  const get = (subtype: number): Bytes.Bytes | undefined => {
    const [name] = own(subtype, new Uint8Array(0))
    return fields.global.proprietary?.find(([key]) => Bytes.equal(key, name))?.[1]
  }
  const termsBytes = get(FIELD.terms)
  const armed = get(FIELD.armed) !== undefined
  const checked = termsBytes && Terms.check(network, LockTerms.decode(termsBytes))
  const inputs = unsigned.value.inputs.map((input, i): AccountInput | LockInput => {
    const { witnessUtxo, nonWitnessUtxo, sha256: preimages } = psbt.getInput(i)
    if (witnessUtxo === undefined) throw refuse(`lacks the coin of input ${i}`, { input: i })
    const outpoint = { txid: Hash256.toDisplay(input.txid), index: input.index }
    const { amount, script } = witnessUtxo
    if (checked !== undefined && Bytes.equal(script, checked.htlc.scriptPubKey)) {
      const secret = preimages?.find(([hash]) => Bytes.equal(hash, checked.htlc.hashlock))?.[1]
      return {
        ...outpoint,
        amount,
        htlc: checked.htlc,
        terms: checked.terms,
        ...(secret === undefined ? (armed ? { armed } : {}) : { secret }),
      }
    }
    return {
      ...outpoint,
      amount,
      script,
      ...(nonWitnessUtxo === undefined ? {} : { previous: btc.RawTx.encode(nonWitnessUtxo) }),
    }
  })
  const first = inputs[0]
  if (first === undefined || `${first.txid}:${first.index}` !== step.conflictKey)
    throw refuse('has another first input than its conflict key', { conflictKey: step.conflictKey })
  const paid = unsigned.value.outputs.reduce((sum, output) => sum + output.amount, 0n)
  const change = get(FIELD.change)?.[0]
  const attempts = get(FIELD.attempts) ?? new Uint8Array(0)
  return {
    transaction: unsigned.value,
    inputs,
    fee: inputs.reduce((sum, input) => sum + input.amount, 0n) - paid,
    ...(change === undefined ? {} : { change }),
    attempts: Array.from({ length: attempts.length / 32 }, (_, i) =>
      Hash256.toDisplay(attempts.slice(32 * i, 32 * i + 32)),
    ),
    psbt,
  }
}

/**
 * Takes the signatures that a PSBT came back with and makes the transaction, for exactly the step that was prepared: another
 * transaction, a missing, wrong or partial signature (other hash types than ALL) is `SignedDiffers` (3114).
 */
export function finalize(network: Network, step: Step, signed: btc.Transaction): Signed {
  const { transaction, inputs, psbt } = open(network, step)
  const refuse = (message: string, context: Record<string, unknown> = {}) =>
    BitcoinErrors.SignedDiffers(message, { step: step.kind, from: step.from, ...context })
  if (!Bytes.equal(signed.unsignedTx, psbt.unsignedTx))
    throw refuse('the transaction that came back is not the one that was prepared', {
      expected: Hash256.toDisplay(Transaction.txid(transaction)),
      received: signed.id,
    })
  const witnesses = inputs.map((input, i) => {
    const fields = signed.getInput(i)
    if (fields.finalScriptSig !== undefined && fields.finalScriptSig.length > 0)
      throw refuse(`input ${i} came back with a signature script`, { input: i })
    const witness =
      'htlc' in input ? lockWitness(psbt, input, i, fields) : accountWitness(psbt, input, inputs, i, fields)
    if (witness === undefined) throw refuse(`input ${i} came back without a valid signature`, { input: i })
    return witness
  })
  const final: Transaction.Transaction = {
    ...transaction,
    inputs: transaction.inputs.map((input, i) => ({
      ...input,
      witness: witnesses[i] as readonly Bytes.Bytes[],
    })),
  }
  return { step, id: Hash256.toDisplay(Transaction.txid(final)), raw: Transaction.encode(final) }
}

type Fields = ReturnType<btc.Transaction['getInput']>

/** Stands in the witness of an armed claim where the secret will: no signature covers it (BIP-143, BIP-341). */
const UNKNOWN = /* @__PURE__ */ new Uint8Array(32)

/**
 * An armed claim with its secret: the same transaction, whole. `InvalidStep` (3113) for a step that isn't armed, `SignedDiffers` (3114)
 * where its signature isn't the beneficiary's, `InvalidSecret` (1007).
 */
export function complete(network: Network, armed: Signed, secret: Bytes.Bytes32): Signed {
  const { transaction, inputs, psbt, attempts } = open(network, armed?.step)
  const [input] = inputs
  if (input === undefined || inputs.length > 1 || !('htlc' in input) || input.armed === undefined)
    throw BitcoinErrors.InvalidStep('armed.step must be an armed claim of one lock', {
      argument: 'armed.step',
      received: armed.step.kind,
    })
  if (!Hashlock.opens(secret, input.terms.hashlock))
    throw CoreErrors.InvalidSecret('secret does not open the hashlock of the armed claim', {
      argument: 'secret',
    })
  const { armed: _, ...rest } = input
  const whole = { ...rest, secret }
  const signed = armed.raw instanceof Uint8Array ? Transaction.decode(armed.raw) : undefined
  const finalScriptWitness = signed?.ok ? [...(signed.value.inputs[0]?.witness ?? [])] : []
  const witness =
    finalScriptWitness.length === 0 ? undefined : lockWitness(psbt, whole, 0, { finalScriptWitness })
  const id = Hash256.toDisplay(Transaction.txid(transaction))
  if (witness === undefined || armed.id !== id)
    throw BitcoinErrors.SignedDiffers('armed must be the claim of its step, signed by the beneficiary', {
      step: armed.step.kind,
      from: armed.step.from,
      expected: id,
      received: armed.id,
    })
  const { outputs, lockTime } = transaction
  const final: Transaction.Transaction = {
    ...transaction,
    inputs: transaction.inputs.map((one) => ({ ...one, witness })),
  }
  const payload = build({ inputs: [whole], outputs, lockTime, attempts })
  return { step: { ...armed.step, payload }, id, raw: Transaction.encode(final) }
}

/** The witness of an account's coin, from a signature or from a wallet that finalised by itself. */
function accountWitness(
  psbt: btc.Transaction,
  input: AccountInput,
  inputs: readonly (AccountInput | LockInput)[],
  index: number,
  fields: Fields,
): readonly Bytes.Bytes[] | undefined {
  const { script, amount } = input
  if (script.length === 22 && script[0] === 0) {
    const [signature, key] =
      fields.finalScriptWitness ??
      fields.partialSig?.flatMap(([k, s]) =>
        Bytes.equal(Account.hash160(k), script.slice(2)) ? [s, k] : [],
      ) ??
      []
    if (signature === undefined || key === undefined) return undefined
    if (key.length !== 33 || !Bytes.equal(Account.hash160(key), script.slice(2))) return undefined
    const code = btc.OutScript.encode({ type: 'pkh', hash: script.slice(2) })
    return isEcdsa(psbt.preimageWitnessV0(index, code, btc.SigHash.ALL, amount), signature, key)
      ? [signature, key]
      : undefined
  }
  const signature = fields.finalScriptWitness?.[0] ?? fields.tapKeySig
  if (script[0] !== 0x51 || script.length !== 34 || signature === undefined) return undefined
  return isSchnorr(psbt, inputs, index, signature, script.slice(2)) ? [signature] : undefined
}

function lockWitness(
  psbt: btc.Transaction,
  input: LockInput,
  index: number,
  fields: Fields,
): readonly Bytes.Bytes[] | undefined {
  const { htlc, terms, secret = UNKNOWN, amount } = input
  const claim = isClaim(input)
  const party = claim ? terms.beneficiary : terms.locker
  const key = party.publicKey as Bytes.Bytes
  const make = (signature: Bytes.Bytes): readonly Bytes.Bytes[] =>
    claim ? HtlcScript.claimWitness(htlc, signature, secret) : HtlcScript.refundWitness(htlc, signature)
  if (htlc.kind === 'p2wsh') {
    const signature =
      fields.finalScriptWitness?.[0] ?? fields.partialSig?.find(([k]) => Bytes.equal(k, key))?.[1]
    if (signature === undefined) return undefined
    const hash = psbt.preimageWitnessV0(index, htlc.script, btc.SigHash.ALL, amount)
    return isEcdsa(hash, signature, key) ? make(signature) : undefined
  }
  const leaf = claim ? htlc.claim : htlc.refund
  const signature =
    fields.finalScriptWitness?.[0] ??
    fields.tapScriptSig?.find(
      ([name]) => Bytes.equal(name.pubKey, key.slice(1)) && Bytes.equal(name.leafHash, leaf.hash),
    )?.[1]
  return signature !== undefined && isSchnorr(psbt, [input], index, signature, key.slice(1), leaf.script)
    ? make(signature)
    : undefined
}

/** ECDSA in DER with low s (BIP-146), and hash type ALL. */
function isEcdsa(hash: Bytes.Bytes, signature: Bytes.Bytes, key: Bytes.Bytes): boolean {
  if (signature.at(-1) !== btc.SigHash.ALL) return false
  try {
    return secp256k1.verify(signature.slice(0, -1), hash, key, { prehash: false, format: 'der', lowS: true })
  } catch {
    return false
  }
}

/** BIP-340 over the message of BIP-341, with the default hash type. */
function isSchnorr(
  psbt: btc.Transaction,
  inputs: readonly (AccountInput | LockInput)[],
  index: number,
  signature: Bytes.Bytes,
  key: Bytes.Bytes,
  leaf?: Bytes.Bytes,
): boolean {
  if (signature.length !== 64) return false
  const scripts = inputs.map((input) => ('htlc' in input ? input.htlc.scriptPubKey : input.script))
  const amounts = inputs.map((input) => input.amount)
  const message =
    leaf === undefined
      ? psbt.preimageWitnessV1(index, scripts, btc.SigHash.DEFAULT, amounts)
      : psbt.preimageWitnessV1(
          index,
          scripts,
          btc.SigHash.DEFAULT,
          amounts,
          undefined,
          leaf,
          Taproot.LEAF_VERSION,
        )
  try {
    return schnorr.verify(signature, message, key)
  } catch {
    return false
  }
}

/** Reads what a wallet sent back; `SignedDiffers` (3114) where it is no PSBT. */
export function parse(bytes: unknown, step: Step): btc.Transaction {
  try {
    return btc.Transaction.fromPSBT(bytes as Bytes.Bytes, LENIENT)
  } catch (cause) {
    throw BitcoinErrors.SignedDiffers(
      `the wallet sent back no PSBT, but ${show(bytes)}`,
      { step: step.kind, from: step.from },
      { cause },
    )
  }
}
