/**
 * A value of a type of the runtime, as its own description makes it. `T` is what of the type is used here: the description says at run time
 * what no type can.
 */
export function create<T>(
  registry: { createType(type: string, ...given: readonly unknown[]): unknown },
  type: string,
  given: unknown,
): T {
  return registry.createType(type, given) as T
}
