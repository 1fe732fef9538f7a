import { type Claim, type Fact, Hashlock, type Lock, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import {
  Address,
  BankHash,
  EntryMerkle,
  LightClient,
  type Message,
  Pda,
  Poh,
  TransactionEvidence,
} from '@aitbc/proofs/solana'
import { createSolanaVerifier, HtlcAddress, HtlcProgram } from '@aitbc/proofs/svm'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { check, flip, refusal, value } from '../helpers.js'
import { bytes, hashOf, key, NOW, sign, TABLE, VALIDATORS, voteOf } from '../solana/world.js'

const network = networks.solana
const program = hashOf('the program')
const [locker, beneficiary] = [key('locker'), key('beneficiary')]
const secret = bytes(32, 9)
const party = (address: Uint8Array) => {
  const account = `${network.id}:${Address.encode(address)}` as const
  return { account, payout: account }
}
const terms: LockTerms.LockTerms = {
  version: 1,
  backend: {
    network: network.id,
    kind: 'program',
    address: Address.encode(program),
    codeHash: hashOf('code'),
  },
  asset: network.native.id,
  amount: 5_000_000n,
  hashlock: Hashlock.of(secret),
  locker: party(locker.address),
  beneficiary: party(beneficiary.address),
  deadline: { network: network.id, clock: 'unix', value: 1_900_000_000n },
  salt: bytes(32, 4),
}
const parameters = value(HtlcProgram.parameters(terms, network))
const account = value(HtlcAddress.find(parameters)).address

const u64 = (number: bigint) =>
  Uint8Array.from({ length: 8 }, (_, i) => Number((number >> BigInt(8 * i)) & 255n))
const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
const LOCK = join(
  ...[Uint8Array.of(0), bytes(32, 0), u64(terms.amount), terms.hashlock, beneficiary.address],
  ...[u64(terms.deadline.value), terms.salt, Uint8Array.of(0)],
)
/** A transaction of one call of the program, by the locker. */
const transactionOf = (data: Uint8Array, at = account, called = program) =>
  sign(
    {
      version: 'legacy',
      header: { signatures: 1, readonlySigned: 0, readonlyUnsigned: 1 },
      addresses: [locker.address, at, called],
      lifetime: hashOf('recent'),
      instructions: [{ program: 2, accounts: data[0] === 0 ? Uint8Array.of(0, 1) : Uint8Array.of(1), data }],
      lookups: [],
    },
    locker,
  )

/** Evidence of a transaction alone in its slot, rooted by the votes of the slot 31 above. */
function evidenceOf(transaction: Uint8Array): { readonly evidence: Fact.Evidence; readonly hash: string } {
  const signature = transaction.slice(1, 65)
  const start = hashOf('start')
  const state = Poh.noble(start, 1n)
  const first = Poh.mix(state, EntryMerkle.root([signature]))
  const tick = Poh.next(first, { hashes: 8n })
  const parts = (slot: bigint, blockhash: Uint8Array): BankHash.Parts => ({
    signatures: 1n,
    blockhash,
    accounts: { form: 'lattice', lattice: bytes(BankHash.LATTICE_SIZE, Number(slot % 251n)) },
  })
  const own = parts(101n, tick)
  const banks = [{ slot: 101n, hash: BankHash.of(hashOf('parent'), own) }]
  const descendants: BankHash.Parts[] = []
  for (let slot = 102n; slot <= 132n; slot++) {
    const above = parts(slot, hashOf(`blockhash ${slot}`))
    descendants.push(above)
    banks.push({ slot, hash: BankHash.of(banks.at(-1)!.hash, above) })
  }
  const votes = (at: (typeof banks)[number], root?: bigint) =>
    [0, 1, 3].map((index) =>
      voteOf(VALIDATORS[index]!, {
        kind: 'towerSync',
        lockouts: Array.from({ length: 31 }, (_, i) => ({
          slot: at.slot - 30n + BigInt(i),
          confirmations: 31 - i,
        })).filter(({ slot }) => root === undefined || slot > root),
        root,
        hash: at.hash,
        timestamp: 1_000n,
        blockId: hashOf('block'),
        switchProof: undefined,
      }),
    )
  const encoded = TransactionEvidence.encode({
    bank: banks[0]!,
    finality: {
      kind: 'tower',
      votes: votes(banks[0]!),
      epoch: 5n,
      descendants,
      rooting: votes(banks.at(-1)!, 101n),
    },
    inclusion: {
      transaction,
      paths: [EntryMerkle.path([signature], 0) as EntryMerkle.Path],
      state,
      entries: [{ hashes: 8n, hash: tick }],
      parent: hashOf('parent'),
      bank: own,
    },
  })
  const evidence = { network: network.id, format: TransactionEvidence.FORMAT, bytes: encoded }
  return { evidence, hash: Address.encode(tick) }
}

const state = value(LightClient.trust({ table: TABLE }))
const work = { ticksPerSlot: 1 }
const silent = createSolanaVerifier({ network, client: () => state, now: () => NOW, work })
const told = (hash: string, assurance: 'quorum' | 'reported' = 'quorum') => {
  const at = { height: 90n, hash }
  const asOf = { height: 95n, hash: 'head', time: 1n, clock: 1n, finalized: at }
  return createSolanaVerifier({
    ...{ network, client: () => state, now: () => NOW, work },
    said: () => ({ assurance, at, asOf }),
  })
}
const idOf = (transaction: Uint8Array) => Address.encode(transaction.slice(1, 65))
const lockTransaction = transactionOf(LOCK)
const lock: Lock = {
  ref: Address.encode(account),
  transaction: idOf(lockTransaction),
  amount: terms.amount,
  match: 'exact',
}
const lockClaim = { kind: 'lock', terms, lock } as const
const spendOf = (spend: Extract<Claim, { kind: 'spend' }>['spend']) =>
  ({ kind: 'spend', terms, lock, spend }) as const

describe('what votes attest, and what they do not', () => {
  test('H19: a lock is never better known than its success, which nothing on Solana proves: attested there, quorum at best', () => {
    const { evidence, hash } = evidenceOf(lockTransaction)
    expect(value(silent.included(lockClaim, evidence))).toMatchObject({
      assurance: 'attested',
      says: 'included',
      silent: ['success', 'state', 'lookups'],
      ...{ id: lock.transaction, call: 'lock', lock: lock.ref, bank: { slot: 101n } },
    })
    expect(check(silent.verify(lockClaim, evidence))).toBe('success-unproved')
    for (const assurance of ['quorum', 'reported'] as const)
      expect(value(told(hash, assurance).verify(lockClaim, evidence))).toMatchObject({
        ...{ value: lock, assurance, at: { height: 90n, hash }, depth: 6n },
        anchor: { network: network.id, hash, assurance: 'attested' },
      })
    expect(check(told('another').verify(lockClaim, evidence))).toBe('block-mismatch')
  })

  test('a claim tells its secret by the votes alone; a refund tells nothing but itself', () => {
    const claim = transactionOf(join(Uint8Array.of(1), secret))
    const { evidence, hash } = evidenceOf(claim)
    const spent = spendOf({ kind: 'claim', secret, transaction: idOf(claim) })
    expect(value(silent.included(spent, evidence))).toMatchObject({ call: 'claim', secret })
    expect(value(told(hash).verify(spent, evidence))).toMatchObject({
      value: { kind: 'claim', secret, transaction: idOf(claim) },
      assurance: 'quorum',
    })
    expect(check(told(hash).verify(spendOf({ kind: 'refund', transaction: '' }), evidence))).toBe(
      'call-absent',
    )
    expect(check(told(hash).verify(lockClaim, evidence))).toBe('call-absent')
    const refund = transactionOf(Uint8Array.of(2))
    const other = evidenceOf(refund)
    expect(
      value(told(other.hash).verify(spendOf({ kind: 'refund', transaction: '' }), other.evidence)).value,
    ).toEqual({
      kind: 'refund',
      transaction: idOf(refund),
    })
    const wrong = evidenceOf(transactionOf(join(Uint8Array.of(1), bytes(32, 8))))
    expect(check(silent.included(spent, wrong.evidence))).toBe('secret')
    const long = evidenceOf(transactionOf(join(Uint8Array.of(1), secret, Uint8Array.of(0))))
    expect(check(silent.included(spent, long.evidence))).toBe('call-absent')
  })

  test('H20, S11: evidence of another lock, program, network or transaction', () => {
    const { evidence, hash } = evidenceOf(lockTransaction)
    const verifier = told(hash)
    for (const change of [
      { amount: terms.amount + 1n },
      { salt: bytes(32, 5) },
      { deadline: { ...terms.deadline, value: 1n } },
      { hashlock: bytes(32, 7) },
      { locker: terms.beneficiary, beneficiary: terms.locker },
      { asset: `${network.id}/token:${Address.encode(bytes(32, 3))}` as const },
      { backend: { ...terms.backend, address: Address.encode(hashOf('another program')) } },
    ])
      expect(check(verifier.verify({ ...lockClaim, terms: { ...terms, ...change } }, evidence))).toBe(
        'call-absent',
      )
    const withLock = (change: Partial<Lock>) =>
      check(verifier.verify({ ...lockClaim, lock: { ...lock, ...change } }, evidence))
    expect(withLock({ ref: Address.encode(bytes(32, 1)) })).toBe('claim-mismatch')
    expect(withLock({ transaction: 'another' })).toBe('claim-mismatch')
    expect(withLock({ amount: 1n })).toBe('claim-mismatch')
    expect(check(verifier.verify(lockClaim, { ...evidence, network: 'solana:another' }))).toBe(
      'evidence-network',
    )
    const abroad = { ...terms, backend: { ...terms.backend, network: 'solana:another' as const } }
    expect(check(verifier.verify({ ...lockClaim, terms: abroad }, evidence))).toBe('evidence-network')
    expect(check(verifier.verify({ ...lockClaim, terms: { ...terms, amount: 0n } }, evidence))).toBe(
      'htlc-amount',
    )
    expect(value(silent.included(lockClaim, evidence))).not.toHaveProperty('secret')
    expect(check(verifier.verify(lockClaim, { ...evidence, format: 'solana-lock/1' }))).toBe(
      'evidence-format',
    )
    expect(check(verifier.verify(lockClaim, { ...evidence, bytes: bytes(0, 0) }))).toBe('evidence-encoding')
    const elsewhere = evidenceOf(transactionOf(LOCK, account, hashOf('another program')))
    expect(check(told(elsewhere.hash).verify(lockClaim, elsewhere.evidence))).toBe('call-absent')
    const late = createSolanaVerifier({ network, client: () => state, now: () => TABLE.expires + 1n, work })
    expect(check(late.included(lockClaim, evidence))).toBe('stake-expired')
    for (let bit = 0; bit < evidence.bytes.length * 8; bit += 4999)
      expect(verifier.verify(lockClaim, { ...evidence, bytes: flip(evidence.bytes, bit) }).ok).toBe(false)
  })

  test('S16: terms that the program can not hold are refused by name', () => {
    const attempt = (change: Partial<LockTerms.LockTerms>) =>
      check(HtlcProgram.parameters({ ...terms, ...change }, network))
    const { backend, deadline } = terms
    expect(attempt({ backend: { ...backend, kind: 'contract' } })).toBe('htlc-kind')
    expect(attempt({ backend: { ...backend, network: 'solana:another' } })).toBe('htlc-network')
    expect(attempt({ backend: { network: network.id, kind: 'program' } })).toBe('htlc-program')
    expect(attempt({ asset: 'solana:another/slip44:501' })).toBe('htlc-asset')
    expect(attempt({ asset: `${network.id}/token:${Address.encode(bytes(32, 0))}` })).toBe('htlc-asset')
    expect(attempt({ amount: 0n })).toBe('htlc-amount')
    expect(attempt({ amount: 1n << 64n })).toBe('htlc-amount')
    expect(attempt({ locker: { ...terms.locker, payout: terms.beneficiary.account } })).toBe('htlc-payout')
    const mint = Address.encode(bytes(32, 3))
    for (const asset of [
      `solana:another/token:${mint}`,
      `${network.id}/nft:${mint}`,
      `${network.id}/token:${mint}/1`,
      `${network.id}/token:1111`,
    ] as const)
      expect(attempt({ asset })).toBe('htlc-asset')
    const foreign = terms.locker.account.replace(
      network.id,
      'solana:another',
    ) as `${string}:${string}:${string}`
    expect(
      refusal(HtlcProgram.parameters({ ...terms, locker: { account: foreign, payout: foreign } }, network)),
    ).toMatchObject({
      check: 'htlc-account',
      context: { received: foreign },
    })
    const short = `${network.id}:1111` as const
    expect(attempt({ beneficiary: { account: short, payout: short } })).toBe('htlc-account')
    expect(attempt({ deadline: { ...deadline, clock: 'height' } })).toBe('htlc-deadline')
    expect(attempt({ deadline: { ...deadline, value: 1n << 63n } })).toBe('htlc-deadline')
    expect(attempt({ deadline: { ...deadline, network: 'solana:another' } })).toBe('htlc-deadline')
  })
})

test('S11: the account of a lock is the program’s own, of a name, a seed and all that the terms say', () => {
  const text = (name: string) => new TextEncoder().encode(name)
  const id = sha256(
    join(
      ...[text('aitbc/htlc/v1'), program, bytes(32, 0), u64(terms.amount), terms.hashlock],
      ...[locker.address, beneficiary.address, u64(terms.deadline.value), terms.salt],
    ),
  )
  expect(account).toEqual(value(Pda.find(program, [text('htlc'), id])).address)
})

describe('calls of the program', () => {
  type Instruction = Message.Message['instructions'][number]
  const message = (...instructions: readonly Instruction[]): Message.Message => ({
    version: 0,
    header: { signatures: 1, readonlySigned: 0, readonlyUnsigned: 1 },
    addresses: [locker.address, account, program],
    lifetime: hashOf('recent'),
    instructions,
    lookups: [{ table: hashOf('table'), writable: Uint8Array.of(0), readonly: Uint8Array.of(1) }],
  })
  const call = (data: Uint8Array, accounts: readonly number[] = [1], at = 2): Instruction => ({
    program: at,
    accounts: Uint8Array.from(accounts),
    data,
  })
  const read = (...instructions: readonly Instruction[]) =>
    HtlcProgram.calls(message(...instructions), program)
  const claim = join(Uint8Array.of(1), secret)

  test('each in its order, by what it asks', () => {
    expect(read(call(LOCK, [0, 1]), call(claim), call(Uint8Array.of(2)))).toEqual([
      { is: 'lock', lock: account },
      { is: 'claim', lock: account, secret },
      { is: 'refund', lock: account },
    ])
  })

  test('A51: what is cut short, too long or unknown asks for nothing', () => {
    for (const data of [
      LOCK.slice(0, 20),
      Uint8Array.of(0),
      claim.slice(0, 32),
      join(claim, Uint8Array.of(0)),
      Uint8Array.of(2, 0),
      Uint8Array.of(1),
      Uint8Array.of(3),
      join(Uint8Array.of(3), secret),
      new Uint8Array(0),
    ])
      expect(read(call(data, [data[0] === 0 ? 0 : 1, 1]))).toEqual([])
  })

  test('A51: another program, or accounts that are not in the message itself', () => {
    const refund = Uint8Array.of(2)
    // Index 3 and 4 come from a table that the votes say nothing of; 9 is nowhere.
    for (const at of [0, 1, 3, 4, 9]) expect(read(call(refund, [1], at))).toEqual([])
    for (const accounts of [[3], [4], [9], []]) expect(read(call(refund, accounts))).toEqual([])
    expect(read(call(LOCK, [1]))).toEqual([])
    expect(read(call(LOCK, [1, 3]))).toEqual([])
  })
})
