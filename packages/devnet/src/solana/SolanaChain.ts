import { Bytes } from '@aitbc/core'
import type { StakeTable, TransactionEvidence } from '@aitbc/proofs/solana'
import type * as Kit from '@solana/kit'
import type * as LiteSvm from 'litesvm'
import { DevnetErrors } from '../errors.js'
import { bigint, integer, refuse } from '../internal/guards.js'
import * as Evidence from './evidence.js'
import * as History from './history.js'
import * as Instructions from './instructions.js'
import { u64 } from './instructions.js'
import * as Keys from './keys.js'
import * as Ledger from './ledger.js'
import * as Loader from './loader.js'
import type { SolanaTokenOptions } from './mints.js'
import * as Mints from './mints.js'
import * as Runtime from './runtime.js'
import * as Tokens from './tokens.js'
import * as Tower from './tower.js'

/** How a local Solana chain is made. */
export interface SolanaOptions {
  /** Lamports of each validator's stake; four of equal stake unless told. */
  readonly stakes?: readonly bigint[]
  /** All keys derive from it; 32 bytes. */
  readonly seed?: Uint8Array
  /** Unix seconds of the first slot, which slots of 400 ms follow; or a clock that says the time of a slot when it begins. */
  readonly time?: bigint | (() => bigint)
  /** Ticks of a slot (64 on mainnet); 4 unless told. */
  readonly ticks?: number
  /** Hashes of a tick (62,500 on mainnet); 16 unless told. */
  readonly hashesPerTick?: number
}

/** What became of a transaction. */
export interface SolanaReceipt {
  readonly signature: string
  readonly slot: bigint
  /** What the runtime said where it failed: a failed transaction stands in its block as well. */
  readonly error: string | undefined
  readonly logs: readonly string[]
}

/** A block that is done. */
export interface SolanaBlock {
  readonly bank: History.Bank
  readonly entries: readonly History.Entry[]
  /** Whole transactions, in order. */
  readonly transactions: readonly Uint8Array[]
  /** The votes for this block, by validator; they stand in the next one. */
  readonly votes: readonly Uint8Array[]
}

/** Options of {@link SolanaChain.produce}. */
export interface ProduceOptions {
  /** `withheld`: the validators don't vote, so the blocks are not confirmed and can still be abandoned. Default: `cast`. */
  readonly votes?: 'cast' | 'withheld'
}

/** Options of {@link SolanaChain.reorg}. */
export interface SolanaReorgOptions {
  /** Blocks without votes to abandon, beside the open slot; all of them by default. */
  readonly depth?: number
  /** Signatures of transactions that don't come again, or `all` of them. */
  readonly drop?: 'all' | readonly string[]
}

/**
 * A local Solana chain of one process: agave's runtime (litesvm) executes, and entries, proof of history, bank hashes and votes are made as
 * validators make them. No network, no stake program: the stakes are what the options say, and all validators vote for one fork at a time.
 * The lattice hash sums what this chain wrote, not what litesvm's genesis holds.
 */
export interface SolanaChain {
  readonly svm: LiteSvm.LiteSVM
  readonly kit: typeof Kit
  /** The slot that is being filled. */
  slot(): bigint
  /** Unix seconds of that slot. */
  time(): bigint
  /** The hash of the last block that is done, in base58: lifetime of transactions for 150 slots. */
  latestBlockhash(): string
  /** Gives lamports to an account outside of any block, as a genesis does. */
  fund(address: string, lamports: bigint): void
  /** Sends lamports from an account that the chain holds: a transaction like any other, and a fact to be proved. */
  pay(address: string, lamports: bigint): Promise<SolanaReceipt>
  /**
   * Deploys a program through the upgradeable loader, as a cluster would, with nobody left to upgrade it; it can be called from the next
   * slot on, which begins here. Gives its address. Errors: `SolanaRejected` (6019), such as for a program that the loader can't run.
   */
  deploy(program: Uint8Array): Promise<string>
  /** Makes a test token; gives the address of its mint. Errors: `SolanaRejected` (6019), such as for extensions that don't go together. */
  createToken(options?: SolanaTokenOptions): Promise<string>
  /** Mints units of a test token to an owner's associated token account, which is made where it isn't there; gives its address. */
  mintTo(token: string, owner: string, amount: bigint): Promise<string>
  /** Signs a transaction of instructions by the fee payer and by their own signers; it lives for 150 slots. */
  compile(payer: Kit.KeyPairSigner, instructions: readonly Kit.Instruction[]): Promise<Uint8Array>
  /** Executes a transaction in the current slot. Errors: `SolanaRejected` (6019) where it can't stand in a block. */
  send(transaction: Uint8Array): SolanaReceipt
  /** Closes so many slots, with the validators' votes for each; one unless told. */
  produce(slots?: number, options?: ProduceOptions): Promise<void>
  /** Closes the slot; from the next one on, the clock shows so many seconds more. */
  advance(seconds: bigint): Promise<void>
  /**
   * Abandons the open slot, and blocks that nobody voted for: another fork follows, in later slots. Their transactions are executed in it
   * again as far as they still can, but for those in `drop`. What was voted for by all stays: on Solana, confirmed blocks go only where a third
   * of the stake is slashable. Errors: `ReorgFailed` (6011).
   */
  reorg(options?: SolanaReorgOptions): Promise<void>
  /** A block that is done, if there is one. */
  block(slot: bigint): SolanaBlock | undefined
  /** Who votes, for `LightClient.trust`. */
  stakeTable(options?: { readonly expires?: bigint }): StakeTable.StakeTable
  /** The evidence that a transaction stands in a rooted block; closes slots until it is. Errors: `SolanaRejected` (6019). */
  prove(signature: string): Promise<TransactionEvidence.TransactionEvidence>
}

const ASSOCIATED = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL'
const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111'
const VOTE = 'Vote111111111111111111111111111111111111111'
const RENT = 'SysvarRent111111111111111111111111111111111'
const CLOCK = 'SysvarC1ock11111111111111111111111111111111'
const VOTE_ACCOUNT_SIZE = 3762n
/** Slots in which a block becomes rooted, whatever was skipped before. */
const MOST_ROOTING = 100
/** Slots that are closed at once. */
const MOST_SLOTS = 10_000
const SOL = 1_000_000_000n
/** What the chain's own account has; litesvm's faucet has 1,000,000 SOL. */
const PURSE = 500_000n * SOL

/** What lies behind a chain, for the server in front of it: blocks, accounts and views, and its actions without a turn of the event loop. */
export interface Inside {
  readonly ledger: Ledger.Ledger
  readonly pay: (address: string, lamports: bigint) => SolanaReceipt
  readonly produce: (slots: number) => void
}

const insides = new WeakMap<SolanaChain, Inside>()

export function insideOf(chain: SolanaChain): Inside {
  return insides.get(chain) as Inside
}

/**
 * Starts a local Solana chain. It needs litesvm's native binding for this platform: `SolanaUnavailable` (6018) where there is none.
 *
 * @example
 * import { createSolanaChain } from '@aitbc/devnet'
 * const chain = await createSolanaChain()
 * await chain.produce(2)
 * chain.slot() // 3n
 */
export async function createSolanaChain(options: SolanaOptions = {}): Promise<SolanaChain> {
  const { stakes = [SOL, SOL, SOL, SOL], time = 1_700_000_000n, ticks = 4, hashesPerTick = 16 } = options
  const seed = options.seed ?? new Uint8Array(32)
  if (stakes.length === 0) refuse('stakes', 'one or more validators', stakes)
  if (seed.length !== 32) refuse('seed', '32 bytes', seed)
  integer(ticks, 'ticks', 1, 64)
  integer(hashesPerTick, 'hashesPerTick', 3, 62_500)
  const libraries = await Runtime.load()
  const { kit, litesvm } = libraries
  let skipped = 0n
  const timeOf = (slot: bigint) => skipped + (typeof time === 'bigint' ? time + (slot * 2n) / 5n : time())
  const ledger = Ledger.create(libraries, { seed, ticks, hashesPerTick, timeOf })
  const { svm } = ledger
  const build = Instructions.create(kit, (size) => svm.minimumBalanceForRentExemption(size))
  const { encode, decode, meta, call, createAccount } = build
  const key = (name: string) => Keys.derive(seed, name)
  const validators = stakes.map((stake, index) => ({
    stake,
    node: key(`node ${index}`),
    account: key(`vote account ${index}`),
    voter: key(`voter ${index}`),
  }))
  const purse = key('purse')
  const purseAddress = encode(purse.publicKey)
  const { READONLY, WRITABLE, READONLY_SIGNER, WRITABLE_SIGNER } = kit.AccountRole

  const latestBlockhash = () => ledger.view('processed').last.hash
  const own = (signers: readonly Keys.Key[], instructions: readonly Kit.Instruction[]) =>
    Ledger.assemble(kit, signers, instructions, latestBlockhash())
  function send(bytes: Uint8Array, by?: 'vote' | 'payment'): SolanaReceipt {
    const read = Runtime.parse(bytes)
    if (!read.ok)
      throw DevnetErrors.SolanaRejected(`no transaction: ${read.refusal.message}`, { ...read.refusal })
    const it = Runtime.parsed(bytes, read.value)
    const result = ledger.execute(it, by === undefined ? {} : { own: by })
    if ('refused' in result) throw Ledger.rejected(result.refused, result.error, it)
    const { signature, slot, error, logs } = result.executed
    return { signature, slot, error, logs }
  }
  /** Sends what the chain makes itself, and must succeed. */
  function must(what: string, bytes: Uint8Array, by: 'vote' | 'payment'): SolanaReceipt {
    const receipt = send(bytes, by)
    if (receipt.error !== undefined)
      throw DevnetErrors.SolanaRejected(`${what}: ${receipt.error}`, { logs: receipt.logs })
    return receipt
  }

  let tokens = 0
  let payments = 0
  /** Sets a limit of compute units that no payment had before: equal transactions would be one and the same. */
  const nextLimit = () =>
    Bytes.concat(Uint8Array.of(2), u64(BigInt(300_000 + (payments++ % 1_000_000))).subarray(0, 4))
  function pay(address: string, lamports: bigint): SolanaReceipt {
    const accounts = [meta(purseAddress, WRITABLE_SIGNER), meta(address, WRITABLE)]
    return send(
      own(
        [purse],
        [
          call(COMPUTE_BUDGET, [], nextLimit()),
          call(Runtime.SYSTEM, accounts, Uint8Array.of(2, 0, 0, 0), u64(lamports)),
        ],
      ),
      'payment',
    )
  }

  let tower: Tower.Tower = { lockouts: [], root: undefined }
  /** The votes for a slot, and what they root. */
  const votes = new Map<
    bigint,
    { readonly bytes: readonly Uint8Array[]; readonly root: bigint | undefined }
  >()
  function vote(): void {
    const { last } = ledger.view('processed')
    for (const bytes of votes.get(last.slot)?.bytes ?? [])
      must('the vote program refused a vote', bytes, 'vote')
  }
  function close(cast: boolean): void {
    const block = ledger.close()
    if (!cast) return
    tower = Tower.vote(tower, block.slot)
    const data = Tower.towerSync(tower, {
      hash: block.bank.hash,
      blockId: History.sha256(block.bank.hash),
      timestamp: ledger.view('processed').time,
    })
    const bytes = validators.map(({ node, account, voter }) => {
      const accounts = [
        meta(encode(account.publicKey), WRITABLE),
        meta(encode(voter.publicKey), READONLY_SIGNER),
      ]
      return own([node, voter], [call(VOTE, accounts, data)])
    })
    votes.set(block.slot, { bytes, root: tower.root })
    vote()
    ledger.settle(block.slot, tower.root)
  }
  function produce(slots: number, { votes: how = 'cast' }: ProduceOptions): void {
    for (let i = 0; i < slots; i++) {
      const { slot } = ledger.view('processed')
      close(how === 'cast')
      ledger.emit({ kind: 'slot', slot: slot + 1n, parent: slot })
    }
  }
  const blockAt = (slot: bigint): SolanaBlock | undefined => {
    const block = ledger.block(slot)
    if (block === undefined || slot === 0n) return undefined
    const { bank, entries, executed } = block
    return {
      bank,
      entries,
      transactions: executed.map(({ bytes }) => bytes),
      votes: votes.get(slot)?.bytes ?? [],
    }
  }

  const chain: SolanaChain = {
    svm,
    kit,
    slot: () => ledger.view('processed').slot,
    time: () => ledger.view('processed').time,
    latestBlockhash,
    fund(address, lamports) {
      ledger.touch(address)
      const result = svm.airdrop(kit.address(address), kit.lamports(lamports))
      if (result === null || result instanceof litesvm.FailedTransactionMetadata)
        throw DevnetErrors.SolanaRejected('the faucet refused', { address, lamports })
    },
    async pay(address, lamports) {
      return pay(address, lamports)
    },
    async compile(payer, instructions) {
      const message = kit.pipe(
        kit.createTransactionMessage({ version: 'legacy' }),
        (it) => kit.setTransactionMessageFeePayerSigner(payer, it),
        (it) =>
          kit.setTransactionMessageLifetimeUsingBlockhash(
            { blockhash: kit.blockhash(latestBlockhash()), lastValidBlockHeight: 0n },
            it,
          ),
        (it) => kit.appendTransactionMessageInstructions(instructions, it),
      )
      const signed = await kit.signTransactionMessageWithSigners(message)
      return new Uint8Array(kit.getTransactionEncoder().encode(signed))
    },
    async deploy(program) {
      const name = `of ${encode(History.sha256(program))} in slot ${chain.slot()}`
      const at = key(`program ${name}`)
      const keys = { payer: purse, buffer: key(`buffer ${name}`), at }
      for (const { signers, instructions } of await Loader.steps(build, program, keys))
        must('the loader refused the program', own([purse, ...signers], instructions), 'payment')
      produce(1, {})
      return encode(at.publicKey)
    },
    async createToken(options = {}) {
      const mint = key(`token ${tokens++}`)
      const freezer = options.freezer === undefined ? undefined : decode(options.freezer)
      const { size, program, setups } = Mints.plan(options, purse.publicKey, freezer)
      const address = encode(mint.publicKey)
      must(
        'the token program refused the token',
        own(
          [purse, mint],
          [
            createAccount(purse, mint, size, program),
            ...setups.map((data) => call(program, [meta(address, WRITABLE)], data)),
          ],
        ),
        'payment',
      )
      return address
    },
    async mintTo(token, owner, amount) {
      const mint = ledger.account(token)
      const program = mint === undefined ? undefined : Tokens.tokenProgram(mint)
      if (program === undefined) return refuse('token', 'a token of this chain', token)
      const [holding] = await kit.getProgramDerivedAddress({
        programAddress: kit.address(ASSOCIATED),
        seeds: [owner, program, token].map(decode),
      })
      const readonly = [owner, token, Runtime.SYSTEM, program].map((it) => meta(it, READONLY))
      must(
        'the token program refused to mint',
        own(
          [purse],
          [
            call(COMPUTE_BUDGET, [], nextLimit()),
            // CreateIdempotent.
            call(
              ASSOCIATED,
              [meta(purseAddress, WRITABLE_SIGNER), meta(holding, WRITABLE), ...readonly],
              Uint8Array.of(1),
            ),
            call(
              program,
              [meta(token, WRITABLE), meta(holding, WRITABLE), meta(purseAddress, READONLY_SIGNER)],
              Uint8Array.of(7),
              u64(amount),
            ),
          ],
        ),
        'payment',
      )
      return holding
    },
    send: (bytes) => send(bytes),
    async produce(slots = 1, options = {}) {
      produce(integer(slots, 'slots', 0, MOST_SLOTS), options)
    },
    async advance(seconds) {
      skipped += bigint(seconds, 'seconds', 0n, 1n << 40n)
      produce(1, {})
    },
    async reorg({ depth, drop = [] } = {}) {
      const unconfirmed = ledger.view('processed').last.height - ledger.view('confirmed').height
      const gone = ledger.abandon(depth ?? Number(unconfirmed))
      vote()
      for (const it of gone) {
        if (it.vote || drop === 'all' || drop.includes(it.signature)) continue
        // What only a dropped one made possible is refused here, and lost.
        ledger.execute(it)
      }
      ledger.emit({ kind: 'reorg' })
    },
    block: blockAt,
    stakeTable: ({ expires = chain.time() + 172_800n } = {}) => ({
      epoch: 0n,
      slots: [0n, 431_999n],
      expires,
      total: stakes.reduce((sum, stake) => sum + stake, 0n),
      voters: validators.map(({ stake, account, voter }) => ({
        voteAccount: account.publicKey,
        authority: voter.publicKey,
        stake,
      })),
    }),
    async prove(signature) {
      const executed = ledger.executed(signature)
      if (executed === undefined)
        throw DevnetErrors.SolanaRejected('the chain has no such transaction', { signature })
      const { slot } = executed
      for (let i = 0; i < MOST_ROOTING && ledger.view('finalized').slot < slot; i++) produce(1, {})
      if (votes.get(slot) === undefined)
        throw DevnetErrors.SolanaRejected('nobody voted for the block of this transaction', {
          signature,
          slot,
        })
      const [rooting] = [...votes]
        .filter(([voted, { root }]) => voted > slot && root !== undefined && root >= slot)
        .map(([voted]) => voted)
      if (rooting === undefined)
        throw DevnetErrors.SolanaRejected('the block of this transaction is not rooted', { signature, slot })
      const path: SolanaBlock[] = []
      for (let at = slot; at <= rooting; at++) {
        const block = blockAt(at)
        if (block !== undefined) path.push(block)
      }
      return Evidence.from(path, decode(signature))
    },
  }
  insides.set(chain, { ledger, pay, produce: (slots) => produce(slots, {}) })
  chain.fund(purseAddress, PURSE)
  for (const { node, voter } of validators) {
    chain.fund(encode(node.publicKey), 1_000n * SOL)
    chain.fund(encode(voter.publicKey), SOL)
  }
  for (const { node, account, voter } of validators) {
    const init = call(
      VOTE,
      [
        meta(encode(account.publicKey), WRITABLE),
        meta(RENT, READONLY),
        meta(CLOCK, READONLY),
        meta(encode(node.publicKey), READONLY_SIGNER),
      ],
      Uint8Array.of(0, 0, 0, 0),
      node.publicKey,
      voter.publicKey,
      node.publicKey,
      Uint8Array.of(0),
    )
    must(
      'the vote program refused a vote account',
      own([node, account], [createAccount(node, account, VOTE_ACCOUNT_SIZE, VOTE), init]),
      'payment',
    )
  }
  return chain
}
