export { createIrisAdapter, type IrisAdapter } from './createIrisAdapter.js'
export * as IrisHtlc from './IrisHtlc.js'
