import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Bytes, type Intent, type LockSide, type LockTerms, type Signer } from '@aitbc/core'
import { createPolkadotNode, type PolkadotNode } from '@aitbc/devnet'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { Account } from '@aitbc/proofs/revive'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { type Abi, decodeErrorResult, encodeFunctionData, type Hex, toHex, zeroAddress } from 'viem'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { compile } from '../../programs/evm/compile.js'
import { Address, createKeySigner, createPolkadotAdapter } from '../../src/polkadot/index.js'

// A bound for a hang, not for a busy machine: starting the runtime alone takes seconds of a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const spec = process.env['POLKADOT_CHAIN_SPEC'] ?? ''
const title = 'the contract on pallet-revive, attack by attack'
const programs = join(import.meta.dirname, '../../programs/evm')
const artifact = (name: string) =>
  JSON.parse(readFileSync(join(programs, name), 'utf8')) as { readonly abi: Abi; readonly creation: Hex }
const WEI = 10n ** 8n
const LIMIT = { refTime: 100_000_000_000n, proofSize: 1_500_000n }

interface Extrinsic {
  readonly hash: { toHex(): string }
  sign(pair: unknown, options: object): Extrinsic
  toU8a(): Uint8Array
}
interface Event {
  readonly phase: { readonly isApplyExtrinsic: boolean; readonly asApplyExtrinsic: { toNumber(): number } }
  readonly event: {
    readonly section: string
    readonly method: string
    readonly data: readonly { toHex(): string; toString(): string }[]
  }
}
interface Actor {
  readonly pair: object
  readonly account: Uint8Array
  readonly h160: Hex
  /** Signs steps of the adapter. */
  signer(): Signer & { readonly kind: 'signs' }
  nonce: number
}
interface Terms {
  readonly token: Hex
  readonly amount: bigint
  readonly hashlock: Hex
  readonly locker: Hex
  readonly beneficiary: Hex
  readonly deadline: bigint
  readonly salt: Hex
}

describe.skipIf(spec === '')(
  spec === '' ? `${title} (skipped: POLKADOT_CHAIN_SPEC names no specification of a Hub)` : title,
  () => {
    const htlc = artifact('Htlc.json')
    let node: PolkadotNode
    let api: ApiPromise
    let here: Hex
    let alice: Actor
    let bob: Actor
    let mallory: Actor
    let chainId: bigint
    let unit: bigint
    let count = 0

    const deploy = async (name: string) =>
      (await node.deploy(Bytes.fromHex(artifact(name).creation.slice(2)))) as Hex
    const secretOf = (n: number) => sha256(new TextEncoder().encode(`secret ${n}`))
    const current = () => toHex(secretOf(count))
    const termsOf = async (change: Partial<Terms> = {}): Promise<Terms> => ({
      token: zeroAddress,
      amount: unit * WEI,
      hashlock: toHex(sha256(secretOf(++count))),
      locker: alice.h160,
      beneficiary: bob.h160,
      deadline: (await node.time()) / 1000n + 3600n,
      salt: toHex(sha256(Uint8Array.of(count))),
      ...change,
    })
    const encode = (name: string, args: readonly unknown[]) =>
      encodeFunctionData({ abi: htlc.abi, functionName: name, args })
    const lock = (terms: Terms) => encode('lock', [terms, terms.salt, '0x'])
    const claim = (terms: Terms, secret: Hex) => encode('claim', [terms, secret])
    const refund = (terms: Terms) => encode('refund', [terms])
    const idOf = (terms: Terms) =>
      toHex(
        HtlcStorage.lockId({
          ...{ chainId, contract: Bytes.fromHex(here.slice(2)), token: Bytes.fromHex(terms.token.slice(2)) },
          ...{
            amount: terms.amount,
            hashlock: Bytes.fromHex(terms.hashlock.slice(2)),
            deadline: terms.deadline,
          },
          locker: Bytes.fromHex(terms.locker.slice(2)),
          beneficiary: Bytes.fromHex(terms.beneficiary.slice(2)),
          salt: Bytes.fromHex(terms.salt.slice(2)),
        }),
      )

    /** Calls in one block, in this order: for each whether it came through, and who of the actors got planck by transfers. */
    async function block(
      calls: readonly (readonly [by: Actor, data: Hex, value?: bigint, to?: Hex])[],
      time?: bigint,
    ): Promise<readonly { readonly ok: boolean; readonly gained: (who: Uint8Array) => bigint }[]> {
      const make = api.tx['revive']?.['call'] as unknown as (...args: unknown[]) => Extrinsic
      const signed = calls.map(([by, data, value = 0n, to = here]) =>
        make(to, value, LIMIT, unit, data).sign(by.pair, {
          ...{ nonce: by.nonce++, tip: 0, era: 0, blockHash: api.genesisHash, genesisHash: api.genesisHash },
          ...{ runtimeVersion: api.runtimeVersion, signedExtensions: api.registry.signedExtensions },
        }),
      )
      await node.include(
        signed.map((one) => one.toU8a()),
        time === undefined ? {} : { time },
      )
      const at = await api.rpc.chain.getBlockHash()
      const { block: built } = await api.rpc.chain.getBlock(at)
      const places = built.extrinsics.map((one) => one.hash.toHex() as string)
      const events = (await (await api.at(at)).query['system']?.['events']?.()) as unknown as readonly Event[]
      return signed.map((one) => {
        const own = events.filter(
          ({ phase }) =>
            phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === places.indexOf(one.hash.toHex()),
        )
        return {
          ok: own.some(({ event }) => event.section === 'system' && event.method === 'ExtrinsicSuccess'),
          gained: (who) =>
            own
              .filter(({ event }) => event.section === 'balances' && event.method === 'Transfer')
              .filter(({ event }) => event.data[1]?.toHex() === toHex(who))
              .reduce((sum, { event }) => sum + BigInt(String(event.data[2])), 0n),
        }
      })
    }
    const all = async (...calls: Parameters<typeof block>[0]) => (await block(calls)).map(({ ok }) => ok)

    /** The contract's own word for why it would refuse a call now; `ok` where it wouldn't. */
    async function why(by: Actor, data: Hex, value = 0n, to = here): Promise<string> {
      const dry = (api.call as unknown as Record<string, Record<string, unknown>>)['reviveApi']?.['call'] as (
        ...args: unknown[]
      ) => Promise<{
        readonly result: {
          readonly isOk: boolean
          readonly asOk: {
            readonly flags: { toHuman(): unknown; bits: { toNumber(): number } }
            readonly data: { toHex(): Hex }
          }
          readonly asErr: { toString(): string }
        }
      }>
      const { result } = await dry(by.account, to, value, null, null, data)
      if (!result.isOk) return result.asErr.toString()
      const { flags, data: answer } = result.asOk
      if (flags.bits.toNumber() === 0) return 'ok'
      const bytes = answer.toHex()
      return bytes === '0x' ? 'reverted' : decodeErrorResult({ abi: htlc.abi, data: bytes }).errorName
    }

    beforeAll(async () => {
      node = await createPolkadotNode({ chainSpec: spec })
      const provider = new WsProvider(node.url, 2500, {}, 300_000) as NonNullable<ApiOptions['provider']>
      api = await ApiPromise.create({ provider, noInitWarn: true })
      chainId = BigInt(String(api.consts['revive']?.['chainId']))
      unit = 10n ** BigInt(node.network.native.decimals)
      const actor = (name: string): Actor => {
        const key = sha256(new TextEncoder().encode(name))
        const account = ed25519.getPublicKey(key)
        const pair = {
          ...{ type: 'ed25519', address: toHex(account), addressRaw: account, publicKey: account },
          sign: (message: Uint8Array) => Bytes.concat(Uint8Array.of(0), ed25519.sign(message, key)),
        }
        const signer = () => createKeySigner({ network: node.network, privateKey: key })
        return { pair, account, h160: toHex(Account.toH160(account)), signer, nonce: 0 }
      }
      ;[alice, bob, mallory] = [actor('alice'), actor('bob'), actor('mallory')]
      const map = api.tx['revive']?.['mapAccount'] as unknown as () => Extrinsic
      const maps: Uint8Array[] = []
      for (const one of [alice, bob, mallory]) {
        await node.fund(one.account, 10_000n * unit)
        const signed = map().sign(one.pair, {
          ...{ nonce: one.nonce++, tip: 0, era: 0, blockHash: api.genesisHash, genesisHash: api.genesisHash },
          ...{ runtimeVersion: api.runtimeVersion, signedExtensions: api.registry.signedExtensions },
        })
        maps.push(signed.toU8a())
      }
      await node.include(maps)
      here = await deploy('Htlc.json')
    })
    afterAll(async () => {
      await api?.disconnect()
      await node?.dispose()
    })

    test('H1, H2, H12, H24: 32 bytes whose SHA-256 is the hash open all of a lock, and nothing else does', async () => {
      const terms = await termsOf()
      expect(await all([alice, lock(terms), unit])).toEqual([true])
      const right = claim(terms, current())
      const cut = right.slice(0, -2) as Hex
      expect(await why(bob, cut)).toBe('reverted')
      for (const secret of [terms.hashlock, toHex(keccak_256(secretOf(count))), toHex(new Uint8Array(32))])
        expect(await why(bob, claim(terms, secret))).toBe('WrongSecret')
      for (const hashlock of [toHex(new Uint8Array(32)), toHex(sha256(new Uint8Array(32)))])
        expect(await why(alice, lock(await termsOf({ hashlock })), unit)).toBe('HashlockRefused')
      count -= 2
      // What is behind the 32 bytes is no part of them: a longer preimage opens nothing.
      const long = Bytes.concat(secretOf(count), Uint8Array.of(0x5a))
      const longer = { ...terms, hashlock: toHex(sha256(long)) }
      expect(await all([alice, lock(longer), unit])).toEqual([true])
      expect(await why(bob, `${claim(longer, current())}5a`)).toBe('WrongSecret')
      const [first, again] = await block([
        [bob, right],
        [bob, right],
      ])
      expect([first?.ok, again?.ok]).toEqual([true, false])
      expect(first?.gained(bob.account)).toBe(unit)
      expect(await why(bob, right)).toBe('NotLocked')
    })

    test('H5, H16: claims before the deadline, refunds from it on, by the time of the block and not by its number', async () => {
      const { slotMs } = node
      const at = ((await node.time()) / slotMs + 20n) * slotMs
      const one = await termsOf({ deadline: at / 1000n })
      const secret = current()
      const two = await termsOf({ deadline: at / 1000n })
      expect(await all([alice, lock(one), unit], [alice, lock(two), unit])).toEqual([true, true])
      const late = claim(two, current())
      const before = await block(
        [
          [alice, refund(one)],
          [bob, claim(one, secret)],
        ],
        at - slotMs,
      )
      expect(before.map(({ ok }) => ok)).toEqual([false, true])
      const then = await block(
        [
          [bob, late],
          [mallory, refund(two)],
        ],
        at,
      )
      expect(then.map(({ ok }) => ok)).toEqual([false, true])
      expect(then[1]?.gained(alice.account)).toBe(unit)
    })

    test('H10, H11: whoever claims, the beneficiary is paid; nobody but the locker makes its lock', async () => {
      const terms = await termsOf()
      expect(await why(mallory, lock(terms), unit)).toBe('SenderNotLocker')
      expect(await all([alice, lock(terms), unit])).toEqual([true])
      expect(await why(mallory, claim({ ...terms, beneficiary: mallory.h160 }, current()))).toBe('NotLocked')
      const [done] = await block([[mallory, claim(terms, current())]])
      expect([done?.gained(bob.account), done?.gained(mallory.account)]).toEqual([unit, 0n])
    })

    test('H13: a token without code, and one that gives nothing, lock nothing; coins along with a token neither', async () => {
      const none = await termsOf({ token: `0x${'99'.repeat(20)}`, amount: 5n })
      expect(await why(alice, lock(none))).toBe('TokenWithoutCode')
      const token = await deploy('test-tokens/PlainToken.json')
      expect(await why(alice, lock(await termsOf({ token, amount: 5n })))).toBe('TokenRefused')
      expect(await why(alice, lock(await termsOf({ token, amount: 5n })), unit)).toBe('ValueMismatch')
    })

    test('H14, H15: a lock of one contract is none at another; one hash in two locks is two locks', async () => {
      const other = await deploy('Htlc.json')
      const one = await termsOf()
      const two = { ...one, salt: toHex(new Uint8Array(32).fill(9)) }
      expect(idOf(one)).not.toBe(idOf(two))
      expect(await all([alice, lock(one), unit], [alice, lock(two), unit])).toEqual([true, true])
      expect(await why(bob, claim(one, current()), 0n, other)).toBe('NotLocked')
      expect(await all([bob, claim(one, current())])).toEqual([true])
      expect(await why(bob, claim(two, current()))).toBe('ok')
      // The chain's number is in the id, and is the one that terms are built with.
      const id = encodeFunctionData({ abi: htlc.abi, functionName: 'status', args: [idOf(one)] })
      expect(await why(bob, id)).toBe('ok')
    })

    test('H20, H21, H28: value, payee and deadline are checked to the unit; terms count once', async () => {
      const terms = await termsOf()
      for (const value of [0n, unit - 1n, unit + 1n])
        expect(await why(alice, lock(terms), value)).toBe('ValueMismatch')
      // Wei between two planck can't be sent along with a call of the runtime.
      expect(await why(alice, lock({ ...terms, amount: terms.amount + 1n }), unit)).toBe('ValueMismatch')
      expect(await why(alice, lock({ ...terms, amount: 0n }))).toBe('AmountZero')
      for (const beneficiary of [zeroAddress, here])
        expect(await why(alice, lock({ ...terms, beneficiary }), unit)).toBe('BeneficiaryRefused')
      const now = (await node.time()) / 1000n
      for (const deadline of [0n, 499_999_999n, now])
        expect(await why(alice, lock({ ...terms, deadline }), unit)).toBe('DeadlinePassed')
      for (const deadline of [1n << 32n, (1n << 64n) - 1n])
        expect(await why(alice, lock({ ...terms, deadline }), unit)).toBe('ok')
      expect(await all([alice, lock(terms), unit], [alice, lock(terms), unit])).toEqual([true, false])
      expect(await why(alice, lock(terms), unit)).toBe('AlreadyUsed')
      expect(await all([bob, claim(terms, current())])).toEqual([true])
      expect(await why(alice, lock(terms), unit)).toBe('AlreadyUsed')
    })

    test('H26, H27: one planck is an amount; a payee that does not exist yet is paid all the same', async () => {
      const nobody = sha256(new TextEncoder().encode('nobody')).slice(0, 20)
      const small = await termsOf({ amount: WEI })
      const secret = current()
      const fresh = await termsOf({ amount: WEI, beneficiary: toHex(nobody) })
      expect(await all([alice, lock(small), 1n], [alice, lock(fresh), 1n])).toEqual([true, true])
      const [paid, made] = await block([
        [mallory, claim(small, secret)],
        [mallory, claim(fresh, current())],
      ])
      expect([paid?.ok, paid?.gained(bob.account)]).toEqual([true, 1n])
      // Whoever sends the claim pays what an account must hold to exist, besides the lock's own planck.
      expect([made?.ok, made?.gained(Account.fallback(nobody))]).toEqual([true, 1n + node.network.fees.dust])
    })

    test('H26: a payee that refuses coins keeps nobody from settling: it is owed', async () => {
      // The contract has no way to take coins but its own functions.
      const wall = await deploy('Htlc.json')
      const terms = await termsOf({ beneficiary: wall })
      expect(await all([alice, lock(terms), unit])).toEqual([true])
      expect(await all([bob, claim(terms, current())])).toEqual([true])
      expect(await why(bob, claim(terms, current()))).toBe('NotLocked')
      expect(await why(bob, encode('withdraw', [zeroAddress, wall, wall]))).toBe('PaymentFailed')
      expect(await why(bob, encode('withdraw', [zeroAddress, wall, bob.h160]))).toBe('NotYours')
    })

    test('H26: the adapter tells what a payee refused, once it is final, and has it paid when the payee takes it', async () => {
      const { Receiver } = await compile(['test-tokens/Receivers.sol'])
      if (Receiver === undefined) throw new Error('no receiver')
      const receiver = (await node.deploy(Bytes.fromHex(Receiver.creation.slice(2)))) as Hex
      const become = async (mode: bigint) => {
        const data = encodeFunctionData({
          abi: Receiver.abi,
          functionName: 'set',
          args: [mode, receiver, '0x'],
        })
        expect((await block([[mallory, data, 0n, receiver]])).map(({ ok }) => ok)).toEqual([true])
      }
      const { network } = node
      const adapter = createPolkadotAdapter({ network, api, hub: { address: here, chainId } })
      const party = (bytes: Uint8Array) => {
        const account = Address.toAccountId(bytes, network)
        return { account, payout: account }
      }
      const own = await termsOf()
      const terms: LockTerms.LockTerms = {
        version: 1,
        backend: adapter.backend,
        asset: network.native.id,
        amount: unit,
        hashlock: Bytes.fromHex(own.hashlock.slice(2)),
        locker: party(alice.account),
        beneficiary: party(Account.fallback(Bytes.fromHex(receiver.slice(2)))),
        deadline: { network: network.id, clock: 'unix', value: own.deadline },
        salt: Bytes.fromHex(own.salt.slice(2)),
      }
      const lock = adapter.expectLock(terms, [])
      const run = async (by: Actor, intent: Intent) => {
        for (const step of await adapter.prepare(intent)) {
          const signed = await by.signer().sign(step)
          const sent = await adapter.submit(signed)
          by.nonce++
          await node.produce()
          expect((await adapter.status(sent)).value.is, step.kind).toBe('included')
        }
      }
      const dues = async (to: LockSide) => (await adapter.dues!(terms, lock, to)).value
      const held = async () => (await adapter.balance(terms.beneficiary.account)).value
      const feePayer = party(bob.account).account
      const collect = { kind: 'collect', terms, lock, due: 'payment', to: 'beneficiary', feePayer } as const

      await become(1n)
      const before = await held()
      await run(alice, { kind: 'lock', terms })
      await run(bob, { kind: 'claim', terms, lock, secret: secretOf(count), feePayer })
      await expect(dues('beneficiary')).rejects.toMatchObject({ _tag: 'PolkadotNotProvable' })
      await node.produce(2)
      expect(await dues('beneficiary')).toEqual([{ kind: 'payment', asset: terms.asset, amount: unit }])
      expect(await dues('locker')).toEqual([])
      await expect(adapter.prepare(collect)).rejects.toMatchObject({
        _tag: 'PolkadotWouldRevert',
        context: { message: 'PaymentFailed' },
      })
      await become(0n)
      expect(await held()).toBe(before)
      await run(bob, collect)
      expect(await held()).toBe(before + unit)
      await node.produce(2)
      expect(await dues('beneficiary')).toEqual([])
      await expect(adapter.prepare(collect)).rejects.toMatchObject({
        _tag: 'PolkadotWouldRevert',
        context: { message: 'NothingToWithdraw' },
      })
    })
  },
)
