import { Bytes } from '@aitbc/core'
import {
  Address,
  BankHash,
  EntryMerkle,
  type Finality,
  type Inclusion,
  LightClient,
  Message,
  Poh,
  type StakeTable,
  Transaction,
  type TransactionEvidence,
  Vote,
} from '@aitbc/proofs/solana'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { value } from '../helpers.js'

export const bytes = (size: number, fill: number) => new Uint8Array(size).fill(fill)
export const hashOf = (text: string) => sha256(new TextEncoder().encode(text))

export interface Key {
  readonly secret: Uint8Array
  readonly address: Uint8Array
}

export function key(name: string): Key {
  const secret = hashOf(name)
  return { secret, address: ed25519.getPublicKey(secret) }
}

/** Signs a message with the keys of its first addresses. */
export function sign(message: Message.Message, ...keys: readonly Key[]): Uint8Array {
  const said = Message.encode(message)
  return Transaction.encode({ message, signatures: keys.map(({ secret }) => ed25519.sign(said, secret)) })
}

const PAYER = key('payer')
const SECOND = key('second')

/** A transfer, signed by one or two. */
export function transfer(nonce: number, signers = 1): Uint8Array {
  const keys = [PAYER, SECOND].slice(0, signers)
  return sign(
    {
      version: 'legacy',
      header: { signatures: signers, readonlySigned: 0, readonlyUnsigned: 1 },
      addresses: [...keys.map(({ address }) => address), bytes(32, 7), Address.SYSTEM_PROGRAM],
      lifetime: hashOf('recent'),
      instructions: [
        {
          program: signers + 1,
          accounts: Uint8Array.of(0, signers),
          data: Uint8Array.of(2, 0, 0, 0, nonce, 0, 0, 0, 0, 0, 0, 0),
        },
      ],
      lookups: [],
    },
    ...keys,
  )
}

export interface Validator {
  readonly voter: Key
  readonly voteAccount: Uint8Array
  readonly stake: bigint
}

/** Three of four are just more than two thirds; any two are not. */
export const VALIDATORS: readonly Validator[] = [30n, 20n, 20n, 29n].map((stake, index) => ({
  voter: key(`voter ${index}`),
  voteAccount: hashOf(`vote account ${index}`),
  stake,
}))

export const TABLE: StakeTable.StakeTable = {
  epoch: 5n,
  slots: [100n, 199n],
  expires: 2_000_000n,
  total: 104n,
  voters: VALIDATORS.map(({ voter, voteAccount, stake }) => ({
    voteAccount,
    authority: voter.address,
    stake,
  })),
}

export const NOW = 1_000_000n

/** What a validator says that votes in each slot of one fork from slot 100 on. */
export function towerOf(slot: bigint, hash: Uint8Array): Vote.Vote {
  const first = slot - 100n > 30n ? slot - 30n : 100n
  const length = Number(slot - first) + 1
  return {
    kind: 'towerSync',
    lockouts: Array.from({ length }, (_, i) => ({ slot: first + BigInt(i), confirmations: length - i })),
    root: first > 100n ? first - 1n : undefined,
    hash,
    timestamp: 1_000n,
    blockId: sha256(hash),
    switchProof: undefined,
  }
}

/** The message of a vote transaction, in the legacy form, with what the form of the vote asks. */
export function voteMessage({ voter, voteAccount }: Validator, vote: Vote.Vote): Message.Message {
  const sysvars = vote.kind === 'vote' ? [Address.SLOT_HASHES_SYSVAR, Address.CLOCK_SYSVAR] : []
  return {
    version: 'legacy',
    header: { signatures: 1, readonlySigned: 0, readonlyUnsigned: sysvars.length + 1 },
    addresses: [voter.address, voteAccount, ...sysvars, Address.VOTE_PROGRAM],
    lifetime: hashOf('recent'),
    instructions: [
      {
        program: sysvars.length + 2,
        accounts: Uint8Array.of(1, ...sysvars.map((_, i) => i + 2), 0),
        data: Vote.encode(vote),
      },
    ],
    lookups: [],
  }
}

export function voteOf(validator: Validator, vote: Vote.Vote): Uint8Array {
  return sign(voteMessage(validator, vote), validator.voter)
}

export interface Block extends Finality.Bank {
  readonly parent: Uint8Array
  readonly parts: BankHash.Parts
  readonly start: Uint8Array
  readonly entries: readonly Poh.Entry[]
  /** Signatures of each entry. */
  readonly signatures: readonly (readonly Uint8Array[])[]
}

/** The forms that a bank's hash has had. */
function accountsOf(slot: bigint): BankHash.Accounts {
  const lattice = bytes(BankHash.LATTICE_SIZE, Number(slot % 251n))
  const delta = hashOf(`delta ${slot}`)
  if (slot === 103n) return { form: 'delta', delta }
  if (slot === 104n) return { form: 'delta', delta, epoch: hashOf('all accounts') }
  if (slot === 105n) return { form: 'delta-lattice', delta, lattice }
  return { form: 'lattice', lattice }
}

/** A block with two entries of transactions and two ticks of 8 hashes. */
function blockOf(
  slot: bigint,
  parent: Uint8Array,
  start: Uint8Array,
  transactions: readonly Uint8Array[][],
): Block {
  const signatures = [...transactions, [], []].map((batch) =>
    batch.flatMap((it) => value(Transaction.decode(it)).signatures),
  )
  const entries: Poh.Entry[] = []
  for (const [at, batch] of signatures.entries()) {
    const hashes = batch.length > 0 ? 2n : at === 2 ? 4n : 8n
    const mixin = batch.length > 0 ? { mixin: EntryMerkle.root(batch) } : {}
    const hash = Poh.next(entries.at(-1)?.hash ?? start, { hashes, ...mixin })
    entries.push({ hashes, hash, ...mixin })
  }
  const parts: BankHash.Parts = {
    signatures: BigInt(signatures.flat().length),
    blockhash: (entries.at(-1) as Poh.Entry).hash,
    accounts: accountsOf(slot),
    ...(slot === 102n ? { hardForks: 1n } : {}),
  }
  return { slot, hash: BankHash.of(parent, parts), parent, parts, start, entries, signatures }
}

/** The transactions of slot 101: entries of one and of five, one of these signed by two. */
export const TRANSACTIONS = [
  [transfer(0)],
  [transfer(1), transfer(2), transfer(3, 2), transfer(4), transfer(5)],
]

/** Slots 100 to 140, one fork. */
export const BLOCKS: readonly Block[] = fork(41)

function fork(length: number): Block[] {
  const out: Block[] = []
  for (let i = 0; i < length; i++) {
    const below = out.at(-1)
    const transactions = i === 1 ? TRANSACTIONS : [[transfer(i)], [transfer(i + 100)]]
    const start = below?.parts.blockhash ?? hashOf('genesis')
    out.push(blockOf(100n + BigInt(i), below?.hash ?? hashOf('bank 99'), start, transactions))
  }
  return out
}

export const blockAt = (slot: bigint) => BLOCKS[Number(slot - 100n)] as Block
export const bankAt = (slot: bigint): Finality.Bank => ({ slot, hash: blockAt(slot).hash })

/** Votes of validators for the bank of a slot. */
export function votesFor(slot: bigint, who: readonly number[] = [0, 1, 3]): Uint8Array[] {
  return who.map((index) => voteOf(VALIDATORS[index] as Validator, towerOf(slot, blockAt(slot).hash)))
}

/** Why slot 101 is final: the votes of slot 132 root it. */
export const TOWER: Finality.Tower = {
  kind: 'tower',
  votes: votesFor(101n),
  epoch: 5n,
  descendants: BLOCKS.slice(2, 33).map(({ parts }) => parts),
  rooting: votesFor(132n),
}

/** Evidence for a transaction of slot 101. */
export function inclusionOf(entry: number, at: number): Inclusion.Evidence {
  const block = blockAt(101n)
  const transaction = (TRANSACTIONS[entry] as Uint8Array[])[at] as Uint8Array
  const signatures = block.signatures[entry] as readonly Uint8Array[]
  const own = value(Transaction.decode(transaction)).signatures
  const first = signatures.findIndex((it) => Bytes.equal(it, own[0] as Uint8Array))
  const before = entry === 0 ? block.start : (block.entries[entry - 1] as Poh.Entry).hash
  return {
    transaction,
    paths: own.map((_, i) => EntryMerkle.path(signatures, first + i) as EntryMerkle.Path),
    state: Poh.noble(before, 1n),
    entries: block.entries.slice(entry + 1),
    parent: block.parent,
    bank: block.parts,
  }
}

export const EVIDENCE: TransactionEvidence.TransactionEvidence = {
  bank: bankAt(101n),
  finality: TOWER,
  inclusion: inclusionOf(1, 2),
}

export const FRESH = value(LightClient.trust({ table: TABLE }))
