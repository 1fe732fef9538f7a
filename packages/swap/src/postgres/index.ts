export { createPostgresStorage, GRACE_MS, type PostgresStorage } from './createPostgresStorage.js'
export type * as Database from './Database.js'
export * as Lease from './Lease.js'
export * as Worker from './Worker.js'
