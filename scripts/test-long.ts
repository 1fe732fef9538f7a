import { runSteps, runVitest } from './steps.js'

await runSteps('test:long', [{ name: 'long', run: () => runVitest('long', { minutes: 45 }) }])
