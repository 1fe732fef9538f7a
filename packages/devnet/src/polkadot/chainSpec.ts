import { readFile } from 'node:fs/promises'
import { Bytes } from '@aitbc/core'
import { Scale } from '@aitbc/proofs/substrate'
import { DevnetErrors } from '../errors.js'
import type { Core } from './load.js'

type Hex = `0x${string}`

/** A chain's state at its start, as its own node would make it. */
export interface RawSpec {
  readonly id: string
  readonly name: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly genesis: { readonly raw: { readonly top: Readonly<Record<string, string>> } }
}

const CODE = '0x3a636f6465'
const CHILD_PREFIX = '0x3a6368696c645f73746f726167653a'

/** The specification that npm has: Rococo's asset hub, runtime 900. */
export async function shipped(): Promise<RawSpec> {
  const { chainSpec } = await import('@substrate/connect-known-chains/rococo_v2_2_asset_hub')
  return JSON.parse(chainSpec) as RawSpec
}

/** Reads a specification, raw or plain; of a plain one the runtime itself makes the state (`GenesisBuilder`). */
export async function read(core: Core, path: string): Promise<RawSpec> {
  const refuse = (why: string, cause?: unknown) =>
    DevnetErrors.PolkadotSpecInvalid(
      `${path} must be a chain specification: ${why}`,
      { path },
      cause === undefined ? {} : { cause },
    )
  let spec: Partial<RawSpec> & { readonly genesis?: Record<string, unknown> }
  try {
    spec = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw refuse('it is no JSON file', cause)
  }
  const { id, name, genesis } = spec ?? {}
  if (typeof id !== 'string' || typeof name !== 'string' || typeof genesis !== 'object' || genesis === null)
    throw refuse('it lacks id, name or genesis')
  const top =
    (genesis['raw'] as { readonly top?: unknown } | undefined)?.top ?? (await build(core, genesis, refuse))
  if (typeof top !== 'object' || top === null || !(CODE in top)) throw refuse('its genesis has no runtime')
  const entries = Object.entries(top as Record<string, string>).filter(
    ([key]) => !key.startsWith(CHILD_PREFIX),
  )
  const properties = (spec.properties ?? {}) as Record<string, unknown>
  return { id, name, properties, genesis: { raw: { top: Object.fromEntries(entries) } } }
}

async function build(
  core: Core,
  genesis: Record<string, unknown>,
  refuse: (why: string, cause?: unknown) => Error,
): Promise<Record<string, string>> {
  const plain = genesis['runtimeGenesis'] as Record<string, unknown> | undefined
  const code = plain?.['code']
  if (typeof code !== 'string') throw refuse('its genesis is neither raw nor of a runtime')
  const call = async (method: string, argument: Uint8Array) => {
    const answer = await core.runTask(
      {
        wasm: code as Hex,
        calls: [[method, [hex(argument)]]],
        mockSignatureHost: false,
        allowUnresolvedImports: true,
        runtimeLogLevel: 0,
        storageProofSize: 0,
      },
      { ...core.emptyTaskHandler, getStorage: async () => undefined, getNextKey: async () => undefined },
    )
    if ('Error' in answer) throw refuse(`its runtime failed in ${method}: ${answer.Error}`)
    return answer.Call
  }
  const config = plain?.['config'] ?? merge(await preset(call, refuse), plain?.['patch'] ?? {})
  const text = new TextEncoder().encode(stringify(config))
  const built = await call('GenesisBuilder_build_state', Scale.encode(Scale.bytes, text))
  const result = bytes(built.result)
  if (result[0] !== 0)
    throw refuse(`its runtime refuses the genesis: ${new TextDecoder().decode(result.subarray(1))}`)
  const top: Record<string, string> = { [CODE]: code }
  for (const [key, value] of built.storageDiff) if (value !== null) top[key] = value
  return top
}

/** The genesis that a patch changes: the runtime's own, without a name (`get_preset(None)`). */
async function preset(
  call: (method: string, argument: Uint8Array) => Promise<{ readonly result: Hex }>,
  refuse: (why: string, cause?: unknown) => Error,
): Promise<unknown> {
  const { result } = await call('GenesisBuilder_get_preset', Uint8Array.of(0))
  const found = Scale.decode(Scale.option(Scale.bytes), bytes(result))
  if (!found.ok) throw refuse(`its runtime names no preset: ${found.refusal.message}`)
  return found.value === undefined ? {} : JSON.parse(new TextDecoder().decode(found.value))
}

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const own = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}
  const merged: Record<string, unknown> = { ...own }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = merge(merged[key], value)
  }
  return merged
}

/** JSON with whole numbers written out: the runtime reads 1e21 as no integer. */
function stringify(value: unknown): string {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value).toString()
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, entry]) => `${JSON.stringify(key)}:${stringify(entry)}`)
      .join(',')}}`
  return JSON.stringify(value)
}

function hex(value: Uint8Array): Hex {
  return `0x${Bytes.toHex(value)}`
}

function bytes(value: Hex): Uint8Array {
  return Bytes.fromHex(value.slice(2))
}
