/** What a transaction or a query failed of: a module's name, its number, and what the client reads. */
export class Fault extends Error {
  readonly codespace: string
  readonly code: number
  constructor(codespace: string, code: number, message: string) {
    super(message)
    this.codespace = codespace
    this.code = code
  }
}

/** The numbers of `cosmos-sdk/types/errors` that are used here. */
const SDK = {
  'tx parse error': 2,
  unauthorized: 4,
  'insufficient funds': 5,
  'unknown request': 6,
  'invalid address': 7,
  'invalid pubkey': 8,
  'unknown address': 9,
  'invalid coins': 10,
  'out of gas': 11,
  'memo too large': 12,
  'insufficient fee': 13,
  'no signatures supplied': 15,
  'invalid request': 18,
  'tx already in mempool': 19,
  'key not found': 22,
  'tx timeout height': 30,
  'incorrect account sequence': 32,
  'not found': 38,
} as const

export function sdk(kind: keyof typeof SDK, detail: string): Fault {
  return new Fault('sdk', SDK[kind], `${detail}: ${kind}`)
}

/** The numbers of wasmd's `x/wasm/types/errors.go`. */
const WASM = {
  'create wasm contract failed': 2,
  'instantiate wasm contract failed': 4,
  'execute wasm contract failed': 5,
  'not found': 8,
  'query wasm contract failed': 9,
  'reply wasm contract failed': 18,
  'no such contract': 22,
  'no such code': 28,
  'exceeded maximum call depth': 30,
} as const

export function wasm(kind: keyof typeof WASM, detail: string): Fault {
  return new Fault('wasm', WASM[kind], `${detail}: ${kind}`)
}

/** How much gas there is, and what was used; whoever uses more meets `out of gas`. */
export interface Gas {
  readonly limit: bigint
  used(): bigint
  left(): bigint
  use(much: bigint, what: string): void
}

export function gasOf(limit: bigint): Gas {
  let used = 0n
  return {
    limit,
    used: () => used,
    left: () => (used >= limit ? 0n : limit - used),
    use: (much, what) => {
      used += much
      if (used > limit)
        throw sdk('out of gas', `out of gas in location: ${what}; gasWanted: ${limit}, gasUsed: ${used}`)
    },
  }
}
