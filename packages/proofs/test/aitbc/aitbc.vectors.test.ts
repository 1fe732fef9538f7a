import {
  Account,
  Block,
  Bridge,
  Json,
  Settlement,
  Signature,
  StateAttestation,
  StateTrie,
  Transaction,
  Units,
} from '@aitbc/proofs/aitbc'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { hex, unhex, value } from '../helpers.js'

type Members = Json.Members

const utf8 = (text: string) => new TextEncoder().encode(text)
const members = (it: Json.Value | undefined): Members => {
  if (!Json.isMembers(it)) throw new Error('an object was expected')
  return it
}
const list = (it: Json.Value | undefined): readonly Members[] => {
  if (!Array.isArray(it)) throw new Error('a list was expected')
  return it.map(members)
}
const text = (it: Json.Value | undefined): string => {
  if (typeof it !== 'string') throw new Error('a text was expected')
  return it
}
const texts = (it: Json.Value | undefined): readonly string[] => {
  if (!Array.isArray(it)) throw new Error('a list was expected')
  return it.map(text)
}
const int = (it: Json.Value | undefined): bigint => {
  if (typeof it !== 'bigint') throw new Error('an integer was expected')
  return it
}
const flag = (it: Json.Value | undefined): boolean => {
  if (typeof it !== 'boolean') throw new Error('a boolean was expected')
  return it
}
const decode = (it: string) => value(Json.decode(it, { reading: 'node' }))
const each = (
  it: Json.Value | undefined,
  name: (one: Members, i: number) => string,
  run: (one: Members) => void,
): Case[] => list(it).map((one, i) => ({ name: name(one, i), run: () => run(one) }))
const accepted = (verdict: { readonly ok: boolean }, expected: Json.Value | undefined) =>
  expect(verdict.ok).toBe(flag(expected))
const shownDigest = (it: Json.Value) => `0x${hex(Json.digest(it))}`

/** A section of a file by its name, with the whole file beside it. */
type Section = (it: Json.Value, file: Members) => readonly Case[]

function keys(it: Json.Value): readonly Case[] {
  return each(
    it,
    (_, i) => `key ${i}`,
    (one) => {
      const point = secp256k1.getPublicKey(unhex(text(one['private_key'])), false)
      expect(hex(point.subarray(1))).toBe(hex(unhex(text(one['public_key_xy']))))
      const address = Signature.addressOf(point)
      expect(address).toBe(text(one['address_checksum']).toLowerCase())
      expect(Account.stored(address)).toBe(one['address_ait'])
      expect(Account.same(text(one['address_checksum']), text(one['address_ait']))).toBe(true)
    },
  )
}

function constants(it: Json.Value): readonly Case[] {
  const all = members(it)
  const bond = (name: string) => `0x${hex(keccak_256(utf8(name)).subarray(0, 20))}`
  return [
    {
      name: 'reserved accounts',
      run: () => {
        expect(all['bond_escrow_ait']).toBe(Account.BOND_ESCROW)
        expect(all['bond_burn_ait']).toBe(Account.BOND_BURN)
        expect(all['htlc_escrow']).toBe(Account.HTLC_ESCROW)
        expect(all['htlc_escrow_stored']).toBe(Account.stored(Account.HTLC_ESCROW))
        expect(all['bond_escrow_0x']).toBe(bond('aitbc.bond.escrow'))
        expect(all['bond_burn_0x']).toBe(bond('aitbc.bond.burn'))
        expect(Account.compare(Account.BOND_ESCROW)).toBe(all['bond_escrow_0x'])
        expect(Account.compare(Account.BOND_BURN)).toBe(all['bond_burn_0x'])
      },
    },
  ]
}

function cases(it: Json.Value): readonly Case[] {
  return each(
    it,
    (one, i) => `case ${i}: ${String(one['input_json'] ?? one['input']).slice(0, 40)}`,
    (one) => {
      if (one['input_json'] === undefined) {
        const input = text(one['input'])
        expect(Account.compare(input)).toBe(one['comparison_form_0x'])
        expect(Account.stored(input)).toBe(one['stored_form_ait'])
        expect(Account.spellings(input)).toEqual(one['lookup_spellings'])
        expect(hex(Account.key(input))).toBe(one['trie_key_hex'])
        return
      }
      const read = decode(text(one['input_json']))
      expect(Json.encode(read)).toBe(one['canonical'])
      expect(hex(utf8(Json.encode(read)))).toBe(one['utf8_hex'])
      expect(shownDigest(read)).toBe(one['keccak256'])
      expect(`0x${hex(sha256(utf8(Json.encode(read))))}`).toBe(one['sha256'])
      // Its own canonical form gives itself.
      expect(Json.encode(decode(text(one['canonical'])))).toBe(one['canonical'])
    },
  )
}

const amounts: Section = (it) =>
  each(
    it,
    (one) => `${one['ait']} AIT`,
    (one) => expect(Units.toSeconds(one['ait'] as string | number)).toBe(one['seconds']),
  )

function transactions(it: Json.Value): readonly Case[] {
  return each(
    it,
    (one) => text(one['name']),
    (one) => {
      const effective = members(one['effective_signed_object'])
      const body = { ...members(one['request_body_without_signature']), signature: text(one['signature']) }
      const transaction = value(Transaction.fromBody(body, text(effective['chain_id'])))
      expect(Json.encode(Transaction.signedObject(transaction))).toBe(Json.encode(effective))
      const verdict = Transaction.verify(transaction)
      accepted(verdict, one['rpc_verify'])
      accepted(
        Transaction.verify({ ...transaction, signature: text(one['signature_v27']) }),
        one['rpc_verify'],
      )
      if (!verdict.ok) return
      expect(Account.same(verdict.value, transaction.from)).toBe(true)
      expect(Json.encode(Transaction.signedObject(transaction))).toBe(one['canonical'])
      expect(`0x${hex(Transaction.digest(transaction))}`).toBe(one['digest_keccak256'])
      const stored = Transaction.storedObject(transaction)
      expect(Json.encode(stored)).toBe(Json.encode(members(one['normalised_mempool_object'])))
      expect(Json.encode(stored)).toBe(one['mempool_canonical'])
      expect(BigInt(utf8(Json.encode(stored)).length)).toBe(one['mempool_size_bytes'])
      expect(Transaction.hash(transaction)).toBe(one['tx_hash'])
      const v27 = { ...transaction, signature: text(one['signature_v27']) }
      expect(Transaction.hash(v27)).toBe(one['tx_hash_if_signature_v27'])
      const bare = { ...transaction, signature: text(one['signature']).slice(2) }
      expect(Transaction.hash(bare)).toBe(one['tx_hash_if_signature_without_0x'])
      const included = Transaction.verifyIncluded(transaction, transaction.nonce)
      // A nonce that has moved on isn't in the file: any other than the signed one fails.
      expect(Transaction.verifyIncluded(transaction, transaction.nonce + 1n).ok).toBe(false)
      if (flag(one['verifies_again_at_block_inclusion'])) expect(included.ok).toBe(true)
    },
  )
}

const forms: Section = (it, file) => {
  const [first] = list(file['transactions']) as [Members]
  return each(
    members(it)['cases'],
    (one) => `signature: ${text(one['form'])}`,
    (one) => {
      const digest = unhex(text(first['digest_keccak256']))
      const from = text(members(first['effective_signed_object'])['from'])
      accepted(Signature.verify(digest, text(one['signature']), from), one['accepted'])
    },
  )
}

function marketplace(it: Json.Value): readonly Case[] {
  return each(
    it,
    (one) => text(one['name']),
    (one) => {
      const unsigned = one['request_body']
      const { signature } = one
      const body =
        unsigned === undefined
          ? { ...members(one['request_body_without_signature']), signature: text(signature) }
          : members(unsigned)
      const verdict = Transaction.verifyMarketplace(body, text(body['chain_id']))
      if (unsigned !== undefined) {
        expect(verdict.ok).toBe(false)
        const offer: Transaction.Transaction = {
          chainId: text(body['chain_id']),
          type: text(body['type']),
          from: text(body['from']),
          to: text(body['to']),
          amount: int(body['amount']),
          fee: int(body['fee']),
          nonce: int(body['nonce']),
          payload: members(body['payload']),
          signature: null,
        }
        expect(Json.encode(Transaction.storedObject(offer))).toBe(
          Json.encode(members(one['normalised_mempool_object'])),
        )
        expect(Transaction.hash(offer)).toBe(one['tx_hash'])
        return
      }
      accepted(verdict, one['rpc_verify'])
      const { signature: _, ...signed } = body
      expect(shownDigest(signed)).toBe(one['digest_keccak256'])
      const transaction = value(verdict)
      accepted(
        Transaction.verifyIncluded(transaction, transaction.nonce),
        one['verifies_again_at_block_inclusion'],
      )
      if (one['tx_hash'] !== undefined) expect(Transaction.hash(transaction)).toBe(one['tx_hash'])
    },
  )
}

function jobs(it: Json.Value): readonly Case[] {
  return each(
    it,
    (one) => `job for ${one['payment_as_python_text']}`,
    (one) => {
      const chain = text(members(decode(text(one['canonical'])))['chain_id'])
      const transaction = value(Transaction.fromAiJob(members(one['request_body']), chain))
      expect(Json.encode(Transaction.signedObject(transaction))).toBe(one['canonical'])
      expect(Json.encode(transaction.payload['payment'] as number)).toBe(one['payment_as_python_text'])
      expect(`0x${hex(Transaction.digest(transaction))}`).toBe(one['digest_keccak256'])
      accepted(Transaction.verify(transaction), one['rpc_verify'])
      expect(Transaction.hash(transaction)).toBe(one['tx_hash'])
      accepted(
        Transaction.verifyIncluded(transaction, transaction.nonce),
        one['verifies_again_at_block_inclusion'],
      )
    },
  )
}

const requests: Section = (it, file) =>
  each(
    it,
    (one) => text(one['name']),
    (one) => {
      const object = members(one['signed_object'])
      expect(Json.encode(object)).toBe(one['canonical'])
      expect(shownDigest(object)).toBe(one['digest_keccak256'])
      const key = list(file['test_keys'])[Number(int(one['signer_key_index']))] as Members
      const signer = text(key['address_ait'])
      accepted(Signature.verify(Json.digest(object), text(one['signature']), signer), one['verify'])
    },
  )

function admin(it: Json.Value): readonly Case[] {
  const one = members(it)
  return [
    {
      name: 'request of an administrator',
      run: () => {
        const object = members(one['signed_object'])
        expect(Json.encode(object)).toBe(one['canonical'])
        expect(shownDigest(object)).toBe(one['digest_keccak256'])
        const address = text(object['admin_address'])
        accepted(Signature.verify(Json.digest(object), text(one['signature']), address), one['verify'])
      },
    },
  ]
}

function transfers(it: Json.Value): readonly Case[] {
  return each(
    it,
    (_, i) => `transfer id ${i}`,
    (one) => {
      const inputs = one['inputs'] as readonly Json.Value[]
      const [sourceChain, targetChain, sender, recipient] = inputs.slice(0, 4).map(text) as [
        string,
        string,
        string,
        string,
      ]
      const [amount, time] = inputs.slice(4).map(int) as [bigint, bigint]
      const transfer = { sourceChain, targetChain, sender, recipient, amount, time }
      expect(Bridge.transferId(transfer)).toBe(one['transfer_id'])
      expect(Bridge.transferId({ ...transfer, sender: sender.toUpperCase() })).toBe(one['transfer_id'])
      expect(`0x${hex(sha256(utf8(text(one['preimage']))))}`).toBe(one['transfer_id'])
    },
  )
}

const fees: Section = (it) =>
  each(
    it,
    (one) => `fee of ${one['amount']}`,
    (one) => {
      const amount = int(one['amount'])
      expect(Bridge.fee(amount)).toBe(one['fee'])
      expect(amount + Bridge.fee(amount)).toBe(one['total_debited'])
    },
  )

function blocks(it: Json.Value): readonly Case[] {
  return each(
    it,
    (one) => `block ${one['chain_id']} ${one['height']}`,
    (one) => {
      const block: Block.Block = {
        chainId: text(one['chain_id']),
        height: int(one['height']),
        hash: text(one['hash']),
        parentHash: text(one['parent_hash']),
        timestamp: Block.timestamp(text(one['timestamp_served_by_rpc'])),
        transactions: texts(one['tx_hashes_unsorted']),
        proposer: text(one['proposer']),
        signature: text(one['signature']),
      }
      expect(block.timestamp).toBe(one['timestamp_used_in_hash'])
      expect(Block.preimage(block)).toBe(one['preimage'])
      expect(Block.hash(block)).toBe(one['hash'])
      accepted(Block.verify(block), one['signature_verifies'])
      const ait = Account.stored(block.proposer)
      accepted(Block.verify({ ...block, proposer: ait }), one['signature_verifies_with_ait_proposer'])
      const v27 = block.signature.replace(/..$/, (v) => (Number.parseInt(v, 16) + 27).toString(16))
      accepted(Block.verify({ ...block, signature: v27 }), one['signature_v27_verifies'])
      const other = `0x${'11'.repeat(20)}`
      accepted(Block.verify({ ...block, proposer: other }), one['wrong_proposer_verifies'])
    },
  )
}

const stateSets: Section = (it) => {
  const out: Case[] = []
  for (const set of list(it)) {
    const root = unhex(text(set['root']))
    const count = `${set['count']} accounts`
    const accounts = list(set['accounts']).map((one) => ({
      address: text(one['address']),
      balance: int(one['balance']),
      nonce: int(one['nonce']),
    }))
    out.push({
      name: `${count}: root`,
      run: () => {
        expect(BigInt(accounts.length)).toBe(set['count'])
        expect(hex(value(StateTrie.fromAccounts(accounts)).root)).toBe(hex(root))
        expect(hex(value(StateTrie.fromAccounts([...accounts].reverse())).root)).toBe(hex(root))
      },
    })
    for (const [i, one] of list(set['proofs']).entries())
      out.push({
        name: `${count}: proof ${i}`,
        run: () => {
          const address = text(one['address'])
          const proof = texts(one['proof']).map(unhex)
          expect(hex(Account.key(address))).toBe(one['key_utf8_hex'])
          accepted(
            StateTrie.verify(root, Account.key(address), unhex(text(one['value_hex'])), proof),
            one['valid'],
          )
          const found = value(StateTrie.account(root, address, proof))
          expect(`${found?.balance}:${found?.nonce}`).toBe(one['value'])
          expect(StateTrie.prove(value(StateTrie.fromAccounts(accounts)), Account.key(address))).toEqual(
            proof,
          )
        },
      })
    for (const one of list(set['tampered_must_fail']))
      out.push({
        name: `${count}: ${text(one['name'])}`,
        run: () => {
          const proof = texts(one['proof']).map(unhex)
          const key = unhex(text(one['key_utf8_hex']))
          accepted(StateTrie.verify(root, key, unhex(text(one['value_hex'])), proof), one['valid'])
        },
      })
    out.push({
      name: `${count}: an absent key`,
      run: () => {
        // The node gives nothing to verify; our own proof of absence does.
        const proof = texts(set['proof_for_absent_key']).map(unhex)
        const absent = Account.key('nobody')
        expect(StateTrie.verify(root, absent, utf8('0:0'), proof).ok).toBe(false)
        const own = StateTrie.prove(value(StateTrie.fromAccounts(accounts)), absent)
        expect(value(StateTrie.lookup(root, absent, own))).toBe(undefined)
      },
    })
  }
  return out
}

const rawTries: Section = (it) => {
  const out: Case[] = []
  for (const one of list(it)) {
    const name = text(one['name'])
    const root = unhex(text(one['root']))
    const trie = () => {
      const entries = new Map<string, Uint8Array>()
      for (const pair of one['puts'] as readonly Json.Value[]) {
        const [key, put] = texts(pair) as [string, string]
        entries.set(key, unhex(put))
      }
      for (const key of texts(one['deletes'])) entries.delete(key)
      return StateTrie.from([...entries].map(([key, put]) => [unhex(key), put] as const))
    }
    out.push({
      name: `${name}: root`,
      run: () => {
        const built = trie()
        expect(hex(built.root)).toBe(hex(root))
        const top = one['root_node']
        expect(built.top?.encoded).toEqual(top === null ? undefined : unhex(text(top)))
      },
    })
    for (const [i, shown] of list(one['proofs']).entries())
      out.push({
        name: `${name}: proof ${i}`,
        run: () => {
          const key = unhex(text(shown['key']))
          const proof = texts(shown['proof']).map(unhex)
          accepted(StateTrie.verify(root, key, unhex(text(shown['value'])), proof), shown['valid'])
          expect(StateTrie.prove(trie(), key)).toEqual(proof)
        },
      })
  }
  return out
}

const collapse: Section = (it) => {
  const all = list(it)
  return each(
    it,
    (one) => `spelled ${text(one['given_as'])}`,
    (one) => {
      const rootOf = (address: Json.Value | undefined) =>
        hex(value(StateTrie.fromAccounts([{ address: text(address), balance: 1n, nonce: 0n }])).root)
      for (const other of all)
        expect(rootOf(one['given_as']) === rootOf(other['given_as'])).toBe(one['root'] === other['root'])
    },
  )
}

const validatorsOf = (file: Members) => texts(members(file['validator_set'])['addresses'])

const bridgeMessage: Section = (it, file) => {
  const one = members(it)
  const object = members(one['object'])
  return [
    {
      name: 'message',
      run: () => {
        expect(Json.encode(object)).toBe(one['canonical'])
        expect(shownDigest(object)).toBe(one['digest_keccak256'])
        const { signatures, signatures_by_key_index, result } = one
        if (signatures_by_key_index !== undefined)
          for (const [index, signature] of Object.entries(members(signatures_by_key_index))) {
            const key = list(file['test_keys'])[Number(index)] as Members
            value(Signature.verify(Json.digest(object), text(signature), text(key['address_ait'])))
          }
        if (signatures === undefined) return
        // A proof of these fields alone.
        const proof = { ...object, validator_signatures: signatures }
        const { accepted: expected, count } = members(result)
        const several = {
          by: 'several',
          validators: validatorsOf(file),
          threshold: Number(int(count)),
        } as const
        accepted(Bridge.verifySigners(proof, several), expected)
        expect(value(Bridge.verifySigners(proof, several)).length).toBe(Number(int(count)))
      },
    },
  ]
}

const thresholds: Section = (it, file) =>
  each(
    it,
    (one) => text(one['name']),
    (one) => {
      const { validator_signatures, proposer_signature } = one
      const object = members(members(file['proof_message'])['object'])
      const proof = { ...object, validator_signatures, proposer_signature } as Members
      const by = (threshold: bigint) =>
        ({ by: 'several', validators: validatorsOf(file), threshold: Number(threshold) }) as const
      accepted(Bridge.verifySigners(proof, by(int(one['threshold']))), one['accepted'])
      const found = int(one['distinct_member_signers'])
      expect(Bridge.verifySigners(proof, by(found + 1n)).ok).toBe(false)
      if (found > 0n)
        expect([...value(Bridge.verifySigners(proof, by(found)))].sort()).toEqual(
          [...texts(one['members'])].sort(),
        )
    },
  )

const singles: Section = (it, file) => {
  const all = list(it)
  return each(
    it,
    (one) => text(one['name']),
    (one) => {
      const by = { by: 'one', validators: validatorsOf(file) } as const
      const canonical = one['signed_object_canonical']
      // Without an object of its own: that of the first case, with what it didn't sign put in.
      const base = canonical === undefined ? (all[0] as Members) : one
      const signed = members(decode(text(base['signed_object_canonical'])))
      const proof = { ...signed, proposer_signature: text(base['proposer_signature']) }
      if (canonical !== undefined) {
        expect(shownDigest(signed)).toBe(one['digest'])
        accepted(Bridge.verifySigners(proof, by), one['accepted'])
      } else accepted(Bridge.verifySigners({ ...proof, validator_signatures: [] }, by), one['accepted'])
    },
  )
}

const headers: Section = (it, file) =>
  each(
    it,
    (one) => text(one['name']),
    (one) => {
      const message = members(one['message'])
      const header = {
        chainId: text(message['chain_id']),
        height: int(message['height']),
        hash: text(message['hash']),
        parentHash: text(message['parent_hash']),
        proposer: text(message['proposer']),
        stateRoot: text(message['state_root']),
      }
      expect(Json.encode(StateAttestation.message(header))).toBe(one['canonical'])
      expect(`0x${hex(StateAttestation.digest(header))}`).toBe(one['digest_keccak256'])
      const signature = text(one['signature'])
      accepted(StateAttestation.verify(header, signature, validatorsOf(file)), one['valid'])
      const signer = value(Signature.recover(StateAttestation.digest(header), signature))
      expect(signer).toBe(text(one['recovered']).toLowerCase())
    },
  )

const events: Section = (it) =>
  each(
    it,
    (one) => text(one['name']),
    (one) => {
      const lockTxHash = text(one['lock_tx_hash'])
      const lock = { stateRoot: text(one['state_root']), lockTxHash, lockEvent: text(one['lock_event']) }
      const proof = texts(one['merkle_proof'])
      accepted(Bridge.verifyLockEvent(lock, proof, { as: 'node' }), one['valid'])
      // By our own rule, what isn't named like a lock is none, nor is an account's balance and nonce.
      const named = /^0x[0-9a-f]{64}$/.test(lockTxHash) && !/^-?\d+:-?\d+$/.test(lock.lockEvent)
      expect(Bridge.verifyLockEvent(lock, proof).ok).toBe(named && flag(one['valid']))
    },
  )

const whole: Section = (it, file) => {
  const core = members(file['proof_core'])
  const headerRoot = text(members(members(file['proof_message'])['object'])['state_root'])
  return list(it).map((one): Case => {
    const name = text(one['name'])
    const proof = members(one['proof'])
    const settings = members(one['settings_overrides'])
    const validators = validatorsOf(file)
    const signing =
      settings['bridge_multisig_enabled'] === false
        ? ({ by: 'one', validators } as const)
        : ({ by: 'several', validators, threshold: 3 } as const)
    const { merkle_proof, lock_event, state_root = headerRoot } = proof
    const shown =
      merkle_proof === undefined
        ? settings['bridge_require_merkle_proof'] === false
        : Bridge.verifyLockEvent(
            {
              stateRoot: text(state_root),
              lockTxHash: text(proof['lock_tx_hash']),
              lockEvent: text(lock_event),
            },
            texts(merkle_proof),
            { as: 'node' },
          ).ok
    const known =
      proof['block_hash'] === core['block_hash'] &&
      proof['sender'] === text(proof['sender']).toLowerCase() &&
      int(one['header_confirmations']) >= BigInt(Bridge.confirmations(int(proof['amount'])))
    const ours = Bridge.verifySigners(proof, signing).ok && shown && known
    if (ours && !flag(one['accepted']))
      return { name, skip: "refused for rows of the node's database that the file doesn't hold" }
    return { name, run: () => accepted({ ok: ours }, one['accepted']) }
  })
}

const replays: Section = (it) =>
  each(
    members(it)['cases'],
    (_, i) => `replay key ${i}`,
    (one) => expect(Bridge.replayKey(members(decode(text(one['proof_json']))))).toBe(one['proof_hash']),
  )

const locks: Section = (it) =>
  each(
    it,
    (_, i) => `hashlock ${i}`,
    (one) => {
      const secret = text(one['secret'])
      expect(Settlement.hashlock(secret)).toBe(one['hashlock'])
      expect(Settlement.opens(secret, text(one['hashlock']), 'service')).toBe(true)
      const evm = one['evm_contract_hashlock_for_comparison']
      if (evm === undefined) return
      expect(hex(sha256(unhex(secret)))).toBe(evm)
      expect(Settlement.opens(secret, text(evm), 'contract')).toBe(false)
    },
  )

const openings: Section = (it) =>
  each(
    it,
    (one) => text(one['name']),
    (one) => {
      const opens = (judge: 'service' | 'contract') =>
        Settlement.opens(text(one['secret']), text(one['hashlock']), judge)
      expect(opens('service')).toBe(one['service_check'])
      expect(opens('contract')).toBe(one['contract_check'])
    },
  )

const swaps: Section = (it) =>
  each(
    it,
    (_, i) => `swap id ${i}`,
    (one) =>
      expect(
        Settlement.swapId({
          initiator: text(one['initiator']),
          participant: text(one['participant']),
          hashlock: text(one['hashlock']),
          timelock: int(one['timelock']),
          amount: int(one['amount']),
        }),
      ).toBe(one['swap_id']),
  )

const timelocks: Section = (it) =>
  each(
    it,
    (_, i) => `timelocks ${i}`,
    (one) => {
      const sourceBlockTime = int(one['source_block_time'])
      const destBlockTime = int(one['dest_block_time'])
      const sourceHeight = int(one['source_height'])
      const destHeight = int(one['dest_height'])
      const timeout = int(one['timeout_seconds'])
      const verdict = Settlement.timelocks({
        sourceHeight,
        destHeight,
        timeout,
        sourceBlockTime,
        destBlockTime,
      })
      expect(verdict.ok).toBe(one['refused'] !== true)
      if (!verdict.ok) return
      const { source, dest } = verdict.value
      expect(source).toBe(one['source_timelock'])
      expect(dest).toBe(one['dest_timelock'])
      const margin = (source - sourceHeight) * sourceBlockTime - (dest - destHeight) * destBlockTime
      expect(margin).toBe(one['real_margin_seconds'])
    },
  )

const steps: Section = (it) => {
  const all = list(it)
  return [
    ...all.map(
      (one, i): Case => ({
        name: `step ${i}`,
        run: () => expect(Settlement.stepHash(one)).toBe(one['proof_hash']),
      }),
    ),
    {
      name: 'all steps',
      run: () => {
        expect(value(Settlement.verifySteps(all))).toBe(true)
        for (let i = 0; i < all.length - 1; i++) {
          const changed = all.map((one, at) => (at === i ? { ...one, tx_hash: '0x' } : one))
          expect(Settlement.verifySteps(changed).ok).toBe(false)
        }
      },
    },
  ]
}

const SECTIONS: Readonly<Record<string, Section>> = {
  test_keys: keys,
  constants,
  cases,
  seconds_per_ait: (it) => [
    { name: 'base units in an AIT', run: () => expect(Units.SECONDS_PER_AIT).toBe(it) },
  ],
  to_seconds: amounts,
  to_seconds_float_input: amounts,
  format: (it) =>
    each(
      it,
      (one) => `${one['seconds']} base units`,
      (one) => {
        expect(Units.format(int(one['seconds']))).toBe(one['text'])
        expect(Units.toAit(int(one['seconds']))).toBe(one['exact'])
      },
    ),
  transactions,
  signature_forms: forms,
  marketplace,
  ai_jobs: jobs,
  requests,
  admin,
  transfer_id: transfers,
  bridge_fee: fees,
  blocks,
  empty_root: (it) => [
    { name: 'root of nothing', run: () => expect(hex(StateTrie.from([]).root)).toBe(hex(unhex(text(it)))) },
  ],
  state_sets: stateSets,
  raw_trie: rawTries,
  spelling_collapse: collapse,
  proof_message: bridgeMessage,
  shared_sdk_message: bridgeMessage,
  threshold_cases: thresholds,
  single_signer_cases: singles,
  header_cases: headers,
  merkle_cases: events,
  full_proof_cases: whole,
  proof_hash_for_replay: replays,
  hashlocks: locks,
  verify: openings,
  swap_ids: swaps,
  timelocks,
  proof_chain: steps,
}

/** Not cases: where they come from, and what cases of the same file refer to. */
const BESIDE = ['source', 'how', 'crosscheck', 'note', 'account_generator', 'validator_set', 'proof_core']

readVectors({
  topic: 'aitbc',
  folder: 'aitbc',
  cases: ([one]) => {
    const file = members(value(Json.decode((one as NonNullable<typeof one>).bytes(), { reading: 'node' })))
    return Object.entries(file).flatMap(([name, it]) => {
      if (BESIDE.includes(name)) return []
      const section = SECTIONS[name]
      if (section === undefined) throw new Error(`no reader knows the section ${name}`)
      return section(it, file)
    })
  },
})
