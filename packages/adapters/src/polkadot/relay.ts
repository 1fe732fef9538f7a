export { createRelaySource, type RelayHead, type RelaySource } from './createRelaySource.js'
