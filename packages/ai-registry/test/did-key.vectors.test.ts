import { DidKey } from '@aitbc/ai-registry'
import { Bytes } from '@aitbc/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { base58, base64urlnopad } from '@scure/base'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../scripts/vectors/reader.js'

interface Key {
  /** `did#name`, or `#name`. */
  readonly id: string
  readonly type: string
  readonly publicKeyBase58?: string
  readonly publicKeyJwk?: { readonly crv: string; readonly x: string; readonly y?: string }
}
interface Document {
  readonly id: string
  readonly verificationMethod: readonly Key[]
}
interface Entry {
  readonly seed?: string
  readonly verificationKeyPair: Key
  readonly keyAgreementKeyPair?: Key
  readonly didDocument: Document
}
type Published =
  | Readonly<Record<string, Entry>>
  | { readonly didDocument: Readonly<Record<string, Document>> }

/** The kinds of key that are known here, and their multicodec varints. */
const CODECS: Readonly<Record<string, readonly number[]>> = {
  ed25519: [0xed, 0x01],
  x25519: [0xec, 0x01],
  secp256k1: [0xe7, 0x01],
}

function kindOf({ type, publicKeyJwk }: Key): string {
  const stated = publicKeyJwk?.crv ?? type
  const name = /ed25519|x25519|secp256k1/.exec(stated.toLowerCase())?.[0]
  if (name === undefined) throw new Error(`${stated} is no kind of key that is known here`)
  return name
}

function bytesOf({ publicKeyBase58, publicKeyJwk: jwk }: Key): Uint8Array {
  if (publicKeyBase58 !== undefined) return base58.decode(publicKeyBase58)
  if (jwk === undefined) throw new Error('a public key is expected')
  const x = base64urlnopad.decode(jwk.x)
  if (jwk.y === undefined) return x
  return Bytes.concat(Uint8Array.of(2 + ((base64urlnopad.decode(jwk.y).at(-1) ?? 0) & 1)), x)
}

/** The key's own name says which key it is: ed25519 is read, all others are refused by the name of their kind. */
function judge(key: Key): void {
  const name = kindOf(key)
  const did = `did:key:${key.id.split('#')[1]}`
  const stated = bytesOf(key)
  expect(did).toBe(`did:key:z${base58.encode(Bytes.concat(Uint8Array.from(CODECS[name] ?? []), stated))}`)
  if (name === 'ed25519') {
    expect(DidKey.from(stated)).toBe(did)
    expect(DidKey.decode(did)).toEqual({ ok: true, value: stated })
  } else
    expect(DidKey.decode(did)).toMatchObject({
      ok: false,
      refusal: { check: 'key-type', message: expect.stringContaining(`got ${name}`) },
    })
}

function documentCase(did: string, document: Document): Case {
  return {
    name: `${did}: its document`,
    run: () => {
      expect(document.id).toBe(did)
      const [own] = document.verificationMethod
      expect(own?.id).toBe(`${did}#${did.slice('did:key:'.length)}`)
      for (const key of document.verificationMethod) judge(key)
    },
  }
}

readVectors({
  topic: 'services',
  folder: 'ai-services/did-key',
  title: 'A63: keys of the did:key Method',
  cases: ([file]) => {
    const published = file?.json<Published>() ?? {}
    const cases: Case[] = []
    for (const [did, entry] of Object.entries(published)) {
      if (did === 'didDocument') {
        for (const [name, document] of Object.entries(entry as Record<string, Document>))
          cases.push(documentCase(name, document))
        continue
      }
      const { seed, verificationKeyPair, keyAgreementKeyPair, didDocument } = entry as Entry
      cases.push(documentCase(did, didDocument), {
        name: did,
        run: () => {
          expect(verificationKeyPair.id.split('#')[1]).toBe(did.slice('did:key:'.length))
          judge(verificationKeyPair)
          if (seed !== undefined && kindOf(verificationKeyPair) === 'ed25519')
            expect(ed25519.getPublicKey(Bytes.fromHex(seed))).toEqual(bytesOf(verificationKeyPair))
        },
      })
      if (keyAgreementKeyPair !== undefined)
        cases.push({ name: `${did}: its agreement key`, run: () => judge(keyAgreementKeyPair) })
    }
    return cases
  },
})
