import { createSeedWallet, createSolanaAdapter } from '@aitbc/adapters/solana'
import { AccountId, type SeedWallet, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc, pipe, retry, timeout } from '@aitbc/core/rpc'
import { createSolanaNode } from '@aitbc/devnet'
import type { Family } from '../Family.js'
import { programOf } from '../programs.js'

const network = networks.solanaLocal
const TOKEN = { symbol: 'SPLT', decimals: 6 } as const
/** Slots at once: rooted after 32, so in two or three seconds; a blockhash lives for ten. */
const SLOTS_AT_ONCE = 12
const SLOTS_TO_ROOT = 33

interface At {
  readonly url: string
  readonly program: string
  readonly token: string
}

/** A Solana chain: agave's runtime (litesvm) in slots with votes, behind JSON-RPC. */
export const solana: Family = {
  async start({ clock }) {
    const node = await createSolanaNode({ production: 'manual', time: clock.now, stakes: [1n] })
    const { chain } = node
    const program = await chain.deploy(await programOf('solana/htlc-v3.so'))
    const token = await chain.createToken({ decimals: TOKEN.decimals })
    await chain.produce(2)
    const at: At = { url: node.url, program, token }
    const purse = { native: 2_000_000_000n, token: 2_000_000_000n } as const
    const rpc = createHttpRpc({ url: node.url, exactNumbers: 'all' })
    const lamports = async (address: string) => {
      const params = [address, { commitment: 'processed' }]
      const { value } = (await rpc.request('getBalance', params)) as { value: bigint }
      return BigInt(value)
    }
    /** An owner's accounts of a token: what they hold, and the rent in them, which is the owner's. */
    const tokensOf = async (owner: string) => {
      const params = [owner, { mint: token }, { encoding: 'jsonParsed', commitment: 'processed' }]
      const { value } = (await rpc.request('getTokenAccountsByOwner', params)) as TokenAccounts
      return value.map(({ account }) => ({
        rent: BigInt(account.lamports),
        amount: BigInt(account.data.parsed.info.tokenAmount.amount),
      }))
    }
    const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)
    return {
      network: network.id,
      name: 'Solana',
      software: `Solana: agave's runtime (litesvm), slots and votes`,
      evidence: 'no state can be proved, so what an endpoint says is only reported',
      assets: {
        native: { ...network.native, amount: 500_000_000n, purse: purse.native },
        token: { id: `${network.id}/token:${token}`, ...TOKEN, amount: 500_000_000n, purse: purse.token },
      },
      place: () => ({ at: { ...at }, trusts: null }),
      async fund(seed) {
        const address = addressOf(seed)
        await chain.pay(address, purse.native)
        await chain.mintTo(token, address, purse.token)
        await chain.produce(2)
      },
      everyMs: 800,
      produce: () => chain.produce(SLOTS_AT_ONCE),
      // A slot has the time at which it begins; what is rooted then is of the new time.
      catchUp: () => chain.produce(SLOTS_TO_ROOT),
      async holdings(seed) {
        const address = addressOf(seed)
        const held = await tokensOf(address)
        return {
          native: (await lamports(address)) + sum(held.map(({ rent }) => rent)),
          token: sum(held.map(({ amount }) => amount)),
        }
      },
      async costs(ids, locks) {
        let fees = 0n
        for (const id of ids) {
          const params = [
            id,
            { commitment: 'confirmed', maxSupportedTransactionVersion: 0, encoding: 'base64' },
          ]
          const found = (await rpc.request('getTransaction', params)) as Included | null
          if (found !== null) fees += BigInt(found.meta.fee)
        }
        let held = 0n
        for (const lock of locks) {
          held += await lamports(lock)
          held += sum((await tokensOf(lock)).map(({ rent }) => rent))
        }
        return { fees, held }
      },
      close: () => node.close(),
    }
  },
  wallet: (_, seed) => walletOf(seed),
  async side(place, seed, { pollMs, through = [] }) {
    const { url, program, token } = place.at as unknown as At
    const adapter = createSolanaAdapter({
      network,
      rpc: pipe(createHttpRpc({ url, exactNumbers: 'all' }), timeout(10_000), retry(), ...through),
      program,
      tokens: [{ id: `${network.id}/token:${token}`, ...TOKEN }],
      pollMs,
    })
    return {
      adapter,
      backend: adapter.backend,
      ...walletOf(seed),
    }
  },
}

interface Included {
  readonly meta: { readonly fee: bigint }
}

interface TokenAccounts {
  readonly value: readonly {
    readonly account: {
      readonly lamports: bigint
      readonly data: {
        readonly parsed: { readonly info: { readonly tokenAmount: { readonly amount: string } } }
      }
    }
  }[]
}

/** The address that holds a seed's coins and owns its token accounts. */
function addressOf(seed: SwapSeed.SwapSeed): string {
  const { funding } = walletOf(seed)
  return AccountId.parse(funding).address
}

function walletOf(seed: SwapSeed.SwapSeed): SeedWallet {
  return createSeedWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
}
