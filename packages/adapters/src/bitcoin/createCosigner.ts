import {
  Bytes,
  Codec,
  LockTerms,
  type Network,
  type Signed,
  type Step,
  TaggedHash,
  Verdict,
} from '@aitbc/core'
import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import { schnorr } from '@noble/curves/secp256k1.js'
import { InvalidContributionErr, nonceAggregate, nonceGen, Session } from '@scure/btc-signer/musig2.js'
import * as Account from './Account.js'
import * as Cooperation from './Cooperation.js'
import { BitcoinErrors } from './errors.js'
import * as KeyPath from './internal/keyPath.js'
import * as Psbt from './internal/psbt.js'
import * as Terms from './internal/terms.js'

/** A session of the asking party: one transaction, one nonce, one answer. */
export interface Asking {
  /** Names the session, as {@link Cooperation.State} does. */
  readonly session: string
  /** What the counterparty is to be sent. */
  readonly message: Bytes.Bytes
  /**
   * Takes the answer and makes the transaction whole; the session is over then, whatever came. Total. Refusals: `message`,
   * `session` (an answer to another ask: this one goes on), `session-over`, `declined`, `public-nonce` and `partial-signature` (the
   * counterparty's, as named), `signature`.
   */
  finish(answer: Bytes.Bytes): Verdict.Verdict<Signed>
  /** Forgets the nonce: nothing can be made of this session any more. */
  forget(): void
}

/** One party's half of the key of a lock. */
export interface Cosigner {
  /**
   * Opens a session for a claim or refund that the adapter prepared of this lock (`prepare` or `arm`): the very same transaction, but that a
   * refund doesn't wait for the deadline. What comes of it is submitted and followed as the prepared one would be; `replace` goes by script.
   *
   * Errors: `InvalidStep` (3113), `KeyMismatch` (3116) where it is the other party's step.
   */
  ask(step: Step): Asking
  /**
   * Answers an ask with a partial signature, where leave was given (`Cooperation.permit`) for that lock and that way; the transaction
   * is made of the own terms. Total. Refusals: `message`, `not-permitted`, `lock`, `paid`, `public-nonce`, `session-over` (asked before), `sessions`
   * (asked too often).
   */
  answer(ask: Bytes.Bytes, permit: Cooperation.Permit): Verdict.Verdict<Bytes.Bytes>
  /** Declines an ask; refusals as for a message that is none. */
  decline(ask: Bytes.Bytes): Verdict.Verdict<Bytes.Bytes>
}

/** Sessions that a party helps with for one lock: each may have another fee, none makes another transaction possible. */
const MAX_SESSIONS = 16

/**
 * One party's half of the key of a `p2tr-musig2` lock: two messages make a signature by BIP-327. When a party may help, `Cooperation`
 * tells; the machine that asks, waits and goes by script is `Cooperation.step`.
 *
 * The helping party makes its nonce and uses it in one call, from fresh randomness, its key and all that was asked, the other nonce included:
 * nothing that is sent can make one nonce sign twice, not even where the randomness fails. The asking party's nonce lives in the session
 * alone and is gone with its first use, or its first failure.
 *
 * Errors: those of `Terms` (`UnsupportedTerms` 3104, …) and `KeyMismatch` (3116) where the key is neither party's.
 *
 * @example
 * import { createCosigner } from '@aitbc/adapters/bitcoin/musig2'
 * typeof createCosigner // 'function'
 */
export function createCosigner(options: createCosigner.Options): Cosigner {
  const { network, privateKey, random = randomBytes } = options
  const { terms, htlc } = Terms.check(network, options.terms)
  if (htlc.kind !== 'p2tr' || htlc.both === undefined)
    throw BitcoinErrors.UnsupportedTerms(
      `terms.backend.kind must be p2tr-musig2, got ${terms.backend.kind}`,
      { argument: 'terms.backend.kind', received: terms.backend.kind },
    )
  const { both } = htlc
  Bytes.assert(privateKey, 32, 'privateKey')
  const secretKey = privateKey.slice()
  const publicKey = Account.publicKey(secretKey)
  const side = (['locker', 'beneficiary'] as const).find((one) =>
    Bytes.equal(terms[one].publicKey as Bytes.Bytes, publicKey),
  )
  if (side === undefined)
    throw BitcoinErrors.KeyMismatch("privateKey must be one of the two parties' of the terms", {
      argument: 'privateKey',
      received: Bytes.toHex(publicKey),
    })
  const mine = both.keys.findIndex((key) => Bytes.equal(key, publicKey))
  const own: Cooperation.Path = side === 'beneficiary' ? 'claim' : 'refund'
  const id = LockTerms.id(terms)
  const tweak = TaggedHash.of('TapTweak', htlc.internalKey, htlc.merkleRoot)
  const answered = new Set<string>()
  let asked = 0n

  /** The nonces of one session: BIP-327's own derivation, from all that is known of it. */
  const nonces = (message: Bytes.Bytes, extra: Bytes.Bytes) => {
    const fresh = random(32)
    Bytes.assert(fresh, 32, 'random')
    return nonceGen(publicKey, secretKey, htlc.outputKey, message, extra, fresh)
  }
  /** The two public nonces in the order of the keys. */
  const inOrder = (ours: Bytes.Bytes, theirs: Bytes.Bytes) => (mine === 0 ? [ours, theirs] : [theirs, ours])
  /** BIP-327 with the tweak of BIP-341; the refusal is about the other party's nonce, as the own one is right. */
  const sessionOf = (message: Bytes.Bytes, publicNonces: Bytes.Bytes[]): Verdict.Verdict<Session> => {
    try {
      const sum = nonceAggregate(publicNonces)
      return Verdict.accept(new Session(sum, [...both.keys], message, [tweak], [true]))
    } catch (error) {
      if (!(error instanceof InvalidContributionErr)) throw error
      return Verdict.refuse('public-nonce', "the counterparty's public nonce is no pair of points")
    }
  }
  /** The transaction of a session: all of it follows from the terms and the ask. */
  const transactionOf = (ask: Omit<Cooperation.Ask, 'nonce'>): Transaction.Transaction => ({
    version: 2,
    inputs: [
      {
        txid: Hash256.fromDisplay(ask.txid),
        index: ask.index,
        script: new Uint8Array(0),
        sequence: Psbt.SEQUENCE,
        witness: [],
      },
    ],
    outputs: [{ amount: ask.paid, script: both[ask.path] }],
    lockTime: 0,
  })

  return {
    ask(step) {
      const joint = jointly(network, terms, both[own], step)
      const draft = { is: 'ask', terms: id, path: own, ...joint.lock } as const
      const transaction = transactionOf(draft)
      if (!Bytes.equal(Transaction.txid(transaction), joint.txid))
        throw BitcoinErrors.InvalidStep(
          'step is no transaction that the counterparty would make of the terms',
          {
            argument: 'step',
            received: step.kind,
          },
        )
      const message = KeyPath.message(htlc, Transaction.encode(transaction), draft.amount)
      // The count keeps two sessions of one transaction apart where the randomness fails.
      const made = nonces(message, Bytes.concat(id, Codec.writer().u64(asked++).finish()))
      const ask: Cooperation.Ask = { ...draft, nonce: made.public }
      const session = Cooperation.sessionOf(ask)
      let secret: Bytes.Bytes | undefined = made.secret
      const forget = (): void => {
        secret?.fill(0)
        secret = undefined
      }
      const finish = (bytes: Bytes.Bytes): Verdict.Verdict<Signed> => {
        const read = Cooperation.decode(bytes)
        if (!read.ok) return read
        const { value: answer } = read
        if (answer.is === 'ask' || !Bytes.equal(answer.session, session))
          return Verdict.refuse('session', 'the message answers another ask')
        const nonce = secret
        if (nonce === undefined) return Verdict.refuse('session-over', 'the session had its answer already')
        // Taken before anything can fail: nothing signs with it a second time.
        secret = undefined
        try {
          if (answer.is === 'decline') return Verdict.refuse('declined', 'the counterparty declined')
          const publicNonces = inOrder(made.public, answer.nonce)
          const opened = sessionOf(message, publicNonces)
          if (!opened.ok) return opened
          if (!opened.value.partialSigVerify(answer.partial, publicNonces, 1 - mine))
            return Verdict.refuse(
              'partial-signature',
              "the counterparty's partial signature isn't one of this transaction by its key",
            )
          const partials = inOrder(opened.value.sign(nonce, secretKey), answer.partial)
          const signature = opened.value.partialSigAgg(partials)
          if (!schnorr.verify(signature, message, htlc.outputKey))
            return Verdict.refuse('signature', 'what both signed is no signature by the output key')
          const inputs = transaction.inputs.map((input) => ({ ...input, witness: [signature] }))
          return Verdict.accept({
            step: joint.step,
            id: Hash256.toDisplay(joint.txid),
            raw: Transaction.encode({ ...transaction, inputs }),
          })
        } finally {
          nonce.fill(0)
        }
      }
      return { session: Cooperation.nameOf(session), message: Cooperation.encode(ask), finish, forget }
    },
    answer(bytes, permit) {
      const read = readAsk(bytes)
      if (!read.ok) return read
      const { value: ask } = read
      const sameTerms = Bytes.equal(ask.terms, id) && Bytes.equal(LockTerms.id(permit.terms), id)
      if (!sameTerms || ask.path === own || ask.path !== permit.path)
        return Verdict.refuse('not-permitted', `no leave was given for a ${ask.path} of this lock`)
      if (permit.ref !== `${ask.txid}:${ask.index}` || permit.amount !== ask.amount)
        return Verdict.refuse(
          'lock',
          `leave was given for the lock ${permit.ref} of ${permit.amount} sat alone`,
        )
      if (ask.paid > ask.amount || ask.paid < Account.dust(network, both[ask.path]))
        return Verdict.refuse('paid', `${ask.paid} of ${ask.amount} sat is dust, or more than there is`)
      const session = Cooperation.sessionOf(ask)
      const name = Cooperation.nameOf(session)
      if (answered.has(name)) return Verdict.refuse('session-over', 'the ask had its answer already')
      if (answered.size >= MAX_SESSIONS)
        return Verdict.refuse('sessions', `more than ${MAX_SESSIONS} sessions were asked for`)
      const message = KeyPath.message(htlc, Transaction.encode(transactionOf(ask)), ask.amount)
      const made = nonces(message, bytes)
      try {
        const opened = sessionOf(message, inOrder(made.public, ask.nonce))
        if (!opened.ok) return opened
        answered.add(name)
        const partial = opened.value.sign(made.secret, secretKey)
        return Verdict.accept(Cooperation.encode({ is: 'answer', session, nonce: made.public, partial }))
      } finally {
        made.secret.fill(0)
      }
    },
    decline(bytes) {
      const read = readAsk(bytes)
      return read.ok
        ? Verdict.accept(Cooperation.encode({ is: 'decline', session: Cooperation.sessionOf(read.value) }))
        : read
    },
  }
}

export declare namespace createCosigner {
  type Options = {
    readonly network: Network
    /** Terms of the lock, of kind `p2tr-musig2`. */
    readonly terms: LockTerms.LockTerms
    /** The party's key, 32 bytes: `SwapSeed.derive(share, 'party', nonce)`. */
    readonly privateKey: Bytes.Bytes32
    /** Fresh random bytes; the platform's unless told. */
    readonly random?: (length: number) => Bytes.Bytes
  }
}

function readAsk(bytes: Bytes.Bytes): Verdict.Verdict<Cooperation.Ask> {
  const read = Cooperation.decode(bytes)
  if (!read.ok) return read
  return read.value.is === 'ask'
    ? Verdict.accept(read.value)
    : Verdict.refuse('message', `an ask is expected, got ${read.value.is}`)
}

/** A prepared claim or refund as both sign it: one input, the lock; one output, to `payout`; at once. */
function jointly(network: Network, terms: LockTerms.LockTerms, payout: Bytes.Bytes, step: Step) {
  const { inputs, transaction, attempts } = Psbt.open(network, step)
  const [input] = inputs
  const [output] = transaction.outputs
  if (
    input === undefined ||
    !('htlc' in input) ||
    output === undefined ||
    !Bytes.equal(LockTerms.id(input.terms), LockTerms.id(terms))
  )
    throw BitcoinErrors.InvalidStep('step must be a claim or refund of the lock', {
      argument: 'step',
      received: step.kind,
    })
  if (!Bytes.equal(output.script, payout))
    throw BitcoinErrors.KeyMismatch(`the ${step.kind} is the other party's to ask for`, {
      from: step.from,
      step: step.kind,
    })
  const { validFrom: _, ...rest } = step
  const { txid, index, amount } = input
  // A refund waits for the deadline by its script alone; the two sign for now.
  const { outputs, lockTime } = transaction
  const payload = lockTime === 0 ? step.payload : Psbt.build({ inputs: [input], outputs, attempts })
  return {
    step: { ...rest, payload },
    lock: { txid, index, amount, paid: output.amount },
    txid: Transaction.txid({ ...transaction, lockTime: 0 }),
  }
}

function randomBytes(length: number): Bytes.Bytes {
  return crypto.getRandomValues(new Uint8Array(length))
}
