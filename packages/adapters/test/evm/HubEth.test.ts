import { Bytes, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEvmAdapter, HtlcLock, HubEth } from '../../src/evm/index.js'
import { Address, HubLock, HubUnits } from '../../src/polkadot/index.js'

const HUBS = [
  [networks.polkadotHub, networks.polkadotHubEth],
  [networks.kusamaHub, networks.kusamaHubEth],
] as const
const address = `0x${'c0'.repeat(20)}` as const
const h160 = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .filter((bytes) => bytes.some((byte) => byte !== 0) && bytes.some((byte) => byte !== 0xc0))

describe.each(HUBS)('%# the eth-rpc of a Hub', (own, eth) => {
  const adapter = createEvmAdapter({
    network: eth,
    transport: { request: async () => null },
    htlc: address,
    ...HubEth.options(eth),
  })
  const chainId = BigInt(eth.id.slice('eip155:'.length))
  const party = (account: string) => ({ account, payout: account }) as LockTerms.Party
  const termsOf = (amount: bigint, locker: Bytes.Bytes, beneficiary: Bytes.Bytes): LockTerms.LockTerms => ({
    version: 1,
    backend: adapter.backend,
    asset: eth.native.id,
    amount,
    hashlock: new Uint8Array(32).fill(1),
    locker: party(`${eth.id}:0x${Bytes.toHex(locker)}`),
    beneficiary: party(`${eth.id}:0x${Bytes.toHex(beneficiary)}`),
    deadline: { network: eth.id, clock: 'unix', value: 1_900_000_000n },
    salt: new Uint8Array(32).fill(4),
  })
  const [one, two] = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)]

  test('the profile: a planck is a whole number of wei, and what an account must hold is the same on both', () => {
    networks.assert(eth)
    const ratio = HubUnits.ratio(own.native.decimals)
    expect(HubEth.options(eth).quantum).toBe(ratio)
    expect(10n ** BigInt(eth.native.decimals)).toBe(10n ** BigInt(own.native.decimals) * ratio)
    expect(eth.fees.dust).toBe(HubUnits.toWei(own.fees.dust, own.native.decimals))
    expect(eth.timing).toEqual(own.timing)
    expect(HubEth.options({ id: 'eip155:1' }, 10n ** 8n).quantum).toBe(10n ** 8n)
    expect(() => HubEth.options(networks.ethereum)).toThrow(
      expect.objectContaining({ _tag: 'InvalidNetwork' }),
    )
  })

  test('H27: amounts are whole planck: each is taken, and whatever is between two of them refused by name', () => {
    const { decimals } = own.native
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: (1n << 128n) - 1n }),
        fc.bigInt({ min: 1n, max: HubUnits.ratio(decimals) - 1n }),
        (planck, rest) => {
          const wei = HubUnits.toWei(planck, decimals)
          expect(HubUnits.toPlanck(wei, decimals)).toBe(planck)
          expect(adapter.auditTerms(termsOf(wei, one, two)).ok).toBe(true)
          expect(adapter.auditTerms(termsOf(wei + rest, one, two))).toMatchObject({
            ok: false,
            refusal: {
              check: 'terms',
              context: { argument: 'terms.amount', expected: HubUnits.ratio(decimals) },
            },
          })
          expect(() => HubUnits.toPlanck(wei + rest, decimals)).toThrow(
            expect.objectContaining({ _tag: 'PolkadotUnsupportedTerms' }),
          )
        },
      ),
    )
  })

  test('S11: one lock, two routes: the id that the contract gives it is the same', () => {
    fc.assert(
      fc.property(
        h160,
        h160,
        fc.bigInt({ min: 1n, max: (1n << 128n) - 1n }),
        (locker, beneficiary, planck) => {
          const terms = termsOf(HubUnits.toWei(planck, own.native.decimals), locker, beneficiary)
          const byEth = HtlcLock.id(HtlcLock.fromLockTerms(terms, adapter.backend, eth), adapter.backend)
          const backend = { ...adapter.backend, network: own.id }
          const account = (h: Bytes.Bytes) => party(Address.toAccountId(Address.fallback(h), own))
          const parameters = HubLock.parameters(
            {
              ...terms,
              backend,
              asset: own.native.id,
              amount: planck,
              locker: account(locker),
              beneficiary: account(beneficiary),
              deadline: { ...terms.deadline, network: own.id },
            },
            { network: own, backend, chainId },
          )
          expect(`0x${Bytes.toHex(HtlcStorage.lockId(parameters))}`).toBe(byEth)
        },
      ),
    )
  })
})

test('accounts: one of 32 bytes is known to contracts by 20, and those that stand for 20 come back', () => {
  fc.assert(
    fc.property(h160, fc.uint8Array({ minLength: 32, maxLength: 32 }), (address20, account) => {
      const stands = Address.fallback(address20)
      expect(Address.standsForH160(stands)).toBe(true)
      expect(Address.toH160(stands)).toEqual(address20)
      const known = Address.toH160(account)
      expect(known).toHaveLength(20)
      // A key's own account isn't the one that its address stands for: it has to be mapped.
      if (!Address.standsForH160(account)) expect(Address.fallback(known)).not.toEqual(account)
    }),
  )
})
