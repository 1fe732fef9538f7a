import { type AccountId, AssetId, Bytes, Hashlock, type LockTerms, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as AggregateKey from './AggregateKey.js'
import * as SegwitAddress from './SegwitAddress.js'
import * as Taproot from './Taproot.js'
import type * as Transaction from './Transaction.js'

const OP = {
  PUSH32: 0x20,
  PUSH33: 0x21,
  IF: 0x63,
  ELSE: 0x67,
  ENDIF: 0x68,
  DROP: 0x75,
  SIZE: 0x82,
  EQUALVERIFY: 0x88,
  SHA256: 0xa8,
  CHECKSIG: 0xac,
  CHECKLOCKTIMEVERIFY: 0xb1,
} as const

/** Least lock time that is a time and not a height. */
const TIME_THRESHOLD = 500_000_000n
const MAX_LOCK_TIME = 0xffff_ffffn
const MAX_MONEY = 2_100_000_000_000_000n

interface Common {
  /** What an output pays to. */
  readonly scriptPubKey: Bytes.Bytes
  readonly hashlock: Bytes.Hash32
  /** nLockTime that a refund needs at least, T − 1. */
  readonly lockTime: number
}

/** A lock as one script behind its hash (BIP-141 P2WSH). */
export interface P2wsh extends Common {
  readonly kind: 'p2wsh'
  readonly script: Bytes.Bytes
}

/** One leaf of a taproot lock, and what spends by it. */
export interface Leaf {
  readonly script: Bytes.Bytes
  readonly hash: Bytes.Hash32
  readonly controlBlock: Bytes.Bytes
}

/** The key path of a lock of kind `p2tr-musig2`: what both parties sign together (BIP-327), and where that may pay to. */
export interface Both {
  /** Compressed, in the order of `AggregateKey.sort`. */
  readonly keys: readonly Bytes.Bytes[]
  /** Script of the beneficiary's payout. */
  readonly claim: Bytes.Bytes
  /** Script of the locker's payout. */
  readonly refund: Bytes.Bytes
}

/** A lock as two leaves (BIP-341 P2TR) under the unspendable key, so that there is no key path; or under both parties' key. */
export interface P2tr extends Common {
  readonly kind: 'p2tr'
  readonly internalKey: Bytes.Bytes32
  readonly merkleRoot: Bytes.Hash32
  readonly outputKey: Bytes.Bytes32
  readonly claim: Leaf
  readonly refund: Leaf
  /** Absent where there is no key path. */
  readonly both?: Both
}

export type HtlcScript = P2wsh | P2tr

/**
 * What an input does to a lock. A claim without a secret, and a refund before the deadline, are signed by both parties. `foreign` can't
 * spend it: on chain it belongs to another output, or both parties signed what no honest one does.
 */
export type Spend =
  | { readonly is: 'claim'; readonly secret?: Hashlock.Secret }
  | { readonly is: 'refund' }
  | { readonly is: 'foreign'; readonly why: string }

/**
 * The one script that a lock's terms stand for (backend kind `p2wsh`, `p2tr` or `p2tr-musig2`).
 *
 * - P2WSH: `IF SIZE 32 EQUALVERIFY SHA256 <h> EQUALVERIFY <claim key> ELSE <T−1> CLTV DROP <refund key> ENDIF CHECKSIG`
 * - P2TR claim leaf: `SIZE 32 EQUALVERIFY SHA256 <h> EQUALVERIFY <claim key> CHECKSIG`;
 *   refund leaf: `<T−1> CLTV DROP <refund key> CHECKSIG`; the internal key is the unspendable one
 * - P2TR with MuSig2: the same leaves under the aggregate of both parties' keys, sorted (BIP-327)
 *
 * A transaction is final where its lock time is strictly less than the median time past (BIP-113), so the script carries
 * T − 1 and a refund is valid from T on. The secret has exactly 32 bytes, as on every other chain.
 *
 * Refusals: `htlc-kind`, `htlc-network`, `htlc-asset`, `htlc-amount`, `htlc-hashlock`, `htlc-deadline`, `htlc-key`, `htlc-payout`, `key-off-curve`.
 *
 * @example
 * import { HtlcScript, Taproot } from '@aitbc/proofs/bitcoin'
 * const network = 'bip122:000000000019d6689c085ae165831e93'
 * const account = `${network}:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4` as const
 * const party = { account, payout: account, publicKey: Taproot.UNSPENDABLE }
 * const script = HtlcScript.from({
 *   version: 1,
 *   backend: { network, kind: 'p2tr' },
 *   asset: `${network}/slip44:0`,
 *   amount: 100_000n,
 *   hashlock: new Uint8Array(32).fill(1),
 *   locker: party,
 *   beneficiary: party,
 *   deadline: { network, clock: 'median-time', value: 1_900_000_000n },
 *   salt: new Uint8Array(32),
 * })
 * if (script.ok) HtlcScript.address(script.value, 'bc') // 'bc1p…'
 */
export function from(terms: LockTerms.LockTerms): Verdict.Verdict<HtlcScript> {
  const { backend, asset, amount, hashlock, deadline } = terms
  const { namespace, network, tokenId } = AssetId.parse(asset)
  const { kind } = backend
  if (kind !== 'p2wsh' && kind !== 'p2tr' && kind !== 'p2tr-musig2')
    return Verdict.refuse('htlc-kind', `a Bitcoin lock is p2wsh, p2tr or p2tr-musig2, got ${kind}`)
  if (!backend.network.startsWith('bip122:') || network !== backend.network)
    return Verdict.refuse('htlc-network', `${backend.network} is no Bitcoin network, or not the asset's`)
  if (namespace !== 'slip44' || tokenId !== undefined)
    return Verdict.refuse('htlc-asset', `a Bitcoin lock holds the native coin, not ${asset}`)
  if (amount <= 0n || amount > MAX_MONEY)
    return Verdict.refuse('htlc-amount', `the amount must be 1 to ${MAX_MONEY} satoshi, got ${amount}`)
  if (hashlock.length !== 32)
    return Verdict.refuse('htlc-hashlock', `a hashlock is 32 bytes, got ${hashlock.length}`)
  if (deadline.network !== backend.network || deadline.clock !== 'median-time')
    return Verdict.refuse('htlc-deadline', `the deadline must be a median time of ${backend.network}`)
  const last = deadline.value - 1n
  if (last < TIME_THRESHOLD || last > MAX_LOCK_TIME)
    return Verdict.refuse(
      'htlc-deadline',
      `the deadline must be ${TIME_THRESHOLD + 1n} to ${MAX_LOCK_TIME + 1n}`,
    )
  const size = kind === 'p2wsh' ? 33 : 32
  const claimKey = keyOf(terms.beneficiary.publicKey, size)
  if (!claimKey.ok) return claimKey
  const refundKey = keyOf(terms.locker.publicKey, size)
  if (!refundKey.ok) return refundKey
  const common = { hashlock, lockTime: Number(last) }
  const open = [OP.SIZE, 0x01, 32, OP.EQUALVERIFY, OP.SHA256, OP.PUSH32, ...hashlock, OP.EQUALVERIFY]
  const wait = [...number(last), OP.CHECKLOCKTIMEVERIFY, OP.DROP]
  if (kind === 'p2wsh') {
    const script = Uint8Array.from([
      ...[OP.IF, ...open, OP.PUSH33, ...claimKey.value],
      ...[OP.ELSE, ...wait, OP.PUSH33, ...refundKey.value],
      ...[OP.ENDIF, OP.CHECKSIG],
    ])
    const scriptPubKey = SegwitAddress.toScript({ version: 0, program: sha256(script) })
    return Verdict.accept({ kind: 'p2wsh', ...common, script, scriptPubKey })
  }
  const claim = Uint8Array.from([...open, OP.PUSH32, ...claimKey.value, OP.CHECKSIG])
  const refund = Uint8Array.from([...wait, OP.PUSH32, ...refundKey.value, OP.CHECKSIG])
  const [claimHash, refundHash] = [Taproot.leafHash(claim), Taproot.leafHash(refund)]
  const merkleRoot = Taproot.branchHash(claimHash, refundHash)
  const both = kind === 'p2tr' ? undefined : bothOf(terms)
  if (both?.ok === false) return both
  const internalKey = both?.value.key ?? Taproot.UNSPENDABLE.slice()
  // The key is a point, and a root whose tweak exceeds the order is as hard to find as a hash of 128 zero bits.
  const { value: output } = Taproot.tweak(internalKey, merkleRoot) as { readonly value: Taproot.OutputKey }
  const { key, parity } = output
  const leaf = (script: Bytes.Bytes, hash: Bytes.Hash32, sibling: Bytes.Hash32): Leaf => ({
    script,
    hash,
    controlBlock: Taproot.controlBlock(internalKey, parity, [sibling]),
  })
  return Verdict.accept({
    kind: 'p2tr',
    ...common,
    scriptPubKey: Taproot.toScript(key),
    internalKey,
    merkleRoot,
    outputKey: key,
    claim: leaf(claim, claimHash, refundHash),
    refund: leaf(refund, refundHash, claimHash),
    ...(both === undefined ? {} : { both: both.value.both }),
  })
}

/** The key of both parties, and what they may sign with it. */
function bothOf(
  terms: LockTerms.LockTerms,
): Verdict.Verdict<{ readonly key: Bytes.Bytes32; readonly both: Both }> {
  const { locker, beneficiary } = terms
  const keys = AggregateKey.sort([locker.publicKey, beneficiary.publicKey] as Bytes.Bytes[])
  const [first, second] = keys as [Bytes.Bytes, Bytes.Bytes]
  if (Bytes.equal(first.slice(1), second.slice(1)))
    return Verdict.refuse('htlc-key', 'one key is not both parties')
  const sum = AggregateKey.from(keys)
  if (!sum.ok) return sum
  const [refund, claim] = [scriptOf(locker.payout), scriptOf(beneficiary.payout)]
  // What pays to both alike would be a claim and a refund at once.
  if (refund === undefined || claim === undefined || Bytes.equal(refund, claim))
    return Verdict.refuse('htlc-payout', 'two SegWit payouts are expected')
  return Verdict.accept({ key: sum.value.slice(1), both: { keys, claim, refund } })
}

/** The script of an account, whatever network's prefix its address has: the adapter checks that. */
function scriptOf(account: AccountId.AccountId): Bytes.Bytes | undefined {
  const address = account.slice(account.lastIndexOf(':') + 1)
  const decoded = SegwitAddress.decode(address, address.slice(0, address.lastIndexOf('1')))
  return decoded.ok ? SegwitAddress.toScript(decoded.value) : undefined
}

/** The lock's address under a network's prefix (`bc`, `tb`, `bcrt`). */
export function address(htlc: HtlcScript, prefix: string): string {
  const program = htlc.scriptPubKey.slice(2)
  return SegwitAddress.encode({ prefix, version: htlc.kind === 'p2wsh' ? 0 : 1, program })
}

/** The witness of a claim; `signature` with its hash type, as the chain takes it. */
export function claimWitness(
  htlc: HtlcScript,
  signature: Bytes.Bytes,
  secret: Hashlock.Secret,
): readonly Bytes.Bytes[] {
  return htlc.kind === 'p2wsh'
    ? [signature, secret, Uint8Array.of(1), htlc.script]
    : [signature, secret, htlc.claim.script, htlc.claim.controlBlock]
}

/** The witness of a refund; `signature` with its hash type, as the chain takes it. */
export function refundWitness(htlc: HtlcScript, signature: Bytes.Bytes): readonly Bytes.Bytes[] {
  return htlc.kind === 'p2wsh'
    ? [signature, new Uint8Array(0), htlc.script]
    : [signature, htlc.refund.script, htlc.refund.controlBlock]
}

/**
 * Tells what an input of a transaction does to a lock, by its witness; where both parties signed, by what they pay to. No honest party
 * co-signs but for one input, one output and all of both (hash type DEFAULT). The signature isn't checked: the chain did, where a block holds
 * the witness.
 */
export function read(htlc: HtlcScript, transaction: Transaction.Transaction, input: number): Spend {
  const { inputs, outputs } = transaction
  const witness = inputs[input]?.witness ?? []
  const [signature] = witness
  if (htlc.kind === 'p2wsh' || htlc.both === undefined || signature === undefined || witness.length > 1)
    return readWitness(htlc, witness)
  const [output] = outputs
  if (signature.length !== 64 || inputs.length !== 1 || output === undefined || outputs.length !== 1)
    return foreign('both sign one input and one output')
  if (Bytes.equal(output.script, htlc.both.claim)) return { is: 'claim' }
  if (Bytes.equal(output.script, htlc.both.refund)) return { is: 'refund' }
  return foreign("both signed for neither one's payout")
}

/**
 * Tells what an input's witness does to a lock by its scripts. The signature isn't checked: the chain did, where a block holds the witness.
 */
export function readWitness(htlc: HtlcScript, witness: readonly Bytes.Bytes[]): Spend {
  return htlc.kind === 'p2wsh' ? readP2wsh(htlc, witness) : readP2tr(htlc, witness)
}

function readP2wsh(htlc: P2wsh, witness: readonly Bytes.Bytes[]): Spend {
  const script = witness.at(-1)
  const selector = witness.at(-2)
  if (script === undefined || selector === undefined || !Bytes.equal(script, htlc.script))
    return foreign("the witness script isn't the lock's")
  if (isTrue(selector))
    return witness.length === 4 ? claimed(htlc, witness[1]) : foreign('a claim has 4 items')
  return witness.length === 3 ? { is: 'refund' } : foreign('a refund has 3 items')
}

function readP2tr(htlc: P2tr, witness: readonly Bytes.Bytes[]): Spend {
  // The annex is the last item of at least two, and starts with 0x50 (BIP-341).
  const items = witness.length >= 2 && witness.at(-1)?.[0] === 0x50 ? witness.slice(0, -1) : witness
  const control = items.at(-1)
  const script = items.at(-2)
  if (control === undefined || script === undefined) return foreign('the lock has no key path')
  const uses = (leaf: Leaf) => Bytes.equal(script, leaf.script) && Bytes.equal(control, leaf.controlBlock)
  if (uses(htlc.claim)) return items.length === 4 ? claimed(htlc, items[1]) : foreign('a claim has 4 items')
  if (uses(htlc.refund)) return items.length === 3 ? { is: 'refund' } : foreign('a refund has 3 items')
  return foreign("neither of the lock's leaves is revealed")
}

function claimed(htlc: HtlcScript, secret: Bytes.Bytes | undefined): Spend {
  return secret !== undefined && Hashlock.opens(secret, htlc.hashlock)
    ? { is: 'claim', secret }
    : foreign("the secret doesn't open the hashlock")
}

function foreign(why: string): Spend {
  return { is: 'foreign', why }
}

/** Truth of a stack item (Bitcoin Core `CastToBool`): any bit but the sign of a zero. */
function isTrue(item: Bytes.Bytes): boolean {
  return item.some((byte, i) => byte !== 0 && !(byte === 0x80 && i === item.length - 1))
}

/** A push of a positive number in the shortest form (`CScriptNum`): a set top bit needs one more byte. */
function number(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 0xffn))
  if (((bytes.at(-1) as number) & 0x80) !== 0) bytes.push(0)
  return [bytes.length, ...bytes]
}

function keyOf(key: Bytes.Bytes | undefined, size: 32 | 33): Verdict.Verdict<Bytes.Bytes> {
  if (key === undefined || (key.length !== 33 && key.length !== size))
    return Verdict.refuse(
      'htlc-key',
      `both parties need a public key of ${size === 33 ? '33' : '32 or 33'} bytes`,
    )
  if (!Taproot.isKey(key)) return Verdict.refuse('key-off-curve', 'a public key is no point of the curve')
  return Verdict.accept(key.length === 33 && size === 32 ? key.slice(1) : key)
}
