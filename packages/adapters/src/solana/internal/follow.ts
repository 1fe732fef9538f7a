import {
  type AitbcError,
  Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  isAitbcError,
  type Signed,
  type Status,
  type Step,
  type Submission,
} from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { assertNetwork } from '../../internal/guards.js'
import * as Memory from '../../internal/memory.js'
import { SolanaErrors } from '../errors.js'
import * as NonceAccount from '../NonceAccount.js'
import * as SolanaRpc from '../SolanaRpc.js'
import * as SolanaTransaction from '../SolanaTransaction.js'
import { blockNear, type Client, checkChain, headOf, ref, remember, rpc, told } from './client.js'

/** Blocks after which a transaction that nobody has seen is worth sending again. */
const RESEND_AFTER = 16n
/** Ids of one question. */
const MAX_IDS = 256
const ID = /^[1-9A-HJ-NP-Za-km-z]{64,88}$/

/**
 * Broadcasts; what the node already knows counts as sent. A claim isn't simulated (H18), and isn't sent where it can't be included any
 * more: `SolanaExpired` (3308).
 */
export async function submit(client: Client, signed: Signed, options?: CallOptions): Promise<Submission> {
  options?.signal?.throwIfAborted()
  assertNetwork(signed?.step?.network, client.network.id, 'signed.step.network')
  SolanaTransaction.assertSigned(signed)
  await checkChain(client, options)
  const { id, step, raw } = signed
  const decoded = SolanaTransaction.ofStep(step)
  const secret = decoded.instructions.some(
    ({ program, data }) => Bytes.equal(program, client.program) && data[0] === 1,
  )
  const height = await SolanaRpc.blockHeight(client.transport, 'confirmed', rpc(options))
  const last = lastHeight(step)
  const late = decoded.nonce === undefined && last !== undefined && height > last
  if (late && !(await isKnown(client, id, options)))
    throw SolanaErrors.SolanaExpired(
      `${step.kind} ${id} could be included up to height ${last}, it is ${height}`,
      {
        id,
        validUntil: last,
        height,
      },
    )
  if (!late)
    try {
      const answer = await SolanaRpc.send(client.transport, raw, { ...rpc(options), preflight: !secret })
      if (answer !== id) throw SolanaRpc.malformed('sendTransaction', `the signature ${id}`, answer)
    } catch (error) {
      if (!isAitbcError(error, 'RpcRejected')) throw error
      const said = String(error.context['message'])
      if (
        !/already (?:been )?processed|AlreadyProcessed/i.test(said) &&
        !(await isKnown(client, id, options))
      )
        throw explained(error, signed, said)
    }
  remember(client.memory.sent, id, height)
  const earlier = client.memory.attempts.get(step.conflictKey) ?? []
  const all = [...earlier.filter((attempt) => attempt.id !== id), { id, kind: step.kind }]
  remember(client.memory.attempts, step.conflictKey, all)
  return { step, id, raw, attempts: all.filter((it) => it.kind === step.kind).map((it) => it.id) }
}

/**
 * What became of a submission, over all its attempts. `included` is confirmed by more than two thirds of the stake, `final` rooted;
 * `replaced` means as well that its blockhash has finally expired, or its nonce been used: none of its attempts can be included any more.
 */
export async function status(
  client: Client,
  submission: Submission,
  options?: CallOptions,
): Promise<Fact.Fact<Status>> {
  assertNetwork(submission?.step?.network, client.network.id, 'submission.step.network')
  SolanaTransaction.ofStep(submission.step)
  const ids = attemptsOf(submission)
  await checkChain(client, options)
  // Asked before the signatures are: what isn't found by then was not included while it could be.
  const over = await expiry(client, submission.step, options)
  const { statuses: found, slot } = await SolanaRpc.signatureStatuses(client.transport, ids, rpc(options))
  const newest = found.reduce((most, it) => (it !== undefined && it.slot > most ? it.slot : most), 0n)
  const settled = found.flatMap((it, index) =>
    it === undefined || it.commitment === 'processed' ? [] : [{ ...it, id: ids[index] as string }],
  )
  const head = await headOf(client, options, settled.length > 0 ? newest : 0n)
  const { tip } = head
  // One that failed says nothing of the others, as long as they may be included.
  const waits = found.some((it) => (it === undefined ? !over : it.commitment === 'processed'))
  const best = settled.find((it) => !it.failed) ?? (waits ? undefined : settled[0])
  if (best !== undefined) {
    const at = ref(await blockNear(client, best.slot, options))
    const final = tip.finalized !== undefined && at.height <= tip.finalized.height
    const is = best.failed ? 'failed' : final ? 'final' : 'included'
    return told<Status>(client, { is, id: best.id, block: at }, at, tip)
  }
  if (found.some((it) => it !== undefined)) return told<Status>(client, { is: 'pending' }, 'mempool', tip)
  if (over && slot >= over.slot)
    return told<Status>(
      client,
      { is: 'replaced', by: await taker(client, submission, ids, options) },
      ref(tip),
      tip,
    )
  const sent = ids.flatMap((id) => client.memory.sent.get(id) ?? [])
  if (sent.length === 0) return told<Status>(client, { is: 'unknown' }, ref(tip), tip)
  // There is no mempool to look into: nodes forward a transaction to the next leaders, and may lose it.
  const fresh = sent.some((height) => tip.height <= height + RESEND_AFTER)
  return told<Status>(client, { is: fresh ? 'pending' : 'dropped' }, fresh ? 'mempool' : ref(tip), tip)
}

/** Which of the other transactions of a conflict key, sent from here, was included; empty where none is known. */
async function taker(
  client: Client,
  submission: Submission,
  own: readonly string[],
  options?: CallOptions,
): Promise<string> {
  const others = (client.memory.attempts.get(submission.step.conflictKey) ?? [])
    .map(({ id }) => id)
    .filter((id) => !own.includes(id))
  if (others.length === 0) return ''
  const { statuses } = await SolanaRpc.signatureStatuses(
    client.transport,
    others.slice(-MAX_IDS),
    rpc(options),
  )
  const index = statuses.findIndex((it) => it !== undefined && it.commitment !== 'processed')
  return others.slice(-MAX_IDS)[index] ?? ''
}

/** Whether any version of a submission stands in a block. */
export async function landed(
  client: Client,
  submission: Submission,
  least: bigint,
  options?: CallOptions,
): Promise<boolean> {
  const { statuses, slot } = await SolanaRpc.signatureStatuses(
    client.transport,
    attemptsOf(submission),
    rpc(options),
  )
  // Behind an address there may be several nodes: one that lags has not seen what another one calls over.
  if (slot < least)
    throw CoreErrors.RpcDisagreement(`the endpoint tells of slot ${slot} after it told of slot ${least}`, {
      method: 'getSignatureStatuses',
      least,
      received: slot,
    })
  return statuses.some((it) => it !== undefined)
}

/**
 * The slot by which no chain that is built on what is final can include a step any more; undefined while one can. A nonce's use is told as
 * soon as it is confirmed, as another transaction's place in a block is elsewhere.
 */
export async function expiry(
  client: Client,
  step: Step,
  options?: CallOptions,
): Promise<{ readonly slot: bigint } | undefined> {
  const { transport } = client
  const { nonce, lifetime } = SolanaTransaction.ofStep(step)
  if (nonce !== undefined) {
    const { accounts, slot } = await SolanaRpc.accounts(transport, [nonce], 'confirmed', rpc(options))
    const [account] = accounts
    const decoded = account === undefined ? undefined : NonceAccount.decode(account)
    return decoded?.ok && Bytes.equal(decoded.value.value, lifetime) ? undefined : { slot }
  }
  const last = lastHeight(step)
  const over =
    last !== undefined
      ? (await SolanaRpc.blockHeight(transport, 'finalized', rpc(options))) > last
      : !(await SolanaRpc.isBlockhashValid(transport, Address.encode(lifetime), 'finalized', rpc(options)))
  return over ? { slot: await SolanaRpc.slot(transport, 'finalized', rpc(options)) } : undefined
}

/** The last height at which a step can be included, where it tells. */
function lastHeight(step: Step): bigint | undefined {
  return step.validUntil?.clock === 'height' ? step.validUntil.value : undefined
}

async function isKnown(client: Client, id: string, options?: CallOptions): Promise<boolean> {
  const { statuses } = await SolanaRpc.signatureStatuses(client.transport, [id], rpc(options))
  return statuses[0] !== undefined
}

/** The node's words for what a caller can act on. */
function explained(error: AitbcError, signed: Signed, said: string): AitbcError {
  const context = { ...error.context, id: signed.id, conflictKey: signed.step.conflictKey }
  const message = `${signed.step.kind} ${signed.id} was refused: ${said}`
  if (/blockhash ?not ?found/i.test(said))
    return SolanaErrors.SolanaExpired(message, context, { cause: error })
  if (
    /insufficient (?:funds|lamports)|insufficientfunds|no record of a prior credit|AccountNotFound/i.test(
      said,
    )
  )
    return SolanaErrors.SolanaInsufficientFunds(message, context, { cause: error })
  if (/simulation failed|error processing instruction|custom program error|InstructionError/i.test(said))
    return SolanaErrors.SolanaWouldFail(message, context, { cause: error })
  return error
}

/** The newest attempts of a submission, newest first. */
function attemptsOf(submission: Submission): readonly string[] {
  return Memory.attemptsOf(submission, ID).slice(0, MAX_IDS)
}
