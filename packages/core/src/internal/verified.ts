// The brand of verified facts. Only `core/verifier` adds to the set, and the layering check lets only `@aitbc/proofs` import that.
export declare const verified: unique symbol

const facts = /* @__PURE__ */ new WeakSet<object>()

export function isVerified(fact: object): boolean {
  return facts.has(fact)
}

export function markVerified<T extends object>(fact: T): T {
  facts.add(freeze(fact))
  return fact
}

/** Down to the last plain object: what was verified stays as it was. Bytes can't be frozen. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}
