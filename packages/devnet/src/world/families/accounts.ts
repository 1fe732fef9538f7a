import type { LockTerms, Network } from '@aitbc/core'
import { digest } from '../digest.js'
import type { Family } from '../Family.js'

/** What contracts' locks enforce everywhere: no late claims or locks, one lock of each terms, the payee by name. */
export const CONTRACT = {
  lateClaims: false,
  payee: 'named',
  unique: true,
  lateLocks: false,
  feesFrom: 'account',
  events: true,
} as const satisfies Family['profile']

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
