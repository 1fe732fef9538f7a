import {
  AccountId,
  type AssetId,
  type Capabilities,
  type ChainAdapter,
  ChainId,
  type CoreErrors,
  Deadline,
  Fact,
  type Journal,
  type LockTerms,
  type Signer,
  type Storage,
  type SwapAdapter,
  SwapSeed,
  type Verifier,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import type { Rpc } from '@aitbc/core/rpc'
import type { createMemoryStorage } from '@aitbc/core/storage/memory'
import { describe, expectTypeOf, test } from 'vitest'

declare const tip: Fact.Tip
declare const terms: LockTerms.LockTerms
declare const share: SwapSeed.NetworkSeed

describe('Deadline', () => {
  const eth = Deadline.from({ network: 'eip155:1', clock: 'unix', value: 1_900_000_000n })
  const op = Deadline.from({ network: 'eip155:10', clock: 'unix', value: 1_900_000_000n })
  const btc = Deadline.from({ network: networks.bitcoin.id, clock: 'median-time', value: 1_900_000_000n })
  const height = Deadline.from({ network: 'eip155:1', clock: 'height', value: 1n })

  test('network and clock are literal types', () => {
    expectTypeOf(eth).toEqualTypeOf<Deadline.Deadline<'eip155:1', 'unix'>>()
    expectTypeOf(Deadline.compare(eth, { ...eth, value: 1n })).toEqualTypeOf<-1 | 0 | 1>()
    const any: Deadline.Deadline = eth
    expectTypeOf(Deadline.reached(any, any)).toEqualTypeOf<boolean>()
  })

  test('across networks nothing compares', () => {
    // @ts-expect-error another network
    Deadline.compare(eth, op)
    // @ts-expect-error another network
    Deadline.reached(eth, op)
    // @ts-expect-error another network
    Deadline.remaining(op, eth)
    // @ts-expect-error another network and clock
    Deadline.compare(eth, btc)
  })

  test('across clocks nothing compares', () => {
    // @ts-expect-error a height with a time
    Deadline.compare(eth, height)
    // @ts-expect-error a time with a height
    Deadline.reached(height, eth)
  })

  test('a deadline is no number', () => {
    // @ts-expect-error a number where a bigint belongs
    Deadline.from({ network: 'eip155:1', clock: 'unix', value: 1_900_000_000 })
    // @ts-expect-error no such clock
    Deadline.from({ network: 'eip155:1', clock: 'utc', value: 1n })
    // @ts-expect-error a bare instant
    Deadline.compare(eth, 1_900_000_000n)
  })
})

describe('Fact', () => {
  test('a literal can’t claim to be proved or attested', () => {
    const told: Fact.Fact<bigint> = { value: 1n, assurance: 'reported', at: 'mempool', depth: 0n, asOf: tip }
    expectTypeOf(told.value).toEqualTypeOf<bigint>()
    // @ts-expect-error proved without a verifier
    const proved: Fact.Fact<bigint> = { value: 1n, assurance: 'proved', at: 'mempool', depth: 0n, asOf: tip }
    // @ts-expect-error attested without a verifier
    const attested: Fact.Fact<bigint> = { ...told, assurance: 'attested' }
    // @ts-expect-error a verified fact has a brand that no literal has
    const verified: Fact.Verified<bigint> = { ...told, assurance: 'proved' }
    void [proved, attested, verified]
  })

  test('told facts are reported or of a quorum', () => {
    expectTypeOf(Fact.reported(1, tip, tip)).toEqualTypeOf<Fact.Told<number>>()
    // @ts-expect-error nobody is told a proof
    Fact.told(1, tip, tip, 'proved')
  })

  test('a read is found, absent or unknown, and absence is a fact', () => {
    const read = {} as Fact.Read<bigint>
    if (read.is === 'absent') expectTypeOf(read.fact.value).toEqualTypeOf<null>()
    // @ts-expect-error an unknown read has no fact
    if (read.is === 'unknown') read.fact
    // @ts-expect-error nor is there one before asking which
    read.fact
  })

  test('only a verifier makes a verified fact', () => {
    const verifier = {} as Verifier
    const verdict = verifier.verify({ kind: 'lock', terms, lock: {} as never }, {} as Fact.Evidence)
    // @ts-expect-error the verdict first
    verdict.value
    if (verdict.ok) expectTypeOf(verdict.value.value.amount).toEqualTypeOf<bigint>()
  })
})

describe('ChainAdapter', () => {
  type With<C extends Capabilities> = ChainAdapter<C>
  const full = {} as SwapAdapter
  const bare = {} as With<{ locks: false; proofs: 'none'; replacement: false }>
  const unknown = {} as ChainAdapter

  test('what a chain can do is on its type', () => {
    expectTypeOf(full.prove).toBeFunction()
    expectTypeOf(full.findLocks).toBeFunction()
    expectTypeOf(full.replace).toBeFunction()
    expectTypeOf(
      {} as With<{ locks: false; proofs: 'none'; replacement: 'after-drop' }>['replace'],
    ).toBeFunction()
    expectTypeOf(full.capabilities.replacement).toEqualTypeOf<true | 'after-drop'>()
    expectTypeOf(bare.tip).toBeFunction()
  })

  test('what it can’t do doesn’t compile', () => {
    // @ts-expect-error no proofs
    bare.prove
    // @ts-expect-error no locks
    bare.findLocks
    // @ts-expect-error no replacement
    bare.replace
    // @ts-expect-error nobody asked what it can do
    unknown.prove
    // @ts-expect-error a chain without proofs does for no swap
    const swap: SwapAdapter = {} as With<{ locks: true; proofs: 'none'; replacement: true }>
    void swap
  })
})

describe('ids', () => {
  test('kinds of ids don’t mix where their shape tells them apart', () => {
    expectTypeOf(ChainId.from('eip155:1')).toEqualTypeOf<ChainId.ChainId>()
    expectTypeOf(AccountId.from('x')).toEqualTypeOf<AccountId.AccountId>()
    // @ts-expect-error no colon
    const chain: ChainId.ChainId = 'ethereum'
    // @ts-expect-error a chain is no account
    const account: AccountId.AccountId = 'eip155:1'
    // @ts-expect-error an account is no asset
    const asset: AssetId.AssetId = 'eip155:1:0x00'
    void [chain, account, asset]
  })
})

describe('LockTerms', () => {
  test('terms are read-only, and complete', () => {
    // @ts-expect-error read-only
    terms.amount = 1n
    // @ts-expect-error read-only, further in
    terms.locker.payout = terms.locker.account
    // @ts-expect-error a number of base units
    const loose: LockTerms.LockTerms = { ...terms, amount: 1 }
    const { salt: _, ...rest }: LockTerms.LockTerms = terms
    // @ts-expect-error no salt
    const incomplete: LockTerms.LockTerms = rest
    void [loose, incomplete]
  })
})

describe('Signer', () => {
  test('it signs or it sends, never both', () => {
    const signer = {} as Signer
    if (signer.kind === 'signs') expectTypeOf(signer.sign).toBeFunction()
    // @ts-expect-error a wallet that sends doesn't sign
    if (signer.kind === 'sends') signer.sign
    // @ts-expect-error nor is it known before asking
    signer.send
  })
})

describe('SwapSeed', () => {
  test('a share is no seed, and gives no secret', () => {
    // @ts-expect-error the seed alone
    SwapSeed.secret(share, new Uint8Array(8))
    // @ts-expect-error a purpose that isn't there
    SwapSeed.derive(share, 'secret')
  })
})

describe('storage, journal, rpc', () => {
  test('every storage is a Storage; journals are made by open alone', () => {
    expectTypeOf<ReturnType<typeof createMemoryStorage>>().toEqualTypeOf<Storage>()
    expectTypeOf<Journal.Journal['append']>().returns.resolves.toEqualTypeOf<bigint>()
    expectTypeOf<Journal.Journal['entries']>().toEqualTypeOf<readonly Journal.Entry[]>()
  })

  test('an endpoint never claims more than a quorum', () => {
    expectTypeOf<Rpc['assurance']>().toEqualTypeOf<'reported' | 'quorum'>()
    // @ts-expect-error nobody proves by answering
    const rpc: Rpc = { name: 'x', assurance: 'proved', request: async () => 1 }
    void rpc
  })
})

test('errors: a tag that isn’t in the table doesn’t compile', () => {
  // @ts-expect-error no such tag
  expectTypeOf<(typeof CoreErrors)['InvalidEverything']>().toBeFunction()
  expectTypeOf<(typeof CoreErrors)['InvalidAmount']>().toBeFunction()
})
