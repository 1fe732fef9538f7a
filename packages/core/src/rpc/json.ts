// Every token of valid JSON that could hide a number: strings (skipped), and numbers.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/g
const LONG = /[0-9]{16}/
const INTEGER = /^-?[0-9]+$/

/**
 * Parses JSON with every number kept as the text it was written as: no digit is lost. Throws `SyntaxError` for invalid JSON.
 *
 * @example
 * import { parseExact } from '@aitbc/core/rpc'
 * parseExact('{"value":0.10000000}') // { value: '0.10000000' }
 */
export function parseExact(text: string): unknown {
  // Once as it is, because quoting would also make valid what isn't (a number like 01).
  JSON.parse(text)
  return JSON.parse(text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `"${token}"`)))
}

/** The first integer of a JSON text that a JavaScript number can't hold, if there is one. */
export function unsafeInteger(text: string): string | undefined {
  if (!LONG.test(text)) return undefined
  for (const [token] of text.matchAll(TOKEN))
    if (INTEGER.test(token) && !Number.isSafeInteger(Number(token))) return token
  return undefined
}
