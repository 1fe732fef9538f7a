import {
  BeaconConfig,
  ExecutionPayloadHeader,
  LightClient,
  LightClientHeader,
  LightClientUpdate,
  MerkleTree,
  SyncCommittee,
} from '@aitbc/proofs/beacon'
import { BlockHeader, InclusionProof, LockEvidence, Receipt, Rlp, StateProof } from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, hex, unhex, value } from '../helpers.js'
import { chunksOf } from './beacon.js'
import { type BeaconBlock, type BlockFork, fromJson, fromSsz, indexTrie } from './beaconBlock.js'
import { headerOf, type JsonLog, type JsonReceipt, logOf, receiptOf } from './execution.js'
import { unsnappy } from './snappy.js'

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'))
const keyOf = (index: number) => Rlp.encode(Rlp.fromBigInt(BigInt(index)))

/** A value of these files' YAML: one a line, or all between braces. */
const line = (yaml: string, key: string): string | undefined =>
  new RegExp(`(?:^|[{,\\s])${key}: '?([^',}\\n]+?)'?(?:[,}]|$)`, 'm').exec(yaml)?.[1]

/** A network as `config.yaml` of the consensus tests has it. */
function configOf(yaml: string, genesisValidatorsRoot: Uint8Array): BeaconConfig.BeaconConfig {
  const preset = line(yaml, 'PRESET_BASE')
  if (preset !== 'minimal' && preset !== 'mainnet') throw new Error(`an unknown preset: ${preset}`)
  const never = 2n ** 64n - 1n
  return {
    network: 'eip155:31337',
    preset: preset === 'minimal' ? BeaconConfig.MINIMAL_PRESET : BeaconConfig.MAINNET_PRESET,
    genesisValidatorsRoot,
    genesisTime:
      BigInt(line(yaml, 'MIN_GENESIS_TIME') as string) + BigInt(line(yaml, 'GENESIS_DELAY') as string),
    secondsPerSlot: BigInt(line(yaml, 'SECONDS_PER_SLOT') as string),
    forks: BeaconConfig.FORKS.flatMap((fork) => {
      const name = fork.toUpperCase()
      const epoch = BigInt(line(yaml, `${name}_FORK_EPOCH`) ?? never)
      const version = line(yaml, `${name}_FORK_VERSION`)
      return epoch === never || version === undefined ? [] : [{ fork, epoch, version: unhex(version) }]
    }),
  }
}

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-lightclient/consensus-spec-sync',
  title: 'A23, A26, A27',
  group: folderOf,
  linked: true,
  cases: (files): Case[] => {
    const named = (name: string) => files.find(({ path }) => path.endsWith(`/${name}`)) as VectorFile
    const meta = named('meta.yaml').text()
    const root = (key: string) => unhex(line(meta, key) as string)
    const config = configOf(named('config.yaml').text(), root('genesis_validators_root'))
    const bytes = unsnappy(named('bootstrap.ssz_snappy').bytes())
    const bootstrap = value(LightClientUpdate.readBootstrap(config, bytes))
    const forkOf = (slot: bigint) => BeaconConfig.forkAt(config, slot)?.fork as BeaconConfig.Fork
    const updateOf = (file: VectorFile) => {
      const ssz = unsnappy(file.bytes())
      const update = value(LightClientUpdate.read(config, 'update', ssz))
      const fork = forkOf(update.attested.beacon.slot)
      expect(hex(LightClientUpdate.encode(config, fork, 'update', update))).toBe(hex(ssz))
      return update
    }
    let state: LightClient.State
    const taken = new Set<string>()
    const steps = named('steps.yaml')
      .text()
      .split(/^- /m)
      .filter((step) => step.trim() !== '')
    const cases: Case[] = [
      {
        name: 'bootstrap',
        run: () => {
          const fork = forkOf(bootstrap.header.beacon.slot)
          expect(hex(LightClientUpdate.encodeBootstrap(config, fork, bootstrap))).toBe(hex(bytes))
          state = value(
            LightClient.trust({
              config,
              bootstrap,
              blockRoot: root('trusted_block_root'),
              now: BeaconConfig.timeOf(config, bootstrap.header.beacon.slot),
            }),
          )
        },
      },
    ]
    for (const [i, step] of steps.entries()) {
      const kind = /^(\w+):/.exec(step)?.[1] ?? ''
      if (!['process_update', 'force_update', 'upgrade_store'].includes(kind))
        throw new Error(`an unknown step: ${kind}`)
      const update = /update: (\w+)/.exec(step)?.[1]
      if (update !== undefined) taken.add(`${update}.ssz_snappy`)
      cases.push({
        name: `step ${i}: ${kind}`,
        run: () => {
          // One state serves every fork: upgrading it changes nothing.
          if (kind !== 'upgrade_store') {
            const now = BeaconConfig.timeOf(config, BigInt(/current_slot: (\d+)/.exec(step)?.[1] as string))
            const next =
              update === undefined
                ? ({ kind: 'force', now } as const)
                : ({ kind: 'update', update: updateOf(named(`${update}.ssz_snappy`)), now } as const)
            state = value(LightClient.apply(state, next))
          }
          for (const [key, header] of [
            ['finalized_header', state.finalized],
            ['optimistic_header', state.optimistic],
          ] as const) {
            const said = new RegExp(
              `${key}:[\\s{]*slot: (\\d+)[\\s,]*beacon_root: '0x(\\w+)'(?:[\\s,]*execution_root: '0x(\\w+)')?`,
            ).exec(step)
            const { beacon, execution } = header
            expect([String(beacon.slot), hex(LightClientHeader.root(header))]).toEqual(said?.slice(1, 3))
            const payload =
              execution && hex(ExecutionPayloadHeader.root(forkOf(beacon.slot), execution.header))
            expect(payload ?? '0'.repeat(64)).toBe(said?.[3] ?? '0'.repeat(64))
          }
        },
      })
    }
    // Those that no step takes are read, and written alike.
    for (const file of files) {
      const name = file.path.slice(file.path.lastIndexOf('/') + 1)
      if (taken.has(name) || !name.startsWith('update_')) continue
      cases.push({ name, run: () => void updateOf(file) })
    }
    const known = /^(meta|config|steps)\.yaml$|^bootstrap\.ssz_snappy$|^update_\w+\.ssz_snappy$/
    for (const { path } of files)
      if (!known.test(path.slice(path.lastIndexOf('/') + 1))) throw new Error(`an unknown file: ${path}`)
    return cases
  },
})

type Proof = Record<'address' | 'balance' | 'nonce' | 'codeHash' | 'storageHash', string> & {
  readonly accountProof: readonly string[]
  readonly storageProof: readonly {
    readonly key: string
    readonly value: string
    readonly proof: readonly string[]
  }[]
}
const result = <T>(file: VectorFile) => file.json<{ result: T }>().result

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-lightclient/colibri-mainnet',
  title: 'A24, A26',
  // One network: what one folder lacks, another has.
  group: () => 'mainnet',
  cases: (files): Case[] => {
    const config = BeaconConfig.mainnet
    const of = (pattern: RegExp) => files.filter(({ path }) => pattern.test(path))
    const near = (path: string, pattern: RegExp) =>
      of(pattern).filter((file) => folderOf(file.path) === folderOf(path))
    const blocks = of(/beacon_blocks_0x\w+\.ssz$/).map((file) => {
      const bytes = file.bytes()
      const slot = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(100, true)
      return { file, block: fromSsz(BeaconConfig.forkAt(config, slot)?.fork as BlockFork, bytes) }
    })
    const receipts = of(/eth_getBlockReceipts/).map((file) => ({ file, json: result<JsonReceipt[]>(file) }))
    const cases: Case[] = []

    /** A state that knows the committee of a period: from a bootstrap, or from the update of the period before. */
    const states = new Map<bigint, LightClient.State[]>()
    const remember = (period: bigint, state: LightClient.State) =>
      states.set(period, [...(states.get(period) ?? []), state])
    for (const file of of(/light_client_bootstrap/)) {
      const bytes = file.bytes()
      // An endpoint's error is JSON.
      if (bytes[0] === 0x7b) {
        cases.push({ name: file.path, skip: 'the answer is an error: no bootstrap was available' })
        continue
      }
      cases.push({
        name: file.path,
        run: () => {
          const bootstrap = value(LightClientUpdate.readBootstrap(config, bytes))
          const { header } = bootstrap
          const fork = BeaconConfig.forkAt(config, header.beacon.slot)?.fork as BeaconConfig.Fork
          expect(hex(LightClientUpdate.encodeBootstrap(config, fork, bootstrap))).toBe(hex(bytes))
          const blockRoot = LightClientHeader.root(header)
          // The file's name has the root's beginning.
          expect(hex(blockRoot).startsWith(/_0x(\w+)\.ssz$/.exec(file.path)?.[1] as string)).toBe(true)
          const now = BeaconConfig.timeOf(config, header.beacon.slot) + 3600n
          const state = value(LightClient.trust({ config, bootstrap, blockRoot, now }))
          remember(BeaconConfig.periodAt(config, header.beacon.slot), state)
        },
      })
    }
    const updates = of(/light_client_update(s_\w+)?\.ssz(\.gz)?$/)
      .flatMap((file) => chunksOf(file.bytes()).map(({ ssz }, i) => ({ name: `${file.path}: ${i}`, ssz })))
      .map((one) => ({ ...one, update: value(LightClientUpdate.read(config, 'update', one.ssz)) }))
      .sort((a, b) => Number(a.update.signatureSlot - b.update.signatureSlot))
    for (const { name, ssz, update } of updates)
      cases.push({
        name,
        run: () => {
          const fork = BeaconConfig.forkAt(config, update.attested.beacon.slot)?.fork as BeaconConfig.Fork
          expect(hex(LightClientUpdate.encode(config, fork, 'update', update))).toBe(hex(ssz))
          everyOtherIndex(config, fork, update)
          const now = BeaconConfig.timeOf(config, update.signatureSlot)
          const period = BeaconConfig.periodAt(config, update.signatureSlot)
          const able = states.get(period) ?? []
          for (const state of able) {
            const after = value(LightClient.apply(state, { kind: 'update', update, now }))
            expect(LightClient.finalized(after).forced).toBe(false)
            expect(after.nextCommittee ?? state.nextCommittee).toBeDefined()
            if (after.nextCommittee !== undefined) remember(period + 1n, after)
          }
          // A client that doesn't know the committee takes nothing.
          const [foreign] = [...states]
            .filter(([at]) => at !== period && at + 1n !== period)
            .flatMap(([, all]) => all)
          if (foreign !== undefined && able.length === 0)
            expect(check(LightClient.apply(foreign, { kind: 'update', update, now }))).toMatch(
              /^(signature-period|state-age)$/,
            )
        },
      })

    for (const { file, block } of blocks)
      cases.push({
        name: file.path,
        run: () => {
          // The file's name has the root's beginning.
          const named = /_0x(\w+)\.ssz$/.exec(file.path)?.[1] ?? ''
          expect(hex(block.root).startsWith(named.slice(0, 60)) && named !== '').toBe(true)
          judge(block)
        },
      })

    for (const file of of(/eth_v1_beacon_headers/)) {
      type Entry = { root: string; header: { message: Record<string, string> } }
      const { data } = file.json<{ data: Entry | Entry[] }>()
      for (const { root, header } of Array.isArray(data) ? data : [data])
        cases.push({
          name: `${file.path}: ${root}`,
          run: () => {
            const field = (name: string) => header.message[name] as string
            const beacon = {
              slot: BigInt(field('slot')),
              proposerIndex: BigInt(field('proposer_index')),
              parentRoot: unhex(field('parent_root')),
              stateRoot: unhex(field('state_root')),
              bodyRoot: unhex(field('body_root')),
            }
            expect(`0x${hex(LightClientHeader.BEACON.root(beacon))}`).toBe(root)
            const known = blocks.find(({ block }) => `0x${hex(block.root)}` === root)
            if (known !== undefined) expect(hex(known.block.bodyRoot)).toBe(hex(beacon.bodyRoot))
          },
        })
    }
    for (const file of of(/finality_checkpoints/))
      cases.push({
        name: file.path,
        run: () => {
          const { data } = file.json<{ data: { finalized: { root: string } } }>()
          for (const one of near(file.path, /light_client_bootstrap/)) {
            const { header } = value(LightClientUpdate.readBootstrap(config, one.bytes()))
            expect(data.finalized.root).toBe(`0x${hex(LightClientHeader.root(header))}`)
          }
        },
      })

    for (const file of of(/eth_getBlockByNumber/))
      cases.push({
        name: file.path,
        run: () => {
          const json = result<Record<string, unknown>>(file)
          expect(`0x${hex(BlockHeader.hash(headerOf(json)))}`).toBe(json['hash'])
          const known = blocks.find(({ block }) => block.header.number === BigInt(json['number'] as string))
          if (known !== undefined) expect(headerOf(json)).toEqual(known.block.header)
        },
      })
    for (const file of of(/eth_getProof_0x/))
      cases.push({ name: file.path, run: () => judgeProof(result<Proof>(file)) })

    for (const { file, json } of receipts) {
      const encoded = json.map((one) => Receipt.encode(receiptOf(one)))
      const trie = indexTrie(encoded)
      const found = blocks.find(({ block }) => hex(block.header.receiptsRoot) === hex(trie.root))
      if (found === undefined) throw new Error(`no block has the receipts of ${file.path}`)
      const { header: fields, transactions } = found.block
      const header = BlockHeader.encode(fields)
      const sent = indexTrie(transactions)
      for (const [i, one] of json.entries())
        cases.push({
          name: `${file.path}: receipt ${i}`,
          run: () => {
            const proof = trie.prove(keyOf(i))
            const receipt = value(InclusionProof.receipt(trie.root, BigInt(i), proof))
            expect(hex(Receipt.encode(receipt as Receipt.Receipt))).toBe(hex(encoded[i] as Uint8Array))
            const transaction = value(
              InclusionProof.transaction(fields.transactionsRoot, BigInt(i), sent.prove(keyOf(i))),
            )
            expect(`0x${hex(transaction?.hash as Uint8Array)}`).toBe(one.transactionHash)
            // A receipt is no transaction, and the other way round.
            expect(InclusionProof.receipt(sent.root, BigInt(i), sent.prove(keyOf(i))).ok).toBe(false)
            expect(InclusionProof.transaction(trie.root, BigInt(i), proof).ok).toBe(false)
            for (const [logIndex, log] of one.logs.entries())
              value(
                InclusionProof.log(
                  found.block.execution.blockHash,
                  { transactionIndex: BigInt(i), logIndex, ...logOf(log) },
                  { header, proof },
                ),
              )
          },
        })
      cases.push({
        name: `${file.path}: no more of them`,
        run: () =>
          expect(
            value(InclusionProof.receipt(trie.root, BigInt(json.length), trie.prove(keyOf(json.length)))),
          ).toBeNull(),
      })
    }
    for (const file of of(/eth_getLogs_\w+\/eth_getLogs/))
      for (const [i, log] of result<JsonLog[]>(file).entries())
        cases.push({
          name: `${file.path}: log ${i}`,
          run: () => {
            const logs = receipts
              .flatMap(({ json }) => json)
              .find(({ transactionHash }) => transactionHash === log.transactionHash)?.logs
            expect(logs?.map(logOf)).toContainEqual(logOf(log))
          },
        })
    for (const file of of(/eth_getTransactionByHash/)) {
      const said = result<{ hash: string; blockHash: string; transactionIndex: string }>(file)
      const known = blocks.find(({ block }) => `0x${hex(block.execution.blockHash)}` === said.blockHash)
      cases.push(
        known === undefined
          ? { name: file.path, skip: 'the block that it is in did not come along' }
          : {
              name: file.path,
              run: () =>
                expect(
                  `0x${hex(keccak_256(known.block.transactions[Number(said.transactionIndex)] as Uint8Array))}`,
                ).toBe(said.hash),
            },
      )
    }
    for (const file of of(/\/test\.json$/)) {
      const said = file.json<{ method: string; expected_result: unknown }>()
      const proofs = near(file.path, /eth_getProof_0x/).map((one) => result<Proof>(one))
      const word = (pick: (proof: Proof) => string | undefined) => () =>
        expect(proofs.map((proof) => BigInt(pick(proof) ?? -1))).toContain(
          BigInt(said.expected_result as string),
        )
      const judges: Record<string, () => void> = {
        eth_getBalance: word((proof) => proof.balance),
        eth_getTransactionCount: word((proof) => proof.nonce),
        eth_getStorageAt: word((proof) => proof.storageProof[0]?.value),
        eth_getProof: () => {
          expect(proofs.map(({ accountProof }) => accountProof)).toContainEqual(
            (said.expected_result as Proof).accountProof,
          )
          expect(proofs.map(({ storageHash }) => storageHash)).toContain(
            (said.expected_result as Proof).storageHash,
          )
        },
        eth_getLogs: () => {
          const [logs] = near(file.path, /eth_getLogs_\w+\/eth_getLogs/).map((one) => result<JsonLog[]>(one))
          expect((said.expected_result as JsonLog[]).map(logOf)).toEqual(logs?.map(logOf))
        },
        eth_getTransactionReceipt: () => {
          const { blockHash, transactionHash } = said.expected_result as Record<string, string>
          // The receipt's own block, or the child of it, came along.
          const hashes = blocks.flatMap(({ block }) => [
            block.execution.blockHash,
            block.execution.parentHash,
          ])
          expect(hashes.map((hash) => `0x${hex(hash)}`)).toContain(blockHash)
          const own = receipts
            .flatMap(({ json }) => json)
            .find((one) => one.transactionHash === transactionHash)
          if (own !== undefined)
            expect(receiptOf(said.expected_result as JsonReceipt)).toEqual(receiptOf(own))
        },
      }
      const run = judges[said.method]
      if (run === undefined) throw new Error(`${file.path}: an unknown method, ${said.method}`)
      cases.push({ name: file.path, run })
    }
    const known =
      /light_client_(bootstrap|update)|beacon_blocks_0x|beacon_headers|finality_checkpoints|eth_getBlockByNumber|eth_getProof_0x|eth_getBlockReceipts|\/eth_getLogs_|eth_getTransactionByHash|\/test\.json$/
    for (const { path } of files) if (!known.test(path)) throw new Error(`an unknown file: ${path}`)
    return cases
  },
})

function judgeProof(json: Proof): void {
  const proof = json.accountProof.map(unhex)
  const root = keccak_256(proof[0] as Uint8Array)
  const account = value(StateProof.account(root, unhex(json.address), proof))
  // An account that isn't there is told as an empty one.
  const empty = {
    nonce: 0n,
    balance: 0n,
    storageRoot: unhex(json.storageHash),
    codeHash: unhex(json.codeHash),
  }
  expect(account ?? empty).toEqual({
    nonce: BigInt(json.nonce),
    balance: BigInt(json.balance),
    storageRoot: unhex(json.storageHash),
    codeHash: unhex(json.codeHash),
  })
  for (const { key, value: word, proof: nodes } of json.storageProof) {
    const slot = unhex(key.slice(2).padStart(64, '0'))
    const { storageProof } = LockEvidence.of({
      header: new Uint8Array(0),
      accountProof: [],
      storageProof: nodes.map(unhex),
    })
    expect(value(StateProof.storage(unhex(json.storageHash), slot, storageProof))).toBe(BigInt(word))
  }
}

/** A24: a branch leads to its root from its own index, and from no other. */
function everyOtherIndex(
  config: BeaconConfig.BeaconConfig,
  fork: BeaconConfig.Fork,
  { attested, finality, next }: LightClientUpdate.LightClientUpdate,
): void {
  const own = LightClientUpdate.gindices(fork)
  const parts: [Uint8Array, readonly Uint8Array[], bigint][] = []
  if (finality !== undefined)
    parts.push([LightClientHeader.root(finality.header), finality.branch, own.finalized])
  if (next !== undefined) {
    const type = SyncCommittee.typeOf(config.preset.committeeSize)
    parts.push([type.root(next.committee), next.branch, own.next])
  }
  for (const [leaf, branch, index] of parts)
    for (let gindex = 1n; gindex < 256n; gindex++)
      expect(MerkleTree.verify(leaf, branch, gindex, attested.beacon.stateRoot).ok).toBe(gindex === index)
}

function judge(block: BeaconBlock): void {
  const { fork, bodyRoot, execution, executionBranch, header } = block
  value(ExecutionPayloadHeader.verify(fork, bodyRoot, execution, executionBranch))
  expect(hex(BlockHeader.hash(header))).toBe(hex(execution.blockHash))
}

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-lightclient/geth-beacon',
  cases: (files): Case[] =>
    files.map((file) => {
      type Json = { body: Record<string, unknown> }
      const json = file.json<Json | { message: Json }>()
      const block = 'message' in json ? json.message : json
      const fork =
        'execution_requests' in block.body
          ? 'electra'
          : 'blob_kzg_commitments' in block.body
            ? 'deneb'
            : 'capella'
      return { name: file.path, run: () => judge(fromJson(fork, block)) }
    }),
})

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-lightclient/datachainlab-bellatrix-minimal',
  title: 'A26',
  group: () => 'chain',
  cases: (files): Case[] => {
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
    type Start = {
      beacon_header: Beacon
      current_sync_committee: Committee
      current_sync_committee_branch: string[]
    }
    type Proved = {
      light_client_update: Update
      finalized_execution_root: string
      finalized_execution_branch: string[]
    }
    const header = (json: Beacon) => ({
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
    const first = files.find(({ path }) => path === 'initial_state.json')
    if (first === undefined) throw new Error('no initial state')
    const [start, , genesis] = first.json<[Start, string, string]>()
    const config = BeaconConfig.minimal({
      network: 'eip155:31337',
      genesisValidatorsRoot: unhex(genesis),
      genesisTime: 0n,
      forkEpochs: [0n, 0n],
    })
    let state: LightClient.State
    const updates = files
      .filter((file) => file !== first)
      .map((file) => {
        const found = /^(light_client|finality)_update_period_(\d+)\.json$/.exec(file.path)
        if (found === null) throw new Error(`an unknown file: ${file.path}`)
        return { file, json: file.json<[Proved, Execution]>() }
      })
      .sort(
        (a, b) => a.json[0].light_client_update.signature_slot - b.json[0].light_client_update.signature_slot,
      )
    return [
      {
        name: first.path,
        run: () => {
          const trusted = header(start.beacon_header)
          state = value(
            LightClient.trust({
              config,
              bootstrap: {
                header: trusted,
                committee: committeeOf(start.current_sync_committee),
                committeeBranch: start.current_sync_committee_branch.map(unhex),
              },
              blockRoot: LightClientHeader.root(trusted),
              now: BeaconConfig.timeOf(config, trusted.beacon.slot),
            }),
          )
        },
      },
      ...updates.map(({ file, json: [{ light_client_update: json, ...proof }, execution] }) => ({
        name: file.path,
        run: () => {
          const [final, branch] = json.finalized_header
          const update: LightClientUpdate.LightClientUpdate = {
            attested: header(json.attested_header),
            ...(json.next_sync_committee === null
              ? {}
              : {
                  next: {
                    committee: committeeOf(json.next_sync_committee[0]),
                    branch: json.next_sync_committee[1].map(unhex),
                  },
                }),
            finality: { header: header(final), branch: branch.map(unhex) },
            aggregate: {
              bits: unhex(json.sync_aggregate.sync_committee_bits),
              signature: unhex(json.sync_aggregate.sync_committee_signature),
            },
            signatureSlot: BigInt(json.signature_slot),
          }
          const now = BeaconConfig.timeOf(config, update.signatureSlot)
          state = value(LightClient.apply(state, { kind: 'update', update, now }))
          expect(check(LightClient.trustFrom(state))).toBe('execution-missing')
          // The payload's root in the final block's body, and its state root and number in the payload: 16 leaves.
          const root = unhex(proof.finalized_execution_root)
          const place = (leaf: Uint8Array, nodes: string[], gindex: bigint, top: Uint8Array) =>
            value(MerkleTree.verify(leaf, nodes.map(unhex), gindex, top))
          place(root, proof.finalized_execution_branch, ExecutionPayloadHeader.GINDEX, unhex(final.body_root))
          place(unhex(execution.state_root), execution.state_root_branch, 18n, root)
          const number = new Uint8Array(32)
          new DataView(number.buffer).setBigUint64(0, BigInt(execution.block_number), true)
          place(number, execution.block_number_branch, 22n, root)
        },
      })),
    ]
  },
})
