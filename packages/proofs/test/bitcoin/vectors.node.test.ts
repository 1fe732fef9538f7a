import {
  Bech32,
  BlockHeader,
  CompactTarget,
  Consensus,
  Hash256,
  HeaderChain,
  Inclusion,
  MerkleBlock,
  MerkleTree,
  SegwitAddress,
  Taproot,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import { describe, expect, test } from 'vitest'
import { check, concat, hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'
import { nameOf, type RawBlock, readBlock } from './blocks.js'

const found = topic('bitcoin')
const set = found as NonNullable<typeof found>
const NOW = 1_900_000_000n

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'published Bitcoin data',
  () => {
    describe('bech32 (BIP-173, BIP-350)', () => {
      type File = {
        valid_checksum: string[]
        invalid_checksum: { string: string }[]
        valid_address: { address: string; scriptPubKey: string }[]
        invalid_address: { string: string }[]
      }
      const prefixes = ['bc', 'tb']

      test.each([
        ['bech32/bip0173.json', 'bech32', 35],
        ['bech32/bip0350.json', 'bech32m', 44],
      ] as const)('%s', (name, form, cases) => {
        const file = set.json<File>(name)
        let run = 0
        for (const text of file.valid_checksum) {
          const decoded = value(Bech32.decode(text))
          expect(decoded.form).toBe(form)
          expect(Bech32.encode(decoded)).toBe(text.toLowerCase())
          run++
        }
        for (const { string } of file.invalid_checksum) {
          expect(check(Bech32.decode(string)), string).toMatch(/^bech32-/)
          run++
        }
        for (const { address, scriptPubKey } of file.valid_address) {
          const prefix = address.slice(0, 2).toLowerCase()
          const decoded = SegwitAddress.decode(address, prefix)
          // BIP-350 took Bech32 away from versions 1 to 16.
          if (form === 'bech32' && !scriptPubKey.startsWith('00')) expect(check(decoded)).toBe('address-form')
          else {
            expect(hex(SegwitAddress.toScript(value(decoded)))).toBe(scriptPubKey)
            expect(SegwitAddress.encode(value(decoded))).toBe(address.toLowerCase())
          }
          run++
        }
        for (const { string } of file.invalid_address) {
          for (const prefix of prefixes) expect(SegwitAddress.decode(string, prefix).ok, string).toBe(false)
          run++
        }
        expect(run).toBe(cases)
      })

      test('core/key_io_valid.json and key_io_invalid.json: witness addresses', () => {
        const prefix = { main: 'bc', testnet4: 'tb', signet: 'tb', regtest: 'bcrt' } as Record<string, string>
        let run = 0
        for (const [address, script, { chain, isPrivkey, tryCaseFlip }] of set.json<
          [string, string, { chain: string; isPrivkey: boolean; tryCaseFlip?: boolean }][]
        >('core/key_io_valid.json')) {
          if (isPrivkey || !/^(00|5[1-9a-f]|60)(14|20|[0-2][0-9a-f])/.test(script)) continue
          const hrp = prefix[chain] as string
          const decoded = value(SegwitAddress.decode(address, hrp))
          expect(hex(SegwitAddress.toScript(decoded))).toBe(script)
          expect(value(SegwitAddress.fromScript(unhex(script), hrp))).toEqual(decoded)
          if (tryCaseFlip) expect(SegwitAddress.decode(address.toUpperCase(), hrp).ok).toBe(true)
          run++
        }
        for (const [text] of set.json<[string][]>('core/key_io_invalid.json')) {
          for (const hrp of ['bc', 'tb', 'bcrt']) expect(SegwitAddress.decode(text, hrp).ok, text).toBe(false)
          run++
        }
        expect(run).toBeGreaterThanOrEqual(70 + 24)
      })
    })

    test.each(['bip341/wallet-test-vectors.json', 'core/bip341_wallet_vectors.json'])(
      'taproot: %s',
      (name) => {
        type Tree = { id: number; script: string; leafVersion: number } | [Tree, Tree] | null
        type Case = {
          given: { internalPubkey: string; scriptTree: Tree }
          intermediary: { leafHashes?: string[]; merkleRoot: string | null; tweakedPubkey: string }
          expected: { scriptPubKey: string; bip350Address: string; scriptPathControlBlocks?: string[] }
        }
        const cases = set.json<{ scriptPubKey: Case[] }>(name).scriptPubKey
        for (const { given, intermediary, expected } of cases) {
          const leaves: { id: number; hash: Uint8Array; version: number; path: Uint8Array[] }[] = []
          const walk = (tree: Tree): Uint8Array | undefined => {
            if (tree === null) return undefined
            if (!Array.isArray(tree)) {
              const hash = Taproot.leafHash(unhex(tree.script), tree.leafVersion)
              leaves.push({ id: tree.id, hash, version: tree.leafVersion, path: [] })
              return hash
            }
            const before = leaves.length
            const left = walk(tree[0]) as Uint8Array
            const between = leaves.length
            const right = walk(tree[1]) as Uint8Array
            leaves.forEach((leaf, i) => {
              if (i >= before) leaf.path.push(i < between ? right : left)
            })
            return Taproot.branchHash(left, right)
          }
          const root = walk(given.scriptTree)
          leaves.sort((a, b) => a.id - b.id)
          expect(root === undefined ? null : hex(root)).toBe(intermediary.merkleRoot)
          expect(leaves.map((leaf) => hex(leaf.hash))).toEqual(intermediary.leafHashes ?? [])
          const internal = unhex(given.internalPubkey)
          const { key, parity } = value(Taproot.tweak(internal, root))
          expect(hex(key)).toBe(intermediary.tweakedPubkey)
          expect(hex(Taproot.toScript(key))).toBe(expected.scriptPubKey)
          expect(SegwitAddress.encode({ prefix: 'bc', version: 1, program: key })).toBe(
            expected.bip350Address,
          )
          expect(
            leaves.map(({ path, version }) => hex(Taproot.controlBlock(internal, parity, path, version))),
          ).toEqual(expected.scriptPathControlBlocks ?? [])
        }
        expect(cases.length).toBe(7)
      },
    )

    describe('transactions', () => {
      const roundTrip = (raw: Uint8Array) => {
        const decoded = value(Transaction.decode(raw))
        expect(hex(Transaction.encode(decoded))).toBe(hex(raw))
        return decoded
      }

      test('core/tx_valid.json, tx_invalid.json and sighash.json: one encoding each', () => {
        let run = 0
        for (const row of set.json<[unknown, string, string][]>('core/tx_valid.json'))
          if (row.length === 3) {
            roundTrip(unhex(row[1]))
            run++
          }
        for (const row of set.json<[unknown, string, string][]>('core/tx_invalid.json'))
          if (row.length === 3) {
            const decoded = Transaction.decode(unhex(row[1]))
            if (decoded.ok) expect(hex(Transaction.encode(decoded.value))).toBe(row[1])
            else expect(decoded.refusal.check).toBe('transaction-inputs')
            run++
          }
        for (const row of set.json<[string, ...unknown[]][]>('core/sighash.json'))
          if (row.length === 5) {
            roundTrip(unhex(row[0]))
            run++
          }
        expect(run).toBe(121 + 93 + 500)
      })

      test('taproot-ref/script_assets.jsonl.gz: one encoding each', () => {
        let run = 0
        for (const line of set.text('taproot-ref/script_assets.jsonl.gz').trim().split('\n')) {
          const { tx } = JSON.parse(line) as { tx: string }
          roundTrip(unhex(tx))
          run++
        }
        expect(run).toBe(2760)
      })

      test('A2: bip54-consensus-cleanup/txsize.json: what is 64 bytes without witnesses is refused', () => {
        const cases = set.json<{ tx: string; valid: boolean; comment: string }[]>(
          'bip54-consensus-cleanup/txsize.json',
        )
        for (const { tx, valid, comment } of cases) {
          const decoded = roundTrip(unhex(tx))
          const stripped = Transaction.encodeStripped(decoded)
          expect(stripped.length !== 64, comment).toBe(valid)
          const judged = Inclusion.decodeIn(stripped, false)
          if (valid) expect(judged.ok).toBe(true)
          else expect(check(judged)).toBe('transaction-64')
        }
        expect(cases.length).toBe(13)
      })
    })

    describe('headers', () => {
      const start = () => value(HeaderChain.trust(HeaderChain.genesis(Consensus.mainnet)))

      test('genesis blocks give the ids of their networks', () => {
        for (const rules of [
          Consensus.mainnet,
          Consensus.testnet3,
          Consensus.testnet4,
          Consensus.signet,
          Consensus.regtest,
        ]) {
          const { hash } = value(BlockHeader.verifyWork(rules.genesis, rules.powLimit))
          expect(`bip122:${Hash256.toDisplay(hash).slice(0, 32)}`).toBe(rules.network)
          expect(Consensus.of(rules.network)).toBe(rules)
        }
      })

      test('btcd-mainnet-1-11.txt', () => {
        const lines = set.text('headers/btcd-mainnet-1-11.txt').trim().split('\n')
        const headers = concat(...lines.map((line) => unhex(line.trim())))
        const state = value(HeaderChain.apply(start(), { headers, now: NOW }))
        expect(state.best.height).toBe(11)
        expect(Hash256.toDisplay(state.best.hash)).toBe(
          '0000000097be56d606cdd9c54b04d4747e957d3608abe69198c661f2add73073',
        )
      })

      // The coinbase is that of Bitcoin Core's test/functional/mining_mainnet.py, which made these headers.
      test('core-mainnet_alt.json: 2016 headers over the first retarget', () => {
        const { timestamps, nonces } = set.json<{ timestamps: number[]; nonces: number[] }>(
          'headers/core-mainnet_alt.json',
        )
        let state = start()
        const script = unhex('76a914eadbac7f36c37e39361168b7aaee3cb24a25312d88ac')
        timestamps.forEach((time, i) => {
          const height = i + 1
          const push =
            height <= 16
              ? Uint8Array.of(0x50 + height, 0)
              : height < 0x80
                ? Uint8Array.of(1, height)
                : height < 0x8000
                  ? Uint8Array.of(2, height & 255, height >> 8)
                  : Uint8Array.of()
          const coinbase: Transaction.Transaction = {
            version: 2,
            inputs: [
              {
                txid: new Uint8Array(32),
                index: 0xffffffff,
                script: push,
                sequence: 0xffffffff,
                witness: [],
              },
            ],
            outputs: [{ amount: 5_000_000_000n, script }],
            lockTime: 0,
          }
          const header = BlockHeader.encode({
            version: 0x20000000,
            previous: state.best.hash,
            merkleRoot: Transaction.txid(coinbase),
            time: BigInt(time),
            bits: height < 2016 ? 0x1d00ffff : 0x1c3fffc0,
            nonce: nonces[i] as number,
          })
          state = value(HeaderChain.apply(state, { headers: header, now: NOW }))
        })
        expect(state.best.height).toBe(2016)
      })

      test('electrum checkpoints: every mainnet target is one that nBits can hold, within a factor of 4', () => {
        const targets = set
          .json<[string, number][]>('headers/electrum-mainnet-checkpoints.json')
          .map(([hash], i) => ({ hash, i }))
        const exact = [
          ...set.text('headers/electrum-mainnet-checkpoints.json').matchAll(/"[0-9a-f]{64}",\s*([0-9]+)/g),
        ].map((match) => BigInt(match[1] as string))
        expect(exact.length).toBe(targets.length)
        let before: bigint | undefined
        for (const target of exact) {
          expect(value(CompactTarget.decode(CompactTarget.encode(target)))).toBe(target)
          expect(target <= Consensus.mainnet.powLimit).toBe(true)
          if (before !== undefined) {
            // A period of no duration at all and one without end bound what retargeting can do.
            const bits = CompactTarget.encode(before)
            const least = HeaderChain.retarget(Consensus.mainnet, { bits, first: 0n, last: 0n })
            const most = HeaderChain.retarget(Consensus.mainnet, { bits, first: 0n, last: 10n ** 9n })
            expect(value(CompactTarget.decode(least)) <= target).toBe(true)
            expect(value(CompactTarget.decode(most)) >= target).toBe(true)
          }
          before = target
        }
        expect(exact.length).toBe(473)
      })

      type Timestamps = {
        block_headers: string[]
        extensions?: Timestamps[]
        valid?: boolean
        comment?: string
      }

      test('A5: bip54-consensus-cleanup/timestamps.json.gz: time warps', () => {
        let cases = 0
        const walk = (
          today: HeaderChain.State,
          bip54: HeaderChain.State,
          tree: Timestamps,
          genesis = false,
        ) => {
          const raw = concat(...tree.block_headers.map(unhex))
          const headers = genesis ? raw.subarray(80) : raw
          // Every chain is valid by today's rules; `valid` is under BIP-54.
          const next = value(HeaderChain.apply(today, { headers, now: NOW }))
          const strict = HeaderChain.apply(bip54, { headers, now: NOW })
          if (tree.valid === false) expect(check(strict), tree.comment).toBe('time-warp')
          else for (const extension of tree.extensions ?? []) walk(next, value(strict), extension)
          if (tree.valid !== undefined) {
            expect(strict.ok, tree.comment).toBe(tree.valid)
            cases++
          }
        }
        const consensus = { ...Consensus.mainnet, bip54: true }
        const strict = value(HeaderChain.trust(HeaderChain.genesis(consensus)))
        walk(start(), strict, set.json<Timestamps>('bip54-consensus-cleanup/timestamps.json.gz'), true)
        expect(cases).toBe(9)
      })
    })

    describe('blocks', () => {
      const provesAll = ({ header, transactions }: RawBlock): number => {
        const { merkleRoot } = value(BlockHeader.decode(header))
        expect(hex(value(MerkleTree.root(transactions.map(Transaction.txid))))).toBe(hex(merkleRoot))
        const segwit = Inclusion.commitmentOf(transactions[0] as Transaction.Transaction) !== undefined
        transactions.forEach((transaction, i) => {
          const included = value(Inclusion.verify(merkleRoot, Inclusion.of(transactions, i)))
          expect(hex(included.txid)).toBe(hex(Transaction.txid(transaction)))
          if (segwit && i > 0)
            value(Inclusion.verifyWitness(merkleRoot, Inclusion.ofWitness(transactions, i)))
        })
        return transactions.length
      }

      test('single blocks: every transaction is included, with its witness where the block commits to it', () => {
        let run = 0
        for (const name of [
          'blocks/bitcoinj-block169482.dat',
          'blocks/bitcoinj-block_testnet21066.dat',
          'blocks/bitcoinj-block_testnet32768.dat',
          'blocks/bitcoinj-block_testnet700000.dat',
          'blocks/testnet-000000000000045e.raw',
        ])
          run += provesAll(readBlock(set.bytes(name)))
        run += provesAll(readBlock(unhex(set.text('merkleblock/rust-bitcoin-block_13b8a.hex').trim())))
        expect(run).toBe(49)
      })

      test('bip158/testnet-19.json: whole blocks', () => {
        let run = 0
        for (const row of set.json<[number, string, string][]>('bip158/testnet-19.json').slice(1)) {
          const block = readBlock(unhex(row[2]))
          expect(nameOf(block.header)).toBe(row[1])
          run += provesAll(block)
        }
        expect(run).toBeGreaterThanOrEqual(10)
      })

      test('blocks/bitcoinj-first-100k-blocks.dat: the chain from genesis', () => {
        const bytes = set.bytes('blocks/bitcoinj-first-100k-blocks.dat')
        const view = new DataView(bytes.buffer, bytes.byteOffset)
        const blocks: RawBlock[] = []
        for (let at = 0; at + 8 < bytes.length; ) {
          const length = view.getUint32(at + 4, true)
          if (at + 8 + length > bytes.length) break
          blocks.push(readBlock(bytes.subarray(at + 8, at + 8 + length)))
          at += 8 + length
        }
        const anchor = value(HeaderChain.trust(HeaderChain.genesis(Consensus.mainnet)))
        const headers = concat(...blocks.slice(1).map((block) => block.header))
        const state = value(HeaderChain.apply(anchor, { headers, now: NOW }))
        expect(state.best.height).toBe(blocks.length - 1)
        for (const block of blocks) provesAll(block)
        expect(blocks.length).toBeGreaterThanOrEqual(400)
      })

      test('bip54-consensus-cleanup/coinbases.json: chains of whole blocks', () => {
        const cases = set.json<{ block_chain: string[] }[]>('bip54-consensus-cleanup/coinbases.json')
        for (const { block_chain } of cases) {
          const blocks = block_chain.map((raw) => readBlock(unhex(raw)))
          const anchor = value(HeaderChain.trust(HeaderChain.genesis(Consensus.mainnet)))
          const headers = concat(...blocks.slice(1).map((block) => block.header))
          value(HeaderChain.apply(anchor, { headers, now: NOW }))
          for (const block of blocks) provesAll(block)
        }
        expect(cases.length).toBe(7)
      })

      test('headers/btcd-reorgtest.hex: the branch with more work becomes the best', () => {
        const blocks = set
          .text('headers/btcd-reorgtest.hex')
          .split(/Block [0-9]A?:/)
          .slice(1)
          .map((text) => unhex((text.split('File')[0] as string).replaceAll(/\s/g, '')))
          .map((raw) => readBlock(raw.subarray(8)))
        expect(blocks.length).toBe(8)
        for (const block of blocks) provesAll(block)
        let state = value(HeaderChain.trust(HeaderChain.genesis(Consensus.mainnet)))
        const heads: string[] = []
        for (const { header } of blocks.slice(1)) {
          state = value(HeaderChain.apply(state, { headers: header, now: NOW }))
          heads.push(Hash256.toDisplay(state.best.hash))
        }
        const names = blocks.map((block) => nameOf(block.header))
        // 0 to 4, then 3A and 4A beside them, then 5A on top of 4A.
        expect(heads).toEqual([...names.slice(1, 5), names[4], names[4], names[7]])
        expect(state.tips.length).toBe(2)
      })

      test('merkleblock/rust-bitcoin-merkle_block.hex', () => {
        const raw = unhex(set.text('merkleblock/rust-bitcoin-merkle_block.hex').trim())
        const block = value(MerkleBlock.decode(raw))
        expect(hex(MerkleBlock.encode(block))).toBe(hex(raw))
        const { transactions } = readBlock(unhex(set.text('merkleblock/rust-bitcoin-block_13b8a.hex').trim()))
        const ids = transactions.map((transaction) => hex(Transaction.txid(transaction)))
        const matches = value(MerkleBlock.matches(block))
        expect(matches.map(({ index, txid }) => [index, hex(txid)])).toEqual(
          matches.map(({ index }) => [index, ids[index]]),
        )
        expect(matches.length).toBeGreaterThanOrEqual(1)
      })
    })
  },
)
