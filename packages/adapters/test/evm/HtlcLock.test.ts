import { Bytes, Hashlock, isAitbcError, LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import fc from 'fast-check'
import {
  type Address,
  encodeAbiParameters,
  encodeEventTopics,
  getAddress,
  type Hex,
  keccak256,
  toBytes,
  toHex,
} from 'viem'
import { describe, expect, test } from 'vitest'
import { HtlcDeployment } from '../../src/evm/deployment.js'
import { EvmErrors, HtlcArtifact, HtlcLock } from '../../src/evm/index.js'

const network = networks.evmLocal
const backend: HtlcLock.HtlcBackend = {
  network: network.id,
  kind: 'contract',
  address: HtlcDeployment.address,
  codeHash: toBytes(HtlcArtifact.codeHash),
}
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const address = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => toHex(bytes))
  .filter((a) => BigInt(a) !== 0n && a !== backend.address)
const anyTerms = fc
  .record({
    token: fc.option(address, { nil: undefined }),
    amount: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
    secret: bytes32.filter((secret) => secret.some((byte) => byte !== 0)),
    locker: address,
    beneficiary: address,
    deadline: fc.bigInt({ min: 500_000_000n, max: 2n ** 32n - 1n }),
    salt: bytes32,
  })
  .filter(({ token, beneficiary }) => token !== beneficiary)
  .map(({ token, amount, secret, locker, beneficiary, deadline, salt }): LockTerms.LockTerms => {
    const party = (a: string) => ({ account: `${network.id}:${a}`, payout: `${network.id}:${a}` }) as const
    return {
      version: 1,
      backend,
      asset: token === undefined ? network.native.id : `${network.id}/erc20:${token}`,
      amount,
      hashlock: Hashlock.of(secret),
      locker: party(locker),
      beneficiary: party(beneficiary),
      deadline: { network: network.id, clock: 'unix', value: deadline },
      salt,
    }
  })
const components = [
  { type: 'address' },
  { type: 'uint256' },
  { type: 'bytes32' },
  { type: 'address' },
  { type: 'address' },
  { type: 'uint64' },
  { type: 'bytes32' },
] as const
const idByAbi = (terms: HtlcLock.ContractTerms, chainId: bigint, contract: Address) =>
  keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'uint256' }, { type: 'address' }, ...components],
      [
        keccak256(toBytes('aitbc/htlc/v1')),
        chainId,
        contract,
        terms.token,
        terms.amount,
        terms.hashlock,
        terms.locker,
        terms.beneficiary,
        terms.deadline,
        terms.salt,
      ],
    ),
  )

describe('default', () => {
  test('terms and the contract form are one to one', () => {
    fc.assert(
      fc.property(anyTerms, (terms) => {
        const own = HtlcLock.fromLockTerms(terms, backend, network)
        const back = HtlcLock.toLockTerms(own, backend, network)
        expect(back).toEqual(terms)
        expect(LockTerms.id(back)).toEqual(LockTerms.id(terms))
      }),
    )
  })

  test("the id is the contract's own: keccak-256 of the ABI encoding, by another implementation", () => {
    fc.assert(
      fc.property(anyTerms, (terms) => {
        const own = HtlcLock.fromLockTerms(terms, backend, network)
        expect(HtlcLock.id(own, backend)).toBe(idByAbi(own, 31337n, backend.address))
      }),
    )
  })

  test('S17: two terms share an id only if they are the same', () => {
    fc.assert(
      fc.property(anyTerms, anyTerms, (a, b) => {
        const [x, y] = [a, b].map((terms) =>
          HtlcLock.id(HtlcLock.fromLockTerms(terms, backend, network), backend),
        )
        expect(x === y).toBe(Bytes.equal(LockTerms.id(a), LockTerms.id(b)))
      }),
    )
  })

  test('an event gives its terms back, whatever case its addresses have; a record of any length up to the limit too', () => {
    fc.assert(
      fc.property(
        anyTerms,
        bytes32,
        fc.uint8Array({ maxLength: HtlcLock.MAX_RECORD }),
        (terms, tag, record) => {
          const own = HtlcLock.fromLockTerms(terms, backend, network)
          const log = lockedLog(own, tag, record)
          expect(HtlcLock.decodeEvent(log, backend)).toEqual({
            is: 'locked',
            id: HtlcLock.id(own, backend),
            tag: toHex(tag),
            terms: own,
            record: toHex(record),
          })
        },
      ),
    )
  })
})

describe('hostile events', () => {
  test('A18: an event whose terms do not give its id or its hashlock is none', () => {
    fc.assert(
      fc.property(anyTerms, anyTerms, bytes32, (a, b, tag) => {
        fc.pre(!Bytes.equal(LockTerms.id(a), LockTerms.id(b)))
        const [x, y] = [a, b].map((terms) => HtlcLock.fromLockTerms(terms, backend, network))
        const [one, two] = [lockedLog(x!, tag), lockedLog(y!, tag)]
        expect(HtlcLock.decodeEvent({ topics: one.topics, data: two.data }, backend)).toBeUndefined()
        const [event, id, , mark] = one.topics
        expect(
          HtlcLock.decodeEvent({ topics: [event!, id!, toHex(b.salt), mark!], data: one.data }, backend),
        ).toBeUndefined()
      }),
    )
  })

  test('an event of another contract or chain is none: its id is of that place', () => {
    fc.assert(
      fc.property(anyTerms, bytes32, address, (terms, tag, elsewhere) => {
        const log = lockedLog(HtlcLock.fromLockTerms(terms, backend, network), tag)
        expect(HtlcLock.decodeEvent(log, { ...backend, address: elsewhere })).toBeUndefined()
        expect(HtlcLock.decodeEvent(log, { ...backend, network: 'eip155:1' })).toBeUndefined()
      }),
    )
  })

  test('any topics and any data: an event or none, never a throw', () => {
    const hex = (max: number) => fc.uint8Array({ maxLength: max }).map((bytes) => toHex(bytes))
    const topic = fc.oneof(
      bytes32.map((bytes) => toHex(bytes)),
      fc.constantFrom(...Object.values(HtlcLock.TOPICS)),
    )
    fc.assert(
      fc.property(fc.array(topic, { maxLength: 4 }), hex(600), (topics, data) => {
        HtlcLock.decodeEvent({ topics, data }, backend)
      }),
    )
  })

  test('H18: the secret is read from a claim of this lock and of no other', () => {
    fc.assert(
      fc.property(anyTerms, anyTerms, bytes32, (a, b, secret) => {
        const [x, y] = [a, b].map((terms) => HtlcLock.fromLockTerms(terms, backend, network))
        const data = HtlcLock.encodeClaim(x!, secret)
        const found = HtlcLock.secretInCall(data, HtlcLock.id(x!, backend), backend)
        expect(found).toEqual(secret)
        const [one, two] = [HtlcLock.id(x!, backend), HtlcLock.id(y!, backend)]
        if (one !== two) expect(HtlcLock.secretInCall(data, two, backend)).toBeUndefined()
        expect(HtlcLock.secretInCall(HtlcLock.encodeRefund(x!), one, backend)).toBeUndefined()
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (data) => {
        expect(HtlcLock.secretInCall(toHex(data), `0x${'00'.repeat(32)}`, backend)).toBeUndefined()
      }),
    )
  })
})

describe('error', () => {
  test('H28: a height, or time in milliseconds or nanoseconds, is no deadline', () => {
    const [terms] = fc.sample(anyTerms, 1)
    for (const value of [0n, 499_999_999n, 2n ** 32n, 1_900_000_000_000n, 1_900_000_000_000_000_000n])
      expect(
        tagOf(() =>
          HtlcLock.fromLockTerms({ ...terms!, deadline: { ...terms!.deadline, value } }, backend, network),
        ),
      ).toBe('InvalidDeadline')
  })

  test('ids of no EVM network', () => {
    for (const id of [
      'eip155:0',
      'eip155:01',
      'eip155:x',
      'bip122:000000000019d6689c085ae165831e93',
      'eip155:-1',
    ])
      expect(tagOf(() => HtlcLock.chainIdOf(id as never))).toBe('EvmWrongChain')
    expect(HtlcLock.chainIdOf('eip155:420420419')).toBe(420420419n)
  })

  test('codes are unique and of the range 3200–3299', () => {
    const codes = Object.values(EvmErrors.entries).map((entry) => entry.code)
    expect(new Set(codes).size).toBe(codes.length)
    for (const code of codes) expect(code >= 3200 && code < 3300).toBe(true)
  })
})

function lockedLog(terms: HtlcLock.ContractTerms, tag: Uint8Array, record = new Uint8Array(0)) {
  const [topic] = encodeEventTopics({ abi: HtlcArtifact.abi, eventName: 'Locked' })
  const data = encodeAbiParameters(
    [
      { type: 'tuple', components: components.map((c, i) => ({ ...c, name: `field${i}` })) },
      { type: 'bytes' },
    ],
    [
      {
        field0: getAddress(terms.token),
        field1: terms.amount,
        field2: terms.hashlock,
        field3: getAddress(terms.locker),
        field4: getAddress(terms.beneficiary),
        field5: terms.deadline,
        field6: terms.salt,
      } as never,
      toHex(record),
    ],
  )
  return { topics: [topic, HtlcLock.id(terms, backend), terms.hashlock, toHex(tag)] as readonly Hex[], data }
}

function tagOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isAitbcError(error)) return error._tag
    throw error
  }
  return 'nothing'
}
