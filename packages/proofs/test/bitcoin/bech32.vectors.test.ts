import { Bech32, SegwitAddress } from '@aitbc/proofs/bitcoin'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { check, hex, value } from '../helpers.js'

interface Published {
  readonly valid_checksum: readonly string[]
  readonly invalid_checksum: readonly { readonly string: string; readonly reason: string }[]
  readonly valid_address: readonly { readonly address: string; readonly scriptPubKey: string }[]
  readonly invalid_address: readonly { readonly string: string; readonly reason: string }[]
}

/** Prefixes of the two networks that both BIPs write addresses for. */
const PREFIXES = ['bc', 'tb']

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bech32',
  title: 'A10',
  cases: ([file]) => {
    const { valid_checksum, invalid_checksum, valid_address, invalid_address } = (
      file as NonNullable<typeof file>
    ).json<Published>()
    const cases: Case[] = []
    // A file is about one of the two checksums: that of its first string.
    const form = value(Bech32.decode(valid_checksum[0] as string)).form
    for (const text of valid_checksum)
      cases.push({
        name: text,
        run: () => {
          const decoded = value(Bech32.decode(text))
          expect(decoded.form).toBe(form)
          expect(Bech32.encode(decoded)).toBe(text.toLowerCase())
        },
      })
    for (const { string, reason } of invalid_checksum)
      cases.push({
        name: `${reason}: ${JSON.stringify(string)}`,
        run: () => expect(check(Bech32.decode(string))).toMatch(/^bech32-/),
      })
    for (const { address, scriptPubKey } of valid_address)
      cases.push({
        name: address,
        run: () => {
          const prefix = address.slice(0, 2).toLowerCase()
          expect(PREFIXES).toContain(prefix)
          const decoded = SegwitAddress.decode(address, prefix)
          // BIP-350 took Bech32 away from versions 1 to 16.
          if (form === 'bech32' && !scriptPubKey.startsWith('00')) {
            expect(check(decoded)).toBe('address-form')
            return
          }
          expect(hex(SegwitAddress.toScript(value(decoded)))).toBe(scriptPubKey)
          expect(SegwitAddress.encode(value(decoded))).toBe(address.toLowerCase())
        },
      })
    for (const { string, reason } of invalid_address)
      cases.push({
        name: `${reason}: ${string}`,
        run: () => {
          for (const prefix of PREFIXES) expect(SegwitAddress.decode(string, prefix).ok).toBe(false)
        },
      })
    return cases
  },
})
