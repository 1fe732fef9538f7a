import { runSteps, runVitest, script } from './steps.js'

await runSteps('test:long', [
  { name: 'long', run: () => runVitest('long', { minutes: 120 }) },
  { name: 'sim', run: () => script('sim.ts', '--seeds', '10000') },
  {
    name: 'sim, liars',
    run: () => script('sim.ts', '--seeds', '2000', '--seed', '50001', '--byzantine-rpc', '3', '--twice', '0'),
  },
])
