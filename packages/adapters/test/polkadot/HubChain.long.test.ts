import { writeFile } from 'node:fs/promises'
import {
  Bytes,
  type Fact,
  Hashlock,
  type Intent,
  type LockTerms,
  type Step,
  type Submission,
  SwapSeed,
} from '@aitbc/core'
import { createPolkadotNode, type PolkadotNode } from '@aitbc/devnet'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { createHubVerifier, LockEvidence } from '@aitbc/proofs/revive'
import { Header } from '@aitbc/proofs/substrate'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { getContractAddress } from 'viem'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { HtlcDeployment } from '../../src/evm/deployment.js'
import {
  Address,
  createPolkadotAdapter,
  createSeedWallet,
  HubLock,
  HubUnits,
  type PolkadotHubAdapter,
} from '../../src/polkadot/index.js'
import { createProvingApi } from './proving.js'

// A bound for a hang, not for a busy machine: starting the runtime alone takes seconds of a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const spec = process.env['POLKADOT_CHAIN_SPEC'] ?? ''
const title = 'the contract on a Hub, through pallet-revive'

describe.skipIf(spec === '')(
  spec === '' ? `${title} (skipped: POLKADOT_CHAIN_SPEC names no specification of a Hub)` : title,
  () => {
    let node: PolkadotNode
    let api: ApiPromise
    let adapter: PolkadotHubAdapter
    let alice: ReturnType<typeof createSeedWallet>
    let bob: ReturnType<typeof createSeedWallet>
    let unit: bigint
    let nonces = 0

    const creation = Bytes.fromHex(HtlcDeployment.creation.slice(2))
    const seed = (fill: number) => new Uint8Array(32).fill(fill)
    const bytesOf = (id: `${string}:${string}:${string}`) =>
      Address.fromAccountId(id, node.network, 'account')
    const signed = async (step: Step) => {
      const signer = [alice, bob]
        .map((one) => one.signer(step.from, new Uint8Array(8)))
        .find((one) => one !== undefined)
      if (signer?.kind !== 'signs') throw new Error('nobody signs')
      return signer.sign(step)
    }
    const run = async (intent: Intent): Promise<Submission> => {
      const sent: Submission[] = []
      for (const step of await adapter.prepare(intent)) sent.push(await adapter.submit(await signed(step)))
      await node.produce(sent.length)
      return sent.at(-1) as Submission
    }
    const statusOf = async (submission: Submission) => (await adapter.status(submission)).value
    const swap = async (seconds = 3600n): Promise<{ terms: LockTerms.LockTerms; secret: Uint8Array }> => {
      const nonce = new Uint8Array(8).fill(++nonces)
      const secret = SwapSeed.secret(seed(1), nonce)
      const { clock } = (await adapter.tip()).value
      return {
        secret,
        terms: {
          version: 1,
          backend: adapter.backend,
          asset: node.network.native.id,
          amount: 2n * unit + 1n,
          hashlock: Hashlock.of(secret),
          locker: alice.party(nonce),
          beneficiary: bob.party(nonce),
          deadline: { network: node.network.id, clock: 'unix', value: clock + seconds },
          salt: new Uint8Array(32).fill(nonces),
        },
      }
    }

    beforeAll(async () => {
      node = await createPolkadotNode({ chainSpec: spec })
      const provider = new WsProvider(node.url, 2500, {}, 300_000) as NonNullable<ApiOptions['provider']>
      api = await ApiPromise.create({ provider, noInitWarn: true })
      const { network } = node
      unit = 10n ** BigInt(network.native.decimals)
      ;[alice, bob] = [1, 2].map((fill) =>
        createSeedWallet({ network, seed: SwapSeed.forNetwork(seed(fill), network.id) }),
      ) as [typeof alice, typeof bob]
      for (const { funding } of [alice, bob]) await node.fund(bytesOf(funding), 10_000n * unit)
      const chainId = BigInt(String(api.consts['revive']?.['chainId']))
      const salt = new Uint8Array(32)
      const address = await node.deploy(creation, { salt })
      const deployment = { deployer: node.deployer, salt }
      adapter = createPolkadotAdapter({ network, api, maxTip: unit, hub: { deployment, chainId } })
      expect(adapter.backend.address).toBe(address)
    })
    afterAll(async () => {
      await api?.disconnect()
      await node?.dispose()
    })

    test('a planck is as many wei as the runtime has it', () => {
      expect(node.hub).toBe(true)
      const { decimals } = node.network.native
      expect(BigInt(String(api.consts['revive']?.['nativeToEthRatio']))).toBe(HubUnits.ratio(decimals))
    })

    test('L3 S6: an agreement behind the call, which the contract doesn’t look at, is found by its owner', async () => {
      const { terms } = await swap()
      const counter = new Uint8Array(32).fill(7)
      const record = { role: 'follower' as const, counter, agreement: new Uint8Array(2000).fill(8) }
      const share = SwapSeed.forNetwork(seed(1), node.network.id)
      const recovery = { seed: share, nonce: new Uint8Array(8).fill(9), record }
      expect(await statusOf(await run({ kind: 'lock', terms, recovery }))).toMatchObject({ is: 'included' })
      const found = await adapter.recoverLocks(share, { hashlockOf: () => terms.hashlock })
      expect(found.map((one) => one.record)).toEqual([record])
      // Its payee has no account there yet; the lock's name is that of the agreed terms.
      expect(found[0]?.lock.ref).toBe(adapter.expectLock(terms, []).ref)
    })

    test('S1, H1: a lock is found; a wrong secret opens nothing; the claim pays exactly, and tells the secret', async () => {
      const { terms, secret } = await swap()
      const lock = adapter.expectLock(terms, [])
      expect(await statusOf(await run({ kind: 'lock', terms }))).toMatchObject({ is: 'included' })
      expect(await adapter.findLocks(terms)).toMatchObject([
        { is: 'found', fact: { value: { ref: lock.ref } } },
      ])
      const early = await run({ kind: 'refund', terms, lock })
      expect(await statusOf(early)).toMatchObject({
        is: 'failed',
        reason: { error: 'revive.ContractReverted' },
      })
      const before = (await adapter.balance(bob.funding)).value
      const claim = await run({ kind: 'claim', terms, lock, secret })
      expect(await statusOf(claim)).toMatchObject({ is: 'included' })
      const gained = (await adapter.balance(bob.funding)).value - before
      expect(gained).toBeLessThan(terms.amount)
      expect(gained).toBeGreaterThan(terms.amount - unit)
      expect(await adapter.findSpend(terms, lock)).toMatchObject({
        is: 'found',
        fact: { value: { kind: 'claim', secret, transaction: claim.id } },
      })
    })

    test('S4, S8: a refund pays from the deadline on, and a claim no longer does', async () => {
      const { terms, secret } = await swap(600n)
      const lock = adapter.expectLock(terms, [])
      await run({ kind: 'lock', terms })
      await node.advance(700n)
      const late = await run({ kind: 'claim', terms, lock, secret })
      expect(await statusOf(late)).toMatchObject({
        is: 'failed',
        reason: { error: 'revive.ContractReverted' },
      })
      const refund = await run({ kind: 'refund', terms, lock })
      expect(await statusOf(refund)).toMatchObject({ is: 'included' })
      expect(await adapter.findSpend(terms, lock)).toMatchObject({
        is: 'found',
        fact: { value: { kind: 'refund', transaction: refund.id } },
      })
      await expect(adapter.prove({ kind: 'lock', terms, lock })).rejects.toMatchObject({
        _tag: 'PolkadotNotProvable',
      })
    })

    test('H26: a claim that others send before its beneficiary is mapped pays an account without a key; its owner brings that home', async () => {
      const { network } = node
      const carol = createSeedWallet({ network, seed: SwapSeed.forNetwork(seed(3), network.id) })
      await node.fund(bytesOf(carol.funding), 100n * unit)
      const { terms: given, secret } = await swap()
      const terms = { ...given, beneficiary: carol.party(new Uint8Array(8)) }
      const lock = adapter.expectLock(terms, [])
      await run({ kind: 'lock', terms })
      // Whoever saw the secret in the pool.
      const data = HubLock.encodeClaim(HubLock.parameters(terms, adapter.chain), secret)
      const to = `${network.id}:${adapter.backend.address}` as const
      const front = await run({ kind: 'call', from: alice.funding, to, data, value: 0n })
      expect(await statusOf(front)).toMatchObject({ is: 'included' })
      await node.produce(3)
      const balance = async () => (await adapter.balance(carol.funding)).value
      expect(await balance()).toBe(100n * unit)
      // Whoever pays an account into existence adds what it needs to exist.
      const owed = terms.amount + network.fees.dust
      expect((await adapter.dues?.(terms, lock, 'beneficiary'))?.value).toEqual([
        { kind: 'payment', asset: terms.asset, amount: owed },
      ])
      const fetch: Intent = { kind: 'collect', terms, lock, due: 'payment', to: 'beneficiary' }
      const [step] = await adapter.prepare(fetch)
      const signer = carol.signer(carol.funding, new Uint8Array(8))
      if (step === undefined || signer?.kind !== 'signs') throw new Error('nobody signs')
      const sent = await adapter.submit(await signer.sign(step))
      await node.produce(4)
      expect(await statusOf(sent)).toMatchObject({ is: 'final' })
      const gained = (await balance()) - 100n * unit
      expect(gained).toBeGreaterThan(owed - step.maxFee.amount)
      expect(gained).toBeLessThan(owed)
      expect((await adapter.dues?.(terms, lock, 'beneficiary'))?.value).toEqual([])
    })

    test('H20: the audited code under an address of its own making may hold locks that nobody paid for; not under one that its creation code makes', async () => {
      const { network } = node
      const { chainId } = adapter.chain
      const over = (address: string) => createPolkadotAdapter({ network, api, hub: { address, chainId } })
      const { terms } = await swap()
      // Where the deployer's next contract comes to be: by its nonce, which each deployment raises by as much.
      const from = `0x${Bytes.toHex(node.deployer)}` as const
      const at = (nonce: number) => getContractAddress({ from, nonce: BigInt(nonce) }).toLowerCase()
      const nonceOf = (address: string) => {
        const nonce = Array.from({ length: 100 }, (_, i) => i).find((i) => at(i) === address)
        if (nonce === undefined) throw new Error(`${address} is of no nonce`)
        return nonce
      }
      const [first, second] = [nonceOf(await node.deploy(creation)), nonceOf(await node.deploy(creation))]
      const next = at(second + (second - first))
      const forged = { ...terms, backend: over(next).backend }
      const slot = HtlcStorage.slot(HtlcStorage.lockId(HubLock.parameters(forged, over(next).chain)))
      // Writes that the lock is there (PUSH1, PUSH32, SSTORE), and leaves the audited code behind (CODECOPY, RETURN).
      const runtime = creation.slice(26)
      const length = [0x61, runtime.length >> 8, runtime.length & 0xff]
      const made = Uint8Array.from([
        ...[0x60, 1, 0x7f, ...slot, 0x55],
        ...[...length, 0x60, 48, 0x5f, 0x39, ...length, 0x5f, 0xf3],
      ])
      expect(made.length).toBe(48)
      expect(await node.deploy(Bytes.concat(made, runtime))).toBe(next)
      // All that can be asked of the chain says that it is the contract, and that the lock is there.
      const proving = await createProvingApi(node.url)
      const other = createPolkadotAdapter({ network, api: proving.api, hub: { address: next, chainId } })
      const lock = other.expectLock(forged, [])
      await node.produce(3)
      const evidence = await other.prove({ kind: 'lock', terms: forged, lock })
      await proving.api.disconnect()
      expect(evidence.format).toBe(LockEvidence.FORMAT.lock)
      // No deployer and no salt make that address from the audited creation code: an adapter that is given those can't be led there.
      expect(adapter.auditTerms(forged)).toMatchObject({ ok: false })
      await expect(adapter.findLocks(forged)).rejects.toMatchObject({
        context: { argument: 'terms.backend.address' },
      })
    })

    test('S11, H20: every status is proved from the state of the runtime itself; evidence of one is none of another', async () => {
      const { network } = node
      const proving = await createProvingApi(node.url)
      const proved = createPolkadotAdapter({
        network,
        api: proving.api,
        hub: { address: adapter.backend.address, chainId: adapter.chain.chainId },
      })
      const record: Record<string, unknown>[] = []
      const judge = async (
        status: string,
        { terms, secret }: Awaited<ReturnType<typeof swap>>,
        evidence: Fact.Evidence,
      ) => {
        const { value: asOf, assurance } = await proved.tip()
        const verifier = createHubVerifier({
          network,
          chainId: adapter.chain.chainId,
          trust: () => ({ assurance, asOf }),
        })
        const lock = adapter.expectLock(terms, [])
        const spends = {
          claimed: { kind: 'claim', secret, transaction: '' },
          refunded: { kind: 'refund', transaction: '' },
        } as const
        expect(verifier.verify({ kind: 'lock', terms, lock }, evidence).ok, status).toBe(status === 'locked')
        for (const [is, spend] of Object.entries(spends))
          expect(verifier.verify({ kind: 'spend', terms, lock, spend }, evidence).ok, status).toBe(
            status === is,
          )
        for (const kind of ['lock', 'spend'] as const)
          expect(verifier.absent({ kind, terms }, evidence).ok, status).toBe(
            status === (kind === 'lock' ? 'none' : 'absent'),
          )
        const decoded = LockEvidence.decode(evidence.bytes)
        if (!decoded.ok) throw new Error(decoded.refusal.message)
        const header = Header.decode(decoded.value.header)
        if (!header.ok) throw new Error(header.refusal.message)
        record.push({
          status,
          block: Bytes.toHex(header.value.hash),
          salt: Bytes.toHex(terms.salt),
          secret: Bytes.toHex(secret),
          amount: String(terms.amount),
          deadline: String(terms.deadline.value),
          format: evidence.format,
          evidence: Bytes.toHex(evidence.bytes),
        })
      }
      const settle = async () => node.produce(3)
      const one = await swap()
      await judge('none', one, await proved.proveAbsence({ kind: 'lock', terms: one.terms }))
      const lock = adapter.expectLock(one.terms, [])
      await run({ kind: 'lock', terms: one.terms })
      await settle()
      await judge('locked', one, await proved.prove({ kind: 'lock', terms: one.terms, lock }))
      await judge('absent', one, await proved.proveAbsence({ kind: 'spend', terms: one.terms }))
      await run({ kind: 'claim', terms: one.terms, lock, secret: one.secret })
      await settle()
      const claim = { kind: 'claim', secret: one.secret, transaction: '' } as const
      await judge('claimed', one, await proved.prove({ kind: 'spend', terms: one.terms, lock, spend: claim }))
      const two = await swap(60n)
      const second = adapter.expectLock(two.terms, [])
      await run({ kind: 'lock', terms: two.terms })
      await node.advance(120n)
      await run({ kind: 'refund', terms: two.terms, lock: second })
      await settle()
      const refund = { kind: 'refund', transaction: '' } as const
      await judge(
        'refunded',
        two,
        await proved.prove({ kind: 'spend', terms: two.terms, lock: second, spend: refund }),
      )
      await proving.api.disconnect()
      // What the proofs' own tests have of a Hub is written here.
      const file = process.env['AITBC_RECORD_HUB']
      if (file !== undefined)
        await writeFile(
          file,
          [
            `// Recorded from ${node.runtime.name} ${node.runtime.version} by HubChain.long.test.ts of the adapters (AITBC_RECORD_HUB).`,
            '',
            '// biome-ignore format: as it was recorded',
            `export const recorded = ${JSON.stringify(
              {
                runtime: node.runtime,
                network: { ...network.native, ss58: network.ss58 },
                chainId: String(adapter.chain.chainId),
                contract: adapter.backend.address,
                locker: alice.funding,
                beneficiary: bob.funding,
                record,
              },
              null,
              1,
            )
              .replaceAll('"', "'")
              .replace(/'(\w+)':/g, '$1:')}`,
            '',
          ].join('\n'),
        )
    })
  },
)
