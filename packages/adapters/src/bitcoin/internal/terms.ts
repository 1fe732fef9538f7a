import { AssetId, Bytes, CoreErrors, isAitbcError, LockTerms, type Network, show, Verdict } from '@aitbc/core'
import { HtlcScript } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import { BitcoinErrors } from '../errors.js'
import * as Weight from '../Weight.js'

/** The forms of a lock, by the backend's kind. */
const KINDS: readonly string[] = ['p2wsh', 'p2tr', 'p2tr-musig2']
/** Which term a script's refusal is about; the others are about the backend. */
const BLAMED: Readonly<Record<string, string>> = {
  'htlc-amount': 'amount',
  'htlc-deadline': 'deadline',
  'htlc-payout': 'beneficiary.payout',
}

/** Terms that were checked for a network, with what they stand for on it. */
export interface Checked {
  readonly terms: LockTerms.LockTerms
  readonly htlc: HtlcScript.HtlcScript
  readonly locker: Account.Account
  readonly lockerPayout: Account.Account
  readonly beneficiary: Account.Account
  readonly beneficiaryPayout: Account.Account
}

/**
 * Checks terms for a Bitcoin network and rebuilds their script: nothing that a counterparty sends besides terms is used (S16, H20).
 * Errors name the field: the codes of `LockTerms.assert`, `ForeignNetwork` (1016), `UnsupportedTerms` (3104), `UnsupportedAccount` (3103).
 */
export function check(network: Network, terms: LockTerms.LockTerms): Checked {
  LockTerms.assert(terms)
  const refuse = (name: string, message: string, received: unknown) =>
    BitcoinErrors.UnsupportedTerms(`terms.${name} ${message}, got ${show(received)}`, {
      argument: `terms.${name}`,
      received: received instanceof Uint8Array ? Bytes.toHex(received) : received,
    })
  const { backend, deadline } = terms
  if (backend.network !== network.id)
    throw CoreErrors.ForeignNetwork(`terms.backend.network must be ${network.id}, got ${backend.network}`, {
      argument: 'terms.backend.network',
      expected: network.id,
      received: backend.network,
    })
  if (!KINDS.includes(backend.kind))
    throw refuse('backend.kind', `must be ${KINDS.join(' or ')}`, backend.kind)
  if (backend.address !== undefined)
    throw refuse('backend.address', 'must be absent: the terms alone make the address', backend.address)
  if (backend.codeHash !== undefined)
    throw refuse('backend.codeHash', 'must be absent: the terms alone make the script', backend.codeHash)
  if (terms.asset !== network.native.id)
    throw refuse('asset', `must be the native coin ${network.native.id}`, terms.asset)
  if (deadline.clock !== network.clock)
    throw refuse('deadline.clock', `must be ${network.clock}`, deadline.clock)
  const accounts = (['locker', 'beneficiary'] as const).map((side) => {
    const { account, publicKey, payout } = terms[side]
    if (publicKey?.length !== 33)
      throw refuse(`${side}.publicKey`, 'must be a compressed public key of 33 bytes', publicKey)
    Account.assertKey(publicKey, `terms.${side}.publicKey`)
    if (account !== Account.ofKey(network, publicKey))
      throw refuse(`${side}.account`, 'must be the p2wpkh address of its public key', account)
    return [
      Account.parse(network, account, `terms.${side}.account`),
      Account.parse(network, payout, `terms.${side}.payout`),
    ] as const
  })
  const [[locker, lockerPayout], [beneficiary, beneficiaryPayout]] = accounts as [
    readonly [Account.Account, Account.Account],
    readonly [Account.Account, Account.Account],
  ]
  // P2TR's scripts use x coordinates alone: keys that differ in parity are one key there.
  if (
    Bytes.equal(
      (terms.locker.publicKey as Bytes.Bytes).slice(1),
      (terms.beneficiary.publicKey as Bytes.Bytes).slice(1),
    )
  )
    throw refuse(
      'beneficiary.publicKey',
      "must be another key than the locker's",
      terms.beneficiary.publicKey,
    )
  const htlc = HtlcScript.from(terms)
  if (!htlc.ok) {
    const name = BLAMED[htlc.refusal.check] ?? 'backend'
    throw BitcoinErrors.UnsupportedTerms(`terms.${name}: ${htlc.refusal.message}`, {
      argument: `terms.${name}`,
      check: htlc.refusal.check,
    })
  }
  const least = Account.dust(network, htlc.value.scriptPubKey)
  if (terms.amount < least) throw refuse('amount', `must be at least ${least}: less is dust`, terms.amount)
  return { terms, htlc: htlc.value, locker, lockerPayout, beneficiary, beneficiaryPayout }
}

/**
 * Refuses an asset that isn't the network's coin: `ForeignNetwork` (1016) for one of another network, `InvalidArgument` (1013) for what
 * Bitcoin has not.
 */
export function assertNative(network: Network, asset: AssetId.AssetId, argument: string): void {
  if (asset === network.native.id) return
  const message = `${argument} must be ${network.native.id}, got ${show(asset)}`
  const context = { argument, expected: network.native.id, received: asset }
  if (AssetId.is(asset) && AssetId.parse(asset).network !== network.id)
    throw CoreErrors.ForeignNetwork(message, context)
  throw CoreErrors.InvalidArgument(message, context)
}

/**
 * Judges terms before anybody signs them: what {@link check} refuses, an amount that a claim or refund at `reserve` (sat/kvB) would
 * eat up (S13), and payouts that a recovery from the seed could not restore. Checks: `terms`, `reserve`, `payout`.
 */
export function audit(
  network: Network,
  terms: LockTerms.LockTerms,
  reserve: bigint,
): Verdict.Verdict<LockTerms.LockTerms> {
  try {
    const { htlc, beneficiaryPayout, lockerPayout } = check(network, terms)
    for (const [path, payout] of [['claim', beneficiaryPayout] as const, ['refund', lockerPayout] as const]) {
      const least =
        Weight.fee(Weight.settlement(htlc, path, payout.script), reserve) +
        Account.dust(network, payout.script)
      if (terms.amount < least)
        return Verdict.refuse(
          'reserve',
          `terms.amount must be at least ${least}, so that a ${path} at ${reserve} sat/kvB leaves no dust, got ${terms.amount}`,
          { argument: 'terms.amount', least, received: terms.amount },
        )
    }
  } catch (error) {
    if (!isAitbcError(error)) throw error
    return Verdict.refuse('terms', error.message, { code: error.code, ...error.context })
  }
  for (const side of ['locker', 'beneficiary'] as const)
    if (terms[side].payout !== terms[side].account)
      return Verdict.refuse(
        'payout',
        `terms.${side}.payout must be the account itself: 80 bytes of record hold no other`,
        {
          argument: `terms.${side}.payout`,
          received: terms[side].payout,
        },
      )
  return Verdict.accept(terms)
}
