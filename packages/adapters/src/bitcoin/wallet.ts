export * as Psbt from './Psbt.js'
export * as SignedMessage from './SignedMessage.js'
