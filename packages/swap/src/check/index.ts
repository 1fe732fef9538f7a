export { type Counterexample, check, type Figures, type Options, type Result, termsOf } from './check.js'
export type { Progress } from './explore.js'
export { type Least, type LeastValues, least, type Reason } from './least.js'
export {
  checkRing,
  type RingAssumptions,
  type RingCounterexample,
  type RingOptions,
  type RingResult,
  type RingTerms,
  ringTermsOf,
} from './ring.js'
export type { Assumptions, Terms } from './scale.js'
