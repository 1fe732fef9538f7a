import { type Step, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import type { Message, Transaction } from '@aitbc/proofs/solana'
import { ed25519 } from '@noble/curves/ed25519.js'
import { createKeyPairSignerFromPrivateKeyBytes } from '@solana/kit'
import { describe, expect, test } from 'vitest'
import {
  createKeySigner,
  createKitSigner,
  createSeedWallet,
  createWalletSender,
  createWalletSigner,
  SolanaInstruction,
  SolanaTransaction,
} from '../../src/solana/index.js'
import { createStandardWallet } from './standardWallet.js'
import { accountOf, BLOCKHASH, fill, keyOf, network, rejected, thrown } from './support.js'

const step = (byte: number, change: Partial<Step> = {}, price = 1000n): Step => ({
  ...SolanaTransaction.toStep(
    SolanaTransaction.encode({
      payer: keyOf(byte),
      instructions: [
        SolanaInstruction.computeUnitLimit(1000),
        SolanaInstruction.computeUnitPrice(price),
        SolanaInstruction.transfer(keyOf(byte), keyOf(2), 5n),
      ],
      lifetime: { kind: 'blockhash', blockhash: BLOCKHASH, lastHeight: 150n },
    }),
    {
      network: network.id,
      kind: 'transfer',
      from: accountOf(byte),
      feeAsset: network.native.id,
      rent: 0n,
      conflictKey: 'once/1',
    },
  ),
  ...change,
})

describe('keys', () => {
  test('default: the id is the signature, and the bytes are the step’s', async () => {
    const signer = createKeySigner({ network, privateKey: fill(1) })
    expect(signer.account).toBe(accountOf(1))
    const signed = await signer.sign(step(1))
    SolanaTransaction.assertSigned(signed)
    expect(signed.step.maxFee.amount).toBe(5001n)
    expect(await signer.sign(step(1))).toEqual(signed)
  })

  test('behavior: kit’s own signer gives the same bytes', async () => {
    const kit = createKitSigner(await createKeyPairSignerFromPrivateKeyBytes(fill(1)), { network })
    expect(kit.account).toBe(accountOf(1))
    expect(await kit.sign(step(1))).toEqual(
      await createKeySigner({ network, privateKey: fill(1) }).sign(step(1)),
    )
  })

  test('behavior: a seed’s wallet is one account, that of its network alone', () => {
    const seed = SwapSeed.forNetwork(fill(1), network.id)
    const wallet = createSeedWallet({ network, seed })
    expect(wallet.party(fill(0, 8))).toEqual({ account: wallet.funding, payout: wallet.funding })
    expect(wallet.signer(wallet.funding, fill(0, 8))?.account).toBe(wallet.funding)
    expect(wallet.signer(accountOf(1), fill(0, 8))).toBeUndefined()
    const key = ed25519.getPublicKey(SwapSeed.derive(seed, 'funding'))
    expect(wallet.funding).toBe(
      createKeySigner({ network, privateKey: SwapSeed.derive(seed, 'funding') }).account,
    )
    expect(key.length).toBe(32)
    const other = SwapSeed.forNetwork(fill(1), networks.solana.id)
    expect(thrown(() => createSeedWallet({ network, seed: other }))).toMatchObject({ _tag: 'ForeignNetwork' })
  })

  test('S5, S11: steps of another account, network or format are not signed', async () => {
    const kit = createKitSigner(await createKeyPairSignerFromPrivateKeyBytes(fill(1)), { network })
    for (const signer of [createKeySigner({ network, privateKey: fill(1) }), kit]) {
      expect(await rejected(signer.sign(step(3)))).toMatchObject({ _tag: 'SolanaInvalidStep' })
      expect(await rejected(signer.sign(step(3, { from: accountOf(1) })))).toMatchObject({
        _tag: 'SolanaInvalidStep',
      })
      expect(await rejected(signer.sign(step(1, { network: networks.solana.id })))).toMatchObject({
        _tag: 'ForeignNetwork',
      })
      expect(await rejected(signer.sign(step(1, { format: 'evm/transaction' })))).toMatchObject({
        _tag: 'SolanaInvalidStep',
      })
      expect(await rejected(signer.sign(step(1, { payload: fill(0, 10) })))).toMatchObject({
        _tag: 'SolanaInvalidStep',
      })
    }
    expect(thrown(() => createKeySigner({ network: networks.ethereum, privateKey: fill(1) }))).toMatchObject({
      _tag: 'InvalidNetwork',
    })
  })
})

describe('wallets of the Wallet Standard', () => {
  const own = accountOf(11)
  const change = (edit: (message: Message.Message) => Partial<Message.Message>) => {
    return (it: Transaction.Transaction) => ({ ...it, message: { ...it.message, ...edit(it.message) } })
  }
  /** Sets the price of a compute unit in the second instruction. */
  const priced = (price: number) =>
    change(({ instructions }) => ({
      instructions: instructions.map((it, index) =>
        index === 1 ? { ...it, data: Uint8Array.of(3, price & 255, price >> 8, 0, 0, 0, 0, 0, 0) } : it,
      ),
    }))

  test('default: it signs, or signs and sends', async () => {
    const sent: Uint8Array[] = []
    const { wallet } = createStandardWallet({ send: (wire) => sent.push(wire) })
    expect(createWalletSigner(wallet, { network, account: own }).asks).toBe(true)
    const signed = await createWalletSigner(wallet, { network, account: own }).sign(step(11))
    expect(signed).toEqual(await createKeySigner({ network, privateKey: fill(11) }).sign(step(11)))
    const submission = await createWalletSender(wallet, { network, account: own }).send(step(11))
    expect(submission).toEqual({ step: step(11), id: signed.id, attempts: [signed.id] })
    expect(sent).toEqual([signed.raw])
  })

  test('error: the user says no', async () => {
    const { wallet, state } = createStandardWallet()
    state.user = 'no'
    for (const ask of [
      createWalletSigner(wallet, { network, account: own }).sign(step(11)),
      createWalletSender(wallet, { network, account: own }).send(step(11)),
    ])
      expect(await rejected(ask)).toMatchObject({ _tag: 'SolanaWalletRefused', retryable: true })
    expect(state.asked).toBe(2)
    state.user = 'yes'
    await createWalletSigner(wallet, { network, account: own }).sign(step(11))
  })

  test('error: another account is selected, or another network; the wallet isn’t asked', async () => {
    const { wallet, state } = createStandardWallet()
    const signer = createWalletSigner(wallet, { network, account: own })
    const sender = createWalletSender(wallet, { network, account: own })
    state.selected = 1
    expect(await rejected(signer.sign(step(11)))).toMatchObject({ _tag: 'SolanaWalletAccount' })
    expect(await rejected(sender.send(step(11)))).toMatchObject({ _tag: 'SolanaWalletAccount' })
    expect(await rejected(Promise.resolve(sender.ready?.(step(11))))).toMatchObject({
      _tag: 'SolanaWalletAccount',
    })
    state.selected = 0
    const mainnet = createStandardWallet({ chain: 'solana:mainnet' })
    const astray = createWalletSender(mainnet.wallet, { network, account: own })
    expect(await rejected(Promise.resolve(astray.ready?.(step(11))))).toMatchObject({
      _tag: 'SolanaWrongChain',
    })
    await sender.ready?.(step(11))
    for (const ask of [
      createWalletSigner(mainnet.wallet, { network, account: own }).sign(step(11)),
      astray.send(step(11)),
      createWalletSigner(wallet, { network, account: own, chain: 'solana:devnet' }).sign(step(11)),
    ])
      expect(await rejected(ask)).toMatchObject({ _tag: 'SolanaWrongChain' })
    expect(state.asked + mainnet.state.asked).toBe(0)
  })

  test('error: a wallet without the feature, or that answers nonsense', async () => {
    const { wallet } = createStandardWallet()
    const without = { ...wallet, accounts: wallet.accounts, features: {} }
    expect(
      await rejected(createWalletSigner(without, { network, account: own }).sign(step(11))),
    ).toMatchObject({ _tag: 'SolanaWalletFailed' })
    for (const answer of [[], [{}], [{ signedTransaction: 'x' }]]) {
      const odd = {
        ...wallet,
        accounts: wallet.accounts,
        features: { 'solana:signTransaction': { signTransaction: async () => answer } },
      }
      expect(await rejected(createWalletSigner(odd, { network, account: own }).sign(step(11)))).toMatchObject(
        {
          _tag: 'SolanaWalletFailed',
        },
      )
    }
    const mute = {
      ...wallet,
      accounts: wallet.accounts,
      features: { 'solana:signAndSendTransaction': { signAndSendTransaction: async () => [{}] } },
    }
    expect(await rejected(createWalletSender(mute, { network, account: own }).send(step(11)))).toMatchObject({
      _tag: 'SolanaWalletFailed',
    })
  })

  test('behavior: a wallet may lower the price, and the signed step says so', async () => {
    const { wallet, state } = createStandardWallet()
    state.alter = priced(999)
    const signed = await createWalletSigner(wallet, { network, account: own }).sign(step(11))
    expect(SolanaTransaction.ofStep(signed.step).unitPrice).toBe(999n)
    SolanaTransaction.assertSigned(signed)
  })

  test('H20: what the wallet changed is not used', async () => {
    const { wallet, state } = createStandardWallet()
    const signer = createWalletSigner(wallet, { network, account: own })
    const alterations: readonly (readonly [string, typeof state.alter])[] = [
      ['dearer', priced(60_000)],
      [
        'fewer units',
        change(({ instructions: [first, ...rest] }) => ({
          instructions: [{ ...(first as Message.Instruction), data: Uint8Array.of(2, 1, 0, 0, 0) }, ...rest],
        })),
      ],
      ['another blockhash', change(() => ({ lifetime: fill(9) }))],
      [
        'one more',
        change(({ instructions }) => ({
          instructions: [...instructions, instructions[2] as Message.Instruction],
        })),
      ],
      ['none', change(({ instructions }) => ({ instructions: instructions.slice(0, 2) }))],
      [
        'another amount',
        change(({ instructions }) => ({
          instructions: instructions.map((it, index) =>
            index === 2 ? { ...it, data: Uint8Array.of(2, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0) } : it,
          ),
        })),
      ],
      [
        'another payee',
        change(({ addresses }) => ({
          addresses: addresses.map((it, index) => (index === 1 ? keyOf(5) : it)),
        })),
      ],
      ['the older form', change(() => ({ version: 'legacy' }))],
    ]
    for (const [what, alter] of alterations) {
      state.alter = alter
      expect(await rejected(signer.sign(step(11))), what).toMatchObject({ _tag: 'SolanaWalletChanged' })
    }
    state.alter = (it) => it
    const forged = {
      ...wallet,
      accounts: wallet.accounts,
      features: {
        'solana:signTransaction': {
          signTransaction: async ({ transaction }: { transaction: Uint8Array }) => [
            { signedTransaction: transaction },
          ],
        },
      },
    }
    expect(
      await rejected(createWalletSigner(forged, { network, account: own }).sign(step(11))),
    ).toMatchObject({
      _tag: 'SolanaWalletChanged',
    })
  })
})
