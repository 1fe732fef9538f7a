// What can be made one adapter, and with which numbers.
import type { SwapAdapter } from '../ChainAdapter.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'

/** What not every adapter has: those over several endpoints have it all, or none of them. */
export type Optional = {
  [K in keyof SwapAdapter]-?: object extends Pick<SwapAdapter, K> ? K : never
}[keyof SwapAdapter]

export const OPTIONAL = Object.keys({
  ...{ dues: true, arm: true, complete: true, cpfp: true },
} satisfies Readonly<Record<Optional, true>>) as readonly Optional[]

/** All of it as text: what has the same is the same. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}` : one))
}

export function assertAdapters(adapters: unknown): SwapAdapter {
  if (!Array.isArray(adapters) || adapters.length === 0)
    throw CoreErrors.InvalidArgument(`adapters must be a list of at least one, got ${show(adapters)}`, {
      ...{ argument: 'adapters', received: adapters },
    })
  const [first, ...more] = adapters as [SwapAdapter, ...SwapAdapter[]]
  const kind = (one: SwapAdapter) =>
    textOf([one.profile, one.capabilities, OPTIONAL.filter((name) => one[name] !== undefined)])
  const expected = kind(first)
  for (const one of more) {
    if (one.network.id !== first.network.id)
      throw CoreErrors.ForeignNetwork(
        `adapters must all be of ${first.network.id}, got ${show(one.network.id)}`,
        {
          ...{ argument: 'adapters', expected: first.network.id, received: one.network.id },
        },
      )
    if (kind(one) !== expected)
      throw CoreErrors.InvalidArgument('adapters must all have one profile and the same capabilities', {
        ...{ argument: 'adapters', received: kind(one) },
      })
  }
  return first
}

export function assertWithin(argument: string, value: unknown, least: number, most: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw CoreErrors.InvalidArgument(
      `${argument} must be a whole number from ${least} to ${most}, got ${show(value)}`,
      {
        ...{ argument, received: value },
      },
    )
}

export function assertMs(argument: string, value: unknown): void {
  if (typeof value !== 'number' || Number.isNaN(value) || value <= 0)
    throw CoreErrors.InvalidArgument(`${argument} must be a number above 0, got ${show(value)}`, {
      ...{ argument, received: value },
    })
}
