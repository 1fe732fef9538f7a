import { setTimeout as delay } from 'node:timers/promises'
import { sha256 } from '@noble/hashes/sha2.js'
import { QueryBalanceRequest, QueryBalanceResponse } from 'cosmjs-types/cosmos/bank/v1beta1/query'
import { MsgSend } from 'cosmjs-types/cosmos/bank/v1beta1/tx'
import { TxMsgData } from 'cosmjs-types/cosmos/base/abci/v1beta1/abci'
import { DevnetErrors } from '../errors.js'
import { bigint, integer, refuse } from '../internal/guards.js'
import { client } from '../internal/JsonRpc.js'
import { ready, start } from '../internal/ManagedProcess.js'
import { freePort } from '../internal/ports.js'
import * as Wasmd from '../internal/wasmd.js'
import { accountOf, actionsOf, type CosmosActions, type CosmosReceipt } from './actions.js'
import { base64, fromBase64, hexUpper } from './bytes.js'
import type { Event } from './context.js'

/** How to start a real node. */
export interface WasmdOptions {
  /** Base units for a million gas, below which the node lets no transaction in; 5000 unless told. */
  readonly gasPrice?: bigint
  /** Denominations that there are beside the fee's; none unless told. */
  readonly denoms?: readonly string[]
  /** Milliseconds from a block to the next, about; 250 unless told. */
  readonly blockMs?: number
  /** Milliseconds that the node may take to its first blocks; 60,000 unless told. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** What is being done: building takes minutes the first time. */
  readonly onProgress?: (message: string) => void
}

/** A running wasmd with CometBFT, of one validator. */
export interface WasmdNode extends CosmosActions {
  /** CAIP-2. */
  readonly network: `cosmos:${string}`
  readonly chainId: string
  readonly prefix: string
  readonly denom: string
  readonly gasPrice: bigint
  /** CometBFT's JSON-RPC. */
  readonly url: string
  /** Of wasmd, as the program tells it. */
  readonly version: string
  /** Where the program is from. */
  readonly source: Wasmd.Wasmd['source']
  /** Sends coins from the account of genesis, to each address so many; of the fee's denomination unless told. */
  fund(addresses: string | readonly string[], amount: bigint, denom?: string): Promise<void>
  /** What the application answers to a query of gRPC's name, in the newest state or that after a block. 6041 `CosmosRejected`. */
  query(path: string, data: Uint8Array, height?: bigint): Promise<Uint8Array>
  /** A balance in the newest state, or in that after a block. */
  balance(address: string, denom?: string, height?: bigint): Promise<bigint>
  /** Height of the newest block. */
  height(): Promise<bigint>
  /** Unix seconds of the newest block, or of that at a height, rounded down. */
  time(height?: bigint): Promise<bigint>
  /** Waits for so many blocks (1 unless told) after the one that takes what was sent until now. */
  blocks(count?: number): Promise<void>
  /** Waits until the newest block has a time, unix seconds. */
  reach(time: bigint): Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const CHAIN = 'aitbc-local-1'
const DENOM = 'uatom'
const FAUCET = 'wasmd faucet'
const SUPPLY = 10n ** 27n
const PATIENCE_MS = 60_000
const POLL_MS = 20

/**
 * A home of its own with one validator and an account of ours, then the node in the shell's place. The node listens on 127.0.0.1 alone,
 * and looks for nobody.
 */
const SCRIPT = `
set -e
wasmd=$1 home=$2/home rpc=$3 p2p=$4 faucet=$5 pause=$6 gas=$7 coins=$8
"$wasmd" init local --chain-id ${CHAIN} --default-denom ${DENOM} --home "$home" >/dev/null 2>&1
key="--keyring-backend test --home $home"
"$wasmd" keys add validator $key >/dev/null 2>&1
"$wasmd" genesis add-genesis-account validator 1000000000000${DENOM} $key
"$wasmd" genesis add-genesis-account "$faucet" "$coins" --home "$home"
"$wasmd" genesis gentx validator 100000000000${DENOM} --chain-id ${CHAIN} $key >/dev/null 2>&1
"$wasmd" genesis collect-gentxs --home "$home" >/dev/null 2>&1
sed -i -e "s/^timeout_commit = .*/timeout_commit = \\"$pause\\"/" -e "s/^addr_book_strict = .*/addr_book_strict = false/" \\
  -e "s/^pprof_laddr = .*/pprof_laddr = \\"\\"/" "$home/config/config.toml"
exec "$wasmd" start --home "$home" --log_level error --pruning nothing --minimum-gas-prices "$gas"${DENOM} \\
  --rpc.laddr "tcp://127.0.0.1:$rpc" --p2p.laddr "tcp://127.0.0.1:$p2p" --p2p.pex=false \\
  --grpc.enable=false --grpc-web.enable=false --api.enable=false
`

/**
 * Starts a real wasmd with CometBFT on 127.0.0.1: its own chain of one validator, whose blocks come by themselves a few times a second.
 * The program is `WASMD`, or is built from Go modules once and kept in the cache folder.
 *
 * Errors: 6003 `NodeNotStarted`, 6007 `InvalidDevnetArgument`, 6041 `CosmosRejected`, 6042 `WasmdMissing` (no Go here, or its modules
 * can't be reached).
 *
 * @example
 * import { createWasmdNode } from '@aitbc/devnet'
 * await using node = await createWasmdNode({ onProgress: console.error })
 * await node.fund(node.account('alice').address, 1_000_000n)
 */
export async function createWasmdNode(options: WasmdOptions = {}): Promise<WasmdNode> {
  const { signal, onProgress } = options
  const gasPrice = bigint(options.gasPrice ?? 5000n, 'gasPrice', 0n, 10n ** 18n)
  const blockMs = integer(options.blockMs ?? 250, 'blockMs', 10, 60_000)
  const denoms = [DENOM, ...(options.denoms ?? [])].sort()
  for (const denom of denoms)
    if (!/^[a-z][a-z0-9]{2,15}$/.test(denom)) refuse('denoms', 'denominations of small letters', denom)
  const timeoutMs = integer(options.timeoutMs ?? PATIENCE_MS, 'timeoutMs', 1, 3_600_000)
  const { command, version, prefix, source } = await Wasmd.locate({ signal, onProgress })
  const faucet = accountOf(prefix, FAUCET)
  const [port, p2p] = [await freePort(), await freePort()]
  onProgress?.(`starting wasmd ${version}`)
  const child = start({
    name: 'wasmd',
    command: '/bin/sh',
    args: (folder) => [
      ...['-c', SCRIPT, 'wasmd', command, folder, `${port}`, `${p2p}`, faucet.address],
      ...[`${blockMs}ms`, decimal(gasPrice), denoms.map((denom) => `${SUPPLY}${denom}`).join(',')],
    ],
  })
  const url = `http://127.0.0.1:${port}/`
  const { rpc, close } = client({ name: 'wasmd', url })

  const tip = async (): Promise<{ readonly height: bigint; readonly time: number }> => {
    const { sync_info } = await rpc<Status>('status')
    return { height: BigInt(sync_info.latest_block_height), time: Date.parse(sync_info.latest_block_time) }
  }
  /** Asks until there is an answer; as long as the node may be silent at most, or as told. */
  const until = async <T>(
    what: string,
    ask: () => Promise<T | undefined>,
    patienceMs = PATIENCE_MS,
  ): Promise<T> => {
    const end = performance.now() + patienceMs
    for (;;) {
      const answer = await ask()
      if (answer !== undefined) return answer
      if (performance.now() > end)
        throw DevnetErrors.NodeUnreachable(`wasmd: ${what} within ${patienceMs} ms was waited for in vain`, {
          url,
        })
      await delay(POLL_MS)
    }
  }
  const reached = (height: bigint) =>
    until(`block ${height}`, async () => ((await tip()).height >= height ? true : undefined))

  const query: WasmdNode['query'] = async (path, data, height = 0n) => {
    const { response } = await rpc<AbciQuery>('abci_query', path, hexUpper(data), `${height}`, false)
    const { code = 0, log = '', codespace = '', value } = response
    if (code !== 0) throw DevnetErrors.CosmosRejected(log, { codespace, code, log })
    return fromBase64(value ?? '')
  }
  const deliver = async (bytes: Uint8Array): Promise<CosmosReceipt> => {
    const hash = sha256(bytes)
    const { code, log } = await rpc<{ code: number; log: string }>('broadcast_tx_sync', base64(bytes))
    if (code !== 0) throw DevnetErrors.CosmosRejected(log, { code, log })
    const { height, tx_result: result } = await until(`transaction ${hexUpper(hash)}`, () =>
      rpc<Included>('tx', base64(hash), false).catch(() => undefined),
    )
    return {
      ...{ hash: hexUpper(hash), height: BigInt(height), code: result.code, log: result.log },
      ...{ gasUsed: BigInt(result.gas_used), events: result.events ?? [] },
      responses: TxMsgData.decode(fromBase64(result.data ?? '')).msgResponses,
    }
  }
  const actions = actionsOf({ chainId: CHAIN, prefix, denom: DENOM, gasPrice, query, deliver })
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    close()
    stopping ??= child.stop()
    return stopping
  }
  try {
    // The application answers nothing before it has made a block.
    await ready(child, async () => ((await tip()).height >= 2n ? true : undefined), { timeoutMs, signal })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    network: `cosmos:${CHAIN}`,
    ...{ chainId: CHAIN, prefix, denom: DENOM, gasPrice, url, version, source },
    ...actions,
    query,
    fund: async (addresses, amount, denom = DENOM) => {
      const coins = [{ denom, amount: `${bigint(amount, 'amount', 1n, 2n ** 128n)}` }]
      const messages = [addresses].flat().map((toAddress) => ({
        typeUrl: '/cosmos.bank.v1beta1.MsgSend',
        value: MsgSend.encode({ fromAddress: faucet.address, toAddress, amount: coins }).finish(),
      }))
      const gas = 100_000n + 100_000n * BigInt(messages.length)
      const { code, log } = await actions.send(faucet, messages, { gas })
      if (code !== 0) throw DevnetErrors.CosmosRejected(log, { code, log })
    },
    balance: async (address, denom = DENOM, height = 0n) => {
      const request = QueryBalanceRequest.encode({ address, denom }).finish()
      const answer = await query('/cosmos.bank.v1beta1.Query/Balance', request, height)
      return BigInt(QueryBalanceResponse.decode(answer).balance?.amount ?? 0)
    },
    height: async () => (await tip()).height,
    time: async (height) => {
      if (height === undefined) return BigInt(Math.floor((await tip()).time / 1000))
      const { signed_header } = await rpc<Commit>('commit', `${height}`)
      return BigInt(Math.floor(Date.parse(signed_header.header.time) / 1000))
    },
    blocks: async (count = 1) => {
      // The block after this one may have been proposed before the newest transaction came.
      await reached((await tip()).height + 1n + BigInt(integer(count, 'count', 1, 10_000)))
    },
    reach: async (time) => {
      const wanted = Number(bigint(time, 'time', 0n, 4_000_000_000n)) * 1000
      const ahead = wanted - (await tip()).time
      const late = Math.max(0, ahead) + PATIENCE_MS
      await until(`time ${time}`, async () => ((await tip()).time >= wanted ? true : undefined), late)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

interface Status {
  readonly sync_info: { readonly latest_block_height: string; readonly latest_block_time: string }
}

interface Commit {
  readonly signed_header: { readonly header: { readonly time: string } }
}

interface AbciQuery {
  readonly response: {
    readonly code?: number
    readonly log?: string
    readonly codespace?: string
    readonly value?: string | null
  }
}

interface Included {
  readonly height: string
  readonly tx_result: {
    readonly code: number
    readonly log: string
    readonly gas_used: string
    readonly data?: string | null
    readonly events: readonly Event[] | null
  }
}

/** A price for a million gas as one for a unit of it, in decimals. */
function decimal(gasPrice: bigint): string {
  const digits = `${gasPrice}`.padStart(7, '0')
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`
}
