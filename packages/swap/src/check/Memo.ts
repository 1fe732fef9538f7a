/** Values by two whole numbers, each below 2^32: a table of open addressing, many times faster than a Map of texts. */
export interface Memo<T> {
  get(a: number, b: number): T | undefined
  set(a: number, b: number, value: T): void
}

/** The hash of two words that both tables of the checker use. */
export function mix(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b ^ 0x5bd1e995, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35)
  return h ^ (h >>> 13)
}

export function createMemo<T>(): Memo<T> {
  let room = 1 << 10
  let first = new Uint32Array(room)
  let second = new Uint32Array(room)
  let values: (T | undefined)[] = new Array(room).fill(undefined)
  let size = 0
  const place = (a: number, b: number): number => {
    let at = mix(a, b) & (room - 1)
    while (values[at] !== undefined && (first[at] !== a || second[at] !== b)) at = (at + 1) & (room - 1)
    return at
  }
  const put = (a: number, b: number, value: T) => {
    const at = place(a, b)
    first[at] = a
    second[at] = b
    values[at] = value
  }
  return {
    get: (a, b) => values[place(a, b)],
    set(a, b, value) {
      if (++size * 2 > room) {
        const old = { first, second, values }
        room *= 2
        first = new Uint32Array(room)
        second = new Uint32Array(room)
        values = new Array(room).fill(undefined)
        for (const [i, one] of old.values.entries())
          if (one !== undefined) put(old.first[i] as number, old.second[i] as number, one)
      }
      put(a, b, value)
    },
  }
}

/** Places of a pool by two whole numbers: the same table without a value of its own for each. */
export interface Places {
  /** -1 where there is none. */
  get(a: number, b: number): number
  set(a: number, b: number, place: number): void
}

export function createPlaces(): Places {
  let room = 1 << 12
  let first = new Uint32Array(room)
  let second = new Uint32Array(room)
  let places = new Int32Array(room).fill(-1)
  let size = 0
  const find = (a: number, b: number): number => {
    let at = mix(a, b) & (room - 1)
    while (places[at] !== -1 && (first[at] !== a || second[at] !== b)) at = (at + 1) & (room - 1)
    return at
  }
  const put = (a: number, b: number, place: number) => {
    const at = find(a, b)
    first[at] = a
    second[at] = b
    places[at] = place
  }
  return {
    get: (a, b) => places[find(a, b)] as number,
    set(a, b, place) {
      if (++size * 2 > room) {
        const old = { first, second, places }
        room *= 2
        first = new Uint32Array(room)
        second = new Uint32Array(room)
        places = new Int32Array(room).fill(-1)
        for (let i = 0; i < old.places.length; i++)
          if (old.places[i] !== -1)
            put(old.first[i] as number, old.second[i] as number, old.places[i] as number)
      }
      put(a, b, place)
    },
  }
}
