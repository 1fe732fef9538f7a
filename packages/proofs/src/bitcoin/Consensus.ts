import type { Bytes, ChainId } from '@aitbc/core'
import type * as BlockHeader from './BlockHeader.js'

/** What the header rules of a Bitcoin network depend on (Bitcoin Core `Consensus::Params`). */
export interface Consensus {
  /** `bip122:` and the first 32 hex digits of the genesis block's hash. */
  readonly network: ChainId.ChainId
  readonly genesis: BlockHeader.BlockHeader
  /** Easiest target allowed. */
  readonly powLimit: bigint
  /** Whether difficulty is adjusted every 2016 blocks (not on regtest). */
  readonly retarget: boolean
  /** Whether a block more than 20 minutes after its parent may have the easiest target (test networks only). */
  readonly minDifficulty: boolean
  /** BIP-94 (testnet4): retarget from the period's first block, and no time warp beyond 600 seconds. */
  readonly bip94: boolean
  /** BIP-54 (proposed): a period may not start 2 hours before its predecessor's end, nor end before its start. */
  readonly bip54: boolean
  /** Heights from which header versions 2, 3 and 4 are the least allowed (BIP-34, BIP-66, BIP-65). */
  readonly versions: readonly [number, number, number]
  /**
   * Hashes that are known to stand on the genesis block: from there a branch of the first difficulty costs next to nothing, and evidence
   * counts on no chain with less.
   */
  readonly leastWork?: bigint
}

const COINBASE_2009 = /* @__PURE__ */ root('3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a')
const LIMIT_32 = /* @__PURE__ */ limit(224n)

/** Bitcoin mainnet. */
export const mainnet: Consensus = {
  network: 'bip122:000000000019d6689c085ae165831e93',
  genesis: /* @__PURE__ */ genesis(COINBASE_2009, 1231006505n, 0x1d00ffff, 2083236893),
  powLimit: LIMIT_32,
  retarget: true,
  minDifficulty: false,
  bip94: false,
  bip54: false,
  versions: [227931, 363725, 388381],
  // Exceeded since block 824,000, January 2024 (Bitcoin Core 27, `nMinimumChainWork`).
  leastWork: 1n << 94n,
}

/** Bitcoin testnet3. */
export const testnet3: Consensus = {
  network: 'bip122:000000000933ea01ad0ee984209779ba',
  genesis: /* @__PURE__ */ genesis(COINBASE_2009, 1296688602n, 0x1d00ffff, 414098458),
  powLimit: LIMIT_32,
  retarget: true,
  minDifficulty: true,
  bip94: false,
  bip54: false,
  versions: [21111, 330776, 581885],
}

/** Bitcoin testnet4 (BIP-94). */
export const testnet4: Consensus = {
  network: 'bip122:00000000da84f2bafbbc53dee25a72ae',
  genesis: /* @__PURE__ */ genesis(
    /* @__PURE__ */ root('4e7b2b9128fe0291db0693af2ae418b767e657cd407e80cb1434221eaea7a07a'),
    1714777860n,
    0x1d00ffff,
    393743547,
  ),
  powLimit: LIMIT_32,
  retarget: true,
  minDifficulty: true,
  bip94: true,
  bip54: false,
  versions: [1, 1, 1],
}

/**
 * The public signet (BIP-325). Its blocks are also signed in the coinbase, which headers don't show: a header chain
 * alone is weaker evidence here than on mainnet.
 */
export const signet: Consensus = {
  network: 'bip122:00000008819873e925422c1ff0f99f7c',
  genesis: /* @__PURE__ */ genesis(COINBASE_2009, 1598918400n, 0x1e0377ae, 52613770),
  powLimit: 0x377aen << 216n,
  retarget: true,
  minDifficulty: false,
  bip94: false,
  bip54: false,
  versions: [1, 1, 1],
}

/** A local test chain: the easiest proof of work there is, so its headers prove nothing but their order. */
export const regtest: Consensus = {
  network: 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328',
  genesis: /* @__PURE__ */ genesis(COINBASE_2009, 1296688602n, 0x207fffff, 2),
  powLimit: /* @__PURE__ */ limit(255n),
  retarget: false,
  minDifficulty: true,
  bip94: false,
  bip54: false,
  versions: [1, 1, 1],
}

/**
 * The rules of a network by its CAIP-2 id, or `undefined` where the id is none of the known ones.
 *
 * @example
 * import { Consensus } from '@aitbc/proofs/bitcoin'
 * Consensus.of('bip122:000000000019d6689c085ae165831e93') === Consensus.mainnet // true
 */
export function of(network: ChainId.ChainId): Consensus | undefined {
  return [mainnet, testnet3, testnet4, signet, regtest].find((rules) => rules.network === network)
}

function limit(bits: bigint): bigint {
  return (1n << bits) - 1n
}

function root(hex: string): Bytes.Hash32 {
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

function genesis(
  merkleRoot: Bytes.Hash32,
  time: bigint,
  bits: number,
  nonce: number,
): BlockHeader.BlockHeader {
  return { version: 1, previous: new Uint8Array(32), merkleRoot, time, bits, nonce }
}
