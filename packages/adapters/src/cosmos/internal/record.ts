export { open, seal, tagOf } from '../../internal/record.js'

/** Tags that recovery asks for at once; it goes on as long as any of them is in use. */
export const TAG_WINDOW = 32
/** Tags that recovery asks for at most: an endpoint that finds something for every one is lying. */
export const MAX_TAGS = 8192
