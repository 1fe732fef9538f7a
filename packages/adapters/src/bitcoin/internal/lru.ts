/** A map that keeps the entries used last, within a total weight. */
export interface Lru<V> {
  get(key: string): V | undefined
  set(key: string, value: V, weight?: number): void
}

export function lru<V>(capacity: number): Lru<V> {
  const entries = new Map<string, { readonly value: V; readonly weight: number }>()
  let total = 0
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, weight = 1) {
      const before = entries.get(key)
      if (before !== undefined) {
        entries.delete(key)
        total -= before.weight
      }
      if (weight > capacity) return
      entries.set(key, { value, weight })
      total += weight
      for (const [oldest, entry] of entries) {
        if (total <= capacity) break
        entries.delete(oldest)
        total -= entry.weight
      }
    },
  }
}
