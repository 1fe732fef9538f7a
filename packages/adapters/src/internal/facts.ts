import { type CallOptions, Fact, isAitbcError } from '@aitbc/core'

/** A block's reference. */
export function ref(block: { readonly height: bigint; readonly hash: string }): Fact.BlockRef {
  return { height: block.height, hash: block.hash }
}

/** A fact of an adapter. */
export function told<T>(
  client: { readonly assurance: Fact.Told<unknown>['assurance'] },
  value: T,
  at: Fact.BlockRef | 'mempool',
  { height, hash, time, clock, finalized }: Fact.Tip,
): Fact.Told<T> {
  const asOf = { height, hash, time, clock, ...(finalized === undefined ? {} : { finalized }) }
  return Fact.told(value, at, asOf, client.assurance)
}

/** The options of a call for the RPC layer. */
export function rpc(options: CallOptions | undefined): { readonly signal?: AbortSignal } {
  return options?.signal === undefined ? {} : { signal: options.signal }
}

/** Tries of {@link atHead}. */
const MOST_HEADS = 3

/** Runs reads of one head; where a reorganisation takes it away in the middle, once more from the new one. */
export async function atHead<T, H extends Fact.Tip>(
  tipOf: () => Promise<H>,
  hashAt: (height: bigint) => Promise<string | undefined>,
  reads: (tip: H) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const tip = await tipOf()
    try {
      return await reads(tip)
    } catch (error) {
      if (attempt === MOST_HEADS || !isTorn(error)) throw error
      if ((await hashAt(tip.height)) === tip.hash) throw error
    }
  }
}

/** Whether an answer may be of another head than the one before it. */
export function isTorn(error: unknown): boolean {
  return isAitbcError(error, 'RpcMalformed') || isAitbcError(error, 'RpcRejected')
}
