import { Bytes } from '@aitbc/core'
import type { StakeTable, TransactionEvidence } from '@aitbc/proofs/solana'
import type * as Kit from '@solana/kit'
import type * as LiteSvm from 'litesvm'
import { DevnetErrors } from '../errors.js'
import * as History from './history.js'
import * as Lattice from './lattice.js'
import * as Tower from './tower.js'

/** How a local Solana chain is made. */
export interface SolanaOptions {
  /** Lamports of each validator's stake; four of equal stake unless told. */
  readonly stakes?: readonly bigint[]
  /** All keys derive from it; 32 bytes. */
  readonly seed?: Uint8Array
  /** Unix seconds of the first slot. */
  readonly time?: bigint
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

/**
 * A local Solana chain of one process: agave's runtime (litesvm) executes, and entries, proof of history, bank hashes and votes are made as
 * validators make them. One fork, no network, no stake program: the stakes are what the options say. The lattice hash sums what this chain
 * wrote, not what litesvm's genesis holds.
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
  /** Signs a transaction of instructions by the fee payer and by their own signers; it lives for 150 slots. */
  compile(payer: Kit.KeyPairSigner, instructions: readonly Kit.Instruction[]): Promise<Uint8Array>
  /** Executes a transaction in the current slot. Errors: `SolanaRejected` (6019) where it can't stand in a block. */
  send(transaction: Uint8Array): SolanaReceipt
  /** Closes so many slots, with the validators' votes for each; one unless told. */
  produce(slots?: number): Promise<void>
  /** A block that is done, if there is one. */
  block(slot: bigint): SolanaBlock | undefined
  /** Who votes, for `LightClient.trust`. */
  stakeTable(options?: { readonly expires?: bigint }): StakeTable.StakeTable
  /** The evidence that a transaction stands in a rooted block; closes slots until it is. Errors: `SolanaRejected` (6019). */
  prove(signature: string): Promise<TransactionEvidence.TransactionEvidence>
}

const SYSTEM = '11111111111111111111111111111111'
const VOTE = 'Vote111111111111111111111111111111111111111'
const LOADER = 'BPFLoaderUpgradeab1e11111111111111111111111'
const RENT = 'SysvarRent111111111111111111111111111111111'
const CLOCK = 'SysvarC1ock11111111111111111111111111111111'
/** Bytes of a program's account, and of what stands before the code in a buffer. */
const PROGRAM_SIZE = 36n
const BUFFER_HEAD = 37
/** Bytes of a program in one transaction. */
const CHUNK = 900
const VOTE_ACCOUNT_SIZE = 3762n
/** Transactions of one entry. */
const BATCH = 8
/** Blockhashes that transactions may name. */
const WINDOW = 150
/** Slots after which a vote has a slot as root. */
const ROOTED_AFTER = 31n
const SOL = 1_000_000_000n

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
  const { litesvm, kit } = await load()
  const svm = new litesvm.LiteSVM().withBlockhashCheck(false)
  const encode = (bytes: Uint8Array) => kit.getBase58Decoder().decode(bytes)
  const decode = (text: string) => new Uint8Array(kit.getBase58Encoder().encode(text))
  const signer = (name: string) =>
    kit.createKeyPairSignerFromPrivateKeyBytes(History.sha256(seed, new TextEncoder().encode(name)))
  const validators = await Promise.all(
    stakes.map(async (stake, index) => ({
      stake,
      node: await signer(`node ${index}`),
      account: await signer(`vote account ${index}`),
      voter: await signer(`voter ${index}`),
    })),
  )
  const purse = await signer('purse')

  const blocks = new Map<bigint, SolanaBlock>()
  const receipts = new Map<string, SolanaReceipt>()
  const lattice = Lattice.empty()
  const genesis = History.bank({
    slot: 0n,
    parent: new Uint8Array(32),
    signatures: 0n,
    blockhash: History.sha256(seed),
    lattice: Lattice.bytes(lattice),
  })
  let slot = 1n
  let last = genesis
  let tower: Tower.Tower = { slots: [], root: undefined }
  let pending: { bytes: Uint8Array; signatures: readonly Uint8Array[] }[] = []
  /** What accounts were before the slot wrote them. */
  let before = new Map<string, Lattice.Account | undefined>()
  const recent = [encode(genesis.blockhash)]

  const account = (address: string): Lattice.Account | undefined => {
    const found = svm.getAccount(kit.address(address))
    if (!found.exists) return undefined
    const { lamports, data, executable, programAddress } = found
    return {
      address: decode(address),
      lamports,
      data: Uint8Array.from(data),
      executable,
      owner: decode(programAddress),
    }
  }
  const touch = (address: string) => {
    if (!before.has(address)) before.set(address, account(address))
  }
  const setClock = () => {
    const clock = svm.getClock()
    clock.slot = slot
    clock.unixTimestamp = now()
    svm.setClock(clock)
  }
  /** Slots of 400 ms. */
  const now = () => time + (slot * 2n) / 5n
  const rejected = (message: string, context: Record<string, unknown>) =>
    DevnetErrors.SolanaRejected(message, context)

  function send(bytes: Uint8Array): SolanaReceipt {
    const transaction = kit.getTransactionDecoder().decode(bytes)
    const message = kit.getCompiledTransactionMessageDecoder().decode(transaction.messageBytes)
    if (!('lifetimeToken' in message) || !recent.includes(message.lifetimeToken as string))
      throw rejected('the transaction names no recent blockhash', { recent: recent.at(-1) })
    const signatures = Object.values(transaction.signatures).map(
      (it) => new Uint8Array(it ?? new Uint8Array(64)),
    )
    const signature = encode(signatures[0] as Uint8Array)
    if (receipts.has(signature)) throw rejected('the transaction was processed already', { signature })
    const accounts = 'staticAccounts' in message ? message.staticAccounts : []
    for (const address of accounts) touch(address)
    svm.expireBlockhash()
    const result = svm.sendTransaction(transaction)
    const failed = result instanceof litesvm.FailedTransactionMetadata
    const meta = failed ? result.meta() : result
    const error = failed ? String(result.err()) : undefined
    // An error of an instruction is charged for and stands in the block; any other keeps the transaction out.
    if (failed && !/InstructionError/.test(result.err()?.constructor?.name ?? ''))
      throw rejected(`the runtime refused the transaction: ${result.toString()}`, { signature })
    const receipt = { signature, slot, error, logs: meta.logs() }
    receipts.set(signature, receipt)
    pending.push({ bytes, signatures })
    return receipt
  }

  async function close(): Promise<void> {
    const batches: Uint8Array[][] = []
    for (let i = 0; i < pending.length; i += BATCH)
      batches.push(pending.slice(i, i + BATCH).flatMap(({ signatures }) => signatures))
    if (batches.length >= ticks * (hashesPerTick - 1))
      throw rejected('the slot is too full for its ticks', { slot })
    const entries = History.slotEntries(last.blockhash, batches, { ticks, hashesPerTick })
    for (const [address, was] of before) {
      Lattice.mix(lattice, was, -1)
      Lattice.mix(lattice, account(address), 1)
    }
    const bank = History.bank({
      slot,
      parent: last.hash,
      signatures: BigInt(pending.reduce((sum, { signatures }) => sum + signatures.length, 0)),
      blockhash: (entries.at(-1) as History.Entry).hash,
      lattice: Lattice.bytes(lattice),
    })
    const transactions = pending.map(({ bytes }) => bytes)
    pending = []
    before = new Map()
    last = bank
    recent.push(encode(bank.blockhash))
    if (recent.length > WINDOW) recent.shift()
    slot++
    setClock()
    const hashes = [bank, ...[...blocks.values()].map((it) => it.bank).reverse()].slice(0, 512)
    svm.setSlotHashes(hashes.map((it) => ({ slot: it.slot, hash: encode(it.hash) })))
    tower = Tower.vote(tower, bank.slot)
    const data = Tower.towerSync(tower, {
      hash: bank.hash,
      blockId: History.sha256(bank.hash),
      timestamp: now(),
    })
    const votes = await Promise.all(
      validators.map(({ node, account: at, voter }) =>
        compile(node, [
          {
            programAddress: kit.address(VOTE),
            accounts: metas(
              { address: at.address, role: kit.AccountRole.WRITABLE },
              { address: voter.address, role: kit.AccountRole.READONLY_SIGNER, signer: voter },
            ),
            data,
          },
        ]),
      ),
    )
    blocks.set(bank.slot, { bank, entries, transactions, votes })
    for (const vote of votes) {
      const { error } = send(vote)
      if (error !== undefined)
        throw rejected(`the vote program refused a vote: ${error}`, { slot: bank.slot })
    }
  }

  async function compile(
    payer: Kit.KeyPairSigner,
    instructions: readonly Kit.Instruction[],
  ): Promise<Uint8Array> {
    const message = kit.pipe(
      kit.createTransactionMessage({ version: 'legacy' }),
      (it) => kit.setTransactionMessageFeePayerSigner(payer, it),
      (it) =>
        kit.setTransactionMessageLifetimeUsingBlockhash(
          { blockhash: kit.blockhash(recent.at(-1) as string), lastValidBlockHeight: slot + BigInt(WINDOW) },
          it,
        ),
      (it) => kit.appendTransactionMessageInstructions(instructions, it),
    )
    const signed = await kit.signTransactionMessageWithSigners(message)
    return new Uint8Array(kit.getTransactionEncoder().encode(signed))
  }

  const chain: SolanaChain = {
    svm,
    kit,
    slot: () => slot,
    time: now,
    latestBlockhash: () => recent.at(-1) as string,
    fund(address, lamports) {
      touch(address)
      const result = svm.airdrop(kit.address(address), kit.lamports(lamports))
      if (result === null || result instanceof litesvm.FailedTransactionMetadata)
        throw rejected('the faucet refused', { address, lamports })
    },
    async pay(address, lamports) {
      const data = Bytes.concat(Uint8Array.of(2, 0, 0, 0), u64(lamports))
      const accounts = metas(
        { address: purse.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: purse },
        { address: kit.address(address), role: kit.AccountRole.WRITABLE },
      )
      return send(await compile(purse, [{ programAddress: kit.address(SYSTEM), accounts, data }]))
    },
    compile,
    async deploy(program) {
      const key = (name: string) => signer(`${name} of ${encode(History.sha256(program))} in slot ${slot}`)
      const [buffer, at] = await Promise.all([key('buffer'), key('program')])
      const loader = kit.address(LOADER)
      const [data] = await kit.getProgramDerivedAddress({
        programAddress: loader,
        seeds: [decode(at.address)],
      })
      const own = { address: purse.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: purse }
      const writable = (address: Kit.Address) => ({ address, role: kit.AccountRole.WRITABLE })
      const readonly = (address: string) => ({
        address: kit.address(address),
        role: kit.AccountRole.READONLY,
      })
      const create = (account: Kit.KeyPairSigner, size: bigint): Kit.Instruction => ({
        programAddress: kit.address(SYSTEM),
        accounts: metas(own, {
          address: account.address,
          role: kit.AccountRole.WRITABLE_SIGNER,
          signer: account,
        }),
        data: Bytes.concat(
          Uint8Array.of(0, 0, 0, 0),
          u64(svm.minimumBalanceForRentExemption(size)),
          u64(size),
          decode(LOADER),
        ),
      })
      const call = (
        accounts: readonly Kit.AccountMeta[],
        ...input: readonly Uint8Array[]
      ): Kit.Instruction => ({
        programAddress: loader,
        accounts,
        data: Bytes.concat(...input),
      })
      const tag = (value: number) => Uint8Array.of(value, 0, 0, 0)
      const done = async (...instructions: readonly Kit.Instruction[]) => {
        const { error, logs } = send(await compile(purse, instructions))
        if (error !== undefined) throw rejected(`the loader refused the program: ${error}`, { logs })
      }
      await done(
        create(buffer, BigInt(BUFFER_HEAD + program.length)),
        call(metas(writable(buffer.address), readonly(purse.address)), tag(0)),
      )
      for (let offset = 0; offset < program.length; offset += CHUNK) {
        const part = program.subarray(offset, offset + CHUNK)
        const place = Uint8Array.of(offset & 255, (offset >> 8) & 255, (offset >> 16) & 255, 0)
        await done(call(metas(writable(buffer.address), own), tag(1), place, u64(BigInt(part.length)), part))
      }
      await done(
        create(at, PROGRAM_SIZE),
        call(
          metas(
            own,
            writable(data),
            writable(at.address),
            writable(buffer.address),
            readonly(RENT),
            readonly(CLOCK),
            readonly(SYSTEM),
            own,
          ),
          tag(2),
          u64(BigInt(program.length)),
        ),
        // SetAuthority to nobody.
        call(metas(writable(data), own), tag(4)),
      )
      await close()
      return at.address
    },
    send,
    async produce(slots = 1) {
      for (let i = 0; i < slots; i++) await close()
    },
    block: (at) => blocks.get(at),
    stakeTable: ({ expires = now() + 172_800n } = {}) => ({
      epoch: 0n,
      slots: [0n, 431_999n],
      expires,
      total: stakes.reduce((sum, stake) => sum + stake, 0n),
      voters: validators.map(({ stake, account: at, voter }) => ({
        voteAccount: decode(at.address),
        authority: decode(voter.address),
        stake,
      })),
    }),
    async prove(signature) {
      const receipt = receipts.get(signature)
      if (receipt === undefined) throw rejected('the chain has no such transaction', { signature })
      const rooting = receipt.slot + ROOTED_AFTER
      while (!blocks.has(rooting)) await close()
      const path: SolanaBlock[] = []
      for (let at = receipt.slot; at <= rooting; at++) path.push(blocks.get(at) as SolanaBlock)
      return evidenceOf(path, signature, decode)
    },
  }
  setClock()
  chain.fund(purse.address, 100_000n * SOL)
  for (const { node, voter } of validators) {
    chain.fund(node.address, 100n * SOL)
    chain.fund(voter.address, SOL)
  }
  for (const { node, account: at, voter } of validators) {
    const lamports = svm.minimumBalanceForRentExemption(VOTE_ACCOUNT_SIZE)
    const key = (address: string) => decode(address)
    const create = Bytes.concat(
      Uint8Array.of(0, 0, 0, 0),
      u64(lamports),
      u64(VOTE_ACCOUNT_SIZE),
      decode(VOTE),
    )
    const init = Bytes.concat(
      Uint8Array.of(0, 0, 0, 0),
      key(node.address),
      key(voter.address),
      key(node.address),
      Uint8Array.of(0),
    )
    const readonly = (address: string) => ({ address: kit.address(address), role: kit.AccountRole.READONLY })
    const { error } = send(
      await compile(node, [
        {
          programAddress: kit.address(SYSTEM),
          accounts: metas(
            { address: node.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: node },
            { address: at.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: at },
          ),
          data: create,
        },
        {
          programAddress: kit.address(VOTE),
          accounts: metas(
            { address: at.address, role: kit.AccountRole.WRITABLE },
            readonly(RENT),
            readonly(CLOCK),
            { address: node.address, role: kit.AccountRole.READONLY_SIGNER, signer: node },
          ),
          data: init,
        },
      ]),
    )
    if (error !== undefined)
      throw rejected(`the vote program refused a vote account: ${error}`, { node: node.address })
  }
  return chain
}

/** Accounts of an instruction; those that sign bring their signer. */
function metas(
  ...accounts: readonly (Kit.AccountMeta | Kit.AccountSignerMeta)[]
): readonly Kit.AccountMeta[] {
  return accounts
}

/** Evidence from the transaction's block and those on top of it, up to one whose votes root it. */
function evidenceOf(
  path: readonly SolanaBlock[],
  signature: string,
  decode: (text: string) => Uint8Array,
): TransactionEvidence.TransactionEvidence {
  const [own, ...above] = path as [SolanaBlock, ...SolanaBlock[]]
  const top = path.at(-1) as SolanaBlock
  const wanted = decode(signature)
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

function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value, true)
  return out
}

async function load() {
  try {
    const [litesvm, kit] = await Promise.all([import('litesvm'), import('@solana/kit')])
    return { litesvm, kit }
  } catch (cause) {
    throw DevnetErrors.SolanaUnavailable('litesvm has no binding for this platform', {}, { cause })
  }
}
