export * as Bls from './Bls.js'
export * as BlsScheme from './BlsScheme.js'
export * as Eip2537 from './Eip2537.js'
