import {
  type BlockId,
  type Commit,
  type Header,
  Ics23,
  MerkleTree,
  ValidatorSet,
} from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64, fromBase64, fromHex, hexUpper, utf8 } from './bytes.js'
import type { Block, Chain, Included } from './CosmosChain.js'
import * as EventQuery from './eventQuery.js'
import { Fault } from './faults.js'
import { isSimulationFault } from './queries.js'
import { STORES, type StoreName } from './state.js'
import type { Result } from './transactions.js'

/** What the node says of itself wherever CometBFT has a name for it. */
export const MONIKER = 'aitbc-devnet: embedded local node, not wasmd'
/** The version whose RPC this is. */
const COMET = '0.38.21'

/** A JSON-RPC error. */
export class RpcFault extends Error {
  readonly code: number
  readonly data: string
  constructor(code: number, message: string, data: string) {
    super(message)
    this.code = code
    this.data = data
  }
}

const internal = (data: string) => new RpcFault(-32603, 'Internal error', data)
const invalid = (data: string) => new RpcFault(-32602, 'Invalid params', data)

type Params = Readonly<Record<string, unknown>>
export type Method = (params: Params) => unknown

/** What the node does beside reading its chain. */
export interface Actions {
  /** A transaction came in: makes blocks where that is the mode. */
  readonly submitted: () => void
  /** Resolves once a transaction is in a block. */
  readonly included: (hash: string) => Promise<Included>
}

/** CometBFT's RPC methods, by their names. */
export function methodsOf(chain: Chain, actions: Actions): Readonly<Record<string, Method>> {
  const tip = (): Block => chain.block(chain.height()) as Block
  const blockAt = (params: Params): Block => {
    const height = heightOf(params['height'], chain.height())
    const found = chain.block(height)
    if (found === undefined)
      throw internal(
        `height ${height} must be less than or equal to the current blockchain height ${chain.height()}`,
      )
    return found
  }
  const submit = (params: Params) => {
    const bytes = bytesOf(params['tx'], 'tx')
    const result = chain.submit(bytes)
    if (result.code === 19) throw internal('tx already exists in cache')
    return result
  }
  const checkJson = (result: Result & { hash: string }) => ({
    ...{ code: result.code, data: '', log: result.code === 0 ? '' : result.log },
    ...{ codespace: result.codespace, hash: result.hash },
  })
  const page = <T>(all: readonly T[], params: Params): readonly T[] => {
    const size = Math.min(100, Math.max(1, number(params['per_page'], 30)))
    const at = number(params['page'], 1)
    if (at < 1 || (at > 1 && (at - 1) * size >= all.length))
      throw internal(`page should be within range, got ${at}`)
    return all.slice((at - 1) * size, at * size)
  }
  const transaction = (it: Included, prove: boolean) => ({
    hash: it.hash,
    height: `${it.height}`,
    index: it.index,
    tx_result: resultJson(it.result),
    tx: base64(it.bytes),
    ...(prove ? { proof: proofJson(chain.block(it.height) as Block, it.index) } : {}),
  })

  return {
    health: () => ({}),
    status: () => {
      const first = chain.block(1) as Block
      const last = tip()
      const [validator] = chain.validators
      return {
        node_info: {
          protocol_version: { p2p: '8', block: '11', app: '0' },
          ...{ id: '0'.repeat(40), listen_addr: 'tcp://127.0.0.1:0', network: chain.chainId, version: COMET },
          ...{ channels: '', moniker: MONIKER, other: { tx_index: 'on', rpc_address: '' } },
        },
        sync_info: {
          latest_block_hash: hexUpper(last.id.hash),
          latest_app_hash: hexUpper(last.header.appHash),
          latest_block_height: `${last.header.height}`,
          latest_block_time: timeText(last.header.time),
          earliest_block_hash: hexUpper(first.id.hash),
          earliest_app_hash: hexUpper(first.header.appHash),
          earliest_block_height: '1',
          earliest_block_time: timeText(first.header.time),
          catching_up: false,
        },
        validator_info: validatorJson(validator as ValidatorSet.Validator),
      }
    },
    abci_info: () => ({
      response: {
        data: MONIKER,
        version: '0',
        app_version: '0',
        last_block_height: `${chain.height()}`,
        last_block_app_hash: base64(tip().header.appHash),
      },
    }),
    abci_query: (params) => ({ response: abciQuery(chain, params) }),
    broadcast_tx_sync: (params) => {
      const result = submit(params)
      if (result.code === 0) actions.submitted()
      return checkJson(result)
    },
    broadcast_tx_async: (params) => {
      const result = submit(params)
      if (result.code === 0) actions.submitted()
      return { code: 0, data: '', log: '', codespace: '', hash: result.hash }
    },
    broadcast_tx_commit: async (params) => {
      const result = submit(params)
      const check_tx = resultJson(result)
      if (result.code !== 0)
        return { check_tx, tx_result: resultJson(NO_RESULT), hash: result.hash, height: '0' }
      actions.submitted()
      const included = await actions.included(result.hash)
      return {
        check_tx,
        tx_result: resultJson(included.result),
        hash: result.hash,
        height: `${included.height}`,
      }
    },
    unconfirmed_txs: () => {
      const txs = chain.pending()
      const total = txs.reduce((sum, it) => sum + it.length, 0)
      return { n_txs: `${txs.length}`, total: `${txs.length}`, total_bytes: `${total}`, txs: txs.map(base64) }
    },
    num_unconfirmed_txs: () => {
      const txs = chain.pending()
      const total = txs.reduce((sum, it) => sum + it.length, 0)
      return { n_txs: `${txs.length}`, total: `${txs.length}`, total_bytes: `${total}`, txs: null }
    },
    tx: (params) => {
      const hash = hexUpper(bytesOf(params['hash'], 'hash'))
      const found = chain.transaction(hash)
      if (found === undefined) throw internal(`tx (${hash}) not found`)
      return transaction(found, params['prove'] === true)
    },
    tx_search: (params) => {
      const conditions = EventQuery.parse(String(params['query'] ?? ''))
      if (conditions === undefined) throw internal(`failed to parse query: ${String(params['query'])}`)
      const found = chain.transactions().filter((it) => EventQuery.matches(conditions, transactionTags(it)))
      const order = params['order_by'] ?? 'asc'
      if (order !== 'asc' && order !== 'desc' && order !== '')
        throw internal('expected order_by to be asc or desc')
      const ordered = order === 'desc' ? [...found].reverse() : found
      return {
        txs: page(ordered, params).map((it) => transaction(it, params['prove'] === true)),
        total_count: `${found.length}`,
      }
    },
    header: (params) => ({ header: headerJson(blockAt(params).header) }),
    block: (params) => blockJson(blockAt(params)),
    block_by_hash: (params) => {
      const hash = hexUpper(bytesOf(params['hash'], 'hash'))
      for (let height = chain.height(); height > 0; height--) {
        const found = chain.block(height) as Block
        if (hexUpper(found.id.hash) === hash) return blockJson(found)
      }
      return { block_id: idJson({ hash: NONE, parts: { total: 0, hash: NONE } }), block: null }
    },
    block_search: (params) => {
      const conditions = EventQuery.parse(String(params['query'] ?? ''))
      if (conditions === undefined) throw internal(`failed to parse query: ${String(params['query'])}`)
      const found: Block[] = []
      for (let height = 1; height <= chain.height(); height++)
        if (EventQuery.matches(conditions, new Map([['block.height', [`${height}`]]])))
          found.push(chain.block(height) as Block)
      if (params['order_by'] === 'desc') found.reverse()
      return { blocks: page(found, params).map(blockJson), total_count: `${found.length}` }
    },
    blockchain: (params) => {
      const most = Math.min(heightOf(params['maxHeight'], chain.height()), chain.height())
      const least = Math.max(heightOf(params['minHeight'], 1), most - 19, 1)
      const metas: unknown[] = []
      for (let height = most; height >= least; height--) {
        const { id, header, transactions } = chain.block(height) as Block
        metas.push({
          block_id: idJson(id),
          block_size: '0',
          header: headerJson(header),
          num_txs: `${transactions.length}`,
        })
      }
      return { last_height: `${chain.height()}`, block_metas: metas }
    },
    block_results: (params) => {
      const { header, transactions } = blockAt(params)
      return {
        height: `${header.height}`,
        txs_results: transactions.length === 0 ? null : transactions.map((it) => resultJson(it.result)),
        finalize_block_events: [],
        validator_updates: null,
        consensus_param_updates: null,
        app_hash: base64(header.appHash),
      }
    },
    commit: (params) => {
      const { header, commit } = blockAt(params)
      return { signed_header: { header: headerJson(header), commit: commitJson(commit) }, canonical: true }
    },
    validators: (params) => {
      const { header } = blockAt(params)
      const shown = page(chain.validators, params)
      return {
        block_height: `${header.height}`,
        validators: shown.map((it) => ({ ...validatorJson(it), proposer_priority: '0' })),
        count: `${shown.length}`,
        total: `${chain.validators.length}`,
      }
    },
  }
}

const NONE = new Uint8Array(0)
const NO_RESULT: Result = {
  ...{ code: 0, codespace: '', log: '', data: NONE, events: [], gasWanted: 0n, gasUsed: 0n },
}

function abciQuery(chain: Chain, params: Params): unknown {
  const path = String(params['path'] ?? '')
  const data = params['data'] === undefined ? NONE : fromHex(String(params['data']).replace(/^0x/, ''))
  if (data === undefined) throw invalid('data must be hex')
  const asked = heightOf(params['height'], 0)
  const tip = chain.height()
  const answer = (value: Uint8Array | undefined, height: number, more: object = {}) => ({
    ...{ code: 0, log: '', info: '', index: '0', key: null },
    ...{
      value: value === undefined ? null : base64(value),
      proofOps: null,
      height: `${height}`,
      codespace: '',
    },
    ...more,
  })
  const refuse = (code: number, codespace: string, log: string) => ({
    ...{
      code,
      log,
      info: '',
      index: '0',
      key: null,
      value: null,
      proofOps: null,
      height: `${tip}`,
      codespace,
    },
  })
  if (asked < 0 || asked > tip)
    return refuse(
      26,
      'sdk',
      `cannot query with height in the future; please provide a valid height: invalid height`,
    )
  const store = /^\/?store\/([a-z]+)\/key$/.exec(path)?.[1]
  try {
    if (store !== undefined) {
      if (!STORES.includes(store as StoreName))
        return refuse(6, 'sdk', `no such store: ${store}: unknown request`)
      // As the SDK: without a height, the newest one whose app hash a header already carries.
      const height = asked === 0 ? tip - 1 : asked
      if (params['prove'] === true && height < 1)
        return refuse(
          18,
          'sdk',
          'cannot query with proof when height <= 1; please provide a valid height: invalid request',
        )
      const found = chain.stored(store as StoreName, data, height)
      const { value, proofs } = found ?? {}
      if (params['prove'] !== true || proofs === undefined)
        return answer(value, height, { key: base64(data) })
      const keys = [data, utf8(store)]
      const ops = proofs.map((proof, i) => ({
        type: i === 0 ? 'ics23:iavl' : 'ics23:simple',
        key: base64(keys[i] as Uint8Array),
        data: base64(Ics23.CommitmentProof.encode(proof)),
      }))
      return answer(value, height, { key: base64(data), proofOps: { ops } })
    }
    const height = asked === 0 ? tip : asked
    const value = chain.query(path, data, height)
    if (value === undefined) return refuse(6, 'sdk', `unknown query path: ${path}: unknown request`)
    return answer(value, height)
  } catch (error) {
    if (error instanceof Fault) return refuse(error.code, error.codespace, error.message)
    if (isSimulationFault(error)) return refuse(6, 'sdk', `rpc error: code = Unknown desc = ${error.message}`)
    return refuse(18, 'sdk', `${error instanceof Error ? error.message : 'malformed'}: invalid request`)
  }
}

export function transactionTags(it: Included): EventQuery.Tags {
  return EventQuery.tagsOf(it.result.events, {
    'tm.event': 'Tx',
    'tx.hash': it.hash,
    'tx.height': `${it.height}`,
  })
}

export function resultJson({ code, data, log, gasWanted, gasUsed, events, codespace }: Result): unknown {
  return {
    code,
    data: data.length === 0 ? null : base64(data),
    log,
    info: '',
    gas_wanted: `${gasWanted}`,
    gas_used: `${gasUsed}`,
    events: events.map(({ type, attributes }) => ({
      type,
      attributes: attributes.map((it) => ({ ...it, index: true })),
    })),
    codespace,
  }
}

function proofJson(block: Block, index: number): unknown {
  const leaves = block.transactions.map((it) => sha256(it.bytes))
  const branch = MerkleTree.branch(leaves, index)
  return {
    root_hash: hexUpper(block.header.dataHash),
    data: base64(block.transactions[index]?.bytes ?? NONE),
    proof: {
      total: `${branch.total}`,
      index: `${branch.index}`,
      leaf_hash: base64(MerkleTree.leafHash(leaves[index] as Uint8Array)),
      aunts: branch.aunts.map(base64),
    },
  }
}

export function blockJson({ header, id, transactions, lastCommit }: Block): unknown {
  return {
    block_id: idJson(id),
    block: {
      header: headerJson(header),
      data: { txs: transactions.map((it) => base64(it.bytes)) },
      evidence: { evidence: [] },
      last_commit:
        lastCommit === undefined
          ? {
              ...{ height: '0', round: 0, signatures: [] },
              block_id: idJson({ hash: NONE, parts: { total: 0, hash: NONE } }),
            }
          : commitJson(lastCommit),
    },
  }
}

function idJson({ hash, parts }: BlockId.BlockId): unknown {
  return { hash: hexUpper(hash), parts: { total: parts.total, hash: hexUpper(parts.hash) } }
}

export function headerJson(header: Header.Header): unknown {
  return {
    version: {
      block: `${header.version.block}`,
      ...(header.version.app === 0n ? {} : { app: `${header.version.app}` }),
    },
    chain_id: header.chainId,
    height: `${header.height}`,
    time: timeText(header.time),
    last_block_id: idJson(header.lastBlockId),
    last_commit_hash: hexUpper(header.lastCommitHash),
    data_hash: hexUpper(header.dataHash),
    validators_hash: hexUpper(header.validatorsHash),
    next_validators_hash: hexUpper(header.nextValidatorsHash),
    consensus_hash: hexUpper(header.consensusHash),
    app_hash: hexUpper(header.appHash),
    last_results_hash: hexUpper(header.lastResultsHash),
    evidence_hash: hexUpper(header.evidenceHash),
    proposer_address: hexUpper(header.proposerAddress),
  }
}

function commitJson({ height, round, blockId, signatures }: Commit.Commit): unknown {
  return {
    height: `${height}`,
    round,
    block_id: idJson(blockId),
    signatures: signatures.map((it) =>
      it.flag === 'absent'
        ? { block_id_flag: 1, validator_address: '', timestamp: '0001-01-01T00:00:00Z', signature: null }
        : {
            block_id_flag: it.flag === 'commit' ? 2 : 3,
            validator_address: hexUpper(it.address),
            timestamp: timeText(it.time),
            signature: base64(it.signature),
          },
    ),
  }
}

function validatorJson({ publicKey, power }: ValidatorSet.Validator): object {
  return {
    address: hexUpper(ValidatorSet.addressOf(publicKey)),
    pub_key: { type: 'tendermint/PubKeyEd25519', value: base64(publicKey) },
    voting_power: `${power}`,
  }
}

/** Nanoseconds as Go writes them (`time.RFC3339Nano`). */
export function timeText(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  const rest = (time % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return rest === '' ? `${seconds}Z` : `${seconds}.${rest}Z`
}

function number(value: unknown, otherwise: number): number {
  if (value === undefined || value === null || value === '') return otherwise
  const text = String(value)
  if (!/^-?[0-9]{1,15}$/.test(text)) throw invalid(`${text} is no number`)
  return Number(text)
}

function heightOf(value: unknown, otherwise: number): number {
  const height = number(value, otherwise)
  return height === 0 ? otherwise : height
}

/** Bytes of the body's JSON (base64), or of a query string (`0x…`). */
function bytesOf(value: unknown, name: string): Uint8Array {
  const text = String(value ?? '')
  const hex = text.startsWith('0x') ? fromHex(text.slice(2)) : undefined
  if (hex !== undefined) return hex
  try {
    return fromBase64(text)
  } catch {
    throw invalid(`${name} must be base64`)
  }
}
