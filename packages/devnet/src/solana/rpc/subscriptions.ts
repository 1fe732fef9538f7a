import { Bytes } from '@aitbc/core'
import type { Account } from '../lattice.js'
import type { Event, Executed, Ledger } from '../ledger.js'
import * as Tokens from '../tokens.js'
import * as Accounts from './accounts.js'
import * as Params from './params.js'
import { VERSION } from './views.js'

/** Sends a notification to whoever subscribed. */
export type Notify = (method: string, subscription: number, result: unknown) => void

/** The subscriptions of one connection. */
export interface Subscriptions {
  /** Answers a call, with what is to be done once the answer has arrived; `undefined` where the method is none of these. */
  readonly call: (
    method: string,
    params: readonly unknown[],
  ) => { readonly result: unknown; readonly later?: () => void } | undefined
  readonly close: () => void
}

/** What a subscription does after each event; `true` ends it. */
type Watch = (event: Event | undefined) => boolean

const MOST_SUBSCRIPTIONS = 1_000
const KINDS = ['slot', 'signature', 'account', 'logs'] as const
let ids = 0

/** Makes the subscriptions of a connection. */
export function create(ledger: Ledger, notify: Notify): Subscriptions {
  const active = new Map<number, { readonly kind: string; readonly watch: Watch }>()
  const { kit } = ledger.libraries
  const decode58 = (text: string) => new Uint8Array(kit.getBase58Encoder().encode(text))
  const inContext = (slot: bigint, value: unknown) => ({ context: { slot, apiVersion: VERSION }, value })

  const stop = ledger.listen((event) => {
    for (const [id, { watch }] of [...active]) if (watch(event)) active.delete(id)
  })

  function slotWatch(id: number): Watch {
    return (event) => {
      if (event?.kind === 'slot') {
        const { slot, parent } = event
        notify('slotNotification', id, { slot, parent, root: ledger.view('finalized').slot })
      }
      return false
    }
  }

  function signatureWatch(id: number, params: readonly unknown[]): Watch {
    const signature = Params.text(params, 0)
    if (Params.base58(signature, 88, decode58).length !== 64) throw Params.invalid('Invalid param: WrongSize')
    const options = Params.config(params, 1)
    const commitment = Params.commitment(options)
    let received = options['enableReceivedNotification'] !== true
    return () => {
      const executed = ledger.executed(signature)
      const { slot } = ledger.view(commitment)
      if (executed === undefined) return false
      if (!received) {
        received = true
        notify('signatureNotification', id, inContext(slot, 'receivedSignature'))
      }
      if (executed.slot > slot) return false
      notify('signatureNotification', id, inContext(slot, { err: executed.failure }))
      return true
    }
  }

  function accountWatch(id: number, params: readonly unknown[]): Watch {
    const address = Params.address(params[0])
    const options = Params.config(params, 1)
    const commitment = Params.commitment(options)
    const mintOf = (it: string) => Tokens.mint(ledger.account(it, commitment))
    // A wrong encoding is refused now, not at the first change.
    Accounts.encodingOf(options)
    let last: Account | undefined = ledger.account(address, commitment)
    return () => {
      const account = ledger.account(address, commitment)
      if (isSame(account, last)) return false
      last = account
      const gone = { lamports: 0n, data: new Uint8Array(0), executable: false, owner: new Uint8Array(32) }
      const told = Accounts.encode(account ?? { ...gone, address: new Uint8Array(32) }, options, mintOf)
      notify('accountNotification', id, inContext(ledger.view(commitment).slot, told))
      return false
    }
  }

  function logsWatch(id: number, params: readonly unknown[]): Watch {
    const [filter] = params
    const mentioned = (filter as { readonly mentions?: unknown } | null | undefined)?.mentions
    if (filter !== 'all' && filter !== 'allWithVotes' && !Array.isArray(mentioned))
      throw Params.invalid('Invalid params: expected `all`, `allWithVotes` or `mentions`.')
    if (Array.isArray(mentioned) && mentioned.length !== 1)
      throw Params.invalid('Invalid Request: Only 1 address supported')
    const address = Array.isArray(mentioned) ? Params.address(mentioned[0]) : undefined
    const commitment = Params.commitment(Params.config(params, 1))
    const wanted = (it: Executed) =>
      address === undefined ? !it.vote || filter === 'allWithVotes' : it.keys.includes(address)
    const tell = (it: Executed) => {
      if (!wanted(it)) return
      const value = { signature: it.signature, err: it.failure, logs: it.logs }
      notify('logsNotification', id, inContext(it.slot, value))
    }
    let seen = ledger.view(commitment).slot
    return (event) => {
      if (commitment === 'processed') {
        if (event?.kind === 'transaction') tell(event.executed)
        return false
      }
      const { slot } = ledger.view(commitment)
      for (seen++; seen <= slot; seen++) ledger.block(seen)?.executed.forEach(tell)
      seen = slot
      return false
    }
  }

  const make = (kind: (typeof KINDS)[number], id: number, params: readonly unknown[]): Watch => {
    switch (kind) {
      case 'slot':
        return slotWatch(id)
      case 'signature':
        return signatureWatch(id, params)
      case 'account':
        return accountWatch(id, params)
      case 'logs':
        return logsWatch(id, params)
    }
  }

  function subscribe(kind: (typeof KINDS)[number], params: readonly unknown[]) {
    if (active.size >= MOST_SUBSCRIPTIONS)
      throw Params.refusal(Params.CODES.internal, `Too many subscriptions; max ${MOST_SUBSCRIPTIONS}`)
    const id = ++ids
    const watch = make(kind, id, params)
    active.set(id, { kind, watch })
    if (kind !== 'signature') return { result: id }
    return {
      result: id,
      later: () => {
        if (active.has(id) && watch(undefined)) active.delete(id)
      },
    }
  }

  return {
    call(method, params) {
      const kind = KINDS.find((it) => method.startsWith(it))
      if (kind === undefined) return undefined
      if (method === `${kind}Subscribe`) return subscribe(kind, params)
      if (method !== `${kind}Unsubscribe`) return undefined
      const id = Number(Params.whole(params[0]))
      if (active.get(id)?.kind !== kind) throw Params.invalid('Invalid subscription id.')
      return { result: active.delete(id) }
    },
    close: () => {
      stop()
      active.clear()
    },
  }
}

/** Whether an account is as it was. */
function isSame(a: ReturnType<Ledger['account']>, b: ReturnType<Ledger['account']>): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.lamports === b.lamports && Bytes.equal(a.owner, b.owner) && Bytes.equal(a.data, b.data)
}
