import {
  type Bytes,
  type CallOptions,
  type Claim,
  CoreErrors,
  type Fact,
  type LockTerms,
  show,
} from '@aitbc/core'
import { LockEvidence } from '@aitbc/proofs/ethereum'
import { type Hex, hexToBytes } from 'viem'
import * as EvmRpc from '../EvmRpc.js'
import { EvmErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { atTip, type Client, needBlock, rpc } from './client.js'
import { encodeHeader } from './headers.js'
import { statusAt } from './locks.js'

/** What is to be proved: that the lock of these terms has a status. */
interface Statement {
  readonly terms: LockTerms.LockTerms
  readonly status: bigint
  readonly form: keyof typeof LockEvidence.FORMAT
}

/**
 * Evidence that a lock has the status of the claim: in the newest final block where it has it there, else in the head. What the
 * node answers is verified before it is handed on. With a beacon source only what is final by it can be proved.
 */
export async function prove(client: Client, claim: Claim, options?: CallOptions): Promise<Fact.Evidence> {
  if (claim?.kind !== 'lock' && claim?.kind !== 'spend')
    throw CoreErrors.InvalidArgument(
      `claim.kind must be lock or spend, got ${show((claim as Claim | undefined)?.kind)}`,
      {
        argument: 'claim.kind',
      },
    )
  const { locked, claimed, refunded } = HtlcLock.STATUS
  const status = claim.kind === 'lock' ? locked : claim.spend.kind === 'claim' ? claimed : refunded
  return evidenceOf(client, { terms: claim.terms, status, form: claim.kind }, options)
}

/** Evidence that there is no such lock, or no spend of it. */
export async function proveAbsence(
  client: Client,
  claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const status = claim.kind === 'lock' ? HtlcLock.STATUS.none : HtlcLock.STATUS.locked
  return evidenceOf(client, { terms: claim.terms, status, form: 'absence' }, options)
}

async function evidenceOf(
  client: Client,
  statement: Statement,
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const id = HtlcLock.id(
    HtlcLock.fromLockTerms(statement.terms, client.backend, client.network),
    client.backend,
  )
  const network = client.network.id
  const has = async (hash: Hex) => {
    const audited = await statusAt(client, id, { hash }, options)
    return 'status' in audited && audited.status === statement.status
  }
  return atTip(client, options, async (tip) => {
    if (client.beacon !== undefined) {
      const final = await client.beacon.finality(options)
      const hash = final?.block.hash as Hex
      if (final === undefined || final.block.height > tip.height || !(await has(hash)))
        throw notProvable(statement, id, final?.block.hash ?? 'none is final')
      const bytes = await evidenceAt(client, statement, id, hash, options)
      return {
        network,
        format: LockEvidence.BEACON_FORMAT[statement.form],
        bytes: final.evidence(bytes),
      }
    }
    for (const at of [tip.finalized?.hash as Hex | undefined, tip.hash]) {
      if (at === undefined || !(await has(at))) continue
      const bytes = await evidenceAt(client, statement, id, at, options)
      return { network, format: LockEvidence.FORMAT[statement.form], bytes }
    }
    throw notProvable(statement, id, tip.hash)
  })
}

function notProvable(statement: Statement, id: Hex, block: string) {
  const { status } = statement
  return EvmErrors.EvmNotProvable(`lock ${id} must have status ${status} in block ${block}, it has not`, {
    lock: id,
    expected: status,
    block,
  })
}

async function evidenceAt(
  client: Client,
  statement: Statement,
  id: Hex,
  blockHash: Hex,
  options?: CallOptions,
): Promise<Bytes.Bytes> {
  const block = await needBlock(client, blockHash, options)
  const { address } = client.backend
  const proof = await EvmRpc.proof(client.transport, address, HtlcLock.slot(id), blockHash, rpc(options))
  const evidence = LockEvidence.of({
    header: encodeHeader(block),
    accountProof: proof.account.map((node) => hexToBytes(node)),
    storageProof: proof.storage.map((node) => hexToBytes(node)),
  })
  const verdict = LockEvidence.verify(hexToBytes(blockHash), statement.terms, evidence)
  if (!verdict.ok)
    throw EvmRpc.malformed(
      'eth_getProof',
      `a proof of ${id} in ${blockHash}`,
      `${verdict.refusal.check}: ${verdict.refusal.message}`,
    )
  return LockEvidence.encode(evidence)
}
