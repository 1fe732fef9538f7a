import { Bridge, Json, Settlement, StateTrie } from '@aitbc/proofs/aitbc'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { check, hex, value } from '../helpers.js'
import { thrown } from '../thrown.js'
import { keyOf, sign, twin, utf8 } from './world.js'

const keys = ['v0', 'v1', 'v2', 'v3', 'v4'].map(keyOf)
const validators = keys.map(({ address }) => `ait1${address.slice(2)}`)
const core: Json.Members = {
  source_chain: 'ait-mainnet',
  lock_tx_hash: `0x${'12'.repeat(32)}`,
  amount: 36000n,
  sender: '0xaa',
  recipient: '0xbb',
  chain_id: 'ait-mainnet',
  block_height: 10n,
  block_hash: `0x${'34'.repeat(32)}`,
}
const signaturesOf = (proof: Json.Members, ...by: readonly number[]) =>
  by.map((i) => sign(Json.digest(Bridge.message(proof, 'several')), keys[i] ?? keyOf('outsider')))
const several = (threshold: number) => ({ by: 'several', validators, threshold }) as const

describe('Bridge', () => {
  test('default: as many validators as the threshold asks for', () => {
    const proof = { ...core, validator_signatures: signaturesOf(core, 0, 1, 2) }
    expect(value(Bridge.verifySigners(proof, several(3)))).toEqual(
      keys.slice(0, 3).map(({ address }) => address),
    )
    expect(check(Bridge.verifySigners(proof, several(4)))).toBe('bridge-signatures')
    const [own] = signaturesOf(core, 3) as [string]
    expect(value(Bridge.verifySigners({ ...proof, proposer_signature: own }, several(4))).length).toBe(4)
    const all = { ...core, validator_signatures: signaturesOf(core, 0, 1, 2, 3, 4) }
    expect(value(Bridge.verifySigners(all, several(5))).length).toBe(5)
  })

  test('behavior: every field is signed, those of a proof of the lock too', () => {
    const full = { ...core, state_root: '0x00', merkle_proof: ['0x00'], lock_event: '{}' }
    const proof = { ...full, validator_signatures: signaturesOf(full, 0, 1, 2) }
    expect(Bridge.verifySigners(proof, several(3)).ok).toBe(true)
    for (const field of Object.keys(full)) {
      const changed = { ...proof, [field]: typeof (full as Json.Members)[field] === 'bigint' ? 1n : 'other' }
      expect(check(Bridge.verifySigners(changed, several(1)))).toBe('bridge-signatures')
    }
  })

  test('A60: one signer in several spellings is one signer; strangers and broken entries are none', () => {
    const [one, two] = signaturesOf(core, 0, 1) as [string, string]
    const eth = `${one.slice(0, -2)}${one.endsWith('0') ? '1b' : '1c'}`
    const attempt = (...validator_signatures: readonly Json.Value[]) =>
      Bridge.verifySigners({ ...core, validator_signatures }, several(2))
    expect(check(attempt(one, one, eth, one.slice(2), twin(one)))).toBe('bridge-signatures')
    expect(check(attempt(one, ...signaturesOf(core, 9)))).toBe('bridge-signatures')
    expect(value(attempt('', null, 1n, one, '0x12', two)).length).toBe(2)
    // A list of one signature is no signature, though it reads like one as text.
    expect(check(attempt(one, [two]))).toBe('bridge-signatures')
    expect(check(attempt())).toBe('bridge-signatures')
    expect(check(Bridge.verifySigners(core, several(1)))).toBe('bridge-signatures')
    // A list without end isn't read to its end.
    expect(check(attempt(...Array.from({ length: 24 }, () => ''), one, two))).toBe('bridge-signatures')
    expect(value(attempt(...Array.from({ length: 22 }, () => ''), one, two)).length).toBe(2)
  })

  test('default: where one signs, over all but its own signature', () => {
    const one = { by: 'one', validators } as const
    const own = (proof: Json.Members, key = keys[1] as (typeof keys)[number]) => ({
      ...proof,
      proposer_signature: sign(Json.digest(Bridge.message(proof, 'one')), key),
    })
    expect(value(Bridge.verifySigners(own(core), one))).toEqual([keys[1]?.address])
    const listed = { ...core, validator_signatures: [] }
    expect(Bridge.verifySigners(own(listed), one).ok).toBe(true)
    expect(check(Bridge.verifySigners({ ...own(core), validator_signatures: [] }, one))).toBe('bridge-signer')
    const stranger = Bridge.verifySigners(own(core, keyOf('outsider')), one)
    expect(check(stranger)).toBe('bridge-signer')
    expect(stranger.ok ? undefined : stranger.refusal.context).toEqual({ signer: keyOf('outsider').address })
    expect(check(Bridge.verifySigners(core, one))).toBe('signature-form')
    const { proposer_signature } = own(core)
    expect(check(Bridge.verifySigners({ ...core, proposer_signature: [proposer_signature] }, one))).toBe(
      'signature-form',
    )
    expect(check(Bridge.verifySigners(own(core), { by: 'one', validators: [] }))).toBe('bridge-validators')
  })

  test('behavior: a proof, a set and a threshold have a form', () => {
    const proof = { ...core, validator_signatures: signaturesOf(core, 0, 1, 2) }
    for (const field of Object.keys(core)) {
      const { [field]: _, ...rest } = proof as Json.Members
      const lacking = Bridge.verifySigners(rest, several(3))
      expect(check(lacking)).toBe('bridge-form')
      expect(lacking.ok ? undefined : lacking.refusal.context).toEqual({ field })
      expect(check(Bridge.verifySigners({ ...proof, [field]: null }, several(3)))).toBe('bridge-form')
    }
    const text = Bridge.verifySigners({ ...core, validator_signatures: 'x' }, several(3))
    expect(text.ok ? undefined : text.refusal).toEqual({
      check: 'bridge-form',
      message: 'signatures are a list',
      context: { field: 'validator_signatures' },
    })
    for (const threshold of [0, -1, 6, 1.5, Number.NaN])
      expect(check(Bridge.verifySigners(proof, several(threshold)))).toBe('bridge-validators')
    for (const set of [[], [validators[0] as string, keys[0]?.address as string]])
      expect(check(Bridge.verifySigners(proof, { by: 'several', validators: set, threshold: 1 }))).toBe(
        'bridge-validators',
      )
  })

  test('behavior: a lock event is bound to a lock, and an account is none', () => {
    const id = core['lock_tx_hash'] as string
    const trie = StateTrie.from([
      [utf8(id), utf8('{"amount":1}')],
      [utf8('faucet'), utf8('5:0')],
    ])
    const stateRoot = `0x${hex(trie.root)}`
    const proof = (key: string) => StateTrie.prove(trie, utf8(key)).map((it) => `0x${hex(it).toUpperCase()}`)
    const lock = { stateRoot, lockTxHash: id, lockEvent: '{"amount":1}' }
    expect(value(Bridge.verifyLockEvent(lock, proof(id)))).toBe(true)
    expect(value(Bridge.verifyLockEvent({ ...lock, stateRoot: stateRoot.slice(2) }, proof(id)))).toBe(true)
    expect(check(Bridge.verifyLockEvent({ ...lock, lockEvent: '{"amount": 1}' }, proof(id)))).toBe(
      'state-value',
    )
    const account = { stateRoot, lockTxHash: 'faucet', lockEvent: '5:0' }
    expect(check(Bridge.verifyLockEvent(account, proof('faucet')))).toBe('bridge-lock-hash')
    expect(value(Bridge.verifyLockEvent(account, proof('faucet'), { as: 'node' }))).toBe(true)
    // Whoever pays to a name opens an account under it, also where the name looks like a lock's hash.
    const named = StateTrie.from([
      [utf8(id), utf8('1000:0')],
      [utf8('faucet'), utf8('5:0')],
    ])
    const paid = { stateRoot: hex(named.root), lockTxHash: id, lockEvent: '1000:0' }
    const shown = StateTrie.prove(named, utf8(id)).map(hex)
    expect(check(Bridge.verifyLockEvent(paid, shown))).toBe('bridge-lock-event')
    expect(check(Bridge.verifyLockEvent({ ...paid, lockEvent: '-1:-20' }, shown))).toBe('bridge-lock-event')
    for (const lockEvent of ['1000:0 ', '{"1000:0":1}', '1000'])
      expect(check(Bridge.verifyLockEvent({ ...paid, lockEvent }, shown))).toBe('state-value')
    expect(value(Bridge.verifyLockEvent(paid, shown, { as: 'node' }))).toBe(true)
    expect(check(Bridge.verifyLockEvent(lock, ['zz']))).toBe('bridge-hex')
    expect(check(Bridge.verifyLockEvent(lock, [...proof(id), 'zz']))).toBe('bridge-hex')
    expect(check(Bridge.verifyLockEvent(lock, []))).toBe('state-incomplete')
    for (const lockTxHash of [`0${id}`, `${id}0`, id.slice(0, -1), id.toUpperCase()])
      expect(check(Bridge.verifyLockEvent({ ...lock, lockTxHash }, proof(id)))).toBe('bridge-lock-hash')
    expect(check(Bridge.verifyLockEvent({ ...lock, stateRoot: '0x1' }, proof(id)))).toBe('bridge-hex')
    expect(check(Bridge.verifyLockEvent({ ...lock, stateRoot: '' }, proof(id)))).toBe('state-root')
  })

  test('default: ids, fees, confirmations and replay keys', () => {
    const transfer = {
      sourceChain: 'a',
      targetChain: 'b',
      sender: '0xAA',
      recipient: '0xBB',
      amount: 5n,
      time: 6n,
    }
    expect(Bridge.transferId(transfer)).toBe(`0x${hex(sha256(utf8('a:b:0xaa:0xbb:5:6')))}`)
    expect(Bridge.transferId(transfer)).toBe(Bridge.transferId({ ...transfer, sender: '0xaa' }))
    for (const change of [
      { sourceChain: 'c' },
      { targetChain: 'c' },
      { recipient: 'c' },
      { amount: 6n },
      { time: 7n },
    ])
      expect(Bridge.transferId({ ...transfer, ...change })).not.toBe(Bridge.transferId(transfer))
    expect([0n, 999n, 1000n, 19_999n].map(Bridge.fee)).toEqual([0n, 0n, 1n, 19n])
    expect([9_999n, 10_000n].map(Bridge.confirmations)).toEqual([3, 6])
    expect(Bridge.replayKey({ a: 1n, b: [2n] })).toBe(hex(sha256(utf8('{"a": 1, "b": [2]}'))))
    expect(Bridge.replayKey(core)).not.toBe(Bridge.replayKey({ ...core, amount: 1n }))
  })
})

describe('Settlement', () => {
  test('behavior: the hashlock is over text, and each judge compares in its own way', () => {
    const secret = 'ab'.repeat(32)
    const lock = Settlement.hashlock(secret)
    const opens = (judge: 'service' | 'contract', it: string, by = secret) => Settlement.opens(by, it, judge)
    for (const judge of ['service', 'contract'] as const) {
      expect(opens(judge, lock)).toBe(true)
      expect(opens(judge, lock.toUpperCase())).toBe(false)
      expect(opens(judge, lock, secret.toUpperCase())).toBe(false)
      expect(opens(judge, '')).toBe(false)
    }
    expect(opens('service', `0x${lock}`)).toBe(false)
    expect(opens('contract', `0x${lock}`)).toBe(true)
  })

  test('default: refunds of the destination open first', () => {
    const schedule = {
      sourceHeight: 1000n,
      destHeight: 500n,
      timeout: 3600n,
      sourceBlockTime: 10n,
      destBlockTime: 10n,
    }
    expect(value(Settlement.timelocks(schedule))).toEqual({ source: 1370n, dest: 840n })
    expect(value(Settlement.timelocks({ ...schedule, timeout: 210n }))).toEqual({ source: 1031n, dest: 501n })
    expect(value(Settlement.timelocks({ ...schedule, sourceHeight: 0n, destHeight: 0n }))).toEqual({
      source: 370n,
      dest: 340n,
    })
    for (const timeout of [209n, 0n])
      expect(check(Settlement.timelocks({ ...schedule, timeout }))).toBe('settlement-timelock')
    for (const change of [
      { sourceBlockTime: 0n },
      { destBlockTime: 0n },
      { timeout: -1n },
      { sourceHeight: -1n },
      { destHeight: -1n },
    ])
      expect(thrown(() => Settlement.timelocks({ ...schedule, ...change }))).toBe('InvalidArgument schedule')
    const swap = { initiator: 'a', participant: 'b', hashlock: 'c', timelock: 1n, amount: 2n }
    for (const change of [
      { initiator: 'x' },
      { participant: 'x' },
      { hashlock: 'x' },
      { timelock: 2n },
      { amount: 3n },
    ])
      expect(Settlement.swapId({ ...swap, ...change })).not.toBe(Settlement.swapId(swap))
    expect(Settlement.swapId(swap)).toMatch(/^0x[0-9a-f]{64}$/)
  })

  test('behavior: steps name the one before', () => {
    const first = { proof_type: 'lock', previous_proof_hash: '', timestamp: 1.5 }
    const second = { proof_type: 'settlement', previous_proof_hash: Settlement.stepHash(first) }
    expect(value(Settlement.verifySteps([first, second]))).toBe(true)
    expect(check(Settlement.verifySteps([]))).toBe('settlement-steps')
    expect(check(Settlement.verifySteps([second]))).toBe('settlement-link')
    const broken = Settlement.verifySteps([first, first])
    expect(check(broken)).toBe('settlement-link')
    expect(broken.ok ? undefined : broken.refusal.context).toEqual({ index: 1 })
    expect(check(Settlement.verifySteps([{ ...first, timestamp: 2.5 }, second]))).toBe('settlement-link')
    expect(Settlement.stepHash({ ...first, proof_hash: 'x', previous_proof_hash: 'y' })).toBe(
      Settlement.stepHash(first),
    )
  })
})
