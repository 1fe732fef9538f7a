import type { Bytes } from '@aitbc/core'
import { type Hashing, HEADER, NODE, noble, whole } from './Hashing.js'
import { INPUT, MEMORY, MODULE } from './internal/hashesModule.js'

/**
 * Hashing by WebAssembly of this project's own: SHA-256 of four messages side by side, Keccak on 64-bit words. `undefined` where the
 * platform can't run it (no vectors, or a content security policy without `wasm-unsafe-eval`).
 *
 * @example
 * import { Wasm } from '@aitbc/proofs/wasm'
 * const hashing = await Wasm.create()
 * hashing?.sha256(new Uint8Array(3)).length // 32
 */
export async function create(): Promise<Hashing | undefined> {
  try {
    const { instance } = await WebAssembly.instantiate(binary())
    return hashingOf(instance)
  } catch {
    return undefined
  }
}

/** {@link create} at once, for where modules of this size may be compiled so: Node, workers, not every browser's main thread. */
export function createSync(): Hashing | undefined {
  try {
    return hashingOf(new WebAssembly.Instance(new WebAssembly.Module(binary())))
  } catch {
    return undefined
  }
}

function binary(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(MODULE), (character) => character.charCodeAt(0))
}

interface Exports {
  readonly memory: WebAssembly.Memory
  /** Whole blocks, padded already, into one digest. */
  readonly sha256: (from: number, blocks: number, out: number) => void
  readonly keccak: (from: number, blocks: number, out: number) => void
  /** Four times so many messages of 64 bytes; SHA-256 twice of as many of 80. */
  readonly level: (from: number, out: number, fours: number) => void
  readonly headers: (from: number, out: number, fours: number) => void
}

const OUT = INPUT
const FROM = INPUT + 32
/** Longest message that is hashed here; noble takes longer ones. */
const MOST = MEMORY - FROM - 256
const SHA_BLOCK = 64
const SHORT = 80
const KECCAK_BLOCK = 136

function hashingOf(instance: WebAssembly.Instance): Hashing {
  const { memory, sha256, keccak, level, headers } = instance.exports as unknown as Exports
  const bytes = new Uint8Array(memory.buffer)
  const view = new DataView(memory.buffer)

  const put = (message: Bytes.Bytes, at: number): void => {
    // A call of `set` costs more than a few bytes do.
    if (message.length > SHORT) bytes.set(message, at)
    else for (let i = 0; i < message.length; i++) bytes[at + i] = message[i] as number
  }
  /** Pads what lies in the memory, and hashes it. */
  const sha = (length: number): void => {
    const blocks = (length + 8 + SHA_BLOCK) >>> 6
    const end = FROM + blocks * SHA_BLOCK
    bytes[FROM + length] = 0x80
    for (let at = FROM + length + 1; at < end - 4; at++) bytes[at] = 0
    view.setUint32(end - 4, length * 8)
    sha256(FROM, blocks, OUT)
  }
  const sponge = (message: Bytes.Bytes): void => {
    const { length } = message
    const blocks = Math.floor(length / KECCAK_BLOCK) + 1
    const end = FROM + blocks * KECCAK_BLOCK
    put(message, FROM)
    bytes.fill(0, FROM + length, end)
    bytes[FROM + length] = 0x01
    bytes[end - 1] = (bytes[end - 1] as number) | 0x80
    keccak(FROM, blocks, OUT)
  }
  const many = (input: Bytes.Bytes, size: number, run: Exports['level']) => {
    const count = input.length / size
    const out = new Uint8Array(32 * count)
    // Input and output share the memory; of the last four, what is too much is hashed and left out.
    const most = Math.floor((MEMORY - INPUT) / (size + 32)) & ~3
    for (let done = 0; done < count; done += most) {
      const some = Math.min(most, count - done)
      const fours = (some + 3) >> 2
      const to = INPUT + fours * 4 * size
      bytes.set(input.subarray(done * size, (done + some) * size), INPUT)
      run(INPUT, to, fours)
      out.set(bytes.subarray(to, to + 32 * some), 32 * done)
    }
    return out
  }

  return {
    sha256(...parts) {
      let length = 0
      for (const part of parts) {
        if (length + part.length > MOST) return noble.sha256(...parts)
        put(part, FROM + length)
        length += part.length
      }
      sha(length)
      return bytes.slice(OUT, OUT + 32)
    },
    keccak256(message) {
      if (message.length > MOST) return noble.keccak256(message)
      sponge(message)
      return bytes.slice(OUT, OUT + 32)
    },
    hashLevel(nodes) {
      whole(nodes, NODE, 'nodes')
      return many(nodes, NODE, level)
    },
    sha256d(input) {
      whole(input, HEADER, 'headers')
      return many(input, HEADER, headers)
    },
    keccakMany(messages) {
      const out = new Uint8Array(32 * messages.length)
      for (const [i, message] of messages.entries()) {
        if (message.length > MOST) {
          out.set(noble.keccak256(message), 32 * i)
          continue
        }
        sponge(message)
        out.set(bytes.subarray(OUT, OUT + 32), 32 * i)
      }
      return out
    },
  }
}
