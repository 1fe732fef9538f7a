import { Bytes } from '@aitbc/core'

/**
 * SHA-256 of the audited program's file (`programs/solana`), by the version of the machine it is built for; clusters that refuse new
 * programs of the old version take the new one. A test compares both with the files.
 */
export const codeHashes: { readonly v0: Bytes.Hash32; readonly v3: Bytes.Hash32 } = {
  v0: /* @__PURE__ */ Bytes.fromHex('52a9fbf7c310414719d49d6202b4c9d85be1b0bc83fcae35ea06a195bf8a6a97'),
  v3: /* @__PURE__ */ Bytes.fromHex('662985b8dc2a7728855ad2bab45364449dae02a20fe64182cb1cfc023a0eeddd'),
}

/** Bytes of the program's file, by the same versions. */
export const lengths = { v0: 13_232, v3: 10_832 } as const
