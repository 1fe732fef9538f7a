import { Psbt } from '@aitbc/adapters/bitcoin-wallet'
import { Bytes } from '@aitbc/core'
import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import { Address, Wif } from '@aitbc/proofs/bitcoin-script'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, flip, hex, unhex, value } from './helpers.js'

const base64 = {
  decode: (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
  encode: (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)),
}

/** What the text of a BIP shows, under the heading that it stands below. */
interface Row {
  readonly section: string
  readonly case: string
  readonly hex?: string
  readonly base64?: string
}

/** Bitcoin Core's `rpc_psbt.json`; PSBTs in base64. */
interface Rpc {
  readonly invalid: readonly string[]
  readonly invalid_with_msg?: readonly (readonly [string, string])[]
  readonly valid: readonly string[]
  readonly creator: readonly {
    readonly inputs: readonly { readonly txid: string; readonly vout: number; readonly sequence?: number }[]
    readonly outputs: readonly Readonly<Record<string, number>>[]
    readonly version?: number
    readonly result: string
  }[]
  readonly signer: readonly {
    readonly privkeys: readonly string[]
    readonly psbt: string
    readonly result: string
  }[]
  readonly combiner: readonly { readonly combine: readonly string[]; readonly result: string }[]
  readonly finalizer: readonly { readonly finalize: string; readonly result: string }[]
  readonly extractor: readonly { readonly extract: string; readonly result: string }[]
}

const bytesOf = ({ hex, base64: text }: Row): Uint8Array => {
  if (text !== undefined) return base64.decode(text)
  if (hex === undefined) throw new Error('neither hex nor base64')
  return unhex(hex)
}

/** One encoding each, also of a copy that ends too early or too late. */
function valid(bytes: Uint8Array): Psbt.Psbt {
  const psbt = value(Psbt.decode(bytes))
  expect(hex(Psbt.encode(psbt))).toBe(hex(bytes))
  expect(Psbt.decode(bytes.subarray(0, -1)).ok).toBe(false)
  expect(Psbt.decode(Bytes.concat(bytes, Uint8Array.of(0))).ok).toBe(false)
  expect(Psbt.decode(flip(bytes, 3)).ok).toBe(false)
  return psbt
}

/** What is not even base64 is read as it stands. */
const anything = (text: string): Uint8Array => {
  try {
    return base64.decode(text)
  } catch {
    return new TextEncoder().encode(text)
  }
}

const invalid = (bytes: Uint8Array) => expect(check(Psbt.decode(bytes))).toMatch(/^psbt-/)

/** A signature in each input that has one is of its key over this transaction, and over no other. */
function signed(psbt: Psbt.Psbt): number {
  let signatures = 0
  psbt.inputs.forEach((map, i) => {
    if (!map.some(({ type }) => type === 0x02 || type === 0x13 || type === 0x14)) return
    signatures += value(Psbt.verifySignatures(psbt, i))
    const raw = Psbt.get(psbt.global, 0)
    if (raw === undefined) return
    const other = flip(raw, 8 * (raw.length - 1) + 7)
    const global = psbt.global.map((field) => (field.type === 0 ? { ...field, value: other } : field))
    expect(check(Psbt.verifySignatures({ ...psbt, global }, i))).toBe('signature')
  })
  return signatures
}

/** The parts make the whole; its fields may stand in another order than ours, which is that of their keys. */
function combined(parts: readonly Psbt.Psbt[], whole: Psbt.Psbt, inOrder = false): void {
  const joined = value(Psbt.combine(parts))
  expect(hex(Psbt.encode(joined))).toBe(hex(Psbt.encode(value(Psbt.combine([whole])))))
  if (inOrder) expect(hex(Psbt.encode(joined))).toBe(hex(Psbt.encode(whole)))
  const [first, ...more] = parts as [Psbt.Psbt, ...Psbt.Psbt[]]
  const raw = Psbt.get(first.global, 0) as Uint8Array
  const other = { ...first, global: [{ type: 0, key: new Uint8Array(0), value: flip(raw, 0) }] }
  expect(check(Psbt.combine([...more, other]))).toBe('psbt-other')
}

/** Every input stands the checks of a signer, or one names what fails. */
const signer = (psbt: Psbt.Psbt) => psbt.inputs.map((_, i) => Psbt.verifyInput(psbt, i))

function bipCases(rows: readonly Row[]): Case[] {
  return rows.map((row, i) => {
    const { section } = row
    const bytes = bytesOf(row)
    const before = (back: number) => value(Psbt.decode(bytesOf(rows[i - back] as Row)))
    const run = (): void => {
      if (/are invalid PSBTs/.test(section)) invalid(bytes)
      else if (/are valid PSBTs|two PSBTs with unknown/.test(section)) valid(bytes)
      else if (/^Fails Signer checks$/.test(section))
        expect(
          signer(valid(bytes))
            .filter(({ ok }) => !ok)
            .map(check)
            .join(),
        ).toMatch(/^psbt-/)
      else if (/cannot be computed/.test(section))
        expect(check(Psbt.lockTime(valid(bytes)))).toBe('psbt-lock-time')
      else if (/should be computed to be/.test(section)) {
        const psbt = valid(bytes)
        const expected = Number(/be ([0-9]+):/.exec(section)?.[1])
        expect(value(Psbt.lockTime(psbt))).toBe(expected)
        expect(value(Psbt.transactionOf(psbt)).lockTime).toBe(expected)
      } else if (/combiner .*must /.test(section))
        combined([before(2), before(1)], valid(bytes), /lexicographically/.test(section))
      else if (/finalizer must create/.test(section)) {
        valid(bytes)
        expect(hex(Psbt.encode(value(Psbt.finalize(before(1)))))).toBe(hex(bytes))
      } else if (/extractor must create/.test(section))
        expect(hex(Transaction.encode(value(Psbt.extract(before(1)))))).toBe(hex(bytes))
      else if (/must create this PSBT/i.test(section)) {
        const psbt = valid(bytes)
        if (psbt.inputs.some((map) => map.length > 0)) for (const verdict of signer(psbt)) value(verdict)
        signed(psbt)
      } else throw new Error(`unknown section ${section}`)
    }
    return { name: `${section} ${row.case}`, run }
  })
}

function rpcCases(file: Rpc): Case[] {
  const kinds: { readonly [K in keyof Rpc]-?: (items: NonNullable<Rpc[K]>) => readonly (() => void)[] } = {
    invalid: (items) => items.map((text) => () => invalid(anything(text))),
    invalid_with_msg: (items) =>
      items.map(
        ([text]) =>
          () =>
            invalid(base64.decode(text)),
      ),
    valid: (items) => items.map((text) => () => void valid(base64.decode(text))),
    creator: (items) =>
      items.map(({ inputs, outputs, version = 0, result }) => () => {
        expect(version).toBe(0)
        const psbt = Psbt.create({
          version: 2,
          inputs: inputs.map(({ txid, vout, sequence = 0xffffffff }) => ({
            txid: Hash256.fromDisplay(txid),
            index: vout,
            script: new Uint8Array(0),
            sequence,
            witness: [],
          })),
          outputs: outputs.flatMap((output) =>
            Object.entries(output).map(([address, amount]) => {
              const scripts = [Address.mainnet, Address.testnet, Address.regtest].map((form) =>
                Address.toScript(address, form),
              )
              const script = scripts.find(({ ok }) => ok)
              if (script === undefined) throw new Error(`${address} is no address`)
              return { amount: BigInt(Math.round(amount * 1e8)), script: value(script) }
            }),
          ),
          lockTime: 0,
        })
        expect(base64.encode(Psbt.encode(psbt))).toBe(result)
      }),
    signer: (items) =>
      items.map(({ privkeys, psbt, result }) => () => {
        if (psbt === result) {
          // Nothing to sign for whoever looks first.
          const refused = signer(valid(base64.decode(psbt))).filter(({ ok }) => !ok)
          expect(refused.map(check).join()).toMatch(/^psbt-/)
          return
        }
        const [before, after] = [psbt, result].map((text) => valid(base64.decode(text))) as [
          Psbt.Psbt,
          Psbt.Psbt,
        ]
        const own = privkeys
          .map((text) => value(Wif.decode(text, Address.testnet)))
          .map(({ key, compressed }) => hex(secp256k1.getPublicKey(key, compressed)))
        let added = 0
        after.inputs.forEach((map, i) => {
          const known = (before.inputs[i] as readonly Psbt.Field[]).map(
            ({ type, key }) => `${type}:${hex(key)}`,
          )
          for (const { type, key } of map)
            if (!known.includes(`${type}:${hex(key)}`)) {
              expect([0x02, 0x13, 0x14]).toContain(type)
              if (type === 0x02) expect(own).toContain(hex(key))
              if (type === 0x14) expect(own.map((one) => one.slice(2))).toContain(hex(key.slice(0, 32)))
              added++
            }
        })
        expect(added).toBeGreaterThan(0)
        expect(signed(after)).toBeGreaterThanOrEqual(added)
      }),
    combiner: (items) =>
      items.map(({ combine, result }) => () => {
        combined(
          combine.map((text) => valid(base64.decode(text))),
          valid(base64.decode(result)),
        )
      }),
    finalizer: (items) =>
      items.map(({ finalize, result }) => () => {
        const final = Psbt.finalize(valid(base64.decode(finalize)))
        expect(base64.encode(Psbt.encode(value(final)))).toBe(result)
      }),
    extractor: (items) =>
      items.map(({ extract, result }) => () => {
        const psbt = valid(base64.decode(extract))
        expect(hex(Transaction.encode(value(Psbt.extract(psbt))))).toBe(result)
        const [input = [], ...more] = psbt.inputs
        expect(
          check(Psbt.extract({ ...psbt, inputs: [input.filter(({ type }) => type < 7), ...more] })),
        ).toBe('psbt-not-final')
      }),
  }
  return Object.entries(file).flatMap(([name, items]) => {
    const kind = kinds[name as keyof Rpc] as ((items: unknown) => readonly (() => void)[]) | undefined
    if (kind === undefined) throw new Error(`unknown kind ${name}`)
    return kind(items).map((run, i) => ({ name: `${name} ${i}`, run }))
  })
}

const isRows = (content: unknown): content is readonly Row[] => Array.isArray(content)

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/psbt',
  title: 'A11',
  group: (path) => (path.startsWith('rust-bitcoin/') ? 'rust-bitcoin' : path),
  unused: {
    'rust-bitcoin/psbt_bincode':
      'an encoding of the Rust library bincode around what the file psbt_base64.json has',
  },
  cases: (files) => {
    const [file] = files as [VectorFile]
    if (file.path.startsWith('rust-bitcoin/')) return rustCases(files)
    const content = file.json<readonly Row[] | Rpc>()
    return isRows(content) ? bipCases(content) : rpcCases(content)
  },
})

/** PSBTs of one file each, in hex or base64; some are made of others, as their names say. */
function rustCases(files: readonly VectorFile[]): Case[] {
  const all = new Map(
    files.map((file): [string, Uint8Array] => {
      const name = file.path.replace('rust-bitcoin/', '')
      return [name, name.endsWith('.json') ? base64.decode(file.json<string>()) : unhex(file.text().trim())]
    }),
  )
  const made: Readonly<Record<string, readonly string[]>> = {
    combine_psbt_hex: ['sign_1_psbt_hex', 'sign_2_psbt_hex'],
    lex_combine_psbt_hex: ['lex_psbt_1_hex', 'lex_psbt_2_hex'],
  }
  const read = (name: string) => value(Psbt.decode(all.get(name) as Uint8Array))
  return [...all].map(([name, bytes]) => ({
    name,
    run: () => {
      const psbt = valid(bytes)
      if (name.startsWith('sign_')) expect(signed(psbt)).toBeGreaterThan(0)
      const parts = made[name]
      if (parts?.every((part) => all.has(part))) combined(parts.map(read), psbt, name.startsWith('lex_'))
      if (name === 'finalize_psbt_hex' && all.has('combine_psbt_hex')) {
        expect(hex(Psbt.encode(value(Psbt.finalize(read('combine_psbt_hex')))))).toBe(hex(bytes))
        value(Psbt.extract(psbt))
      }
    },
  }))
}
