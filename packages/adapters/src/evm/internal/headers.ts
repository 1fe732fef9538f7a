import { Bytes } from '@aitbc/core'
import { BlockHeader } from '@aitbc/proofs/ethereum'
import { keccak256, toHex } from 'viem'
import * as EvmRpc from '../EvmRpc.js'

const METHOD = 'eth_getBlockByHash'

/** The RLP of a block's header, rebuilt from the node's fields; `RpcMalformed` (1204) where they don't give the block's hash. */
export function encodeHeader(block: EvmRpc.Block): Bytes.Bytes {
  const { raw } = block
  const bytes = (field: string, max = 512): Bytes.Bytes => {
    const value = raw[field]
    if (typeof value !== 'string' || value.length > 2 + 2 * max || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value))
      throw EvmRpc.malformed(METHOD, `${field} in hex`, value)
    return Bytes.fromHex(value.slice(2).toLowerCase())
  }
  const scalar = (field: string): bigint => {
    const value = raw[field]
    if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value))
      throw EvmRpc.malformed(METHOD, `${field} as a quantity`, value)
    return BigInt(value)
  }
  const has = (field: string) => raw[field] !== undefined && raw[field] !== null
  const header: BlockHeader.BlockHeader = {
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
    ...(has('baseFeePerGas') ? { baseFeePerGas: scalar('baseFeePerGas') } : {}),
    ...(has('withdrawalsRoot') ? { withdrawalsRoot: bytes('withdrawalsRoot') } : {}),
    ...(has('blobGasUsed') ? { blobGasUsed: scalar('blobGasUsed') } : {}),
    ...(has('excessBlobGas') ? { excessBlobGas: scalar('excessBlobGas') } : {}),
    ...(has('parentBeaconBlockRoot') ? { parentBeaconBlockRoot: bytes('parentBeaconBlockRoot') } : {}),
    ...(has('requestsHash') ? { requestsHash: bytes('requestsHash') } : {}),
  }
  const encoded = BlockHeader.encode(header)
  const hash = keccak256(encoded)
  if (hash !== block.hash)
    throw EvmRpc.malformed(METHOD, `the header of ${block.hash}`, toHex(BlockHeader.hash(header)))
  return encoded
}
