import { Bytes } from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/solana'
import type * as Kit from '@solana/kit'
import type * as LiteSvm from 'litesvm'
import { DevnetErrors } from '../errors.js'
import * as Failure from './Failure.js'
import * as History from './history.js'
import * as Lattice from './lattice.js'
import * as Runtime from './runtime.js'
import * as Tokens from './tokens.js'

/** How sure a reader wants to be: the slot that is being filled, a block that the votes confirmed, or one they rooted. */
export type Commitment = 'processed' | 'confirmed' | 'finalized'

/** A transaction that stands in a slot, failed or not. */
export interface Executed extends Runtime.Resolved, Runtime.Outcome {
  readonly slot: bigint
  readonly fee: bigint
  /** Whether a validator of this chain sent it as its vote. */
  readonly vote: boolean
  /** Accounts by the order of `keys`, before and after. */
  readonly before: readonly (Lattice.Account | undefined)[]
  readonly after: readonly (Lattice.Account | undefined)[]
  /** Decimals of the mints of its token accounts. */
  readonly decimals: ReadonlyMap<string, number>
}

/** A closed block. */
export interface Block {
  readonly slot: bigint
  readonly parent: bigint
  readonly height: bigint
  /** Unix seconds. */
  readonly time: bigint
  /** In base58. */
  readonly hash: string
  readonly bank: History.Bank
  readonly entries: readonly History.Entry[]
  readonly executed: readonly Executed[]
}

/** What a commitment sees. */
export interface View {
  readonly slot: bigint
  readonly height: bigint
  readonly time: bigint
  /** The last block at that commitment: its hash is the newest lifetime there. */
  readonly last: Block
}

/** What happens on the chain. */
export type Event =
  | { readonly kind: 'transaction'; readonly executed: Executed }
  | { readonly kind: 'slot'; readonly slot: bigint; readonly parent: bigint }
  | { readonly kind: 'reorg' }

/** A kept block with what it takes to undo it. */
interface Kept extends Block {
  readonly undo: ReadonlyMap<string, Lattice.Account | undefined>
  readonly lattice: Uint16Array
}

export interface LedgerOptions {
  readonly seed: Uint8Array
  readonly ticks: number
  readonly hashesPerTick: number
  /** Unix seconds of a slot. */
  readonly timeOf: (slot: bigint) => bigint
}

/** Blocks after which a blockhash is too old. */
export const MOST_AGE = 150n
/** Transactions of one entry. */
const BATCH = 8
const MOST_SLOT_HASHES = 512
/** Failures that keep a transaction from running and are charged for nevertheless (SIMD-0082). */
const CHARGED = ['ProgramAccountNotFound', 'InvalidProgramForExecution', 'MaxLoadedAccountsDataSizeExceeded']

/** The chain's blocks and accounts: executes, closes slots, remembers enough to look back and to undo what isn't confirmed. */
export type Ledger = ReturnType<typeof create>

export function create(libraries: Runtime.Libraries, options: LedgerOptions) {
  const { litesvm, kit } = libraries
  // Lifetimes, signatures and repetitions are judged here; litesvm knows one blockhash, and its history forgets no fork.
  const svm: LiteSvm.LiteSVM = new litesvm.LiteSVM()
    .withBlockhashCheck(false)
    .withSigverify(false)
    .withTransactionHistory(0n)
  const encode = (bytes: Uint8Array) => kit.getBase58Decoder().decode(bytes)
  const listeners = new Set<(event: Event) => void>()
  const emit = (event: Event) => {
    for (const listener of [...listeners]) listener(event)
  }

  /** Transactions of a slot: its last hash before a tick is the tick's own. */
  const capacity = (options.ticks * (options.hashesPerTick - 1) - 1) * BATCH
  let lattice = Lattice.empty()
  const genesis = History.bank({
    slot: 0n,
    parent: new Uint8Array(32),
    signatures: 0n,
    blockhash: History.sha256(options.seed),
    lattice: Lattice.bytes(lattice),
  })
  const first: Kept = {
    slot: 0n,
    parent: 0n,
    height: 0n,
    time: options.timeOf(0n),
    hash: encode(genesis.blockhash),
    bank: genesis,
    entries: [],
    executed: [],
    undo: new Map(),
    lattice,
  }
  const blocks = new Map<bigint, Kept>([[0n, first]])
  const heights = new Map([[first.hash, 0n]])
  const bySignature = new Map<string, Executed>()
  let slotHashes = [{ slot: 0n, hash: encode(genesis.hash) }]
  let last = first
  let confirmed = first
  let root = first
  let slot = 1n
  let time = options.timeOf(slot)
  let pending: Executed[] = []
  let before = new Map<string, Lattice.Account | undefined>()

  const read = (address: string) => Runtime.read(libraries, svm, address)
  const setClock = (at: bigint, unix: bigint) => {
    const clock = svm.getClock()
    clock.slot = at
    clock.unixTimestamp = unix
    svm.setClock(clock)
  }
  /** Begins a slot. */
  function open(at: bigint): void {
    slot = at
    pending = []
    before = new Map()
    refresh()
    svm.setSlotHashes(slotHashes)
  }
  /** The time of the open slot: never before its parent's. */
  function refresh(): void {
    const now = options.timeOf(slot)
    time = last.time
    if (now > time) time = now
    setClock(slot, time)
  }
  const touch = (address: string) => {
    if (before.has(address)) return
    const account = read(address)
    if (!Runtime.isSysvar(account)) before.set(address, account)
  }
  const view = (commitment: Commitment): View => {
    if (commitment === 'processed') return { slot, height: last.height + 1n, time, last }
    const block = commitment === 'confirmed' ? confirmed : root
    return { slot: block.slot, height: block.height, time: block.time, last: block }
  }
  /** What accounts were at a commitment where they differ from now. */
  function differing(commitment: Commitment): Map<string, Lattice.Account | undefined> {
    const out = new Map<string, Lattice.Account | undefined>()
    if (commitment === 'processed') return out
    for (const [address, was] of before) out.set(address, was)
    const { slot: at } = view(commitment)
    for (let block = last; block.slot > at; block = blocks.get(block.parent) as Kept)
      for (const [address, was] of block.undo) out.set(address, was)
    return out
  }
  function account(address: string, commitment: Commitment = 'processed'): Lattice.Account | undefined {
    if (commitment === 'processed') return read(address)
    const differs = differing(commitment)
    return differs.has(address) ? differs.get(address) : read(address)
  }
  /** Whether the next block on top of a view takes transactions of this blockhash. */
  function isRecent(blockhash: string, commitment: Commitment): boolean {
    const height = heights.get(blockhash)
    const top = view(commitment).last.height
    return height !== undefined && height <= top && top + 1n - height <= MOST_AGE
  }
  /** What becomes of a transaction before it runs: a failure, or whether its lifetime is a nonce. */
  function admit(
    it: Runtime.Resolved,
    commitment: Commitment,
  ): string | { readonly nonce: string | undefined } {
    const { message } = it.transaction
    const known = bySignature.get(it.signature)
    if (known !== undefined && known.slot <= view(commitment).slot) return 'AlreadyProcessed'
    if (isRecent(encode(message.lifetime), commitment)) return { nonce: undefined }
    const nonce = Runtime.nonceAccountOf(message)
    const next = Runtime.nextNonce(view(commitment).last.bank.blockhash)
    if (nonce === undefined || Bytes.equal(next, message.lifetime)) return 'BlockhashNotFound'
    return Runtime.isNonceOf(account(nonce, commitment), message) ? { nonce } : 'BlockhashNotFound'
  }

  /**
   * Executes a transaction in the open slot. A failure that keeps it out of the block is given back; one that it is charged for stands in
   * what was executed. Signatures are verified unless the chain made them itself.
   */
  function execute(
    it: Runtime.Parsed,
    how: { readonly own?: 'vote' | 'payment' } = {},
  ): { readonly executed: Executed } | { readonly refused: Failure.Failure; readonly error: string } {
    const refuse = (refused: Failure.Failure, error = Failure.describe(refused)) => ({ refused, error })
    if (how.own === undefined && !Transaction.verify(it.transaction).ok) return refuse('SignatureFailure')
    if (how.own === undefined && pending.length >= capacity) return refuse('WouldExceedMaxBlockCostLimit')
    if (!pending.some(({ vote }) => !vote)) refresh()
    const resolved = Runtime.resolve(it, slot, read)
    if (typeof resolved === 'string') return refuse(resolved)
    const admitted = admit(resolved, 'processed')
    if (typeof admitted === 'string') return refuse(admitted)
    return run(resolved, admitted.nonce, how.own === 'vote')
  }

  function run(it: Runtime.Resolved, nonce: string | undefined, vote: boolean) {
    const { message } = it.transaction
    const fee = Runtime.feeOf(message)
    const [payer] = it.keys as [string]
    const previous = it.keys.map(read)
    const result = svm.sendTransaction(Runtime.runnable(it, last.bank.blockhash, kit))
    const outcome = Runtime.outcomeOf(libraries, result)
    const { failure } = outcome
    if (failure !== null) {
      const charged = (read(payer)?.lamports ?? 0n) < (previous[0]?.lamports ?? 0n)
      if (!charged && !CHARGED.includes(Failure.nameOf(failure)))
        return { refused: failure, error: `the runtime refused the transaction: ${outcome.error}` }
      const rolledBack = new Map<string, Lattice.Account | undefined>()
      const [purse] = previous
      if (!charged && purse !== undefined) rolledBack.set(payer, { ...purse, lamports: purse.lamports - fee })
      // A nonce is used up by a failure as well (agave's rollback accounts).
      const used = nonce === undefined ? undefined : read(nonce)
      if (nonce !== undefined && used !== undefined)
        rolledBack.set(nonce, {
          ...Runtime.advanced(used, Runtime.nextNonce(last.bank.blockhash)),
          ...(nonce === payer && !charged ? { lamports: used.lamports - fee } : {}),
        })
      Runtime.write(libraries, svm, rolledBack)
    }
    const written = new Set(Runtime.writableKeys(it))
    it.keys.forEach((address, index) => {
      const was = previous[index]
      if (written.has(address) && !before.has(address) && !Runtime.isSysvar(was)) before.set(address, was)
    })
    const after = it.keys.map(read)
    const mints = new Set([...previous, ...after].flatMap((account) => Tokens.holding(account)?.mint ?? []))
    const executed: Executed = {
      ...it,
      ...outcome,
      slot,
      fee,
      vote,
      before: previous,
      after,
      decimals: new Map([...mints].map((mint) => [mint, Tokens.mint(read(mint))?.decimals ?? 0])),
    }
    bySignature.set(it.signature, executed)
    pending.push(executed)
    emit({ kind: 'transaction', executed })
    return { executed }
  }

  /** Runs a transaction on the state of a commitment and forgets it. */
  function simulate(
    it: Runtime.Parsed,
    commitment: Commitment,
    how: { readonly signatures: boolean; readonly lifetime: boolean },
  ): Runtime.Outcome & {
    readonly resolved: Runtime.Resolved | undefined
    readonly after: ReadonlyMap<string, Lattice.Account | undefined>
  } {
    const at = view(commitment)
    const refuse = (failure: Failure.Failure) => ({
      failure,
      error: Failure.describe(failure),
      logs: [],
      units: 0n,
      inner: [],
      returned: undefined,
      resolved: undefined,
      after: new Map(),
    })
    if (how.signatures && !Transaction.verify(it.transaction).ok) return refuse('SignatureFailure')
    const differs = differing(commitment)
    const past = (address: string) => (differs.has(address) ? differs.get(address) : read(address))
    const resolved = Runtime.resolve(it, at.slot, past)
    if (typeof resolved === 'string') return refuse(resolved)
    const admitted = how.lifetime ? admit(resolved, commitment) : undefined
    if (typeof admitted === 'string') return refuse(admitted)
    const now = new Map([...differs].map(([address]) => [address, read(address)] as const))
    Runtime.write(libraries, svm, differs)
    setClock(at.slot, at.time)
    try {
      const result = svm.simulateTransaction(Runtime.runnable(resolved, at.last.bank.blockhash, kit))
      const accounts =
        result instanceof litesvm.FailedTransactionMetadata
          ? []
          : result.postAccounts().map(Runtime.accountOf)
      const after = new Map(accounts.map((it) => [encode(it.address), it.lamports === 0n ? undefined : it]))
      return { ...Runtime.outcomeOf(libraries, result), resolved, after }
    } finally {
      Runtime.write(libraries, svm, now)
      setClock(slot, time)
    }
  }

  /** Closes the open slot and opens the next one. */
  function close(): Block {
    const batches: Uint8Array[][] = []
    const signatures = pending.map((it) => it.transaction.signatures.map((bytes) => Uint8Array.from(bytes)))
    for (let i = 0; i < signatures.length; i += BATCH) batches.push(signatures.slice(i, i + BATCH).flat())
    const { ticks, hashesPerTick } = options
    if (batches.length >= ticks * (hashesPerTick - 1))
      throw DevnetErrors.SolanaRejected('the slot is too full for its ticks', { slot })
    const entries = History.slotEntries(last.bank.blockhash, batches, { ticks, hashesPerTick })
    const was = lattice
    lattice = was.slice()
    for (const [address, account] of before) {
      Lattice.mix(lattice, account, -1)
      Lattice.mix(lattice, read(address), 1)
    }
    const bank = History.bank({
      slot,
      parent: last.bank.hash,
      signatures: BigInt(signatures.flat().length),
      blockhash: (entries.at(-1) as History.Entry).hash,
      lattice: Lattice.bytes(lattice),
    })
    const block: Kept = {
      slot,
      parent: last.slot,
      height: last.height + 1n,
      time,
      hash: encode(bank.blockhash),
      bank,
      entries,
      executed: pending,
      undo: before,
      lattice: was,
    }
    blocks.set(slot, block)
    heights.set(block.hash, block.height)
    slotHashes = [{ slot, hash: encode(bank.hash) }, ...slotHashes].slice(0, MOST_SLOT_HASHES)
    last = block
    open(slot + 1n)
    return block
  }

  /** Notes what the validators voted for, and what that roots. */
  function settle(voted: bigint, rooted: bigint | undefined): void {
    confirmed = blocks.get(voted) ?? confirmed
    const next = rooted === undefined ? undefined : blocks.get(rooted)
    if (next === undefined || next.slot <= root.slot) return
    for (let block = next; block.slot > root.slot; block = blocks.get(block.parent) as Kept)
      blocks.set(block.slot, { ...block, undo: new Map() })
    root = blocks.get(next.slot) as Kept
  }

  /** Abandons the open slot and so many closed ones on top of the last confirmed: their transactions, in order. */
  function abandon(depth: number): readonly Executed[] {
    const gone = [pending]
    const unconfirmed = last.height - confirmed.height
    if (BigInt(depth) > unconfirmed)
      throw DevnetErrors.ReorgFailed(`${depth} blocks can't be abandoned: ${unconfirmed} aren't confirmed`, {
        depth,
        slot: last.slot,
        confirmed: confirmed.slot,
      })
    Runtime.write(libraries, svm, before)
    for (let i = 0; i < depth; i++) {
      gone.unshift([...last.executed])
      Runtime.write(libraries, svm, last.undo)
      lattice = last.lattice
      blocks.delete(last.slot)
      heights.delete(last.hash)
      slotHashes = slotHashes.slice(1)
      last = blocks.get(last.parent) as Kept
    }
    const transactions = gone.flat()
    for (const { signature } of transactions) bySignature.delete(signature)
    open(slot + 1n)
    return transactions
  }

  /** All accounts of a program at a commitment. */
  function programAccounts(program: string, commitment: Commitment): ReadonlyMap<string, Lattice.Account> {
    const out = new Map<string, Lattice.Account>()
    for (const found of svm.getProgramAccounts(kit.address(program)))
      if (found.lamports > 0n) out.set(found.address, Runtime.accountOf(found))
    for (const [address, was] of differing(commitment)) {
      out.delete(address)
      if (was !== undefined && encode(was.owner) === program) out.set(address, was)
    }
    return out
  }

  open(1n)
  return {
    libraries,
    svm,
    genesisHash: first.hash,
    view,
    account,
    programAccounts,
    touch,
    isRecent,
    execute,
    simulate,
    close,
    settle,
    abandon,
    refresh,
    emit,
    /** Tells of what happens from now on; gives what ends that. */
    listen: (listener: (event: Event) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    block: (at: bigint): Block | undefined => blocks.get(at),
    executed: (signature: string): Executed | undefined => bySignature.get(signature),
    /** All transactions, oldest first. */
    transactions: (): readonly Executed[] => [...bySignature.values()],
    heightOf: (blockhash: string): bigint | undefined => heights.get(blockhash),
    pending: (): readonly Executed[] => pending,
    parentOf: (at: bigint): Block | undefined => blocks.get(blocks.get(at)?.parent ?? -1n),
  }
}

/** An error that says why a transaction can't stand in a block. */
export function rejected(failure: Failure.Failure, error: string, it: Runtime.Parsed) {
  return DevnetErrors.SolanaRejected(
    error === Failure.describe(failure) ? `the chain refused the transaction: ${error}` : error,
    { signature: it.signature, failure },
  )
}

/** Signs a transaction of instructions at once. */
export function assemble(
  kit: typeof Kit,
  signers: readonly { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array }[],
  instructions: readonly Kit.Instruction[],
  blockhash: string,
): Uint8Array {
  const encode = (bytes: Uint8Array) => kit.address(kit.getBase58Decoder().decode(bytes))
  const keys = new Map(signers.map((it) => [encode(it.publicKey), it]))
  const [payer] = keys.keys()
  const compiled = kit.compileTransactionMessage(
    kit.pipe(
      kit.createTransactionMessage({ version: 'legacy' }),
      (it) => kit.setTransactionMessageFeePayer(payer as Kit.Address, it),
      (it) =>
        kit.setTransactionMessageLifetimeUsingBlockhash(
          { blockhash: kit.blockhash(blockhash), lastValidBlockHeight: 0n },
          it,
        ),
      (it) => kit.appendTransactionMessageInstructions(instructions, it),
    ),
  )
  const message = new Uint8Array(kit.getCompiledTransactionMessageEncoder().encode(compiled))
  const signatures = compiled.staticAccounts
    .slice(0, compiled.header.numSignerAccounts)
    .map((address) => keys.get(address)?.sign(message) ?? new Uint8Array(64))
  return Bytes.concat(Uint8Array.of(signatures.length), ...signatures, message)
}
