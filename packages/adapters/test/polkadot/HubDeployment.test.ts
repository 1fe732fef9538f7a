import { Bytes } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect, test } from 'vitest'
import { HtlcDeployment } from '../../src/evm/deployment.js'
import * as HtlcArtifact from '../../src/evm/HtlcArtifact.js'
import { HubDeployment, HubLock } from '../../src/polkadot/index.js'

const unhex = (text: string) => Bytes.fromHex(text.slice(2))
const salt = new Uint8Array(32)

test('default: the address is that of the committed creation code, whoever instantiates it', () => {
  expect(HubDeployment.CREATION_HASH).toBe(Bytes.toHex(keccak_256(unhex(HtlcDeployment.creation))))
  expect(HubLock.CODE_HASH).toBe(HtlcArtifact.codeHash.slice(2))
  // The proxy that is at one address on most chains makes it at one address on all of them.
  const deployer = unhex('0x4e59b44847b379578588920ca78fbf26c0b4956c')
  expect(HubDeployment.addressOf({ deployer, salt })).toBe(HtlcArtifact.address)
})

test('behavior: another deployer or another salt is another address', () => {
  const one = { deployer: new Uint8Array(20).fill(1), salt }
  const all = [
    one,
    { ...one, deployer: new Uint8Array(20).fill(2) },
    { ...one, salt: new Uint8Array(32).fill(1) },
  ]
  expect(new Set(all.map(HubDeployment.addressOf)).size).toBe(3)
  for (const wrong of [
    { ...one, deployer: new Uint8Array(32) },
    { ...one, salt: new Uint8Array(31) },
  ])
    expect(() => HubDeployment.addressOf(wrong)).toThrow(/bytes/)
})
