import { Bytes, Verdict } from '@aitbc/core'
import * as Bech32 from './Bech32.js'

/** A witness program (BIP-141): version 0 to 16 and 2 to 40 bytes. */
export interface SegwitAddress {
  readonly prefix: string
  readonly version: number
  readonly program: Bytes.Bytes
}

/**
 * Reads a SegWit address of a network's prefix (`bc`, `tb`, `bcrt`; BIP-173 for version 0, BIP-350 for all later).
 *
 * Refusals: those of `Bech32.decode`, `address-prefix`, `address-version`, `address-form`, `address-program`.
 *
 * @example
 * import { SegwitAddress } from '@aitbc/proofs/bitcoin'
 * SegwitAddress.decode('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'bc').ok // true
 */
export function decode(address: string, prefix: string): Verdict.Verdict<SegwitAddress> {
  const decoded = Bech32.decode(address)
  if (!decoded.ok) return decoded
  const [version, ...words] = decoded.value.words
  if (decoded.value.prefix !== prefix)
    return Verdict.refuse(
      'address-prefix',
      `an address of ${prefix} is expected, got ${decoded.value.prefix}`,
    )
  if (version === undefined || version > 16)
    return Verdict.refuse('address-version', `no witness program has version ${version}`)
  if (decoded.value.form !== (version === 0 ? 'bech32' : 'bech32m'))
    return Verdict.refuse('address-form', `${decoded.value.form} is not the checksum of version ${version}`)
  const program = Bech32.fromWords(words)
  if (!program.ok) return program
  const { length } = program.value
  if (length < 2 || length > 40 || (version === 0 && length !== 20 && length !== 32))
    return Verdict.refuse('address-program', `no program of version ${version} has ${length} bytes`)
  return Verdict.accept({ prefix, version, program: program.value })
}

/** Writes an address in lower case. */
export function encode(address: SegwitAddress): string {
  return Bech32.encode({
    form: address.version === 0 ? 'bech32' : 'bech32m',
    prefix: address.prefix,
    words: [address.version, ...Bech32.toWords(address.program)],
  })
}

/** The output script that pays to an address. */
export function toScript(address: Omit<SegwitAddress, 'prefix'>): Bytes.Bytes {
  const version = address.version === 0 ? 0 : 0x50 + address.version
  return Bytes.concat(Uint8Array.of(version, address.program.length), address.program)
}

/** The witness program of an output script; `address-script` where it is of another kind. */
export function fromScript(script: Bytes.Bytes, prefix: string): Verdict.Verdict<SegwitAddress> {
  const [op, length] = script
  const version = op === 0 ? 0 : op !== undefined && op >= 0x51 && op <= 0x60 ? op - 0x50 : undefined
  const program = script.slice(2)
  if (
    version === undefined ||
    length !== program.length ||
    length < 2 ||
    length > 40 ||
    (version === 0 && length !== 20 && length !== 32)
  )
    return Verdict.refuse('address-script', 'the script pays to no witness program')
  return Verdict.accept({ prefix, version, program })
}
