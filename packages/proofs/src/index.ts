export * as Bitcoin from './bitcoin/index.js'
export * as Ethereum from './ethereum/index.js'
