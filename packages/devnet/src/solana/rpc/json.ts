/** JSON with whole numbers of any size, as the validators write them; `JSON.stringify` has no word for a bigint. */
export function stringify(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map((it) => stringify(it)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const fields = Object.entries(value)
    .filter(([, it]) => it !== undefined)
    .map(([name, it]) => `${JSON.stringify(name)}:${stringify(it)}`)
  return `{${fields.join(',')}}`
}
