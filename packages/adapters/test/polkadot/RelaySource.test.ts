import { Bytes, type Claim, type Fact, isAitbcError, type Verdict } from '@aitbc/core'
import { createHubVerifier, LockEvidence } from '@aitbc/proofs/revive'
import {
  BeefyClient,
  BeefyLeaf,
  GrandpaClient,
  Hasher,
  Header,
  ParachainState,
  Scale,
} from '@aitbc/proofs/substrate'
import { describe, expect, test } from 'vitest'
import { createPolkadotAdapter } from '../../src/polkadot/index.js'
import { createRelaySource } from '../../src/polkadot/relay.js'
import {
  type Answer,
  all,
  blockOn,
  chainId,
  committed,
  contract,
  finalityProof,
  headsOf,
  hex,
  hubNode,
  justify,
  network,
  of,
  RELAY,
  type Recorded,
  type RelayBlock,
  relayNode,
  setOf,
  validatorSet,
  validators,
  value,
  voters,
} from './relay.js'

// The Hub's part was recorded from the state of a real runtime (passet-hub); the relay chain is the test's own, of four voters.

const HUB = 1000
const list = voters(4)
const others = voters(4, 50)
const hash32 = (fill: number) => new Uint8Array(32).fill(fill)
const start = blockOn({ hash: hash32(9), number: 99n }, hash32(5))
const anchor: createRelaySource.Anchor = { hash: start.hash, header: start.raw, set: setOf(0n, list) }
const stranger = blockOn({ hash: hash32(1), number: 1n }, hash32(5)).raw

/** A relay chain's state with heads of the Hub and of somebody else. */
const stateOf = (head: Uint8Array) =>
  headsOf([
    [HUB, head],
    [2000, stranger],
  ])
/** Its next block, final by the votes of some. */
const next = (
  parent: { readonly hash: Uint8Array; readonly number: bigint },
  head: Uint8Array,
  options: { readonly by?: typeof list; readonly set?: bigint; readonly hands?: typeof list } = {},
): RelayBlock => {
  const { by = list, set = 0n, hands } = options
  const state = stateOf(head)
  const block = blockOn(parent, state.root, hands)
  return { ...block, state, justification: justify(block, by, set) }
}

const locked = of('locked')
const [none, claimed] = [of('none'), of('claimed')]
const lockClaim = ({ terms, lock }: Recorded) => ({ kind: 'lock', terms, lock }) as const
const spendClaim = ({ terms, lock, secret }: Recorded): Claim => ({
  kind: 'spend',
  terms,
  lock,
  spend: { kind: 'claim', secret, transaction: '' },
})

const open = (
  blocks: readonly RelayBlock[],
  options: {
    readonly ends?: readonly bigint[]
    readonly relay?: Answer
    readonly hub?: Answer
    readonly known?: readonly Recorded[]
    readonly paraId?: number
    readonly source?: createRelaySource.Options
  } = {},
) => {
  const provider = relayNode(blocks, options.ends, options.relay)
  const relay = createRelaySource(
    options.source ?? { provider, network: RELAY, paraId: options.paraId ?? HUB, anchor },
  )
  const api = hubNode(options.known ?? all, options.hub)
  const adapter = createPolkadotAdapter({ network, api, hub: { address: contract, chainId, relay } })
  const verifier = createHubVerifier({ network, chainId, relay })
  return { provider, relay, adapter, verifier }
}
const tagOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error: unknown) => (isAitbcError(error) ? error._tag : String(error)),
  )
const checkOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error: unknown) =>
      isAitbcError(error, 'RpcMalformed') ? error.context['check'] : `no RpcMalformed: ${String(error)}`,
  )
const outcome = (verdict: Verdict.Verdict<unknown>) => (verdict.ok ? 'ok' : verdict.refusal.check)
const relayOf = ({ bytes }: Fact.Evidence) => value(LockEvidence.decode(bytes)).relay

describe('GRANDPA: from a block that the caller trusts to the slot of a lock', () => {
  const block = next(start, locked.header)

  test('A42: what was fetched is proved to the verifier: the lock, what ended it, and that there is none', async () => {
    const { adapter, verifier } = open([block])
    const evidence = await adapter.prove(lockClaim(locked))
    expect(value(verifier.verify(lockClaim(locked), evidence))).toMatchObject({
      value: locked.lock,
      assurance: 'proved',
      at: { hash: locked.hash },
      anchor: { network: RELAY, height: start.number, hash: hex(start.hash), assurance: 'proved' },
    })
    expect(relayOf(evidence)?.finality.kind).toBe('grandpa')
    // Good for any client of the same voters that isn't further, such as a counterparty's.
    const grandpa = () => value(GrandpaClient.trust(anchor))
    const theirs = createHubVerifier({ network, chainId, relay: { network: RELAY, paraId: HUB, grandpa } })
    expect(outcome(theirs.verify(lockClaim(locked), evidence))).toBe('ok')
    const spent = open([next(start, claimed.header)])
    const proof = await spent.adapter.prove(spendClaim(claimed))
    expect(value(spent.verifier.verify(spendClaim(claimed), proof)).assurance).toBe('proved')
    const before = open([next(start, none.header)])
    const absence = await before.adapter.proveAbsence({ kind: 'lock', terms: none.terms })
    expect(value(before.verifier.absent({ kind: 'lock', terms: none.terms }, absence))).toMatchObject({
      value: null,
      assurance: 'proved',
    })
  })

  test('changes of authorities are followed; evidence is by the newest votes of the present ones', async () => {
    const handover = next(start, none.header, { hands: others })
    const second = next(handover, none.header, { by: others, set: 1n, hands: list })
    const newest = next(second, locked.header, { by: list, set: 2n })
    const { adapter, verifier, relay, provider } = open([handover, second, newest], {
      ends: [handover.number, second.number],
    })
    const evidence = await adapter.prove(lockClaim(locked))
    expect(GrandpaClient.finalized(relay.grandpa?.() as GrandpaClient.State).hash).toEqual(second.hash)
    expect(value(verifier.verify(lockClaim(locked), evidence)).anchor?.hash).toBe(hex(second.hash))
    // Once there, one question is enough.
    provider.asked.length = 0
    await adapter.prove(lockClaim(locked))
    expect(provider.asked.filter((method) => method === 'grandpa_proveFinality')).toHaveLength(1)
  })

  test("nothing newer than the client's own block: it needs no votes", async () => {
    const handover = next(start, locked.header, { hands: others })
    const { adapter, verifier } = open([handover], { ends: [handover.number] })
    const evidence = await adapter.prove(lockClaim(locked))
    expect(relayOf(evidence)?.finality).toEqual({ kind: 'grandpa', justification: new Uint8Array(0) })
    expect(value(verifier.verify(lockClaim(locked), evidence)).assurance).toBe('proved')
    // A node that has no votes, and one that says so.
    for (const answer of [null, undefined]) {
      const silent = open([{ ...start, state: stateOf(locked.header) }], {
        relay: (method) => {
          if (method !== 'grandpa_proveFinality') return undefined
          if (answer === undefined) throw Object.assign(new Error('Block not yet finalized'), { code: 3 })
          return []
        },
      })
      // Nothing was proved of the trusted block's state: its root is another.
      expect(await tagOf(silent.adapter.prove(lockClaim(locked)))).toBe('RpcMalformed')
    }
  })

  test('PolkadotNotProvable: the relay chain has no block of the Hub yet that says so; it says what to do', async () => {
    const lagging = open([next(start, none.header)])
    await expect(lagging.adapter.prove(lockClaim(locked))).rejects.toMatchObject({
      _tag: 'PolkadotNotProvable',
      retryable: true,
      context: { block: none.hash },
    })
    // The Hub's own node is behind, or is of another chain than the relay chain's parachain 2000.
    for (const other of [open([block], { known: [none] }), open([block], { paraId: 2000 })])
      expect(await tagOf(other.adapter.prove(lockClaim(locked)))).toBe('PolkadotNotProvable')
    expect(await tagOf(open([block], { paraId: 3000 }).adapter.prove(lockClaim(locked)))).toBe(
      'PolkadotNotProvable',
    )
  })
})

describe('a hostile node of the relay chain', () => {
  const block = next(start, locked.header)
  const answering = (answer: Answer, blocks: readonly RelayBlock[] = [block]) =>
    open(blocks, { relay: answer }).adapter.prove(lockClaim(locked))
  const only = (method: string, told: unknown) => answering((asked) => (asked === method ? told : undefined))

  test('S11: another chain', async () => {
    const wrong: Answer = (method, [first]) =>
      method === 'chain_getBlockHash' && first === 0 ? `0x${'22'.repeat(32)}` : undefined
    expect(await tagOf(answering(wrong))).toBe('PolkadotWrongChain')
  })

  test('A40, A42: votes of too few, of another set, for another block, for a block that was final before', async () => {
    const vote = (justification: Uint8Array) => ({ ...block, justification })
    const at = (told: RelayBlock, blocks = [told]) => checkOf(open(blocks).adapter.prove(lockClaim(locked)))
    expect(await at(vote(justify(block, list.slice(0, 2), 0n)))).toBe('weight')
    expect(await at(vote(justify(block, list, 1n)))).toBe('vote-signature')
    expect(await at(vote(justify(block, others, 0n)))).toBe('authority-unknown')
    const fork = next(start, none.header)
    expect(await at({ ...block, justification: fork.justification as Uint8Array })).toBe(
      'justification-target',
    )
    // A state that was never voted on, under the votes for another.
    const forged = next({ hash: hash32(7), number: start.number }, locked.header)
    expect(await at({ ...forged, justification: block.justification as Uint8Array })).toBe(
      'justification-target',
    )
    // What is final already, told as something new.
    const late = { hash: block.hash, header: block.raw, set: setOf(0n, list) }
    const again = relayNode([block], [], (method) =>
      method === 'grandpa_proveFinality' ? finalityProof(block, 0n, []) : undefined,
    )
    const repeated = open([], { source: { provider: again, network: RELAY, paraId: HUB, anchor: late } })
    const evidence = await repeated.adapter.prove(lockClaim(locked))
    expect(relayOf(evidence)?.finality).toEqual({ kind: 'grandpa', justification: new Uint8Array(0) })
    expect(outcome(repeated.verifier.verify(lockClaim(locked), evidence))).toBe('ok')
  })

  test('a stale head proves the past alone: the fact has the age of that head', async () => {
    // The lock is long there, and the node shows the block before it.
    const stale = open([next(start, none.header)])
    const evidence = await stale.adapter.proveAbsence({ kind: 'lock', terms: locked.terms })
    const fact = value(stale.verifier.absent({ kind: 'lock', terms: locked.terms }, evidence))
    const fresh = open([next(start, locked.header)])
    const newer = value(
      fresh.verifier.verify(lockClaim(locked), await fresh.adapter.prove(lockClaim(locked))),
    )
    expect(fact.at).toMatchObject({ hash: none.hash })
    expect(fact.asOf.time).toBeLessThan(newer.asOf.time)
  })

  test("RpcMalformed: a header that isn't the block's, a head that isn't the Hub's, and what is no proof", async () => {
    const fork = next(start, none.header)
    const other = answering((method, [first]) => {
      if (method !== 'chain_getHeader' || first !== hex(block.hash)) return undefined
      return { ...open([fork]), number: '0x1', digest: { logs: [] } }
    })
    expect(await tagOf(other)).toBe('RpcMalformed')
    const proofs: readonly unknown[] = [
      { proof: block.state.prove(ParachainState.headKey(2000)).map(hex) },
      { proof: fork.state.prove(ParachainState.headKey(HUB)).map(hex) },
      { proof: [HUB, 2000].flatMap((id) => block.state.prove(ParachainState.headKey(id))).map(hex) },
      { proof: [] },
      { proof: ['0x00'] },
      { proof: 'none' },
      [],
    ]
    for (const proof of proofs)
      expect(await tagOf(only('state_getReadProof', proof)), JSON.stringify(proof)).toBe('RpcMalformed')
    const good = finalityProof(block, block.number, [])
    for (const told of [5, '0x', '0x00', `${good}00`, good.slice(0, -2), {}])
      expect(await tagOf(only('grandpa_proveFinality', told)), JSON.stringify(told)).toBe('RpcMalformed')
    expect(await tagOf(only('chain_getFinalizedHead', 'latest'))).toBe('RpcMalformed')
    const dead: Answer = () => {
      throw new Error('WebSocket is not connected')
    }
    expect(await tagOf(answering(dead))).toBe('RpcUnreachable')
  })

  test('changes of authorities without end are not followed for ever; what was followed is kept', async () => {
    const [one] = voters(1) as [(typeof list)[number]]
    const chain: RelayBlock[] = []
    for (let set = 0n; set < 258n; set++)
      chain.push(next(chain.at(-1) ?? start, locked.header, { by: [one], set, hands: [one] }))
    const ends = chain.map(({ number }) => number)
    const provider = relayNode(chain, ends)
    const alone = { ...anchor, set: setOf(0n, [one]) }
    const { adapter, relay } = open([], {
      source: { provider, network: RELAY, paraId: HUB, anchor: alone },
    })
    const height = () => GrandpaClient.finalized(relay.grandpa?.() as GrandpaClient.State).number
    expect(await tagOf(adapter.prove(lockClaim(locked)))).toBe('PolkadotNotProvable')
    expect(height()).toBe(start.number + 256n)
    expect(await tagOf(adapter.prove(lockClaim(locked)))).toBe('nothing')
    expect(height()).toBe(start.number + 258n)
  })
})

describe('a hostile node of the Hub, beside an honest relay chain', () => {
  const block = next(start, locked.header)
  const told = (hub: Answer) => tagOf(open([block], { hub }).adapter.prove(lockClaim(locked)))

  test('H20: proofs of another block, another contract, another lock; a header that is not the head', async () => {
    for (const [method, nodes] of [
      ['state_getReadProof', claimed.evidence.contract],
      ['state_getReadProof', locked.evidence.status],
      ['state_getChildReadProof', claimed.evidence.status],
      ['state_getChildReadProof', none.evidence.status],
      ['state_getChildReadProof', locked.evidence.contract],
      ['state_getChildReadProof', []],
    ] as const)
      expect(await told((asked) => (asked === method ? { proof: nodes.map(hex) } : undefined))).toBe(
        'RpcMalformed',
      )
    const swapped: Answer = (method) =>
      method === 'chain_getHeader' ? { ...headerOf(claimed), number: '0x9' } : undefined
    expect(await told(swapped)).toBe('RpcMalformed')
    // It says of the word whatever it likes: what is proved is what the state has.
    const lying: Answer = (method) =>
      method === 'childstate_getStorage' ? `0x${'00'.repeat(31)}02` : undefined
    expect(await tagOf(open([block], { hub: lying }).adapter.prove(spendClaim(locked)))).toBe('RpcMalformed')
  })

  const headerOf = ({ header }: Recorded) => {
    const { parentHash, stateRoot, extrinsicsRoot } = value(Header.decode(header))
    return {
      parentHash: hex(parentHash),
      stateRoot: hex(stateRoot),
      extrinsicsRoot: hex(extrinsicsRoot),
      digest: { logs: [] },
    }
  }
})

describe('BEEFY: a leaf under the commitment that the client has come to', () => {
  const signers = validators(4)
  const [current, following] = [validatorSet(7n, signers), validatorSet(8n, signers)]
  const block = next(start, locked.header)
  const first = Number(block.number)
  const leaves = [0, 1].map((i) =>
    BeefyLeaf.encode({
      version: 0,
      parentNumber: first - 1 + i,
      parentHash: i === 1 ? block.hash : start.hash,
      nextSet: following,
      parachainHeads: hash32(9),
    }),
  )
  const hashes = leaves.map((leaf) => BeefyLeaf.hash(value(BeefyLeaf.decode(leaf))))
  /** A range of two leaves: the one proves the other. */
  const root = Hasher.keccak256(Bytes.concat(...hashes))
  const trusted = value(
    BeefyClient.trust({ current, next: following, blockNumber: first, firstBlock: first }),
  )
  const signed = committed(root, first + 1, 7n, signers)
  const moved = value(
    BeefyClient.apply(trusted, { signed, validators: signers.map(({ address }) => address) }),
  )
  const proofOf = (index: number, change: { readonly count?: number } = {}) => ({
    blockHash: hex(block.hash),
    leaves: hex(
      Bytes.concat(
        Uint8Array.of(4 * (change.count ?? 1)),
        Scale.encode(Scale.bytes, leaves[index] as Uint8Array),
      ),
    ),
    proof: hex(
      Bytes.concat(
        Uint8Array.of(4),
        Scale.encode(Scale.u64, BigInt(index)),
        Scale.encode(Scale.u64, 2n),
        Uint8Array.of(4),
        hashes[1 - index] as Uint8Array,
      ),
    ),
  })
  const over = (told: unknown, beefy = () => moved) => {
    const provider = relayNode([block], [], (method, params) => {
      if (method !== 'mmr_generateProof') return undefined
      expect(params).toEqual([[first + 1], first + 1])
      return told
    })
    return open([], { source: { provider, network: RELAY, paraId: HUB, beefy } })
  }

  test('A43: proved to the same client', async () => {
    const { adapter, verifier } = over(proofOf(1))
    const evidence = await adapter.prove(lockClaim(locked))
    expect(relayOf(evidence)?.finality.kind).toBe('beefy')
    expect(value(verifier.verify(lockClaim(locked), evidence))).toMatchObject({
      assurance: 'proved',
      anchor: { network: RELAY, height: BigInt(first + 1), hash: hex(root) },
    })
  })

  test('A43, A46: a leaf about another block, a wrong path, two leaves, no commitment', async () => {
    const attempt = (told: unknown, beefy?: () => BeefyClient.State) =>
      tagOf(over(told, beefy).adapter.prove(lockClaim(locked)))
    expect(await attempt(proofOf(0))).toBe('RpcMalformed')
    expect(await attempt({ ...proofOf(1), proof: proofOf(0).proof })).toBe('RpcMalformed')
    expect(await attempt(proofOf(1, { count: 2 }))).toBe('RpcMalformed')
    for (const told of [[], {}, { leaves: 5, proof: '0x' }, { leaves: '0x00', proof: proofOf(1).proof }])
      expect(await attempt(told)).toBe('RpcMalformed')
    expect(await attempt(proofOf(1), () => trusted)).toBe('PolkadotNotProvable')
  })
})

test('error: options that say nothing', () => {
  const provider = relayNode([])
  const make = (change: object) => () =>
    createRelaySource({
      provider,
      network: RELAY,
      paraId: HUB,
      anchor,
      ...change,
    } as createRelaySource.Options)
  for (const paraId of [-1, 0.5, 2 ** 32, '1000']) expect(make({ paraId })).toThrow(/paraId/)
  expect(make({ provider: {} })).toThrow(/provider/)
  expect(make({ anchor: { ...anchor, hash: hash32(0) } })).toThrow(/anchor-hash/)
})
