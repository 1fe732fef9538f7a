export * as ExtendedKey from './ExtendedKey.js'
export * as Psbt from './Psbt.js'
export * as SignedMessage from './SignedMessage.js'
