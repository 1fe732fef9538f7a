import { Bytes, type Verdict } from '@aitbc/core'

export const hex = Bytes.toHex
export const unhex = (text: string): Uint8Array => Bytes.fromHex(text.replace(/^0x/, '').toLowerCase())

/** The value of an accepting verdict; the test fails with the refusal otherwise. */
export function value<T>(verdict: Verdict.Verdict<T>): T {
  if (!verdict.ok) throw new Error(`refused by ${verdict.refusal.check}: ${verdict.refusal.message}`)
  return verdict.value
}

/** The check that refused; the test fails where nothing did. */
export function check(verdict: Verdict.Verdict<unknown>): string {
  if (verdict.ok) throw new Error('nothing refused')
  return verdict.refusal.check
}

/** All that a refusing verdict says; the test fails where nothing refused. */
export function refusal(verdict: Verdict.Verdict<unknown>): Verdict.Refusal {
  if (verdict.ok) throw new Error('nothing refused')
  return verdict.refusal
}

/** A copy with one bit changed; bits count from the least significant of the first byte. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice()
  out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7))
  return out
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Bytes.concat(...parts)
}
