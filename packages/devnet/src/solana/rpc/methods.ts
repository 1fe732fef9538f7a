import type { Ledger, View } from '../ledger.js'
import * as Params from './params.js'
import * as Past from './past.js'
import * as Reads from './reads.js'
import * as Submission from './submission.js'
import * as Views from './views.js'

const FEATURE_SET = 0
const SLOTS_IN_EPOCH = 432_000n

/** The JSON-RPC methods of a validator that serve wallets and programs. */
export function methods(ledger: Ledger, gate: Submission.Gate): Views.Methods {
  const views = Views.create(ledger)
  const { viewOf } = views

  function getEpochInfo(params: readonly unknown[]): unknown {
    const view = viewOf(Params.config(params, 0))
    return {
      absoluteSlot: view.slot,
      blockHeight: view.height,
      epoch: view.slot / SLOTS_IN_EPOCH,
      slotIndex: view.slot % SLOTS_IN_EPOCH,
      slotsInEpoch: SLOTS_IN_EPOCH,
      transactionCount: countAt(view),
    }
  }
  const countAt = (view: View) => ledger.transactions().filter(({ slot }) => slot <= view.slot).length

  return {
    getHealth: () => 'ok',
    getVersion: () => ({ 'solana-core': Views.VERSION, 'feature-set': FEATURE_SET }),
    getGenesisHash: () => ledger.genesisHash,
    getFirstAvailableBlock: () => 0,
    minimumLedgerSlot: () => 0,
    getSlot: (params) => viewOf(Params.config(params, 0)).slot,
    getBlockHeight: (params) => viewOf(Params.config(params, 0)).height,
    getTransactionCount: (params) => countAt(viewOf(Params.config(params, 0))),
    getEpochInfo,
    getEpochSchedule: () => ({
      slotsPerEpoch: SLOTS_IN_EPOCH,
      leaderScheduleSlotOffset: SLOTS_IN_EPOCH,
      warmup: false,
      firstNormalEpoch: 0,
      firstNormalSlot: 0,
    }),
    ...Reads.methods(views),
    ...Past.methods(views),
    ...Submission.methods(views, gate),
  }
}
