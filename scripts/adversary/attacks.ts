import { differences, type Specimen, textOf, verify } from './specimen.js'
import type { Unbound } from './unbound.js'

/** How much is done; where the time runs out, what was done is told. */
export interface Effort {
  /** One-bit changes of a specimen that rests on hashes; all of them where it has fewer. */
  readonly hashBits: number
  /** One-bit changes of a family that rests on signatures, over all its specimens. */
  readonly signatureBits: number
  /** Random inputs of a family, and mutated ones. */
  readonly random: number
  readonly mutated: number
  /** Other encodings of a specimen, and specimens whose evidence it is given. */
  readonly encodings: number
  readonly swaps: number
  /** Inputs whose decoding is weighed. */
  readonly weighed: number
}

/** What came of a family. */
export interface Outcome {
  readonly family: string
  readonly specimens: number
  /** Whether only a part of all one-bit changes was tried. */
  readonly sampled: boolean
  readonly bytes: number
  bits: number
  /** Accepted changes, all in listed fields. */
  listed: Record<string, number>
  swaps: number
  encodings: number
  random: number
  mutated: number
  untrusted: number
  /** Milliseconds for a kB of input, of the slowest input. */
  slowest: number
  /** Bytes allocated for a byte of input by the decoder, of the input that took most. */
  heaviest: number
  readonly faults: string[]
}

/** Seeded, so that what is found can be found again. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const MOST_MS_PER_KB = 50
/** So many times as long as what it was made from an input may take at least, however slow that is. */
const TIMES_GENUINE = 2
/** Allocated bytes for a byte of input, beyond a fixed amount. */
const MOST_ALLOCATED = 1024
const FIXED = 262_144
const FAULTS = 20

/** Attacks all specimens of a family. */
export function attack(
  family: string,
  specimens: readonly Specimen[],
  unbound: readonly Unbound[],
  effort: Effort,
  seed: number,
): Outcome {
  const random = randomOf(seed)
  const listed = unbound.filter((it) => it.family === family)
  const outcome: Outcome = {
    family,
    specimens: specimens.length,
    sampled: specimens.some(({ kind }) => kind === 'signature'),
    bytes: specimens.reduce((sum, { evidence }) => sum + evidence.length, 0),
    ...{ bits: 0, listed: {}, swaps: 0, encodings: 0, random: 0, mutated: 0, untrusted: 0 },
    ...{ slowest: 0, heaviest: 0, faults: [] },
  }
  const fault = (it: Specimen, what: string) => {
    if (outcome.faults.length < FAULTS) outcome.faults.push(`${it.name}: ${what}`)
  }
  const accepted = new Map<Specimen, { readonly decoded: unknown; readonly text: string }>()
  for (const it of specimens) {
    const decoded = it.decode(it.evidence)
    const verdict = decoded.ok ? it.judge(decoded.value as never) : decoded
    if (!decoded.ok || !verdict.ok) {
      fault(it, `not valid: ${verdict.ok ? '' : `${verdict.refusal.check}: ${verdict.refusal.message}`}`)
      continue
    }
    if (!same(it.encode(decoded.value as never), it.evidence)) fault(it, 'is not in its one encoding')
    accepted.set(it, { decoded: decoded.value, text: textOf(verdict.value) })
  }
  const all = [...accepted.keys()]

  /** Judges bytes that aren't the evidence: they are refused, or differ in listed fields that the verdict doesn't tell. */
  const refused = (it: Specimen, bytes: Uint8Array, what: () => string): void => {
    const started = process.cpuUsage()
    let verdict: ReturnType<typeof verify>
    try {
      verdict = verify(it, bytes)
    } catch (error) {
      fault(it, `${what()}: throws ${error instanceof Error ? error.stack : String(error)}`)
      return
    }
    timed(it, bytes, cpuSince(started))
    if (!verdict.ok || same(bytes, it.evidence)) return
    const { decoded, text } = accepted.get(it) as { decoded: unknown; text: string }
    const changed = it.decode(bytes)
    if (!changed.ok) {
      fault(it, `${what()}: judged otherwise the second time`)
      return
    }
    if (!same(it.encode(changed.value as never), bytes)) fault(it, `${what()}: another encoding is accepted`)
    const paths = differences(decoded, changed.value)
    const fitting = listed.filter(({ fields }) => fields.every((it) => paths.includes(it)))
    const bare = paths.filter((path) => !fitting.some(({ fields }) => fields.includes(path)))
    if (paths.length === 0) fault(it, `${what()}: another encoding of the same is accepted`)
    else if (bare.length > 0) fault(it, `${what()}: accepted with another ${bare.join(', ')}`)
    else if (textOf(verdict.value) !== text) fault(it, `${what()}: the verdict tells ${paths.join(', ')}`)
    else
      for (const { fields } of fitting) {
        const name = fields.join(' + ')
        outcome.listed[name] = (outcome.listed[name] ?? 0) + 1
      }
  }
  /** What other processes take isn't counted; what the collector takes is, so the best of some counts. */
  const bestOf = (it: Specimen, bytes: Uint8Array, times: number): number => {
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i < times; i++) {
      const started = process.cpuUsage()
      verify(it, bytes)
      best = Math.min(best, cpuSince(started))
    }
    return best
  }
  const timed = (it: Specimen, bytes: Uint8Array, ms: number): void => {
    const kB = Math.max(1, (bytes.length + (it.beside ?? 0)) / 1024)
    if (ms / kB <= outcome.slowest) return
    const best = Math.min(ms, bestOf(it, bytes, 3))
    outcome.slowest = Math.max(outcome.slowest, best / kB)
    // On a slow machine what is genuine takes as long.
    if (best / kB > MOST_MS_PER_KB && best > TIMES_GENUINE * bestOf(it, it.evidence, 4))
      fault(it, `${bytes.length} bytes take ${best.toFixed(1)} ms`)
  }

  // One bit each.
  const signatures = all.filter(({ kind }) => kind === 'signature')
  const share = Math.ceil(effort.signatureBits / Math.max(1, signatures.length))
  for (const it of all) {
    const bits = it.evidence.length * 8
    const most = it.kind === 'hash' ? effort.hashBits : share
    for (let i = 0; i < Math.min(bits, most); i++) {
      const bit = bits <= most ? i : i % 2 === 0 ? random(bits) : among(it, random)
      refused(it, flip(it.evidence, bit), () => `bit ${bit}`)
      outcome.bits++
    }
  }
  // Other statements' evidence.
  for (const it of all)
    for (let i = 0; i < Math.min(effort.swaps, all.length - 1); i++) {
      const other = all[all.length - 1 <= effort.swaps ? i : random(all.length)] as Specimen
      if (other === it || other.statement === it.statement || same(other.evidence, it.evidence)) continue
      let ok = false
      try {
        const verdict = verify(it, other.evidence)
        const own = accepted.get(it)?.text
        // What both show alike is one statement.
        const alike = accepted.get(other)?.text === own
        ok = verdict.ok && (it.open !== true || (textOf(verdict.value) === own && !alike))
      } catch (error) {
        fault(it, `with the evidence of ${other.name}: throws ${String(error)}`)
        continue
      }
      if (ok) fault(it, `is shown by the evidence of ${other.name}`)
      outcome.swaps++
    }
  // Other encodings: the specimen's own, and each number stretched in every form that the families' encodings have.
  for (const it of all) {
    const most = it.kind === 'hash' ? effort.encodings : Math.min(effort.encodings, share)
    const others = [...(it.others?.() ?? [])]
    const every = it.kind === 'hash' ? 1 : Math.max(1, Math.ceil(others.length / most))
    for (const bytes of others.filter((_, i) => i % every === 0)) {
      refused(it, bytes, () => `another encoding of ${bytes.length} bytes`)
      outcome.encodings++
    }
    const { length } = it.evidence
    const step = Math.max(1, Math.ceil((length * 6) / most))
    for (let at = random(step); at < length; at += step)
      for (const bytes of stretched(it.evidence, at)) {
        refused(it, bytes, () => `written otherwise at byte ${at}`)
        outcome.encodings++
      }
    for (const bytes of [join(it.evidence, Uint8Array.of(0)), join(it.evidence, it.evidence)]) {
      refused(it, bytes, () => 'with bytes after it')
      outcome.encodings++
    }
  }
  // Random and mutated inputs: a verifier that trusts nothing accepts none, and one that trusts the statement only the evidence.
  const untrusted = (it: Specimen, bytes: Uint8Array, what: string): void => {
    outcome.untrusted++
    try {
      const decoded = it.decode(bytes)
      if (decoded.ok && it.untrusted(decoded.value as never).ok)
        fault(it, `${what}: a verifier that trusts nothing accepts ${bytes.length} bytes`)
    } catch (error) {
      fault(it, `${what}: throws ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
  for (const it of all) untrusted(it, it.evidence, 'valid')
  for (let i = 0; i < effort.random && all.length > 0; i++) {
    const it = all[random(all.length)] as Specimen
    const bytes = noise(random, 1 + random(random(8) === 0 ? 2000 : 120))
    refused(it, bytes, () => `random input ${i}`)
    untrusted(it, bytes, `random input ${i}`)
    outcome.random++
  }
  for (let i = 0; i < effort.mutated && all.length > 0; i++) {
    const it = all[random(all.length)] as Specimen
    const bytes = mutate(random, it.evidence, (all[random(all.length)] as Specimen).evidence)
    refused(it, bytes, () => `mutated input ${i}`)
    untrusted(it, bytes, `mutated input ${i}`)
    outcome.mutated++
  }
  // What decoding allocates.
  const gc = (globalThis as { gc?: () => void }).gc
  for (let i = 0; i < effort.weighed && all.length > 0 && gc !== undefined; i++) {
    const it = all[random(all.length)] as Specimen
    const bytes = i % 2 === 0 ? bomb(random, it.evidence) : mutate(random, it.evidence, it.evidence)
    const allocated = weigh(() => it.decode(bytes), gc)
    const ratio = Math.max(0, allocated - FIXED) / Math.max(1, bytes.length)
    outcome.heaviest = Math.max(outcome.heaviest, ratio)
    if (ratio > MOST_ALLOCATED) fault(it, `${bytes.length} bytes make the decoder allocate ${allocated}`)
  }
  return outcome
}

/** Milliseconds that this process computed. */
function cpuSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1000
}

/** Bytes that something allocates; with a young generation larger than that, nothing is collected meanwhile. */
function weigh(run: () => unknown, gc: () => void): number {
  gc()
  const before = process.memoryUsage()
  const kept = run()
  const after = process.memoryUsage()
  void kept
  return after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers)
}

/** A bit outside the bulk of evidence, such as the keys of a committee. */
function among({ evidence, bulk: [from, to] = [0, 0] }: Specimen, random: (below: number) => number): number {
  const bit = random((evidence.length - (to - from)) * 8)
  return bit < from * 8 ? bit : bit + (to - from) * 8
}

export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice()
  out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7))
  return out
}

/** A number that starts at a byte, written longer: as varint, SCALE compact, compact size, RLP string, or with a sign bit. */
function* stretched(bytes: Uint8Array, at: number): Iterable<Uint8Array> {
  const byte = bytes[at] as number
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)]
  const forms: number[][] = []
  if (byte < 0x80) forms.push([byte | 0x80, 0], [0x81, byte])
  if ((byte & 3) === 0) forms.push([(byte & 0xfc) | 1, 0], [(byte & 0xfc) | 2, 0, 0, 0])
  if (byte < 0xfd) forms.push([0xfd, byte, 0], [0xfe, byte, 0, 0, 0])
  for (const form of forms) yield join(before, Uint8Array.from(form), after)
}

function noise(random: (below: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256))
}

/** One to four changes of any kind. */
function mutate(random: (below: number) => number, from: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = from
  for (let i = 1 + random(4); i > 0; i--) {
    const at = random(bytes.length + 1)
    const length = 1 + random(random(3) === 0 ? 64 : 4)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    switch (random(9)) {
      case 0:
        bytes = join(before, noise(random, length), after)
        break
      case 1:
        bytes = join(before, after.subarray(length))
        break
      case 2:
        bytes = before
        break
      case 3:
        bytes = join(before, after.subarray(0, length), after)
        break
      case 4:
        bytes = join(before, new Uint8Array(length).fill(random(2) * 255), after.subarray(length))
        break
      case 5: {
        const from = random(other.length)
        bytes = join(before, other.subarray(from, from + length), after.subarray(length))
        break
      }
      case 6: {
        const to = random(bytes.length + 1)
        const [low, high] = at < to ? [at, to] : [to, at]
        bytes = join(bytes.subarray(0, low), bytes.subarray(high), bytes.subarray(low, high))
        break
      }
      default:
        if (bytes.length > 0) bytes = flip(bytes, random(bytes.length * 8))
    }
  }
  return bytes
}

/** A place filled with the largest numbers that fit, where a length may stand. */
function bomb(random: (below: number) => number, from: Uint8Array): Uint8Array {
  const out = from.slice()
  const at = random(out.length)
  const forms = [
    [0xff, 0xff, 0xff, 0xff],
    [0xfe, 0xff, 0xff, 0xff, 0x7f],
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    [0x03, 0xff, 0xff, 0xff, 0x7f],
    [0xfb, 0xff, 0xff, 0xff, 0xff],
    [0xba, 0x7f, 0xff, 0xff, 0xff],
  ]
  out.set((forms[random(forms.length)] as number[]).slice(0, out.length - at), at)
  return out
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
