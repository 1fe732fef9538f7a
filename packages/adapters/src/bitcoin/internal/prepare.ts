import { CoreErrors, type Intent, type PrepareOptions, type Step, show } from '@aitbc/core'
import type { Transaction } from '@aitbc/proofs/bitcoin'
import * as Account from '../Account.js'
import { beaconAccount } from '../keys.js'
import type { Context } from './context.js'
import { nextBeaconIndex } from './locks.js'
import * as Record from './record.js'
import { replaceBySelf } from './replacement.js'
import { settle } from './settlement.js'
import { assertAmount, assertNotDust, spend, spendable } from './spending.js'
import * as Terms from './terms.js'

/** The transactions of an intent. */
export async function prepare(
  context: Context,
  intent: Intent,
  options: PrepareOptions = {},
): Promise<readonly Step[]> {
  options.signal?.throwIfAborted()
  switch (intent?.kind) {
    case 'transfer':
      return [await transfer(context, intent, options)]
    case 'lock':
      return [await lock(context, intent, options)]
    case 'claim':
    case 'refund':
      return [await settle(context, intent, options)]
    case 'void':
      return [await replaceBySelf(context, intent.submission, options)]
    case 'call':
      throw CoreErrors.UnsupportedCapability('Bitcoin has no calls', { intent: 'call' })
    default:
      throw CoreErrors.InvalidArgument(
        `intent.kind must be transfer, lock, claim, refund or void, got ${show((intent as Intent)?.kind)}`,
        { argument: 'intent.kind', received: (intent as Intent)?.kind },
      )
  }
}

async function transfer(
  context: Context,
  intent: Extract<Intent, { kind: 'transfer' }>,
  options: PrepareOptions,
): Promise<Step> {
  const { network } = context
  const from = spendable(context, intent.from, 'intent.from')
  const to = Account.parse(network, intent.to, 'intent.to')
  Terms.assertNative(network, intent.asset, 'intent.asset')
  assertAmount(intent.amount, 'intent.amount')
  assertNotDust(context, to.script, intent.amount, 'intent.amount')
  return spend(context, from, [{ amount: intent.amount, script: to.script }], options, { kind: 'transfer' })
}

async function lock(
  context: Context,
  intent: Extract<Intent, { kind: 'lock' }>,
  options: PrepareOptions,
): Promise<Step> {
  const { network } = context
  const { terms, htlc } = Terms.check(network, intent.terms)
  const from = spendable(context, intent.from ?? terms.locker.account, 'intent.from')
  const outputs: Transaction.Output[] = [{ amount: terms.amount, script: htlc.scriptPubKey }]
  if (intent.recovery !== undefined) {
    const { seed } = intent.recovery
    outputs.push({ amount: 0n, script: Record.write(network, terms, intent.recovery) })
    // A fresh address each time: one that is used again would show which swaps are one owner's (H15).
    const index = intent.recovery.index ?? (await nextBeaconIndex(context, seed, options))
    outputs.push({ amount: network.fees.dust, script: beaconAccount(network, seed, index).script })
  }
  return spend(context, from, outputs, options, { kind: 'lock' })
}
