import { AccountId, Bytes, type Lock, type LockTerms, SwapSeed, TaggedHash } from '@aitbc/core'
import { Hash256, HtlcScript, Taproot, Transaction } from '@aitbc/proofs/bitcoin'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as btc from '@scure/btc-signer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Account } from '../../src/bitcoin/index.js'
import {
  advance,
  createPerson,
  createSwap,
  createWorld,
  fund,
  KINDS,
  type Kind,
  mine,
  type Swap,
  send,
  theLock,
  type World,
} from './world.js'

// The scripts themselves, on a real node: transactions are made by hand here, and refused ones are refused by the rules of
// consensus (a block that holds one is invalid), not by a mempool's policy alone.

let world: World
const alice = createPerson('alice')
const bob = createPerson('bob')
const mallory = secp256k1.utils.randomSecretKey()

beforeAll(async () => {
  world = await createWorld()
  await fund(world.devnet, 'bitcoin', AccountId.parse(alice.funding.account).address, 1_000_000_000n)
})
afterAll(() => world?.devnet.dispose())

interface Locked {
  readonly swap: Swap
  readonly lock: Lock
  readonly htlc: HtlcScript.HtlcScript
}

async function locked(kind: Kind, options: { amount?: bigint; seconds?: bigint } = {}): Promise<Locked> {
  const { adapter, devnet } = world
  const { clock } = (await adapter.tip()).value
  const swap = createSwap(alice, bob, {
    kind,
    deadline: clock + (options.seconds ?? 3600n),
    ...(options.amount === undefined ? {} : { amount: options.amount }),
  })
  await send(adapter, { kind: 'lock', terms: swap.terms, from: alice.funding.account }, alice.funding.signer)
  await mine(devnet, 'bitcoin', 1)
  return { swap, lock: await theLock(adapter, swap.terms), htlc: htlcOf(swap.terms) }
}

function htlcOf(terms: LockTerms.LockTerms): HtlcScript.HtlcScript {
  const htlc = HtlcScript.from(terms)
  if (!htlc.ok) throw new Error(htlc.refusal.message)
  return htlc.value
}

interface Spending {
  readonly path: 'claim' | 'refund'
  readonly key: Bytes.Bytes
  readonly secret?: Bytes.Bytes
  readonly lockTime?: number
  readonly sequence?: number
  readonly to?: Bytes.Bytes
  readonly hashType?: number
  readonly witness?: (items: readonly Bytes.Bytes[]) => readonly Bytes.Bytes[]
}

/** A spend of a lock, signed by any key, with any witness. */
function spend({ lock, htlc }: Locked, options: Spending): Transaction.Transaction {
  const { path, key, sequence = 0xfffffffd, hashType = 1 } = options
  const { lockTime = path === 'refund' ? htlc.lockTime : 0 } = options
  const to = options.to ?? Account.parse(world.adapter.network, bob.funding.account).script
  const [txid, index] = lock.ref.split(':') as [string, string]
  const tx = new btc.Transaction({
    version: 2,
    lockTime,
    allowUnknownInputs: true,
    allowUnknownOutputs: true,
  })
  tx.addInput({
    txid,
    index: Number(index),
    sequence,
    witnessUtxo: { script: htlc.scriptPubKey, amount: lock.amount },
  })
  tx.addOutput({ script: to, amount: lock.amount - 2000n })
  let signature: Bytes.Bytes
  if (htlc.kind === 'p2wsh') {
    const hash = tx.preimageWitnessV0(0, htlc.script, hashType, lock.amount)
    const der = secp256k1.sign(hash, key, { prehash: false, format: 'der', lowS: true })
    signature = Bytes.concat(der, Uint8Array.of(hashType))
  } else {
    const leaf = path === 'claim' ? htlc.claim : htlc.refund
    const message = tx.preimageWitnessV1(
      0,
      [htlc.scriptPubKey],
      0,
      [lock.amount],
      undefined,
      leaf.script,
      0xc0,
    )
    signature = schnorr.sign(message, key)
  }
  const items =
    path === 'claim'
      ? HtlcScript.claimWitness(htlc, signature, options.secret ?? new Uint8Array(32))
      : HtlcScript.refundWitness(htlc, signature)
  const unsigned = Transaction.decode(tx.unsignedTx)
  if (!unsigned.ok) throw new Error(unsigned.refusal.message)
  const [input] = unsigned.value.inputs as [Transaction.Input]
  return { ...unsigned.value, inputs: [{ ...input, witness: options.witness?.(items) ?? items }] }
}

/** Whether a block with this transaction is valid: why not, or `undefined`. */
async function consensus(transaction: Transaction.Transaction): Promise<string | undefined> {
  const raw = Bytes.toHex(Transaction.encode(transaction))
  const to = AccountId.parse(alice.funding.account).address
  try {
    await world.node('generateblock', to, [raw], false)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Whether the mempool takes a transaction: why not, or `undefined`. */
async function policy(transaction: Transaction.Transaction): Promise<string | undefined> {
  const raw = Bytes.toHex(Transaction.encode(transaction))
  const [answer] = await world.node<{ allowed: boolean; 'reject-reason'?: string }[]>('testmempoolaccept', [
    raw,
  ])
  return answer?.allowed === true ? undefined : (answer?.['reject-reason'] ?? 'refused')
}

function keyOf(swap: Swap, side: 'locker' | 'beneficiary'): Bytes.Bytes {
  return SwapSeed.derive((side === 'locker' ? alice : bob).share, 'party', swap.nonce)
}

describe.each(KINDS)('%s', (kind) => {
  test('S3, S5: the beneficiary claims with the secret, the locker refunds from the deadline on', async () => {
    const one = await locked(kind)
    const claim = spend(one, { path: 'claim', key: keyOf(one.swap, 'beneficiary'), secret: one.swap.secret })
    expect(await policy(claim)).toBeUndefined()
    expect(await consensus(claim)).toBeUndefined()
  })

  test('H1: a secret of 31, 33 or 521 bytes is refused, though its hash be right', async () => {
    for (const length of [0, 31, 33, 520, 521]) {
      const secret = new Uint8Array(length).fill(9)
      const { clock } = (await world.adapter.tip()).value
      const swap = createSwap(alice, bob, { kind, deadline: clock + 3600n })
      const terms = { ...swap.terms, hashlock: sha256(secret) }
      const other = { ...swap, terms }
      await send(world.adapter, { kind: 'lock', terms, from: alice.funding.account }, alice.funding.signer)
      await mine(world.devnet, 'bitcoin', 1)
      const one = { swap: other, lock: await theLock(world.adapter, terms), htlc: htlcOf(terms) }
      const claim = spend(one, { path: 'claim', key: keyOf(swap, 'beneficiary'), secret })
      expect(await consensus(claim), `${length} bytes`).toMatch(
        length === 521 ? /Push value size limit|OP_EQUALVERIFY/ : /OP_EQUALVERIFY/,
      )
    }
  })

  test('H2: no other hash of the secret opens the lock', async () => {
    const { clock } = (await world.adapter.tip()).value
    const secret = new Uint8Array(32).fill(3)
    const wrong = {
      keccak256: keccak_256(secret),
      'double sha256': Hash256.of(secret),
      'hash160, padded': Bytes.concat(ripemd160(sha256(secret)), new Uint8Array(12)),
      'tagged sha256': TaggedHash.of('aitbc/secret', secret),
    }
    for (const [name, hashlock] of Object.entries(wrong)) {
      const swap = createSwap(alice, bob, { kind, deadline: clock + 3600n })
      const terms = { ...swap.terms, hashlock }
      await send(world.adapter, { kind: 'lock', terms, from: alice.funding.account }, alice.funding.signer)
      await mine(world.devnet, 'bitcoin', 1)
      const one = { swap, lock: await theLock(world.adapter, terms), htlc: htlcOf(terms) }
      const claim = spend(one, { path: 'claim', key: keyOf(swap, 'beneficiary'), secret })
      expect(await consensus(claim), name).toMatch(/OP_EQUALVERIFY/)
    }
  })

  test('H10, S5: whoever copies the secret can direct nothing: the signature is the beneficiary’s', async () => {
    const one = await locked(kind)
    const secret = one.swap.secret
    const own = spend(one, { path: 'claim', key: keyOf(one.swap, 'beneficiary'), secret })
    const thief = spend(one, { path: 'claim', key: mallory, secret })
    expect(await consensus(thief)).toMatch(/signature|NULLFAIL|false/i)
    // The true witness under another output.
    const stolen = {
      ...own,
      outputs: [
        {
          ...(own.outputs[0] as Transaction.Output),
          script: Taproot.toScript(schnorr.getPublicKey(mallory)),
        },
      ],
    }
    expect(await consensus(stolen)).toMatch(/signature|NULLFAIL|false/i)
    // The locker's key doesn't claim, nor the beneficiary's refund.
    expect(await consensus(spend(one, { path: 'claim', key: keyOf(one.swap, 'locker'), secret }))).toMatch(
      /signature|NULLFAIL|false/i,
    )
    await advance(world.devnet, 4000n)
    expect(await consensus(spend(one, { path: 'refund', key: keyOf(one.swap, 'beneficiary') }))).toMatch(
      /signature|NULLFAIL|false/i,
    )
    expect(await consensus(spend(one, { path: 'refund', key: mallory }))).toMatch(/signature|NULLFAIL|false/i)
    expect(await consensus(own)).toBeUndefined()
  })

  test('S4, H17: a refund is invalid while median time past is T − 1, and valid when it is T', async () => {
    const { adapter, devnet, node } = world
    const one = await locked(kind, { seconds: 2000n })
    const T = one.swap.terms.deadline.value
    const refund = spend(one, { path: 'refund', key: keyOf(one.swap, 'locker') })
    for (const [offset, verdict] of [
      [-1n, /non-final/],
      [0n, undefined],
    ] as const) {
      // Six blocks of one time put the median there, as long as all others are earlier.
      await node('setmocktime', Number(T + offset))
      for (let i = 0; i < 6; i++)
        await node('generateblock', AccountId.parse(alice.funding.account).address, [])
      expect((await adapter.tip()).value.clock).toBe(T + offset)
      const why = await policy(refund)
      if (verdict === undefined) expect(why).toBeUndefined()
      else {
        expect(why).toMatch(verdict)
        expect(await consensus(refund)).toMatch(/non-?final/i)
      }
    }
    expect(await consensus(refund)).toBeUndefined()
    // The net's own clock goes on from here.
    await advance(devnet, T - devnet.now() + 1n > 0n ? T - devnet.now() + 1n : 1n)
  })

  test('S4: a refund needs its lock time: earlier, final sequence and heights are refused by the script', async () => {
    const one = await locked(kind, { seconds: 1000n })
    await advance(world.devnet, 4000n)
    const key = keyOf(one.swap, 'locker')
    const { lockTime } = one.htlc
    for (const wrong of [
      { lockTime: lockTime - 1 },
      { lockTime: 0 },
      { lockTime, sequence: 0xffffffff },
      // H28: a height is no time, however large.
      { lockTime: 100 },
    ])
      expect(await consensus(spend(one, { path: 'refund', key, ...wrong }))).toMatch(/Locktime requirement/i)
    expect(await consensus(spend(one, { path: 'refund', key }))).toBeUndefined()
  })

  test('S2: a lock ends once', async () => {
    const one = await locked(kind, { seconds: 1000n })
    await advance(world.devnet, 4000n)
    const refund = spend(one, { path: 'refund', key: keyOf(one.swap, 'locker') })
    const claim = spend(one, { path: 'claim', key: keyOf(one.swap, 'beneficiary'), secret: one.swap.secret })
    expect(await consensus(claim)).toBeUndefined()
    const raw = Bytes.toHex(Transaction.encode(refund))
    await world.node('generateblock', AccountId.parse(alice.funding.account).address, [raw])
    expect(await consensus(claim)).toMatch(/missingorspent/)
    expect(await consensus(refund)).toMatch(/missingorspent|BIP30/)
  })

  test('H5: a claim is still valid after the deadline (lateClaims), until a refund is mined', async () => {
    const one = await locked(kind, { seconds: 1000n })
    expect(world.adapter.profile.lateClaims).toBe(true)
    await advance(world.devnet, 4000n)
    const claim = spend(one, { path: 'claim', key: keyOf(one.swap, 'beneficiary'), secret: one.swap.secret })
    expect(await consensus(claim)).toBeUndefined()
  })

  test('A7: signatures of other hash types than ALL are never made; a changed one is refused', async () => {
    const one = await locked(kind)
    const claim = spend(one, { path: 'claim', key: keyOf(one.swap, 'beneficiary'), secret: one.swap.secret })
    const [input] = claim.inputs as [Transaction.Input]
    const witness = [...input.witness]
    const signature = witness[0] as Bytes.Bytes
    const last = kind === 'p2wsh' ? signature.slice(0, -1) : signature
    for (const type of [2, 3, 0x81, 0x82, 0x83]) {
      witness[0] = Bytes.concat(last, Uint8Array.of(type))
      expect(await consensus({ ...claim, inputs: [{ ...input, witness: [...witness] }] }), `${type}`).toMatch(
        /signature|NULLFAIL|false/i,
      )
    }
  })

  if (kind === 'p2tr')
    test('H20: there is no key path: the internal key is the point that nobody knows', async () => {
      const one = await locked(kind)
      const htlc = one.htlc as HtlcScript.P2tr
      expect(Bytes.toHex(htlc.internalKey)).toBe(
        '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0',
      )
      for (const key of [keyOf(one.swap, 'locker'), keyOf(one.swap, 'beneficiary'), mallory]) {
        const tx = spend(one, { path: 'claim', key, witness: ([signature]) => [signature as Bytes.Bytes] })
        expect(await consensus(tx)).toMatch(/Schnorr signature/i)
      }
    })
})

test('H28: lock times at the edges of their range are the script’s numbers, as the node reads them', async () => {
  const values = [500_000_001n, 0x7fff_ffffn, 0x8000_0000n, 0x8000_0001n, 0xffff_fffen, 0xffff_ffffn]
  for (const value of values) {
    const swap = createSwap(alice, bob, { kind: 'p2wsh', deadline: value })
    const htlc = htlcOf(swap.terms) as HtlcScript.P2wsh
    const { asm } = await world.node<{ asm: string }>('decodescript', Bytes.toHex(htlc.script))
    const [, shown] = /OP_ELSE (\S+) OP_CHECKLOCKTIMEVERIFY/.exec(asm) ?? []
    // The node shows numbers of up to 4 bytes as such, longer ones as data: least byte first, and a zero for the sign.
    const number = value - 1n
    const little = Hash256.toDisplay(Bytes.fromHex(number.toString(16).padStart(8, '0')))
    expect(shown).toBe(number < 0x8000_0000n ? number.toString() : `${little}00`)
    expect(htlc.lockTime).toBe(Number(number))
  }
  // Below, T − 1 would be a height.
  const least = createSwap(alice, bob, { deadline: 500_000_000n }).terms
  expect(HtlcScript.from(least)).toMatchObject({ ok: false, refusal: { check: 'htlc-deadline' } })
  expect(world.adapter.auditTerms(least)).toMatchObject({ ok: false })
})

test('H15: every swap has keys, addresses and a salt of its own', async () => {
  const { clock } = (await world.adapter.tip()).value
  const swaps = Array.from({ length: 20 }, () => createSwap(alice, bob, { deadline: clock + 3600n }))
  for (const part of [
    (swap: Swap) => Bytes.toHex(swap.terms.hashlock),
    (swap: Swap) => swap.terms.locker.account,
    (swap: Swap) => swap.terms.beneficiary.account,
    (swap: Swap) => Bytes.toHex(swap.terms.salt),
    (swap: Swap) => HtlcScript.address(htlcOf(swap.terms), 'bcrt'),
  ])
    expect(new Set(swaps.map(part)).size).toBe(swaps.length)
})
