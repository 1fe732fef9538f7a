import {
  Bytes,
  type Claim,
  type Fact,
  type Lock,
  LockTerms,
  type Spend,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'
import { refOf, tipOf } from './adapter/client.js'
import type { Statement } from './adapter/reads.js'
import * as Chain from './Chain.js'
import { viewOf } from './Endpoint.js'

/**
 * Judges the evidence of a world's adapters as a light client that follows the chain's headers: what no block of the chain holds is
 * refused, whoever says so. What it accepts has the best assurance that the family's chains give. Refusals: `format`, `block`, `lock`,
 * `spend`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createWorld, createWorldVerifier } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [networks.ethereum] })
 * createWorldVerifier(world.chain(networks.ethereum.id)).network // 'eip155:1'
 */
export function createWorldVerifier(chain: Chain.Chain): Verifier {
  const { network, family } = chain
  const verify = (claim: Claim, evidence: Fact.Evidence): Verdict.Verdict<Fact.Verified<Lock | Spend>> => {
    const statement = read(evidence, network.id)
    if (statement === undefined) return Verdict.refuse('format', 'no evidence of this network')
    const { height } = statement
    const header = Chain.at(chain, height)
    if (header?.hash !== statement.hash)
      return Verdict.refuse('block', `${statement.hash} is no block of ${network.id}`)
    const held = Chain.tip(chain).ledger.locks.get(claim.lock.ref)
    const fits =
      held !== undefined &&
      statement.kind === claim.kind &&
      statement.ref === claim.lock.ref &&
      held.script.key === keyOf(claim.terms)
    if (!fits) return Verdict.refuse('lock', `no lock ${claim.lock.ref} of these terms`)
    const at = refOf(header)
    const asOf = tipOf(viewOf(chain))
    const { best: assurance } = family
    const anchor = { network: network.id, height, hash: header.hash, assurance }
    const accept = (value: Lock | Spend) =>
      Verdict.accept(establish({ value, at, asOf, evidence, assurance, anchor }))
    if (claim.kind === 'lock') {
      if (held.height !== height) return Verdict.refuse('lock', `the lock is of ${held.height}`)
      const match = held.late ? 'late' : held.amount === held.script.amount ? claim.lock.match : 'under'
      return accept({ ref: held.ref, transaction: held.tx, amount: held.amount, match })
    }
    const { spend } = held
    if (spend === undefined || spend.height !== height || spend.is !== claim.spend.kind)
      return Verdict.refuse('spend', `nothing like it ended ${held.ref}`)
    return accept(
      spend.secret === undefined
        ? { kind: 'refund', transaction: spend.tx }
        : { kind: 'claim', transaction: spend.tx, secret: Bytes.fromHex(spend.secret) },
    )
  }
  const keyOf = (terms: LockTerms.LockTerms) =>
    family.kind === 'coins' ? idOf(terms) : family.id(idOf(terms))
  return { network: network.id, verify: verify as Verifier['verify'], tip: () => tipOf(viewOf(chain)) }
}

const ids = new WeakMap<LockTerms.LockTerms, string>()

function idOf(terms: LockTerms.LockTerms): string {
  const known = ids.get(terms)
  if (known !== undefined) return known
  const id = Bytes.toHex(LockTerms.id(terms))
  ids.set(terms, id)
  return id
}

/** What a statement says, with its height as a number. */
type Told = Omit<Statement, 'height'> & { readonly height: bigint }

/** Statements that were read, by their bytes: those of one proof are judged again by each who is shown it. */
const statements = new WeakMap<Uint8Array, Told>()

function read(evidence: Fact.Evidence, network: string): Told | undefined {
  if (evidence?.network !== network || evidence.format !== 'world-lock/1') return undefined
  try {
    const { bytes } = evidence
    const known = statements.get(bytes)
    if (known !== undefined) return known
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Statement
    if (typeof value?.hash !== 'string' || !/^\d{1,20}$/.test(value.height)) return undefined
    const told = { ...value, height: BigInt(value.height) }
    statements.set(bytes, told)
    return told
  } catch {
    return undefined
  }
}
