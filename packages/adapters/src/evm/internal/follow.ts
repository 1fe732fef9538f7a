import {
  type CallOptions,
  type Fact,
  isAitbcError,
  type Signed,
  type Status,
  type Submission,
} from '@aitbc/core'
import { type Address, type Hex, toHex } from 'viem'
import { assertNetwork } from '../../internal/guards.js'
import { indexed } from '../../internal/indexed.js'
import { attemptsOf, saw, sent } from '../../internal/memory.js'
import * as EvmRpc from '../EvmRpc.js'
import * as EvmTransaction from '../EvmTransaction.js'
import { EvmErrors } from '../errors.js'
import { atTip, type Client, checkChain, ref, rpc, told } from './client.js'

const ID = /^0x[0-9a-f]{64}$/

/** Broadcasts; what the node already knows, or a block already has, counts as sent. */
export async function submit(client: Client, signed: Signed, options?: CallOptions): Promise<Submission> {
  options?.signal?.throwIfAborted()
  assertNetwork(signed?.step?.network, client.network.id, 'signed.step.network')
  await EvmTransaction.assertSigned(signed)
  await checkChain(client, options)
  const id = signed.id as Hex
  try {
    const answer = await EvmRpc.send(client.transport, toHex(signed.raw), rpc(options))
    if (answer !== id) throw EvmRpc.malformed('eth_sendRawTransaction', `the hash ${id}`, answer)
  } catch (error) {
    if (!isAitbcError(error, 'RpcRejected')) throw error
    if (!(await known(client, id, options))) throw explained(error, signed)
  }
  return sent(client, signed, versionsKey(signed))
}

/**
 * What became of a submission, over all its attempts: a receipt counts only in a block of the chain that the head is on; a nonce
 * that somebody else's transaction took is `replaced`, one after a nonce that nobody uses any more `dropped`.
 */
export async function status(
  client: Client,
  submission: Submission,
  options?: CallOptions,
): Promise<Fact.Fact<Status>> {
  assertNetwork(submission?.step?.network, client.network.id, 'submission.step.network')
  const { from, nonce } = EvmTransaction.ofStep(submission.step)
  const ids = attemptsOf(submission, ID) as readonly Hex[]
  return atTip(client, options, async (tip) => {
    for (const id of ids) {
      const receipt = await EvmRpc.receipt(client.transport, id, rpc(options))
      if (receipt === undefined || receipt.block.height > tip.height) continue
      const block = await EvmRpc.block(client.transport, receipt.block.height, rpc(options))
      if (block?.hash !== receipt.block.hash) continue
      saw(client, id)
      const final = tip.finalized !== undefined && receipt.block.height <= tip.finalized.height
      const is = !receipt.succeeded ? 'failed' : final ? 'final' : 'included'
      return told<Status>(client, { is, id, block: ref(receipt.block) }, ref(receipt.block), tip)
    }
    const next = await EvmRpc.nonce(client.transport, from, tip.height, rpc(options))
    for (const id of ids) {
      const found = await EvmRpc.transaction(client.transport, id, rpc(options))
      if (found === undefined) continue
      // A wallet may have chosen another nonce than the step's, and not have told.
      const own = found.nonce
      if (own < next && found.block !== undefined) throw unreceipted(id)
      if (own < next) continue
      saw(client, id)
      // After a nonce that the node has no transaction for, nothing is included: it is as good as dropped.
      const blocked =
        next < own && (await EvmRpc.nonce(client.transport, from, 'pending', rpc(options))) <= own
      if (blocked) return told<Status>(client, { is: 'dropped' }, ref(tip), tip)
      return told<Status>(client, { is: 'pending' }, 'mempool', tip)
    }
    if (next > nonce) {
      const by = await taker(client, from, nonce, tip.height, options)
      if (ids.includes(by as Hex)) throw unreceipted(by)
      return told<Status>(client, { is: 'replaced', by }, ref(tip), tip)
    }
    const is = ids.some((id) => client.seen.has(id)) ? 'dropped' : 'unknown'
    return told<Status>(client, { is }, ref(tip), tip)
  })
}

/** The transaction that took a nonce; empty where the endpoint no longer has the states that tell, or can't show the block. */
async function taker(
  client: Client,
  from: Address,
  nonce: bigint,
  head: bigint,
  options?: CallOptions,
): Promise<string> {
  // Full nodes keep the states of some hundred blocks; older ones only archives have.
  const usedIn = async (height: bigint) =>
    (await EvmRpc.nonce(client.transport, from, height, rpc(options))) > nonce
  let high = head
  let low = head
  const search = async () => {
    for (let step = 16n; low > 0n; step *= 4n) {
      low = low > step ? low - step : 0n
      if (!(await usedIn(low))) break
      high = low
    }
    while (high - low > 1n) {
      const middle = (low + high) / 2n
      if (await usedIn(middle)) high = middle
      else low = middle
    }
    return EvmRpc.blockTransactions(client.transport, high, rpc(options))
  }
  const transactions = await indexed(search())
  return transactions?.find((found) => found.from === from && found.nonce === nonce)?.hash ?? ''
}

/** `RpcMalformed` (1204): a node that forgot a receipt doesn't tell what became of its transaction. */
function unreceipted(id: string) {
  return EvmRpc.malformed('eth_getTransactionReceipt', `the receipt of ${id}, which a block has`, null)
}

async function known(client: Client, id: Hex, options?: CallOptions): Promise<boolean> {
  return (
    (await EvmRpc.transaction(client.transport, id, rpc(options))) !== undefined ||
    (await EvmRpc.receipt(client.transport, id, rpc(options))) !== undefined
  )
}

/** The node's words for what a caller can act on; clients agree on the words and on little else. */
function explained(error: unknown, signed: Signed): unknown {
  if (!isAitbcError(error)) return error
  const said = String(error.context['message']).toLowerCase()
  const context = { ...error.context, id: signed.id, conflictKey: signed.step.conflictKey }
  const message = `${signed.step.kind} ${signed.id} was refused: ${said}`
  if (/nonce.*(too low|already|old)|old ?nonce/.test(said))
    return EvmErrors.EvmNonceUsed(message, context, { cause: error })
  if (/insufficient ?funds|exceeds account balance/.test(said))
    return EvmErrors.EvmInsufficientFunds(message, context, { cause: error })
  if (
    /underpriced|base fee|fee ?too ?low|gas price below|replacementnotallowed|priority is too low/.test(said)
  )
    return EvmErrors.EvmUnderpriced(message, context, { cause: error })
  return error
}

/** Versions differ in their price alone: a void, or another swap's claim, has the nonce of a lock and isn't it (S9). */
function versionsKey({ step }: Pick<Signed, 'step'>): string {
  const { to, value, data } = EvmTransaction.ofStep(step)
  return `${step.conflictKey} ${step.kind} ${to} ${value} ${data}`
}
