// Two people who trust neither each other nor any server swap bitcoin for ether and for a token, on real nodes.

import { Bytes } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { automine, createDevnet, deployHtlc, deployToken } from '@aitbc/devnet'
import { type Audience, createJsonAudience, createTerminalAudience } from './swap/Audience.js'
import { createStage } from './swap/Stage.js'
import { perform, scenes } from './swap/scenarios.js'

const flags = new Set(process.argv.slice(2).map((flag) => flag.replace(/^-+/, '')))
const only = [...flags].filter((flag) => /^[0-9]+$/.test(flag)).map(Number)
const print = (line: string) => process.stdout.write(`${line}\n`)
const began = performance.now()

for (const flag of flags)
  if (flag !== '' && flag !== 'json' && !/^[0-9]+$/.test(flag)) {
    process.stderr.write(`unknown flag ${flag}; known: --json, and numbers of scenes 1 to ${scenes.length}\n`)
    process.exit(2)
  }

const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => abort.abort(new Error(`stopped by ${signal}`)))

try {
  process.exitCode = await main()
} catch (error) {
  if (!abort.signal.aborted) throw error
  process.stderr.write(`${abort.signal.reason.message}; nothing is left running\n`)
  process.exitCode = 130
}

async function main(): Promise<number> {
  await using devnet = await createDevnet({
    evm: { mining: 'manual', beacon: true },
    signal: abort.signal,
    ...(flags.has('json') ? {} : { onProgress: print }),
  })
  const { beacon } = devnet.evm
  if (beacon === undefined) throw new Error('the devnet runs no beacon chain')
  const { address: htlc } = await deployHtlc(devnet)
  const deployed = await deployToken(devnet, { name: 'Test Dollar', symbol: 'TUSD', decimals: 6 })
  const token = deployed.address.toLowerCase()
  const audience = audienceOf()
  audience.say(
    `Bitcoin ${devnet.bitcoin.version}, EVM ${devnet.evm.version}, its beacon chain (Electra, minimal preset)`,
  )
  audience.say(
    'what is proved of the EVM chain: sync committee → final beacon block → execution block → account → storage slot',
  )
  const stage = await createStage(devnet, beacon, audience)
  abort.signal.addEventListener('abort', () => void stage.close())
  // A block is final after three epochs of eight: those should pass in seconds.
  const miner = automine(devnet, {
    bitcoin: 400,
    evm: 500,
    evmBlocks: 6,
    onError: (error) => abort.abort(error),
  })
  const { url, username, password } = devnet.bitcoin
  const world = {
    bitcoin: { url, username, password },
    evm: {
      url: devnet.evm.url,
      htlc,
      tokens: [token],
      beacon: {
        url: beacon.url,
        genesisValidatorsRoot: Bytes.toHex(beacon.config.genesisValidatorsRoot),
        genesisTime: String(beacon.config.genesisTime),
      },
    },
    token,
  }
  const wrong: string[] = []
  let played = 0
  try {
    for (const [index, scene] of scenes.entries()) {
      if (only.length > 0 && !only.includes(index + 1)) continue
      abort.signal.throwIfAborted()
      audience.scene(index + 1, scene.title)
      const found = await perform(scene, stage, audience, world).catch((error) => [String(error)])
      abort.signal.throwIfAborted()
      for (const line of found) audience.say(`WRONG: ${line}`)
      wrong.push(...found)
      played++
    }
  } finally {
    await miner.stop()
    await stage.close()
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10
  const pass = wrong.length === 0 && played > 0
  audience.done({ scenes: played, mismatches: wrong.length, seconds }, pass)
  return pass ? 0 : 1
}

function audienceOf(): Audience {
  if (flags.has('json')) return createJsonAudience(print)
  const isBitcoin = (network: string) => network === networks.bitcoinRegtest.id
  return createTerminalAudience(print, {
    colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    now: () => performance.now(),
    chain: (network) =>
      isBitcoin(network)
        ? { name: 'Bitcoin', final: networks.bitcoinRegtest.finality.depth }
        : { name: 'EVM' },
    asset: (id) =>
      [networks.bitcoinRegtest.native, networks.evmLocal.native].find((asset) => asset.id === id) ?? {
        symbol: 'TUSD',
        decimals: 6,
      },
  })
}
