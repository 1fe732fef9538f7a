import { type CallOptions, type Claim, CoreErrors, type Fact, show } from '@aitbc/core'
import { SolanaErrors } from '../errors.js'
import { type Client, checkChain } from './client.js'
import { historyOf } from './history.js'
import { assertRef } from './locks.js'
import { programTerms } from './terms.js'

/** `TransactionEvidence.FORMAT` of `@aitbc/proofs/solana`, whose verifiers an adapter has no use for. */
const FORMAT = 'solana-transaction/1'

/**
 * Evidence that the transaction of a lock or a spend stands in a final block: its inclusion, and so a claim's secret. Nothing on Solana proves
 * that it succeeded, or what an account holds. `SolanaNotProvable` (3312) without a source of evidence, or while it has none.
 */
export async function prove(client: Client, claim: Claim, options?: CallOptions): Promise<Fact.Evidence> {
  options?.signal?.throwIfAborted()
  if (claim?.kind !== 'lock' && claim?.kind !== 'spend')
    throw CoreErrors.InvalidArgument(
      `claim.kind must be lock or spend, got ${show((claim as Claim | undefined)?.kind)}`,
      {
        argument: 'claim.kind',
      },
    )
  const own = programTerms(client, claim.terms)
  const lock = assertRef(client, own, claim.lock, 'claim.lock.ref')
  await checkChain(client, options)
  const kind = claim.kind === 'lock' ? 'made' : 'ended'
  const wanted = (await historyOf(client, lock, true, options))[kind]
  const refuse = (why: string) =>
    SolanaErrors.SolanaNotProvable(`the ${claim.kind} of ${claim.lock.ref} can't be proved: ${why}`, {
      claim: claim.kind,
      lock: claim.lock.ref,
    })
  if (wanted === undefined) throw refuse('the endpoint has no transaction of it')
  if (client.evidence === undefined) throw refuse('the adapter has no source of evidence')
  const bytes = await client.evidence.transaction(wanted.transaction, options)
  if (bytes === undefined) throw refuse('its block is not final yet')
  return { network: client.network.id, format: FORMAT, bytes }
}
