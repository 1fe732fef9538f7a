import type { Family } from '../Family.js'

const unready = (): never => {
  throw new Error('not yet')
}

export const polkadot: Family = {
  missing: () => 'its Hub is not written yet',
  start: unready,
  side: unready,
}
