import type { Bug } from './bugs.js'

/** A source with a bug in it; a complaint where the text that it replaces isn't there exactly once. */
export function apply(
  { name, file, from, to }: Bug,
  source: string,
): { source: string } | { complaint: string } {
  const found = source.split(from).length - 1
  return found === 1
    ? { source: source.replace(from, () => to) }
    : { complaint: `${name}: what it replaces stands ${found} times in ${file}, not once` }
}
