import type { Timing } from '@aitbc/core'
import { bitcoin, cosmosHub, ethereum, solana } from '@aitbc/core/networks'
import { Planner, Policy } from '@aitbc/swap'
import { check, least, type Progress, termsOf } from '@aitbc/swap/check'
import { describe, expect, it } from 'vitest'
import { EPOCH, profiles, terms } from '../model/fixtures.js'

const policy: Policy.Policy = { ...Policy.standard, offline: 3690n, detection: 0n, reorgs: 0n }
const btc = { network: bitcoin, profile: profiles.utxo }
const eth = { network: ethereum, profile: profiles.contract }
const atom = { network: cosmosHub, profile: profiles.contract }
const sol = { network: solana, profile: profiles.contract }
const assumptions = { long: btc, short: eth, policy }
const { gap, start } = Planner.margins(btc, eth, policy)
const planned = { gap: gap.seconds, start: start.seconds }
const any = ['deal', 'free-ride', 'no-deal']
/** A clock that is so far behind shows so much more time. */
const bySlowest = ethereum.timing.standard.lag

describe('check', () => {
  it('S6 S7 S18: what the planner plans is safe, and may end in any way but one', async () => {
    const progress: Progress[] = []
    const result = await check(planned, assumptions, { onProgress: (one) => progress.push(one) })
    expect(result).toMatchObject({
      ok: true,
      tick: 3690n,
      outcomes: {
        initiator: ['deal', 'free-ride', 'no-deal'],
        follower: ['deal', 'free-ride', 'no-deal'],
      },
    })
    if (result.ok)
      expect(result.unexplored).toEqual([
        expect.stringMatching(/^Bitcoin: .* a clock more than \d+ s behind UTC or 7200 s ahead$/),
        expect.stringMatching(/^Ethereum: a transaction included after more than \d+ s/),
        'more than 0 reorganisations on all chains together',
        'an honest party that is away, or whose endpoint lies, for more than 3690 s in all, or that notices later than 0 s',
        expect.stringContaining('clocks: "free"'),
        'what comes of differences below a tick of 3690 s',
        expect.stringContaining('fees'),
        expect.stringContaining('both parties honest'),
      ])
    expect(result.states).toBeGreaterThan(1000)
    expect(progress.length).toBeGreaterThan(10)
    expect(progress.at(-1)?.states).toBeLessThanOrEqual(result.states)
  })

  it('S6: a second less, and the follower is robbed in the shortest story there is, with the inequality and its numbers', async () => {
    const result = await check({ ...planned, gap: planned.gap - 1n }, assumptions)
    if (result.ok) throw new Error('no counterexample')
    const { message, honest, story, inequality } = result.counterexample
    expect(message).toMatch(/^S6: the follower is underwater/)
    expect(honest).toBe('follower')
    expect(story[0]).toMatch(/^tick 0: follower honest; \d+ left on the long leg's clock/)
    expect(story).toContainEqual(expect.stringMatching(/the hostile claim of the short leg is mined/))
    expect(story.at(-1)).toMatch(/the follower finishes: underwater/)
    expect(inequality).toMatch(
      new RegExp(
        `^T_A − T_B is ${gap.seconds - 1n} s; the planner's bound: T_A − T_B ≥ ${gap.seconds} s = 7200 `,
      ),
    )
  })

  it('S6: of what was planned a minute ago as much is explored as of what is planned now: who locks in seconds locks in ticks', async () => {
    const later = { ...planned, start: start.seconds - 60n }
    expect(await check(later, assumptions)).toMatchObject({
      ok: true,
      outcomes: { initiator: any, follower: any },
    })
    expect(await check({ ...later, gap: gap.seconds - 7200n }, assumptions)).toMatchObject({
      ok: false,
      counterexample: { honest: 'follower', message: expect.stringMatching(/^S6/) },
    })
    // The follower has the time to lock as long as its own rule says so, whatever the initiator's says.
    const { launch, lock } = Planner.margins(btc, eth, policy)
    const end = { gap: gap.seconds - 7200n, start: lock.seconds - bySlowest }
    expect(launch.seconds).toBeGreaterThan(lock.seconds)
    expect(await check(end, assumptions)).toMatchObject({ ok: false, counterexample: { honest: 'follower' } })
    const none = { initiator: ['no-deal'], follower: ['no-deal'] }
    expect(await check({ ...end, start: end.start - 1n }, assumptions)).toMatchObject({
      ok: true,
      outcomes: none,
    })
  })

  it('S7: a start that is just planned is one to lock in, also where nothing is put aside for waiting', async () => {
    const timing = { lead: 0n, lag: 0n, inclusion: 2n, finality: 1n, reorg: 0n, outage: 0n }
    const of = (id: 'check:a' | 'check:b') => ({
      network: { ...ethereum, id, timing: { standard: timing, conservative: timing } },
      profile: profiles.contract,
    })
    const pair = {
      ...{ long: of('check:a'), short: of('check:b'), tick: 1n },
      policy: { ...policy, offline: 0n },
    }
    const { gap, start } = Planner.margins(pair.long, pair.short, pair.policy)
    const all = { gap: gap.seconds, start: start.seconds }
    expect(await check(all, pair)).toMatchObject({ ok: true, outcomes: { initiator: any } })
    expect(await check({ ...all, reveal: -5n }, pair)).toMatchObject({
      ok: false,
      counterexample: { honest: 'initiator', message: expect.stringMatching(/^S6: the initiator/) },
    })
  })

  it('H29: what the policy takes on somebody’s word is told, chain by chain, and so is what no mempool has again', async () => {
    const some = { ...policy, assurance: 'reported', spends: { [ethereum.id]: 'reported' } } as const
    // Two networks of one name are two.
    const other = { ...atom, network: { ...cosmosHub, name: ethereum.name } }
    const pair = { long: eth, short: other, policy: { ...some, reorgs: 1n }, tick: 5000n }
    const { gap, start } = Planner.margins(eth, other, pair.policy)
    const result = await check({ gap: gap.seconds, start: start.seconds }, pair)
    if (!result.ok) throw new Error(result.counterexample.message)
    expect(result.unexplored.filter((line) => line.startsWith('Ethereum: a transaction'))).toHaveLength(2)
    for (const line of [
      'locks made up by those whose word the policy takes (assurance: "reported")',
      'Ethereum: claims and refunds made up by those whose word the policy takes (spends: "reported")',
      expect.stringMatching(/^a transaction that a reorganisation undoes and no mempool has again/),
      expect.stringContaining('orders to stop'),
    ])
      expect(result.unexplored).toContainEqual(line)
  })

  it('S12: a planned reorganisation that goes deeper than finality is told, and one that undoes both legs', async () => {
    const timing = { ...cosmosHub.timing.standard, finality: 30n, reorg: 31n }
    const odd = { ...atom, network: { ...cosmosHub, timing: { standard: timing, conservative: timing } } }
    const pair = { long: odd, short: odd, policy: { ...policy, reorgs: 1n, offline: 0n }, tick: 5000n }
    const { gap, start } = Planner.margins(odd, odd, pair.policy)
    const result = await check({ gap: gap.seconds, start: start.seconds }, pair)
    if (!result.ok) throw new Error(result.counterexample.message)
    expect(result.unexplored).toContain(
      'Cosmos Hub: a final block that is undone, though a reorganisation takes 31 s and finality 30 s',
    )
    expect(result.unexplored).toContainEqual(expect.stringContaining('undoes two legs at once'))
  })

  it.each([
    { reorgs: 0n, reorg: 0n, lead: 0n, detection: 2n, late: 3n },
    { reorgs: 0n, reorg: 0n, lead: 2n, detection: 2n, late: 1n },
    { reorgs: 1n, reorg: 1n, lead: 0n, detection: 2n, late: 2n },
  ])(
    'S6: a lock that is made void late, and mined after its deadline, is planned for: $reorgs, $reorg, $lead',
    async ({ reorgs, detection, late, ...some }) => {
      const timing = { lead: 0n, lag: 0n, inclusion: 1n, finality: 1n, reorg: 0n, outage: 0n }
      const of = (id: 'check:a' | 'check:b', times: Timing, profile: Planner.LegChain['profile']) => ({
        network: { ...ethereum, id, timing: { standard: times, conservative: times } },
        profile,
      })
      const pair = {
        long: of('check:a', timing, profiles.contract),
        short: of('check:b', { ...timing, ...some }, profiles.utxo),
        ...{ policy: { ...policy, offline: 0n, detection, reorgs }, tick: 1n },
      }
      const { gap, start, reveal } = Planner.margins(pair.long, pair.short, pair.policy)
      expect(gap.summands.find(({ name }) => name.startsWith('late locks'))?.seconds).toBe(late)
      const all = { gap: gap.seconds, start: start.seconds }
      expect(await check(all, pair)).toMatchObject({ ok: true, outcomes: { follower: any } })
      const result = await check({ ...all, gap: gap.seconds - 1n }, pair)
      expect(result).toMatchObject({ ok: false, counterexample: { honest: 'follower' } })
      if (!result.ok) expect(result.counterexample.story.join()).toContain('is to be made void')
      // When an initiator reveals says nothing of when the follower takes its lock for void.
      const cautious = { ...all, gap: gap.seconds - 1n, reveal: reveal.seconds + 1n }
      expect(await check(cautious, pair)).toMatchObject({ ok: false, counterexample: { honest: 'follower' } })
    },
  )

  it('S7: a reveal that leaves a second less than planned loses the initiator’s lock, as a clock that ran behind may run ahead', async () => {
    const pair = {
      long: atom,
      short: sol,
      policy: { ...policy, offline: 0n },
      clocks: 'free',
      tick: 900n,
    } as const
    const { gap, start, reveal } = Planner.margins(atom, sol, pair.policy)
    const all = { gap: gap.seconds, start: start.seconds }
    expect(await check({ ...all, reveal: reveal.seconds }, pair)).toMatchObject({ ok: true })
    const result = await check({ ...all, reveal: reveal.seconds - 1n }, pair)
    expect(result).toMatchObject({ ok: false, counterexample: { honest: 'initiator' } })
    if (!result.ok) expect(result.counterexample.inequality).toMatch(/^T_B − now at the reveal is 4619 s/)
  })

  it('behavior: the times of an agreement are those of its deadlines', () => {
    const agreement = {
      version: 1,
      long: terms('long', 'utxo', EPOCH + 900n),
      short: terms('short', 'contract', EPOCH + 500n),
      initiator: new Uint8Array(32).fill(1),
      follower: new Uint8Array(32).fill(2),
    } as const
    expect(termsOf(agreement, EPOCH)).toEqual({ gap: 400n, start: 500n })
    expect(() => termsOf(agreement, EPOCH * 1000n)).toThrow(expect.objectContaining({ code: 1004 }))
    const height = { ...agreement.short.deadline, clock: 'height', value: 900_000n } as const
    expect(() => termsOf({ ...agreement, short: { ...agreement.short, deadline: height } }, EPOCH)).toThrow(
      expect.objectContaining({ code: 4004 }),
    )
  })

  it('S6: more reorganisations than can be counted are refused, and not taken for none', async () => {
    const none = Planner.margins(btc, eth, { ...policy, reorgs: 0n })
    const bare = { gap: none.gap.seconds, start: none.start.seconds }
    for (const reorgs of [16n, 32n, 1000n])
      await expect(check(bare, { ...assumptions, policy: { ...policy, reorgs } })).rejects.toMatchObject({
        code: 4030,
        context: { bound: 'reorganisations' },
      })
  })

  it('S6: absences, times and deadlines of more ticks than are told apart are refused, and not taken for shorter ones', async () => {
    const bound = async (change: Partial<Policy.Policy>, lead = 0n, start = 9n) => {
      const timing = { lead, lag: 0n, inclusion: 1n, finality: 1n, reorg: 0n, outage: 0n }
      const leg = { ...atom, network: { ...cosmosHub, timing: { standard: timing, conservative: timing } } }
      const small = {
        ...{ long: leg, short: leg, tick: 1n },
        policy: { ...policy, offline: 0n, ...change },
      }
      const error = await check({ gap: 1n, start }, small, { states: 200 }).then(
        ({ ok }) => ok,
        (thrown) => thrown,
      )
      return error?.context?.bound
    }
    expect(await bound({ offline: 256n })).toBe('absence')
    expect(await bound({ detection: 256n })).toBe('absence')
    expect(await bound({ offline: 255n })).toBe('states')
    // 32 bits of it are nothing.
    expect(await bound({}, 2n ** 32n)).toBe('times')
    expect(await bound({}, 0n, 2n ** 53n + 1n)).toBe('times')
    expect(await bound({}, 0n, -(2n ** 64n))).toBe('times')
  })

  it('S4: locks that may end before their deadline are refused, and not taken for punctual ones', async () => {
    const early = { ...atom, profile: { ...atom.profile, early: 1n } }
    for (const one of [
      { long: early, short: eth },
      { long: btc, short: early },
    ])
      await expect(check(planned, { ...one, policy })).rejects.toMatchObject({
        code: 4004,
        context: { early: 1n },
      })
  })

  it('error: CheckTooLarge (4030), UnsupportedClock (4004), InvalidAmount (1004), and the reason of an abort', async () => {
    await expect(check(planned, assumptions, { states: 100 })).rejects.toMatchObject({ code: 4030 })
    await expect(check(planned, assumptions, { memory: 100 })).rejects.toMatchObject({
      code: 4030,
      context: { bound: 'memory' },
    })
    for (const options of [{ states: Number.NaN }, { states: 0 }, { memory: Number.POSITIVE_INFINITY }])
      await expect(check(planned, assumptions, options)).rejects.toMatchObject({ code: 1013 })
    for (const wrong of [{ gap: 1 }, { start: undefined }, { reveal: null }])
      await expect(check({ ...planned, ...wrong } as never, assumptions)).rejects.toMatchObject({
        code: 1013,
      })
    for (const [wrong, argument] of [
      [undefined, 'assumptions.long'],
      [{ ...assumptions, short: undefined }, 'assumptions.short'],
      [{ ...assumptions, short: { network: bitcoin } }, 'short.profile'],
    ] as const)
      await expect(check(planned, wrong as never)).rejects.toMatchObject({
        code: 1013,
        context: { argument },
      })
    const clocks = { ...assumptions, clocks: 'fre' } as never
    await expect(check(planned, clocks)).rejects.toMatchObject({ code: 1013 })
    const heights = { ...btc, network: { ...bitcoin, clock: 'height' as const } }
    await expect(check(planned, { ...assumptions, long: heights })).rejects.toMatchObject({ code: 4004 })
    await expect(check(planned, { ...assumptions, tick: 0n })).rejects.toMatchObject({ code: 1004 })
    const reason = new Error('enough')
    await expect(check(planned, assumptions, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const aborts = { signal: controller.signal, onProgress: () => controller.abort(reason) }
    await expect(check(planned, assumptions, aborts)).rejects.toBe(reason)
  })
})

describe('least', () => {
  it('S6 S7: where nothing is undone or late, the least safe values are the planner’s', async () => {
    const values = await least({
      long: atom,
      short: atom,
      policy: { ...policy, offline: 690n },
      clocks: 'free',
      tick: 345n,
    })
    expect(values).toMatchObject({
      tick: 345n,
      gap: { explained: true, reasons: [] },
      reveal: { explained: true, reasons: [] },
    })
    expect(values.gap.least).toBe(values.gap.planner)
    expect(values.reveal.least).toBe(values.reveal.planner)
    expect(values.gap.below.message).toMatch(/^S6: the follower/)
    expect(values.reveal.below.message).toMatch(/^S6: the initiator/)
  })

  it('S6: where claims come late, both times to notice count, each to the tick', async () => {
    const timing = { lead: 0n, lag: 0n, inclusion: 1n, finality: 1n, reorg: 0n, outage: 0n }
    const of = (id: 'check:a' | 'check:b', profile: Planner.LegChain['profile']) => ({
      network: { ...ethereum, id, timing: { standard: timing, conservative: timing } },
      profile,
    })
    const pair = {
      ...{ long: of('check:a', profiles.contract), short: of('check:b', profiles.utxo), tick: 1n },
      policy: { ...policy, offline: 0n, detection: 1n },
    }
    const { gap } = await least(pair)
    // S + LATE·S + D + LATE·D, and what a late lock takes: D and the block that has it
    const reasons = [{ why: expect.stringMatching(/^late locks/), ticks: -2 }]
    expect(gap).toMatchObject({ least: 4, planner: 6, explained: true, reasons })
  })

  it('S6 H9: a refund that a claim displaced is sent again once its owner looks, where a reorganisation undoes that claim unseen', async () => {
    const timing = { lead: 0n, lag: 0n, inclusion: 1n, finality: 1n, reorg: 1n, outage: 0n }
    const of = (id: 'check:a' | 'check:b', profile: Planner.LegChain['profile']) => ({
      network: { ...ethereum, id, timing: { standard: timing, conservative: timing } },
      profile,
    })
    const pair = {
      ...{ long: of('check:a', profiles.contract), tick: 1n },
      short: of('check:b', { ...profiles.utxo, lateLocks: false }),
      policy: { ...policy, offline: 0n, detection: 3n, reorgs: 1n },
    }
    const { gap } = await least(pair)
    // S + LATE·S + D + LATE·D, and S + D once more
    expect(gap).toMatchObject({ least: 12, planner: 12, explained: true, reasons: [] })
  })
})
