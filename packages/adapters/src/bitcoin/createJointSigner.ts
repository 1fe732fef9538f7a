import type { Bytes, CallOptions, Channel, LockTerms, Network, Signed, Signer, Step } from '@aitbc/core'
import type * as Cooperation from './Cooperation.js'
import { aborted, after, cooperate, type Outcome } from './cooperate.js'
import { createCosigner } from './createCosigner.js'
import { BitcoinErrors } from './errors.js'
import * as Psbt from './internal/psbt.js'

/**
 * A party's signer that asks the counterparty first: claims of `p2tr-musig2` locks are signed by both where it helps in time, and all
 * else, and those where it doesn't, by the signer that is given. Either way it is the same transaction under the same id, so whatever runs the swap
 * (fee bumps, journal, crash) is as before, and a replacement by script stays possible. Refunds, and claims that are armed for a tower, are
 * by script: they must hold without the counterparty.
 *
 * One that `signs: 'refunds'` is for a swap that is given up (`Side.together`): it signs refunds of such locks together, which then needn't wait
 * for the deadline, and nothing else; where the counterparty doesn't help there is no signature.
 *
 * Whoever runs the swap waits for the signature as for a slow wallet, and does nothing else for it meanwhile. So `hold` bounds that wait: after
 * it `sign` rejects with an error that says to ask again, as a runner does at its next look, while the counterparty is still asked; what
 * comes of that, both signatures or the script path, the next call gives at once. Without it, keep `patience` times `tries` to minutes.
 *
 * Errors: those of `signer`, and `SignerRefused` (3115) while the counterparty is asked for longer than `hold`, or where it alone could help; a
 * counterparty's are none.
 *
 * @example
 * import { createJointSigner } from '@aitbc/adapters/bitcoin/musig2'
 * typeof createJointSigner // 'function'
 */
export function createJointSigner(options: createJointSigner.Options): Extract<Signer, { kind: 'signs' }> {
  const { network, signer, privateKey, rules, signs = 'claims', onOutcome, hold, ...rest } = options
  /** The channel is one: sessions follow one another. */
  let last: Promise<unknown> = Promise.resolve()

  const jointly = async (step: Step, call: CallOptions): Promise<Signed | undefined> => {
    if (step.kind !== (signs === 'claims' ? 'claim' : 'refund')) return undefined
    const [input] = Psbt.open(network, step).inputs
    if (input === undefined || !('htlc' in input) || input.armed === true) return undefined
    const { htlc, terms } = input
    const bounds = htlc.kind === 'p2tr' && htlc.both !== undefined ? rules(terms) : undefined
    if (bounds === undefined) return undefined
    const cosigner = createCosigner({ network, terms, privateKey })
    const outcome = await cooperate({ ...rest, ...call, cosigner, step, rules: bounds })
    onOutcome?.(outcome)
    return outcome.is === 'signed' ? outcome.signed : undefined
  }

  const begin = (step: Step, call: CallOptions): Promise<Signed | undefined> => {
    const mine = last.then(() => jointly(step, call)).catch(() => undefined) // the script path needs nobody
    last = mine
    return mine
  }

  /** What is asked for still, by what only one transaction can use: any version that both sign will do. */
  const asked = new Map<string, Promise<{ readonly signed: Signed | undefined }>>()
  const within = async (step: Step, call: CallOptions, seconds: bigint): Promise<Signed | undefined> => {
    const { conflictKey: key } = step
    const mine = asked.get(key) ?? begin(step, call).then((signed) => ({ signed }))
    asked.set(key, mine)
    const first = await Promise.race([mine, aborted((options.timeout ?? after)(seconds))])
    call.signal?.throwIfAborted()
    if (first === undefined)
      throw BitcoinErrors.SignerRefused(
        'the counterparty was asked to sign and has not answered yet; by script it goes without it, in time',
        { conflictKey: key },
      )
    asked.delete(key)
    return first.signed
  }

  return {
    kind: 'signs',
    account: signer.account,
    async sign(step, call = {}) {
      call.signal?.throwIfAborted()
      const signed = await (hold === undefined ? begin(step, call) : within(step, call, hold))
      call.signal?.throwIfAborted()
      if (signed === undefined && signs === 'refunds')
        throw BitcoinErrors.SignerRefused('the counterparty signs no refund before the deadline', {
          conflictKey: step.conflictKey,
        })
      return signed ?? signer.sign(step, call)
    },
  }
}

export declare namespace createJointSigner {
  type Options = {
    readonly network: Network
    /** Signs by script: the party's own, as `createSeedWallet` gives it. */
    readonly signer: Extract<Signer, { kind: 'signs' }>
    /** What is signed together; `claims` unless told. */
    readonly signs?: 'claims' | 'refunds'
    /** The party's key, 32 bytes. */
    readonly privateKey: Bytes.Bytes32
    /** To the counterparty, for this alone: at its other end somebody `help`s. */
    readonly channel: Channel.Channel
    /** How long to wait with a claim of these terms; `undefined` to not ask at all, as while the counterparty can't have been paid yet. */
    readonly rules: (terms: LockTerms.LockTerms) => Cooperation.Rules | undefined
    /** Seconds of the clock that the rules count by. */
    readonly now: () => bigint
    /** Aborts after so many seconds; `AbortSignal.timeout` unless told. */
    readonly timeout?: (seconds: bigint) => AbortSignal
    /** Seconds that one call of `sign` waits at most; as long as the rules let it unless told. */
    readonly hold?: bigint
    /** What came of asking, for people. */
    readonly onOutcome?: (outcome: Outcome) => void
  }
}
