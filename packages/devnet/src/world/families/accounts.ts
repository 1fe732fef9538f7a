import type { LockTerms, Network } from '@aitbc/core'
import { digest } from '../digest.js'
import type { Family } from '../Family.js'

/** What contracts' locks enforce everywhere: no late claims or locks, one lock of each terms, the payee by name. */
const CONTRACT = {
  lateClaims: false,
  payee: 'named',
  unique: true,
  lateLocks: false,
  feesFrom: 'account',
  events: true,
} as const satisfies Family['profile']

/** What chains have in common whose contracts hold locks; some say otherwise of themselves. */
export const CONTRACTS = {
  kind: 'accounts',
  profile: CONTRACT,
  capabilities: { locks: true, proofs: 'state', replacement: true },
  best: 'proved',
  format: 'world/accounts',
  counted: true,
  outbid: (rate) => rate + 1n,
  baseFee: false,
  drift: (_floor, demand) => demand,
  median: false,
  stale: false,
  preflight: false,
} as const satisfies Partial<Family>

/** What a lock, a claim or refund, and anything else take of a block. */
export function sizes(lock: bigint, settles: bigint, other: bigint): Family['size'] {
  return ({ is }) => (is === 'lock' ? lock : is === 'claim' || is === 'refund' ? settles : other)
}

/** The contract, program or module that holds the locks of a network of a world. */
export function backendOf(kind: string, address: (hex: string) => string): Family['backend'] {
  const known = new Map<string, LockTerms.Backend>()
  return ({ id }: Network) => {
    const before = known.get(id)
    if (before !== undefined) return before
    const hex = digest(`htlc/${id}`)
    const backend = { network: id, kind, address: address(hex.slice(0, 40)), codeHash: codeHash(hex) }
    known.set(id, backend)
    return backend
  }
}

function codeHash(hex: string): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}
