// Evidence that was accepted, and who gives more.
import type { CallOptions, Claim } from '../ChainAdapter.js'
import type * as Fact from '../Fact.js'
import type { Lock, Spend } from '../Lock.js'
import type { Verifier } from '../Verifier.js'
import type { Answer } from './ask.js'
import type { Endpoints } from './endpoints.js'
import { keep } from './keep.js'

/** What evidence is for, apart from the terms. */
type About = Pick<Extract<Claim, { kind: 'lock' }>, 'lock'> | Pick<Extract<Claim, { kind: 'spend' }>, 'spend'>

export interface Proofs {
  /** What evidence of those who tell of it establishes, tried for each of some claims about one lock; and whose was refused. */
  proven(
    claims: readonly Claim[],
    tellers: readonly number[],
    o: CallOptions | undefined,
  ): Promise<{ readonly fact?: Fact.Verified<Lock | Spend>; readonly refusedBy: ReadonlySet<number> }>
  /** Evidence that holds, if anybody gives such. */
  prove(claim: Claim, o?: CallOptions): Promise<Fact.Evidence>
}

export function createProofs(endpoints: Endpoints, verifier: Verifier | undefined): Proofs {
  /** What was accepted, by what it is for, and how that was told. */
  const proofs = new Map<string, { readonly about: About; readonly evidence: Fact.Evidence }>()

  function judge(claim: Claim, evidence: Fact.Evidence): Fact.Verified<Lock | Spend> | undefined {
    const verdict = verifier?.verify(claim, evidence)
    return verdict?.ok === true && isOf(claim, verdict.value.value) ? verdict.value : undefined
  }

  function accept(claim: Claim, evidence: Fact.Evidence): void {
    const about = claim.kind === 'lock' ? { lock: claim.lock } : { spend: claim.spend }
    keep(proofs, keyOf(claim), { about, evidence })
  }

  return {
    async proven(claims, tellers, o) {
      const refusedBy = new Set<number>()
      if (verifier === undefined) return { refusedBy }
      for (const claim of claims) {
        // What was accepted is judged again, for what is asked about now.
        const known = proofs.get(keyOf(claim))
        if (known === undefined) break
        for (const about of [{ ...claim, ...known.about } as Claim, claim]) {
          const fact = judge(about, known.evidence)
          if (fact !== undefined && isOf(claim, fact.value)) return { fact, refusedBy }
        }
      }
      for (const claim of claims) {
        const heard = await endpoints.ask('prove', o, (adapter, to) => adapter.prove(claim, to), tellers)
        for (const { from, value: evidence } of heard.answers) {
          const fact = judge(claim, evidence)
          if (fact === undefined) {
            refusedBy.add(from)
            continue
          }
          accept(claim, evidence)
          return { fact, refusedBy }
        }
      }
      return { refusedBy }
    },

    async prove(claim, o) {
      const known = proofs.get(keyOf(claim))
      if (known !== undefined && judge(claim, known.evidence) !== undefined) return known.evidence
      const heard = await endpoints.hear('prove', o, (adapter, to) => adapter.prove(claim, to))
      const holds =
        verifier && heard.answers.find(({ value: evidence }) => judge(claim, evidence) !== undefined)
      if (holds !== undefined) accept(claim, holds.value)
      // Whoever asked hears from the verifier why none will do.
      return (holds ?? (heard.answers[0] as Answer<Fact.Evidence>)).value
    },
  }
}

function keyOf({ kind, lock }: Claim): string {
  return `${kind} ${lock.ref}`
}

/** Evidence is for what was claimed: the same place and the same end. */
function isOf(claim: Claim, value: Lock | Spend): boolean {
  return claim.kind === 'lock'
    ? 'ref' in value && value.ref === claim.lock.ref
    : 'kind' in value && value.kind === claim.spend.kind
}
