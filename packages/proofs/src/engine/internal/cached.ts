/** Keeps what was last made for each key, at most so many. */
export function cached<T>(size: number, make: (publicKey: Uint8Array) => T): (publicKey: Uint8Array) => T {
  const known = new Map<string, T>()
  return (publicKey) => {
    const name = String.fromCharCode(...publicKey)
    const found = known.get(name) ?? make(publicKey)
    // The key used last stands last; the first makes room.
    known.delete(name)
    known.set(name, found)
    if (known.size > size) known.delete(known.keys().next().value as string)
    return found
  }
}
