import { isAitbcError } from '@aitbc/core'

const UNREADABLE = ['RpcRejected', 'RpcMalformed', 'RpcTooLarge'] as const

/**
 * What a node's index or its old blocks tell; `undefined` where they can't be read. Whoever makes a transaction fills it as they like, with events
 * of other contracts too, and nodes forget: neither hides what the state says.
 */
export async function indexed<T>(
  found: Promise<T>,
  unreadable: readonly string[] = UNREADABLE,
): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (unreadable.some((tag) => isAitbcError(error, tag))) return undefined
    throw error
  })
}
