import type { Check, Signing } from './Engine.js'
import { acceptFast, COFACTORED } from './internal/acceptFast.js'
import { cached } from './internal/cached.js'

/**
 * Signatures verified by the platform's WebCrypto, off the main thread where it does so; what it refuses is asked of noble. `undefined`
 * where the platform has no ed25519.
 *
 * @example
 * import { WebCrypto } from '@aitbc/proofs/engine'
 * const signing = await WebCrypto.create()
 * if (signing !== undefined) await signing.verifyMany([]) // []
 */
export async function create(options: create.Options = {}): Promise<Signing | undefined> {
  const { subtle = globalThis.crypto?.subtle, keys = 1024 } = options
  if (subtle == null) return undefined
  const keyOf = cached(keys, (publicKey) =>
    subtle.importKey('raw', publicKey as BufferSource, ALGORITHM, false, ['verify']),
  )
  const ask = async ({ publicKey, message, signature }: Check): Promise<boolean> =>
    subtle.verify(ALGORITHM, await keyOf(publicKey), signature as BufferSource, message as BufferSource)
  // A key, or a signature, that it can't read is a no.
  const verify = (check: Check): Promise<boolean> => ask(check).catch(() => false)
  try {
    const exact = !(await ask(COFACTORED))
    return {
      verifyMany: (checks, { rule = 'zip215', signal } = {}) =>
        acceptFast(checks, rule, { exact, verify }, signal),
    }
  } catch {
    return undefined
  }
}

export declare namespace create {
  type Options = {
    /** That of the platform unless told; `null` for none. */
    readonly subtle?: SubtleCrypto | null
    /** Imported keys that are kept; 1024 unless told. */
    readonly keys?: number
  }
}

const ALGORITHM = { name: 'Ed25519' }
