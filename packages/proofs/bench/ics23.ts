import { Ics23 } from '@aitbc/proofs/tendermint'
import { Wasm } from '@aitbc/proofs/wasm'
import { iavlSpec, ics23, verifyMembership } from '@confio/ics23'
import { treeOf } from '../test/tendermint/trees.js'
import { type Gate, race } from './gate.js'

const ENTRIES = 1000
const ROUNDS = 9

/** Gate of PERFORMANCE: a value in an IAVL tree of 1,000; both get the proof parsed. */
export async function ics23Existence(): Promise<readonly Gate[]> {
  const hashing = await Wasm.create()
  if (hashing === undefined) throw new Error('this Node runs no WebAssembly')
  const entries = Array.from(
    { length: ENTRIES },
    (_, i) => [Uint8Array.of(1, i >> 8, i & 255), new Uint8Array(40).fill(i)] as const,
  )
  const tree = treeOf('iavl', entries)
  const [key, value] = entries[333] as (typeof entries)[number]
  const proof = tree.exist(key)
  const last = proof.path.at(-1) as Ics23.InnerOp.InnerOp
  const prefix = last.prefix.slice()
  prefix[prefix.length - 2] = (prefix[prefix.length - 2] as number) ^ 1
  const spoilt = { ...proof, path: [...proof.path.slice(0, -1), { ...last, prefix }] }
  const both = (it: Ics23.ExistenceProof.ExistenceProof) => {
    const bytes = Ics23.CommitmentProof.encode({ is: 'exist', proof: it })
    const ours = Ics23.CommitmentProof.decode(bytes)
    if (!ours.ok) throw new Error(ours.refusal.message)
    return { ours: ours.value, theirs: ics23.CommitmentProof.decode(bytes) }
  }
  const gate = await race({
    gate: 'ics23-existence',
    target: 4,
    ours: (it: ReturnType<typeof both>) =>
      Ics23.CommitmentProof.verify(tree.root, tree.spec, { key, value }, it.ours, { hashing }).ok,
    baseline: (it: ReturnType<typeof both>) => verifyMembership(it.theirs, iavlSpec, tree.root, key, value),
    named: `@confio/ics23, a path of ${proof.path.length} nodes`,
    good: both(proof),
    tampered: both(spoilt),
    clock: 'processor',
    rounds: ROUNDS,
  })
  return [gate]
}
