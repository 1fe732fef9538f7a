import { AitbcError, CoreErrors, defineErrors, isAitbcError, show } from '@aitbc/core'
import { describe, expect, test } from 'vitest'
import { JUNK } from './support.js'

describe('CoreErrors', () => {
  test('append only: every tag keeps its code', () => {
    expect(
      Object.fromEntries(Object.entries(CoreErrors.entries).map(([tag, { code }]) => [tag, code])),
    ).toMatchObject({
      InvalidChainId: 1001,
      InvalidAccountId: 1002,
      InvalidAssetId: 1003,
      InvalidAmount: 1004,
      InvalidBytes: 1005,
      InvalidDeadline: 1006,
      ClockMismatch: 1007,
      InvalidHashlock: 1008,
      InvalidSecret: 1009,
      InvalidLockTerms: 1010,
      InvalidNetwork: 1011,
      InvalidEncoding: 1012,
      InvalidArgument: 1013,
      InvalidSeed: 1014,
      RecordUnreadable: 1015,
      ForeignNetwork: 1016,
      JournalCorrupt: 1101,
      JournalFromFuture: 1102,
      JournalClosed: 1103,
      StorageConflict: 1104,
      StorageUnavailable: 1105,
      ChannelClosed: 1106,
      RpcTimeout: 1201,
      RpcUnreachable: 1202,
      RpcRejected: 1203,
      RpcMalformed: 1204,
      RpcRateLimited: 1205,
      RpcDisagreement: 1206,
      RpcNoQuorum: 1207,
      RpcTooLarge: 1208,
      UnsupportedCapability: 1301,
    })
  })

  test('what the same call can’t mend is not retryable', () => {
    const retryable = Object.entries(CoreErrors.entries).filter(([, entry]) => entry.retryable)
    expect(retryable.map(([tag]) => tag)).toEqual([
      'StorageConflict',
      'StorageUnavailable',
      'RpcTimeout',
      'RpcUnreachable',
      'RpcRateLimited',
      'RpcDisagreement',
      'RpcNoQuorum',
    ])
  })
})

describe('AitbcError', () => {
  const cause = new Error('below')
  const error = CoreErrors.InvalidAmount(
    'amount must be positive, got -1n',
    { argument: 'amount', received: -1n },
    { cause },
  )

  test('carries tag, code, context, cause, hint', () => {
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'AitbcError',
      _tag: 'InvalidAmount',
      code: 1004,
      message: 'amount must be positive, got -1n',
      context: { argument: 'amount', received: -1n },
      retryable: false,
      hint: 'Pass a whole number of base units as a bigint in range.',
    })
    expect(error.cause).toBe(cause)
    expect('cause' in CoreErrors.InvalidAmount('x')).toBe(false)
    expect(CoreErrors.InvalidAmount('x', {}, { hint: 'Do this.' }).hint).toBe('Do this.')
    expect(CoreErrors.InvalidAmount('x').context).toEqual({})
  })

  test('isAitbcError: by shape, so also for a second copy of the package', () => {
    class OtherCopy extends Error {
      override readonly name = 'AitbcError'
      readonly _tag = 'InvalidAmount'
      readonly code = 1004
    }
    for (const one of [error, new OtherCopy()]) {
      expect(isAitbcError(one)).toBe(true)
      expect(isAitbcError(one, 'InvalidAmount')).toBe(true)
      expect(isAitbcError(one, 'InvalidBytes')).toBe(false)
    }
    expect(new OtherCopy()).not.toBeInstanceOf(AitbcError)
  })

  test('isAitbcError: total', () => {
    const named = Object.assign(new Error('x'), { name: 'AitbcError' })
    for (const junk of [...JUNK, new Error('x'), named, { name: 'AitbcError', _tag: 'x', code: 1 }])
      expect(isAitbcError(junk)).toBe(false)
  })
})

test('defineErrors: the entries stay readable as data', () => {
  const Errors = defineErrors({ Here: { code: 9001, retryable: true, hint: 'Wait.' } })
  expect(Errors.entries.Here.code).toBe(9001)
  expect(Errors.Here('m')).toMatchObject({ _tag: 'Here', code: 9001, retryable: true, hint: 'Wait.' })
})

test('show: short, one line, never throws, and no content of bytes or objects', () => {
  for (const junk of JUNK) {
    expect(typeof show(junk)).toBe('string')
    expect(show(junk)).not.toContain('\n')
    expect(show('line\nline')).toBe('"line\\nline"')
  }
  expect(show('x'.repeat(1000))).toHaveLength(80)
  expect(show(-5n)).toBe('-5n')
  expect(show(new Uint8Array(3).fill(200))).toBe('Uint8Array(3)')
  expect(show([1, 2])).toBe('Array(2)')
  expect(show({ secret: 'x' })).toBe('[object Object]')
})
