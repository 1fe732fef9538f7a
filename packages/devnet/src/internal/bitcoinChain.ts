import { createHash, randomBytes } from 'node:crypto'
import type { StartedBitcoin } from '../BitcoinNode.js'
import { DevnetErrors } from '../errors.js'
import type { Clock } from './Clock.js'
import type { Rpc } from './JsonRpc.js'

/** The faucet's key: sha256("aitbc devnet faucet"), as WIF. Everybody knows it; it is worth nothing but on regtest. */
const FAUCET_KEY = 'cNxDQvZgssNaRZVERar3qbpjiJChaAeusNniYvsegmsLGc4uFuYJ'
const COINBASE_MATURITY = 100
/** Coinbase outputs that can be spent once the net is up. */
const MATURE_COINS = 20
/** Median time past is the 6th newest of 11 blocks (BIP-113): six at one time move it there. */
export const MEDIAN_BLOCKS = 6
/** Above bitcoind's `-mempoolexpiry` of 336 hours. */
const EXPIRY_SECONDS = 15n * 86_400n

interface Coin {
  readonly txid: string
  readonly vout: number
  readonly amount: number
  readonly scriptPubKey: string
  readonly height: number
  readonly coinbase: boolean
}

/** Satoshis of an amount as the node writes it: a JSON number of bitcoin with eight decimals. */
export function satoshis(amount: number): bigint {
  return BigInt(Math.round(amount * 1e8))
}

/** An amount as the node reads it. */
export function decimal(sats: bigint): string {
  return `${sats / 100_000_000n}.${(sats % 100_000_000n).toString().padStart(8, '0')}`
}

/** The first blocks: coins for the faucet, and a median time past that is the net's present. */
export async function prepareFaucet(bitcoin: StartedBitcoin, clock: Clock): Promise<void> {
  const { rpc } = bitcoin.node
  const now = clock.now()
  await rpc('setmocktime', Number(now - 3600n))
  const to = await faucetAddress(rpc)
  await rpc('generatetoaddress', COINBASE_MATURITY + MATURE_COINS - MEDIAN_BLOCKS, to)
  await rpc('setmocktime', Number(now))
  await rpc('generatetoaddress', MEDIAN_BLOCKS, to)
}

const addresses = new WeakMap<Rpc, Promise<string>>()

/** The faucet's P2WPKH address. */
export function faucetAddress(rpc: Rpc): Promise<string> {
  let address = addresses.get(rpc)
  if (address === undefined) {
    address = rpc<{ descriptor: string }>('getdescriptorinfo', `wpkh(${FAUCET_KEY})`)
      .then(({ descriptor }) => rpc<readonly string[]>('deriveaddresses', descriptor))
      .then((derived) => derived[0] as string)
    addresses.set(rpc, address)
  }
  return address
}

/** Mines blocks at the net's time; each `spacing` seconds after the one before, when that is given. */
export async function mineBitcoin(
  bitcoin: StartedBitcoin,
  clock: Clock,
  blocks: number,
  options: { readonly to?: string | undefined; readonly spacing?: bigint | undefined } = {},
): Promise<readonly string[]> {
  const { rpc } = bitcoin.node
  const to = options.to ?? (await faucetAddress(rpc))
  if (options.spacing === undefined) {
    await rpc('setmocktime', Number(clock.now()))
    return rpc<readonly string[]>('generatetoaddress', blocks, to)
  }
  const hashes: string[] = []
  for (let index = 0; index < blocks; index++) {
    clock.shift(options.spacing)
    await rpc('setmocktime', Number(clock.now()))
    hashes.push(...(await rpc<readonly string[]>('generatetoaddress', 1, to)))
  }
  return hashes
}

/** Pays an address from the faucet's coins; the transaction is left in the mempool. */
export async function payBitcoin(bitcoin: StartedBitcoin, address: string, amount: bigint): Promise<string> {
  const { rpc } = bitcoin.node
  const own = await faucetAddress(rpc)
  const coins = await faucetCoins(rpc, own)
  const chosen: Coin[] = []
  let sum = 0n
  // 10 sat/vB: 68 vB an input, 31–43 an output, 11 of overhead.
  const fee = (): bigint => 10n * BigInt(68 * chosen.length + 2 * 43 + 11)
  for (const coin of coins) {
    if (sum >= amount + fee() + 1000n) break
    chosen.push(coin)
    sum += satoshis(coin.amount)
  }
  const change = sum - amount - fee()
  if (chosen.length === 0 || change < 1000n)
    throw DevnetErrors.FaucetEmpty(`the faucet has ${sum} sat to spend, ${amount} are asked for`, {
      available: sum,
      received: amount,
    })
  const outputs =
    own === address
      ? [{ [own]: decimal(amount + change) }]
      : [{ [address]: decimal(amount) }, { [own]: decimal(change) }]
  const raw = await rpc<string>(
    'createrawtransaction',
    chosen.map(({ txid, vout }) => ({ txid, vout })),
    outputs,
  )
  const signed = await rpc<{ hex: string }>(
    'signrawtransactionwithkey',
    raw,
    [FAUCET_KEY],
    chosen.map(({ txid, vout, scriptPubKey, amount }) => ({ txid, vout, scriptPubKey, amount })),
  )
  return rpc<string>('sendrawtransaction', signed.hex)
}

async function faucetCoins(rpc: Rpc, own: string): Promise<readonly Coin[]> {
  const scan = await rpc<{ height: number; unspents: readonly Coin[] }>('scantxoutset', 'start', [
    `addr(${own})`,
  ])
  const mature = scan.unspents
    .filter((coin) => !coin.coinbase || scan.height - coin.height >= COINBASE_MATURITY)
    .sort((a, b) => b.amount - a.amount || (a.txid < b.txid ? -1 : 1))
  if (mature.length === 0) return []
  const spent = await rpc<readonly { spendingtxid?: string }[]>(
    'gettxspendingprevout',
    mature.map(({ txid, vout }) => ({ txid, vout })),
  )
  return mature.filter((_, index) => spent[index]?.spendingtxid === undefined)
}

/** How a Bitcoin reorganisation goes; see `reorg`. */
export interface BitcoinReorg {
  readonly depth: number
  readonly blocks: number
  readonly drop: ReadonlySet<string> | 'all'
  readonly include: readonly string[]
}

/**
 * Replaces the last blocks by a longer branch. What the old branch held is mined again into the new branch's first
 * block, but for what is dropped, what spends that, and what conflicts with `include`; what was pending stays so.
 */
export async function reorgBitcoin(bitcoin: StartedBitcoin, clock: Clock, how: BitcoinReorg): Promise<void> {
  const { rpc } = bitcoin.node
  const tip = await rpc<number>('getblockcount')
  if (how.depth > tip - 1)
    throw DevnetErrors.ReorgFailed(`a chain of ${tip} blocks can't be undone ${how.depth} deep`, {
      depth: how.depth,
      height: tip,
    })
  const pending = await rawMempool(rpc)
  const undone: { readonly txid: string; readonly hex: string }[] = []
  const first = tip - how.depth + 1
  for (let height = first; height <= tip; height++) {
    const hash = await rpc<string>('getblockhash', height)
    const block = await rpc<{ tx: readonly { txid: string; hex: string }[] }>('getblock', hash, 2)
    undone.push(...block.tx.slice(1).map(({ txid, hex }) => ({ txid, hex })))
  }
  const nowhere = await throwAwayAddress(rpc)
  await rpc('setmocktime', Number(clock.now()))
  await rpc('invalidateblock', await rpc<string>('getblockhash', first))
  if ((await rpc<readonly string[]>('getrawmempool')).length > 0) await emptyMempool(rpc, clock)

  const included: string[] = [...how.include]
  if (how.drop !== 'all') {
    for (const { txid, hex } of undone) {
      // Refused is right here: it spends what was dropped, or what became immature.
      if (!how.drop.has(txid) && (await accepted(rpc, hex))) included.push(txid)
    }
  }
  const mined = await generate(rpc, nowhere, included)
  for (let block = mined; block < how.blocks; block++) await rpc('generateblock', nowhere, [])
  for (const { txid, hex } of pending) {
    if (how.drop === 'all' || !how.drop.has(txid)) await accepted(rpc, hex)
  }
}

/** Mines the first block of the branch, or first one with `include` alone where the rest conflicts with it. */
async function generate(rpc: Rpc, to: string, transactions: readonly string[]): Promise<number> {
  const raw = transactions.filter((entry) => entry.length !== 64)
  const known = transactions.filter((entry) => entry.length === 64)
  if (raw.length === 0) {
    await rpc('generateblock', to, known)
    return 1
  }
  await rpc('generateblock', to, raw)
  const left = new Set(await rpc<readonly string[]>('getrawmempool'))
  await rpc(
    'generateblock',
    to,
    known.filter((txid) => left.has(txid)),
  )
  return 2
}

async function rawMempool(rpc: Rpc): Promise<readonly { readonly txid: string; readonly hex: string }[]> {
  const entries = await rpc<Record<string, { ancestorcount: number }>>('getrawmempool', true)
  const inOrder = Object.entries(entries).sort(([, a], [, b]) => a.ancestorcount - b.ancestorcount)
  const all: { txid: string; hex: string }[] = []
  for (const [txid] of inOrder) all.push({ txid, hex: await rpc<string>('getrawtransaction', txid) })
  return all
}

/**
 * The node offers no call that forgets a transaction. But it drops what is older than two weeks whenever it takes
 * up a block's transactions again: undoing an empty block at a later time does it.
 */
async function emptyMempool(rpc: Rpc, clock: Clock): Promise<void> {
  const { hash } = await rpc<{ hash: string }>('generateblock', await throwAwayAddress(rpc), [])
  await rpc('setmocktime', Number(clock.now() + EXPIRY_SECONDS))
  await rpc('invalidateblock', hash)
  await rpc('setmocktime', Number(clock.now()))
}

async function accepted(rpc: Rpc, hex: string): Promise<boolean> {
  try {
    await rpc('sendrawtransaction', hex, 0)
    return true
  } catch {
    return false
  }
}

/** A fresh P2WSH address: a branch mined to the same address at the same time would be the block just undone. */
async function throwAwayAddress(rpc: Rpc): Promise<string> {
  const script = createHash('sha256').update(randomBytes(32)).digest('hex')
  const [address] = await rpc<readonly string[]>(
    'deriveaddresses',
    (await rpc<{ descriptor: string }>('getdescriptorinfo', `raw(0020${script})`)).descriptor,
  )
  return address as string
}
