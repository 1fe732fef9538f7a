import {
  Bytes,
  CoreErrors,
  isAitbcError,
  type LockTerms,
  SwapSeed,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import type { Rpc } from '@aitbc/core/rpc'
import { BlockHeader, Hash256, HtlcScript, Transaction } from '@aitbc/proofs/bitcoin'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  type Backend,
  createBitcoinAdapter,
  createCoreBackend,
  createEsploraBackend,
  fundingAccount,
} from '../../src/bitcoin/index.js'
import { createFakeChain, network } from './fakeChain.js'
import { ALICE, NONCE, share, termsOf } from './terms.js'

// What a lying or broken endpoint says is refused with a typed error that names what came, at once; it never becomes a fact.

function scriptOf(terms: LockTerms.LockTerms): Bytes.Bytes {
  const htlc = HtlcScript.from(terms)
  if (!htlc.ok) throw new Error(htlc.refusal.message)
  return htlc.value.scriptPubKey
}

function withLock() {
  const chain = createFakeChain()
  const terms = termsOf()
  const payment = chain.pay(scriptOf(terms), terms.amount)
  const block = chain.mine(1_700_000_100n, payment)
  chain.mine(1_700_000_101n)
  return { chain, terms, payment, block, txid: chain.idOf(payment) }
}

const adapterOf = (backend: Backend) => createBitcoinAdapter({ network, backend })

async function refused(promise: Promise<unknown>): Promise<{ _tag: string; message: string }> {
  const error = await promise.then(
    (value) => {
      throw new Error(`accepted: ${String(value)}`)
    },
    (reason) => reason,
  )
  expect(isAitbcError(error), String(error)).toBe(true)
  return error
}

test('default: what is true is found', async () => {
  const { chain, terms, txid, block } = withLock()
  const adapter = adapterOf(chain.backend)
  const [read] = await adapter.findLocks(terms)
  expect(read).toMatchObject({
    is: 'found',
    fact: {
      value: { ref: `${txid}:0`, amount: 100_000n, match: 'exact' },
      at: block,
      depth: 2n,
      assurance: 'reported',
    },
  })
  expect((await adapter.findLocks(termsOf({ amount: 99_999n })))[0]).toMatchObject({
    is: 'found',
    fact: { value: { match: 'over' } },
  })
  expect((await adapter.findLocks(termsOf({ kind: 'p2tr' })))[0]).toMatchObject({
    is: 'absent',
    fact: { value: null, assurance: 'reported' },
  })
})

test('H29: what a quorum says is of a quorum, what one endpoint says is reported', async () => {
  const { chain, terms } = withLock()
  const adapter = adapterOf({ ...chain.backend, assurance: 'quorum' })
  expect((await adapter.tip()).assurance).toBe('quorum')
  expect((await adapter.findLocks(terms))[0]).toMatchObject({ fact: { assurance: 'quorum' } })
  expect((await adapterOf(chain.backend).tip()).assurance).toBe('reported')
})

describe('H29: lies of a back end', () => {
  const lies: Readonly<Record<string, (chain: ReturnType<typeof withLock>) => Partial<Backend>>> = {
    'another chain': () => ({ blockHash: async () => 'ab'.repeat(32) }),
    'a header with another hash': ({ chain }) => ({
      header: async (hash) => {
        const header = await chain.backend.header(hash)
        return header && Uint8Array.from(header, (byte, i) => (i === 70 ? byte ^ 1 : byte))
      },
    }),
    'a header that is missing': () => ({ header: async () => undefined }),
    'a header cut short': ({ chain }) => ({
      header: async (hash) => (await chain.backend.header(hash))?.slice(0, 79),
    }),
    'a transaction of another id': ({ chain, payment }) => ({
      transaction: async (txid) => {
        const told = await chain.backend.transaction(txid)
        const [output] = payment.outputs as [Transaction.Output]
        const more = { ...payment, outputs: [{ ...output, amount: output.amount * 2n }] }
        return told && { ...told, raw: Transaction.encode(more) }
      },
    }),
    'bytes that are no transaction': ({ chain }) => ({
      transaction: async (txid) => {
        const told = await chain.backend.transaction(txid)
        return told && { ...told, raw: Uint8Array.of(1, 2, 3) }
      },
    }),
    'a transaction in a block that does not hold it': ({ chain, txid }) => ({
      transaction: async (id) => {
        const told = await chain.backend.transaction(id)
        const [, first] = chain.blocks
        return told && id === txid
          ? { ...told, block: { height: 1n, hash: (first as { hash: string }).hash } }
          : told
      },
      place: async () => ({ index: 0, siblings: [] }),
    }),
    'a block that is not on the best chain': ({ chain }) => ({
      transaction: async (id) => {
        const told = await chain.backend.transaction(id)
        return told && { ...told, block: { height: 3n, hash: 'cd'.repeat(32) } }
      },
    }),
    'a Merkle branch to nowhere': () => ({
      place: async () => ({ index: 1, siblings: [new Uint8Array(32)] }),
    }),
    'a Merkle branch of absurd depth': () => ({
      place: async () => ({ index: 1, siblings: Array.from({ length: 64 }, () => new Uint8Array(32)) }),
    }),
  }
  test.each(Object.keys(lies))('%s', async (name) => {
    const world = withLock()
    const lie = lies[name] as (typeof lies)[string]
    const adapter = adapterOf({ ...world.chain.backend, ...lie(world) })
    const error = await refused(adapter.findLocks(world.terms))
    expect(['ContradictoryAnswer', 'ForeignNetwork']).toContain(error._tag)
    expect(error.message.length).toBeGreaterThan(20)
  })

  test.each([
    ['A6: a header whose hash exceeds its own target', 0x207fffff, 'proof-of-work'],
    ['A5: a header whose target is easier than the network allows', 0x2100ffff, 'target-limit'],
    ['A5: a header whose target is negative', 0x20ffffff, 'target-negative'],
  ])('%s', async (_, bits, check) => {
    const { chain } = withLock()
    const tip = chain.blocks.at(-1) as (typeof chain.blocks)[number]
    let header = { ...tip.header, bits }
    // Half of all hashes are high enough.
    while ((BlockHeader.hash(header)[31] as number) < 0x80) header = { ...header, nonce: header.nonce + 1 }
    const hash = Hash256.toDisplay(BlockHeader.hash(header))
    const liar = adapterOf({
      ...chain.backend,
      tip: async () => ({ ...(await chain.backend.tip()), hash }),
      header: async (asked) => (asked === hash ? BlockHeader.encode(header) : chain.backend.header(asked)),
    })
    expect(await refused(liar.tip())).toMatchObject({ _tag: 'ContradictoryAnswer', context: { hash, check } })
  })

  test('a spender that spends something else, a coin that pays somebody else', async () => {
    const { chain, terms, txid } = withLock()
    const [read] = await adapterOf(chain.backend).findLocks(terms)
    if (read?.is !== 'found') throw new Error('no lock')
    const other = chain.pay(Uint8Array.of(0x51), 5n)
    const liar = adapterOf({
      ...chain.backend,
      spender: async () => chain.idOf(other),
      unspent: async () => [{ txid, index: 0 }],
    })
    expect(await refused(liar.findSpend(terms, read.fact.value))).toMatchObject({
      _tag: 'ContradictoryAnswer',
    })
    const { account } = fundingAccount(network, share(ALICE))
    expect(await refused(liar.balance(account))).toMatchObject({ _tag: 'ContradictoryAnswer' })
    const transfer = {
      kind: 'transfer',
      from: account,
      to: account,
      asset: network.native.id,
      amount: 1000n,
    } as const
    expect(await refused(liar.prepare(transfer))).toMatchObject({ _tag: 'ContradictoryAnswer' })
  })

  test('a claim is believed only with a secret that opens the hashlock', async () => {
    const { chain, terms, txid } = withLock()
    const htlc = HtlcScript.from(terms)
    if (!htlc.ok) throw new Error(htlc.refusal.message)
    const signature = new Uint8Array(72)
    const spend = (secret: Bytes.Bytes): Transaction.Transaction => ({
      version: 2,
      inputs: [
        {
          txid: Hash256.fromDisplay(txid),
          index: 0,
          script: new Uint8Array(),
          sequence: 0xfffffffd,
          witness: HtlcScript.claimWitness(htlc.value, signature, secret),
        },
      ],
      outputs: [{ amount: 1000n, script: Uint8Array.of(0x51) }],
      lockTime: 0,
    })
    const lock = { ref: `${txid}:0`, transaction: txid, amount: terms.amount, match: 'exact' } as const
    const wrong = spend(new Uint8Array(32).fill(9))
    chain.mempool.set(chain.idOf(wrong), wrong)
    expect(await adapterOf(chain.backend).findSpend(terms, lock)).toMatchObject({
      is: 'unknown',
      why: { check: 'spend-witness' },
    })
    chain.mempool.clear()
    const right = spend(SwapSeed.secret(ALICE, new Uint8Array(8).fill(7)))
    chain.mempool.set(chain.idOf(right), right)
    expect(await adapterOf(chain.backend).findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { at: 'mempool', value: { kind: 'claim' } },
    })
  })

  test('evidence is checked before it leaves: a wrong branch or block is the endpoint’s lie', async () => {
    const { chain, terms } = withLock()
    const honest = adapterOf(chain.backend)
    const [read] = await honest.findLocks(terms)
    if (read?.is !== 'found') throw new Error('no lock')
    const lock = read.fact.value
    expect((await honest.prove({ kind: 'lock', terms, lock })).format).toBe('bitcoin-lock/1')
    const liar = adapterOf({ ...chain.backend, coinbase: async () => lock.transaction })
    expect(await refused(liar.prove({ kind: 'lock', terms, lock }))).toMatchObject({
      _tag: 'ContradictoryAnswer',
    })
    const headless = createBitcoinAdapter({
      network,
      backend: chain.backend,
      anchor: { height: 3n, hash: 'ef'.repeat(32) },
    })
    expect(await refused(headless.prove({ kind: 'lock', terms, lock }))).toMatchObject({
      _tag: 'ContradictoryAnswer',
    })
  })
})

test('S6: a claim that nothing can prove shows its secret all the same', async () => {
  const { chain, terms, txid } = withLock()
  const htlc = HtlcScript.from(terms)
  if (!htlc.ok) throw new Error(htlc.refusal.message)
  const secret = SwapSeed.secret(ALICE, NONCE)
  const claim: Transaction.Transaction = {
    version: 2,
    inputs: [
      {
        txid: Hash256.fromDisplay(txid),
        index: 0,
        script: new Uint8Array(),
        sequence: 0xfffffffd,
        witness: HtlcScript.claimWitness(htlc.value, new Uint8Array(72), secret),
      },
    ],
    // Pay to anchor: four bytes, which make the transaction as long as two hashes, so that no branch to it proves anything.
    outputs: [{ amount: 1000n, script: Uint8Array.of(0x51, 0x02, 0x4e, 0x73) }],
    lockTime: 0,
  }
  expect(Transaction.encodeStripped(claim).length).toBe(64)
  chain.mine(1_700_000_102n, claim)
  const verifier: Verifier = { network: network.id, verify: () => Verdict.refuse('anchor', 'another chain') }
  const adapter = createBitcoinAdapter({ network, backend: chain.backend, verifier })
  const lock = { ref: `${txid}:0`, transaction: txid, amount: terms.amount, match: 'exact' } as const
  expect(await adapter.findSpend(terms, lock)).toMatchObject({
    is: 'found',
    fact: { value: { kind: 'claim', secret }, assurance: 'reported' },
  })
})

test('one caller that gives up takes no other with it', async () => {
  const { chain } = withLock()
  const adapter = adapterOf({
    ...chain.backend,
    async blockHash(height, options) {
      await undefined
      options?.signal?.throwIfAborted()
      return chain.backend.blockHash(height)
    },
  })
  const impatient = new AbortController()
  const first = adapter.tip({ signal: impatient.signal })
  const second = adapter.tip()
  impatient.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  expect((await second).value.height).toBe(13n)
})

const HOSTILE: readonly unknown[] = [
  null,
  undefined,
  true,
  -1,
  1.5,
  Number.MAX_SAFE_INTEGER,
  '',
  'zz',
  'ab',
  'AB'.repeat(32),
  `0x${'ab'.repeat(31)}`,
  'ab'.repeat(32),
  [],
  ['ab'],
  {},
  { hex: 'zz' },
  { blocks: -5, bestblockhash: 'ab'.repeat(32) },
  { unspents: [{ txid: 'ab', vout: 0 }] },
  { unspents: { length: 1 } },
  { status: 200, body: 7 },
  { status: 200, body: '{"confirmed":"yes"}' },
  { status: 200, body: '[[[[' },
  { status: 200, body: 'ab'.repeat(40) },
  { status: '200', body: '1' },
  { status: 200, body: '99999999999999999999' },
]

function endpoint(answer: (method: string) => unknown): Rpc {
  return { name: 'hostile', assurance: 'reported', request: async (method) => answer(method) }
}

const calls: Readonly<Record<string, (backend: Backend) => Promise<unknown>>> = {
  tip: (backend) => backend.tip(),
  blockHash: (backend) => backend.blockHash(5n),
  header: (backend) => backend.header('ab'.repeat(32)),
  coinbase: (backend) => backend.coinbase('ab'.repeat(32)),
  transaction: (backend) => backend.transaction('ab'.repeat(32)),
  place: (backend) => backend.place('ab'.repeat(32), 'cd'.repeat(32)),
  history: (backend) => backend.history([Uint8Array.of(0x51)]),
  unspent: (backend) => backend.unspent(Uint8Array.of(0x51)),
  spender: (backend) => backend.spender({ txid: 'ab'.repeat(32), index: 0 }, Uint8Array.of(0x51)),
  estimate: (backend) => backend.estimate(6),
  block: (backend) => backend.block('ab'.repeat(32)),
}

describe.each([
  ['Bitcoin Core', (rpc: Rpc) => createCoreBackend({ rpc })],
  ['Esplora', (rpc: Rpc) => createEsploraBackend({ rest: rpc })],
] as const)('error: hostile answers of %s', (_, create) => {
  test.each(Object.keys(calls))(
    '%s: an answer of the wrong form is a typed error or nothing, never a crash',
    async (name) => {
      const call = calls[name] as (typeof calls)[string]
      let typed = 0
      for (const value of HOSTILE) {
        const outcome = await call(create(endpoint(() => value))).then(
          () => 'answered',
          (error) => error,
        )
        if (outcome !== 'answered') {
          expect(isAitbcError(outcome), `${name} of ${String(value)}: ${String(outcome)}`).toBe(true)
          expect(outcome.message).toContain('hostile')
          typed++
        }
      }
      expect(typed).toBeGreaterThan(HOSTILE.length / 2)
    },
  )

  property.prop([fc.constantFrom(...Object.keys(calls)), fc.jsonValue()])(
    'any JSON at all',
    async (name, value) => {
      const call = calls[name] as (typeof calls)[string]
      for (const wrapped of [value, { status: 200, body: JSON.stringify(value) }]) {
        const outcome = await call(create(endpoint(() => wrapped))).then(
          () => undefined,
          (error) => error,
        )
        if (outcome !== undefined) expect(isAitbcError(outcome), String(outcome)).toBe(true)
      }
    },
  )
})

test('H29: a node whose index of transactions is still being made says of none that it isn’t there', async () => {
  const message =
    'No such mempool transaction. Blockchain transactions are still in the process of being indexed. Use gettransaction for wallet transactions.'
  const rpc = endpoint(() => {
    throw CoreErrors.RpcRejected(message, { code: -5, message })
  })
  await expect(createCoreBackend({ rpc }).transaction('ab'.repeat(32))).rejects.toMatchObject({
    _tag: 'IndexMissing',
  })
})

describe('an Esplora server', () => {
  const id = (n: number) => n.toString(16).padStart(64, '0')
  /** Answers of a server by path; what it doesn't have is not found. */
  const server = (answers: Readonly<Record<string, unknown>>): Rpc => ({
    name: 'Esplora',
    assurance: 'reported',
    async request(_method, params) {
      const [path] = params as readonly [string]
      const found = answers[path.replace(/^\/scripthash\/[0-9a-f]+/, '')]
      if (found === undefined) return { status: 404, body: 'not found' }
      return { status: 200, body: typeof found === 'string' ? found : JSON.stringify(found) }
    },
  })

  test('S12 H29: pages are as long as it likes: a history ends where a page is empty', async () => {
    const all = Array.from({ length: 23 }, (_, n) => ({ txid: id(n + 1) }))
    const pages: Record<string, unknown> = { '/txs/mempool': [] }
    for (let from = 0; from <= 23; from = Math.min(from + 10, from === 23 ? 24 : 23))
      pages[from === 0 ? '/txs/chain' : `/txs/chain/${id(from)}`] = all.slice(from, from + 10)
    const backend = createEsploraBackend({ rest: server(pages) })
    expect(await backend.history([Uint8Array.of(0x51)])).toEqual(all.map(({ txid }) => txid))
    const one = { '/txs/mempool': [], '/txs/chain': all, [`/txs/chain/${id(23)}`]: all }
    expect(await createEsploraBackend({ rest: server(one) }).history([Uint8Array.of(0x51)])).toHaveLength(23)
  })

  test('L4 H29: what an undone block held, and no mempool holds, is not waiting though the server keeps it', async () => {
    const { payment, txid } = withLock()
    const [input] = payment.inputs as [Transaction.Input]
    const spent = `/tx/${Hash256.toDisplay(input.txid)}/outspend/${input.index}`
    const kept = {
      [`/tx/${txid}/hex`]: Bytes.toHex(Transaction.encode(payment)),
      [`/tx/${txid}/status`]: { confirmed: false },
    }
    const told = (outspend: unknown) =>
      createEsploraBackend({ rest: server({ ...kept, [spent]: outspend }) }).transaction(txid)
    expect(await told({ spent: false })).toBeUndefined()
    expect(await told({ spent: true, txid: id(7) })).toBeUndefined()
    expect(await told({ spent: true, txid })).toEqual({ raw: Transaction.encode(payment) })
  })
})

describe('L5 S13: an estimate that the lock can not pay', () => {
  const settlements = [
    { kind: 'claim', secret: SwapSeed.secret(ALICE, NONCE) },
    { kind: 'refund', secret: undefined },
  ] as const

  test.each(settlements)('does not keep a $kind from being made: it pays what it can', async ({ secret }) => {
    const { chain, terms, txid } = withLock()
    const adapter = adapterOf({ ...chain.backend, estimate: async () => 9_000_000n })
    const lock = { ref: `${txid}:0`, transaction: txid, amount: terms.amount, match: 'exact' } as const
    const intent =
      secret === undefined
        ? ({ kind: 'refund', terms, lock } as const)
        : ({ kind: 'claim', terms, lock, secret } as const)
    const [step] = await adapter.prepare(intent)
    expect(step?.maxFee.amount).toBeGreaterThan(terms.amount - 1000n)
    expect(step?.maxFee.amount).toBeLessThan(terms.amount)
    await expect(adapter.prepare(intent, { feeRate: 9_000_000n })).rejects.toMatchObject({
      _tag: 'DustOutput',
    })
    const tiny = { ...lock, amount: 350n }
    await expect(adapter.prepare({ ...intent, lock: tiny })).rejects.toMatchObject({ _tag: 'DustOutput' })
  })

  test.each(settlements.flatMap((one) => [20_000n, undefined].map((told) => ({ ...one, told }))))(
    'H5 H6: a $kind outbids what spends the lock in the mempool, where the endpoint tells its fee ($told) and where not',
    async ({ kind, secret, told }) => {
      const { chain, terms, payment } = withLock()
      const txid = chain.idOf(payment)
      const [output] = payment.outputs as [Transaction.Output]
      const rival: Transaction.Transaction = {
        version: 2,
        inputs: [
          {
            txid: Hash256.fromDisplay(txid),
            index: 0,
            script: new Uint8Array(),
            sequence: 0xfffffffd,
            witness: [Uint8Array.of(1)],
          },
        ],
        outputs: [{ ...output, amount: output.amount - 20_000n }],
        lockTime: 0,
      }
      chain.mempool.set(chain.idOf(rival), rival)
      const adapter = adapterOf({ ...chain.backend, evicted: async () => told })
      const lock = { ref: `${txid}:0`, transaction: txid, amount: terms.amount, match: 'exact' } as const
      const [step] = await adapter.prepare(
        secret === undefined ? { kind: 'refund', terms, lock } : { kind: 'claim', terms, lock, secret },
      )
      expect(step?.maxFee.amount, kind).toBeGreaterThan(20_000n)
    },
  )
})
