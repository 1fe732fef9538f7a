export { createRedundantAdapter } from './createRedundantAdapter.js'
