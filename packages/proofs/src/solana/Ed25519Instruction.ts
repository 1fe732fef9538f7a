import { Bytes, Verdict } from '@aitbc/core'
import * as Address from './Address.js'
import * as Reader from './internal/reader.js'
import type * as Message from './Message.js'
import * as Signature from './Signature.js'

/** What an instruction refers to with this index: itself. */
const ITSELF = 0xffff
const OFFSETS = 14

/**
 * The signatures that an instruction of the ed25519 precompile makes the runtime verify (Solana documentation, "Ed25519 program"), each
 * verified here again by the strict rule.
 *
 * A reader that trusts "an instruction of the precompile is there" is fooled by offsets into other instructions (A48): here key, message
 * and signature all stand in this instruction, which is of that very program, side by side to its last byte.
 *
 * Refusals: `precompile-index`, `precompile-program`, `precompile-count` (none), `precompile-elsewhere` (data of another instruction),
 * `precompile-bounds` (beyond its end, or into the offsets), `signature`, `truncated`, `precompile-padding`.
 *
 * @example
 * import { Ed25519Instruction } from '@aitbc/proofs/solana'
 * declare const message: import('@aitbc/proofs/solana').Message.Message
 * Ed25519Instruction.verify(message, 0)
 */
export function verify(message: Message.Message, index: number): Verdict.Verdict<readonly Signature.Check[]> {
  const instruction = message.instructions[index]
  if (instruction === undefined) return Verdict.refuse('precompile-index', `there is no instruction ${index}`)
  if (!Bytes.equal(message.addresses[instruction.program] as Bytes.Bytes32, Address.ED25519_PROGRAM))
    return Verdict.refuse('precompile-program', 'the instruction is of another program')
  const { data } = instruction
  const reader = Reader.from(data)
  const count = Reader.u8(reader)
  if (Reader.u8(reader) !== 0) Reader.refuse(reader, 'precompile-padding', 'padding must be zero')
  const rows = Reader.list(reader, count, OFFSETS, (it) => ({
    signature: [Reader.u16(it), Reader.u16(it)],
    publicKey: [Reader.u16(it), Reader.u16(it)],
    message: [Reader.u16(it), Reader.u16(it), Reader.u16(it)],
  }))
  if (reader.refusal !== undefined) return { ok: false, refusal: reader.refusal }
  if (count === 0) return Verdict.refuse('precompile-count', 'it verifies nothing')
  const checks: Signature.Check[] = []
  for (const row of rows) {
    const [signature, signatureIn] = row.signature as [number, number]
    const [publicKey, publicKeyIn] = row.publicKey as [number, number]
    const [text, size, textIn] = row.message as [number, number, number]
    if ([signatureIn, publicKeyIn, textIn].some((it) => it !== ITSELF && it !== index))
      return Verdict.refuse('precompile-elsewhere', 'the data stand in another instruction')
    const parts = [
      [signature, 64],
      [publicKey, 32],
      [text, size],
    ] as const
    if (parts.some(([at, length]) => at < reader.at || at + length > data.length))
      return Verdict.refuse('precompile-bounds', 'the data stand outside of what follows the offsets')
    const [signed, key, said] = parts.map(([at, length]) => data.slice(at, at + length))
    const check = { signature: signed, publicKey: key, message: said } as Signature.Check
    if (!Signature.verify(check)) return Verdict.refuse('signature', 'a signature is wrong')
    checks.push(check)
  }
  return Verdict.accept(checks)
}
