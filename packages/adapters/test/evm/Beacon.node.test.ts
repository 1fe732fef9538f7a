import { Bytes, type Fact, type Lock, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRest } from '@aitbc/core/rpc'
import { type BeaconNode, createDevnet, type Devnet, type EvmNode, mine, reorg } from '@aitbc/devnet'
import { LightClient } from '@aitbc/proofs/beacon'
import { BeaconConfig, BeaconEvidence, createBeaconAnchor, LightClientUpdate } from '@aitbc/proofs/checkpoint'
import { createEvmVerifier, LockEvidence } from '@aitbc/proofs/ethereum'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBeaconSource } from '../../src/evm/beacon.js'
import { type Bench, createBench, SECRET } from './party.js'

/** Blocks after which a block is final at the latest: three epochs, and one that signs. */
const FINALITY = 25
/** The first finality takes two epochs longer: nothing is justified in those. */
const FIRST = 40

/** Final by tag, as the real network is. */
const network = { ...networks.evmLocal, finality: { rule: 'tag', tag: 'finalized' } } as const

let bench: Bench
let beacon: BeaconNode
let genesis: Uint8Array
let salt = 0

beforeAll(async () => {
  bench = await createBench({ beacon: true })
  beacon = beaconOf(bench.devnet)
  genesis = beacon.finalized().root
})
afterAll(() => bench.close())

const beaconOf = (devnet: Devnet<undefined, EvmNode>): BeaconNode => {
  const node = devnet.evm.beacon
  if (node === undefined) throw new Error('the devnet has no beacon chain')
  return node
}
const adapterFrom = (blockRoot: Uint8Array, node = beacon) =>
  bench.adapterWith({
    network,
    beacon: createBeaconSource({ rest: createHttpRest({ url: node.url }), config: node.config, blockRoot }),
  })
const anchorOf = (blockRoot: Uint8Array, options: Partial<Parameters<typeof createBeaconAnchor>[0]> = {}) =>
  createBeaconAnchor({
    client: LightClient,
    config: beacon.config,
    blockRoot,
    now: bench.devnet.now,
    ...options,
  })
const fresh = () => bench.terms({ salt: new Uint8Array(32).fill(++salt) })
const locked = async (): Promise<{ terms: LockTerms.LockTerms; lock: Lock }> => {
  const terms = fresh()
  await bench.run({ kind: 'lock', terms })
  return { terms, lock: bench.adapter.expectLock(terms, []) }
}
const rejected = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error) => error._tag as string,
  )
/** The check that refuses, or `accepted`. */
const check = (verdict: { ok: true } | { ok: false; refusal: { check: string } }) =>
  verdict.ok ? 'accepted' : verdict.refusal.check
const changed = (
  evidence: Fact.Evidence,
  change: (it: BeaconEvidence.BeaconEvidence) => object,
): Fact.Evidence => {
  const it = BeaconEvidence.decode(evidence.bytes)
  if (!it.ok) throw new Error(it.refusal.message)
  return { ...evidence, bytes: BeaconEvidence.encode({ ...it.value, ...change(it.value) }) }
}
/** The finality update, with something else in it. */
const refinal = (
  evidence: Fact.Evidence,
  change: (update: LightClientUpdate.LightClientUpdate) => LightClientUpdate.LightClientUpdate,
) =>
  changed(evidence, ({ finality }) => {
    const update = LightClientUpdate.read(beacon.config, 'finality', finality)
    if (!update.ok) throw new Error(update.refusal.message)
    return { finality: LightClientUpdate.encode(beacon.config, 'electra', 'finality', change(update.value)) }
  })

describe('from the sync committee to the storage slot', () => {
  test('a lock, what became of it, and what is not there are proved from a checkpoint', async () => {
    const adapter = adapterFrom(genesis)
    const verifier = createEvmVerifier({ anchor: anchorOf(genesis) })
    const { terms, lock } = await locked()
    const claim = { kind: 'lock', terms, lock } as const

    // Known by the head alone, nothing is proved.
    expect((await adapter.tip()).value.finalized).toBeUndefined()
    expect(await rejected(adapter.prove(claim))).toBe('EvmNotProvable')

    await bench.mine(FIRST)
    const evidence = await adapter.prove(claim)
    expect(evidence.format).toBe('evm-beacon-lock/1')
    const final = beacon.finalized()
    expect(verifier.verify(claim, evidence)).toMatchObject({
      ok: true,
      value: {
        assurance: 'proved',
        value: { ref: lock.ref, amount: terms.amount, match: 'exact' },
        at: final.execution,
        asOf: { finalized: final.execution },
        anchor: { network: network.id, height: 0n, hash: `0x${Bytes.toHex(genesis)}`, assurance: 'proved' },
      },
    })
    expect((await adapter.tip()).value.finalized).toEqual(final.execution)

    // Not spent; and of other terms there is no lock.
    const unspent = { kind: 'spend', terms } as const
    expect(verifier.absent(unspent, await adapter.proveAbsence(unspent))).toMatchObject({
      ok: true,
      value: { assurance: 'proved', value: null },
    })
    const nothing = { kind: 'lock', terms: fresh() } as const
    const absence = await adapter.proveAbsence(nothing)
    expect(absence.format).toBe('evm-beacon-absence/1')
    expect(verifier.absent(nothing, absence)).toMatchObject({ ok: true, value: { value: null } })
    // The one lock that there is stands in the way of the path.
    expect(check(verifier.absent({ kind: 'lock', terms }, absence))).toBe('lock-present')
    expect(await rejected(adapter.proveAbsence({ kind: 'lock', terms }))).toBe('EvmNotProvable')

    await bench.run({ kind: 'claim', terms, lock, secret: SECRET }, { by: 1 })
    const spent = {
      kind: 'spend',
      terms,
      lock,
      spend: { kind: 'claim', transaction: '', secret: SECRET },
    } as const
    // The claim is in the chain, and not final: the lock still counts as unspent, the claim as not proved.
    expect(await rejected(adapter.prove(spent))).toBe('EvmNotProvable')
    await bench.mine(FINALITY)
    expect(verifier.verify(spent, await adapter.prove(spent))).toMatchObject({
      ok: true,
      value: { assurance: 'proved', value: { kind: 'claim', secret: SECRET } },
    })
    expect(await rejected(adapter.prove(claim))).toBe('EvmNotProvable')
  })

  test('periods later the same checkpoint still serves, and a newer one as well', async () => {
    const adapter = adapterFrom(genesis)
    const { terms, lock } = await locked()
    await bench.mine(70)
    const verifier = createEvmVerifier({ anchor: anchorOf(genesis) })
    const evidence = await adapter.prove({ kind: 'lock', terms, lock })
    const whole = BeaconEvidence.decode(evidence.bytes)
    expect(whole.ok && whole.value.updates.length).toBeGreaterThanOrEqual(1)
    expect(check(verifier.verify({ kind: 'lock', terms, lock }, evidence))).toBe('accepted')

    const checkpoint = beacon.finalized().root
    await bench.mine(FINALITY)
    const later = adapterFrom(checkpoint)
    const own = createEvmVerifier({ anchor: anchorOf(checkpoint) })
    const again = await later.prove({ kind: 'lock', terms, lock })
    expect(again.bytes.length).toBeLessThan(evidence.bytes.length)
    expect(check(own.verify({ kind: 'lock', terms, lock }, again))).toBe('accepted')
    // Each checkpoint proves what starts from it, and nothing else.
    expect(check(own.verify({ kind: 'lock', terms, lock }, evidence))).toBe('anchor-root')
  })
})

describe('refused', () => {
  let terms: LockTerms.LockTerms
  let lock: Lock
  let evidence: Fact.Evidence
  const claim = () => ({ kind: 'lock', terms, lock }) as const
  const judge = (bad: Fact.Evidence, options: Parameters<typeof anchorOf>[1] = {}, root = genesis) =>
    check(createEvmVerifier({ anchor: anchorOf(root, options) }).verify(claim(), bad))

  beforeAll(async () => {
    ;({ terms, lock } = await locked())
    await bench.mine(FINALITY)
    evidence = await adapterFrom(genesis).prove(claim())
    expect(judge(evidence)).toBe('accepted')
  })

  test('A23: another chain’s committee', async () => {
    const other = await createDevnet({
      bitcoin: false,
      evm: { beacon: { validators: 16 } },
      startTime: beacon.config.genesisTime,
    })
    try {
      const node = beaconOf(other)
      const root = node.finalized().root
      await mine(other, 'evm', FIRST)
      const source = createBeaconSource({
        rest: createHttpRest({ url: node.url }),
        config: node.config,
        blockRoot: root,
      })
      const foreign = await source.finality()
      if (foreign === undefined) throw new Error('nothing is final')
      const opened = BeaconEvidence.decode(foreign.evidence(new Uint8Array(0)))
      if (!opened.ok) throw new Error(opened.refusal.message)
      const { bootstrap, finality, updates } = opened.value
      // Its bootstrap isn't the trusted block, its updates aren't signed by the committee of ours; nor the other way round.
      expect(judge(changed(evidence, () => ({ bootstrap, finality, updates })))).toBe('anchor-root')
      expect(judge(changed(evidence, () => ({ updates: [], finality })))).toBe('signature')
      const theirs = { config: node.config }
      expect(
        judge(
          changed(evidence, () => ({ bootstrap })),
          theirs,
          root,
        ),
      ).toBe('signature')
    } finally {
      await other.dispose()
    }
  })

  test('A25: another network’s genesis, or another fork’s version', () => {
    const { config } = beacon
    expect(
      judge(evidence, { config: { ...config, genesisValidatorsRoot: new Uint8Array(32).fill(1) } }),
    ).toBe('signature')
    const versions = config.forks.map((fork) => ({ ...fork, version: Uint8Array.of(4, 0, 0, 1) }))
    expect(judge(evidence, { config: { ...config, forks: versions } })).toBe('signature')
    // Electra’s containers where the schedule says Deneb: one level more in each branch.
    expect(judge(evidence, { config: { ...config, forks: config.forks.slice(0, -1) } })).toBe('ssz-offset')
  })

  test('A19: the payload of another block, a block that isn’t the final one, and a state of another block', async () => {
    const moved = refinal(evidence, (update) => {
      const { finality, attested } = update
      if (finality === undefined) throw new Error('nothing is final')
      return {
        ...update,
        finality: { ...finality, header: { ...finality.header, execution: attested.execution! } },
      }
    })
    expect(judge(moved)).toBe('execution-branch')
    const plain = await bench.adapter.prove(claim())
    expect(plain.format).toBe(LockEvidence.FORMAT.lock)
    expect(judge(changed(evidence, () => ({ statement: plain.bytes })))).toBe('block-unknown')
    expect(judge(plain)).toBe('evidence-format')
  })

  test('A26, A27: a header that nobody finalized, signatures of too few, an old view, an old checkpoint', async () => {
    // The newest signed header in the place of the final one.
    const rushed = refinal(evidence, (update) => ({
      ...update,
      finality: { header: update.attested, branch: update.finality!.branch },
    }))
    expect(judge(rushed)).toBe('finality-branch')
    const few = refinal(evidence, (update) => ({
      ...update,
      aggregate: { ...update.aggregate, bits: Uint8Array.of(0xff, 0xff, 0x1f, 0) },
    }))
    expect(judge(few)).toBe('signature')
    const now = bench.devnet.now()
    expect(judge(evidence, { maxDelay: 60n, now: () => now + 3600n })).toBe('finality-stale')
    expect(judge(evidence, { now: () => now + 15n * 86_400n })).toBe('anchor-age')
    expect(judge(evidence, { now: () => beacon.config.genesisTime - 1n })).toBe('anchor-future')
    expect(judge(evidence, { now: () => beacon.config.genesisTime })).toBe('slot-future')
  })

  test('before anything is final there is nothing to prove with: unknown, not proved', async () => {
    const young = await createDevnet({ bitcoin: false, evm: { beacon: true } })
    try {
      const node = beaconOf(young)
      await mine(young, 'evm', 10)
      const source = createBeaconSource({
        rest: createHttpRest({ url: node.url }),
        config: node.config,
        blockRoot: node.finalized().root,
      })
      expect(await source.finality()).toBeUndefined()
    } finally {
      await young.dispose()
    }
    // The checkpoint is the newest final block itself.
    const { root } = beacon.finalized()
    const { terms: later, lock: put } = await locked()
    const adapter = adapterFrom(root)
    expect(await rejected(adapter.prove({ kind: 'lock', terms: later, lock: put }))).toBe('EvmNotProvable')
    const unlocked = { kind: 'lock', terms: fresh() } as const
    const verifier = createEvmVerifier({ anchor: anchorOf(root) })
    expect(check(verifier.absent(unlocked, await adapter.proveAbsence(unlocked)))).toBe('finality-none')
  })

  test('a block that a reorganisation replaced proves nothing, and no final block is replaced', async () => {
    const { terms: gone, lock: was } = await locked()
    const plain = await bench.adapter.prove({ kind: 'lock', terms: gone, lock: was })
    await reorg(bench.devnet, 'evm', 1, { drop: 'all' })
    await bench.mine(FINALITY)
    const verifier = createEvmVerifier({ anchor: anchorOf(genesis) })
    const adapter = adapterFrom(genesis)
    expect(await rejected(adapter.prove({ kind: 'lock', terms: gone, lock: was }))).toBe('EvmNotProvable')
    expect(
      check(
        verifier.absent(
          { kind: 'lock', terms: gone },
          await adapter.proveAbsence({ kind: 'lock', terms: gone }),
        ),
      ),
    ).toBe('accepted')
    const undone = changed(await adapter.prove(claim()), () => ({ statement: plain.bytes }))
    expect(check(verifier.verify({ kind: 'lock', terms: gone, lock: was }, undone))).toBe('block-unknown')
    expect(await rejected(reorg(bench.devnet, 'evm', FINALITY + 1))).toBe('ReorgFailed')
  })

  test('A24: one bit changed anywhere in the evidence is refused, or lies in what nothing binds', () => {
    const { bytes } = evidence
    const verifier = createEvmVerifier({ anchor: anchorOf(genesis) })
    const free: number[] = []
    for (let i = 0; i < bytes.length; i += 97) {
      const bad = bytes.slice()
      bad[i] = (bad[i] as number) ^ (1 << (i % 8))
      if (verifier.verify(claim(), { ...evidence, bytes: bad }).ok) free.push(i)
    }
    // The signature's slot selects fork and committee, and is otherwise free (`signature_slot`).
    expect(free.length).toBeLessThanOrEqual(1)
  })
})

describe('a source whose node lies', () => {
  type Lie = (path: string, body: string) => string
  /** The beacon node, with whatever is done to its answers; counts questions. */
  const tampered = () => {
    const honest = createHttpRest({ url: beacon.url })
    const world = {
      asked: 0,
      lie: undefined as Lie | undefined,
      rest: {
        ...honest,
        async request(...[method, params, options]: Parameters<typeof honest.request>) {
          world.asked++
          const answer = (await honest.request(method, params, options)) as { status: number; body: string }
          const body = world.lie?.((params as readonly string[])[0] as string, answer.body)
          return body === undefined ? answer : { ...answer, body }
        },
      },
    }
    return world
  }
  /** Replaces part of the answers of a route. */
  const lieOf =
    (route: string, part: RegExp, by: string): Lie =>
    (path, body) =>
      path.includes(route) ? body.replace(part, by) : body
  const sourceOf = (rest: ReturnType<typeof createHttpRest>, judged: boolean) => {
    const anchor = anchorOf(genesis)
    const judge = judged ? { anchor } : {}
    return {
      anchor,
      source: createBeaconSource({ rest, config: beacon.config, blockRoot: genesis, ...judge }),
    }
  }

  test('L2: is believed again as soon as it tells the truth, whatever it lied about', async () => {
    await bench.mine(70)
    const truth = await sourceOf(tampered().rest, true).source.finality()
    const lies: Record<string, Lie> = {
      bootstrap: lieOf('bootstrap', /"state_root":"0x.{64}/, `"state_root":"0x${'11'.repeat(32)}`),
      updates: lieOf('updates?', /"sync_committee_bits":"0x.{8}/g, '"sync_committee_bits":"0xfffffff7'),
      finality: lieOf('finality', /"block_hash":"0x.{64}/g, `"block_hash":"0x${'22'.repeat(32)}`),
      'too few': lieOf('finality', /"sync_committee_bits":"0x.{8}/, '"sync_committee_bits":"0x11111111'),
    }
    for (const [name, lie] of Object.entries(lies))
      for (const judged of [true, false]) {
        const world = tampered()
        const { source, anchor } = sourceOf(world.rest, judged)
        world.lie = lie
        if (judged) {
          expect(await rejected(source.finality()), name).toBe('RpcMalformed')
          expect(await rejected(source.finalized()), name).toBe('RpcMalformed')
        } else await source.finality()
        world.lie = undefined
        const final = await source.finality()
        expect(final?.block, name).toEqual(truth?.block)
        expect(anchor.follow(final!.evidence(new Uint8Array(0))).ok, name).toBe(true)
        expect(await source.finalized(), name).toEqual(final?.block)
        // What was judged isn't asked for again.
        const before = world.asked
        await source.finality()
        expect(world.asked - before > 1, name).toBe(!judged)
      }
  })

  test('A26: a signature of the far future leads to no endless list of updates', async () => {
    const world = tampered()
    const { source } = sourceOf(world.rest, false)
    world.lie = lieOf('finality', /"signature_slot":"\d+"/, `"signature_slot":"${2n ** 64n - 1n}"`)
    expect(await rejected(source.finality())).toBe('RpcMalformed')
    expect(world.asked).toBeLessThanOrEqual(2)
  })

  test('asked by several at once, it gives each the whole way, and nothing twice', async () => {
    const world = tampered()
    const { source, anchor } = sourceOf(world.rest, true)
    const ask = () => Promise.all([source.finality(), source.finality(), source.finalized()])
    for (const blocks of [1, 70]) {
      await bench.mine(blocks)
      const [one, other, block] = await ask()
      expect(block).toEqual(one?.block)
      for (const final of [one, other])
        expect(check(anchor.follow(final!.evidence(new Uint8Array(0))))).toBe('accepted')
    }
  })

  test('a node that lags behind the updates that are known is followed, not refused', async () => {
    const world = tampered()
    const { source, anchor } = sourceOf(world.rest, true)
    let old = ''
    world.lie = (path, body) => {
      if (path.includes('finality')) old = body
      return body
    }
    const first = await source.finality()
    await bench.mine(70)
    world.lie = undefined
    const second = await source.finality()
    expect(second!.block.height).toBeGreaterThan(first!.block.height)
    world.lie = (path, body) => (path.includes('finality') ? old : body)
    const again = await source.finality()
    expect(again?.block).toEqual(first?.block)
    expect(check(anchor.follow(again!.evidence(new Uint8Array(0))))).toBe('accepted')
  })

  test('the checkpoint itself is nothing that can be proved from it', async () => {
    const { root } = beacon.finalized()
    const source = createBeaconSource({
      rest: createHttpRest({ url: beacon.url }),
      config: beacon.config,
      blockRoot: root,
      anchor: anchorOf(root),
    })
    expect(await source.finality()).toBeUndefined()
    expect(await source.finalized()).toBeUndefined()
  })
})

test('BeaconConfig of the devnet has slots of twelve seconds, on the minimal preset', () => {
  expect(beacon.config.preset).toBe(BeaconConfig.MINIMAL_PRESET)
  expect(beacon.config.secondsPerSlot).toBe(12n)
})
