// The brand of verified facts. Only `core/verifier` adds to the set, and the layering check lets only `@aitbc/proofs` import that.
export declare const verified: unique symbol

const facts = /* @__PURE__ */ new WeakSet<object>()

export function isVerified(fact: object): boolean {
  return facts.has(fact)
}

export function markVerified<T extends object>(fact: T): T {
  facts.add(Object.freeze(fact))
  return fact
}
