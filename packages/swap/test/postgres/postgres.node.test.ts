import { createPostgresStorage } from '@aitbc/swap/postgres'
import type pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { storageContract } from '../../../core/test/storage/contract.js'
import * as Server from './server.js'

const found = Server.binaries()
const missing = 'missing' in found ? found.missing : undefined

describe.skipIf(missing !== undefined)(
  `PostgreSQL${missing === undefined ? '' : `: skipped, ${missing}`}`,
  () => {
    let server: Server.Server
    let pool: pg.Pool
    beforeAll(async () => {
      server = await Server.start()
      pool = server.pool()
    })
    afterAll(async () => {
      await pool?.end()
      await server?.stop()
    })
    let n = 0
    storageContract('postgres', async () => {
      const options = { pool, schema: `contract_${n++}` }
      return { storage: createPostgresStorage(options), reopen: () => createPostgresStorage(options) }
    })
  },
)
