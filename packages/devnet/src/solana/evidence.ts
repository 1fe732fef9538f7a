import { Bytes } from '@aitbc/core'
import type { TransactionEvidence } from '@aitbc/proofs/solana'
import * as History from './history.js'
import type { SolanaBlock } from './SolanaChain.js'

/** Evidence from the transaction's block and those on top of it, up to one whose votes root it. */
export function from(
  path: readonly SolanaBlock[],
  wanted: Uint8Array,
): TransactionEvidence.TransactionEvidence {
  const [own, ...above] = path as [SolanaBlock, ...SolanaBlock[]]
  const top = path.at(-1) as SolanaBlock
  const at = own.entries.findIndex((entry) => entry.signatures.some((it) => Bytes.equal(it, wanted)))
  const entry = own.entries[at] as History.Entry
  const first = entry.signatures.findIndex((it) => Bytes.equal(it, wanted))
  const transaction = own.transactions.find((bytes) =>
    Bytes.equal(bytes.subarray(1, 65), wanted),
  ) as Uint8Array
  const parts = ({ bank }: SolanaBlock) => ({
    signatures: bank.signatures,
    blockhash: bank.blockhash,
    accounts: { form: 'lattice' as const, lattice: bank.lattice },
  })
  return {
    bank: { slot: own.bank.slot, hash: own.bank.hash },
    finality: {
      kind: 'tower',
      votes: own.votes,
      epoch: 0n,
      descendants: above.map(parts),
      rooting: top.votes,
    },
    inclusion: {
      transaction,
      paths: Array.from({ length: transaction[0] as number }, (_, index) => pathOf(entry, first + index)),
      state: entry.before,
      entries: own.entries.slice(at + 1).map(({ hashes, hash, signatures }) => {
        const mixin = History.levels(signatures).at(-1)?.[0]
        return { hashes: BigInt(hashes), hash, ...(mixin === undefined ? {} : { mixin }) }
      }),
      parent: own.bank.parent,
      bank: parts(own),
    },
  }
}

function pathOf({ signatures }: History.Entry, index: number) {
  return History.levels(signatures)
    .slice(0, -1)
    .map((level, depth) => {
      const at = index >> depth
      const hash = level[at ^ 1]
      if (hash === undefined) return { side: 'self' as const }
      return { side: at & 1 ? ('left' as const) : ('right' as const), hash }
    })
}
