export * as Cooperation from './Cooperation.js'
export { cooperate, help } from './cooperate.js'
export { type Asking, type Cosigner, createCosigner } from './createCosigner.js'
export { createJointSigner } from './createJointSigner.js'
