import { ContentId, DidKey, Jcs, Json, ServiceDescriptor, SignedDescriptor } from '@aitbc/ai-registry'
import type { AccountId, AssetId, Verdict } from '@aitbc/core'
import { describe, expectTypeOf, test } from 'vitest'

declare const bytes: Uint8Array
declare const descriptor: ServiceDescriptor.ServiceDescriptor
declare const did: DidKey.DidKey
declare const id: ContentId.ContentId

describe('Json, Jcs', () => {
  test('answers', () => {
    expectTypeOf(Json.decode('1')).toEqualTypeOf<Verdict.Verdict<Json.Value>>()
    expectTypeOf(Jcs.encode(null)).toEqualTypeOf<Uint8Array>()
  })

  test('what is no JSON does not compile', () => {
    // @ts-expect-error a bigint
    Jcs.encode(1n)
    // @ts-expect-error a date
    Jcs.encode({ at: new Date() })
    // @ts-expect-error undefined
    Jcs.encode(undefined)
    // @ts-expect-error bytes as JSON text, not as a buffer
    Json.decode(new ArrayBuffer(1))
    // @ts-expect-error canonical form is of bytes
    Jcs.decode('{}')
  })

  test('a value is not assumed to be of a kind', () => {
    const verdict = Json.decode('1')
    // @ts-expect-error the verdict comes first
    verdict.value
  })
})

describe('ServiceDescriptor', () => {
  test('amounts, times and revisions are bigints, ids are CAIP strings', () => {
    expectTypeOf<ServiceDescriptor.Price['amount']>().toEqualTypeOf<bigint>()
    expectTypeOf<ServiceDescriptor.Price['asset']>().toEqualTypeOf<AssetId.AssetId>()
    expectTypeOf<ServiceDescriptor.Price['payee']>().toEqualTypeOf<AccountId.AccountId>()
    expectTypeOf<ServiceDescriptor.Validity['notAfter']>().toEqualTypeOf<bigint>()
    expectTypeOf(ServiceDescriptor.decode(bytes)).toEqualTypeOf<
      Verdict.Verdict<ServiceDescriptor.ServiceDescriptor>
    >()
  })

  test('what must not compile', () => {
    // @ts-expect-error another schema
    ServiceDescriptor.from({ ...descriptor, schema: 'aitbc-service/2' })
    // @ts-expect-error a number for a bigint
    ServiceDescriptor.from({ ...descriptor, revision: 1 })
    // @ts-expect-error no key
    ServiceDescriptor.from({ ...descriptor, provider: { name: 'x', accounts: [] } })
    // @ts-expect-error another kind of DID
    const provider: ServiceDescriptor.Provider = { name: 'x', key: 'did:web:example.com', accounts: [] }
    ServiceDescriptor.from({ ...descriptor, provider })
    // @ts-expect-error a chain for an account
    ServiceDescriptor.from({ ...descriptor, provider: { ...descriptor.provider, accounts: ['eip155:1'] } })
    // @ts-expect-error optional is left out, not undefined
    ServiceDescriptor.from({ ...descriptor, provider: { ...descriptor.provider, url: undefined } })
    // @ts-expect-error read only
    descriptor.endpoints.push({ protocol: 'mcp', version: '1', url: 'https://example.com/' })
    // @ts-expect-error extensions are JSON
    ServiceDescriptor.from({ ...descriptor, extensions: { at: 1n } })
  })
})

describe('SignedDescriptor', () => {
  test('answers', () => {
    expectTypeOf(SignedDescriptor.verify(bytes, { at: 0n })).toEqualTypeOf<
      Verdict.Verdict<SignedDescriptor.Verified>
    >()
    expectTypeOf(SignedDescriptor.sign(descriptor, { secretKey: bytes })).toEqualTypeOf<Uint8Array>()
    SignedDescriptor.verify(bytes, {
      at: 0n,
      signer: did,
      contentId: id,
      minRevision: 1n,
      understands: ['x'],
    })
  })

  test('what must not compile', () => {
    // @ts-expect-error no time
    SignedDescriptor.verify(bytes, {})
    // @ts-expect-error a time in milliseconds
    SignedDescriptor.verify(bytes, { at: Date.now() })
    // @ts-expect-error a name that is no did:key
    SignedDescriptor.verify(bytes, { at: 0n, signer: 'did:web:example.com' })
    // @ts-expect-error a CID of another kind
    SignedDescriptor.verify(bytes, { at: 0n, contentId: 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG' })
    // @ts-expect-error no secret
    SignedDescriptor.sign(descriptor)
  })
})

test('ids are told apart', () => {
  expectTypeOf(ContentId.of({})).toEqualTypeOf<ContentId.ContentId>()
  expectTypeOf(DidKey.from(bytes)).toEqualTypeOf<DidKey.DidKey>()
  // @ts-expect-error one is not the other
  const wrong: DidKey.DidKey = id
  void wrong
})
