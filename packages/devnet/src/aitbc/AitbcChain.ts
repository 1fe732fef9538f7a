import { Bytes, show, Verdict } from '@aitbc/core'
import {
  Account,
  Block,
  type Json,
  Signature,
  StateAttestation,
  StateTrie,
  Transaction,
} from '@aitbc/proofs/aitbc'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { DevnetErrors } from '../errors.js'

/** An account whose key is made from its name. */
export interface AitbcAccount {
  readonly name: string
  /** `0x` and 40 hex digits in lower case. */
  readonly address: string
  readonly privateKey: Bytes.Bytes32
}

/** A block with what a node knows of it beside. */
export interface AitbcBlock extends Block.Block {
  /** `0x` and 64 hex digits; no signature of the block covers it. */
  readonly stateRoot: string
  readonly contents: readonly Transaction.Transaction[]
}

/** What a sender asks for; everything else follows from its account. */
export interface AitbcPayment {
  readonly to: string
  /** Base units. */
  readonly amount: bigint
  /** 36 unless told. */
  readonly fee?: bigint
  /** The sender's next nonce unless told. */
  readonly nonce?: bigint
  /** `TRANSFER` unless told. */
  readonly type?: string
  readonly payload?: Json.Members
}

/** How to start a chain. */
export interface AitbcOptions {
  /** `ait-devnet` unless told. */
  readonly chainId?: string
  /** Validators: each block's proposer is the first, the others attest it; 1 unless told. */
  readonly validators?: number
  /** The genesis block's time, unix seconds; 2026-01-01 unless told. */
  readonly startTime?: bigint
  /** Seconds between blocks; 10 unless told. */
  readonly blockTime?: bigint
}

/** An AITBC chain in this process: no network, no clock of its own, the same blocks in every run. */
export interface AitbcChain {
  readonly chainId: string
  readonly genesis: { readonly height: bigint; readonly hash: string }
  readonly validators: readonly AitbcAccount[]
  /** The account of a name; there is no state of it before its first credit. */
  account(name: string): AitbcAccount
  /** Credits an account outside of blocks, as the chain's faucet does. */
  fund(address: string, amount: bigint): void
  /** The state of an account now, in any spelling. */
  state(address: string): StateTrie.AccountState | undefined
  /** A transaction of an account, signed. */
  sign(from: AitbcAccount, payment: AitbcPayment): Transaction.Transaction
  /**
   * Takes a transaction in as `POST /rpc/transaction` does, and gives its hash. Refusals: `chain`, `unknown-account`, `nonce`,
   * `balance`, `not-modelled` (a type whose effects this chain doesn't have), those of `Transaction.verify`.
   */
  submit(transaction: Transaction.Transaction): Verdict.Verdict<string>
  /** Makes a block of what was submitted; what doesn't hold any more is dropped in silence, as the chain does. */
  mine(): AitbcBlock
  /** The block at a height; 6007 `InvalidDevnetArgument` where there is none. */
  block(height: bigint): AitbcBlock
  /** The newest block's height. */
  height(): bigint
  /** Signs a block anew by its proposer, whatever it says: for tests of what a verifier refuses. */
  seal(block: Omit<Block.Block, 'hash' | 'signature'>): Block.Block
  /** A header with its state root, and the signature of a validator over both. */
  attestState(
    height: bigint,
    validator?: AitbcAccount,
  ): { readonly header: StateAttestation.Header; readonly signature: string }
  /** The nodes that prove an account, or its absence, in the state after a block. */
  prove(height: bigint, address: string): readonly Bytes.Bytes[]
  /** All accounts now, as `/rpc/state/snapshot` lists them. */
  snapshot(): readonly (StateTrie.AccountState & { readonly address: string })[]
}

const MAX_TRANSACTIONS = 500
/** 2026-01-01. */
const START = 1_767_225_600n
/** Types with effects beyond moving value. */
const NOT_MODELLED = ['BOND_RELEASE', 'BOND_SLASH', 'RECEIPT_CLAIM', 'GOVERNANCE_EXECUTE']

interface Stored {
  readonly block: AitbcBlock
  readonly trie: StateTrie.Trie
}

/**
 * Starts an AITBC chain: blocks with their proposer's signature, transactions, and a state trie, by the rules of the chain's own node
 * as far as they move value. Keys and times follow from names and options, so two runs give the same bytes.
 *
 * Errors: 6007 `InvalidDevnetArgument`.
 *
 * @example
 * import { createAitbcChain } from '@aitbc/devnet'
 * const chain = createAitbcChain()
 * const [alice, bob] = [chain.account('alice'), chain.account('bob')]
 * chain.fund(alice.address, 36_000n)
 * chain.submit(chain.sign(alice, { to: bob.address, amount: 3_600n }))
 * chain.mine().transactions.length // 1
 */
export function createAitbcChain(options: AitbcOptions = {}): AitbcChain {
  const { chainId = 'ait-devnet', validators: count = 1, startTime = START, blockTime = 10n } = options
  if (!Number.isInteger(count) || count < 1 || count > 100)
    throw DevnetErrors.InvalidDevnetArgument(`validators must be 1 to 100, got ${show(count)}`, {
      argument: 'validators',
    })
  const validators = Array.from({ length: count }, (_, i) => accountOf(`validator ${i}`))
  const proposer = validators[0] as AitbcAccount
  const accounts = new Map<string, StateTrie.AccountState>()
  const pending = new Map<string, Transaction.Transaction>()
  // A genesis hash follows no formula; this one names the chain.
  const genesis = { height: 0n, hash: `0x${Bytes.toHex(sha256(utf8(`genesis of ${chainId}`)))}` }
  const blocks: Stored[] = []
  for (const reserved of [Account.BOND_ESCROW, Account.BOND_BURN])
    accounts.set(reserved, { balance: 0n, nonce: 0n })

  const state = (address: string) => accounts.get(Account.stored(address))
  const credit = (address: string, amount: bigint) => {
    const { balance, nonce } = state(address) ?? { balance: 0n, nonce: 0n }
    accounts.set(Account.stored(address), { balance: balance + amount, nonce })
  }
  const snapshot = () => [...accounts].map(([address, it]) => ({ address, ...it }))
  const at = (height: bigint): Stored => {
    const found = blocks[Number(height) - 1]
    if (found === undefined)
      throw DevnetErrors.InvalidDevnetArgument(`height must be 1 to ${blocks.length}, got ${show(height)}`, {
        argument: 'height',
      })
    return found
  }
  const seal = (block: Omit<Block.Block, 'hash' | 'signature'>): Block.Block => {
    const hash = Block.hash(block)
    return { ...block, hash, signature: signed(Block.digest({ hash }), proposer) }
  }
  const fails = (transaction: Transaction.Transaction): Verdict.Refusal | undefined => {
    const { from, amount, fee, nonce } = transaction
    const sender = state(from)
    if (sender === undefined) return refusal('unknown-account', `${from} has no account`)
    if (nonce !== sender.nonce) return refusal('nonce', `nonce ${sender.nonce} comes next, got ${nonce}`)
    if (sender.balance < amount + fee)
      return refusal('balance', `${amount + fee} are needed, ${sender.balance} are there`)
    if (typeOf(transaction) === 'MESSAGE' && amount !== 0n)
      return refusal('balance', 'a message moves no value')
    return undefined
  }
  const apply = (transaction: Transaction.Transaction) => {
    const { from, to, amount, fee } = transaction
    const { balance, nonce } = state(from) as StateTrie.AccountState
    // The fee is burned.
    accounts.set(Account.stored(from), { balance: balance - amount - fee, nonce: nonce + 1n })
    credit(to, amount)
  }

  return {
    chainId,
    genesis,
    validators,
    account: accountOf,
    fund(address, amount) {
      if (amount < 0n)
        throw DevnetErrors.InvalidDevnetArgument(`amount must not be negative, got ${show(amount)}`, {
          argument: 'amount',
        })
      credit(address, amount)
    },
    state,
    sign(from, payment) {
      const { to, amount, fee = Transaction.DEFAULT_FEE, type = 'TRANSFER', payload = {} } = payment
      const nonce = payment.nonce ?? state(from.address)?.nonce ?? 0n
      const filled = { amount, ...payload }
      const unsigned = {
        chainId,
        type,
        from: from.address,
        to,
        amount,
        fee,
        nonce,
        payload: filled,
        signature: null,
      }
      return { ...unsigned, signature: signed(Transaction.digest(unsigned), from) }
    },
    submit(transaction) {
      if (transaction.chainId !== chainId)
        return Verdict.refuse('chain', `this chain is ${chainId}, not ${transaction.chainId}`)
      if (NOT_MODELLED.includes(typeOf(transaction)))
        return Verdict.refuse('not-modelled', `this chain has no effects of ${typeOf(transaction)}`)
      const verified = Transaction.verify(transaction)
      if (!verified.ok) return verified
      const why = fails(transaction)
      if (why !== undefined) return { ok: false, refusal: why }
      const hash = Transaction.hash(transaction)
      pending.set(hash, transaction)
      return Verdict.accept(hash)
    },
    mine() {
      const queue = [...pending].sort(([a, x], [b, y]) =>
        x.fee === y.fee ? (a < b ? -1 : 1) : x.fee > y.fee ? -1 : 1,
      )
      pending.clear()
      const contents = new Map<string, Transaction.Transaction>()
      for (const [hash, transaction] of queue.slice(0, MAX_TRANSACTIONS)) {
        const nonce = state(transaction.from)?.nonce ?? 0n
        if (fails(transaction) !== undefined || !Transaction.verifyIncluded(transaction, nonce).ok) continue
        apply(transaction)
        contents.set(hash, transaction)
      }
      const latest = blocks.at(-1)?.block ?? genesis
      const height = latest.height + 1n
      const time = new Date(Number(startTime + height * blockTime) * 1000)
      const block = seal({
        chainId,
        height,
        parentHash: latest.hash,
        timestamp: time.toISOString().replace('.000Z', '+00:00'),
        transactions: [...contents.keys()],
        proposer: proposer.address,
      })
      const trie = StateTrie.fromAccounts(snapshot())
      if (!trie.ok) throw DevnetErrors.InvalidDevnetArgument(trie.refusal.message, { argument: 'accounts' })
      const attestations = validators
        .slice(1)
        .map((it) => ({ validator: it.address, signature: signed(Block.digest(block), it) }))
      const whole: AitbcBlock = {
        ...block,
        attestations,
        stateRoot: `0x${Bytes.toHex(trie.value.root)}`,
        contents: [...contents.values()],
      }
      blocks.push({ block: whole, trie: trie.value })
      return whole
    },
    block: (height) => at(height).block,
    height: () => BigInt(blocks.length),
    seal,
    attestState(height, validator = proposer) {
      const { hash, parentHash, proposer, stateRoot } = at(height).block
      const header = { chainId, height, hash, parentHash, proposer, stateRoot }
      return { header, signature: signed(StateAttestation.digest(header), validator) }
    },
    prove: (height, address) => StateTrie.prove(at(height).trie, Account.key(address)),
    snapshot,
  }
}

function accountOf(name: string): AitbcAccount {
  const privateKey = sha256(utf8(`aitbc devnet account ${name}`))
  return { name, address: Signature.addressOf(secp256k1.getPublicKey(privateKey, false)), privateKey }
}

/** A signature as the chain's own clients write it: `0x`, lower case, v 0 or 1. */
function signed(digest: Bytes.Hash32, account: AitbcAccount): string {
  const bytes = secp256k1.sign(digest, account.privateKey, { prehash: false, format: 'recovered' })
  return `0x${Bytes.toHex(bytes.subarray(1))}0${bytes[0]}`
}

/** The type whose rules count: one in the payload replaces the transaction's. */
function typeOf({ type, payload }: Transaction.Transaction): string {
  const own = payload['type']
  return (typeof own === 'string' ? own : type).toUpperCase()
}

function refusal(check: string, message: string): Verdict.Refusal {
  return { check, message }
}

function utf8(text: string): Bytes.Bytes {
  return new TextEncoder().encode(text)
}
