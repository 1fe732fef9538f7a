export * as Hasher from './Hasher.js'
export * as IncrementalTree from './IncrementalTree.js'
