import {
  Bytes,
  type Claim,
  type Fact,
  Hashlock,
  type Lock,
  type LockTerms,
  type Network,
  type Verdict,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Base58 } from '@aitbc/proofs/bitcoin-script'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { Account, createHubVerifier, HubTerms, LockEvidence } from '@aitbc/proofs/revive'
import {
  BeefyClient,
  BeefyCommitment,
  BeefyLeaf,
  GrandpaClient,
  Header,
  Justification,
  ParachainState,
  Scale,
} from '@aitbc/proofs/substrate'
import { blake2b } from '@noble/hashes/blake2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, refusal, value } from '../helpers.js'
import { setOf as beefySet, signedBy, validators } from '../substrate/beefy.js'
import { blockOn, chainOf, hash32, justify, setOf, unanimous, voters } from '../substrate/grandpa.js'
import { rangeOf } from '../substrate/trees.js'
import { trieOf } from '../substrate/trie.js'
import { recorded } from './passetHub.js'

// Recorded from the state of a real Hub's runtime (pallet-revive, passet-hub) by `packages/adapters/test/polkadot/HubChain.long.test.ts`: the
// proofs are of all that it held. What the relay chain says of the block is made here, for that runtime ran without one.

const CODE_HASH = Bytes.fromHex('9ff09ddc36ebdd0493a73701db8026ddc2164228c0c913aae2a155faef8cc147')
const { polkadotLocal } = networks
const network: Network = {
  ...polkadotLocal,
  native: { ...polkadotLocal.native, symbol: recorded.network.symbol, decimals: recorded.network.decimals },
  ss58: recorded.network.ss58,
}
const chain: HubTerms.Chain = { network, chainId: BigInt(recorded.chainId) }
const partyOf = (id: string) => ({ account: id, payout: id }) as LockTerms.Party

interface Recorded {
  readonly terms: LockTerms.LockTerms
  readonly lock: Lock
  readonly secret: Bytes.Bytes
  readonly block: string
  readonly evidence: Fact.Evidence
}
const record = new Map(
  recorded.record.map((it): readonly [string, Recorded] => {
    const secret = Bytes.fromHex(it.secret)
    const terms: LockTerms.LockTerms = {
      version: 1,
      backend: { network: network.id, kind: 'contract', address: recorded.contract, codeHash: CODE_HASH },
      asset: network.native.id,
      amount: BigInt(it.amount),
      hashlock: Hashlock.of(secret),
      locker: partyOf(recorded.locker),
      beneficiary: partyOf(recorded.beneficiary),
      deadline: { network: network.id, clock: 'unix', value: BigInt(it.deadline) },
      salt: Bytes.fromHex(it.salt),
    }
    const ref = `0x${hex(HtlcStorage.lockId(value(HubTerms.parameters(terms, chain))))}`
    const lock = { ref, transaction: '', amount: terms.amount, match: 'exact' } as const
    const evidence = { network: network.id, format: it.format, bytes: Bytes.fromHex(it.evidence) }
    return [it.status, { terms, lock, secret, block: `0x${it.block}`, evidence }]
  }),
)
/** The check that refused, or `ok`. */
const outcome = (verdict: Verdict.Verdict<unknown>) => (verdict.ok ? 'ok' : verdict.refusal.check)
const of = (status: string) => record.get(status) as Recorded
const tip = { height: 100n, hash: '0x00', time: 1n, clock: 1n }
const trusting = (block?: string) =>
  createHubVerifier({
    ...chain,
    trust: ({ hash }) => (hash === block ? { assurance: 'quorum', asOf: tip } : undefined),
  })
const lockClaim = ({ terms, lock }: Recorded) => ({ kind: 'lock', terms, lock }) as const
const spendClaim = ({ terms, lock, secret }: Recorded, kind: 'claim' | 'refund'): Claim => ({
  kind: 'spend',
  terms,
  lock,
  spend: kind === 'claim' ? { kind, secret, transaction: '' } : { kind, transaction: '' },
})

describe('the state of a real Hub', () => {
  test('each status is what the runtime stored, and nothing else; the fact is as good as its block', () => {
    expect(recorded.runtime).toEqual({ name: 'passet-hub', version: 1_019_002 })
    const locked = of('locked')
    expect(value(trusting(locked.block).verify(lockClaim(locked), locked.evidence))).toMatchObject({
      value: locked.lock,
      assurance: 'quorum',
      at: { hash: locked.block },
      asOf: tip,
      anchor: { network: network.id, hash: locked.block, assurance: 'quorum' },
    })
    const claimed = of('claimed')
    expect(
      value(trusting(claimed.block).verify(spendClaim(claimed, 'claim'), claimed.evidence)).value,
    ).toEqual({ kind: 'claim', transaction: '', secret: claimed.secret })
    const refunded = of('refunded')
    expect(
      value(trusting(refunded.block).verify(spendClaim(refunded, 'refund'), refunded.evidence)).value,
    ).toEqual({ kind: 'refund', transaction: '' })
    const none = of('none')
    expect(value(trusting(none.block).absent({ kind: 'lock', terms: none.terms }, none.evidence)).value).toBe(
      null,
    )
    const absent = of('absent')
    expect(
      value(trusting(absent.block).absent({ kind: 'spend', terms: absent.terms }, absent.evidence)).value,
    ).toBe(null)
    // The same bytes in the form of another statement.
    const as = (one: Recorded, format: keyof typeof LockEvidence.FORMAT) => ({
      ...one.evidence,
      format: LockEvidence.FORMAT[format],
    })
    expect(check(trusting(locked.block).verify(spendClaim(locked, 'claim'), as(locked, 'spend')))).toBe(
      'spend-absent',
    )
    expect(check(trusting(claimed.block).verify(lockClaim(claimed), as(claimed, 'lock')))).toBe('lock-absent')
    expect(check(trusting(refunded.block).verify(spendClaim(refunded, 'claim'), refunded.evidence))).toBe(
      'spend-absent',
    )
    const asAbsent = (one: Recorded, kind: 'lock' | 'spend') =>
      check(trusting(one.block).absent({ kind, terms: one.terms }, as(one, 'absence')))
    expect(asAbsent(locked, 'lock')).toBe('lock-present')
    expect(asAbsent(claimed, 'spend')).toBe('spend-present')
    expect(asAbsent(none, 'spend')).toBe('spend-present')
    const told = (verdict: Verdict.Verdict<unknown>) => refusal(verdict).context
    expect(
      told(trusting(locked.block).absent({ kind: 'lock', terms: locked.terms }, as(locked, 'absence'))),
    ).toEqual({ status: 'locked' })
    expect(told(trusting(claimed.block).verify(lockClaim(claimed), as(claimed, 'lock')))).toEqual({
      status: 'claimed',
    })
    expect(told(trusting(refunded.block).verify(spendClaim(refunded, 'claim'), refunded.evidence))).toEqual({
      status: 'refunded',
    })
  })

  test('H20, S11: no evidence of other terms, another code, another chain; nothing without a block that is known', () => {
    const locked = of('locked')
    const { terms, lock, evidence } = locked
    const attempt = (
      change: Partial<LockTerms.LockTerms>,
      from: Partial<Fact.Evidence> = {},
      claimed: Partial<Lock> = {},
    ) =>
      outcome(
        trusting(locked.block).verify(
          { kind: 'lock', terms: { ...terms, ...change }, lock: { ...lock, ...claimed } },
          { ...evidence, ...from },
        ),
      )
    expect(attempt({})).toBe('ok')
    // Another slot: what the evidence has isn't on the way to it.
    for (const change of [
      { amount: terms.amount + 1n },
      { salt: new Uint8Array(32) },
      { hashlock: new Uint8Array(32).fill(3) },
      { deadline: { ...terms.deadline, value: terms.deadline.value + 1n } },
      { locker: terms.beneficiary, beneficiary: terms.locker },
    ])
      expect(attempt(change)).toMatch(/^(trie-incomplete|trie-unused|lock-absent)$/)
    expect(attempt({}, {}, { ref: `0x${'00'.repeat(32)}` })).toBe('claim-mismatch')
    expect(attempt({}, {}, { amount: 1n })).toBe('claim-mismatch')
    const { codeHash: _, ...bare } = terms.backend
    expect(attempt({ backend: bare })).toBe('lock-code')
    expect(attempt({ backend: { ...terms.backend, codeHash: hash32(1) } })).toBe('lock-code')
    const other32 = { ...terms, backend: { ...terms.backend, codeHash: hash32(1) } }
    const decoded = value(LockEvidence.decode(evidence.bytes))
    expect(refusal(LockEvidence.verify(other32, chain, decoded)).context).toEqual({
      expected: hex(hash32(1)),
      received: hex(CODE_HASH),
    })
    const cut = LockEvidence.verify(terms, chain, { ...decoded, header: new Uint8Array(3) })
    expect(refusal(cut)).toMatchObject({ check: 'hub-header', context: { because: expect.any(String) } })
    expect(attempt({ amount: 0n })).toBe('htlc-amount')
    expect(attempt({ backend: { ...terms.backend, network: networks.kusamaHub.id } })).toBe(
      'evidence-network',
    )
    expect(attempt({ backend: { ...terms.backend, address: `0x${'01'.repeat(20)}` } })).toMatch(
      /^(trie-|lock-contract)/,
    )
    expect(attempt({}, { network: 'polkadot:00000000000000000000000000000000' })).toBe('evidence-network')
    expect(attempt({}, { format: LockEvidence.FORMAT.spend })).toBe('evidence-format')
    expect(attempt({}, { bytes: new Uint8Array(0) })).toBe('evidence-encoding')
    expect(check(trusting().verify(lockClaim(locked), evidence))).toBe('block-unknown')
    const other = createHubVerifier({ ...chain, chainId: chain.chainId + 1n, trust: () => undefined })
    expect(other.verify(lockClaim(locked), evidence).ok).toBe(false)
    const claimed = of('claimed')
    const lying = {
      ...spendClaim(claimed, 'claim'),
      spend: { kind: 'claim', secret: hash32(7), transaction: '' },
    }
    expect(check(trusting(claimed.block).verify(lying as Claim, claimed.evidence))).toBe('secret')
    const elsewhere = { ...spendClaim(claimed, 'claim'), lock: { ...claimed.lock, ref: '0x00' } }
    expect(check(trusting(claimed.block).verify(elsewhere, claimed.evidence))).toBe('claim-mismatch')
  })

  test('behavior: a sample of one-bit changes is refused', () => {
    for (const status of ['locked', 'none']) {
      const one = of(status)
      // Whatever block the changed header is of, the caller says that it knows it.
      const verifier = createHubVerifier({ ...chain, trust: () => ({ assurance: 'reported', asOf: tip }) })
      const { length } = value(LockEvidence.decode(one.evidence.bytes)).header
      for (let bit = 0; bit < one.evidence.bytes.length * 8; bit += 37) {
        const evidence = { ...one.evidence, bytes: flip(one.evidence.bytes, bit) }
        const verdict =
          status === 'locked'
            ? verifier.verify(lockClaim(one), evidence)
            : verifier.absent({ kind: 'lock', terms: one.terms }, evidence)
        // Within the header only its state root is what the proofs hang on; its hash is another then.
        if (verdict.ok && verdict.value.at !== 'mempool') {
          expect(bit >> 3).toBeLessThan(length + 8)
          expect(verdict.value.at.hash).not.toBe(one.block)
        }
      }
    }
  })

  test('S16: terms that the contract can not hold are refused by name', () => {
    const { terms } = of('locked')
    const attempt = (change: Partial<LockTerms.LockTerms>) =>
      outcome(HubTerms.parameters({ ...terms, ...change }, chain))
    const id = (account: Uint8Array, prefix = recorded.network.ss58) =>
      partyOf(`${network.id}:${Account.encode({ prefix, account })}`)
    const { backend, deadline } = terms
    expect(attempt({})).toBe('ok')
    expect(attempt({ backend: { ...backend, kind: 'p2tr' } })).toBe('htlc-kind')
    expect(attempt({ backend: { ...backend, network: networks.kusamaHub.id } })).toBe('htlc-network')
    const { address: _, ...nowhere } = backend
    expect(attempt({ backend: nowhere })).toBe('htlc-contract')
    for (const address of [`x${recorded.contract}`, `${recorded.contract}0`, recorded.contract.slice(2)])
      expect(attempt({ backend: { ...backend, address } })).toBe('htlc-contract')
    expect(attempt({ asset: `${network.id}/assets:1984` })).toBe('htlc-asset')
    expect(attempt({ amount: 0n })).toBe('htlc-amount')
    expect(attempt({ amount: (1n << 128n) - 1n })).toBe('ok')
    expect(attempt({ amount: 1n << 128n })).toBe('htlc-amount')
    expect(attempt({ beneficiary: { ...terms.beneficiary, payout: terms.locker.account } })).toBe(
      'htlc-payout',
    )
    expect(attempt({ beneficiary: id(hash32(3), 0) })).toBe('htlc-account')
    expect(attempt({ beneficiary: partyOf(`${network.id}:5`) })).toBe('htlc-account')
    expect(
      attempt({ beneficiary: partyOf(terms.beneficiary.account.replace(network.id, networks.kusamaHub.id)) }),
    ).toBe('htlc-account')
    const stranger = id(hash32(3), 0)
    expect(refusal(HubTerms.parameters({ ...terms, beneficiary: stranger }, chain)).context).toEqual({
      received: stranger.account,
    })
    const contract = Bytes.fromHex(recorded.contract.slice(2))
    const itself = id(Account.fallback(contract))
    expect(refusal(HubTerms.parameters({ ...terms, beneficiary: itself }, chain)).context).toEqual({
      received: itself.account,
    })
    for (const prefix of [0, 63, 64, 65, 16_383]) {
      const text = Account.encode({ prefix, account: hash32(3) })
      expect(value(Account.decode(text))).toEqual({ prefix, account: hash32(3) })
    }
    expect(attempt({ beneficiary: id(Account.fallback(contract)) })).toBe('htlc-account')
    expect(attempt({ beneficiary: id(Account.fallback(new Uint8Array(20))) })).toBe('htlc-account')
    const dotted = new Uint8Array(20).fill(7).with(3, 0)
    expect(attempt({ beneficiary: id(Account.fallback(dotted)) })).toBe('ok')
    expect(attempt({ deadline: { ...deadline, clock: 'height' } })).toBe('htlc-deadline')
    expect(attempt({ deadline: { ...deadline, network: networks.kusamaHub.id } })).toBe('htlc-deadline')
    expect(attempt({ deadline: { ...deadline, value: 1n << 64n } })).toBe('htlc-deadline')
    const withDecimals = (decimals: number) =>
      HubTerms.parameters(terms, {
        ...chain,
        network: { ...network, native: { ...network.native, decimals } },
      })
    expect(check(withDecimals(19))).toBe('htlc-asset')
    expect(value(withDecimals(18)).amount).toBe(terms.amount)
    expect(value(HubTerms.parameters(terms, chain)).amount).toBe(terms.amount * 10n ** 8n)
  })
})

describe('back to the relay chain', () => {
  const locked = of('locked')
  const hub = value(LockEvidence.decode(locked.evidence.bytes))
  const PARA = 1000
  const state = trieOf([
    [ParachainState.headKey(PARA), Scale.encode(Scale.bytes, hub.header)],
    [
      ParachainState.headKey(2000),
      Scale.encode(Scale.bytes, Header.encode(blockOn({ hash: hash32(1), number: 1n }))),
    ],
  ])
  const [start] = chainOf(1) as [ReturnType<typeof blockOn>]
  const relay = blockOn(start, [], state.root)
  const list = voters(4)
  const client = value(GrandpaClient.trust({ hash: start.hash, header: start.raw, set: setOf(0n, list) }))
  const justification = Justification.encode(unanimous(relay, list, 0n))
  const relayId = 'polkadot:91b171bb158e2d3848fa23a9f1c25182' as const
  const votes: LockEvidence.Relay = {
    header: relay.raw,
    head: state.prove(ParachainState.headKey(PARA)),
    finality: { kind: 'grandpa', justification },
  }
  const evidenceOf = (relayed?: LockEvidence.Relay, header = hub.header): Fact.Evidence => ({
    ...locked.evidence,
    bytes: LockEvidence.encode({ ...hub, header, ...(relayed === undefined ? {} : { relay: relayed }) }),
  })
  const verifierOf = (from: Partial<createHubVerifier.Options & { relay: object }>['relay'] = {}) =>
    createHubVerifier({
      ...chain,
      relay: { paraId: PARA, network: relayId, grandpa: () => client, ...from },
    })
  const judge = (relayed?: LockEvidence.Relay, verifier = verifierOf()) =>
    verifier.verify(lockClaim(locked), evidenceOf(relayed))

  test('GRANDPA: votes for a relay block, its newest head of the Hub, the slot of the lock: proved', () => {
    const { clock } = value(LockEvidence.verify(locked.terms, chain, hub)).block
    const block = { height: value(Header.decode(hub.header)).number, hash: locked.block }
    expect(value(judge(votes))).toMatchObject({
      value: locked.lock,
      assurance: 'proved',
      at: block,
      depth: 1n,
      asOf: { ...block, clock, time: clock, finalized: block },
      anchor: { network: relayId, height: start.number, hash: `0x${hex(start.hash)}`, assurance: 'proved' },
    })
    expect(clock).toBeLessThan(locked.terms.deadline.value)
    // A client that has come as far itself needs no votes, and takes none.
    const moved = value(GrandpaClient.apply(client, { kind: 'block', header: relay.raw, justification }))
    const there = verifierOf({ grandpa: () => moved })
    const bare = { ...votes, finality: { kind: 'grandpa', justification: new Uint8Array(0) } } as const
    expect(judge(bare, there).ok).toBe(true)
    expect(check(judge(votes, there))).toBe('relay-unasked')
    expect(judge(bare).ok).toBe(false)
  })

  test('A42: what the relay chain does not say, and who does not vote', () => {
    expect(check(judge())).toBe('relay-missing')
    expect(check(trusting(locked.block).verify(lockClaim(locked), evidenceOf(votes)))).toBe('relay-unasked')
    expect(check(judge(votes, verifierOf({ grandpa: undefined })))).toBe('relay-client')
    const few = list.slice(0, 2).map((voter) => ({ voter, block: relay }))
    const weak = Justification.encode(justify(relay, few, { setId: 0n }))
    expect(judge({ ...votes, finality: { kind: 'grandpa', justification: weak } }).ok).toBe(false)
    const late = Justification.encode(unanimous(relay, list, 1n))
    expect(judge({ ...votes, finality: { kind: 'grandpa', justification: late } }).ok).toBe(false)
    const forged = blockOn(start, [], trieOf([[ParachainState.headKey(PARA), hash32(1)]]).root)
    expect(check(judge({ ...votes, header: forged.raw }))).toBe('justification-target')
    expect(judge({ ...votes, header: new Uint8Array(3) }).ok).toBe(false)
    // Another parachain's head, or none.
    expect(check(judge(votes, verifierOf({ paraId: 2000 })))).toMatch(/^trie-/)
    const other = { ...votes, head: state.prove(ParachainState.headKey(2000)) }
    expect(check(judge(other, verifierOf({ paraId: 2000 })))).toBe('hub-anchor')
    expect(check(judge({ ...votes, head: [] }))).toBe('trie-root')
  })

  test('BEEFY: a leaf under a commitment tells of the relay block: proved', () => {
    const signers = validators(4)
    const [current, next] = [beefySet(7n, signers), beefySet(8n, signers)]
    const first = Number(relay.number)
    const leaves = [0, 1, 2].map((i) =>
      BeefyLeaf.encode({
        version: 0,
        parentNumber: first - 1 + i,
        parentHash: i === 1 ? relay.hash : hash32(i),
        nextSet: next,
        parachainHeads: hash32(9),
      }),
    )
    const range = rangeOf(leaves.map((leaf) => BeefyLeaf.hash(value(BeefyLeaf.decode(leaf)))))
    const trusted = value(BeefyClient.trust({ current, next, blockNumber: first, firstBlock: first }))
    const payload = [{ id: Uint8Array.of(0x6d, 0x68), data: range.root }]
    const signed = BeefyCommitment.encodeSigned(
      signedBy({ payload, blockNumber: first + 2, validatorSetId: 7n }, signers, [0, 1, 2]),
    )
    const moved = value(
      BeefyClient.apply(trusted, { signed, validators: signers.map(({ address }) => address) }),
    )
    const finality = { kind: 'beefy', leaf: leaves[1] as Uint8Array, items: range.prove(1).items } as const
    const verifier = verifierOf({ grandpa: undefined, beefy: () => moved })
    expect(value(judge({ ...votes, finality }, verifier))).toMatchObject({
      assurance: 'proved',
      anchor: { network: relayId, height: BigInt(first + 2), hash: `0x${hex(range.root)}` },
    })
    expect(check(judge({ ...votes, finality }))).toBe('relay-client')
    const wrong = { ...finality, leaf: leaves[2] as Uint8Array, items: range.prove(2).items }
    expect(check(judge({ ...votes, finality: wrong }, verifier))).toBe('header-link')
    const fresh = verifierOf({ grandpa: undefined, beefy: () => trusted })
    expect(check(judge({ ...votes, finality }, fresh))).toBe('state-root')
  })

  test('evidence has one encoding', () => {
    const beefy = { kind: 'beefy', leaf: hash32(1), items: [hash32(2), hash32(3)] } as const
    for (const relayed of [undefined, votes, { ...votes, finality: beefy }]) {
      const { bytes } = evidenceOf(relayed)
      expect(LockEvidence.encode(value(LockEvidence.decode(bytes)))).toEqual(bytes)
      expect(check(LockEvidence.decode(Bytes.concat(bytes, Uint8Array.of(0))))).toBe('evidence-encoding')
      expect(check(LockEvidence.decode(bytes.slice(0, -1)))).toBe('evidence-encoding')
      expect(value(LockEvidence.decode(bytes)).relay).toEqual(relayed)
      expect('relay' in value(LockEvidence.decode(bytes))).toBe(relayed !== undefined)
    }
    // Behind the tag of a finality stands the leaf: no other byte than 1 and 2 is one.
    const { bytes } = evidenceOf({ ...votes, finality: beefy })
    const refusals = [...bytes.keys()]
      .filter((at) => bytes[at] === 2)
      .map((at) => LockEvidence.decode(bytes.map((byte, i) => (i === at ? 3 : byte))))
      .flatMap((verdict) => (verdict.ok ? [] : [verdict.refusal]))
    expect(refusals).toContainEqual({
      check: 'evidence-encoding',
      message: expect.stringContaining('a tag is 1 or 2, got 3'),
      context: { received: 3 },
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const decoded = LockEvidence.decode(bytes)
        if (decoded.ok) expect(LockEvidence.encode(decoded.value)).toEqual(bytes)
      }),
    )
  })
})

describe('what a state holds of a contract', () => {
  test('the id of its trie and the hash of its code, or that there is none', () => {
    const { terms } = of('locked')
    const hub = value(LockEvidence.decode(of('locked').evidence.bytes))
    const { contract } = value(HubTerms.parameters(terms, chain))
    const word = (length: number) => new Uint8Array(length).fill(1)
    const id = word(32)
    const info = Bytes.concat(Uint8Array.of(0, 128), id, CODE_HASH, word(40))
    const slot = LockEvidence.slotKey(HtlcStorage.lockId(value(HubTerms.parameters(terms, chain))))
    const judge = (
      entries: readonly (readonly [Uint8Array, Uint8Array])[],
      stored: Uint8Array | undefined = undefined,
    ) => {
      const child = trieOf(stored === undefined ? [[hash32(1), word(1)]] : [[slot, stored]])
      const root = Bytes.concat(new TextEncoder().encode(':child_storage:default:'), id)
      const top = trieOf([...entries, [root, child.root]])
      const header = Header.encode({ ...value(Header.decode(hub.header)), stateRoot: top.root })
      return LockEvidence.verify(terms, chain, {
        header,
        contract: top.prove(LockEvidence.contractKey(contract), LockEvidence.CLOCK_KEY),
        status: [
          ...new Map([...top.prove(root), ...child.prove(slot)].map((it) => [hex(it), it])).values(),
        ].sort((a, b) => (hex(a) < hex(b) ? -1 : 1)),
      })
    }
    const clock = [LockEvidence.CLOCK_KEY, Scale.encode(Scale.u64, 1_800_000_000_999n)] as const
    const at = [LockEvidence.contractKey(contract), info] as const
    const one = new Uint8Array(32)
    one[31] = 1
    expect(value(judge([at, clock], one))).toMatchObject({
      status: 'locked',
      block: { clock: 1_800_000_000n },
    })
    expect(value(judge([at, clock]))).toMatchObject({ status: 'none' })
    expect(check(judge([at], one))).toBe('hub-clock')
    expect(check(judge([at, [LockEvidence.CLOCK_KEY, word(7)]], one))).toBe('hub-clock')
    expect(check(judge([clock], one))).toBe('lock-contract')
    // An account of somebody's keys (`AccountInfo::EOA`), and one that ends too soon.
    expect(check(judge([[at[0], Bytes.concat(Uint8Array.of(1), info.slice(1))], clock], one))).toBe(
      'lock-contract',
    )
    expect(check(judge([[at[0], info.slice(0, 60)], clock], one))).toBe('lock-contract')
    expect(check(judge([at, clock], word(31)))).toBe('hub-word')
    expect(check(judge([at, clock], word(32)))).toBe('lock-status')
    expect(check(LockEvidence.verify(terms, chain, { ...hub, header: word(5) }))).toBe('hub-header')
    expect(LockEvidence.contractOf(Uint8Array.of(0, 3))).toBeUndefined()
  })
})

describe('accounts', () => {
  const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
  test('default: SS58, and the address that contracts know', () => {
    const { prefix, account } = value(Account.decode(ALICE))
    expect(prefix).toBe(42)
    expect(hex(account)).toBe('d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d')
    // As pallet-revive's own tests and tools have it.
    expect(hex(Account.toH160(account))).toBe('9621dde636de098b43efb0fa9b61facfe328f99d')
    const h160 = Bytes.fromHex('41dccbd49b26c50d34355ed86ff0fa9e489d1e01')
    expect(hex(Account.fallback(h160))).toBe(`${hex(h160)}${'ee'.repeat(12)}`)
    expect(Account.toH160(Account.fallback(h160))).toEqual(h160)
    expect(Account.standsForH160(account)).toBe(false)
  })

  test('behavior: every prefix and account comes back; no two texts are one account', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 16_383 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat(),
        (prefix, account, place) => {
          const text = Account.encode({ prefix, account })
          expect(Account.decode(text)).toEqual({ ok: true, value: { prefix, account } })
          const at = place % text.length
          const other = `${text.slice(0, at)}${text[at] === 'z' ? 'y' : 'z'}${text.slice(at + 1)}`
          const decoded = Account.decode(other)
          if (decoded.ok) expect(Account.encode(decoded.value)).toBe(other)
        },
      ),
    )
  })

  test('error: what is no address of 32 bytes', () => {
    const attempt = (text: string) => outcome(Account.decode(text))
    expect(attempt(`${ALICE.slice(0, -1)}0`)).toBe('ss58-characters')
    expect(attempt('1'.repeat(65))).toBe('ss58-characters')
    expect(attempt('1'.repeat(64))).toBe('ss58-length')
    expect(attempt(`${ALICE.slice(0, -1)}Z`)).toBe('ss58-checksum')
    expect(attempt('')).toBe('ss58-length')
    expect(attempt(ALICE.slice(0, -3))).toBe('ss58-length')
    const spell = (...head: number[]) => {
      const body = Bytes.concat(Uint8Array.from(head), hash32(1))
      const checksum = blake2b(Bytes.concat(new TextEncoder().encode('SS58PRE'), body)).slice(0, 2)
      return Base58.encode(Bytes.concat(body, checksum))
    }
    expect(attempt(spell(63))).toBe('ok')
    expect(attempt(spell(64 | 16, 0))).toBe('ok')
    // A prefix of one byte in two, and what is reserved.
    expect(attempt(spell(64, 0))).toBe('ss58-prefix')
    expect(attempt(spell(128))).toBe('ss58-prefix')
  })
})

test('a contract whose record says a length in more than one byte is none', () => {
  const rest = new Uint8Array(80).fill(1)
  expect(LockEvidence.contractOf(Bytes.concat(Uint8Array.of(0, 128), rest))?.trieId).toEqual(
    rest.slice(0, 32),
  )
  for (const length of [1, 2, 3, 129])
    expect(LockEvidence.contractOf(Bytes.concat(Uint8Array.of(0, length), rest))).toBeUndefined()
  expect(LockEvidence.contractOf(Bytes.concat(Uint8Array.of(1, 128), rest))).toBeUndefined()
  expect(LockEvidence.contractOf(Uint8Array.of(0))).toBeUndefined()
  expect(LockEvidence.contractOf(null)).toBeUndefined()
})
