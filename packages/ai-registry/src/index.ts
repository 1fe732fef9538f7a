export * as Jcs from './Jcs.js'
export * as Json from './Json.js'
