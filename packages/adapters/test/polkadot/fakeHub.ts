import { Bytes } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Hasher, Scale, StorageKey } from '@aitbc/proofs/substrate'
import { ApiPromise } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import metadata from '@polkadot/types-support/metadata/v15/asset-hub-kusama-hex'
import { Address, HubLock, PolkadotTransaction } from '../../src/polkadot/index.js'
import { stateTrie } from './stateTrie.js'

// An endpoint under the test's control, with the real description of Kusama Hub's runtime (1,009,003, recorded by @polkadot/types-support).
// It executes nothing: a test says what each block holds, and the endpoint answers from it as a node would, its headers with the true
// roots of that state. How the contract behaves on a Hub is for the suite that has one.

type Hex = `0x${string}`
const hex = (bytes: Bytes.Bytes): Hex => `0x${Bytes.toHex(bytes)}`
const unhex = (text: string) => Bytes.fromHex(text.slice(2))

export const network = {
  ...networks.polkadotLocal,
  native: { ...networks.polkadotLocal.native, decimals: 12 },
} as const
export const CHAIN_ID = 420_420_418n
export const CONTRACT = `0x${'c0'.repeat(20)}` as const
export const TRIE_ID = new TextEncoder().encode('the trie of a contract')

/** What a block holds. */
export interface Contents {
  readonly extrinsics?: readonly Bytes.Bytes[]
  /** Values of the state that change, by key; `undefined` takes one away. */
  readonly state?: readonly (readonly [Bytes.Bytes, Bytes.Bytes | undefined])[]
  /** Values of the contract's child trie that change. */
  readonly child?: readonly (readonly [Bytes.Bytes, Bytes.Bytes])[]
}

interface Block {
  readonly hash: Hex
  readonly header: Record<string, unknown>
  readonly extrinsics: readonly Hex[]
  readonly state: ReadonlyMap<string, Bytes.Bytes>
  readonly child: ReadonlyMap<string, Bytes.Bytes>
}

export interface FakeHub {
  readonly api: ApiPromise
  readonly pool: Bytes.Bytes[]
  /** What was asked, whole. */
  readonly asked: string[]
  /** Answers of the test's own, by method; `undefined` leaves the endpoint its own. */
  answer: (method: string, params: readonly unknown[]) => unknown
  /** Puts a block on the chain, a slot of six seconds later; events are the extrinsics' success unless the state says otherwise. */
  block(contents?: Contents): Hex
  height(): number
  /** Begins again with the first block alone. */
  reset(): void
}

export const account = (id: `${string}:${string}:${string}`): Bytes.Bytes =>
  Address.fromAccountId(id, network, 'id')
export const key = {
  account: (who: Bytes.Bytes) => StorageKey.of('System', 'Account', Hasher.blake2b128Concat(who)),
  mapped: (who: Bytes.Bytes) => StorageKey.of('Revive', 'OriginalAccount', Address.toH160(who)),
  contract: StorageKey.of('Revive', 'AccountInfoOf', unhex(CONTRACT)),
  events: StorageKey.of('System', 'Events'),
  now: StorageKey.of('Timestamp', 'Now'),
}
const START = 1_800_000_000_000n

export async function createFakeHub(): Promise<FakeHub> {
  const blocks: Block[] = []
  const pool: Bytes.Bytes[] = []
  const asked: string[] = []
  const answers = {
    answer: (_method: string, _params: readonly unknown[]): unknown => undefined,
  }
  const at = (hash: unknown): Block => {
    const found =
      hash === undefined || hash === null ? blocks.at(-1) : blocks.find((one) => one.hash === hash)
    if (found === undefined)
      throw Object.assign(new Error('4003: Client error: UnknownBlock'), { code: 4003 })
    return found
  }
  const tries = (block: Block) => {
    const entries = (map: ReadonlyMap<string, Bytes.Bytes>) =>
      [...map].map(([name, value]) => [Bytes.fromHex(name), value] as const)
    const child = stateTrie(entries(block.child))
    const top = stateTrie([...entries(block.state), [StorageKey.childRoot(TRIE_ID), child.root]])
    return { top, child }
  }
  const own = (method: string, params: readonly unknown[]): unknown => {
    const [first, second, third] = params
    switch (method) {
      case 'chain_getBlockHash':
        return first === undefined || first === null
          ? blocks.at(-1)?.hash
          : (blocks[Number(first)]?.hash ?? null)
      case 'chain_getFinalizedHead':
        return blocks[Math.max(0, blocks.length - 3)]?.hash
      case 'chain_getHeader':
        return at(first).header
      case 'chain_getBlock':
        return { block: { header: at(first).header, extrinsics: at(first).extrinsics }, justifications: null }
      case 'state_getRuntimeVersion':
        return {
          specName: 'statemine',
          implName: 'statemine',
          authoringVersion: 1,
          specVersion: 1_009_003,
          implVersion: 0,
          apis: [],
          transactionVersion: 15,
          stateVersion: 1,
        }
      case 'state_getMetadata':
        return `0x${metadata.slice(metadata.indexOf('6d657461'))}`
      case 'state_getStorage': {
        const value = at(second).state.get(String(first).slice(2))
        return value === undefined ? null : hex(value)
      }
      case 'childstate_getStorage': {
        if (first !== hex(StorageKey.childRoot(TRIE_ID))) return null
        const value = at(third).child.get(String(second).slice(2))
        return value === undefined ? null : hex(value)
      }
      case 'state_getReadProof':
        return {
          at: second,
          proof: (first as string[]).flatMap((one) => tries(at(second)).top.prove(unhex(one)).map(hex)),
        }
      case 'state_getChildReadProof': {
        const { top, child } = tries(at(third))
        const nodes = [
          ...top.prove(unhex(String(first))),
          ...(second as string[]).flatMap((one) => child.prove(unhex(one))),
        ]
        return { at: third, proof: nodes.map(hex) }
      }
      case 'state_call':
        // A weight, a class and a fee of 5 milli-units, whatever is asked.
        return hex(Bytes.concat(Uint8Array.of(4, 4, 0), Scale.encode(Scale.uint(128), 5_000_000_000n)))
      case 'system_accountNextIndex':
        return 0
      case 'author_pendingExtrinsics':
        return pool.map(hex)
      case 'author_submitExtrinsic':
        pool.push(unhex(String(first)))
        return PolkadotTransaction.id(unhex(String(first)))
      case 'system_chain':
        return 'Hub'
      case 'system_properties':
        return { ss58Format: 2, tokenDecimals: 12, tokenSymbol: 'KSM' }
      case 'rpc_methods':
        return { methods: METHODS }
      default:
        throw Object.assign(new Error(`-32601: Method not found ${method}`), { code: -32601 })
    }
  }
  const provider = {
    hasSubscriptions: true,
    isConnected: true,
    isClonable: false,
    // It says that it is connected already: nobody waits for it.
    on: () => () => undefined,
    connect: async () => undefined,
    disconnect: async () => undefined,
    clone: () => provider,
    send: async (method: string, params: readonly unknown[]) => {
      asked.push(`${method} ${JSON.stringify(params)}`)
      const told = answers.answer(method, params)
      return told === undefined ? own(method, params) : told
    },
    subscribe: async () => 1,
    unsubscribe: async () => true,
  }
  const block = (contents: Contents = {}): Hex => {
    const parent = blocks.at(-1)
    const number = blocks.length
    const state = new Map(parent?.state)
    const child = new Map(parent?.child)
    state.set(Bytes.toHex(key.now), Scale.encode(Scale.u64, START + 6000n * BigInt(number)))
    state.set(Bytes.toHex(key.events), successes((contents.extrinsics ?? []).length))
    for (const [name, value] of contents.state ?? []) {
      if (value === undefined) state.delete(Bytes.toHex(name))
      else state.set(Bytes.toHex(name), value)
    }
    for (const [name, value] of contents.child ?? []) child.set(Bytes.toHex(name), value)
    const draft = {
      hash: '0x' as Hex,
      header: {},
      extrinsics: (contents.extrinsics ?? []).map(hex),
      state,
      child,
    }
    const stateRoot = tries(draft).top.root
    const parentHash = unhex(parent?.hash ?? `0x${'00'.repeat(32)}`)
    const bytes = Bytes.concat(
      parentHash,
      Scale.encode(Scale.compact, BigInt(number)),
      stateRoot,
      new Uint8Array(32).fill(6),
      Uint8Array.of(0),
    )
    const header = {
      parentHash: hex(parentHash),
      number: `0x${number.toString(16)}`,
      stateRoot: hex(stateRoot),
      extrinsicsRoot: `0x${'06'.repeat(32)}`,
      digest: { logs: [] },
    }
    const hash = number === 0 ? (`0x${'45'.repeat(32)}` as const) : hex(Hasher.blake2b256(bytes))
    blocks.push({ ...draft, hash, header })
    return hash
  }
  block()
  const api = await ApiPromise.create({
    provider: provider as unknown as NonNullable<ApiOptions['provider']>,
    noInitWarn: true,
  })
  const reset = () => {
    blocks.length = 0
    pool.length = 0
    asked.length = 0
    answers.answer = () => undefined
    block()
  }
  return Object.assign(answers, { api, pool, asked, block, height: () => blocks.length - 1, reset })
}

/** An account with planck, as the runtime keeps it; `nonce` transactions of it are in blocks. What is frozen is so of free and reserved together. */
export function holding(planck: bigint, nonce = 0, { reserved = 0n, frozen = 0n } = {}): Bytes.Bytes {
  const u128 = Scale.uint(128)
  return Bytes.concat(
    Scale.encode(Scale.u32, nonce),
    Scale.encode(Scale.u32, 0),
    Scale.encode(Scale.u32, 1),
    Scale.encode(Scale.u32, 0),
    ...[planck, reserved, frozen, frozen === 0n ? 0n : 1n << 127n].map((one) => Scale.encode(u128, one)),
  )
}

/** The audited contract, encoded by the runtime's own description of it. */
export function contractInfo(api: ApiPromise, codeHash = HubLock.CODE_HASH): Bytes.Bytes {
  const info = api.registry.createType('PalletReviveStorageAccountInfo', {
    accountType: {
      Contract: {
        trieId: hex(TRIE_ID),
        codeHash: `0x${codeHash}`,
        storageBytes: 32,
        storageItems: 1,
        storageByteDeposit: 5,
        storageItemDeposit: 6,
        storageBaseDeposit: 7,
        immutableDataLen: 0,
      },
    },
    dust: 0,
  })
  return Bytes.copy(info.toU8a())
}

/** The success of so many extrinsics, as events: phase, `System.ExtrinsicSuccess`, a weight of nothing, no topics. */
function successes(count: number): Bytes.Bytes {
  const one = (index: number) =>
    Bytes.concat(
      Uint8Array.of(0),
      Scale.encode(Scale.u32, index),
      Uint8Array.of(0, 0, 0, 0, 0, 0),
      Uint8Array.of(0),
    )
  return Bytes.concat(
    Scale.encode(Scale.compact, BigInt(count)),
    ...Array.from({ length: count }, (_, index) => one(index)),
  )
}

/** What the contract told in a block, as the runtime's events have it: of the first extrinsic, or of what the block did by itself. */
export function emitted(
  api: ApiPromise,
  { topics, data }: { readonly topics: readonly Bytes.Bytes[]; readonly data: Bytes.Bytes },
  by: 'extrinsic' | 'block' = 'extrinsic',
): Bytes.Bytes {
  const pallet = api.runtimeMetadata.asLatest.pallets.find(({ name }) => name.toString() === 'Revive')
  const kind = api.events['revive']?.['ContractEmitted']
  if (pallet === undefined || kind === undefined) throw new Error('no such event')
  return Bytes.concat(
    Uint8Array.of(4),
    by === 'block' ? Uint8Array.of(2) : Uint8Array.of(0, 0, 0, 0, 0),
    Uint8Array.of(pallet.index.toNumber(), kind.meta.index.toNumber()),
    unhex(CONTRACT),
    Scale.encode(Scale.bytes, data),
    Scale.encode(Scale.list(Scale.fixed(32)), [...topics]),
    Uint8Array.of(0),
  )
}

const METHODS = [
  'author_pendingExtrinsics',
  'author_submitExtrinsic',
  'chain_getBlock',
  'chain_getBlockHash',
  'chain_getFinalizedHead',
  'chain_getHeader',
  'childstate_getStorage',
  'state_call',
  'state_getChildReadProof',
  'state_getMetadata',
  'state_getReadProof',
  'state_getRuntimeVersion',
  'state_getStorage',
  'system_accountNextIndex',
]
