import {
  type AccountId,
  type AssetId,
  Bytes,
  type Capabilities,
  type ChainAdapter,
  type ChainEvent,
  type Claim,
  Hashlock,
  type Intent,
  isAitbcError,
  type Lock,
  type LockProfile,
  LockTerms,
  type Network,
  type PrepareOptions,
  type SeedWallet,
  type Signed,
  type Spend,
  type Status,
  type Step,
  type Submission,
  type SwapAdapter,
  SwapSeed,
  type Verifier,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Endpoint } from './endpoints.js'

/** An adapter, with locks in most cases; what its capabilities don't promise may be missing from it. */
export type LockAdapter = Omit<
  ChainAdapter<{ readonly locks: true; readonly proofs: 'none'; readonly replacement: false }>,
  'capabilities'
> & { readonly capabilities: Capabilities } & Partial<Pick<SwapAdapter, 'replace' | 'prove'>>

interface Bare {
  readonly locks: false
  readonly proofs: 'none'
  readonly replacement: false
}

/** An adapter of a chain that has no locks. */
export type LocklessAdapter = Pick<LockAdapter, keyof ChainAdapter<Bare>> & {
  readonly capabilities: Capabilities
} & Partial<Pick<SwapAdapter, 'replace'>>

/** A local chain with all that the suite needs of it. */
export interface ContractChain {
  /** An adapter that remembers nothing, over an endpoint; it polls as often as it can. */
  open(endpoint: Endpoint): Promise<LockAdapter | LocklessAdapter> | LockAdapter | LocklessAdapter
  wallet(seed: SwapSeed.NetworkSeed): SeedWallet
  /** Gives an account native coins, in a block: enough for all that the suite does with it. */
  fund(account: AccountId.AccountId): Promise<void>
  /** What the terms of locks name, where there are any; an amount that is good for them and for transfers. */
  readonly backend?: LockTerms.Backend
  readonly amount: bigint
  /** A token that locks can hold, where the family has any; `fund` gives an account at least a hundred times `amount`. */
  readonly token?: {
    readonly asset: AssetId.AssetId
    readonly amount: bigint
    fund(account: AccountId.AccountId): Promise<void>
  }
  mine(blocks?: number): Promise<void>
  /** Blocks until the chain's clock, as locks read it, is at least a value. */
  reach(clock: bigint): Promise<void>
  /** Undoes that many blocks; nobody has their transactions any more. */
  undo?(depth: number): Promise<void>
  /** Judges the adapter's evidence. */
  verifier?(adapter: LockAdapter): Promise<Verifier> | Verifier
  close(): Promise<void>
}

/** Why a part of the suite can't be seen on a chain; stands in the title of the test that is skipped. */
export interface Lacks {
  /** A submission that waits for a block. */
  readonly pending?: string
  /** Balances in blocks of the past; reading one must then be refused. */
  readonly history?: string
  /** Blocks that are undone. */
  readonly reorg?: string
  /** Headers for a light client. */
  readonly headers?: string
  /** A mempool in which a submission that waits is outbid by its replacement. */
  readonly outbidding?: string
  /** Evidence of what the chain holds, and not of what stands in its blocks alone. */
  readonly state?: string
  /** A refund that somebody has to send; the chain makes it by itself from the deadline on, with no transaction. */
  readonly refunds?: string
  /** Units of deadlines that can be told apart without the chain: heights look like any other number. */
  readonly units?: string
}

export interface ContractOptions {
  readonly network: Network
  readonly capabilities: Capabilities
  readonly profile: LockProfile
  /** Clock units from a lock to its deadline; 3600 unless told. */
  readonly span?: bigint
  readonly lacks?: Lacks
  create(): Promise<ContractChain>
}

interface Person {
  readonly seed: SwapSeed.SwapSeed
  readonly share: SwapSeed.NetworkSeed
  readonly wallet: SeedWallet
}

interface Swap {
  readonly terms: LockTerms.LockTerms
  readonly secret: Hashlock.Secret
  readonly nonce: Bytes.Bytes
  readonly locker: Person
  readonly beneficiary: Person
}

/**
 * What every adapter does, whatever its chain: each method and each error of `ChainAdapter`, against a real local chain. A part that a
 * chain's capabilities or its local chain exclude is a skipped test with the reason in its title.
 */
export function adapterContract(name: string, options: ContractOptions): void {
  const { network, profile, capabilities, lacks = {}, span = 3600n } = options
  const testPart = (title: string, reason: string | undefined, run: () => Promise<void>) =>
    reason === undefined ? test(title, run) : test.skip(`${title} (skipped: ${reason})`, run)
  const unless = (promised: boolean, reason: string) => (promised ? undefined : reason)
  const testLock = (title: string, run: () => Promise<void>) =>
    testPart(title, unless(capabilities.locks, 'capabilities.locks is false'), run)
  /** Which half of the suite's lock tests and cases a chain has. */
  const { locks } = capabilities

  let chain: ContractChain
  // Methods that its capabilities don't promise are asked for by no test.
  let adapter: LockAdapter
  let alice: Person
  let bob: Person
  let carol: Person
  let nonces = 0
  let people = 0

  const person = (): Person => {
    const seed = new Uint8Array(32).fill(0xc0)
    new DataView(seed.buffer).setUint32(0, ++people)
    const share = SwapSeed.forNetwork(seed, network.id)
    return { seed, share, wallet: chain.wallet(share) }
  }
  const nonceOf = (n: number): Bytes.Bytes => {
    const nonce = new Uint8Array(SwapSeed.NONCE_LENGTH)
    new DataView(nonce.buffer).setUint32(4, n)
    return nonce
  }

  beforeAll(async () => {
    chain = await options.create()
    adapter = await open({ kind: 'node' })
    ;[alice, bob, carol] = [person(), person(), person()]
    for (const { wallet } of [alice, bob, carol]) {
      await chain.fund(wallet.funding)
      await chain.token?.fund(wallet.funding)
    }
  })
  afterAll(() => chain?.close())

  const backend = (): LockTerms.Backend => {
    if (chain.backend === undefined) throw new Error('a chain with locks names their backend')
    return chain.backend
  }
  const open = async (endpoint: Endpoint) => (await chain.open(endpoint)) as LockAdapter

  async function swap(
    change: Partial<LockTerms.LockTerms> & { readonly locker?: never } = {},
    [locker, beneficiary]: readonly [Person, Person] = [alice, bob],
  ): Promise<Swap> {
    const nonce = nonceOf(++nonces)
    const secret = SwapSeed.secret(locker.seed, nonce)
    const { clock } = (await adapter.tip()).value
    const terms: LockTerms.LockTerms = {
      version: 1,
      backend: backend(),
      asset: network.native.id,
      amount: chain.amount,
      hashlock: Hashlock.of(secret),
      locker: locker.wallet.party(nonce),
      beneficiary: beneficiary.wallet.party(nonce),
      deadline: { network: network.id, clock: network.clock, value: clock + span },
      salt: SwapSeed.derive(locker.share, 'salt', nonce),
      ...change,
    }
    return { terms, secret, nonce, locker, beneficiary }
  }

  const lockOf = ({ terms, locker }: Swap): Intent => ({ kind: 'lock', terms, from: locker.wallet.funding })
  const claimOf = ({ terms, secret }: Swap, lock: Lock): Intent => ({ kind: 'claim', terms, lock, secret })
  const refundOf = ({ terms }: Swap, lock: Lock): Intent => ({ kind: 'refund', terms, lock })
  const transfer = (change: Partial<Extract<Intent, { kind: 'transfer' }>> = {}): Intent => ({
    kind: 'transfer',
    from: alice.wallet.funding,
    to: carol.wallet.funding,
    asset: network.native.id,
    amount: chain.amount,
    ...change,
  })

  async function sign(step: Step, nonce = nonceOf(0)): Promise<Signed> {
    for (const { wallet } of [alice, bob, carol]) {
      const signer = wallet.signer(step.from, nonce)
      if (signer?.kind === 'signs') return signer.sign(step)
    }
    throw new Error(`nobody signs for ${step.from}`)
  }
  async function signed(intent: Intent, nonce?: Bytes.Bytes, how: PrepareOptions = {}): Promise<Signed[]> {
    const all: Signed[] = []
    for (const step of await adapter.prepare(intent, how)) all.push(await sign(step, nonce))
    return all
  }
  async function send(intent: Intent, nonce?: Bytes.Bytes): Promise<readonly Submission[]> {
    const sent: Submission[] = []
    for (const one of await signed(intent, nonce)) sent.push(await adapter.submit(one))
    return sent
  }
  /** Sends all steps of an intent; they are in a block then. */
  async function run(intent: Intent, nonce?: Bytes.Bytes): Promise<readonly Submission[]> {
    const sent = await send(intent, nonce)
    await chain.mine()
    for (const one of sent) expect(await statusOf(one), one.step.kind).toMatch(/^(included|final)$/)
    return sent
  }
  /** Whether something that may be refused came through: by the adapter, the endpoint or the chain. */
  async function attempt(intent: Intent, nonce?: Bytes.Bytes): Promise<'done' | 'refused' | 'failed'> {
    try {
      const sent = await send(intent, nonce)
      await chain.mine()
      const is = await statusOf(sent.at(-1) as Submission)
      return is === 'included' || is === 'final' ? 'done' : 'failed'
    } catch (error) {
      if (!isAitbcError(error)) throw error
      return 'refused'
    }
  }
  const statusOf = async (submission: Submission): Promise<Status['is']> =>
    (await adapter.status(submission)).value.is
  async function locked(change: Parameters<typeof swap>[0] = {}, who?: readonly [Person, Person]) {
    const one = await swap(change, who)
    const sent = await run(lockOf(one), one.nonce)
    return { ...one, lock: await theLock(one.terms), sent }
  }
  async function theLock(terms: LockTerms.LockTerms): Promise<Lock> {
    const [read] = await adapter.findLocks(terms)
    if (read?.is !== 'found') throw new Error(`no lock was found, but ${read?.is}`)
    return read.fact.value
  }
  /** All that a person holds of an asset, over the accounts of a swap. */
  async function wealth({ wallet }: Person, nonce: Bytes.Bytes, asset: AssetId.AssetId): Promise<bigint> {
    const { account, payout } = wallet.party(nonce)
    let sum = 0n
    for (const id of new Set([wallet.funding, account, payout]))
      sum += (await adapter.balance(id, { asset })).value
    return sum
  }
  const maxFee = (sent: readonly Submission[]): bigint =>
    sent.reduce((sum, { step }) => sum + step.maxFee.amount, 0n)
  const between = (value: bigint, least: bigint, most: bigint, what: string) =>
    expect(least <= value && value <= most, `${what}: ${least} <= ${value} <= ${most}`).toBe(true)

  async function rejection(call: () => unknown): Promise<unknown> {
    try {
      await call()
    } catch (error) {
      return error
    }
    throw new Error('nothing was refused')
  }
  async function refused(call: () => unknown, what: string): Promise<{ _tag: string; argument: unknown }> {
    const error = await rejection(call)
    if (!isAitbcError(error)) throw new Error(`${what}: not a typed error, but ${String(error)}`)
    expect(error.message.length, what).toBeGreaterThan(0)
    expect(error.hint.length, what).toBeGreaterThan(0)
    return { _tag: error._tag, argument: error.context['argument'] }
  }

  /** Terms of another network; good for whoever is of it. */
  const foreignNetwork: Network = network.family === 'evm' ? networks.bitcoinRegtest : networks.ethereum
  const foreignAccount: AccountId.AccountId =
    network.family === 'evm'
      ? `${networks.bitcoinRegtest.id}:bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080`
      : 'eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb'
  const foreignTerms = (): LockTerms.LockTerms => ({
    version: 1,
    backend: { network: foreignNetwork.id, kind: chain.backend?.kind ?? 'contract' },
    asset: foreignNetwork.native.id,
    amount: 100_000n,
    hashlock: Hashlock.of(new Uint8Array(32).fill(1)),
    locker: { account: foreignAccount, payout: foreignAccount },
    beneficiary: { account: foreignAccount, payout: foreignAccount },
    deadline: { network: foreignNetwork.id, clock: foreignNetwork.clock, value: 1_900_000_000n },
    salt: new Uint8Array(32),
  })

  describe(`${name}: the adapter contract`, () => {
    test('it is what it says: network, profile and capabilities, and methods for these alone', () => {
      expect(adapter.network.id).toBe(network.id)
      expect(adapter.profile).toEqual(profile)
      expect(adapter.capabilities).toEqual(capabilities)
      expect('replace' in adapter).toBe(capabilities.replacement !== false)
      expect('prove' in adapter).toBe(capabilities.proofs !== 'none')
      for (const method of [
        'tip',
        'headers',
        'balance',
        'feeRates',
        'prepare',
        'submit',
        'status',
        'watch',
      ] as const)
        expect(typeof adapter[method], method).toBe('function')
      for (const method of [
        'auditTerms',
        'findLocks',
        'expectLock',
        'findSpend',
        'discoverLocks',
        'recoverLocks',
      ] as const)
        expect(method in adapter, method).toBe(locks)
    })

    describe('reads', () => {
      test('tip: the newest block, its clock, and what is final', async () => {
        const before = await adapter.tip()
        await chain.mine(2)
        const { value: tip, at, depth, asOf, assurance } = await adapter.tip()
        expect(tip.height).toBeGreaterThanOrEqual(before.value.height + 2n)
        expect(at).toEqual({ height: tip.height, hash: tip.hash })
        expect(asOf).toEqual(tip)
        expect(depth).toBe(1n)
        expect(['reported', 'quorum', 'attested', 'proved']).toContain(assurance)
        expect(tip.clock).toBeGreaterThanOrEqual(before.value.clock)
        if (tip.finalized !== undefined) expect(tip.finalized.height).toBeLessThanOrEqual(tip.height)
        if (network.finality.rule === 'instant') expect(tip.finalized?.height).toBe(tip.height)
      })

      testPart('headers: one after the other, up to the tip, then as they come', lacks.headers, async () => {
        const from = (await adapter.tip()).value
        await chain.mine(2)
        const stop = new AbortController()
        const heights: bigint[] = []
        for await (const { block, bytes } of adapter.headers(from, { signal: stop.signal })) {
          expect(bytes.length).toBeGreaterThan(0)
          expect(block.hash).not.toBe(from.hash)
          heights.push(block.height)
          if (heights.length === 2) await chain.mine()
          if (heights.length === 3) stop.abort()
        }
        expect(heights).toEqual([from.height + 1n, from.height + 2n, from.height + 3n])
      })

      test('balance: exact; an account that nobody paid to has nothing', async () => {
        const nobody = person().wallet.funding
        expect((await adapter.balance(nobody)).value).toBe(0n)
        const before = await adapter.balance(carol.wallet.funding)
        await run(transfer({ amount: chain.amount + 1n }))
        const after = await adapter.balance(carol.wallet.funding)
        expect(after.value - before.value).toBe(chain.amount + 1n)
        expect(after.asOf.height).toBeGreaterThan(before.asOf.height)
      })

      test('balance: bound to a block of the past, or a typed refusal where the chain has no such reads', async () => {
        const tip = (await adapter.tip()).value
        const before = (await adapter.balance(carol.wallet.funding)).value
        await run(transfer())
        const at = { height: tip.height, hash: tip.hash }
        const read = () => adapter.balance(carol.wallet.funding, { at })
        if (lacks.history !== undefined)
          expect(await refused(read, lacks.history)).toMatchObject({ _tag: 'UnsupportedCapability' })
        else expect(await read()).toMatchObject({ value: before, at })
      })

      test('fee rates: three levels in the unit of the network, never below its relay minimum', async () => {
        const { slow, normal, fast } = await adapter.feeRates()
        between(slow, network.fees.minRelay, normal, 'slow')
        between(normal, slow, fast, 'normal')
      })
    })

    describe('transfers', () => {
      test('S1: a transfer moves its amount, costs at most its stated fee, and nothing else', async () => {
        const [payer, payee] = [alice.wallet.funding, carol.wallet.funding]
        const of = async (account: AccountId.AccountId) => (await adapter.balance(account)).value
        const before = [await of(payer), await of(payee)] as const
        const sent = await run(transfer())
        for (const { step } of sent) {
          expect(step.network).toBe(network.id)
          expect(step.from).toBe(payer)
          expect(step.format).toMatch(/^[a-z0-9]+\/[a-z0-9-]+$/)
          expect(step.payload.length).toBeGreaterThan(0)
          expect(step.conflictKey.length).toBeGreaterThan(0)
          expect(step.maxFee.asset).toBe(network.native.id)
        }
        expect(sent.at(-1)?.step.kind).toBe('transfer')
        expect((await of(payee)) - before[1]).toBe(chain.amount)
        between(before[0] - (await of(payer)) - chain.amount, 0n, maxFee(sent), 'fee')
      })

      test('a token moves exactly, whatever the fee is paid in', async () => {
        if (chain.token === undefined) {
          const asset: AssetId.AssetId = `${network.id}/token:nobody`
          await refused(() => adapter.prepare(transfer({ asset })), 'a token')
          await refused(() => adapter.balance(alice.wallet.funding, { asset }), 'a token')
          return
        }
        const { asset, amount } = chain.token
        const before = [await wealth(alice, nonceOf(0), asset), await wealth(carol, nonceOf(0), asset)]
        await run(transfer({ asset, amount }))
        const after = [await wealth(alice, nonceOf(0), asset), await wealth(carol, nonceOf(0), asset)]
        expect([before[0]! - after[0]!, after[1]! - before[1]!]).toEqual([amount, amount])
      })

      test('H22: sent again, by this process or another, waiting or in a block, it is the same as once', async () => {
        const before = (await adapter.balance(carol.wallet.funding)).value
        const [one] = (await signed(transfer())) as [Signed]
        const other = await open({ kind: 'node' })
        const first = await adapter.submit(one)
        expect(first).toMatchObject({ id: one.id, attempts: [one.id] })
        expect(await adapter.submit(one)).toEqual(first)
        expect(await other.submit(one)).toEqual(first)
        await chain.mine()
        expect(await other.submit(one)).toEqual(first)
        await chain.mine()
        expect((await adapter.balance(carol.wallet.funding)).value - before).toBe(chain.amount)
      })

      test('status: unknown before it is sent, then included, then final', async () => {
        const [one] = (await signed(transfer())) as [Signed]
        expect(await statusOf({ step: one.step, id: one.id, attempts: [one.id] })).toBe('unknown')
        const sent = await adapter.submit(one)
        await chain.mine()
        const { value } = await adapter.status(sent)
        expect(value).toMatchObject({ id: one.id })
        const { finality } = network
        if (finality.rule === 'depth' && finality.depth > 1n) expect(value.is).toBe('included')
        await chain.mine(finality.rule === 'depth' ? Number(finality.depth) : 3)
        expect(await adapter.status(sent)).toMatchObject({ value: { is: 'final', id: one.id } })
        // Another process knows it by its submission alone.
        const other = await open({ kind: 'node' })
        expect((await other.status(sent)).value.is).toBe('final')
      })

      testPart('status: pending while it waits', lacks.pending, async () => {
        const [sent] = (await send(transfer())) as [Submission]
        expect(await adapter.status(sent)).toMatchObject({
          value: { is: 'pending' },
          at: 'mempool',
          depth: 0n,
        })
        await chain.mine()
        expect(await statusOf(sent)).toMatch(/^(included|final)$/)
      })

      testPart(
        'H9: an undone block takes its transaction back; the same bytes bring it again',
        lacks.reorg,
        async () => {
          const [one] = (await signed(transfer())) as [Signed]
          const sent = await adapter.submit(one)
          await chain.mine()
          expect(await statusOf(sent)).toBe('included')
          await chain.undo?.(1)
          expect(await statusOf(sent)).toBe('dropped')
          expect(await adapter.submit(one)).toEqual(sent)
          await chain.mine()
          expect(await statusOf(sent)).toBe('included')
        },
      )

      testPart(
        'S9: a replacement shares the conflict key; one of the two is included, and counts for all attempts',
        lacks.outbidding ??
          unless(
            capabilities.replacement === true,
            `capabilities.replacement is ${capabilities.replacement}`,
          ),
        async () => {
          const { replace } = adapter as SwapAdapter
          const [first] = (await send(transfer())) as [Submission]
          const { fast } = await adapter.feeRates()
          const [step] = (await replace(first, fast * 2n)) as [Step]
          expect(step.conflictKey).toBe(first.step.conflictKey)
          const second = await adapter.submit(await sign(step))
          expect(second.attempts).toEqual([first.id, second.id])
          await chain.mine()
          expect(await statusOf(second)).toBe('included')
          expect((await adapter.status(first)).value).toEqual({ is: 'replaced', by: second.id })
          await refused(
            () => adapter.submit({ ...first, raw: first.raw as Bytes.Bytes }),
            'the first version',
          )
        },
      )

      testPart(
        'a void takes the place of what waits, which never appears then',
        lacks.outbidding ??
          unless(
            capabilities.replacement === true,
            `capabilities.replacement is ${capabilities.replacement}`,
          ),
        async () => {
          const one = locks ? await swap() : undefined
          const before = (await adapter.balance(carol.wallet.funding)).value
          const intent = one === undefined ? transfer() : lockOf(one)
          const [waits] = (await send(intent, one?.nonce)) as [Submission]
          const [step] = (await adapter.prepare({ kind: 'void', submission: waits })) as [Step]
          expect(step).toMatchObject({ kind: 'void', conflictKey: waits.step.conflictKey })
          const taken = await adapter.submit(await sign(step, one?.nonce))
          await chain.mine()
          expect((await adapter.status(waits)).value).toEqual({ is: 'replaced', by: taken.id })
          expect((await adapter.balance(carol.wallet.funding)).value).toBe(before)
          if (one !== undefined) expect((await adapter.findLocks(one.terms))[0]?.is).toBe('absent')
        },
      )
    })

    describe('locks', () => {
      testLock('lock, find, claim, find the secret; every unit is accounted for', async () => {
        const one = await swap()
        const { terms, nonce, secret } = one
        expect(adapter.auditTerms(terms)).toEqual({ ok: true, value: terms })
        expect(await adapter.findLocks(terms)).toMatchObject([{ is: 'absent' }])
        const before = [await wealth(alice, nonce, terms.asset), await wealth(bob, nonce, terms.asset)]
        const steps = await signed(lockOf(one), nonce)
        const expected = adapter.expectLock(terms, steps)
        for (const step of steps) await adapter.submit(step)
        await chain.mine()
        const [read, ...more] = await adapter.findLocks(terms)
        expect(more).toEqual([])
        expect(read).toMatchObject({ is: 'found', fact: { value: expected } })
        // Where blocks come by themselves there may be more of them by now.
        if (lacks.pending === undefined) expect(read).toMatchObject({ fact: { depth: 1n } })
        expect(expected).toMatchObject({
          amount: terms.amount,
          match: 'exact',
          transaction: steps.at(-1)?.id,
        })
        const fees = steps.reduce((sum, { step }) => sum + step.maxFee.amount, 0n)
        const middle = await wealth(alice, nonce, terms.asset)
        between(before[0]! - middle - terms.amount, 0n, fees, 'fee of the lock')
        expect(await adapter.findSpend(terms, expected)).toMatchObject({ is: 'absent' })

        const claimed = await run(claimOf(one, expected), nonce)
        const gain = (await wealth(bob, nonce, terms.asset)) - before[1]!
        between(terms.amount - gain, 0n, maxFee(claimed), 'fee of the claim')
        const spend: Spend = { kind: 'claim', transaction: claimed.at(-1)!.id, secret }
        expect(await adapter.findSpend(terms, expected)).toMatchObject({
          is: 'found',
          fact: { value: spend },
        })
        // A lock that ended is a lock still; another process finds both by the terms alone.
        const other = await open({ kind: 'node' })
        expect(await other.findLocks(terms)).toMatchObject([{ is: 'found', fact: { value: expected } }])
        expect(await other.findSpend(terms, expected)).toMatchObject({ is: 'found', fact: { value: spend } })
      })

      testLock(
        'S8: a refund is built before its lock is sent, is refused before the deadline, and pays from it on',
        async () => {
          const one = await swap()
          const { terms, nonce } = one
          const before = await wealth(alice, nonce, terms.asset)
          const steps = await signed(lockOf(one), nonce)
          const lock = adapter.expectLock(terms, steps)
          const prepared = await signed(refundOf(one, lock), nonce, { after: steps })
          for (const { step } of prepared.slice(-1)) expect(step.validFrom).toEqual(terms.deadline)
          for (const step of steps) await adapter.submit(step)
          await chain.mine()
          if (lacks.refunds === undefined) expect(await attempt(refundOf(one, lock), nonce)).not.toBe('done')
          else expect(prepared).toEqual([])
          expect(await adapter.findSpend(terms, lock)).toMatchObject({ is: 'absent' })
          await chain.reach(terms.deadline.value)
          const sent = await run(refundOf(one, lock), nonce)
          expect(await adapter.findSpend(terms, lock)).toMatchObject({
            is: 'found',
            fact: { value: { kind: 'refund', transaction: sent.at(-1)?.id ?? '' } },
          })
          // What it cost is fees: of lock, early attempt and refund.
          const fees = steps.reduce((sum, { step }) => sum + step.maxFee.amount, 0n) + 2n * maxFee(sent)
          between(before - (await wealth(alice, nonce, terms.asset)), 0n, fees, 'lock and refund')
          // S2: it ends once.
          expect(await attempt(claimOf(one, lock), nonce)).not.toBe('done')
          expect(await adapter.findSpend(terms, lock)).toMatchObject({ fact: { value: { kind: 'refund' } } })
        },
      )

      testLock('tokens: lock, claim and refund move the amount exactly', async () => {
        if (chain.token === undefined) {
          const { terms } = await swap({ asset: `${network.id}/token:nobody` })
          expect(adapter.auditTerms(terms)).toMatchObject({ ok: false })
          return
        }
        const { asset, amount } = chain.token
        const of = async (nonce: Bytes.Bytes) =>
          Promise.all([wealth(alice, nonce, asset), wealth(bob, nonce, asset)])
        const claimed = await swap({ asset, amount })
        const [a, b] = await of(claimed.nonce)
        await run(lockOf(claimed), claimed.nonce)
        expect(await of(claimed.nonce)).toEqual([a - amount, b])
        await run(claimOf(claimed, await theLock(claimed.terms)), claimed.nonce)
        expect(await of(claimed.nonce)).toEqual([a - amount, b + amount])
        const back = await locked({ asset, amount })
        await chain.reach(back.terms.deadline.value)
        await run(refundOf(back, back.lock), back.nonce)
        expect(await of(back.nonce)).toEqual([a - amount, b + amount])
      })

      testLock('S5: whoever pays the fee, the beneficiary is paid; nobody else signs', async () => {
        const one = await locked()
        const [step] = (await adapter.prepare(claimOf(one, one.lock))) as [Step]
        const stranger = carol.wallet.signer(carol.wallet.funding, one.nonce)
        if (stranger?.kind === 'signs') await refused(() => stranger.sign(step), "another's step")
        const feePayer = carol.wallet.funding
        const intent = { ...claimOf(one, one.lock), feePayer } as Intent
        if (profile.feesFrom === 'lock') {
          expect(await refused(() => adapter.prepare(intent), 'a fee payer')).toMatchObject({
            _tag: 'UnsupportedCapability',
          })
          return
        }
        const before = await wealth(bob, one.nonce, one.terms.asset)
        await run(intent, one.nonce)
        expect((await wealth(bob, one.nonce, one.terms.asset)) - before).toBe(one.terms.amount)
      })

      testLock(
        'H5: a claim after the deadline is accepted only where the profile says so (lateClaims)',
        async () => {
          const one = await locked()
          await chain.reach(one.terms.deadline.value)
          const done = (await attempt(claimOf(one, one.lock), one.nonce)) === 'done'
          expect(done).toBe(profile.lateClaims)
          const spend = await adapter.findSpend(one.terms, one.lock)
          if (lacks.refunds === undefined) expect(spend.is).toBe(profile.lateClaims ? 'found' : 'absent')
          else expect(spend).toMatchObject({ fact: { value: { kind: 'refund' } } })
        },
      )

      testLock(
        'H21: a second payment of the same terms is a duplicate, or impossible where the profile says unique',
        async () => {
          const one = await locked()
          const again = await attempt(lockOf(one), one.nonce)
          const found = await adapter.findLocks(one.terms)
          const matches = found.map((read) => read.is === 'found' && read.fact.value.match)
          if (profile.unique) {
            expect(again).not.toBe('done')
            expect(matches).toEqual(['exact'])
          } else {
            expect(again).toBe('done')
            expect(matches).toEqual(['exact', 'duplicate'])
          }
        },
      )

      testLock(
        'a lock after its deadline is possible only where the profile says so (lateLocks)',
        async () => {
          const one = await swap()
          await chain.reach(one.terms.deadline.value)
          const done = (await attempt(lockOf(one), one.nonce)) === 'done'
          expect(done).toBe(profile.lateLocks)
          const [read] = await adapter.findLocks(one.terms)
          if (done) expect(read).toMatchObject({ is: 'found', fact: { value: { match: 'late' } } })
          else expect(read).toMatchObject({ is: 'absent' })
        },
      )

      testPart(
        'H7, H5: a lock and a claim that wait are seen as such',
        lacks.pending ?? unless(locks, 'capabilities.locks is false'),
        async () => {
          const one = await swap()
          await send(lockOf(one), one.nonce)
          const [read] = await adapter.findLocks(one.terms)
          // Where only a block makes a lock visible, its absence is what is said.
          if (read?.is === 'found') expect(read.fact).toMatchObject({ at: 'mempool', depth: 0n })
          else expect(read?.is).toBe('absent')
          await chain.mine()
          const lock = await theLock(one.terms)
          const [sent] = (await send(claimOf(one, lock), one.nonce)) as [Submission]
          expect(await adapter.findSpend(one.terms, lock)).toMatchObject({
            is: 'found',
            fact: {
              at: 'mempool',
              depth: 0n,
              value: { kind: 'claim', transaction: sent.id, secret: one.secret },
            },
          })
          await chain.mine()
        },
      )

      testLock('H15: discovery by hashlock alone, where locks announce themselves (events)', async () => {
        const one = await locked()
        const found = await adapter.discoverLocks(one.terms.hashlock)
        if (profile.events) expect(found).toEqual([{ terms: one.terms, lock: one.lock }])
        else expect(found).toEqual([])
        expect(await adapter.discoverLocks(new Uint8Array(32).fill(0x77))).toEqual([])
      })

      testLock('L3: recovery from the seed and the chain alone, by its owner alone', async () => {
        const owner = person()
        await chain.fund(owner.wallet.funding)
        const mine: Swap[] = []
        const records = [
          { role: 'initiator', counter: new Uint8Array(32).fill(5) },
          { role: 'follower' },
        ] as const
        for (const [index, record] of records.entries()) {
          const one = await swap(
            index === 0 ? {} : { hashlock: Hashlock.of(new Uint8Array(32).fill(0x33)) },
            [owner, bob],
          )
          mine.push(one)
          const recovery = { seed: owner.share, nonce: one.nonce, index, record }
          const intent = { ...lockOf(one), recovery } as Intent
          for (const step of await adapter.prepare(intent)) {
            const signer = owner.wallet.signer(step.from, one.nonce)
            if (signer?.kind !== 'signs') throw new Error(`nobody signs for ${step.from}`)
            await adapter.submit(await signer.sign(step))
          }
          await chain.mine()
        }
        const hashlockOf = (nonce: Bytes.Bytes) => Hashlock.of(SwapSeed.secret(owner.seed, nonce))
        const other = await open({ kind: 'node' })
        const found = await other.recoverLocks(owner.share, { hashlockOf })
        expect(found.map(({ record }) => record)).toEqual(records)
        expect(found.map(({ nonce }) => Bytes.toHex(nonce))).toEqual(
          mine.map(({ nonce }) => Bytes.toHex(nonce)),
        )
        expect(found.map(({ terms }) => Bytes.toHex(LockTerms.id(terms)))).toEqual(
          mine.map(({ terms }) => Bytes.toHex(LockTerms.id(terms))),
        )
        for (const { terms, lock, signed } of found) {
          expect(lock).toEqual(await theLock(terms))
          // Where a second lock could be made, what made the first one is known again: to be sent again, or made void.
          expect(signed?.id).toBe(profile.unique ? undefined : lock.transaction)
          if (signed === undefined) continue
          const { at, value } = await other.status({ ...signed, attempts: [signed.id] })
          expect([value.is, at]).toEqual(['included', value.is === 'included' ? value.block : undefined])
        }
        // Not by another seed, and no lock under a hashlock that the initiator's secret doesn't give.
        expect(await other.recoverLocks(person().share, { hashlockOf })).toEqual([])
        const lied = await other.recoverLocks(owner.share, { hashlockOf: () => new Uint8Array(32).fill(1) })
        expect(lied.map(({ record }) => record.role)).toEqual(['follower'])
        // What was recovered is enough for the refund.
        const [first] = found as [(typeof found)[number]]
        await chain.reach(first.terms.deadline.value)
        if (lacks.refunds !== undefined) {
          expect(await other.prepare({ kind: 'refund', ...first })).toEqual([])
          const spend = await other.findSpend(first.terms, first.lock)
          expect(spend).toMatchObject({ fact: { value: { kind: 'refund' } } })
          return
        }
        const [step] = (await other.prepare({ kind: 'refund', ...first })) as [Step]
        const signer = owner.wallet.signer(step.from, first.nonce)
        if (signer?.kind !== 'signs') throw new Error(`nobody signs for ${step.from}`)
        const sent = await other.submit(await signer.sign(step))
        await chain.mine()
        expect((await other.status(sent)).value.is).toMatch(/^(included|final)$/)
      })

      testLock('H18, S14: no endpoint learns the secret before the claim is submitted', async () => {
        const one = await locked()
        const asked: string[] = []
        const spied = await open({ kind: 'spied', saw: (request) => asked.push(request) })
        const steps = await spied.prepare(claimOf(one, one.lock))
        const all: Signed[] = []
        for (const step of steps) all.push(await sign(step, one.nonce))
        await spied.findLocks(one.terms)
        await spied.findSpend(one.terms, one.lock)
        for (const step of all) await spied.status({ ...step, attempts: [step.id] })
        expect(asked.length).toBeGreaterThan(3)
        expect(asked.filter((request) => tells(request, one.secret))).toEqual([])
        for (const step of all) await spied.submit(step)
        // The control: what looks for the secret does find it.
        expect(asked.some((request) => tells(request, one.secret))).toBe(true)
        await chain.mine()
      })
    })

    describe('evidence', () => {
      const reason = unless(capabilities.proofs !== 'none', 'capabilities.proofs is none')

      testPart(
        'a lock and its claim are proved; the evidence says nothing of other locks',
        reason ?? lacks.state,
        async () => {
          const { prove } = adapter as SwapAdapter
          const one = await locked()
          const claim: Claim = { kind: 'lock', terms: one.terms, lock: one.lock }
          const evidence = await prove(claim)
          expect(evidence).toMatchObject({
            network: network.id,
            format: expect.stringMatching(/^[a-z0-9-]+\/\d+$/),
          })
          const verifier = await chain.verifier?.(adapter)
          // A proof of state tells what is locked, and not by which transaction.
          const { transaction: _, ...proved } = one.lock
          expect(verifier?.verify(claim, evidence)).toMatchObject({ ok: true, value: { value: proved } })
          const other = await swap()
          const [wrong] = [adapter.expectLock(other.terms, await signed(lockOf(other), other.nonce))]
          expect(verifier?.verify({ kind: 'lock', terms: other.terms, lock: wrong }, evidence)).toMatchObject(
            {
              ok: false,
            },
          )
          const sent = await run(claimOf(one, one.lock), one.nonce)
          const spend: Spend = { kind: 'claim', transaction: sent.at(-1)!.id, secret: one.secret }
          const spent: Claim = { kind: 'spend', terms: one.terms, lock: one.lock, spend }
          const later = await chain.verifier?.(adapter)
          expect(later?.verify(spent, await prove(spent))).toMatchObject({
            ok: true,
            value: { value: { kind: 'claim' } },
          })
          expect(verifier).toBeDefined()
        },
      )

      testPart('error: what no block holds is not proved', reason, async () => {
        const { prove } = adapter as SwapAdapter
        const one = await swap()
        const lock = adapter.expectLock(one.terms, await signed(lockOf(one), one.nonce))
        await refused(() => prove({ kind: 'lock', terms: one.terms, lock }), 'no lock')
      })
    })

    describe('watch', () => {
      const has = (kind: string, test: (event: ChainEvent) => boolean) => (event: ChainEvent) =>
        event.is === 'added' && event.what.kind === kind && test(event)
      /** Takes events until one is as wanted; then the stream is ended by its signal. */
      async function until(events: AsyncIterator<ChainEvent>, wanted: (event: ChainEvent) => boolean) {
        for (let taken = 0; taken < 1000; taken++) {
          const { value, done } = await events.next()
          if (done === true) throw new Error('the watch ended')
          if (wanted(value)) return value as ChainEvent
        }
        throw new Error('a thousand events, and not that one')
      }
      async function ends(events: AsyncIterator<ChainEvent>, stop: AbortController) {
        const rest = events.next()
        stop.abort()
        for (let next = await rest; next.done !== true; next = await events.next());
      }

      test('the tip: block after block; an abort ends it', async () => {
        const stop = new AbortController()
        const events = adapter.watch({ kind: 'tip' }, { signal: stop.signal })[Symbol.asyncIterator]()
        const seen: bigint[] = []
        const next = async () => {
          const { what } = await until(
            events,
            has('block', () => true),
          )
          if (what.kind === 'block') seen.push(what.block.height)
        }
        await next()
        await chain.mine(2)
        await next()
        await next()
        expect(seen).toEqual([seen[0]!, seen[0]! + 1n, seen[0]! + 2n])
        await ends(events, stop)
      })

      test('an account: its transactions', async () => {
        const stop = new AbortController()
        const account = carol.wallet.funding
        const events = adapter
          .watch({ kind: 'account', account }, { signal: stop.signal })
          [Symbol.asyncIterator]()
        const first = events.next()
        const [sent] = (await send(transfer())) as [Submission]
        await chain.mine()
        const wanted = has(
          'transaction',
          ({ what }) => what.kind === 'transaction' && what.id === sent.id && what.block !== 'mempool',
        )
        const { value } = await first
        if (!wanted(value as ChainEvent)) await until(events, wanted)
        await ends(events, stop)
      })

      testLock('a lock: it appears, and ends', async () => {
        const one = await locked()
        const stop = new AbortController()
        const subject = { kind: 'lock', terms: one.terms } as const
        const events = adapter.watch(subject, { signal: stop.signal })[Symbol.asyncIterator]()
        const found = await until(
          events,
          has('lock', () => true),
        )
        expect(found.what).toMatchObject({ lock: one.lock })
        const [sent] = (await run(claimOf(one, one.lock), one.nonce)) as [Submission]
        const { what } = await until(
          events,
          has('spend', (event) => event.what.kind === 'spend' && event.what.block !== 'mempool'),
        )
        expect(what).toMatchObject({
          lock: one.lock,
          spend: { kind: 'claim', transaction: sent.id, secret: one.secret },
        })
        await ends(events, stop)
      })
    })

    describe('errors', () => {
      const hex32 = 'ab'.repeat(32)

      test('ids of another network are refused by every method, before anything is asked', async () => {
        const asked: string[] = []
        const spied = await open({ kind: 'spied', saw: (request) => asked.push(request) })
        const terms = foreignTerms()
        const lock: Lock = { ref: hex32, transaction: hex32, amount: 1n, match: 'exact' }
        const step = ((await signed(transfer())) as [Signed])[0]
        asked.length = 0
        const elsewhere: Signed = { ...step, step: { ...step.step, network: foreignNetwork.id } }
        const share = SwapSeed.forNetwork(alice.seed, foreignNetwork.id)
        const prepare = (intent: Intent) => () => spied.prepare(intent)
        const cases: Readonly<Record<string, () => unknown>> = {
          'balance, account': () => spied.balance(foreignAccount),
          'balance, asset': () => spied.balance(alice.wallet.funding, { asset: foreignNetwork.native.id }),
          'transfer, from': prepare(transfer({ from: foreignAccount })),
          'transfer, to': prepare(transfer({ to: foreignAccount })),
          'transfer, asset': prepare(transfer({ asset: foreignNetwork.native.id })),
          submit: () => spied.submit(elsewhere),
          status: () => spied.status({ ...elsewhere, attempts: [step.id] }),
          'watch, account': () =>
            spied.watch({ kind: 'account', account: foreignAccount })[Symbol.asyncIterator]().next(),
        }
        const ofLocks: typeof cases = {
          lock: prepare({ kind: 'lock', terms }),
          claim: prepare({ kind: 'claim', terms, lock, secret: new Uint8Array(32).fill(1) }),
          refund: prepare({ kind: 'refund', terms, lock }),
          findLocks: () => spied.findLocks(terms),
          findSpend: () => spied.findSpend(terms, lock),
          expectLock: () => spied.expectLock(terms, []),
          recoverLocks: () => spied.recoverLocks(share, { hashlockOf: () => terms.hashlock }),
          'watch, lock': () => spied.watch({ kind: 'lock', terms })[Symbol.asyncIterator]().next(),
        }
        for (const [what, call] of Object.entries({ ...cases, ...(locks ? ofLocks : {}) }))
          expect((await refused(call, what))._tag, what).toBe('ForeignNetwork')
        if (locks) expect(adapter.auditTerms(terms)).toMatchObject({ ok: false })
        else
          for (const kind of ['lock', 'claim', 'refund'])
            expect(await refused(() => spied.prepare({ kind, terms } as never), kind)).toMatchObject({
              _tag: 'UnsupportedCapability',
            })
        expect(asked).toEqual([])
      })

      testLock(
        'H20, H28: terms with a wrong unit, amount, clock, form or party are refused by name, before anything is signed',
        async () => {
          const { terms } = await swap()
          const { deadline, backend } = terms
          const at = (value: bigint) => ({ ...deadline, value })
          type Case = readonly [string, Partial<LockTerms.LockTerms>, RegExp]
          const units: readonly Case[] = [
            ['milliseconds', { deadline: at(deadline.value * 1000n) }, /deadline/],
            ['nanoseconds', { deadline: at(deadline.value * 1_000_000_000n) }, /deadline/],
            ['a span instead of an instant', { deadline: at(3600n) }, /deadline/],
            ['a height for an instant', { deadline: at(21_000_000n) }, /deadline/],
            ['a slot for an instant', { deadline: at(400_000_000n) }, /deadline/],
            ['a height', { deadline: { ...deadline, clock: 'height', value: 1000n } }, /deadline/],
          ]
          const cases: readonly Case[] = [
            ...(lacks.units === undefined ? units : []),
            [
              'another clock',
              { deadline: { ...deadline, clock: network.clock === 'unix' ? 'median-time' : 'unix' } },
              /deadline/,
            ],
            [
              "another network's deadline",
              { deadline: { ...deadline, network: foreignNetwork.id } },
              /deadline/,
            ],
            ['nothing', { amount: 0n }, /amount/],
            ['less than nothing', { amount: -1n }, /amount/],
            ['2^256', { amount: 2n ** 256n }, /amount/],
            ['a number that is no bigint', { amount: 5 as never }, /amount/],
            ['another form', { backend: { ...backend, kind: 'unheard-of' } }, /backend/],
            ['a short hashlock', { hashlock: new Uint8Array(31) }, /hashlock/],
            ['a short salt', { salt: new Uint8Array(16) }, /salt/],
            [
              'a foreign beneficiary',
              { beneficiary: { account: foreignAccount, payout: foreignAccount } },
              /beneficiary/,
            ],
            ['a foreign asset', { asset: foreignNetwork.native.id }, /asset/],
            ['an unknown asset', { asset: `${network.id}/token:nobody` }, /asset/],
            ['another version', { version: 2 as never }, /version/],
          ]
          for (const [what, change, name] of cases) {
            const wrong = { ...terms, ...change }
            const verdict = adapter.auditTerms(wrong)
            expect(verdict.ok, what).toBe(false)
            if (!verdict.ok) expect(String(verdict.refusal.context?.['argument']), what).toMatch(name)
            const intent: Intent = { kind: 'lock', terms: wrong, from: alice.wallet.funding }
            expect(String((await refused(() => adapter.prepare(intent), what)).argument), what).toMatch(name)
          }
        },
      )

      test('intents that make no sense are refused by name', async () => {
        const cases: readonly (readonly [string, Intent, RegExp])[] = [
          ['nothing moved', transfer({ amount: 0n }), /amount/],
          ['less than nothing', transfer({ amount: -1n }), /amount/],
          ['2^256', transfer({ amount: 2n ** 256n }), /amount/],
          ['a number that is no bigint', transfer({ amount: 5 as never }), /amount/],
          ['no kind', { kind: 'mint' } as never, /kind/],
          ['no account', transfer({ to: 'nobody' as never }), /to/],
        ]
        for (const [what, intent, name] of cases)
          expect(String((await refused(() => adapter.prepare(intent), what)).argument), what).toMatch(name)
        for (const feeRate of [-1n, 2n ** 200n, 5 as never])
          await refused(() => adapter.prepare(transfer(), { feeRate }), `fee rate ${feeRate}`)
      })

      testLock('H1, H20: a claim with another secret, or of another lock, is refused by name', async () => {
        const one = await locked()
        const claim = (change: object) => ({ ...claimOf(one, one.lock), ...change }) as Intent
        const cases: readonly (readonly [string, Intent, RegExp])[] = [
          ['a wrong secret', claim({ secret: new Uint8Array(32).fill(1) }), /secret/],
          ['31 bytes', claim({ secret: one.secret.slice(1) }), /secret/],
          ['33 bytes', claim({ secret: Bytes.concat(one.secret, Uint8Array.of(0)) }), /secret/],
          ['no secret', claim({ secret: undefined }), /secret/],
          ['no reference', claim({ lock: { ...one.lock, ref: 'nowhere' } }), /lock/],
        ]
        for (const [what, intent, name] of cases)
          expect(String((await refused(() => adapter.prepare(intent), what)).argument), what).toMatch(name)
        // A secret is in no error.
        const error = await rejection(() => adapter.prepare(claim({ lock: { ...one.lock, ref: 'nowhere' } })))
        const words = JSON.stringify(error, (_, value) =>
          typeof value === 'bigint'
            ? String(value)
            : value instanceof Uint8Array
              ? Bytes.toHex(value)
              : value,
        )
        expect(tells(`${String(error)} ${words}`, one.secret)).toBe(false)
      })

      test('an account without funds is told so before anything is signed; it may be funded later', async () => {
        const poor = person()
        const errors = [await rejection(() => adapter.prepare(transfer({ from: poor.wallet.funding })))]
        if (locks)
          errors.push(await rejection(async () => adapter.prepare(lockOf(await swap({}, [poor, bob])))))
        for (const error of errors)
          expect(error).toMatchObject({ _tag: expect.stringMatching(/InsufficientFunds$/), retryable: true })
      })

      test('signed bytes of another step, or damaged ones, are refused before they are sent', async () => {
        const [a] = (await signed(transfer())) as [Signed]
        const [b] = (await signed(transfer({ amount: chain.amount + 7n }))) as [Signed]
        const cases: readonly (readonly [string, Partial<Signed>])[] = [
          ["another's bytes", { raw: b.raw }],
          ["another's id and bytes", { raw: b.raw, id: b.id }],
          ["another's id", { id: b.id }],
          ['nothing', { raw: new Uint8Array(0) }],
          ['less', { raw: a.raw.slice(0, -1) }],
          ['more', { raw: Bytes.concat(a.raw, Uint8Array.of(0)) }],
          ['another format', { step: { ...a.step, format: 'unheard/of' } }],
        ]
        const asked: string[] = []
        const spied = await open({ kind: 'spied', saw: (request) => asked.push(request) })
        for (const [what, change] of cases) await refused(() => spied.submit({ ...a, ...change }), what)
        expect(asked).toEqual([])
      })

      /** Every call that asks an endpoint. */
      async function calls(
        of: LockAdapter,
      ): Promise<Readonly<Record<string, (signal?: AbortSignal) => unknown>>> {
        const [step] = (await signed(transfer())) as [Signed]
        const submission: Submission = { ...step, attempts: [step.id] }
        const from = (await adapter.tip()).value
        const o = (signal?: AbortSignal) => (signal === undefined ? {} : { signal })
        const { prove, replace } = of as SwapAdapter
        const some = <T>(promised: boolean, of: T): T | object => (promised ? of : {})
        return {
          tip: (signal) => of.tip(o(signal)),
          balance: (signal) => of.balance(alice.wallet.funding, o(signal)),
          feeRates: (signal) => of.feeRates(o(signal)),
          'prepare transfer': (signal) => of.prepare(transfer(), o(signal)),
          submit: (signal) => of.submit(step, o(signal)),
          status: (signal) => of.status(submission, o(signal)),
          ...some(capabilities.replacement !== false, {
            replace: (signal?: AbortSignal) => replace(submission, 10n ** 7n, o(signal)),
          }),
          ...(locks ? await callsOfLocks() : {}),
          'headers, next': (signal) => of.headers(from, o(signal))[Symbol.asyncIterator]().next(),
          'watch tip, next': (signal) => of.watch({ kind: 'tip' }, o(signal))[Symbol.asyncIterator]().next(),
        }
        async function callsOfLocks() {
          const one = await locked()
          const { terms, lock } = one
          const hashlockOf = () => terms.hashlock
          return {
            'prepare lock': (signal?: AbortSignal) => of.prepare(lockOf(one), o(signal)),
            'prepare claim': (signal?: AbortSignal) => of.prepare(claimOf(one, lock), o(signal)),
            findLocks: (signal?: AbortSignal) => of.findLocks(terms, o(signal)),
            findSpend: (signal?: AbortSignal) => of.findSpend(terms, lock, o(signal)),
            recoverLocks: (signal?: AbortSignal) =>
              of.recoverLocks(alice.share, { hashlockOf, ...o(signal) }),
            ...some(profile.events, {
              discoverLocks: (signal?: AbortSignal) => of.discoverLocks(terms.hashlock, o(signal)),
            }),
            ...some(capabilities.proofs !== 'none', {
              prove: (signal?: AbortSignal) => prove({ kind: 'lock', terms, lock }, o(signal)),
            }),
            'watch lock, next': (signal?: AbortSignal) =>
              of.watch({ kind: 'lock', terms }, o(signal))[Symbol.asyncIterator]().next(),
          }
        }
      }

      test('nobody at the endpoint: a typed error that may be tried again, from every call', async () => {
        for (const [what, call] of Object.entries(await calls(await open({ kind: 'down' })))) {
          if (what.startsWith('headers') && lacks.headers !== undefined) continue
          const error = await rejection(() => call())
          expect([what, isAitbcError(error) ? error._tag : String(error)]).toEqual([what, 'RpcUnreachable'])
          expect(isAitbcError(error) && error.retryable, what).toBe(true)
        }
      })

      test('an aborted signal: every call rejects with its reason, every stream ends', async () => {
        const reason = new Error('enough')
        for (const [what, call] of Object.entries(await calls(adapter))) {
          if (what.endsWith('next')) {
            if (what.startsWith('headers') && lacks.headers !== undefined) continue
            expect(await call(AbortSignal.abort(reason)), what).toMatchObject({ done: true })
          } else expect(await rejection(() => call(AbortSignal.abort(reason))), what).toBe(reason)
        }
      })

      test('an abort while an endpoint is silent: the same', async () => {
        const reason = new Error('enough')
        for (const [what, call] of Object.entries(await calls(await open({ kind: 'silent' })))) {
          if (what.startsWith('headers') && lacks.headers !== undefined) continue
          const stop = new AbortController()
          const answer = Promise.resolve(call(stop.signal)).then(
            (value) => ({ value }),
            (error: unknown) => ({ error }),
          )
          // What is asked goes out first.
          await new Promise((resolve) => setImmediate(resolve))
          stop.abort(reason)
          const settled = await answer
          if (what.endsWith('next')) expect(settled, what).toMatchObject({ value: { done: true } })
          else expect('error' in settled && settled.error, what).toBe(reason)
        }
      })
    })
  })
}

/** Whether a text tells a secret: as bytes, in hex, base64 or base58, alone or within something longer. */
export function tells(text: string, secret: Bytes.Bytes): boolean {
  const hex = Bytes.toHex(secret)
  const spelled = new TextEncoder().encode(hex)
  if (text.toLowerCase().includes(hex) || text.includes([...secret].join(','))) return true
  const inside = (bytes: Bytes.Bytes): boolean => contains(bytes, secret) || contains(bytes, spelled)
  for (const [token] of text.matchAll(/[A-Za-z0-9+/]{40,}={0,2}|[A-Za-z0-9_-]{40,}/g)) {
    const plain = token.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '')
    const decoders: readonly (() => Bytes.Bytes)[] = [
      () => Uint8Array.from(atob(plain), (char) => char.charCodeAt(0)),
      () => base58(token),
      () => Bytes.fromHex(token.toLowerCase()),
    ]
    for (const decode of decoders)
      try {
        if (inside(decode())) return true
      } catch {
        // Not of that alphabet.
      }
  }
  return false
}

function base58(text: string): Bytes.Bytes {
  let number = 0n
  for (const char of text) {
    const digit = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.indexOf(char)
    if (digit < 0) return new Uint8Array()
    number = number * 58n + BigInt(digit)
  }
  const hex = number.toString(16)
  return Bytes.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
}

function contains(bytes: Bytes.Bytes, part: Bytes.Bytes): boolean {
  for (let at = 0; at + part.length <= bytes.length; at++)
    if (part.every((byte, i) => bytes[at + i] === byte)) return true
  return false
}
