import { ContentId, DidKey, Jcs, type Json, ServiceDescriptor, SignedDescriptor } from '@aitbc/ai-registry'
import { type AitbcError, isAitbcError } from '@aitbc/core'
import { fc, test as property } from '@fast-check/vitest'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { base64urlnopad } from '@scure/base'
import { describe, expect, test } from 'vitest'
import { KEY, NOW, OTHER_KEY, OTHER_SECRET, SAMPLE, SECRET, UNDERSTANDS } from './sample.js'

const BYTES = SignedDescriptor.sign(SAMPLE, { secretKey: SECRET })
const OPTIONS = { at: NOW, understands: UNDERSTANDS }
const HEADER = { alg: 'Ed25519', kid: KEY as string, typ: 'aitbc-service+jws' }
const utf8 = (text: string) => new TextEncoder().encode(text)
const DESCRIPTOR = ServiceDescriptor.toJson(SAMPLE)
const L = ed25519.Point.Fn.ORDER

function check(bytes: Uint8Array, options: SignedDescriptor.verify.Options = OPTIONS): string {
  const verdict = SignedDescriptor.verify(bytes, options)
  return verdict.ok ? 'accepted' : verdict.refusal.check
}

/** Signs whatever header over whatever payload, as an attacker with a key of his own can. */
function forge(
  header: Json.Value | Uint8Array,
  descriptor: Json.Value = DESCRIPTOR,
  secretKey = SECRET,
): Uint8Array {
  const head = base64urlnopad.encode(header instanceof Uint8Array ? header : Jcs.encode(header))
  const signature = ed25519.sign(utf8(`${head}.${base64urlnopad.encode(Jcs.encode(descriptor))}`), secretKey)
  return envelope(head, base64urlnopad.encode(signature), descriptor)
}

function envelope(head: string, signature: string, descriptor: Json.Value = DESCRIPTOR): Uint8Array {
  return Jcs.encode({ descriptor, signature: { protected: head, signature } })
}

/** The two members of the sample's signature. */
const PARTS = (
  JSON.parse(new TextDecoder().decode(BYTES)) as { signature: { protected: string; signature: string } }
).signature

function thrown(run: () => unknown): AitbcError {
  try {
    run()
  } catch (error) {
    if (isAitbcError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('default', () => {
  test('what was signed is verified, and who signed it', () => {
    expect(SignedDescriptor.verify(BYTES, OPTIONS)).toEqual({
      ok: true,
      value: { descriptor: SAMPLE, contentId: ServiceDescriptor.contentId(SAMPLE), signer: KEY },
    })
  })

  test('the forger below signs rightly where nothing is bent', () => {
    expect(forge(HEADER)).toEqual(BYTES)
  })

  test('signing elsewhere: signingInput, then attach', () => {
    const signature = ed25519.sign(SignedDescriptor.signingInput(SAMPLE), SECRET)
    expect(SignedDescriptor.attach(SAMPLE, signature)).toEqual(BYTES)
  })

  test('the envelope is canonical JSON; the payload is the bytes that the content id names', () => {
    expect(Jcs.decode(BYTES).ok).toBe(true)
    const [head, payload] = new TextDecoder().decode(SignedDescriptor.signingInput(SAMPLE)).split('.') as [
      string,
      string,
    ]
    expect(head).toBe(PARTS.protected)
    expect(JSON.parse(new TextDecoder().decode(base64urlnopad.decode(head)))).toEqual(HEADER)
    expect(ContentId.verify(ServiceDescriptor.contentId(SAMPLE), base64urlnopad.decode(payload)).ok).toBe(
      true,
    )
  })

  property.prop(
    [fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
    // Four curve multiplications a run.
    { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 4) },
  )('round trip with any key and revision', (secretKey, revision) => {
    const key = DidKey.from(ed25519.getPublicKey(secretKey))
    const descriptor = { ...SAMPLE, revision, provider: { ...SAMPLE.provider, key } }
    const verdict = SignedDescriptor.verify(SignedDescriptor.sign(descriptor, { secretKey }), OPTIONS)
    expect(verdict).toMatchObject({ ok: true, value: { descriptor, signer: key } })
  })
})

describe('A63: any change after signing is refused', () => {
  property.prop([fc.nat(BYTES.length - 1), fc.integer({ min: 1, max: 255 })])(
    'A63: a changed byte',
    (at, xor) => {
      const changed = BYTES.slice()
      changed[at] = (changed[at] as number) ^ xor
      expect(check(changed)).not.toBe('accepted')
    },
  )

  // Each seventh byte, from one that the run draws on; all of them in SignedDescriptor.long.test.ts.
  property.prop([fc.nat(6)], { numRuns: 1 })('A63: bytes of a small one in turn, one bit of each', (from) => {
    const small = { ...SAMPLE, deployments: [], capabilities: [SAMPLE.capabilities[1]] }
    const bytes = SignedDescriptor.sign(small, { secretKey: SECRET })
    expect(check(bytes)).toBe('accepted')
    for (let at = from; at < bytes.length; at += 7) {
      const changed = bytes.slice()
      changed[at] = (changed[at] as number) ^ (1 << (at % 8))
      expect(check(changed), `byte ${at}`).not.toBe('accepted')
    }
  })

  test('A62: bytes cut anywhere, or longer by one', () => {
    for (let length = 0; length < BYTES.length; length += 7)
      expect(check(BYTES.slice(0, length))).toBe('syntax')
    expect(check(Uint8Array.of(...BYTES, 0x0a))).toBe('not-canonical')
    expect(check(Uint8Array.of(...BYTES, 0x7d))).toBe('trailing')
  })

  test('A62: the same content in another encoding', () => {
    const text = new TextDecoder().decode(BYTES)
    expect(check(utf8(` ${text}`))).toBe('not-canonical')
    expect(check(utf8(JSON.stringify(JSON.parse(text), null, 2)))).toBe('not-canonical')
    expect(check(utf8(text.replace('"name"', '"\\u006eame"')))).toBe('not-canonical')
    expect(check(utf8(text.replace('{"descriptor":', '{"descriptor":{},"descriptor":')))).toBe(
      'duplicate-key',
    )
  })

  test.each<[what: string, change: object]>([
    ['endpoint', { endpoints: [{ ...SAMPLE.endpoints[0], url: 'https://evil.example.com/mcp' }] }],
    ['revision', { revision: 4n }],
    ['validity', { validity: { ...SAMPLE.validity, notAfter: 2_000_000_000n } }],
    ['criticality', { critical: [] }],
    ['order of endpoints', { endpoints: SAMPLE.endpoints.toReversed() }],
  ])('A63: another %s', (_, change) => {
    const changed = ServiceDescriptor.toJson({ ...SAMPLE, ...change })
    expect(check(envelope(PARTS.protected, PARTS.signature, changed))).toBe('signature')
  })

  test('A63: another key in the descriptor, with or without its own header', () => {
    const stolen = ServiceDescriptor.toJson({ ...SAMPLE, provider: { ...SAMPLE.provider, key: OTHER_KEY } })
    expect(check(envelope(PARTS.protected, PARTS.signature, stolen))).toBe('header-kid')
    expect(check(forge({ ...HEADER, kid: OTHER_KEY }, stolen))).toBe('signature')
    // Re-signed under his own name it is his own statement; who expects the first signer refuses it.
    const resigned = forge({ ...HEADER, kid: OTHER_KEY }, stolen, OTHER_SECRET)
    expect(check(resigned)).toBe('accepted')
    expect(check(resigned, { ...OPTIONS, signer: KEY })).toBe('signer')
    expect(check(BYTES, { ...OPTIONS, signer: KEY })).toBe('accepted')
  })

  test('A63: signatures swapped between two descriptors', () => {
    const second = SignedDescriptor.sign({ ...SAMPLE, revision: 4n }, { secretKey: SECRET })
    const { signature } = JSON.parse(new TextDecoder().decode(second)) as { signature: typeof PARTS }
    expect(check(envelope(signature.protected, signature.signature))).toBe('signature')
  })
})

describe('A63: headers', () => {
  test.each<[what: string, header: Json.Value, check: SignedDescriptor.Check]>([
    ['alg none', { ...HEADER, alg: 'none' }, 'header-algorithm'],
    ['alg None', { ...HEADER, alg: 'None' }, 'header-algorithm'],
    ['alg HS256', { ...HEADER, alg: 'HS256' }, 'header-algorithm'],
    ['alg ES256K', { ...HEADER, alg: 'ES256K' }, 'header-algorithm'],
    ['alg EdDSA, which Ed448 shares', { ...HEADER, alg: 'EdDSA' }, 'header-algorithm'],
    ['alg as a list', { ...HEADER, alg: ['Ed25519'] }, 'header-algorithm'],
    ['no alg', { kid: KEY, typ: HEADER.typ }, 'header-algorithm'],
    ['nothing', {}, 'header-algorithm'],
    ['an unknown critical parameter', { ...HEADER, crit: ['exp'], exp: 1 }, 'header-critical'],
    ['RFC 7797', { ...HEADER, b64: false, crit: ['b64'] }, 'header-critical'],
    ['an empty crit', { ...HEADER, crit: [] }, 'header-critical'],
    ['jku', { ...HEADER, jku: 'https://evil.example.com/jwks.json' }, 'header-key'],
    ['x5u', { ...HEADER, x5u: 'https://evil.example.com/cert' }, 'header-key'],
    ['x5c', { ...HEADER, x5c: ['MII'] }, 'header-key'],
    ['jwk', { ...HEADER, jwk: { kty: 'OKP', crv: 'Ed25519', x: '' } }, 'header-key'],
    ['the kid of another key', { ...HEADER, kid: OTHER_KEY }, 'header-kid'],
    ['kid traversal', { ...HEADER, kid: '../../../../dev/null' }, 'header-kid'],
    ['kid as a DID URL', { ...HEADER, kid: `${KEY}#${KEY.slice(8)}` }, 'header-kid'],
    ['no kid', { alg: 'Ed25519', typ: HEADER.typ }, 'header-kid'],
    ['the type of an A2A card', { ...HEADER, typ: 'JOSE' }, 'header-type'],
    ['no type', { alg: 'Ed25519', kid: KEY }, 'header-type'],
    ['an unknown parameter', { ...HEADER, exp: 1 }, 'header-parameter'],
    ['an array', [HEADER], 'header-encoding'],
    ['null', null, 'header-encoding'],
    ['a number', 5, 'header-encoding'],
  ])('A63: %s is refused even where the signature holds', (_, header, expected) => {
    expect(check(forge(header))).toBe(expected)
  })

  test.each<[what: string, header: Uint8Array, check: SignedDescriptor.Check]>([
    ['other order', utf8(`{"typ":"aitbc-service+jws","kid":"${KEY}","alg":"Ed25519"}`), 'not-canonical'],
    ['white space', utf8(`{"alg":"Ed25519", "kid":"${KEY}","typ":"aitbc-service+jws"}`), 'not-canonical'],
    [
      'a second alg',
      utf8(`{"alg":"none","alg":"Ed25519","kid":"${KEY}","typ":"aitbc-service+jws"}`),
      'header-encoding',
    ],
    ['no JSON', utf8('alg=Ed25519'), 'header-encoding'],
    ['no UTF-8', Uint8Array.of(0xff), 'header-encoding'],
    ['no bytes', new Uint8Array(0), 'header-encoding'],
  ])('A63: a header with %s', (_, header, expected) => {
    expect(check(forge(header))).toBe(expected)
  })

  test('A63: a MAC keyed by the public key is no signature', () => {
    const publicKey = ed25519.getPublicKey(SECRET)
    const mac = Uint8Array.of(...publicKey, ...publicKey)
    expect(check(envelope(PARTS.protected, base64urlnopad.encode(mac)))).not.toBe('accepted')
  })

  test('domain separation: the same key over the bare payload, or over an A2A card, does not count', () => {
    const bare = ed25519.sign(ServiceDescriptor.encode(SAMPLE), SECRET)
    expect(check(envelope(PARTS.protected, base64urlnopad.encode(bare)))).toBe('signature')
    const card = forge({ ...HEADER, typ: 'JOSE' })
    const { signature } = (JSON.parse(new TextDecoder().decode(card)) as { signature: typeof PARTS })
      .signature
    expect(check(envelope(PARTS.protected, signature))).toBe('signature')
  })
})

describe('A59, A60: signatures', () => {
  const signature = base64urlnopad.decode(PARTS.signature)
  const s = signature.slice(32).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  const scalarBytes = (value: bigint) =>
    Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
  const withSignature = (bytes: Uint8Array) => envelope(PARTS.protected, base64urlnopad.encode(bytes))
  const r = signature.slice(0, 32)

  test.each<[what: string, bytes: Uint8Array, check: SignedDescriptor.Check]>([
    ['S + L', Uint8Array.of(...r, ...scalarBytes(s + L)), 'signature-scalar'],
    ['−S', Uint8Array.of(...r, ...scalarBytes(L - s)), 'signature'],
    ['zeros', new Uint8Array(64), 'signature-point'],
    ['R of small order', Uint8Array.of(1, ...new Uint8Array(31), ...scalarBytes(s)), 'signature-point'],
    ['63 bytes', signature.slice(0, 63), 'signature-length'],
    ['65 bytes, as of ECDSA with its recovery id', Uint8Array.of(...signature, 27), 'signature-length'],
    ['no bytes: alg none by omission', new Uint8Array(0), 'signature-length'],
    ['another signature', ed25519.sign(new Uint8Array(32), SECRET), 'signature'],
  ])('A59: %s', (_, bytes, expected) => {
    expect(check(withSignature(bytes))).toBe(expected)
  })

  test.each([
    ['padding', `${PARTS.signature}==`],
    ['base64 with + and /', PARTS.signature.replaceAll('-', '+').replaceAll('_', '/').replace(/^./, '+')],
    ['bits after the last byte', PARTS.signature.slice(0, -1) + nextLetter(PARTS.signature.slice(-1))],
    ['white space', `${PARTS.signature.slice(0, 40)}\n${PARTS.signature.slice(40)}`],
  ])('A60: one spelling of a signature: %s', (_, text) => {
    expect(check(envelope(PARTS.protected, text))).toBe('signature-encoding')
  })

  test('A60: no ECDSA signature over the same bytes passes: low s, high s, with any recovery id', () => {
    const input = SignedDescriptor.signingInput(SAMPLE)
    const low = secp256k1.sign(input, SECRET)
    const { r, s } = secp256k1.Signature.fromBytes(low)
    const high = new secp256k1.Signature(r, secp256k1.Point.Fn.ORDER - s).toBytes()
    expect(secp256k1.verify(high, input, secp256k1.getPublicKey(SECRET), { lowS: false })).toBe(true)
    for (const signature of [low, high]) {
      expect(['signature', 'signature-scalar', 'signature-point']).toContain(check(withSignature(signature)))
      for (const recovery of [0, 1, 2, 3, 27, 28])
        expect(check(withSignature(Uint8Array.of(...signature, recovery)))).toBe('signature-length')
    }
  })

  test('A60: a signature is no id: two of them over one descriptor have one content id', () => {
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(SECRET)
    const second = ed25519.Point.BASE.multiply(12_345n).toBytes()
    const hash = sha512(Uint8Array.of(...second, ...pointBytes, ...SignedDescriptor.signingInput(SAMPLE)))
    const k = hash.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
    const bytes = withSignature(Uint8Array.of(...second, ...scalarBytes((12_345n + k * scalar) % L)))
    expect(bytes).not.toEqual(BYTES)
    expect(SignedDescriptor.verify(bytes, OPTIONS)).toEqual(SignedDescriptor.verify(BYTES, OPTIONS))
    expect(check(bytes)).toBe('accepted')
  })

  test('A60: one spelling of a header', () => {
    expect(check(envelope(`${PARTS.protected}=`, PARTS.signature))).toBe('header-encoding')
  })
})

describe('time, revision and expectations', () => {
  const { notBefore, notAfter } = SAMPLE.validity

  test.each([
    [0n, 'not-yet-valid'],
    [notBefore - 1n, 'not-yet-valid'],
    [notBefore, 'accepted'],
    [notAfter - 1n, 'accepted'],
    [notAfter, 'expired'],
    [2n ** 64n, 'expired'],
    [-1n, 'not-yet-valid'],
  ])('A63: at %d: %s', (at, expected) => {
    expect(check(BYTES, { ...OPTIONS, at })).toBe(expected)
  })

  test.each([
    [3n, 'accepted'],
    [4n, 'revision'],
  ])('A63: an older descriptor where %d was seen: %s', (minRevision, expected) => {
    expect(check(BYTES, { ...OPTIONS, minRevision })).toBe(expected)
  })

  test('A63: the id that a chain holds', () => {
    expect(check(BYTES, { ...OPTIONS, contentId: ServiceDescriptor.contentId(SAMPLE) })).toBe('accepted')
    expect(check(BYTES, { ...OPTIONS, contentId: ContentId.of({}) })).toBe('content-id')
  })

  test('A63: critical extensions must be understood', () => {
    expect(check(BYTES, { at: NOW })).toBe('critical-unknown')
  })

  test('what is expired is not reported where the signature is false', () => {
    const signature = PARTS.signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))
    expect(['signature', 'signature-point']).toContain(
      check(envelope(PARTS.protected, signature), { ...OPTIONS, at: notAfter }),
    )
  })
})

describe('envelope', () => {
  test.each<[what: string, json: Json.Value]>([
    ['an empty object', {}],
    ['null', null],
    ['a list', [DESCRIPTOR]],
    ['a bare descriptor', DESCRIPTOR],
    ['no signature', { descriptor: DESCRIPTOR }],
    ['no descriptor', { signature: { ...PARTS } }],
    ['something more', { descriptor: DESCRIPTOR, signature: { ...PARTS }, x: 1 }],
    ['an unprotected header', { descriptor: DESCRIPTOR, signature: { ...PARTS, header: { alg: 'none' } } }],
    ['a payload of its own', { descriptor: DESCRIPTOR, signature: { ...PARTS, payload: '' } }],
    ['a list of signatures', { descriptor: DESCRIPTOR, signature: [{ ...PARTS }] }],
    [
      'a signature that is a number',
      { descriptor: DESCRIPTOR, signature: { protected: PARTS.protected, signature: 1 } },
    ],
    [
      'a header that is an object',
      { descriptor: DESCRIPTOR, signature: { protected: HEADER, signature: PARTS.signature } },
    ],
  ])('A63: %s', (_, json) => {
    expect(check(Jcs.encode(json))).toBe('envelope')
  })

  test('size: of the whole, and of the descriptor in it', () => {
    expect(check(new Uint8Array(SignedDescriptor.MAX_SIZE + 1))).toBe('size')
    const padded = (length: number) => ({
      ...(DESCRIPTOR as Record<string, Json.Value>),
      extensions: { big: 'x'.repeat(length) },
      critical: [],
    })
    const room = ServiceDescriptor.MAX_SIZE - Jcs.encode(padded(0)).length
    expect(check(forge(HEADER, padded(room)))).toBe('accepted')
    expect(check(forge(HEADER, padded(room + 1)))).toBe('size')
  })

  test('what is too large to be read is not signed either', () => {
    const descriptor = {
      ...SAMPLE,
      extensions: { big: 'x'.repeat(ServiceDescriptor.MAX_SIZE) },
      critical: [],
    }
    expect(thrown(() => SignedDescriptor.sign(descriptor, { secretKey: SECRET }))).toMatchObject({
      _tag: 'InvalidDescriptor',
      context: { check: 'size' },
    })
  })

  property.prop([fc.uint8Array({ maxLength: 200 })])(
    'total over bytes: a fresh verifier accepts nothing',
    (bytes) => {
      expect(check(bytes)).not.toBe('accepted')
    },
  )

  property.prop([fc.jsonValue({ maxDepth: 3 }), fc.string(), fc.string()])(
    'total over envelopes',
    (descriptor, head, signature) => {
      let bytes: Uint8Array
      try {
        bytes = envelope(head, signature, descriptor as Json.Value)
      } catch (error) {
        expect(isAitbcError(error, 'NotJson')).toBe(true) // half of a surrogate pair
        return
      }
      expect(check(bytes)).not.toBe('accepted')
    },
  )
})

describe('error', () => {
  test('the secret of another key', () => {
    const error = thrown(() => SignedDescriptor.sign(SAMPLE, { secretKey: OTHER_SECRET }))
    expect(error).toMatchObject({
      _tag: 'InvalidKey',
      code: 5003,
      context: { expected: KEY, received: OTHER_KEY },
    })
  })

  test('a false signature', () => {
    const signature = ed25519.sign(SignedDescriptor.signingInput(SAMPLE), OTHER_SECRET)
    expect(thrown(() => SignedDescriptor.attach(SAMPLE, signature))).toMatchObject({
      _tag: 'InvalidDescriptorSignature',
      code: 5004,
      context: { check: 'signature', signer: KEY },
    })
  })

  test.each([
    ['a short secret', () => SignedDescriptor.sign(SAMPLE, { secretKey: SECRET.slice(1) }), 'InvalidBytes'],
    ['a secret in hex', () => SignedDescriptor.sign(SAMPLE, { secretKey: '07' as never }), 'InvalidBytes'],
    ['a short signature', () => SignedDescriptor.attach(SAMPLE, new Uint8Array(63)), 'InvalidBytes'],
    [
      'a wrong descriptor',
      () => SignedDescriptor.sign({ ...SAMPLE, name: '' }, { secretKey: SECRET }),
      'InvalidDescriptor',
    ],
    ['a wrong descriptor', () => SignedDescriptor.signingInput({ ...SAMPLE, name: '' }), 'InvalidDescriptor'],
    [
      'a time in milliseconds, as a number',
      () => SignedDescriptor.verify(BYTES, { at: Date.now() as never }),
      'InvalidArgument',
    ],
    ['no time', () => SignedDescriptor.verify(BYTES, {} as never), 'InvalidArgument'],
    [
      'a revision that is a number',
      () => SignedDescriptor.verify(BYTES, { ...OPTIONS, minRevision: 1 as never }),
      'InvalidArgument',
    ],
    [
      'an expectation that came out undefined',
      () => SignedDescriptor.verify(BYTES, { ...OPTIONS, signer: undefined as never }),
      'InvalidArgument',
    ],
    [
      'an expectation that came out undefined',
      () => SignedDescriptor.verify(BYTES, { ...OPTIONS, contentId: undefined as never }),
      'InvalidArgument',
    ],
    ['a string for the bytes', () => SignedDescriptor.verify('{}' as never, OPTIONS), 'InvalidArgument'],
  ])('%s', (_, run, tag) => {
    expect(thrown(run)._tag).toBe(tag)
  })

  test('no error shows the secret', () => {
    const error = thrown(() => SignedDescriptor.sign(SAMPLE, { secretKey: OTHER_SECRET }))
    expect(JSON.stringify([error.message, error.context])).not.toMatch(/(08){8}|8,8,8|CAgICA/i)
  })
})

/** The next letter of the base64url alphabet: other padding bits, same byte. */
function nextLetter(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(letter) ^ 1] as string
}
