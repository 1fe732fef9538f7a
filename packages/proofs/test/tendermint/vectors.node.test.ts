import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  BlockId,
  Commit,
  Header,
  LightClient,
  MerkleTree,
  RpcJson,
  Signatures,
  Timestamp,
  ValidatorSet,
  Vote,
} from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import { check, hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'

const found = topic('cosmos')
const set = found as NonNullable<typeof found>
const root = process.env['AITBC_VECTORS'] ?? join(import.meta.dirname, '../../../../../shared/vectors')
const namesIn = (folder: string) => readdirSync(join(root, 'cosmos', folder)).map((name) => `${folder}/${name}`)
const utf8 = (text: string) => new TextEncoder().encode(text)

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'published CometBFT data',
  () => {
    test('A36: comet-sign-bytes/vote_sign_bytes.json: what a vote signs', () => {
      const cases = set.json<{ chain_id: string; vote: string; sign_bytes: string }[]>(
        'comet-sign-bytes/vote_sign_bytes.json',
      )
      for (const { chain_id, vote, sign_bytes } of cases) {
        const type = /Type: cmtproto\.(Prevote|Precommit)Type/.exec(vote)?.[1]?.toLowerCase() ?? 'unknown'
        const number = (name: string) => BigInt(new RegExp(`${name}: (\\d+)`).exec(vote)?.[1] ?? 0)
        const bytes = Vote.signBytes(chain_id, {
          type: type as Vote.Vote['type'],
          height: number('Height'),
          round: number('Round'),
          blockId: BlockId.ZERO,
          time: Timestamp.ZERO,
        })
        expect(hex(bytes), vote).toBe(sign_bytes)
      }
      expect(cases.length).toBe(6)
    })

    test('comet-sign-bytes/rfc6962_expected.json: leaf and node are told apart', () => {
      const { want } = set.json<{ want: string[] }>('comet-sign-bytes/rfc6962_expected.json')
      expect([
        MerkleTree.root([]),
        MerkleTree.leafHash(new Uint8Array(0)),
        MerkleTree.leafHash(utf8('L123456')),
        MerkleTree.innerHash(utf8('N123'), utf8('N456')),
      ].map(hex)).toEqual(want)
    })

    describe('tendermint-light: traces of the model', () => {
      interface Trace {
        initial: { signed_header: { header: unknown }; next_validator_set: unknown; trusting_period: string }
        input: { block: Record<string, unknown>; now: string; verdict: string }[]
      }
      let cases = 0
      const names = found === undefined ? [] : namesIn('tendermint-light/model_based')

      test.each(names)('%s', (name) => {
        const { initial, input } = set.json<Trace>(name)
        const header = value(RpcJson.header(initial.signed_header.header))
        const trustingPeriod = BigInt(initial.trusting_period)
        let state = value(
          LightClient.trust({
            chainId: header.chainId,
            hash: Header.hash(header),
            header,
            nextValidators: value(RpcJson.validators(initial.next_validator_set)),
            trustingPeriod,
            unbondingPeriod: trustingPeriod + 1n,
          }),
        )
        for (const { block, now, verdict } of input) {
          const update = {
            block: value(RpcJson.lightBlock(block)),
            nextValidators: value(RpcJson.validators(block['next_validator_set'])),
            now: value(Timestamp.fromText(now)),
          }
          const result = LightClient.apply(state, update)
          const expected = result.ok
            ? 'SUCCESS'
            : result.refusal.check === 'not-enough-trust'
              ? 'NOT_ENOUGH_TRUST'
              : 'INVALID'
          expect(expected, result.ok ? name : `${name}: ${result.refusal.check}`).toBe(verdict)
          if (result.ok) state = result.value
          cases++
        }
      })

      test('all of them', () => {
        expect(cases).toBeGreaterThanOrEqual(64)
      })
    })
  },
)
