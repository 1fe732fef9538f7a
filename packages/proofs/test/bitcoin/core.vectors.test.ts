import { Transaction, TransactionRules } from '@aitbc/proofs/bitcoin'
import {
  Address,
  Base58,
  InputSignature,
  Script,
  Sighash,
  Signature,
  Wif,
} from '@aitbc/proofs/bitcoin-script'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, hex, unhex, value } from '../helpers.js'
import { parseAsm } from './asm.js'
import { filterCases } from './filters.js'
import { taprootCases } from './taprootWallet.js'

const FORMS: Readonly<Record<string, Address.Form>> = {
  main: Address.mainnet,
  test: Address.testnet,
  testnet4: Address.testnet,
  signet: Address.testnet,
  regtest: Address.regtest,
}
const INTERPRETER = 'only a script interpreter can tell'

/** Rows without comments, which have one column. */
const rows = <T extends readonly unknown[]>(file: VectorFile): readonly T[] =>
  file.json<readonly (T | readonly [string])[]>().filter((row): row is T => row.length > 1)

/** Checks that came with a rule, by the name that Bitcoin Core has for it. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  P2SH: ['script-hash', 'script-push', 'push-minimal'],
  DERSIG: ['signature-der'],
  STRICTENC: ['signature-der', 'sighash-type', 'key-form'],
  LOW_S: ['signature-der', 'signature-high-s'],
  NULLDUMMY: ['multisig-dummy'],
  WITNESS: ['witness-program', 'script-sig', 'witness-unexpected'],
  TAPROOT: ['control-block', 'taproot-commitment', 'key-off-curve', 'witness-empty', 'signature-length'],
}
/** Rules of relay, not of blocks. */
const POLICY = [
  'STRICTENC',
  'LOW_S',
  'MINIMALDATA',
  'SIGPUSHONLY',
  'CLEANSTACK',
  'NULLFAIL',
  'MINIMALIF',
  'CONST_SCRIPTCODE',
  'WITNESS_PUBKEYTYPE',
]
const isPolicy = (flags: readonly string[]) =>
  flags.some((flag) => POLICY.includes(flag) || flag.startsWith('DISCOURAGE_'))

const readers: Readonly<Record<string, (file: VectorFile) => Case[]>> = {
  'base58_encode_decode.json': (file) =>
    file.json<readonly (readonly [string, string])[]>().map(([bytes, text]) => ({
      name: text,
      run: () => {
        expect(hex(value(Base58.decode(text)))).toBe(bytes.toLowerCase())
        expect(Base58.encode(unhex(bytes))).toBe(text)
      },
    })),

  'bip341_wallet_vectors.json': (file) => taprootCases(file.json()),
  'blockfilters.json': (file) => filterCases(file.json()),

  'key_io_valid.json': (file) =>
    file
      .json<
        readonly (readonly [
          string,
          string,
          { chain: string; isPrivkey: boolean; isCompressed?: boolean; tryCaseFlip?: boolean },
        ])[]
      >()
      .map(([text, bytes, { chain, isPrivkey, isCompressed, tryCaseFlip = false }]) => ({
        name: `A10: ${chain}: ${text}`,
        run: () => {
          const form = FORMS[chain]
          if (form === undefined) throw new Error(`unknown chain ${chain}`)
          const others = Object.values(FORMS).filter((other) => other.prefix !== form.prefix)
          if (isPrivkey) {
            const decoded = value(Wif.decode(text, form))
            expect([hex(decoded.key), decoded.compressed]).toEqual([bytes, isCompressed])
            expect(Wif.encode(decoded, form)).toBe(text)
            expect(Address.toScript(text, form).ok).toBe(false)
            for (const other of others)
              expect(Wif.decode(text, other).ok).toBe(other.privateKey === form.privateKey)
            return
          }
          expect(hex(value(Address.toScript(text, form)))).toBe(bytes)
          expect(value(Address.fromScript(unhex(bytes), form))).toBe(text)
          expect(Wif.decode(text, form).ok).toBe(false)
          const flipped = text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase()
          expect(Address.toScript(flipped, form).ok).toBe(tryCaseFlip)
        },
      })),

  'key_io_invalid.json': (file) =>
    file.json<readonly (readonly [string])[]>().map(([text]) => ({
      name: `A10: ${text}`,
      run: () => {
        for (const form of Object.values(FORMS)) {
          expect(Address.toScript(text, form).ok).toBe(false)
          expect(Wif.decode(text, form).ok).toBe(false)
        }
      },
    })),

  'sig_canonical.json': (file) =>
    file.json<readonly string[]>().map((text) => ({
      name: `A8: ${text}`,
      run: () => {
        const { compact, hashType } = value(Signature.decode(unhex(text), 'consensus'))
        expect(compact.length).toBe(64)
        expect(hashType).toBe(unhex(text).at(-1))
        const relayed = Signature.decode(unhex(text))
        if (!relayed.ok) expect(relayed.refusal.check).toBe('signature-high-s')
        expect(check(Signature.decode(unhex(`${text}00`)))).toBe('signature-der')
        expect(check(Signature.decode(unhex(text).subarray(1)))).toBe('signature-der')
      },
    })),
  'sig_noncanonical.json': (file) => {
    const lines = file.json<readonly string[]>()
    // A label stands before each; what is not hex is a comment.
    return lines.flatMap((text, i): Case[] =>
      /^([0-9a-f]{2})+$/i.test(text)
        ? [
            {
              name: `A8: ${lines[i - 1]} ${text}`,
              run: () =>
                expect(check(Signature.decode(unhex(text)))).toMatch(/^(signature-der|sighash-type)$/),
            },
          ]
        : [],
    )
  },

  'sighash.json': (file) =>
    rows<readonly [string, string, number, number, string]>(file).map(
      ([raw, code, index, hashType, digest], i) => ({
        name: `A7: ${i}: input ${index}, type ${hashType}`,
        run: () => {
          const transaction = value(Transaction.decode(unhex(raw)))
          expect(hex(Transaction.encode(transaction))).toBe(raw)
          const own = value(Sighash.legacy(transaction, index, unhex(code), hashType))
          expect(hex(own.slice().reverse())).toBe(digest)
          const other = value(
            Sighash.legacy(
              { ...transaction, version: transaction.version ^ 1 },
              index,
              unhex(code),
              hashType,
            ),
          )
          // SINGLE without an output of its index is one, whatever the transaction (the bug of A7).
          const bug = (hashType & 0x1f) === Sighash.TYPE.single && index >= transaction.outputs.length
          expect(hex(other) === hex(own)).toBe(bug)
        },
      }),
    ),

  'tx_valid.json': (file) =>
    rows<TransactionRow>(file).map((row, i) => ({
      name: `${i}: ${row[2]}`,
      run: () => {
        const { transaction, prevouts, flags } = readRow(row)
        value(TransactionRules.verify(transaction))
        if (Transaction.isCoinbase(transaction)) return
        transaction.inputs.forEach((_, index) => {
          const today = InputSignature.verify(transaction, index, prevouts, { rules: 'consensus' })
          // What the entry leaves out may be what refuses it.
          if (!today.ok && today.refusal.check !== 'script-unsupported')
            expect(flags.flatMap((flag) => CHECKS[flag] ?? [])).toContain(today.refusal.check)
          const relayed = InputSignature.verify(transaction, index, prevouts)
          // A signature that commits to nothing is one that nodes do relay.
          if (flags.join() === 'NONE' && !relayed.ok)
            expect(['script-unsupported', 'sighash-single']).toContain(relayed.refusal.check)
        })
      },
    })),

  'tx_invalid.json': (file) =>
    rows<TransactionRow>(file).map((row, i) => ({
      name: `${i}: ${row[2]}`,
      run: () => {
        const flags = row[2].split(',')
        const decoded = Transaction.decode(unhex(row[1]))
        const sound = decoded.ok ? TransactionRules.verify(decoded.value) : decoded
        if (!sound.ok) {
          expect(flags).toEqual(['BADTX'])
          expect(sound.refusal.check).toMatch(/^(transaction-|coinbase)/)
          return
        }
        expect(flags).not.toContain('BADTX')
        const { transaction, prevouts } = readRow(row)
        const rules = isPolicy(flags) ? 'standard' : 'consensus'
        const verdicts = transaction.inputs.map((_, index) =>
          InputSignature.verify(transaction, index, prevouts, { rules }),
        )
        expect(verdicts.every(({ ok }) => ok)).toBe(false)
      },
    })),

  'script_tests.json': (file) =>
    rows<readonly (string | readonly (string | number)[])[]>(file).map((row, i) => scriptCase(row, i)),
}

type TransactionRow = readonly [readonly (readonly [string, number, string, number?])[], string, string]

function readRow([outputs, raw, flags]: TransactionRow) {
  const transaction = value(Transaction.decode(unhex(raw)))
  expect(hex(Transaction.encode(transaction))).toBe(raw)
  const prevouts = transaction.inputs.map(({ txid, index }) => {
    const found = outputs.find(([hash, at]) => hash === hex(txid.slice().reverse()) && at >>> 0 === index)
    if (found === undefined) throw new Error('an input spends nothing that is listed')
    return { amount: BigInt(found[3] ?? 0), script: parseAsm(found[2]) }
  })
  return { transaction, prevouts, flags: flags.split(',') }
}

/** What refuses where the interpreter names this error. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  SIG_DER: ['signature-der'],
  SIG_HIGH_S: ['signature-high-s'],
  SIG_HASHTYPE: ['sighash-type', 'signature-der'],
  SIG_NULLDUMMY: ['multisig-dummy'],
  PUBKEYTYPE: ['key-form'],
  WITNESS_PUBKEYTYPE: ['key-form'],
  WITNESS_PROGRAM_WRONG_LENGTH: ['witness-program'],
  WITNESS_UNEXPECTED: ['witness-unexpected'],
  WITNESS_MALLEATED: ['script-sig'],
  WITNESS_MALLEATED_P2SH: ['script-sig'],
}

/** One spend of one output as `script_tests.json` describes it, as far as it needs no interpreter. */
function scriptCase(row: readonly (string | readonly (string | number)[])[], i: number): Case {
  const [first] = row
  const [items, rest] = typeof first === 'string' ? [[], row] : [first ?? [], row.slice(1)]
  const [unlocking, locking, flagList, expected, note = ''] = rest as readonly string[]
  if (unlocking === undefined || locking === undefined || flagList === undefined || expected === undefined)
    throw new Error(`row ${i} is no script test`)
  const name = `${i}: ${expected} ${note}`
  if ([...items, locking].some((item) => String(item).includes('#')))
    return { name, skip: "written with placeholders that only Core's own test program fills" }
  const flags = flagList.split(',')
  const witness = items.slice(0, -1).map((item) => unhex(String(item)))
  const amount = BigInt(Math.round(Number(items.at(-1) ?? 0) * 1e8))
  const script = parseAsm(locking)
  const credit: Transaction.Transaction = {
    version: 1,
    inputs: [
      {
        txid: new Uint8Array(32),
        index: 0xffffffff,
        script: Uint8Array.of(0, 0),
        sequence: 0xffffffff,
        witness: [],
      },
    ],
    outputs: [{ amount, script }],
    lockTime: 0,
  }
  const spend: Transaction.Transaction = {
    version: 1,
    inputs: [
      {
        txid: Transaction.txid(credit),
        index: 0,
        script: parseAsm(unlocking),
        sequence: 0xffffffff,
        witness,
      },
    ],
    outputs: [{ amount, script: new Uint8Array(0) }],
    lockTime: 0,
  }
  const rules = isPolicy(flags) && expected !== 'OK' ? 'standard' : 'consensus'
  const verdict = InputSignature.verify(spend, 0, credit.outputs, { rules })
  const missing = Object.keys(CHECKS).filter((flag) => !flags.includes(flag))
  if (!verdict.ok && verdict.refusal.check === 'script-unsupported') return { name, skip: INTERPRETER }
  if (expected === 'OK' && (!flags.includes('P2SH') || !flags.includes('WITNESS')) && !verdict.ok)
    if (Script.scriptHash(script) !== undefined || Script.witnessProgram(script) !== undefined)
      return { name, skip: 'it passes by rules from before script hashes or SegWit' }
  return {
    name,
    run: () => {
      const whole = Script.read(script)
      expect(whole.operations.reduce((sum, { at, end }) => sum + end - at, 0)).toBe(whole.end)
      if (expected === 'OK') {
        // Rules that the entry doesn't have may refuse it; those it has may not.
        if (!verdict.ok)
          expect(missing.flatMap((flag) => CHECKS[flag] ?? [])).toContain(verdict.refusal.check)
        return
      }
      expect(ERRORS[expected] ?? [check(verdict)]).toContain(check(verdict))
    },
  }
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/core',
  cases: ([file]) => {
    const { path } = file as VectorFile
    const reader = readers[path]
    if (reader === undefined) throw new Error(`no reader knows ${path}`)
    return reader(file as VectorFile)
  },
})
