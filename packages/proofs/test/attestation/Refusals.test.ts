import type { Verdict } from '@aitbc/core'
import {
  Attestation,
  Guardians,
  Hyperlane,
  Scheme,
  Secp256k1,
  SignerSet,
  Vaa,
} from '@aitbc/proofs/attestation'
import { IncrementalTree } from '@aitbc/proofs/merkle'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { concat, hex, refusal, value } from '../helpers.js'
import { attest, SCHEMES, secretOf, setOf, termsOf } from './world.js'

const told = (verdict: Verdict.Verdict<unknown>) => refusal(verdict).context
const statement = new TextEncoder().encode('deposit 1')
const address = (member: number) => value(Secp256k1.address(secp256k1.getPublicKey(secretOf(member))))

describe('A refusal names what it found, and where', () => {
  test('A54: a set that is none', () => {
    const terms = termsOf('ecdsa-address', 2)
    const [first, second] = terms.signers as [SignerSet.Signer, SignerSet.Signer]
    const of = (signer: SignerSet.Signer) =>
      refusal(SignerSet.from({ ...terms, signers: [first, second, signer] }))
    const context = { index: 2 }
    expect(of({ ...first, weight: 0n })).toEqual({
      check: 'signer-weight',
      message: "signer 2 can't have the weight 0",
      context,
    })
    expect(of({ key: new Uint8Array(20), weight: 1n })).toEqual({
      check: 'signer-key',
      message: 'the key of signer 2 is none of ecdsa-address',
      context,
    })
    expect(of(second)).toEqual({
      check: 'signer-duplicate',
      message: 'the key of signer 2 stands there twice',
      context,
    })
    const two = termsOf('bls-min-pk', 2)
    const wrong = [0, 1].map(() => SCHEMES['bls-min-pk'].sign(0, new Uint8Array(32)))
    expect(told(SignerSet.from(two, { possessions: wrong }))).toEqual({ index: 0 })
  })

  test('A54: an attestation', () => {
    const set = setOf('ecdsa-address', 3)
    const good = attest(set, [0, 1, 2], statement)
    const { signatures } = good.by as Extract<Attestation.Signatures, { kind: 'each' }>
    const [zero, one, two] = signatures as [Attestation.Entry, Attestation.Entry, Attestation.Entry]
    const judge = (change: Partial<Attestation.Attestation>) =>
      told(Attestation.verify(set, { ...good, ...change }, statement, 150n))
    const by = (...entries: readonly Attestation.Entry[]) =>
      judge({ by: { kind: 'each', signatures: entries } })
    expect(judge({ epoch: 6n })).toEqual({ epoch: 6n })
    expect(by(zero, { ...one, index: 3 })).toEqual({ index: 3 })
    expect(by(zero, one, one)).toEqual({ index: 1 })
    expect(by(zero, two, one)).toEqual({ index: 1 })
    expect(by(zero)).toEqual({ threshold: 3n, weight: 1n })
    expect(by(zero, one, { ...two, signature: one.signature })).toEqual({ index: 2, cause: 'signature' })
    const bls = setOf('bls-min-pk', 2)
    const summed = attest(bls, [0, 1], statement)
    expect(refusal(Attestation.verify(bls, summed, statement.subarray(1), 150n))).toMatchObject({
      check: 'signature',
      message: expect.stringMatching(/^the signature of all: ./),
      context: { cause: 'signature' },
    })
  })

  test('A53: a VAA that was acted on', () => {
    const body: Vaa.Body = {
      timestamp: 1,
      nonce: 2,
      emitterChain: 3,
      emitterAddress: new Uint8Array(32).fill(4),
      sequence: 5n,
      consistencyLevel: 6,
      payload: new Uint8Array(0),
    }
    const digest = Vaa.digestOf(Vaa.encodeBody(body))
    const signed = secp256k1.sign(digest, secretOf(0), { prehash: false, format: 'recovered' })
    const signature = concat(signed.subarray(1), signed.subarray(0, 1))
    const vaa = Vaa.encode({ guardianSet: 0, signatures: [{ index: 0, signature }], body })
    const state = value(Guardians.trust({ index: 0, guardians: [address(0)] }))
    const policy = { emitters: [{ chain: '3', address: body.emitterAddress }] }
    const consumed = new Set([hex(digest)])
    expect(told(Guardians.receive(state, vaa, { now: 0n, policy, consumed }))).toEqual({
      digest: hex(digest),
    })
  })

  test('A54, A55: a message that a stranger signed, or that was acted on', () => {
    const message: Hyperlane.Message = {
      version: 3,
      nonce: 0,
      origin: 1,
      sender: new Uint8Array(32).fill(2),
      destination: 2,
      recipient: new Uint8Array(32).fill(3),
      body: new Uint8Array(0),
    }
    const id = Hyperlane.idOf(message)
    const tree = IncrementalTree.append(IncrementalTree.empty(Hyperlane.SHAPE), id)
    const hook = new Uint8Array(32).fill(1)
    const root = IncrementalTree.root(tree)
    const digest = Hyperlane.checkpointDigest({ domain: 1, hook, root, index: 0, messageId: id })
    const judge = (by: readonly number[]) =>
      told(
        Hyperlane.receive(
          { domain: 1, hook, addresses: [address(0), address(1)], threshold: 2 },
          Hyperlane.encode(message),
          {
            root,
            index: 0,
            messageId: id,
            proof: IncrementalTree.prove(Hyperlane.SHAPE, [id], 0),
            signatures: by.map((member) => SCHEMES['ecdsa-address'].sign(member, digest)),
          },
          {
            policy: {
              emitters: [{ chain: '1', address: message.sender }],
              targets: [{ chain: '2', address: message.recipient }],
            },
            consumed: new Set([hex(id)]),
          },
        ),
      )
    expect(judge([0, 9])).toEqual({ index: 1 })
    expect(judge([0, 1])).toEqual({ id: hex(id) })
  })

  test('schemes have the names that sets are known by', () => {
    expect(
      [
        Scheme.ecdsaAddress,
        Scheme.ecdsa,
        Scheme.bip340,
        Scheme.ed25519Zip215,
        Scheme.ed25519Strict,
        Scheme.ed25519PrimeOrder,
        Scheme.frostRistretto255,
        Scheme.frostSecp256k1,
      ].map(({ name }) => name),
    ).toEqual([
      'ecdsa-address',
      'ecdsa',
      'bip340',
      'ed25519-zip215',
      'ed25519-strict',
      'ed25519-prime-order',
      'frost-ristretto255',
      'frost-secp256k1',
    ])
  })
})
