import {
  type Bytes,
  type CallOptions,
  type Claim,
  CoreErrors,
  type Fact,
  type LockTerms,
  show,
  type Verdict,
} from '@aitbc/core'
import { LightBlock } from '@aitbc/proofs/tendermint'
import * as CosmosRpc from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import { type Base, rpc, tipOf } from './client.js'

type Status = 'none' | 'locked' | 'claimed' | 'refunded'

/** What proves a lock's status. */
export interface Evidence {
  /** What the node says that it proves. */
  readonly entry: Verdict.Verdict<{ readonly status: Status }>
  readonly bytes: Bytes.Bytes
}

/** How locks of a kind are proved. */
export interface Prover {
  readonly formats: Readonly<Record<'lock' | 'spend' | 'absence', string>>
  /** The evidence of a lock under a block, from the state that it names: the one after `height`. */
  gather(
    terms: LockTerms.LockTerms,
    block: Bytes.Bytes,
    height: bigint,
    options?: CallOptions,
  ): Promise<Evidence>
}

/**
 * Evidence that a lock has the status of the claim: the head with its votes, and proofs of the state before it, which it names. What the
 * node answers is handed on as it is, where it has that form and says so: to judge it is the verifier's.
 */
export async function prove(
  client: Base,
  prover: Prover,
  claim: Claim,
  options?: CallOptions,
): Promise<Fact.Evidence> {
  if (claim?.kind !== 'lock' && claim?.kind !== 'spend')
    throw CoreErrors.InvalidArgument(
      `claim.kind must be lock or spend, got ${show((claim as Claim | undefined)?.kind)}`,
      { argument: 'claim.kind' },
    )
  const status = claim.kind === 'lock' ? 'locked' : claim.spend.kind === 'claim' ? 'claimed' : 'refunded'
  return evidenceOf(client, prover, claim.terms, status, claim.kind, options)
}

/** Evidence that there is no such lock, or no spend of it. */
export async function proveAbsence(
  client: Base,
  prover: Prover,
  { kind, terms }: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
  options?: CallOptions,
): Promise<Fact.Evidence> {
  return evidenceOf(client, prover, terms, kind === 'lock' ? 'none' : 'locked', 'absence', options)
}

async function evidenceOf(
  client: Base,
  prover: Prover,
  terms: LockTerms.LockTerms,
  expected: Status,
  form: keyof Prover['formats'],
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const { height, hash } = await tipOf(client, options)
  if (height < 2n)
    throw CosmosErrors.CosmosNotProvable('no block names a state before the second one', { height })
  const { light } = await CosmosRpc.lightBlock(client.transport, height, rpc(options))
  const { entry, bytes } = await prover.gather(terms, LightBlock.encode(light), height - 1n, options)
  if (!entry.ok)
    throw CosmosRpc.malformed(
      'abci_query',
      `a lock under block ${hash}`,
      `${entry.refusal.check}: ${entry.refusal.message}`,
    )
  const { status } = entry.value
  if (status !== expected)
    throw CosmosErrors.CosmosNotProvable(
      `the lock must be ${expected} in the state before block ${height}, it is ${status}`,
      { expected, received: status, height },
    )
  return { network: client.network.id, format: prover.formats[form], bytes }
}
