import { Amount, isAitbcError } from '@aitbc/core'
import { BlockHeader, Rlp, Transaction, TrieProof } from '@aitbc/proofs/ethereum'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { hex, unhex, value } from '../helpers.js'
import { trieOf } from './trie.js'

const only = (files: readonly VectorFile[]): VectorFile => files[0] as VectorFile
const cased = <T>(
  entries: Iterable<readonly [string, T]>,
  run: (one: T, index: number) => void | Promise<void>,
): Case[] => [...entries].map(([name, one], index) => ({ name, run: () => run(one, index) }))
const lower = (address: string) => address.toLowerCase()
const shaped = (one: object, fields: readonly string[], more: readonly string[] = []) => {
  const keys = Object.keys(one)
  for (const key of keys) if (![...fields, ...more].includes(key)) throw new Error(`an unknown field: ${key}`)
  for (const field of fields) if (!keys.includes(field)) throw new Error(`no field ${field}`)
}

type Json = string | number | Json[]
const itemOf = (json: Json): Rlp.Item =>
  Array.isArray(json)
    ? json.map(itemOf)
    : typeof json === 'number'
      ? Rlp.fromBigInt(BigInt(json))
      : json.startsWith('#')
        ? Rlp.fromBigInt(BigInt(json.slice(1)))
        : json.startsWith('0x')
          ? unhex(json)
          : Uint8Array.from([...json].map((character) => character.charCodeAt(0)))

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-execution/ethereum-tests/RLPTests',
  title: 'A17',
  cases: (files) =>
    cased(Object.entries(only(files).json<Record<string, { in: Json; out: string }>>()), (one) => {
      shaped(one, ['in', 'out'])
      const decoded = Rlp.decode(unhex(one.out))
      if (one.in === 'VALID') return expect(hex(Rlp.encode(value(decoded)))).toBe(lower(one.out.slice(2)))
      if (one.in === 'INVALID') return expect(decoded.ok || decoded.refusal.check).toMatch(/^rlp-/)
      expect(hex(Rlp.encode(itemOf(one.in)))).toBe(hex(unhex(one.out)))
      expect(value(decoded)).toEqual(itemOf(one.in))
    }),
})

const bytesOf = (text: string) => (text.startsWith('0x') ? unhex(text) : new TextEncoder().encode(text))

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-execution/ethereum-tests/TrieTests',
  title: 'A14, A15',
  cases: (files) => {
    const file = only(files)
    // What a file's name says of it: keys of these are hashed.
    const secure = /secure/i.test(file.path)
    type Pairs = [string, string | null][] | Record<string, string | null>
    type Steps = { in: Pairs; root: string }
    type Neighbours = { in: string[]; tests: [string, string, string][] }
    const pathOf = (key: Uint8Array) => (secure ? keccak_256(key) : key)
    return Object.entries(file.json<Record<string, Steps | Neighbours>>()).flatMap(([name, one]): Case[] => {
      if ('tests' in one) {
        shaped(one, ['in', 'tests'])
        const trie = trieOf(one.in.map((key) => [bytesOf(key), bytesOf(key)]))
        return one.tests.map(([key, before, after]) => ({
          name: `${name}/${key}`,
          run: () => {
            // Neighbours are a matter of order; that a key is there, or isn't, is proved.
            for (const it of [key, before, after].filter((text) => text !== '')) {
              const held = one.in.includes(it) ? bytesOf(it) : null
              expect(value(TrieProof.verify(trie.root, bytesOf(it), trie.prove(bytesOf(it))))).toEqual(held)
            }
          },
        }))
      }
      shaped(one, ['in', 'root'], ['hexEncoded'])
      return [
        {
          name,
          run: () => {
            const held = new Map<string, Uint8Array>()
            const touched = new Set<string>(['00', 'ffff', ''])
            for (const [k, v] of Array.isArray(one.in) ? one.in : Object.entries(one.in)) {
              const key = hex(bytesOf(k))
              touched.add(key)
              if (v === null) held.delete(key)
              else held.set(key, bytesOf(v))
            }
            const trie = trieOf([...held].map(([key, v]) => [pathOf(unhex(key)), v]))
            expect(`0x${hex(trie.root)}`).toBe(one.root)
            for (const key of touched) {
              const path = pathOf(unhex(key))
              expect(value(TrieProof.verify(trie.root, path, trie.prove(path)))).toEqual(
                held.get(key) ?? null,
              )
            }
          },
        },
      ]
    })
  },
})

/** Names of the forks as the tests have them. */
const RULES: Readonly<Record<string, Transaction.Fork>> = {
  Frontier: 'frontier',
  Homestead: 'homestead',
  EIP150: 'homestead',
  EIP158: 'spuriousDragon',
  Byzantium: 'spuriousDragon',
  Constantinople: 'spuriousDragon',
  ConstantinopleFix: 'spuriousDragon',
  Istanbul: 'istanbul',
  Berlin: 'berlin',
  London: 'london',
  Paris: 'london',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
  Prague: 'prague',
}

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-execution/ethereum-tests/TransactionTests',
  cases: (files) => {
    type Result = { exception?: string; hash?: string; sender?: string; intrinsicGas: string }
    type Test = { txbytes: string; result: Record<string, Result> }
    return Object.entries(only(files).json<Record<string, Test>>()).flatMap(([name, one]) => {
      shaped(one, ['txbytes', 'result'], ['_info'])
      return cased(
        Object.entries(one.result).map(([fork, result]) => [`${name}/${fork}`, { fork, result }]),
        ({ fork, result }) => {
          shaped(result, ['intrinsicGas'], ['exception', 'hash', 'sender'])
          const rules = RULES[fork]
          if (rules === undefined) throw new Error(`an unknown fork: ${fork}`)
          const decoded = Transaction.decode(unhex(one.txbytes))
          const checked = decoded.ok
            ? Transaction.check(decoded.value, { fork: rules, chainId: 1n })
            : decoded
          if (result.exception !== undefined) return expect(checked.ok).toBe(false)
          const { sender, intrinsicGas } = value(checked)
          expect(`0x${hex(sender)}`).toBe(lower(result.sender as string))
          expect(`0x${hex(Transaction.hash(value(decoded)))}`).toBe(result.hash)
          expect(intrinsicGas).toBe(BigInt(result.intrinsicGas))
          expect(hex(Transaction.encode(value(decoded)))).toBe(hex(unhex(one.txbytes)))
        },
      )
    })
  },
})

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-execution/ethereum-tests/BasicTests',
  unused: {
    'crypto.json': 'AES and ECIES of the peer-to-peer protocol: no part of this SDK',
    'hexencodetest.json':
      'hex-prefix encoding by itself: proofs read it inside trie nodes, where TrieTests and the fuzzing of A12 cover it',
  },
  cases: (files): Case[] => {
    const json = only(files).json<unknown>()
    if (!Array.isArray(json)) {
      const { genesis_rlp_hex, genesis_state_root, genesis_hash } = json as Record<string, string>
      return [
        {
          name: 'genesis',
          run: () => {
            const raw = unhex(genesis_rlp_hex as string)
            const block = value(Rlp.span(raw, 0, raw.length))
            const header = raw.subarray(block.start, value(Rlp.span(raw, block.start, block.end)).end)
            const decoded = value(BlockHeader.decode(header))
            expect(hex(BlockHeader.hash(decoded))).toBe(genesis_hash)
            expect(hex(decoded.stateRoot)).toBe(genesis_state_root)
          },
        },
      ]
    }
    type Key = {
      seed: string
      key: string
      addr: string
      sig_of_emptystring: { v: string; r: string; s: string }
    }
    type Tx = {
      key: string
      nonce: number
      gasprice: number
      startgas: number
      to: string
      value: number
      data: string
      unsigned: string
      signed: string
    }
    return cased(
      (json as (Key | Tx)[]).map((one, i) => [String(i), one]),
      (one) => {
        const address = hex(Transaction.addressOf(secp256k1.getPublicKey(unhex(one.key), false)))
        if ('addr' in one) {
          shaped(one, ['seed', 'key', 'addr', 'sig_of_emptystring'])
          expect(hex(keccak_256(new TextEncoder().encode(one.seed)))).toBe(one.key)
          return expect(address).toBe(one.addr)
        }
        shaped(one, ['key', 'nonce', 'gasprice', 'startgas', 'to', 'value', 'data', 'unsigned', 'signed'])
        const tx = value(Transaction.decode(unhex(one.signed)))
        expect(tx).toMatchObject({
          nonce: BigInt(one.nonce),
          gasPrice: BigInt(one.gasprice),
          gasLimit: BigInt(one.startgas),
          value: BigInt(one.value),
          data: unhex(one.data),
        })
        expect(hex(tx.to ?? new Uint8Array(0))).toBe(one.to)
        expect(hex(Transaction.encode(tx))).toBe(one.signed)
        expect(hex(value(Transaction.sender(tx)))).toBe(address)
      },
    )
  },
})

/** Names of the forms in which ethers has one transaction, and their types. */
const FORMS = { Legacy: 0, Eip155: 0, Berlin: 1, London: 2, Cancun: 3 } as const

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-execution/ethers',
  group: (path) => path,
  unused: { 'wallets.json.gz': 'encrypted key files: no part of this SDK keeps keys in them' },
  cases: (files): Case[] => {
    const file = only(files)
    const list = file.json<Record<string, unknown>[]>()
    if (!Array.isArray(list) || list.length === 0) throw new Error('no list of cases')
    const cases = (run: (one: never, index: number) => void) =>
      cased(
        list.map((one, i) => [`${one['name'] ?? one['sender'] ?? i}`, one as never]),
        run,
      )
    const first = list[0] as object
    if ('privateKey' in first && 'address' in first)
      return cases((one: { privateKey: string; address: string }) => {
        shaped(one, ['name', 'privateKey', 'address', 'icap'])
        const key = secp256k1.getPublicKey(unhex(one.privateKey), false)
        expect(`0x${hex(Transaction.addressOf(key))}`).toBe(lower(one.address))
      })
    if ('creates' in first)
      return list.flatMap((one) => {
        const { sender, creates } = one as { sender: string; creates: Record<string, string | number>[] }
        return cased(
          creates.map((it) => [`${sender}/${it['name']}`, it]),
          (it) => {
            const by =
              'nonce' in it
                ? { nonce: BigInt(it['nonce'] as number) }
                : {
                    salt: unhex(it['salt'] as string),
                    initCodeHash: keccak_256(unhex(it['initCode'] as string)),
                  }
            expect(`0x${hex(Transaction.contractAddress(unhex(sender), by))}`).toBe(
              lower(it['address'] as string),
            )
          },
        )
      })
    if ('keccak256' in first)
      return cases((one: { data: string; keccak256: string; sha512: string }) => {
        shaped(one, ['name', 'data', 'sha256', 'sha512', 'ripemd160', 'keccak256'])
        // The hash by which nodes, codes and headers are named here; the others are the library's.
        expect(`0x${hex(keccak_256(unhex(one.data)))}`).toBe(one.keccak256)
        expect(`0x${hex(sha512(unhex(one.data)))}`).toBe(one.sha512)
      })
    if ('encoded' in first)
      return cases((one: { decoded: Json; encoded: string }) => {
        shaped(one, ['name', 'decoded', 'encoded'])
        expect(`0x${hex(Rlp.encode(itemOf(one.decoded)))}`).toBe(one.encoded)
        expect(value(Rlp.decode(unhex(one.encoded)))).toEqual(itemOf(one.decoded))
      })
    if ('wei' in first) return cases(unit)
    if ('transaction' in first) return cases(transaction)
    throw new Error(`${file.path} has a shape that isn't known`)
  },
})

const DECIMALS: Readonly<Record<string, number>> = {
  wei: 0,
  kwei: 3,
  mwei: 6,
  gwei: 9,
  szabo: 12,
  finney: 15,
  ether: 18,
  satoshi: 8,
}

/** Amounts here are never negative, have digits before the point, no sign, and no more of them than the asset has decimals. */
function unit(one: Record<string, string>): void {
  const wei = BigInt(one['wei'] as string)
  for (const [name, text] of Object.entries(one)) {
    if (name === 'name' || name === 'wei') continue
    const plain = name.replace('_format', '')
    const decimals = DECIMALS[plain]
    if (decimals === undefined) throw new Error(`an unknown unit: ${name}`)
    if (wei < 0n || !/^(0|[1-9]\d*)(\.\d+)?$/.test(text)) {
      expect(
        refused(() => Amount.parse(text, decimals)),
        text,
      ).toBe(true)
      continue
    }
    if (name.endsWith('_format')) expect(Amount.format(wei, decimals)).toBe(text.replace(/\.0$/, ''))
    expect(Amount.parse(text, decimals)).toBe(wei)
  }
}

function refused(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch (error) {
    return isAitbcError(error)
  }
}

type Vector = Readonly<Record<string, string>> & { readonly transaction: Readonly<Record<string, unknown>> }

const numberOf = (said: unknown): bigint =>
  said === undefined || said === '0x' ? 0n : BigInt(said as string)

function transaction(one: Vector, index: number): void {
  const forms = Object.keys(FORMS).filter((form) => `signed${form}` in one) as (keyof typeof FORMS)[]
  const known = [
    'name',
    'transaction',
    'privateKey',
    ...forms.flatMap((form) => [`signed${form}`, `unsigned${form}`, `signature${form}`]),
  ]
  shaped(one, ['name', 'transaction', 'privateKey'], known)
  const said = one.transaction
  for (const form of forms) {
    // Where a form doesn't fit (no chain, no receiver), its text is empty.
    if (one[`signed${form}`] === '') continue
    const raw = unhex(one[`signed${form}`] as string)
    const decoded = Transaction.decode(raw)
    const tx = value(decoded)
    expect(tx.type, form).toBe(FORMS[form])
    expect(hex(Transaction.encode(tx)), form).toBe(hex(raw))
    const unsigned = unhex(one[`unsigned${form}`] as string)
    const [chain] = value(Rlp.decode(tx.type === 0 ? unsigned : unsigned.subarray(1))).slice(
      6,
    ) as Uint8Array[]
    // Chain 0 is written as a byte in some: that is no number in RLP, and so nothing that a sender can have signed.
    const canonical = form !== 'Eip155' || chain?.[0] !== 0
    expect(hex(Transaction.signingHash(tx)) === hex(keccak_256(unsigned)), form).toBe(canonical)
    for (const [name, text] of Object.entries({
      nonce: said['nonce'],
      gasLimit: said['gasLimit'],
      value: said['value'],
    }))
      expect(tx[name as 'nonce'], `${form}: ${name}`).toBe(numberOf(text))
    expect(hex(tx.data)).toBe(hex(unhex((said['data'] as string | undefined) ?? '')))
    const signature = one[`signature${form}`] as unknown as { r: string; s: string } | undefined
    if (signature !== undefined)
      expect([tx.signature.r, tx.signature.s]).toEqual([BigInt(signature.r), BigInt(signature.s)])
    // Recovery takes a millisecond: of each transaction one form, another one each time.
    if (form === forms[index % forms.length])
      expect(
        hex(value(Transaction.sender(tx))) ===
          hex(Transaction.addressOf(secp256k1.getPublicKey(unhex(one['privateKey'] as string), false))),
      ).toBe(canonical)
  }
}

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-execution/ethereum-tests/ABITests',
  unused: {
    'basic_abi_tests.json':
      'contract ABI encoding is viem’s in adapters, and tested there; proofs encode fixed words only',
  },
  cases: () => [],
})
