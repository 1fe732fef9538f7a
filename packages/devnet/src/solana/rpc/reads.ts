import * as Tokens from '../tokens.js'
import * as Accounts from './accounts.js'
import * as Params from './params.js'
import type { Methods, Views } from './views.js'

const MOST_ACCOUNTS = 100
const MOST_FILTERS = 4

/** Accounts and tokens. */
export function methods({ ledger, decode58, viewOf, inContext, mintAt, encoded }: Views): Methods {
  type Filter = (account: { readonly data: Uint8Array }) => boolean
  function filterOf(value: unknown): Filter {
    const filter = value as {
      readonly dataSize?: unknown
      readonly memcmp?: { readonly offset?: unknown; readonly bytes?: unknown; readonly encoding?: unknown }
      readonly tokenAccountState?: unknown
    } | null
    if (filter?.dataSize !== undefined) {
      const size = Params.whole(filter.dataSize)
      return ({ data }) => BigInt(data.length) === size
    }
    if (filter?.memcmp !== undefined && filter.memcmp !== null) {
      const { offset, bytes, encoding = 'base58' } = filter.memcmp
      const at = Params.whole(offset, 'usize')
      if (typeof bytes !== 'string') throw Params.invalid('Invalid param: invalid memcmp bytes')
      const wanted = encoding === 'base64' ? Params.base64(bytes) : Params.base58(bytes, 175, decode58)
      if (wanted.length > 128) throw Params.invalid('encoded bytes too large (max: 128 bytes)')
      return ({ data }) => Params.occursAt(data, at, wanted)
    }
    throw Params.invalid('Invalid params: unknown filter, expected `dataSize` or `memcmp`.')
  }
  function filtersOf(options: Params.Config): Filter {
    const { filters = [] } = options
    if (!Array.isArray(filters)) throw Params.invalid('Invalid params: filters, expected a sequence.')
    if (filters.length > MOST_FILTERS) throw Params.invalid(`Too many filters provided; max ${MOST_FILTERS}`)
    const all = filters.map(filterOf)
    return (account) => all.every((filter) => filter(account))
  }

  function getProgramAccounts(params: readonly unknown[]): unknown {
    const program = Params.address(params[0])
    const options = Params.config(params, 1)
    const view = viewOf(options)
    const filter = filtersOf(options)
    const accounts = [...ledger.programAccounts(program, view.commitment)]
      .filter(([, account]) => filter(account))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([pubkey, account]) => ({ pubkey, account: encoded(account, options, view.commitment) }))
    return options['withContext'] === true ? inContext(view, accounts) : accounts
  }

  function getTokenAccountsByOwner(params: readonly unknown[]): unknown {
    const owner = Params.address(params[0])
    const which = Params.config(params, 1)
    const options = Params.config(params, 2)
    const view = viewOf(options)
    const mint = which['mint'] === undefined ? undefined : Params.address(which['mint'])
    const token = mint === undefined ? undefined : ledger.account(mint, view.commitment)
    if (mint !== undefined && (token === undefined || Tokens.mint(token) === undefined))
      throw Params.invalid('Invalid param: could not find mint')
    const program =
      token === undefined ? Params.address(which['programId']) : (Tokens.tokenProgram(token) as string)
    if (program !== Tokens.TOKEN && program !== Tokens.TOKEN_2022)
      throw Params.invalid('Invalid param: unrecognized Token program id')
    const accounts = [...ledger.programAccounts(program, view.commitment)]
      .filter(([, account]) => {
        const held = Tokens.holding(account)
        return held?.owner === owner && (mint === undefined || held.mint === mint)
      })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([pubkey, account]) => ({ pubkey, account: encoded(account, options, view.commitment) }))
    return inContext(view, accounts)
  }

  function getTokenAccountBalance(params: readonly unknown[]): unknown {
    const address = Params.address(params[0])
    const view = viewOf(Params.config(params, 1))
    const account = ledger.account(address, view.commitment)
    if (account === undefined) throw Params.invalid('Invalid param: could not find account')
    const held = Tokens.holding(account)
    if (held === undefined) throw Params.invalid('Invalid param: not a Token account')
    const token = mintAt(view.commitment)(held.mint)
    if (token === undefined) throw Params.invalid('Invalid param: could not find mint')
    return inContext(view, Accounts.tokenAmount(held.amount, token.decimals))
  }

  function getTokenSupply(params: readonly unknown[]): unknown {
    const address = Params.address(params[0])
    const view = viewOf(Params.config(params, 1))
    const token = mintAt(view.commitment)(address)
    if (token === undefined) throw Params.invalid('Invalid param: not a Token mint')
    return inContext(view, Accounts.tokenAmount(token.supply, token.decimals))
  }

  return {
    getMinimumBalanceForRentExemption: (params) =>
      ledger.svm.minimumBalanceForRentExemption(Params.whole(params[0], 'usize')),
    getBalance: (params) => {
      const address = Params.address(params[0])
      const view = viewOf(Params.config(params, 1))
      return inContext(view, ledger.account(address, view.commitment)?.lamports ?? 0n)
    },
    getAccountInfo: (params) => {
      const address = Params.address(params[0])
      const options = Params.config(params, 1)
      const view = viewOf(options)
      return inContext(view, encoded(ledger.account(address, view.commitment), options, view.commitment))
    },
    getMultipleAccounts: (params) => {
      const addresses = Params.texts(params, 0, MOST_ACCOUNTS).map(Params.address)
      const options = { encoding: 'base64', ...Params.config(params, 1) }
      const view = viewOf(options)
      return inContext(
        view,
        addresses.map((it) => encoded(ledger.account(it, view.commitment), options, view.commitment)),
      )
    },
    getProgramAccounts,
    getTokenAccountBalance,
    getTokenAccountsByOwner,
    getTokenSupply,
  }
}
