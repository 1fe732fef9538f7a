import { createHash, createPublicKey, verify as nativeVerify } from 'node:crypto'
import { Address, Message, Pda, Poh, Signature, Transaction } from '@aitbc/proofs/solana'
import * as kit from '@solana/kit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, flip, hex, value } from '../helpers.js'
import { bytes, hashOf, key, sign } from './world.js'

const numRuns = Math.min(fc.readConfigureGlobal()?.numRuns ?? 100, 300)
const text = (address: Uint8Array) => kit.getAddressDecoder().decode(address)
const base58 = (data: Uint8Array) => kit.getBase58Decoder().decode(data)

const drawnKeys = fc
  .uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 4 })
  .map((all) => all.map((it) => key(`${it}`)))
const drawnInstructions = fc.array(
  fc.record({
    program: fc.nat(2),
    accounts: fc.array(fc.record({ address: fc.nat(8), role: fc.nat(3) }), { maxLength: 6 }),
    data: fc.uint8Array({ maxLength: 150 }),
  }),
  { minLength: 1, maxLength: 4 },
)

test('A50: transactions that @solana/kit makes read the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      drawnKeys,
      drawnInstructions,
      fc.boolean(),
      fc.boolean(),
      async (keys, drawn, versioned, tables) => {
        const signers = await Promise.all(
          keys.map(({ secret }) => kit.createKeyPairSignerFromPrivateKeyBytes(secret)),
        )
        const payer = signers[0] as kit.KeyPairSigner
        const instructions = drawn.map(({ program, accounts, data }, index) => ({
          programAddress: text(hashOf(`program ${program}`)),
          accounts: [
            ...accounts.map(({ address, role }) => ({
              address: text(hashOf(`account ${address}`)),
              role: role & 1,
            })),
            ...(index === 0
              ? signers.map((signer) => ({
                  address: signer.address,
                  role: kit.AccountRole.READONLY_SIGNER,
                  signer,
                }))
              : []),
          ],
          data,
        }))
        const message = kit.pipe(
          kit.createTransactionMessage({ version: versioned ? 0 : 'legacy' }),
          (it) => kit.setTransactionMessageFeePayerSigner(payer, it),
          (it) =>
            kit.setTransactionMessageLifetimeUsingBlockhash(
              { blockhash: kit.blockhash(base58(hashOf('recent'))), lastValidBlockHeight: 1n },
              it,
            ),
          (it) => kit.appendTransactionMessageInstructions(instructions, it),
          (it) =>
            versioned && tables
              ? kit.compressTransactionMessageUsingAddressLookupTables(it as never, {
                  [text(hashOf('table'))]: Array.from({ length: 9 }, (_, i) => text(hashOf(`account ${i}`))),
                })
              : it,
        )
        const signed = await kit.signTransactionMessageWithSigners(
          message as Parameters<typeof kit.signTransactionMessageWithSigners>[0],
        )
        const wire = new Uint8Array(kit.getTransactionEncoder().encode(signed))
        const ours = value(Transaction.decode(wire))
        expect(hex(Transaction.encode(ours))).toBe(hex(wire))
        expect(Transaction.verify(ours).ok).toBe(true)
        const theirs = kit.getCompiledTransactionMessageDecoder().decode(signed.messageBytes)
        if (theirs.version === 1) throw new Error('kit made a version that nobody asked for')
        const lookups = ('addressTableLookups' in theirs ? theirs.addressTableLookups : undefined) ?? []
        expect(ours.message).toEqual({
          version: theirs.version,
          header: {
            signatures: theirs.header.numSignerAccounts,
            readonlySigned: theirs.header.numReadonlySignerAccounts,
            readonlyUnsigned: theirs.header.numReadonlyNonSignerAccounts,
          },
          addresses: theirs.staticAccounts.map((it) => value(Address.decode(it))),
          lifetime: value(Address.decode(theirs.lifetimeToken)),
          instructions: theirs.instructions.map((it) => ({
            program: it.programAddressIndex,
            accounts: Uint8Array.from(it.accountIndices ?? []),
            data: Uint8Array.from(it.data ?? []),
          })),
          lookups: lookups.map((it) => ({
            table: value(Address.decode(it.lookupTableAddress)),
            writable: Uint8Array.from(it.writableIndexes),
            readonly: Uint8Array.from(it.readonlyIndexes),
          })),
        })
        expect(Object.values(signed.signatures).map((it) => hex(new Uint8Array(it as Uint8Array)))).toEqual(
          ours.signatures.map(hex),
        )
      },
    ),
    { numRuns },
  )
})

test('A50: what we write, @solana/kit reads', () => {
  const payer = key('payer')
  const message: Message.Message = {
    version: 0,
    header: { signatures: 1, readonlySigned: 0, readonlyUnsigned: 1 },
    addresses: [payer.address, hashOf('program')],
    lifetime: hashOf('recent'),
    instructions: [{ program: 1, accounts: Uint8Array.of(0, 2, 3), data: bytes(200, 9) }],
    lookups: [{ table: hashOf('table'), writable: Uint8Array.of(255), readonly: Uint8Array.of(0) }],
  }
  const wire = sign(message, payer)
  const theirs = kit.getTransactionDecoder().decode(wire)
  expect(hex(new Uint8Array(theirs.messageBytes))).toBe(hex(Message.encode(message)))
  expect(hex(new Uint8Array(kit.getTransactionEncoder().encode(theirs)))).toBe(hex(wire))
})

test('A49: addresses of programs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 32 }), { maxLength: 15 }),
      fc.nat(),
      async (seeds, nonce) => {
        const program = hashOf(`${nonce}`)
        const [address, bump] = await kit.getProgramDerivedAddress({ programAddress: text(program), seeds })
        const ours = value(Pda.find(program, seeds))
        expect({ address: Address.encode(ours.address), bump: ours.bump }).toEqual({ address, bump })
      },
    ),
    { numRuns },
  )
})

test('A49: what is on the curve', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (drawn) => {
      expect(kit.isOffCurveAddress(text(drawn))).toBe(!Signature.isOnCurve(drawn))
    }),
    { numRuns },
  )
})

test('A59: of ordinary signatures OpenSSL says the same', () => {
  const der = Buffer.from('302a300506032b6570032100', 'hex')
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.option(fc.nat(511)),
      fc.nat(100),
      (message, bit, name) => {
        const { address: publicKey } = key(`${name}`)
        const wire = sign(
          {
            version: 'legacy',
            header: { signatures: 1, readonlySigned: 0, readonlyUnsigned: 0 },
            addresses: [publicKey, hashOf('program')],
            lifetime: hashOf('recent'),
            instructions: [{ program: 1, accounts: new Uint8Array(0), data: message }],
            lookups: [],
          },
          key(`${name}`),
        )
        const good = value(Transaction.decode(wire)).signatures[0] as Uint8Array
        const said = wire.subarray(65)
        const signature = bit === null ? good : flip(good, bit)
        const theirs = nativeVerify(
          null,
          said,
          createPublicKey({ key: Buffer.concat([der, publicKey]), format: 'der', type: 'spki' }),
          signature,
        )
        expect(Signature.verify({ publicKey, message: said, signature })).toBe(theirs)
        expect(theirs).toBe(bit === null)
      },
    ),
    { numRuns },
  )
})

test('proof of history against Node’s own hash', () => {
  const sha = (...parts: Uint8Array[]) =>
    new Uint8Array(
      createHash('sha256')
        .update(concat(...parts))
        .digest(),
    )
  let hash = hashOf('start')
  for (let i = 1; i < 500; i++) hash = sha(hash)
  expect(Poh.next(hashOf('start'), { hashes: 500n })).toEqual(sha(hash))
  expect(Poh.next(hashOf('start'), { hashes: 500n, mixin: hashOf('mixin') })).toEqual(
    sha(hash, hashOf('mixin')),
  )
})
