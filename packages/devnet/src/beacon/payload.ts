import { Bytes } from '@aitbc/core'
import { BlockHeader, TrieProof } from '@aitbc/proofs/ethereum'
import { DevnetErrors } from '../errors.js'
import { quantity } from '../internal/evmChain.js'
import type { Rpc } from '../internal/JsonRpc.js'

/** An execution block as the beacon chain carries it. */
export interface Payload {
  readonly header: BlockHeader.BlockHeader
  /** `0x…` */
  readonly hash: string
  readonly parent: string
  /** As they were signed and sent. */
  readonly transactions: readonly Uint8Array[]
}

/** sha256 of nothing: the hash of a block without requests (EIP-7685). */
const NO_REQUESTS = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

type Json = Readonly<Record<string, string>> & { readonly transactions: readonly string[] }

/**
 * Reads a block of the EVM node, and checks that its header has the hash that the node says. `BeaconCannotFollow` (6017) where it has
 * not, or where it holds what the beacon chain here has no part for: withdrawals and requests.
 */
export async function readPayload(rpc: Rpc, at: bigint | string): Promise<Payload> {
  const json =
    typeof at === 'string'
      ? await rpc<Json>('eth_getBlockByHash', at, false)
      : await rpc<Json>('eth_getBlockByNumber', quantity(at), false)
  const header = headerOf(json)
  const hash = `0x${Bytes.toHex(BlockHeader.hash(header))}`
  const cannot = (message: string) =>
    DevnetErrors.BeaconCannotFollow(`EVM block ${json['number']}: ${message}`, {
      block: json['hash'],
      reason: message,
    })
  if (hash !== json['hash']) throw cannot(`its header has hash ${hash}, the node says ${json['hash']}`)
  if (header.requestsHash === undefined) throw cannot('its fork is older than Prague')
  if (Bytes.toHex(header.requestsHash) !== NO_REQUESTS) throw cannot('it has requests')
  if (!Bytes.equal(header.withdrawalsRoot as Bytes.Hash32, TrieProof.EMPTY_ROOT))
    throw cannot('it has withdrawals')
  const transactions = await Promise.all(
    json.transactions.map(async (id) => bytesOf(await rpc<string>('eth_getRawTransactionByHash', id))),
  )
  return { header, hash, parent: json['parentHash'] as string, transactions }
}

function bytesOf(hex: string): Uint8Array {
  return Bytes.fromHex(hex.slice(2).toLowerCase())
}

function headerOf(json: Json): BlockHeader.BlockHeader {
  const bytes = (name: string) => bytesOf(json[name] as string)
  const scalar = (name: string) => BigInt(json[name] as string)
  return {
    parentHash: bytes('parentHash'),
    ommersHash: bytes('sha3Uncles'),
    beneficiary: bytes('miner'),
    stateRoot: bytes('stateRoot'),
    transactionsRoot: bytes('transactionsRoot'),
    receiptsRoot: bytes('receiptsRoot'),
    logsBloom: bytes('logsBloom'),
    difficulty: scalar('difficulty'),
    number: scalar('number'),
    gasLimit: scalar('gasLimit'),
    gasUsed: scalar('gasUsed'),
    timestamp: scalar('timestamp'),
    extraData: bytes('extraData'),
    mixHash: bytes('mixHash'),
    nonce: bytes('nonce'),
    baseFeePerGas: scalar('baseFeePerGas'),
    ...('requestsHash' in json
      ? {
          withdrawalsRoot: bytes('withdrawalsRoot'),
          blobGasUsed: scalar('blobGasUsed'),
          excessBlobGas: scalar('excessBlobGas'),
          parentBeaconBlockRoot: bytes('parentBeaconBlockRoot'),
          requestsHash: bytes('requestsHash'),
        }
      : {}),
  }
}
