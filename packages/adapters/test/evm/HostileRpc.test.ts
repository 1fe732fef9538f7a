import { CoreErrors, isAitbcError, type Submission, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import fc from 'fast-check'
import { type Hex, numberToHex, toHex } from 'viem'
import { describe, expect, test } from 'vitest'
import * as EvmRpc from '../../src/evm/EvmRpc.js'
import { createEvmAdapter, EvmTransaction, HtlcLock, HubEth } from '../../src/evm/index.js'
import { alice, createFakeNode, lockId, network, SECRET, terms } from './fakeNode.js'

type Node = ReturnType<typeof createFakeNode>
const lock = { ref: lockId, transaction: '', amount: terms.amount, match: 'exact' } as const
const transfer = {
  kind: 'transfer',
  from: alice.account,
  to: terms.beneficiary.account,
  asset: network.native.id,
  amount: 1n,
} as const
const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), network.id)
const submissionOf = async (node: Node): Promise<Submission> => {
  const [step] = await node.adapter.prepare(transfer)
  const signed = await alice.sign(step!)
  return { ...signed, attempts: [signed.id] }
}

/** Every call of the adapter that asks a node, by name. */
const calls: Record<string, (node: Node, submission: Submission) => Promise<unknown>> = {
  tip: ({ adapter }) => adapter.tip(),
  balance: ({ adapter }) => adapter.balance(alice.account),
  'token balance': ({ adapter, token }) =>
    adapter.balance(alice.account, { asset: `${network.id}/erc20:${token}` }),
  credit: ({ adapter }) => adapter.credit(alice.account),
  feeRates: ({ adapter }) => adapter.feeRates(),
  'prepare transfer': ({ adapter }) => adapter.prepare(transfer),
  'prepare lock': ({ adapter }) => adapter.prepare({ kind: 'lock', terms }),
  'prepare token lock': ({ adapter, token }) =>
    adapter.prepare({ kind: 'lock', terms: { ...terms, asset: `${network.id}/erc20:${token}` } }),
  'prepare claim': ({ adapter }) => adapter.prepare({ kind: 'claim', terms, lock, secret: SECRET }),
  'prepare refund': ({ adapter }) => adapter.prepare({ kind: 'refund', terms, lock }),
  submit: ({ adapter }, submission) => adapter.submit({ ...submission, raw: submission.raw! }),
  replace: ({ adapter }, submission) => adapter.replace(submission, 1n),
  status: ({ adapter }, submission) => adapter.status(submission),
  findLocks: ({ adapter }) => adapter.findLocks(terms),
  findSpend: ({ adapter }) => adapter.findSpend(terms, lock),
  discoverLocks: ({ adapter }) => adapter.discoverLocks(terms.hashlock),
  recoverLocks: ({ adapter }) => adapter.recoverLocks(seed, { hashlockOf: () => terms.hashlock }),
  prove: ({ adapter }) => adapter.prove({ kind: 'lock', terms, lock }),
  watch: async ({ adapter }) => adapter.watch({ kind: 'lock', terms })[Symbol.asyncIterator]().next(),
  headers: async ({ adapter, blocks }) =>
    adapter
      .headers({ height: 5n, hash: blocks[5]!['hash'] as string })
      [Symbol.asyncIterator]()
      .next(),
}

describe('default', () => {
  test.each(Object.keys(calls).filter((name) => name !== 'prove'))(
    '%s: a well-formed node is understood',
    async (name) => {
      const node = createFakeNode()
      await calls[name]!(node, await submissionOf(node))
    },
  )

  test('what the node says is what comes out: found, claimed with its secret, refunded, absent', async () => {
    const read = async (status: 0n | 1n | 2n | 3n) => {
      const { adapter } = createFakeNode(status)
      const [found] = await adapter.findLocks(terms)
      const spend = await adapter.findSpend(terms, lock)
      return [found?.is, spend.is === 'found' ? spend.fact.value.kind : spend.is]
    }
    expect(await read(0n)).toEqual(['absent', 'absent'])
    expect(await read(1n)).toEqual(['found', 'absent'])
    expect(await read(2n)).toEqual(['found', 'claim'])
    expect(await read(3n)).toEqual(['found', 'refund'])
  })
})

describe('hostile answers', () => {
  const anything = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      undefined,
      '',
      '0x',
      '0x0',
      '0x00',
      '0X1',
      '0x1g',
      ' 0x1',
      `0x${'f'.repeat(64)}`,
      `0x${'f'.repeat(65)}`,
      `0x${'00'.repeat(32)}`,
      '-0x1',
      -1,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      true,
      [],
      {},
      [null],
      [[]],
      { __proto__: null },
      'a'.repeat(10_000),
      `0x${'ab'.repeat(10_000)}`,
    ),
    fc.jsonValue(),
  )

  test.each(Object.keys(calls))(
    '%s: whatever any one method answers, the outcome is a value or a typed error that names the method',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...Object.keys(createFakeNode().answers)),
          anything,
          async (method, lie) => {
            const node = createFakeNode()
            const submission = await submissionOf(node)
            let asked = false
            node.answers[method] = () => {
              asked = true
              return lie
            }
            try {
              await calls[name]!(node, submission)
            } catch (error) {
              if (!isAitbcError(error)) throw error
              if (error._tag === 'RpcMalformed') expect(error.context['method']).toMatch(/^eth_/)
              expect(asked || name === 'prove').toBe(true)
            }
          },
        ),
      )
    },
  )

  test('any field of any answer, replaced by anything: never a wrong lock, never an untyped error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('findLocks', 'findSpend', 'discoverLocks', 'status', 'tip'),
        fc.constantFrom<0n | 1n | 2n | 3n>(0n, 1n, 2n, 3n),
        fc.constantFrom(...Object.keys(createFakeNode().answers)),
        fc.nat(),
        anything,
        async (name, status, method, which, lie) => {
          const node = createFakeNode(status)
          const submission = await submissionOf(node)
          const honest = node.answers[method]!
          node.answers[method] = (params) => mutate(honest(params), which, lie)
          try {
            const outcome = await calls[name]!(node, submission)
            if (name === 'findLocks')
              for (const read of outcome as Awaited<ReturnType<Node['adapter']['findLocks']>>)
                if (read.is === 'found')
                  expect(read.fact.value).toMatchObject({ ref: lockId, amount: terms.amount })
            if (name === 'discoverLocks')
              for (const found of outcome as Awaited<ReturnType<Node['adapter']['discoverLocks']>>)
                expect(
                  HtlcLock.id(
                    HtlcLock.fromLockTerms(found.terms, node.adapter.backend, network),
                    node.adapter.backend,
                  ),
                ).toBe(found.lock.ref)
            if (name === 'findSpend') {
              const read = outcome as Awaited<ReturnType<Node['adapter']['findSpend']>>
              if (read.is === 'found' && read.fact.value.kind === 'claim')
                expect(read.fact.value.secret).toEqual(SECRET)
            }
          } catch (error) {
            if (!isAitbcError(error)) throw error
          }
        },
      ),
    )
  })

  test('S16: a claim event whose secret does not open the hashlock is no spend: unknown, with the reason', async () => {
    const node = createFakeNode(2n)
    const claimed = { ...node.claimed, data: toHex(new Uint8Array(32).fill(8)) }
    node.answers['eth_getLogs'] = () => [claimed]
    expect(await node.adapter.findSpend(terms, lock)).toMatchObject({
      is: 'unknown',
      why: { check: 'spend-event' },
    })
  })

  test('S6, H29: events that a node has pruned, or hides, hide neither a lock nor its refund: the state tells', async () => {
    const pruned = (): never => {
      throw Object.assign(new Error('pruned history unavailable'), { code: 4444 })
    }
    for (const [status, answer] of [
      [1n, () => []],
      [1n, pruned],
      [3n, () => []],
      [3n, pruned],
    ] as const) {
      const { adapter, answers } = createFakeNode(status)
      answers['eth_getLogs'] = answer
      // Where the newest final block has it so, it is final.
      const at = { height: 7n }
      expect(await adapter.findLocks(terms)).toMatchObject([
        { is: 'found', fact: { value: { ref: lockId, transaction: '', match: 'exact' }, at } },
      ])
      const spend = await adapter.findSpend(terms, lock)
      if (status === 1n) expect(spend).toMatchObject({ is: 'absent' })
      else expect(spend).toMatchObject({ is: 'found', fact: { value: { kind: 'refund' }, at } })
    }
    const fresh = createFakeNode(1n)
    fresh.answers['eth_getLogs'] = () => []
    fresh.answers['eth_getStorageAt'] = ([, , at]) =>
      numberToHex((at as { blockHash: Hex }).blockHash === fresh.hashes[9] ? 1n : 0n, { size: 32 })
    expect(await fresh.adapter.findLocks(terms)).toMatchObject([
      { is: 'found', fact: { at: { height: 9n } } },
    ])
  })

  test('S6: a secret is found in the part of the chain whose events a node still has', async () => {
    const node = createFakeNode(2n)
    const honest = node.answers['eth_getLogs']!
    node.answers['eth_getLogs'] = (params) => {
      const { fromBlock, toBlock } = params[0] as { fromBlock: Hex; toBlock: Hex }
      if (BigInt(fromBlock) < 6n) throw Object.assign(new Error('pruned history unavailable'), { code: 4444 })
      return BigInt(toBlock) >= 8n ? honest(params) : []
    }
    expect(await node.adapter.findSpend(terms, lock)).toMatchObject({
      is: 'found',
      fact: { value: { kind: 'claim', secret: SECRET }, at: { height: 8n } },
    })
  })

  test('H29: status and events that contradict each other are unknown, not absent', async () => {
    const odd = createFakeNode(1n)
    odd.answers['eth_getStorageAt'] = () => numberToHex(4n, { size: 32 })
    expect(await odd.adapter.findLocks(terms)).toMatchObject([
      { is: 'unknown', why: { check: 'lock-status' } },
    ])
    const spent = createFakeNode(1n)
    spent.answers['eth_getStorageAt'] = () => numberToHex(2n, { size: 32 })
    expect(await spent.adapter.findSpend(terms, lock)).toMatchObject({
      is: 'unknown',
      why: { check: 'spend-event' },
    })
  })

  test('A18: events of another contract, block or topic than asked for are refused by name', async () => {
    const cases: readonly Record<string, unknown>[] = [
      { address: '0x00000000000000000000000000000000000000ee' },
      { blockHash: `0x${'ab'.repeat(32)}` },
      { blockNumber: '0x63' },
      { topics: [HtlcLock.TOPICS.locked, `0x${'01'.repeat(32)}`] },
      { removed: true },
      { data: '0x' },
    ]
    for (const change of cases) {
      const node = createFakeNode(1n)
      node.answers['eth_getLogs'] = () => [{ ...node.locked, ...change }]
      await expect(node.adapter.findLocks(terms)).rejects.toMatchObject({
        _tag: 'RpcMalformed',
        code: 1204,
        context: { method: 'eth_getLogs' },
      })
    }
  })

  test('A19: a header that is not the block’s is refused; a proof that does not verify never leaves the adapter', async () => {
    const node = createFakeNode()
    const next: Record<string, unknown> = { ...node.blocks[9], gasUsed: '0x1' }
    node.answers['eth_getBlockByHash'] = ([hash]) =>
      hash === next['hash'] ? next : (node.blocks.find((b) => b['hash'] === hash) ?? null)
    const from = { height: 8n, hash: node.blocks[8]!['hash'] as string }
    await expect(node.adapter.headers(from)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      _tag: 'RpcMalformed',
    })
    const lying = createFakeNode()
    await expect(calls['prove']!(lying, await submissionOf(lying))).rejects.toMatchObject({
      _tag: 'RpcMalformed',
      context: { method: 'eth_getProof' },
    })
  })

  test('endless or huge lists are cut short: 1204 or 1208', async () => {
    const node = createFakeNode()
    node.answers['eth_getLogs'] = () => new Array(10_001).fill(node.locked)
    const { hashlock } = terms
    await expect(node.adapter.discoverLocks(hashlock)).rejects.toMatchObject({ _tag: 'RpcTooLarge' })
    const refusing = createFakeNode()
    let asked = 0
    refusing.answers['eth_getLogs'] = () => {
      asked++
      throw Object.assign(new Error('query returned more than 10000 results'), { code: -32005 })
    }
    await expect(refusing.adapter.discoverLocks(hashlock)).rejects.toMatchObject({ _tag: 'RpcRejected' })
    expect(asked).toBeLessThan(20)
  })

  test('L1: whoever fills a mempool beyond what is read hides what waits there, and no lock', async () => {
    const node = createFakeNode()
    const honest = node.answers['eth_getBlockByNumber']!
    node.answers['eth_getBlockByNumber'] = (params) => {
      if (params[0] !== 'pending') return honest(params)
      throw CoreErrors.RpcTooLarge('too large', { method: 'eth_getBlockByNumber' })
    }
    expect(await node.adapter.findSpend(terms, lock)).toMatchObject({ is: 'absent' })
  })

  test('L3: whoever repeats a hashlock or a tag in locks of theirs has nobody ask for their blocks', async () => {
    const asked = async (copies: number, read: (node: Node) => Promise<unknown>) => {
      const node = createFakeNode()
      node.answers['eth_getLogs'] = ([filter]) => {
        const tags = (filter as { topics: readonly (readonly Hex[] | null)[] }).topics[3]
        if (tags !== undefined && !tags?.includes(toHex(SwapSeed.derive(seed, 'tag', 0)))) return []
        const topics = node.locked.topics.map((topic, i) => (i === 3 ? (tags?.[0] ?? topic) : topic))
        const hashes = node.hashes.slice(0, copies)
        return hashes.map((blockHash, i) => ({
          ...node.locked,
          ...{ topics, blockHash, blockNumber: numberToHex(i) },
        }))
      }
      let blocks = 0
      const honest = node.answers['eth_getBlockByNumber']!
      node.answers['eth_getBlockByNumber'] = (params) => {
        blocks++
        return honest(params)
      }
      await read(node)
      return blocks
    }
    const hashlockOf = () => terms.hashlock
    for (const read of [
      ({ adapter }: Node) => adapter.discoverLocks(terms.hashlock),
      ({ adapter }: Node) => adapter.recoverLocks(seed, { hashlockOf }),
    ])
      expect(await asked(9, read)).toBe(await asked(1, read))
  })

  test('a node that finds locks for every tag ever asked is stopped: 1208', async () => {
    const node = createFakeNode(1n)
    node.answers['eth_getLogs'] = ([filter]) => {
      const [, , , tags] = (filter as { topics: readonly (readonly Hex[])[] }).topics
      const [topic, id, hashlock] = node.locked.topics
      return [{ ...node.locked, topics: [topic, id, hashlock, tags?.[0]] }]
    }
    await expect(calls['recoverLocks']!(node, await submissionOf(node))).rejects.toMatchObject({
      _tag: 'RpcTooLarge',
      code: 1208,
    })
  })

  test('H8: fees that a hostile endpoint invents are refused, not paid; a caller can set the limit', async () => {
    const node = createFakeNode()
    const price = (baseFee: bigint, tip: bigint) => () => ({
      baseFeePerGas: [numberToHex(baseFee), numberToHex(baseFee)],
      reward: [[tip, tip, tip].map((value) => numberToHex(value))],
    })
    for (const [baseFee, tip] of [
      [10n ** 13n, 1n],
      [1n, 10n ** 14n],
      [2n ** 255n, 1n],
    ] as const) {
      node.answers['eth_feeHistory'] = price(baseFee, tip)
      for (const run of [node.adapter.feeRates(), node.adapter.prepare({ kind: 'refund', terms, lock })])
        await expect(run).rejects.toMatchObject({
          _tag: 'EvmFeeRateTooHigh',
          code: 3213,
          context: { max: 10n ** 13n },
        })
    }
    node.answers['eth_feeHistory'] = price(10n ** 9n, 1n)
    const adapter = createEvmAdapter({ network, transport: node.transport, maxFeeRate: 10n ** 9n })
    await expect(adapter.feeRates()).rejects.toMatchObject({ _tag: 'EvmFeeRateTooHigh' })
    const [step] = await adapter.prepare({ kind: 'refund', terms, lock }, { feeRate: 10n ** 9n })
    expect(step!.maxFee.amount % 10n ** 9n).toBe(0n)
  })

  test('L5: a market that may be paid, but not in a hurry, stops nothing: the hurried rate is the bound', async () => {
    const node = createFakeNode()
    const adapter = createEvmAdapter({ network, transport: node.transport, maxFee: 10n ** 20n })
    node.answers['eth_feeHistory'] = () => ({
      baseFeePerGas: [numberToHex(4n * 10n ** 12n)],
      reward: [[1n, 1n, 1n].map((value) => numberToHex(value))],
    })
    const [normal, fast] = [8n * 10n ** 12n + 1n, 10n ** 13n]
    expect(await adapter.feeRates()).toEqual({ slow: normal, normal, fast })
    const [step] = await adapter.prepare({ kind: 'refund', terms, lock })
    expect(step!.maxFee.amount % normal).toBe(0n)
    const submission = { ...(await alice.sign(step!)), attempts: [] }
    const [dearer] = await adapter.replace(submission, fast)
    expect(dearer!.maxFee.amount % fast).toBe(0n)
  })

  test('L5: no step costs more in all than nodes take (rpc.txfeecap), a void neither: EvmFeeRateTooHigh (3213) names the bound', async () => {
    const node = createFakeNode()
    const dear = numberToHex(2n * 10n ** 12n)
    node.answers['eth_feeHistory'] = () => ({ baseFeePerGas: [dear], reward: [['0x1', '0x1', '0x1']] })
    const gas = 330_000n
    const max = 10n ** 18n / gas
    const refund = { kind: 'refund', terms, lock } as const
    const [most] = await node.adapter.prepare(refund, { feeRate: max })
    expect(most!.maxFee.amount).toBe(max * gas)
    const refused = { _tag: 'EvmFeeRateTooHigh', code: 3213, context: { argument: 'feeRate', max } }
    await expect(node.adapter.prepare(refund, { feeRate: max + 1n })).rejects.toMatchObject(refused)
    await expect(node.adapter.prepare(refund)).rejects.toMatchObject(refused)
    const submission = { ...(await alice.sign(most!)), attempts: [] }
    await expect(node.adapter.replace(submission, max)).rejects.toMatchObject(refused)
    const wide = createEvmAdapter({ network, transport: node.transport, maxFee: 2n * 10n ** 18n })
    const [more] = await wide.replace(submission, max)
    expect(more!.maxFee.amount).toBeGreaterThan(10n ** 18n)
    // A void needs little gas: what outbids all that was there is within the bound.
    const [gone] = await node.adapter.prepare({ kind: 'void', submission })
    expect(gone!.maxFee.amount).toBeLessThan(10n ** 18n)
  })

  test('L6: more events than one answer may have are asked for in parts: a service has a lock for each of its swaps', async () => {
    const node = createFakeNode()
    const { locked, hashes } = node
    const address = node.adapter.backend.address
    const answer = ({ fromBlock, toBlock }: { fromBlock: Hex; toBlock: Hex }) => {
      const blocks = Array.from(
        { length: Number(toBlock) - Number(fromBlock) + 1 },
        (_, i) => Number(fromBlock) + i,
      )
      return blocks.flatMap((height) =>
        Array.from({ length: 6000 }, (_, i) => ({
          ...locked,
          logIndex: numberToHex(i),
          blockNumber: numberToHex(height),
          blockHash: hashes[height],
        })),
      )
    }
    const transport: EvmRpc.EvmTransport = {
      request: async ({ params }) => answer(params?.[0] as { fromBlock: Hex; toBlock: Hex }),
    }
    const found = await EvmRpc.logs(transport, { address, topics: [], from: 0n, to: 3n })
    expect(found).toHaveLength(24_000)
    expect(found.at(-1)).toMatchObject({ index: 5999n, block: { height: 3n } })
  })

  test('ranges that an endpoint refuses are halved until it answers', async () => {
    const node = createFakeNode()
    const spans: bigint[] = []
    const honest = node.answers['eth_getLogs']!
    node.answers['eth_getLogs'] = (params) => {
      const { fromBlock, toBlock } = params[0] as { fromBlock: Hex; toBlock: Hex }
      const span = BigInt(toBlock) - BigInt(fromBlock) + 1n
      spans.push(span)
      if (span > 3n) throw Object.assign(new Error('block range is too wide'), { code: -32005 })
      return BigInt(fromBlock) <= 8n && BigInt(toBlock) >= 8n ? honest(params) : []
    }
    expect(await node.adapter.findLocks(terms)).toMatchObject([{ is: 'found' }])
    expect(spans[0]).toBe(10n)
    expect(spans.at(-1)! <= 3n).toBe(true)
  })
})

describe('submit', () => {
  const refusing = (message: string, code = -32000) => {
    const node = createFakeNode()
    node.answers['eth_sendRawTransaction'] = () => {
      throw Object.assign(new Error(message), { code })
    }
    return node
  }

  test.each([
    ['nonce too low: next nonce 6, tx nonce 5', 'EvmNonceUsed'],
    ['OldNonce, Current nonce: 6, nonce of rejected tx: 5', 'EvmNonceUsed'],
    ['replacement transaction underpriced', 'EvmUnderpriced'],
    ['transaction underpriced: tip needed 1, tip permitted 0', 'EvmUnderpriced'],
    ['max fee per gas less than block base fee', 'EvmUnderpriced'],
    ['FeeTooLow, MaxFeePerGas too low', 'EvmUnderpriced'],
    ['ReplacementNotAllowed, existing tx has a higher fee', 'EvmUnderpriced'],
    ['Gas price below current base fee', 'EvmUnderpriced'],
    ['Gas price below configured minimum gas price', 'EvmUnderpriced'],
    ['Priority is too low: (18 vs 20)', 'EvmUnderpriced'],
    ['insufficient funds for gas * price + value', 'EvmInsufficientFunds'],
    ['InsufficientFunds, Account balance: 1, cumulative cost: 2', 'EvmInsufficientFunds'],
    ['Upfront cost exceeds account balance', 'EvmInsufficientFunds'],
    ['some other reason', 'RpcRejected'],
  ])('error: "%s" is %s', async (message, tag) => {
    const node = refusing(message)
    const submission = await submissionOf(node)
    await expect(node.adapter.submit({ ...submission, raw: submission.raw! })).rejects.toMatchObject({
      _tag: tag,
    })
  })

  test('H22: "already known", in any client’s words, is success where the node has the transaction, and an error where not', async () => {
    for (const message of [
      'already known',
      'AlreadyKnown',
      'transaction already imported',
      'known transaction: 0x',
    ]) {
      const node = refusing(message)
      const submission = await submissionOf(node)
      const { raw } = submission
      await expect(node.adapter.submit({ ...submission, raw: raw! })).rejects.toMatchObject({
        _tag: 'RpcRejected',
      })
      node.answers['eth_getTransactionByHash'] = ([hash]) => ({
        hash,
        from: alice.account.split(':')[2],
        to: null,
        nonce: '0x5',
        value: '0x1',
        input: '0x',
        blockHash: null,
        blockNumber: null,
      })
      expect((await node.adapter.submit({ ...submission, raw: raw! })).id).toBe(submission.id)
    }
  })

  test('error: a node that answers with another hash has not sent what it was given', async () => {
    const node = createFakeNode()
    node.answers['eth_sendRawTransaction'] = () => `0x${'ab'.repeat(32)}`
    const submission = await submissionOf(node)
    await expect(node.adapter.submit({ ...submission, raw: submission.raw! })).rejects.toMatchObject({
      _tag: 'RpcMalformed',
      context: { method: 'eth_sendRawTransaction' },
    })
  })

  test('S9, S12: what waits under a nonce that its wallet chose isn’t replaced by what took the one that was asked for', async () => {
    const node = createFakeNode()
    const submission = await submissionOf(node)
    const waiting = {
      ...{ hash: submission.id, from: alice.account.split(':')[2], to: null, input: '0x', value: '0x0' },
      ...{ blockHash: null, blockNumber: null },
    }
    node.answers['eth_getTransactionCount'] = () => '0x6'
    node.answers['eth_getTransactionByHash'] = () => ({ ...waiting, nonce: '0x6' })
    expect((await node.adapter.status(submission)).value).toEqual({ is: 'pending' })
    node.answers['eth_getTransactionByHash'] = () => ({ ...waiting, nonce: '0x5' })
    expect((await node.adapter.status(submission)).value).toMatchObject({ is: 'replaced' })
  })

  test('S12: a node that has the transaction in a block, and not its receipt, doesn’t tell what became of it', async () => {
    const node = createFakeNode()
    const submission = await submissionOf(node)
    node.answers['eth_getTransactionCount'] = () => '0x6'
    const from = alice.account.split(':')[2]
    const own = { hash: submission.id, from, to: null, input: '0x', value: '0x0', nonce: '0x5' }
    const forgotten = { _tag: 'RpcMalformed', context: { method: 'eth_getTransactionReceipt' } }
    node.answers['eth_getTransactionByHash'] = () => ({
      ...own,
      ...{ blockHash: node.hashes[8], blockNumber: '0x8' },
    })
    await expect(node.adapter.status(submission)).rejects.toMatchObject(forgotten)
    node.answers['eth_getTransactionByHash'] = () => null
    for (const block of node.blocks) block['transactions'] = [own]
    await expect(node.adapter.status(submission)).rejects.toMatchObject(forgotten)
    // Whoever fills that block beyond what can be read hides who took the nonce, not that somebody did.
    for (const block of node.blocks) block['transactions'] = new Array(50_001).fill(own)
    expect((await node.adapter.status(submission)).value).toEqual({ is: 'replaced', by: '' })
  })

  test('L2: a void has the gas that it takes on its chain: on a Hub no transfer is made with 21,000', async () => {
    const node = createFakeNode()
    const submission = await submissionOf(node)
    const voidOf = async (options: Partial<createEvmAdapter.Options>) => {
      const adapter = createEvmAdapter({ network, transport: node.transport, ...options })
      const [step] = await adapter.prepare({ kind: 'void', submission })
      return EvmTransaction.ofStep(step!).gas
    }
    expect(await voidOf({})).toBe(21_000n)
    expect(await voidOf(HubEth.options(networks.polkadotHubEth))).toBe(HubEth.GAS.void)
    expect(HubEth.GAS.void).toBeGreaterThan(1_000_000n)
  })

  test('S12: a receipt in a block that left the chain is no inclusion', async () => {
    const node = createFakeNode()
    const submission = await submissionOf(node)
    node.answers['eth_getTransactionReceipt'] = ([hash]) => ({
      transactionHash: hash,
      status: '0x1',
      blockNumber: '0x8',
      blockHash: `0x${'ab'.repeat(32)}`,
    })
    expect((await node.adapter.status(submission)).value).toEqual({ is: 'unknown' })
    node.answers['eth_getTransactionReceipt'] = ([hash]) => ({
      transactionHash: hash,
      status: '0x1',
      blockNumber: '0x8',
      blockHash: node.hashes[8],
    })
    expect((await node.adapter.status(submission)).value).toMatchObject({ is: 'included' })
  })
})

describe('transports', () => {
  test('a transport’s own typed errors pass; a provider’s become typed; anything else is unreachable', async () => {
    const with_ = (error: unknown) =>
      createEvmAdapter({ network, transport: { request: () => Promise.reject(error) } })
    const timeout = CoreErrors.RpcTimeout('eth_chainId took 5 s', { method: 'eth_chainId' })
    await expect(with_(timeout).tip()).rejects.toBe(timeout)
    await expect(with_({ code: -32601, message: 'no such method' }).tip()).rejects.toMatchObject({
      _tag: 'RpcRejected',
      context: { method: 'eth_chainId', code: -32601 },
    })
    for (const odd of [new TypeError('fetch failed'), 'down', null, undefined, { code: 'ECONNREFUSED' }])
      await expect(with_(odd).tip()).rejects.toMatchObject({ _tag: 'RpcUnreachable', code: 1202 })
  })

  test('a watch survives five failing looks and gives up at the sixth; the first must work', async () => {
    const down = Object.assign(new Error('down'), { code: 'ECONNRESET' })
    const node = createFakeNode()
    const watch = (failing: () => boolean) =>
      createEvmAdapter({
        network,
        wait: () => Promise.resolve(),
        transport: {
          request: (call) => (failing() ? Promise.reject(down) : node.transport.request(call)),
        },
      })
        .watch({ kind: 'tip' })
        [Symbol.asyncIterator]()
    await expect(watch(() => true).next()).rejects.toMatchObject({ _tag: 'RpcUnreachable' })
    let down_ = false
    const events = watch(() => down_)
    expect((await events.next()).value).toMatchObject({ is: 'added', what: { kind: 'block' } })
    down_ = true
    await expect(events.next()).rejects.toMatchObject({ _tag: 'RpcUnreachable' })
  })

  test('a watch whose first look fails half-way tells all the same what happened before it began', async () => {
    for (const method of ['eth_getLogs', 'eth_getBlockByNumber']) {
      const node = createFakeNode()
      const honest = node.answers[method]!
      let failures = 0
      node.answers[method] = (params) => {
        const [first] = params as readonly [unknown]
        const late = first === 'pending' || (first as { blockHash?: Hex } | null)?.blockHash !== undefined
        if (late && failures++ === 0) throw CoreErrors.RpcTimeout('too late')
        return honest(params)
      }
      const events = node.adapter.watch({ kind: 'lock', terms })[Symbol.asyncIterator]()
      expect((await events.next()).value).toMatchObject({ is: 'added', what: { kind: 'lock' } })
      expect(failures).toBeGreaterThan(0)
    }
  })

  test('error: options that can not be are refused by name', () => {
    const { transport } = createFakeNode()
    const make = (options: object) => () => createEvmAdapter({ network, transport, ...options })
    expect(make({ network: { ...network, family: 'bitcoin' } })).toThrow(/network/)
    expect(make({ network: { ...network, id: 'eip155:x' } })).toThrow(/network/)
    expect(make({ transport: {} })).toThrow(/transport/)
    expect(make({ htlc: '0x12' })).toThrow(/htlc/)
    expect(
      make({
        tokens: [
          { id: 'eip155:1/erc20:0x00000000000000000000000000000000000000dd', symbol: 'X', decimals: 1 },
        ],
      }),
    ).toThrow(/tokens/)
  })

  test('quorum: facts are as good as the transport says it is, or as the caller says', async () => {
    const { transport } = createFakeNode()
    expect((await createEvmAdapter({ network, transport }).tip()).assurance).toBe('reported')
    const reader = { request: transport.request, assurance: 'quorum' } as const
    expect((await createEvmAdapter({ network, transport: reader }).tip()).assurance).toBe('quorum')
    expect(
      (await createEvmAdapter({ network, transport: reader, assurance: 'reported' }).tip()).assurance,
    ).toBe('reported')
  })
})

/** Replaces one leaf or branch of a JSON value, chosen by a number. */
function mutate(value: unknown, which: number, lie: unknown): unknown {
  const paths: (readonly (string | number)[])[] = []
  const visit = (node: unknown, path: readonly (string | number)[]) => {
    paths.push(path)
    if (paths.length > 400 || typeof node !== 'object' || node === null) return
    for (const [key, child] of Object.entries(node)) visit(child, [...path, key])
  }
  visit(value, [])
  const path = paths[which % paths.length] as readonly (string | number)[]
  if (path.length === 0) return lie
  const copy = structuredClone(value) as Record<string, unknown>
  let at: Record<string, unknown> = copy
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>
  at[path.at(-1) as string] = lie
  return copy
}
