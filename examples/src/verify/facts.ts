import { aitbc } from './aitbc.js'
import { bitcoin } from './bitcoin.js'
import { cometbft } from './cometbft.js'
import { ethereum } from './ethereum.js'
import type { Fact } from './Fact.js'
import { grandpa } from './grandpa.js'
import { solana } from './solana.js'

/** Recorded facts of four families, and facts that local chains of the other two make. */
export async function collect(): Promise<readonly Fact[]> {
  return [bitcoin, ethereum, cometbft, grandpa, await solana(), aitbc()]
}
