import { Bytes, CoreErrors, show, Verdict } from '@aitbc/core'
import { Ed25519 } from '@aitbc/proofs/attestation'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64urlnopad } from '@scure/base'
import * as ContentId from './ContentId.js'
import * as DidKey from './DidKey.js'
import { RegistryErrors } from './errors.js'
import { statedKey } from './internal/did.js'
import * as Jcs from './Jcs.js'
import * as Json from './Json.js'
import * as ServiceDescriptor from './ServiceDescriptor.js'

/** The `typ` of the protected header. */
export const TYPE = 'aitbc-service+jws'

/** Longest signed descriptor that is read, bytes. */
export const MAX_SIZE = ServiceDescriptor.MAX_SIZE + 1024

/** What {@link verify} refuses, by name. */
export type Check =
  | ServiceDescriptor.Check
  | Ed25519.Check
  | 'envelope' // not exactly a descriptor and a signature
  | 'signature-encoding' // not base64url to the last bit
  | 'header-encoding' // the protected header isn't base64url of strict JSON
  | 'header-algorithm' // `alg` isn't Ed25519: none, HS256, …
  | 'header-critical' // `crit` asks for what nobody here understands
  | 'header-key' // a key or its address in the header: jwk, jku, x5c, x5u, …
  | 'header-kid' // `kid` isn't the descriptor's own key
  | 'header-type' // `typ` isn't that of descriptors
  | 'header-parameter' // any other parameter
  | 'not-canonical' // another spelling of the header
  | 'signer' // not the key the caller expects
  | 'content-id' // not the descriptor the caller expects
  | 'revision' // older than what the caller has seen
  | 'not-yet-valid'
  | 'expired'

/** What a signature proves: that the holder of `signer` stated `descriptor`, all of it. */
export interface Verified {
  readonly descriptor: ServiceDescriptor.ServiceDescriptor
  readonly contentId: ContentId.ContentId
  readonly signer: DidKey.DidKey
}

/**
 * The bytes to be signed: the JWS signing input (RFC 7515, 5.1), `header.payload` in base64url, where the payload is the
 * descriptor's RFC 8785 bytes. Sign them with Ed25519 by a key that never comes here, then {@link attach} the 64 bytes.
 *
 * The header is `{"alg":"Ed25519","kid":provider.key,"typ":"aitbc-service+jws"}`: one algorithm (RFC 9864), the
 * descriptor's own key, and a type that keeps the signature out of any other use of the key (RFC 8725, 3.11).
 * Throws as `ServiceDescriptor.from` does.
 *
 * @example
 * import { type ServiceDescriptor, SignedDescriptor } from '@aitbc/ai-registry'
 * const input = (descriptor: ServiceDescriptor.ServiceDescriptor) => SignedDescriptor.signingInput(descriptor)
 */
export function signingInput(descriptor: ServiceDescriptor.ServiceDescriptor): Uint8Array {
  const checked = ServiceDescriptor.from(descriptor)
  return join(header(checked.provider.key), Jcs.encode(ServiceDescriptor.toJson(checked)))
}

/**
 * Joins a descriptor and a signature over its {@link signingInput} (64 bytes: R ‖ S) into the bytes that are published:
 * canonical `{"descriptor":…,"signature":{"protected":"…","signature":"…"}}`, the second member being a flattened JWS with
 * detached payload (RFC 7515, 7.2.2 and Appendix F), as A2A agent cards carry it.
 *
 * Throws `InvalidDescriptorSignature` (5004) where it isn't one by `provider.key`, `InvalidBytes` (1005), and as
 * `ServiceDescriptor.from` does.
 *
 * @example
 * import { type ServiceDescriptor, SignedDescriptor } from '@aitbc/ai-registry'
 * const publish = (descriptor: ServiceDescriptor.ServiceDescriptor, ed25519: (bytes: Uint8Array) => Uint8Array) =>
 *   SignedDescriptor.attach(descriptor, ed25519(SignedDescriptor.signingInput(descriptor)))
 */
export function attach(descriptor: ServiceDescriptor.ServiceDescriptor, signature: Uint8Array): Uint8Array {
  Bytes.assert(signature, 64, 'signature')
  const checked = ServiceDescriptor.from(descriptor)
  const json = ServiceDescriptor.toJson(checked)
  const { key } = checked.provider
  const head = header(key)
  const verdict = verifyBy(key, join(head, Jcs.encode(json)), signature)
  if (!verdict.ok)
    throw RegistryErrors.InvalidDescriptorSignature(`signature: ${verdict.refusal.message}`, {
      argument: 'signature',
      check: verdict.refusal.check,
      signer: key,
    })
  return Jcs.encode({
    descriptor: json,
    signature: { protected: head, signature: base64urlnopad.encode(signature) },
  })
}

/**
 * Signs a descriptor with the 32-byte ed25519 seed (RFC 8032, 5.1.5) of its `provider.key`, and returns the bytes that are
 * published ({@link attach}). Deterministic.
 *
 * Throws `InvalidKey` (5003) where the seed is another key's, `InvalidBytes` (1005), and as `ServiceDescriptor.from` does.
 *
 * @example
 * import { SignedDescriptor } from '@aitbc/ai-registry'
 * const json = { mediaTypes: ['application/json'] }
 * const bytes = SignedDescriptor.sign(
 *   {
 *     schema: 'aitbc-service/1',
 *     name: 'Echo',
 *     version: '1.0.0',
 *     revision: 1n,
 *     description: 'Says it again.',
 *     provider: {
 *       name: 'Example',
 *       key: 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
 *       accounts: ['eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb'],
 *     },
 *     deployments: [],
 *     endpoints: [{ protocol: 'mcp', version: '2025-11-25', url: 'https://echo.example.com/mcp' }],
 *     capabilities: [
 *       { id: 'echo', description: 'Says it again.', tags: [], models: [], input: json, output: json, prices: [] },
 *     ],
 *     validity: { notBefore: 1_790_000_000n, notAfter: 1_800_000_000n },
 *     extensions: {},
 *     critical: [],
 *   },
 *   { secretKey: new Uint8Array(32) }, // 32 random bytes, never zeros
 * )
 * SignedDescriptor.verify(bytes, { at: 1_795_000_000n }).ok // true
 * SignedDescriptor.verify(bytes, { at: 1_800_000_000n }).ok // false
 */
export function sign(descriptor: ServiceDescriptor.ServiceDescriptor, options: sign.Options): Uint8Array {
  const { secretKey } = options
  Bytes.assert(secretKey, 32, 'secretKey')
  const checked = ServiceDescriptor.from(descriptor)
  const { key } = checked.provider
  const signer = DidKey.from(ed25519.getPublicKey(secretKey))
  if (signer !== key)
    throw RegistryErrors.InvalidKey(`secretKey must be that of ${key}, got that of ${signer}`, {
      argument: 'secretKey',
      expected: key,
      received: signer,
    })
  return attach(checked, ed25519.sign(signingInput(checked), secretKey))
}

export declare namespace sign {
  type Options = {
    /** The 32-byte seed; it stays here. */
    readonly secretKey: Uint8Array
  }
}

/**
 * Verifies a signed descriptor, offline: its one encoding, its schema, its signature by its own `provider.key`, its
 * validity at a time the caller names, and what else the caller expects of it. Nothing is fetched.
 *
 * Never throws for any bytes: the verdict names the first {@link Check} that failed. A key proves authorship, not that
 * the accounts are the author's: where that matters, compare `contentId` with what is registered on their chains.
 * `InvalidArgument` (1013) where an option is of the wrong type.
 *
 * @example
 * import { SignedDescriptor } from '@aitbc/ai-registry'
 * SignedDescriptor.verify(new TextEncoder().encode('{}'), { at: 1_790_000_000n }) // { ok: false, refusal: { check: 'envelope', … } }
 */
export function verify(bytes: Uint8Array, options: verify.Options): Verdict.Verdict<Verified> {
  const { at, understands = [], signer, contentId, minRevision = 0n } = options
  for (const [argument, value] of Object.entries({ at, minRevision }))
    if (typeof value !== 'bigint')
      throw CoreErrors.InvalidArgument(`${argument} must be a bigint, got ${show(value)}`, {
        argument,
        received: value,
      })
  // A look-up that found nothing must not switch the check off.
  for (const argument of ['signer', 'contentId'] as const)
    if (argument in options && typeof options[argument] !== 'string')
      throw CoreErrors.InvalidArgument(
        `${argument} must be a string or left out, got ${show(options[argument])}`,
        {
          argument,
        },
      )
  const json = Jcs.decode(bytes, { maxSize: MAX_SIZE })
  if (!json.ok) return json
  const envelope = readEnvelope(json.value)
  if (!envelope.ok) return envelope
  const payload = Jcs.encode(envelope.value.descriptor)
  if (payload.length > ServiceDescriptor.MAX_SIZE)
    return refuse(
      'size',
      `a descriptor has at most ${ServiceDescriptor.MAX_SIZE} bytes, got ${payload.length}`,
    )
  const read = ServiceDescriptor.read(envelope.value.descriptor, { understands })
  if (!read.ok) return read
  const descriptor = read.value
  const { key } = descriptor.provider
  const head = checkHeader(envelope.value.protected, key)
  if (!head.ok) return head
  const signature = base64url(envelope.value.signature)
  if (signature === undefined)
    return refuse('signature-encoding', 'the signature is not base64url without padding')
  const valid = verifyBy(key, join(envelope.value.protected, payload), signature)
  if (!valid.ok) return valid
  if (signer !== undefined && signer !== key)
    return refuse('signer', `a descriptor signed by ${signer} was expected, got one by ${key}`)
  const id = ContentId.encode(sha256(payload))
  if (contentId !== undefined && contentId !== id)
    return refuse('content-id', `the descriptor ${contentId} was expected, got ${id}`)
  if (descriptor.revision < minRevision)
    return refuse('revision', `revision ${minRevision} or later was expected, got ${descriptor.revision}`)
  const { notBefore, notAfter } = descriptor.validity
  if (at < notBefore)
    return refuse('not-yet-valid', `the descriptor is valid from ${notBefore} on, it is ${at}`)
  if (at >= notAfter) return refuse('expired', `the descriptor was valid before ${notAfter}, it is ${at}`)
  return Verdict.accept({ descriptor, contentId: id, signer: key })
}

export declare namespace verify {
  type Options = {
    /** Now, Unix seconds, by the caller's clock. */
    readonly at: bigint
    /** Extensions the caller understands; none unless told. */
    readonly understands?: readonly string[]
    /** The only key that is accepted; unless told, the one the descriptor names. */
    readonly signer?: DidKey.DidKey
    /** The only descriptor that is accepted, e.g. the id registered on chain. */
    readonly contentId?: ContentId.ContentId
    /** The least revision accepted: the greatest one seen so far. */
    readonly minRevision?: bigint
  }
}

function verifyBy(key: DidKey.DidKey, input: Uint8Array, signature: Uint8Array): Verdict.Verdict<true> {
  const publicKey = statedKey(key)
  return publicKey.ok ? Ed25519.verify(publicKey.value, input, signature, 'prime-order') : publicKey
}

interface Envelope {
  readonly descriptor: Json.Value
  readonly protected: string
  readonly signature: string
}

function readEnvelope(json: Json.Value): Verdict.Verdict<Envelope> {
  const outer = members(json, ['descriptor', 'signature'])
  const inner = members(outer?.['signature'], ['protected', 'signature'])
  const { protected: header, signature } = inner ?? {}
  return outer === undefined || typeof header !== 'string' || typeof signature !== 'string'
    ? refuse(
        'envelope',
        'exactly {"descriptor":…,"signature":{"protected":"…","signature":"…"}} was expected',
      )
    : Verdict.accept({ descriptor: outer['descriptor'] as Json.Value, protected: header, signature })
}

/** The members of an object that has exactly these names. */
function members(
  value: Json.Value | undefined,
  names: readonly string[],
): Record<string, Json.Value> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const keys = Object.keys(value)
  return keys.length === names.length && names.every((name) => Object.hasOwn(value, name))
    ? (value as Record<string, Json.Value>)
    : undefined
}

const KEY_PARAMETERS = ['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256']

/** Says by name what is wrong with a header, then lets exactly one spelling of the right one pass. */
function checkHeader(text: string, key: DidKey.DidKey): Verdict.Verdict<null> {
  const bytes = base64url(text)
  const json = bytes === undefined ? undefined : Json.decode(bytes)
  if (
    json === undefined ||
    !json.ok ||
    typeof json.value !== 'object' ||
    json.value === null ||
    Array.isArray(json.value)
  )
    return refuse('header-encoding', 'the protected header is not base64url of a JSON object')
  const { alg, kid, typ, crit, ...others } = json.value as Record<string, Json.Value>
  if (alg !== 'Ed25519') return refuse('header-algorithm', `alg must be "Ed25519", got ${show(alg)}`)
  if (crit !== undefined)
    return refuse('header-critical', `no header parameter may be critical, got ${show(crit)}`)
  const reference = KEY_PARAMETERS.find((name) => Object.hasOwn(others, name))
  if (reference !== undefined)
    return refuse('header-key', `the key is the descriptor's own, got a header with ${show(reference)}`)
  if (kid !== key) return refuse('header-kid', `kid must be ${key}, got ${show(kid)}`)
  if (typ !== TYPE) return refuse('header-type', `typ must be ${show(TYPE)}, got ${show(typ)}`)
  const [other] = Object.keys(others)
  if (other !== undefined)
    return refuse('header-parameter', `no other header parameter is known, got ${show(other)}`)
  return text === header(key)
    ? Verdict.accept(null)
    : refuse('not-canonical', 'the protected header is not its RFC 8785 canonical form')
}

function header(key: DidKey.DidKey): string {
  return base64urlnopad.encode(Jcs.encode({ alg: 'Ed25519', kid: key, typ: TYPE }))
}

function join(head: string, payload: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`${head}.${base64urlnopad.encode(payload)}`)
}

function base64url(text: string): Uint8Array | undefined {
  try {
    const bytes = base64urlnopad.decode(text)
    return base64urlnopad.encode(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

function refuse(check: Check, message: string): Verdict.Verdict<never> {
  return Verdict.refuse(check, message)
}
