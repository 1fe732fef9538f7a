import { NAMES, named } from './families.js'
import { pairsOf } from './matrix.js'
import { type LegSpec, type Pair, scenes } from './scenarios.js'

/** What the demo is asked to do. */
export type Task = { readonly json: boolean } & (
  | { readonly is: 'scenes'; readonly only: readonly number[] }
  | { readonly is: 'pairs' | 'all'; readonly pairs: readonly Pair[] }
)

/** How it is asked. */
export const USAGE = `pnpm demo -- [1 … ${scenes.length}] [--pair a/b …] [--all] [--json]; a and b of ${NAMES.join(', ')}, or with :token`

/** Reads the words of the command line; gives what is wrong with them where they say nothing. */
export function read(words: readonly string[]): Task | string {
  const only: number[] = []
  const pairs: Pair[] = []
  let all = false
  let json = false
  for (let at = 0; at < words.length; at++) {
    const [word = '', value] = (words[at] ?? '').replace(/^-+/, '').split('=')
    if (word === '') continue
    if (word === 'json') json = true
    else if (word === 'all') all = true
    else if (word === 'pair') {
      const text = value ?? words[++at] ?? ''
      const pair = readPair(text)
      if (pair === undefined) return `unknown pair ${text === '' ? '(none given)' : text}`
      pairs.push(pair)
    } else if (/^[0-9]+$/.test(word) && Number(word) >= 1 && Number(word) <= scenes.length)
      only.push(Number(word))
    else return `unknown flag ${word}`
  }
  if (Number(all) + Number(pairs.length > 0) + Number(only.length > 0) > 1)
    return 'numbers of scenes, --pair and --all are different things to ask for'
  if (all) return { is: 'all', json, pairs: pairsOf() }
  return pairs.length > 0 ? { is: 'pairs', json, pairs } : { is: 'scenes', json, only }
}

/** Two different families, the first of which is Alice's. */
function readPair(text: string): Pair | undefined {
  const [give, get, ...rest] = text.split('/').map(readLeg)
  if (give === undefined || get === undefined || rest.length > 0 || give.family === get.family)
    return undefined
  return { give, get }
}

function readLeg(text: string): LegSpec | undefined {
  const [name = '', asset, ...rest] = text.split(':')
  const family = named(name)
  if (family === undefined || rest.length > 0 || (asset !== undefined && asset !== 'token')) return undefined
  return { family, asset: asset ?? 'native' }
}
