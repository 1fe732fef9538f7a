import {
  type Bytes,
  type Deadline,
  Hashlock,
  type LockTerms,
  type Signed,
  type Signer,
  type Step,
  type Submission,
  SwapSeed,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRest, createHttpRpc } from '@aitbc/core/rpc'
import { advance, createDevnet, fund, mine } from '@aitbc/devnet'
import {
  type BitcoinAdapter,
  createBitcoinAdapter,
  createCoreBackend,
  createEsploraBackend,
  fundingAccount,
  partyAccount,
  type SeedAccount,
} from '../../src/bitcoin/index.js'

export const network = networks.bitcoinRegtest
export type Kind = 'p2wsh' | 'p2tr' | 'p2tr-musig2'
export const KINDS = ['p2wsh', 'p2tr'] as const

/** A devnet with a Bitcoin node alone; the adapter over its RPC, and one over the Esplora façade. */
export async function createWorld() {
  const devnet = await createDevnet({ evm: false })
  const rpc = createHttpRpc({ url: devnet.bitcoin.url, headers: authorization(devnet) })
  const rest = createHttpRest({ url: devnet.bitcoin.esplora.url })
  const adapter = createBitcoinAdapter({ network, backend: createCoreBackend({ rpc }), pollMs: 20 })
  const esplora = createBitcoinAdapter({ network, backend: createEsploraBackend({ rest }), pollMs: 20 })
  return { devnet, node: devnet.bitcoin.rpc, rpc, rest, adapter, esplora }
}

export type World = Awaited<ReturnType<typeof createWorld>>

function authorization(devnet: { bitcoin: { authorization: string } }) {
  return { authorization: devnet.bitcoin.authorization }
}

let seeds = 0

/** A person: a share of a fresh seed, a funding account, and swaps by nonce. */
export function createPerson(name: string) {
  const seed = new Uint8Array(32).fill(++seeds)
  seed.set(new TextEncoder().encode(name).slice(0, 16), 1)
  const share = SwapSeed.forNetwork(seed, network.id)
  return { name, seed, share, funding: fundingAccount(network, share) }
}

export type Person = ReturnType<typeof createPerson>

export function nonceOf(n: number): Bytes.Bytes {
  const nonce = new Uint8Array(8)
  new DataView(nonce.buffer).setUint32(4, n)
  return nonce
}

export interface Swap {
  readonly terms: LockTerms.LockTerms
  readonly secret: Hashlock.Secret
  readonly nonce: Bytes.Bytes
  readonly locker: SeedAccount & { readonly party: LockTerms.Party }
  readonly beneficiary: SeedAccount & { readonly party: LockTerms.Party }
}

let nonces = 0

/** Terms of a fresh swap: `locker` initiates, and `beneficiary` claims. */
export function createSwap(
  locker: Person,
  beneficiary: Person,
  options: {
    readonly kind?: Kind
    readonly amount?: bigint
    readonly deadline: bigint
    readonly nonce?: number
  },
): Swap {
  const nonce = nonceOf(options.nonce ?? ++nonces)
  const secret = SwapSeed.secret(locker.seed, nonce)
  const a = partyAccount(network, locker.share, nonce)
  const b = partyAccount(network, beneficiary.share, nonce)
  const terms: LockTerms.LockTerms = {
    version: 1,
    backend: { network: network.id, kind: options.kind ?? 'p2wsh' },
    asset: network.native.id,
    amount: options.amount ?? 100_000n,
    hashlock: Hashlock.of(secret),
    locker: a.party,
    beneficiary: b.party,
    deadline: deadlineAt(options.deadline),
    salt: SwapSeed.derive(locker.share, 'salt', nonce),
  }
  return { terms, secret, nonce, locker: a, beneficiary: b }
}

export function deadlineAt(value: bigint): Deadline.Deadline {
  return { network: network.id, clock: 'median-time', value }
}

export async function sign(signer: Signer, step: Step): Promise<Signed> {
  if (signer.kind !== 'signs') throw new Error('a signer that signs is expected')
  return signer.sign(step)
}

/** Prepares, signs and submits what needs one step. */
export async function send(
  adapter: BitcoinAdapter,
  intent: Parameters<BitcoinAdapter['prepare']>[0],
  signer: Signer,
  options: Parameters<BitcoinAdapter['prepare']>[1] = {},
): Promise<Submission> {
  const [step] = await adapter.prepare(intent, options)
  return adapter.submit(await sign(signer, step as Step))
}

/** The first lock of terms as the adapter finds it. */
export async function theLock(adapter: BitcoinAdapter, terms: LockTerms.LockTerms) {
  const [read] = await adapter.findLocks(terms)
  if (read?.is !== 'found') throw new Error(`no lock was found, but ${read?.is}`)
  return read.fact.value
}

/** Moves the median time past to a point; blocks carry it. */
export async function clockTo(world: World, time: bigint): Promise<void> {
  const { clock } = (await world.adapter.tip()).value
  if (time > clock)
    await advance(world.devnet, time - world.devnet.now() > 0n ? time - world.devnet.now() : 1n)
}

export { advance, fund, mine }
