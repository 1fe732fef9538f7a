// Prints the last line of .ci/run from what the suites left; needs nothing but Node, so it works when the install failed.
import { readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const folder =
  process.argv[2] === undefined
    ? new URL('../.reports/', import.meta.url)
    : new URL(`${pathToFileURL(process.argv[2]).href}/`)
const total = { passed: 0, failed: 0, skipped: 0 }
let names = []
try {
  names = readdirSync(folder).filter((name) => /^tally-.*\.json$/.test(name))
} catch {}
for (const name of names) {
  const tally = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
  for (const key of Object.keys(total)) total[key] += tally[key]
}
console.log(`tests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
