/** A vote in a tower: its slot, and how many votes stand on it, itself included. */
interface Lockout {
  readonly slot: bigint
  readonly confirmations: number
}

/** A validator's tower: the slots it voted for, each with how often it was built upon, and the last that fell out of it. */
export interface Tower {
  readonly lockouts: readonly Lockout[]
  readonly root: bigint | undefined
}

const MOST = 31

/** Votes for a slot: votes whose lockout is over go, the oldest slot of a full tower becomes its root, and what is built upon counts more. */
export function vote({ lockouts, root }: Tower, slot: bigint): Tower {
  const kept = [...lockouts]
  for (let top = kept.at(-1); top !== undefined && top.slot + 2n ** BigInt(top.confirmations) < slot; ) {
    kept.pop()
    top = kept.at(-1)
  }
  const rooted = kept.length === MOST ? kept.shift()?.slot : undefined
  kept.push({ slot, confirmations: 0 })
  return {
    root: rooted ?? root,
    // A lockout doubles when more votes stand on it than it counts.
    lockouts: kept.map(({ slot, confirmations }, index) => ({
      slot,
      confirmations: kept.length > index + confirmations ? confirmations + 1 : confirmations,
    })),
  }
}

/** The data of a `TowerSync` instruction (tag 14) for the tower's last slot. */
export function towerSync(
  { lockouts, root }: Tower,
  said: { readonly hash: Uint8Array; readonly blockId: Uint8Array; readonly timestamp: bigint },
): Uint8Array {
  const out: number[] = [14, 0, 0, 0]
  u64(out, root ?? 0xffff_ffff_ffff_ffffn)
  out.push(lockouts.length)
  let last = root ?? 0n
  for (const { slot, confirmations } of lockouts) {
    let offset = slot - last
    for (; offset > 127n; offset >>= 7n) out.push(Number(offset & 127n) | 128)
    out.push(Number(offset), confirmations)
    last = slot
  }
  out.push(...said.hash, 1)
  u64(out, said.timestamp)
  out.push(...said.blockId)
  return Uint8Array.from(out)
}

function u64(out: number[], value: bigint): void {
  for (let shift = 0n; shift < 64n; shift += 8n) out.push(Number((value >> shift) & 255n))
}
