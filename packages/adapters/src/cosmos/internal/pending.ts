import { type Bytes, type CallOptions, Hashlock, isAitbcError, type Spend } from '@aitbc/core'
import * as CosmosRpc from '../CosmosRpc.js'
import * as CosmosTransaction from '../CosmosTransaction.js'
import { type Base, rpc } from './client.js'

/** Transactions that wait, as far as the endpoint shows them: many keep their mempool to themselves. */
export async function pending(client: Base, options?: CallOptions): Promise<readonly Bytes.Bytes[]> {
  // Whoever fills it with large ones hides it, and nothing else.
  return CosmosRpc.unconfirmed(client.transport, rpc(options)).catch(none('RpcRejected', 'RpcTooLarge'))
}

/** The sequences of an account's transactions that wait. */
export async function sequencesOf(
  client: Base,
  from: string,
  options?: CallOptions,
): Promise<readonly bigint[]> {
  const hrp = client.network.hrp as string
  return (await pending(client, options).catch(none('RpcMalformed'))).flatMap((bytes) => {
    const opened = CosmosTransaction.open(bytes)
    return opened !== undefined && CosmosTransaction.addressOf(opened.publicKey, hrp) === from
      ? [opened.sequence]
      : []
  })
}

/** Nothing where an error is of one of the tags. */
function none(...tags: readonly string[]): (error: unknown) => readonly Bytes.Bytes[] {
  return (error) => {
    if (tags.some((tag) => isAitbcError(error, tag))) return []
    throw error
  }
}

/** Claims of a lock that wait; `secretIn` finds the secret in a message that claims it, which opens the hashlock or doesn't count. */
export async function pendingClaims(
  client: Base,
  secretIn: (message: CosmosTransaction.Message) => Bytes.Bytes | undefined,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly (Spend & { readonly kind: 'claim' })[]> {
  const waiting = await pending(client, options).catch(none('RpcMalformed'))
  return waiting.flatMap((bytes) =>
    (CosmosTransaction.open(bytes)?.messages ?? []).flatMap((message) => {
      const secret = secretIn(message)
      return secret !== undefined && Hashlock.opens(secret, hashlock)
        ? [{ kind: 'claim' as const, transaction: CosmosRpc.hashOf(bytes), secret }]
        : []
    }),
  )
}
