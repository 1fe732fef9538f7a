import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AccountId,
  type Amount,
  Hashlock,
  type LockTerms,
  type Network,
  type SeedWallet,
  type Signed,
  type Submission,
  SwapSeed,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import { createSolanaNode, type SolanaNode } from '@aitbc/devnet'
import { Address } from '@aitbc/proofs/solana'
import {
  createSeedWallet,
  createSolanaAdapter,
  type SolanaAdapter,
  SolanaInstruction,
  type SolanaIntent,
  type SolanaPrepareOptions,
  type SolanaTransport,
} from '../../src/solana/index.js'

export const START = 1_900_000_000n
const SOL = 1_000_000_000n
const sha256 = (text: string) => new Uint8Array(createHash('sha256').update(text).digest())
const u64 = (value: bigint) => new Uint8Array(new BigUint64Array([value]).buffer)

export interface SolanaWorld {
  readonly node: SolanaNode
  readonly network: Network
  readonly program: string
  readonly token: Amount.Asset
  open(options?: {
    readonly rpc?: SolanaTransport
    readonly nonce?: string
    readonly network?: Network
  }): SolanaAdapter
  readonly adapter: SolanaAdapter
  /** Funded wallets: the locker's, the beneficiary's, a stranger's. */
  readonly wallets: readonly [SeedWallet, SeedWallet, SeedWallet]
  readonly shares: readonly SwapSeed.NetworkSeed[]
  fund(account: AccountId.AccountId, lamports?: bigint): Promise<void>
  /** Makes a mint of 6 decimals, with or without somebody who can freeze. */
  mint(name: string, options?: { readonly freeze?: boolean }): Promise<Amount.Asset>
  fundToken(account: AccountId.AccountId, amount: bigint, asset?: Amount.Asset): Promise<void>
  freeze(address: string, asset: Amount.Asset, thaw?: boolean): Promise<void>
  terms(change?: Partial<LockTerms.LockTerms>): Promise<{
    readonly terms: LockTerms.LockTerms
    readonly secret: Hashlock.Secret
    readonly nonce: Uint8Array
  }>
  sign(intent: SolanaIntent, options?: SolanaPrepareOptions): Promise<readonly Signed[]>
  /** Sends all steps, each in a block then. */
  run(intent: SolanaIntent, options?: SolanaPrepareOptions): Promise<Submission>
  mine(slots?: number): Promise<void>
  reach(clock: bigint): Promise<void>
  close(): Promise<void>
}

/** The local network, final 3 deep: what is rooted takes 31 blocks more. */
export const network: Network = {
  ...networks.solanaLocal,
  finality: { rule: 'depth', depth: 3n },
  reorgDepth: 3n,
}

/** A local node with the program on it. */
export async function createWorld(): Promise<SolanaWorld> {
  const node = await createSolanaNode({ production: 'manual', time: START, stakes: [1n] })
  const { chain } = node
  const program = await chain.deploy(
    new Uint8Array(readFileSync(join(import.meta.dirname, '../../programs/solana/htlc-v3.so'))),
  )
  const http = () => createHttpRpc({ url: node.url, exactNumbers: 'all' })
  const key = (text: string) => chain.kit.createKeyPairSignerFromPrivateKeyBytes(sha256(text))
  const issuer = await key('issuer')
  chain.fund(issuer.address, 1000n * SOL)
  const kitOf = (it: SolanaInstruction.Instruction, signers: readonly { readonly address: string }[]) => ({
    programAddress: chain.kit.address(Address.encode(it.program)),
    accounts: it.accounts.map(({ address, signer, writable }) => {
      const text = chain.kit.address(Address.encode(address))
      const own = signers.find((one) => one.address === text)
      const role = signer ? (writable ? 3 : 2) : writable ? 1 : 0
      return own === undefined ? { address: text, role } : { address: text, role, signer: own }
    }),
    data: it.data,
  })
  const bytesOf = (text: string) => {
    const read = Address.decode(text)
    if (!read.ok) throw new Error(text)
    return read.value
  }
  async function issue(
    instructions: readonly SolanaInstruction.Instruction[],
    signers: readonly { readonly address: string }[] = [],
  ): Promise<void> {
    const { error, logs } = chain.send(
      await chain.compile(
        issuer,
        instructions.map((it) => kitOf(it, [issuer, ...signers]) as never),
      ),
    )
    if (error !== undefined) throw new Error(`${error}\n${logs.join('\n')}`)
    await chain.produce(2)
  }
  const meta = (text: string, signer = false, writable = true) => ({
    address: bytesOf(text),
    signer,
    writable,
  })
  const tokenCall = (data: readonly Uint8Array[], ...accounts: ReturnType<typeof meta>[]) => ({
    program: SolanaInstruction.TOKEN_PROGRAM,
    accounts,
    data: Uint8Array.from(data.flatMap((it) => [...it])),
  })
  const mintOf = (asset: Amount.Asset) => asset.id.split('token:')[1] as string
  const addressOf = (account: AccountId.AccountId) => account.split(':')[2] as string

  async function mint(name: string, { freeze = false } = {}): Promise<Amount.Asset> {
    const account = await key(`mint ${name}`)
    const authority = bytesOf(issuer.address)
    await issue(
      [
        {
          program: Address.SYSTEM_PROGRAM,
          accounts: [meta(issuer.address, true), meta(account.address, true)],
          data: Uint8Array.from([
            ...[0, 0, 0, 0],
            ...u64(chain.svm.minimumBalanceForRentExemption(82n)),
            ...u64(82n),
            ...SolanaInstruction.TOKEN_PROGRAM,
          ]),
        },
        tokenCall(
          [Uint8Array.of(20, 6), authority, ...(freeze ? [Uint8Array.of(1), authority] : [Uint8Array.of(0)])],
          meta(account.address),
        ),
      ],
      [account],
    )
    return { id: `${network.id}/token:${account.address}`, symbol: name, decimals: 6 }
  }
  const token = await mint('TEST', { freeze: true })
  const tokens = [token]
  const open: SolanaWorld['open'] = (o = {}) =>
    createSolanaAdapter({
      network: o.network ?? network,
      rpc: o.rpc ?? http(),
      program,
      tokens: o.network === undefined ? tokens : [],
      pollMs: 1,
      ...(o.nonce === undefined ? {} : { nonce: o.nonce }),
    })
  const adapter = open()
  const shares = ['alice', 'bob', 'carol'].map((name) => SwapSeed.forNetwork(sha256(name), network.id))
  const wallets = shares.map((seed) => createSeedWallet({ network, seed })) as [
    SeedWallet,
    SeedWallet,
    SeedWallet,
  ]
  for (const { funding } of wallets) chain.fund(addressOf(funding), 100n * SOL)
  await chain.produce(2)
  let count = 0

  const world: SolanaWorld = {
    node,
    network,
    program,
    token,
    open,
    adapter,
    wallets,
    shares,
    async fund(account, lamports = 100n * SOL) {
      chain.fund(addressOf(account), lamports)
      await chain.produce(2)
    },
    mint,
    async fundToken(account, amount, asset = token) {
      const owner = bytesOf(addressOf(account))
      const at = bytesOf(mintOf(asset))
      await issue([
        SolanaInstruction.createTokenAccount(bytesOf(issuer.address), owner, at),
        tokenCall(
          [Uint8Array.of(7), u64(amount)],
          meta(mintOf(asset)),
          meta(Address.encode(SolanaInstruction.tokenAccount(owner, at).address)),
          meta(issuer.address, true),
        ),
      ])
    },
    freeze: (address, asset, thaw = false) =>
      issue([
        tokenCall(
          [Uint8Array.of(thaw ? 11 : 10)],
          meta(address),
          meta(mintOf(asset)),
          meta(issuer.address, true),
        ),
      ]),
    async terms(change = {}) {
      const secret = sha256(`secret ${++count}`)
      const nonce = new Uint8Array(8)
      new DataView(nonce.buffer).setUint32(4, count)
      const { clock } = (await adapter.tip()).value
      return {
        secret,
        nonce,
        terms: {
          version: 1,
          backend: adapter.backend,
          asset: network.native.id,
          amount: SOL,
          hashlock: Hashlock.of(secret),
          locker: wallets[0].party(nonce),
          beneficiary: wallets[1].party(nonce),
          deadline: { network: network.id, clock: 'unix', value: clock + 3600n },
          salt: sha256(`salt ${count}`),
          ...change,
        },
      }
    },
    async sign(intent, how = {}) {
      const signed: Signed[] = []
      for (const step of await adapter.prepare(intent, how)) {
        const signer = wallets.map((it) => it.signer(step.from, new Uint8Array(8))).find(Boolean)
        if (signer?.kind !== 'signs') throw new Error(`nobody signs for ${step.from}`)
        signed.push(await signer.sign(step))
      }
      return signed
    },
    async run(intent, how = {}) {
      let last: Submission | undefined
      for (const one of await world.sign(intent, how)) {
        last = await adapter.submit(one)
        await chain.produce(2)
        const { value } = await adapter.status(last)
        if (value.is !== 'included' && value.is !== 'final')
          throw new Error(`${one.step.kind} ${one.id} is ${value.is}`)
      }
      return last as Submission
    },
    async mine(slots = 1) {
      // Connections that were idle meanwhile are to be seen closed before the next request.
      for (let left = slots; left > 0; left -= 10) {
        await chain.produce(Math.min(left, 10))
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async reach(clock) {
      const now = (await adapter.tip()).value.clock
      if (now < clock) await chain.advance(clock - now)
      await chain.produce(2)
    },
    close: () => node.close(),
  }
  return world
}
