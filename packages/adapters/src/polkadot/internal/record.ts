export { open, seal, tagOf } from '../../internal/record.js'

/** Tags that recovery knows the owner's locks by; an index beyond them would not be found again. */
export const MAX_TAGS = 1024
