import { Hasher as Merkle } from '@aitbc/proofs/merkle'
import { Ics23 } from '@aitbc/proofs/tendermint'
import { expect } from 'vitest'
import type { Case, VectorFile } from '../../../../../scripts/vectors/reader.js'
import { hex, unhex } from '../../helpers.js'

/** The project's hash functions, by the names that files have for them. */
const HASHES: readonly (readonly [RegExp, readonly ((bytes: Uint8Array) => Uint8Array | undefined)[]])[] = [
  [/sha256/i, [Merkle.sha256, (bytes) => Ics23.HashOp.hash('sha256', bytes)]],
  [/sha512/i, [(bytes) => Ics23.HashOp.hash('sha512', bytes)]],
  [/ripemd160/i, [(bytes) => Ics23.HashOp.hash('ripemd160', bytes)]],
  [/keccak256/i, [Merkle.keccak256]],
]

/** Lines `Len`, `Msg` and `MD` (NIST CAVP), or `Input` and `Output` (OpenSSL); the first length may be 0 with a message of one byte. */
export function* known(file: VectorFile): Iterable<Case> {
  const name = file.path.split('/').at(-1) as string
  const hashes = HASHES.find(([pattern]) => pattern.test(name))?.[1]
  if (hashes === undefined) throw new Error(`no hash function for ${name}`)
  let length: number | undefined
  let message: Uint8Array | undefined
  for (const line of file
    .text()
    .split('\n')
    .map((each) => each.trim())) {
    if (line === '' || line.startsWith('#') || /^\[L = \d+\]$/.test(line) || /^Digest = [\w-]+$/.test(line))
      continue
    const [, field = '', text = ''] = /^(Len|Msg|MD|Input|Output) = (\S+)$/.exec(line) ?? []
    const bytes = () =>
      unhex(text.replace(/^"(.*)"$/, (_, ascii: string) => hex(new TextEncoder().encode(ascii))))
    if (field === 'Len') length = Number(text)
    else if (field === 'Msg' || field === 'Input') message = bytes()
    else if ((field === 'MD' || field === 'Output') && message !== undefined) {
      const input = length === undefined ? message : message.subarray(0, length / 8)
      const [digest, bits] = [hex(bytes()), input.length * 8]
      yield {
        name: `${bits} bits`,
        run() {
          expect(bits).toBe(length ?? bits)
          for (const hash of hashes) expect(hex(hash(input) as Uint8Array)).toBe(digest)
        },
      }
      length = undefined
      message = undefined
    } else throw new Error(`no field: ${line}`)
  }
  if (message !== undefined) throw new Error('a message without digest')
}
