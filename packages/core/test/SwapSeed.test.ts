import { Bytes, Hashlock, SwapSeed } from '@aitbc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

const seed = new Uint8Array(32).fill(1)
const PURPOSES = ['party', 'funding', 'record', 'beacon', 'tag', 'salt'] as const
const NETWORKS = ['eip155:1', 'eip155:31337', 'bip122:000000000019d6689c085ae165831e93'] as const
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const nonce = fc.uint8Array({ minLength: 8, maxLength: 8 })

test('the derivations of a known seed, computed by another program (RFC 5869); they never change', () => {
  const share = SwapSeed.forNetwork(seed, 'eip155:1')
  const eight = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  expect([
    Bytes.toHex(share.key),
    Bytes.toHex(SwapSeed.derive(share, 'party', eight)),
    Bytes.toHex(SwapSeed.derive(share, 'funding')),
    Bytes.toHex(SwapSeed.secret(seed, eight)),
    Bytes.toHex(SwapSeed.identity(seed, eight)),
  ]).toEqual([
    '2f914a2db604d8722247c92dd58df222d786e25ca8fd44abeb30914a8fffd576',
    '3141f5bce868a2cd8bc35f1c484cd930f4e6fb8f0d06903e481156cc468de1cb',
    '7bed471b9aac378d31405df0e9b30c40968f5fe29e995f4efce76b13d5ff397b',
    'd0ef0af50b3835eb7b718ef5e837a70a2b356b5aa594713f87300eae39185584',
    '19e792b25a9950b8aebb7f96e4de21fb9e48086e8679b399c0042960e5098473',
  ])
})

test('S10, H15: everything derived from a seed is distinct: networks, purposes, salts, secrets, identities', () => {
  fc.assert(
    fc.property(
      bytes32,
      fc.uniqueArray(nonce, { minLength: 2, maxLength: 3, selector: (n) => Bytes.toHex(n) }),
      (seed, nonces) => {
        const all: string[] = [Bytes.toHex(seed)]
        for (const network of NETWORKS) {
          const share = SwapSeed.forNetwork(seed, network)
          all.push(Bytes.toHex(share.key))
          for (const purpose of PURPOSES) {
            for (const one of nonces) all.push(Bytes.toHex(SwapSeed.derive(share, purpose, one)))
            for (const index of [0, 1]) all.push(Bytes.toHex(SwapSeed.derive(share, purpose, index)))
            all.push(Bytes.toHex(SwapSeed.derive(share, purpose, new Uint8Array(0))))
          }
        }
        for (const one of nonces)
          all.push(Bytes.toHex(SwapSeed.secret(seed, one)), Bytes.toHex(SwapSeed.identity(seed, one)))
        expect(new Set(all).size).toBe(all.length)
      },
    ),
    { numRuns: Math.min(20, Number(process.env.FC_NUM_RUNS ?? 100)) },
  )
})

test('S10: two seeds share nothing; the same seed gives the same', () => {
  fc.assert(
    fc.property(bytes32, bytes32, nonce, (a, b, n) => {
      fc.pre(!Bytes.equal(a, b))
      expect(SwapSeed.secret(a, n)).not.toEqual(SwapSeed.secret(b, n))
      expect(SwapSeed.secret(a, n)).toEqual(SwapSeed.secret(new Uint8Array(a), new Uint8Array(n)))
      Hashlock.of(SwapSeed.secret(a, n))
    }),
  )
})

test('S10: no network’s share leads to a secret: nothing of its type takes it there', () => {
  const share = SwapSeed.forNetwork(seed, 'eip155:1')
  const n = new Uint8Array(8)
  const secret = SwapSeed.secret(seed, n)
  expect(SwapSeed.secret(share.key, n)).not.toEqual(secret)
  expect(Object.keys(share).sort()).toEqual(['key', 'network'])
})

test('error: seeds, shares, nonces, purposes and salts of the wrong form', () => {
  const share = SwapSeed.forNetwork(seed, 'eip155:1')
  for (const junk of JUNK.slice(0, -1)) {
    expect(thrown(() => SwapSeed.assert(junk))._tag).toBe('InvalidSeed')
    expect(thrown(() => SwapSeed.forNetwork(junk as never, 'eip155:1'))._tag).toBe('InvalidSeed')
    expect(thrown(() => SwapSeed.forNetwork(seed, junk as never))._tag).toBe('InvalidChainId')
    expect(thrown(() => SwapSeed.secret(seed, junk as never))._tag).toBe('InvalidBytes')
    expect(thrown(() => SwapSeed.identity(seed, junk as never))._tag).toBe('InvalidBytes')
    expect(thrown(() => SwapSeed.derive(junk as never, 'party'))._tag).toBe('InvalidSeed')
    expect(thrown(() => SwapSeed.derive({ network: 'eip155:1', key: junk as never }, 'party'))._tag).toBe(
      'InvalidSeed',
    )
    expect(thrown(() => SwapSeed.derive(share, junk as never))._tag).toBe('InvalidArgument')
    if (junk !== 0 && junk !== undefined && !(junk instanceof Uint8Array))
      expect(thrown(() => SwapSeed.derive(share, 'party', junk as never))._tag).toBe('InvalidArgument')
  }
  expect(thrown(() => SwapSeed.derive(share, 'party/salt' as never))._tag).toBe('InvalidArgument')
  expect(thrown(() => SwapSeed.assertNetwork(share, 'eip155:10'))._tag).toBe('ForeignNetwork')
})

test('S14: a refused seed is in no part of the error', () => {
  const error = thrown(() => SwapSeed.secret(new Uint8Array(31).fill(0xab), new Uint8Array(8)))
  const all = [error.message, error.hint, error.stack, JSON.stringify(error.context)].join()
  expect(all).not.toMatch(/abab|171,171/)
})
