import { MerkleTree, type Multistore } from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import { compare, concat, delimited, nameOf, utf8 } from './bytes.js'
import * as Iavl from './iavl.js'

/** The stores, as the Cosmos SDK's modules name them. */
export const STORES = ['acc', 'bank', 'htlc', 'wasm'] as const
export type StoreName = (typeof STORES)[number]

type Trees = Readonly<Record<StoreName, Iavl.Tree | undefined>>

/** Keys and values of the stores. */
export interface State {
  get(store: StoreName, key: Uint8Array): Uint8Array | undefined
  /** From `start` on and before `end`, in order. */
  range(
    store: StoreName,
    start: Uint8Array,
    end: Uint8Array | undefined,
  ): readonly (readonly [key: Uint8Array, value: Uint8Array])[]
  /** A state above this one: what it is told goes down only by `commit`. */
  branch(): Branch
}

/** A state that can be changed, and forgotten. */
export interface Branch extends State {
  set(store: StoreName, key: Uint8Array, value: Uint8Array | undefined): void
  commit(): void
}

/** All versions of the state, by height: the state after a block. */
export interface History {
  /** The state after a block. */
  at(height: number): State | undefined
  /** Writes a block's changes; gives the app hash, which stands in the next header. */
  commit(change: (branch: Branch) => void): Uint8Array
  appHash(height: number): Uint8Array
  /** What proves a key, or its absence, under the app hash of a height. */
  prove(height: number, store: StoreName, key: Uint8Array): Multistore.Proofs | undefined
}

export function createHistory(): History {
  const versions: Trees[] = [{ acc: undefined, bank: undefined, htlc: undefined, wasm: undefined }]
  return {
    at: (height) => {
      const trees = versions[height]
      return trees === undefined ? undefined : stateOf(trees)
    },
    commit: (change) => {
      let trees = versions.at(-1) as Trees
      const version = BigInt(versions.length)
      const branch = branchOf(stateOf(trees), (writes) => {
        for (const { store, key, value } of writes)
          trees = {
            ...trees,
            [store]:
              value === undefined
                ? Iavl.remove(trees[store], key, version)
                : Iavl.set(trees[store], key, value, version),
          }
      })
      change(branch)
      branch.commit()
      versions.push(trees)
      return MerkleTree.root(leavesOf(trees).map((it) => it.leaf))
    },
    appHash: (height) => MerkleTree.root(leavesOf(versions[height] as Trees).map((it) => it.leaf)),
    prove: (height, store, key) => {
      const trees = versions[height]
      const inStore = trees === undefined ? undefined : Iavl.prove(trees[store], key)
      if (trees === undefined || inStore === undefined) return undefined
      const leaves = leavesOf(trees)
      const index = STORES.indexOf(store)
      const { aunts } = MerkleTree.branch(
        leaves.map((it) => it.leaf),
        index,
      )
      return [
        inStore,
        {
          is: 'exist',
          proof: {
            key: utf8(store),
            value: Iavl.hashOf(trees[store]),
            leaf: {
              hash: 'sha256',
              prehashKey: 'none',
              prehashValue: 'sha256',
              length: 'var-proto',
              prefix: Uint8Array.of(0),
            },
            path: sidesOf(index, leaves.length).map((side, i) => {
              const aunt = aunts[i] as Uint8Array
              return side === 'left'
                ? { hash: 'sha256', prefix: concat([1], aunt), suffix: new Uint8Array(0) }
                : { hash: 'sha256', prefix: Uint8Array.of(1), suffix: aunt }
            }),
          },
        },
      ]
    },
  }
}

/** CometBFT's Merkle map over the stores' roots (`store/internal/maps`). */
function leavesOf(trees: Trees): readonly { readonly leaf: Uint8Array }[] {
  return STORES.map((name) => ({
    leaf: concat(delimited(utf8(name)), delimited(sha256(Iavl.hashOf(trees[name])))),
  }))
}

/** On which side of a leaf its siblings stand, from the bottom up. */
function sidesOf(index: number, count: number): readonly ('left' | 'right')[] {
  if (count === 1) return []
  let split = 1
  while (split * 2 < count) split *= 2
  return index < split
    ? [...sidesOf(index, split), 'right']
    : [...sidesOf(index - split, count - split), 'left']
}

function stateOf(trees: Trees): State {
  const state: State = {
    get: (store, key) => Iavl.get(trees[store], key),
    range: (store, start, end) => [...Iavl.range(trees[store], start, end)],
    branch: () => branchOf(state, () => undefined),
  }
  return state
}

interface Write {
  readonly store: StoreName
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

function branchOf(below: State, flush: (writes: readonly Write[]) => void): Branch {
  const written = new Map<string, Write>()
  const branch: Branch = {
    get: (store, key) => {
      const own = written.get(`${store}/${nameOf(key)}`)
      return own === undefined ? below.get(store, key) : own.value
    },
    range: (store, start, end) => {
      const found = new Map(below.range(store, start, end).map((pair) => [nameOf(pair[0]), pair]))
      for (const { store: of, key, value } of written.values()) {
        if (of !== store || compare(key, start) < 0 || (end !== undefined && compare(key, end) >= 0)) continue
        if (value === undefined) found.delete(nameOf(key))
        else found.set(nameOf(key), [key, value])
      }
      return [...found.values()].sort((a, b) => compare(a[0], b[0]))
    },
    set: (store, key, value) => {
      written.set(`${store}/${nameOf(key)}`, { store, key: key.slice(), value: value?.slice() })
    },
    branch: () =>
      branchOf(branch, (writes) => {
        for (const { store, key, value } of writes) branch.set(store, key, value)
      }),
    commit: () => {
      flush([...written.values()].sort((a, b) => compare(a.key, b.key)))
      written.clear()
    },
  }
  return branch
}
