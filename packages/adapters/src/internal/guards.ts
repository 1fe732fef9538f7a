import { type AitbcError, CoreErrors, type Network, show } from '@aitbc/core'

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
