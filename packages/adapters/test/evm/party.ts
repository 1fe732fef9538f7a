import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type AccountId,
  type Amount,
  type AssetId,
  Bytes,
  type Deadline,
  Hashlock,
  type Intent,
  isAitbcError,
  type LockTerms,
  type Network,
  type PrepareOptions,
  type Signed,
  type Signer,
  type Submission,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createDevnet, type Devnet, type EvmNode, mine } from '@aitbc/devnet'
import {
  type Abi,
  type Address,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  hexToBytes,
} from 'viem'
import type { Artifact } from '../../programs/evm/compile.js'
import { HtlcDeployment } from '../../src/evm/deployment.js'
import { createEvmAdapter, createKeySigner, type EvmAdapter, type EvmTransport } from '../../src/evm/index.js'

export const network: Network = networks.evmLocal
export const plainToken = JSON.parse(
  readFileSync(
    join(dirname(fileURLToPath(import.meta.url)), '../../programs/evm/test-tokens/PlainToken.json'),
    'utf8',
  ),
) as Artifact

/** A node, the contract on it, a token, and one signer for each account. */
export interface Bench {
  readonly devnet: Devnet<undefined, EvmNode>
  readonly adapter: EvmAdapter
  readonly transport: EvmTransport & { readonly calls: { method: string; params: readonly unknown[] }[] }
  readonly token: Amount.Asset
  readonly signers: readonly (Signer & { readonly kind: 'signs' })[]
  terms(changes?: Partial<LockTerms.LockTerms>): LockTerms.LockTerms
  /** Prepares, signs and submits all steps; mines a block after each unless told. */
  run(intent: Intent, options?: RunOptions): Promise<readonly Submission[]>
  sign(intent: Intent, options?: RunOptions): Promise<readonly Signed[]>
  adapterWith(options: Partial<createEvmAdapter.Options>): EvmAdapter
  deploy(artifact: Pick<Artifact, 'abi' | 'creation'>): Promise<Address>
  tokenCall(functionName: string, args: readonly unknown[], to?: Address, abi?: Abi): Promise<void>
  mine(blocks?: number): Promise<void>
  now(): Promise<bigint>
  /** A new adapter, which remembers nothing. */
  forget(): void
  /** Mines one block of that time. */
  mineAt(time: bigint): Promise<void>
  close(): Promise<void>
}

type RunOptions = PrepareOptions & { readonly by?: number; readonly mine?: boolean }

export const SECRET = new Uint8Array(32).fill(7)

export async function createBench(options: { readonly beacon?: boolean } = {}): Promise<Bench> {
  const devnet = await createDevnet({
    bitcoin: false,
    evm: { mining: 'manual', beacon: options.beacon ?? false },
    startTime: 1_900_000_000n,
  })
  const { rpc, accounts } = devnet.evm
  const calls: { method: string; params: readonly unknown[] }[] = []
  const transport = {
    calls,
    request: async ({ method, params = [] }: { method: string; params?: readonly unknown[] }) => {
      calls.push({ method, params })
      try {
        return await rpc(method, ...params)
      } catch (error) {
        // The devnet's client speaks its own errors; a provider speaks EIP-1193's.
        if (!isAitbcError(error, 'NodeRejected')) throw error
        const { code, message } = error.context as { code?: number; message?: string }
        throw { code: code ?? -32000, message: message ?? error.message }
      }
    },
  }
  const signers = accounts.map(({ privateKey }) =>
    createKeySigner({ network, privateKey: hexToBytes(privateKey) }),
  )
  const accountOf = (i: number) => signers[i]!.account
  const admin = accounts[9]!.address
  const deploy = async (artifact: Pick<Artifact, 'abi' | 'creation'>): Promise<Address> => {
    const nonce = BigInt(await rpc<string>('eth_getTransactionCount', admin, 'latest'))
    await rpc('eth_sendTransaction', {
      from: admin,
      data: encodeDeployData({ abi: artifact.abi, bytecode: artifact.creation }),
      gas: '0x4c4b40',
    })
    await mine(devnet, 'evm')
    return getContractAddress({ from: admin, nonce }).toLowerCase() as Address
  }
  const send = async (from: Address, to: Address, data: string) => {
    await rpc('eth_sendTransaction', { from, to, data, gas: '0x1e8480' })
    await mine(devnet, 'evm')
  }
  await send(admin, HtlcDeployment.PROXY, `0x${Bytes.toHex(HtlcDeployment.callData())}`)
  const tokenAddress = await deploy(plainToken)
  const token: Amount.Asset = { id: `${network.id}/erc20:${tokenAddress}`, symbol: 'TEST', decimals: 18 }
  const adapterWith = (options: Partial<createEvmAdapter.Options>) =>
    createEvmAdapter({ network, transport, tokens: [token], ...options })
  let adapter = adapterWith({})
  const sign = async (intent: Intent, options: RunOptions = {}) => {
    const signed: Signed[] = []
    const signer = signers[options.by ?? 0]!
    for (const step of await adapter.prepare(intent, options)) signed.push(await signer.sign(step))
    return signed
  }
  return {
    devnet,
    get adapter() {
      return adapter
    },
    forget: () => {
      adapter = adapterWith({})
    },
    transport,
    token,
    signers,
    adapterWith,
    deploy,
    sign,
    terms: (changes = {}) => ({
      version: 1,
      backend: adapter.backend,
      asset: network.native.id,
      amount: 10n ** 18n,
      hashlock: Hashlock.of(SECRET),
      locker: { account: accountOf(0), payout: accountOf(0) },
      beneficiary: { account: accountOf(1), payout: accountOf(1) },
      deadline: deadline(1_900_100_000n),
      salt: new Uint8Array(32).fill(9),
      ...changes,
    }),
    run: async (intent, options = {}) => {
      const sent: Submission[] = []
      for (const signed of await sign(intent, options)) sent.push(await adapter.submit(signed))
      if (options.mine !== false) await mine(devnet, 'evm')
      return sent
    },
    tokenCall: async (functionName, args, to = tokenAddress, abi = plainToken.abi) =>
      send(accounts[0]!.address, to, encodeFunctionData({ abi, functionName, args })),
    mine: async (blocks = 1) => {
      await mine(devnet, 'evm', blocks)
    },
    now: async () => (await adapter.tip()).value.time,
    mineAt: async (time) => {
      await rpc('evm_setNextBlockTimestamp', `0x${time.toString(16)}`)
      await rpc('evm_mine')
    },
    close: () => devnet.dispose(),
  }
}

export function deadline(value: bigint): Deadline.Deadline {
  return { network: network.id, clock: 'unix', value }
}

export function account(address: string): AccountId.AccountId {
  return `${network.id}:${address}`
}

export function asset(token: Address): AssetId.AssetId {
  return `${network.id}/erc20:${token}`
}
