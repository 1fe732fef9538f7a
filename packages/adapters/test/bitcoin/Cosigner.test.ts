import { Bytes, Channel, type Lock, type LockTerms, type Signed, type Step, SwapSeed } from '@aitbc/core'
import { HtlcScript, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { InputSignature } from '@aitbc/proofs/bitcoin-script'
import { fc, test as property } from '@fast-check/vitest'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { createBitcoinAdapter, partyAccount } from '../../src/bitcoin/index.js'
import { Cooperation, cooperate, createCosigner, createJointSigner, help } from '../../src/bitcoin/musig2.js'
import { createFakeChain, network } from './fakeChain.js'
import { check, flip, hex, value } from './helpers.js'
import { ALICE, BOB, NONCE, share, termsOf } from './terms.js'

const terms = termsOf({ kind: 'p2tr-musig2' })
const htlc = value(HtlcScript.from(terms)) as HtlcScript.P2tr
const adapter = createBitcoinAdapter({ network, backend: createFakeChain().backend })
const txid = 'ab'.repeat(32)
const lock: Lock = { ref: `${txid}:1`, transaction: txid, amount: terms.amount, match: 'exact' }
const secret = SwapSeed.secret(ALICE, NONCE)
const keyOf = (seed: SwapSeed.SwapSeed) => SwapSeed.derive(share(seed), 'party', NONCE)
const cosignerOf = (seed: SwapSeed.SwapSeed, random?: (length: number) => Uint8Array) =>
  createCosigner({ network, terms, privateKey: keyOf(seed), ...(random === undefined ? {} : { random }) })
const alice = cosignerOf(ALICE)
const bob = cosignerOf(BOB)

const PAID: Cooperation.Standing = {
  ...{ role: 'initiator', revealed: true, stopped: false, own: 'open', received: true },
}
const GIVEN_UP: Cooperation.Standing = {
  ...{ role: 'follower', revealed: false, stopped: true, own: 'none', received: false },
}
const leave = (path: Cooperation.Path, change: Partial<Cooperation.Permit> = {}) =>
  value(
    Cooperation.permit(path, path === 'claim' ? PAID : GIVEN_UP, {
      ...{ terms, ref: lock.ref, amount: lock.amount },
      ...change,
    }),
  )

const claimStep = async (feeRate = 2000n): Promise<Step> =>
  (await adapter.prepare({ kind: 'claim', terms, lock, secret }, { feeRate }))[0] as Step
const refundStep = async (): Promise<Step> =>
  (await adapter.prepare({ kind: 'refund', terms, lock }, { feeRate: 2000n }))[0] as Step
const claim = await claimStep()
const refund = await refundStep()

/** The transaction of signed bytes, and whether its one input's signature is by the lock's output key. */
function opened(raw: Uint8Array) {
  const transaction = value(Transaction.decode(raw))
  const verdict = InputSignature.verify(transaction, 0, [{ amount: lock.amount, script: htlc.scriptPubKey }])
  return { transaction, verdict }
}

describe('default', () => {
  test('both sign the claim that was prepared: one signature, no script, no secret', async () => {
    const asking = bob.ask(claim)
    const signed = value(asking.finish(value(alice.answer(asking.message, leave('claim')))))
    const { transaction, verdict } = opened(signed.raw)
    expect(verdict).toMatchObject({ ok: true })
    expect(transaction.inputs[0]?.witness.map((item) => item.length)).toEqual([64])
    expect(HtlcScript.read(htlc, transaction, 0)).toEqual({ is: 'claim' })
    expect(hex(signed.raw)).not.toContain(hex(secret))
    // It is the transaction of the step, so all that follows a claim follows this one.
    const byScript = await partyAccount(network, share(BOB), NONCE).signer.sign(claim)
    expect(signed.id).toBe(byScript.id)
    expect(signed.step).toEqual(claim)
    expect(signed.raw.length).toBeLessThan(byScript.raw.length / 1.9)
  })

  test('both sign a refund at once, without its lock time', async () => {
    const asking = alice.ask(refund)
    const signed = value(asking.finish(value(bob.answer(asking.message, leave('refund')))))
    const { transaction, verdict } = opened(signed.raw)
    expect(verdict).toMatchObject({ ok: true })
    expect(transaction.lockTime).toBe(0)
    expect(HtlcScript.read(htlc, transaction, 0)).toEqual({ is: 'refund' })
    expect(refund.validFrom).toBeDefined()
    expect(signed.step.validFrom).toBeUndefined()
    expect(signed.step.conflictKey).toBe(refund.conflictKey)
  })

  test('an armed claim needs no secret at all', async () => {
    const [armed] = await adapter.arm(terms, lock, { feeRate: 2000n })
    const asking = bob.ask(armed as Step)
    const signed = value(asking.finish(value(alice.answer(asking.message, leave('claim')))))
    expect(HtlcScript.read(htlc, opened(signed.raw).transaction, 0)).toEqual({ is: 'claim' })
  })

  property.prop([fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.boolean()], { numRuns: 3 })(
    'any two keys, in either order, in either role',
    async (seed, swap) => {
      const nonce = seed.slice(0, 8)
      const [a, b] = swap ? [BOB, ALICE] : [ALICE, BOB]
      const own: LockTerms.LockTerms = {
        ...terms,
        locker: partyAccount(network, share(a), nonce).party,
        beneficiary: partyAccount(network, share(b), nonce).party,
      }
      const of = (one: SwapSeed.SwapSeed) =>
        createCosigner({ network, terms: own, privateKey: SwapSeed.derive(share(one), 'party', nonce) })
      const [step] = await adapter.prepare({ kind: 'claim', terms: own, lock, secret }, { feeRate: 1000n })
      const asking = of(b).ask(step as Step)
      const answer = of(a).answer(asking.message, leave('claim', { terms: own }))
      expect(asking.finish(value(answer)).ok).toBe(true)
    },
  )
})

describe('findSpend', () => {
  /** A chain that holds the lock, and what its endpoint says spends it. */
  const seen = async (spending: (ref: string) => Promise<Uint8Array>) => {
    const chain = createFakeChain()
    const paying = chain.pay(htlc.scriptPubKey, terms.amount)
    chain.mine(1_700_000_200n, paying)
    const own = createBitcoinAdapter({ network, backend: chain.backend })
    const [read] = await own.findLocks(terms)
    if (read?.is !== 'found') throw new Error(`${read?.is}`)
    const { value: there } = read.fact
    chain.mine(1_700_000_300n, value(Transaction.decode(await spending(there.ref))))
    return own.findSpend(terms, there)
  }
  const signedOf = async (kind: 'claim' | 'refund', ref: string) => {
    const intent = { kind, terms, lock: { ...lock, ref }, secret } as const
    const [step] = await adapter.prepare(intent, { feeRate: 2000n })
    const [asker, helper] = kind === 'claim' ? [bob, cosignerOf(ALICE)] : [alice, cosignerOf(BOB)]
    const asking = asker.ask(step as Step)
    const permit = leave(kind, { ref })
    return value(asking.finish(value(helper.answer(asking.message, permit)))).raw
  }

  test('what both signed: a claim that shows no secret, and a refund', async () => {
    for (const kind of ['claim', 'refund'] as const) {
      const read = await seen((ref) => signedOf(kind, ref))
      if (read.is !== 'found') throw new Error(read.is)
      expect(read.fact.value).toEqual({ kind, transaction: read.fact.value.transaction })
    }
  })

  test('H29: no endpoint can invent it', async () => {
    const bent = await seen(async (ref) => {
      const raw = await signedOf('claim', ref)
      // The last bit of the signature, before the lock time.
      return flip(raw, 8 * (raw.length - 5))
    })
    expect(bent).toMatchObject({ is: 'unknown', why: { check: 'spend-witness' } })
    // A signature of both, to a payee of the endpoint's choice.
    const moved = await seen(async (ref) => {
      const { transaction } = opened(await signedOf('refund', ref))
      const [output] = transaction.outputs as [Transaction.Output]
      const script = (htlc.both as HtlcScript.Both).claim
      return Transaction.encode({ ...transaction, outputs: [{ ...output, script }] })
    })
    expect(moved).toMatchObject({ is: 'unknown' })
  })
})

describe('nonces', () => {
  const nonceIn = (message: Uint8Array) => {
    const decoded = value(Cooperation.decode(message))
    if (decoded.is === 'decline') throw new Error('a decline has no nonce')
    return hex(decoded.nonce)
  }

  test('each session has its own, even where the randomness stands still', () => {
    const stuck = (length: number) => new Uint8Array(length)
    const [asker, helper] = [cosignerOf(BOB, stuck), cosignerOf(ALICE, stuck)]
    const askings = [asker.ask(claim), asker.ask(claim), asker.ask(claim)]
    expect(new Set(askings.map(({ message }) => nonceIn(message))).size).toBe(3)
    const answers = askings.map(({ message }) => nonceIn(value(helper.answer(message, leave('claim')))))
    expect(new Set(answers).size).toBe(3)
  })

  test('what the counterparty chooses can not make the helper use one twice', () => {
    const stuck = (length: number) => new Uint8Array(length)
    const asked = value(Cooperation.decode(bob.ask(claim).message)) as Cooperation.Ask
    const other = value(Cooperation.decode(bob.ask(claim).message)) as Cooperation.Ask
    const asks = [asked, { ...asked, nonce: other.nonce }, { ...asked, paid: asked.paid - 1n }]
    // A process that begins anew, its randomness as before: only the very same ask has the same nonce, and the same signature.
    const answers = [...asks, asked].map((ask) =>
      hex(value(cosignerOf(ALICE, stuck).answer(Cooperation.encode(ask), leave('claim')))),
    )
    expect(answers[3]).toBe(answers[0])
    expect(new Set(answers.map((answer) => nonceIn(Bytes.fromHex(answer)))).size).toBe(3)
  })

  test('a session signs once: after its answer, a failure or a crash there is nothing to sign with', async () => {
    const asking = bob.ask(claim)
    const answer = value(alice.answer(asking.message, leave('claim')))
    expect(asking.finish(answer).ok).toBe(true)
    expect(check(asking.finish(answer))).toBe('session-over')
    // Another answer to the same ask would sign the same message under another nonce of theirs.
    const second = value(cosignerOf(ALICE).answer(asking.message, leave('claim')))
    expect(second).not.toEqual(answer)
    expect(check(asking.finish(second))).toBe('session-over')

    const failed = bob.ask(claim)
    const good = value(alice.answer(failed.message, leave('claim')))
    expect(check(failed.finish(flip(good, 8 * good.length - 9)))).toBe('partial-signature')
    expect(check(failed.finish(good))).toBe('session-over')

    const forgotten = bob.ask(claim)
    forgotten.forget()
    expect(check(forgotten.finish(value(alice.answer(forgotten.message, leave('claim')))))).toBe(
      'session-over',
    )
  })

  test('the helper answers an ask once, and a bounded number of them', () => {
    const helper = cosignerOf(ALICE)
    const first = bob.ask(claim).message
    expect(helper.answer(first, leave('claim')).ok).toBe(true)
    expect(check(helper.answer(first, leave('claim')))).toBe('session-over')
    const ask = value(Cooperation.decode(first)) as Cooperation.Ask
    const more = Array.from({ length: 16 }, (_, i) =>
      helper.answer(Cooperation.encode({ ...ask, paid: ask.paid - 1n - BigInt(i) }), leave('claim')),
    )
    expect(more.filter(({ ok }) => ok).length).toBe(15)
    expect(check(more[15] as (typeof more)[number])).toBe('sessions')
  })
})

describe('error: answers', () => {
  const answered = () => {
    const asking = bob.ask(claim)
    const answer = value(Cooperation.decode(value(cosignerOf(ALICE).answer(asking.message, leave('claim')))))
    if (answer.is !== 'answer') throw new Error(answer.is)
    return { asking, answer }
  }
  const finished = (change: (answer: Cooperation.Answer) => Partial<Cooperation.Answer>) => {
    const { asking, answer } = answered()
    return check(asking.finish(Cooperation.encode({ ...answer, ...change(answer) })))
  }

  test('a malformed partial signature is named, and nothing is signed', () => {
    expect(finished(({ partial }) => ({ partial: flip(partial, 100) }))).toBe('partial-signature')
    expect(finished(() => ({ partial: new Uint8Array(32) }))).toBe('partial-signature')
    expect(finished(() => ({ partial: new Uint8Array(32).fill(0xff) }))).toBe('partial-signature')
    // The negated one is as long, and as wrong.
    const { Fn } = secp256k1.Point
    expect(finished(({ partial }) => ({ partial: Fn.toBytes(Fn.neg(Fn.fromBytes(partial))) }))).toBe(
      'partial-signature',
    )
  })

  test('a nonce that is none, at infinity or another one', () => {
    expect(finished(() => ({ nonce: new Uint8Array(66) }))).toBe('public-nonce')
    expect(finished(({ nonce }) => ({ nonce: Bytes.concat(Uint8Array.of(4), nonce.slice(1)) }))).toBe(
      'public-nonce',
    )
    expect(finished(({ nonce }) => ({ nonce: Bytes.concat(nonce.slice(33), nonce.slice(0, 33)) }))).toBe(
      'partial-signature',
    )
  })

  test('replay: the answer of another session is passed over, and the right one still counts', () => {
    const first = answered()
    const second = answered()
    expect(check(second.asking.finish(Cooperation.encode(first.answer)))).toBe('session')
    expect(check(second.asking.finish(first.asking.message))).toBe('session')
    expect(check(second.asking.finish(new Uint8Array(3)))).toBe('message')
    // An old answer under the new name is a wrong partial signature.
    expect(second.asking.finish(Cooperation.encode(second.answer)).ok).toBe(true)
    const third = answered()
    const { session } = third.answer
    expect(check(third.asking.finish(Cooperation.encode({ ...first.answer, session })))).toBe(
      'partial-signature',
    )
  })

  test('declined', () => {
    const asking = bob.ask(claim)
    expect(check(asking.finish(value(alice.decline(asking.message))))).toBe('declined')
    expect(check(alice.decline(value(alice.decline(asking.message))))).toBe('message')
  })

  test('wrong tweak: a signature by the aggregate of another tree opens nothing', () => {
    // The other party signs for the same keys under a root of its own: its part doesn't verify here.
    const evil = termsOf({ kind: 'p2tr-musig2', deadline: 1_900_000_000n })
    const asking = bob.ask(claim)
    const ask = value(Cooperation.decode(asking.message)) as Cooperation.Ask
    const other = createCosigner({ network, terms: evil, privateKey: keyOf(ALICE) })
    // It won't even answer: the ask names the terms.
    expect(check(other.answer(asking.message, leave('claim', { terms: evil })))).toBe('not-permitted')
    const id = value(
      Cooperation.decode(
        createCosigner({ network, terms: evil, privateKey: keyOf(BOB) }).ask(stepOfEvil as Step).message,
      ),
    ) as Cooperation.Ask
    const foreign = value(
      other.answer(Cooperation.encode({ ...ask, terms: id.terms }), leave('claim', { terms: evil })),
    )
    const answer = value(Cooperation.decode(foreign)) as Cooperation.Answer
    const session = Cooperation.sessionOf(ask)
    expect(check(asking.finish(Cooperation.encode({ ...answer, session })))).toBe('partial-signature')
    // And the key itself is another one.
    const untweaked = value(Taproot.tweak(htlc.internalKey))
    expect(hex(untweaked.key)).not.toBe(hex(htlc.outputKey))
  })
})

const evilTerms = termsOf({ kind: 'p2tr-musig2', deadline: 1_900_000_000n })
const [stepOfEvil] = await adapter.prepare(
  { kind: 'claim', terms: evilTerms, lock, secret },
  { feeRate: 2000n },
)

describe('error: asks', () => {
  const ask = value(Cooperation.decode(bob.ask(claim).message)) as Cooperation.Ask
  const answer = (change: Partial<Cooperation.Ask>, permit = leave('claim')) =>
    check(cosignerOf(ALICE).answer(Cooperation.encode({ ...ask, ...change }), permit))

  test('S5: what leave wasn’t given for is not signed', () => {
    expect(answer({ path: 'refund' })).toBe('not-permitted')
    expect(answer({ terms: new Uint8Array(32) })).toBe('not-permitted')
    // Leave for what the own side itself would ask for is none either.
    expect(answer({ path: 'refund' }, leave('refund'))).toBe('not-permitted')
    expect(answer({}, leave('claim', { terms: evilTerms }))).toBe('not-permitted')
    expect(answer({ index: 2 })).toBe('lock')
    expect(answer({ txid: 'cd'.repeat(32) })).toBe('lock')
    expect(answer({ amount: ask.amount + 1n })).toBe('lock')
    expect(answer({}, leave('claim', { ref: `${'cd'.repeat(32)}:1` }))).toBe('lock')
    expect(answer({ paid: ask.amount + 1n })).toBe('paid')
    expect(answer({ paid: 100n })).toBe('paid')
    expect(answer({ nonce: new Uint8Array(66) })).toBe('public-nonce')
    expect(check(alice.answer(new Uint8Array(0), leave('claim')))).toBe('message')
  })

  test('steps that are the other party’s, or no spend of the lock', () => {
    expect(() => alice.ask(claim)).toThrow(expect.objectContaining({ _tag: 'KeyMismatch' }))
    expect(() => bob.ask(refund)).toThrow(expect.objectContaining({ _tag: 'KeyMismatch' }))
    expect(() => bob.ask(stepOfEvil as Step)).toThrow(expect.objectContaining({ _tag: 'InvalidStep' }))
    expect(() => bob.ask({ ...claim, payload: new Uint8Array(5) })).toThrow(
      expect.objectContaining({ _tag: 'InvalidStep' }),
    )
    const made = (change: object) => () =>
      createCosigner({ network, terms, privateKey: keyOf(ALICE), ...change })
    expect(made({ terms: termsOf({ kind: 'p2tr' }) })).toThrow(
      expect.objectContaining({ _tag: 'UnsupportedTerms' }),
    )
    expect(made({ privateKey: new Uint8Array(32).fill(5) })).toThrow(
      expect.objectContaining({ _tag: 'KeyMismatch' }),
    )
    expect(made({ privateKey: new Uint8Array(31) })).toThrow(
      expect.objectContaining({ _tag: 'InvalidBytes' }),
    )
  })

  test('one party alone, even with every nonce of its choice, makes no signature', () => {
    // Bob answers himself with Alice's role: what he can compute of her part is nothing that verifies.
    const asking = bob.ask(claim)
    const session = Cooperation.sessionOf(value(Cooperation.decode(asking.message)) as Cooperation.Ask)
    const point = secp256k1.Point.BASE.toBytes(true)
    const partial = schnorr.sign(new Uint8Array(32), keyOf(BOB)).slice(32)
    const nonce = Bytes.concat(point, point)
    expect(check(asking.finish(Cooperation.encode({ is: 'answer', session, nonce, partial })))).toBe(
      'partial-signature',
    )
  })
})

describe('over a channel', () => {
  const rules = { patience: 10n, tries: 2, latest: 1000n }
  const never = () => new AbortController().signal
  const at = () => AbortSignal.abort()

  test('asked, helped, signed', async () => {
    const [left, right] = Channel.pair()
    const helping = help({
      channel: right,
      cosigner: cosignerOf(ALICE),
      leave: async () => ({ ok: true, value: leave('claim') }),
    })
    const outcome = await cooperate({
      channel: left,
      cosigner: bob,
      step: claim,
      rules,
      now: () => 0n,
      timeout: never,
    })
    expect(outcome.is === 'signed' && opened(outcome.signed.raw).verdict.ok).toBe(true)
    expect(await helping).toEqual({ ok: true, value: 'answered' })
  })

  test('H4: whoever says nothing costs its time, and the script path is taken', async () => {
    const [left] = Channel.pair()
    let now = 0n
    const outcome = await cooperate({
      ...{ channel: left, cosigner: bob, step: claim, rules, timeout: at },
      now: () => now++,
    })
    expect(outcome).toMatchObject({ is: 'script', why: 'silence' })
    await left.close()
    expect(
      await cooperate({ channel: left, cosigner: bob, step: claim, rules, now: () => 0n, timeout: never }),
    ).toMatchObject({ is: 'script', why: 'silence', refusal: { check: 'silence' } })
    expect(
      await cooperate({ channel: left, cosigner: bob, step: claim, rules, now: () => 995n, timeout: never }),
    ).toEqual({ is: 'script', why: 'late' })
  })

  test('whoever sends nonsense is not asked again', async () => {
    const [left, right] = Channel.pair()
    await right.send(new Uint8Array(7))
    expect(
      await cooperate({ channel: left, cosigner: bob, step: claim, rules, now: () => 0n, timeout: never }),
    ).toMatchObject({ is: 'script', why: 'malformed', refusal: { check: 'message' } })
    // Answers of earlier sessions are passed over, though not without end.
    const stray = Cooperation.encode({ is: 'decline', session: new Uint8Array(32) })
    for (let i = 0; i < 40; i++) await right.send(stray)
    expect(
      await cooperate({ channel: left, cosigner: bob, step: claim, rules, now: () => 0n, timeout: never }),
    ).toMatchObject({ is: 'script', why: 'silence' })
  })

  test('a decline is asked again, in time; leave is asked for each', async () => {
    const [left, right] = Channel.pair()
    let asked = 0
    const one = () =>
      help({
        channel: right,
        cosigner: cosignerOf(ALICE),
        leave: async () => {
          asked++
          return Cooperation.permit('claim', { ...PAID, received: asked > 1 }, { terms, ...lock })
        },
      })
    const patience = new AbortController()
    const signals = [patience.signal, never()]
    const outcome = cooperate({
      ...{ channel: left, cosigner: bob, step: claim, rules, now: () => 0n },
      timeout: () => signals.shift() as AbortSignal,
    })
    expect(await one()).toEqual({ ok: true, value: 'declined' })
    patience.abort()
    expect(await one()).toEqual({ ok: true, value: 'answered' })
    expect((await outcome).is).toBe('signed')
  })

  test('error: what is no ask stays unanswered, and an abort is passed on', async () => {
    const [left, right] = Channel.pair()
    await left.send(new Uint8Array(2))
    await left.send(Cooperation.encode({ is: 'decline', session: new Uint8Array(32) }))
    const options = {
      channel: right,
      cosigner: cosignerOf(ALICE),
      leave: async () => ({ ok: true, value: leave('claim') }) as const,
    }
    expect(check(await help(options))).toBe('message')
    expect(check(await help(options))).toBe('message')
    const stop = new Error('enough')
    await expect(
      cooperate({
        ...{ channel: left, cosigner: bob, step: claim, rules, now: () => 0n, timeout: never },
        signal: AbortSignal.abort(stop),
      }),
    ).rejects.toBe(stop)
    // Another lock than leave is for: declined, and the reason is told to this side alone.
    const asking = bob.ask(claim)
    await left.send(asking.message)
    expect(
      check(
        await help({ ...options, leave: async () => ({ ok: true, value: leave('claim', { amount: 1n }) }) }),
      ),
    ).toBe('lock')
    expect(check(asking.finish(await left.receive()))).toBe('declined')
  })
})

describe('createJointSigner', () => {
  const rules = { patience: 10n, tries: 1, latest: 1000n }
  const party = partyAccount(network, share(BOB), NONCE)
  const never = () => new AbortController().signal
  const at = () => AbortSignal.abort()
  const jointOf = (
    options: Partial<createJointSigner.Options> & Pick<createJointSigner.Options, 'channel'>,
  ) =>
    createJointSigner({
      ...{ network, signer: party.signer, privateKey: keyOf(BOB), rules: () => rules, now: () => 0n },
      ...options,
    })
  const witnessOf = (raw: Uint8Array) => opened(raw).transaction.inputs[0]?.witness.length

  test('default: both sign, under the id that it has by script', async () => {
    const [left, right] = Channel.pair()
    const outcomes: string[] = []
    const signer = jointOf({ channel: left, timeout: never, onOutcome: ({ is }) => outcomes.push(is) })
    const leaveAll = async () => ({ ok: true, value: leave('claim') }) as const
    const helper = cosignerOf(ALICE)
    // Two at once follow one another on the one channel.
    const signing = [signer.sign(claim), signer.sign(await claimStep(3000n))]
    for (const _ of signing) await help({ channel: right, cosigner: helper, leave: leaveAll })
    const [first, second] = await Promise.all(signing)
    expect([first, second].map((signed) => signed && witnessOf(signed.raw))).toEqual([1, 1])
    expect(first?.id).toBe((await party.signer.sign(claim)).id)
    expect(outcomes).toEqual(['signed', 'signed'])
    expect(signer.account).toBe(party.account)
  })

  test('H4: a refund that both sign is there before the deadline, and waits for nothing', async () => {
    const [left, right] = Channel.pair()
    const owner = partyAccount(network, share(ALICE), NONCE)
    const signer = jointOf({
      ...{ channel: left, timeout: never, signer: owner.signer, privateKey: keyOf(ALICE), signs: 'refunds' },
    })
    const signing = signer.sign(refund)
    const leaveAll = async () => ({ ok: true, value: leave('refund') }) as const
    await help({ channel: right, cosigner: cosignerOf(BOB), leave: leaveAll })
    const signed = await signing
    expect(witnessOf(signed.raw)).toBe(1)
    expect(opened(signed.raw).transaction.lockTime).toBe(0)
    expect([refund.validFrom, signed.step.validFrom]).toEqual([terms.deadline, undefined])
  })

  test('L6: without help in time, and for all that must hold without it, by script', async () => {
    const [left, right] = Channel.pair()
    const outcomes: string[] = []
    const silent = jointOf({ channel: left, timeout: at, onOutcome: ({ is }) => outcomes.push(is) })
    expect(witnessOf((await silent.sign(claim)).raw)).toBe(4)
    expect(outcomes).toEqual(['script'])
    // Nobody is asked for these.
    await right.close()
    const [armed] = await adapter.arm(terms, lock, { feeRate: 2000n })
    expect(witnessOf((await silent.sign(armed as Step)).raw)).toBe(4)
    const unasked = jointOf({ channel: left, rules: () => undefined })
    expect(witnessOf((await unasked.sign(claim)).raw)).toBe(4)
    const plain = termsOf({ kind: 'p2tr' })
    const [other] = await adapter.prepare({ kind: 'claim', terms: plain, lock, secret }, { feeRate: 2000n })
    expect((await silent.sign(other as Step)).id).toBe((await party.signer.sign(other as Step)).id)
    expect(outcomes).toEqual(['script'])
    const owner = partyAccount(network, share(ALICE), NONCE)
    const early = jointOf({
      ...{ channel: left, signer: owner.signer, privateKey: keyOf(ALICE), signs: 'refunds' },
    })
    for (const one of [refund, claim])
      await expect(early.sign(one)).rejects.toMatchObject({ _tag: 'SignerRefused' })
    const refunding = jointOf({ channel: left, signer: owner.signer, privateKey: keyOf(ALICE) })
    expect(witnessOf((await refunding.sign(refund)).raw)).toBe(3)
    // A channel that breaks otherwise than by closing is the counterparty's trouble too.
    const broken = { ...left, send: () => Promise.reject(new Error('wire cut')) }
    expect(witnessOf((await jointOf({ channel: broken, timeout: never }).sign(claim)).raw)).toBe(4)
  })

  test('L6: whoever holds for so long goes on with all else, and asks again for what came of it', async () => {
    const [left, right] = Channel.pair()
    const held = new AbortController()
    const timeout = (seconds: bigint) => (seconds === 1n ? held.signal : never())
    const signer = jointOf({ channel: left, timeout, hold: 1n })
    const first = signer.sign(claim)
    held.abort()
    await expect(first).rejects.toMatchObject({ _tag: 'SignerRefused', retryable: true })
    // Asked again before anything came: the same session, and nothing that would be a second one.
    await expect(signer.sign(await claimStep(3000n))).rejects.toMatchObject({ _tag: 'SignerRefused' })
    const leaveAll = async () => ({ ok: true, value: leave('claim') }) as const
    await help({ channel: right, cosigner: cosignerOf(ALICE), leave: leaveAll })
    // What both signed is what was asked for first.
    const patient = { signal: new AbortController().signal }
    let signed: Signed | undefined
    for (let looks = 0; looks < 1000 && signed === undefined; looks++)
      signed = await signer.sign(claim, patient).catch(() => undefined)
    expect(signed && witnessOf(signed.raw)).toBe(1)
    expect(signed?.step).toEqual(claim)
    // The next version is asked for anew, and goes by script where the rules leave no time.
    const late = jointOf({ channel: left, timeout, hold: 1n, now: () => 1000n })
    await expect(late.sign(claim)).rejects.toMatchObject({ _tag: 'SignerRefused' })
    let byScript: Signed | undefined
    for (let looks = 0; looks < 1000 && byScript === undefined; looks++)
      byScript = await late.sign(claim).catch(() => undefined)
    expect(byScript && witnessOf(byScript.raw)).toBe(4)
  })

  test('error: an abort ends the wait, and signs nothing', async () => {
    const [left] = Channel.pair()
    const withHold = new AbortController()
    const held = jointOf({ channel: left, timeout: never, hold: 1n }).sign(claim, { signal: withHold.signal })
    withHold.abort(new Error('gone'))
    await expect(held).rejects.toThrow('gone')
    const stop = new AbortController()
    const reason = new Error('enough')
    const signing = jointOf({ channel: left, timeout: never }).sign(claim, { signal: stop.signal })
    stop.abort(reason)
    await expect(signing).rejects.toBe(reason)
  })
})
