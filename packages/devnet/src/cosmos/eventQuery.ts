import type { Event } from './context.js'

// CometBFT's query language for events (`spec/rpc`, "Query syntax"): conditions joined by AND.

type Operator = '=' | '<' | '<=' | '>' | '>=' | 'CONTAINS' | 'EXISTS'

interface Condition {
  readonly name: string
  readonly operator: Operator
  readonly value: string
}

/** Values by their composite names, such as `wasm.id` or `tx.height`. */
export type Tags = ReadonlyMap<string, readonly string[]>

/** Reads a query; `undefined` where it isn't one. */
export function parse(query: string): readonly Condition[] | undefined {
  const conditions: Condition[] = []
  let rest = query.trim()
  const condition =
    /^([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(?:(EXISTS)|(<=|>=|=|<|>|CONTAINS)\s*(?:'((?:[^'\\]|\\.)*)'|(-?[0-9]+(?:\.[0-9]+)?)))\s*/
  for (;;) {
    const match = condition.exec(rest)
    if (match === null) return undefined
    const [all, name = '', exists, operator, text, number] = match
    conditions.push({
      name,
      operator: (exists ?? operator) as Operator,
      value: text?.replace(/\\(.)/g, '$1') ?? number ?? '',
    })
    rest = rest.slice(all.length)
    if (rest === '') return conditions
    if (!/^AND\s/.test(rest)) return undefined
    rest = rest.slice(3).trimStart()
  }
}

export function tagsOf(events: readonly Event[], more: Readonly<Record<string, string>>): Tags {
  const tags = new Map<string, string[]>(Object.entries(more).map(([key, value]) => [key, [value]]))
  for (const { type, attributes } of events)
    for (const { key, value } of attributes) {
      const name = `${type}.${key}`
      const list = tags.get(name)
      if (list === undefined) tags.set(name, [value])
      else list.push(value)
    }
  return tags
}

export function matches(conditions: readonly Condition[], tags: Tags): boolean {
  return conditions.every(({ name, operator, value }) => {
    const values = tags.get(name) ?? []
    if (operator === 'EXISTS') return values.length > 0
    return values.some((found) => {
      if (operator === '=') return found === value
      if (operator === 'CONTAINS') return found.includes(value)
      if (!/^-?[0-9]+$/.test(found) || !/^-?[0-9]+$/.test(value)) return false
      const [a, b] = [BigInt(found), BigInt(value)]
      if (operator === '<') return a < b
      if (operator === '<=') return a <= b
      return operator === '>' ? a > b : a >= b
    })
  })
}
