import type { Verdict } from '@aitbc/core'
import { hex } from '@scure/base'

/** A fact of one chain, with all that is needed to check it offline. */
export interface Fact {
  readonly family: string
  /** What the check believes without proof. */
  readonly trusted: string
  /** What is wrong with the tampered copy. */
  readonly tampering: string
  /** Checks the fact as it was recorded, or its tampered copy; gives what is now known. */
  readonly verify: (tampered: boolean) => Verdict.Verdict<string>
}

/** A copy with one bit flipped; negative offsets count from the end. */
export function flip(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = bytes.slice()
  const at = offset < 0 ? copy.length + offset : offset
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

export const bytes = (text: string): Uint8Array => hex.decode(text)
