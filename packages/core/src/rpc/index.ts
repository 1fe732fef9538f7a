export { createHttpRest, createHttpRpc, get, type HttpOptions, post, type RestAnswer } from './http.js'
export { parseExact } from './json.js'
export { type Disagreement, fallback, quorum, type Reading, rateLimit, retry, timeout } from './middleware.js'
export {
  type Call,
  fromEffect,
  type Middleware,
  type Params,
  type Provider,
  pipe,
  type Rpc,
  toEffect,
  toProvider,
} from './Rpc.js'
