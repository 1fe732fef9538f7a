import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { isAitbcError } from '@aitbc/core'
import {
  type AnyDevnet,
  advance,
  automine,
  createDevnet,
  type Devnet,
  fund,
  mine,
  reorg,
  setMining,
} from '@aitbc/devnet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let devnet: Devnet

beforeAll(async () => {
  devnet = await createDevnet()
})
afterAll(async () => {
  await devnet?.dispose()
})

const tagOf = async (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'resolved',
    (error) => (isAitbcError(error) ? error._tag : String(error)),
  )

/** A fresh P2WPKH-shaped address that nobody has the key of. */
async function address(label: string): Promise<string> {
  const program = createHash('sha256').update(label).digest('hex').slice(0, 40)
  const { descriptor } = await devnet.bitcoin.rpc<{ descriptor: string }>(
    'getdescriptorinfo',
    `raw(0014${program})`,
  )
  const [derived] = await devnet.bitcoin.rpc<string[]>('deriveaddresses', descriptor)
  return derived as string
}

const paid = async (to: string): Promise<bigint> => {
  const { total_amount } = await devnet.bitcoin.rpc<{ total_amount: number }>('scantxoutset', 'start', [
    `addr(${to})`,
  ])
  return BigInt(Math.round(total_amount * 1e8))
}
const height = () => devnet.bitcoin.rpc<number>('getblockcount')
const medianTime = async () =>
  BigInt((await devnet.bitcoin.rpc<{ mediantime: number }>('getblockchaininfo')).mediantime)
const evmBlock = (at = 'latest') =>
  devnet.evm.rpc<{ number: string; timestamp: string; hash: string; transactions: string[] }>(
    'eth_getBlockByNumber',
    at,
    false,
  )
const receipt = (hash: string) =>
  devnet.evm.rpc<{ blockNumber: string } | null>('eth_getTransactionReceipt', hash)

describe('default', () => {
  test('both nodes answer, and say what they are', async () => {
    expect(devnet.bitcoin.version).toMatch(/^\/Satoshi:/)
    expect(devnet.evm.version).toMatch(/^anvil\//)
    expect(devnet.bitcoin.network).toBe('bip122:0f9188f13cb7b2c71f2a335e3a4fc328')
    expect(await devnet.bitcoin.rpc('getblockhash', 0)).toMatch(/^0f9188f13cb7b2c71f2a335e3a4fc328/)
    expect(BigInt(await devnet.evm.rpc<string>('eth_chainId'))).toBe(devnet.evm.chainId)
    expect(devnet.evm.accounts).toHaveLength(10)
    expect(devnet.evm.accounts[0]).toEqual({
      address: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
      privateKey: '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
    })
  })

  test('the time of both chains is the present', async () => {
    const now = devnet.now()
    expect(now - BigInt(Math.floor(Date.now() / 1000))).toBeLessThanOrEqual(2n)
    expect(now - (await medianTime())).toBeLessThan(60n)
  })

  test('nodes listen on 127.0.0.1 only', () => {
    const ports = [devnet.bitcoin.url, devnet.evm.url].map((url) => Number(new URL(url).port))
    const listening = execFileSync('cat', ['/proc/net/tcp', '/proc/net/tcp6'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .map((fields) => fields[1] as string)
    for (const port of ports) {
      const hex = port.toString(16).toUpperCase().padStart(4, '0')
      expect(listening.filter((at) => at.endsWith(`:${hex}`))).toEqual([`0100007F:${hex}`])
    }
  })

  test('the Bitcoin node refuses callers without the password', async () => {
    const answer = await fetch(devnet.bitcoin.url, { method: 'POST', body: '{"method":"getblockcount"}' })
    expect(answer.status).toBe(401)
  })
})

describe('mine', () => {
  test('adds blocks and returns their hashes', async () => {
    const before = await height()
    const hashes = await mine(devnet, 'bitcoin', 3)
    expect(await height()).toBe(before + 3)
    expect(hashes).toHaveLength(3)
    expect(await devnet.bitcoin.rpc('getbestblockhash')).toBe(hashes[2])

    const tip = Number((await evmBlock()).number)
    const evm = await mine(devnet, 'evm', 5)
    expect(Number((await evmBlock()).number)).toBe(tip + 5)
    expect((await evmBlock()).hash).toBe(evm[4])
  })

  test('behavior: EVM timestamps grow from block to block', async () => {
    await mine(devnet, 'evm')
    await mine(devnet, 'evm')
    await mine(devnet, 'evm', 3)
    const tip = Number((await evmBlock()).number)
    const times: number[] = []
    for (let at = tip - 4; at <= tip; at++)
      times.push(Number((await evmBlock(`0x${at.toString(16)}`)).timestamp))
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
    expect(devnet.now()).toBeGreaterThanOrEqual(BigInt(times[4] as number))
  })

  test('behavior: spacing moves the time of both chains', async () => {
    const before = devnet.now()
    await mine(devnet, 'bitcoin', 11, { spacing: 600n })
    expect(devnet.now() - before).toBeGreaterThanOrEqual(6600n)
    // Median time past lags by the five blocks after the middle one.
    expect(devnet.now() - (await medianTime())).toBeGreaterThanOrEqual(3000n)
    await mine(devnet, 'evm')
    expect(BigInt((await evmBlock()).timestamp)).toBeGreaterThanOrEqual(before + 6600n)
  })

  test('error: too few, too many, no such chain', async () => {
    expect(await tagOf(mine(devnet, 'bitcoin', 0))).toBe('InvalidDevnetArgument')
    expect(await tagOf(mine(devnet, 'evm', 1e9))).toBe('InvalidDevnetArgument')
    expect(await tagOf(mine(devnet, 'solana' as 'evm'))).toBe('InvalidDevnetArgument')
  })
})

describe('fund', () => {
  test('pays satoshis to any address, to the last unit', async () => {
    const to = await address('fund')
    const txid = await fund(devnet, 'bitcoin', to, 123_456_789n)
    expect(await paid(to)).toBe(123_456_789n)
    expect(await devnet.bitcoin.rpc('gettxout', txid, 0)).toMatchObject({ confirmations: 1 })
  })

  test('behavior: more than one coin holds, many at once', async () => {
    const to = await address('much')
    await fund(devnet, 'bitcoin', `${devnet.bitcoin.network}:${to}`, 120_00000000n)
    await Promise.all(Array.from({ length: 8 }, () => fund(devnet, 'bitcoin', to, 10_000n)))
    expect(await paid(to)).toBe(120_00080000n)
  })

  test('behavior: until mempool leaves it unconfirmed', async () => {
    const txid = await fund(devnet, 'bitcoin', await address('pending'), 5000n, { until: 'mempool' })
    expect(await devnet.bitcoin.rpc<string[]>('getrawmempool')).toContain(txid)
    await mine(devnet, 'bitcoin')
    expect(await devnet.bitcoin.rpc<string[]>('getrawmempool')).toEqual([])
  })

  test('pays wei', async () => {
    const to = '0x00000000000000000000000000000000000000a1'
    await fund(devnet, 'evm', to, 12_345n)
    await fund(devnet, 'evm', `eip155:31337:${to}`, 10n ** 22n)
    expect(BigInt(await devnet.evm.rpc<string>('eth_getBalance', to, 'latest'))).toBe(10n ** 22n + 12_345n)
  })

  test('error: wrong amount, wrong network, no address, empty faucet', async () => {
    const to = await address('fund')
    expect(await tagOf(fund(devnet, 'bitcoin', to, 0n))).toBe('InvalidDevnetArgument')
    expect(await tagOf(fund(devnet, 'bitcoin', to, -1n))).toBe('InvalidDevnetArgument')
    expect(await tagOf(fund(devnet, 'bitcoin', 'eip155:1:0x00', 1n))).toBe('InvalidDevnetArgument')
    expect(await tagOf(fund(devnet, 'bitcoin', 'bc1qnonsense', 1000n))).toBe('NodeRejected')
    expect(await tagOf(fund(devnet, 'bitcoin', to, 2_000_000_000_000_000n))).toBe('FaucetEmpty')
    expect(await tagOf(fund(devnet, 'evm', '0x00', 1n))).toBe('InvalidDevnetArgument')
  })
})

describe('advance', () => {
  test('moves median time past and block.timestamp together', async () => {
    const before = devnet.now()
    const time = await advance(devnet, 7200n)
    expect(time).toBeGreaterThanOrEqual(before + 7200n)
    expect(devnet.now()).toBeGreaterThanOrEqual(time)
    expect(await medianTime()).toBeGreaterThanOrEqual(time)
    expect(await medianTime()).toBeLessThan(time + 10n)
    const { timestamp } = await evmBlock()
    expect(BigInt(timestamp)).toBeGreaterThanOrEqual(time)
    expect(BigInt(timestamp)).toBeLessThan(time + 10n)
  })

  test('behavior: without blocks the time stands ready for the next one', async () => {
    const [btc, evm] = [await height(), (await evmBlock()).number]
    const time = await advance(devnet, 3600n, { bitcoinBlocks: 0, evmBlocks: 0 })
    expect([await height(), (await evmBlock()).number]).toEqual([btc, evm])
    await mine(devnet, 'evm')
    expect(BigInt((await evmBlock()).timestamp)).toBeGreaterThanOrEqual(time)
  })

  test('error: backwards or beyond ten years', async () => {
    expect(await tagOf(advance(devnet, 0n))).toBe('InvalidDevnetArgument')
    expect(await tagOf(advance(devnet, -1n))).toBe('InvalidDevnetArgument')
    expect(await tagOf(advance(devnet, 10n ** 12n))).toBe('InvalidDevnetArgument')
  })
})

describe('reorg of Bitcoin', () => {
  test('the old branch is gone, its transactions are mined again', async () => {
    const to = await address('kept')
    const txid = await fund(devnet, 'bitcoin', to, 7000n)
    const old = await devnet.bitcoin.rpc<string>('getbestblockhash')
    const before = await height()
    await reorg(devnet, 'bitcoin', 1)
    expect(await height()).toBe(before + 1)
    expect(await devnet.bitcoin.rpc('getblockheader', old)).toMatchObject({ confirmations: -1 })
    expect(await paid(to)).toBe(7000n)
    const tx = await devnet.bitcoin.rpc<{ confirmations: number }>('getrawtransaction', txid, true)
    expect(tx.confirmations).toBe(2)
  })

  test('behavior: a dropped transaction is in no block and no mempool, the others stay', async () => {
    const [lost, kept, waiting] = [await address('lost'), await address('stays'), await address('waits')]
    const dropped = await fund(devnet, 'bitcoin', lost, 8000n, { until: 'mempool' })
    const raw = await devnet.bitcoin.rpc<string>('getrawtransaction', dropped)
    // Another coin: a payment from the change of the dropped one would fall with it.
    await fund(devnet, 'bitcoin', kept, 9000n, { until: 'mempool' })
    await mine(devnet, 'bitcoin')
    const pending = await fund(devnet, 'bitcoin', waiting, 10_000n, { until: 'mempool' })
    await reorg(devnet, 'bitcoin', 1, { drop: [dropped] })
    expect([await paid(lost), await paid(kept)]).toEqual([0n, 9000n])
    expect(await devnet.bitcoin.rpc('getrawmempool')).toEqual([pending])
    // Whoever still has it may send it again.
    expect(await devnet.bitcoin.rpc('sendrawtransaction', raw)).toBe(dropped)
    await mine(devnet, 'bitcoin')
    expect([await paid(lost), await paid(waiting)]).toEqual([8000n, 10_000n])
  })

  test('behavior: what the new branch spends otherwise is gone for good', async () => {
    const victim = await address('victim')
    const before = await devnet.bitcoin.rpc<string>('getbestblockhash')
    const txid = await fund(devnet, 'bitcoin', victim, 11_000n, { until: 'mempool' })
    const spent = await devnet.bitcoin.rpc<{ vin: { txid: string; vout: number }[] }>(
      'getrawtransaction',
      txid,
      true,
    )
    // The same coin, paid elsewhere.
    const conflict = await conflicting(spent.vin[0] as { txid: string; vout: number })
    await mine(devnet, 'bitcoin')
    await reorg(devnet, 'bitcoin', 1, { include: [conflict] })
    expect(await paid(victim)).toBe(0n)
    const original = await devnet.bitcoin.rpc<string>('getrawtransaction', txid).catch(() => undefined)
    if (original !== undefined)
      expect(await tagOf(devnet.bitcoin.rpc('sendrawtransaction', original))).toBe('NodeRejected')
    expect(await devnet.bitcoin.rpc('getrawmempool')).toEqual([])
    expect(before).not.toBe(await devnet.bitcoin.rpc('getbestblockhash'))
  })

  test('behavior: deeper than the ten blocks that the node takes up again', async () => {
    const [lost, kept] = [await address('deep lost'), await address('deep kept')]
    const dropped = await fund(devnet, 'bitcoin', lost, 12_000n)
    await fund(devnet, 'bitcoin', kept, 13_000n)
    await mine(devnet, 'bitcoin', 13)
    const before = await height()
    await reorg(devnet, 'bitcoin', 15, { drop: [dropped], blocks: 20 })
    expect(await height()).toBe(before + 5)
    expect([await paid(lost), await paid(kept)]).toEqual([0n, 13_000n])
  })

  test('behavior: nothing is mined again, with transactions waiting', async () => {
    await mine(devnet, 'bitcoin')
    const waiting = await fund(devnet, 'bitcoin', await address('waiting'), 10_000n, { until: 'mempool' })
    const before = await height()
    await reorg(devnet, 'bitcoin', 1, { drop: 'all' })
    expect(await height()).toBe(before + 1)
    expect(await devnet.bitcoin.rpc('getrawmempool')).toEqual([waiting])
  })

  test('error: deeper than the chain', async () => {
    expect(await tagOf(reorg(devnet, 'bitcoin', 0))).toBe('InvalidDevnetArgument')
    expect(await tagOf(reorg(devnet, 'bitcoin', 2, { blocks: 2 }))).toBe('InvalidDevnetArgument')
  })
})

/** Spends an output of the faucet to nobody, with the faucet's public test key. */
async function conflicting(coin: { txid: string; vout: number }): Promise<string> {
  const { rpc } = devnet.bitcoin
  const previous = await rpc<{ vout: { value: number; scriptPubKey: { hex: string } }[] }>(
    'getrawtransaction',
    coin.txid,
    true,
  )
  const output = previous.vout[coin.vout] as (typeof previous.vout)[number]
  const raw = await rpc<string>(
    'createrawtransaction',
    [coin],
    [{ [await address('thief')]: (output.value - 0.001).toFixed(8) }],
  )
  const signed = await rpc<{ hex: string; complete: boolean }>(
    'signrawtransactionwithkey',
    raw,
    ['cNxDQvZgssNaRZVERar3qbpjiJChaAeusNniYvsegmsLGc4uFuYJ'],
    [{ ...coin, scriptPubKey: output.scriptPubKey.hex, amount: output.value }],
  )
  expect(signed.complete).toBe(true)
  return signed.hex
}

describe('reorg of the EVM chain', () => {
  const pay = (from: number, value: number) =>
    devnet.evm.rpc<string>('eth_sendTransaction', {
      from: devnet.evm.accounts[from]?.address,
      to: '0x00000000000000000000000000000000000000b2',
      value: `0x${value.toString(16)}`,
    })
  /** A node makes a transaction ready for blocks in its own time: with so many at most it is in one. */
  const included = async (hash: string) => {
    for (let blocks = 0; blocks < 8; blocks++) {
      const found = await receipt(hash)
      if (found !== null) return found
      await mine(devnet, 'evm')
    }
    return receipt(hash)
  }

  test('blocks change, transactions stay at their heights', async () => {
    await mine(devnet, 'evm', 3)
    const kept = await pay(0, 1)
    const at = (await included(kept))?.blockNumber
    expect(at).toBeDefined()
    await mine(devnet, 'evm', 2)
    const old = await evmBlock()
    await reorg(devnet, 'evm', 3)
    const fresh = await evmBlock()
    expect(fresh.number).toBe(old.number)
    expect(fresh.hash).not.toBe(old.hash)
    expect((await receipt(kept))?.blockNumber).toBe(at)
    expect(BigInt(fresh.timestamp)).toBeLessThanOrEqual(devnet.now() + 5n)
  })

  test('behavior: a dropped transaction is unknown, and may come again', async () => {
    const dropped = await pay(1, 2)
    const raw = await devnet.evm.rpc<string>('eth_getRawTransactionByHash', dropped)
    const kept = await pay(2, 3)
    await reorg(devnet, 'evm', 2, { drop: [dropped] })
    expect(await devnet.evm.rpc('eth_getTransactionByHash', dropped)).toBeNull()
    expect(await included(kept)).not.toBeNull()
    expect(await devnet.evm.rpc('eth_sendRawTransaction', raw)).toBe(dropped)
    expect(await included(dropped)).not.toBeNull()
  })

  test('behavior: later nonces of the dropped sender wait for it', async () => {
    const dropped = await pay(3, 4)
    const raw = await devnet.evm.rpc<string>('eth_getRawTransactionByHash', dropped)
    const later = await pay(3, 5)
    await reorg(devnet, 'evm', 2, { drop: [dropped], blocks: 3 })
    expect([await receipt(dropped), await receipt(later)]).toEqual([null, null])
    await devnet.evm.rpc('eth_sendRawTransaction', raw)
    expect(await included(dropped)).not.toBeNull()
    expect(await included(later)).not.toBeNull()
  })

  test('behavior: time goes on after it', async () => {
    await reorg(devnet, 'evm', 2, { drop: 'all' })
    await mine(devnet, 'evm')
    const lag = devnet.now() - BigInt((await evmBlock()).timestamp)
    expect(lag).toBeGreaterThanOrEqual(0n)
    expect(lag).toBeLessThan(30n)
  })

  test('error: deeper than the chain', async () => {
    const tip = Number((await evmBlock()).number)
    if (tip < 256) expect(await tagOf(reorg(devnet, 'evm', tip + 1))).toBe('ReorgFailed')
    expect(await tagOf(reorg(devnet, 'evm', 257))).toBe('InvalidDevnetArgument')
  })
})

describe('mining of the EVM chain', () => {
  test('manual: a transaction waits for its block', async () => {
    await setMining(devnet, 'manual')
    const hash = await fund(devnet, 'evm', '0x00000000000000000000000000000000000000c3', 1n, {
      until: 'mempool',
    })
    expect(await receipt(hash)).toBeNull()
    await mine(devnet, 'evm')
    expect(await receipt(hash)).not.toBeNull()
    await setMining(devnet, 'instant')
  })

  test('automine: blocks come by themselves until it is stopped', async () => {
    const before = await height()
    const mined = new Promise<number>((resolve) => {
      const poll = async (): Promise<void> => {
        const now = await height()
        if (now >= before + 3) resolve(now)
        else setImmediate(poll)
      }
      void poll()
    })
    const miner = automine(devnet, { bitcoin: 5, evm: 5, blocks: 50 })
    expect(await mined).toBeGreaterThanOrEqual(before + 3)
    await miner.stop()
    const after = [await height(), (await evmBlock()).number]
    await mine(devnet, 'bitcoin')
    expect([await height(), (await evmBlock()).number]).toEqual([(after[0] as number) + 1, after[1]])
  })
})

describe('options', () => {
  test('one chain alone, another chain id, a time of its own, await using', async () => {
    let stopped: AnyDevnet
    {
      await using evm = await createDevnet({
        bitcoin: false,
        evm: { chainId: 1337n, mining: 'manual' },
        startTime: 1_800_000_000n,
      })
      stopped = evm
      const none: undefined = evm.bitcoin
      expect(none).toBeUndefined()
      expect(evm.evm.network).toBe('eip155:1337')
      expect(evm.now()).toBeGreaterThanOrEqual(1_800_000_000n)
      expect(evm.now()).toBeLessThan(1_800_000_060n)
      await mine(evm, 'evm')
      const { timestamp } = await evm.evm.rpc<{ timestamp: string }>('eth_getBlockByNumber', 'latest', false)
      expect(BigInt(timestamp)).toBeGreaterThanOrEqual(1_800_000_000n)
      expect(await tagOf(mine(evm, 'bitcoin'))).toBe('ChainNotRunning')
    }
    expect(await tagOf(mine(stopped, 'evm'))).toBe('DevnetStopped')
    expect(await tagOf(stopped.evm?.rpc('eth_chainId') ?? Promise.resolve())).toBe('NodeUnreachable')
    await stopped.dispose()
  })
})
