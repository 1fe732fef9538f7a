import { createIndexedDbStorage } from '@aitbc/core/storage/indexeddb'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { storageContract } from './contract.js'

// The real one runs in Chromium (indexeddb.test.ts); this shows the same contract on another implementation.
globalThis.IDBKeyRange ??= IDBKeyRange
storageContract('IndexedDB (fake-indexeddb)', async () => {
  const factory = new IDBFactory()
  return {
    storage: createIndexedDbStorage({ name: 'contract', factory }),
    reopen: () => createIndexedDbStorage({ name: 'contract', factory }),
  }
})
