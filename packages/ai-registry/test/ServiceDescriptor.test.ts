import { ContentId, Jcs, type Json, ServiceDescriptor } from '@aitbc/ai-registry'
import { type AitbcError, isAitbcError } from '@aitbc/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { SAMPLE, UNDERSTANDS } from './sample.js'

const CAPABILITY = SAMPLE.capabilities[0]
const PRICE = CAPABILITY.prices[0]
const utf8 = (text: string) => new TextEncoder().encode(text)

/** The sample in its JSON form with one place changed; `undefined` takes the place away. */
function changed(path: string, value: unknown): Json.Value {
  const json = structuredClone(ServiceDescriptor.toJson(SAMPLE)) as Record<string, unknown>
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/'))
  const last = keys.pop() as string
  let at = json
  for (const key of keys) at = at[key] as Record<string, unknown>
  if (value === undefined) delete at[last]
  else at[last] = value
  return json as Json.Value
}

function refusal(json: Json.Value, understands = UNDERSTANDS) {
  const verdict = ServiceDescriptor.read(json, { understands })
  if (verdict.ok) throw new Error('accepted')
  // Bytes and parsed JSON are judged alike.
  expect(ServiceDescriptor.decode(Jcs.encode(json), { understands })).toEqual(verdict)
  return verdict.refusal
}

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
  test('the sample, with every field, survives both ways', () => {
    expect(ServiceDescriptor.from(SAMPLE)).toEqual(SAMPLE)
    const bytes = ServiceDescriptor.encode(SAMPLE)
    expect(ServiceDescriptor.decode(bytes, { understands: UNDERSTANDS })).toEqual({ ok: true, value: SAMPLE })
    expect(ServiceDescriptor.contentId(SAMPLE)).toBe(ContentId.of(ServiceDescriptor.toJson(SAMPLE)))
    expect(ContentId.verify(ServiceDescriptor.contentId(SAMPLE), bytes).ok).toBe(true)
  })

  test('its bytes and its id are these for good: a change here is another format', () => {
    // The same length and hash by Python's json and hashlib, over the sample with its keys sorted.
    expect(ServiceDescriptor.encode(SAMPLE).length).toBe(2358)
    expect(ServiceDescriptor.contentId(SAMPLE)).toBe(
      'bagaaierabw63jqohisysc5r3yjprbzj7jopiukg7sbxncmam7imbri3kmiqa',
    )
  })

  test('from takes the JSON form too, and its own answer', () => {
    const json = ServiceDescriptor.toJson(SAMPLE) as unknown as ServiceDescriptor.ServiceDescriptor
    expect(ServiceDescriptor.from(json)).toEqual(SAMPLE)
    expect(ServiceDescriptor.from(ServiceDescriptor.from(SAMPLE))).toEqual(SAMPLE)
  })

  test('a field that is undefined is a field left out', () => {
    const { url: _, ...provider } = SAMPLE.provider
    const input = {
      ...SAMPLE,
      provider: { ...provider, url: undefined },
    } as unknown as ServiceDescriptor.ServiceDescriptor
    expect(ServiceDescriptor.from(input)).toEqual({ ...SAMPLE, provider })
  })

  property.prop([fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })])(
    'amounts and times round trip to the last unit',
    (amount, revision) => {
      const descriptor: ServiceDescriptor.ServiceDescriptor = {
        ...SAMPLE,
        revision,
        capabilities: [{ ...CAPABILITY, prices: [{ ...PRICE, amount }] }],
      }
      expect(
        ServiceDescriptor.decode(ServiceDescriptor.encode(descriptor), { understands: UNDERSTANDS }),
      ).toEqual({
        ok: true,
        value: descriptor,
      })
    },
  )

  property.prop([fc.jsonValue()])('total: any JSON is accepted or refused with a path', (json) => {
    const verdict = ServiceDescriptor.read(json as Json.Value)
    expect(verdict.ok).toBe(false)
    if (!verdict.ok) expect(verdict.refusal.context).toHaveProperty('path')
  })

  property.prop([
    fc.constantFrom(...places(ServiceDescriptor.toJson(SAMPLE), '')),
    fc.jsonValue({ maxDepth: 2 }),
  ])(
    'total: whatever stands at whatever place, accepted means that it reads back the same',
    (path, value) => {
      const json = changed(path, value)
      const verdict = ServiceDescriptor.read(json, { understands: UNDERSTANDS })
      if (verdict.ok) expect(Jcs.stringify(ServiceDescriptor.toJson(verdict.value))).toBe(Jcs.stringify(json))
      else expect(verdict.refusal.context).toHaveProperty('path')
    },
  )

  test.each(places(ServiceDescriptor.toJson(SAMPLE), '').filter((path) => !/\d$|^.extensions/.test(path)))(
    'without %s it is refused, or that field is optional',
    (path) => {
      const verdict = ServiceDescriptor.read(changed(path, undefined), { understands: UNDERSTANDS })
      if (/^\/provider\/url$|\/reference$|\/transport$|put\/schema(\/url)?$/.test(path))
        expect(verdict.ok).toBe(true)
      else
        expect(verdict).toMatchObject({ ok: false, refusal: { check: 'missing-field', context: { path } } })
    },
  )
})

describe('refusals name the path and what came', () => {
  const long = 'x'.repeat(5000)
  const deployment = (i: number) => ({ account: 'cosmos:hub-1:a', kind: `k${i}` })
  const extensions = (n: number) => Object.fromEntries(many(n, (i) => [`x${i}`, i]) as [string, number][])
  const many = (n: number, item: (i: number) => unknown) => Array.from({ length: n }, (_, i) => item(i))

  test.each<[path: string, value: unknown, check: ServiceDescriptor.Check, at?: string]>([
    ['/schema', 'aitbc-service/2', 'format'],
    ['/schema', 1, 'format'],
    ['/name', 7, 'type'],
    ['/name', '', 'length'],
    ['/name', 'x'.repeat(129), 'length'],
    ['/name', ' x', 'format'],
    ['/name', 'a\nb', 'format'],
    ['/name', 'a\u0000b', 'format'],
    ['/name', 'a\u007fb', 'format'],
    ['/name', 'A\u030a', 'format'],
    ['/name', 'pay \u202egnp.exe', 'format'],
    ['/name', 'a\u2028b', 'format'],
    ['/name', '\ufeffab', 'format'],
    ['/description', 'a\tb', 'format'],
    ['/description', 'a\r\nb', 'format'],
    ['/description', long, 'length'],
    ['/version', '1.2', 'format'],
    ['/version', '01.2.3', 'format'],
    ['/version', '1.2.3-01', 'format'],
    ['/version', 'v1.2.3', 'format'],
    ['/version', '1.2.3 ', 'format'],
    ['/version', `1.2.3-${'a'.repeat(64)}`, 'length'],
    ['/revision', 3, 'type'],
    ['/revision', '-1', 'format'],
    ['/revision', '03', 'format'],
    ['/revision', '3.0', 'format'],
    ['/revision', '0x3', 'format'],
    ['/revision', ' 3', 'format'],
    ['/revision', '', 'format'],
    ['/revision', '18446744073709551616', 'range'],
    ['/surprise', true, 'unknown-field'],
    ['/provider', [], 'type'],
    ['/provider', null, 'type'],
    ['/provider/email', 'a@example.com', 'unknown-field'],
    ['/provider/key', 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme', 'format'],
    ['/provider/key', 'did:web:example.com', 'format'],
    ['/provider/key', 5, 'format'],
    ['/provider/accounts', [], 'length'],
    ['/provider/accounts', many(65, (i) => `cosmos:hub-1:a${i}`), 'length'],
    ['/provider/accounts/1', SAMPLE.provider.accounts[0], 'duplicate'],
    ['/provider/accounts/0', 'eip155:1', 'format'],
    ['/provider/accounts/0', '0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb@eip155:1', 'format'],
    ['/provider/accounts/0', 'EIP155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb', 'format'],
    ['/provider/accounts/0', 'eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb', 'not-canonical-id'],
    ['/provider/accounts/0', 'eip155:1:0xab16', 'not-canonical-id'],
    ['/deployments', {}, 'type'],
    ['/deployments', many(65, deployment), 'length'],
    ['/deployments/1', SAMPLE.deployments[0], 'duplicate'],
    ['/deployments/0/kind', 'ERC 8004', 'format'],
    ['/deployments/0/reference', 'a b', 'format'],
    ['/endpoints', [], 'length'],
    ['/endpoints/1', SAMPLE.endpoints[0], 'duplicate'],
    ['/endpoints/0/url', 'http://geo.example.com/mcp', 'format'],
    ['/endpoints/0/url', 'wss://geo.example.com/mcp', 'format'],
    ['/endpoints/0/url', 'javascript:alert(1)', 'format'],
    ['/endpoints/0/url', 'https://user:pw@geo.example.com/', 'format'],
    ['/endpoints/0/url', 'https://@geo.example.com/', 'format'],
    ['/endpoints/0/url', 'https://geo.example.com/#x', 'format'],
    ['/endpoints/0/url', 'https://geo.example.com', 'format'],
    ['/endpoints/0/url', 'https://GEO.example.com/', 'format'],
    ['/endpoints/0/url', 'https://geo.example.com:443/', 'format'],
    ['/endpoints/0/url', 'https://geo.example.com/a/../b', 'format'],
    ['/endpoints/0/url', 'https:\\\\geo.example.com\\', 'format'],
    ['/endpoints/0/url', 'https://gеo.example.com/', 'format'],
    ['/endpoints/0/url', 'https://2130706433/', 'format'],
    ['/endpoints/0/url', 'https://', 'format'],
    ['/endpoints/0/url', `https://geo.example.com/${long}`, 'length'],
    ['/endpoints/0/url', null, 'type'],
    ['/endpoints/0/protocol', 'MCP', 'format'],
    ['/capabilities', [], 'length'],
    ['/capabilities/0/id', '../route', 'format'],
    ['/capabilities/0/id', 'a//b', 'format'],
    ['/capabilities/0/id', 'a b', 'format'],
    ['/capabilities/0/tags', ['a', 'a'], 'duplicate', '/capabilities/0/tags/1'],
    ['/capabilities/0/models', many(65, String), 'length'],
    ['/capabilities/0/input/mediaTypes', [], 'length'],
    ['/capabilities/0/input/mediaTypes/0', 'application/json; charset=utf-8', 'format'],
    ['/capabilities/0/input/mediaTypes/0', 'Application/JSON', 'format'],
    ['/capabilities/0/input/schema', {}, 'missing-field', '/capabilities/0/input/schema/id'],
    ['/capabilities/0/input/schema/id', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG', 'format'],
    ['/capabilities/0/prices/0/amount', 1, 'type'],
    ['/capabilities/0/prices/0/amount', '1.5', 'format'],
    ['/capabilities/0/prices/0/amount', '1e3', 'format'],
    ['/capabilities/0/prices/0/amount', (2n ** 256n).toString(), 'range'],
    ['/capabilities/0/prices/0/amount', '9'.repeat(79), 'format'],
    ['/capabilities/0/prices/0/per', '0', 'range'],
    ['/capabilities/0/prices/0/asset', 'eip155:1', 'format'],
    [
      '/capabilities/0/prices/0/asset',
      'eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
      'not-canonical-id',
    ],
    ['/capabilities/0/prices/1', { ...PRICE, amount: '7', per: '1' }, 'duplicate'],
    ['/capabilities/0/prices/0/payee', 'eip155:1:0x0000000000000000000000000000000000000001', 'payee'],
    ['/capabilities/0/prices/0/payee', SAMPLE.provider.accounts[1], 'payee'],
    ['/capabilities/0/prices/0/asset', 'eip155:10/slip44:60', 'payee', '/capabilities/0/prices/0/payee'],
    ['/validity/notAfter', '1790000000', 'validity'],
    ['/validity/notAfter', '2026-01-01T00:00:00Z', 'format'],
    ['/validity/notBefore', 1_790_000_000, 'type'],
    ['/extensions', [], 'type'],
    ['/extensions/two words', 1, 'format'],
    ['/extensions', extensions(65), 'length'],
    ['/critical', 'example.com/sla', 'type'],
    ['/critical/1', 'example.com/sla', 'duplicate'],
  ])('%s = %j: %s', (path, value, check, at = path) => {
    const { check: got, message, context } = refusal(changed(path, value))
    expect([got, context?.['path']]).toEqual([check, at])
    expect(message.startsWith(at)).toBe(true)
    expect(message).toMatch(/ must be .+, got /)
  })

  test.each<[path: string, most: unknown, more: unknown]>([
    ['/name', 'x'.repeat(128), 'x'.repeat(129)],
    ['/description', 'x'.repeat(4096), 'x'.repeat(4097)],
    ['/provider/accounts/2', `cosmos:hub-1:${'a'.repeat(128)}`, `cosmos:hub-1:${'a'.repeat(129)}`],
    ['/deployments', many(64, deployment), many(65, deployment)],
    ['/deployments/0/reference', 'x'.repeat(128), 'x'.repeat(129)],
    ['/endpoints/0/url', `https://a.example/${'x'.repeat(2030)}`, `https://a.example/${'x'.repeat(2031)}`],
    ['/capabilities/0/id', 'x'.repeat(128), 'x'.repeat(129)],
    ['/capabilities/0/prices/0/amount', (2n ** 256n - 1n).toString(), (2n ** 256n).toString()],
    ['/revision', (2n ** 64n - 1n).toString(), (2n ** 64n).toString()],
    ['/extensions', extensions(64), extensions(65)],
  ])('%s: the most that is allowed, and one more', (path, most, more) => {
    const read = (value: unknown) =>
      ServiceDescriptor.read(
        { ...(changed(path, value) as object), critical: [] },
        { understands: UNDERSTANDS },
      ).ok
    expect([read(most), read(more)]).toEqual([true, false])
  })

  test('the whole of it', () => {
    expect(refusal([]).message).toBe('the descriptor must be an object, got Array(0)')
    expect(ServiceDescriptor.decode(utf8('{"a":1,"a":1}'))).toMatchObject({
      refusal: { check: 'duplicate-key' },
    })
    expect(
      ServiceDescriptor.decode(utf8(JSON.stringify(ServiceDescriptor.toJson(SAMPLE), null, 1))),
    ).toMatchObject({
      refusal: { check: 'not-canonical' },
    })
    expect(ServiceDescriptor.decode(new Uint8Array(ServiceDescriptor.MAX_SIZE + 1))).toMatchObject({
      refusal: { check: 'size' },
    })
  })

  test.each([
    ['/provider/accounts/0', 'eip155:1:0xAB16A96D359EC26A11E2C2B3D8F8B8942D5BFCDB'],
    ['/capabilities/0/prices/0/payee', 'eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb'],
    ['/capabilities/0/prices/1/asset', 'eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48'],
  ])('A64: one account or asset under a second spelling: %s = %s', (path, value) => {
    expect(refusal(changed(path, value))).toMatchObject({ check: 'not-canonical-id', context: { path } })
  })

  test('A62: a name in NFD is refused, so that no two names look alike', () => {
    expect(refusal(changed('/name', 'cafe\u0301'))).toMatchObject({
      check: 'format',
      context: { path: '/name' },
    })
    expect(ServiceDescriptor.read(changed('/name', 'caf\u00e9'), { understands: UNDERSTANDS }).ok).toBe(true)
  })

  test('A63: two capabilities whose ids differ in case only collide', () => {
    const { check, context } = refusal(changed('/capabilities/1/id', 'ROUTE'))
    expect([check, context?.['path']]).toEqual(['duplicate', '/capabilities/1'])
  })

  test('A63: an unknown critical extension is refused, by default every one', () => {
    const json = ServiceDescriptor.toJson(SAMPLE)
    expect(refusal(json, [])).toMatchObject({ check: 'critical-unknown', context: { path: '/critical/0' } })
    expect(ServiceDescriptor.read(json)).toMatchObject({ ok: false, refusal: { check: 'critical-unknown' } })
    expect(refusal(json, ['example.com/sl', 'example.com/SLA']).check).toBe('critical-unknown')
  })

  test('A63: a critical extension that is not there is refused, understood or not', () => {
    expect(refusal(changed('/critical/0', 'example.com/other'), ['example.com/other'])).toMatchObject({
      check: 'critical-absent',
    })
    expect(refusal(changed('/critical/0', 'toString'), ['toString']).check).toBe('critical-absent')
  })

  test('extensions are bounded in depth, so that every descriptor can be signed', () => {
    const nest = (levels: number): Json.Value => (levels === 0 ? 1 : [nest(levels - 1)])
    expect(ServiceDescriptor.read(changed('/extensions/a', nest(32)), { understands: UNDERSTANDS }).ok).toBe(
      true,
    )
    expect(refusal(changed('/extensions/a', nest(33)))).toMatchObject({
      check: 'depth',
      context: { path: '/extensions/a' },
    })
  })

  test('A62: names of the prototype are unknown fields like any other', () => {
    expect(refusal(changed('/constructor', 1)).check).toBe('unknown-field')
    expect(refusal(changed('/provider/toString', 1)).check).toBe('unknown-field')
    expect(ServiceDescriptor.decode(utf8('{"__proto__":{}}'))).toMatchObject({
      refusal: { check: 'forbidden-key' },
    })
  })
})

describe('error', () => {
  const bad = (change: object) => ({ ...SAMPLE, ...change }) as unknown as ServiceDescriptor.ServiceDescriptor
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic

  test.each([
    ['a wrong field', bad({ revision: -1n }), 'InvalidDescriptor', '/revision'],
    ['a number for a bigint', bad({ revision: 1 }), 'InvalidDescriptor', '/revision'],
    ['a field missing', bad({ name: undefined }), 'InvalidDescriptor', '/name'],
    ['a list missing', bad({ critical: undefined }), 'InvalidDescriptor', '/critical'],
    ['extensions missing', bad({ extensions: undefined }), 'InvalidDescriptor', '/extensions'],
    ['a string for a list', bad({ critical: 'example.com/sla' }), 'InvalidDescriptor', '/critical'],
    ['an unknown field', bad({ extra: 1 }), 'InvalidDescriptor', '/extra'],
    ['null for a field', bad({ provider: null }), 'InvalidDescriptor', '/provider'],
    ['a date for the validity', bad({ validity: new Date(0) }), 'InvalidDescriptor', '/validity/notBefore'],
    [
      'a bigint within an extension',
      bad({ extensions: { x: [1n] }, critical: [] }),
      'NotJson',
      '/extensions/x/0',
    ],
    ['NaN', bad({ name: Number.NaN }), 'NotJson', '/name'],
    ['a cycle', bad({ provider: cyclic }), 'NotJson', `/provider${'/self'.repeat(63)}`],
    ['half of a surrogate pair', bad({ name: '\ud83d' }), 'NotJson', '/name'],
    ['an array', [] as never, 'InvalidDescriptor', '/schema'],
    ['undefined', undefined as never, 'NotJson', ''],
    ['null', null as never, 'InvalidDescriptor', ''],
    ['a string', 'x' as never, 'InvalidDescriptor', ''],
  ])('%s', (_, input, tag, path) => {
    for (const run of [ServiceDescriptor.from, ServiceDescriptor.encode, ServiceDescriptor.contentId])
      expect(thrown(() => run(input))).toMatchObject({ _tag: tag, context: { path } })
  })

  test('InvalidDescriptor says which check failed', () => {
    expect(
      thrown(() => ServiceDescriptor.from(bad({ validity: { notBefore: 2n, notAfter: 2n } }))),
    ).toMatchObject({
      code: 5002,
      retryable: false,
      message: '/validity/notAfter must be after notBefore (2), got 2',
      context: { argument: 'descriptor', check: 'validity' },
    })
  })

  test('understands must be a list', () => {
    const options = { understands: 'example.com/sla' as unknown as string[] }
    expect(thrown(() => ServiceDescriptor.read({}, options))).toMatchObject({ _tag: 'InvalidArgument' })
  })
})

/** The JSON Pointers of every place below the root. */
function places(json: Json.Value, at: string): readonly string[] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([key, value]) => {
    const path = `${at}/${key.replaceAll('/', '~1')}`
    return [path, ...places(value, path)]
  })
}
