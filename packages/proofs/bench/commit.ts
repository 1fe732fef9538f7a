import { Batch, createEngine, Engine, WebCrypto } from '@aitbc/proofs/engine'
import { createNodeEngine } from '@aitbc/proofs/node'
import { LightClient } from '@aitbc/proofs/tendermint'
import { anchor, block, keysOf, nowOf } from '../test/tendermint/world.js'
import { type Gate, race } from './gate.js'

const VALIDATORS = 150
const ROUNDS = 5

/**
 * Gates of PERFORMANCE: a CometBFT block with 150 votes, whole, from header and validator set to the last signature. The
 * baseline is the same verification with a loop of noble's; both stop at two thirds of the power.
 */
export async function cometBftCommit(): Promise<readonly Gate[]> {
  const validators = keysOf(...Array.from({ length: VALIDATORS }, (_, i) => i))
  const first = block({ height: 1n, validators })
  const trusted = LightClient.trust(anchor(first, validators))
  if (!trusted.ok) throw new Error(trusted.refusal.message)
  const it = block({ height: 2n, validators })
  const good: LightClient.Update = { block: it, now: nowOf(it) }
  // The last vote of those that count is for another block.
  const at = Math.floor((VALIDATORS * 2) / 3)
  const signatures = it.commit.signatures.map((vote, i) => {
    if (i !== at || vote.flag === 'absent') return vote
    const signature = vote.signature.slice()
    signature[40] = (signature[40] as number) ^ 1
    return { ...vote, signature }
  })
  const tampered = { ...good, block: { ...it, commit: { ...it.commit, signatures } } }
  const signed = (engine: Engine.Signing) => async (update: LightClient.Update) => {
    const verdict = await Engine.settle(engine, LightClient.prepare(trusted.value, update))
    if (!verdict.ok && verdict.refusal.check !== 'signature') throw new Error(verdict.refusal.message)
    return verdict.ok
  }
  const shared = {
    baseline: (update: LightClient.Update) => LightClient.apply(trusted.value, update).ok,
    named: `the same verdict by a loop of noble over the ${at + 1} votes that decide`,
    good,
    tampered,
    rounds: ROUNDS,
    parts: at + 1,
    unit: 'vote, all else included',
  }
  if ((await WebCrypto.create()) === undefined) throw new Error('this Node has no ed25519 in WebCrypto')
  return [
    await race({
      ...shared,
      gate: 'cometbft-commit-node',
      clock: 'wall',
      target: 10,
      ours: signed(createNodeEngine()),
    }),
    await race({
      ...shared,
      gate: 'cometbft-commit-webcrypto',
      clock: 'wall',
      target: 10,
      ours: signed(await createEngine()),
    }),
    await race({
      ...shared,
      gate: 'cometbft-commit-pure-js',
      clock: 'processor',
      target: 2.5,
      ours: signed(Batch.create()),
    }),
  ]
}
