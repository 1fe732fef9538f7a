import { AccountId, AssetId, CoreErrors, show, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as ContentId from './ContentId.js'
import type { DidKey } from './DidKey.js'
import { RegistryErrors } from './errors.js'
import type * as rules from './internal/rules.js'
import { SHAPE } from './internal/shape.js'
import * as Jcs from './Jcs.js'
import * as Json from './Json.js'

/** The name of this format and its version; another one is refused, never guessed at. */
export const SCHEMA = 'aitbc-service/1'

/** Longest descriptor that is read or written, bytes of canonical JSON. */
export const MAX_SIZE = 262_144

/**
 * An AI service, as its provider states it: who is behind it, on which chains and at which addresses it is, what it does
 * and for how much. As data its whole numbers are bigints; in JSON they are decimal strings.
 *
 * Lists are in the provider's order of preference and hold nothing twice. All text is NFC.
 */
export interface ServiceDescriptor {
  readonly schema: typeof SCHEMA
  /** For people: one line, at most 128 characters. */
  readonly name: string
  /** The service's own version (Semantic Versioning 2.0.0). */
  readonly version: string
  /** Grows with each descriptor of the service, so that an old one can't be passed off as the latest. */
  readonly revision: bigint
  /** For people: at most 4,096 characters. */
  readonly description: string
  readonly provider: Provider
  /** On-chain presences: contracts and registrations, 0 to 64. */
  readonly deployments: readonly Deployment[]
  /** Where it is reached, 1 to 32. */
  readonly endpoints: readonly Endpoint[]
  /** What it does, 1 to 128; no two ids are equal in lower case. */
  readonly capabilities: readonly Capability[]
  readonly validity: Validity
  /** Whatever this schema doesn't know, under names of the author's own, e.g. `example.com/sla`. */
  readonly extensions: { readonly [name: string]: Json.Value }
  /** Names of extensions without which the descriptor must not be used. */
  readonly critical: readonly string[]
}

/** Who answers for the service. Accounts are what `key` says they are: a registration on each chain proves it. */
export interface Provider {
  readonly name: string
  readonly url?: string
  /** The only key whose signature counts. */
  readonly key: DidKey
  /** CAIP-10 accounts, 1 to 64; payments go to these and to no others. */
  readonly accounts: readonly AccountId.AccountId[]
}

/** One on-chain presence: CAIP-2 chain and address in one CAIP-10 id, e.g. an ERC-8004 registry with `reference` the agent's id. */
export interface Deployment {
  readonly account: AccountId.AccountId
  /** What is there, e.g. `erc-8004`. */
  readonly kind: string
  /** The service's id within it. */
  readonly reference?: string
}

/** One way to reach the service. */
export interface Endpoint {
  /** E.g. `mcp`, `a2a`, `openapi`. */
  readonly protocol: string
  /** The protocol's version, e.g. `2025-11-25`. */
  readonly version: string
  /** Its binding, e.g. `streamable-http`, `JSONRPC`. */
  readonly transport?: string
  /** https, written as the WHATWG URL Standard does; a redirect away from it leaves what was signed. */
  readonly url: string
}

/** One thing the service does: an MCP tool, an A2A skill, a model. */
export interface Capability {
  /** Words of `A–Z a–z 0–9 _ -`, joined by `.` or `/`, at most 128 characters. */
  readonly id: string
  readonly description: string
  readonly tags: readonly string[]
  /** Models behind it, e.g. `meta-llama/Llama-3.1-8B-Instruct`. */
  readonly models: readonly string[]
  readonly input: Payload
  readonly output: Payload
  /** Any one of these pays; none means free of charge. */
  readonly prices: readonly Price[]
}

/** What goes in or comes out. */
export interface Payload {
  /** Media types without parameters, 1 to 16. */
  readonly mediaTypes: readonly string[]
  /** Its JSON Schema, by content: `id` is checked whatever `url` serves. */
  readonly schema?: { readonly id: ContentId.ContentId; readonly url?: string }
}

/** The price of one lot; lots are sold whole, so nothing is ever rounded. */
export interface Price {
  readonly asset: AssetId.AssetId
  /** Base units of the asset for one lot. */
  readonly amount: bigint
  /** Units in a lot, at least 1. */
  readonly per: bigint
  /** What is counted, e.g. `request`, `input-token`, `output-token`, `second`. */
  readonly unit: string
  /** One of `provider.accounts`, on the asset's chain. */
  readonly payee: AccountId.AccountId
}

/** When the descriptor may be used: `notBefore` ≤ now < `notAfter`, Unix seconds. */
export interface Validity {
  readonly notBefore: bigint
  readonly notAfter: bigint
}

/** What {@link decode} refuses, by name. */
export type Check =
  | Jcs.Check
  | rules.Check
  | 'payee' // not an account of the provider, or on another chain than the asset
  | 'validity' // ends before it starts
  | 'critical-absent' // `critical` names an extension that isn't there
  | 'critical-unknown' // `critical` names an extension the caller doesn't understand

/**
 * Makes a descriptor out of data (bigints) or of its JSON form (decimal strings), and checks all of it.
 *
 * Throws `InvalidDescriptor` (5002) with the {@link Check}, the path and what came, or `NotJson` (5001).
 *
 * @example
 * import { ServiceDescriptor } from '@aitbc/ai-registry'
 * ServiceDescriptor.from({
 *   schema: 'aitbc-service/1',
 *   name: 'Route planner',
 *   version: '1.2.0',
 *   revision: 1n,
 *   description: 'Plans routes with live traffic.',
 *   provider: {
 *     name: 'Example Geo Services',
 *     key: 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
 *     accounts: ['eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb'],
 *   },
 *   deployments: [],
 *   endpoints: [{ protocol: 'mcp', version: '2025-11-25', url: 'https://geo.example.com/mcp' }],
 *   capabilities: [
 *     {
 *       id: 'route',
 *       description: 'The quickest way between two places.',
 *       tags: ['maps'],
 *       models: [],
 *       input: { mediaTypes: ['application/json'] },
 *       output: { mediaTypes: ['application/json'] },
 *       prices: [
 *         {
 *           asset: 'eip155:1/slip44:60',
 *           amount: 20_000_000_000_000n,
 *           per: 1n,
 *           unit: 'request',
 *           payee: 'eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb',
 *         },
 *       ],
 *     },
 *   ],
 *   validity: { notBefore: 1_790_000_000n, notAfter: 1_800_000_000n },
 *   extensions: {},
 *   critical: [],
 * })
 */
export function from(input: ServiceDescriptor): ServiceDescriptor {
  return check(input).descriptor
}

/**
 * The canonical bytes of a descriptor (RFC 8785), which its id names and its signature covers. Throws as {@link from} does.
 *
 * @example
 * import { ServiceDescriptor } from '@aitbc/ai-registry'
 * const size = (descriptor: ServiceDescriptor.ServiceDescriptor) => ServiceDescriptor.encode(descriptor).length
 */
export function encode(descriptor: ServiceDescriptor): Uint8Array {
  return check(descriptor).bytes
}

/**
 * The content id of a descriptor: the name of {@link encode}'s bytes. Throws as {@link from} does.
 *
 * @example
 * import { ServiceDescriptor } from '@aitbc/ai-registry'
 * const name = (descriptor: ServiceDescriptor.ServiceDescriptor) => ServiceDescriptor.contentId(descriptor) // 'bagaaiera…'
 */
export function contentId(descriptor: ServiceDescriptor): ContentId.ContentId {
  return ContentId.encode(sha256(check(descriptor).bytes))
}

/**
 * Reads a descriptor from its canonical bytes. Never throws for any bytes: the verdict names the first {@link Check} that
 * failed, the JSON Pointer of the place (`context.path`), what was expected and what came.
 *
 * It says what the bytes say, not who wrote them: see `SignedDescriptor.verify`.
 *
 * @example
 * import { ServiceDescriptor } from '@aitbc/ai-registry'
 * ServiceDescriptor.decode(new TextEncoder().encode('{}')) // { ok: false, refusal: { check: 'missing-field', … } }
 */
export function decode(bytes: Uint8Array, options: decode.Options = {}): Verdict.Verdict<ServiceDescriptor> {
  const json = Jcs.decode(bytes, { maxSize: MAX_SIZE })
  return json.ok ? read(json.value, options) : json
}

export declare namespace decode {
  type Options = {
    /** Extensions the caller understands; none unless told. */
    readonly understands?: readonly string[]
  }
}

/**
 * Reads a descriptor from parsed JSON; otherwise as {@link decode}.
 *
 * @example
 * import { ServiceDescriptor } from '@aitbc/ai-registry'
 * ServiceDescriptor.read({ schema: 'aitbc-service/2' }).ok // false
 */
export function read(json: Json.Value, options: decode.Options = {}): Verdict.Verdict<ServiceDescriptor> {
  const { understands = [] } = options
  if (!Array.isArray(understands))
    throw CoreErrors.InvalidArgument(`understands must be an array of names, got ${show(understands)}`, {
      argument: 'understands',
    })
  const verdict = SHAPE(json, [])
  if (!verdict.ok) return verdict
  const { provider, capabilities, validity, extensions, critical } = verdict.value
  for (const [i, { prices }] of capabilities.entries())
    for (const [j, { payee, asset }] of prices.entries()) {
      const path = `/capabilities/${i}/prices/${j}/payee`
      if (!provider.accounts.includes(payee))
        return refuse('payee', path, `one of provider.accounts, got ${show(payee)}`)
      if (AccountId.parse(payee).network !== AssetId.parse(asset).network)
        return refuse('payee', path, `on the chain of ${asset}, got ${show(payee)}`)
    }
  if (validity.notBefore >= validity.notAfter)
    return refuse(
      'validity',
      '/validity/notAfter',
      `after notBefore (${validity.notBefore}), got ${validity.notAfter}`,
    )
  for (const [i, name] of critical.entries()) {
    if (!Object.hasOwn(extensions, name))
      return refuse(
        'critical-absent',
        `/critical/${i}`,
        `the name of an extension that is there, got ${show(name)}`,
      )
    if (!understands.includes(name))
      return refuse(
        'critical-unknown',
        `/critical/${i}`,
        `an extension that the caller understands, got ${show(name)}`,
      )
  }
  return verdict
}

/**
 * The JSON form of a descriptor: its bigints as decimal strings. Checks nothing.
 *
 * @example
 * import { ServiceDescriptor } from '@aitbc/ai-registry'
 * const text = (descriptor: ServiceDescriptor.ServiceDescriptor) => JSON.stringify(ServiceDescriptor.toJson(descriptor), null, 2)
 */
export function toJson(descriptor: ServiceDescriptor): Json.Value {
  if (typeof descriptor !== 'object' || descriptor === null) return descriptor
  // Extensions are JSON already: a bigint in there is a mistake, and stays one.
  const { extensions, ...fields } = descriptor
  return { ...(plain(fields, 0) as object), ...(extensions === undefined ? {} : { extensions }) }
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || depth > Json.MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1))
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item, depth + 1)]))
}

function check(input: ServiceDescriptor): { bytes: Uint8Array; descriptor: ServiceDescriptor } {
  const bytes = Jcs.encode(toJson(input))
  // Authors understand their own extensions.
  const verdict = decode(bytes, { understands: Array.isArray(input?.critical) ? input.critical : [] })
  if (verdict.ok) return { bytes, descriptor: verdict.value }
  const { check, message, context } = verdict.refusal
  throw RegistryErrors.InvalidDescriptor(message, { argument: 'descriptor', check, ...context })
}

function refuse(check: Check, path: string, expected: string): Verdict.Verdict<never> {
  return Verdict.refuse(check, `${path} must be ${expected}`, { path })
}
