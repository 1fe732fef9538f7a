import {
  type AitbcError,
  CoreErrors,
  Hashlock,
  type Intent,
  type Lock,
  type Network,
  show,
} from '@aitbc/core'

/** `InvalidNetwork` (1011) for a network of another family. */
export function assertFamily(network: Network, family: Network['family']): void {
  if (network?.family !== family)
    throw CoreErrors.InvalidNetwork(`network.family must be ${family}, got ${show(network?.family)}`, {
      argument: 'network',
      received: network?.id,
    })
}

/** `ForeignNetwork` (1016) for another network's id. */
export function assertNetwork(received: unknown, expected: string, argument: string): void {
  if (received !== expected) throw foreign(argument, expected, received)
}

/** `ForeignNetwork` (1016): what came is not of the network that is expected. */
export function foreign(argument: string, expected: string, received: unknown): AitbcError {
  return CoreErrors.ForeignNetwork(`${argument} must be of ${expected}, got ${show(received)}`, {
    argument,
    expected,
    received,
  })
}

/** `InvalidArgument` (1013) for what can't be asked. */
export function assertTransport(transport: unknown, argument: string): void {
  if (typeof (transport as { readonly request?: unknown } | undefined)?.request !== 'function')
    throw CoreErrors.InvalidArgument(`${argument} must have a function request, got ${show(transport)}`, {
      argument,
    })
}

/** `InvalidSecret` (1009) for a claim whose secret doesn't open the hashlock; the secret itself is never told. */
export function assertSecret({ secret, terms }: Intent & { readonly kind: 'claim' }): void {
  if (!Hashlock.opens(secret, terms.hashlock))
    throw CoreErrors.InvalidSecret("intent.secret must open the terms' hashlock", {
      argument: 'intent.secret',
    })
}

/** `InvalidArgument` (1013) for another lock than that of the terms, where ids are of the terms alone. */
export function assertRef(expected: string, given: Lock, argument = 'intent.lock'): void {
  if (given?.ref !== expected)
    throw CoreErrors.InvalidArgument(
      `${argument}.ref must be ${expected}, the id of the terms, got ${show(given?.ref)}`,
      { argument: `${argument}.ref`, expected, received: given?.ref },
    )
}

/** `InvalidArgument` (1013) where something else is to be collected than a payment to one of the parties. */
export function assertPayment({ due, to, terms }: Intent & { readonly kind: 'collect' }): void {
  if (due !== 'payment' || !(to in terms))
    throw CoreErrors.InvalidArgument(`a lock here owes payments alone, got ${show(due)} to ${show(to)}`, {
      argument: 'intent.due',
      received: due,
    })
}
