import {
  type Commit,
  Header,
  type LightBlock,
  LightClient,
  Timestamp,
  ValidatorSet,
  Vote,
} from '@aitbc/proofs/tendermint'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { value } from '../helpers.js'

export const CHAIN = 'test-chain-1'
export const SECOND = Timestamp.SECOND
/** Time of height 0. */
export const GENESIS = 1_700_000_000n * SECOND
export const PERIOD = 1000n * SECOND

export interface Key extends ValidatorSet.Validator {
  readonly secret: Uint8Array
}

const keys = new Map<string, Key>()

/** A validator that signs, by a number. */
export function key(seed: number, power = 10n): Key {
  const name = `${seed}/${power}`
  const known = keys.get(name)
  if (known !== undefined) return known
  const secret = sha256(Uint8Array.of(seed))
  const made = { secret, publicKey: ed25519.getPublicKey(secret), power }
  keys.set(name, made)
  return made
}

/** Validators with these numbers, in their order. */
export function keysOf(...seeds: readonly number[]): readonly Key[] {
  return ValidatorSet.from(seeds.map((seed) => key(seed))) as readonly Key[]
}

export interface Options {
  readonly height: bigint
  readonly validators?: readonly Key[]
  readonly next?: readonly Key[]
  readonly header?: Partial<Header.Header>
  readonly commit?: Partial<Commit.Commit>
  /** The vote of each validator; all for the block unless told. */
  readonly votes?: (index: number) => 'commit' | 'nil' | 'absent'
  /** What is signed for. */
  readonly chainId?: string
}

export const FOUR = keysOf(1, 2, 3, 4)

/** A block, made and signed; a second for each height. */
export function block(options: Options): LightBlock.LightBlock {
  const { height, validators = FOUR, next = validators, votes = () => 'commit' } = options
  const header: Header.Header = {
    version: { block: Header.BLOCK_PROTOCOL, app: 1n },
    chainId: CHAIN,
    height,
    time: GENESIS + height * SECOND,
    lastBlockId: { hash: new Uint8Array(0), parts: { total: 0, hash: new Uint8Array(0) } },
    lastCommitHash: sha256(Uint8Array.of(1)),
    dataHash: sha256(Uint8Array.of(2)),
    validatorsHash: ValidatorSet.hash(validators),
    nextValidatorsHash: ValidatorSet.hash(next),
    consensusHash: sha256(Uint8Array.of(3)),
    appHash: sha256(Uint8Array.of(4, Number(height & 255n))),
    lastResultsHash: sha256(Uint8Array.of(5)),
    evidenceHash: sha256(Uint8Array.of(6)),
    proposerAddress: ValidatorSet.addressOf((validators[0] as Key).publicKey),
    ...options.header,
  }
  const hash = Header.hash(header)
  const blockId = { hash, parts: { total: 1, hash: sha256(hash) } }
  const unsigned = { height, round: 0, blockId, ...options.commit }
  const signatures = validators.map((validator, i): Commit.CommitSig => {
    const flag = votes(i)
    if (flag === 'absent') return { flag }
    const time = header.time + BigInt(i)
    const bytes = Vote.signBytes(options.chainId ?? CHAIN, {
      type: 'precommit',
      height: unsigned.height,
      round: BigInt(unsigned.round),
      blockId: flag === 'commit' ? unsigned.blockId : NO_BLOCK,
      time,
    })
    const address = ValidatorSet.addressOf(validator.publicKey)
    return { flag, address, time, signature: ed25519.sign(bytes, validator.secret) }
  })
  return {
    header,
    commit: { signatures, ...unsigned },
    validators: validators.map(({ publicKey, power }) => ({ publicKey, power })),
  }
}

const NO_BLOCK = { hash: new Uint8Array(0), parts: { total: 0, hash: new Uint8Array(0) } }

/** The clock when a block is a second old. */
export const nowOf = (it: LightBlock.LightBlock) => it.header.time + SECOND

const FIRST = block({ height: 1n })

/** An anchor at a height. */
export function anchor(it: LightBlock.LightBlock = FIRST, next: readonly Key[] = FOUR): LightClient.Anchor {
  return {
    chainId: it.header.chainId,
    hash: Header.hash(it.header),
    header: it.header,
    nextValidators: next.map(({ publicKey, power }) => ({ publicKey, power })),
    trustingPeriod: PERIOD,
    unbondingPeriod: 2n * PERIOD,
  }
}

/** A client that trusts block 1. */
export function client(options: Partial<LightClient.Anchor> = {}): LightClient.State {
  return value(LightClient.trust({ ...anchor(), ...options }))
}

/** What a client says of a block, a second after it was made. */
export function judge(
  state: LightClient.State,
  it: LightBlock.LightBlock,
  next?: readonly Key[],
): ReturnType<typeof LightClient.apply> {
  return LightClient.apply(state, {
    block: it,
    now: nowOf(it),
    ...(next === undefined ? {} : { nextValidators: next }),
  })
}
