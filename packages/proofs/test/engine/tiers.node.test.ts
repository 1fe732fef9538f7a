import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Batch, Engine, Hashing, WebCrypto } from '@aitbc/proofs/engine'
import { createNodeEngine } from '@aitbc/proofs/node'
import { describe, expect, test } from 'vitest'
import { list, vectorsFolder } from '../../../../scripts/vectors/files.js'
import { checkOf, SPOILT, torsioned } from './checks.js'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

/** Every ed25519 signature of the published data: ZIP-215, "Taming the many EdDSAs", Wycheproof. */
function published(): readonly { readonly from: string; readonly check: Engine.Check }[] {
  const base = vectorsFolder()
  if (base === undefined) return []
  const folder = join(base, 'crypto')
  const zcash = new TextEncoder().encode('Zcash')
  return list(folder).flatMap((path) => {
    if (!/^ed25519\/.*\.json$|^wycheproof\/ed25519.*\.json$/.test(path)) return []
    const json = JSON.parse(readFileSync(join(folder, path), 'utf8'))
    const from = (all: readonly Engine.Check[]) => all.map((check) => ({ from: path, check }))
    if (!Array.isArray(json))
      return json.testGroups.flatMap(
        (group: { publicKey: { pk: string }; tests: { msg: string; sig: string }[] }) =>
          from(
            group.tests.map(({ msg, sig }) => ({
              publicKey: bytes(group.publicKey.pk),
              message: bytes(msg),
              signature: bytes(sig),
            })),
          ),
      )
    return from(
      json.map((it: Record<string, string>) =>
        it['vk_bytes'] === undefined
          ? {
              publicKey: bytes(it['pub_key'] as string),
              message: bytes(it['message'] as string),
              signature: bytes(it['signature'] as string),
            }
          : { publicKey: bytes(it['vk_bytes']), message: zcash, signature: bytes(it['sig_bytes'] as string) },
      ),
    )
  })
}

const vectors = published()
const oracles = {
  zip215: Engine.noble(vectors.map(({ check }) => check)),
  strict: Engine.noble(
    vectors.map(({ check }) => check),
    'strict',
  ),
}
const tiers: Readonly<Record<string, Engine.Signing>> = {
  batch: Batch.create(),
  webcrypto: (await WebCrypto.create()) as Engine.Signing,
  node: createNodeEngine(),
  'node, three threads': createNodeEngine({ threads: 3, keys: 8 }),
  'node, no threads': createNodeEngine({ threads: 0 }),
}

describe.each(Object.entries(tiers))('%s', (_, tier) => {
  test.skipIf(vectors.length === 0).each(['zip215', 'strict'] as const)(
    'A59: published signatures get the answers of noble by %s (skipped without vectors)',
    async (rule) => {
      const checks = vectors.map(({ check }) => check)
      const oracle = oracles[rule]
      const answers = await tier.verifyMany(checks, { rule })
      expect(checks.flatMap((_, i) => (answers[i] === oracle[i] ? [] : [vectors[i]?.from]))).toEqual([])
      expect(answers.length).toBe(checks.length)
      expect(new Set(oracle)).toEqual(new Set([true, false]))
    },
  )

  test('A59: a wrong one is named wherever it stands', async () => {
    const good = Array.from({ length: 12 }, (_, i) => checkOf(i))
    expect(await tier.verifyMany(good)).toEqual(good.map(() => true))
    for (let at = 0; at < good.length; at++) {
      const ways = Object.values(SPOILT)
      const spoil = ways[at % ways.length] as (it: Engine.Check) => Engine.Check
      const checks = good.map((check, i) => (i === at ? spoil(check) : check))
      expect(await tier.verifyMany(checks)).toEqual(Engine.noble(checks))
      const strict = await tier.verifyMany(checks, { rule: 'strict' })
      expect(strict.flatMap((yes, i) => (yes ? [] : [i]))).toEqual([at])
    }
  })

  test('A59: parts of small order', async () => {
    const checks = Array.from({ length: 8 }, (_, i) => torsioned(i, 3 * i + 1))
    expect(await tier.verifyMany(checks)).toEqual(checks.map(() => true))
    expect(await tier.verifyMany(checks, { rule: 'strict' })).toEqual(Engine.noble(checks, 'strict'))
  })

  test('none, and an abort', async () => {
    expect(await tier.verifyMany([])).toEqual([])
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(tier.verifyMany([checkOf(1)], { signal })).rejects.toThrow('stop')
  })
})

test.skipIf(vectors.length === 0)('noble answers ZIP-215 as published (skipped without vectors)', () => {
  const path = join(vectorsFolder() as string, 'crypto/ed25519/zip215.json')
  const cases: { vk_bytes: string; sig_bytes: string; valid_zip215: boolean }[] = JSON.parse(
    readFileSync(path, 'utf8'),
  )
  const message = new TextEncoder().encode('Zcash')
  for (const { vk_bytes, sig_bytes, valid_zip215 } of cases)
    expect(Engine.noble([{ publicKey: bytes(vk_bytes), message, signature: bytes(sig_bytes) }])).toEqual([
      valid_zip215,
    ])
})

test('without WebAssembly, Node hashes by noble', () => {
  const { Module } = WebAssembly
  const forbidden = () => {
    throw new Error('CompileError')
  }
  Object.assign(WebAssembly, { Module: forbidden })
  try {
    const { sha256 } = createNodeEngine()
    expect(sha256).toBe(Hashing.noble.sha256)
  } finally {
    Object.assign(WebAssembly, { Module })
  }
  expect(createNodeEngine().sha256).not.toBe(Hashing.noble.sha256)
})
