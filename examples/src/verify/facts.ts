import { bitcoin } from './bitcoin.js'
import { cometbft } from './cometbft.js'
import { ethereum } from './ethereum.js'
import type { Fact } from './Fact.js'
import { grandpa } from './grandpa.js'

export const facts: readonly Fact[] = [bitcoin, ethereum, cometbft, grandpa]
