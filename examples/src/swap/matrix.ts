import { Amount } from '@aitbc/core'
import type { FamilyName } from './Family.js'
import { MATRIX } from './families.js'
import type { LegFigures, Pair, Performed } from './scenarios.js'

/** A pair of the matrix, and what came of its two scenes. */
export interface Row {
  readonly pair: Pair
  readonly happy: Performed
  readonly refund: Performed
}

/** Every ordered pair of families (one chain of each, unless told), native coins against native coins. */
export function pairsOf(names: readonly FamilyName[] = MATRIX): readonly Pair[] {
  return names.flatMap((give) =>
    names
      .filter((get) => get !== give)
      .map(
        (get): Pair => ({ give: { family: give, asset: 'native' }, get: { family: get, asset: 'native' } }),
      ),
  )
}

/** A pair as it is written on the command line: `solana/cosmos`, `ethereum:token/bitcoin`. */
export function nameOf({ give, get }: Pair): string {
  const leg = ({ family, asset }: Pair['give']) => (asset === 'native' ? family : `${family}:token`)
  return `${leg(give)}/${leg(get)}`
}

/** The matrix for people: one line a pair. Fees are of both parties, and those of the lock, the claim and the refund. */
export function table(rows: readonly Row[]): readonly string[] {
  const cells = rows.map(({ pair, happy, refund }) => [
    nameOf(pair),
    time(happy),
    time(refund),
    ...(['long', 'short'] as const).flatMap((leg) => [
      happy.legs?.[leg].assurance ?? '–',
      fee(happy.legs?.[leg]),
      fee(refund.legs?.[leg]),
    ]),
  ])
  const head = [
    ['pair', 'swap', 'refund', 'long leg', 'fees', 'refunded', 'short leg', 'fees', 'refunded'],
    ...cells,
  ]
  const widths = head[0]?.map((_, column) => Math.max(...head.map((row) => row[column]?.length ?? 0))) ?? []
  return head.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The matrix for programs. */
export function figures(rows: readonly Row[]): readonly Record<string, unknown>[] {
  const scene = ({ seconds, wrong, legs }: Performed) => ({
    seconds,
    wrong,
    ...(legs === undefined ? {} : { long: leg(legs.long), short: leg(legs.short) }),
  })
  const leg = ({ network, symbol, fees, held, assurance }: LegFigures) => ({
    network,
    symbol,
    fees: String(fees),
    held: String(held),
    assurance,
  })
  return rows.map(({ pair, happy, refund }) => ({
    pair: nameOf(pair),
    happy: scene(happy),
    refund: scene(refund),
  }))
}

function time({ seconds, wrong }: Performed): string {
  return wrong.length === 0 ? `${seconds.toFixed(1)} s` : 'WRONG'
}

function fee(leg: LegFigures | undefined): string {
  if (leg === undefined) return '–'
  return `${Amount.format(leg.fees, leg.decimals)} ${leg.symbol}`
}
