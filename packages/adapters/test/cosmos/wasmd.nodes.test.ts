import { AccountId as Accounts, Bytes, Fact, type LockTerms, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import {
  type CosmosActions,
  type CosmosReceipt,
  createCosmosNode,
  createWasmdNode,
  type WasmdNode,
} from '@aitbc/devnet'
import { createCosmosVerifier, HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { LightBlock, LightClient } from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { createCosmosAdapter, createSeedWallet, GAS, HtlcLock } from '../../src/cosmos/index.js'
import { adapterContract } from '../contract.js'
import { contractOn, LACKS, PROFILE, program, SECOND, tokenOf } from './ground.js'

const network = networks.cosmosLocal
/** Seconds from a lock to its deadline: blocks come in real time here. */
const SPAN = 20n

/** A light client of the chain that trusts its first block. */
async function lightClient(url: string): Promise<LightClient.State> {
  const reader = createCosmosAdapter({
    network,
    transport: createHttpRpc({ url }),
    htlc: 'cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq0fr2sh',
  })
  const stop = new AbortController()
  for await (const { bytes } of reader.headers(
    { height: 1n, hash: await firstHash(url) },
    { signal: stop.signal },
  )) {
    const light = LightBlock.decode(bytes)
    if (!light.ok) throw new Error(light.refusal.message)
    const { header, commit, validators } = light.value
    const trusted = LightClient.trust({
      chainId: header.chainId,
      hash: commit.blockId.hash,
      header,
      nextValidators: validators,
      trustingPeriod: 1_000_000n * SECOND,
      unbondingPeriod: 1_814_400n * SECOND,
    })
    stop.abort()
    if (!trusted.ok) throw new Error(trusted.refusal.message)
    return trusted.value
  }
  throw new Error('the node has no second block')
}

async function firstHash(url: string): Promise<string> {
  const commit = (await createHttpRpc({ url }).request('commit', { height: '1' })) as {
    readonly signed_header: { readonly commit: { readonly block_id: { readonly hash: string } } }
  }
  return commit.signed_header.commit.block_id.hash
}

interface Clock {
  now(): Promise<bigint>
  reach(time: bigint): Promise<void>
}

const now = () => BigInt(Date.now()) * 1_000_000n

adapterContract('Cosmos on a real wasmd', {
  network,
  profile: PROFILE,
  capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
  span: SPAN,
  lacks: { ...LACKS, pending: 'blocks come by themselves' },
  async create() {
    const node = await createWasmdNode()
    const ground = await contractOn(node, { pollMs: 50, next: () => node.blocks() })
    const trusted = await lightClient(node.url)
    return {
      ...ground,
      // One more: what a block did can be searched for a moment after its state can be read.
      mine: (blocks = 1) => node.blocks(blocks + 1),
      reach: (clock) => node.reach(clock),
      verifier: () => createCosmosVerifier({ network, client: () => trusted, now }),
    }
  },
})

describe('the programs on the real virtual machine', () => {
  /** Gas of each act, with coins and tokens, claimed and refunded. */
  async function gasOn(node: Pick<WasmdNode, 'chainId' | 'denom' | keyof CosmosActions>, clock: Clock) {
    const [alice, bob] = [node.account('alice'), node.account('bob')]
    const htlc = await node.deploy(alice, program('htlc.wasm'), {})
    const token = await node.deploy(alice, program('test-tokens/cw20.wasm'), tokenOf(alice.address))
    const used: Record<string, bigint> = {}
    const count = async (act: string, receipt: Promise<CosmosReceipt>) => {
      const { log, gasUsed } = await receipt
      expect(log, act).toBe('')
      used[act] = gasUsed
    }
    for (const [kind, asset] of [
      ['native', node.denom],
      ['cw20', token],
    ] as const)
      for (const end of ['claim', 'refund'] as const) {
        const secret = sha256(new TextEncoder().encode(`${kind} ${end}`))
        const parameters = {
          ...{
            chainId: node.chainId,
            contract: htlc,
            kind,
            asset,
            amount: 1000n,
            hashlock: sha256(secret),
          },
          ...{ source: alice.address, recipient: bob.address, salt: secret },
          expires: ((await clock.now()) + SPAN) * SECOND,
        }
        const lock = HtlcLock.lockMessage(parameters)
        if (lock.kind !== 'execute') throw new Error('a lock is a message to a contract')
        const funds = lock.funds.map(({ denom, amount }) => ({ denom, amount: `${amount}` }))
        const message: unknown = JSON.parse(new TextDecoder().decode(lock.message))
        await count(`${kind} lock`, node.execute(alice, lock.contract, message, funds))
        const id = HtlcLock.id(parameters)
        if (end === 'refund') await clock.reach(parameters.expires / SECOND)
        const ending =
          end === 'claim' ? { release: { id, preimage: Bytes.toHex(secret) } } : { refund: { id } }
        await count(`${kind} ${end}`, node.execute(bob, htlc, ending))
      }
    return used
  }

  test('H13, H26, S2: a payment that fails on the real machine leaves the claim done and the money owed, whatever the token does', async () => {
    await using node = await createWasmdNode()
    const [alice, bob] = [node.account('alice'), node.account('bob')]
    for (const { address } of [alice, bob]) await node.fund(address, 10n ** 12n)
    const htlc = await node.deploy(alice, program('htlc.wasm'), {})
    const hostile = await node.deploy(alice, program('test-tokens/hostile.wasm'), {
      ...tokenOf(alice.address),
      mode: 'quiet',
    })
    let salts = 0
    const lock = async (change: Partial<HtlcStorage.Parameters> = {}) => {
      const secret = sha256(Uint8Array.of(++salts))
      const parameters: HtlcStorage.Parameters = {
        ...{ chainId: node.chainId, contract: htlc, kind: 'cw20', asset: hostile, amount: 500n },
        ...{ hashlock: sha256(secret), source: alice.address, recipient: bob.address, salt: secret },
        expires: ((await node.time()) + 3600n) * SECOND,
        ...change,
      }
      const message = HtlcLock.lockMessage(parameters)
      if (message.kind !== 'execute') throw new Error('a lock is a message to a contract')
      const funds = message.funds.map(({ denom, amount }) => ({ denom, amount: `${amount}` }))
      const json: unknown = JSON.parse(new TextDecoder().decode(message.message))
      expect((await node.execute(alice, message.contract, json, funds)).log).toBe('')
      return { id: HtlcLock.id(parameters), secret }
    }
    const release = ({ id, secret }: Awaited<ReturnType<typeof lock>>, gas?: bigint) =>
      node.execute(
        bob,
        htlc,
        { release: { id, preimage: Bytes.toHex(secret) } },
        [],
        gas === undefined ? {} : { gas },
      )
    const withdraw = (id: string) => node.execute(bob, htlc, { withdraw: { id } })
    const details = (id: string) => node.ask(htlc, { details: { id } })
    const become = async (mode: string, calls?: object) => {
      const message = { become: { mode, ...(calls === undefined ? {} : { calls }) } }
      expect((await node.execute(alice, hostile, message)).log).toBe('')
    }
    const held = async (address: string) =>
      BigInt(((await node.ask(hostile, { balance: { address } })) as { balance: string }).balance)

    const again = (id: string): readonly object[] => [
      { withdraw: { id } },
      { push: { id, to: alice.address } },
    ]
    for (const [mode, call] of [
      ['refusing'],
      ['endless'],
      ['silent'],
      ['sender-fee'],
      ['reentrant', 0],
      ['reentrant', 1],
    ] as const) {
      const it = await lock()
      const before = await held(bob.address)
      await become(mode, call === undefined ? undefined : again(it.id)[call])
      if (mode === 'endless') {
        // Too little gas for the payment settles nothing.
        expect((await release(it, 400_000n)).code, mode).not.toBe(0)
        expect(await details(it.id), mode).toMatchObject({ status: 'locked', paid: false })
      }
      const released = await release(it)
      expect(released.log, mode).toBe('')
      expect(released.gasUsed, mode).toBeLessThan(GAS.settle)
      const secret = Bytes.toHex(it.secret)
      expect(await details(it.id), mode).toMatchObject({ status: 'claimed', paid: false, secret })
      expect(await held(bob.address), mode).toBe(before)
      if (mode !== 'reentrant') expect((await withdraw(it.id)).code, mode).not.toBe(0)
      await become('quiet')
      expect((await withdraw(it.id)).log, mode).toBe('')
      expect(await held(bob.address), mode).toBe(before + 500n)
      expect((await withdraw(it.id)).code, mode).not.toBe(0)
    }
    // Coins to an account of a module, which the chain lets nobody pay.
    const recipient = HtlcStorage.addressText(
      sha256(new TextEncoder().encode('fee_collector')).slice(0, 20),
      network,
    )
    const blocked = await lock({ kind: 'native', asset: node.denom, recipient })
    expect((await release(blocked)).log).toBe('')
    expect(await details(blocked.id)).toMatchObject({ status: 'claimed', paid: false })
    expect((await withdraw(blocked.id)).code).not.toBe(0)
    expect(await node.balance(htlc)).toBe(500n)
  })

  test('coins and tokens are locked, claimed and refunded within the gas that the adapter gives', async () => {
    await using real = await createWasmdNode()
    await using local = await createCosmosNode({ startTime: await real.time() })
    for (const node of [real, local])
      for (const who of ['alice', 'bob']) await node.fund(node.account(who).address, 10n ** 12n)
    const onWasmd = await gasOn(real, { now: () => real.time(), reach: (time) => real.reach(time) })
    const onLocal = await gasOn(local, {
      now: async () => local.time() / SECOND,
      reach: (time) => local.advance(time - local.time() / SECOND),
    })
    console.log({ onWasmd, onLocal })
    for (const [act, gas] of Object.entries(onWasmd)) {
      const limit = act.endsWith('lock')
        ? act.startsWith('cw20')
          ? GAS.lockToken
          : GAS.lockNative
        : GAS.settle
      expect(gas, act).toBeLessThan(limit)
    }
  })
})

describe('evidence', () => {
  test('S12: a lock, its absence and its claim on a real chain are proved by light blocks and ICS-23', async () => {
    await using node = await createWasmdNode()
    expect(node.version).toMatch(/^v?0\.\d+/)
    const admin = node.account('admin')
    await node.fund(admin.address, 10n ** 12n)
    const htlc = await node.deploy(admin, program('htlc.wasm'), {})
    const adapter = createCosmosAdapter({ network, transport: createHttpRpc({ url: node.url }), htlc })
    let client = await lightClient(node.url)
    const verifier = createCosmosVerifier({ network, client: () => client, now })
    const [wallet, payee] = [3, 4].map((fill) =>
      createSeedWallet({ network, seed: SwapSeed.forNetwork(new Uint8Array(32).fill(fill), network.id) }),
    ) as [ReturnType<typeof createSeedWallet>, ReturnType<typeof createSeedWallet>]
    for (const { funding } of [wallet, payee]) await node.fund(Accounts.parse(funding).address, 10n ** 9n)
    const secret = new Uint8Array(32).fill(9)
    const { clock } = (await adapter.tip()).value
    const terms: LockTerms.LockTerms = {
      version: 1,
      backend: adapter.backend,
      asset: network.native.id,
      amount: 5_000n,
      hashlock: sha256(secret),
      locker: wallet.party(new Uint8Array(8)),
      beneficiary: payee.party(new Uint8Array(8)),
      deadline: { network: network.id, clock: 'unix', value: clock + 600n },
      salt: new Uint8Array(32).fill(1),
    }
    await node.blocks()
    const none = verifier.absent({ kind: 'lock', terms }, await adapter.proveAbsence({ kind: 'lock', terms }))
    expect(none).toMatchObject({ ok: true })
    const send = async (intent: Parameters<typeof adapter.prepare>[0]) => {
      const [step] = await adapter.prepare(intent)
      const signer =
        step && [wallet, payee].map((it) => it.signer(step.from, new Uint8Array(8))).find(Boolean)
      if (step === undefined || signer?.kind !== 'signs') throw new Error('nobody signs')
      const sent = await adapter.submit(await signer.sign(step))
      await node.blocks()
      expect((await adapter.status(sent)).value.is).toBe('final')
      return sent
    }
    const sent = await send({ kind: 'lock', terms })
    const lock = { ...adapter.expectLock(terms, []), transaction: sent.id }
    await node.blocks()
    const proof = await adapter.prove({ kind: 'lock', terms, lock })
    const there = verifier.verify({ kind: 'lock', terms, lock }, proof)
    if (!there.ok) throw new Error(there.refusal.message)
    expect(Fact.assuranceOf(there.value)).toBe('proved')
    expect(verifier.absent({ kind: 'lock', terms }, proof)).toMatchObject({ ok: false })
    for (let at = 0; at < proof.bytes.length; at += 61) {
      const bytes = proof.bytes.slice()
      bytes[at] = (bytes[at] as number) ^ 1
      const verdict = verifier.verify({ kind: 'lock', terms, lock }, { ...proof, bytes })
      expect(verdict.ok, `byte ${at} of ${bytes.length}`).toBe(false)
    }
    const claim = await send({ kind: 'claim', terms, lock, secret })
    const spend = { kind: 'claim', transaction: claim.id, secret } as const
    await node.blocks()
    const spent = await adapter.prove({ kind: 'spend', terms, lock, spend })
    expect(verifier.verify({ kind: 'spend', terms, lock, spend }, spent)).toMatchObject({ ok: true })
    // The client follows all blocks of the real chain.
    const stop = new AbortController()
    const { height } = (await adapter.tip()).value
    const base = LightClient.finalized(client)
    const from = { height: base.header.height, hash: Bytes.toHex(base.hash).toUpperCase() }
    for await (const { block, bytes } of adapter.headers(from, { signal: stop.signal })) {
      const light = LightBlock.decode(bytes)
      if (!light.ok) throw new Error(light.refusal.message)
      const next = LightClient.apply(client, { block: light.value, now: now() })
      if (!next.ok) throw new Error(next.refusal.message)
      client = next.value
      if (block.height >= height) stop.abort()
    }
    expect(LightClient.finalized(client).header.height).toBeGreaterThanOrEqual(height)
  })
})
