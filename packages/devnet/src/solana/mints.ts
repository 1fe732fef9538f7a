import { Bytes } from '@aitbc/core'
import { TOKEN, TOKEN_2022 } from './tokens.js'

/** What Token-2022 adds to a token, each of which a lock has to think about. */
export type SolanaTokenExtension =
  | 'transfer-fee'
  | 'mint-close-authority'
  | 'default-frozen'
  | 'non-transferable'
  | 'interest-bearing'
  | 'permanent-delegate'
  | 'transfer-hook'
  | 'metadata-pointer'
  | 'pausable'

/** How a test token is made; the chain's purse mints it, and is the authority of what extensions it has. */
export interface SolanaTokenOptions {
  /** 9 unless told. */
  readonly decimals?: number
  /** Token-2022 where there are extensions, and by default the first token program. */
  readonly program?: 'token' | 'token-2022'
  readonly extensions?: readonly SolanaTokenExtension[]
  /** Who may freeze accounts; nobody unless told. */
  readonly freezer?: string
}

const MINT_SIZE = 82
/** Where extensions begin: after the size of a token account, and a byte that says what the account is. */
const EXTENSIONS_AT = 166

interface Extension {
  /** Bytes of its entry in the mint's account, without type and length. */
  readonly size: number
  /** The data of the instruction that sets it up. */
  readonly data: (authority: Uint8Array) => Uint8Array
}

/** Basis points of the test fee, at most so many units: 1 %, without a bound. */
const FEE = Uint8Array.of(100, 0, 255, 255, 255, 255, 255, 255, 255, 255)

/** Instructions of Token-2022, by its own numbers. */
const EXTENSIONS: Readonly<Record<SolanaTokenExtension, Extension>> = {
  'transfer-fee': {
    size: 108,
    data: (it) => Bytes.concat(Uint8Array.of(26, 0, 1), it, Uint8Array.of(1), it, FEE),
  },
  'mint-close-authority': { size: 32, data: (it) => Bytes.concat(Uint8Array.of(25, 1), it) },
  'default-frozen': { size: 1, data: () => Uint8Array.of(28, 0, 2) },
  'non-transferable': { size: 0, data: () => Uint8Array.of(32) },
  'interest-bearing': {
    size: 52,
    data: (it) => Bytes.concat(Uint8Array.of(33, 0), it, Uint8Array.of(244, 1)),
  },
  'permanent-delegate': { size: 32, data: (it) => Bytes.concat(Uint8Array.of(35), it) },
  'transfer-hook': { size: 64, data: (it) => Bytes.concat(Uint8Array.of(36, 0), it, it) },
  'metadata-pointer': { size: 64, data: (it) => Bytes.concat(Uint8Array.of(39, 0), it, it) },
  pausable: { size: 33, data: (it) => Bytes.concat(Uint8Array.of(44, 0), it) },
}

/** What has to be done to make a mint: its account's size and program, and the data of the instructions that set it up, in order. */
export function plan(
  options: SolanaTokenOptions,
  authority: Uint8Array,
  freezer: Uint8Array | undefined,
): { readonly size: bigint; readonly program: string; readonly setups: readonly Uint8Array[] } {
  const { decimals = 9, extensions = [], program } = options
  const entries = extensions.map((name) => EXTENSIONS[name])
  const extended = entries.reduce((sum, { size }) => sum + 4 + size, EXTENSIONS_AT)
  return {
    size: BigInt(entries.length === 0 ? MINT_SIZE : extended),
    program: program === 'token-2022' || entries.length > 0 ? TOKEN_2022 : TOKEN,
    setups: [
      ...entries.map(({ data }) => data(authority)),
      // InitializeMint2.
      Bytes.concat(
        Uint8Array.of(20, decimals),
        authority,
        ...(freezer === undefined ? [Uint8Array.of(0)] : [Uint8Array.of(1), freezer]),
      ),
    ],
  }
}
