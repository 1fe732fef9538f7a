import { isAitbcError } from '@aitbc/core'

/** What a call throws, as `tag argument`; the test fails where it throws nothing, something else, or without a word. */
export function thrown(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (!isAitbcError(error) || error.message === '') throw error
    return `${error._tag} ${error.context['argument']}`
  }
  throw new Error('nothing was thrown')
}
