import { Bytes, Hashlock, type LockTerms, type Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { HtlcModule, type LockEvidence } from '@aitbc/proofs/irismod'
import { sha256 } from '@noble/hashes/sha2.js'
import { value } from '../helpers.js'
import { multistoreOf, treeOf } from '../tendermint/trees.js'
import { block, CHAIN, type Options } from '../tendermint/world.js'

export const network: Network = {
  ...networks.irisnet,
  id: `cosmos:${CHAIN}`,
  native: { id: `cosmos:${CHAIN}/slip44:118`, symbol: 'IRIS', decimals: 6 },
}
/** Its hex has letters: the module writes capital ones. */
export const SECRET = new Uint8Array(32).fill(0xab)
export const address = (seed: number): string =>
  HtlcStorage.addressText(new Uint8Array(20).fill(seed), network)

const party = (seed: number): LockTerms.Party => {
  const account = `${network.id}:${address(seed)}` as const
  return { account, payout: account }
}

export const TERMS: LockTerms.LockTerms = {
  version: 1,
  backend: { network: network.id, kind: HtlcModule.KIND },
  asset: network.native.id,
  amount: 1000n,
  hashlock: Hashlock.of(SECRET),
  locker: party(1),
  beneficiary: party(2),
  deadline: { network: network.id, clock: 'height', value: 20_000n },
  salt: new Uint8Array(32).fill(5),
}
export const own = value(HtlcModule.from(TERMS, network))
export const ID = Bytes.toHex(HtlcModule.lockId(own, network)).toUpperCase()
export const SECRET_HEX = Bytes.toHex(SECRET).toUpperCase()

/** What may be another in an entry. */
export type Change = Readonly<Record<string, string | number>>

/** An entry as gogoproto writes `irismod.htlc.HTLC`. */
export function entry(change: Change = {}): Uint8Array {
  const all: Record<string, string | number> = {
    ...{
      id: ID,
      sender: address(1),
      to: address(2),
      receiver: '',
      other: '',
      denom: 'uiris',
      amount: '1000',
    },
    ...{ hash: Bytes.toHex(TERMS.hashlock).toUpperCase(), secret: '', timestamp: 0 },
    ...{ expiry: 20_000, state: 0, closed: 0, transfer: 0, direction: 0 },
    ...change,
  }
  const at = (field: number, name: string) => {
    const it = all[name] as string | number
    return typeof it === 'string' ? text(field, it) : number(field, it)
  }
  const coin = bytes(6, Bytes.concat(at(1, 'denom'), at(2, 'amount')))
  const more = all['more'] === undefined ? [] : [coin]
  return Bytes.concat(
    ...[at(1, 'id'), at(2, 'sender'), at(3, 'to'), at(4, 'receiver'), at(5, 'other'), coin, ...more],
    ...[at(7, 'hash'), at(8, 'secret'), at(9, 'timestamp'), at(10, 'expiry'), at(11, 'state')],
    ...[at(12, 'closed'), at(13, 'transfer'), at(14, 'direction')],
  )
}

export const LOCKED: Change = {}
export const CLAIMED: Change = { state: 1, secret: SECRET_HEX, closed: 19_000 }
export const REFUNDED: Change = { state: 2, closed: 20_000 }

function bytes(field: number, content: Uint8Array): Uint8Array {
  return content.length === 0
    ? content
    : Bytes.concat(Uint8Array.of(field * 8 + 2), varint(content.length), content)
}

function text(field: number, content: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(content))
}

function number(field: number, content: number): Uint8Array {
  return content === 0 ? new Uint8Array(0) : Bytes.concat(Uint8Array.of(field * 8), varint(content))
}

function varint(content: number): Uint8Array {
  const out: number[] = []
  let rest = content
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) + 128)
  return Uint8Array.of(...out, rest)
}

/** A chain's state with, as told, a lock in it, a block that names it, and the evidence for that. */
export function evidenceOf(stored?: Uint8Array, made: Partial<Options> = {}): LockEvidence.LockEvidence {
  const key = HtlcModule.lockKey(HtlcModule.lockId(own, network))
  const entries: [Uint8Array, Uint8Array][] = [
    // Neighbours on both sides: the queue of expiries stands behind the locks, with no values.
    [Uint8Array.of(0, 1), Uint8Array.of(1)],
    [Uint8Array.of(2, 0), new Uint8Array(0)],
    [Uint8Array.of(4), Uint8Array.of(2)],
  ]
  if (stored !== undefined) entries.push([key, stored])
  const store = treeOf('iavl', entries)
  const multistore = multistoreOf({ bank: sha256(Uint8Array.of(8)), htlc: store.root })
  return {
    block: block({ height: 2n, ...made, header: { appHash: multistore.root, ...made.header } }),
    value: stored ?? null,
    proofs: [
      stored === undefined
        ? { is: 'nonexist', proof: store.nonexist(key) }
        : { is: 'exist', proof: store.exist(key) },
      { is: 'exist', proof: multistore.exist(new TextEncoder().encode('htlc')) },
    ],
  }
}
