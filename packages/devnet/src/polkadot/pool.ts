import type { Blockchain } from '@acala-network/chopsticks-core'
import { Bytes } from '@aitbc/core'
import { Hasher } from '@aitbc/proofs/substrate'
import { DevnetErrors } from '../errors.js'
import { create } from './codec.js'

type Hex = `0x${string}`

/** An extrinsic that waits, with what the runtime said of it. */
interface Entry {
  readonly extrinsic: Hex
  readonly hash: Hex
  readonly priority: bigint
  readonly requires: readonly string[]
  readonly provides: readonly string[]
}

/** What is read of an extrinsic. */
interface SignedBy {
  readonly signer: { toString(): string }
  readonly nonce: { toNumber(): number }
}

/** Why the pool takes no extrinsic, with the code that nodes give it (`sc-rpc`, author errors). */
interface Refusal {
  readonly code: number
  readonly message: string
  readonly data?: string
}

/** What waits to be included, by the rules of a node's pool: the runtime judges, and of two with one tag the dearer stays. */
export interface Pool {
  submit(extrinsic: Hex): Promise<Hex>
  pending(): readonly Hex[]
  /** The next nonce of an account (SS58), counting on from its own over what waits. */
  nextNonce(address: string, own: number): Promise<number>
  /** What the next block takes, dearest first, each after what it requires; what became invalid is dropped. */
  take(): Promise<readonly Hex[]>
  /** Puts back what a block that left the chain had; what is invalid by now is dropped. */
  restore(extrinsics: readonly Hex[]): Promise<void>
  clear(): void
}

const REASONS: Readonly<Record<string, string>> = {
  Call: 'Transaction call is not expected',
  Payment: 'Inability to pay some fees (e.g. account balance too low)',
  Future: 'Transaction will be valid in the future',
  Stale: 'Transaction is outdated',
  BadProof: 'Transaction has a bad signature',
  AncientBirthBlock: 'Transaction has an ancient birth block',
  ExhaustsResources: 'Transaction would exhaust the block limits',
  BadMandatory: 'A call was labelled as mandatory, but resulted in an Error.',
  BadSigner: 'Invalid signing address',
}

/** A refusal as an error: `NodeRejected` (6004), with the node's code in its context. */
export function rejected({ code, message, data }: Refusal): Error {
  return DevnetErrors.NodeRejected(message, { code, ...(data === undefined ? {} : { data }) })
}

export function createPool(chain: Blockchain): Pool {
  const entries = new Map<Hex, Entry>()
  const judge = async (extrinsic: Hex): Promise<Entry | Refusal> => {
    const hash: Hex = `0x${Bytes.toHex(Hasher.blake2b256(Bytes.fromHex(extrinsic.slice(2))))}`
    let validity: Awaited<ReturnType<Blockchain['validateExtrinsic']>>
    try {
      validity = await chain.validateExtrinsic(extrinsic)
    } catch {
      // The runtime traps on bytes that it can't read.
      return { code: 1002, message: 'Verification Error: Runtime error: Execution failed' }
    }
    if (validity.isErr) {
      const error = validity.asErr
      const kind = error.isInvalid ? error.asInvalid.type : error.asUnknown.type
      return error.isInvalid
        ? { code: 1010, message: 'Invalid Transaction', data: REASONS[kind] ?? `Custom error: ${kind}` }
        : { code: 1011, message: 'Unknown Transaction Validity', data: kind }
    }
    const { priority, requires, provides } = validity.asOk
    return {
      extrinsic,
      hash,
      priority: priority.toBigInt(),
      requires: requires.map((tag) => tag.toHex()),
      provides: provides.map((tag) => tag.toHex()),
    }
  }
  const add = (entry: Entry): Refusal | undefined => {
    const rivals = [...entries.values()].filter((other) =>
      other.provides.some((tag) => entry.provides.includes(tag)),
    )
    const rival = rivals.find((other) => other.priority >= entry.priority)
    if (rival !== undefined)
      return { code: 1014, message: `Priority is too low: (${rival.priority} vs ${entry.priority})` }
    for (const { hash } of rivals) entries.delete(hash)
    entries.set(entry.hash, entry)
    return undefined
  }
  return {
    async submit(extrinsic) {
      const entry = await judge(extrinsic)
      if ('code' in entry) throw rejected(entry)
      if (entries.has(entry.hash)) throw rejected({ code: 1013, message: 'Transaction Already Imported' })
      const refusal = add(entry)
      if (refusal !== undefined) throw rejected(refusal)
      return entry.hash
    },
    pending: () => [...entries.values()].map((entry) => entry.extrinsic),
    async nextNonce(address, own) {
      const { registry } = await chain.head.meta
      const waiting = new Set<number>()
      for (const { extrinsic } of entries.values()) {
        const { signer, nonce } = create<SignedBy>(registry, 'GenericExtrinsic', extrinsic)
        if (signer.toString() === address) waiting.add(nonce.toNumber())
      }
      let next = own
      while (waiting.has(next)) next++
      return next
    },
    async take() {
      const judged = await Promise.all([...entries.values()].map((entry) => judge(entry.extrinsic)))
      const left = judged.filter((entry) => !('code' in entry)) as Entry[]
      left.sort((a, b) => (a.priority < b.priority ? 1 : a.priority > b.priority ? -1 : 0))
      entries.clear()
      const taken: Entry[] = []
      const provided = new Set<string>()
      for (;;) {
        const at = left.findIndex((entry) => entry.requires.every((tag) => provided.has(tag)))
        if (at < 0) break
        const [entry] = left.splice(at, 1) as [Entry]
        for (const tag of entry.provides) provided.add(tag)
        taken.push(entry)
      }
      for (const entry of left) entries.set(entry.hash, entry)
      return taken.map((entry) => entry.extrinsic)
    },
    async restore(extrinsics) {
      for (const extrinsic of extrinsics) {
        const entry = await judge(extrinsic)
        if (!('code' in entry) && !entries.has(entry.hash)) add(entry)
      }
    },
    clear: () => entries.clear(),
  }
}
