import { CompactTarget, Consensus, HeaderChain } from '@aitbc/proofs/bitcoin'
import type { Hashing } from '@aitbc/proofs/engine'
import { Wasm } from '@aitbc/proofs/wasm'
import { sha256 } from '@noble/hashes/sha2.js'
import { mineMany } from '../test/bitcoin/world.js'
import { type Gate, race } from './gate.js'

const COUNT = 2015
const ROUNDS = 9

/**
 * Gates of PERFORMANCE: a period of Bitcoin headers, verified whole by us (links, difficulty, work, median time, version); the
 * baseline only hashes each by noble, compares its number with the target, and its parent.
 */
export async function bitcoinHeaders(): Promise<readonly Gate[]> {
  const rules = Consensus.regtest
  const trusted = HeaderChain.trust(HeaderChain.genesis(rules))
  if (!trusted.ok) throw new Error(trusted.refusal.message)
  const { hash, time } = trusted.value.best
  const good = mineMany({ hash, time }, COUNT)
  const tampered = good.slice()
  tampered[80 * 1000 + 40] = (tampered[80 * 1000 + 40] as number) ^ 1
  const now = BigInt(time) + 600n * BigInt(COUNT + 1)
  const ours = (hashing: Hashing.Hashing | undefined) => (headers: Uint8Array) =>
    HeaderChain.apply(trusted.value, { headers, now }, hashing === undefined ? {} : { hashing }).ok
  const naive = (headers: Uint8Array) => {
    let parent = hash
    for (let at = 0; at < headers.length; at += 80) {
      const raw = headers.slice(at, at + 80)
      const target = CompactTarget.decode(new DataView(raw.buffer).getUint32(72, true))
      const id = sha256(sha256(raw))
      let number = 0n
      for (let i = 31; i >= 0; i--) number = number * 256n + BigInt(id[i] as number)
      if (!target.ok || number > target.value) return false
      if (raw.slice(4, 36).some((byte, i) => byte !== parent[i])) return false
      parent = id
    }
    return true
  }
  const hex = (headers: Uint8Array) => {
    let parent = hash
    for (let at = 0; at < headers.length; at += 80) {
      const id = sha256(sha256(headers.subarray(at, at + 80)))
      for (let i = 0; i < 32; i++) if (headers[at + 4 + i] !== parent[i]) return false
      parent = id
    }
    return true
  }
  const wasm = await Wasm.create()
  if (wasm === undefined) throw new Error('this Node runs no WebAssembly')
  const shared = { good, tampered, clock: 'processor' as const, rounds: ROUNDS, parts: COUNT, unit: 'header' }
  const hashed = { ...shared, baseline: hex, named: 'noble’s two hashes and the link, no more' }
  return [
    await race({ ...hashed, gate: 'bitcoin-headers', target: 3, ours: ours(wasm) }),
    await race({
      ...shared,
      gate: 'bitcoin-headers-pure-js',
      target: 3,
      ours: ours(undefined),
      baseline: naive,
      named: 'noble’s two hashes, number, target and link in bigint',
    }),
  ]
}
