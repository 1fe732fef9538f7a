import {
  type BlockId,
  Commit,
  Header,
  MerkleTree,
  type Multistore,
  Timestamp,
  ValidatorSet,
  Vote,
} from '@aitbc/proofs/tendermint'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Bank from './bank.js'
import { concat, delimited, hexUpper, u64, utf8, varint } from './bytes.js'
import type { Context } from './context.js'
import { gasOf, sdk } from './faults.js'
import * as Htlc from './htlcModule.js'
import * as Queries from './queries.js'
import { createHistory, type StoreName } from './state.js'
import { type Result, type Rules, run } from './transactions.js'
import { createWasmModule } from './wasmModule.js'

/** A transaction in its block. */
export interface Included {
  /** Upper-case hex of its sha256. */
  readonly hash: string
  readonly height: number
  readonly index: number
  readonly bytes: Uint8Array
  readonly result: Result
}

/** A block with the votes for it. */
export interface Block {
  readonly header: Header.Header
  readonly id: BlockId.BlockId
  readonly commit: Commit.Commit
  readonly transactions: readonly Included[]
  /** What `commit` was for the block before; none for the first. */
  readonly lastCommit: Commit.Commit | undefined
}

/** The chain itself, without time of its own and without a network. */
export interface Chain {
  readonly chainId: string
  readonly prefix: string
  readonly validators: ValidatorSet.ValidatorSet
  readonly height: () => number
  readonly block: (height: number) => Block | undefined
  readonly transaction: (hash: string) => Included | undefined
  readonly transactions: () => readonly Included[]
  readonly pending: () => readonly Uint8Array[]
  /** Takes a transaction into the mempool, or says why not. */
  readonly submit: (bytes: Uint8Array) => Result & { readonly hash: string }
  /** Makes a block of what waits, and of coins that appear in it. */
  readonly mine: (time: bigint, gifts?: readonly Gift[]) => Block
  /** State after a block, by gRPC's names; throws `Fault`. */
  readonly query: (path: string, data: Uint8Array, height: number) => Uint8Array | undefined
  readonly stored: (
    store: StoreName,
    key: Uint8Array,
    height: number,
  ) => { readonly value: Uint8Array | undefined; readonly proofs: Multistore.Proofs | undefined } | undefined
  readonly balance: (address: string, denom: string) => bigint
}

/** Coins out of nothing. */
export interface Gift {
  readonly to: string
  readonly coins: readonly Bank.Coin[]
}

export interface ChainOptions {
  readonly chainId: string
  readonly prefix: string
  readonly validators: number
  readonly rules: Rules
  /** Whether there is IRISnet's module of locks. */
  readonly htlc: boolean
}

const EMPTY = new Uint8Array(0)
const QUERY_GAS = 50_000_000n
const PART_SIZE = 65_536

export function createChain({ chainId, prefix, validators: count, rules, htlc }: ChainOptions): Chain {
  const keys = Array.from({ length: count }, (_, i) => {
    const secret = sha256(utf8(`aitbc devnet validator ${i} of ${chainId}`))
    return { secret, publicKey: ed25519.getPublicKey(secret) }
  })
  const validators = ValidatorSet.from(keys.map(({ publicKey }) => ({ publicKey, power: 10n })))
  const secretOf = new Map(keys.map((it) => [hexUpper(it.publicKey), it.secret]))
  const validatorsHash = ValidatorSet.hash(validators)
  const consensusHash = sha256(utf8('aitbc devnet consensus parameters'))
  const history = createHistory()
  const wasm = createWasmModule()
  const modules = { wasm, htlc }
  const blocks: Block[] = []
  const byHash = new Map<string, Included>()
  const waiting = new Map<string, Uint8Array>()
  // The mempool's own view: the newest state, and what waiting transactions take from it.
  let checked = history.at(0)?.branch()

  const base = (height: number, time: bigint, state: Context['state']) => ({
    ...{ chainId, prefix, height: BigInt(height), time, state },
  })
  const lastTime = (): bigint => blocks.at(-1)?.header.time ?? 0n
  const contextAt = (height: number): Context | undefined => {
    const state = history.at(height)
    return state === undefined
      ? undefined
      : {
          ...base(height, blocks[height - 1]?.header.time ?? 0n, state.branch()),
          ...{ gas: gasOf(QUERY_GAS), events: [], depth: 0 },
        }
  }
  const check = (bytes: Uint8Array): Result =>
    run(base(blocks.length + 1, lastTime(), checked as Context['state']), modules, rules, bytes, 'check')

  function commitFor(id: BlockId.BlockId, height: bigint, time: bigint): Commit.Commit {
    const signer = Vote.signer(chainId, { type: 'precommit', height, round: 0n, blockId: id })
    // The last of four or more is away, as one of so many always is.
    const signatures = validators.map(({ publicKey }, index): Commit.CommitSig => {
      if (count > 3 && index === count - 1) return { flag: 'absent' }
      const secret = secretOf.get(hexUpper(publicKey)) as Uint8Array
      const address = ValidatorSet.addressOf(publicKey)
      return { flag: 'commit', address, time, signature: ed25519.sign(signer(time), secret) }
    })
    return { height, round: 0, blockId: id, signatures }
  }

  return {
    chainId,
    prefix,
    validators,
    height: () => blocks.length,
    block: (height) => blocks[height - 1],
    transaction: (hash) => byHash.get(hash),
    transactions: () => [...byHash.values()],
    pending: () => [...waiting.values()],
    submit: (bytes) => {
      const hash = hexUpper(sha256(bytes))
      if (waiting.has(hash) || byHash.has(hash)) {
        const { codespace, code, message } = sdk('tx already in mempool', hash)
        return {
          ...{ hash, codespace, code, log: message, data: EMPTY, events: [] },
          ...{ gasWanted: 0n, gasUsed: 0n },
        }
      }
      const result = check(bytes)
      if (result.code === 0) waiting.set(hash, bytes)
      return { ...result, hash }
    },
    mine: (time, gifts = []) => {
      const height = blocks.length + 1
      const previous = blocks.at(-1)
      const included: Included[] = []
      const queue = [...waiting]
      waiting.clear()
      history.commit((state) => {
        const context = base(height, time, state)
        if (htlc) Htlc.beginBlock({ ...context, gas: gasOf(QUERY_GAS), events: [], depth: 0 })
        for (const { to, coins } of gifts)
          Bank.mint({ ...context, gas: gasOf(QUERY_GAS), events: [], depth: 0 }, to, coins)
        for (const [index, [hash, bytes]] of queue.entries()) {
          const result = run(context, modules, rules, bytes, 'deliver')
          included.push({ hash, height, index, bytes, result })
        }
      })
      checked = history.at(height)?.branch()
      const proposer = validators[height % count]?.publicKey ?? EMPTY
      const header: Header.Header = {
        version: { block: Header.BLOCK_PROTOCOL, app: 0n },
        chainId,
        height: BigInt(height),
        time,
        lastBlockId: previous?.id ?? { hash: EMPTY, parts: { total: 0, hash: EMPTY } },
        lastCommitHash: previous === undefined ? MerkleTree.root([]) : Commit.hash(previous.commit),
        dataHash: MerkleTree.root(included.map((it) => sha256(it.bytes))),
        validatorsHash,
        nextValidatorsHash: validatorsHash,
        consensusHash,
        appHash: history.appHash(height - 1),
        lastResultsHash: MerkleTree.root((previous?.transactions ?? []).map((it) => encodeResult(it.result))),
        evidenceHash: MerkleTree.root([]),
        proposerAddress: ValidatorSet.addressOf(proposer),
      }
      // Parts of the block as this node writes it, which is not CometBFT's encoding: nothing is sent to peers.
      const whole = concat(
        Header.encode(header),
        ...included.map((it) => delimited(it.bytes)),
        u64(BigInt(height)),
      )
      const parts = Array.from({ length: Math.ceil(whole.length / PART_SIZE) }, (_, i) =>
        whole.slice(i * PART_SIZE, (i + 1) * PART_SIZE),
      )
      const id = { hash: Header.hash(header), parts: { total: parts.length, hash: MerkleTree.root(parts) } }
      const block: Block = {
        header,
        id,
        commit: commitFor(id, header.height, time + Timestamp.SECOND / 10n),
        transactions: included,
        lastCommit: previous?.commit,
      }
      blocks.push(block)
      for (const it of included) byHash.set(it.hash, it)
      return block
    },
    query: (path, data, height) => {
      const context = contextAt(height)
      if (context === undefined) throw sdk('invalid request', `no state of height ${height}`)
      return Queries.answer(path, data, {
        context,
        wasm,
        htlc,
        simulate: (bytes) =>
          run(
            // As the Cosmos SDK does: behind what waits.
            base(blocks.length + 1, lastTime(), (checked ?? context.state).branch()),
            modules,
            rules,
            bytes,
            'simulate',
          ),
      })
    },
    stored: (store, key, height) => {
      const state = history.at(height)
      if (state === undefined) return undefined
      return { value: state.get(store, key), proofs: history.prove(height, store, key) }
    },
    balance: (address, denom) => {
      const context = contextAt(blocks.length)
      return context === undefined ? 0n : Bank.balance(context, address, denom)
    },
  }
}

/** The deterministic part of `ExecTxResult`, which `last_results_hash` covers: code, data, gas wanted and used. */
export function encodeResult({ code, data, gasWanted, gasUsed }: Result): Uint8Array {
  const integer = (field: number, value: bigint) =>
    value === 0n ? EMPTY : concat([field << 3], varint(value))
  return concat(
    integer(1, BigInt(code)),
    data.length === 0 ? EMPTY : concat([0x12], delimited(data)),
    integer(5, gasWanted),
    integer(6, gasUsed),
  )
}
