import { Amount } from '@aitbc/core'
import type {
  Capability,
  Deployment,
  Endpoint,
  Payload,
  Price,
  Provider,
  ServiceDescriptor,
  Validity,
} from '../ServiceDescriptor.js'
import * as rules from './rules.js'

const U64 = 2n ** 64n - 1n
// Semantic Versioning 2.0.0, items 2, 9 and 10.
const SEMVER =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/
// RFC 6838, section 4.2, in lower case and without parameters.
const MEDIA_TYPE = /^[a-z\d][a-z\d!#$&^_.+-]*\/[a-z\d][a-z\d!#$&^_.+-]*$/

// MCP tool names, and paths of them; nothing that could climb out of one.
const ID = /^[A-Za-z\d_-]+(?:[./][A-Za-z\d_-]+)*$/

const word = /* @__PURE__ */ rules.token(
  /^[a-z\d](?:[a-z\d.+-]*[a-z\d])?$/,
  64,
  'a word of a-z, 0-9 and inner ".", "+", "-"',
)
const visible = /* @__PURE__ */ rules.token(/^[!-~]+$/, 128, 'visible ASCII characters without spaces')
const itself = (text: string) => text

const provider = /* @__PURE__ */ rules.object<Provider>({
  name: rules.line(128),
  url: { optional: rules.url },
  key: rules.didKey,
  accounts: rules.list(rules.account, 1, 64, itself),
})

const deployment = /* @__PURE__ */ rules.object<Deployment>({
  account: rules.account,
  kind: word,
  reference: { optional: visible },
})

const endpoint = /* @__PURE__ */ rules.object<Endpoint>({
  protocol: word,
  version: visible,
  transport: { optional: visible },
  url: rules.url,
})

const schema = /* @__PURE__ */ rules.object<NonNullable<Payload['schema']>>({
  id: rules.contentId,
  url: { optional: rules.url },
})

const payload = /* @__PURE__ */ rules.object<Payload>({
  mediaTypes: rules.list(
    rules.token(MEDIA_TYPE, 128, 'a media type in lower case without parameters'),
    1,
    16,
    itself,
  ),
  schema: { optional: schema },
})

const price = /* @__PURE__ */ rules.object<Price>({
  asset: rules.asset,
  amount: rules.integer(0n, Amount.MAX),
  per: rules.integer(1n, U64),
  unit: word,
  payee: rules.account,
})

const capability = /* @__PURE__ */ rules.object<Capability>({
  id: rules.token(ID, 128, 'words of letters, digits, "_", "-", joined by "." or "/"'),
  description: rules.lines(4096),
  tags: rules.list(rules.line(64), 0, 32, itself),
  models: rules.list(visible, 0, 64, itself),
  input: payload,
  output: payload,
  prices: rules.list(price, 0, 32, ({ asset, unit, per }) => `${asset} ${unit} ${per}`),
})

/** The fields of a descriptor, in the order in which they are read. */
export const SHAPE: rules.Rule<ServiceDescriptor> = /* @__PURE__ */ rules.object<ServiceDescriptor>({
  schema: rules.literal('aitbc-service/1'),
  name: rules.line(128),
  version: rules.token(SEMVER, 64, 'a semantic version'),
  revision: rules.integer(0n, U64),
  description: rules.lines(4096),
  provider,
  deployments: rules.list(
    deployment,
    0,
    64,
    (item) => `${item.account} ${item.kind} ${item.reference ?? ''}`,
  ),
  endpoints: rules.list(
    endpoint,
    1,
    32,
    (item) => `${item.protocol} ${item.version} ${item.transport ?? ''} ${item.url}`,
  ),
  // MCP hosts fold names; two tools that differ in case only would collide there.
  capabilities: rules.list(capability, 1, 128, (item) => item.id.toLowerCase()),
  validity: rules.object<Validity>({ notBefore: rules.integer(0n, U64), notAfter: rules.integer(0n, U64) }),
  extensions: rules.record(visible, 64, 32),
  critical: rules.list(visible, 0, 64, itself),
})
