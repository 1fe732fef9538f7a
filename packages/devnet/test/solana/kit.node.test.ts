import { createSolanaNode, type SolanaNode } from '@aitbc/devnet'
import * as Kit from '@solana/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as Client from './client.js'

const SOL = 1_000_000_000n

let node: SolanaNode
let rpc: Kit.Rpc<Kit.SolanaRpcApi & Kit.RequestAirdropApi>
let subscriptions: Kit.RpcSubscriptions<Kit.SolanaRpcSubscriptionsApi>
let alice: Kit.KeyPairSigner
let bob: Kit.KeyPairSigner

beforeAll(async () => {
  node = await createSolanaNode({ stakes: [1n], production: 'manual' })
  rpc = Kit.createSolanaRpc(Kit.mainnet(node.url)) as unknown as typeof rpc
  subscriptions = Kit.createSolanaRpcSubscriptions(Kit.mainnet(node.webSocketUrl)) as typeof subscriptions
  alice = await Kit.generateKeyPairSigner()
  bob = await Kit.generateKeyPairSigner()
  for (const { address } of [alice, bob]) await rpc.requestAirdrop(address, Kit.lamports(100n * SOL)).send()
  await node.finalize()
})
afterAll(() => node.close())

type Lifetime = Kit.BlockhashLifetimeConstraint
const latest = async (commitment: Kit.Commitment = 'confirmed'): Promise<Lifetime> =>
  (await rpc.getLatestBlockhash({ commitment }).send()).value

async function signed(
  instructions: readonly Kit.Instruction[],
  options: {
    readonly lifetime?: Lifetime
    readonly payer?: Kit.KeyPairSigner
    readonly version?: 0 | 'legacy'
  } = {},
) {
  const lifetime = options.lifetime ?? (await latest())
  const message = Kit.pipe(
    Kit.createTransactionMessage({ version: options.version ?? 0 }),
    (it) => Kit.setTransactionMessageFeePayerSigner(options.payer ?? alice, it),
    (it) => Kit.setTransactionMessageLifetimeUsingBlockhash(lifetime, it),
    (it) => Kit.appendTransactionMessageInstructions(instructions, it),
  )
  return Kit.signTransactionMessageWithSigners(message)
}
const wire = (it: Kit.Transaction) => Kit.getBase64EncodedWireTransaction(it)
const idOf = (it: Kit.Transaction) => Kit.getSignatureFromTransaction(it)
const send = (it: Kit.Transaction, options: { readonly skipPreflight?: boolean } = {}) =>
  rpc.sendTransaction(wire(it), { encoding: 'base64', preflightCommitment: 'confirmed', ...options }).send()
const statusOf = async (signature: Kit.Signature) =>
  (await rpc.getSignatureStatuses([signature]).send()).value[0] ?? undefined
const balance = async (address: Kit.Address, commitment: Kit.Commitment) =>
  (await rpc.getBalance(address, { commitment }).send()).value
const fresh = async () => (await Kit.generateKeyPairSigner()).address

describe('from sent to final', () => {
  test('default: a transfer is processed, then confirmed, then finalized, and each view is its own', async () => {
    const to = await fresh()
    const transaction = await signed([Client.transfer(alice, to, SOL)])
    const signature = await send(transaction)
    expect(signature).toBe(idOf(transaction))
    const balances = async () =>
      Promise.all((['processed', 'confirmed', 'finalized'] as const).map((it) => balance(to, it)))
    expect(await balances()).toEqual([SOL, 0n, 0n])
    expect(await statusOf(signature)).toMatchObject({ confirmationStatus: 'processed', err: null })
    expect(
      await rpc
        .getTransaction(signature, {
          encoding: 'base64',
          commitment: 'confirmed',
          maxSupportedTransactionVersion: 0,
        })
        .send(),
    ).toBeNull()
    await node.chain.produce()
    expect(await balances()).toEqual([SOL, SOL, 0n])
    expect(await statusOf(signature)).toMatchObject({ confirmationStatus: 'confirmed', confirmations: 1n })
    await node.chain.produce(30)
    expect(await balances()).toEqual([SOL, SOL, 0n])
    await node.chain.produce()
    expect(await balances()).toEqual([SOL, SOL, SOL])
    expect(await statusOf(signature)).toMatchObject({ confirmationStatus: 'finalized', confirmations: null })
    const slots = await Promise.all(
      (['processed', 'confirmed', 'finalized'] as const).map((commitment) =>
        rpc.getSlot({ commitment }).send(),
      ),
    )
    expect(slots).toEqual([0n, 1n, 32n].map((behind) => node.chain.slot() - behind))
  })

  test('a preflight of a commitment that has not seen the money yet', async () => {
    const late = await Kit.generateKeyPairSigner()
    await send(await signed([Client.transfer(alice, late.address, SOL)]))
    await node.chain.produce()
    const transaction = await signed([Client.transfer(late, bob.address, 1_000n)], { payer: late })
    const early = await Client.errorOf(
      rpc.sendTransaction(wire(transaction), { encoding: 'base64', preflightCommitment: 'finalized' }).send(),
    )
    // Neither the blockhash nor the payer is known there.
    expect(early.code).toBe(Kit.SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE)
    expect(await send(transaction)).toBe(idOf(transaction))
    expect(await statusOf(idOf(transaction))).toMatchObject({ err: null })
  })

  test('kit’s own way to wait: subscriptions and the height of blocks', async () => {
    const sendAndConfirm = Kit.sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions: subscriptions })
    const transaction = await signed([Client.transfer(alice, bob.address, 2_000n)])
    Kit.assertIsTransactionWithBlockhashLifetime(transaction)
    const done = sendAndConfirm(transaction, { commitment: 'confirmed' })
    for (let i = 0; i < 10_000 && (await statusOf(idOf(transaction))) === undefined; i++)
      await rpc.getSlot().send()
    await node.chain.produce()
    await done
    expect(await statusOf(idOf(transaction))).toMatchObject({ confirmationStatus: 'confirmed' })
  })

  test('the same transaction again: preflight says so, and without one its signature comes back', async () => {
    const transaction = await signed([Client.transfer(alice, bob.address, 3_000n)])
    await send(transaction)
    await node.chain.produce()
    const before = await balance(bob.address, 'processed')
    const error = await Client.errorOf(send(transaction))
    expect(error.cause).toBe(Kit.SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED)
    expect(await send(transaction, { skipPreflight: true })).toBe(idOf(transaction))
    expect(await balance(bob.address, 'processed')).toBe(before)
  })
})

describe('lifetimes', () => {
  test('a blockhash lives for 150 blocks, and not for one more', async () => {
    const lifetime = await latest()
    const within = await signed([Client.transfer(alice, bob.address, 4_000n)], { lifetime })
    const after = await signed([Client.transfer(alice, bob.address, 4_001n)], { lifetime })
    const height = () => rpc.getBlockHeight({ commitment: 'processed' }).send()
    await node.chain.produce(Number(lifetime.lastValidBlockHeight - (await height())))
    expect(await height()).toBe(lifetime.lastValidBlockHeight)
    const valid = async () =>
      (await rpc.isBlockhashValid(lifetime.blockhash, { commitment: 'processed' }).send()).value
    expect(await valid()).toBe(true)
    await send(within)
    expect(await statusOf(idOf(within))).toMatchObject({ err: null })
    await node.chain.produce()
    expect(await valid()).toBe(false)
    const error = await Client.errorOf(send(after))
    expect(error.code).toBe(Kit.SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE)
    expect(error.cause).toBe(Kit.SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND)
    // Without a preflight it is dropped without a word.
    expect(await send(after, { skipPreflight: true })).toBe(idOf(after))
    expect(await statusOf(idOf(after))).toBeUndefined()
    const fee = await rpc
      .getFeeForMessage(
        Kit.getBase64Decoder().decode(after.messageBytes) as Kit.TransactionMessageBytesBase64,
      )
      .send()
    expect(fee.value).toBeNull()
  })

  test('a durable nonce outlives them, is used up by each use, and by a failed one', async () => {
    const nonce = await Kit.generateKeyPairSigner()
    const lamports = await rpc.getMinimumBalanceForRentExemption(80n).send()
    await send(
      await signed([
        Client.createAccount(alice, nonce, { lamports, size: 80n, owner: Client.SYSTEM }),
        Client.initializeNonce(nonce.address, alice.address),
      ]),
    )
    await node.chain.produce()
    const nonceNow = async () => {
      const { value } = await rpc
        .getAccountInfo(nonce.address, { encoding: 'base64', commitment: 'processed' })
        .send()
      const bytes = Kit.getBase64Encoder().encode(value?.data[0] ?? '')
      return Kit.getBase58Decoder().decode(bytes.slice(40, 72)) as Kit.Nonce
    }
    const of = async (lamports: bigint, value: Kit.Nonce) => {
      const message = Kit.pipe(
        Kit.createTransactionMessage({ version: 0 }),
        (it) => Kit.setTransactionMessageFeePayerSigner(alice, it),
        (it) =>
          Kit.setTransactionMessageLifetimeUsingDurableNonce(
            { nonce: value, nonceAccountAddress: nonce.address, nonceAuthorityAddress: alice.address },
            it,
          ),
        (it) => Kit.appendTransactionMessageInstruction(Client.transfer(alice, bob.address, lamports), it),
      )
      return Kit.signTransactionMessageWithSigners(message)
    }
    const first = await nonceNow()
    const [one, other] = [await of(5_000n, first), await of(5_001n, first)]
    await node.chain.produce(151)
    await send(one)
    expect(await statusOf(idOf(one))).toMatchObject({ err: null })
    const second = await nonceNow()
    expect(second).not.toBe(first)
    // The old nonce is worth nothing, and the new one nothing in the slot that made it.
    const used = async (it: Kit.Transaction) => {
      expect(await send(it, { skipPreflight: true })).toBe(idOf(it))
      return statusOf(idOf(it))
    }
    expect(await used(other)).toBeUndefined()
    expect(await used(await of(5_002n, second))).toBeUndefined()
    await node.chain.produce()
    const failing = await of(10n ** 18n, second)
    expect(await used(failing)).toMatchObject({ err: { InstructionError: [1n, { Custom: 1n }] } })
    expect(await nonceNow()).not.toBe(second)
    expect(await balance(nonce.address, 'processed')).toBe(lamports)
  })
})

describe('what a transaction may be', () => {
  test('1,232 bytes and no more', async () => {
    const memo = (size: number): Kit.Instruction => ({
      programAddress: Kit.address('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'),
      data: new Uint8Array(size).fill(97),
    })
    const bare = Kit.getTransactionEncoder().encode(await signed([memo(200)])).length
    const most = await signed([memo(200 + 1_232 - bare)])
    expect(await send(most)).toBe(idOf(most))
    const error = await Client.errorOf(send(await signed([memo(201 + 1_232 - bare)])))
    expect(error.code).toBe(Kit.SOLANA_ERROR__JSON_RPC__INVALID_PARAMS)
    expect(error.context['__serverMessage']).toMatch(/too large: 1233 bytes \(max: 1232 bytes\)/)
  })

  test('version 0 with a lookup table, from the slot after the table’s own', async () => {
    const slot = await rpc.getSlot({ commitment: 'confirmed' }).send()
    const table = await Client.tableOf(alice.address, slot)
    const many = await Promise.all(Array.from({ length: 20 }, fresh))
    await send(
      await signed([Client.createTable(alice, table, slot), Client.extendTable(alice, table[0], many)]),
    )
    // The preflight is of a block that is done: the table must be older than that.
    await node.chain.produce(2)
    const lifetime = await latest()
    const message = Kit.pipe(
      Kit.createTransactionMessage({ version: 0 }),
      (it) => Kit.setTransactionMessageFeePayerSigner(alice, it),
      (it) => Kit.setTransactionMessageLifetimeUsingBlockhash(lifetime, it),
      (it) =>
        Kit.appendTransactionMessageInstructions(
          many.map((to) => Client.transfer(alice, to, 1_000_000n)),
          it,
        ),
      (it) => Kit.compressTransactionMessageUsingAddressLookupTables(it, { [table[0]]: many }),
    )
    const transaction = await Kit.signTransactionMessageWithSigners(message)
    await send(transaction)
    expect(await balance(many[19] as Kit.Address, 'processed')).toBe(1_000_000n)
    expect(await balance(many[19] as Kit.Address, 'confirmed')).toBe(0n)
    await node.chain.produce()
    const found = await rpc
      .getTransaction(idOf(transaction), {
        commitment: 'confirmed',
        encoding: 'json',
        maxSupportedTransactionVersion: 0,
      })
      .send()
    expect([...(found?.meta?.loadedAddresses.writable ?? [])].sort()).toEqual([...many].sort())
    expect(found?.meta?.postBalances.slice(-20)).toEqual(many.map(() => 1_000_000n))
    const old = await Client.errorOf(
      rpc.getTransaction(idOf(transaction), { commitment: 'confirmed', encoding: 'json' }).send(),
    )
    expect(old.code).toBe(Kit.SOLANA_ERROR__JSON_RPC__SERVER_ERROR_UNSUPPORTED_TRANSACTION_VERSION)
    const [byAddress] = await rpc
      .getSignaturesForAddress(many[3] as Kit.Address, { commitment: 'confirmed' })
      .send()
    expect(byAddress?.signature).toBe(idOf(transaction))
  })

  test('error: a signature that isn’t right', async () => {
    const transaction = await signed([Client.transfer(alice, bob.address, 6_000n)])
    const forged = {
      ...transaction,
      signatures: { [alice.address]: new Uint8Array(64).fill(1) as Kit.SignatureBytes },
    } as typeof transaction
    const error = await Client.errorOf(send(forged))
    expect(error.code).toBe(
      Kit.SOLANA_ERROR__JSON_RPC__SERVER_ERROR_TRANSACTION_SIGNATURE_VERIFICATION_FAILURE,
    )
    const signature = await send(forged, { skipPreflight: true })
    expect(await statusOf(signature)).toBeUndefined()
  })

  test('error: a program’s refusal, with its logs; without a preflight it costs the fee', async () => {
    const transaction = await signed([Client.transfer(alice, bob.address, 10n ** 18n)])
    const error = await Client.errorOf(send(transaction))
    expect(error.context).toMatchObject({ unitsConsumed: 150n })
    expect(JSON.stringify(error.context['logs'])).toMatch(/insufficient lamports/)
    const before = await balance(alice.address, 'processed')
    await send(transaction, { skipPreflight: true })
    expect(await statusOf(idOf(transaction))).toMatchObject({
      err: { InstructionError: [0n, { Custom: 1n }] },
      status: { Err: { InstructionError: [0n, { Custom: 1n }] } },
    })
    expect(before - (await balance(alice.address, 'processed'))).toBe(5_000n)
  })

  test('error: a program that isn’t there is charged for as well', async () => {
    const transaction = await signed([{ programAddress: await fresh() }])
    const before = await balance(alice.address, 'processed')
    await send(transaction, { skipPreflight: true })
    expect(await statusOf(idOf(transaction))).toMatchObject({ err: 'InvalidProgramForExecution' })
    expect(before - (await balance(alice.address, 'processed'))).toBe(5_000n)
  })

  test.each([
    ['a limit and a price', [Client.unitLimit(50_000), Client.unitPrice(30_001n)], 5_000n + 1_501n],
    [
      'a price alone: 3,000 units for a program of the runtime',
      [Client.unitPrice(1_000_000n)],
      5_000n + 6_000n,
    ],
    ['none', [], 5_000n],
  ])('the fee is what getFeeForMessage says: %s', async (_, budget, fee) => {
    const transaction = await signed([...budget, Client.transfer(alice, bob.address, 7_000n)])
    const said = await rpc
      .getFeeForMessage(
        Kit.getBase64Decoder().decode(transaction.messageBytes) as Kit.TransactionMessageBytesBase64,
        { commitment: 'confirmed' },
      )
      .send()
    expect(said.value).toBe(fee)
    const before = await balance(alice.address, 'processed')
    await send(transaction)
    expect(before - (await balance(alice.address, 'processed'))).toBe(7_000n + fee)
    await node.chain.produce()
  })

  test('prices that were paid', async () => {
    const transaction = await signed([Client.unitPrice(77n), Client.transfer(bob, alice.address, 7_001n)])
    await send(transaction)
    await node.chain.produce()
    const fees = await rpc.getRecentPrioritizationFees([bob.address]).send()
    expect(fees.at(-1)).toMatchObject({ prioritizationFee: 77n })
    expect(fees.length).toBe(150)
  })
})

describe('simulation', () => {
  const simulate = async (it: Kit.Transaction, config: object = {}) =>
    (
      await rpc
        .simulateTransaction(wire(it), { encoding: 'base64', commitment: 'confirmed', ...config } as never)
        .send()
    ).value as unknown as {
      err: unknown
      accounts: readonly ({ lamports: bigint } | null)[] | null
      logs: readonly string[]
      unitsConsumed: bigint
      replacementBlockhash?: { blockhash: string } | null
    }

  test('default: nothing is signed, nothing is kept', async () => {
    const lifetime = await latest()
    const message = Kit.pipe(
      Kit.createTransactionMessage({ version: 0 }),
      (it) => Kit.setTransactionMessageFeePayer(alice.address, it),
      (it) => Kit.setTransactionMessageLifetimeUsingBlockhash(lifetime, it),
      (it) => Kit.appendTransactionMessageInstruction(Client.transfer(alice, bob.address, SOL), it),
    )
    const transaction = Kit.compileTransaction(message)
    const before = await balance(bob.address, 'processed')
    const result = await simulate(transaction, {
      accounts: { encoding: 'base64', addresses: [bob.address, Client.TOKEN] },
    })
    expect(result).toMatchObject({ err: null, unitsConsumed: 150n })
    expect(result.accounts?.[0]?.lamports).toBe((await balance(bob.address, 'confirmed')) + SOL)
    expect(result.accounts?.[1]).toBeNull()
    expect(await balance(bob.address, 'processed')).toBe(before)
    expect(await simulate(transaction, { sigVerify: true })).toMatchObject({ err: 'SignatureFailure' })
  })

  test('of an old blockhash: refused, or replaced', async () => {
    const lifetime = { blockhash: (await fresh()) as string as Kit.Blockhash, lastValidBlockHeight: 1n }
    const transaction = await signed([Client.transfer(alice, bob.address, SOL)], { lifetime })
    expect(await simulate(transaction)).toMatchObject({ err: 'BlockhashNotFound', unitsConsumed: 0n })
    expect(await simulate(transaction, { replaceRecentBlockhash: true })).toMatchObject({
      err: null,
      replacementBlockhash: { blockhash: (await latest()).blockhash },
    })
    const both = await Client.errorOf(
      simulate(transaction, { replaceRecentBlockhash: true, sigVerify: true }),
    )
    expect(both.code).toBe(Kit.SOLANA_ERROR__JSON_RPC__INVALID_PARAMS)
  })
})

describe('tokens', () => {
  test('default: an SPL transfer and what the RPC tells of it', async () => {
    const mint = Kit.address(await node.chain.createToken({ decimals: 6 }))
    const [from, to] = [
      Kit.address(await node.chain.mintTo(mint, alice.address, 5_000_000n)),
      Kit.address(await node.chain.mintTo(mint, bob.address, 1n)),
    ]
    await node.chain.produce()
    const transaction = await signed([Client.transferTokens(alice, from, mint, to, 1_500_000n, 6)])
    await send(transaction)
    await node.chain.produce()
    const { value } = await rpc.getTokenAccountBalance(to, { commitment: 'confirmed' }).send()
    expect(value).toEqual({ amount: '1500001', decimals: 6, uiAmount: 1.500001, uiAmountString: '1.500001' })
    const accounts = await rpc
      .getTokenAccountsByOwner(alice.address, { mint }, { encoding: 'jsonParsed', commitment: 'confirmed' })
      .send()
    expect(accounts.value).toMatchObject([
      { pubkey: from, account: { data: { parsed: { info: { mint, tokenAmount: { amount: '3500000' } } } } } },
    ])
    const holders = await rpc
      .getProgramAccounts(Client.TOKEN, {
        encoding: 'base64',
        commitment: 'confirmed',
        filters: [{ dataSize: 165n }, { memcmp: { offset: 0n, bytes: mint as never, encoding: 'base58' } }],
      })
      .send()
    expect(holders.map(({ pubkey }) => pubkey).sort()).toEqual([from, to].sort())
    const found = await rpc
      .getTransaction(idOf(transaction), {
        commitment: 'confirmed',
        encoding: 'json',
        maxSupportedTransactionVersion: 0,
      })
      .send()
    const amounts = (list: readonly { readonly uiTokenAmount: { readonly amount: string } }[] | undefined) =>
      list?.map(({ uiTokenAmount }) => uiTokenAmount.amount).sort()
    expect(amounts(found?.meta?.preTokenBalances)).toEqual(['1', '5000000'])
    expect(amounts(found?.meta?.postTokenBalances)).toEqual(['1500001', '3500000'])
    const supply = await rpc.getTokenSupply(mint, { commitment: 'confirmed' }).send()
    expect(supply.value.amount).toBe('5000001')
  })

  test('Token-2022 with each of its extensions', async () => {
    const extensions = [
      ...(['transfer-fee', 'mint-close-authority', 'default-frozen', 'interest-bearing'] as const),
      ...(['permanent-delegate', 'transfer-hook', 'metadata-pointer', 'pausable'] as const),
    ]
    for (const extension of [...extensions, 'non-transferable'] as const) {
      const freezer = extension === 'default-frozen' ? { freezer: alice.address } : {}
      const mint = await node.chain.createToken({ extensions: [extension], decimals: 2, ...freezer })
      const { value } = await rpc
        .getAccountInfo(Kit.address(mint), { encoding: 'jsonParsed', commitment: 'processed' })
        .send()
      expect(value).toMatchObject({
        owner: 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb',
        data: { parsed: { type: 'mint', info: { decimals: 2 } } },
      })
    }
    const mint = await node.chain.createToken({ extensions: ['transfer-fee', 'permanent-delegate'] })
    const holding = await node.chain.mintTo(mint, bob.address, 9n)
    const { value } = await rpc
      .getTokenAccountBalance(Kit.address(holding), { commitment: 'processed' })
      .send()
    expect(value.amount).toBe('9')
    await expect(node.chain.mintTo(bob.address, bob.address, 1n)).rejects.toThrow(/a token of this chain/)
  })
})

describe('subscriptions', () => {
  test('slots, an account, logs and a signature, each at its commitment', async () => {
    const to = await fresh()
    const abort = new AbortController()
    const abortSignal = abort.signal
    const first = async <T>(iterable: AsyncIterable<T>) => {
      for await (const it of iterable) return it
      throw new Error('nothing came')
    }
    const slots = await subscriptions.slotNotifications().subscribe({ abortSignal })
    const account = await subscriptions
      .accountNotifications(to, { commitment: 'confirmed', encoding: 'base64' })
      .subscribe({ abortSignal })
    const logs = await subscriptions
      .logsNotifications({ mentions: [to] }, { commitment: 'processed' })
      .subscribe({ abortSignal })
    const transaction = await signed([Client.transfer(alice, to, SOL)])
    const final = await subscriptions
      .signatureNotifications(idOf(transaction), { commitment: 'finalized' })
      .subscribe({ abortSignal })
    // Whoever doesn't listen yet misses it.
    const [slotSeen, accountSeen, logsSeen, finalSeen] = [
      first(slots),
      first(account),
      first(logs),
      first(final),
    ]
    await send(transaction)
    expect((await logsSeen).value).toMatchObject({ signature: idOf(transaction), err: null })
    const slot = node.chain.slot()
    await node.chain.produce()
    expect(await slotSeen).toMatchObject({ slot: slot + 1n, parent: slot })
    expect((await accountSeen).value.lamports).toBe(SOL)
    await node.finalize()
    expect((await finalSeen).value).toEqual({ err: null })
    // What is final already is told at once; kit itself asks only once for the same thing, so this is another client.
    const again = await Kit.createSolanaRpcSubscriptions(Kit.mainnet(node.webSocketUrl))
      .signatureNotifications(idOf(transaction), { commitment: 'finalized' })
      .subscribe({ abortSignal })
    expect((await first(again)).value).toEqual({ err: null })
    abort.abort()
  })
})
