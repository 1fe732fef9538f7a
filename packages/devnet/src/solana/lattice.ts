import { blake3 } from '@noble/hashes/blake3.js'

/** Bytes of a lattice hash (SIMD-0215). */
const SIZE = 2048

/** An account as the lattice hash sees it. */
export interface Account {
  readonly address: Uint8Array
  readonly lamports: bigint
  readonly data: Uint8Array
  readonly executable: boolean
  readonly owner: Uint8Array
}

/** The sum of no accounts. */
export function empty(): Uint16Array {
  return new Uint16Array(SIZE / 2)
}

/** Adds (`sign` 1) or takes away (−1) one account; one without lamports counts nothing. */
export function mix(sum: Uint16Array, account: Account | undefined, sign: 1 | -1): void {
  if (account === undefined || account.lamports === 0n) return
  const { lamports, data, executable, owner, address } = account
  const hash = blake3
    .create({ dkLen: SIZE })
    .update(u64(lamports))
    .update(data)
    .update(Uint8Array.of(executable ? 1 : 0))
    .update(owner)
    .update(address)
    .digest()
  const view = new DataView(hash.buffer, hash.byteOffset, SIZE)
  for (let i = 0; i < sum.length; i++)
    sum[i] = ((sum[i] as number) + sign * view.getUint16(2 * i, true)) & 0xffff
}

/** The bytes that go into a bank's hash. */
export function bytes(sum: Uint16Array): Uint8Array {
  const out = new Uint8Array(SIZE)
  const view = new DataView(out.buffer)
  sum.forEach((value, index) => {
    view.setUint16(2 * index, value, true)
  })
  return out
}

function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value, true)
  return out
}
