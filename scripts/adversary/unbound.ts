/** Fields of evidence that nothing binds: whoever passes evidence on may change them, and it still shows the same. */
export interface Unbound {
  readonly family: string
  /** As `differences` names them: those that change together, or the one. */
  readonly fields: readonly [string, ...string[]]
  /** Why nothing binds them. */
  readonly why: string
  /** Why that harms nobody: verdicts with and without the change are the same, which is checked for each accepted change. */
  readonly hidden: string
}

const COUNT =
  'no hash commits to the number of transactions; what is bound is the depth of the tree, and whether a node has a right neighbour'
const SURPLUS =
  'votes behind the first that exceed two thirds (and none for no block) are not looked at, as in CometBFT `VerifyCommitLight`'
const VOTES = 'a client keeps the block and its validators, never its votes'
const BESIDE = 'CometBFT writes it beside a validator set, and its hash covers keys and powers only'
const SET = 'a validator set is read as keys with powers, and nothing else is kept of it'
const QUORUM =
  'a threshold is met by any signers beyond it, each of whom is right: which of them are there is the choice of whoever collects them'
const SIGNERS = 'a verdict tells what was signed, never by whom'

/** All of them: a change that is accepted elsewhere is a fault. */
export const UNBOUND: readonly Unbound[] = [
  {
    family: 'bitcoin-merkleblock',
    fields: ['count'],
    why: COUNT,
    hidden: 'a match is told by its index and id, and the index follows from the path',
  },
  {
    family: 'beacon-update',
    fields: ['signatureSlot'],
    why: 'the committee signs the attested header; the slot only selects fork and period, and must lie between that header and the clock',
    hidden: 'a client compares it and tells headers and committees',
  },
  { family: 'light-block', fields: ['commit.signatures[*].signature'], why: SURPLUS, hidden: VOTES },
  { family: 'light-block', fields: ['commit.signatures[*].time'], why: SURPLUS, hidden: VOTES },
  { family: 'light-block', fields: ['commit.signatures[*].flag'], why: SURPLUS, hidden: VOTES },
  { family: 'light-block', fields: ['beside.priorities[*]'], why: BESIDE, hidden: SET },
  { family: 'light-block', fields: ['beside.proposer'], why: BESIDE, hidden: SET },
  { family: 'light-block', fields: ['beside.total'], why: BESIDE, hidden: SET },
  { family: 'grandpa-justification', fields: ['precommits (fewer)'], why: QUORUM, hidden: SIGNERS },
  {
    family: 'grandpa-justification',
    fields: ['precommits (order)'],
    why: 'nodes write votes in the order in which they hold them, and the specification names none',
    hidden: SIGNERS,
  },
  {
    family: 'grandpa-justification',
    fields: ['ancestries (order)'],
    why: 'headers are found by their hashes; nodes write them in the order in which they met them',
    hidden: 'a verdict tells the block that is final, never the way to it',
  },
  {
    family: 'grandpa-warp',
    fields: ['isFinished'],
    why: 'it allows the last fragment to hand over to nobody; where that one does hand over, the flag says nothing',
    hidden: 'a client keeps the final block and its set, never how far the sender could have gone',
  },
  { family: 'attestation', fields: ['by.signatures (fewer)'], why: QUORUM, hidden: SIGNERS },
  { family: 'vaa', fields: ['signatures (fewer)'], why: QUORUM, hidden: SIGNERS },
  {
    family: 'beefy',
    fields: ['signed.bitfield', 'signed.signatures (fewer)'],
    why: QUORUM,
    hidden: SIGNERS,
  },
]
