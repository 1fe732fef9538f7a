import type { AccountId, ChainId, Signed, Storage } from '@aitbc/core'
import type { Swap } from './Runner.js'

/** The swaps that this process drives, and whose turn it is with an account. */
interface Running {
  readonly swaps: Set<Swap>
  readonly last: Map<AccountId.AccountId, Promise<unknown>>
}

const running = new WeakMap<Storage, Running>()

function of(storage: Storage): Running {
  const known: Running = running.get(storage) ?? { swaps: new Set(), last: new Map() }
  running.set(storage, known)
  return known
}

/** From here on a swap's steps count for others of this process. */
export function enter(storage: Storage, swap: Swap): void {
  of(storage).swaps.add(swap)
}

/** What a swap has signed counts no more. */
export function leave(storage: Storage, swap: Swap): void {
  of(storage).swaps.delete(swap)
}

/**
 * What other swaps of this process have signed on a network and not sent yet: no endpoint counts the nonces in it as used. Ladders don't
 * belong to it; they are sent when nothing else is.
 */
export function ahead(storage: Storage, swap: Swap, network: ChainId.ChainId): readonly Signed[] {
  return [...of(storage).swaps].flatMap((other) =>
    other === swap
      ? []
      : [...other.book].flatMap(([key, { signed, submissions }]) =>
          submissions.length > 0 || key.startsWith('undo/') || key.startsWith('arm/')
            ? []
            : signed.filter(({ step }) => step.network === network),
        ),
  )
}

/**
 * Runs when the others of the account are through: of two swaps that ask an account for its next nonce at once, both would get the
 * same one. An abort lets the next one in.
 */
export async function take<T>(
  storage: Storage,
  account: AccountId.AccountId,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  const { last } = of(storage)
  const before = last.get(account) ?? Promise.resolve()
  const mine = aborted(
    signal,
    before.then(() => run()),
  )
  const over = mine.then(
    () => undefined,
    () => undefined,
  )
  last.set(account, over)
  return mine
}

function aborted<T>(signal: AbortSignal, run: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    run.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
