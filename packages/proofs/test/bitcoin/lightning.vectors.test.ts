import { Transaction, TransactionRules } from '@aitbc/proofs/bitcoin'
import { InputSignature, Script, Sighash, Signature } from '@aitbc/proofs/bitcoin-script'
import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { check, concat, hex, unhex, value } from '../helpers.js'

interface Published {
  readonly Name: string
  readonly HtlcDescs: readonly { readonly RemoteSigHex: string; readonly ResolutionTxHex: string }[]
  readonly ExpectedCommitmentTxHex: string
  readonly RemoteSigHex: string
}

/** `funding_satoshi` of BOLT-3, Appendix B: the data leaves it out. */
const FUNDING = 10_000_000n
const SINGLE_ANYONE = Sighash.TYPE.single | Sighash.TYPE.anyoneCanPay

const p2wsh = (script: Uint8Array) => concat(Uint8Array.of(0, 32), sha256(script))

function commitment({ ExpectedCommitmentTxHex, RemoteSigHex }: Published): void {
  const transaction = read(ExpectedCommitmentTxHex)
  const [input] = transaction.inputs
  const script = p2wsh(input?.witness.at(-1) as Uint8Array)
  expect(input?.witness.map(hex)).toContain(`${RemoteSigHex}01`)
  const verify = (it: Transaction.Transaction, amount = FUNDING) =>
    InputSignature.verify(it, 0, [{ amount, script }])
  expect(value(verify(transaction)).by).toBe('multisig')
  // The amount is signed (the fee attack of A11), so is every output.
  expect(check(verify(transaction, FUNDING + 1n))).toBe('signature')
  const [first, ...more] = transaction.outputs as [Transaction.Output, ...Transaction.Output[]]
  expect(check(verify({ ...transaction, outputs: [{ ...first, amount: first.amount + 1n }, ...more] }))).toBe(
    'signature',
  )
}

function resolution(parent: string, { RemoteSigHex, ResolutionTxHex }: Published['HtlcDescs'][number]): void {
  const commitment = read(parent)
  const transaction = read(ResolutionTxHex)
  const [{ txid, index, witness }] = transaction.inputs as [Transaction.Input]
  expect(hex(txid)).toBe(hex(Transaction.txid(commitment)))
  const spent = commitment.outputs[index] as Transaction.Output
  const script = witness.at(-1) as Uint8Array
  expect(hex(spent.script)).toBe(hex(p2wsh(script)))
  // Both sign, each by another key of the script.
  const keys = value(Script.decode(script)).flatMap(({ data }) => (data?.length === 33 ? [data] : []))
  const signers = witness
    .slice(0, -1)
    .filter((item) => item.length > 60)
    .map((item) => {
      const signature = value(Signature.decode(item))
      const of = (amount: bigint) =>
        keys.filter((key) => {
          const digest = Sighash.witnessV0(transaction, 0, script, amount, signature.hashType)
          return Signature.verify(value(digest), signature, key).ok
        })
      expect(of(spent.amount + 1n)).toEqual([])
      return of(spent.amount)
    })
  expect(signers.map((of) => of.length)).toEqual([1, 1])
  expect(hex(signers[0]?.[0] as Uint8Array)).not.toBe(hex(signers[1]?.[0] as Uint8Array))
  expect(witness.map(hex)).toContain(`${RemoteSigHex}${SINGLE_ANYONE.toString(16)}`)
}

function read(raw: string): Transaction.Transaction {
  const transaction = value(Transaction.decode(unhex(raw)))
  expect(hex(Transaction.encode(transaction))).toBe(raw)
  return value(TransactionRules.verify(transaction))
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/lightning',
  title: 'A7, A8, A11',
  cases: ([file]) =>
    (file as NonNullable<typeof file>).json<Published[]>().flatMap((one): Case[] => [
      { name: one.Name, run: () => commitment(one) },
      ...one.HtlcDescs.map((htlc, i) => ({
        name: `${one.Name}: HTLC ${i}`,
        run: () => resolution(one.ExpectedCommitmentTxHex, htlc),
      })),
    ]),
})
