import { ExtendedKey } from '@aitbc/adapters/bitcoin-wallet'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { check, unhex, value } from './helpers.js'

/** Chains of one seed, and keys that are none. */
function casesOf(title: string, text: string): Case[] {
  const seed = /^Seed \(hex\): ([0-9a-f]+)$/m.exec(text)?.[1]
  if (seed === undefined)
    return [...text.matchAll(/^\* ([1-9A-HJ-NP-Za-km-z]{20,}) \((.+)\)$/gm)].map(
      ([, key = '', why = '']) => ({
        name: `${title}: ${why}`,
        run: () => expect(check(ExtendedKey.decode(key))).toMatch(/^(key|base58)-/),
      }),
    )
  const chains = text.matchAll(/^\* Chain (\S+)\s+\*\* ext pub: (\w+)\s+\*\* ext prv: (\w+)$/gm)
  return [...chains].map(([, chain = '', pub = '', prv = '']) => ({
    name: `${title}: ${chain}`,
    run: () => {
      const path = chain.replaceAll('<sub>H</sub>', 'h')
      const key = value(ExtendedKey.derivePath(value(ExtendedKey.fromSeed(unhex(seed))), path))
      expect(ExtendedKey.encode(key)).toBe(prv)
      expect(ExtendedKey.encode(ExtendedKey.neuter(key))).toBe(pub)
      expect(value(ExtendedKey.decode(prv))).toEqual(key)
      expect(value(ExtendedKey.decode(pub))).toEqual(ExtendedKey.neuter(key))
      expect(check(ExtendedKey.decode(pub, 'testnet'))).toBe('key-version')
      // A public key derives the same children, but no hardened ones.
      const child = value(ExtendedKey.derive(key, 5))
      expect(value(ExtendedKey.derive(ExtendedKey.neuter(key), 5))).toEqual(ExtendedKey.neuter(child))
      expect(check(ExtendedKey.derive(ExtendedKey.neuter(key), ExtendedKey.HARDENED))).toBe('key-hardened')
      const last = prv.at(-1) === '2' ? '3' : '2'
      expect(check(ExtendedKey.decode(prv.slice(0, -1) + last))).toBe('base58-checksum')
    },
  }))
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip32',
  cases: ([file]) => {
    const parts = (file as NonNullable<typeof file>).text().split(/^===\s*(Test vector \d+)\s*===$/m)
    const cases: Case[] = []
    for (let i = 1; i < parts.length; i += 2) {
      const own = casesOf(parts[i] as string, parts[i + 1] as string)
      if (own.length === 0) throw new Error(`${parts[i]} is not understood`)
      cases.push(...own)
    }
    return cases
  },
})
