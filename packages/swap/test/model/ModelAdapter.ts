// `SwapAdapter` over a living model chain: faithful, whatever the chain's profile. What it is asked and answers goes through one
// gate, where tests count, fail, stop and read along.
import {
  type AccountId,
  Bytes,
  type ChainEvent,
  CoreErrors,
  type Due,
  Fact,
  Hashlock,
  type Intent,
  type Lock,
  LockTerms,
  type RecoveredLock,
  type Signed,
  type Signer,
  type Status,
  type Step,
  type Submission,
  type SwapAdapter,
  SwapSeed,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'
import type { Side } from '@aitbc/swap'
import * as Chain from './Chain.js'
import * as Net from './Net.js'

/** Sees every call with its arguments before it happens, and may make it fail, hang, or vanish with its process. */
export type Gate = <T>(method: string, args: readonly unknown[], run: () => T | Promise<T>) => Promise<T>

export const open: Gate = async (_method, _args, run) => run()

const NORMAL = 2n
const FAST = 5n

interface Unsigned extends Omit<Chain.Tx, 'id'> {}

export function create(net: Net.Net, gate: Gate = open): SwapAdapter {
  const { network, kind, profile } = net
  const tipOf = (): Fact.Tip => ({
    height: BigInt(net.tip.height),
    hash: net.tip.hash,
    time: net.tip.clock,
    clock: net.tip.clock,
  })
  const told = <T>(value: T, height: number | 'mempool' | 'tip') => {
    const tip = tipOf()
    const block = height === 'tip' ? net.tip : height === 'mempool' ? undefined : blockAt(net.tip, height)
    return Fact.reported(value, block === undefined ? 'mempool' : refOf(block), tip)
  }
  const nameTerms = (terms: LockTerms.LockTerms) => {
    if (terms.backend.network !== network.id)
      throw CoreErrors.ForeignNetwork(`terms must be on ${network.id}`, { received: terms.backend.network })
    return Bytes.toHex(LockTerms.id(terms))
  }

  const signedOf = (step: Step): Unsigned => read(step.payload)
  const slotFor = (from: AccountId.AccountId, after: readonly Signed[] = []) => {
    const name = Net.nameOf(from)
    // Each coin is used once, unless told: two locks that aren't versions of each other never compete.
    if (kind === 'utxo' && !net.fewCoins) return `coin:${name}:${net.coins++}`
    const what = kind === 'utxo' ? 'coin' : 'nonce'
    const taken = new Set([
      ...net.tip.ledger.slots.keys(),
      ...net.mempool.map((tx) => tx.slot),
      ...after.map(({ step }) => step.conflictKey),
    ])
    for (let i = 0; ; i++) if (!taken.has(`${what}:${name}:${i}`)) return `${what}:${name}:${i}`
  }
  const stepOf = (kindOf: string, from: AccountId.AccountId, tx: Unsigned): Step => ({
    network: network.id,
    kind: kindOf,
    from,
    format: 'model/tx',
    payload: write(tx),
    maxFee: { asset: network.native.id, amount: tx.fee },
    conflictKey: tx.slot,
  })

  /** The transaction of an id, as the step that it was once. */
  const madeBy = (id: string): Signed => {
    for (let at: Chain.Block | undefined = net.tip; at !== undefined; at = at.parent)
      for (const { id: other, ...tx } of at.txs)
        if (other === id) return { step: stepOf('lock', `${network.id}:${tx.by}`, tx), id, raw: write(tx) }
    throw new Error(`no block has ${id}`)
  }

  const prepare = (intent: Intent, after?: readonly Signed[], fee = NORMAL): readonly Step[] => {
    switch (intent.kind) {
      case 'lock': {
        const { terms, recovery } = intent
        const from = intent.from ?? terms.locker.account
        const note = recovery === undefined ? {} : { note: noteOf(kind, terms, recovery) }
        const apart = net.apart === undefined ? {} : { apart: net.apart }
        const script = { ...scriptOf(terms), ...apart }
        const does = { is: 'lock', script, amount: terms.amount, ...note } as const
        return [stepOf('lock', from, { by: Net.nameOf(from), slot: slotFor(from, after), fee, does })]
      }
      case 'claim':
      case 'refund': {
        const { terms, lock } = intent
        const own = intent.kind === 'claim' ? terms.beneficiary : terms.locker
        const from = intent.feePayer ?? own.account
        if (intent.kind === 'claim' && !Hashlock.opens(intent.secret, terms.hashlock))
          throw CoreErrors.InvalidSecret('the secret must open the hashlock', { argument: 'intent.secret' })
        const does =
          intent.kind === 'claim'
            ? ({ is: 'claim', ref: lock.ref, secret: Bytes.toHex(intent.secret) } as const)
            : ({ is: 'refund', ref: lock.ref } as const)
        const slot = kind === 'utxo' ? `lock:${lock.ref}` : slotFor(from, after)
        return [stepOf(intent.kind, from, { by: Net.nameOf(from), slot, fee, does })]
      }
      case 'collect': {
        const { terms, lock, due, to } = intent
        const from = intent.feePayer ?? terms[to].account
        if ((net.tip.ledger.locks.get(lock.ref)?.owes?.[due] ?? 0n) === 0n)
          throw CoreErrors.UnsupportedCapability(`${lock.ref} owes no ${due}`)
        const does = { is: 'collect', ref: lock.ref, due } as const
        return [stepOf('collect', from, { by: Net.nameOf(from), slot: slotFor(from, after), fee, does })]
      }
      case 'void': {
        const { step } = intent.submission
        const { by, slot, fee } = signedOf(step)
        return [stepOf('void', step.from, { by, slot, fee: fee + FAST, does: { is: 'nothing' } })]
      }
      default:
        throw CoreErrors.UnsupportedCapability(`the model can't ${intent.kind}`)
    }
  }

  const statusOf = (submission: Submission): Fact.Fact<Status> => {
    const ids = [...new Set([...submission.attempts, submission.id])]
    for (const id of ids) {
      const at = net.tip.ledger.included.get(id)
      if (at === undefined) continue
      const final = net.tip.height - at.height + 1 >= finality(net)
      const is = !at.ok ? 'failed' : final ? 'final' : 'included'
      return told({ is, id, block: refOf(blockAt(net.tip, at.height)) }, at.height)
    }
    const by = net.tip.ledger.slots.get(submission.step.conflictKey)
    if (by !== undefined) return told({ is: 'replaced', by }, 'tip')
    if (net.mempool.some((tx) => ids.includes(tx.id))) return told({ is: 'pending' }, 'mempool')
    return told({ is: ids.some((id) => net.known.has(id)) ? 'dropped' : 'unknown' }, 'tip')
  }

  const locks = (terms: LockTerms.LockTerms) => {
    const found = Chain.locksOf(kind, net.tip, net.mempool, nameTerms(terms))
    const match = Chain.matches(found)
    return found.map(({ held, pending }, i) => ({
      held,
      pending,
      lock: {
        ref: held.ref,
        transaction: held.tx,
        amount: held.amount,
        match: match[i] as Lock['match'],
      } satisfies Lock,
    }))
  }

  const adapter: SwapAdapter = {
    network,
    profile,
    capabilities: { locks: true, proofs: 'state', replacement: true },
    tip: (o) => gate('tip', [o], () => told(tipOf(), 'tip')),
    async *headers() {},
    balance: (account, o) => gate('balance', [account, o], () => told(Net.balance(net, account), 'tip')),
    feeRates: (o) => gate('feeRates', [o], () => ({ slow: 1n, normal: NORMAL, fast: FAST })),
    prepare: (intent, o) =>
      gate('prepare', [intent, o], () =>
        prepare(intent, [...(o?.after ?? []), ...(o?.beside ?? [])], o?.feeRate),
      ),
    submit: (signed, o) =>
      gate('submit', [signed, o], () => {
        const tx: Chain.Tx = { ...read<Unsigned>(signed.raw), id: signed.id }
        const answer = Net.accept(net, tx)
        if (answer === 'used' || answer === 'cheap')
          throw CoreErrors.RpcRejected(`${signed.id}: its slot ${tx.slot} is ${answer}`)
        return { step: signed.step, id: signed.id, raw: signed.raw, attempts: [signed.id] }
      }),
    replace: (submission, feeRate, o) =>
      gate('replace', [submission, feeRate, o], () => {
        const tx = signedOf(submission.step)
        // At least what replaces the one before, whatever rate was asked for, as adapters do.
        const fee = feeRate > tx.fee ? feeRate : tx.fee + 1n
        return [stepOf(submission.step.kind, submission.step.from, { ...tx, fee })]
      }),
    status: (submission, o) => gate('status', [submission, o], () => statusOf(submission)),
    watch: (_subject, o) => watch(net, gate, o?.signal),
    auditTerms: (terms) => {
      const { backend } = terms
      const known = kind === 'utxo' ? backend.kind === 'script' : backend.kind === 'contract'
      if (backend.network !== network.id || !known) return Verdict.refuse('backend', 'another backend')
      if (terms.asset !== network.native.id) return Verdict.refuse('asset', `not ${terms.asset}`)
      if (terms.deadline.clock !== network.clock) return Verdict.refuse('clock', 'another clock')
      if ((kind === 'utxo') !== (terms.locker.publicKey !== undefined))
        return Verdict.refuse('key', 'a key, where scripts need one')
      return terms.amount < network.fees.dust * 10n
        ? Verdict.refuse('dust', 'too little to be locked')
        : Verdict.accept(terms)
    },
    findLocks: (terms, o) =>
      gate('findLocks', [terms, o], () => {
        const found = locks(terms)
        if (found.length === 0) return [{ is: 'absent', fact: told(null, 'tip') }]
        return found.map(({ held, lock }) => ({
          is: 'found',
          fact: told(lock, held.height === 0 ? 'mempool' : held.height),
        }))
      }),
    expectLock: (terms, signed) => {
      const id = signed.at(-1)?.id ?? ''
      const ref = kind === 'utxo' ? `${id}:0` : nameTerms(terms)
      return { ref, transaction: id, amount: terms.amount, match: 'exact' }
    },
    // The secret is no part of what is signed, nor of the id, as in a SegWit witness.
    ...(kind === 'contract'
      ? {}
      : {
          arm: (terms, { ref }, o) =>
            gate('arm', [terms, ref, o], () => {
              const from = terms.beneficiary.account
              const does = { is: 'claim', ref, secret: '' } as const
              const fee = o?.feeRate ?? NORMAL
              return [stepOf('arm', from, { by: Net.nameOf(from), slot: `lock:${ref}`, fee, does })]
            }),
          complete: ({ step, id, raw }, secret) => {
            const tx = read<Unsigned>(raw)
            if (tx.does.is !== 'claim') throw CoreErrors.InvalidArgument('only claims are armed')
            const does = { ...tx.does, secret: Bytes.toHex(secret) }
            const payload = write({ ...tx, does })
            return { step: { ...step, kind: 'claim', payload }, id, raw: payload }
          },
        }),
    findSpend: (terms, lock, o) =>
      gate('findSpend', [terms, lock, o], () => {
        const found = locks(terms).find((one) => one.held.ref === lock.ref)
        const spend = found?.held.spend
        const pending = found?.pending
        if (spend !== undefined)
          return {
            is: 'found',
            fact: told(
              spend.is === 'refund'
                ? { kind: 'refund', transaction: spend.tx }
                : { kind: 'claim', transaction: spend.tx, secret: Bytes.fromHex(spend.secret ?? '') },
              spend.height,
            ),
          }
        if (
          pending?.does.is === 'claim' &&
          Hashlock.opens(Bytes.fromHex(pending.does.secret), terms.hashlock)
        ) {
          const secret = Bytes.fromHex(pending.does.secret)
          return {
            is: 'found',
            fact: told({ kind: 'claim', transaction: pending.id, secret }, 'mempool'),
          }
        }
        if (pending?.does.is === 'refund')
          return { is: 'found', fact: told({ kind: 'refund', transaction: pending.id }, 'mempool') }
        return { is: 'absent', fact: told(null, 'tip') }
      }),
    discoverLocks: (hashlock, o) =>
      gate('discoverLocks', [hashlock, o], () => {
        if (!profile.events) return []
        const wanted = Bytes.toHex(hashlock)
        return [...net.tip.ledger.locks.values()].flatMap((held) => {
          const terms = termsIn(held.note)
          return terms === undefined || held.script.hashlock !== wanted
            ? []
            : [{ terms, lock: lockOf(held, 'exact') }]
        })
      }),
    recoverLocks: (seed, o) =>
      gate('recoverLocks', [seed, o], () =>
        [...net.tip.ledger.locks.values()].flatMap((held): RecoveredLock[] => {
          const note = held.note === undefined ? undefined : (JSON.parse(held.note) as Note)
          const terms = termsIn(held.note)
          if (note === undefined || terms === undefined || note.tag !== tagOf(seed)) return []
          const nonce = Bytes.fromHex(note.nonce)
          const own = note.role === 'follower' || Bytes.equal(o.hashlockOf(nonce), terms.hashlock) // an initiator's lock has its own secret
          if (!own) return []
          const record = {
            role: note.role,
            ...(note.counter === undefined ? {} : { counter: Bytes.fromHex(note.counter) }),
            ...(note.agreement === undefined ? {} : { agreement: Bytes.fromHex(note.agreement) }),
          }
          const found = { terms, lock: lockOf(held, 'exact'), nonce, record }
          return [kind === 'utxo' ? { ...found, signed: madeBy(held.tx) } : found]
        }),
      ),
    ...(net.apart === undefined
      ? {}
      : {
          dues: (terms, lock, to, o) =>
            gate('dues', [terms, lock, to, o], () => {
              const at = Chain.back(net.tip, finality(net) - 1)
              const held = at.ledger.locks.get(lock.ref)
              const payee = held?.spend?.is === 'claim' ? 'beneficiary' : 'locker'
              const { payment = 0n, deposit = 0n } = held?.spend === undefined ? {} : (held.owes ?? {})
              const asset = network.native.id
              const dues: Due[] = []
              if (payment > 0n && to === payee) dues.push({ kind: 'payment', asset, amount: payment })
              if (deposit > 0n && to === 'locker')
                dues.push({ kind: 'deposit', asset, amount: deposit, from: terms.deadline })
              return told(dues, at.height)
            }),
        }),
    prove: (claim, o) =>
      gate('prove', [claim, o], () => ({
        network: network.id,
        format: 'model-lock/1',
        bytes: new TextEncoder().encode(claim.lock.ref),
      })),
  }
  return adapter
}

/** Knows the chain itself, as a light client would by its headers: `proved`. */
export function verifier(net: Net.Net): Verifier {
  return {
    network: net.network.id,
    verify(claim, evidence) {
      const ref = new TextDecoder().decode(evidence.bytes)
      const held = net.tip.ledger.locks.get(ref)
      if (held === undefined || ref !== claim.lock.ref) return Verdict.refuse('lock-absent', `no lock ${ref}`)
      const tip: Fact.Tip = { ...refOf(net.tip), time: net.tip.clock, clock: net.tip.clock }
      const { spend } = held
      if (claim.kind === 'spend' && spend?.is !== claim.spend.kind)
        return Verdict.refuse('spend-absent', `nothing like it ended ${ref}`)
      const height = claim.kind === 'lock' ? held.height : (spend as NonNullable<typeof spend>).height
      const at = refOf(blockAt(net.tip, height))
      return Verdict.accept(
        establish({
          value: claim.kind === 'lock' ? { ...claim.lock, amount: held.amount } : claim.spend,
          assurance: 'proved',
          at,
          asOf: tip,
          anchor: { ...at, network: net.network.id, assurance: 'proved' },
          evidence,
        }),
      ) as never
    },
  }
}

/** What a party brings to a model chain: an account under its own name, whose key signs anything. */
export function side(net: Net.Net, name: string, gate: Gate = open): Side.Side {
  const account: AccountId.AccountId = `${net.network.id}:${name}`
  const signer: Signer = {
    kind: 'signs',
    account,
    sign: (step, o) => gate('sign', [step, o], () => ({ step, id: idOf(step), raw: step.payload })),
  }
  return {
    adapter: create(net, gate),
    verifier: verifier(net),
    backend: {
      network: net.network.id,
      kind: net.kind === 'utxo' ? 'script' : 'contract',
      ...(net.kind === 'utxo' ? {} : { address: 'htlc', codeHash: new Uint8Array(32).fill(0xcc) }),
    },
    funding: account,
    party: () => ({
      account,
      payout: account,
      ...(net.kind === 'utxo' ? { publicKey: new Uint8Array(33).fill(name.length) } : {}),
    }),
    signer: (wanted) => (wanted === account ? signer : undefined),
  }
}

/** The transaction that signed bytes are. */
export function transactionOf(id: string, raw: Uint8Array): Chain.Tx {
  return { ...read<Unsigned>(raw), id }
}

/** A refund as both parties sign it. */
export function together(step: Step): Signed {
  const tx = read<Unsigned>(step.payload)
  const payload = write({ ...tx, does: { ...tx.does, both: true } })
  const joint = { ...step, payload }
  return { step: joint, id: idOf(joint), raw: payload }
}

/** A transaction of its own that pays for another one. */
export function child({ step, id }: Submission, fee: bigint): Step {
  const { by } = read<Unsigned>(step.payload)
  const slot = `child:${id}`
  const payload = write({ by, slot, fee, does: { is: 'nothing' } })
  return { ...step, kind: 'cpfp', payload, maxFee: { ...step.maxFee, amount: fee }, conflictKey: slot }
}

/** A wallet that only sends. */
export function sender(net: Net.Net, account: AccountId.AccountId, gate: Gate = open): Signer {
  return {
    kind: 'sends',
    account,
    send: (step, o) =>
      gate('send', [step, o], () => {
        const id = idOf(step)
        Net.accept(net, { ...read<Unsigned>(step.payload), id })
        return { step, id, attempts: [id] }
      }),
  }
}

async function* watch(net: Net.Net, gate: Gate, signal?: AbortSignal): AsyncGenerator<ChainEvent> {
  const queue: ChainEvent[] = []
  let wake: () => void = () => undefined
  const listener = () => {
    const asOf: Fact.Tip = { ...refOf(net.tip), time: net.tip.clock, clock: net.tip.clock }
    queue.push({ is: 'added', what: { kind: 'block', block: refOf(net.tip) }, asOf })
    wake()
  }
  const aborted = () => wake()
  await gate('watch', [], () => undefined)
  net.listeners.add(listener)
  signal?.addEventListener('abort', aborted)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const event = queue.shift()
      if (event !== undefined) yield event
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    net.listeners.delete(listener)
    signal?.removeEventListener('abort', aborted)
  }
}

interface Note {
  readonly tag: string
  readonly nonce: string
  readonly role: 'initiator' | 'follower'
  readonly counter?: string
  readonly agreement?: string
  readonly terms: string
}

/** A script chain has room for little: the other leg's id; a contract's event takes the whole agreement. */
function noteOf(
  kind: Chain.Kind,
  terms: LockTerms.LockTerms,
  recovery: Extract<Intent, { kind: 'lock' }>['recovery'] & object,
): string {
  const { seed, nonce, record } = recovery
  const note: Note = {
    tag: tagOf(seed),
    nonce: Bytes.toHex(nonce),
    role: record.role,
    ...(record.counter === undefined ? {} : { counter: Bytes.toHex(record.counter) }),
    ...(record.agreement === undefined || kind === 'utxo'
      ? {}
      : { agreement: Bytes.toHex(record.agreement) }),
    terms: Bytes.toHex(LockTerms.encode(terms)),
  }
  return JSON.stringify(note)
}

function tagOf(seed: SwapSeed.NetworkSeed): string {
  return Bytes.toHex(SwapSeed.derive(seed, 'tag'))
}

function termsIn(note: string | undefined): LockTerms.LockTerms | undefined {
  return note === undefined ? undefined : LockTerms.decode(Bytes.fromHex((JSON.parse(note) as Note).terms))
}

function scriptOf(terms: LockTerms.LockTerms): Chain.Script {
  return {
    key: Bytes.toHex(LockTerms.id(terms)),
    amount: terms.amount,
    deadline: terms.deadline.value,
    hashlock: Bytes.toHex(terms.hashlock),
    locker: Net.nameOf(terms.locker.account),
    beneficiary: Net.nameOf(terms.beneficiary.account),
  }
}

function lockOf(held: Chain.Held, match: Lock['match']): Lock {
  return { ref: held.ref, transaction: held.tx, amount: held.amount, match }
}

function refOf(block: Chain.Block): Fact.BlockRef {
  return { height: BigInt(block.height), hash: block.hash }
}

function blockAt(tip: Chain.Block, height: number): Chain.Block {
  return Chain.back(tip, tip.height - height)
}

function finality(net: Net.Net): number {
  const { finality } = net.network
  return finality.rule === 'depth' ? Number(finality.depth) : 1
}

/** One transaction, one id; two steps that say the same are the same transaction. */
function idOf(step: Step): string {
  let hash = 0n
  for (const byte of step.payload) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn
  return `${step.kind}-${hash.toString(16)}`
}

function write(value: unknown): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)),
  )
}

function read<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes), (_, part) =>
    typeof part === 'string' && /^\d+n$/.test(part) ? BigInt(part.slice(0, -1)) : part,
  )
}
