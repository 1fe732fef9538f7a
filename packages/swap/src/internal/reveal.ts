import type { Swap } from '../Runner.js'
import type { Act } from './carryOut.js'

/** The act by which the secret leaves this party first. */
export function isReveal(swap: Swap, command: Act): boolean {
  return command.do === 'claim' && command.secret === 'own' && !swap.state.durable.revealed
}
