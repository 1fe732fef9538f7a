import type * as Kit from '@solana/kit'
import { type Instructions, u64 } from './instructions.js'
import type { Key } from './keys.js'
import { SYSTEM } from './runtime.js'

const LOADER = 'BPFLoaderUpgradeab1e11111111111111111111111'
const RENT = 'SysvarRent111111111111111111111111111111111'
const CLOCK = 'SysvarC1ock11111111111111111111111111111111'
/** Bytes of a program's account, and of what stands before the code in a buffer. */
const PROGRAM_SIZE = 36n
const BUFFER_HEAD = 37
/** Bytes of a program in one transaction. */
const CHUNK = 900

/** A transaction: who signs it beside the payer, and its instructions. */
export interface Step {
  readonly signers: readonly Key[]
  readonly instructions: readonly Kit.Instruction[]
}

/** The transactions that deploy a program through the upgradeable loader and leave nobody to upgrade it. */
export async function steps(
  { kit, encode, meta, call, createAccount }: Instructions,
  program: Uint8Array,
  { payer, buffer, at }: { readonly payer: Key; readonly buffer: Key; readonly at: Key },
): Promise<readonly Step[]> {
  const { READONLY, WRITABLE, WRITABLE_SIGNER } = kit.AccountRole
  const [data] = await kit.getProgramDerivedAddress({
    programAddress: kit.address(LOADER),
    seeds: [at.publicKey],
  })
  const writable = (key: Key) => meta(encode(key.publicKey), WRITABLE)
  const own = meta(encode(payer.publicKey), WRITABLE_SIGNER)
  const tag = (value: number) => Uint8Array.of(value, 0, 0, 0)
  const writes: Step[] = []
  for (let offset = 0; offset < program.length; offset += CHUNK) {
    const part = program.subarray(offset, offset + CHUNK)
    const place = Uint8Array.of(offset & 255, (offset >> 8) & 255, (offset >> 16) & 255, 0)
    const write = call(LOADER, [writable(buffer), own], tag(1), place, u64(BigInt(part.length)), part)
    writes.push({ signers: [], instructions: [write] })
  }
  const readonly = [RENT, CLOCK, SYSTEM].map((it) => meta(it, READONLY))
  const accounts = [own, meta(data, WRITABLE), writable(at), writable(buffer), ...readonly, own]
  return [
    {
      signers: [buffer],
      instructions: [
        createAccount(payer, buffer, BigInt(BUFFER_HEAD + program.length), LOADER),
        call(LOADER, [writable(buffer), meta(own.address, READONLY)], tag(0)),
      ],
    },
    ...writes,
    {
      signers: [at],
      instructions: [
        createAccount(payer, at, PROGRAM_SIZE, LOADER),
        call(LOADER, accounts, tag(2), u64(BigInt(program.length))),
        // SetAuthority to nobody.
        call(LOADER, [meta(data, WRITABLE), own], tag(4)),
      ],
    },
  ]
}
