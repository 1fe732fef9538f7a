import { createBitcoinAdapter, createCoreBackend } from '@aitbc/adapters/bitcoin'
import { Bytes, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Hash256, HtlcScript, SegwitAddress, Transaction } from '@aitbc/proofs/bitcoin'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import * as btc from '@scure/btc-signer'
import { createDevnet, fund } from '../../src/index.js'
import type { Act, Actor, Outcome, Terms, Trace } from './Automaton.js'
import { hashlockOf, saltOf, sha256, shown, text } from './bytes.js'
import type { Driver } from './conform.js'
import { all, batch } from './rpc.js'

const network = networks.bitcoinRegtest
const ACTORS: readonly Actor[] = ['alice', 'bob', 'mallory']
/** The dust limit of a P2WSH output, satoshi. */
const LEAST = 330n
/** What each act takes to pay its amount or its fee; the rest goes to the miner. */
const COIN = 5000n
/** Coins for the whole run, satoshi. */
const PURSE = 3_000_000_000n
/** `OP_TRUE` behind its hash: coins that need no signature. */
const TRUE = Uint8Array.of(0x51)
const TRUE_SCRIPT = Bytes.concat(Uint8Array.of(0, 32), sha256(TRUE))
const SEQUENCE = 0xffff_fffd
type Kind = 'p2wsh' | 'p2tr'
/** One trace in four has its locks in taproot, whose keys take longer to make. */
const kindOf = (trace: number): Kind => (trace % 4 === 0 ? 'p2tr' : 'p2wsh')

interface Output {
  readonly txid: string
  readonly index: number
  readonly amount: bigint
  readonly script: Uint8Array
}

/** A lock on chain: one output. */
interface Instance {
  readonly terms: number
  readonly output: Output
  settled: boolean
}

/**
 * The script on a regtest node, in both its forms by turns: the node's own mempool and blocks judge each act. Acts of one instant are
 * judged under a median time past of that very instant. A claim or refund pays its fee by a coin of its own, so what it moves is exact.
 */
export async function createBitcoinDriver(): Promise<Driver> {
  const devnet = await createDevnet({ evm: false, startTime: 1_800_000_000n })
  const { rpc, url, authorization } = devnet.bitcoin
  const headers = { authorization }
  const keys = Object.fromEntries(
    ACTORS.map((actor) => {
      const privateKey = sha256(text(actor))
      const publicKey = secp256k1.getPublicKey(privateKey)
      const hash = ripemd160(sha256(publicKey))
      const script = Bytes.concat(Uint8Array.of(0, 20), hash)
      const address = SegwitAddress.encode({ prefix: network.hrp, version: 0, program: hash })
      return [actor, { privateKey, publicKey, script, account: `${network.id}:${address}` as const }]
    }),
  ) as Record<Actor, Keys>
  const trueAddress = SegwitAddress.encode({ prefix: network.hrp, version: 0, program: sha256(TRUE) })
  const miner = SegwitAddress.encode({
    prefix: network.hrp,
    version: 0,
    program: sha256(text('miner')).slice(0, 20),
  })
  let purse = await outputOf(await fund(devnet, 'bitcoin', trueAddress, PURSE), TRUE_SCRIPT)

  async function outputOf(txid: string, script: Uint8Array): Promise<Output> {
    const decoded = Transaction.decode(Bytes.fromHex(await rpc<string>('getrawtransaction', txid)))
    if (!decoded.ok) throw new Error(decoded.refusal.message)
    const index = decoded.value.outputs.findIndex((output) => Bytes.equal(output.script, script))
    return { txid, index, script, amount: decoded.value.outputs[index]?.amount ?? 0n }
  }
  const mineBlock = () => rpc<readonly string[]>('generatetoaddress', 1, miner)
  const median = async () => BigInt((await rpc<{ mediantime: number }>('getblockchaininfo')).mediantime)

  /** Blocks until the median time past is an instant, exactly. */
  async function reach(instant: bigint): Promise<void> {
    await rpc('setmocktime', Number(instant))
    for (let blocks = 0; (await median()) < instant && blocks < 12; blocks++) await mineBlock()
    if ((await median()) !== instant)
      throw new Error(`the median time past is ${await median()}, not ${instant}`)
  }

  /** Coins of one transaction, in a block. */
  async function coins(count: number): Promise<readonly Output[]> {
    const total = COIN * BigInt(count)
    const fee = BigInt(count) * 50n + 1000n
    if (purse.amount < total + fee + LEAST) throw new Error('the purse of the run is empty')
    const rest = { amount: purse.amount - total - fee, script: TRUE_SCRIPT }
    const outputs = [rest, ...Array.from({ length: count }, () => ({ amount: COIN, script: TRUE_SCRIPT }))]
    const txid = idOf({ inputs: [inputOf(purse, [TRUE])], outputs, version: 2, lockTime: 0 })
    const raw = rawOf({ inputs: [inputOf(purse, [TRUE])], outputs, version: 2, lockTime: 0 })
    await rpc('sendrawtransaction', raw, 0)
    await mineBlock()
    const made = outputs.map((output, index) => ({ ...output, txid, index }))
    purse = made[0] as Output
    return made.slice(1)
  }

  const termsOf = (terms: Terms, origin: bigint, kind: Kind): LockTerms.LockTerms => {
    const party = (actor: Actor) => {
      const { account, publicKey } = keys[actor]
      return { account, publicKey, payout: account }
    }
    return {
      version: 1,
      backend: { network: network.id, kind },
      asset: network.native.id,
      amount: LEAST + BigInt(terms.over),
      hashlock: hashlockOf(terms.preimage),
      locker: party(terms.locker),
      beneficiary: party(terms.beneficiary),
      deadline: { network: network.id, clock: 'median-time', value: origin + BigInt(terms.deadline) },
      salt: saltOf(terms),
    }
  }
  const htlcOf = (terms: Terms, origin: bigint, kind: Kind) => {
    const htlc = HtlcScript.from(termsOf(terms, origin, kind))
    if (!htlc.ok) throw new Error(htlc.refusal.message)
    return htlc.value
  }

  /** A claim or refund: the lock and a coin for the fee, to one payee. */
  function settlement(
    act: Exclude<Act, { do: 'lock' }>,
    terms: Terms,
    lock: Output,
    coin: Output,
    forms: Forms,
  ) {
    const { own, other } = forms
    const payee = act.do === 'claim' ? terms.beneficiary : terms.locker
    const { privateKey } = keys[act.by]
    const lockTime = act.do === 'refund' ? own.lockTime : 0
    // Another contract: the witness of the same terms' other form.
    const form = act.twist === 'contract' ? other() : own
    const unsigned = new btc.Transaction({
      version: 2,
      lockTime,
      allowUnknownInputs: true,
      allowUnknownOutputs: true,
    })
    for (const { txid, index, script, amount } of [lock, coin])
      unsigned.addInput({ txid, index, sequence: SEQUENCE, witnessUtxo: { script, amount } })
    unsigned.addOutput({ script: keys[payee].script, amount: lock.amount })
    let signature: Uint8Array
    if (form.kind === 'p2wsh') {
      const hash = unsigned.preimageWitnessV0(0, form.script, 1, lock.amount)
      const der = secp256k1.sign(hash, privateKey, { prehash: false, format: 'der', lowS: true })
      signature = Bytes.concat(der, Uint8Array.of(1))
    } else {
      const leaf = act.do === 'claim' ? form.claim : form.refund
      const prevouts = [lock, coin]
      const message = unsigned.preimageWitnessV1(
        0,
        prevouts.map(({ script }) => script),
        0,
        prevouts.map(({ amount }) => amount),
        undefined,
        leaf.script,
        0xc0,
      )
      signature = schnorr.sign(message, privateKey)
    }
    const witness =
      act.do === 'claim'
        ? HtlcScript.claimWitness(form, signature, shown(terms, act.secret))
        : HtlcScript.refundWitness(form, signature)
    // Another payee: whoever sees the transaction puts its own output under the signature.
    const script = keys[act.twist === 'payee' ? 'mallory' : payee].script
    return {
      version: 2,
      lockTime,
      inputs: [inputOf(lock, witness), inputOf(coin, [TRUE])],
      outputs: [{ amount: lock.amount, script }],
    }
  }

  let next = 1_800_010_000n
  let turn = 0
  async function run(traces: readonly Trace[]): Promise<readonly (readonly Outcome[])[]> {
    const origin = next
    next += 10_000n
    const started = turn++
    const forms = traces.map(({ terms }, at) =>
      terms.map((one) => ({
        own: htlcOf(one, origin, kindOf(at + started)),
        other: () => htlcOf(one, origin, kindOf(at + started) === 'p2tr' ? 'p2wsh' : 'p2tr'),
      })),
    )
    const locks: Instance[][] = traces.map(() => [])
    const seen: Outcome[][] = traces.map(() => [])
    const purse = [...(await coins(traces.reduce((sum, { acts }) => sum + acts.length, 0)))]
    const times = [...new Set(traces.flatMap(({ acts }) => acts.map(({ time }) => time)))].sort(
      (a, b) => a - b,
    )
    for (const time of times) {
      await reach(origin + BigInt(time))
      const due = traces.map(({ acts }) => acts.filter((act) => act.time === time))
      // One act of each trace in a block: the next one finds it confirmed.
      for (let round = 0; due.some((acts) => acts.length > round); round++) {
        const sent: {
          at: number
          act: Act
          transaction: Transaction.Transaction
          lock?: Instance
          txid: string
        }[] = []
        for (const [at, acts] of due.entries()) {
          const act = acts[round]
          if (act === undefined) continue
          if (act.twist === 'asset') {
            seen[at]?.push({ is: 'inapplicable', why: 'Bitcoin has one asset' })
            continue
          }
          const { terms } = traces[at] as Trace
          const form = forms[at]?.[act.terms] as Forms
          const coin = purse.pop() as Output
          const own = terms[act.terms] as Terms
          if (act.do === 'lock') {
            const output = { amount: LEAST + BigInt(own.over), script: form.own.scriptPubKey }
            const transaction = {
              version: 2,
              lockTime: 0,
              inputs: [inputOf(coin, [TRUE])],
              outputs: [output],
            }
            sent.push({ at, act, transaction, txid: idOf(transaction) })
            continue
          }
          const all = (locks[at] as Instance[]).filter((lock) => lock.terms === act.terms)
          const lock = all.find(({ settled }) => !settled) ?? all[0]
          // Where there is no lock, an output that never was.
          const nothing = { txid: '5a'.repeat(32), index: 0, amount: LEAST, script: form.own.scriptPubKey }
          const transaction = settlement(act, own, lock?.output ?? nothing, coin, form)
          sent.push({
            at,
            act,
            transaction,
            txid: idOf(transaction),
            ...(lock === undefined ? {} : { lock }),
          })
        }
        const answers = await batch(
          url,
          sent.map(({ transaction }) => ['sendrawtransaction', [rawOf(transaction), 0]]),
          headers,
        )
        if ((await median()) !== origin + BigInt(time)) throw new Error('the median time past went on')
        const [hash] = await mineBlock()
        const { tx } = await rpc<{ tx: readonly string[] }>('getblock', hash, 1)
        const confirmed = new Set(tx)
        for (const [i, { at, act, transaction, lock, txid }] of sent.entries()) {
          const answer = answers[i]
          const accepted = answer?.error === undefined || answer.error === null
          if (accepted !== confirmed.has(txid))
            throw new Error(`${txid} is in the mempool and not in the block`)
          if (!accepted) {
            seen[at]?.push({ is: 'refused' })
            continue
          }
          const [output] = transaction.outputs as readonly [Transaction.Output]
          if (act.do === 'lock') {
            // Whose coins these are, the chain doesn't say.
            seen[at]?.push({ is: 'done', moves: { [act.by]: -output.amount, held: output.amount } })
            locks[at]?.push({ terms: act.terms, output: { ...output, txid, index: 0 }, settled: false })
            continue
          }
          const payee = ACTORS.find((actor) => Bytes.equal(keys[actor].script, output.script)) as Actor
          if (lock !== undefined) lock.settled = true
          seen[at]?.push({
            is: 'done',
            moves: { [payee]: output.amount, held: -(lock?.output.amount ?? 0n) },
          })
        }
      }
    }
    const standing = locks.flat()
    const unspent = await all<unknown>(
      url,
      standing.map(({ output }) => ['gettxout', [output.txid, output.index]]),
      headers,
    )
    for (const [i, { settled, output }] of standing.entries())
      if ((unspent[i] === null) !== settled)
        throw new Error(`${output.txid} is spent, or isn't, unlike its acts say`)
    return seen
  }

  const backend = createCoreBackend({ rpc: { request: async () => null } as never })
  return {
    name: 'bitcoin',
    profile: createBitcoinAdapter({ network, backend }).profile,
    least: LEAST,
    batch: 200,
    run,
    close: () => devnet.dispose(),
  }
}

interface Keys {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly script: Uint8Array
  readonly account: `${typeof network.id}:${string}`
}

interface Forms {
  readonly own: HtlcScript.HtlcScript
  readonly other: () => HtlcScript.HtlcScript
}

function inputOf({ txid, index }: Output, witness: readonly Uint8Array[]): Transaction.Input {
  return { txid: Hash256.fromDisplay(txid), index, script: new Uint8Array(0), sequence: SEQUENCE, witness }
}

function rawOf(transaction: Transaction.Transaction): string {
  return Bytes.toHex(Transaction.encode(transaction))
}

function idOf(transaction: Transaction.Transaction): string {
  return Hash256.toDisplay(Transaction.txid(transaction))
}
