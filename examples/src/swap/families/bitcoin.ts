import {
  beaconAccount,
  createBitcoinAdapter,
  createCoreBackend,
  createSeedWallet,
  fundingAccount,
  partyAccount,
} from '@aitbc/adapters/bitcoin'
import { AccountId, type SeedWallet, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc, pipe, retry, timeout } from '@aitbc/core/rpc'
import { advance, createDevnet, fund, mine, reorg } from '@aitbc/devnet'
import { Consensus, createBitcoinVerifier, HeaderChain } from '@aitbc/proofs/bitcoin'
import type { Family } from '../Family.js'

const network = networks.bitcoinRegtest
/** Indices of the addresses that point to recovery records which are counted. */
const BEACONS = 20

interface At {
  readonly url: string
  readonly username: string
  readonly password: string
}

/** Bitcoin: `bitcoind` on regtest. */
export const bitcoin: Family = {
  async start({ clock, signal, onProgress }) {
    const devnet = await createDevnet({
      evm: false,
      startTime: clock.now(),
      signal,
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    const { rpc, url, username, password, version } = devnet.bitcoin
    const blocks = async (bitcoinBlocks: number) => {
      const ahead = clock.now() - devnet.now()
      if (ahead > 0n) await advance(devnet, ahead, { bitcoinBlocks })
      else await mine(devnet, 'bitcoin', bitcoinBlocks)
    }
    const feeOf = async (id: string): Promise<bigint> => {
      const get = async (txid: string) => (await rpc('getrawtransaction', txid, 1)) as RawTransaction
      const transaction = await get(id).catch(() => undefined) // replaced, or undone by a reorg
      if (transaction?.confirmations === undefined || transaction.confirmations < 1) return 0n
      let fee = 0n
      for (const input of transaction.vin)
        fee += satoshis((await get(input.txid)).vout[input.vout]?.value ?? 0)
      for (const output of transaction.vout) fee -= satoshis(output.value)
      return fee
    }
    return {
      network: network.id,
      name: 'Bitcoin',
      software: `Bitcoin ${version}, regtest`,
      evidence: 'headers from genesis by their work, Merkle branch, script',
      finalDepth: network.finality.depth,
      assets: { native: { ...network.native, amount: 1_000_000n, purse: 10_000_000n } },
      place: () => ({ at: { url, username, password }, trusts: null }),
      fund: async (seed) => {
        await fund(devnet, 'bitcoin', fundingAddress(seed), 10_000_000n)
      },
      everyMs: 400,
      produce: () => blocks(1),
      // Median time past is the 6th newest of 11 blocks (BIP-113).
      catchUp: () => blocks(6),
      reorg: (depth, drop) => reorg(devnet, 'bitcoin', depth, { drop }),
      async holdings(seed, nonces) {
        const objects = addressesOf(seed, nonces).map((address) => `addr(${address})`)
        const { total_amount } = (await rpc('scantxoutset', 'start', objects)) as { total_amount: number }
        return { native: satoshis(total_amount), token: 0n }
      },
      async costs(ids) {
        let fees = 0n
        for (const id of ids) fees += await feeOf(id)
        return { fees, held: 0n }
      },
      close: () => devnet.dispose(),
    }
  },
  wallet: (_, seed) => walletOf(seed),
  async side(place, seed, { utc, pollMs, through = [] }) {
    const { url, username, password } = place.at as unknown as At
    const endpoint = new URL(url)
    endpoint.username = username
    endpoint.password = password
    const asked = createHttpRpc({ url: endpoint.href, exactNumbers: 'all' })
    const rpc = pipe(asked, timeout(10_000), retry(), ...through)
    const verifier = createBitcoinVerifier({ anchor: HeaderChain.genesis(Consensus.regtest), now: utc })
    if (!verifier.ok) throw new Error(verifier.refusal.message)
    return {
      adapter: createBitcoinAdapter({ network, backend: createCoreBackend({ rpc }), pollMs }),
      verifier: verifier.value,
      backend: { network: network.id, kind: 'p2tr' },
      ...walletOf(seed),
    }
  },
}

interface RawTransaction {
  readonly confirmations?: number
  readonly vin: readonly { readonly txid: string; readonly vout: number }[]
  readonly vout: readonly { readonly value: number }[]
}

function fundingAddress(seed: SwapSeed.SwapSeed): string {
  const { funding } = walletOf(seed)
  return AccountId.parse(funding).address
}

/** Every address that a seed controls: funding, one a swap, and those that point to recovery records. */
function addressesOf(seed: SwapSeed.SwapSeed, nonces: readonly Uint8Array[]): readonly string[] {
  const share = SwapSeed.forNetwork(seed, network.id)
  const accounts = [
    fundingAccount(network, share).account,
    ...nonces.map((nonce) => partyAccount(network, share, nonce).account),
    ...Array.from({ length: BEACONS }, (_, index) => beaconAccount(network, share, index).account),
  ]
  return accounts.map((account) => AccountId.parse(account).address)
}

/** The node writes whole satoshis as decimals of 8 places: within 2^53, so rounding finds the very number. */
function satoshis(value: number): bigint {
  return BigInt(Math.round(value * 1e8))
}

function walletOf(seed: SwapSeed.SwapSeed): SeedWallet {
  return createSeedWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
}
