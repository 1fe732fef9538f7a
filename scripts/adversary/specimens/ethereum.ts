import { Verdict } from '@aitbc/core'
import { BeaconConfig, LightClient, LightClientHeader, LightClientUpdate } from '@aitbc/proofs/beacon'
import { InclusionProof, LockEvidence, Receipt, Rlp, StateProof, TrieProof } from '@aitbc/proofs/ethereum'
import { Hasher } from '@aitbc/proofs/substrate'
import { chunksOf } from '../../../packages/proofs/test/ethereum/beacon.js'
import { indexTrie } from '../../../packages/proofs/test/ethereum/beaconBlock.js'
import { unsnappy } from '../../../packages/proofs/test/ethereum/snappy.js'
import { trieOf } from '../../../packages/proofs/test/ethereum/trie.js'
import { hex, unhex, value } from '../../../packages/proofs/test/helpers.js'
import { nodes, type Specimen, shuffled, specimen } from '../specimen.js'
import { filesOf } from '../vectors.js'

const ZERO = new Uint8Array(32)
const utf8 = (text: string) => new TextEncoder().encode(text)
const NOTHING = new Uint8Array(0)

interface Answer {
  readonly address: string
  readonly accountProof: readonly string[]
  readonly storageHash: string
  readonly storageProof: readonly { readonly key: string; readonly proof: readonly string[] }[]
}

/** Answers of `eth_getProof`: an account, and a slot of its storage where one was asked for. */
export function* accounts(): Iterable<Specimen> {
  const answers: (readonly [string, Answer])[] = []
  for (const file of filesOf('ethereum-lightclient/colibri-mainnet'))
    if (/eth_getProof_0x.*\.json$/.test(file.path))
      answers.push([file.path, file.json<{ result: Answer }>().result])
  for (const file of filesOf('ethereum-execution/execution-apis/eth_getProof'))
    for (const line of file.text().split('\n')) {
      if (!line.startsWith('<< ')) continue
      const { result } = JSON.parse(line.slice(3)) as { result?: Answer }
      if (result !== undefined) answers.push([file.path, result])
    }
  for (const [name, answer] of answers) {
    const [top] = answer.accountProof
    if (top === undefined) continue
    const root = Hasher.keccak256(unhex(top))
    const address = unhex(answer.address)
    const slots = answer.storageProof.map(({ key, proof }) => ({
      slot: unhex(key.slice(2).padStart(64, '0')),
      proof: proof.map(unhex),
    }))
    for (const { slot, proof } of slots.length === 0 ? [{ slot: undefined, proof: [] }] : slots.slice(0, 2)) {
      const own = LockEvidence.of({
        header: NOTHING,
        accountProof: answer.accountProof.map(unhex),
        storageProof: proof,
      })
      const judge = (root: Uint8Array) => (it: LockEvidence.LockEvidence) => {
        // The state's root is the statement's; no header is asked for.
        if (it.header.length > 0) return Verdict.refuse('statement', 'a header that nobody asked for')
        const account = StateProof.account(root, address, it.accountProof)
        if (!account.ok) return account
        if (slot === undefined || account.value === null)
          return it.storageProof.length === 0
            ? account
            : Verdict.refuse('statement', 'a slot that nobody asked for')
        const word = StateProof.storage(account.value.storageRoot, slot, it.storageProof)
        return word.ok ? Verdict.accept({ account: account.value, word: word.value }) : word
      }
      yield specimen({
        family: 'ethereum-account',
        name,
        kind: 'hash',
        statement: `${hex(root)} ${answer.address} ${slot === undefined ? '' : hex(slot)}`,
        evidence: LockEvidence.encode(own),
        decode: LockEvidence.decode,
        encode: LockEvidence.encode,
        judge: judge(root),
        untrusted: judge(ZERO),
        others: () => [
          ...[...shuffled(own.accountProof)].map((accountProof) =>
            LockEvidence.encode({ ...own, accountProof }),
          ),
          ...[...shuffled(own.storageProof)].map((storageProof) =>
            LockEvidence.encode({ ...own, storageProof }),
          ),
        ],
      })
    }
  }
}

function trie(
  name: string,
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
  read: (root: Uint8Array, proof: readonly Uint8Array[]) => Verdict.Verdict<unknown>,
): Specimen {
  return specimen({
    family: 'ethereum-trie',
    name,
    kind: 'hash',
    statement: `${hex(root)} ${hex(key)}`,
    evidence: nodes.encode(proof),
    decode: nodes.decode,
    encode: nodes.encode,
    judge: (it) => read(root, it),
    untrusted: (it) => read(ZERO, it),
    others: () => [...shuffled(proof)].map(nodes.encode),
  })
}

/** Published tries, and the transactions and receipts of published blocks, there and absent. */
export function* tries(): Iterable<Specimen> {
  for (const file of filesOf('ethereum-execution/ethereum-tests/TrieTests')) {
    if (!/trietest|trieanyorder/.test(file.path)) continue
    const hashed = file.path.includes('secure')
    const bytesOf = (text: string) => (/^0x([0-9a-f]{2})*$/i.test(text) ? unhex(text) : utf8(text))
    type Entries = [string, string | null][] | Record<string, string | null>
    for (const [name, { in: input }] of Object.entries(file.json<Record<string, { in: Entries }>>())) {
      const held = new Map<string, string>()
      for (const [key, it] of Array.isArray(input) ? input : Object.entries(input))
        if (it === null) held.delete(key)
        else held.set(key, it)
      const keyOf = (text: string) => (hashed ? Hasher.keccak256(bytesOf(text)) : bytesOf(text))
      const all = trieOf([...held].map(([key, it]) => [keyOf(key), bytesOf(it)]))
      const first = [...held.keys()][0]
      for (const asked of [
        ...(first === undefined ? [] : [first]),
        `${first}${first?.startsWith('0x') ? '00' : '?'}`,
      ]) {
        const key = keyOf(asked)
        yield trie(`${file.path} ${name} ${asked}`, all.root, key, all.prove(key), (root, proof) =>
          TrieProof.verify(root, key, proof),
        )
      }
    }
  }
  const chain = filesOf('ethereum-execution/execution-apis').find(({ path }) => path.endsWith('chain.rlp'))
  if (chain !== undefined) {
    const bytes = chain.bytes()
    let taken = 0
    for (let at = 0; at < bytes.length && taken < 20; ) {
      const { end } = value(Rlp.span(bytes, at, bytes.length))
      const [, list] = value(Rlp.decode(bytes.subarray(at, end))) as [Rlp.Item, readonly Rlp.Item[]]
      const transactions = list.map((item) => (item instanceof Uint8Array ? item : Rlp.encode(item)))
      if (transactions.length > 1) {
        taken++
        yield* indexed(`chain.rlp ${at}`, transactions, InclusionProof.transaction)
      }
      at = end
    }
  }
  for (const file of filesOf('ethereum-execution/execution-apis/debug_getRawReceipts'))
    for (const line of file.text().split('\n')) {
      if (!line.startsWith('<< ')) continue
      const { result } = JSON.parse(line.slice(3)) as { result?: readonly string[] }
      if (Array.isArray(result) && result.length > 0)
        yield* indexed(file.path, result.map(unhex), InclusionProof.receipt)
    }
  for (const file of filesOf('ethereum-lightclient/colibri-mainnet')) {
    if (!/eth_getBlockReceipts/.test(file.path)) continue
    type Json = {
      type: string
      status: string
      cumulativeGasUsed: string
      logsBloom: string
      logs: { address: string; topics: string[]; data: string }[]
    }
    const receipts = file.json<{ result: Json[] }>().result.map((one) =>
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
    yield* indexed(file.path, receipts, InclusionProof.receipt)
  }
}

function* indexed(
  name: string,
  values: readonly Uint8Array[],
  read: (root: Uint8Array, index: bigint, proof: readonly Uint8Array[]) => Verdict.Verdict<unknown>,
): Iterable<Specimen> {
  const all = indexTrie(values)
  for (const index of new Set([0, values.length - 1, values.length])) {
    const key = Rlp.encode(Rlp.fromBigInt(BigInt(index)))
    const proof = all.prove(key)
    if (proof.reduce((sum, it) => sum + it.length, 0) > 4000) continue
    yield trie(`${name}: ${index} of ${values.length}`, all.root, key, proof, (root, it) =>
      read(root, BigInt(index), it),
    )
  }
}

const MAINNET = BeaconConfig.mainnet

function told(verdict: Verdict.Verdict<LightClient.State>): Verdict.Verdict<unknown> {
  if (!verdict.ok) return verdict
  const { finalized, optimistic, committee, nextCommittee, forced } = verdict.value
  return Verdict.accept({ finalized, optimistic, committee, nextCommittee, forced })
}

/** Consecutive periods of mainnet from one bootstrap, and the steps of the specification's tests. */
export function* updates(): Iterable<Specimen> {
  const files = filesOf('ethereum-lightclient/colibri-mainnet/eth_getBalance1')
  const own = (pattern: RegExp) => files.find(({ path }) => pattern.test(path))
  const [first, many, checkpoint] = [own(/bootstrap/), own(/updates_start.*gz$/), own(/finality_checkpoints/)]
  if (first !== undefined && many !== undefined && checkpoint !== undefined) {
    const bootstrap = value(LightClientUpdate.decodeBootstrap(MAINNET, 'deneb', first.bytes()))
    const { data } = checkpoint.json<{ data: { finalized: { root: string } } }>()
    let state = value(
      LightClient.trust({
        config: MAINNET,
        bootstrap,
        blockRoot: unhex(data.finalized.root),
        now: BeaconConfig.timeOf(MAINNET, bootstrap.header.beacon.slot) + 3600n,
      }),
    )
    for (const [i, { ssz }] of chunksOf(many.bytes()).entries()) {
      const update = value(LightClientUpdate.decode(MAINNET, 'deneb', 'update', ssz))
      // Somewhat later than it was signed: in between lie other slots that it might have been signed in.
      const now = BeaconConfig.timeOf(MAINNET, update.signatureSlot + 40n)
      yield updateOf(`mainnet period ${i}`, MAINNET, 'deneb', state, ssz, now)
      state = value(LightClient.apply(state, { kind: 'update', update, now }))
    }
  }
  for (const { name, config, fork, bootstrap, blockRoot, steps } of specification()) {
    let state = value(
      LightClient.trust({
        config,
        bootstrap,
        blockRoot,
        now: BeaconConfig.timeOf(config, bootstrap.header.beacon.slot),
      }),
    )
    for (const [i, { slot, ssz }] of steps.entries()) {
      const now = BeaconConfig.timeOf(config, slot)
      if (ssz === undefined) state = value(LightClient.apply(state, { kind: 'force', now }))
      else {
        const update = value(LightClientUpdate.decode(config, fork, 'update', ssz))
        const next = LightClient.apply(state, { kind: 'update', update, now })
        // One that brings no new header shows what others of its period show as well: who votes in the next.
        if (headersOf(value(next)) !== headersOf(state))
          yield updateOf(`${name} step ${i}`, config, fork, state, ssz, now)
        state = value(next)
      }
    }
  }
}

function headersOf({ finalized, optimistic }: LightClient.State): string {
  return [finalized, optimistic].map((header) => hex(LightClientHeader.root(header))).join(' ')
}

function updateOf(
  name: string,
  config: BeaconConfig.BeaconConfig,
  fork: BeaconConfig.Fork,
  state: LightClient.State,
  ssz: Uint8Array,
  now: bigint,
): Specimen {
  const own = value(LightClientUpdate.decode(config, fork, 'update', ssz))
  const { next, signatureSlot } = own
  const shown = headersOf(value(LightClient.apply(state, { kind: 'update', update: own, now })))
  const key = next?.committee.pubkeys[0]
  const from = key === undefined ? 0 : at(ssz, key)
  return specimen({
    family: 'beacon-update',
    bulk: [from, from + (key === undefined ? 0 : config.preset.committeeSize * 48)],
    name,
    kind: 'signature',
    statement: shown,
    open: true,
    evidence: ssz,
    decode: (bytes) => LightClientUpdate.decode(config, fork, 'update', bytes),
    encode: (update: LightClientUpdate.LightClientUpdate) =>
      LightClientUpdate.encode(config, fork, 'update', update),
    judge: (update) => told(LightClient.apply(state, { kind: 'update', update, now })),
    untrusted: ({ attested, next }) =>
      LightClient.trust({
        config,
        blockRoot: ZERO,
        bootstrap: {
          header: attested,
          committee: next?.committee ?? state.committee,
          committeeBranch: next?.branch ?? [],
        },
        now,
      }),
    others: () =>
      [-1n, 1n, 7n].map((by) =>
        LightClientUpdate.encode(config, fork, 'update', { ...own, signatureSlot: signatureSlot + by }),
      ),
    beside: config.preset.committeeSize * 48,
  })
}

/** Where bytes stand in others. */
function at(bytes: Uint8Array, part: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) if (part.every((byte, j) => bytes[i + j] === byte)) return i
  return 0
}

/** What clients start from. */
export function* bootstraps(): Iterable<Specimen> {
  for (const { name, config, fork, bootstrap, blockRoot, ssz } of specification())
    yield bootstrapOf(name, config, fork, bootstrap, blockRoot, ssz)
}

function bootstrapOf(
  name: string,
  config: BeaconConfig.BeaconConfig,
  fork: BeaconConfig.Fork,
  { header }: LightClientUpdate.LightClientBootstrap,
  blockRoot: Uint8Array,
  ssz: Uint8Array,
): Specimen {
  const now = BeaconConfig.timeOf(config, header.beacon.slot)
  const judge = (blockRoot: Uint8Array) => (bootstrap: LightClientUpdate.LightClientBootstrap) =>
    told(LightClient.trust({ config, blockRoot, bootstrap, now }))
  return specimen({
    family: 'beacon-bootstrap',
    name,
    kind: 'hash',
    statement: hex(LightClientHeader.root(header)),
    evidence: ssz,
    decode: (bytes) => LightClientUpdate.decodeBootstrap(config, fork, bytes),
    encode: (it: LightClientUpdate.LightClientBootstrap) =>
      LightClientUpdate.encodeBootstrap(config, fork, it),
    judge: judge(blockRoot),
    untrusted: judge(ZERO),
  })
}

interface Test {
  readonly name: string
  readonly config: BeaconConfig.BeaconConfig
  readonly fork: BeaconConfig.Fork
  readonly bootstrap: LightClientUpdate.LightClientBootstrap
  readonly ssz: Uint8Array
  readonly blockRoot: Uint8Array
  readonly steps: readonly { readonly slot: bigint; readonly ssz: Uint8Array | undefined }[]
}

function* specification(): Iterable<Test> {
  const files = new Map(filesOf('ethereum-lightclient/consensus-spec-sync').map((file) => [file.path, file]))
  for (const path of files.keys()) {
    if (!path.endsWith('/meta.yaml')) continue
    const name = path.slice(0, -'/meta.yaml'.length)
    const fork = name.split('/')[0] as BeaconConfig.Fork
    const text = (file: string) => files.get(`${name}/${file}`)?.text() ?? ''
    const root = (key: string) =>
      unhex(new RegExp(`${key}: '(0x[0-9a-f]{64})'`).exec(text('meta.yaml'))?.[1] ?? '')
    const config = BeaconConfig.minimal({
      network: 'eip155:31337',
      genesisValidatorsRoot: root('genesis_validators_root'),
      genesisTime: 1_578_009_600n,
      forkEpochs: BeaconConfig.FORKS.slice(0, BeaconConfig.FORKS.indexOf(fork) + 1).map(() => 0n),
    })
    const read = (file: string) => unsnappy(files.get(`${name}/${file}.ssz_snappy`)?.bytes() ?? NOTHING)
    const ssz = read('bootstrap')
    const steps = text('steps.yaml')
      .split(/^- /m)
      .filter((step) => step.trim() !== '')
      .map((step) => {
        const file = /update: (\w+)/.exec(step)?.[1]
        return {
          slot: BigInt(/current_slot: (\d+)/.exec(step)?.[1] ?? 0),
          ssz: file === undefined ? undefined : read(file),
        }
      })
    const bootstrap = value(LightClientUpdate.decodeBootstrap(config, fork, ssz))
    yield { name, config, fork, bootstrap, ssz, blockRoot: root('trusted_block_root'), steps }
  }
}
