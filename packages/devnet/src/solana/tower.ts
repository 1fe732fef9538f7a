/** A validator's tower: the slots it voted for, each with how often it was built upon, and the last that fell out of it. */
export interface Tower {
  readonly slots: readonly bigint[]
  readonly root: bigint | undefined
}

const MOST = 31

/** Votes for the next slot of one unbroken fork: the oldest slot of a full tower becomes its root. */
export function vote({ slots, root }: Tower, slot: bigint): Tower {
  const next = [...slots, slot]
  return next.length > MOST ? { slots: next.slice(1), root: next[0] } : { slots: next, root }
}

/** The data of a `TowerSync` instruction (tag 14) for the tower's last slot. */
export function towerSync(
  { slots, root }: Tower,
  said: { readonly hash: Uint8Array; readonly blockId: Uint8Array; readonly timestamp: bigint },
): Uint8Array {
  const out: number[] = [14, 0, 0, 0]
  u64(out, root ?? 0xffff_ffff_ffff_ffffn)
  out.push(slots.length)
  let last = root ?? 0n
  slots.forEach((slot, index) => {
    let offset = slot - last
    for (; offset > 127n; offset >>= 7n) out.push(Number(offset & 127n) | 128)
    out.push(Number(offset), slots.length - index)
    last = slot
  })
  out.push(...said.hash, 1)
  u64(out, said.timestamp)
  out.push(...said.blockId)
  return Uint8Array.from(out)
}

function u64(out: number[], value: bigint): void {
  for (let shift = 0n; shift < 64n; shift += 8n) out.push(Number((value >> shift) & 255n))
}
