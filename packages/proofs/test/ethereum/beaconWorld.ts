import {
  BeaconConfig,
  ExecutionPayloadHeader,
  LightClientHeader,
  type LightClientUpdate,
  SyncCommittee,
} from '@aitbc/proofs/beacon'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, hex } from '../helpers.js'

const { G1, G2, longSignatures } = bls12_381
const ORDER = G1.Point.Fn.ORDER

/** A validator whose secret is known. */
export interface Member {
  readonly secret: bigint
  readonly pubkey: Uint8Array
}

/** A committee whose secrets are known. */
export interface Committee extends SyncCommittee.SyncCommittee {
  readonly members: readonly Member[]
}

export const bytes32 = (seed: string | bigint): Uint8Array => sha256(new TextEncoder().encode(`${seed}`))

export function member(secret: bigint): Member {
  return { secret, pubkey: G1.Point.BASE.multiply(secret).toBytes(true) }
}

const POOL = Array.from({ length: 24 }, (_, i) => member(BigInt(i + 2) ** 3n))

const committees = new Map<string, Committee>()
const signatures = new Map<string, Uint8Array>()

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const made = known.get(key) ?? make()
  known.set(key, made)
  return made
}

/** The committee of a period: others in each, some of them twice. */
export function committeeOf(period: bigint, size = 32): Committee {
  return once(committees, `${period}/${size}`, () =>
    committee(
      Array.from(
        { length: size },
        (_, i) => POOL[(i * 5 + Number(period) * 7 + (i >> 4)) % POOL.length] as Member,
      ),
    ),
  )
}

export function committee(members: readonly Member[]): Committee {
  const sum = members.reduce((total, { secret }) => (total + secret) % ORDER, 0n)
  const aggregate = sum === 0n ? G1.Point.ZERO : G1.Point.BASE.multiply(sum)
  return { members, pubkeys: members.map(({ pubkey }) => pubkey), aggregatePubkey: aggregate.toBytes(true) }
}

/** A tree of which only some places are known: what a beacon state or block body is to a light client. */
export interface Sparse {
  readonly root: Uint8Array
  readonly branch: (gindex: bigint) => readonly Uint8Array[]
}

export function sparse(leaves: ReadonlyMap<bigint, Uint8Array>): Sparse {
  const inner = new Set<bigint>()
  for (const gindex of leaves.keys()) for (let at = gindex >> 1n; at > 0n; at >>= 1n) inner.add(at)
  const node = (gindex: bigint): Uint8Array =>
    leaves.get(gindex) ??
    (inner.has(gindex) ? sha256(concat(node(gindex * 2n), node(gindex * 2n + 1n))) : bytes32(gindex))
  const branch = (gindex: bigint) => {
    const siblings: Uint8Array[] = []
    for (let at = gindex; at > 1n; at >>= 1n) siblings.push(node(at ^ 1n))
    return siblings
  }
  return { root: node(1n), branch }
}

/** One fork a period, from Altair and Bellatrix in the first on. */
export const config = BeaconConfig.minimal({
  network: 'eip155:31337',
  genesisValidatorsRoot: bytes32('validators'),
  genesisTime: 1_700_000_000n,
  forkEpochs: [0n, 4n, 8n, 16n, 24n, 32n],
})

/** A block whose state calls `finalized` final. */
export interface Block {
  readonly header: LightClientHeader.LightClientHeader
  readonly root: Uint8Array
  readonly state: Sparse
  readonly current: Committee
  readonly next: Committee
  readonly finalized: Block | undefined
}

export interface BlockOptions {
  readonly finalized?: Block
  readonly next?: Committee
  readonly current?: Committee
  readonly execution?: Partial<ExecutionPayloadHeader.ExecutionPayloadHeader>
  readonly config?: BeaconConfig.BeaconConfig
}

export function block(slot: bigint, options: BlockOptions = {}): Block {
  const own = options.config ?? config
  const size = own.preset.committeeSize
  const period = BeaconConfig.periodAt(own, slot)
  const fork = BeaconConfig.forkAt(own, slot)?.fork as BeaconConfig.Fork
  const current = options.current ?? committeeOf(period, size)
  const next = options.next ?? committeeOf(period + 1n, size)
  const deep = BeaconConfig.isFrom(fork, 'electra')
  const type = SyncCommittee.typeOf(size)
  const state = sparse(
    new Map([
      [deep ? 86n : 54n, type.root(current)],
      [deep ? 87n : 55n, type.root(next)],
      [deep ? 169n : 105n, options.finalized?.root ?? new Uint8Array(32)],
    ]),
  )
  const zero = ExecutionPayloadHeader.typeOf(fork).zero
  const payload: ExecutionPayloadHeader.ExecutionPayloadHeader = {
    ...zero,
    blockNumber: slot + 1000n,
    blockHash: bytes32(`execution ${slot}`),
    stateRoot: bytes32(`state ${slot}`),
    timestamp: BeaconConfig.timeOf(own, slot),
    extraData: new Uint8Array(5).fill(7),
    ...options.execution,
  }
  const body = sparse(new Map([[25n, ExecutionPayloadHeader.root(fork, payload)]]))
  const beacon = {
    slot,
    proposerIndex: slot % 64n,
    parentRoot: bytes32(`parent ${slot}`),
    stateRoot: state.root,
    bodyRoot: body.root,
  }
  const header: LightClientHeader.LightClientHeader = {
    beacon,
    ...(BeaconConfig.isFrom(fork, 'capella')
      ? { execution: { header: payload, branch: body.branch(25n) } }
      : {}),
  }
  return {
    header,
    root: LightClientHeader.root(header),
    state,
    current,
    next,
    finalized: options.finalized,
  }
}

/** What signs an update, and what goes into it. */
export interface UpdateOptions {
  readonly signatureSlot?: bigint
  readonly committee?: Committee
  /** Positions that sign; all unless told. */
  readonly signers?: readonly number[]
  /** Positions that the bits claim; the signers unless told. */
  readonly claimed?: readonly number[]
  readonly config?: BeaconConfig.BeaconConfig
  readonly version?: Uint8Array
  readonly dst?: string
  readonly with?: { readonly next?: boolean; readonly finality?: boolean }
}

export function bitsOf(positions: readonly number[], size: number): Uint8Array {
  const bits = new Uint8Array(size / 8)
  for (const i of positions) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7))
  return bits
}

export function update(attested: Block, options: UpdateOptions = {}): LightClientUpdate.LightClientUpdate {
  const own = options.config ?? config
  const { slot } = attested.header.beacon
  const signatureSlot = options.signatureSlot ?? slot + 1n
  const size = own.preset.committeeSize
  const signers = options.signers ?? Array.from({ length: size }, (_, i) => i)
  const deep = BeaconConfig.isFrom(BeaconConfig.forkAt(own, slot)?.fork as BeaconConfig.Fork, 'electra')
  const { next = true, finality = attested.finalized !== undefined } = options.with ?? {}
  const signed = options.committee ?? committeeOf(BeaconConfig.periodAt(own, signatureSlot), size)
  const version = options.version ?? (BeaconConfig.forkAt(own, signatureSlot - 1n)?.version as Uint8Array)
  return {
    attested: attested.header,
    ...(next
      ? {
          next: {
            committee: { pubkeys: attested.next.pubkeys, aggregatePubkey: attested.next.aggregatePubkey },
            branch: attested.state.branch(deep ? 87n : 55n),
          },
        }
      : {}),
    ...(finality && attested.finalized !== undefined
      ? { finality: { header: attested.finalized.header, branch: attested.state.branch(deep ? 169n : 105n) } }
      : {}),
    aggregate: {
      bits: bitsOf(options.claimed ?? signers, size),
      signature: sign(
        signers.map((i) => signed.members[i] as Member),
        BeaconConfig.signingRoot(own, version, attested.root),
        options.dst,
      ),
    },
    signatureSlot,
  }
}

/** The sum of everyone's signature: that of the sum of the secrets. */
export function sign(members: readonly Member[], message: Uint8Array, dst = SyncCommittee.DST): Uint8Array {
  const sum = members.reduce((total, { secret }) => (total + secret) % ORDER, 0n)
  return once(signatures, `${sum}/${hex(message)}/${dst}`, () => {
    const point = sum === 0n ? G2.Point.ZERO : G2.hashToCurve(message, { DST: dst }).multiply(sum)
    return longSignatures.Signature.toBytes(point as never)
  })
}
