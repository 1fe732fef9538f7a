import { createHmac, randomBytes } from 'node:crypto'
import * as networks from '@aitbc/core/networks'
import { type Bitcoind, locate } from './internal/bitcoind.js'
import { client, type Rpc } from './internal/JsonRpc.js'
import { type ManagedProcess, ready, start as startProcess } from './internal/ManagedProcess.js'
import { freePort } from './internal/ports.js'

/** A running Bitcoin node on regtest. */
export interface BitcoinNode {
  /** CAIP-2 id of regtest. */
  readonly network: typeof networks.bitcoinRegtest.id
  /** JSON-RPC address; the node wants {@link BitcoinNode.authorization}. */
  readonly url: string
  readonly username: string
  readonly password: string
  /** Value of the `Authorization` header (HTTP Basic). */
  readonly authorization: string
  readonly rpc: Rpc
  /** The Esplora REST façade over this node. */
  readonly esplora: { readonly url: string }
  /** What the node says it is, such as `/Satoshi:29.4.3/Knots:20260508/`. */
  readonly version: string
  /** Where the program is from. */
  readonly source: Bitcoind['source']
}

/** Options of the Bitcoin node. */
export interface BitcoinOptions {
  /** More arguments for `bitcoind`. */
  readonly args?: readonly string[]
  /** Time to start, milliseconds; 30,000 by default. */
  readonly timeoutMs?: number
}

/** A node, its process and how to let go of its connections. */
export interface StartedBitcoin {
  readonly node: Omit<BitcoinNode, 'esplora'>
  readonly process: ManagedProcess
  readonly close: () => void
}

const FLAGS = [
  '-regtest',
  '-server=1',
  '-disablewallet',
  '-listen=0',
  '-connect=0',
  '-dnsseed=0',
  '-fixedseeds=0',
  '-txindex=1',
  '-blockfilterindex=1',
  '-rpcbind=127.0.0.1',
  '-rpcallowip=127.0.0.1',
  '-rpcthreads=8',
  '-rpcworkqueue=256',
  '-rpcservertimeout=86400',
  '-persistmempool=0',
  '-checkblocks=1',
  '-dbcache=4',
  '-par=1',
  '-debuglogfile=0',
  '-printtoconsole=1',
] as const

const PORT_TRIES = 5

/** Starts `bitcoind` on a free port of 127.0.0.1; everything it writes goes to a temporary folder. */
export async function start(
  options: BitcoinOptions & {
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: ((message: string) => void) | undefined
  } = {},
): Promise<StartedBitcoin> {
  const program = await locate({ signal: options.signal, onProgress: options.onProgress })
  options.onProgress?.(`starting ${program.version}`)
  for (let tries = 1; ; tries++) {
    try {
      return await startOn(await freePort(), program, options)
    } catch (error) {
      // Another process may have taken the port in between.
      const taken = error instanceof Error && /unable to bind/i.test(error.message)
      if (!taken || tries >= PORT_TRIES) throw error
    }
  }
}

async function startOn(
  port: number,
  program: Bitcoind,
  options: BitcoinOptions & { readonly signal?: AbortSignal | undefined },
): Promise<StartedBitcoin> {
  const username = 'devnet'
  const password = randomBytes(16).toString('hex')
  const salt = randomBytes(16).toString('hex')
  // Only the salted hash is on the command line, where every user of the machine can read it.
  const hash = createHmac('sha256', salt).update(password).digest('hex')
  const child = startProcess({
    name: 'bitcoind',
    command: program.command,
    args: (folder) => [
      ...program.args,
      ...FLAGS,
      `-datadir=${folder}`,
      `-rpcport=${port}`,
      `-rpcauth=${username}:${salt}$${hash}`,
      ...(options.args ?? []),
    ],
  })
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const url = `http://127.0.0.1:${port}/`
  const { rpc, close } = client({ name: 'bitcoind', url, authorization })
  try {
    const { subversion } = await ready(child, () => rpc<{ subversion: string }>('getnetworkinfo'), {
      timeoutMs: options.timeoutMs ?? 30_000,
      signal: options.signal,
    })
    return {
      node: {
        network: networks.bitcoinRegtest.id,
        url,
        username,
        password,
        authorization,
        rpc,
        version: subversion,
        source: program.source,
      },
      process: child,
      close,
    }
  } catch (error) {
    close()
    await child.stop()
    throw error
  }
}
