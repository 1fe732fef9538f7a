import * as Batch from './Batch.js'
import type { Engine, Signing } from './Engine.js'
import { type Hashing, noble } from './Hashing.js'
import * as WebCrypto from './WebCrypto.js'

/**
 * Puts an engine together: of the tiers that are handed in, and of what the platform has. Signatures are verified by WebCrypto where it
 * has ed25519, else in batches of plain JavaScript; hashing is noble's unless the caller brings another (`@aitbc/proofs/wasm`).
 *
 * @example
 * import { createEngine } from '@aitbc/proofs/engine'
 * import { Wasm } from '@aitbc/proofs/wasm'
 * const engine = await createEngine({ hashing: await Wasm.create() })
 * engine.keccak256(new Uint8Array(0)).length // 32
 */
export async function createEngine(options: createEngine.Options = {}): Promise<Engine> {
  const { hashing = noble, signing = (await WebCrypto.create()) ?? Batch.create() } = options
  return { ...hashing, verifyMany: signing.verifyMany }
}

export declare namespace createEngine {
  type Options = {
    readonly hashing?: Hashing | undefined
    readonly signing?: Signing | undefined
  }
}
