import { BlockHeader, type Receipt, Rlp } from '@aitbc/proofs/ethereum'
import { unhex, value } from '../helpers.js'

/** A request and its answer, as the conformance files of execution-apis have them. */
export function exchanges(
  text: string,
): readonly { method: string; params: unknown[]; result?: unknown; error?: unknown }[] {
  const lines = text.split('\n')
  return lines.flatMap((line, i) =>
    line.startsWith('>> ')
      ? [{ ...JSON.parse(line.slice(3)), ...JSON.parse((lines[i + 1] as string).slice(3)) }]
      : [],
  )
}

/** A header from a block as JSON-RPC gives it. */
export function headerOf(block: Readonly<Record<string, unknown>>): BlockHeader.BlockHeader {
  const bytes = (name: string) => unhex(block[name] as string)
  const scalar = (name: string) => BigInt(block[name] as string)
  const some = <T>(name: string, read: (name: string) => T) =>
    block[name] === undefined || block[name] === null ? {} : { [name]: read(name) }
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
    ...some('baseFeePerGas', scalar),
    ...some('withdrawalsRoot', bytes),
    ...some('blobGasUsed', scalar),
    ...some('excessBlobGas', scalar),
    ...some('parentBeaconBlockRoot', bytes),
    ...some('requestsHash', bytes),
  }
}

/** A receipt as JSON-RPC gives it. */
export interface JsonReceipt {
  readonly type: string
  readonly status?: string
  readonly root?: string
  readonly cumulativeGasUsed: string
  readonly logsBloom: string
  readonly logs: readonly JsonLog[]
  readonly blockNumber: string
  readonly transactionIndex: string
  readonly transactionHash: string
}

export interface JsonLog {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly blockNumber: string
  readonly transactionHash: string
  readonly transactionIndex: string
}

export function receiptOf(one: JsonReceipt): Receipt.Receipt {
  return {
    type: Number(one.type),
    outcome:
      one.status === undefined
        ? { stateRoot: unhex(one.root as string) }
        : one.status === '0x1'
          ? 'success'
          : 'failure',
    cumulativeGasUsed: BigInt(one.cumulativeGasUsed),
    logsBloom: unhex(one.logsBloom),
    logs: one.logs.map(logOf),
  }
}

export function logOf({ address, topics, data }: Pick<JsonLog, 'address' | 'topics' | 'data'>): Receipt.Log {
  return { address: unhex(address), topics: topics.map(unhex), data: unhex(data) }
}

/** A block as `chain.rlp` has it. */
export interface Block {
  readonly raw: Uint8Array
  readonly header: BlockHeader.BlockHeader
  readonly transactions: readonly Uint8Array[]
}

/** Blocks of RLP, one after the other. */
export function blocksOf(bytes: Uint8Array): readonly Block[] {
  const out: Block[] = []
  for (let at = 0; at < bytes.length; ) {
    const { start, end } = value(Rlp.span(bytes, at, bytes.length))
    const raw = bytes.subarray(start, value(Rlp.span(bytes, start, end)).end)
    const [, list] = value(Rlp.decode(bytes.subarray(at, end))) as [Rlp.Item, readonly Rlp.Item[]]
    // A typed transaction stands there as a string, a legacy one as a list.
    const transactions = list.map((item) => (item instanceof Uint8Array ? item : Rlp.encode(item)))
    out.push({ raw, header: value(BlockHeader.decode(raw)), transactions })
    at = end
  }
  return out
}
