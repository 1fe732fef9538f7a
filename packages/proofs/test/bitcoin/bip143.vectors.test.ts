import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import { InputSignature, Sighash, Signature } from '@aitbc/proofs/bitcoin-script'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { check, flip, hex, unhex, value } from '../helpers.js'

/** An unsigned transaction and what is written below it, up to the next one. */
interface Example {
  readonly name: string
  readonly unsigned: string
  /** Where it begins in the text. */
  readonly at: number
  readonly digests: { preimage: string; digest: string; key?: string; signature?: string }[]
  signed?: string
}

/** Reads the examples of BIP-143 as the text has them: `label: hex`, a transaction's hex perhaps on the next line. */
function read(text: string): readonly Example[] {
  const examples: Example[] = []
  let name = ''
  let preimage: string | undefined
  for (const match of text.matchAll(
    /^(?:===[ ]*(.+?)[ ]*===|[ ]*([A-Za-z][^:\n]*?)[ ]*:[ ]*([0-9a-f]{8,})?.*)$/gm,
  )) {
    const [, title, label, first] = match
    if (title !== undefined) name = title
    if (label === undefined || first === undefined) continue
    const last = examples.at(-1)
    // One of them comes signed at once.
    if (/^The following .*transaction/.test(label))
      examples.push({ name, unsigned: first, at: match.index, digests: [] })
    else if (last === undefined) throw new Error(`${label} before any transaction`)
    else if (label === 'scriptPubKey') continue
    else if (/preimage/.test(label)) preimage = first
    else if (label.toLowerCase() === 'sighash') {
      if (preimage === undefined) throw new Error(`${name}: a digest without what was hashed`)
      last.digests.push({ preimage, digest: first })
      preimage = undefined
    } else if (label === 'public key' || label === 'signature') {
      const digest = last.digests.at(-1)
      if (digest !== undefined && last.signed === undefined)
        digest[label === 'signature' ? 'signature' : 'key'] ??= first
    } else if (/serialized signed transaction is$/.test(label)) last.signed ??= first
  }
  return examples
}

/** Lines that continue another, so that a label and its hex stand in one. */
function unfold(text: string): string {
  return text.replaceAll(/(transaction(?: is)?):[ ]*\n\s+([0-9a-f]{20,})/g, '$1: $2')
}

function spentBy(text: string): Transaction.Output[] {
  return [...text.matchAll(/scriptPubKey\s*:\s*([0-9a-f]+),?\s+value:\s*([0-9]+)(?:\.([0-9]+))?/g)].map(
    ([, script = '', whole = '', part = '']) => ({
      script: unhex(script),
      amount: BigInt(whole + part.padEnd(8, '0')),
    }),
  )
}

function casesOf(
  { name, unsigned, digests, signed }: Example,
  prevouts: readonly Transaction.Output[],
): Case[] {
  const transaction = value(Transaction.decode(unhex(unsigned)))
  const cases: Case[] = digests.map(({ preimage, digest, key, signature }, i) => ({
    name: `${name}: digest ${i}`,
    run: () => {
      const bytes = unhex(preimage)
      const view = new DataView(bytes.buffer)
      const hashType = view.getUint32(bytes.length - 4, true)
      const [length, size] =
        view.getUint8(104) < 0xfd ? [view.getUint8(104), 1] : [view.getUint16(105, true), 3]
      const code = bytes.subarray(104 + size, 104 + size + length)
      const amount = view.getBigUint64(104 + size + length, true)
      const index = transaction.inputs.findIndex(
        ({ txid, index }) =>
          hex(txid) === hex(bytes.subarray(68, 100)) && index === view.getUint32(100, true),
      )
      expect(hex(value(Sighash.witnessV0Message(transaction, index, code, amount, hashType)))).toBe(preimage)
      const own = value(Sighash.witnessV0(transaction, index, code, amount, hashType))
      expect(hex(own)).toBe(digest)
      expect(hex(Hash256.of(bytes))).toBe(digest)
      if (prevouts.length > 0) expect(prevouts[index]?.amount).toBe(amount)
      expect(hex(value(Sighash.witnessV0(transaction, index, code, amount + 1n, hashType)))).not.toBe(digest)
      if (signature === undefined || key === undefined) return
      // Some are printed without their hash type.
      const full = unhex(signature)
      const der = full[1] === full.length - 2 ? Uint8Array.of(...full, hashType) : full
      const decoded = value(Signature.decode(der))
      expect(decoded.hashType).toBe(hashType)
      value(Signature.verify(own, decoded, unhex(key)))
      expect(check(Signature.verify(flip(own, i), decoded, unhex(key)))).toBe('signature')
    },
  }))
  if (signed !== undefined)
    cases.push({
      name: `${name}: signed`,
      run: () => {
        const final = value(Transaction.decode(unhex(signed)))
        expect(hex(Transaction.encode(final))).toBe(signed)
        expect(final.outputs).toEqual(transaction.outputs)
        expect(prevouts.length).toBe(final.inputs.length)
        for (let i = 0; i < prevouts.length; i++) {
          const judge = (it = final) => InputSignature.verify(it, i, prevouts, { rules: 'consensus' })
          const verdict = judge()
          if (!verdict.ok) expect(check(verdict)).toBe('script-unsupported')
          expect(judge({ ...final, version: 7 }).ok).toBe(false)
        }
      },
    })
  return cases
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip143',
  title: 'A7, A11',
  cases: ([file]) => {
    const text = unfold((file as NonNullable<typeof file>).text())
    const examples = read(text)
    if (examples.length === 0) throw new Error('there is no example')
    return examples.flatMap((one, i) => {
      const cases = casesOf(one, spentBy(text.slice(one.at, examples[i + 1]?.at)))
      if (cases.length === 0) throw new Error(`${one.name} says nothing of its signatures`)
      return cases
    })
  },
})
