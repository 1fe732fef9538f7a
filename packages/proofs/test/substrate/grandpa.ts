import { AuthoritySet, Header, Justification, Scale } from '@aitbc/proofs/substrate'
import { ed25519 } from '@noble/curves/ed25519.js'

/** A voter whose key the test has. */
export interface Voter {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
}

export const voters = (count: number, from = 1): readonly Voter[] =>
  Array.from({ length: count }, (_, i) => {
    const secret = new Uint8Array(32).fill(from + i)
    return { secret, publicKey: ed25519.getPublicKey(secret) }
  })

export const setOf = (id: bigint, list: readonly Voter[], weight = 1n): AuthoritySet.AuthoritySet => ({
  id,
  authorities: list.map(({ publicKey }) => ({ publicKey, weight })),
})

export const hash32 = (seed: number) => new Uint8Array(32).fill(seed)

export interface Block extends Header.Hashed {
  readonly raw: Uint8Array
}

/** A block on top of another, with items in its digest. */
export function blockOn(
  parent: Pick<Block, 'hash' | 'number'>,
  digest: readonly Header.DigestItem[] = [],
  stateRoot: Uint8Array = hash32(5),
): Block {
  const header = {
    parentHash: parent.hash,
    number: parent.number + 1n,
    stateRoot,
    extrinsicsRoot: hash32(6),
    digest,
  }
  return { ...header, hash: Header.hash(header), raw: Header.encode(header) }
}

export function chainOf(
  length: number,
  from: Pick<Block, 'hash' | 'number'> = { hash: hash32(9), number: 99n },
) {
  const blocks: Block[] = []
  for (let i = 0; i < length; i++) blocks.push(blockOn(blocks.at(-1) ?? from))
  return blocks
}

const change = Scale.struct({ authorities: AuthoritySet.type, delay: Header.POLKADOT.number })
const log = Scale.variant({
  scheduled: [1, change],
  forced: [2, Scale.struct({ bestFinalized: Header.POLKADOT.number, change })],
  disabled: [3, Scale.u64],
  pause: [4, Header.POLKADOT.number],
})

export const message = (value: Scale.Value<typeof log>): Header.DigestItem => ({
  kind: 'consensus',
  engine: new TextEncoder().encode('FRNK'),
  data: Scale.encode(log, value),
})

export const scheduled = (list: readonly Voter[], delay = 0n): Header.DigestItem =>
  message({ kind: 'scheduled', value: { authorities: setOf(0n, list).authorities, delay } })

export const forced = (list: readonly Voter[]): Header.DigestItem =>
  message({
    kind: 'forced',
    value: { bestFinalized: 1n, change: { authorities: setOf(0n, list).authorities, delay: 0n } },
  })

/** A justification of `target` by voters, each for a block of their own. */
export function justify(
  target: Pick<Block, 'hash' | 'number'>,
  votes: readonly { readonly voter: Voter; readonly block: Pick<Block, 'hash' | 'number'> }[],
  options: {
    readonly setId: bigint
    readonly round?: bigint
    readonly ancestries?: readonly Header.Header[]
  },
): Justification.Justification {
  const { setId, round = 7n, ancestries = [] } = options
  return {
    round,
    targetHash: target.hash,
    targetNumber: target.number,
    ancestries,
    precommits: votes.map(({ voter, block }) => {
      const vote = { targetHash: block.hash, targetNumber: block.number }
      const signature = ed25519.sign(Justification.signBytes({ ...vote, round, setId }), voter.secret)
      return { ...vote, signature, authority: voter.publicKey }
    }),
  }
}

/** All of them for the block itself. */
export const unanimous = (target: Block, list: readonly Voter[], setId: bigint) =>
  justify(
    target,
    list.map((voter) => ({ voter, block: target })),
    { setId },
  )
