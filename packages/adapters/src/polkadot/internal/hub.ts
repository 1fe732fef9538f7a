import { Bytes, type CallOptions, CoreErrors, type Lock, type LockTerms, show, Verdict } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { LockEvidence } from '@aitbc/proofs/revive'
import { StorageKey } from '@aitbc/proofs/substrate'
import { judge } from '../../internal/terms.js'
import type { RelaySource } from '../createRelaySource.js'
import { PolkadotErrors } from '../errors.js'
import * as HubLock from '../HubLock.js'
import type { Client, Head } from './client.js'
import * as Rpc from './rpc.js'

export type Hex = `0x${string}`

/** What a call of a contract may take at most; what isn't used isn't paid. */
export interface HubLimits {
  /** Picoseconds of a validator's time. */
  readonly refTime: bigint
  /** Bytes of a block's proof. */
  readonly proofSize: bigint
  /** Planck that the chain may hold back for what the contract stores. */
  readonly storageDeposit: bigint
  /** Bytes of a recovery record: pallet-revive ends a call whose event has more than 416 bytes of data, of which the terms take 288. */
  readonly record: bigint
}

/** The contract's side of an adapter. */
export interface Hub extends HubLock.HubChain {
  readonly limits: HubLimits
  /** Block from which on locks are searched. */
  readonly deployedAt: bigint
  /** Where evidence gets the relay chain's part from. */
  readonly relay: Pick<RelaySource, 'head'> | undefined
}

/** What the chain keeps of a contract. */
export interface Contract {
  readonly trieId: Bytes.Bytes
  readonly codeHash: Bytes.Hash32
}
/** What stands first in an account that is a contract (pallet-revive, `AccountInfo`). */
const CONTRACT = 0

/** Judges terms offline. Refusal: `terms`; the context names the term and what came. */
export function auditTerms(hub: Hub, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  return judge(terms, () => HubLock.parameters(terms, hub))
}

/** The lock that terms will have: its id is of the terms alone. */
export function expectLock(hub: Hub, terms: LockTerms.LockTerms, transaction: string): Lock {
  return lockOf(HubLock.parameters(terms, hub), terms.amount, transaction)
}

/** What the chain keeps of the contract in a block, where there is one at the address. */
export async function contractAt(
  client: Client,
  hub: Hub,
  at: Hex,
  options?: CallOptions,
): Promise<Contract | undefined> {
  const bytes = await Rpc.storage(client.api, infoKey(hub), at, options)
  if (bytes === undefined || bytes[0] !== CONTRACT) return undefined
  const contract = LockEvidence.contractOf(bytes)
  if (contract === undefined) throw Rpc.malformed('state_getStorage', 'a contract', bytes)
  return contract
}

/** Where the chain keeps what it knows of the contract (`Revive.AccountInfoOf`, keys as they are). */
export function infoKey(hub: Hub): Bytes.Bytes {
  return LockEvidence.contractKey(Rpc.unhex(hub.backend.address))
}

/** The status of a lock in a block, where the contract's code is the audited one. Refusals: `lock-code`, `lock-status`. */
export async function statusAt(
  client: Client,
  hub: Hub,
  parameters: HtlcStorage.Parameters,
  at: Hex,
  options?: CallOptions,
): Promise<Verdict.Verdict<HtlcStorage.Status>> {
  const contract = await contractAt(client, hub, at, options)
  const received = contract === undefined ? 'none' : Bytes.toHex(contract.codeHash)
  const expected = Bytes.toHex(hub.backend.codeHash)
  if (contract === undefined || received !== expected)
    return Verdict.refuse(
      'lock-code',
      `the code at ${hub.backend.address} must have hash ${expected}, got ${received}`,
      { expected, received },
    )
  return HtlcStorage.statusOf(await wordAt(client, contract, slotKey(parameters), at, options))
}

/** A word that a contract stores; zero where there is none. */
export async function wordAt(
  client: Client,
  { trieId }: Contract,
  key: Bytes.Hash32,
  at: Hex,
  options?: CallOptions,
): Promise<bigint> {
  const stored = await Rpc.childStorage(client.api, StorageKey.childRoot(trieId), key, at, options)
  if (stored !== undefined && stored.length !== 32)
    throw Rpc.malformed('childstate_getStorage', 'a word of 32 bytes', stored)
  return stored === undefined ? 0n : BigInt(Rpc.hex(stored))
}

/** The key of a lock's status in the contract's child trie. */
export function slotKey(parameters: HtlcStorage.Parameters): Bytes.Hash32 {
  return LockEvidence.slotKey(HtlcStorage.lockId(parameters))
}

/** The account that an address of 20 bytes was mapped to (`Revive.OriginalAccount`). */
export async function originalOf(
  client: Client,
  h160: Bytes.Bytes,
  tip: Head,
  options?: CallOptions,
): Promise<Bytes.Bytes32 | undefined> {
  const key = StorageKey.of('Revive', 'OriginalAccount', h160)
  const account = await Rpc.storage(client.api, key, tip.hash, options)
  if (account !== undefined && account.length !== 32)
    throw Rpc.malformed('state_getStorage', 'an account of 32 bytes', account)
  return account
}

/** The contract in a block; `PolkadotContractMismatch` (3513) where its code isn't the audited one. */
export async function assertCode(
  client: Client,
  hub: Hub,
  at: Hex,
  options?: CallOptions,
): Promise<Contract> {
  const contract = await contractAt(client, hub, at, options)
  const received = contract === undefined ? 'no contract' : Bytes.toHex(contract.codeHash)
  const expected = Bytes.toHex(hub.backend.codeHash)
  if (contract === undefined || received !== expected)
    throw PolkadotErrors.PolkadotContractMismatch(
      `the code at ${hub.backend.address} on ${client.network.id} must have hash ${expected}, got ${received}`,
      { expected, received, address: hub.backend.address },
    )
  return contract
}

export function assertLock(
  parameters: HtlcStorage.Parameters,
  given: Lock,
  argument = 'intent.lock.ref',
): void {
  const expected = Rpc.hex(HtlcStorage.lockId(parameters))
  if (given?.ref !== expected)
    throw CoreErrors.InvalidArgument(
      `${argument} must be ${expected}, the id of the terms, got ${show(given?.ref)}`,
      { argument, expected, received: given?.ref },
    )
}

export function lockOf(parameters: HtlcStorage.Parameters, amount: bigint, transaction: string): Lock {
  return { ref: Rpc.hex(HtlcStorage.lockId(parameters)), transaction, amount, match: 'exact' }
}
