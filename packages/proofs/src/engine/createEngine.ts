import * as Batch from './Batch.js'
import type { Engine, Signing } from './Engine.js'
import { type Hashing, noble } from './Hashing.js'
import { shareOut } from './internal/shareOut.js'
import * as WebCrypto from './WebCrypto.js'

/** Threads of a platform that are counted on. */
const MOST_THREADS = 4

/**
 * Puts an engine together: of the tiers that are handed in, and of what the platform has. Signatures are shared out between
 * WebCrypto, where it has ed25519, and batches of plain JavaScript; hashing is noble's unless the caller brings another (`@aitbc/proofs/wasm`).
 *
 * @example
 * import { createEngine } from '@aitbc/proofs/engine'
 * import { Wasm } from '@aitbc/proofs/wasm'
 * const engine = await createEngine({ hashing: await Wasm.create() })
 * engine.keccak256(new Uint8Array(0)).length // 32
 */
export async function createEngine(options: createEngine.Options = {}): Promise<Engine> {
  const { hashing = noble, subtle, signing = await pick(subtle) } = options
  return { ...hashing, verifyMany: signing.verifyMany }
}

async function pick(subtle: SubtleCrypto | null | undefined): Promise<Signing> {
  const batch = Batch.create()
  const platform = await WebCrypto.create(subtle === undefined ? {} : { subtle })
  const threads = Math.max(1, Math.min(MOST_THREADS, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1))
  return platform === undefined ? batch : shareOut(platform, threads, batch)
}

export declare namespace createEngine {
  type Options = {
    readonly hashing?: Hashing | undefined
    readonly signing?: Signing | undefined
    /** WebCrypto to ask; `null` for none. */
    readonly subtle?: SubtleCrypto | null
  }
}
