import { Block, Cleanup, Consensus, HeaderChain, Inclusion, Transaction } from '@aitbc/proofs/bitcoin'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { check, concat, hex, unhex, value } from '../helpers.js'
import { provesAll, readBlock } from './blocks.js'
import { NOW } from './world.js'

interface Headers {
  readonly block_headers: readonly string[]
  readonly extensions?: readonly Headers[]
  readonly valid?: boolean
  readonly comment?: string
}
type Coinbase = { readonly block_chain: readonly string[]; readonly valid: boolean; readonly comment: string }
type Size = { readonly tx: string; readonly valid: boolean; readonly comment: string }

const start = (bip54: boolean) =>
  value(HeaderChain.trust(HeaderChain.genesis({ ...Consensus.mainnet, bip54 })))

/** All chains are valid today; `valid` is under BIP-54. */
function headerCases(root: Headers): Case[] {
  const cases: Case[] = []
  const walk = (
    tree: Headers,
    before: () => { readonly today: HeaderChain.State; readonly bip54: HeaderChain.State },
    skip = 0,
  ) => {
    const { extensions = [], valid, comment = `${tree.block_headers.length} headers` } = tree
    let states: ReturnType<typeof before> | undefined
    const judge = () => {
      const { today, bip54 } = before()
      const headers = concat(...tree.block_headers.slice(skip).map(unhex))
      const strict = HeaderChain.apply(bip54, { headers, now: NOW })
      return { today: value(HeaderChain.apply(today, { headers, now: NOW })), strict }
    }
    if (valid !== undefined)
      cases.push({
        name: comment,
        run: () => {
          const { strict } = judge()
          if (valid) value(strict)
          else expect(check(strict)).toBe('time-warp')
        },
      })
    for (const extension of extensions)
      walk(extension, () => {
        if (states === undefined) {
          const { today, strict } = judge()
          states = { today, bip54: value(strict) }
        }
        return states
      })
  }
  walk(root, () => ({ today: start(false), bip54: start(true) }), 1)
  return cases
}

function coinbaseCase({ block_chain, valid, comment }: Coinbase): Case {
  return {
    name: comment,
    run: () => {
      const blocks = block_chain.map(unhex)
      const headers = concat(...blocks.slice(1).map((raw) => raw.subarray(0, 80)))
      value(HeaderChain.apply(start(true), { headers, now: NOW }))
      for (const raw of blocks) provesAll(readBlock(raw))
      const verdict = Cleanup.verify(
        value(Block.decode(blocks.at(-1) as Uint8Array)),
        BigInt(blocks.length - 1),
      )
      if (valid) value(verdict)
      else expect(check(verdict)).toBe('coinbase-lock-time')
    },
  }
}

function sizeCase({ tx, valid, comment }: Size): Case {
  return {
    name: comment,
    run: () => {
      const transaction = value(Transaction.decode(unhex(tx)))
      expect(hex(Transaction.encode(transaction))).toBe(tx)
      const judged = Inclusion.decodeIn(Transaction.encodeStripped(transaction), false)
      if (valid) value(judged)
      else expect(check(judged)).toBe('transaction-64')
    },
  }
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip54-consensus-cleanup',
  title: 'A2, A5',
  cases: ([file]) => {
    const content = (file as NonNullable<typeof file>).json<Headers | readonly (Coinbase | Size)[]>()
    if ('block_headers' in content) return headerCases(content)
    return content.map((one) => {
      if ('block_chain' in one) return coinbaseCase(one)
      if ('tx' in one) return sizeCase(one)
      throw new Error('neither blocks, headers nor a transaction')
    })
  },
})
