import { randomBytes } from 'node:crypto'
import type { StartedEvm } from '../EvmNode.js'
import { DevnetErrors } from '../errors.js'
import type { Clock } from './Clock.js'
import type { Rpc } from './JsonRpc.js'

interface Block {
  readonly number: string
  readonly timestamp: string
  readonly hash: string
  readonly transactions: readonly string[]
}

/** A JSON-RPC quantity. */
export function quantity(value: bigint | number): string {
  return `0x${value.toString(16)}`
}

/** A block by its height or tag. */
export function block(rpc: Rpc, at: bigint | 'latest' = 'latest'): Promise<Block> {
  return rpc<Block>('eth_getBlockByNumber', at === 'latest' ? at : quantity(at), false)
}

/** Sets the node's clock to the net's. */
export async function setTime(rpc: Rpc, clock: Clock): Promise<void> {
  await rpc('evm_setTime', quantity(clock.now()))
}

/**
 * Mines blocks, the first at the net's time, each at least one second after its parent (as the consensus rule wants;
 * anvil by itself does not); `spacing` seconds apart, when that is given.
 */
export async function mineEvm(
  evm: StartedEvm,
  clock: Clock,
  blocks: number,
  options: { readonly spacing?: bigint | undefined } = {},
): Promise<readonly string[]> {
  const { rpc } = evm.node
  const { beacon } = evm
  const parent = await block(rpc)
  // Where a beacon chain follows, a block is of a slot's start, and blocks are whole slots apart.
  const slot = beacon?.config.secondsPerSlot ?? 1n
  const spacing = (((options.spacing ?? slot) + slot - 1n) / slot) * slot
  const least = BigInt(parent.timestamp) + spacing
  clock.reach(least)
  const time = beacon?.nextTime(least - slot, clock.now()) ?? clock.now()
  clock.reach(time)
  await rpc('evm_setNextBlockTimestamp', quantity(time))
  await rpc('anvil_mine', quantity(1))
  if (beacon === undefined && blocks > 1) await rpc('anvil_mine', quantity(blocks - 1), quantity(spacing))
  // The node's own interval counts from its clock, which may move on between two blocks.
  for (let i = 1n; beacon !== undefined && i < BigInt(blocks); i++) {
    await rpc('evm_setNextBlockTimestamp', quantity(time + i * spacing))
    await rpc('anvil_mine', quantity(1))
  }
  await beacon?.follow()
  const tip = await block(rpc)
  clock.reach(BigInt(tip.timestamp))
  await setTime(rpc, clock)
  const hashes: string[] = []
  for (let at = BigInt(parent.number) + 1n; at <= BigInt(tip.number); at++)
    hashes.push((await block(rpc, at)).hash)
  return hashes
}

/** Sends a transaction of the faucet's; it is left where the node's mining mode puts it. */
export function sendFromFaucet(
  evm: StartedEvm,
  transaction: { readonly to?: string; readonly value?: bigint; readonly data?: string },
): Promise<string> {
  const { value, ...rest } = transaction
  return evm.node.rpc<string>('eth_sendTransaction', {
    from: evm.faucet,
    ...rest,
    ...(value === undefined ? {} : { value: quantity(value) }),
  })
}

/** The receipt of a transaction, mined now where it still waits; fails when it reverted. */
export async function confirm(
  evm: StartedEvm,
  clock: Clock,
  hash: string,
): Promise<{ readonly contractAddress: string | null; readonly blockNumber: string }> {
  const { rpc } = evm.node
  type Receipt = { status: string; contractAddress: string | null; blockNumber: string }
  let receipt = await rpc<Receipt | null>('eth_getTransactionReceipt', hash)
  if (receipt === null) {
    await mineEvm(evm, clock, 1)
    receipt = await rpc<Receipt | null>('eth_getTransactionReceipt', hash)
  }
  if (receipt === null || receipt.status !== '0x1')
    throw DevnetErrors.NodeRejected(
      `transaction ${hash} ${receipt === null ? 'was not mined' : 'reverted'}`,
      {
        hash,
      },
    )
  return receipt
}

/** How an EVM reorganisation goes; see `reorg`. */
export interface EvmReorg {
  readonly depth: number
  readonly blocks: number
  readonly drop: ReadonlySet<string> | 'all'
  readonly include: readonly string[]
}

/**
 * Replaces the last blocks by others. Each kept transaction is mined at its old height; those that only a dropped
 * one made possible (a later nonce) go back to the pool.
 */
export async function reorgEvm(evm: StartedEvm, clock: Clock, how: EvmReorg): Promise<void> {
  const { rpc } = evm.node
  const tip = BigInt((await block(rpc)).number)
  if (BigInt(how.depth) > tip)
    throw DevnetErrors.ReorgFailed(`a chain of ${tip} blocks can't be undone ${how.depth} deep`, {
      depth: how.depth,
      height: tip,
    })
  const first = tip - BigInt(how.depth) + 1n
  const final = evm.beacon?.finalized().evm.height ?? -1n
  if (first <= final)
    throw DevnetErrors.ReorgFailed(`block ${final} is final: ${how.depth} blocks can't be undone`, {
      depth: how.depth,
      height: tip,
      finalized: final,
    })
  const pairs: [string, number][] = how.include.map((raw) => [raw, 0])
  const kept: { readonly hash: string; readonly raw: string }[] = []
  for (let offset = 0; offset < how.depth; offset++) {
    for (const hash of (await block(rpc, first + BigInt(offset))).transactions) {
      if (how.drop === 'all' || how.drop.has(hash)) continue
      const raw = await rpc<string>('eth_getRawTransactionByHash', hash)
      kept.push({ hash, raw })
      pairs.push([raw, offset])
    }
  }
  // Another fee recipient: a branch with the same blocks at the same times would be the one just undone.
  await rpc('anvil_setCoinbase', `0x${randomBytes(20).toString('hex')}`)
  await rpc('anvil_setBlockTimestampInterval', Number(evm.beacon?.config.secondsPerSlot ?? 1n))
  try {
    await rpc('anvil_reorg', how.depth, pairs)
  } finally {
    await rpc('anvil_removeBlockTimestampInterval')
  }
  if (how.drop !== 'all') for (const hash of how.drop) await rpc('anvil_dropTransaction', hash)
  await setTime(rpc, clock)
  for (const { hash, raw } of kept) {
    const receipt = await rpc<unknown>('eth_getTransactionReceipt', hash)
    if (receipt === null) await rpc('eth_sendRawTransaction', raw).catch(() => undefined)
  }
  await evm.beacon?.follow()
  if (how.blocks > how.depth) await mineEvm(evm, clock, how.blocks - how.depth)
}
