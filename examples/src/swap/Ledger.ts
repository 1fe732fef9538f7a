import type { Devnet } from '@aitbc/devnet'
import type { Actor } from './Stage.js'
import { bitcoinAddresses, evmAddress } from './sides.js'

/** What a party owns, and what it has paid in fees for transactions that were included; base units. */
export interface Holdings {
  readonly bitcoin: bigint
  readonly ether: bigint
  readonly token: bigint
}

/** Everything that a seed controls, as the nodes themselves count it. */
export async function holdings(
  devnet: Devnet,
  actor: Actor,
  nonces: readonly Uint8Array[],
  token?: string,
): Promise<Holdings> {
  const address = evmAddress(actor.seed)
  const objects = bitcoinAddresses(actor.seed, nonces).map((a) => `addr(${a})`)
  const scan = (await devnet.bitcoin.rpc('scantxoutset', 'start', objects)) as { total_amount: number }
  const ether = BigInt((await devnet.evm.rpc('eth_getBalance', address, 'latest')) as string)
  const call = { to: token, data: `0x70a08231${address.slice(2).padStart(64, '0')}` } // balanceOf(address)
  const held = token === undefined ? 0n : BigInt((await devnet.evm.rpc('eth_call', call, 'latest')) as string)
  return { bitcoin: satoshis(scan.total_amount), ether, token: held }
}

/** Fees of those of a party's transactions that are in the chains. */
export async function feesOf(
  devnet: Devnet,
  actor: Actor,
): Promise<{ readonly bitcoin: bigint; readonly ether: bigint }> {
  let bitcoin = 0n
  let ether = 0n
  for (const id of actor.sent)
    if (id.startsWith('0x')) {
      const receipt = (await devnet.evm.rpc('eth_getTransactionReceipt', id)) as {
        gasUsed: string
        effectiveGasPrice: string
      } | null
      if (receipt !== null) ether += BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice)
    } else bitcoin += await bitcoinFee(devnet, id)
  return { bitcoin, ether }
}

interface RawTransaction {
  readonly confirmations?: number
  readonly vin: readonly { readonly txid: string; readonly vout: number }[]
  readonly vout: readonly { readonly value: number }[]
}

async function bitcoinFee(devnet: Devnet, id: string): Promise<bigint> {
  const get = async (txid: string) =>
    (await devnet.bitcoin.rpc('getrawtransaction', txid, 1)) as RawTransaction
  const transaction = await get(id).catch(() => undefined) // replaced, or undone by a reorg
  if (transaction?.confirmations === undefined || transaction.confirmations < 1) return 0n
  let fee = 0n
  for (const input of transaction.vin) fee += satoshis((await get(input.txid)).vout[input.vout]?.value ?? 0)
  for (const output of transaction.vout) fee -= satoshis(output.value)
  return fee
}

/** The node writes whole satoshis as decimals of 8 places: within 2^53, so rounding finds the very number. */
function satoshis(value: number): bigint {
  return BigInt(Math.round(value * 1e8))
}

/** What a party should have gained or lost besides fees. */
export type Expected = Partial<Holdings>

/** Compares to the last unit; gives one line a mismatch. */
export function compare(
  before: Holdings,
  after: Holdings,
  expected: Expected,
  fees: { readonly bitcoin: bigint; readonly ether: bigint },
): readonly string[] {
  const paid: Holdings = { bitcoin: fees.bitcoin, ether: fees.ether, token: 0n }
  return (['bitcoin', 'ether', 'token'] as const).flatMap((asset) => {
    const should = before[asset] + (expected[asset] ?? 0n) - paid[asset]
    return after[asset] === should ? [] : [`${asset}: ${after[asset]} held, ${should} expected`]
  })
}
