import { Bytes, Verdict } from '@aitbc/core'

/** A contract or account, by the name or number that its bridge gives to the chain. */
export interface Place {
  readonly chain: string
  readonly address: Bytes.Bytes
}

/** Where a message comes from and goes to. */
export interface Message {
  readonly emitter: Place
  /** Whom it calls or pays; absent where the bridge leaves that to the payload. */
  readonly target?: Place
  /** The asset that it moves. */
  readonly asset?: Bytes.Bytes
}

/** What a receiver takes; whatever isn't named is refused. */
export interface Policy {
  readonly emitters: readonly Place[]
  /** Whom messages may call; without it, none that names a target is taken. */
  readonly targets?: readonly Place[]
  /** Never called, even if listed above by mistake: the bridge's own contracts, and whatever obeys them (A21). */
  readonly privileged?: readonly Place[]
}

/**
 * Decides whether a proved message is one to act on: that it was really sent says nothing about by whom. Refusals: `emitter-zero`,
 * `emitter-unknown` (A18, A20: a look-alike contract emits the same event), `asset-zero` (A20: Qubit paid for a token that no
 * contract stood behind), `target-zero`, `target-privileged` (A21: Poly Network's own keeper contract was called), `target-unknown`.
 *
 * @example
 * import { Route } from '@aitbc/proofs/attestation'
 * Route.allow({ emitter: { chain: '1', address: new Uint8Array(32) } }, { emitters: [] }).ok // false
 */
export function allow({ emitter, target, asset }: Message, policy: Policy): Verdict.Verdict<true> {
  const { emitters, targets = [], privileged = [] } = policy
  if (isZero(emitter.address)) return Verdict.refuse('emitter-zero', 'nobody emitted this')
  if (!includes(emitters, emitter))
    return Verdict.refuse('emitter-unknown', `no emitter that is listed: ${show(emitter)}`)
  if (asset !== undefined && isZero(asset))
    return Verdict.refuse('asset-zero', 'it moves an asset that is none')
  if (target === undefined) return Verdict.accept(true)
  if (isZero(target.address)) return Verdict.refuse('target-zero', 'it calls nobody')
  if (includes(privileged, target))
    return Verdict.refuse('target-privileged', `messages never call ${show(target)}`)
  return includes(targets, target)
    ? Verdict.accept(true)
    : Verdict.refuse('target-unknown', `no target that is listed: ${show(target)}`)
}

function includes(places: readonly Place[], { chain, address }: Place): boolean {
  return places.some((place) => place.chain === chain && Bytes.equal(place.address, address))
}

function isZero(address: Bytes.Bytes): boolean {
  return address.every((byte) => byte === 0)
}

function show({ chain, address }: Place): string {
  return `${Bytes.toHex(address)} of ${chain}`
}
