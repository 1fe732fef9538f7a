import {
  type AccountId,
  Bytes,
  type ChainId,
  type Deadline,
  Hashlock,
  type LockProfile,
  type LockTerms,
  type Network,
  type Timing,
} from '@aitbc/core'
import { type Agreement, Policy } from '@aitbc/swap'
import type { Kind } from './Chain.js'

/** The instant at which every model begins, unix seconds. */
export const EPOCH = 1_000_000_000n

export const LONG = 'model:long' satisfies ChainId.ChainId
export const SHORT = 'model:short' satisfies ChainId.ChainId
export const NETWORK = { long: LONG, short: SHORT } as const

export const profiles: { readonly [K in Kind]: LockProfile } = {
  utxo: {
    lateClaims: true,
    payee: 'key',
    unique: false,
    lateLocks: true,
    feesFrom: 'lock',
    events: false,
  },
  contract: {
    lateClaims: false,
    payee: 'named',
    unique: true,
    lateLocks: false,
    feesFrom: 'account',
    events: true,
  },
}

export const kinds = ['utxo', 'contract'] as const
/** All four pairs of profiles, long leg first. */
export const pairs = kinds.flatMap((long) => kinds.map((short) => ({ long, short })))

/** A network whose times are what a test says; a second is a tick of the model, and a block a tick. */
export function network(
  id: ChainId.ChainId,
  kind: Kind,
  timing: Partial<Timing> = {},
  finality = 2n,
): Network {
  const all: Timing = { lead: 0n, lag: 0n, inclusion: 2n, finality, reorg: 1n, outage: 0n, ...timing }
  return {
    id,
    family: kind === 'utxo' ? 'bitcoin' : 'evm',
    name: `${id === LONG ? 'A' : 'B'} (${kind})`,
    native: { id: `${id}/coin:native`, symbol: 'COIN', decimals: 0 },
    clock: clockOf(kind),
    blockTimeMs: 1000n,
    finality: { rule: 'depth', depth: finality },
    reorgDepth: all.reorg,
    fees:
      kind === 'utxo'
        ? { model: 'utxo', unit: 'sat/kvB', minRelay: 1n, dust: 1n }
        : { model: 'eip1559', unit: 'wei/gas', minRelay: 1n, dust: 1n },
    timing: { standard: all, conservative: all },
  }
}

export function clockOf(kind: Kind): Deadline.Clock {
  return kind === 'utxo' ? 'median-time' : 'unix'
}

export const policy: Policy.Policy = {
  ...Policy.standard,
  offline: 0n,
  detection: 0n,
  reorgs: 0n,
  assurance: 'proved',
}

/** The secret of every model that derives none from a seed, and its hashlock. */
export const SECRET = /* @__PURE__ */ new Uint8Array(32).fill(0x5e)
export const HASHLOCK = /* @__PURE__ */ Hashlock.of(SECRET)

export const INITIATOR = 'initiator'
export const FOLLOWER = 'follower'

export function account(leg: Agreement.Leg, name: string): AccountId.AccountId {
  return `${NETWORK[leg]}:${name}`
}

/** Terms of one leg as the two parties would agree upon them. */
export function terms(
  leg: Agreement.Leg,
  kind: Kind,
  deadline: bigint,
  change: Partial<LockTerms.LockTerms> = {},
): LockTerms.LockTerms {
  const party = (name: string): LockTerms.Party => ({
    account: account(leg, name),
    payout: account(leg, name),
    ...(kind === 'utxo' ? { publicKey: new Uint8Array(33).fill(name.length) } : {}),
  })
  const [locker, beneficiary] = leg === 'long' ? [INITIATOR, FOLLOWER] : [FOLLOWER, INITIATOR]
  return {
    version: 1,
    backend: {
      network: NETWORK[leg],
      kind: kind === 'utxo' ? 'script' : 'contract',
      ...(kind === 'utxo' ? {} : { address: 'htlc', codeHash: new Uint8Array(32).fill(0xcc) }),
    },
    asset: `${NETWORK[leg]}/coin:native`,
    amount: leg === 'long' ? 1000n : 5000n,
    hashlock: HASHLOCK,
    locker: party(locker),
    beneficiary: party(beneficiary),
    deadline: { network: NETWORK[leg], clock: clockOf(kind), value: deadline },
    salt: new Uint8Array(32).fill(leg === 'long' ? 1 : 2),
    ...change,
  }
}

export const hex = Bytes.toHex
