const WITH_REVISION = /[^-]-([1-9][0-9]{0,18})$/

/**
 * The revision that a chain id ends with, `name-4`; 0 where it has none (ICS-7, "Chain ID"; ibc-go `ParseChainID`).
 *
 * @example
 * import { Revision } from '@aitbc/proofs/tendermint'
 * Revision.of('cosmoshub-4') // 4n
 */
export function of(chainId: string): bigint {
  return BigInt(WITH_REVISION.exec(chainId)?.[1] ?? 0)
}

/** Tells whether two ids are revisions of one chain. */
export function sameChain(a: string, b: string): boolean {
  return nameOf(a) === nameOf(b)
}

function nameOf(chainId: string): string {
  const revision = WITH_REVISION.exec(chainId)?.[1]
  return revision === undefined ? chainId : chainId.slice(0, -revision.length - 1)
}
