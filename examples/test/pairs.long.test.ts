import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { createWorld } from '../src/swap/World.js'

const DEMO = fileURLToPath(new URL('../src/demo.ts', import.meta.url))
const NAMES = ['bitcoin', 'ethereum', 'solana', 'cosmos'] as const
const PAIRS = NAMES.flatMap((give) => NAMES.filter((get) => get !== give).map((get) => [give, get] as const))

/** A bound for a hang, not for a busy machine: a minute or two of both processors. */
const HANG_MS = 1_800_000

interface Leg {
  readonly network: string
  readonly symbol: string
  readonly fees: string
  readonly held: string
  readonly assurance: string
}

interface Scene {
  readonly seconds: number
  readonly wrong: readonly string[]
  readonly long: Leg
  readonly short: Leg
}

interface Row {
  readonly pair: string
  readonly happy: Scene
  readonly refund: Scene
}

/** Runs the demo where no Hub is named: its runtime takes minutes for what the others do in seconds. */
function demo(...flags: string[]): Promise<{ code: number; out: string; errors: string }> {
  const env = { ...process.env, POLKADOT_CHAIN_SPEC: '' }
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', DEMO, ...flags],
      { env, maxBuffer: 2 ** 27 },
      (_, out, errors) => resolve({ code: child.exitCode ?? -1, out, errors }),
    )
  })
}

describe('every ordered pair, on one set of chains', () => {
  let matrix: readonly Row[] = []
  let last: Record<string, unknown> = {}

  beforeAll(async () => {
    const { out, errors, code } = await demo('--all', '--json')
    last = JSON.parse(out.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>
    matrix = (last['matrix'] ?? []) as readonly Row[]
    expect(code, errors + JSON.stringify(last)).toBe(0)
  }, HANG_MS)

  test('all pairs ran, and what needs a Hub is named with the reason', () => {
    expect(last).toMatchObject({ pairs: PAIRS.length, mismatches: 0, pass: true })
    expect(matrix.map(({ pair }) => pair)).toEqual(PAIRS.map((pair) => pair.join('/')))
    const unplayed = last['unplayed'] as readonly { pair: string; why: string }[]
    expect(unplayed).toHaveLength(2 * NAMES.length)
    for (const { pair, why } of unplayed) {
      expect(pair).toContain('polkadot')
      expect(why).toContain('POLKADOT_CHAIN_SPEC')
    }
  })

  test.for(PAIRS)(
    '%s/%s: both get what was agreed upon, or both are refunded, to the last unit',
    ([give, get]) => {
      const row = matrix.find(({ pair }) => pair === `${give}/${get}`) as Row
      for (const { wrong, seconds, long, short } of [row.happy, row.refund]) {
        expect(wrong).toEqual([])
        expect(seconds).toBeGreaterThan(0)
        // Each leg was locked, and what was locked claimed or refunded: nobody does either for nothing.
        expect(BigInt(long.fees)).toBeGreaterThan(0n)
        expect(BigInt(short.fees)).toBeGreaterThan(0n)
      }
      // What can't be proved is said to be reported, and nothing else is relied upon on a word.
      const known = (family: string) => (family === 'solana' ? 'reported' : 'proved')
      expect(row.happy.long.assurance).toBe(known(give))
      expect(row.happy.short.assurance).toBe(known(get))
      // A lock on Solana keeps its rent until it is closed, from its deadline on; a refund closes it.
      expect(BigInt(row.happy.long.held) > 0n).toBe(give === 'solana')
      expect(BigInt(row.happy.short.held) > 0n).toBe(get === 'solana')
      expect([row.refund.long.held, row.refund.short.held]).toEqual(['0', '0'])
    },
  )
})

test('a pair with IRISnet, whose deadlines are heights: swapped, and refunded by the module itself', async () => {
  const { code, out, errors } = await demo('--pair', 'iris/cosmos', '--json')
  const last = JSON.parse(out.trim().split('\n').at(-1) ?? '{}') as { matrix?: readonly Row[] }
  expect(code, errors + JSON.stringify(last)).toBe(0)
  expect(last).toMatchObject({ pairs: 1, mismatches: 0, pass: true })
  const [row] = last.matrix ?? []
  expect([row?.happy.long.assurance, row?.happy.short.assurance]).toEqual(['proved', 'proved'])
})

test('error: a pair that needs a Hub says what to set, and starts nothing', async () => {
  const { code, out, errors } = await demo('--pair', 'polkadot/bitcoin')
  expect(code).toBe(3)
  expect(errors).toContain('POLKADOT_CHAIN_SPEC')
  expect(out).toBe('')
})

test.for([
  ['an unknown family', '--pair', 'dogecoin/bitcoin'],
  ['a pair of one family', '--pair', 'evm/ethereum'],
  ['no pair', '--pair'],
  ['two things at once', '--all', '--pair', 'bitcoin/evm'],
])('error: %s is refused before anything starts', async ([, ...flags]) => {
  const { code, out, errors } = await demo(...flags)
  expect(code).toBe(2)
  expect(errors).toContain('pnpm demo')
  expect(out).toBe('')
})

test('behavior: one clock for all chains: what is skipped is skipped on each', async () => {
  const failures: unknown[] = []
  await using world = await createWorld({
    families: ['solana', 'cosmos'],
    signal: new AbortController().signal,
    onError: (error) => failures.push(error),
  })
  const told: bigint[] = []
  world.onTime(() => told.push(world.clock.now()))
  const then = world.clock.now() + 86_400n
  await world.reach(then)
  expect(told[0]).toBeGreaterThanOrEqual(then)
  const seed = new Uint8Array(32).fill(7)
  const utc = () => world.clock.now()
  for (const name of ['solana', 'cosmos'] as const) {
    const { families } = await import('../src/swap/families.js')
    const family = await families[name]()
    const { adapter } = await family.side(world.chain(name).place(), seed, { utc, pollMs: 400 })
    expect((await adapter.tip()).value.clock).toBeGreaterThanOrEqual(then)
  }
  expect(failures).toEqual([])
})
