import type { Json } from '@aitbc/ai-registry'

/** A JSON Schema, as far as the published ones go; a keyword that isn't here is thrown at. */
export type Schema = Json.Value

type Members = Readonly<Record<string, Json.Value>>

const TYPES: Readonly<Record<string, (value: Json.Value) => boolean>> = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  null: (value) => value === null,
  number: (value) => typeof value === 'number',
  object: isObject,
  string: (value) => typeof value === 'string',
}
const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  byte: (value) => /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/.test(value),
  date: (value) => /^\d{4}-\d\d-\d\d$/.test(value),
  'date-time': (value) => !Number.isNaN(Date.parse(value)),
  uri: (value) => URL.canParse(value),
  'uri-template': (value) => URL.canParse(value.replaceAll(/\{[^{}]*\}/g, 'x')),
}
const NOTES = ['$schema', '$defs', 'definitions', 'description', 'title', 'default', 'examples', 'example']

/** What of a value a schema refuses, first; `undefined` where it takes the value (JSON Schema 2020-12 and draft 7). */
export function refusal(whole: Schema, schema: Schema, value: Json.Value, at = ''): string | undefined {
  if (typeof schema === 'boolean') return schema ? undefined : `${at}: nothing is allowed here`
  if (!isObject(schema)) throw new Error(`${at}: a schema is expected`)
  const first = <T>(items: Iterable<T>, check: (item: T) => string | undefined): string | undefined => {
    for (const item of items) {
      const found = check(item)
      if (found !== undefined) return found
    }
    return undefined
  }
  const no = (ok: boolean, what: string) => (ok ? undefined : `${at}: ${what} is expected`)
  const members = isObject(value) ? value : {}
  const known = (schema['properties'] ?? {}) as Members
  return first(Object.entries(schema), ([keyword, rule]): string | undefined => {
    const rules = Array.isArray(rule) ? (rule as readonly Json.Value[]) : [rule]
    switch (keyword) {
      case '$ref':
        return refusal(whole, resolve(whole, String(rule)), value, at)
      case 'type':
        return no(
          rules.some((type) => TYPES[String(type)]?.(value)),
          rules.join(' or '),
        )
      case 'const':
      case 'enum':
        return no(
          rules.some((one) => JSON.stringify(one) === JSON.stringify(value)),
          JSON.stringify(rule),
        )
      case 'anyOf':
        return no(
          rules.some((one) => refusal(whole, one, value, at) === undefined),
          'one of several',
        )
      case 'allOf':
        return first(rules, (one) => refusal(whole, one, value, at))
      case 'required':
        return isObject(value)
          ? first(rules, (name) => no(Object.hasOwn(members, String(name)), String(name)))
          : undefined
      case 'properties':
        return first(Object.entries(known), ([name, one]) =>
          members[name] === undefined ? undefined : refusal(whole, one, members[name], `${at}/${name}`),
        )
      case 'additionalProperties':
        return first(Object.entries(members), ([name, member]) =>
          Object.hasOwn(known, name) ? undefined : refusal(whole, rule, member, `${at}/${name}`),
        )
      case 'items':
        return Array.isArray(value)
          ? first(value.entries(), ([i, item]) => refusal(whole, rule, item, `${at}/${i}`))
          : undefined
      case 'maxItems':
        return no(!Array.isArray(value) || value.length <= Number(rule), `at most ${rule} items`)
      case 'minimum':
        return no(typeof value !== 'number' || value >= Number(rule), `at least ${rule}`)
      case 'maximum':
        return no(typeof value !== 'number' || value <= Number(rule), `at most ${rule}`)
      case 'format': {
        const format = FORMATS[String(rule)]
        if (format === undefined) throw new Error(`${at}: the format ${rule} is not known here`)
        return no(typeof value !== 'string' || format(value), String(rule))
      }
      default:
        if (NOTES.includes(keyword)) return undefined
        throw new Error(`${at}: the keyword ${keyword} is not known here`)
    }
  })
}

/** The schemas by name that a document defines. */
export function definitions(whole: Schema): Readonly<Record<string, Schema>> {
  const { $defs, definitions: older } = isObject(whole) ? whole : {}
  return ($defs ?? older ?? {}) as Members
}

function resolve(whole: Schema, reference: string): Schema {
  const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(reference)?.[1] ?? ''
  const schema = definitions(whole)[name]
  if (schema === undefined) throw new Error(`${reference} leads nowhere`)
  return schema
}

function isObject(value: Json.Value): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
