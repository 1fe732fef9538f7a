/** Names of the opcodes that are not pushes, by value (Bitcoin script; BIP-65, BIP-112, BIP-342 names). */
const NAMES: Readonly<Record<number, string>> = {
  97: 'OP_NOP',
  98: 'OP_VER',
  99: 'OP_IF',
  100: 'OP_NOTIF',
  101: 'OP_VERIF',
  102: 'OP_VERNOTIF',
  103: 'OP_ELSE',
  104: 'OP_ENDIF',
  105: 'OP_VERIFY',
  106: 'OP_RETURN',
  107: 'OP_TOALTSTACK',
  108: 'OP_FROMALTSTACK',
  109: 'OP_2DROP',
  110: 'OP_2DUP',
  111: 'OP_3DUP',
  112: 'OP_2OVER',
  113: 'OP_2ROT',
  114: 'OP_2SWAP',
  115: 'OP_IFDUP',
  116: 'OP_DEPTH',
  117: 'OP_DROP',
  118: 'OP_DUP',
  119: 'OP_NIP',
  120: 'OP_OVER',
  121: 'OP_PICK',
  122: 'OP_ROLL',
  123: 'OP_ROT',
  124: 'OP_SWAP',
  125: 'OP_TUCK',
  126: 'OP_CAT',
  127: 'OP_SUBSTR',
  128: 'OP_LEFT',
  129: 'OP_RIGHT',
  130: 'OP_SIZE',
  131: 'OP_INVERT',
  132: 'OP_AND',
  133: 'OP_OR',
  134: 'OP_XOR',
  135: 'OP_EQUAL',
  136: 'OP_EQUALVERIFY',
  137: 'OP_RESERVED1',
  138: 'OP_RESERVED2',
  139: 'OP_1ADD',
  140: 'OP_1SUB',
  141: 'OP_2MUL',
  142: 'OP_2DIV',
  143: 'OP_NEGATE',
  144: 'OP_ABS',
  145: 'OP_NOT',
  146: 'OP_0NOTEQUAL',
  147: 'OP_ADD',
  148: 'OP_SUB',
  149: 'OP_MUL',
  150: 'OP_DIV',
  151: 'OP_MOD',
  152: 'OP_LSHIFT',
  153: 'OP_RSHIFT',
  154: 'OP_BOOLAND',
  155: 'OP_BOOLOR',
  156: 'OP_NUMEQUAL',
  157: 'OP_NUMEQUALVERIFY',
  158: 'OP_NUMNOTEQUAL',
  159: 'OP_LESSTHAN',
  160: 'OP_GREATERTHAN',
  161: 'OP_LESSTHANOREQUAL',
  162: 'OP_GREATERTHANOREQUAL',
  163: 'OP_MIN',
  164: 'OP_MAX',
  165: 'OP_WITHIN',
  166: 'OP_RIPEMD160',
  167: 'OP_SHA1',
  168: 'OP_SHA256',
  169: 'OP_HASH160',
  170: 'OP_HASH256',
  171: 'OP_CODESEPARATOR',
  172: 'OP_CHECKSIG',
  173: 'OP_CHECKSIGVERIFY',
  174: 'OP_CHECKMULTISIG',
  175: 'OP_CHECKMULTISIGVERIFY',
  176: 'OP_NOP1',
  177: 'OP_CLTV',
  178: 'OP_CSV',
  179: 'OP_NOP4',
  180: 'OP_NOP5',
  181: 'OP_NOP6',
  182: 'OP_NOP7',
  183: 'OP_NOP8',
  184: 'OP_NOP9',
  185: 'OP_NOP10',
  186: 'OP_CHECKSIGADD',
  255: 'OP_INVALIDOPCODE',
}

/** A script (hex) in the words that Esplora servers use: `OP_PUSHBYTES_20 ab…`, `OP_PUSHNUM_1`, `OP_CLTV`. */
export function toAsm(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  const words: string[] = []
  let at = 0
  while (at < bytes.length) {
    const opcode = bytes[at] as number
    at += 1
    if (opcode === 0) words.push('OP_0')
    else if (opcode <= 78) {
      const width = opcode <= 75 ? 0 : 2 ** (opcode - 76)
      const name = opcode <= 75 ? `OP_PUSHBYTES_${opcode}` : `OP_PUSHDATA${width}`
      if (at + width > bytes.length) return [...words, name, '<unexpected end>'].join(' ')
      const length = width === 0 ? opcode : bytes.readUIntLE(at, width)
      at += width
      if (at + length > bytes.length) return [...words, name, '<push past end>'].join(' ')
      words.push(name, bytes.toString('hex', at, at + length))
      at += length
    } else if (opcode === 79) words.push('OP_PUSHNUM_NEG1')
    else if (opcode === 80) words.push('OP_RESERVED')
    else if (opcode <= 96) words.push(`OP_PUSHNUM_${opcode - 80}`)
    else words.push(NAMES[opcode] ?? `OP_RETURN_${opcode}`)
  }
  return words.join(' ')
}

/** The kind of an output script (hex), in Esplora's words. */
export function kindOf(hex: string): string {
  if (hex === '') return 'empty'
  if (hex.startsWith('6a')) return 'op_return'
  if (/^(21[0-9a-f]{66}|41[0-9a-f]{130})ac$/.test(hex)) return 'p2pk'
  if (/^76a914[0-9a-f]{40}88ac$/.test(hex)) return 'p2pkh'
  if (/^a914[0-9a-f]{40}87$/.test(hex)) return 'p2sh'
  if (/^0014[0-9a-f]{40}$/.test(hex)) return 'v0_p2wpkh'
  if (/^0020[0-9a-f]{64}$/.test(hex)) return 'v0_p2wsh'
  if (/^5120[0-9a-f]{64}$/.test(hex)) return 'v1_p2tr'
  return 'unknown'
}
