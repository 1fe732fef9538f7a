import { createPublicKey, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import * as Batch from '../engine/Batch.js'
import type { Check, Engine, Signing } from '../engine/Engine.js'
import { noble } from '../engine/Hashing.js'
import { acceptFast } from '../engine/internal/acceptFast.js'
import { cached } from '../engine/internal/cached.js'
import { shareOut } from '../engine/internal/shareOut.js'
import * as Wasm from '../engine/Wasm.js'

/** Threads of Node's pool, unless its environment says otherwise. */
const POOL = 4
/** SubjectPublicKeyInfo of an ed25519 key, but for the key (RFC 8410). */
const PREFIX = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]

/**
 * The engine for Node: signatures are shared out between OpenSSL on the threads of Node's pool and, by the rule ZIP-215, batches on this
 * one; what OpenSSL refuses is asked of noble. Hashing is WebAssembly.
 *
 * @example
 * import { createNodeEngine } from '@aitbc/proofs/node'
 * const engine = createNodeEngine()
 * await engine.verifyMany([]) // []
 */
export function createNodeEngine(options: createNodeEngine.Options = {}): Engine {
  const { threads = Math.min(POOL, availableParallelism() - 1), keys = 1024 } = options
  const keyOf = cached(keys, (publicKey) =>
    createPublicKey({ key: Buffer.from([...PREFIX, ...publicKey]), format: 'der', type: 'spki' }),
  )
  const platform = {
    exact: true,
    verify: ({ publicKey, message, signature }: Check) =>
      new Promise<boolean>((resolve) => {
        // A key that it can't read is a no.
        verify(null, message, keyOf(publicKey), signature, (error, yes) => resolve(error === null && yes))
        // So is whatever it throws at once, such as a Node in FIPS mode for the algorithm itself.
      }).catch(() => false),
  }
  const openssl: Signing = {
    verifyMany: (checks, { rule = 'zip215', signal } = {}) => acceptFast(checks, rule, platform, signal),
  }
  return {
    ...(Wasm.createSync() ?? noble),
    verifyMany: shareOut(openssl, threads, Batch.create({ keys })).verifyMany,
  }
}

export declare namespace createNodeEngine {
  type Options = {
    /** Threads of Node's pool that may be kept busy: one less than there are processors, at most 4, unless told. */
    readonly threads?: number
    /** Keys that are kept ready; 1024 unless told. */
    readonly keys?: number
  }
}
