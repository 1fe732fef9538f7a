import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDevnet, type Devnet, type EvmNode } from '@aitbc/devnet'
import {
  type Abi,
  type Address,
  concat,
  type DecodeErrorResultReturnType,
  decodeErrorResult,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  keccak256,
  type Log,
  numberToHex,
  parseEventLogs,
  sha256,
  toHex,
  zeroAddress,
} from 'viem'
import type { Artifact } from '../../programs/evm/compile.js'

/** The contract, whole. */
export const htlcArtifact = JSON.parse(
  readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../programs/evm/Htlc.json'), 'utf8'),
) as Artifact

/** Where every test begins: the timestamp of the first block, unix seconds. */
export const START = 1_900_000_000n
export const DOMAIN = keccak256(toHex('aitbc/htlc/v1'))

export interface Terms {
  readonly token: Address
  readonly amount: bigint
  readonly hashlock: Hex
  readonly locker: Address
  readonly beneficiary: Address
  readonly deadline: bigint
  readonly salt: Hex
}

export interface Sent {
  readonly hash: Hex
  readonly ok: boolean
  readonly gasUsed: bigint
  readonly time: bigint
  readonly logs: readonly Log[]
  /** Decoded revert of the contract called. */
  readonly error: DecodeErrorResultReturnType | undefined
}

export interface World {
  readonly devnet: Devnet<undefined, EvmNode>
  readonly chainId: bigint
  readonly accounts: readonly Address[]
  readonly htlc: Address
  rpc<T = unknown>(method: string, ...params: readonly unknown[]): Promise<T>
  deploy(artifact: Pick<Artifact, 'abi' | 'creation'>): Promise<Address>
  send(call: SendOptions): Promise<Sent>
  read<T>(to: Address, abi: Abi, functionName: string, args?: readonly unknown[]): Promise<T>
  balance(account: Address, token?: Address): Promise<bigint>
  close(): Promise<void>
}

export interface SendOptions {
  readonly from: Address
  readonly to: Address
  readonly abi?: Abi
  readonly functionName?: string
  readonly args?: readonly unknown[]
  readonly data?: Hex
  readonly value?: bigint
  readonly gas?: bigint
  /** Timestamp of the block that includes it. */
  readonly at?: bigint
}

const erc20 = [
  {
    type: 'function',
    name: 'balanceOf',
    stateMutability: 'view',
    inputs: [{ type: 'address', name: 'account' }],
    outputs: [{ type: 'uint256', name: '' }],
  },
] as const

/** A real anvil with the contract on it. */
export async function createWorld(options: { readonly chainId?: number } = {}): Promise<World> {
  const devnet = await createDevnet({
    bitcoin: false,
    evm: { mining: 'manual', chainId: BigInt(options.chainId ?? 31337) },
    startTime: START,
  })
  const rpc = <T = unknown>(method: string, ...params: readonly unknown[]): Promise<T> =>
    devnet.evm.rpc<T>(method, ...params.map(jsonOf))
  const send = async (call: SendOptions): Promise<Sent> => {
    const abi = call.abi ?? htlcArtifact.abi
    const data =
      call.data ??
      (call.functionName === undefined
        ? '0x'
        : encodeFunctionData({ abi: abi as Abi, functionName: call.functionName, args: call.args ?? [] }))
    if (call.at !== undefined) await rpc('evm_setNextBlockTimestamp', Number(call.at))
    const hash = await rpc<Hex>('eth_sendTransaction', {
      from: call.from,
      to: call.to,
      data,
      value: call.value ?? 0n,
      gas: call.gas ?? 2_000_000n,
    })
    await rpc('evm_mine')
    const receipt = await rpc<{ status: Hex; gasUsed: Hex; logs: Log[]; blockNumber: Hex }>(
      'eth_getTransactionReceipt',
      hash,
    )
    const block = await rpc<{ timestamp: Hex }>('eth_getBlockByNumber', receipt.blockNumber, false)
    const ok = receipt.status === '0x1'
    let error: Sent['error']
    if (!ok) {
      const trace = await rpc<{ output?: Hex }>('debug_traceTransaction', hash, { tracer: 'callTracer' })
      if (trace.output !== undefined && trace.output.length >= 10)
        error = decodeErrorResult({
          abi: [...htlcArtifact.abi, ...(call.abi ?? [])],
          data: trace.output,
        })
    }
    return {
      hash,
      ok,
      gasUsed: BigInt(receipt.gasUsed),
      time: BigInt(block.timestamp),
      logs: receipt.logs,
      error,
    }
  }
  const accounts = devnet.evm.accounts.map((account) => account.address.toLowerCase() as Address)
  const deploy = async (artifact: Pick<Artifact, 'abi' | 'creation'>): Promise<Address> => {
    const from = accounts[9] as Address
    const nonce = BigInt(await rpc<Hex>('eth_getTransactionCount', from, 'latest'))
    await rpc('eth_sendTransaction', {
      from,
      data: encodeDeployData({ abi: artifact.abi, bytecode: artifact.creation }),
      gas: 5_000_000n,
    })
    await rpc('evm_mine')
    return getContractAddress({ from, nonce }).toLowerCase() as Address
  }
  const read = async <T>(
    to: Address,
    abi: Abi,
    functionName: string,
    args: readonly unknown[] = [],
  ): Promise<T> => {
    const data = await rpc<Hex>(
      'eth_call',
      { to, data: encodeFunctionData({ abi, functionName, args }) },
      'latest',
    )
    return decodeFunctionResult({ abi, functionName, data }) as T
  }
  const htlc = await deploy({ abi: htlcArtifact.abi, creation: htlcArtifact.creation })
  return {
    devnet,
    chainId: BigInt(options.chainId ?? 31337),
    accounts,
    htlc,
    rpc,
    deploy,
    send,
    read,
    balance: async (account, token = zeroAddress) =>
      token === zeroAddress
        ? BigInt(await rpc<Hex>('eth_getBalance', account, 'latest'))
        : read<bigint>(token, erc20 as unknown as Abi, 'balanceOf', [account]),
    close: () => devnet.dispose(),
  }
}

/** The id by its definition, not by the contract's own word. */
export function idOf(terms: Terms, htlc: Address, chainId: bigint): Hex {
  return keccak256(
    encodeAbiParameters(
      [
        { type: 'bytes32' },
        { type: 'uint256' },
        { type: 'address' },
        { type: 'address' },
        { type: 'uint256' },
        { type: 'bytes32' },
        { type: 'address' },
        { type: 'address' },
        { type: 'uint64' },
        { type: 'bytes32' },
      ],
      [
        DOMAIN,
        chainId,
        htlc,
        terms.token,
        terms.amount,
        terms.hashlock,
        terms.locker,
        terms.beneficiary,
        terms.deadline,
        terms.salt,
      ],
    ),
  )
}

/** The storage word of a lock's status: keccak256(id . 0). */
export function slotOf(id: Hex): Hex {
  return keccak256(concat([id, `0x${'00'.repeat(32)}`]))
}

export function secretOf(n: number): Hex {
  return sha256(toHex(`secret ${n}`))
}

/** Events of the contract in a transaction. */
export function events(
  sent: Sent,
): readonly { readonly eventName: string; readonly args: Record<string, unknown> }[] {
  return parseEventLogs({ abi: htlcArtifact.abi, logs: [...sent.logs] }) as unknown as readonly {
    eventName: string
    args: Record<string, unknown>
  }[]
}

/** Quantities as JSON-RPC writes them. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return numberToHex(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, jsonOf(entry)]))
}
