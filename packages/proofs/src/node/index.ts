export { createNodeEngine } from './createNodeEngine.js'
