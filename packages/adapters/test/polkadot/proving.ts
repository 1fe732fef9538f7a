import { Bytes } from '@aitbc/core'
import { Hasher, Scale, StorageKey } from '@aitbc/proofs/substrate'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { type StateTrie, stateTrie } from './stateTrie.js'

// A runtime without consensus computes no state root. What it holds is real, though: this connection reads all of it, builds the tries that
// a node would have, and gives headers their true roots (hence other hashes) and proofs of what is in them. For evidence alone: what is
// signed here would be of blocks that the runtime doesn't know.

type Hex = `0x${string}`
const hex = (bytes: Bytes.Bytes): Hex => `0x${Bytes.toHex(bytes)}`
const unhex = (text: string) => Bytes.fromHex(text.slice(2))

/** All that a block's state holds, and its tries. */
export interface State {
  readonly entries: readonly (readonly [Bytes.Bytes, Bytes.Bytes])[]
  readonly top: StateTrie
  /** By the key of its root in the top trie. */
  readonly children: ReadonlyMap<string, StateTrie>
}

interface Block {
  readonly own: Hex
  readonly hash: Hex
  readonly header: Record<string, unknown>
  readonly state: State
}

/** A key's part that names a child trie: its prefix, and an id of 32 bytes. */
const CHILD = hex(StorageKey.childRoot(new Uint8Array(0)))
const CHILD_LENGTH = CHILD.length + 64

export async function createProvingApi(url: string): Promise<{
  readonly api: ApiPromise
  /** The state of a block that this connection told of. */
  state(hash: string): State
}> {
  const provider = new WsProvider(url, false, {}, 300_000)
  await provider.connect()
  const send = provider.send.bind(provider) as (
    method: string,
    params: readonly unknown[],
  ) => Promise<unknown>
  const blocks = new Map<string, Promise<Block>>()
  const known = new Map<string, Block>()
  /** A block by the runtime's own hash. */
  const blockOf = (own: Hex): Promise<Block> => {
    const block = blocks.get(own) ?? readBlock(send, own)
    blocks.set(own, block)
    void block.then((read) => known.set(read.hash, read))
    return block
  }
  const answer = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const own = params.map((param) => known.get(String(param))?.own ?? param)
    switch (method) {
      case 'rpc_methods': {
        const { methods } = (await send(method, own)) as { readonly methods: readonly string[] }
        return { methods: [...methods, 'state_getChildReadProof', 'state_getReadProof'] }
      }
      case 'chain_getBlockHash':
      case 'chain_getFinalizedHead': {
        const found = await send(method, own)
        const first = own[0] === 0 || own[0] === '0x0'
        return typeof found === 'string' && !first ? (await blockOf(found as Hex)).hash : found
      }
      case 'chain_getHeader':
        return (await blockOf((own[0] ?? (await send('chain_getBlockHash', []))) as Hex)).header
      case 'state_getReadProof': {
        const { top } = (await blockOf(own[1] as Hex)).state
        return { at: params[1], proof: (own[0] as Hex[]).flatMap((key) => top.prove(unhex(key))).map(hex) }
      }
      case 'state_getChildReadProof': {
        const { top, children } = (await blockOf(own[2] as Hex)).state
        const child = children.get(String(own[0]))
        const nodes = [
          ...top.prove(unhex(String(own[0]))),
          ...(own[1] as Hex[]).flatMap((key) => child?.prove(unhex(key)) ?? []),
        ]
        return { at: params[2], proof: nodes.map(hex) }
      }
      default:
        return send(method, own)
    }
  }
  provider.send = answer as typeof provider.send
  const api = await ApiPromise.create({
    provider: provider as NonNullable<ApiOptions['provider']>,
    noInitWarn: true,
  })
  return {
    api,
    state: (hash) => {
      const block = known.get(hash)
      if (block === undefined) throw new Error(`no block ${hash}`)
      return block.state
    },
  }
}

async function readBlock(
  send: (method: string, params: readonly unknown[]) => Promise<unknown>,
  own: Hex,
): Promise<Block> {
  const keys: string[] = []
  for (;;) {
    const page = (await send('state_getKeysPaged', ['0x', 1000, keys.at(-1) ?? '0x', own])) as string[]
    keys.push(...page)
    if (page.length < 1000) break
  }
  const values = await Promise.all(keys.map((key) => send('state_getStorage', [key, own])))
  const entries: [Bytes.Bytes, Bytes.Bytes][] = []
  const under = new Map<string, [Bytes.Bytes, Bytes.Bytes][]>()
  for (const [i, key] of keys.entries()) {
    const value = values[i]
    if (typeof value !== 'string') continue
    if (!key.startsWith(CHILD)) entries.push([unhex(key), unhex(value)])
    else {
      const child = key.slice(0, CHILD_LENGTH)
      under.set(child, [...(under.get(child) ?? []), [Bytes.fromHex(key.slice(CHILD_LENGTH)), unhex(value)]])
    }
  }
  const children = new Map([...under].map(([key, list]) => [key, stateTrie(list)]))
  for (const [key, { root }] of children) entries.push([unhex(key), root])
  const top = stateTrie(entries)
  const header = (await send('chain_getHeader', [own])) as {
    readonly parentHash: string
    readonly number: string
    readonly extrinsicsRoot: string
    readonly digest: { readonly logs: readonly string[] }
  }
  const bytes = Bytes.concat(
    unhex(header.parentHash),
    Scale.encode(Scale.compact, BigInt(header.number)),
    top.root,
    unhex(header.extrinsicsRoot),
    Scale.encode(Scale.compact, BigInt(header.digest.logs.length)),
    ...header.digest.logs.map(unhex),
  )
  return {
    own,
    hash: hex(Hasher.blake2b256(bytes)),
    header: { ...header, stateRoot: hex(top.root) },
    state: { entries, top, children },
  }
}
