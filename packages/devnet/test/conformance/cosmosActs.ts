import { Bytes } from '@aitbc/core'
import { base64, concat, u64, utf8 } from '../../src/cosmos/bytes.js'
import type { Act, Actor, Terms } from './Automaton.js'
import { hashlockOf, saltOf, sha256, shown } from './bytes.js'

export const ACTORS: readonly Actor[] = ['alice', 'bob', 'mallory']
/** The least amount that the contract takes, base units. */
export const LEAST = 1n

/** Where acts happen: two instances of the contract, two tokens, two coins. */
export interface Place {
  readonly chainId: string
  readonly here: string
  readonly elsewhere: string
  readonly token: string
  readonly otherToken: string
  readonly coin: string
  readonly otherCoin: string
  address(actor: Actor): string
  /** Nanoseconds since 1970. */
  deadline(terms: Terms): bigint
}

/** A message in JSON to a contract, and coins along with it. */
export interface ActMessage {
  readonly to: string
  readonly message: object
  readonly funds: readonly { readonly denom: string; readonly amount: string }[]
}

export const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value))

/** What the contract holds as a lock's id, from its specification. */
function idOf(
  terms: Terms,
  place: Place,
  change: { readonly asset?: string; readonly to?: Actor; readonly of?: Actor } = {},
): string {
  const text = (value: string) => concat([value.length >> 8, value.length & 255], utf8(value))
  const { chainId, here, token, coin } = place
  const coins = terms.asset === 'coin'
  const asset = change.asset ?? (coins ? coin : token)
  const parties = [change.of ?? terms.locker, change.to ?? terms.beneficiary].map(place.address)
  const id = sha256(
    utf8('aitbc/htlc/v1'),
    ...[chainId, here, coins ? 'native' : 'cw20', asset, `${amountOf(terms)}`].map(text),
    hashlockOf(terms.preimage),
    ...[...parties, 'at_time'].map(text),
    u64(place.deadline(terms)),
    saltOf(terms),
  )
  return Bytes.toHex(id)
}

const amountOf = (terms: Terms): bigint => LEAST + BigInt(terms.over)

/** The message of an act. */
export function messageOf(act: Act, terms: Terms, place: Place): ActMessage {
  const { here, elsewhere, token, otherToken, coin, otherCoin } = place
  const amount = `${amountOf(terms)}`
  const other = act.twist === 'asset'
  const coins = terms.asset === 'coin'
  if (act.do === 'lock') {
    const create = {
      create: {
        id: idOf(terms, place),
        hash: Bytes.toHex(hashlockOf(terms.preimage)),
        recipient: place.address(terms.beneficiary),
        expires: { at_time: `${place.deadline(terms)}` },
        salt: Bytes.toHex(saltOf(terms)),
      },
    }
    if (coins) return { to: here, message: create, funds: [{ denom: other ? otherCoin : coin, amount }] }
    const send = { send: { contract: here, amount, msg: base64(json(create)) } }
    return { to: other ? otherToken : token, message: send, funds: [] }
  }
  const change =
    act.twist === 'payee'
      ? { [act.do === 'claim' ? 'to' : 'of']: 'mallory' as const }
      : other
        ? { asset: coins ? otherCoin : otherToken }
        : {}
  const id = idOf(terms, place, change)
  const message =
    act.do === 'claim'
      ? { release: { id, preimage: Bytes.toHex(shown(terms, act.secret)) } }
      : { refund: { id } }
  return { to: act.twist === 'contract' ? elsewhere : here, message, funds: [] }
}
