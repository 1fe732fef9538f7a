import type { AnyDevnet } from './createDevnet.js'
import { DevnetErrors } from './errors.js'
import { confirm, sendFromFaucet } from './internal/evmChain.js'
import { integer, refuse } from './internal/guards.js'
import { evmOf, stateOf } from './internal/state.js'
import * as TestTokenArtifact from './TestTokenArtifact.js'

/** A deployed test token. */
export interface Token {
  readonly address: `0x${string}`
  /** CAIP-19 id, `eip155:31337/erc20:0x…`. */
  readonly asset: `eip155:${string}/erc20:0x${string}`
  readonly name: string
  readonly symbol: string
  readonly decimals: number
}

/** What a test token is called, and how many decimals it shows; "Test token", "TEST", 18 by default. */
export interface TokenOptions {
  readonly name?: string
  readonly symbol?: string
  readonly decimals?: number
}

const LONGEST_NAME = 64

/**
 * Deploys a plain ERC-20 that `fund(devnet, 'evm', to, amount, { token: token.address })` mints.
 *
 * Errors: 6006 `ChainNotRunning`, 6007 `InvalidDevnetArgument`, 6010 `DevnetStopped`.
 *
 * @example
 * import { createDevnet, deployToken } from '@aitbc/devnet'
 * await using devnet = await createDevnet()
 * const { asset } = await deployToken(devnet, { symbol: 'USDX', decimals: 6 })
 */
export async function deployToken(devnet: AnyDevnet, options: TokenOptions = {}): Promise<Token> {
  const state = stateOf(devnet)
  const evm = evmOf(state)
  const { name = 'Test token', symbol = 'TEST', decimals = 18 } = options
  label(name, 'name')
  label(symbol, 'symbol')
  integer(decimals, 'decimals', 0, 255)
  const { encodeDeployData, getAddress } = await import('viem')
  const data = encodeDeployData({
    abi: TestTokenArtifact.abi,
    bytecode: TestTokenArtifact.creation,
    args: [name, symbol, decimals],
  })
  return state.exclusive(async () => {
    const { contractAddress } = await confirm(evm, state.clock, await sendFromFaucet(evm, { data }))
    const address = getAddress(contractAddress as string)
    return { address, asset: `${evm.node.network}/erc20:${address}`, name, symbol, decimals }
  })
}

/** The deployed HTLC contract. */
export interface Htlc {
  readonly address: `0x${string}`
  /** keccak-256 of its runtime code. */
  readonly codeHash: `0x${string}`
}

/**
 * Deploys the HTLC contract of `@aitbc/adapters/evm` where it is on every chain; does nothing where it already is.
 *
 * Errors: 6006 `ChainNotRunning`, 6010 `DevnetStopped`, 6012 `ArtifactMissing` (something else is there).
 *
 * @example
 * import { createDevnet, deployHtlc } from '@aitbc/devnet'
 * await using devnet = await createDevnet()
 * const { address } = await deployHtlc(devnet)
 */
export async function deployHtlc(devnet: AnyDevnet): Promise<Htlc> {
  const state = stateOf(devnet)
  const evm = evmOf(state)
  const { HtlcArtifact } = await import('@aitbc/adapters/evm')
  const { HtlcDeployment } = await import('@aitbc/adapters/evm/deployment')
  const { keccak256, toHex } = await import('viem')
  const { address } = HtlcDeployment
  const codeAt = (account: string) => evm.node.rpc<`0x${string}`>('eth_getCode', account, 'latest')
  return state.exclusive(async () => {
    if ((await codeAt(address)) === '0x') {
      const data = toHex(HtlcDeployment.callData())
      await confirm(evm, state.clock, await sendFromFaucet(evm, { to: HtlcDeployment.PROXY, data }))
    }
    const codeHash = keccak256(await codeAt(address))
    if (codeHash !== HtlcArtifact.codeHash)
      throw DevnetErrors.ArtifactMissing(
        `the contract at ${address} has code hash ${codeHash}, not ${HtlcArtifact.codeHash}`,
        { address, received: codeHash },
      )
    return { address, codeHash }
  })
}

function label(value: unknown, argument: string): void {
  if (typeof value !== 'string' || value.length === 0 || value.length > LONGEST_NAME)
    refuse(argument, `a text of 1 to ${LONGEST_NAME} characters`, value)
}
