import { readerOf } from './wasm.js'

// What a node asks of a contract's bytes before it runs any of them (cosmwasm-vm 3.0, `compatibility.rs` and `limiting_tunables`;
// wasmd's `MaxWasmSize`).

/** Longest contract that wasmd stores, bytes. */
export const MAX_SIZE = 800 * 1024
const MAX_PAGES = 512n
const MAX_LOCALS = 100n
const MAX_FUNCTIONS = 20_000n
const MAX_PARAMETERS = 100n
const MAX_TABLE = 2500n

/** What a contract may call. */
export const IMPORTS = [
  ...['abort', 'addr_canonicalize', 'addr_humanize', 'addr_validate', 'bls12_381_aggregate_g1'],
  ...['bls12_381_aggregate_g2', 'bls12_381_hash_to_g1', 'bls12_381_hash_to_g2', 'bls12_381_pairing_equality'],
  ...['db_next', 'db_next_key', 'db_next_value', 'db_read', 'db_remove', 'db_scan', 'db_write', 'debug'],
  ...['ed25519_batch_verify', 'ed25519_verify', 'query_chain', 'secp256k1_recover_pubkey'],
  ...['secp256k1_verify', 'secp256r1_recover_pubkey', 'secp256r1_verify'],
] as const

const EXPORTS = ['allocate', 'deallocate']
const VERSION = 'interface_version_8'

/**
 * What is wrong with a contract's bytes; nothing where a node takes them. Stricter than a node in one thing: of WebAssembly, only
 * version 1 with sign extension is let through.
 *
 * @example
 * import { WasmRules } from '@aitbc/devnet'
 * WasmRules.check(new Uint8Array(0)) // ['it is no WebAssembly module']
 */
export function check(wasm: Uint8Array): readonly string[] {
  if (wasm.length > MAX_SIZE) return [`it has ${wasm.length} bytes of at most ${MAX_SIZE}`]
  if (!WebAssembly.validate(Uint8Array.from(wasm))) return ['it is no WebAssembly module']
  const wrong: string[] = []
  const names: { readonly name: string; readonly kind: number }[] = []
  const require = (holds: boolean, why: string) => {
    if (!holds) wrong.push(why)
  }
  let memories = 0n
  const reader = readerOf(wasm)
  while (!reader.done()) {
    const section = reader.byte()
    const length = reader.size()
    const end = reader.at() + length
    if (section === 1)
      reader.many(() => {
        reader.byte()
        const parameters = reader.many(() => reader.byte())
        require(parameters <=
          MAX_PARAMETERS, `a function takes ${parameters} parameters of at most ${MAX_PARAMETERS}`)
        reader.many(() => reader.byte())
      })
    else if (section === 2)
      reader.many(() => {
        const from = `${reader.text()}.${reader.text()}`
        const kind = reader.byte()
        if (kind === 0) reader.leb()
        else if (kind === 1) {
          reader.byte()
          reader.limits()
        } else if (kind === 2) reader.limits()
        else reader.jump(reader.at() + 2)
        require(kind === 0 &&
          IMPORTS.some((name) => from === `env.${name}`), `it imports ${from}, which no node gives`)
      })
    else if (section === 3) {
      const functions = reader.many(() => reader.leb())
      require(functions <= MAX_FUNCTIONS, `it has ${functions} functions of at most ${MAX_FUNCTIONS}`)
    } else if (section === 4) {
      const tables = reader.many(() => {
        reader.byte()
        const { least, most } = reader.limits()
        require(most !== undefined && least <= MAX_TABLE && most <= MAX_TABLE, 'its table is not limited')
      })
      require(tables <= 1n, 'it has more than one table')
    } else if (section === 5)
      memories = reader.many(() => {
        const { least, most } = reader.limits()
        require(least <= MAX_PAGES, `its memory starts with ${least} pages of at most ${MAX_PAGES}`)
        require(most === undefined, 'its memory has a limit of its own')
      })
    else if (section === 7)
      reader.many(() => {
        const name = reader.text()
        names.push({ name, kind: reader.byte() })
        reader.leb()
      })
    else if (section === 8) wrong.push('it has a start function')
    else if (section === 10)
      reader.many(() => {
        const body = reader.size()
        const stop = reader.at() + body
        let locals = 0n
        reader.many(() => {
          locals += reader.leb()
          reader.byte()
        })
        require(locals <= MAX_LOCALS, `a function has ${locals} locals of at most ${MAX_LOCALS}`)
        let taken = true
        while (taken && reader.at() < stop) taken = reader.instruction() !== undefined
        require(taken, 'it has instructions that are newer than what nodes take')
        reader.jump(stop)
      })
    reader.jump(end)
  }
  const functions = names.filter((it) => it.kind === 0).map((it) => it.name)
  require(memories === 1n &&
    names.some((it) => it.kind === 2 && it.name === 'memory'), 'it exports no memory')
  for (const name of EXPORTS) require(functions.includes(name), `it has no ${name}`)
  const versions = functions.filter((name) => name.startsWith('interface_version_'))
  require(versions.length === 1 && versions[0] === VERSION, `its interface is not ${VERSION}`)
  return wrong
}
