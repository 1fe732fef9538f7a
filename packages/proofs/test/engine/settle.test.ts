import { Batch, createEngine, Engine } from '@aitbc/proofs/engine'
import { Justification } from '@aitbc/proofs/substrate'
import { LightClient, type Signatures } from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import { chainOf, setOf, unanimous, voters } from '../substrate/grandpa.js'
import { anchor, block, keysOf, nowOf } from '../tendermint/world.js'
import { changed } from './checks.js'

const engines: readonly (readonly [string, Engine.Signing])[] = [
  ['batch', Batch.create()],
  ['of the platform', await createEngine()],
]

describe.each(engines)('verdicts that wait for signatures, engine %s', (_, engine) => {
  const validators = keysOf(...Array.from({ length: 20 }, (_, i) => i))
  const first = block({ height: 1n, validators })
  const trusted = LightClient.trust(anchor(first, validators))
  const it = block({ height: 2n, validators })

  test('CometBFT: stops at two thirds, accepts, and names the vote that is wrong', async () => {
    if (!trusted.ok) throw new Error(trusted.refusal.message)
    const prepare = (update: LightClient.Update) => LightClient.prepare(trusted.value, update)
    const good = { block: it, now: nowOf(it) }
    const pending = prepare(good)
    expect(pending.ok && pending.value.checks.length).toBe(14)
    const asked: Signatures.Check[] = []
    const counting: Engine.Signing = {
      verifyMany: (checks, options) => {
        asked.push(...checks)
        expect(options?.rule).toBe('zip215')
        return engine.verifyMany(checks, options)
      },
    }
    const accepted = await Engine.settle(counting, pending)
    expect(accepted.ok && LightClient.finalized(accepted.value).header.height).toBe(2n)
    expect(asked.length).toBe(14)
    for (const at of [0, 6, 13, 14]) {
      const signatures = it.commit.signatures.map((vote, i) =>
        i === at && vote.flag === 'commit' ? { ...vote, signature: changed(vote.signature, 40, 1) } : vote,
      )
      const update = { ...good, block: { ...it, commit: { ...it.commit, signatures } } }
      const verdict = await Engine.settle(engine, prepare(update))
      const sync = LightClient.apply(trusted.value, update)
      expect(verdict.ok).toBe(at === 14)
      expect(verdict.ok ? undefined : verdict.refusal).toEqual(sync.ok ? undefined : sync.refusal)
      if (!verdict.ok) expect(verdict.refusal).toMatchObject({ check: 'signature', context: { index: at } })
    }
  })

  test('GRANDPA: accepts, and names the vote that is wrong', async () => {
    const list = voters(9)
    const target = chainOf(1)[0] as ReturnType<typeof chainOf>[number]
    const good = unanimous(target, list, 3n)
    const settle = (justification: Justification.Justification) =>
      Engine.settle(engine, Justification.prepare(justification, setOf(3n, list)))
    expect(await settle(good)).toEqual({ ok: true, value: { hash: target.hash, number: target.number } })
    const precommits = good.precommits.map((vote, i) =>
      i === 4 ? { ...vote, signature: changed(vote.signature, 3, 4) } : vote,
    )
    expect(await settle({ ...good, precommits })).toMatchObject({
      refusal: { check: 'vote-signature', context: { index: 4 } },
    })
  })
})
