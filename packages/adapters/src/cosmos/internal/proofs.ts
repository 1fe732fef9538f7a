import type { Bytes, CallOptions } from '@aitbc/core'
import { HtlcStorage, LockEvidenceForm } from '@aitbc/proofs/cosmwasm'
import * as CosmosRpc from '../CosmosRpc.js'
import { type Client, rpc } from './client.js'
import { contractTerms } from './prepare.js'
import type { Prover } from './prove.js'

/** How locks of the contract are proved: with the contract itself, its one code, and the lock's entry. */
export function proverOf(client: Client): Prover {
  return {
    formats: LockEvidenceForm.FORMAT,
    gather: async (terms, block, height, options) => {
      const own = contractTerms(client, terms)
      const contract = await proved(client, HtlcStorage.contractKey(client.contract), height, options)
      const info = contract.value === null ? undefined : HtlcStorage.contractInfo(contract.value)
      const codeId = info?.ok === true ? info.value.codeId : 0n
      const history = await proved(client, HtlcStorage.historyKey(client.contract), height, options)
      const code = await proved(client, HtlcStorage.codeKey(codeId), height, options)
      const key = HtlcStorage.lockKey(client.contract, HtlcStorage.lockId(own))
      const lock = await proved(client, key, height, options)
      return {
        entry: HtlcStorage.entryOf(lock.value, own),
        bytes: LockEvidenceForm.write({
          block,
          store: contract.store,
          pieces: [contract, history, code, lock],
        }),
      }
    },
  }
}

async function proved(client: Client, key: Bytes.Bytes, height: bigint, options?: CallOptions) {
  const read = await CosmosRpc.proved(client.transport, HtlcStorage.STORE, key, height, rpc(options))
  const [proof, store] = read.proofs
  return { value: read.value, proof, store }
}
