import { Bytes, Hashlock, type LockTerms, type Network, type Step } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { CosmosTransaction, createKeySigner, HtlcArtifact, type HtlcLock } from '../../src/cosmos/index.js'

export const network: Network = networks.cosmosLocal
export const SECRET = new Uint8Array(32).fill(7)
export const alice = createKeySigner({ network, privateKey: new Uint8Array(32).fill(1) })
export const bob = createKeySigner({ network, privateKey: new Uint8Array(32).fill(2) })
export const addressOf = (account: string): string => account.slice(account.lastIndexOf(':') + 1)
export const ALICE = addressOf(alice.account)
export const BOB = addressOf(bob.account)
export const HTLC = HtlcStorage.addressText(new Uint8Array(32).fill(9), network)
export const TOKEN = HtlcStorage.addressText(new Uint8Array(32).fill(8), network)

export const backend: HtlcLock.HtlcBackend = {
  network: network.id,
  kind: 'cosmwasm',
  address: HTLC,
  codeHash: Bytes.fromHex(HtlcArtifact.codeHash),
}

export const terms: LockTerms.LockTerms = {
  version: 1,
  backend,
  asset: network.native.id,
  amount: 1_000_000n,
  hashlock: Hashlock.of(SECRET),
  locker: { account: alice.account, payout: alice.account },
  beneficiary: { account: bob.account, payout: bob.account },
  deadline: { network: network.id, clock: 'unix', value: 1_900_003_600n },
  salt: new Uint8Array(32).fill(5),
}

/** A transfer of Alice's, as the SDK makes it. */
export const transaction: CosmosTransaction.CosmosTransaction = {
  chainId: 'aitbc-local-1',
  accountNumber: 7n,
  sequence: 3n,
  message: { kind: 'send', from: ALICE, to: BOB, amount: { denom: 'uatom', amount: 5n } },
  timeoutHeight: 900n,
  gas: 100_000n,
  fee: { denom: 'uatom', amount: 625n },
}

export const execution: CosmosTransaction.CosmosTransaction = {
  ...transaction,
  timeoutHeight: 0n,
  message: {
    kind: 'execute',
    from: ALICE,
    contract: HTLC,
    message: new TextEncoder().encode('{"refund":{"id":"00"},"a":"<&>"}'),
    funds: [{ denom: 'uatom', amount: 9n }],
  },
}

export const toStep = (of: CosmosTransaction.CosmosTransaction, kind = 'transfer'): Step =>
  CosmosTransaction.toStep(of, { network: network.id, kind, feeAsset: network.native.id })
