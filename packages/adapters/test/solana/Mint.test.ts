import { Bytes } from '@aitbc/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Mint, NonceAccount, SolanaInstruction } from '../../src/solana/index.js'
import { fill } from './support.js'

const { TOKEN_PROGRAM, TOKEN_2022_PROGRAM } = SolanaInstruction
const base = () => {
  const data = fill(0, 82)
  data[44] = 6
  data[45] = 1
  data[36] = 200
  return data
}
const extended = (...types: readonly (readonly [number, number])[]) =>
  Bytes.concat(
    base(),
    fill(0, 165 - 82),
    Uint8Array.of(1),
    ...types.map(([type, length]) =>
      Bytes.concat(Uint8Array.of(type & 255, type >> 8, length & 255, length >> 8), fill(1, length)),
    ),
  )
const read = (data: Uint8Array, owner = TOKEN_2022_PROGRAM) => Mint.decode({ owner, data })

describe('mints', () => {
  test('default: of the SPL Token program', () => {
    const found = read(base(), TOKEN_PROGRAM)
    expect(found).toEqual({
      ok: true,
      value: { program: TOKEN_PROGRAM, decimals: 6, supply: 200n, freezer: undefined, extensions: [] },
    })
    expect(found.ok && Mint.lockable(found.value).ok).toBe(true)
    const frozen = base()
    frozen[46] = 1
    frozen.fill(9, 50, 82)
    expect(read(frozen, TOKEN_PROGRAM)).toMatchObject({ ok: true, value: { freezer: fill(9) } })
  })

  test('H13: extensions that change what moves, or who may stop or take it, are refused by name', () => {
    const harmful = [
      [1, 108, 'transfer-fee'],
      [3, 32, 'mint-close-authority'],
      [4, 65, 'confidential-transfer'],
      [6, 1, 'default-account-state'],
      [9, 0, 'non-transferable'],
      [12, 32, 'permanent-delegate'],
      [14, 64, 'transfer-hook'],
      [16, 129, 'confidential-transfer-fee'],
      [24, 196, 'confidential-mint-burn'],
      [26, 33, 'pausable'],
      [99, 5, 'unknown-99'],
    ] as const
    for (const [type, length, extension] of harmful) {
      const found = read(extended([18, 64], [type, length]))
      if (!found.ok) throw new Error(found.refusal.message)
      expect(found.value.extensions).toEqual(['metadata-pointer', extension])
      for (const judge of [Mint.transferable, Mint.lockable])
        expect(judge(found.value)).toMatchObject({
          ok: false,
          refusal: { check: 'mint-extension', context: { extension } },
        })
    }
  })

  test('harmless extensions move, and locks hold none of that program', () => {
    const found = read(extended([18, 64], [19, 100], [10, 52], [25, 56], [20, 64], [22, 64]))
    if (!found.ok) throw new Error(found.refusal.message)
    expect(Mint.transferable(found.value).ok).toBe(true)
    expect(Mint.lockable(found.value)).toMatchObject({ ok: false, refusal: { check: 'mint-program' } })
    expect(read(base())).toMatchObject({ ok: true, value: { extensions: [] } })
  })

  test('error: what is no mint', () => {
    const checks = (data: Uint8Array, owner?: Uint8Array) => {
      const found = read(data, owner)
      return found.ok ? 'ok' : found.refusal.check
    }
    expect(checks(base(), fill(1))).toBe('mint-owner')
    expect(checks(fill(0, 81))).toBe('mint-size')
    expect(checks(extended([18, 64]), TOKEN_PROGRAM)).toBe('mint-size')
    expect(checks(fill(0, 82))).toBe('mint-state')
    const account = extended()
    account[165] = 2
    expect(checks(account)).toBe('mint-extensions')
    expect(checks(Bytes.concat(base(), fill(0, 20)))).toBe('mint-extensions')
    expect(checks(extended([18, 64]).slice(0, -1))).toBe('mint-extensions')
    expect(checks(Bytes.concat(extended(), Uint8Array.of(0, 0, 0, 0, 1)))).toBe('mint-extensions')
    expect(checks(Bytes.concat(extended([18, 64]), fill(0, 3)))).toBe('ok')
  })

  test('token accounts: of one mint and owner, frozen or not', () => {
    const data = Bytes.concat(fill(1), fill(2), Uint8Array.of(5, 1), fill(0, 99))
    data[108] = 1
    expect(Mint.decodeTokenAccount({ owner: TOKEN_PROGRAM, data })).toEqual({
      mint: fill(1),
      owner: fill(2),
      amount: 261n,
      frozen: false,
    })
    data[108] = 2
    expect(Mint.decodeTokenAccount({ owner: TOKEN_PROGRAM, data })?.frozen).toBe(true)
    data[108] = 0
    expect(Mint.decodeTokenAccount({ owner: TOKEN_PROGRAM, data })).toBeUndefined()
    expect(Mint.decodeTokenAccount({ owner: fill(3), data })).toBeUndefined()
    expect(Mint.decodeTokenAccount({ owner: TOKEN_PROGRAM, data: data.slice(1) })).toBeUndefined()
  })

  test('property: reading is total', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (data, old) => {
        const owner = old ? TOKEN_PROGRAM : TOKEN_2022_PROGRAM
        Mint.decode({ owner, data })
        Mint.decodeTokenAccount({ owner, data })
        NonceAccount.decode({ owner: fill(0), data })
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS) },
    )
  })
})

describe('durable nonces', () => {
  const nonce = (version = 1, state = 1) =>
    Bytes.concat(
      Uint8Array.of(version, 0, 0, 0, state, 0, 0, 0),
      ...[fill(3), fill(4), Uint8Array.of(0x88, 0x13), fill(0, 6)],
    )
  test('default', () => {
    expect(NonceAccount.decode({ owner: fill(0), data: nonce() })).toEqual({
      ok: true,
      value: { authority: fill(3), value: fill(4), lamportsPerSignature: 5000n },
    })
  })
  test('error: another owner, size, version or state', () => {
    const check = (data: Uint8Array, owner = fill(0)) => {
      const found = NonceAccount.decode({ owner, data })
      return found.ok ? 'ok' : found.refusal.check
    }
    expect(check(nonce(), fill(1))).toBe('nonce-owner')
    expect(check(nonce().slice(1))).toBe('nonce-size')
    expect(check(nonce(0))).toBe('nonce-version')
    expect(check(nonce(1, 0))).toBe('nonce-state')
  })
})
