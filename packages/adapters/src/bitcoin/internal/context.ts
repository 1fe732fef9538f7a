import type { CallOptions, Fact, Network, Verifier } from '@aitbc/core'
import type { Backend } from '../Backend.js'
import type { Reader } from './reader.js'

/** What the parts of the adapter share. */
export interface Context {
  readonly network: Network
  readonly backend: Backend
  readonly reader: Reader
  readonly verifier: Verifier | undefined
  /** Where the headers of evidence start. */
  readonly anchor: Fact.BlockRef | undefined
  readonly pollMs: number
}

export type { CallOptions }
