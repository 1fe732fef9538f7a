import { Script } from '@aitbc/proofs/bitcoin-script'
import { concat, unhex } from '../helpers.js'

/** Names from `OP_NOP` (0x61) on, in order (Bitcoin Core `script.cpp`, `GetOpName`). */
const NAMES =
  `NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP 2OVER 2ROT 2SWAP
IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR EQUAL EQUALVERIFY RESERVED1
RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY
NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL GREATERTHANOREQUAL MIN MAX WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256
CODESEPARATOR CHECKSIG CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5
NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD`.split(/\s+/)
const CODES = new Map<string, number>([
  ['RESERVED', 0x50],
  ...NAMES.map((name, i): [string, number] => [name, 0x61 + i]),
  ['NOP2', 0xb1],
  ['NOP3', 0xb2],
])

/** Reads a script as Bitcoin Core's tests write it: numbers, `0x` raw bytes, 'text' and operations. */
export function parseAsm(text: string): Uint8Array {
  const parts = text.split(/\s+/).filter((word) => word !== '')
  return concat(
    ...parts.map((word) => {
      if (/^-?[0-9]+$/.test(word)) return Script.push(number(BigInt(word)))
      if (word.startsWith('0x')) return unhex(word)
      if (/^'.*'$/.test(word)) return quoted(word.slice(1, -1))
      const code = CODES.get(word.replace(/^OP_/, ''))
      if (code === undefined) throw new Error(`unknown operation ${word}`)
      return Uint8Array.of(code)
    }),
  )
}

/** Text is pushed as it is, never as a number. */
function quoted(content: string): Uint8Array {
  const bytes = new TextEncoder().encode(content)
  return bytes.length === 1 ? concat(Uint8Array.of(1), bytes) : Script.push(bytes)
}

/** A number as the stack has it: least significant byte first, the sign in the last bit. */
function number(value: bigint): Uint8Array {
  const out: number[] = []
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 8n) out.push(Number(rest & 255n))
  if (((out.at(-1) ?? 0) & 0x80) !== 0) out.push(0)
  if (value < 0n) out[out.length - 1] = (out.at(-1) as number) | 0x80
  return Uint8Array.from(out)
}
