import {
  Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  isAitbcError,
  type Signed,
  type Status,
  type Submission,
} from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { assertNetwork } from '../../internal/guards.js'
import { attemptsOf, saw, sent } from '../../internal/memory.js'
import * as CosmosRpc from '../CosmosRpc.js'
import * as CosmosTransaction from '../CosmosTransaction.js'
import { CosmosErrors } from '../errors.js'
import { accountAt } from './accounts.js'
import { type Base, blockAt, ref, rpc, tipOf, told } from './client.js'
import { pending } from './pending.js'

const ID = /^[0-9A-F]{64}$/
/** Codes of the Cosmos SDK (`types/errors/errors.go`) that a caller can act on. */
const CODE = { funds: 5, gas: 11, fee: 13, inMempool: 19, timeout: 30, sequence: 32 } as const

/** Broadcasts; what the node already knows, or a block already has, counts as sent. */
export async function submit(client: Base, signed: Signed, options?: CallOptions): Promise<Submission> {
  options?.signal?.throwIfAborted()
  assertNetwork(signed?.step?.network, client.network.id, 'signed.step.network')
  CosmosTransaction.assertSigned(signed)
  await tipOf(client, options)
  const { id } = signed
  try {
    const { code, codespace, log } = await CosmosRpc.broadcast(client.transport, signed.raw, rpc(options))
    const taken = code === 0 || (code === CODE.inMempool && codespace === 'sdk')
    if (!taken && !(await known(client, id, options))) throw refused(signed, code, codespace, log)
  } catch (error) {
    if (!isAitbcError(error, 'RpcRejected') || error.context['method'] !== 'broadcast_tx_sync') throw error
    const cached = /already (?:exists|in).*cache/i.test(CosmosRpc.said(error))
    if (!cached && !(await known(client, id, options))) throw error
  }
  return sent(client, signed, versionsKey(signed))
}

/**
 * What became of a submission, over all its attempts; a sequence that somebody else's transaction took is `replaced`, and one that
 * can't be included any more `dropped`.
 */
export async function status(
  client: Base,
  submission: Submission,
  options?: CallOptions,
): Promise<Fact.Fact<Status>> {
  assertNetwork(submission?.step?.network, client.network.id, 'submission.step.network')
  const { message, sequence, timeoutHeight } = CosmosTransaction.ofStep(submission.step)
  const { from } = message
  const ids = attemptsOf(submission, ID)
  const tip = await tipOf(client, options)
  const included = async (found: CosmosRpc.Included) => {
    saw(client, found.hash)
    const block = await blockAt(client, found.height, options)
    const is = found.code === 0 ? ('final' as const) : ('failed' as const)
    return told<Status>(client, { is, id: found.hash, block: ref(block) }, ref(block), tip)
  }
  let failed: CosmosRpc.Included | undefined
  for (const id of ids) {
    const found = await CosmosRpc.transaction(client.transport, id, rpc(options))
    if (found === undefined || found.height > tip.height) continue
    if (found.code === 0) return included(found)
    saw(client, id)
    if (!isStillborn(found)) failed ??= found
  }
  const account = await accountAt(client, from, tip.height, options)
  if (account !== undefined && account.sequence > sequence) {
    const query = `tx.acc_seq='${from}/${sequence}'`
    const { found: takers } = await CosmosRpc.searchFew(client.transport, query, tip.height, rpc(options))
    const taker = takers.find(
      (found) =>
        CosmosTransaction.open(found.bytes)?.sequence === sequence &&
        !isStillborn(found) &&
        found.height <= tip.height,
    )
    if (taker !== undefined && ids.includes(taker.hash)) return included(taker)
    if (taker === undefined && failed !== undefined) return included(failed)
    // An index that lags behind the state tells nothing yet: what it can't name wasn't necessarily another's.
    if (taker === undefined) return told<Status>(client, { is: 'unknown' }, ref(tip), tip)
    return told<Status>(client, { is: 'replaced', by: taker.hash }, ref(tip), tip)
  }
  for (const bytes of await pending(client, options)) {
    const id = CosmosRpc.hashOf(bytes)
    if (!ids.includes(id)) continue
    saw(client, id)
    return told<Status>(client, { is: 'pending' }, 'mempool', tip)
  }
  const expired = timeoutHeight !== 0n && tip.height >= timeoutHeight
  const is = expired || ids.some((id) => client.seen.has(id)) ? 'dropped' : 'unknown'
  return told<Status>(client, { is }, ref(tip), tip)
}

/**
 * A transaction that a block has but the chain refused to begin: it cost nothing, and its sequence is still free, for whoever sends it again. By
 * these codes; by others too, which a message's own failure has as well: then the account's sequence tells.
 */
function isStillborn({ code, codespace }: CosmosRpc.Included): boolean {
  return codespace === 'sdk' && (code === CODE.sequence || code === CODE.timeout)
}

async function known(client: Base, id: string, options?: CallOptions): Promise<boolean> {
  if ((await CosmosRpc.transaction(client.transport, id, rpc(options))) !== undefined) return true
  return (await pending(client, options)).some((bytes) => CosmosRpc.hashOf(bytes) === id)
}

/** The node's code and words for what a caller can act on. */
function refused(signed: Signed, code: number, codespace: string, log: string) {
  const context = { id: signed.id, conflictKey: signed.step.conflictKey, code, codespace, message: log }
  const message = `${signed.step.kind} ${signed.id} was refused: ${log} (${codespace} ${code})`
  if (codespace === 'sdk') {
    if (code === CODE.sequence) {
      const [, expected, got] = /expected (\d{1,20}), got (\d{1,20})/.exec(log) ?? []
      return CosmosErrors.CosmosSequenceMismatch(message, {
        ...context,
        ...(expected === undefined ? {} : { expected: BigInt(expected) }),
        ...(got === undefined ? {} : { got: BigInt(got) }),
      })
    }
    if (code === CODE.funds) return CosmosErrors.CosmosInsufficientFunds(message, context)
    if (code === CODE.fee) return CosmosErrors.CosmosUnderpriced(message, context)
    if (code === CODE.timeout) return CosmosErrors.CosmosExpired(message, context)
  }
  return CoreErrors.RpcRejected(message, { method: 'broadcast_tx_sync', ...context })
}

/** Versions differ in fee and timeout alone: a void, or another swap's claim, has the sequence of a lock and isn't it (S9). */
function versionsKey({ step }: Pick<Signed, 'step'>): string {
  const transaction = CosmosTransaction.ofStep(step)
  const { message, timeoutHeight } = transaction
  const bare = {
    ...transaction,
    // A later version of a lock in IRISnet's module lasts less long, and to the same height.
    message:
      message.kind === 'iris-create' ? { ...message, timeLock: message.timeLock + timeoutHeight } : message,
    timeoutHeight: 0n,
    gas: 0n,
    fee: { ...transaction.fee, amount: 0n },
  }
  return `${step.conflictKey} ${step.kind} ${Bytes.toHex(sha256(CosmosTransaction.encode(bare)))}`
}
