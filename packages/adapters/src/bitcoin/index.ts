export * as CoinSelection from './CoinSelection.js'
export { BitcoinErrors } from './errors.js'
