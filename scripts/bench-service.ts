import { MOST_WORKERS, service } from '../packages/swap/bench/service.js'
import { asked } from './options.js'

/*
 * `pnpm bench:service [-- --swaps <number>] [--workers <number>] [--lease <ms>]`: so many swaps at once (10,000), driven by so many workers
 * (4) on one real PostgreSQL server; the last line is JSON. Exit code 1 if anything is amiss, or the server's binaries aren't there.
 */

const { whole } = asked(['swaps', 'workers', 'lease'])
const pass = await service({
  swaps: whole('swaps', 10_000, 1),
  workers: whole('workers', 4, 1, MOST_WORKERS),
  leaseMs: whole('lease', 300_000, 1),
})
process.exitCode = pass ? 0 : 1
