import { readerOf } from './wasm.js'

/** The name of the counter that {@link meter} adds. */
export const COUNTER = 'aitbc_gas_left'

/** Instructions at which control may go elsewhere, or arrive from elsewhere: all that runs up to one is paid at once, before it runs. */
const TURNS = new Set([0x00, 0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x40])

/**
 * Adds a counter to a module that keeps to the rules: an exported global (i64) that instructions count down, before they run, and that
 * ends the run by `unreachable` where it falls below zero.
 */
export function meter(wasm: Uint8Array): Uint8Array {
  const out: number[] = [...wasm.subarray(0, 8)]
  const reader = readerOf(wasm)
  let counter = 0
  let counted = false
  const section = (id: number, body: readonly number[]) => {
    out.push(id, ...leb(body.length))
    for (const byte of body) out.push(byte)
  }
  const addGlobal = (count: number, rest: Uint8Array) => {
    counter = count
    counted = true
    section(6, [...leb(count + 1), ...rest, 0x7e, 0x01, 0x42, 0x00, 0x0b])
  }
  while (!reader.done()) {
    const id = reader.byte()
    const length = reader.size()
    const from = reader.at()
    const end = from + length
    if (!counted && id === 6) addGlobal(reader.size(), wasm.subarray(reader.at(), end))
    else {
      if (!counted && id > 6 && id !== 12) addGlobal(0, new Uint8Array(0))
      if (id === 7) {
        const count = reader.size()
        const name = new TextEncoder().encode(COUNTER)
        section(7, [
          ...leb(count + 1),
          ...wasm.subarray(reader.at(), end),
          ...[name.length, ...name, 0x03, ...leb(counter)],
        ])
      } else if (id === 10) {
        const bodies: number[] = []
        const functions = reader.many(() => {
          const size = reader.size()
          const stop = reader.at() + size
          const start = reader.at()
          reader.many(() => {
            reader.leb()
            reader.byte()
          })
          const body: number[] = [...wasm.subarray(start, reader.at())]
          let straight = 0
          let waiting: number[] = []
          while (reader.at() < stop) {
            const it = reader.instruction()
            // The rules have let none of these through.
            if (it === undefined) break
            straight++
            for (let i = it.at; i < it.end; i++) waiting.push(wasm[i] as number)
            if (!TURNS.has(it.opcode)) continue
            body.push(...pay(counter, straight), ...waiting)
            straight = 0
            waiting = []
          }
          bodies.push(...leb(body.length))
          for (const byte of body) bodies.push(byte)
        })
        section(10, [...leb(Number(functions)), ...bodies])
      } else section(id, [...wasm.subarray(from, end)])
    }
    reader.jump(end)
  }
  return Uint8Array.from(out)
}

/** Counts down by so much; below zero the run ends. */
function pay(counter: number, much: number): readonly number[] {
  const global = leb(counter)
  return [
    ...[0x23, ...global, 0x42, ...signed(much), 0x7d, 0x24, ...global],
    ...[0x23, ...global, 0x42, 0x00, 0x53, 0x04, 0x40, 0x00, 0x0b],
  ]
}

function leb(value: number): readonly number[] {
  const out: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) out.push((rest & 0x7f) | 0x80)
  return [...out, rest]
}

function signed(value: number): readonly number[] {
  const out: number[] = []
  let rest = value
  for (; rest > 0x3f; rest >>= 7) out.push((rest & 0x7f) | 0x80)
  return [...out, rest]
}
