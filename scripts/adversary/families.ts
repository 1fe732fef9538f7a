import type { Specimen } from './specimen.js'
import * as bitcoin from './specimens/bitcoin.js'
import * as ethereum from './specimens/ethereum.js'
import * as others from './specimens/others.js'
import * as substrate from './specimens/substrate.js'
import * as tendermint from './specimens/tendermint.js'

/** Specimens by their families. */
export const FAMILIES: Readonly<Record<string, () => Iterable<Specimen>>> = {
  'bitcoin-headers': bitcoin.headers,
  'bitcoin-inclusion': bitcoin.inclusion,
  'bitcoin-witness': bitcoin.witnesses,
  'bitcoin-merkleblock': bitcoin.merkleBlocks,
  'bitcoin-lock': bitcoin.lock,
  'ethereum-account': ethereum.accounts,
  'ethereum-trie': ethereum.tries,
  'beacon-bootstrap': ethereum.bootstraps,
  'beacon-update': ethereum.updates,
  ics23: tendermint.ics23,
  multistore: tendermint.multistore,
  'light-block': tendermint.lightBlocks,
  'comet-branch': tendermint.branches,
  'grandpa-justification': substrate.justification,
  'grandpa-warp': substrate.warp,
  'substrate-trie': substrate.trie,
  'mountain-range': substrate.range,
  'substrate-branch': substrate.binary,
  beefy: substrate.beefy,
  'solana-transaction': others.solana,
  'aitbc-state': others.aitbc,
  vaa: others.vaas,
  attestation: others.attestations,
  'incremental-tree': others.incremental,
  multiproof: others.multiproofs,
}
