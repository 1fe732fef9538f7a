import { Bytes } from '@aitbc/core'
import { BeaconConfig } from '@aitbc/proofs/beacon'
import { BlockHeader } from '@aitbc/proofs/ethereum'
import type { altair, deneb, electra } from '@lodestar/types'
import { DevnetErrors } from '../errors.js'
import type { Rpc } from '../internal/JsonRpc.js'
import { type Lodestar, loadLodestar } from './lodestar.js'
import { type Payload, readPayload } from './payload.js'

/** How a beacon chain is set up. */
export interface BeaconOptions {
  /** Validators, all run by the devnet; 32 by default, at least 8. */
  readonly validators?: number
}

/** Length of a slot, seconds: that of Ethereum. */
export const SLOT_SECONDS = 12n

const DEFAULT_VALIDATORS = 32
const FORK = 'electra'
/** Order of the group that BLS12-381 keys are from. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
const FULL_BALANCE = 32_000_000_000
/** Generalized indices of an Electra state and body (consensus-specs, electra/light-client/sync-protocol.md). */
const GINDEX = { current: 86n, next: 87n, finalized: 169n, execution: 25n } as const
const MOST_ATTESTATIONS = 8

type State = import('@lodestar/state-transition').CachedBeaconStateElectra
type Header = deneb.LightClientHeader

/** A beacon block, with what light clients ask of its state. */
export interface Entry {
  readonly root: Uint8Array
  readonly slot: number
  readonly header: Header
  readonly parent: Entry | undefined
  /** Hash and height of its execution block. */
  readonly evm: { readonly hash: string; readonly height: bigint }
  readonly aggregate: altair.SyncAggregate
  readonly current: Proved
  readonly next: Proved
  readonly finality: { readonly root: string; readonly branch: Uint8Array[] }
  /** Gone when the block is final: no branch starts below it any more. */
  state: State | undefined
}

interface Proved {
  readonly committee: altair.SyncCommittee
  readonly branch: Uint8Array[]
}

/** A beacon chain whose blocks carry those of the EVM node. */
export interface BeaconChain {
  readonly lodestar: Lodestar
  readonly config: BeaconConfig.BeaconConfig
  readonly genesis: Entry
  /** Blocks of the chain, oldest first; the first is the genesis block. */
  entries(): readonly Entry[]
  /** A block by its root in hex, also of a branch that was left. */
  block(root: string): Entry | undefined
  /** The newest final block: the genesis block at first. */
  finalized(): Entry
  /** When the next block may be: the start of a slot after the parent's, not before `now`; unix seconds. */
  nextTime(parent: bigint, now: bigint): bigint
  /** Takes over all blocks of the EVM node that are new, after a reorganisation those of the new branch. */
  follow(): Promise<void>
}

/** Starts a beacon chain from the first block of an EVM node that hasn't mined any other. */
export async function createBeaconChain(
  rpc: Rpc,
  chainId: bigint,
  options: BeaconOptions,
): Promise<BeaconChain> {
  const lodestar = await loadLodestar()
  const first = await readPayload(rpc, 0n)
  const validators = createValidators(lodestar, options.validators ?? DEFAULT_VALIDATORS)
  const { state, header } = genesisOf(lodestar, validators, first)
  const genesisTime = first.header.timestamp
  const config: BeaconConfig.BeaconConfig = {
    ...BeaconConfig.minimal({
      network: `eip155:${chainId}`,
      genesisValidatorsRoot: state.genesisValidatorsRoot,
      genesisTime,
      forkEpochs: [0n, 0n, 0n, 0n, 0n],
    }),
    secondsPerSlot: SLOT_SECONDS,
  }
  const genesis = entryOf(lodestar, state, header, undefined, first, {
    syncCommitteeBits: lodestar.ssz.altair.SyncAggregate.defaultValue().syncCommitteeBits,
    syncCommitteeSignature: new Uint8Array(96),
  })
  const known = new Map([[genesis.evm.hash, genesis]])
  const roots = new Map([[Bytes.toHex(genesis.root), genesis]])
  let chain: Entry[] = [genesis]

  const head = () => chain[chain.length - 1] as Entry
  const finalized = (): Entry => roots.get(head().finality.root) ?? genesis

  return {
    lodestar,
    config,
    genesis,
    entries: () => chain,
    block: (root) => roots.get(root),
    finalized,
    nextTime(parent, now) {
      const least = now > parent + SLOT_SECONDS ? now : parent + SLOT_SECONDS
      const slots = (least - genesisTime + SLOT_SECONDS - 1n) / SLOT_SECONDS
      return genesisTime + slots * SLOT_SECONDS
    },
    async follow() {
      const tip = await readPayload(rpc, BigInt(await rpc<string>('eth_blockNumber')))
      const missing: Payload[] = []
      for (let payload = tip; !known.has(payload.hash); payload = await readPayload(rpc, payload.parent)) {
        if (payload.header.number <= finalized().evm.height)
          throw cannotFollow(payload, 'it would replace a final block')
        missing.push(payload)
      }
      let parent = known.get(missing.at(-1)?.parent ?? tip.hash) as Entry
      chain = chain.slice(0, chain.indexOf(parent) + 1)
      for (const payload of missing.reverse()) {
        const entry = extend(lodestar, validators, parent, payload, genesisTime)
        known.set(entry.evm.hash, entry)
        roots.set(Bytes.toHex(entry.root), entry)
        chain.push(entry)
        parent = entry
        const final = finalized()
        for (let old = final.parent; old?.state !== undefined; old = old.parent) old.state = undefined
      }
    },
  }
}

/** One block: what each validator would do in its slot, and the state that comes of it. */
function extend(
  lodestar: Lodestar,
  validators: Validators,
  parent: Entry,
  payload: Payload,
  genesisTime: bigint,
): Entry {
  const { transition, params, ssz, Tree } = lodestar
  const since = payload.header.timestamp - genesisTime
  const slot = Number(since / SLOT_SECONDS)
  if (since % SLOT_SECONDS !== 0n || slot <= parent.slot)
    throw cannotFollow(payload, `its time ${payload.header.timestamp} is the start of no later slot`)
  const pre = transition.processSlots(parent.state as State, slot) as State
  const epoch = Math.floor(slot / params.SLOTS_PER_EPOCH)
  // The EVM node draws its own randomness and can't be told the beacon chain's: the state takes over what it drew.
  pre.randaoMixes.set(epoch % params.EPOCHS_PER_HISTORICAL_VECTOR, payload.header.mixHash)
  pre.commit()
  const proposer = pre.epochCtx.getBeaconProposer(slot)
  const body = ssz.electra.BeaconBlockBody.defaultValue()
  body.randaoReveal = validators.sign(
    [proposer],
    transition.computeSigningRoot(ssz.Epoch, epoch, pre.config.getDomain(slot, params.DOMAIN_RANDAO, slot)),
  )
  body.eth1Data = pre.eth1Data.toValue()
  body.attestations = attestationsOf(lodestar, validators, pre, parent.slot)
  const members = pre.epochCtx.currentSyncCommitteeIndexed.validatorIndices
  for (let i = 0; i < params.SYNC_COMMITTEE_SIZE; i++) body.syncAggregate.syncCommitteeBits.set(i, true)
  body.syncAggregate.syncCommitteeSignature = validators.sign(
    members,
    transition.computeSigningRoot(
      ssz.Root,
      parent.root,
      pre.config.getDomain(slot, params.DOMAIN_SYNC_COMMITTEE, slot - 1),
    ),
  )
  body.executionPayload = executionPayloadOf(payload)
  const message = {
    slot,
    proposerIndex: proposer,
    parentRoot: parent.root,
    stateRoot: new Uint8Array(32),
    body,
  }
  const state = transition.stateTransition(
    pre,
    { message, signature: new Uint8Array(96) },
    {
      // Both come of this very computation.
      verifyStateRoot: false,
      verifyProposer: false,
      verifySignatures: true,
      executionPayloadStatus: transition.ExecutionPayloadStatus.valid,
      dataAvailabilityStatus: transition.DataAvailabilityStatus.Available,
    },
  ) as State
  const header: Header = {
    beacon: {
      slot,
      proposerIndex: proposer,
      parentRoot: parent.root,
      stateRoot: state.hashTreeRoot(),
      bodyRoot: ssz.electra.BeaconBlockBody.hashTreeRoot(body),
    },
    execution: state.latestExecutionPayloadHeader.toValue() as Header['execution'],
    executionBranch: new Tree(ssz.electra.BeaconBlockBody.toView(body).node).getSingleProof(GINDEX.execution),
  }
  return entryOf(lodestar, state, header, parent, payload, body.syncAggregate)
}

/** Votes for the slots since the parent's, by the committees of each, as far as a block may carry them. */
function attestationsOf(
  { transition, params, ssz, BitArray }: Lodestar,
  validators: Validators,
  pre: State,
  parentSlot: number,
): electra.BeaconBlockBody['attestations'] {
  const epoch = Math.floor(pre.slot / params.SLOTS_PER_EPOCH)
  const first = Math.max(parentSlot, pre.slot - MOST_ATTESTATIONS, (epoch - 1) * params.SLOTS_PER_EPOCH)
  const out: electra.BeaconBlockBody['attestations'] = []
  for (let slot = first; slot < pre.slot; slot++) {
    const target = Math.floor(slot / params.SLOTS_PER_EPOCH)
    const data = {
      slot,
      index: 0,
      beaconBlockRoot: transition.getBlockRootAtSlot(pre, slot),
      source: (target === epoch ? pre.currentJustifiedCheckpoint : pre.previousJustifiedCheckpoint).toValue(),
      target: { epoch: target, root: transition.getBlockRootAtSlot(pre, target * params.SLOTS_PER_EPOCH) },
    }
    const committeeBits = ssz.electra.CommitteeBits.defaultValue()
    const members: number[] = []
    for (let i = 0; i < pre.epochCtx.getCommitteeCountPerSlot(target); i++) {
      committeeBits.set(i, true)
      members.push(...pre.epochCtx.getBeaconCommittee(slot, i))
    }
    const domain = pre.config.getDomain(pre.slot, params.DOMAIN_BEACON_ATTESTER, slot)
    out.push({
      aggregationBits: BitArray.fromBoolArray(members.map(() => true)),
      data,
      signature: validators.sign(
        members,
        transition.computeSigningRoot(ssz.phase0.AttestationData, data, domain),
      ),
      committeeBits,
    })
  }
  return out
}

function executionPayloadOf({ header, transactions }: Payload): electra.ExecutionPayload {
  return {
    parentHash: header.parentHash,
    feeRecipient: header.beneficiary,
    stateRoot: header.stateRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom,
    prevRandao: header.mixHash,
    blockNumber: Number(header.number),
    gasLimit: Number(header.gasLimit),
    gasUsed: Number(header.gasUsed),
    timestamp: Number(header.timestamp),
    extraData: header.extraData,
    baseFeePerGas: header.baseFeePerGas as bigint,
    blockHash: BlockHeader.hash(header),
    transactions: [...transactions],
    withdrawals: [],
    blobGasUsed: header.blobGasUsed as bigint,
    excessBlobGas: header.excessBlobGas as bigint,
  }
}

/** The state before the first block: all validators there from the beginning, and the EVM chain's first block merged. */
function genesisOf(
  { transition, params, ssz, config, defaults, Tree }: Lodestar,
  validators: Validators,
  first: Payload,
): { readonly state: State; readonly header: Header } {
  const count = validators.keys.length
  const chain = config.createChainForkConfig({
    ...defaults,
    PRESET_BASE: params.ACTIVE_PRESET,
    CONFIG_NAME: 'aitbc-devnet',
    ...versions(),
    SECONDS_PER_SLOT: Number(SLOT_SECONDS),
    SLOT_DURATION_MS: Number(SLOT_SECONDS) * 1000,
  })
  const state = ssz.electra.BeaconState.defaultViewDU()
  state.genesisTime = Number(first.header.timestamp)
  state.fork = ssz.phase0.Fork.toViewDU({
    previousVersion: chain.forks.deneb.version,
    currentVersion: chain.forks.electra.version,
    epoch: 0,
  })
  for (const pubkey of validators.keys) {
    state.validators.push(
      ssz.phase0.Validator.toViewDU({
        pubkey,
        // BLS credentials: rewards aren't paid out, so no block has withdrawals, which the EVM node can't be told of.
        withdrawalCredentials: new Uint8Array(32),
        effectiveBalance: FULL_BALANCE,
        slashed: false,
        activationEligibilityEpoch: 0,
        activationEpoch: 0,
        exitEpoch: Number.POSITIVE_INFINITY,
        withdrawableEpoch: Number.POSITIVE_INFINITY,
      }),
    )
    state.balances.push(FULL_BALANCE)
    state.previousEpochParticipation.push(0)
    state.currentEpochParticipation.push(0)
    state.inactivityScores.push(0)
  }
  state.randaoMixes = ssz.phase0.RandaoMixes.toViewDU(
    Array.from({ length: params.EPOCHS_PER_HISTORICAL_VECTOR }, () => BlockHeader.hash(first.header)),
  )
  const body = ssz.electra.BeaconBlockBody.defaultValue()
  const bodyRoot = ssz.electra.BeaconBlockBody.hashTreeRoot(body)
  const beacon = { slot: 0, proposerIndex: 0, parentRoot: new Uint8Array(32), bodyRoot }
  state.latestBlockHeader = ssz.phase0.BeaconBlockHeader.toViewDU({
    ...beacon,
    stateRoot: new Uint8Array(32),
  })
  const { transactions, withdrawals, ...payload } = executionPayloadOf(first)
  state.latestExecutionPayloadHeader = ssz.electra.ExecutionPayloadHeader.toViewDU({
    ...payload,
    transactionsRoot: ssz.bellatrix.Transactions.hashTreeRoot(transactions),
    withdrawalsRoot: ssz.capella.Withdrawals.hashTreeRoot(withdrawals),
  })
  // No deposit contract on this chain.
  state.depositRequestsStartIndex = 2n ** 64n - 1n
  state.commit()
  state.genesisValidatorsRoot = state.validators.hashTreeRoot()
  const { syncCommittee } = transition.getNextSyncCommittee(
    params.ForkSeq.electra,
    state,
    Uint32Array.from({ length: count }, (_, i) => i),
    new Uint16Array(count).fill(32),
  )
  state.currentSyncCommittee = ssz.altair.SyncCommittee.toViewDU(syncCommittee)
  state.nextSyncCommittee = ssz.altair.SyncCommittee.toViewDU(syncCommittee)
  state.commit()
  const cached = transition.createCachedBeaconState(
    state,
    {
      config: config.createBeaconConfig(chain, state.genesisValidatorsRoot),
      pubkeyCache: transition.createPubkeyCache(),
    },
    { skipSyncPubkeys: false },
  ) as State
  return {
    state: cached,
    header: {
      beacon: { ...beacon, stateRoot: cached.hashTreeRoot() },
      // What the body's empty payload hashes to.
      execution: {
        ...ssz.electra.ExecutionPayloadHeader.defaultValue(),
        transactionsRoot: ssz.bellatrix.Transactions.hashTreeRoot([]),
        withdrawalsRoot: ssz.capella.Withdrawals.hashTreeRoot([]),
      },
      executionBranch: new Tree(ssz.electra.BeaconBlockBody.toView(body).node).getSingleProof(
        GINDEX.execution,
      ),
    },
  }
}

function entryOf(
  { ssz, Tree }: Lodestar,
  state: State,
  header: Header,
  parent: Entry | undefined,
  payload: Payload,
  aggregate: altair.SyncAggregate,
): Entry {
  const tree = new Tree(state.node)
  const proved = (which: 'current' | 'next'): Proved => {
    const view = which === 'current' ? state.currentSyncCommittee : state.nextSyncCommittee
    const before = parent?.[which].committee
    const same =
      before !== undefined && Bytes.equal(ssz.altair.SyncCommittee.hashTreeRoot(before), view.hashTreeRoot())
    return { committee: same ? before : view.toValue(), branch: tree.getSingleProof(GINDEX[which]) }
  }
  return {
    root: ssz.phase0.BeaconBlockHeader.hashTreeRoot(header.beacon),
    slot: header.beacon.slot,
    header,
    parent,
    evm: { hash: payload.hash, height: payload.header.number },
    aggregate,
    current: proved('current'),
    next: proved('next'),
    finality: {
      root: Bytes.toHex(state.finalizedCheckpoint.root),
      branch: tree.getSingleProof(GINDEX.finalized),
    },
    state,
  }
}

interface Validators {
  readonly keys: readonly Uint8Array[]
  /** The sum of these validators' signatures, each counted as often as it is named. */
  sign(indices: Iterable<number>, root: Uint8Array): Uint8Array
}

function createValidators({ transition, blst }: Lodestar, count: number): Validators {
  const secrets = transition.interopSecretKeys(count)
  const scalars = secrets.map((secret) => BigInt(`0x${Bytes.toHex(secret.toBytes())}`))
  return {
    keys: secrets.map((secret) => secret.toPublicKey().toBytes()),
    sign(indices, root) {
      // The sum of signatures is the signature by the sum of the keys: one multiplication instead of one a validator.
      let sum = 0n
      for (const index of indices) sum += scalars[index] as bigint
      const bytes = Bytes.fromHex((sum % ORDER).toString(16).padStart(64, '0'))
      return blst.SecretKey.fromBytes(bytes).sign(root).toBytes()
    },
  }
}

/** Every fork from the first epoch on, up to Electra, with the versions that {@link BeaconConfig.minimal} has. */
function versions(): Record<string, number | Uint8Array> {
  const out: Record<string, number | Uint8Array> = { GENESIS_FORK_VERSION: Uint8Array.of(0, 0, 0, 1) }
  for (const [i, fork] of BeaconConfig.FORKS.entries()) {
    const name = fork.toUpperCase()
    out[`${name}_FORK_VERSION`] = Uint8Array.of(i + 1, 0, 0, 1)
    out[`${name}_FORK_EPOCH`] = i <= BeaconConfig.FORKS.indexOf(FORK) ? 0 : Number.POSITIVE_INFINITY
  }
  return { ...out, GLOAS_FORK_EPOCH: Number.POSITIVE_INFINITY }
}

function cannotFollow(payload: Payload, reason: string) {
  return DevnetErrors.BeaconCannotFollow(`EVM block ${payload.header.number}: ${reason}`, {
    block: payload.hash,
    reason,
  })
}
