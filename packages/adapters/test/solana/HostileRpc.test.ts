import { isAitbcError } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSolanaAdapter, type SolanaTransport } from '../../src/solana/index.js'
import * as SolanaRpc from '../../src/solana/SolanaRpc.js'
import { accountOf, BLOCKHASH, fill, network, PROGRAM, rejected, SECRET, terms } from './support.js'

const answering = (answer: unknown): SolanaTransport => ({ request: async () => answer })
const signature = Address.encode(fill(5, 64))
const context = (value: unknown, slot: unknown = 7) => ({ context: { slot }, value })
const account = (change: object = {}) => ({
  lamports: 1,
  owner: PROGRAM,
  executable: false,
  rentEpoch: '18446744073709551615',
  data: ['AAE=', 'base64'],
  ...change,
})

/** Each method with what it takes and what it may not. */
const cases: Readonly<
  Record<
    string,
    readonly [(rpc: SolanaTransport) => Promise<unknown>, readonly unknown[], readonly unknown[]]
  >
> = {
  genesisHash: [(rpc) => SolanaRpc.genesisHash(rpc), [BLOCKHASH], [1, null, '', 'O0', `${BLOCKHASH}1`]],
  slot: [
    (rpc) => SolanaRpc.slot(rpc, 'confirmed'),
    [0, 5, 5n, '18446744073709551615'],
    [-1, 1.5, '01', '1e3', '18446744073709551616', null, {}, Number.MAX_SAFE_INTEGER + 1],
  ],
  accounts: [
    (rpc) => SolanaRpc.accounts(rpc, [fill(1)], 'confirmed'),
    [context([null]), context([account()]), context([account({ lamports: '2' })])],
    [
      [],
      context([]),
      context([null, null]),
      context(null),
      context([null], -1),
      context([account({ owner: 'x' })]),
      context([account({ data: ['AAE=', 'base58'] })]),
      context([account({ data: ['?', 'base64'] })]),
      context([account({ executable: 0 })]),
      context([account({ lamports: -1 })]),
      { value: [null] },
    ],
  ],
  programAccounts: [
    (rpc) => SolanaRpc.programAccounts(rpc, fill(1), { size: 244, offset: 20, bytes: fill(2) }),
    [[], [{ pubkey: PROGRAM, account: account() }]],
    [null, {}, [null], [{ pubkey: PROGRAM }], [{ pubkey: 1, account: account() }]],
  ],
  signatureStatuses: [
    (rpc) => SolanaRpc.signatureStatuses(rpc, [signature]),
    [context([null]), context([{ slot: 1, err: null, confirmationStatus: 'processed' }])],
    [
      context([]),
      context([{ slot: 1, confirmationStatus: 'final' }]),
      context([{ slot: 1, err: null, confirmationStatus: 'final' }]),
      context([{ err: null }]),
      context([1]),
    ],
  ],
  signaturesFor: [
    (rpc) => SolanaRpc.signaturesFor(rpc, fill(1), { limit: 1 }),
    [[], [{ signature, slot: 1, err: { InstructionError: [0, 'x'] } }]],
    [null, [{ signature, slot: 1 }], [{ signature: 'x', slot: 1, err: null }], [1], [{}, {}]],
  ],
  latestBlockhash: [
    (rpc) => SolanaRpc.latestBlockhash(rpc, 'confirmed'),
    [context({ blockhash: BLOCKHASH, lastValidBlockHeight: 150 })],
    [context({ blockhash: BLOCKHASH }), context(null), { blockhash: BLOCKHASH, lastValidBlockHeight: 150 }],
  ],
  isBlockhashValid: [
    (rpc) => SolanaRpc.isBlockhashValid(rpc, BLOCKHASH, 'finalized'),
    [context(true), context(false)],
    [true, context(1), context('true'), context(null)],
  ],
  prioritizationFees: [
    (rpc) => SolanaRpc.prioritizationFees(rpc, []),
    [[], [{ slot: 1, prioritizationFee: 5 }]],
    [null, [5], [{ slot: 1 }], [{ prioritizationFee: -1 }]],
  ],
  rent: [(rpc) => SolanaRpc.rent(rpc, 10), [890_880], [null, '', -1]],
  blocks: [
    (rpc) => SolanaRpc.blocks(rpc, 5n, 8n),
    [[], [5, 6, 8]],
    [[6, 5], [4], [9], [5, 5], [5, 6, 7, 8, 8], null],
  ],
  block: [
    (rpc) => SolanaRpc.block(rpc, 5n),
    [
      null,
      { blockHeight: 4, blockhash: BLOCKHASH, previousBlockhash: BLOCKHASH, parentSlot: 4, blockTime: 1 },
    ],
    [{}, { blockHeight: 4, blockhash: 'x', previousBlockhash: BLOCKHASH, parentSlot: 4, blockTime: 1 }, 5],
  ],
  transaction: [
    (rpc) => SolanaRpc.transaction(rpc, signature),
    [null, { slot: 1, transaction: ['AAE=', 'base64'], meta: { err: null } }],
    [
      {},
      { slot: 1, transaction: ['AAE=', 'base64'], meta: null },
      { slot: 1, transaction: ['AAE=', 'base64'], meta: { err: null, innerInstructions: [1] } },
      {
        slot: 1,
        transaction: ['AAE=', 'base64'],
        meta: { err: null, innerInstructions: [{ instructions: [{ programIdIndex: 256 }] }] },
      },
      { slot: 1, transaction: ['A'.repeat(2000), 'base64'], meta: { err: null } },
    ],
  ],
}

describe('answers are read strictly', () => {
  for (const [name, [ask, good, bad]] of Object.entries(cases))
    test(name, async () => {
      for (const answer of good) await ask(answering(answer))
      for (const answer of bad)
        expect(await rejected(ask(answering(answer))), JSON.stringify(answer)).toMatchObject({
          _tag: 'RpcMalformed',
        })
    })

  test('property: whatever an endpoint answers, every call ends in a typed error or a value', async () => {
    const lock = { ref: '', transaction: '', amount: 1n, match: 'exact' } as const
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (answer) => {
        const adapter = createSolanaAdapter({
          network,
          program: PROGRAM,
          // The cluster is the right one, and then nothing is.
          rpc: {
            request: async (method) =>
              method === 'getGenesisHash' ? '7tkzFg8RHBmMw1ncRJZCCZAizgq4rwCftTKYLce8RU8t' : answer,
          },
        })
        const known = { ...lock, ref: adapter.expectLock(terms(), []).ref }
        const own = { ...terms(), backend: adapter.backend }
        const calls = [
          () => adapter.tip(),
          () => adapter.balance(accountOf(1)),
          () => adapter.feeRates(),
          () => adapter.findLocks(own),
          () => adapter.findSpend(own, known),
          () => adapter.discoverLocks(own.hashlock),
          () => adapter.prepare({ kind: 'lock', terms: own }),
          () => adapter.prepare({ kind: 'claim', terms: own, lock: known, secret: SECRET }),
          () =>
            adapter.prepare({
              kind: 'transfer',
              from: accountOf(1),
              to: accountOf(2),
              asset: network.native.id,
              amount: 5n,
            }),
        ]
        for (const call of calls)
          try {
            await call()
          } catch (error) {
            if (!isAitbcError(error)) throw error
          }
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS) },
    )
  })

  test('H20: where the program isn’t at its address, nothing is told of its locks', async () => {
    const adapter = createSolanaAdapter({
      network,
      program: PROGRAM,
      rpc: {
        request: async (method) =>
          method === 'getGenesisHash'
            ? '7tkzFg8RHBmMw1ncRJZCCZAizgq4rwCftTKYLce8RU8t'
            : context([null, null]),
      },
    })
    expect(await adapter.findLocks(terms())).toMatchObject([
      { is: 'unknown', why: { check: 'lock-program' } },
    ])
  })
})
