// Prints what failed once more, and the last line of .ci/run, from what the suites left.
// It needs nothing but Node, so it works when the install failed.
import { readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const folder =
  process.argv[2] === undefined
    ? new URL('../.reports/', import.meta.url)
    : new URL(`${pathToFileURL(process.argv[2]).href}/`)
const total = { passed: 0, failed: 0, skipped: 0 }
let names = []
try {
  names = readdirSync(folder)
} catch {}
const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
for (const name of names.filter((name) => /^failures-.*\.json$/.test(name)))
  for (const failure of read(name)) console.log(`failed: ${failure}`)
for (const name of names.filter((name) => /^tally-.*\.json$/.test(name))) {
  const tally = read(name)
  for (const key of Object.keys(total)) total[key] += tally[key]
}
console.log(`tests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
