import { isAitbcError } from '@aitbc/core'
import { quorum, type Rpc } from '@aitbc/core/rpc'
import { Address } from '@aitbc/proofs/solana'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SolanaQuorum } from '../../src/solana/index.js'
import { BLOCKHASH, fill, PROGRAM } from './support.js'

const signature = Address.encode(fill(5, 64))
const context = (value: unknown, slot: number) => ({ context: { slot, apiVersion: `3.0.${slot}` }, value })
const account = (lamports: number, more: object = {}) => ({
  lamports,
  owner: PROGRAM,
  executable: false,
  data: ['AAE=', 'base64'],
  ...more,
})
const clock = (time: bigint) => {
  const bytes = new Uint8Array(40)
  new DataView(bytes.buffer).setBigInt64(32, time, true)
  return account(1, { data: [btoa(String.fromCharCode(...bytes)), 'base64'] })
}
const CLOCK = [[Address.encode(Address.CLOCK_SYSVAR)], { commitment: 'confirmed' }]

/** Three nodes that answer so. */
const ask = async (method: string, answers: readonly unknown[], params: readonly unknown[] = []) => {
  const nodes = answers.map(
    (answer, i): Rpc => ({
      name: `n${i}`,
      assurance: 'reported',
      request: async () => answer,
    }),
  )
  try {
    return { value: await quorum(nodes, { k: 2, read: SolanaQuorum.read }).request(method, params) }
  } catch (error) {
    if (!isAitbcError(error, 'RpcDisagreement')) throw error
    return { liars: error.context['liars'] }
  }
}

/** Each method: what honest nodes answer at slots of their own, what comes of it, and what a liar in the middle would answer. */
type Case = readonly [
  method: string,
  honest: readonly unknown[],
  wins: number,
  lies: readonly unknown[],
  params?: readonly unknown[],
]
const cases: readonly Case[] = [
  ['getSlot', [1000, 1003, 1001], 2, [4000, 1, 'x', null]],
  ['getBlockHeight', ['1000', '1003', '1001'], 2, ['4000', '1']],
  [
    'getLatestBlockhash',
    [100, 103, 101].map((at) =>
      context({ blockhash: `${BLOCKHASH}${at}`, lastValidBlockHeight: at + 150 }, at),
    ),
    2,
    [context({ blockhash: BLOCKHASH, lastValidBlockHeight: 900 }, 101)],
  ],
  [
    'getMultipleAccounts',
    [
      context([account(5), null], 100),
      context([account(5, { space: 2 }), null], 103),
      context([account(5), null], 101),
    ],
    2,
    [context([account(6), null], 101), context([null, null], 101), context([account(5), null], 900)],
  ],
  [
    'getMultipleAccounts',
    [context([clock(1000n)], 100), context([clock(1003n)], 103), context([clock(1001n)], 101)],
    2,
    [context([clock(5000n)], 101), context([clock(1n)], 101), context([null], 101)],
    CLOCK,
  ],
  [
    'isBlockhashValid',
    [context(true, 100), context(true, 103), context(true, 101)],
    2,
    [context(false, 101)],
  ],
  [
    'getSignatureStatuses',
    [
      context([{ slot: 90, err: null, confirmations: 11, confirmationStatus: 'confirmed' }, null], 100),
      context([{ slot: 90, err: null, confirmations: null, confirmationStatus: 'finalized' }, null], 103),
      context([{ slot: 90, err: null, confirmations: 12, confirmationStatus: 'confirmed' }, null], 101),
    ],
    2,
    [
      context([null, null], 101),
      context([{ slot: 91, err: null, confirmationStatus: 'confirmed' }, null], 101),
      context([{ slot: 90, err: {}, confirmationStatus: 'confirmed' }, null], 101),
      context([{ slot: 90, err: null, confirmationStatus: 'processed' }, null], 101),
      context([{ slot: 90, confirmationStatus: 'confirmed' }, null], 101),
    ],
  ],
  [
    'getSignaturesForAddress',
    [
      [{ signature, slot: 5, err: null, confirmationStatus: 'confirmed' }],
      [{ signature, slot: 5, err: null, confirmationStatus: 'finalized', memo: null }],
      [{ signature, slot: 5, err: null }],
    ],
    0,
    [[], [{ signature, slot: 6, err: null }], [{ signature, slot: 5, err: {} }], null],
  ],
  [
    'getBlock',
    [
      { blockHeight: 9, blockhash: 'h', previousBlockhash: 'p', parentSlot: 8, blockTime: 5 },
      { blockHeight: 9, blockhash: 'h', previousBlockhash: 'p', parentSlot: 8, blockTime: 5, rewards: [] },
      { blockHeight: 9, blockhash: 'h', previousBlockhash: 'p', parentSlot: 8, blockTime: 5 },
    ],
    0,
    [{ blockHeight: 9, blockhash: 'g', previousBlockhash: 'p', parentSlot: 8, blockTime: 5 }, null],
  ],
  [
    'getTransaction',
    [0, 1, 2].map((costUnits) => ({
      slot: 5,
      transaction: ['AA==', 'base64'],
      meta: {
        err: null,
        costUnits,
        innerInstructions: [{ index: 0, instructions: [{ programIdIndex: 1, accounts: [0], data: '2' }] }],
      },
    })),
    0,
    [
      { slot: 5, transaction: ['AB==', 'base64'], meta: { err: null } },
      { slot: 5, transaction: ['AA==', 'base64'], meta: { err: null, innerInstructions: [] } },
      null,
    ],
  ],
  [
    'getProgramAccounts',
    [
      [
        { pubkey: 'a', account: account(1) },
        { pubkey: 'b', account: account(2) },
      ],
      [
        { pubkey: 'b', account: account(2, { space: 2 }) },
        { pubkey: 'a', account: account(1) },
      ],
      [
        { pubkey: 'a', account: account(1, { rentEpoch: 0 }) },
        { pubkey: 'b', account: account(2) },
      ],
    ],
    0,
    [[{ pubkey: 'a', account: account(1) }], null],
  ],
  ['getMinimumBalanceForRentExemption', [5, 5, 5], 0, [6]],
]

describe('three nodes of which k = 2 must agree', () => {
  for (const [index, [method, honest, wins, lies, params]] of cases.entries()) {
    test(`${index}: ${method}: honest ones agree as of slots of their own`, async () => {
      expect((await ask(method, honest, params)).value).toEqual(honest[wins])
    })

    test(`H29: ${index}: ${method}: who lies is named`, async () => {
      const [a, b] = honest
      for (const lie of lies)
        expect((await ask(method, [a, lie, b], params)).liars, String(lie)).toEqual(['n1'])
    })
  }

  test('no node alone makes a fee dearer', async () => {
    const fees = (...all: readonly number[]) =>
      all.map((prioritizationFee, slot) => ({ slot, prioritizationFee }))
    const answers = [fees(1, 7, 3), fees(10 ** 9), fees(2, 5)]
    expect((await ask('getRecentPrioritizationFees', answers)).value).toEqual(answers[0])
  })

  test('property: it takes whatever an endpoint sends', () => {
    const methods = [...new Set(cases.map(([method]) => method)), 'getRecentPrioritizationFees', 'other']
    fc.assert(
      fc.property(fc.constantFrom(...methods), fc.jsonValue(), fc.jsonValue(), (method, answer, params) => {
        for (const given of [answer, context(answer, 1), context([answer], 1), [answer]])
          for (const by of [params, CLOCK])
            expect(SolanaQuorum.read(method, given, by)).toHaveProperty('alike')
      }),
    )
  })
})
