import { type CallOptions, type Claim, CoreErrors, type Fact, type LockTerms, show } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { LockEvidence } from '@aitbc/proofs/revive'
import { StorageKey, TrieProof } from '@aitbc/proofs/substrate'
import { PolkadotErrors } from '../errors.js'
import * as HubLock from '../HubLock.js'
import { atTip, type Client, genesisOf, needHeader } from './client.js'
import { contractAt, type Hub, infoKey, slotKey, statusAt } from './hub.js'
import * as Rpc from './rpc.js'

type Hex = `0x${string}`

/** What is to be proved: that the lock of these terms has a status. */
interface Statement {
  readonly terms: LockTerms.LockTerms
  readonly status: HtlcStorage.Status
  readonly form: keyof typeof LockEvidence.FORMAT
}

/**
 * Evidence that a lock has the status of the claim: in the Hub's newest head that the relay chain has, where the hub has a `relay`; otherwise
 * in the newest final block where it has it there, else in the head. What nodes answer is verified before it is handed on. A chain whose
 * headers have no state root can prove nothing: `PolkadotNotProvable` (3514).
 */
export async function prove(
  client: Client,
  hub: Hub,
  claim: Claim,
  options?: CallOptions,
): Promise<Fact.Evidence> {
  if (claim?.kind !== 'lock' && claim?.kind !== 'spend')
    throw CoreErrors.InvalidArgument(
      `claim.kind must be lock or spend, got ${show((claim as Claim | undefined)?.kind)}`,
      { argument: 'claim.kind' },
    )
  const status = claim.kind === 'lock' ? 'locked' : claim.spend?.kind === 'claim' ? 'claimed' : 'refunded'
  return evidenceOf(client, hub, { terms: claim.terms, status, form: claim.kind }, options)
}

/** Evidence that there is no such lock, or no spend of it. */
export async function proveAbsence(
  client: Client,
  hub: Hub,
  claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const status = claim.kind === 'lock' ? 'none' : 'locked'
  return evidenceOf(client, hub, { terms: claim.terms, status, form: 'absence' }, options)
}

async function evidenceOf(
  client: Client,
  hub: Hub,
  statement: Statement,
  options?: CallOptions,
): Promise<Fact.Evidence> {
  const parameters = HubLock.parameters(statement.terms, hub)
  const told = (evidence: LockEvidence.LockEvidence): Fact.Evidence => ({
    network: client.network.id,
    format: LockEvidence.FORMAT[statement.form],
    bytes: LockEvidence.encode(evidence),
  })
  const has = async (hash: Hex): Promise<boolean> => {
    const status = await statusAt(client, hub, parameters, hash, options)
    return status.ok && status.value === statement.status
  }
  const notYet = (block: string, hint?: string) => {
    const id = Rpc.hex(HtlcStorage.lockId(parameters))
    return PolkadotErrors.PolkadotNotProvable(
      `lock ${id} must have status ${statement.status} in block ${block}, it has not`,
      { lock: id, expected: statement.status, block },
      hint === undefined ? {} : { hint },
    )
  }
  if (hub.relay !== undefined) {
    await genesisOf(client, options)
    const head = await hub.relay.head(options)
    const hash = Rpc.hex(head.hub.hash)
    if ((await Rpc.header(client.api, hash, options)) === undefined)
      throw PolkadotErrors.PolkadotNotProvable(
        `the relay chain's head of the Hub is ${hash}, which the endpoint of ${client.network.name} doesn't have`,
        { block: hash },
        { hint: 'The endpoint lags, or `paraId` is of another chain: use another endpoint, or correct it.' },
      )
    if (!(await has(hash)))
      throw notYet(
        hash,
        'Repeat when the relay chain has finalized a newer block of the Hub; if it never does, its endpoint lags.',
      )
    return told({ ...(await evidenceAt(client, hub, statement, hash, options)), relay: head.relay })
  }
  return atTip(client, options, async (tip) => {
    for (const hash of new Set([tip.finalized?.hash as Hex | undefined, tip.hash]))
      if (hash !== undefined && (await has(hash)))
        return told(await evidenceAt(client, hub, statement, hash, options))
    throw notYet(tip.hash)
  })
}

async function evidenceAt(
  client: Client,
  hub: Hub,
  { terms, status }: Statement,
  at: Hex,
  options?: CallOptions,
): Promise<LockEvidence.LockEvidence> {
  const header = await needHeader(client, at, options)
  if (/^0x0+$/.test(header.stateRoot))
    throw PolkadotErrors.PolkadotNotProvable(
      `the headers of ${client.network.name} have no state root: nothing can be proved from them`,
      { block: at },
      { hint: 'A local runtime without consensus proves nothing: use the evidence of a real chain.' },
    )
  const contract = await contractAt(client, hub, at, options)
  const child = StorageKey.childRoot(contract?.trieId ?? new Uint8Array(0))
  const key = slotKey(HubLock.parameters(terms, hub))
  const keys = [infoKey(hub), LockEvidence.CLOCK_KEY]
  const evidence: LockEvidence.LockEvidence = {
    header: header.bytes,
    contract: TrieProof.of(await Rpc.readProof(client.api, keys, at, options)),
    status: TrieProof.of(await Rpc.childReadProof(client.api, child, [key], at, options)),
  }
  const verdict = LockEvidence.verify(terms, hub, evidence)
  const wrong = verdict.ok
    ? verdict.value.status === status && Rpc.hex(verdict.value.block.hash) === at
      ? undefined
      : verdict.value.status
    : `${verdict.refusal.check}: ${verdict.refusal.message}`
  if (wrong !== undefined)
    throw Rpc.malformed('state_getChildReadProof', `a proof of the lock in ${at}`, wrong)
  return evidence
}
