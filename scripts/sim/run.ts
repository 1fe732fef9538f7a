import './abort.js'
import './text.js'
import { Campaign, Crash, Universe } from '../../packages/devnet/src/world/index.js'
import type { Answer, Failing, Order } from './crew.js'

/*
 * One process of `pnpm sim` or `pnpm sim:crash`, as `scripts/sim/crew.ts` starts it: runs the universes that it is told to, and says what
 * they came to.
 */

const say = (answer: Answer) => process.send?.(answer)

function used(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function carryOut(order: Order): Promise<void> {
  const draw = order.byzantineRpc === undefined ? {} : { byzantineRpc: order.byzantineRpc }
  if (order.do === 'shrink') {
    const least = await Universe.shrink(Universe.draw(order.seed, draw))
    return void say({ is: 'shrunk', lines: [...Universe.describe(least.plan), ...least.trace] })
  }
  if (order.do === 'crash') {
    const scene = Crash.sceneOf(order.scene)
    if (scene === undefined) throw new Error(`there is no scene ${order.scene}`)
    const scenes = [scene]
    const figures = await (order.twice ? Crash.runTwice({ scenes }) : Crash.run({ scenes, all: order.all }))
    return void say({ is: 'crashed', figures, cpuSeconds: used() })
  }
  const { from, universes, twiceEvery, trace } = order
  const failing: Failing[] = []
  const sums = await Campaign.sum({
    ...{ from, universes, twiceEvery, ...draw },
    onReport({ plan, violations, trace: lines, hash }) {
      const why = violations.map(({ property, message }) => `${property}: ${message}`).join('; ')
      if (violations.length > 0) failing.push({ seed: plan.seed, why })
      if (trace) say({ is: 'trace', lines: [...Universe.describe(plan), ...lines, hash] })
    },
  })
  say({
    is: 'done',
    from,
    sums: { ...sums, lost: String(sums.lost) },
    failing,
    cpuSeconds: used(),
  })
}

// What is begun is finished when people interrupt the whole; without the one that gives the orders nothing is left to do.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => {
  carryOut(order).catch((error: unknown) => {
    say({ is: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  })
})
say({ is: 'ready' })
