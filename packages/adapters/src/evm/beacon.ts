export type { BeaconFinality, BeaconSource } from './BeaconSource.js'
export { createBeaconSource } from './createBeaconSource.js'
