import { createMemoryStorage } from '@aitbc/core/storage/memory'
import * as Board from '../../src/Board.js'
import { boardContract } from './contract.js'

boardContract(
  'in memory',
  async () => {
    const storage = createMemoryStorage()
    return { board: Board.of(storage), again: () => Board.of(storage) }
  },
  { lasts: false },
)
