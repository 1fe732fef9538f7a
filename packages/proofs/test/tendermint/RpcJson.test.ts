import { BlockId, RpcJson } from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import { refusal, value } from '../helpers.js'

const HEADER = {
  version: { block: '11', app: 1 },
  chain_id: 'a',
  height: '2',
  time: '2020-01-01T00:00:00Z',
  last_block_id: { hash: '', parts: { total: 0, hash: '' } },
}
const COMMIT = { height: '1', round: 0, block_id: null, signatures: [] }
const VOTE = {
  block_id_flag: 2,
  validator_address: '00'.repeat(20),
  timestamp: '2020-01-01T00:00:00Z',
  signature: 'AAAA',
}
const VALIDATOR = {
  address: '00'.repeat(20),
  pub_key: { type: 'tendermint/PubKeyEd25519', value: 'AAAA' },
  voting_power: '1',
}

const long = (name: string) => `${name} must be an integer from -9223372036854775808 to 9223372036854775807`
const unsigned = (name: string) => `${name} must be an integer from 0 to 18446744073709551615`

describe('error: what a node says wrong is named', () => {
  test.each<[string, Record<string, unknown>]>([
    ['version must be an object', { version: [] }],
    [unsigned('version.block'), { version: { block: 'x' } }],
    [unsigned('version.block'), { version: { block: '18446744073709551616' } }],
    [unsigned('version.block'), { version: { block: '-1' } }],
    [unsigned('version.app'), { version: { app: {} } }],
    [unsigned('version.app'), { version: { app: '18446744073709551616' } }],
    ['chain_id must be a string', { chain_id: 1 }],
    [long('height'), { height: '02' }],
    [long('height'), { height: ['5'] }],
    [long('height'), { height: 2 ** 53 }],
    [long('height'), { height: '9223372036854775808' }],
    [long('height'), { height: '-9223372036854775809' }],
    [long('height'), { height: '1'.repeat(30) }],
    ['time must be a string', { time: 1 }],
    ['last_commit_hash must be hex', { last_commit_hash: '0' }],
    ['data_hash must be hex', { data_hash: '0' }],
    ['validators_hash must be hex', { validators_hash: '0' }],
    ['next_validators_hash must be hex', { next_validators_hash: '0' }],
    ['consensus_hash must be hex', { consensus_hash: '0' }],
    ['app_hash must be hex', { app_hash: '0' }],
    ['last_results_hash must be hex', { last_results_hash: '0' }],
    ['evidence_hash must be hex', { evidence_hash: 'zz' }],
    ['proposer_address must be hex', { proposer_address: '0' }],
    ['block_id must be an object', { last_block_id: 'x' }],
    ['parts must be an object', { last_block_id: { parts: 1 } }],
    ['block_id.hash must be hex', { last_block_id: { hash: '0', parts: {} } }],
    [
      'parts.total must be an integer from 0 to 4294967295',
      { last_block_id: { parts: { total: 4294967296 } } },
    ],
    ['parts.hash must be hex', { last_block_id: { parts: { hash: '0' } } }],
  ])('header: %s', (message, change) => {
    expect(refusal(RpcJson.header({ ...HEADER, ...change }))).toEqual({ check: 'json', message })
  })

  const round = 'round must be an integer from -2147483648 to 2147483647'
  test.each<[string, Record<string, unknown>]>([
    [long('commit.height'), { height: 'x' }],
    [round, { round: 'x' }],
    [round, { round: 2147483648 }],
    ['signatures must be an array', { signatures: {} }],
    ['signatures must be an object', { signatures: [1] }],
    ['block_id_flag must be an integer from 0 to 3', { signatures: [{ block_id_flag: 4 }] }],
    ['validator_address must be hex', { signatures: [{ ...VOTE, validator_address: '0' }] }],
    ['signature must be base64', { signatures: [{ ...VOTE, signature: '*' }] }],
    ['timestamp must be a string', { signatures: [{ ...VOTE, timestamp: 1 }] }],
    [
      'a vote of unknown kind, or an absent one that carries something',
      { signatures: [{ ...VOTE, block_id_flag: 0 }] },
    ],
  ])('commit: %s', (message, change) => {
    expect(refusal(RpcJson.commit({ ...COMMIT, ...change }))).toEqual({ check: 'json', message })
  })

  test.each<[string, unknown]>([
    ['validators must be an object', 1],
    ['validators must be an array', { validators: 1 }],
    ['10001 validators are too many', Array.from({ length: 10_001 })],
    ['validator must be an object', Array.from({ length: 10_000 })],
    ['pub_key must be an object', [{ ...VALIDATOR, pub_key: 1 }]],
    ['only ed25519 keys are known', [{ ...VALIDATOR, pub_key: { type: 'tendermint/PubKeySecp256k1' } }]],
    ['address must be hex', [{ ...VALIDATOR, address: '0' }]],
    ['pub_key.value must be base64', [{ ...VALIDATOR, pub_key: { ...VALIDATOR.pub_key, value: '*' } }]],
    [long('voting_power'), [{ ...VALIDATOR, voting_power: 'x' }]],
  ])('validators: %s', (message, json) => {
    expect(refusal(RpcJson.validators(json))).toEqual({ check: 'json', message })
  })

  test('light block', () => {
    const of = (json: unknown) => refusal(RpcJson.lightBlock(json)).message
    expect(of(1)).toBe('block must be an object')
    expect(of({})).toBe('signed_header must be an object')
    expect(of({ signed_header: {}, validator_set: { validators: [] } })).toBe('header must be an object')
    expect(of({ signed_header: { header: HEADER }, validator_set: { validators: [] } })).toBe(
      'commit must be an object',
    )
  })
})

test('what is missing or null is the empty value, as Go writes it', () => {
  const { version, time } = HEADER
  for (const nothing of [undefined, null]) {
    const json = {
      version,
      time,
      chain_id: nothing,
      height: nothing,
      last_block_id: nothing,
      app_hash: nothing,
    }
    expect(value(RpcJson.header(json))).toMatchObject({
      chainId: '',
      height: 0n,
      lastBlockId: BlockId.ZERO,
      appHash: new Uint8Array(0),
    })
    expect(value(RpcJson.commit({ ...COMMIT, signatures: nothing })).signatures).toEqual([])
  }
})

test('numbers up to their bounds', () => {
  const version = { block: '18446744073709551615', app: '18446744073709551615' }
  expect(value(RpcJson.header({ ...HEADER, version })).version).toEqual({
    block: 2n ** 64n - 1n,
    app: 2n ** 64n - 1n,
  })
  expect(value(RpcJson.header({ ...HEADER, height: '-9223372036854775808' })).height).toBe(-(2n ** 63n))
  expect(value(RpcJson.commit({ ...COMMIT, round: 2147483647 })).round).toBe(2147483647)
  const parts = { total: 4294967295, hash: '' }
  expect(value(RpcJson.commit({ ...COMMIT, block_id: { parts } })).blockId.parts.total).toBe(4294967295)
})
