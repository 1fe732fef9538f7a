import { Bytes, Verdict } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import * as Wire from './internal/wire.js'
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from './SolanaInstruction.js'

/** What a mint says of its tokens. */
export interface Mint {
  /** The token program that it belongs to. */
  readonly program: Bytes.Bytes32
  readonly decimals: number
  readonly supply: bigint
  /** Who can freeze accounts of the token; nobody where undefined. A frozen vault pays out late, and to nobody else. */
  readonly freezer: Bytes.Bytes32 | undefined
  /** Names of its extensions, in order; none on the older program. */
  readonly extensions: readonly string[]
}

const MINT_SIZE = 82
/** A mint with extensions is as long as a token account, so that the byte of the kind stands at one place. */
const AT_KIND = 165
const AT_EXTENSIONS = 166
const KIND_MINT = 1

/** Extensions of mints (`ExtensionType` of spl-token-2022), by number. */
const EXTENSIONS: Readonly<Record<number, string>> = {
  1: 'transfer-fee',
  3: 'mint-close-authority',
  4: 'confidential-transfer',
  6: 'default-account-state',
  9: 'non-transferable',
  10: 'interest-bearing',
  12: 'permanent-delegate',
  14: 'transfer-hook',
  16: 'confidential-transfer-fee',
  18: 'metadata-pointer',
  19: 'token-metadata',
  20: 'group-pointer',
  21: 'token-group',
  22: 'group-member-pointer',
  23: 'token-group-member',
  24: 'confidential-mint-burn',
  25: 'scaled-ui-amount',
  26: 'pausable',
}

/** Those that change neither what a transfer moves nor who can stop or take it. */
const HARMLESS: readonly string[] = [
  'interest-bearing',
  'metadata-pointer',
  'token-metadata',
  'group-pointer',
  'token-group',
  'group-member-pointer',
  'token-group-member',
  'scaled-ui-amount',
]

/**
 * Reads the account of a mint; total.
 *
 * Refusals: `mint-owner` (no token program's), `mint-size`, `mint-state` (not initialised), `mint-extensions` (not to be read).
 *
 * @example
 * import { Mint } from '@aitbc/adapters/solana'
 * Mint.decode({ owner: new Uint8Array(32), data: new Uint8Array(82) }) // { ok: false, refusal: { check: 'mint-owner', ... } }
 */
export function decode(account: {
  readonly owner: Bytes.Bytes32
  readonly data: Bytes.Bytes
}): Verdict.Verdict<Mint> {
  const { owner, data } = account
  const extended = Bytes.equal(owner, TOKEN_2022_PROGRAM)
  if (!extended && !Bytes.equal(owner, TOKEN_PROGRAM))
    return Verdict.refuse('mint-owner', `a mint belongs to a token program, not to ${Address.encode(owner)}`)
  if (data.length < MINT_SIZE || (!extended && data.length !== MINT_SIZE))
    return Verdict.refuse('mint-size', `a mint has ${MINT_SIZE} bytes, got ${data.length}`)
  if (data[45] !== 1) return Verdict.refuse('mint-state', 'the mint is not initialised')
  const extensions = data.length === MINT_SIZE ? Verdict.accept([]) : extensionsOf(data)
  if (!extensions.ok) return extensions
  return Verdict.accept({
    program: owner,
    supply: Wire.readU64(data, 36),
    decimals: data[44] as number,
    freezer: Wire.readU32(data, 46) === 0 ? undefined : data.slice(50, 82),
    extensions: extensions.value,
  })
}

function extensionsOf(data: Bytes.Bytes): Verdict.Verdict<readonly string[]> {
  if (data.length <= AT_KIND || data[AT_KIND] !== KIND_MINT)
    return Verdict.refuse('mint-extensions', 'the account is not a mint')
  const names: string[] = []
  let at = AT_EXTENSIONS
  while (at < data.length) {
    // Less room than a head, or no type: the rest is padding.
    if (at + 4 > data.length) break
    const type = Wire.readU16(data, at)
    if (type === 0) break
    const end = at + 4 + Wire.readU16(data, at + 2)
    if (end > data.length) return Verdict.refuse('mint-extensions', `extension ${type} is cut off`)
    names.push(EXTENSIONS[type] ?? `unknown-${type}`)
    at = end
  }
  if (data.subarray(at).some((byte) => byte !== 0))
    return Verdict.refuse('mint-extensions', 'what follows the extensions must be zero')
  return Verdict.accept(names)
}

/**
 * Judges whether a plain transfer of a mint's tokens moves exactly its amount, with nobody to stop it but a freezer. Unknown
 * extensions are refused: the list is one of what is harmless. Refusals: `mint-extension` names it.
 *
 * @example
 * import { Mint } from '@aitbc/adapters/solana'
 * declare const mint: Mint.Mint
 * Mint.transferable(mint).ok
 */
export function transferable(mint: Mint): Verdict.Verdict<Mint> {
  const wrong = mint.extensions.find((name) => !HARMLESS.includes(name))
  if (wrong !== undefined)
    return Verdict.refuse('mint-extension', `a mint with the extension ${wrong} is refused`, {
      extension: wrong,
    })
  return Verdict.accept(mint)
}

/**
 * Judges whether a lock can hold a mint's tokens: those of the older token program, which has no extensions. Refusals: `mint-extension`,
 * `mint-program`.
 */
export function lockable(mint: Mint): Verdict.Verdict<Mint> {
  const moved = transferable(mint)
  if (!moved.ok) return moved
  if (!Bytes.equal(mint.program, TOKEN_PROGRAM))
    return Verdict.refuse('mint-program', 'locks hold tokens of the SPL Token program alone')
  return moved
}

/** A token account, as far as it matters here. */
export interface TokenAccount {
  readonly mint: Bytes.Bytes32
  readonly owner: Bytes.Bytes32
  readonly amount: bigint
  readonly frozen: boolean
}

/** Reads a token account of either token program; undefined for anything else. */
export function decodeTokenAccount(account: {
  readonly owner: Bytes.Bytes32
  readonly data: Bytes.Bytes
}): TokenAccount | undefined {
  const { owner, data } = account
  const extended = Bytes.equal(owner, TOKEN_2022_PROGRAM)
  if (!extended && !Bytes.equal(owner, TOKEN_PROGRAM)) return undefined
  if (extended ? data.length < AT_KIND : data.length !== AT_KIND) return undefined
  if (data.length > AT_KIND && data[AT_KIND] !== 2) return undefined
  const state = data[108]
  if (state !== 1 && state !== 2) return undefined
  return {
    mint: data.slice(0, 32),
    owner: data.slice(32, 64),
    amount: Wire.readU64(data, 64),
    frozen: state === 2,
  }
}
