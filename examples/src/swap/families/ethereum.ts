import { createBeaconSource } from '@aitbc/adapters/beacon'
import { createEvmAdapter, createSeedWallet } from '@aitbc/adapters/evm'
import { AccountId, Bytes, type SeedWallet, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRest, createHttpRpc, pipe, retry, timeout, toProvider } from '@aitbc/core/rpc'
import { advance, createDevnet, deployHtlc, deployToken, fund, mine, reorg } from '@aitbc/devnet'
import { LightClient } from '@aitbc/proofs/beacon'
import { BeaconConfig, createBeaconAnchor } from '@aitbc/proofs/checkpoint'
import { createEvmVerifier } from '@aitbc/proofs/ethereum'
import type { Family } from '../Family.js'

/** Final is what the beacon chain finalized, as on the real network. */
const network = {
  ...networks.evmLocal,
  finality: networks.ethereum.finality,
  reorgDepth: networks.ethereum.reorgDepth,
} as const
const TOKEN = { symbol: 'TUSD', decimals: 6 } as const
/** A block is final after three epochs of eight slots: those should pass in seconds. */
const BLOCKS_AT_ONCE = 8
/** Epochs after which the first block is final again, where there were none for long. */
const EPOCHS_TO_FINALITY = 5

interface At {
  readonly url: string
  readonly htlc: `0x${string}`
  readonly token: string
  readonly beacon: {
    readonly url: string
    /** Hex. */
    readonly genesisValidatorsRoot: string
    readonly genesisTime: string
  }
}

/** An EVM chain: anvil, and a beacon chain (Electra, minimal preset) that finalizes its blocks. */
export const ethereum: Family = {
  async start({ clock, signal, onProgress }) {
    const devnet = await createDevnet({
      bitcoin: false,
      evm: { mining: 'manual', beacon: true },
      startTime: clock.now(),
      signal,
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    const { beacon, rpc, url, version } = devnet.evm
    if (beacon === undefined) throw new Error('the devnet runs no beacon chain')
    const { address: htlc } = await deployHtlc(devnet)
    const token = (await deployToken(devnet, { name: 'Test Dollar', ...TOKEN })).address.toLowerCase()
    clock.reach(devnet.now())
    const at: At = {
      url,
      htlc,
      token,
      beacon: {
        url: beacon.url,
        genesisValidatorsRoot: Bytes.toHex(beacon.config.genesisValidatorsRoot),
        genesisTime: String(beacon.config.genesisTime),
      },
    }
    const blocks = async (count: number) => {
      const ahead = clock.now() - devnet.now()
      if (ahead > 0n) await advance(devnet, ahead, { evmBlocks: count })
      else await mine(devnet, 'evm', count)
      clock.reach(devnet.now())
    }
    const purse = { native: 10n ** 18n, token: 2_000_000_000n } as const
    return {
      network: network.id,
      name: 'EVM',
      software: `EVM ${version}, its beacon chain (Electra, minimal preset)`,
      evidence:
        'sync committee → final beacon block → execution block → account → storage slot (of locks; over skipped time no light client follows, so what ended one is only reported)',
      assets: {
        native: { ...network.native, amount: 250_000_000_000_000_000n, purse: purse.native },
        token: { id: `${network.id}/erc20:${token}`, ...TOKEN, amount: 500_000_000n, purse: purse.token },
      },
      // As a wallet would ship one: the newest final block when the process starts.
      place: () => ({
        at: { ...at, beacon: { ...at.beacon } },
        trusts: Bytes.toHex(beacon.finalized().root),
      }),
      async fund(seed) {
        await fund(devnet, 'evm', addressOf(seed), purse.native)
        await fund(devnet, 'evm', addressOf(seed), purse.token, { token })
        clock.reach(devnet.now())
      },
      everyMs: 700,
      produce: () => blocks(BLOCKS_AT_ONCE),
      // Nobody signed while the time was skipped. Whoever starts from here on needs a checkpoint beyond the gap.
      catchUp: () => blocks(1 + EPOCHS_TO_FINALITY * Number(beacon.config.preset.slotsPerEpoch)),
      async reorg(depth, drop) {
        await reorg(devnet, 'evm', depth, { drop })
        clock.reach(devnet.now())
      },
      async holdings(seed) {
        const address = addressOf(seed)
        const call = { to: token, data: `0x70a08231${address.slice(2).padStart(64, '0')}` } // balanceOf(address)
        return {
          native: BigInt((await rpc('eth_getBalance', address, 'latest')) as string),
          token: BigInt((await rpc('eth_call', call, 'latest')) as string),
        }
      },
      async costs(ids) {
        let fees = 0n
        for (const id of ids) {
          const receipt = (await rpc('eth_getTransactionReceipt', id)) as Receipt | null
          if (receipt !== null) fees += BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice)
        }
        return { fees, held: 0n }
      },
      close: () => devnet.dispose(),
    }
  },
  wallet: (_, seed) => walletOf(seed),
  async side(place, seed, { utc, pollMs, through = [] }) {
    const at = place.at as unknown as At
    const rpc = pipe(createHttpRpc({ url: at.url }), timeout(10_000), retry(), ...through)
    const beacon: BeaconConfig.BeaconConfig = {
      ...BeaconConfig.minimal({
        network: network.id,
        genesisValidatorsRoot: Bytes.fromHex(at.beacon.genesisValidatorsRoot),
        genesisTime: BigInt(at.beacon.genesisTime),
        forkEpochs: [0n, 0n, 0n, 0n, 0n],
      }),
      secondsPerSlot: 12n,
    }
    const blockRoot = Bytes.fromHex(place.trusts as string)
    const rest = pipe(createHttpRest({ url: at.beacon.url }), timeout(10_000), retry(), ...through)
    const adapter = createEvmAdapter({
      network,
      transport: toProvider(rpc),
      htlc: at.htlc,
      beacon: createBeaconSource({ rest, config: beacon, blockRoot }),
      tokens: [{ id: `${network.id}/erc20:${at.token}`, ...TOKEN }],
      pollMs,
    })
    const anchor = createBeaconAnchor({ client: LightClient, config: beacon, blockRoot, now: utc })
    return {
      adapter,
      verifier: createEvmVerifier({ anchor }),
      backend: adapter.backend,
      ...walletOf(seed),
    }
  },
}

interface Receipt {
  readonly gasUsed: string
  readonly effectiveGasPrice: string
}

/** The address that holds a seed's ether and tokens. */
function addressOf(seed: SwapSeed.SwapSeed): string {
  const { funding } = walletOf(seed)
  return AccountId.parse(funding).address
}

function walletOf(seed: SwapSeed.SwapSeed): SeedWallet {
  return createSeedWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
}
