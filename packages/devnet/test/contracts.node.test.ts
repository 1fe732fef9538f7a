import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  createDevnet,
  type Devnet,
  deployHtlc,
  deployToken,
  type EvmNode,
  fund,
  mine,
  reorg,
  setMining,
} from '@aitbc/devnet'
import { createPublicClient, createWalletClient, defineChain, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { artifactModule } from '../programs/compile.js'
import { abi } from '../src/TestTokenArtifact.js'

let devnet: Devnet<undefined, EvmNode>

beforeAll(async () => {
  devnet = await createDevnet({ bitcoin: false })
})
afterAll(async () => {
  await devnet?.dispose()
})

test('the committed artifact is what the source compiles to', async () => {
  const here = dirname(fileURLToPath(import.meta.url))
  const committed = readFileSync(join(here, '../src/TestTokenArtifact.ts'), 'utf8')
  expect(await artifactModule()).toBe(committed)
})

describe('deployToken', () => {
  const clients = () => {
    const chain = defineChain({
      id: Number(devnet.evm.chainId),
      name: 'devnet',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [devnet.evm.url] } },
    })
    const transport = http(devnet.evm.url)
    const account = (n: number) => privateKeyToAccount(devnet.evm.accounts[n]?.privateKey as `0x${string}`)
    return {
      reader: createPublicClient({ chain, transport, cacheTime: 0 }),
      wallet: (n: number) => createWalletClient({ chain, transport, account: account(n) }),
    }
  }

  test('an ERC-20 with its names, minted by fund, moved by its owner', async () => {
    const token = await deployToken(devnet, { name: 'Dollar', symbol: 'USDX', decimals: 6 })
    expect(token.asset).toBe(`eip155:31337/erc20:${token.address}`)
    const { reader, wallet } = clients()
    const read = (
      functionName: 'name' | 'symbol' | 'decimals' | 'totalSupply',
    ): Promise<string | number | bigint> => reader.readContract({ abi, address: token.address, functionName })
    expect([await read('name'), await read('symbol'), await read('decimals')]).toEqual(['Dollar', 'USDX', 6])
    const [alice, bob] = [devnet.evm.accounts[0]?.address, devnet.evm.accounts[1]?.address] as [
      `0x${string}`,
      `0x${string}`,
    ]
    await fund(devnet, 'evm', alice, 1000n, { token: token.address })
    const balance = (owner: `0x${string}`) =>
      reader.readContract({ abi, address: token.address, functionName: 'balanceOf', args: [owner] })
    // A node may answer before the block stands.
    const mined = async (sent: Promise<`0x${string}`>) =>
      reader.waitForTransactionReceipt({ hash: await sent, pollingInterval: 10 })
    const send = (from: number, functionName: 'transfer' | 'approve', to: `0x${string}`, value: bigint) =>
      mined(wallet(from).writeContract({ abi, address: token.address, functionName, args: [to, value] }))
    await send(0, 'transfer', bob, 300n)
    expect([await balance(alice), await balance(bob), await read('totalSupply')]).toEqual([700n, 300n, 1000n])
    await expect(send(0, 'transfer', bob, 701n)).rejects.toThrow('InsufficientBalance')
    await send(0, 'approve', bob, 50n)
    const pull = (value: bigint) =>
      mined(
        wallet(1).writeContract({
          abi,
          address: token.address,
          functionName: 'transferFrom',
          args: [alice, bob, value],
        }),
      )
    await expect(pull(51n)).rejects.toThrow('InsufficientAllowance')
    await pull(50n)
    expect([await balance(alice), await balance(bob)]).toEqual([650n, 350n])
  })

  test('behavior: also where blocks come on demand only', async () => {
    await setMining(devnet, 'manual')
    const token = await deployToken(devnet)
    await mine(devnet, 'evm')
    expect(await devnet.evm.rpc<string>('eth_getCode', token.address, 'latest')).not.toBe('0x')
    await setMining(devnet, 'instant')
  })

  test('error: no name, no such decimals', async () => {
    await expect(deployToken(devnet, { name: '' })).rejects.toMatchObject({ _tag: 'InvalidDevnetArgument' })
    await expect(deployToken(devnet, { decimals: 256 })).rejects.toMatchObject({
      _tag: 'InvalidDevnetArgument',
    })
  })
})

describe('deployHtlc', () => {
  test('the committed contract, at one address, however often', async () => {
    const first = await deployHtlc(devnet)
    const height = await devnet.evm.rpc('eth_blockNumber')
    expect(await deployHtlc(devnet)).toEqual(first)
    expect(await devnet.evm.rpc('eth_blockNumber')).toBe(height)
    const other = await createDevnet({ bitcoin: false, evm: { chainId: 5n, mining: 'manual' } })
    expect(await deployHtlc(other)).toEqual(first)
    await other.dispose()
  })

  test('behavior: a reorganisation takes it away, and it comes back', async () => {
    const { address } = await deployHtlc(devnet)
    const tip = Number(await devnet.evm.rpc('eth_blockNumber'))
    await reorg(devnet, 'evm', tip, { drop: 'all' })
    expect(await devnet.evm.rpc('eth_getCode', address, 'latest')).toBe('0x')
    expect((await deployHtlc(devnet)).address).toBe(address)
  })
})
