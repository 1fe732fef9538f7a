import { createPublicKey, verify } from 'node:crypto'
import { ContentId, DidKey, Jcs, Json, type ServiceDescriptor, SignedDescriptor } from '@aitbc/ai-registry'
import { expect, test } from 'vitest'
import { NOW, SAMPLE, SECRET } from './sample.js'
import { describeVectors } from './vectors.js'

interface AgentCard {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly provider: { readonly organization: string; readonly url: string }
  readonly supportedInterfaces: readonly {
    readonly url: string
    readonly protocolBinding: string
    readonly protocolVersion: string
  }[]
  readonly skills: readonly {
    readonly id: string
    readonly description: string
    readonly tags: readonly string[]
    readonly inputModes: readonly string[]
    readonly outputModes: readonly string[]
  }[]
}
interface Tool {
  readonly name: string
  readonly description?: string
  readonly inputSchema: Json.Value
  readonly outputSchema?: Json.Value
}

const publish = (fields: Partial<ServiceDescriptor.ServiceDescriptor>) => {
  const descriptor = { ...SAMPLE, extensions: {}, critical: [], ...fields }
  const verdict = SignedDescriptor.verify(SignedDescriptor.sign(descriptor, { secretKey: SECRET }), {
    at: NOW,
  })
  expect(verdict).toMatchObject({ ok: true, value: { descriptor } })
}

describeVectors('ai-services', "the field's own descriptors (ai-services/)", (set) => {
  const files = set.files().filter((file) => file.endsWith('.json'))

  test('every JSON file is read strictly, and its canonical form reads back the same', () => {
    expect(files.length).toBeGreaterThanOrEqual(130)
    for (const file of files) {
      const verdict = Json.decode(set.bytes(file))
      expect(verdict.ok, file).toBe(true)
      if (!verdict.ok) continue
      expect(verdict.value).toEqual(set.json(file))
      const bytes = Jcs.encode(verdict.value)
      expect(ContentId.verify(ContentId.of(verdict.value), bytes)).toEqual(verdict)
    }
  })

  test('A2A: of the examples in its specification, those that are JSON are read and the others refused', () => {
    const examples = set.json<{ raw: string; parses: boolean }[]>('a2a/specification-json-examples.json')
    expect(examples.length).toBeGreaterThanOrEqual(28)
    for (const { raw, parses } of examples) expect(Json.decode(raw).ok, raw).toBe(parses)
  })

  test('A2A: the sample agent card of its specification (8.5) maps to a descriptor', () => {
    const examples = set.json<{ section: string; raw: string }[]>('a2a/specification-json-examples.json')
    const card = JSON.parse(
      examples.find(({ section }) => section.includes('Sample Agent Card'))?.raw ?? '',
    ) as AgentCard
    publish({
      name: card.name,
      description: card.description,
      version: card.version,
      provider: {
        ...SAMPLE.provider,
        name: card.provider.organization,
        url: new URL(card.provider.url).href,
      },
      endpoints: card.supportedInterfaces.map((face) => ({
        protocol: 'a2a',
        version: face.protocolVersion,
        transport: face.protocolBinding,
        url: face.url,
      })),
      capabilities: card.skills.map(({ id, description, tags, inputModes, outputModes }) => ({
        id,
        description,
        tags,
        models: [],
        input: { mediaTypes: inputModes },
        output: { mediaTypes: outputModes },
        prices: [],
      })),
    })
  })

  test('MCP: the tools of its examples map to capabilities, their schemas to content ids', () => {
    const tools = files
      .filter((file) => file.startsWith('mcp/2026-07-28-examples/Tool/'))
      .map((file) => set.json<Tool>(file))
    expect(tools.length).toBeGreaterThanOrEqual(6)
    const byName = new Map(tools.map((tool) => [tool.name, tool]))
    const json = { mediaTypes: ['application/json'] }
    publish({
      capabilities: [...byName.values()].map(({ name, description = name, inputSchema, outputSchema }) => ({
        id: name,
        description,
        tags: [],
        models: [],
        input: { ...json, schema: { id: ContentId.of(inputSchema) } },
        output: outputSchema === undefined ? json : { ...json, schema: { id: ContentId.of(outputSchema) } },
        prices: [],
      })),
    })
  })

  test('ERC-8004: a registration is a deployment: its registry and its agent id', () => {
    const abi = set.json<{ name?: string; inputs?: { type: string }[] }[]>(
      'erc8004/IdentityRegistry.abi.json',
    )
    expect(abi.find(({ name }) => name === 'ownerOf')?.inputs?.[0]?.type).toBe('uint256')
    const account = 'eip155:1:0x8004a169fb4a3325136eb29fa0ceb6d2e539a432'
    publish({ deployments: [{ account, kind: 'erc-8004', reference: (2n ** 256n - 1n).toString() }] })
  })
})

test('a JWS verifier of another make takes the signature', () => {
  const bytes = SignedDescriptor.sign(SAMPLE, { secretKey: SECRET })
  const { descriptor, signature } = JSON.parse(new TextDecoder().decode(bytes))
  const header = JSON.parse(Buffer.from(signature.protected, 'base64url').toString())
  const key = DidKey.decode(header.kid)
  const x = Buffer.from(key.ok ? key.value : []).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: header.alg, x }, format: 'jwk' })
  // Its keys being sorted already, JSON.stringify writes the payload just as it was signed.
  const input = `${signature.protected}.${Buffer.from(JSON.stringify(descriptor)).toString('base64url')}`
  expect(verify(null, Buffer.from(input), publicKey, Buffer.from(signature.signature, 'base64url'))).toBe(
    true,
  )
  expect(
    verify(null, Buffer.from(`${input}A`), publicKey, Buffer.from(signature.signature, 'base64url')),
  ).toBe(false)
})
