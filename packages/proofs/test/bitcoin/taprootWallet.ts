import { SegwitAddress, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { Sighash, Signature, TapLeaf } from '@aitbc/proofs/bitcoin-script'
import { schnorr } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'vitest'
import type { Case } from '../../../../scripts/vectors/reader.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

type Tree = { id: number; script: string; leafVersion: number } | readonly [Tree, Tree] | null

interface Output {
  readonly given: { readonly internalPubkey: string; readonly scriptTree: Tree }
  readonly intermediary: {
    readonly leafHashes?: readonly string[]
    readonly merkleRoot: string | null
    readonly tweakedPubkey: string
  }
  readonly expected: {
    readonly scriptPubKey: string
    readonly bip350Address: string
    readonly scriptPathControlBlocks?: readonly string[]
  }
}

interface KeyPath {
  readonly given: {
    readonly rawUnsignedTx: string
    readonly utxosSpent: readonly { readonly scriptPubKey: string; readonly amountSats: number }[]
  }
  readonly intermediary: Readonly<Record<string, string>>
  readonly inputSpending: readonly {
    readonly given: {
      readonly txinIndex: number
      readonly internalPrivkey: string
      readonly merkleRoot: string | null
      readonly hashType: number
    }
    readonly intermediary: {
      readonly internalPubkey: string
      readonly tweak: string
      readonly tweakedPrivkey: string
      readonly sigMsg: string
      readonly precomputedUsed: readonly string[]
      readonly sigHash: string
    }
    readonly expected: { readonly witness: readonly string[] }
  }[]
  readonly auxiliary: { readonly fullySignedTx: string }
}

export interface Published {
  readonly version: number
  readonly scriptPubKey: readonly Output[]
  readonly keyPathSpending: readonly KeyPath[]
}

/** Cases of the wallet vectors of BIP-341: outputs, control blocks and what inputs sign. */
export function taprootCases({ version, scriptPubKey, keyPathSpending }: Published): Case[] {
  if (version !== 1) throw new Error(`version ${version}`)
  return [
    ...scriptPubKey.map((one, i) => ({ name: `output ${i}`, run: () => runOutput(one) })),
    ...keyPathSpending.flatMap((spending, i) =>
      spending.inputSpending.map((input) => ({
        name: `transaction ${i}, input ${input.given.txinIndex}`,
        run: () => runInput(spending, input),
      })),
    ),
  ]
}

function runOutput({ given, intermediary, expected }: Output): void {
  const leaves: { id: number; hash: Uint8Array; script: string; version: number; path: Uint8Array[] }[] = []
  const walk = (tree: Tree): Uint8Array | undefined => {
    if (tree === null) return undefined
    if (!('script' in tree)) {
      const before = leaves.length
      const left = walk(tree[0]) as Uint8Array
      const between = leaves.length
      const right = walk(tree[1]) as Uint8Array
      leaves.forEach((leaf, i) => {
        if (i >= before) leaf.path.push(i < between ? right : left)
      })
      return Taproot.branchHash(left, right)
    }
    const { id, script, leafVersion } = tree
    const hash = Taproot.leafHash(unhex(script), leafVersion)
    leaves.push({ id, hash, script, version: leafVersion, path: [] })
    return hash
  }
  const root = walk(given.scriptTree)
  leaves.sort((a, b) => a.id - b.id)
  expect(root === undefined ? null : hex(root)).toBe(intermediary.merkleRoot)
  expect(leaves.map((leaf) => hex(leaf.hash))).toEqual(intermediary.leafHashes ?? [])
  const internal = unhex(given.internalPubkey)
  const { key, parity } = value(Taproot.tweak(internal, root))
  expect(hex(key)).toBe(intermediary.tweakedPubkey)
  expect(hex(Taproot.toScript(key))).toBe(expected.scriptPubKey)
  expect(SegwitAddress.encode({ prefix: 'bc', version: 1, program: key })).toBe(expected.bip350Address)
  const blocks = leaves.map(({ path, version }) => Taproot.controlBlock(internal, parity, path, version))
  expect(blocks.map(hex)).toEqual(expected.scriptPathControlBlocks ?? [])
  for (const [i, { script, version, hash }] of leaves.entries()) {
    const control = blocks[i] as Uint8Array
    expect(value(TapLeaf.verify(key, unhex(script), control))).toEqual({ hash, version })
    for (let bit = 0; bit < control.length * 8; bit += 31)
      expect(TapLeaf.verify(key, unhex(script), flip(control, bit)).ok).toBe(false)
    expect(check(TapLeaf.verify(key, unhex(`${script}51`), control))).toBe('taproot-commitment')
  }
}

function runInput(
  { given, intermediary, auxiliary }: KeyPath,
  input: KeyPath['inputSpending'][number],
): void {
  const transaction = value(Transaction.decode(unhex(given.rawUnsignedTx)))
  const prevouts = given.utxosSpent.map(({ scriptPubKey, amountSats }) => ({
    amount: BigInt(amountSats),
    script: unhex(scriptPubKey),
  }))
  const { txinIndex, hashType, merkleRoot, internalPrivkey } = input.given
  const message = value(Sighash.taprootMessage(transaction, txinIndex, prevouts, hashType))
  expect(hex(concat(Uint8Array.of(0), message))).toBe(input.intermediary.sigMsg)
  for (const name of input.intermediary.precomputedUsed)
    expect(input.intermediary.sigMsg).toContain(intermediary[name] as string)
  const digest = value(Sighash.taproot(transaction, txinIndex, prevouts, hashType))
  expect(hex(digest)).toBe(input.intermediary.sigHash)
  const internal = schnorr.getPublicKey(unhex(internalPrivkey))
  expect(hex(internal)).toBe(input.intermediary.internalPubkey)
  const { key } = value(Taproot.tweak(internal, merkleRoot === null ? undefined : unhex(merkleRoot)))
  expect(hex(Taproot.toScript(key))).toBe(hex((prevouts[txinIndex] as Transaction.Output).script))
  expect(hex(schnorr.getPublicKey(unhex(input.intermediary.tweakedPrivkey)))).toBe(hex(key))
  const [witness = ''] = input.expected.witness
  expect(unhex(witness).length).toBe(hashType === 0 ? 64 : 65)
  value(Signature.verifySchnorr(digest, unhex(witness).subarray(0, 64), key))
  expect(check(Signature.verifySchnorr(sha256(digest), unhex(witness).subarray(0, 64), key))).toBe(
    'signature',
  )
  const signed = value(Transaction.decode(unhex(auxiliary.fullySignedTx)))
  expect(signed.inputs[txinIndex]?.witness.map(hex)).toEqual(input.expected.witness)
}
