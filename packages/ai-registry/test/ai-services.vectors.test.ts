import { ContentId, Jcs, Json, type ServiceDescriptor, SignedDescriptor } from '@aitbc/ai-registry'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../scripts/vectors/reader.js'
import { definitions, refusal } from './jsonSchema.js'
import { NOW, SAMPLE, SECRET } from './sample.js'

interface Example {
  readonly section: string
  readonly raw: string
  readonly parses: boolean
}
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
interface AbiEntry {
  readonly type: string
  readonly name?: string
  readonly inputs?: readonly { readonly type: string }[]
}

/** The file is read strictly; its canonical form reads back the same, under its content id. */
function readStrictly(file: VectorFile): Extract<Case, { run: unknown }> {
  return {
    name: 'its canonical form',
    run: () => {
      const verdict = Json.decode(file.bytes())
      if (!verdict.ok) throw new Error(`${verdict.refusal.check}: ${verdict.refusal.message}`)
      expect(verdict.value).toEqual(file.json())
      const bytes = Jcs.encode(verdict.value)
      expect(ContentId.verify(ContentId.of(verdict.value), bytes)).toEqual(verdict)
    },
  }
}

/** What the field describes can be said by a descriptor: signed, and read back the same. */
function publish(fields: Partial<ServiceDescriptor.ServiceDescriptor>): void {
  const descriptor = { ...SAMPLE, extensions: {}, critical: [], ...fields }
  const bytes = SignedDescriptor.sign(descriptor, { secretKey: SECRET })
  expect(SignedDescriptor.verify(bytes, { at: NOW })).toMatchObject({ ok: true, value: { descriptor } })
}

function publishCard(card: AgentCard): void {
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
}

function publishTool({ name, description = name, inputSchema, outputSchema }: Tool): void {
  const json = { mediaTypes: ['application/json'] }
  publish({
    capabilities: [
      {
        id: name,
        description,
        tags: [],
        models: [],
        input: { ...json, schema: { id: ContentId.of(inputSchema) } },
        output: outputSchema === undefined ? json : { ...json, schema: { id: ContentId.of(outputSchema) } },
        prices: [],
      },
    ],
  })
}

const CARD = ['name', 'description', 'version', 'provider', 'supportedInterfaces', 'skills']

readVectors({
  topic: 'services',
  folder: 'ai-services/a2a',
  title: 'A2A: what is JSON is read and the rest refused; agent cards map to descriptors',
  cases: ([file]) =>
    file === undefined
      ? []
      : [
          readStrictly(file),
          ...file.json<readonly Example[]>().flatMap(({ section, raw, parses }): Case[] => {
            const name = section.replace(/^#+ /, '')
            const verdict = Json.decode(raw)
            const value = verdict.ok && typeof verdict.value === 'object' ? (verdict.value ?? {}) : {}
            return [
              { name, run: () => expect(verdict.ok).toBe(parses) },
              ...(CARD.every((key) => Object.hasOwn(value, key))
                ? [{ name: `${name}: the card`, run: () => publishCard(value as unknown as AgentCard) }]
                : []),
            ]
          }),
        ],
})

readVectors({
  topic: 'services',
  folder: 'ai-services/erc8004',
  title: 'ERC-8004: its registries; a registration is a deployment',
  cases: ([file]) => {
    if (file === undefined) return []
    const abi = file.json<readonly AbiEntry[]>()
    const owner = abi.filter(({ type, name }) => type === 'function' && name === 'ownerOf')
    return [
      readStrictly(file),
      ...owner.map(({ inputs }) => ({
        name: 'ownerOf',
        run: () => {
          expect(inputs?.map(({ type }) => type)).toEqual(['uint256'])
          const account = 'eip155:1:0x8004a169fb4a3325136eb29fa0ceb6d2e539a432'
          publish({ deployments: [{ account, kind: 'erc-8004', reference: (2n ** 256n - 1n).toString() }] })
        },
      })),
    ]
  },
})

const EXAMPLE = /^([\d-]+)-examples\/([^/]+)\/[^/]+\.json$/
const SCHEMA = /^([\d-]+)-schema\.json$/

// The schema of a revision, and its examples of each type that it defines.
readVectors({
  topic: 'services',
  folder: 'ai-services/mcp',
  title: 'MCP: its examples keep to its schema, and tools map to capabilities',
  group: (path) => (EXAMPLE.exec(path) ?? SCHEMA.exec(path))?.[1] ?? path,
  cases: (files) => {
    const schema = files.find(({ path }) => SCHEMA.test(path))?.json<Json.Value>()
    return files.flatMap((file): Case[] => {
      const strictly = { ...readStrictly(file), name: file.path }
      const type = EXAMPLE.exec(file.path)?.[2]
      if (type === undefined) {
        if (!SCHEMA.test(file.path)) throw new Error(`${file.path}: a schema or an example is expected`)
        return [strictly]
      }
      const name = `${file.path}: by the schema`
      if (schema === undefined) return [strictly, { name, skip: 'the schema of that revision is not there' }]
      return [strictly, { name, run: () => keepsTo(schema, type, file.json()) }].concat(
        type === 'Tool' ? [{ name: `${file.path}: the tool`, run: () => publishTool(file.json()) }] : [],
      )
    })
  },
})

/** The example is of its type, and would not be without any member that the type requires. */
function keepsTo(schema: Json.Value, type: string, example: Readonly<Record<string, Json.Value>>): void {
  const definition = definitions(schema)[type]
  if (definition === undefined) throw new Error(`the schema defines no ${type}`)
  expect(refusal(schema, definition, example)).toBeUndefined()
  const { required = [] } = definition as { readonly required?: readonly string[] }
  for (const name of required) {
    const { [name]: _, ...rest } = example
    expect(refusal(schema, definition, rest)).toContain(`${name} is expected`)
  }
}

readVectors({
  topic: 'services',
  folder: 'ai-services/mcp-registry',
  title: 'MCP registry: its schema is read strictly',
  cases: (files) => files.map(readStrictly),
})
