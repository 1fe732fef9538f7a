// What may never be the same: ids of locks and swaps that differ in anything at all (S11, S17).
import { Bytes, isAitbcError, LockTerms } from '@aitbc/core'
import { Agreement } from '@aitbc/swap'

/** What names locks and swaps; the packages' own unless told. */
export interface Names {
  readonly lock: (terms: LockTerms.LockTerms) => Bytes.Bytes
  readonly swap: (agreement: Agreement.Agreement) => Bytes.Bytes
}

const OWN: Names = { lock: LockTerms.id, swap: Agreement.hash }

/**
 * Changes each thing that an agreement says, one at a time, and tells which changes leave a name as it was: of a lock, over networks,
 * programs, assets, amounts, parties, hashlocks, deadlines and salts, or of the swap.
 */
export function collisions(agreement: Agreement.Agreement, names: Names = OWN): readonly string[] {
  const found: string[] = []
  const ids = new Map<string, string>()
  const swaps = new Map<string, string>()
  const note = (known: Map<string, string>, id: Bytes.Bytes, what: string) => {
    const hex = Bytes.toHex(id)
    const other = known.get(hex)
    if (other !== undefined) found.push(`${what} has the id of ${other}`)
    else known.set(hex, what)
  }
  for (const leg of ['long', 'short'] as const) {
    note(ids, names.lock(agreement[leg]), `the ${leg} lock`)
    for (const [what, terms] of changes(agreement[leg])) {
      note(ids, names.lock(terms), `the ${leg} lock with another ${what}`)
      try {
        note(swaps, names.swap({ ...agreement, [leg]: terms }), `the swap with another ${what} (${leg})`)
      } catch (error) {
        // Of a hashlock of its own a leg is no part of a swap.
        if (!isAitbcError(error, 'InvalidAgreement')) throw error
      }
    }
  }
  note(swaps, names.swap(agreement), 'the swap')
  for (const role of ['initiator', 'follower'] as const)
    note(swaps, names.swap({ ...agreement, [role]: flipped(agreement[role]) }), `the swap of another ${role}`)
  return found
}

type Change = readonly [what: string, terms: LockTerms.LockTerms]

function changes(terms: LockTerms.LockTerms): readonly Change[] {
  const { backend, deadline, locker, beneficiary } = terms
  const { codeHash } = backend
  const all: Change[] = [
    ['network', moved(terms)],
    ['kind of program', { ...terms, backend: { ...backend, kind: `${backend.kind}-2` } }],
    ['amount', { ...terms, amount: terms.amount + 1n }],
    ['hashlock', { ...terms, hashlock: flipped(terms.hashlock) }],
    ['locker', { ...terms, locker: beneficiary }],
    ['beneficiary', { ...terms, beneficiary: locker }],
    ['payout', { ...terms, beneficiary: { ...beneficiary, payout: locker.account } }],
    ['deadline', { ...terms, deadline: { ...deadline, value: deadline.value + 1n } }],
    ['salt', { ...terms, salt: flipped(terms.salt) }],
    ['asset', { ...terms, asset: `${backend.network}/slip44:7777` }],
  ]
  if (codeHash !== undefined)
    all.push(['code', { ...terms, backend: { ...backend, codeHash: flipped(codeHash) } }])
  return all
}

/** The same terms on another network of the family: all that names the network names that one. */
function moved(terms: LockTerms.LockTerms): LockTerms.LockTerms {
  const { network } = terms.backend
  const other = `${network.slice(0, -1)}${network.endsWith('1') ? '2' : '1'}`
  const to = <T extends string>(id: T): T => id.replace(network, other) as T
  const party = (of: LockTerms.Party) => ({ ...of, account: to(of.account), payout: to(of.payout) })
  return {
    ...terms,
    backend: { ...terms.backend, network: to(network) },
    asset: to(terms.asset),
    locker: party(terms.locker),
    beneficiary: party(terms.beneficiary),
    deadline: { ...terms.deadline, network: to(network) },
  }
}

function flipped(bytes: Bytes.Bytes): Bytes.Bytes {
  const changed = Bytes.copy(bytes)
  changed[0] = (changed[0] as number) ^ 1
  return changed
}
