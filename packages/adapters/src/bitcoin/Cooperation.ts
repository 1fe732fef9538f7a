import { Bytes, Codec, isAitbcError, type LockTerms, TaggedHash, Verdict } from '@aitbc/core'

// When both parties may sign for a lock together, the messages by which they do, and when to stop waiting for it. Pure.
//
// A spend by both parties' key shows no secret, knows no deadline and pays to either party. So what follows from it is not what follows
// from a script: it is what the party that signed knew then. The rules:
//
// 1. Who gains, asks, and makes the transaction whole and sends it: the beneficiary asks for a claim, the locker for a refund. Who helps
//    gives one partial signature away, and can never send that transaction.
// 2. A partial signature can't be taken back: whoever gave one treats the lock as spent that way from then on, whether or not the
//    chain ever shows it. So what it rests on is journaled before it leaves.
// 3. The locker helps with the claim of its own lock once its incoming leg is claimed by itself, for good, and the secret is public. Then
//    its lock is paid for, and had an endpoint lied about that, the beneficiary could still do by script what it does by this.
// 4. The beneficiary helps with the refund of the lock that it could claim once it will never claim it: it goes no further (journaled), the
//    secret is not public, and nobody can take its own lock for it: it never made one, and never will, or has it back for good. That it has
//    it back is a fact of the chain, and here a lie about it costs the lock: it takes what an incoming lock takes before a secret is
//    revealed (S12). An initiator could seem to do so with its own lock out, which opens by its secret alone; but that it never reveals it is
//    in its journal only: rebuilt from its seed and the chains, it would take its incoming lock for good, and reveal.
// 5. On chain therefore: a claim without a secret of my own lock says that I was paid before; a refund of my incoming lock says that I had
//    given it up before. Of both, my journal (or, after losing it, my other leg) says the same. If it doesn't, a key was stolen.
//    Nobody learns a secret from either, nor that it is or isn't public.
// 6. The scripts stay. They are what is safe; this is cheaper and shows less. Whoever waits for the counterparty, waits no longer
//    than the script path leaves time for, and no answer at all is never worse than the wait.
// 7. A nonce signs once. Nonces are of one session, kept in memory alone: after a crash there is a new session.

/** What both parties sign for. */
export type Path = 'claim' | 'refund'

/** What a party that is asked to help knows of its swap, each for good: final by the networks' rules, and journaled. */
export interface Standing {
  readonly role: 'initiator' | 'follower'
  /** The secret left its owner: it was revealed by this party, or learned. */
  readonly revealed: boolean
  /** This party goes no further towards the exchange: it will neither lock nor reveal any more. */
  readonly stopped: boolean
  /** This party's own locks: `none` was made (and none will be, where `stopped`), some may be spent yet, or all are settled. */
  readonly own: 'none' | 'open' | 'claimed' | 'refunded'
  /** The agreed amount of the incoming leg was claimed by this party. */
  readonly received: boolean
}

declare const permitted: unique symbol

/** Leave to help with one spend of one lock, as {@link permit} gives it. */
export interface Permit {
  readonly terms: LockTerms.LockTerms
  /** The lock, `txid:vout`. */
  readonly ref: string
  /** Satoshi. */
  readonly amount: bigint
  readonly path: Path
  readonly [permitted]: true
}

/**
 * Decides whether a party may help its counterparty to spend a lock by both keys, by the rules 3 and 4: whether all that it could still
 * lose by it is settled already. Journal what it rests on before the partial signature leaves.
 *
 * Refusals: `unpaid` (a claim, and the own incoming leg isn't claimed for good), `not-stopped`, `secret-public`, `own-lock` (a refund, and
 * the own lock could still be claimed by the secret), `no-key-path` (another kind of lock).
 *
 * @example
 * import { Cooperation } from '@aitbc/adapters/bitcoin/musig2'
 * Cooperation.judge('claim', { role: 'initiator', revealed: true, stopped: false, own: 'open', received: false }).ok // false
 */
export function judge(path: Path, standing: Standing): Verdict.Verdict<Path> {
  const { role, revealed, stopped, own, received } = standing
  if (path === 'claim')
    return received && (revealed || role === 'follower')
      ? Verdict.accept(path)
      : Verdict.refuse(
          'unpaid',
          'the own incoming leg must be claimed for good before the own lock is given away',
        )
  if (!stopped)
    return Verdict.refuse('not-stopped', 'a party that may still lock or reveal needs its incoming lock')
  if (revealed || received)
    return Verdict.refuse(
      'secret-public',
      'with a public secret the incoming lock is claimed, not given back',
    )
  if (own !== 'none' && own !== 'refunded')
    return Verdict.refuse('own-lock', `the own lock is ${own}: the counterparty could have both`)
  return Verdict.accept(path)
}

/** Leave to help, where {@link judge} gives it; the lock is one that this party found itself. */
export function permit(
  path: Path,
  standing: Standing,
  { terms, ref, amount }: Pick<Permit, 'terms' | 'ref' | 'amount'>,
): Verdict.Verdict<Permit> {
  if (terms.backend.kind !== 'p2tr-musig2')
    return Verdict.refuse('no-key-path', `a lock of kind ${terms.backend.kind} has no key of both parties`)
  const verdict = judge(path, standing)
  return verdict.ok ? Verdict.accept({ terms, ref, amount, path } as Permit) : verdict
}

/** Asks for a partial signature: the transaction is made of the terms and of this alone. */
export interface Ask {
  readonly is: 'ask'
  /** Id of the lock's terms. */
  readonly terms: Bytes.Hash32
  /** The lock's transaction in display form, and its output. */
  readonly txid: string
  readonly index: number
  /** Satoshi that the lock holds. */
  readonly amount: bigint
  readonly path: Path
  /** Satoshi that are paid out; the rest is the fee, and the asking party's. */
  readonly paid: bigint
  /** Public nonce of BIP-327, 66 bytes. */
  readonly nonce: Bytes.Bytes
}

/** The answer: the helping party's public nonce and partial signature. */
export interface Answer {
  readonly is: 'answer'
  readonly session: Bytes.Hash32
  readonly nonce: Bytes.Bytes
  readonly partial: Bytes.Bytes32
}

/** The other answer: not (yet). */
export interface Decline {
  readonly is: 'decline'
  readonly session: Bytes.Hash32
}

export type Message = Ask | Answer | Decline

const VERSION = 1
const KINDS = ['ask', 'answer', 'decline'] as const
const PATHS = ['claim', 'refund'] as const
/** No message is longer, bytes. */
export const MAX_MESSAGE = 256

/** Writes a message in its one form. */
export function encode(message: Message): Bytes.Bytes {
  const writer = Codec.writer().u8(VERSION).u8(KINDS.indexOf(message.is))
  if (message.is === 'decline') return writer.fixed(message.session).finish()
  if (message.is === 'answer')
    return writer.fixed(message.session).fixed(message.nonce).fixed(message.partial).finish()
  return writer
    .fixed(message.terms)
    .fixed(Bytes.fromHex(message.txid))
    .u32(message.index)
    .u64(message.amount)
    .u8(PATHS.indexOf(message.path))
    .u64(message.paid)
    .fixed(message.nonce)
    .finish()
}

/**
 * Reads a message; total. Refusal: `message`.
 *
 * @example
 * import { Cooperation } from '@aitbc/adapters/bitcoin/musig2'
 * Cooperation.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Message> {
  const malformed = (why: string) =>
    Verdict.refuse('message', `the counterparty's message is malformed: ${why}`)
  if (!(bytes instanceof Uint8Array) || bytes.length > MAX_MESSAGE)
    return malformed(`at most ${MAX_MESSAGE} bytes are expected`)
  try {
    const reader = Codec.reader(bytes)
    const version = reader.u8()
    if (version !== VERSION) return malformed(`version ${version} is unknown`)
    const is = KINDS[reader.u8()]
    if (is === undefined) return malformed('its kind is unknown')
    const first = reader.fixed(32)
    if (is === 'decline') {
      reader.finish()
      return Verdict.accept({ is, session: first })
    }
    if (is === 'answer') {
      const answer: Answer = { is, session: first, nonce: reader.fixed(66), partial: reader.fixed(32) }
      reader.finish()
      return Verdict.accept(answer)
    }
    const txid = Bytes.toHex(reader.fixed(32))
    const [index, amount] = [reader.u32(), reader.u64()]
    const path = PATHS[reader.u8()]
    if (path === undefined) return malformed('it asks for neither claim nor refund')
    const ask: Ask = {
      is,
      terms: first,
      txid,
      index,
      amount,
      path,
      paid: reader.u64(),
      nonce: reader.fixed(66),
    }
    reader.finish()
    return Verdict.accept(ask)
  } catch (error) {
    if (!isAitbcError(error, 'InvalidEncoding')) throw error
    return malformed(error.message)
  }
}

/** Names the session that an ask opens: every byte of it, the nonce included. */
export function sessionOf(ask: Ask): Bytes.Hash32 {
  return TaggedHash.of('aitbc/bitcoin-session/v1', encode(ask))
}

/** How long the asking party waits. Seconds of its own clock throughout. */
export interface Rules {
  /** For one answer. */
  readonly patience: bigint
  /** Sessions in all. */
  readonly tries: number
  /**
   * From then on only the scripts count: for a claim, as long before the deadline as a claim by script needs to be in a block
   * for good; for a refund, the deadline.
   */
  readonly latest: bigint
}

/** Where the asking party stands; plain data, without nonces. A session is named in hex. */
export type State =
  | { readonly is: 'idle'; readonly tried: number }
  | { readonly is: 'asking'; readonly tried: number; readonly session: string; readonly until: bigint }
  /** The transaction of both is sent: it conflicts with every other spend, so it costs nothing should the script path be taken after all. */
  | { readonly is: 'sent' }
  /** By script from now on. */
  | { readonly is: 'script'; readonly why: Why }
  | { readonly is: 'over' }

/** Why the script path is taken: the time is up, no partial signature came, what came was none, or the chain doesn't take what both signed. */
export type Why = 'late' | 'silence' | 'malformed' | 'stuck'

/** What happens to the asking party; `now` never goes back. */
export type Event =
  /** The party wants to ask; `session` names what it would send. */
  | { readonly is: 'begin'; readonly session: string; readonly now: bigint }
  /** An answer came, and was judged: whole, or not what was asked for. */
  | { readonly is: 'answer'; readonly session: string; readonly good: boolean; readonly now: bigint }
  | { readonly is: 'decline'; readonly session: string; readonly now: bigint }
  | { readonly is: 'time'; readonly now: bigint }
  /** The process began anew: nonces are gone. */
  | { readonly is: 'restart'; readonly now: bigint }
  /** Something spent the lock, for good. */
  | { readonly is: 'spent'; readonly now: bigint }

/** What the shell does; each is safe to do twice. */
export type Command =
  | { readonly do: 'ask'; readonly session: string }
  /** Send the transaction of both. */
  | { readonly do: 'submit'; readonly session: string }
  /** Forget the session's nonce. */
  | { readonly do: 'forget'; readonly session: string }
  /** Go by script; the scripts' own times hold. */
  | { readonly do: 'script'; readonly why: Why }

/** The state after an event, and what is to be done. */
export interface Transition {
  readonly state: State
  readonly commands: readonly Command[]
}

export const START: State = { is: 'idle', tried: 0 }

/**
 * The asking party's machine: asks a bounded number of times, each for a bounded time, and goes by script where the counterparty is
 * silent, sends something else, or the time is up. Once by script, always by script; a session is asked for once and answered once.
 *
 * @example
 * import { Cooperation } from '@aitbc/adapters/bitcoin/musig2'
 * const rules = { patience: 60n, tries: 3, latest: 1000n }
 * Cooperation.step(Cooperation.START, { is: 'time', now: 1000n }, rules).state.is // 'script'
 */
export function step(state: State, event: Event, rules: Rules): Transition {
  const stay: Transition = { state, commands: [] }
  if (state.is === 'over') return stay
  const forget: readonly Command[] = state.is === 'asking' ? [{ do: 'forget', session: state.session }] : []
  if (event.is === 'spent') return { state: { is: 'over' }, commands: forget }
  if (state.is === 'script') return stay
  const byScript = (why: Why): Transition => ({
    state: { is: 'script', why },
    commands: [...forget, { do: 'script', why }],
  })
  if (event.now >= rules.latest) return byScript(state.is === 'sent' ? 'stuck' : 'late')
  if (state.is === 'sent') return stay
  /** One session less to wait for. */
  const again = (tried: number): Transition =>
    tried >= rules.tries ? byScript('silence') : { state: { is: 'idle', tried }, commands: forget }
  if (state.is === 'idle') {
    if (event.is !== 'begin') return stay
    const until = event.now + rules.patience
    if (state.tried >= rules.tries) return byScript('silence')
    if (until > rules.latest) return byScript('late')
    const { session } = event
    return {
      state: { is: 'asking', tried: state.tried + 1, session, until },
      commands: [{ do: 'ask', session }],
    }
  }
  if (event.is === 'restart' || event.now >= state.until) return again(state.tried)
  if ((event.is !== 'answer' && event.is !== 'decline') || event.session !== state.session) return stay
  if (event.is === 'decline') return again(state.tried)
  if (!event.good) return byScript('malformed')
  return { state: { is: 'sent' }, commands: [{ do: 'submit', session: state.session }] }
}

/** Names a session in a {@link State}. */
export function nameOf(session: Bytes.Hash32): string {
  return Bytes.toHex(session)
}
