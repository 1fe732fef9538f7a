import { createHash } from 'node:crypto'

// Written apart from `@aitbc/proofs/solana`, with Node's own hash: what the local chain says is judged by other code.

/** An entry of the proof-of-history chain with the signatures that went into it. */
export interface Entry {
  readonly hashes: number
  readonly hash: Uint8Array
  readonly signatures: readonly Uint8Array[]
  /** The chain's hash right before the last step. */
  readonly before: Uint8Array
}

/** What a bank's hash is made of. */
export interface Bank {
  readonly slot: bigint
  readonly parent: Uint8Array
  readonly signatures: bigint
  readonly blockhash: Uint8Array
  readonly lattice: Uint8Array
  readonly hash: Uint8Array
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** Levels of the tree over an entry's signatures, leaves first. */
export function levels(signatures: readonly Uint8Array[]): Uint8Array[][] {
  const out = [signatures.map((it) => sha256(Uint8Array.of(0), it))]
  for (let level = out[0] as Uint8Array[]; level.length > 1; out.push(level)) {
    const below = level
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, index) => {
      const left = below[2 * index] as Uint8Array
      return sha256(Uint8Array.of(1), left, below[2 * index + 1] ?? left)
    })
  }
  return out
}

/** The next entry of so many hashes; a tick without signatures. */
export function record(start: Uint8Array, hashes: number, signatures: readonly Uint8Array[]): Entry {
  let before = start
  for (let i = 1; i < hashes; i++) before = sha256(before)
  const root = levels(signatures).at(-1)?.[0]
  const hash = root === undefined ? sha256(before) : sha256(before, root)
  return { hashes, hash, signatures, before }
}

/** A slot's entries: one for each batch of signatures, spread over the first tick, and the ticks. */
export function slotEntries(
  start: Uint8Array,
  batches: readonly (readonly Uint8Array[])[],
  { ticks, hashesPerTick }: { readonly ticks: number; readonly hashesPerTick: number },
): Entry[] {
  const out: Entry[] = []
  const add = (hashes: number, signatures: readonly Uint8Array[]) =>
    out.push(record(out.at(-1)?.hash ?? start, hashes, signatures))
  let left = hashesPerTick
  let tick = 0
  for (const batch of batches) {
    // The last hash before a tick is the tick's own.
    if (left === 1) {
      add(1, [])
      tick++
      left = hashesPerTick
    }
    add(1, batch)
    left--
  }
  for (; tick < ticks; tick++) {
    add(left, [])
    left = hashesPerTick
  }
  return out
}

/** The bank's hash with the accounts' lattice hash (SIMD-0215, SIMD-0223). */
export function bank(parts: Omit<Bank, 'hash'>): Bank {
  const count = new Uint8Array(8)
  new DataView(count.buffer).setBigUint64(0, parts.signatures, true)
  const hash = sha256(sha256(parts.parent, count, parts.blockhash), parts.lattice)
  return { ...parts, hash }
}
