import type { Middleware } from '@aitbc/core/rpc'

/** What is the same for whoever asks: blocks and heads. What is asked of one account or lock isn't here, and nothing that sends. */
const PUBLIC: ReadonlySet<string> = new Set([
  'GET', // of a beacon chain
  ...['eth_chainId', 'eth_getBlockByNumber', 'eth_getBlockByHash'],
  ...['getblockchaininfo', 'getindexinfo', 'getblockhash', 'getblockheader', 'getblock', 'getrawmempool'],
  ...['status', 'abci_info', 'commit', 'validators', 'block'],
  ...['getGenesisHash', 'getSlot', 'getBlock'],
])

const exact = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)

/**
 * One request for all parties of a process that ask a node for the same block or head within so many milliseconds, as a wallet with many
 * swaps would have it: most of what a party's process does is to ask.
 */
export function sharing(forMs: number): Middleware {
  return (rpc) => {
    const asked = new Map<string, { readonly answer: Promise<unknown>; readonly until: number }>()
    const ask = (method: string, params: unknown): Promise<unknown> => {
      const now = performance.now()
      for (const [key, { until }] of asked) {
        if (until > now) break
        asked.delete(key)
      }
      const key = `${method} ${JSON.stringify(params, exact)}`
      const known = asked.get(key)
      if (known !== undefined) return known.answer
      const answer = rpc.request(method, params as readonly unknown[])
      asked.set(key, { answer, until: now + forMs })
      answer.catch(() => asked.delete(key))
      return answer
    }
    return {
      ...rpc,
      async request(method, params = [], options = {}) {
        if (!PUBLIC.has(method)) return rpc.request(method, params, options)
        const { signal } = options
        signal?.throwIfAborted()
        const answer = await ask(method, params)
        signal?.throwIfAborted()
        return answer
      },
    }
  }
}
