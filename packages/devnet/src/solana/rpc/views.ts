import type { Block, Commitment, Ledger, View } from '../ledger.js'
import { MOST_AGE } from '../ledger.js'
import * as Tokens from '../tokens.js'
import * as Accounts from './accounts.js'
import * as Params from './params.js'

/** Answers a call, by the parameters' positions. */
export type Method = (params: readonly unknown[]) => unknown
export type Methods = Readonly<Record<string, Method>>

/** The agave release whose runtime this is, by litesvm's dependencies. */
export const VERSION = '4.2.0'

/** How the methods look at the chain. */
export type Views = ReturnType<typeof create>

export function create(ledger: Ledger) {
  const { kit } = ledger.libraries
  const decode58 = (text: string) => new Uint8Array(kit.getBase58Encoder().encode(text))
  const encode58 = (bytes: Uint8Array) => kit.getBase58Decoder().decode(bytes)

  /** The view that options ask for, which must be as new as they want. */
  function viewOf(options: Params.Config): View & { readonly commitment: Commitment } {
    const commitment = Params.commitment(options)
    const view = ledger.view(commitment)
    const least = options['minContextSlot']
    if (least !== undefined && least !== null && view.slot < Params.whole(least))
      throw Params.refusal(Params.CODES.contextSlot, 'Minimum context slot has not been reached', {
        contextSlot: view.slot,
      })
    return { ...view, commitment }
  }
  const inContext = ({ slot }: View, value: unknown) => ({ context: { slot, apiVersion: VERSION }, value })
  /** Blocks and transactions are told once they are confirmed. */
  function settled(options: Params.Config): View & { readonly commitment: Commitment } {
    const view = viewOf(options)
    if (view.commitment === 'processed')
      throw Params.invalid('Method does not support commitment below `confirmed`')
    return view
  }
  const lifetimeOf = (last: Block) => ({ blockhash: last.hash, lastValidBlockHeight: last.height + MOST_AGE })

  const mintAt = (commitment: Commitment) => (address: string) =>
    Tokens.mint(ledger.account(address, commitment))
  const encoded = (
    account: ReturnType<Ledger['account']>,
    options: Params.Config,
    commitment: Commitment,
  ) => {
    Accounts.encodingOf(options)
    return account === undefined ? null : Accounts.encode(account, options, mintAt(commitment))
  }

  function signatureOf(text: unknown): string {
    if (typeof text !== 'string' || text.length > 88) throw Params.invalid('Invalid param: WrongSize')
    if (Params.base58(text, 88, decode58).length !== 64) throw Params.invalid('Invalid param: WrongSize')
    return text
  }

  return { ledger, decode58, encode58, viewOf, settled, inContext, lifetimeOf, mintAt, encoded, signatureOf }
}
