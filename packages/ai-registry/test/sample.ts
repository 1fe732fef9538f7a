import { DidKey, type ServiceDescriptor } from '@aitbc/ai-registry'
import { ed25519 } from '@noble/curves/ed25519.js'

/** The seed of the sample provider's key, and another one. */
export const SECRET = new Uint8Array(32).fill(7)
export const OTHER_SECRET = new Uint8Array(32).fill(8)
export const KEY = DidKey.from(ed25519.getPublicKey(SECRET))
export const OTHER_KEY = DidKey.from(ed25519.getPublicKey(OTHER_SECRET))

const EVM = 'eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb'
const SOLANA = 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv'

/** A descriptor that uses every field. */
export const SAMPLE = {
  schema: 'aitbc-service/1',
  name: 'Route planner 🗺',
  version: '1.2.0-rc.1+build.5',
  revision: 3n,
  description: 'Plans routes.\nLive traffic included — péage compris.',
  provider: {
    name: 'Example Geo Services',
    url: 'https://geo.example.com/',
    key: KEY,
    accounts: [
      EVM,
      SOLANA,
      'bip122:000000000019d6689c085ae165831e93:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    ],
  },
  deployments: [
    { account: 'eip155:1:0x8004a169fb4a3325136eb29fa0ceb6d2e539a432', kind: 'erc-8004', reference: '42' },
    { account: SOLANA, kind: 'settlement' },
  ],
  endpoints: [
    {
      protocol: 'mcp',
      version: '2025-11-25',
      transport: 'streamable-http',
      url: 'https://geo.example.com/mcp',
    },
    { protocol: 'a2a', version: '1.0', transport: 'JSONRPC', url: 'https://geo.example.com/a2a/v1?x=1' },
  ],
  capabilities: [
    {
      id: 'route',
      description: 'The quickest way between two places.',
      tags: ['maps', 'traffic'],
      models: ['meta-llama/Llama-3.1-8B-Instruct'],
      input: {
        mediaTypes: ['application/json', 'text/plain'],
        schema: {
          id: 'bagaaieraiqjw7i2vwntyuekgvulpp2det2kpwt6cd7tx5ayqybqpmhfk76fa',
          url: 'https://geo.example.com/schemas/route.json',
        },
      },
      output: { mediaTypes: ['application/vnd.geo+json'] },
      prices: [
        { asset: 'eip155:1/slip44:60', amount: 20_000_000_000_000n, per: 1n, unit: 'request', payee: EVM },
        {
          asset: 'eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48',
          amount: 2n ** 64n,
          per: 1_000_000n,
          unit: 'output-token',
          payee: EVM,
        },
        {
          asset: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501',
          amount: 0n,
          per: 1n,
          unit: 'request',
          payee: SOLANA,
        },
      ],
    },
    {
      id: 'Map/custom_v1.0',
      description: 'A picture of a map.',
      tags: [],
      models: [],
      input: { mediaTypes: ['application/json'] },
      output: { mediaTypes: ['image/png'] },
      prices: [],
    },
  ],
  validity: { notBefore: 1_790_000_000n, notAfter: 1_800_000_000n },
  extensions: {
    'example.com/sla': { uptime: 0.999, regions: ['eu'] },
    'https://example.com/extensions/geolocation/v1': null,
  },
  critical: ['example.com/sla'],
} as const satisfies ServiceDescriptor.ServiceDescriptor

export const UNDERSTANDS: readonly string[] = ['example.com/sla']
/** A time at which the sample is valid, Unix seconds. */
export const NOW = 1_795_000_000n
