import {
  type Bytes,
  type CallOptions,
  type Claim,
  CoreErrors,
  type Fact,
  type LockTerms,
  show,
} from '@aitbc/core'
import { HtlcStorage, LockEvidence } from '@aitbc/proofs/cosmwasm'
import type { Ics23 } from '@aitbc/proofs/tendermint'
import * as CosmosRpc from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import { type Client, type Head, rpc, tipOf } from './client.js'
import { contractTerms } from './prepare.js'

/** What is to be proved: that the lock of these terms has a status. */
interface Statement {
  readonly terms: LockTerms.LockTerms
  readonly status: HtlcStorage.Status
  readonly form: keyof typeof LockEvidence.FORMAT
}

/**
 * Evidence that a lock has the status of the claim: the head with its votes, and proofs of the state before it, which it names. What the
 * node answers is verified before it is handed on.
 */
export async function prove(client: Client, claim: Claim, options?: CallOptions): Promise<Fact.Evidence> {
  if (claim?.kind !== 'lock' && claim?.kind !== 'spend')
    throw CoreErrors.InvalidArgument(
      `claim.kind must be lock or spend, got ${show((claim as Claim | undefined)?.kind)}`,
      { argument: 'claim.kind' },
    )
  const status = claim.kind === 'lock' ? 'locked' : claim.spend.kind === 'claim' ? 'claimed' : 'refunded'
  return evidenceOf(client, { terms: claim.terms, status, form: claim.kind }, options)
}

/** Evidence that there is no such lock, or no spend of it. */
export async function proveAbsence(
  client: Client,
  claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const status = claim.kind === 'lock' ? 'none' : 'locked'
  return evidenceOf(client, { terms: claim.terms, status, form: 'absence' }, options)
}

async function evidenceOf(
  client: Client,
  { terms, status, form }: Statement,
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const own = contractTerms(client, terms)
  const tip = await tipOf(client, options)
  const evidence = await evidenceAt(client, own, tip, options)
  const verdict = LockEvidence.verify(evidence.block.header.appHash, terms, client.network, evidence)
  if (!verdict.ok)
    throw CosmosRpc.malformed(
      'abci_query',
      `proofs of lock ${own.contract} under block ${tip.hash}`,
      `${verdict.refusal.check}: ${verdict.refusal.message}`,
    )
  const { entry } = verdict.value
  if (entry.status !== status)
    throw CosmosErrors.CosmosNotProvable(
      `the lock must be ${status} in the state before block ${tip.height}, it is ${entry.status}`,
      { expected: status, received: entry.status, height: tip.height },
    )
  return {
    network: client.network.id,
    format: LockEvidence.FORMAT[form],
    bytes: LockEvidence.encode(evidence),
  }
}

async function evidenceAt(
  client: Client,
  own: HtlcStorage.Parameters,
  tip: Head,
  options?: CallOptions,
): Promise<LockEvidence.LockEvidence> {
  if (tip.height < 2n)
    throw CosmosErrors.CosmosNotProvable('no block names a state before the second one', {
      height: tip.height,
    })
  const { light } = await CosmosRpc.lightBlock(client.transport, tip.height, rpc(options))
  const proved = (key: Bytes.Bytes) =>
    CosmosRpc.proved(client.transport, HtlcStorage.STORE, key, tip.height - 1n, rpc(options))
  const contract = await proved(HtlcStorage.contractKey(client.contract))
  const info = contract.value === null ? undefined : HtlcStorage.contractInfo(contract.value)
  const codeId = info?.ok === true ? info.value.codeId : 0n
  const history = await proved(HtlcStorage.historyKey(client.contract))
  const code = await proved(HtlcStorage.codeKey(codeId))
  const lock = await proved(HtlcStorage.lockKey(client.contract, HtlcStorage.lockId(own)))
  const stored = (read: {
    readonly value: Bytes.Bytes | null
    readonly proofs: readonly Ics23.CommitmentProof.CommitmentProof[]
  }): LockEvidence.Stored => ({
    value: read.value,
    proof: read.proofs[0] as Ics23.CommitmentProof.CommitmentProof,
  })
  return {
    block: light,
    store: contract.proofs[1],
    contract: stored(contract),
    history: stored(history),
    code: stored(code),
    lock: stored(lock),
  }
}
