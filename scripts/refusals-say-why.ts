const HEAD = /export function refuse\([^)]*\): Verdict<never> \{\n/

/** Under test, a refusal without a message is a failure of whoever made it: a verifier answers why. */
export function refusalsSayWhy(): {
  readonly name: string
  readonly enforce: 'pre'
  readonly transform: (code: string, id: string) => string | undefined
} {
  return {
    name: 'refusals-say-why',
    enforce: 'pre',
    transform(code, id) {
      if (!id.split('?')[0]?.endsWith('/packages/core/src/Verdict.ts')) return undefined
      if (!HEAD.test(code)) throw new Error('Verdict.refuse is written otherwise than this plugin expects')
      return code.replace(
        HEAD,
        (head) => `${head}  if (message === '') throw new Error('no reason for ' + check)\n`,
      )
    },
  }
}
