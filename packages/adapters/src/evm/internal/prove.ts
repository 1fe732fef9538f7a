import { type CallOptions, type Claim, CoreErrors, type Fact, show } from '@aitbc/core'
import { LockEvidence } from '@aitbc/proofs/ethereum'
import { type Hex, hexToBytes } from 'viem'
import * as EvmRpc from '../EvmRpc.js'
import { EvmErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { atTip, type Client, needBlock, rpc } from './client.js'
import { encodeHeader } from './headers.js'
import { statusAt } from './locks.js'

/**
 * Evidence that a lock has the status of the claim: in the newest final block where it has it there, else in the head. What the
 * node answers is verified before it is handed on.
 */
export async function prove(client: Client, claim: Claim, options?: CallOptions): Promise<Fact.Evidence> {
  if (claim?.kind !== 'lock' && claim?.kind !== 'spend')
    throw CoreErrors.InvalidArgument(
      `claim.kind must be lock or spend, got ${show((claim as Claim | undefined)?.kind)}`,
      {
        argument: 'claim.kind',
      },
    )
  const own = HtlcLock.fromLockTerms(claim.terms, client.backend, client.network)
  const id = HtlcLock.id(own, client.backend)
  const { locked, claimed, refunded } = HtlcLock.STATUS
  const wanted = claim.kind === 'lock' ? locked : claim.spend.kind === 'claim' ? claimed : refunded
  return atTip(client, options, async (tip) => {
    for (const at of [tip.finalized?.hash as Hex | undefined, tip.hash]) {
      if (at === undefined) continue
      const audited = await statusAt(client, id, { hash: at }, options)
      if (!('status' in audited) || audited.status !== wanted) continue
      return evidenceAt(client, claim, id, at, options)
    }
    throw EvmErrors.EvmNotProvable(`lock ${id} must have status ${wanted} in block ${tip.hash}, it has not`, {
      lock: id,
      expected: wanted,
      block: tip.hash,
    })
  })
}

async function evidenceAt(
  client: Client,
  claim: Claim,
  id: Hex,
  blockHash: Hex,
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const block = await needBlock(client, blockHash, options)
  const { address } = client.backend
  const proof = await EvmRpc.proof(client.transport, address, HtlcLock.slot(id), blockHash, rpc(options))
  const evidence = LockEvidence.of({
    header: encodeHeader(block),
    accountProof: proof.account.map((node) => hexToBytes(node)),
    storageProof: proof.storage.map((node) => hexToBytes(node)),
  })
  const verdict = LockEvidence.verify(hexToBytes(blockHash), claim.terms, evidence)
  if (!verdict.ok)
    throw EvmRpc.malformed(
      'eth_getProof',
      `a proof of ${id} in ${blockHash}`,
      `${verdict.refusal.check}: ${verdict.refusal.message}`,
    )
  return {
    network: client.network.id,
    format: LockEvidence.FORMAT[claim.kind],
    bytes: LockEvidence.encode(evidence),
  }
}
