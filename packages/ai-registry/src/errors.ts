import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/ai-registry` (codes 5000–5999). Append only: a code or tag is never renamed and never reused. */
export const RegistryErrors = /* @__PURE__ */ defineErrors({
  NotJson: {
    code: 5001,
    retryable: false,
    hint: 'Pass plain JSON data: null, booleans, finite numbers, strings, arrays, objects.',
  },
  InvalidDescriptor: { code: 5002, retryable: false, hint: 'Correct the field at the named path.' },
  InvalidKey: {
    code: 5003,
    retryable: false,
    hint: 'Use the ed25519 key that the descriptor names as provider.key.',
  },
  InvalidDescriptorSignature: {
    code: 5004,
    retryable: false,
    hint: 'Sign exactly the bytes of `signingInput`, with Ed25519 (RFC 8032).',
  },
})
