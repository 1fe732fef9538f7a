import { HtlcDeployment } from '@aitbc/adapters/evm/deployment'
import { Address, createPolkadotAdapter, createSeedWallet } from '@aitbc/adapters/polkadot'
import { Bytes, type Network, type SeedWallet, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createPolkadotNode } from '@aitbc/devnet'
import type { ApiPromise } from '@polkadot/api'
import type { Costs, Family } from '../Family.js'

/** Locks need contracts, which no runtime on npm has. */
const SPEC = 'POLKADOT_CHAIN_SPEC'

const SALT = new Uint8Array(32)

interface At {
  readonly url: string
  /** Who made the contract, 20 bytes in hex: with that and its code, everybody knows its address. */
  readonly deployer: string
  readonly symbol: string
  readonly decimals: number
  readonly ss58: number
  /** Decimal digits. */
  readonly dust: string
}

/** Polkadot Hub: its own runtime in this process, with the Solidity contract through pallet-revive. */
export const polkadot: Family = {
  missing: () =>
    (process.env[SPEC] ?? '') === ''
      ? `locks need a Polkadot Hub; set ${SPEC} to the file of a Hub's chain specification, plain or raw`
      : undefined,
  async start({ clock, signal }) {
    const node = await createPolkadotNode({ chainSpec: process.env[SPEC] ?? '', signal })
    if (!node.hub) {
      await node.dispose()
      throw new Error(`the runtime that ${SPEC} names has no contracts: it is no Hub`)
    }
    await node.deploy(Bytes.fromHex(HtlcDeployment.creation.slice(2)), { salt: SALT })
    const deployer = Bytes.toHex(node.deployer)
    const { native, fees, ss58 = 0 } = node.network
    const { symbol, decimals } = native
    const at: At = { url: node.url, deployer, symbol, decimals, ss58, dust: String(fees.dust) }
    const network = networkOf(at)
    const api = await connect(node.url)
    const unit = 10n ** BigInt(decimals)
    const purse = 1000n * unit
    const seconds = async () => (await node.time()) / 1000n
    clock.reach(await seconds())
    const blocks = async (count: number) => {
      const ahead = clock.now() - (await seconds())
      if (ahead > 0n) await node.advance(ahead)
      await node.produce(ahead > 0n ? count - 1 || 1 : count)
      clock.reach(await seconds())
    }
    const accountOf = (seed: SwapSeed.SwapSeed) => {
      const { funding } = walletOf(network, seed)
      return Address.fromAccountId(funding, network, 'account')
    }
    return {
      network: network.id,
      name: 'Polkadot Hub',
      software: `${node.runtime.name} ${node.runtime.version}, the runtime in this process`,
      evidence: 'none here, where blocks have no state roots (on the network, storage proofs)',
      assets: { native: { ...network.native, amount: 10n * unit, purse } },
      place: () => ({ at: { ...at }, trusts: null }),
      fund: (seed) => node.fund(accountOf(seed), purse),
      everyMs: 500,
      produce: () => blocks(1),
      catchUp: () => blocks(4),
      async holdings(seed) {
        const account = (await api.query['system']?.['account']?.(accountOf(seed))) as unknown as Account
        return { native: account.data.free.toBigInt() + account.data.reserved.toBigInt(), token: 0n }
      },
      async costs(ids) {
        const wanted = new Set(ids)
        let costs: Costs = { fees: 0n, held: 0n }
        for (let height = 1n; height <= node.height() && wanted.size > 0; height++) {
          const hash = await api.rpc.chain.getBlockHash(height)
          const { block } = await api.rpc.chain.getBlock(hash)
          const own = block.extrinsics.flatMap((it, index) => (wanted.delete(it.hash.toHex()) ? [index] : []))
          if (own.length === 0) continue
          const events = (await (await api.at(hash)).query['system']?.['events']?.()) as unknown as Events
          costs = add(costs, events, own)
        }
        return costs
      },
      async close() {
        await api.disconnect()
        await node.dispose()
      },
    }
  },
  wallet: (place, seed) => walletOf(networkOf(place.at as unknown as At), seed),
  async side(place, seed, { pollMs }) {
    const at = place.at as unknown as At
    const network = networkOf(at)
    const api = await connect(at.url)
    const chainId = BigInt(String(api.consts['revive']?.['chainId']))
    const deployment = { deployer: Bytes.fromHex(at.deployer), salt: SALT }
    const adapter = createPolkadotAdapter({ network, api, hub: { deployment, chainId }, pollMs })
    return {
      adapter,
      backend: adapter.backend,
      ...walletOf(network, seed),
    }
  },
}

function walletOf(network: Network, seed: SwapSeed.SwapSeed): SeedWallet {
  return createSeedWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
}

/** The local profile with what the runtime has of its own. */
function networkOf({ symbol, decimals, ss58, dust }: At): Network {
  const { polkadotLocal } = networks
  return {
    ...polkadotLocal,
    native: { ...polkadotLocal.native, symbol, decimals },
    fees: { ...polkadotLocal.fees, dust: BigInt(dust) },
    ss58,
  }
}

async function connect(url: string): Promise<ApiPromise> {
  const { ApiPromise, WsProvider } = await import('@polkadot/api')
  // A bound for a hang, not for a busy machine: the runtime answers in this machine's own time.
  const provider = new WsProvider(url, 2500, {}, 300_000)
  return ApiPromise.create({ provider: provider as never, noInitWarn: true })
}

interface Account {
  readonly data: { readonly free: { toBigInt(): bigint }; readonly reserved: { toBigInt(): bigint } }
}

type Events = Iterable<{
  readonly phase: { readonly isApplyExtrinsic: boolean; readonly asApplyExtrinsic: { toNumber(): number } }
  readonly event: {
    readonly section: string
    readonly method: string
    readonly data: { readonly [field: string]: { toBigInt?(): bigint } | undefined }
  }
}>

/** Adds the fees of a block's extrinsics, and what they left with the contract for its storage. */
function add({ fees, held }: Costs, events: Events, own: readonly number[]): Costs {
  const sum = { fees, held }
  for (const { phase, event } of events) {
    if (!phase.isApplyExtrinsic || !own.includes(phase.asApplyExtrinsic.toNumber())) continue
    const amount = (field: string) => event.data[field]?.toBigInt?.() ?? 0n
    switch (`${event.section}.${event.method}`) {
      case 'transactionPayment.TransactionFeePaid':
        sum.fees += amount('actualFee') // the tip is in it
        break
      case 'balances.TransferAndHold':
        sum.held += amount('transferred')
        break
      case 'balances.TransferOnHold':
        sum.held -= amount('amount')
        break
    }
  }
  return sum
}
