import { isAitbcError } from '@aitbc/core'
import { createIndexedDbStorage } from '@aitbc/core/storage/indexeddb'
import { expect, test } from 'vitest'
import { storageContract } from './contract.js'

// In the browser, the browser's own; its run under Node is in indexeddb.node.test.ts.
if (globalThis.indexedDB !== undefined) {
  let n = 0
  storageContract('IndexedDB (browser)', async () => {
    const name = `contract-${Date.now()}-${n++}`
    return {
      storage: createIndexedDbStorage({ name }),
      reopen: () => createIndexedDbStorage({ name }),
    }
  })
} else {
  test('error: without IndexedDB every call says so', async () => {
    const storage = createIndexedDbStorage({ name: 'nowhere' })
    for (const refused of [storage.get('a'), storage.put('a', Uint8Array.of(1)), storage.log('a')])
      expect(isAitbcError(await refused.catch((e) => e), 'StorageUnavailable')).toBe(true)
  })
}

test('error: the name must be a non-empty string', () => {
  for (const name of ['', null, 5] as string[])
    try {
      createIndexedDbStorage({ name })
      expect.unreachable()
    } catch (error) {
      expect(isAitbcError(error, 'InvalidArgument')).toBe(true)
    }
})
