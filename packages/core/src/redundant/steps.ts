// Steps, from one endpoint after the other.
import * as Bytes from '../Bytes.js'
import type { Intent, SwapAdapter } from '../ChainAdapter.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import type { Step, Submission } from '../Signer.js'
import type { Endpoints, Whole } from './endpoints.js'

/** All that makes steps; `feeRates` is asked for the rate in the middle where a step has a price of its own. */
export function createSteps(
  endpoints: Endpoints,
  { network, profile, auditTerms }: Pick<SwapAdapter, 'network' | 'profile' | 'auditTerms'>,
  feeRates: SwapAdapter['feeRates'],
): Pick<Whole, 'prepare' | 'replace' | 'arm' | 'cpfp'> {
  /** Whether the rate in the middle is to be asked for: not where the intent is refused anyhow, or an adapter finds what a lock can pay. */
  function isPriced(intent: Intent): boolean {
    switch (intent?.kind) {
      case 'transfer':
        return isOurs(intent.from, ':') && isOurs(intent.to, ':') && isOurs(intent.asset, '/')
      case 'call':
        return isOurs(intent.from, ':') && isOurs(intent.to, ':')
      case 'lock':
        return auditTerms(intent.terms).ok
      case 'claim':
      case 'refund':
      case 'collect':
        return profile.feesFrom === 'account' && auditTerms(intent.terms).ok
      default:
        return false
    }
  }

  const isOurs = (id: unknown, next: ':' | '/') =>
    typeof id === 'string' && id.startsWith(`${network.id}${next}`)

  return {
    async prepare(intent, o = {}) {
      const { signal, ...rest } = o
      const terms = intent !== undefined && 'terms' in intent ? intent.terms : undefined
      const key = `prepare ${intent?.kind} ${terms?.salt instanceof Uint8Array ? Bytes.toHex(terms.salt) : ''}`
      const priced = rest.feeRate === undefined && endpoints.count > 1 && isPriced(intent)
      const rate = priced ? { feeRate: (await feeRates(signal === undefined ? {} : { signal })).normal } : {}
      const how = { ...rate, ...rest }
      return endpoints.firstOf('prepare', key, o, async (adapter, to) => {
        const steps = await adapter.prepare(intent, { ...how, ...to })
        return intent.kind === 'void' ? assertConflict('version', intent.submission, steps) : steps
      })
    },
    replace: (submission, feeRate, o) =>
      endpoints.firstOf('replace', `replace ${submission?.step?.conflictKey}`, o, async (adapter, to) =>
        assertConflict('version', submission, await adapter.replace(submission, feeRate, to)),
      ),
    arm(terms, lock, o = {}) {
      const { signal: _, ...rest } = o
      return endpoints.firstOf('arm', `arm ${lock.ref}`, o, (adapter, to) =>
        adapter.arm(terms, lock, { ...rest, ...to }),
      )
    },
    cpfp: (submission, child, o) =>
      endpoints.firstOf('cpfp', `cpfp ${submission?.step?.conflictKey}`, o, async (adapter, to) =>
        assertConflict('child', submission, await adapter.cpfp(submission, child, to)),
      ),
  }
}

/** All versions share one conflict key: with another one both could count (S9). A child pays for its parent, so it takes another. */
function assertConflict(
  what: 'version' | 'child',
  { step: { conflictKey } }: Submission,
  steps: readonly Step[],
): readonly Step[] {
  const wrong = steps.find((step) => (step.conflictKey === conflictKey) !== (what === 'version'))
  if (wrong === undefined) return steps
  throw CoreErrors.RpcMalformed(`a ${what} of ${conflictKey} can't take ${wrong.conflictKey}`, {
    ...{ expected: conflictKey, received: wrong.conflictKey },
  })
}
