/** What a command line asks for. */
export interface Asked<V extends string, F extends string> {
  /** What was given with an option; nothing where it wasn't named. */
  value(name: V): string | undefined
  /** A whole number that was given with an option, or what counts unless told. */
  whole(name: V, unless: number, least?: number, most?: number): number
  has(name: F): boolean
}

/**
 * Reads options with a value and flags without one. Anything else is refused: a misspelt option would pass for a run of what wasn't asked
 * for, and one whose value is forgotten for one that wasn't named.
 */
export function asked<V extends string = never, F extends string = never>(
  values: readonly V[],
  flags: readonly F[] = [],
  args: readonly string[] = process.argv.slice(2),
): Asked<V, F> {
  const given = new Map<string, string>()
  const set = new Set<string>()
  // pnpm hands the dashes on that end its own options.
  const left = args.filter((arg) => arg !== '--')
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const name = arg.startsWith('--') ? arg.slice(2) : undefined
    if (name !== undefined && (given.has(name) || set.has(name))) throw new Error(`${arg} is there twice`)
    if (flags.some((one) => one === name)) set.add(name as string)
    else if (values.some((one) => one === name)) {
      const value = left.shift()
      if (value === undefined || value.startsWith('--')) throw new Error(`${arg} has no value`)
      given.set(name as string, value)
    } else {
      const all = [...values.map((one) => `--${one} <value>`), ...flags.map((one) => `--${one}`)]
      throw new Error(`${arg} is no option: there are ${all.join(', ')}`)
    }
  }
  return {
    value: (name) => given.get(name),
    has: (name) => set.has(name),
    whole(name, unless, least = 0, most = Number.MAX_SAFE_INTEGER) {
      const text = given.get(name)
      const value = text === undefined ? unless : text.trim() === '' ? Number.NaN : Number(text)
      if (!Number.isSafeInteger(value) || value < least || value > most)
        throw new Error(`--${name} is a whole number from ${least} to ${most}, got ${text ?? unless}`)
      return value
    },
  }
}
