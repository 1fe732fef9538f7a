import { AccountId, Bytes, isAitbcError, type Lock, LockTerms, show, Verdict } from '@aitbc/core'
import { addressOf } from '../createWorldWallet.js'
import type * as Ledger from '../Ledger.js'
import { assertNetwork } from '../steps.js'
import { assetIn, type Client } from './client.js'

const scripts = new WeakMap<LockTerms.LockTerms, Map<Client, Ledger.Script>>()
/** Scripts of native coins, which every adapter of a network finds right: by their network and terms' bytes, and by the terms. */
const native = new Map<string, Ledger.Script>()
const MOST_NATIVE = 8192
const natives = new WeakMap<
  LockTerms.LockTerms,
  { readonly network: string; readonly script: Ledger.Script }
>()

/** What the chain holds of terms; `InvalidLockTerms` (1010) and the family's codes name the term that is wrong. */
export function scriptOf(client: Client, terms: LockTerms.LockTerms): Ledger.Script {
  const { network, family } = client
  if (typeof terms === 'object' && terms !== null) {
    const shared = natives.get(terms)
    const known = shared?.network === network.id ? shared.script : scripts.get(terms)?.get(client)
    if (known !== undefined) return known
  }
  const refuse = (field: string, expected: string, received: unknown) =>
    family.errors.terms(`terms.${field} must be ${expected}, got ${show(received)}`, {
      argument: `terms.${field}`,
      received,
    })
  const bytes = Bytes.toHex(LockTerms.encode(terms))
  const name = `${network.id} ${bytes}`
  const same = native.get(name)
  if (same !== undefined) {
    natives.set(terms, { network: network.id, script: same })
    return same
  }
  const backend = family.backend(network)
  assertNetwork(terms.backend.network, network.id, 'terms.backend.network')
  for (const field of ['kind', 'address'] as const)
    if (terms.backend[field] !== backend[field])
      throw refuse(`backend.${field}`, String(backend[field]), terms.backend[field])
  const { codeHash } = terms.backend
  const fits =
    codeHash === undefined || backend.codeHash === undefined
      ? codeHash === backend.codeHash
      : Bytes.equal(codeHash, backend.codeHash)
  if (!fits) throw refuse('backend.codeHash', 'of the known code', codeHash)
  if (terms.deadline.clock !== network.clock)
    throw refuse('deadline.clock', network.clock, terms.deadline.clock)
  for (const side of ['locker', 'beneficiary'] as const) {
    const { account, payout, publicKey } = terms[side]
    if (payout !== account) throw refuse(`${side}.payout`, account, payout)
    if (family.kind === 'accounts' && publicKey !== undefined)
      throw refuse(`${side}.publicKey`, 'absent', publicKey)
    if (family.kind === 'coins' && (publicKey === undefined || addressOf(network, publicKey) !== account))
      throw refuse(`${side}.publicKey`, `the key of ${account}`, publicKey)
  }
  const asset = assetIn(client, terms.asset, 'terms.asset')
  // What the lock itself pays for must stay above what the network relays.
  const least = family.profile.feesFrom === 'lock' ? network.fees.dust * 10n : 1n
  if (terms.amount < least) throw refuse('amount', `at least ${least}`, terms.amount)
  const script: Ledger.Script = {
    key: keyOf(client, terms),
    terms: bytes,
    asset,
    amount: terms.amount,
    deadline: terms.deadline.value,
    hashlock: Bytes.toHex(terms.hashlock),
    locker: AccountId.parse(terms.locker.account).address,
    beneficiary: AccountId.parse(terms.beneficiary.account).address,
  }
  if (asset === '') {
    if (native.size >= MOST_NATIVE) native.clear()
    native.set(name, script)
    natives.set(terms, { network: network.id, script })
  } else {
    const own = scripts.get(terms) ?? new Map<Client, Ledger.Script>()
    scripts.set(terms, own)
    own.set(client, script)
  }
  return script
}

function keyOf({ family }: Client, terms: LockTerms.LockTerms): string {
  const hex = Bytes.toHex(LockTerms.id(terms))
  return family.kind === 'coins' ? hex : family.id(hex)
}

/** Judges terms offline. Refusals: `terms`, or `token-allowed`. */
export function auditTerms(client: Client, terms: LockTerms.LockTerms): Verdict.Verdict<LockTerms.LockTerms> {
  try {
    scriptOf(client, terms)
    return Verdict.accept(terms)
  } catch (error) {
    if (!isAitbcError(error)) throw error
    const name = error._tag.endsWith('TokenNotAllowed') ? 'token-allowed' : 'terms'
    return Verdict.refuse(name, error.message, { code: error.code, ...error.context })
  }
}

const OUTPOINT = /^[0-9a-f]{64}:\d{1,5}$/

/** Refuses a lock that can't be one of these terms. */
export function assertLock(client: Client, script: Ledger.Script, lock: Lock): void {
  const { kind, errors } = client.family
  const fits = kind === 'coins' ? OUTPOINT.test(lock?.ref) : lock?.ref === script.key
  if (!fits)
    throw errors.terms(`intent.lock.ref must name a lock of these terms, got ${show(lock?.ref)}`, {
      argument: 'intent.lock',
      received: lock?.ref,
    })
}
