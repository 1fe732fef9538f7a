import { Bytes, Hashlock, type LockTerms, type Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcStorage, type LockEvidence } from '@aitbc/proofs/cosmwasm'
import type { LightBlock } from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import { value } from '../helpers.js'
import { multistoreOf, treeOf } from '../tendermint/trees.js'
import { block, CHAIN, type Options } from '../tendermint/world.js'

export const network: Network = {
  ...networks.cosmosLocal,
  id: `cosmos:${CHAIN}`,
  native: { id: `cosmos:${CHAIN}/slip44:118`, symbol: 'ATOM', decimals: 6 },
}
export const SECRET = new Uint8Array(32).fill(7)
export const CODE_HASH = sha256(Uint8Array.of(1))
export const address = (seed: number, length: 20 | 32 = 20): string =>
  HtlcStorage.addressText(new Uint8Array(length).fill(seed), network)
export const CONTRACT = address(9, 32)

const party = (seed: number): LockTerms.Party => {
  const account = `${network.id}:${address(seed)}` as const
  return { account, payout: account }
}

export const TERMS: LockTerms.LockTerms = {
  version: 1,
  backend: { network: network.id, kind: 'cosmwasm', address: CONTRACT, codeHash: CODE_HASH },
  asset: network.native.id,
  amount: 1000n,
  hashlock: Hashlock.of(SECRET),
  locker: party(1),
  beneficiary: party(2),
  deadline: { network: network.id, clock: 'unix', value: 1_900_000_000n },
  salt: new Uint8Array(32).fill(5),
}

/** The entry that the contract keeps of a lock, from its source (`programs/cosmos/htlc.as`). */
export function entry(
  outcome: string,
  terms: LockTerms.LockTerms = TERMS,
  changes: { readonly amount?: string; readonly recipient?: string } = {},
): Uint8Array {
  const it = value(HtlcStorage.from(terms, network))
  const { amount = String(it.amount), recipient = it.recipient } = changes
  const balance =
    it.kind === 'native'
      ? `{"native":[{"denom":"${it.asset}","amount":"${amount}"}]}`
      : `{"cw20":{"address":"${it.asset}","amount":"${amount}"}}`
  return utf8(
    `{"id":"${Bytes.toHex(HtlcStorage.lockId(it))}","hash":"${Bytes.toHex(it.hashlock)}","recipient":"${recipient}","source":"${it.source}",` +
      `"expires":{"at_time":"${it.expires}"},"balance":${balance},"salt":"${Bytes.toHex(it.salt)}","number":3,${outcome}}`,
  )
}

export const LOCKED = '"status":"locked","paid":false'
export const CLAIMED = `"status":"claimed","paid":true,"secret":"${Bytes.toHex(SECRET)}"`
export const REFUNDED = '"status":"refunded","paid":true'

/** A field of bytes. */
export function field(number: number, bytes: Uint8Array | string): Uint8Array {
  const content = typeof bytes === 'string' ? utf8(bytes) : bytes
  return Bytes.concat(Uint8Array.of((number << 3) | 2, content.length), content)
}

/** `ContractInfo` of wasmd, as gogoproto writes it. */
export function contractInfo(codeId: number, admin = ''): Uint8Array {
  return Bytes.concat(
    Uint8Array.of(8, codeId),
    field(2, address(3)),
    admin === '' ? new Uint8Array(0) : field(3, admin),
    field(4, 'htlc'),
    field(5, Uint8Array.of(8, 12)),
  )
}

/** `CodeInfo` of wasmd: its permission is written also where it is the default. */
export function codeInfo(hash: Uint8Array): Uint8Array {
  return Bytes.concat(field(1, hash), field(2, address(3)), field(5, Uint8Array.of(8, 3)))
}

export interface StoreOptions {
  readonly terms?: LockTerms.LockTerms
  /** The lock's entry; none unless told. */
  readonly entry?: Uint8Array | undefined
  readonly contract?: Uint8Array | null
  readonly code?: Uint8Array | null
  /** What the module knows of a second code of the contract. */
  readonly history?: Uint8Array
  readonly block?: Partial<Options>
}

/** A chain's state with a contract and, as told, a lock in it, a block that names it, and the evidence for that. */
export function evidenceOf(options: StoreOptions = {}): LockEvidence.LockEvidence {
  const { terms = TERMS, contract = contractInfo(2), code = codeInfo(CODE_HASH) } = options
  const it = value(HtlcStorage.from(terms, network))
  const bytes = HtlcStorage.addressBytes(it.contract, network) as Uint8Array
  const entries: [Uint8Array, Uint8Array][] = [
    // Neighbours on both sides, as a store of a real chain has them.
    [Uint8Array.of(0, 1), Uint8Array.of(1)],
    [Uint8Array.of(9), Uint8Array.of(2)],
  ]
  const keys = {
    contract: HtlcStorage.contractKey(bytes),
    history: HtlcStorage.historyKey(bytes),
    code: HtlcStorage.codeKey(2n),
    lock: HtlcStorage.lockKey(bytes, HtlcStorage.lockId(it)),
  }
  if (contract !== null) entries.push([keys.contract, contract])
  if (options.history !== undefined) entries.push([keys.history, options.history])
  if (code !== null) entries.push([keys.code, code])
  if (options.entry !== undefined) entries.push([keys.lock, options.entry])
  const store = treeOf('iavl', entries)
  const multistore = multistoreOf({ bank: sha256(Uint8Array.of(8)), wasm: store.root })
  const at = (key: Uint8Array): LockEvidence.Stored => {
    const found = entries.find(([other]) => Bytes.equal(other, key))
    return found === undefined
      ? { value: null, proof: { is: 'nonexist', proof: store.nonexist(key) } }
      : { value: found[1], proof: { is: 'exist', proof: store.exist(key) } }
  }
  const made: LightBlock.LightBlock = block({
    height: 2n,
    ...options.block,
    header: { appHash: multistore.root, ...options.block?.header },
  })
  return {
    block: made,
    store: { is: 'exist', proof: multistore.exist(utf8('wasm')) },
    contract: at(keys.contract),
    history: at(keys.history),
    code: at(keys.code),
    lock: at(keys.lock),
  }
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
