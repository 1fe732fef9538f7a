import { SignedMessage } from '@aitbc/adapters/bitcoin-wallet'
import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import { Address } from '@aitbc/proofs/bitcoin-script'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { check, hex, unhex, value } from './helpers.js'

interface Signing {
  readonly message: string
  readonly address: string
  readonly type: string
  readonly bip322_signatures: readonly string[]
  readonly lock_time?: number
  readonly sequence?: number
  readonly additional_inputs?: readonly (
    | { readonly value: number; readonly pk_script: string }
    | readonly { readonly value: number; readonly pk_script: string }[]
  )[]
}

interface Published {
  readonly tx_hashes?: readonly {
    readonly message: string
    readonly address: string
    readonly message_hash: string
    readonly to_spend_tx_hash: string
    readonly to_sign_tx_hash: string
  }[]
  readonly simple?: readonly Signing[]
  readonly full?: readonly Signing[]
  readonly proof_of_funds?: readonly Signing[]
  readonly error?: readonly {
    readonly description: string
    readonly message: string
    readonly address: string
    readonly signature: string
  }[]
}

const form = Address.mainnet
const FORMS = { simple: 'simple', full: 'full', proof_of_funds: 'funds' } as const

function signingCases(
  kind: keyof typeof FORMS,
  { message, address, type, bip322_signatures, ...more }: Signing,
): Case[] {
  return bip322_signatures.map((signature, i) => {
    const name = `${kind}: ${type}: ${message} ${i}`
    const judge = (change: Partial<Parameters<typeof SignedMessage.verify>[0]> = {}) =>
      SignedMessage.verify({ message, address, form, signature, ...change })
    const verdict = judge()
    if (!verdict.ok && verdict.refusal.check === 'script-unsupported')
      return { name, skip: 'its script needs an interpreter' }
    return {
      name,
      run: () => {
        const signed = value(verdict)
        expect(signed.form).toBe(FORMS[kind])
        expect(signed.lockTime).toBe(more.lock_time ?? 0)
        expect(signed.sequence).toBe(more.sequence ?? 0)
        expect(signed.funds.map(({ output }) => [output.amount, hex(output.script)])).toEqual(
          (more.additional_inputs ?? []).flat().map((one) => [BigInt(one.value), one.pk_script]),
        )
        expect(judge({ message: `${message}.` }).ok).toBe(false)
        expect(check(judge({ form: Address.testnet }))).toMatch(/^(address|bech32|base58)-/)
        expect(judge({ signature: signature.slice(0, -4) }).ok).toBe(false)
        expect(judge({ signature: `foo${signature}` }).ok).toBe(false)
      },
    }
  })
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip322',
  cases: ([file]) => {
    const {
      tx_hashes = [],
      simple = [],
      full = [],
      proof_of_funds = [],
      error = [],
      ...rest
    } = (file as NonNullable<typeof file>).json<Published>()
    if (Object.keys(rest).length > 0) throw new Error(`unknown parts ${Object.keys(rest)}`)
    return [
      ...tx_hashes.map(({ message, address, message_hash, to_spend_tx_hash, to_sign_tx_hash }) => ({
        name: `hashes: ${message}`,
        run: () => {
          const spend = SignedMessage.toSpend(message, value(Address.toScript(address, form)))
          expect(hex(SignedMessage.hash(message))).toBe(message_hash)
          expect(Hash256.toDisplay(Transaction.txid(spend))).toBe(to_spend_tx_hash)
          expect(Hash256.toDisplay(Transaction.txid(SignedMessage.toSign(spend)))).toBe(to_sign_tx_hash)
          expect(unhex(message_hash).length).toBe(32)
        },
      })),
      ...simple.flatMap((one) => signingCases('simple', one)),
      ...full.flatMap((one) => signingCases('full', one)),
      ...proof_of_funds.flatMap((one) => signingCases('proof_of_funds', one)),
      ...error.map(({ description, message, address, signature }) => ({
        name: `error: ${description}`,
        run: () => expect(SignedMessage.verify({ message, address, form, signature }).ok).toBe(false),
      })),
    ]
  },
})
