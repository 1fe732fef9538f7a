import { CoreErrors, Hashlock, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { BlockHeader } from '@aitbc/proofs/ethereum'
import {
  type Address,
  encodeAbiParameters,
  encodeEventTopics,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  toHex,
} from 'viem'
import { HtlcDeployment } from '../../src/evm/deployment.js'
import {
  createEvmAdapter,
  createKeySigner,
  type EvmTransport,
  HtlcArtifact,
  HtlcLock,
} from '../../src/evm/index.js'

export const network = networks.evmLocal
export const SECRET = new Uint8Array(32).fill(7)
export const alice = createKeySigner({ network, privateKey: new Uint8Array(32).fill(1) })
export const bob = createKeySigner({ network, privateKey: new Uint8Array(32).fill(2) })
const TIME = 1_900_000_000n
const HEIGHT = 9n
const TOKEN: Address = '0x00000000000000000000000000000000000000dd'

/** The runtime code: the end of the creation code that has the pinned hash. */
const runtime = (() => {
  const bytes = hexToBytes(HtlcDeployment.creation)
  for (let at = 1; at < 200; at++) {
    const tail = bytes.slice(at)
    if (keccak256(tail) === HtlcArtifact.codeHash) return toHex(tail)
  }
  throw new Error('no runtime code in the creation code')
})()

export const backend: HtlcLock.HtlcBackend = {
  network: network.id,
  kind: 'contract',
  address: HtlcDeployment.address,
  codeHash: hexToBytes(HtlcArtifact.codeHash),
}
export const terms: LockTerms.LockTerms = {
  version: 1,
  backend,
  asset: network.native.id,
  amount: 10n ** 18n,
  hashlock: Hashlock.of(SECRET),
  locker: { account: alice.account, payout: alice.account },
  beneficiary: { account: bob.account, payout: bob.account },
  deadline: { network: network.id, clock: 'unix', value: TIME + 3600n },
  salt: new Uint8Array(32).fill(9),
}
export const lockId = HtlcLock.id(HtlcLock.fromLockTerms(terms, backend, network), backend)

type Answers = Record<string, (params: readonly unknown[]) => unknown>

/** A node with ten empty blocks and, as told, the lock of `terms` in the ninth: every answer well-formed. */
export function createFakeNode(status: 0n | 1n | 2n | 3n = 1n) {
  const zero = new Uint8Array(32)
  const hashes: Hex[] = []
  const blocks: Record<string, unknown>[] = []
  for (let number = 0n; number <= HEIGHT; number++) {
    const header: BlockHeader.BlockHeader = {
      parentHash: hexToBytes(hashes.at(-1) ?? toHex(zero)),
      ommersHash: zero,
      beneficiary: new Uint8Array(20),
      stateRoot: zero,
      transactionsRoot: zero,
      receiptsRoot: zero,
      logsBloom: new Uint8Array(256),
      difficulty: 0n,
      number,
      gasLimit: 30_000_000n,
      gasUsed: 0n,
      timestamp: TIME + number,
      extraData: new Uint8Array(0),
      mixHash: zero,
      nonce: new Uint8Array(8),
      baseFeePerGas: 1_000_000_000n,
    }
    const hash = toHex(BlockHeader.hash(header))
    hashes.push(hash)
    const hex = (value: unknown) =>
      typeof value === 'bigint' ? numberToHex(value) : toHex(value as Uint8Array)
    const { ommersHash, beneficiary, ...rest } = header
    blocks.push({
      ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, hex(value)])),
      hash,
      sha3Uncles: hex(ommersHash),
      miner: hex(beneficiary),
      transactions: [],
    })
  }
  const own = HtlcLock.fromLockTerms(terms, backend, network)
  const transaction = keccak256('0x01')
  const log = (topics: readonly (Hex | null)[], data: Hex) => ({
    address: backend.address,
    topics,
    data,
    transactionHash: transaction,
    logIndex: '0x0',
    blockNumber: '0x8',
    blockHash: hashes[8],
    removed: false,
  })
  const [lockedTopic] = encodeEventTopics({ abi: HtlcArtifact.abi, eventName: 'Locked' })
  const locked = log(
    [lockedTopic, lockId, own.hashlock, toHex(zero)],
    encodeAbiParameters(
      [
        {
          type: 'tuple',
          components: [
            { name: 'token', type: 'address' },
            { name: 'amount', type: 'uint256' },
            { name: 'hashlock', type: 'bytes32' },
            { name: 'locker', type: 'address' },
            { name: 'beneficiary', type: 'address' },
            { name: 'deadline', type: 'uint64' },
            { name: 'salt', type: 'bytes32' },
          ],
        },
        { type: 'bytes' },
      ],
      [own, '0x'],
    ),
  )
  const claimed = log([HtlcLock.TOPICS.claimed, lockId, own.hashlock], toHex(SECRET))
  const refunded = log([HtlcLock.TOPICS.refunded, lockId], '0x')
  const events =
    status === 0n ? [] : status === 1n ? [locked] : status === 2n ? [locked, claimed] : [locked, refunded]
  const blockOf = (which: unknown) =>
    which === 'latest' || which === 'pending'
      ? blocks.at(-1)
      : (blocks.find((block) => block['number'] === which || block['hash'] === which) ?? null)
  const answers: Answers = {
    eth_chainId: () => numberToHex(31337),
    eth_getBlockByNumber: ([which]) => blockOf(which) ?? null,
    eth_getBlockByHash: ([which]) => blockOf(which) ?? null,
    eth_getCode: () => runtime,
    eth_getStorageAt: () => numberToHex(status, { size: 32 }),
    eth_getLogs: ([filter]) => {
      const { topics, blockHash } = filter as {
        topics: readonly (Hex | readonly Hex[] | null)[]
        blockHash?: Hex
      }
      return events.filter(
        (event) =>
          (blockHash === undefined || event.blockHash === blockHash) &&
          topics.every((topic, i) => topic === null || [topic].flat().includes(event.topics[i] as Hex)),
      )
    },
    eth_getBalance: () => numberToHex(10n ** 20n),
    eth_getTransactionCount: () => '0x5',
    eth_feeHistory: () => ({
      oldestBlock: '0x1',
      baseFeePerGas: ['0x3b9aca00', '0x3b9aca00'],
      gasUsedRatio: [0.5],
      reward: [['0x1', '0x2', '0x3']],
    }),
    eth_call: () => numberToHex(10n ** 20n, { size: 32 }),
    eth_estimateGas: () => '0x5208',
    eth_getTransactionReceipt: () => null,
    eth_getTransactionByHash: () => null,
    eth_sendRawTransaction: ([raw]) => keccak256(raw as Hex),
    eth_getProof: () => ({
      accountProof: ['0xc0'],
      storageProof: [{ key: '0x0', value: '0x0', proof: ['0xc0'] }],
    }),
  }
  const transport: EvmTransport = {
    request: async ({ method, params = [] }) => {
      const answer = answers[method]
      if (answer === undefined) throw Object.assign(new Error(`no ${method}`), { code: -32601 })
      return answer(params)
    },
  }
  let waits = 0
  const adapter = createEvmAdapter({
    network,
    transport,
    tokens: [{ id: `${network.id}/erc20:${TOKEN}`, symbol: 'T', decimals: 0 }],
    // No time passes here, so what would be watched for ever ends after so many looks.
    wait: async () => {
      if (++waits > 50) throw CoreErrors.RpcTimeout('nothing happened in 50 looks')
    },
  })
  return {
    answers,
    transport,
    adapter,
    hashes,
    blocks,
    transaction,
    locked,
    claimed,
    refunded,
    own,
    token: TOKEN,
  }
}
