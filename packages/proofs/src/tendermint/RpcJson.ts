import { Bytes, Verdict } from '@aitbc/core'
import * as base64 from '../internal/base64.js'
import * as BlockId from './BlockId.js'
import * as Commit from './Commit.js'
import type { Header } from './Header.js'
import type { LightBlock } from './LightBlock.js'
import * as Timestamp from './Timestamp.js'
import * as ValidatorSet from './ValidatorSet.js'

/*
 * The JSON of CometBFT's RPC (`/commit`, `/validators`), as its values: parse the text first. A value that is missing, `null` or
 * empty is the empty one, as Go writes it; everything else must have its one form.
 */

type Json = Readonly<Record<string, unknown>>

/** Where reading stopped; only {@link guard} sees it. */
class Fault extends Error {
  readonly refusal: Verdict.Refusal
  constructor(refusal: Verdict.Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

/** Reads a block's header. Refusals: `json`, `timestamp`. */
export function header(json: unknown): Verdict.Verdict<Header> {
  return guard(() => headerOf(json))
}

/** Reads the votes for a block. Refusals: `json`, `timestamp`. */
export function commit(json: unknown): Verdict.Verdict<Commit.Commit> {
  return guard(() => commitOf(json))
}

/**
 * Reads validators (an array of them, or an object that holds one), and puts them into their order: `/validators` gives them in
 * pages. Only ed25519 keys are known.
 *
 * Refusals: `json`, and those of `ValidatorSet.fromRaw` but `validators-order`.
 */
export function validators(json: unknown): Verdict.Verdict<ValidatorSet.ValidatorSet> {
  return guard(() => {
    const list = Array.isArray(json) ? json : array(record(json, 'validators')['validators'], 'validators')
    if (list.length > ValidatorSet.MAX_VALIDATORS) throw fault(`${list.length} validators are too many`)
    const raw = list.map((it) => validatorOf(it))
    const ordered = ValidatorSet.from(raw) as readonly ValidatorSet.RawValidator[]
    const set = ValidatorSet.fromRaw({ validators: ordered, proposer: undefined, total: 0n })
    if (!set.ok) throw new Fault(set.refusal)
    return set.value
  })
}

/** Reads `signed_header` and `validator_set`. Refusals: those of {@link header}, {@link commit} and {@link validators}. */
export function lightBlock(json: unknown): Verdict.Verdict<LightBlock> {
  return guard(() => {
    const block = record(json, 'block')
    const signed = record(block['signed_header'], 'signed_header')
    const set = validators(block['validator_set'])
    if (!set.ok) throw new Fault(set.refusal)
    return { header: headerOf(signed['header']), commit: commitOf(signed['commit']), validators: set.value }
  })
}

function headerOf(json: unknown): Header {
  const it = record(json, 'header')
  const version = record(it['version'], 'version')
  return {
    version: {
      block: integer(version['block'], 'version.block', 0n, 2n ** 64n - 1n),
      app: integer(version['app'], 'version.app', 0n, 2n ** 64n - 1n),
    },
    chainId: text(it['chain_id'], 'chain_id'),
    height: int64(it['height'], 'height'),
    time: time(it['time'], 'time'),
    lastBlockId: blockId(it['last_block_id']),
    lastCommitHash: hex(it['last_commit_hash'], 'last_commit_hash'),
    dataHash: hex(it['data_hash'], 'data_hash'),
    validatorsHash: hex(it['validators_hash'], 'validators_hash'),
    nextValidatorsHash: hex(it['next_validators_hash'], 'next_validators_hash'),
    consensusHash: hex(it['consensus_hash'], 'consensus_hash'),
    appHash: hex(it['app_hash'], 'app_hash'),
    lastResultsHash: hex(it['last_results_hash'], 'last_results_hash'),
    evidenceHash: hex(it['evidence_hash'], 'evidence_hash'),
    proposerAddress: hex(it['proposer_address'], 'proposer_address'),
  }
}

function commitOf(json: unknown): Commit.Commit {
  const it = record(json, 'commit')
  return {
    height: int64(it['height'], 'commit.height'),
    round: Number(integer(it['round'], 'round', -(2n ** 31n), 2n ** 31n - 1n)),
    blockId: blockId(it['block_id']),
    signatures: array(it['signatures'], 'signatures').map(voteOf),
  }
}

function voteOf(json: unknown): Commit.CommitSig {
  const it = record(json, 'signatures')
  const flag = Commit.FLAGS[Number(integer(it['block_id_flag'], 'block_id_flag', 0n, 3n))]
  const address = hex(it['validator_address'], 'validator_address')
  const signature = base64Of(it['signature'], 'signature')
  if (flag === 'commit' || flag === 'nil')
    return { flag, address, time: time(it['timestamp'], 'timestamp'), signature }
  if (flag !== 'absent' || address.length > 0 || signature.length > 0)
    throw fault('a vote of unknown kind, or an absent one that carries something')
  return { flag }
}

function blockId(json: unknown): BlockId.BlockId {
  if (json === null || json === undefined) return BlockId.ZERO
  const it = record(json, 'block_id')
  const parts = record(it['parts'] ?? it['part_set_header'], 'parts')
  return {
    hash: hex(it['hash'], 'block_id.hash'),
    parts: {
      total: Number(integer(parts['total'], 'parts.total', 0n, 2n ** 32n - 1n)),
      hash: hex(parts['hash'], 'parts.hash'),
    },
  }
}

function validatorOf(json: unknown): ValidatorSet.RawValidator {
  const it = record(json, 'validator')
  const key = record(it['pub_key'], 'pub_key')
  if (key['type'] !== 'tendermint/PubKeyEd25519') throw fault('only ed25519 keys are known')
  return {
    address: hex(it['address'], 'address'),
    publicKey: base64Of(key['value'], 'pub_key.value'),
    power: int64(it['voting_power'], 'voting_power'),
  }
}

function guard<T>(read: () => T): Verdict.Verdict<T> {
  try {
    return Verdict.accept(read())
  } catch (error) {
    if (error instanceof Fault) return { ok: false, refusal: error.refusal }
    throw error
  }
}

function fault(message: string): Fault {
  return new Fault({ check: 'json', message })
}

function record(value: unknown, name: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw fault(`${name} must be an object`)
}

function array(value: unknown, name: string): readonly unknown[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value
  throw fault(`${name} must be an array`)
}

function text(value: unknown, name: string): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  throw fault(`${name} must be a string`)
}

function hex(value: unknown, name: string): Bytes.Bytes {
  const digits = text(value, name)
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) throw fault(`${name} must be hex`)
  return Bytes.fromHex(digits.toLowerCase())
}

function base64Of(value: unknown, name: string): Bytes.Bytes {
  const bytes = base64.decode(text(value, name))
  if (bytes === undefined) throw fault(`${name} must be base64`)
  return bytes
}

function integer(value: unknown, name: string, least: bigint, most: bigint): bigint {
  const digits = Number.isSafeInteger(value) ? String(value) : (value ?? '0')
  if (typeof digits === 'string' && /^(?:0|-?[1-9]\d{0,19})$/.test(digits)) {
    const number = BigInt(digits)
    if (number >= least && number <= most) return number
  }
  throw fault(`${name} must be an integer from ${least} to ${most}`)
}

function int64(value: unknown, name: string): bigint {
  return integer(value, name, -(2n ** 63n), 2n ** 63n - 1n)
}

function time(value: unknown, name: string): bigint {
  const verdict = Timestamp.fromText(text(value, name))
  if (!verdict.ok) throw new Fault(verdict.refusal)
  return verdict.value
}
