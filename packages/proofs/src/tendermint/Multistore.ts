import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as CommitmentProof from './ics23/CommitmentProof.js'
import * as ExistenceProof from './ics23/ExistenceProof.js'
import * as ProofSpec from './ics23/ProofSpec.js'
import * as wire from './internal/wire.js'
import * as LightClient from './LightClient.js'

/** What a store of the Cosmos SDK holds at a key; `null` for nothing. */
export interface Statement {
  /** Name of the store, e.g. `ibc`, `bank`, `wasm`. */
  readonly store: string
  readonly key: Bytes.Bytes
  readonly value: Bytes.Bytes | null
}

/** The proofs of a statement: of the key in its store (IAVL), and of the store's root under the app hash. */
export type Proofs = readonly [
  store: CommitmentProof.CommitmentProof,
  multistore: CommitmentProof.CommitmentProof,
]

const TYPES = ['ics23:iavl', 'ics23:simple'] as const

/**
 * Decides what a store holds under an app hash (ICS-23 chained; ibc-go `23-commitment`, "MerkleProof"). Only the store's own proof
 * may be of absence.
 *
 * Refusals: `store-name` (empty, or with a `/`: A33), `multistore-root` (the store's proof leads to no root), and those of
 * `CommitmentProof.verify`.
 */
export function verify(
  appHash: Bytes.Bytes,
  { store, key, value }: Statement,
  [inStore, inMultistore]: Proofs,
): Verdict.Verdict<Bytes.Bytes | null> {
  if (store.length === 0 || store.includes('/'))
    return Verdict.refuse('store-name', `no store has the name ${store}`, { store })
  const root = storeRoot(inStore)
  if (!root.ok) return root
  const name = new TextEncoder().encode(store)
  const under = CommitmentProof.verify(
    appHash,
    ProofSpec.tendermint,
    { key: name, value: root.value },
    inMultistore,
  )
  if (!under.ok) return under
  return CommitmentProof.verify(root.value, ProofSpec.iavl, { key, value }, inStore)
}

/**
 * {@link verify} for the state after a block that a light client knows: the app hash of a height stands in the next header (A33).
 *
 * Refusals: those of `LightClient.appHash` and {@link verify}.
 */
export function verifyAt(
  state: LightClient.State,
  height: bigint,
  statement: Statement,
  proofs: Proofs,
): Verdict.Verdict<Bytes.Bytes | null> {
  const appHash = LightClient.appHash(state, height)
  return appHash.ok ? verify(appHash.value, statement, proofs) : appHash
}

/**
 * Reads the proof of an `abci_query`: `tendermint.crypto.ProofOps` with one operation each for store and multistore. Older range
 * proofs (`iavl:v`, `multistore`) are refused: they let unproved data travel along (A31).
 *
 * Refusals: `protobuf`, `proof-ops` (not two), `proof-op-type`, `proof-op-key`, and those of `CommitmentProof.decode`.
 */
export function decode(
  bytes: Bytes.Bytes,
  { store, key }: Omit<Statement, 'value'>,
): Verdict.Verdict<Proofs> {
  const raw = wire.decode(bytes, (reader) => wire.readMany(reader, 1, readOp))
  return raw.ok ? fromOps(raw.value, { store, key }) : raw
}

/** Writes `tendermint.crypto.ProofOps`. */
export function encode({ store, key }: Omit<Statement, 'value'>, proofs: Proofs): Bytes.Bytes {
  const keys = [key, new TextEncoder().encode(store)]
  return join(
    proofs.map((proof, i) =>
      wire.message(
        1,
        join([
          wire.text(1, TYPES[i] as string),
          wire.bytes(2, keys[i] as Bytes.Bytes),
          wire.bytes(3, CommitmentProof.encode(proof)),
        ]),
      ),
    ),
  )
}

/** An operation of `tendermint.crypto.ProofOps`, as the RPC gives it. */
export interface ProofOp {
  readonly type: string
  readonly key: Bytes.Bytes
  readonly data: Bytes.Bytes
}

/** Takes the operations of a proof. Refusals: those of {@link decode} but `protobuf` of the list itself. */
export function fromOps(
  ops: readonly ProofOp[],
  { store, key }: Omit<Statement, 'value'>,
): Verdict.Verdict<Proofs> {
  if (ops.length !== TYPES.length)
    return Verdict.refuse('proof-ops', `a store's proof has ${TYPES.length} operations, got ${ops.length}`)
  const keys = [key, new TextEncoder().encode(store)]
  const proofs: CommitmentProof.CommitmentProof[] = []
  for (const [index, op] of ops.entries()) {
    if (op.type !== TYPES[index])
      return Verdict.refuse('proof-op-type', `operation ${index} is ${op.type}, not ${TYPES[index]}`, {
        index,
      })
    if (!Bytes.equal(op.key, keys[index] as Bytes.Bytes))
      return Verdict.refuse('proof-op-key', `operation ${index} is of another key`, { index })
    const proof = CommitmentProof.decode(op.data)
    if (!proof.ok) return proof
    proofs.push(proof.value)
  }
  return Verdict.accept(proofs as [CommitmentProof.CommitmentProof, CommitmentProof.CommitmentProof])
}

function readOp(reader: wire.Reader): ProofOp {
  return {
    type: wire.readText(reader, 1),
    key: wire.readBytes(reader, 2),
    data: wire.readBytes(reader, 3),
  }
}

function storeRoot(proof: CommitmentProof.CommitmentProof): Verdict.Verdict<Bytes.Bytes> {
  const refuse = () => Verdict.refuse('multistore-root', "the store's proof leads to no root")
  if (proof.is === 'batch') return refuse()
  const exist = proof.is === 'exist' ? proof.proof : (proof.proof.left ?? proof.proof.right)
  const root = exist === undefined ? refuse() : ExistenceProof.rootOf(exist)
  return root.ok ? root : refuse()
}
