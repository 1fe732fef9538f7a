import type { Family, FamilyName } from './Family.js'

/** The families by name; each is loaded when it is used. */
export const families: Readonly<Record<FamilyName, () => Promise<Family>>> = {
  bitcoin: async () => (await import('./families/bitcoin.js')).bitcoin,
  ethereum: async () => (await import('./families/ethereum.js')).ethereum,
  solana: async () => (await import('./families/solana.js')).solana,
  cosmos: async () => (await import('./families/cosmos.js')).cosmos,
  polkadot: async () => (await import('./families/polkadot.js')).polkadot,
  iris: async () => (await import('./families/iris.js')).iris,
}

/** All names, in the order in which pairs are listed. */
export const NAMES = Object.keys(families) as readonly FamilyName[]

/** One of each family of chains: IRISnet is another one of Cosmos', with other locks. */
export const MATRIX: readonly FamilyName[] = NAMES.filter((name) => name !== 'iris')

/** Other words for a family. */
const ALIASES: Readonly<Record<string, FamilyName>> = { evm: 'ethereum', hub: 'polkadot', irisnet: 'iris' }

/** The family of a name, also by another word for it. */
export function named(text: string): FamilyName | undefined {
  const name = Object.hasOwn(ALIASES, text) ? ALIASES[text] : text
  return NAMES.find((one) => one === name)
}
