import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSolanaChain, type SolanaChain, type SolanaReceipt } from '@aitbc/devnet'
import { Address, Pda } from '@aitbc/proofs/solana'
import { beforeAll, describe, expect, test } from 'vitest'

const SYSTEM = '1'.repeat(32)
const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA'
const folder = join(import.meta.dirname, '../../programs/solana')
const file = (version: number) => new Uint8Array(readFileSync(join(folder, `htlc-v${version}.so`)))
const base58 = {
  encode: Address.encode,
  decode(text: string): Uint8Array {
    const read = Address.decode(text)
    if (!read.ok) throw new Error(read.refusal.message)
    return read.value
  },
}
const sha256 = (...parts: readonly Uint8Array[]) =>
  new Uint8Array(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  )
const hashOf = (text: string) => sha256(new TextEncoder().encode(text))
const u64 = (value: bigint) => new Uint8Array(new BigUint64Array([value]).buffer)
const concat = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

type Key = Awaited<ReturnType<SolanaChain['kit']['createKeyPairSignerFromPrivateKeyBytes']>>
type Instruction = Parameters<SolanaChain['compile']>[1][number]

/** What the program's errors mean, by their numbers. */
const ERRORS = [
  ...[
    '',
    'data',
    'accounts',
    'not-signed',
    'address',
    'state',
    'secret',
    'deadline-passed',
    'deadline-not-reached',
  ],
  ...['amount', 'hashlock', 'beneficiary', 'token', 'rent'],
]

interface Terms {
  readonly mint: string
  readonly amount: bigint
  readonly hashlock: Uint8Array
  readonly beneficiary: string
  readonly deadline: bigint
  readonly salt: Uint8Array
  readonly decimals: number
}

/** Lamports for one signature. */
const FEE = 5000n

describe.each([0, 3])('the program for version %i of the machine', (version) => {
  let chain: SolanaChain
  let program: string
  let alice: Key
  let bob: Key
  let stranger: Key
  let count = 0
  let sent = 0

  beforeAll(async () => {
    chain = await createSolanaChain({ stakes: [1n], seed: new Uint8Array(32).fill(version + 1) })
    const key = (name: string) => chain.kit.createKeyPairSignerFromPrivateKeyBytes(hashOf(name))
    ;[alice, bob, stranger] = [await key('alice'), await key('bob'), await key('stranger')]
    for (const it of [alice, bob, stranger]) chain.fund(it.address, 100_000_000_000n)
    program = await chain.deploy(file(version))
  })

  const balance = (address: string) => chain.svm.getBalance(chain.kit.address(address)) ?? 0n
  const secretOf = (n: number) => hashOf(`secret ${version} ${n}`)
  const terms = (change: Partial<Terms> = {}): Terms => ({
    mint: SYSTEM,
    amount: 5_000_000_000n,
    hashlock: sha256(secretOf(++count)),
    beneficiary: bob.address,
    deadline: chain.time() + 4n,
    salt: hashOf(`salt ${count}`),
    decimals: 0,
    ...change,
  })
  const current = () => secretOf(count)

  const idOf = (it: Terms, locker = alice.address, of = program) =>
    sha256(
      ...[
        new TextEncoder().encode('aitbc/htlc/v1'),
        base58.decode(of),
        base58.decode(it.mint),
        u64(it.amount),
        it.hashlock,
      ],
      ...[base58.decode(locker), base58.decode(it.beneficiary), u64(it.deadline), it.salt],
    )
  function addressOf(it: Terms, locker = alice.address): string {
    const found = Pda.find(base58.decode(program), [new TextEncoder().encode('htlc'), idOf(it, locker)])
    if (!found.ok) throw new Error(found.refusal.check)
    return base58.encode(found.value.address)
  }

  function call(
    data: Uint8Array,
    accounts: readonly (string | Key)[],
    readonly: readonly string[] = [],
    to = program,
  ): Instruction {
    const { kit } = chain
    return {
      programAddress: kit.address(to),
      accounts: [
        ...accounts.map((it) =>
          typeof it === 'string'
            ? { address: kit.address(it), role: kit.AccountRole.WRITABLE }
            : { address: it.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: it },
        ),
      ].map((it) => (readonly.includes(it.address) ? { ...it, role: kit.AccountRole.READONLY } : it)),
      data,
    }
  }
  const send = async (payer: Key, ...instructions: Instruction[]): Promise<SolanaReceipt> =>
    chain.send(await chain.compile(payer, [...instructions, toItself(payer)]))
  /** Makes every transaction another one: equal ones are one and the same. */
  const toItself = (payer: Key) =>
    call(concat(Uint8Array.of(2, 0, 0, 0), u64(BigInt(++sent))), [payer, payer.address], [], SYSTEM)
  /** `ok`, or what the program refused. */
  async function outcome(payer: Key, ...instructions: Instruction[]): Promise<string> {
    const { error } = await send(payer, ...instructions)
    const [, code] = /Custom \{ code: (\d+) \}/.exec(error ?? '') ?? []
    return error === undefined ? 'ok' : code === undefined ? error : (ERRORS[Number(code)] ?? error)
  }
  const lock = (it: Terms, at = addressOf(it), locker: string | Key = alice, more: readonly string[] = []) =>
    call(
      concat(
        ...[
          Uint8Array.of(0),
          base58.decode(it.mint),
          u64(it.amount),
          it.hashlock,
          base58.decode(it.beneficiary),
        ],
        ...[u64(it.deadline), it.salt, Uint8Array.of(it.decimals), new TextEncoder().encode('record')],
      ),
      [locker, at, SYSTEM, ...more],
      [SYSTEM, TOKEN],
    )
  const claim = (it: Terms, secret: Uint8Array) => call(concat(Uint8Array.of(1), secret), [addressOf(it)])
  const refund = (it: Terms) => call(Uint8Array.of(2), [addressOf(it)])
  const pay = (it: Terms, payee: string, more: readonly string[] = []) =>
    call(Uint8Array.of(3), [addressOf(it), payee, ...more], [TOKEN])
  const close = (it: Terms, more: readonly string[] = []) =>
    call(Uint8Array.of(4), [addressOf(it), alice.address, ...more], [TOKEN])
  async function pass(deadline: bigint): Promise<void> {
    while (chain.time() < deadline) await chain.produce()
  }

  test('lamports: lock, claim, pay out, close', async () => {
    const it = terms()
    expect(await outcome(alice, lock(it))).toBe('ok')
    const before = balance(bob.address)
    expect(await outcome(stranger, claim(it, current()), pay(it, bob.address))).toBe('ok')
    expect(balance(bob.address) - before).toBe(it.amount)
    const [data] = [chain.svm.getAccount(chain.kit.address(addressOf(it)))]
    expect(data.exists && Uint8Array.from(data.data.slice(-32))).toEqual(current())
    expect(await outcome(stranger, pay(it, bob.address))).toBe('state')
    expect(await outcome(stranger, close(it))).toBe('deadline-not-reached')
    await pass(it.deadline)
    const rent = balance(addressOf(it))
    const alices = balance(alice.address)
    expect(await outcome(stranger, close(it))).toBe('ok')
    expect(balance(alice.address) - alices).toBe(rent)
    expect(balance(addressOf(it))).toBe(0n)
  })

  test('lamports: refund from the deadline on, to the locker alone', async () => {
    const it = terms()
    expect(await outcome(alice, lock(it))).toBe('ok')
    expect(await outcome(alice, refund(it))).toBe('deadline-not-reached')
    expect(await outcome(stranger, pay(it, alice.address))).toBe('state')
    await pass(it.deadline)
    expect(await outcome(stranger, refund(it))).toBe('ok')
    expect(await outcome(stranger, refund(it))).toBe('state')
    expect(await outcome(stranger, pay(it, bob.address))).toBe('accounts')
    expect(await outcome(stranger, close(it))).toBe('state')
    const before = balance(alice.address)
    expect(await outcome(stranger, pay(it, alice.address), close(it))).toBe('ok')
    expect(balance(alice.address) - before).toBeGreaterThan(it.amount)
  })

  test('H1, H2: exactly 32 bytes that hash to the lock', async () => {
    const it = terms()
    await send(alice, lock(it))
    for (const secret of [current().slice(1), concat(current(), Uint8Array.of(0)), new Uint8Array(0)])
      expect(await outcome(bob, claim(it, secret))).toBe('data')
    expect(await outcome(bob, claim(it, it.hashlock))).toBe('secret')
    expect(await outcome(bob, claim(it, secretOf(99_999)))).toBe('secret')
    expect(await outcome(bob, claim(it, current()))).toBe('ok')
    expect(await outcome(bob, claim(it, current()))).toBe('state')
  })

  test('H5: at the deadline a claim is too late, and only then', async () => {
    const it = terms()
    await send(alice, lock(it))
    const late = terms({ deadline: it.deadline })
    const secret = current()
    await send(alice, lock(late))
    await pass(it.deadline - 1n)
    expect(chain.time()).toBe(it.deadline - 1n)
    expect(await outcome(bob, claim(it, secretOf(count - 1)))).toBe('ok')
    await pass(it.deadline)
    expect(chain.time()).toBe(it.deadline)
    expect(await outcome(bob, claim(late, secret))).toBe('deadline-passed')
    expect(await outcome(alice, refund(late))).toBe('ok')
  })

  test('H10: whoever claims, the beneficiary is paid', async () => {
    const it = terms()
    await send(alice, lock(it))
    expect(await outcome(stranger, claim(it, current()))).toBe('ok')
    for (const thief of [stranger.address, alice.address])
      expect(await outcome(stranger, pay(it, thief))).toBe('accounts')
    expect(await outcome(stranger, pay(it, bob.address))).toBe('ok')
  })

  test('H11: nobody takes the address of another’s lock, not by lamports sent there either', async () => {
    const it = terms()
    const address = addressOf(it)
    expect(await outcome(stranger, lock(it, address, stranger))).toBe('address')
    const unsigned = lock(it, address, alice.address)
    expect(await outcome(stranger, unsigned)).toBe('not-signed')
    await chain.pay(address, 3_000_000n)
    expect(await outcome(alice, lock(it))).toBe('ok')
    // Again, while it is there and after it was settled.
    expect(await outcome(alice, lock(it))).not.toBe('ok')
    expect(await outcome(bob, claim(it, current()), pay(it, bob.address))).toBe('ok')
    expect(await outcome(alice, lock(it))).not.toBe('ok')
  })

  test('H12, H28: terms that make no sense', async () => {
    const refused = async (change: Partial<Terms>) => outcome(alice, lock(terms(change)))
    expect(await refused({ amount: 0n })).toBe('amount')
    expect(await refused({ deadline: chain.time() })).toBe('deadline-passed')
    expect(await refused({ deadline: 1n << 63n })).toBe('deadline-passed')
    expect(await refused({ hashlock: new Uint8Array(32) })).toBe('hashlock')
    expect(await refused({ hashlock: sha256(new Uint8Array(32)) })).toBe('hashlock')
    expect(await refused({ beneficiary: SYSTEM })).toBe('beneficiary')
    expect(await refused({ amount: (1n << 64n) - 1n })).toBe('data')
    expect(await refused({ mint: TOKEN })).toBe('accounts')
    const it = terms()
    const short = lock(it)
    expect(await outcome(alice, { ...short, data: (short.data as Uint8Array).slice(0, 145) })).toBe('data')
    expect(await outcome(alice, { ...short, data: new Uint8Array(0) })).toBe('data')
    expect(await outcome(alice, { ...short, accounts: short.accounts?.slice(0, 2) ?? [] })).toBe('accounts')
    expect(await outcome(alice, lock(it, addressOf(terms())))).toBe('address')
  })

  test('H14, A49: accounts that are no lock of this program', async () => {
    const it = terms()
    await send(alice, lock(it))
    const other = await chain.deploy(file(version))
    const moved = { ...claim(it, current()), programAddress: chain.kit.address(other) }
    expect(await outcome(bob, moved)).toBe('state')
    expect(await outcome(bob, call(concat(Uint8Array.of(1), current()), [bob.address]))).toBe('state')
    expect(await outcome(bob, { ...claim(it, current()), accounts: [] })).toBe('accounts')
    for (const data of [Uint8Array.of(5), Uint8Array.of(2, 0), Uint8Array.of(255)])
      expect(await outcome(bob, call(data, [addressOf(it)]))).toBe('data')
    const readonly = { ...claim(it, current()) }
    const accounts =
      readonly.accounts?.map((meta) => ({ ...meta, role: chain.kit.AccountRole.READONLY })) ?? []
    expect(await outcome(bob, { ...readonly, accounts })).toBe('state')
  })

  test('H15, H24: one hash in two locks: each is claimed by itself, and pays all of its amount or nothing', async () => {
    const one = terms()
    const two = { ...one, salt: hashOf(`other salt ${count}`), amount: 2_000_000_000n }
    expect(addressOf(two)).not.toBe(addressOf(one))
    for (const it of [one, two]) expect(await outcome(alice, lock(it))).toBe('ok')
    const before = balance(bob.address)
    expect(await outcome(stranger, claim(one, current()), pay(one, bob.address))).toBe('ok')
    expect(balance(bob.address) - before).toBe(one.amount)
    expect(await outcome(stranger, pay(two, bob.address))).toBe('state')
    await pass(one.deadline)
    expect(await outcome(stranger, refund(two))).toBe('ok')
    expect(await outcome(stranger, pay(two, alice.address))).toBe('ok')
    expect(balance(bob.address) - before).toBe(one.amount)
  })

  test('H21: a lock moves its amount exactly, once; what others send there is no part of it', async () => {
    const it = terms()
    const before = balance(alice.address)
    expect(await outcome(alice, lock(it))).toBe('ok')
    const rent = balance(addressOf(it)) - it.amount
    expect(before - balance(alice.address)).toBe(it.amount + rent + FEE)
    await chain.pay(addressOf(it), 7_000_000n)
    expect(await outcome(alice, lock(it))).not.toBe('ok')
    const bobs = balance(bob.address)
    expect(await outcome(stranger, claim(it, current()), pay(it, bob.address))).toBe('ok')
    expect(balance(bob.address) - bobs).toBe(it.amount)
    await pass(it.deadline)
    // What was sent goes to the locker with the rent, and nowhere else.
    const alices = balance(alice.address)
    expect(await outcome(stranger, close(it))).toBe('ok')
    expect(balance(alice.address) - alices).toBe(rent + 7_000_000n)
  })

  test('H16: the clock is the sysvar’s time and nothing else: slots do not move the deadline', async () => {
    const it = terms({ deadline: chain.time() + 200n })
    await send(alice, lock(it))
    const slot = chain.slot()
    // As many slots as the deadline has seconds, and more: they take less time.
    await chain.produce(250)
    expect(chain.slot() - slot).toBe(250n)
    expect(await outcome(alice, refund(it))).toBe('deadline-not-reached')
    await chain.advance(it.deadline - chain.time())
    expect(chain.time()).toBeGreaterThanOrEqual(it.deadline)
    expect(await outcome(bob, claim(it, current()))).toBe('deadline-passed')
    expect(await outcome(alice, refund(it))).toBe('ok')
  })

  test('H26, H27: a payee that can’t be paid yet undoes no claim', async () => {
    const nobody = base58.encode(hashOf(`nobody ${version}`))
    const it = terms({ amount: 1_000n, beneficiary: nobody })
    await send(alice, lock(it))
    // Less than an account must have to exist: the transaction that would pay it out fails as a whole.
    expect((await send(stranger, claim(it, current()), pay(it, nobody))).error).toMatch(/FundsForRent/)
    expect(await outcome(stranger, claim(it, current()))).toBe('ok')
    await pass(it.deadline)
    expect(await outcome(alice, refund(it))).toBe('state')
    expect(await outcome(stranger, close(it))).toBe('state')
    await chain.pay(nobody, 1_000_000n)
    expect(await outcome(stranger, pay(it, nobody), close(it))).toBe('ok')
    expect(balance(nobody)).toBe(1_001_000n)
  })

  describe('tokens', () => {
    let mint: Key
    let alices: Key
    let bobs: Key
    let made = 0
    const token = (data: readonly (number | Uint8Array)[], ...accounts: (string | Key)[]) =>
      call(
        concat(...data.map((it) => (typeof it === 'number' ? Uint8Array.of(it) : it))),
        accounts,
        [],
        TOKEN,
      )
    const tokens = (address: string) => {
      const found = chain.svm.getAccount(chain.kit.address(address))
      return found.exists && found.data.length === 165
        ? new DataView(Uint8Array.from(found.data).buffer).getBigUint64(64, true)
        : 0n
    }
    async function make(size: bigint): Promise<[Key, Instruction]> {
      const account = await chain.kit.createKeyPairSignerFromPrivateKeyBytes(
        hashOf(`account ${version} ${++made}`),
      )
      const data = concat(
        ...[
          Uint8Array.of(0, 0, 0, 0),
          u64(chain.svm.minimumBalanceForRentExemption(size)),
          u64(size),
          base58.decode(TOKEN),
        ],
      )
      return [account, call(data, [alice, account], [], SYSTEM)]
    }
    async function hold(owner: string): Promise<Key> {
      const [account, create] = await make(165n)
      expect(
        await outcome(alice, create, token([18, base58.decode(owner)], account.address, mint.address)),
      ).toBe('ok')
      return account
    }
    beforeAll(async () => {
      const [account, create] = await make(82n)
      mint = account
      const authority = base58.decode(alice.address)
      expect(await outcome(alice, create, token([20, 6, authority, 1, authority], mint.address))).toBe('ok')
      ;[alices, bobs] = [await hold(alice.address), await hold(bob.address)]
      expect(await outcome(alice, token([7, u64(1_000_000n)], mint.address, alices.address, alice))).toBe(
        'ok',
      )
    })
    const ours = (change: Partial<Terms> = {}) =>
      terms({ mint: mint.address, amount: 250_000n, decimals: 6, ...change })
    const lockTokens = (it: Terms, vault: string, from = alices.address) =>
      lock(it, addressOf(it), alice, [mint.address, from, vault, TOKEN])
    const payTokens = (it: Terms, payee: string, vault: string, to: string) =>
      pay(it, payee, [mint.address, vault, to, TOKEN])

    test('lock, claim, pay out all that the vault has, close', async () => {
      const it = ours()
      const vault = await hold(addressOf(it))
      expect(await outcome(alice, lockTokens(it, vault.address))).toBe('ok')
      expect(tokens(vault.address)).toBe(250_000n)
      // H13: tokens thrown in block nothing.
      expect(await outcome(alice, token([3, u64(1n)], alices.address, vault.address, alice))).toBe('ok')
      const before = tokens(bobs.address)
      expect(await outcome(stranger, payTokens(it, bob.address, vault.address, bobs.address))).toBe('state')
      expect(await outcome(stranger, claim(it, current()))).toBe('ok')
      expect(await outcome(stranger, payTokens(it, bob.address, vault.address, alices.address))).toBe('token')
      expect(await outcome(stranger, payTokens(it, bob.address, bobs.address, bobs.address))).toBe('accounts')
      expect(await outcome(stranger, payTokens(it, alice.address, vault.address, alices.address))).toBe(
        'accounts',
      )
      expect(await outcome(stranger, pay(it, bob.address))).toBe('accounts')
      expect(await outcome(stranger, payTokens(it, bob.address, vault.address, bobs.address))).toBe('ok')
      expect(tokens(bobs.address) - before).toBe(250_001n)
      expect(await outcome(stranger, payTokens(it, bob.address, vault.address, bobs.address))).toBe('state')
      await pass(it.deadline)
      expect(await outcome(stranger, close(it))).toBe('accounts')
      expect(await outcome(stranger, close(it, [vault.address, TOKEN]))).toBe('ok')
      expect(balance(vault.address)).toBe(0n)
      expect(balance(addressOf(it))).toBe(0n)
    })
    test('refund', async () => {
      const it = ours()
      const vault = await hold(addressOf(it))
      await send(alice, lockTokens(it, vault.address))
      await pass(it.deadline)
      const before = tokens(alices.address)
      const back = payTokens(it, alice.address, vault.address, alices.address)
      expect(await outcome(stranger, refund(it), back, close(it, [vault.address, TOKEN]))).toBe('ok')
      expect(tokens(alices.address) - before).toBe(250_000n)
    })
    test('H13, H26: a frozen token account undoes no claim', async () => {
      const it = ours()
      const vault = await hold(addressOf(it))
      await send(alice, lockTokens(it, vault.address))
      expect(await outcome(alice, token([10], bobs.address, mint.address, alice))).toBe('ok')
      const paid = payTokens(it, bob.address, vault.address, bobs.address)
      expect(await outcome(stranger, claim(it, current()), paid)).not.toBe('ok')
      expect(await outcome(stranger, claim(it, current()))).toBe('ok')
      await pass(it.deadline)
      expect(await outcome(alice, refund(it))).toBe('state')
      expect(await outcome(alice, token([11], bobs.address, mint.address, alice))).toBe('ok')
      expect(await outcome(stranger, paid)).toBe('ok')
    })
    test('H13: a vault that somebody else can close or spend from, of another owner or mint, or frozen', async () => {
      const it = ours()
      const address = addressOf(it)
      const refused = (vault: string) => outcome(alice, lockTokens(it, vault))
      expect(await refused(bobs.address)).toBe('token')
      const closable = await hold(alice.address)
      const setAuthority = (kind: number, to: string) =>
        token([6, kind, 1, base58.decode(to)], closable.address, alice)
      expect(await outcome(alice, setAuthority(3, stranger.address), setAuthority(2, address))).toBe('ok')
      expect(await refused(closable.address)).toBe('token')
      const frozen = await hold(address)
      await send(alice, token([10], frozen.address, mint.address, alice))
      expect(await refused(frozen.address)).toBe('token')
      expect(await refused(mint.address)).toBe('token')
      const good = await hold(address)
      expect(
        await outcome(alice, lock(it, address, alice, [bobs.address, alices.address, good.address, TOKEN])),
      ).toBe('token')
      expect(
        await outcome(alice, lock(it, address, alice, [mint.address, alices.address, good.address, SYSTEM])),
      ).toBe('token')
      expect(await outcome(alice, lockTokens(it, good.address))).toBe('ok')
    })
  })
})
