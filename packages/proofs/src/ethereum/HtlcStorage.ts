import { AccountId, AssetId, Bytes, ChainId, type LockTerms, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'

/** What a lock can be, by the word that the contract stores under its id. */
export type Status = 'none' | 'locked' | 'claimed' | 'refunded'

const STATUSES: readonly Status[] = ['none', 'locked', 'claimed', 'refunded']

/** The arguments of a lock in the contract `Htlc`, addresses as 20 bytes. */
export interface Parameters {
  readonly chainId: bigint
  readonly contract: Bytes.Bytes
  /** ERC-20 contract; zero for the native coin. */
  readonly token: Bytes.Bytes
  /** Base units. */
  readonly amount: bigint
  readonly hashlock: Bytes.Hash32
  /** Pays in, and gets refunds. */
  readonly locker: Bytes.Bytes
  /** Gets claims. */
  readonly beneficiary: Bytes.Bytes
  /** Unix seconds. */
  readonly deadline: bigint
  readonly salt: Bytes.Bytes32
}

const DOMAIN = /* @__PURE__ */ keccak_256(/* @__PURE__ */ new TextEncoder().encode('aitbc/htlc/v1'))

/**
 * What terms mean to the contract (backend kind `contract`). The contract refunds to whoever paid in, so the locker's account
 * and payout must be one; claims go to the beneficiary's payout.
 *
 * Refusals: `htlc-kind`, `htlc-network`, `htlc-contract`, `htlc-asset`, `htlc-payout`, `htlc-account`, `htlc-deadline`.
 *
 * @example
 * import { HtlcStorage } from '@aitbc/proofs/ethereum'
 * const network = 'eip155:1'
 * const account = `${network}:0x00000000000000000000000000000000000000aa` as const
 * const parameters = HtlcStorage.from({
 *   version: 1,
 *   backend: { network, kind: 'contract', address: '0x00000000000000000000000000000000000000cc' },
 *   asset: `${network}/slip44:60`,
 *   amount: 1n,
 *   hashlock: new Uint8Array(32).fill(1),
 *   locker: { account, payout: account },
 *   beneficiary: { account, payout: account },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 *   salt: new Uint8Array(32),
 * })
 * if (parameters.ok) HtlcStorage.lockId(parameters.value).length // 32
 */
export function from(terms: LockTerms.LockTerms): Verdict.Verdict<Parameters> {
  const { backend, deadline, locker, beneficiary } = terms
  const { namespace, reference } = ChainId.parse(backend.network)
  if (backend.kind !== 'contract')
    return Verdict.refuse('htlc-kind', `an EVM lock is in a contract, not ${backend.kind}`)
  if (namespace !== 'eip155' || !/^[1-9][0-9]{0,31}$/.test(reference))
    return Verdict.refuse('htlc-network', `${backend.network} is no EVM chain`)
  const contract = addressOf(backend.address)
  if (contract === undefined) return Verdict.refuse('htlc-contract', 'the terms name no contract address')
  const asset = AssetId.parse(terms.asset)
  const token =
    asset.namespace === 'slip44'
      ? new Uint8Array(20)
      : asset.namespace === 'erc20'
        ? addressOf(asset.reference)
        : undefined
  if (token === undefined || asset.tokenId !== undefined || asset.network !== backend.network)
    return Verdict.refuse(
      'htlc-asset',
      `the contract holds the native coin or an ERC-20 token, not ${terms.asset}`,
    )
  if (asset.namespace === 'erc20' && isZero(token))
    return Verdict.refuse('htlc-asset', 'the zero address is no token')
  if (locker.account !== locker.payout)
    return Verdict.refuse(
      'htlc-payout',
      'the contract refunds to whoever paid in: account and payout must be one',
    )
  const from = AccountId.parse(locker.account)
  const to = AccountId.parse(beneficiary.payout)
  const payer = from.network === backend.network ? addressOf(from.address) : undefined
  const payee = to.network === backend.network ? addressOf(to.address) : undefined
  if (payer === undefined || payee === undefined || isZero(payer) || isZero(payee))
    return Verdict.refuse(
      'htlc-account',
      `both parties need an address of ${backend.network} that isn't zero`,
    )
  if (deadline.network !== backend.network || deadline.clock !== 'unix' || deadline.value >= 1n << 64n)
    return Verdict.refuse('htlc-deadline', `the deadline must be unix seconds of ${backend.network}`)
  return Verdict.accept({
    chainId: BigInt(reference),
    contract,
    token,
    amount: terms.amount,
    hashlock: terms.hashlock,
    locker: payer,
    beneficiary: payee,
    deadline: deadline.value,
    salt: terms.salt,
  })
}

/**
 * The id of a lock: keccak-256 of the ABI encoding of domain, chain id, contract and every term (`Htlc.idOf`).
 */
export function lockId(parameters: Parameters): Bytes.Hash32 {
  const { chainId, contract, token, amount, hashlock, locker, beneficiary, deadline, salt } = parameters
  return keccak_256(
    Bytes.concat(
      DOMAIN,
      word(chainId),
      pad(contract),
      pad(token),
      word(amount),
      hashlock,
      pad(locker),
      pad(beneficiary),
      word(deadline),
      salt,
    ),
  )
}

/** Where the contract stores a lock's status: its mapping is at slot 0 (Solidity, "Layout of State Variables in Storage"). */
export function slot(lockId: Bytes.Hash32): Bytes.Bytes32 {
  return keccak_256(Bytes.concat(lockId, new Uint8Array(32)))
}

/** What a stored word says. Refusal: `lock-status` for a word that the contract never writes. */
export function statusOf(stored: bigint): Verdict.Verdict<Status> {
  const status = STATUSES[Number(stored)]
  return status === undefined
    ? Verdict.refuse('lock-status', `the contract never stores ${stored}`, { received: stored })
    : Verdict.accept(status)
}

function addressOf(text: string | undefined): Bytes.Bytes | undefined {
  return text !== undefined && /^0x[0-9a-fA-F]{40}$/.test(text)
    ? Bytes.fromHex(text.slice(2).toLowerCase())
    : undefined
}

function isZero(bytes: Bytes.Bytes): boolean {
  return bytes.every((byte) => byte === 0)
}

function pad(bytes: Bytes.Bytes): Bytes.Bytes32 {
  return Bytes.concat(new Uint8Array(32 - bytes.length), bytes)
}

function word(value: bigint): Bytes.Bytes32 {
  return Bytes.fromHex(value.toString(16).padStart(64, '0'))
}
