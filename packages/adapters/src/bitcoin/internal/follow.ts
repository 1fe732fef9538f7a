import {
  type AitbcError,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  type Signed,
  type Status,
  type Submission,
} from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import { BitcoinErrors } from '../errors.js'
import type { Context } from './context.js'
import { told } from './locks.js'
import * as Psbt from './psbt.js'
import { decodeSigned } from './signed.js'

/** Broadcasts; that the network has the transaction already is success. */
export async function submit(
  context: Context,
  signed: Signed,
  options: CallOptions = {},
): Promise<Submission> {
  const { network, backend, reader } = context
  options.signal?.throwIfAborted()
  const opened = Psbt.open(network, signed?.step)
  const { transaction } = decodeSigned(signed)
  // SegWit inputs have no signature scripts: signing leaves the id as it is.
  if (!Bytes.equal(Transaction.txid(transaction), Transaction.txid(opened.transaction)))
    throw BitcoinErrors.InvalidStep(`signed.raw must be the transaction of its step, got ${signed.id}`, {
      argument: 'signed.raw',
      received: signed.id,
    })
  const submission: Submission = {
    step: signed.step,
    id: signed.id,
    raw: signed.raw,
    attempts: [...opened.attempts.filter((id) => id !== signed.id), signed.id],
  }
  const reason = await backend.send(signed.raw, options)
  if (reason === undefined || /txn-already|already[- ]in|already known/i.test(reason)) return submission
  const error = refusal(reason, signed)
  // What is in a block has no inputs left to spend: that it was sent before is success too.
  if (error._tag === 'InputsSpent' && (await reader.transaction(signed.id, options)) !== undefined)
    return submission
  throw error
}

/** A node's reason not to take a transaction, as the error that tells the caller what to do. */
export function refusal(reason: string, signed: Pick<Signed, 'step' | 'id'>): AitbcError {
  const { step, id } = signed
  const context = { id, step: step.kind, conflictKey: step.conflictKey, reason }
  const says = (pattern: RegExp): boolean => pattern.test(reason)
  if (says(/non-final|non-BIP68-final/i))
    return BitcoinErrors.TransactionNotFinal(`${id} is not final yet: ${reason}`, {
      ...context,
      ...(step.validFrom === undefined ? {} : { validFrom: step.validFrom }),
    })
  if (says(/insufficient fee|rejecting replacement|too many potential replacements|replacement-adds/i))
    return BitcoinErrors.ReplacementRefused(
      `${id} does not replace what is in the mempool: ${reason}`,
      context,
    )
  if (says(/missing-?inputs|missingorspent|txn-mempool-conflict|bad-txns-spends-conflicting/i))
    return BitcoinErrors.InputsSpent(`an input of ${id} is spent or unknown: ${reason}`, context)
  if (says(/min relay fee|mempool min fee|min fee not met|mempool full/i))
    return BitcoinErrors.FeeTooLow(`${id} pays too little: ${reason}`, {
      ...context,
      maxFee: step.maxFee.amount,
    })
  if (says(/\bdust\b/i))
    return BitcoinErrors.DustOutput(`${id} has an output that is dust: ${reason}`, context)
  if (says(/too-long-mempool-chain|too many (?:unconfirmed )?(?:ancestors|descendants)/i))
    return BitcoinErrors.MempoolChainTooLong(
      `${id} hangs on too many unconfirmed transactions: ${reason}`,
      context,
    )
  if (says(/fee exceeds max|max-?fee-?exceeded|absurdly-high-fee/i))
    return BitcoinErrors.InvalidFeeRate(`${id} pays more than the node believes: ${reason}`, context)
  return BitcoinErrors.TransactionRefused(`the node refused ${id}: ${reason}`, context)
}

/** What became of a submission, whichever of its versions. */
export async function status(
  context: Context,
  submission: Submission,
  options: CallOptions = {},
): Promise<Fact.Told<Status>> {
  const { network, reader } = context
  if (submission?.step?.network !== network.id)
    throw CoreErrors.ForeignNetwork(`submission must be on ${network.id}, got ${submission?.step?.network}`, {
      argument: 'submission',
      expected: network.id,
      received: submission?.step?.network,
    })
  const own = await reader.transaction(submission.id, options)
  const tip = await reader.tip(options)
  if (own !== undefined) {
    const { at } = own
    if (at === 'mempool') return told(context, { is: 'pending' }, 'mempool', tip)
    const { rule } = network.finality
    const depth = network.finality.rule === 'depth' ? network.finality.depth : 1n
    const final = rule === 'depth' && tip.height - at.height + 1n >= depth
    return told(context, { is: final ? 'final' : 'included', id: own.txid, block: at }, at, tip)
  }
  // Gone: another transaction took one of its inputs, an earlier or later version perhaps, or it was forgotten.
  for (const input of Psbt.open(network, submission.step).inputs) {
    const script = 'htlc' in input ? input.htlc.scriptPubKey : input.script
    const taker = await reader.spender(input, script, options)
    if (taker !== undefined && taker.at !== 'mempool')
      return told(context, { is: 'replaced', by: taker.txid }, taker.at, tip)
  }
  // Without its bytes nobody here can say that it ever was on the network.
  return told(context, { is: submission.raw === undefined ? 'unknown' : 'dropped' }, tip, tip)
}
