import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { storageContract } from './contract.js'

storageContract('memory', async () => {
  const storage = createMemoryStorage()
  return { storage, reopen: () => storage }
})
