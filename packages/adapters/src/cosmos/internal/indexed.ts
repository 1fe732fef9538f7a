import { isAitbcError } from '@aitbc/core'

const UNREADABLE = ['RpcRejected', 'RpcMalformed', 'RpcTooLarge'] as const

/**
 * What the node's index tells of transactions; `undefined` where it can't be read. Whoever makes one fills it as they like, with events of other
 * contracts too, so that none hides what the state says.
 */
export async function indexed<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (UNREADABLE.some((tag) => isAitbcError(error, tag))) return undefined
    throw error
  })
}
