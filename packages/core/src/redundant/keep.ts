/** Most places of which evidence, turns and sightings are kept. */
const MOST_KEPT = 4096

/** Sets an entry, and lets go of the oldest where there are too many. */
export function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= MOST_KEPT) return
  const [oldest] = map.keys()
  map.delete(oldest as K)
}
