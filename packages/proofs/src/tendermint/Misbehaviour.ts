import { Bytes, Verdict } from '@aitbc/core'

import * as LightBlock from './LightBlock.js'
import * as LightClient from './LightClient.js'
import * as Quorum from './Quorum.js'
import * as Signatures from './Signatures.js'
import * as ValidatorSet from './ValidatorSet.js'
import * as Verification from './Verification.js'

/** Proof that validators a client trusted made two blocks that can't both be (CometBFT `spec/light-client/accountability`). */
export interface Evidence {
  /**
   * `lunatic`: a state that the chain never had; `equivocation`: two blocks in one round; `amnesia`: two blocks in different rounds,
   * of which it can't be told who forgot a lock.
   */
  readonly kind: 'lunatic' | 'equivocation' | 'amnesia'
  /** Height of the conflicting block. */
  readonly height: bigint
  /** The trusted block that both sides follow. */
  readonly common: { readonly height: bigint; readonly hash: Bytes.Hash32 }
  readonly trusted: { readonly height: bigint; readonly hash: Bytes.Hash32 }
  readonly conflicting: { readonly height: bigint; readonly hash: Bytes.Hash32 }
  /** Addresses of those whose guilt the signatures prove; none for amnesia. */
  readonly byzantine: readonly Bytes.Bytes[]
}

const STATE = ['validatorsHash', 'nextValidatorsHash', 'consensusHash', 'appHash', 'lastResultsHash'] as const

/**
 * Decides whether a block that a client refused with `conflict` or `time-not-after` proves an attack: whether validators that the client would have
 * followed signed it. `trusted` is the trusted block that it contradicts, with its votes.
 *
 * Refusals: `no-conflict`, `height-below-anchor`, `trusted-block` (not the one that the client trusts), `signature`, and those of
 * `LightBlock.check`, `Verification.block` and `Verification.votes`.
 */
export function verify(
  state: LightClient.State,
  {
    trusted,
    conflicting,
    now,
  }: { trusted: LightBlock.LightBlock; conflicting: LightBlock.LightBlock; now: bigint },
): Verdict.Verdict<Evidence> {
  const { rules } = state
  const { header } = conflicting
  const update: Verification.Update = { block: conflicting, now }
  const known = LightClient.at(state, trusted.header.height)
  const own = LightBlock.check(trusted)
  if (!own.ok) return own
  if (known === undefined || !Bytes.equal(known.hash, own.value.hash))
    return Verdict.refuse('trusted-block', `no such block is trusted at height ${trusted.header.height}`)
  const checked = Verification.block(rules, update)
  if (!checked.ok) return checked
  const { hash } = checked.value
  const apart = known.header.height !== header.height
  if (apart ? !areApart(known, header, hash) : Bytes.equal(known.hash, hash))
    return Verdict.refuse('no-conflict', 'both blocks can stand together')
  const common = LightClient.below(state, header.height)
  if (common === undefined)
    return Verdict.refuse('height-below-anchor', `no block below height ${header.height} is trusted`)
  const checks = Verification.votes(rules, common, update, checked.value)
  if (!checks.ok) return checks
  const signed = Signatures.fold(checks.value, Signatures.noble(checks.value))
  if (!signed.ok) return signed

  const lunatic = apart || STATE.some((field) => !Bytes.equal(header[field], known.header[field]))
  const kind = lunatic
    ? 'lunatic'
    : conflicting.commit.round === trusted.commit.round
      ? 'equivocation'
      : 'amnesia'
  const trustedKeys = common.nextValidators ?? conflicting.validators
  const accused =
    kind === 'lunatic'
      ? inBoth(
          signersOf(rules.chainId, conflicting),
          trustedKeys.map(({ publicKey }) => publicKey),
        )
      : kind === 'equivocation'
        ? inBoth(signersOf(rules.chainId, conflicting), signersOf(rules.chainId, trusted))
        : []
  return Verdict.accept({
    kind,
    height: header.height,
    common: { height: common.header.height, hash: common.hash },
    trusted: { height: known.header.height, hash: known.hash },
    conflicting: { height: header.height, hash },
    byzantine: accused.map(ValidatorSet.addressOf),
  })
}

function areApart(
  known: LightClient.Trusted,
  header: LightBlock.LightBlock['header'],
  hash: Bytes.Hash32,
): boolean {
  return known.header.height > header.height
    ? LightClient.contradicts(known.header, header, hash)
    : LightClient.contradicts(header, known.header, known.hash)
}

/** Keys of all whose vote for a block is really theirs. */
function signersOf(chainId: string, { commit, validators }: LightBlock.LightBlock): readonly Bytes.Bytes32[] {
  if (commit.signatures.length !== validators.length) return []
  const checks = Quorum.checks(chainId, commit, validators, [...validators.keys()])
  const answers = Signatures.noble(checks)
  return checks.filter((_, i) => answers[i] === true).map(({ publicKey }) => publicKey)
}

function inBoth(a: readonly Bytes.Bytes32[], b: readonly Bytes.Bytes32[]): readonly Bytes.Bytes32[] {
  const known = new Set(b.map(Bytes.toHex))
  return a.filter((key) => known.has(Bytes.toHex(key)))
}
