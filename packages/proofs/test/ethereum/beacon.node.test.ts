import {
  BeaconConfig,
  ExecutionPayloadHeader,
  LightClient,
  LightClientHeader,
  LightClientUpdate,
  MerkleTree,
  SyncCommittee,
} from '@aitbc/proofs/beacon'
import { BlockHeader, InclusionProof, LockEvidence, Receipt, StateProof } from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { check, hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'
import { chunksOf } from './beacon.js'
import { type BeaconBlock, type BlockFork, fromJson, fromSsz, indexTrie } from './beaconBlock.js'
import { unsnappy } from './snappy.js'

const found = topic('ethereum-lightclient')
const all = found as NonNullable<typeof found>

/** Every file that a test reads, so that none is left out unseen. */
const read = new Set<string>()
const seen = (name: string) => {
  read.add(name)
  return name
}
const set = {
  bytes: (name: string) => all.bytes(seen(name)),
  text: (name: string) => all.text(seen(name)),
  json: <T>(name: string) => all.json<T>(seen(name)),
}
const filesOf = (pattern: RegExp) => all.files().filter((name) => pattern.test(name))

/** Files that hold nothing to verify, with the reason. */
const LISTED: Readonly<Record<string, string>> = {
  'README.md': 'describes the others',
  'colibri-mainnet/eth_getBalance_electra/eth_v1_beacon_light_client_bootstrap_0xd9717ecc253684291f828688f311ba74d05af74c31654f6e14077669fca62.ssz':
    'the answer is an error: no bootstrap was available',
}

const counts: Record<string, number> = {}
const count = (name: string) => {
  counts[name] = (counts[name] ?? 0) + 1
}

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'published beacon chain data',
  () => {
    describe('consensus-spec-tests, light_client/sync (minimal preset)', () => {
      test.each([
        ['deneb', 'light_client_sync', 10],
        ['deneb', 'advance_finality_without_sync_committee', 5],
        ['deneb', 'supply_sync_committee_from_past_update', 1],
        ['electra', 'light_client_sync', 10],
        ['electra', 'advance_finality_without_sync_committee', 5],
        ['electra', 'supply_sync_committee_from_past_update', 1],
      ] as const)('%s/%s', (fork, name, length) => {
        const folder = `consensus-spec-sync/${fork}/${name}`
        const meta = set.text(`${folder}/meta.yaml`)
        const yaml = set.text(`${folder}/config.yaml`)
        const root = (key: string) =>
          unhex(new RegExp(`${key}: '(0x[0-9a-f]{64})'`).exec(meta)?.[1] as string)
        const config = BeaconConfig.minimal({
          network: 'eip155:31337',
          genesisValidatorsRoot: root('genesis_validators_root'),
          genesisTime: 1_578_009_600n,
          forkEpochs: BeaconConfig.FORKS.slice(0, BeaconConfig.FORKS.indexOf(fork) + 1).map(() => 0n),
        })
        for (const one of config.forks) {
          const said = new RegExp(`${one.fork.toUpperCase()}_FORK_VERSION: 0x([0-9a-f]{8})`).exec(yaml)?.[1]
          expect(hex(one.version)).toBe(said)
        }
        const ssz = (file: string) => unsnappy(set.bytes(`${folder}/${file}.ssz_snappy`))
        const bootstrap = value(LightClientUpdate.decodeBootstrap(config, fork, ssz('bootstrap')))
        expect(hex(LightClientUpdate.encodeBootstrap(config, fork, bootstrap))).toBe(hex(ssz('bootstrap')))
        let state = value(
          LightClient.trust({
            config,
            bootstrap,
            blockRoot: root('trusted_block_root'),
            now: BeaconConfig.timeOf(config, bootstrap.header.beacon.slot),
          }),
        )
        const steps = set
          .text(`${folder}/steps.yaml`)
          .split(/^- /m)
          .filter((step) => step.trim() !== '')
        for (const step of steps) {
          count('spec sync steps')
          const now = BeaconConfig.timeOf(config, BigInt(/current_slot: (\d+)/.exec(step)?.[1] as string))
          const file = /update: (\w+)/.exec(step)?.[1]
          if (file === undefined) {
            expect(step).toMatch(/^force_update/)
            state = value(LightClient.apply(state, { kind: 'force', now }))
          } else {
            const update = value(LightClientUpdate.decode(config, fork, 'update', ssz(file)))
            expect(hex(LightClientUpdate.encode(config, fork, 'update', update))).toBe(hex(ssz(file)))
            state = value(LightClient.apply(state, { kind: 'update', update, now }))
          }
          for (const [key, header] of [
            ['finalized_header', state.finalized],
            ['optimistic_header', state.optimistic],
          ] as const) {
            const said = new RegExp(
              `${key}:[\\s{]*slot: (\\d+)[\\s,]*beacon_root: '0x(\\w+)'[\\s,]*execution_root: '0x(\\w+)'`,
            ).exec(step)
            expect([
              String(header.beacon.slot),
              hex(LightClientHeader.root(header)),
              hex(
                ExecutionPayloadHeader.root(
                  fork,
                  header.execution?.header as ExecutionPayloadHeader.ExecutionPayloadHeader,
                ),
              ),
            ]).toEqual(said?.slice(1))
          }
        }
        expect(steps.length).toBe(length)
        // Those that no step takes are read, and written alike.
        for (const file of filesOf(new RegExp(`^${folder}/update_.*ssz_snappy$`))) {
          const bytes = unsnappy(set.bytes(file))
          const update = value(LightClientUpdate.decode(config, fork, 'update', bytes))
          expect(hex(LightClientUpdate.encode(config, fork, 'update', update))).toBe(hex(bytes))
          count('spec updates read')
        }
      })
    })

    describe('mainnet, as a client met it', () => {
      const config = BeaconConfig.mainnet
      const folder = 'colibri-mainnet/eth_getBalance1'
      /** The state in whose finalized header's period the key is. */
      const states = new Map<bigint, LightClient.State>()
      let bootstrap: LightClientUpdate.LightClientBootstrap

      const bootstrapOf = (file: string) => {
        const bytes = set.bytes(file)
        const read = value(LightClientUpdate.decodeBootstrap(config, 'deneb', bytes))
        expect(hex(LightClientUpdate.encodeBootstrap(config, 'deneb', read))).toBe(hex(bytes))
        return read
      }
      const updateOf = (ssz: Uint8Array) => {
        const update = value(LightClientUpdate.decode(config, 'deneb', 'update', ssz))
        expect(hex(LightClientUpdate.encode(config, 'deneb', 'update', update))).toBe(hex(ssz))
        return update
      }
      const take = (state: LightClient.State, update: LightClientUpdate.LightClientUpdate) =>
        LightClient.apply(state, {
          kind: 'update',
          update,
          now: BeaconConfig.timeOf(config, update.signatureSlot),
        })
      const trusted = (from: LightClientUpdate.LightClientBootstrap, blockRoot: Uint8Array) =>
        LightClient.trust({
          config,
          bootstrap: from,
          blockRoot,
          now: BeaconConfig.timeOf(config, from.header.beacon.slot) + 3600n,
        })

      beforeAll(() => {
        bootstrap = bootstrapOf(filesOf(new RegExp(`^${folder}/.*bootstrap`))[0] as string)
        const checkpoint = set.json<{ data: { finalized: { root: string } } }>(
          `${folder}/eth_v1_beacon_states_head_finality_checkpoints.json`,
        )
        const state = value(trusted(bootstrap, unhex(checkpoint.data.finalized.root)))
        states.set(1346n, state)
      })

      test('A24, A27: 46 consecutive periods, chained from one bootstrap', () => {
        const chunks = chunksOf(
          set.bytes(`${folder}/eth_v1_beacon_light_client_updates_start_period_1347_count_46.ssz.gz`),
        )
        let state = states.get(1346n) as LightClient.State
        let period = BeaconConfig.periodAt(config, bootstrap.header.beacon.slot)
        expect(period).toBe(1347n)
        for (const { digest, ssz } of chunks) {
          expect(digest).toBe('6a95a1a9')
          const update = updateOf(ssz)
          expect(BeaconConfig.periodAt(config, update.attested.beacon.slot)).toBe(period)
          state = value(take(state, update))
          states.set(period++, state)
          const final = LightClient.finalized(state)
          // The first one finalizes an earlier block than the bootstrap's, and brings the next committee all the same.
          expect([update.finality?.header.beacon.slot, bootstrap.header.beacon.slot]).toContain(final.slot)
          expect(final.forced).toBe(false)
          expect(state.nextCommittee).toEqual(update.next?.committee)
          everyOtherIndex(update)
          count('mainnet periods chained')
        }
        expect(counts['mainnet periods chained']).toBe(46)
        expect(LightClient.finalized(state).slot).toBe(11_403_328n)
      })

      test('A26: single updates: of a known committee they count, of an unknown one they are refused', () => {
        for (const file of filesOf(/colibri-mainnet.*(count_1|light_client_update)\.ssz$/)) {
          const [chunk] = chunksOf(set.bytes(file))
          const update = updateOf(chunk?.ssz as Uint8Array)
          const period = BeaconConfig.periodAt(config, update.signatureSlot)
          const near = filesOf(/bootstrap/).filter((name) =>
            name.startsWith(file.slice(0, file.lastIndexOf('/'))),
          )
          const state = states.get(period - 1n)
          if (state !== undefined) {
            value(take(state, update))
            count('mainnet single updates')
          }
          for (const name of near) {
            if (name in LISTED) continue
            const from = bootstrapOf(name)
            const said = name.slice(name.indexOf('_0x') + 3, -4)
            expect(hex(LightClientHeader.root(from.header)).startsWith(said)).toBe(true)
            for (const one of filesOf(new RegExp(`^${file.slice(0, file.lastIndexOf('/'))}/.*checkpoints`))) {
              const { data } = set.json<{ data: { finalized: { root: string } } }>(one)
              expect(`0x${hex(LightClientHeader.root(from.header))}`).toBe(data.finalized.root)
            }
            const start = value(trusted(from, LightClientHeader.root(from.header)))
            count('mainnet bootstraps')
            const verdict = take(start, update)
            if (BeaconConfig.periodAt(config, from.header.beacon.slot) === period) {
              value(verdict)
              count('mainnet single updates')
            } else expect(check(verdict)).toBe('signature-period')
          }
        }
        expect(counts['mainnet single updates']).toBe(8)
      })

      test('whole blocks: root, execution branch, and the execution header that the payload stands for', () => {
        const blocks = filesOf(/beacon_blocks_0x.*\.ssz$/).map((file) => {
          const bytes = set.bytes(file)
          const slot = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(100, true)
          const fork = BeaconConfig.forkAt(config, slot)?.fork as BlockFork
          const block = fromSsz(fork, bytes)
          expect(hex(block.root)).toContain(file.slice(file.indexOf('_0x') + 3, -4).slice(0, 60))
          judge(block)
          return block
        })
        for (const file of filesOf(/geth-beacon/))
          judge(fromJson(file.includes('capella') ? 'capella' : 'electra', set.json(file)))

        // Their headers, as another endpoint gave them.
        for (const file of filesOf(/eth_v1_beacon_headers/)) {
          type Entry = { root: string; header: { message: Record<string, string> } }
          const { data } = set.json<{ data: Entry | Entry[] }>(file)
          for (const { root, header } of Array.isArray(data) ? data : [data]) {
            const { slot, proposer_index, parent_root, state_root, body_root } = header.message as Record<
              'slot' | 'proposer_index' | 'parent_root' | 'state_root' | 'body_root',
              string
            >
            const beacon = {
              slot: BigInt(slot),
              proposerIndex: BigInt(proposer_index),
              parentRoot: unhex(parent_root),
              stateRoot: unhex(state_root),
              bodyRoot: unhex(body_root),
            }
            expect(`0x${hex(LightClientHeader.BEACON.root(beacon))}`).toBe(root)
            const block = blocks.find((one) => hex(one.root) === root.slice(2))
            if (block !== undefined) expect(hex(block.bodyRoot)).toBe(body_root.slice(2))
            count('beacon headers')
          }
        }
        for (const file of filesOf(/eth_getBlockByNumber/)) {
          const { result } = set.json<{ result: { number: string; hash: string } }>(file)
          const block = blocks.find((one) => one.execution.blockNumber === BigInt(result.number))
          if (block !== undefined) expect(hex(block.execution.blockHash)).toBe(result.hash.slice(2))
          count('execution blocks named')
        }
        expect(counts['whole beacon blocks']).toBe(12)
      })

      test('accounts and storage slots', () => {
        type Proof = Record<'address' | 'balance' | 'nonce' | 'codeHash' | 'storageHash', string> & {
          accountProof: string[]
          storageProof: { key: string; value: string; proof: string[] }[]
        }
        const roots = filesOf(/beacon_blocks_0x.*\.ssz$/).map((file) => {
          const bytes = set.bytes(file)
          const slot = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(100, true)
          const fork = BeaconConfig.forkAt(config, slot)?.fork as BlockFork
          return hex(fromSsz(fork, bytes).execution.stateRoot)
        })
        for (const file of filesOf(/eth_getProof_0x/)) {
          const { result } = set.json<{ result: Proof }>(file)
          const proof = result.accountProof.map(unhex)
          const root = keccak_256(proof[0] as Uint8Array)
          // Where the block came along, the state is its own; elsewhere the proof has nothing to be held against but itself.
          count(roots.includes(hex(root)) ? 'accounts in a known block' : 'accounts without their block')
          expect(value(StateProof.account(root, unhex(result.address), proof))).toEqual({
            nonce: BigInt(result.nonce),
            balance: BigInt(result.balance),
            storageRoot: unhex(result.storageHash),
            codeHash: unhex(result.codeHash),
          })
          const tests = filesOf(new RegExp(`^${file.slice(0, file.lastIndexOf('/'))}/test.json`))
          for (const { key, value: word, proof: nodes } of result.storageProof) {
            const slot = unhex(key.slice(2).padStart(64, '0'))
            const { storageProof } = LockEvidence.of({
              header: new Uint8Array(0),
              accountProof: [],
              storageProof: nodes.map(unhex),
            })
            expect(value(StateProof.storage(unhex(result.storageHash), slot, storageProof))).toBe(
              BigInt(word),
            )
            count('storage slots')
          }
          for (const name of tests) {
            const said = set.json<{ method: string; expected_result: unknown }>(name)
            const word = result.storageProof[0]?.value
            if (said.method === 'eth_getProof') {
              expect((said.expected_result as Proof).accountProof).toEqual(result.accountProof)
              expect((said.expected_result as Proof).storageHash).toBe(result.storageHash)
              count('expected answers')
              continue
            }
            const known: Record<string, string | undefined> = {
              eth_getBalance: result.balance,
              eth_getTransactionCount: result.nonce,
              eth_getStorageAt: word,
            }
            // Two balances of one account at two blocks came along; one of them is the answer.
            if (BigInt(known[said.method] as string) === BigInt(said.expected_result as string))
              count('expected answers')
          }
        }
        expect(counts['expected answers']).toBeGreaterThanOrEqual(6)
      })

      test('A18: receipts, logs and transactions of a whole block', () => {
        type Json = {
          type: string
          status: string
          cumulativeGasUsed: string
          logsBloom: string
          logs: { address: string; topics: string[]; data: string; logIndex: string }[]
          transactionHash: string
        }
        const dir = 'colibri-mainnet/eth_getTransactionreceipt_electra'
        const bytes = set.bytes(filesOf(new RegExp(`${dir}/.*beacon_blocks_0xc742b5`))[0] as string)
        const block = fromSsz('electra', bytes)
        const { result } = set.json<{ result: Json[] }>(`${dir}/eth_getBlockReceipts_0x1564966.json.gz`)
        const receipts = result.map((one) =>
          Receipt.encode({
            type: Number(one.type),
            outcome: one.status === '0x1' ? 'success' : 'failure',
            cumulativeGasUsed: BigInt(one.cumulativeGasUsed),
            logsBloom: unhex(one.logsBloom),
            logs: one.logs.map(({ address, topics, data }) => ({
              address: unhex(address),
              topics: topics.map(unhex),
              data: unhex(data),
            })),
          }),
        )
        const trie = indexTrie(receipts)
        expect(hex(trie.root)).toBe(hex(block.execution.receiptsRoot))
        const sent = indexTrie(block.transactions)
        const header = BlockHeader.encode(block.header)
        const wanted = set.json<{ expected_result: { data: string; topics: string[]; address: string }[] }>(
          'colibri-mainnet/eth_getLogs_electra/test.json',
        ).expected_result
        const given = set.json<{ result: unknown[] }>(
          filesOf(/eth_getLogs_electra\/eth_getLogs/)[0] as string,
        )
        expect(given.result.length).toBe(wanted.length)
        const usdc: string[] = []
        for (const [i, one] of result.entries()) {
          const key = indexKey(i)
          const found = value(InclusionProof.receipt(trie.root, BigInt(i), trie.prove(key)))
          expect(hex(Receipt.encode(found as Receipt.Receipt))).toBe(hex(receipts[i] as Uint8Array))
          const transaction = value(
            InclusionProof.transaction(block.header.transactionsRoot, BigInt(i), sent.prove(key)),
          )
          expect(`0x${hex(transaction?.hash as Uint8Array)}`).toBe(one.transactionHash)
          // A receipt is no transaction, and the other way round.
          expect(InclusionProof.receipt(sent.root, BigInt(i), sent.prove(key)).ok).toBe(false)
          expect(InclusionProof.transaction(trie.root, BigInt(i), trie.prove(key)).ok).toBe(false)
          count('receipts')
          count('transactions')
          for (const [logIndex, { address, topics, data }] of one.logs.entries()) {
            const statement = {
              transactionIndex: BigInt(i),
              logIndex,
              address: unhex(address),
              topics: topics.map(unhex),
              data: unhex(data),
            }
            value(
              InclusionProof.log(block.execution.blockHash, statement, { header, proof: trie.prove(key) }),
            )
            if (address === '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48') usdc.push(data)
            count('logs')
          }
        }
        expect(usdc).toEqual(wanted.map(({ data }) => data))
        // Exclusion: no block has one more.
        const beyond = BigInt(result.length)
        expect(
          value(InclusionProof.receipt(trie.root, beyond, trie.prove(indexKey(result.length)))),
        ).toBeNull()

        const one = set.json<{ expected_result: Record<string, string> }>(`${dir}/test.json`).expected_result
        expect(result.map(({ transactionHash }) => transactionHash)).toContain(one['transactionHash'])
        for (const file of filesOf(/eth_getTransactionByHash/)) {
          const { result: said } = set.json<{
            result: { hash: string; blockHash: string; transactionIndex: string }
          }>(file)
          const own = said.blockHash === `0x${hex(block.execution.blockHash)}`
          if (own) expect(result[Number(said.transactionIndex)]?.transactionHash).toBe(said.hash)
          count('transactions named')
        }
        const other = set.json<{ expected_result: Record<string, string> }>(
          'colibri-mainnet/eth_getTransactionReceipt1/test.json',
        ).expected_result
        const child = fromSsz(
          'deneb',
          set.bytes(filesOf(/eth_getTransactionReceipt1\/.*beacon_blocks/)[0] as string),
        )
        // That receipt's block is the parent of the one that came along, and its receipts didn't come.
        expect(`0x${hex(child.execution.parentHash)}`).toBe(other['blockHash'])
      })
    })

    test('datachainlab-bellatrix-minimal: five periods of a local chain, with the execution state of each final block', () => {
      type Beacon = Record<'slot' | 'proposer_index', number> &
        Record<'parent_root' | 'state_root' | 'body_root', string>
      type Committee = { pubkeys: string[]; aggregate_pubkey: string }
      type Update = {
        attested_header: Beacon
        next_sync_committee: [Committee, string[]] | null
        finalized_header: [Beacon, string[]]
        sync_aggregate: { sync_committee_bits: string; sync_committee_signature: string }
        signature_slot: number
      }
      type Execution = {
        state_root: string
        state_root_branch: string[]
        block_number: number
        block_number_branch: string[]
      }
      const headerOf = (json: Beacon) => ({
        beacon: {
          slot: BigInt(json.slot),
          proposerIndex: BigInt(json.proposer_index),
          parentRoot: unhex(json.parent_root),
          stateRoot: unhex(json.state_root),
          bodyRoot: unhex(json.body_root),
        },
      })
      const committeeOf = (json: Committee) => ({
        pubkeys: json.pubkeys.map(unhex),
        aggregatePubkey: unhex(json.aggregate_pubkey),
      })
      const dir = 'datachainlab-bellatrix-minimal'
      const [start, , genesis] = set.json<
        [
          {
            beacon_header: Beacon
            current_sync_committee: Committee
            current_sync_committee_branch: string[]
          },
          string,
          string,
        ]
      >(`${dir}/initial_state.json`)
      const config = BeaconConfig.minimal({
        network: 'eip155:31337',
        genesisValidatorsRoot: unhex(genesis),
        genesisTime: 0n,
        forkEpochs: [0n, 0n],
      })
      const header = headerOf(start.beacon_header)
      let state = value(
        LightClient.trust({
          config,
          bootstrap: {
            header,
            committee: committeeOf(start.current_sync_committee),
            committeeBranch: start.current_sync_committee_branch.map(unhex),
          },
          blockRoot: LightClientHeader.root(header),
          now: BeaconConfig.timeOf(config, header.beacon.slot),
        }),
      )
      const files = [5, 6, 7, 8, 9].flatMap((period) => [
        `light_client_update_period_${period}`,
        ...(period === 5 ? [] : [`finality_update_period_${period}`]),
      ])
      for (const file of files) {
        const [{ light_client_update: json, ...proof }, execution] = set.json<
          [
            {
              light_client_update: Update
              finalized_execution_root: string
              finalized_execution_branch: string[]
            },
            Execution,
          ]
        >(`${dir}/${file}.json`)
        const [final, branch] = json.finalized_header
        const update: LightClientUpdate.LightClientUpdate = {
          attested: headerOf(json.attested_header),
          ...(json.next_sync_committee === null
            ? {}
            : {
                next: {
                  committee: committeeOf(json.next_sync_committee[0]),
                  branch: json.next_sync_committee[1].map(unhex),
                },
              }),
          finality: { header: headerOf(final), branch: branch.map(unhex) },
          aggregate: {
            bits: unhex(json.sync_aggregate.sync_committee_bits),
            signature: unhex(json.sync_aggregate.sync_committee_signature),
          },
          signatureSlot: BigInt(json.signature_slot),
        }
        const now = BeaconConfig.timeOf(config, update.signatureSlot)
        state = value(LightClient.apply(state, { kind: 'update', update, now }))
        // The payload's root in the final block's body, and its state root and number in the payload: 16 leaves.
        const root = unhex(proof.finalized_execution_root)
        const place = (leaf: Uint8Array, nodes: string[], gindex: bigint, top: Uint8Array) =>
          value(MerkleTree.verify(leaf, nodes.map(unhex), gindex, top))
        place(root, proof.finalized_execution_branch, ExecutionPayloadHeader.GINDEX, unhex(final.body_root))
        place(unhex(execution.state_root), execution.state_root_branch, 18n, root)
        const number = new Uint8Array(32)
        new DataView(number.buffer).setBigUint64(0, BigInt(execution.block_number), true)
        place(number, execution.block_number_branch, 22n, root)
        count('bellatrix updates')
      }
      expect(counts['bellatrix updates']).toBe(9)
      expect(LightClient.finalized(state).slot).toBe(584n)
      expect(check(LightClient.trustFrom(state))).toBe('execution-missing')
    })

    test('every file is run, or listed with its reason', () => {
      for (const file of filesOf(/test\.json$/)) set.json(file)
      const missed = all.files().filter((file) => !read.has(file) && !(file in LISTED))
      expect(missed).toEqual([])
      console.log(`ethereum-lightclient: ${all.files().length} files, ${JSON.stringify(counts)}`)
    })
  },
)

/** A24: a branch of mainnet leads to its root from its own index, and from no other. */
function everyOtherIndex({ attested, finality, next }: LightClientUpdate.LightClientUpdate): void {
  const size = BeaconConfig.mainnet.preset.committeeSize
  for (const [leaf, branch, own] of [
    [LightClientHeader.root((finality as NonNullable<typeof finality>).header), finality?.branch, 105n],
    [SyncCommittee.typeOf(size).root((next as NonNullable<typeof next>).committee), next?.branch, 55n],
  ] as const)
    for (let gindex = 1n; gindex < 256n; gindex++) {
      const verdict = MerkleTree.verify(
        leaf,
        branch as readonly Uint8Array[],
        gindex,
        attested.beacon.stateRoot,
      )
      expect(verdict.ok).toBe(gindex === own)
      if (gindex === own) count('mainnet branches, at every other index too')
    }
}

function judge(block: BeaconBlock): void {
  const { fork, bodyRoot, execution, executionBranch, header } = block
  value(ExecutionPayloadHeader.verify(fork, bodyRoot, execution, executionBranch))
  expect(hex(BlockHeader.hash(header))).toBe(hex(execution.blockHash))
  count('whole beacon blocks')
}

function indexKey(index: number): Uint8Array {
  return Uint8Array.from(
    index === 0
      ? [0x80]
      : index < 128
        ? [index]
        : index < 256
          ? [0x81, index]
          : [0x82, index >> 8, index & 255],
  )
}
