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

/** The part of vitest's report that a verdict needs. */
export interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/** What the tests said: which failed, or why that says nothing. */
export interface Said {
  readonly passed: number
  readonly failed: readonly string[]
  readonly broken?: string
}

/** A change that doesn't compile throws these: no bug that somebody would commit, and any test notices it. */
const NO_BUG = /\b(?:ReferenceError|SyntaxError): /

/** Reads a report. A file without a test that failed has not been loaded; a test that failed because the change itself makes no sense doesn't count. */
export function said({ numPassedTests, testResults }: Report, files: readonly string[]): Said {
  const all = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
  const failed = all
    .filter(({ failureMessages = [] }) => !failureMessages.some((message) => NO_BUG.test(message)))
    .map(({ fullName }) => fullName)
  const senseless = all.flatMap(({ failureMessages = [] }) => failureMessages.slice(0, 1))[0]
  const unloaded = testResults.find((it) => it.status === 'failed' && it.assertionResults.length === 0)
  const broken =
    failed.length > 0
      ? undefined
      : senseless !== undefined
        ? `it does not compile: ${senseless.split('\n')[0]}`
        : unloaded !== undefined
          ? `not loaded: ${unloaded.message}`
          : numPassedTests === 0
            ? `no test in ${files.join(', ')}`
            : undefined
  return { passed: numPassedTests, failed, ...(broken === undefined ? {} : { broken }) }
}
