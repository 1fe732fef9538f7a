import type { PolkadotNode } from '@aitbc/devnet'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import type { Endpoint } from '../endpoints.js'

/** Connections to a node, one of each kind; once one knows the chain, it is what its endpoint says. */
export function createConnections(node: PolkadotNode): {
  open(endpoint: Endpoint): Promise<ApiPromise>
  close(): Promise<void>
} {
  const connections = new Map<string, ApiPromise>()
  let saw: (request: string) => void = () => undefined
  return {
    async open(endpoint) {
      const { kind } = endpoint
      if (kind === 'spied') saw = endpoint.saw
      const known = connections.get(kind)
      if (known !== undefined) return known
      // A bound for a hang, not for a busy machine.
      const provider = new WsProvider(node.url, false, {}, 300_000)
      await provider.connect()
      const options: ApiOptions = {
        provider: provider as NonNullable<ApiOptions['provider']>,
        noInitWarn: true,
      }
      const api = await ApiPromise.create(options)
      connections.set(kind, api)
      const send = provider.send.bind(provider)
      if (kind === 'silent') provider.send = () => new Promise(() => undefined)
      if (kind === 'spied')
        provider.send = (method, params, cacheable, subscription) => {
          saw(JSON.stringify([method, params]))
          return send(method, params, cacheable, subscription)
        }
      if (kind === 'down') await api.disconnect()
      return api
    },
    async close() {
      for (const api of connections.values()) await api.disconnect()
    },
  }
}
