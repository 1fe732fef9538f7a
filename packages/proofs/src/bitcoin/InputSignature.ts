import { Bytes, Verdict } from '@aitbc/core'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Script from './Script.js'
import * as Sighash from './Sighash.js'
import * as Signature from './Signature.js'
import * as TapLeaf from './TapLeaf.js'
import * as Taproot from './Taproot.js'
import type { Output, Transaction } from './Transaction.js'

/** How an input is authorised. */
export interface Authorised {
  /**
   * `key` and `multisig`: by signatures; `open`: by nothing, as consensus asks for nothing yet (a later version of programs or
   * leaves, `OP_SUCCESS`).
   */
  readonly by: 'key' | 'multisig' | 'open'
  /** Hash types of the signatures, in the order checked. */
  readonly hashTypes: readonly number[]
}

const ANNEX = 0x50
const { dup, equalVerify, hash160: HASH160, checkSig, checkMultisig } = Script.OP

/**
 * Decides whether an input is authorised to spend what it spends, in the forms that need no script interpreter: one key or a
 * multisignature, bare, by script hash or in version 0 programs; both paths of taproot, the script path for leaves of one key.
 *
 * The rules are today's: every soft fork counts. Amounts and scripts of `prevouts` (one for each input) are the caller's: the
 * digests of SegWit commit to them. Refusals: `input-index`, `input-prevouts`, `script-sig`, `script-push`, `push-minimal`,
 * `script-encoding`, `script-hash`, `stack-size`, `witness-unexpected`, `witness-program`, `witness-empty`, `control-block`,
 * `taproot-commitment`, `key-off-curve`, `multisig-dummy`, `signature`, `signature-der`, `signature-high-s`, `signature-length`, `key-form`,
 * `sighash-type`, `sighash-single`; by standard rules `annex`, `not-standard`; and `script-unsupported` where only an interpreter
 * could tell.
 *
 * @example
 * import { InputSignature } from '@aitbc/proofs/bitcoin-script'
 * const transaction = { version: 2, inputs: [], outputs: [], lockTime: 0 }
 * InputSignature.verify(transaction, 0, []).ok // false
 */
export function verify(
  transaction: Transaction,
  index: number,
  prevouts: readonly Output[],
  { rules = 'standard' }: { readonly rules?: Signature.Rules } = {},
): Verdict.Verdict<Authorised> {
  const input = transaction.inputs[index]
  if (input === undefined) return Verdict.refuse('input-index', `there is no input ${index}`, { index })
  const prevout = prevouts[index]
  if (prevout === undefined || prevouts.length !== transaction.inputs.length)
    return Verdict.refuse(
      'input-prevouts',
      `${transaction.inputs.length} spent outputs are expected, got ${prevouts.length}`,
    )
  const spend: Spend = { transaction, index, prevouts, rules, witness: input.witness, prevout }
  const program = Script.witnessProgram(prevout.script)
  if (program !== undefined)
    return input.script.length > 0
      ? Verdict.refuse('script-sig', 'a witness program is spent with an empty signature script')
      : byProgram(spend, program, false)
  const stack = Script.pushes(input.script, { minimal: rules === 'standard' })
  const hash = Script.scriptHash(prevout.script)
  if (hash !== undefined) {
    if (!stack.ok) return stack
    const redeem = stack.value.at(-1)
    if (redeem === undefined || !Bytes.equal(hash160(redeem), hash))
      return Verdict.refuse('script-hash', "the script isn't that of the hash that is paid to")
    const inner = Script.witnessProgram(redeem)
    if (inner !== undefined)
      return Bytes.equal(input.script, Script.push(redeem))
        ? byProgram(spend, inner, true)
        : Verdict.refuse('script-sig', 'a witness program by script hash is spent with its one push')
    return byLegacy(spend, redeem, stack.value.slice(0, -1))
  }
  if (stack.ok) return byLegacy(spend, prevout.script, stack.value)
  return rules === 'standard' || stack.refusal.check === 'script-encoding' ? stack : unsupported()
}

interface Spend {
  readonly transaction: Transaction
  readonly index: number
  readonly prevouts: readonly Output[]
  readonly prevout: Output
  readonly witness: readonly Bytes.Bytes[]
  readonly rules: Signature.Rules
}

type Digest = (hashType: number) => Verdict.Verdict<Bytes.Hash32>

function byLegacy(spend: Spend, script: Bytes.Bytes, stack: readonly Bytes.Bytes[]) {
  const { transaction, index, rules } = spend
  if (spend.witness.length > 0)
    return Verdict.refuse('witness-unexpected', 'no witness belongs to an input without SegWit')
  return byScript(script, stack, rules, {
    exact: rules === 'standard',
    compressed: false,
    digest(hashType) {
      if (
        rules === 'standard' &&
        (hashType & 0x1f) === Sighash.TYPE.single &&
        index >= transaction.outputs.length
      )
        return Verdict.refuse('sighash-single', `there is no output ${index} to commit to`, { index })
      return Sighash.legacy(transaction, index, script, hashType)
    },
  })
}

function byProgram(
  spend: Spend,
  { version, program }: NonNullable<ReturnType<typeof Script.witnessProgram>>,
  wrapped: boolean,
): Verdict.Verdict<Authorised> {
  const { transaction, index, witness, rules, prevout } = spend
  const v0 = (script: Bytes.Bytes, stack: readonly Bytes.Bytes[]) =>
    byScript(script, stack, rules, {
      exact: true,
      compressed: rules === 'standard',
      digest: (hashType) => Sighash.witnessV0(transaction, index, script, prevout.amount, hashType),
    })
  if (version === 0 && program.length === 20)
    return v0(
      Bytes.concat(Uint8Array.of(dup, HASH160, 20), program, Uint8Array.of(equalVerify, checkSig)),
      witness,
    )
  if (version === 0 && program.length === 32) {
    const script = witness.at(-1)
    if (script === undefined || !Bytes.equal(sha256(script), program))
      return Verdict.refuse('witness-program', "the witness script isn't that of the program")
    return v0(script, witness.slice(0, -1))
  }
  if (version === 0)
    return Verdict.refuse('witness-program', `no program of version 0 has ${program.length} bytes`)
  if (version === 1 && program.length === 32 && !wrapped) return byTaproot(spend, program)
  // The script leaves its program on the stack, and that must be true: not zero, nor the negative zero.
  if (program.every((byte, i) => byte === 0 || (byte === 0x80 && i === program.length - 1)))
    return Verdict.refuse('witness-program', 'the program is zero, so nothing can spend it')
  return open(rules, `a program of version ${version}`)
}

function byTaproot(spend: Spend, key: Bytes.Bytes32): Verdict.Verdict<Authorised> {
  const { transaction, index, prevouts, rules } = spend
  const last = spend.witness.at(-1)
  if (last === undefined) return Verdict.refuse('witness-empty', 'a taproot output is spent with a witness')
  const annex = spend.witness.length > 1 && last[0] === ANNEX ? last : undefined
  if (annex !== undefined && rules === 'standard')
    return Verdict.refuse('annex', 'the witness has an annex, which nothing has a meaning for yet')
  const stack = annex === undefined ? spend.witness : spend.witness.slice(0, -1)
  const check = (
    signature: Bytes.Bytes,
    of: Bytes.Bytes,
    leaf?: Bytes.Hash32,
  ): Verdict.Verdict<Authorised> => {
    const hashType = signature.length === 65 ? (signature[64] as number) : Sighash.TYPE.default
    if (signature.length !== 64 && (signature.length !== 65 || hashType === Sighash.TYPE.default))
      return Verdict.refuse(
        'signature-length',
        `64 bytes, or 65 that end in another hash type than 0, are expected, got ${signature.length}`,
      )
    const digest = Sighash.taproot(transaction, index, prevouts, hashType, {
      ...(annex === undefined ? {} : { annex }),
      ...(leaf === undefined ? {} : { leaf: { hash: leaf } }),
    })
    if (!digest.ok) return digest
    const valid = Signature.verifySchnorr(digest.value, signature.subarray(0, 64), of)
    return valid.ok ? Verdict.accept({ by: 'key', hashTypes: [hashType] }) : valid
  }
  if (stack.length === 1) return check(stack[0] as Bytes.Bytes, key)
  const [script, control] = stack.slice(-2) as [Bytes.Bytes, Bytes.Bytes]
  const leaf = TapLeaf.verify(key, script, control)
  if (!leaf.ok) return leaf
  if (leaf.value.version !== Taproot.LEAF_VERSION)
    return open(rules, `a leaf of version ${leaf.value.version}`)
  const { operations, end } = Script.read(script)
  if (operations.some(({ code }) => isSuccess(code))) return open(rules, 'an OP_SUCCESS')
  if (end !== script.length) return Verdict.refuse('script-encoding', 'the leaf ends within a push')
  const [first, second, ...more] = operations
  if (first?.code !== 32 || second?.code !== checkSig || more.length > 0) return unsupported()
  const [signature, ...surplus] = stack.slice(0, -2)
  if (signature === undefined || surplus.length > 0)
    return Verdict.refuse('stack-size', `one signature is expected, got ${stack.length - 2} items`)
  return check(signature, first.data as Bytes.Bytes, leaf.value.hash)
}

/** One key or several, by what they sign: the scripts `pk`, `pkh` and `multi`. */
function byScript(
  script: Bytes.Bytes,
  stack: readonly Bytes.Bytes[],
  rules: Signature.Rules,
  {
    exact,
    compressed,
    digest,
  }: { readonly exact: boolean; readonly compressed: boolean; readonly digest: Digest },
): Verdict.Verdict<Authorised> {
  const operations = Script.decode(script)
  // A broken script fails only if it is run as far as that.
  if (!operations.ok) return unsupported()
  const codes = operations.value.map(({ code }) => code)
  const data = operations.value.flatMap((operation) => (operation.data === undefined ? [] : [operation.data]))
  const check = (signature: Bytes.Bytes, key: Bytes.Bytes): Verdict.Verdict<number> => {
    const decoded = Signature.decode(signature, rules)
    if (!decoded.ok && signature.length > 0) return decoded
    if ((compressed && key.length !== 33) || !Signature.isKey(key, rules))
      return Verdict.refuse('key-form', 'not a public key in an allowed form')
    if (!decoded.ok) return Verdict.refuse('signature', 'the signature is empty')
    const { hashType } = decoded.value
    const hash = digest(hashType)
    if (!hash.ok) return hash
    const valid = Signature.verify(hash.value, decoded.value, key, rules)
    return valid.ok ? Verdict.accept(hashType) : valid
  }
  const take = (count: number): Verdict.Verdict<readonly Bytes.Bytes[]> =>
    stack.length < count || (exact && stack.length > count)
      ? Verdict.refuse('stack-size', `${count} items are expected, got ${stack.length}`)
      : Verdict.accept(stack.slice(stack.length - count))

  if (codes.length === 2 && isKeyPush(codes[0]) && codes[1] === checkSig) {
    const items = take(1)
    if (!items.ok) return items
    const valid = check(items.value[0] as Bytes.Bytes, data[0] as Bytes.Bytes)
    return valid.ok ? Verdict.accept({ by: 'key', hashTypes: [valid.value] }) : valid
  }
  if (codes.join() === [dup, HASH160, 20, equalVerify, checkSig].join()) {
    const items = take(2)
    if (!items.ok) return items
    const [signature, key] = items.value as [Bytes.Bytes, Bytes.Bytes]
    if (!Bytes.equal(hash160(key), data[0] as Bytes.Bytes))
      return Verdict.refuse('witness-program', "the key isn't that of the hash that is paid to")
    const valid = check(signature, key)
    return valid.ok ? Verdict.accept({ by: 'key', hashTypes: [valid.value] }) : valid
  }
  const required = numberOf(codes[0])
  const total = numberOf(codes.at(-2))
  if (
    codes.at(-1) !== checkMultisig ||
    total !== codes.length - 3 ||
    // Not a number compares to nothing.
    !(required <= total) ||
    !codes.slice(1, -2).every(isKeyPush)
  )
    return unsupported()
  const items = take(required + 1)
  if (!items.ok) return items
  const [dummy, ...signatures] = items.value as [Bytes.Bytes, ...Bytes.Bytes[]]
  if (dummy.length > 0) return Verdict.refuse('multisig-dummy', 'the surplus item must be empty (BIP-147)')
  const hashTypes: number[] = []
  // From the last to the first, as nodes do: what isn't reached isn't judged.
  for (let key = total - 1, at = required - 1; at >= 0; key--) {
    if (key < at) return Verdict.refuse('signature', `signature ${at} is not that of any key left`)
    const valid = check(signatures[at] as Bytes.Bytes, data[key] as Bytes.Bytes)
    if (valid.ok) {
      hashTypes.push(valid.value)
      at--
    } else if (
      valid.refusal.check !== 'signature' &&
      (rules === 'standard' || valid.refusal.check !== 'key-form')
    )
      return valid
  }
  return Verdict.accept({ by: 'multisig', hashTypes })
}

function isKeyPush(code: number | undefined): boolean {
  return code === 33 || code === 65
}

/** The number that `OP_1` to `OP_16` push; NaN, which equals nothing, for any other operation. */
function numberOf(code = 0): number {
  return code >= 0x51 && code <= 0x60 ? code - 0x50 : Number.NaN
}

/** Operations that end a tapscript with success (BIP-342, "OP_SUCCESSx"). */
function isSuccess(code: number): boolean {
  return (
    code === 80 ||
    code === 98 ||
    (code >= 126 && code <= 129) ||
    (code >= 131 && code <= 134) ||
    code === 137 ||
    code === 138 ||
    code === 141 ||
    code === 142 ||
    (code >= 149 && code <= 153) ||
    (code >= 187 && code <= 254)
  )
}

function open(rules: Signature.Rules, what: string): Verdict.Verdict<Authorised> {
  return rules === 'standard'
    ? Verdict.refuse('not-standard', `${what}: anyone can spend it, and nodes don't relay that`)
    : Verdict.accept({ by: 'open', hashTypes: [] })
}

function unsupported(): Verdict.Verdict<never> {
  return Verdict.refuse('script-unsupported', 'only a script interpreter can tell')
}

function hash160(bytes: Bytes.Bytes): Bytes.Bytes {
  return ripemd160(sha256(bytes))
}
