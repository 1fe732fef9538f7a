import { Bytes, Hashlock, type Lock, type LockTerms, type Network, type Verdict } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { HubTerms, LockEvidence } from '@aitbc/proofs/revive'
import {
  AuthoritySet,
  BeefyCommitment,
  type BeefyLeaf,
  BinaryMerkleTree,
  Hasher,
  Header,
  Justification,
  ParachainState,
  Scale,
  TrieProof,
} from '@aitbc/proofs/substrate'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { ApiPromise } from '@polkadot/api'
import { HubLock } from '../../src/polkadot/index.js'
import { recorded } from './passetHub.js'
import { type StateTrie, stateTrie } from './stateTrie.js'

// Nodes that answer from what was recorded of a real Hub's runtime, and from a relay chain that a test makes of its heads.

export const hex = (bytes: Uint8Array): `0x${string}` => `0x${Bytes.toHex(bytes)}`
const unhex = (text: unknown) => Bytes.fromHex(String(text).slice(2))

/** Answers of a test's own, by method; `undefined` leaves the node its own. */
export type Answer = (method: string, params: readonly unknown[]) => unknown

/** The value of an accepting verdict; the test fails with the refusal otherwise. */
export function value<T>(verdict: Verdict.Verdict<T>): T {
  if (!verdict.ok) throw new Error(`refused by ${verdict.refusal.check}: ${verdict.refusal.message}`)
  return verdict.value
}

export const refuse = (code: number, message: string) => Object.assign(new Error(message), { code })

/** A header as nodes tell it; of none or one item in its digest. */
export function headerJson(raw: Uint8Array): Record<string, unknown> {
  const { parentHash, number, stateRoot, extrinsicsRoot } = value(Header.decode(raw))
  const at = 96 + Scale.encode(Scale.compact, number).length
  return {
    parentHash: hex(parentHash),
    number: `0x${number.toString(16)}`,
    stateRoot: hex(stateRoot),
    extrinsicsRoot: hex(extrinsicsRoot),
    digest: { logs: raw[at] === 0 ? [] : [hex(raw.slice(at + 1))] },
  }
}

const { polkadotLocal } = networks
export const network: Network = {
  ...polkadotLocal,
  native: { ...polkadotLocal.native, symbol: recorded.network.symbol, decimals: recorded.network.decimals },
  ss58: recorded.network.ss58,
}
export const chainId = BigInt(recorded.chainId)
export const contract = recorded.contract

/** What was recorded of a lock in a block of the Hub. */
export interface Recorded {
  readonly terms: LockTerms.LockTerms
  readonly lock: Lock
  readonly secret: Uint8Array
  readonly header: Uint8Array
  readonly hash: string
  readonly evidence: LockEvidence.LockEvidence
}

const party = (id: string) => ({ account: id, payout: id }) as LockTerms.Party
const secret = Bytes.fromHex(recorded.secret)
/** The lock that was recorded. */
export const terms: LockTerms.LockTerms = {
  version: 1,
  backend: {
    network: network.id,
    kind: 'contract',
    address: recorded.contract,
    codeHash: Bytes.fromHex(HubLock.CODE_HASH),
  },
  asset: network.native.id,
  amount: BigInt(recorded.amount),
  hashlock: Hashlock.of(secret),
  locker: party(recorded.locker),
  beneficiary: party(recorded.beneficiary),
  deadline: { network: network.id, clock: 'unix', value: BigInt(recorded.deadline) },
  salt: Bytes.fromHex(recorded.salt),
}
const ref = hex(HtlcStorage.lockId(value(HubTerms.parameters(terms, { network, chainId }))))
const lock: Lock = { ref, transaction: '', amount: terms.amount, match: 'exact' }

const records = new Map(
  recorded.record.map((it): readonly [string, Recorded] => {
    const nodes = (places: readonly number[]) => places.map((i) => Bytes.fromHex(recorded.nodes[i] ?? ''))
    const evidence: LockEvidence.LockEvidence = {
      header: Bytes.fromHex(it.header),
      contract: nodes(it.contract),
      status: nodes(it.lock),
    }
    return [it.status, { terms, lock, secret, header: evidence.header, hash: `0x${it.block}`, evidence }]
  }),
)
/** The blocks that were recorded. */
export const all = [...records.values()]
export const of = (status: string) => records.get(status) as Recorded

/** A connection to the recorded Hub: it knows these blocks, and of each what its evidence proves. */
export function hubNode(known: readonly Recorded[], answer: Answer = () => undefined): ApiPromise {
  const at = (hash: unknown): Recorded => {
    const found = known.find((one) => one.hash === hash)
    if (found === undefined) throw refuse(4003, 'Client error: UnknownBlock')
    return found
  }
  const inTrie = ({ header, evidence }: Recorded, key: Uint8Array) => {
    const keys = [LockEvidence.contractKey(unhex(contract)), LockEvidence.CLOCK_KEY]
    const found = value(TrieProof.verify(value(Header.decode(header)).stateRoot, keys, evidence.contract))
    return found[keys.findIndex((one) => Bytes.equal(one, key))] ?? null
  }
  const inChild = (one: Recorded, key: Uint8Array) => {
    const { stateRoot } = value(Header.decode(one.header))
    const info = LockEvidence.contractOf(inTrie(one, LockEvidence.contractKey(unhex(contract))))
    const id = info?.trieId ?? new Uint8Array(0)
    const own = LockEvidence.slotKey(unhex(one.lock.ref))
    return Bytes.equal(key, own)
      ? (value(TrieProof.verifyChild(stateRoot, id, [key], one.evidence.status))[0] ?? null)
      : null
  }
  const own = (method: string, params: readonly unknown[]): unknown => {
    const [first, second, third] = params
    switch (method) {
      case 'chain_getBlockHash':
        return first === 0 ? `0x${'45'.repeat(32)}` : (known.at(-1)?.hash ?? null)
      case 'chain_getHeader': {
        const found = known.find((one) => one.hash === first)
        return found === undefined ? null : headerJson(found.header)
      }
      case 'state_getStorage': {
        const found = inTrie(at(second), unhex(first))
        return found === null ? null : hex(found)
      }
      case 'childstate_getStorage': {
        const found = inChild(at(third), unhex(second))
        return found === null ? null : hex(found)
      }
      case 'state_getReadProof':
        return { at: second, proof: at(second).evidence.contract.map(hex) }
      case 'state_getChildReadProof':
        return { at: third, proof: at(third).evidence.status.map(hex) }
      default:
        throw refuse(-32601, `Method not found ${method}`)
    }
  }
  const section = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, method) => ({
          raw: async (...params: readonly unknown[]) => {
            const called = `${name}_${String(method)}`
            return answer(called, params) ?? own(called, params)
          },
        }),
      },
    )
  const rpc = { chain: section('chain'), state: section('state'), childstate: section('childstate') }
  // The one field of a connection that evidence needs.
  return { rpc } as unknown as ApiPromise
}

/** A voter of the relay chain whose key the test has. */
export interface Voter {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
}

export const voters = (count: number, from = 1): readonly Voter[] =>
  Array.from({ length: count }, (_, i) => {
    const key = new Uint8Array(32).fill(from + i)
    return { secret: key, publicKey: ed25519.getPublicKey(key) }
  })

export const setOf = (id: bigint, list: readonly Voter[]): AuthoritySet.AuthoritySet => ({
  id,
  authorities: list.map(({ publicKey }) => ({ publicKey, weight: 1n })),
})

interface Block extends Header.Hashed {
  readonly raw: Uint8Array
}

/** A block on top of another; `hands` over to others, where told. */
export function blockOn(
  parent: Pick<Block, 'hash' | 'number'>,
  stateRoot: Uint8Array,
  hands?: readonly Voter[],
): Block {
  const header = {
    parentHash: parent.hash,
    number: parent.number + 1n,
    stateRoot,
    extrinsicsRoot: new Uint8Array(32).fill(6),
    digest: hands === undefined ? [] : [scheduled(hands)],
  }
  return { ...header, hash: Header.hash(header), raw: Header.encode(header) }
}

/** A change of authorities without delay (`ScheduledChange`). */
function scheduled(list: readonly Voter[]): Header.DigestItem {
  const { authorities } = setOf(0n, list)
  const data = Bytes.concat(
    Uint8Array.of(1),
    Scale.encode(AuthoritySet.type, authorities),
    Scale.encode(Scale.u32, 0),
  )
  return { kind: 'consensus', engine: new TextEncoder().encode('FRNK'), data }
}

/** Votes of some for a block. */
export function justify(
  { hash, number }: Pick<Block, 'hash' | 'number'>,
  list: readonly Voter[],
  setId: bigint,
): Uint8Array {
  const round = 7n
  const vote = { targetHash: hash, targetNumber: number }
  const precommits = list.map(({ secret: key, publicKey }) => ({
    ...vote,
    signature: ed25519.sign(Justification.signBytes({ ...vote, round, setId }), key),
    authority: publicKey,
  }))
  return Justification.encode({ round, ...vote, precommits, ancestries: [] })
}

/** The state of a relay chain with these heads of parachains. */
export const headsOf = (heads: readonly (readonly [number, Uint8Array])[]): StateTrie =>
  stateTrie(
    heads.map(([paraId, head]) => [ParachainState.headKey(paraId), Scale.encode(Scale.bytes, head)] as const),
  )

/** A validator of BEEFY whose key the test has. */
export interface Validator {
  readonly secret: Uint8Array
  readonly address: Uint8Array
}

export const validators = (count: number): readonly Validator[] =>
  Array.from({ length: count }, (_, i) => {
    const key = new Uint8Array(32).fill(i + 1)
    const address = Hasher.keccak256(secp256k1.getPublicKey(key, false).subarray(1)).slice(12)
    return { secret: key, address }
  })

export const validatorSet = (id: bigint, list: readonly Validator[]): BeefyLeaf.ValidatorSet => ({
  id,
  length: list.length,
  root: BinaryMerkleTree.root(list.map(({ address }) => BeefyCommitment.leafOf(address))),
})

/** A commitment to a mountain range, signed by all of at most seven. */
export function committed(
  root: Uint8Array,
  blockNumber: number,
  validatorSetId: bigint,
  list: readonly Validator[],
): Uint8Array {
  const payload = [{ id: Uint8Array.of(0x6d, 0x68), data: root }]
  const commitment = { payload, blockNumber, validatorSetId }
  const digest = BeefyCommitment.hash(commitment)
  const signatures = list.map(({ secret: key }) => {
    const signature = secp256k1.sign(digest, key, { prehash: false, format: 'recovered' })
    return Uint8Array.from([...signature.subarray(1), signature[0] as number])
  })
  const bitfield = Uint8Array.of((0xff << (8 - list.length)) & 0xff)
  return BeefyCommitment.encodeSigned({ commitment, bitfield, validatorCount: list.length, signatures })
}

/** A block of a relay chain that a test made, with its state and what a node has of its finality. */
export interface RelayBlock extends Block {
  readonly state: StateTrie
  readonly justification?: Uint8Array
}

export const RELAY_GENESIS = hex(new Uint8Array(32).fill(0x91))
export const RELAY = `polkadot:${'91'.repeat(16)}` as const

/** A provider to a node of the relay chain: it gives the newest votes of the set of the block that is asked about. */
export function relayNode(
  blocks: readonly RelayBlock[],
  /** Heights at which sets end: votes for blocks up to there lead to there. */
  ends: readonly bigint[] = [],
  answer: Answer = () => undefined,
): { readonly asked: string[]; send(method: string, params: unknown[]): Promise<unknown> } {
  const asked: string[] = []
  const named = (hash: unknown) => blocks.find((block) => hex(block.hash) === hash)
  const last = blocks.findLast(({ justification }) => justification !== undefined)
  const own = (method: string, params: readonly unknown[]): unknown => {
    const [first, second] = params
    switch (method) {
      case 'chain_getBlockHash':
        return first === 0 ? RELAY_GENESIS : null
      case 'chain_getFinalizedHead':
        return hex((last ?? blocks[0] ?? { hash: new Uint8Array(0) }).hash)
      case 'chain_getHeader': {
        const found = named(first)
        return found === undefined ? null : headerJson(found.raw)
      }
      case 'state_getReadProof': {
        const found = named(second)
        if (found === undefined) throw refuse(4003, 'Client error: UnknownBlock')
        return {
          at: second,
          proof: (first as string[]).flatMap((key) => found.state.prove(unhex(key))).map(hex),
        }
      }
      case 'grandpa_proveFinality': {
        const from = BigInt(Number(first))
        if (from > (last?.number ?? 0n))
          throw refuse(3, 'GRANDPA prove finality rpc failed: Block not yet finalized')
        const end = ends.find((height) => from <= height)
        const target = end === undefined ? last : blocks.find(({ number }) => number === end)
        return target?.justification === undefined ? null : finalityProof(target, from, blocks)
      }
      default:
        throw refuse(-32601, `Method not found ${method}`)
    }
  }
  return {
    asked,
    send: async (method, params) => {
      asked.push(method)
      return answer(method, params) ?? own(method, params)
    },
  }
}

/** `FinalityProof`: the block, the votes, and the headers that lead there from the one that was asked about. */
export function finalityProof(target: RelayBlock, from: bigint, blocks: readonly RelayBlock[]): string {
  const between = blocks.filter(({ number }) => number > from && number <= target.number)
  return hex(
    Bytes.concat(
      target.hash,
      Scale.encode(Scale.bytes, target.justification ?? new Uint8Array(0)),
      Scale.encode(Scale.compact, BigInt(between.length)),
      ...between.map(({ raw }) => raw),
    ),
  )
}
