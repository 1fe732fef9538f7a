import {
  Bytes,
  type CallOptions,
  type Fact,
  isAitbcError,
  type Signed,
  type Status,
  type Submission,
} from '@aitbc/core'
import { assertNetwork } from '../../internal/guards.js'
import { attemptsOf, saw, sent } from '../../internal/memory.js'
import * as Address from '../Address.js'
import { PolkadotErrors } from '../errors.js'
import * as PolkadotTransaction from '../PolkadotTransaction.js'
import { accountAt } from './accounts.js'
import { atTip, type Client, genesisOf, type Head, needBlock, needHeaderAt, ref, told } from './client.js'
import { decode, type Registry } from './codec.js'
import { type DispatchFailure, eventsOf, registryAt } from './events.js'
import * as Rpc from './rpc.js'

type Hex = `0x${string}`

/** What became of a submission; where the runtime refused it in a block, with the runtime's own reason. */
export type PolkadotStatus =
  | Exclude<Status, { readonly is: 'included' | 'final' | 'failed' }>
  | { readonly is: 'included' | 'final'; readonly id: string; readonly block: Fact.BlockRef }
  | {
      readonly is: 'failed'
      readonly id: string
      readonly block: Fact.BlockRef
      readonly reason: DispatchFailure
    }

/** A transaction in a block. */
interface Included {
  readonly id: Hex
  readonly block: Fact.BlockRef & { readonly hash: Hex }
  readonly failure: DispatchFailure | undefined
}

const ID = /^0x[0-9a-f]{64}$/
/** What the pools of nodes answer (`sc-rpc-api`, author errors). */
const CODE = { invalid: 1010, unknownValidity: 1011, banned: 1012, known: 1013, cheap: 1014 } as const

/** Broadcasts; what the node already knows, or a block already has, counts as sent. */
export async function submit(client: Client, signed: Signed, options?: CallOptions): Promise<Submission> {
  options?.signal?.throwIfAborted()
  assertNetwork(signed?.step?.network, client.network.id, 'signed.step.network')
  const transaction = PolkadotTransaction.assertSigned(signed)
  await genesisOf(client, options)
  const id = signed.id as Hex
  try {
    const answer = await Rpc.submit(client.api, signed.raw, options)
    if (answer !== id) throw Rpc.malformed('author_submitExtrinsic', `the hash ${id}`, answer)
  } catch (error) {
    if (!isAitbcError(error, 'RpcRejected')) throw error
    const { code } = error.context
    if (code !== CODE.known && !(await known(client, transaction, id, options)))
      throw explained(error, signed)
  }
  // Versions are one call: another that has its nonce, such as a void, is none of them (S9).
  return sent(client, signed, `${signed.step.conflictKey} ${Bytes.toHex(transaction.method)}`)
}

/**
 * What became of a submission, over all its attempts. The chain has no index of transactions: the block that took the nonce is found by
 * bisecting the account's nonce within the life of the transaction, and by its blocks' contents where the node has no states so old.
 */
export async function status(
  client: Client,
  submission: Submission,
  options?: CallOptions,
): Promise<Fact.Fact<PolkadotStatus>> {
  assertNetwork(submission?.step?.network, client.network.id, 'submission.step.network')
  const transaction = PolkadotTransaction.ofStep(submission.step)
  const ids = attemptsOf(submission, ID) as readonly Hex[]
  return atTip(client, options, async (tip) => {
    const taken = await find(client, transaction, ids, tip, options)
    if (taken !== undefined && 'by' in taken)
      return told<PolkadotStatus>(client, { is: 'replaced', by: taken.by }, ref(tip), tip)
    if (taken !== undefined) {
      saw(client, taken.id)
      const { id, block, failure } = taken
      if (failure !== undefined)
        return told<PolkadotStatus>(client, { is: 'failed', id, block, reason: failure }, block, tip)
      const final = tip.finalized !== undefined && block.height <= tip.finalized.height
      return told<PolkadotStatus>(client, { is: final ? 'final' : 'included', id, block }, block, tip)
    }
    const waiting = new Set(
      (await Rpc.pending(client.api, options)).map((raw) => PolkadotTransaction.id(raw)),
    )
    const waits = ids.find((id) => waiting.has(id))
    if (waits !== undefined) {
      saw(client, waits)
      return told<PolkadotStatus>(client, { is: 'pending' }, 'mempool', tip)
    }
    const end = PolkadotTransaction.death(transaction.era)
    const over = end !== undefined && tip.height + 1n >= end
    const is = over || ids.some((id) => client.seen.has(id)) ? 'dropped' : 'unknown'
    return told<PolkadotStatus>(client, { is }, ref(tip), tip)
  })
}

/** The transaction that took a nonce: one of the ids, or another's. */
async function find(
  client: Client,
  transaction: PolkadotTransaction.PolkadotTransaction,
  ids: readonly Hex[],
  tip: Head,
  options?: CallOptions,
): Promise<Included | { readonly by: string } | undefined> {
  const { account } = Address.decode(transaction.address)
  const { era, nonce } = transaction
  const end = PolkadotTransaction.death(era)
  const first = era.is === 'mortal' ? era.at : 0n
  const last = end === undefined || end > tip.height ? tip.height : end
  const used = async (height: bigint) => {
    const header = height === tip.height ? tip : await needHeaderAt(client, height, options)
    const found = await accountAt(client, account, header.hash, options)
    return found.nonce > nonce
  }
  const now = await accountAt(client, account, tip.hash, options)
  // A nonce that is free is nobody's; but an account that is gone has lost its count.
  if (now.exists && now.nonce <= nonce) return undefined
  let height: bigint | undefined
  if (now.exists)
    try {
      height = await firstUse(used, first, last)
    } catch (error) {
      if (!isAitbcError(error, 'RpcRejected')) throw error
    }
  if (height !== undefined) return inBlock(client, transaction, ids, height, options)
  if (end === undefined) return now.exists ? { by: '' } : undefined
  for (let at = last; at > first; at--) {
    const found = await inBlock(client, transaction, ids, at, options)
    if (found !== undefined && !('by' in found && found.by === '')) return found
  }
  return now.exists ? { by: '' } : undefined
}

/** The first height at which a nonce is used; undefined where it was before the first, or isn't at the last. */
async function firstUse(
  used: (height: bigint) => Promise<boolean>,
  first: bigint,
  last: bigint,
): Promise<bigint | undefined> {
  if (!(await used(last)) || (await used(first))) return undefined
  let low = first
  let high = last
  for (let step = 16n; high - low > step; step *= 4n) {
    if (!(await used(high - step))) {
      low = high - step
      break
    }
    high -= step
  }
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (await used(middle)) high = middle
    else low = middle
  }
  return high
}

async function inBlock(
  client: Client,
  transaction: PolkadotTransaction.PolkadotTransaction,
  ids: readonly Hex[],
  height: bigint,
  options?: CallOptions,
): Promise<Included | { readonly by: string } | undefined> {
  const header = await needHeaderAt(client, height, options)
  const block = await needBlock(client, header.hash, options)
  for (const [index, raw] of block.extrinsics.entries()) {
    const id = PolkadotTransaction.id(raw) as Hex
    if (!ids.includes(id)) continue
    const own = (await eventsOf(client, block.hash, options)).filter((event) => event.extrinsic === index)
    const outcome = own.find(
      ({ pallet, name }) =>
        pallet === 'system' && (name === 'ExtrinsicSuccess' || name === 'ExtrinsicFailed'),
    )
    if (outcome === undefined)
      throw Rpc.malformed('state_getStorage', `an event that tells the outcome of ${id}`, own.length)
    return { id, block: { height, hash: block.hash }, failure: outcome.failure }
  }
  const { registry } = await registryAt(client, block.hash, options)
  for (const raw of block.extrinsics) {
    const signer = signerOf(registry, raw)
    if (signer !== undefined && signer.nonce === transaction.nonce && signer.address === transaction.address)
      return { by: PolkadotTransaction.id(raw) }
  }
  return { by: '' }
}

/** What is read of an extrinsic. */
interface SignedBy {
  readonly isSigned: boolean
  readonly signer: { toString(): string }
  readonly nonce: { toBigInt(): bigint }
}

/** Who signed an extrinsic of any version, with its nonce; undefined for an inherent. */
export function signerOf(
  registry: Registry,
  raw: Bytes.Bytes,
): { readonly address: string; readonly nonce: bigint } | undefined {
  try {
    const extrinsic = decode<SignedBy>(registry, 'GenericExtrinsic', raw)
    if (!extrinsic.isSigned) return undefined
    return { address: extrinsic.signer.toString(), nonce: extrinsic.nonce.toBigInt() }
  } catch {
    return undefined
  }
}

async function known(
  client: Client,
  transaction: PolkadotTransaction.PolkadotTransaction,
  id: Hex,
  options?: CallOptions,
): Promise<boolean> {
  const waiting = await Rpc.pending(client.api, options)
  if (waiting.some((raw) => PolkadotTransaction.id(raw) === id)) return true
  return atTip(client, options, async (tip) => {
    const found = await find(client, transaction, [id], tip, options)
    return found !== undefined && 'id' in found
  })
}

/** A pool's refusal in the words of this adapter. */
function explained(error: unknown, { step, id }: Signed): unknown {
  if (!isAitbcError(error)) return error
  const { code, message, data } = error.context
  const context = { id, code, message, data, conflictKey: step.conflictKey }
  const said = `the chain refuses the ${step.kind}: ${String(message)}`
  if (code === CODE.cheap) return PolkadotErrors.PolkadotTipTooLow(said, context, { cause: error })
  if (code === CODE.invalid && /pay some fees/.test(`${message} ${data}`))
    return PolkadotErrors.PolkadotInsufficientFunds(said, context, { cause: error })
  if (code === CODE.invalid || code === CODE.unknownValidity || code === CODE.banned)
    return PolkadotErrors.PolkadotRefused(said, context, { cause: error })
  return error
}
