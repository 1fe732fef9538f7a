import { type AitbcError, isAitbcError, type LockTerms } from '@aitbc/core'
import { expect } from 'vitest'

/** What a function throws; fails where it doesn't, or where it throws anything but an `AitbcError`. */
export function thrown(run: () => unknown): AitbcError {
  let value: unknown
  try {
    value = run()
  } catch (error) {
    if (isAitbcError(error)) return error
    throw new Error(`threw ${String(error)}`, { cause: error })
  }
  return expect.unreachable(`returned ${String(value)}`)
}

/** Values of every kind that a JavaScript caller may hand in. */
export const JUNK: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  Number.NaN,
  1n,
  -1n,
  '',
  'x',
  Symbol('s'),
  () => 1,
  {},
  [],
  [1],
  new Date(0),
  new Map(),
  new Uint8Array(0),
  new Uint8Array(31),
  new Uint8Array(33),
  Object.create(null),
  new Proxy(
    {},
    {
      get() {
        throw new Error('trap')
      },
    },
  ),
]

const network = 'eip155:31337'
const account = (last: string) => `${network}:0x00000000000000000000000000000000000000${last}` as const

/** Terms in which every field is there. */
export const TERMS: LockTerms.LockTerms = {
  version: 1,
  backend: {
    network,
    kind: 'contract',
    address: '0x00000000000000000000000000000000000000cc',
    codeHash: new Uint8Array(32).fill(3),
  },
  asset: `${network}/erc20:0x00000000000000000000000000000000000000dd`,
  amount: 1_000_000n,
  hashlock: new Uint8Array(32).fill(5),
  locker: { account: account('a1'), publicKey: new Uint8Array(33).fill(2), payout: account('a2') },
  beneficiary: { account: account('b1'), publicKey: new Uint8Array(32).fill(4), payout: account('b2') },
  deadline: { network, clock: 'unix', value: 1_900_000_000n },
  salt: new Uint8Array(32).fill(6),
}
