export {
  type AitbcAccount,
  type AitbcBlock,
  type AitbcChain,
  type AitbcOptions,
  type AitbcPayment,
  createAitbcChain,
} from './aitbc/AitbcChain.js'
export type { BitcoinNode, BitcoinOptions } from './BitcoinNode.js'
export type { BeaconOptions } from './beacon/BeaconChain.js'
export {
  type AdvanceOptions,
  type AutomineOptions,
  advance,
  automine,
  type Chain,
  type FundOptions,
  fund,
  type MineOptions,
  mine,
  type ReorgOptions,
  reorg,
  setFeeEstimates,
  setMining,
} from './chain.js'
export { deployHtlc, deployToken, type Htlc, type Token, type TokenOptions } from './contracts.js'
export type {
  CosmosAccount,
  CosmosActions,
  CosmosDeployOptions,
  CosmosReceipt,
  CosmosSendOptions,
} from './cosmos/actions.js'
export {
  type CosmosLocalSendOptions,
  type CosmosMineOptions,
  type CosmosNode,
  type CosmosOptions,
  createCosmosNode,
} from './cosmos/createCosmosNode.js'
export { createWasmdNode, type WasmdNode, type WasmdOptions } from './cosmos/createWasmdNode.js'
export * as WasmRules from './cosmos/WasmRules.js'
export {
  type AnyDevnet,
  createDevnet,
  type Devnet,
  type DevnetOf,
  type DevnetOptions,
} from './createDevnet.js'
export {
  closedUrl,
  createProxy,
  type Exchange,
  type Fault,
  type FaultProxy,
  type Rule,
} from './createProxy.js'
export * as DebianPackages from './DebianPackages.js'
export type { BeaconCheckpoint, BeaconNode, EvmAccount, EvmNode, EvmOptions } from './EvmNode.js'
export { DevnetErrors } from './errors.js'
export type { Rpc } from './internal/JsonRpc.js'
export { createPolkadotNode, type PolkadotNode, type PolkadotOptions } from './polkadot/PolkadotNode.js'
export type { SolanaTokenExtension, SolanaTokenOptions } from './solana/mints.js'
export {
  createSolanaChain,
  type ProduceOptions,
  type SolanaBlock,
  type SolanaChain,
  type SolanaOptions,
  type SolanaReceipt,
  type SolanaReorgOptions,
} from './solana/SolanaChain.js'
export { createSolanaNode, type SolanaNode, type SolanaNodeOptions } from './solana/SolanaNode.js'
export { type ChannelListener, type ChannelOptions, connectChannel, listenChannel } from './TcpChannel.js'
export { vectorsFolder } from './vectorsFolder.js'
