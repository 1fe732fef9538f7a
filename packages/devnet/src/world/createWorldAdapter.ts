import type { AssetId, Lock, LockTerms, Network, Signed, SwapAdapter } from '@aitbc/core'
import { addressIn, assetIn, type Client, tipOf, told } from './adapter/client.js'
import { arm, complete, prepare, rates, replace } from './adapter/prepare.js'
import * as Reads from './adapter/reads.js'
import { auditTerms, scriptOf } from './adapter/terms.js'
import { headers, watch } from './adapter/watch.js'
import type { Endpoint } from './Endpoint.js'
import { familyOf } from './families/index.js'
import * as Ledger from './Ledger.js'
import { bodyOf } from './steps.js'

/** The adapter of a chain of a world, with the backend that terms of its locks name. */
export type WorldAdapter = SwapAdapter & { readonly backend: LockTerms.Backend }

/**
 * An adapter for a chain of a world: all that the family's real adapter does, with its error codes, over an {@link Endpoint}.
 *
 * Errors: `ForeignNetwork` (1016), `UnsupportedCapability` (1301) for `call` and `collect`, `RpcUnreachable` (1202), and the family's
 * codes for terms, funds, steps, rates and refusals (3101–3121 on Bitcoin, 3201–3213 on EVM chains, and so on).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [networks.ethereum] })
 * const adapter = createWorldAdapter({ network: networks.ethereum, endpoint: world.endpoint(networks.ethereum.id) })
 * adapter.profile.lateClaims // false
 */
export function createWorldAdapter(options: createWorldAdapter.Options): WorldAdapter {
  const { network, endpoint } = options
  const family = familyOf(network)
  const client: Client = {
    network,
    family,
    endpoint,
    tokens: new Set(family.errors.token === undefined ? [] : options.tokens),
    attempts: new Map(),
    seen: new Set(),
  }
  return {
    network,
    backend: family.backend(network),
    profile: family.profile,
    capabilities: family.capabilities as SwapAdapter['capabilities'],
    async tip(o) {
      const view = await endpoint.ask('tip', [], o?.signal)
      return told(client, view, tipOf(view), 'tip')
    },
    headers: (from, o) => headers(client, from, o),
    async balance(account, o) {
      const address = addressIn(client, account, 'account')
      const asset = assetIn(client, o?.asset ?? network.native.id, 'options.asset')
      const view = await endpoint.ask('balance', [address], o?.signal)
      const ledger = Reads.ledgerOf(client, view, o?.at)
      return told(client, view, Ledger.balance(ledger, family.kind, address, asset), o?.at?.height ?? 'tip')
    },
    feeRates: async (o) => rates(client, await endpoint.ask('feeRates', [], o?.signal)),
    prepare: (intent, o) => prepare(client, intent, o),
    submit: (signed, o) => Reads.submit(client, signed, o),
    replace: (submission, feeRate, o) => replace(client, submission, feeRate, o),
    status: (submission, o) => Reads.status(client, submission, o),
    watch: (subject, o) => watch(client, subject, o),
    auditTerms: (terms) => auditTerms(client, terms),
    findLocks: (terms, o) => Reads.findLocks(client, terms, o),
    expectLock: (terms, signed) => expectLock(client, terms, signed),
    findSpend: (terms, lock, o) => Reads.findSpend(client, terms, lock, o),
    discoverLocks: (hashlock, o) => Reads.discoverLocks(client, hashlock, o),
    recoverLocks: (seed, o) => Reads.recoverLocks(client, seed, o),
    prove: (claim, o) => Reads.prove(client, claim, o),
    ...(options.arms === true && family.profile.payee === 'key'
      ? {
          arm: (terms, lock, o) => arm(client, terms, lock, o),
          complete: (armed, secret) => complete(client, armed, secret),
        }
      : {}),
  }
}

export declare namespace createWorldAdapter {
  type Options = {
    readonly network: Network
    readonly endpoint: Endpoint
    /** Tokens that locks may hold; none unless told, and none on Bitcoin and Polkadot. */
    readonly tokens?: readonly AssetId.AssetId[]
    /** Claims can be signed before their secret is known, where only the payee's key can sign them; not unless told. */
    readonly arms?: boolean
  }
}

function expectLock(client: Client, terms: LockTerms.LockTerms, signed: readonly Signed[]): Lock {
  const script = scriptOf(client, terms)
  const last = signed.at(-1)
  const transaction = last?.id ?? ''
  if (client.family.kind === 'accounts')
    return { ref: script.key, transaction, amount: terms.amount, match: 'exact' }
  const does = last === undefined ? undefined : bodyOf(client.family, last.step).does
  const amount = does?.is === 'lock' ? does.amount : terms.amount
  const match = amount < terms.amount ? 'under' : amount > terms.amount ? 'over' : 'exact'
  return { ref: `${transaction}:0`, transaction, amount, match }
}
