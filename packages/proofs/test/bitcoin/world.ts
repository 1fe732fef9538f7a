import { type AccountId, Hashlock, type LockTerms } from '@aitbc/core'
import {
  BlockHeader,
  CompactTarget,
  Consensus,
  HeaderChain,
  HtlcScript,
  MerkleTree,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, value } from '../helpers.js'

/** Where local chains begin: regtest's genesis time, and a clock far after it. */
export const START = Number(Consensus.regtest.genesis.time)
export const NOW = BigInt(START) + 400n * 86_400n

/** Regtest's rules under another limit: so hard that a changed header can't be a header. */
export function consensusOf(bits: number, rules: Partial<Consensus.Consensus> = {}): Consensus.Consensus {
  return {
    ...Consensus.regtest,
    genesis: { ...Consensus.regtest.genesis, bits },
    powLimit: value(CompactTarget.decode(bits)),
    minDifficulty: false,
    ...rules,
  }
}

/** A header on top of `previous` that meets its target. */
export function mine(
  fields: Pick<BlockHeader.BlockHeader, 'previous' | 'time' | 'bits'> & Partial<BlockHeader.BlockHeader>,
): Uint8Array {
  const raw = BlockHeader.encode({ version: 0x20000000, merkleRoot: new Uint8Array(32), nonce: 0, ...fields })
  const view = new DataView(raw.buffer)
  const limit = value(CompactTarget.decode(fields.bits))
  for (let nonce = 0; ; nonce++) {
    view.setUint32(76, nonce, true)
    if (BlockHeader.verifyWork(value(BlockHeader.decode(raw)), limit).ok) return raw
  }
}

/** Headers on top of a block, `spacing` seconds apart. */
export function mineMany(
  previous: { readonly hash: Uint8Array; readonly time: number },
  count: number,
  bits = 0x207fffff,
  spacing = 600,
): Uint8Array {
  const headers: Uint8Array[] = []
  let { hash, time } = previous
  for (let i = 0; i < count; i++) {
    time += spacing
    const raw = mine({ previous: hash, time: BigInt(time), bits })
    headers.push(raw)
    hash = BlockHeader.hash(value(BlockHeader.decode(raw)))
  }
  return concat(...headers)
}

export function fresh(rules: Consensus.Consensus = Consensus.regtest): HeaderChain.State {
  return value(HeaderChain.trust(HeaderChain.genesis(rules)))
}

export function coinbase(height: number, commitment?: Uint8Array): Transaction.Transaction {
  const outputs: Transaction.Output[] = [{ amount: 5_000_000_000n, script: Uint8Array.of(0x51) }]
  if (commitment !== undefined)
    outputs.push({
      amount: 0n,
      script: concat(Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed), commitment),
    })
  return {
    version: 2,
    inputs: [
      {
        txid: new Uint8Array(32),
        index: 0xffffffff,
        script: Uint8Array.of(2, height & 255, height >> 8, 0, 0, 0, 0),
        sequence: 0xffffffff,
        witness: commitment === undefined ? [] : [new Uint8Array(32)],
      },
    ],
    outputs,
    lockTime: 0,
  }
}

/** Some transaction, different for each seed. */
export function filler(seed: number): Transaction.Transaction {
  return {
    version: 2,
    inputs: [
      {
        txid: new Uint8Array(32).fill(seed + 1),
        index: seed,
        script: new Uint8Array(0),
        sequence: 0xffffffff,
        witness: [],
      },
    ],
    outputs: [{ amount: BigInt(seed), script: new Uint8Array(22).fill(seed) }],
    lockTime: 0,
  }
}

/** Transactions of a block with a coinbase that commits to all witnesses. */
export function blockOf(
  height: number,
  others: readonly Transaction.Transaction[],
): Transaction.Transaction[] {
  const wtxids = [new Uint8Array(32), ...others.map(Transaction.wtxid)]
  const root = value(MerkleTree.root(wtxids))
  const commitment = hashPair(root, new Uint8Array(32))
  return [coinbase(height, commitment), ...others]
}

/** Hash of two nodes. */
function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return value(MerkleTree.rootOf(left, { index: 0, siblings: [right] }))
}

/** A header over these transactions. */
export function mineBlock(
  previous: { readonly hash: Uint8Array; readonly time: number },
  transactions: readonly Transaction.Transaction[],
  bits = 0x207fffff,
): Uint8Array {
  return mine({
    previous: previous.hash,
    time: BigInt(previous.time + 600),
    bits,
    merkleRoot: value(MerkleTree.root(transactions.map(Transaction.txid))),
  })
}

const network = Consensus.regtest.network
export const SECRET = new Uint8Array(32).fill(9)
export const KEYS = { locker: new Uint8Array(32).fill(1), beneficiary: new Uint8Array(32).fill(2) }

function party(key: Uint8Array): LockTerms.Party {
  const account: AccountId.AccountId = `${network}:bcrt1qexample`
  return { account, payout: account, publicKey: secp256k1.getPublicKey(key, true) }
}

export function termsOf(
  kind: 'p2wsh' | 'p2tr',
  change: Partial<LockTerms.LockTerms> = {},
): LockTerms.LockTerms {
  return {
    version: 1,
    backend: { network, kind },
    asset: `${network}/slip44:1`,
    amount: 1_000_000n,
    hashlock: Hashlock.of(SECRET),
    locker: party(KEYS.locker),
    beneficiary: party(KEYS.beneficiary),
    deadline: { network, clock: 'median-time', value: BigInt(START) + 30n * 86_400n },
    salt: new Uint8Array(32).fill(7),
    ...change,
  }
}

/** A transaction whose output 1 is a lock of these terms. */
export function lockOf(terms: LockTerms.LockTerms, amount = terms.amount): Transaction.Transaction {
  const { scriptPubKey } = value(HtlcScript.from(terms))
  return {
    version: 2,
    inputs: [
      {
        txid: new Uint8Array(32).fill(0x33),
        index: 1,
        script: new Uint8Array(0),
        sequence: 0xfffffffd,
        witness: [new Uint8Array(71).fill(0x30), new Uint8Array(33).fill(2)],
      },
    ],
    outputs: [
      { amount: 5n, script: Uint8Array.of(0x6a) },
      { amount, script: scriptPubKey },
    ],
    lockTime: 0,
  }
}

/** A transaction that spends output 1 of another with this witness. */
export function spendOf(
  lock: Transaction.Transaction,
  witness: readonly Uint8Array[],
  lockTime = 0,
): Transaction.Transaction {
  return {
    version: 2,
    inputs: [
      { txid: Transaction.txid(lock), index: 1, script: new Uint8Array(0), sequence: 0xfffffffe, witness },
    ],
    outputs: [{ amount: 990_000n, script: concat(Uint8Array.of(0, 20), new Uint8Array(20).fill(4)) }],
    lockTime,
  }
}
