import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BeaconConfig } from '@aitbc/proofs/beacon'
import type { BeaconChain, BeaconOptions } from './beacon/BeaconChain.js'
import { DevnetErrors } from './errors.js'
import { refuse } from './internal/guards.js'
import { client, type Rpc } from './internal/JsonRpc.js'
import { type ManagedProcess, ready, start as startProcess } from './internal/ManagedProcess.js'
import { isExecutable } from './internal/program.js'

/** An account of the EVM node, funded with 10,000 ether at the start. */
export interface EvmAccount {
  readonly address: `0x${string}`
  readonly privateKey: `0x${string}`
}

/** A running EVM node. */
export interface EvmNode {
  /** CAIP-2 id, `eip155:31337` unless another chain id was asked for. */
  readonly network: `eip155:${string}`
  readonly chainId: bigint
  readonly url: string
  /** The same node by WebSocket. */
  readonly webSocketUrl: string
  readonly rpc: Rpc
  /** The node's ten development accounts (BIP-39 `test test … junk`, m/44'/60'/0'/0/n). */
  readonly accounts: readonly EvmAccount[]
  /** What the node says it is, such as `anvil/v1.7.1`. */
  readonly version: string
  /** The beacon chain whose blocks carry this node's, where one was asked for. */
  readonly beacon?: BeaconNode
}

/** A local beacon chain: real state transition, all validators run by the devnet. */
export interface BeaconNode {
  /** Where the light-client routes of the beacon API are served, in JSON. */
  readonly url: string
  /** What its light clients must know. */
  readonly config: BeaconConfig.BeaconConfig
  /** The newest final block: a checkpoint to start from, as a wallet would ship one. */
  finalized(): BeaconCheckpoint
}

/** A final beacon block, and the execution block in it. */
export interface BeaconCheckpoint {
  readonly slot: bigint
  readonly root: Uint8Array
  readonly execution: { readonly height: bigint; readonly hash: string }
}

/** Options of the EVM node. */
export interface EvmOptions {
  /** EIP-155 chain id; 31337 by default. */
  readonly chainId?: bigint
  /** `instant` puts each transaction into a block of its own at once, `manual` waits for `mine`. Default: `instant`. */
  readonly mining?: 'instant' | 'manual'
  /** Hard fork by anvil's name; its latest by default. */
  readonly hardfork?: string
  /**
   * Runs a beacon chain over the node's blocks, which are then mined at the starts of its slots of 12 seconds (the net's time skips).
   * Blocks are mined by the devnet's actions alone, so `mining` is `manual`. Needs the optional packages @lodestar/state-transition
   * and its kin.
   */
  readonly beacon?: boolean | BeaconOptions
  /** More arguments for `anvil`. */
  readonly args?: readonly string[]
  /** Time to start, milliseconds; 30,000 by default. */
  readonly timeoutMs?: number
}

/** A node, its process, the account that pays for {@link EvmNode} funding, and how to let go of connections. */
export interface StartedEvm {
  readonly node: EvmNode
  readonly process: ManagedProcess
  readonly faucet: `0x${string}`
  readonly close: () => void
  readonly beacon: BeaconChain | undefined
}

const ACCOUNTS = 10
const FAUCET_BALANCE = 10n ** 30n

/** Starts `anvil` on a port of 127.0.0.1 that the system chooses. */
export async function start(
  options: EvmOptions & {
    readonly startTime: bigint
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: ((message: string) => void) | undefined
  },
): Promise<StartedEvm> {
  const chainId = options.chainId ?? 31337n
  if (options.beacon !== undefined && options.beacon !== false && options.mining === 'instant')
    refuse('evm.mining', "'manual' where a beacon chain follows", options.mining)
  const command = locateAnvil()
  options.onProgress?.('starting anvil')
  const child = startProcess({
    name: 'anvil',
    command,
    args: (folder) => [
      '--host=127.0.0.1',
      '--port=0',
      `--chain-id=${chainId}`,
      `--timestamp=${options.startTime}`,
      // One more than is handed out: a faucet whose nonce no caller depends on.
      `--accounts=${ACCOUNTS + 1}`,
      `--cache-path=${join(folder, 'cache')}`,
      '--threads=2',
      '--color=never',
      ...(options.hardfork === undefined ? [] : [`--hardfork=${options.hardfork}`]),
      ...(options.args ?? []),
    ],
  })
  const wait = { timeoutMs: options.timeoutMs ?? 30_000, signal: options.signal }
  let close = (): void => undefined
  try {
    const banner = await ready(
      child,
      async () => (/Listening on [^\n]*:\d+/.test(child.log()) ? child.log() : undefined),
      wait,
    )
    const port = /Listening on [^\n]*:(\d+)/.exec(banner)?.[1]
    const accounts = readAccounts(banner)
    const url = `http://127.0.0.1:${port}`
    const connection = client({ name: 'anvil', url })
    close = connection.close
    const { rpc } = connection
    const version = await ready(child, () => rpc<string>('web3_clientVersion'), wait)
    const faucet = accounts.at(-1)
    if (faucet === undefined || accounts.length !== ACCOUNTS + 1)
      throw DevnetErrors.NodeNotStarted('anvil did not list its accounts', { log: banner.slice(-4096) })
    await rpc('anvil_setBalance', faucet.address, `0x${FAUCET_BALANCE.toString(16)}`)
    const chained = options.beacon !== undefined && options.beacon !== false
    if (options.mining === 'manual' || chained) await rpc('evm_setAutomine', false)
    const beacon = chained
      ? await (await import('./beacon/BeaconChain.js')).createBeaconChain(
          rpc,
          chainId,
          typeof options.beacon === 'object' ? options.beacon : {},
        )
      : undefined
    return {
      beacon,
      node: {
        network: `eip155:${chainId}`,
        chainId,
        url,
        webSocketUrl: `ws://127.0.0.1:${port}`,
        rpc,
        accounts: accounts.slice(0, ACCOUNTS),
        version,
      },
      process: child,
      faucet: faucet.address,
      close,
    }
  } catch (error) {
    close()
    await child.stop()
    throw error
  }
}

/** The binary itself: npm's `anvil` is a script that would stand between us and the process. */
function locateAnvil(): string {
  const named = process.env['ANVIL']
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named
    throw DevnetErrors.AnvilMissing(`ANVIL names ${named}, which can't be run`, {
      argument: 'ANVIL',
      received: named,
    })
  }
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`
  try {
    const main = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json')
    return createRequire(main).resolve(`${name}/bin/anvil`)
  } catch (cause) {
    throw DevnetErrors.AnvilMissing(
      `no anvil: the package ${name} is not installed`,
      { package: name, platform: process.platform, arch: process.arch },
      { cause },
    )
  }
}

function readAccounts(banner: string): readonly EvmAccount[] {
  const addresses = [...banner.matchAll(/^\(\d+\) (0x[0-9a-fA-F]{40})\b(?! *[0-9a-fA-F])/gm)]
  const keys = [...banner.matchAll(/^\(\d+\) (0x[0-9a-f]{64})$/gm)]
  return addresses.flatMap((match, index) => {
    const privateKey = keys[index]?.[1]
    return privateKey === undefined
      ? []
      : [{ address: match[1] as `0x${string}`, privateKey: privateKey as `0x${string}` }]
  })
}
