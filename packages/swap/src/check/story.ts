import type { Leg as Name } from '../Agreement.js'
import type { View } from './explore.js'
import type { Leg } from './Leg.js'
import type { Setting } from './Setting.js'

/** A path as people read it: one line for each tick in which something happened. */
export function tell(setting: Setting, path: readonly View[]): readonly string[] {
  return path.flatMap((view, i) => {
    const before = path[i - 1]
    const said = before === undefined ? beginning(setting, view) : changes(setting, before, view)
    return said.length === 0 ? [] : [`tick ${view.tick}: ${said.join('; ')}`]
  })
}

function beginning(setting: Setting, { tick, legs }: View): readonly string[] {
  const locks = (['long', 'short'] as const).filter((name) => legs[name].lock === 'in')
  const left = (name: Name) =>
    `${setting.deadlines[name] - tick - 1 - legs[name].skew} left on the ${name} leg's clock`
  const honest = setting.honest.join(' and ')
  return [
    `${honest} honest`,
    ...(locks.length === 0 ? [] : [`final: the ${locks.join(' and the ')} lock`]),
    left('long'),
    left('short'),
  ]
}

function changes(setting: Setting, before: View, after: View): readonly string[] {
  const said: string[] = []
  const reorganised = before.reorgsLeft > after.reorgsLeft
  for (const name of ['long', 'short'] as const) {
    const [a, b] = [before.legs[name], after.legs[name]]
    const locker = setting.honest.includes(name === 'long' ? 'initiator' : 'follower')
    const beneficiary = setting.honest.includes(name === 'long' ? 'follower' : 'initiator')
    const one = (mine: boolean) => (mine ? 'an honest' : 'a hostile')
    const who = (mine: boolean) => (mine ? 'honest' : 'hostile')
    const [was, is] = [
      setting.deadlines[name] - before.tick - 1 - a.skew,
      setting.deadlines[name] - after.tick - 1 - b.skew,
    ]
    if (was > 0 && is <= 0) said.push(`the ${name} leg's clock reaches the deadline`)
    if (a.haltLeft > b.haltLeft && a.skew > b.skew) said.push(`the ${name} chain stands still`)
    if (reorganised && isUndone(a, b)) said.push(`a reorganisation of the ${name} chain`)
    if (a.lock !== b.lock) {
      const what = {
        none: 'is gone',
        waits: 'waits in the mempool',
        in: `is mined${b.less ? ', of too small an amount' : ''}`,
        void: 'can never be mined',
      }
      said.push(`the ${who(locker)} ${name} lock ${what[b.lock]}`)
    }
    if (a.voidAge === 0 && b.voidAge > 0) said.push(`the honest ${name} lock is to be made void`)
    if (a.claimAge === 0 && b.claimAge !== 0) said.push(`${one(beneficiary)} claim of the ${name} leg waits`)
    if (a.refundAge === 0 && b.refundAge !== 0) said.push(`${one(locker)} refund of the ${name} leg waits`)
    if (!a.waived && b.waived) said.push(`the ${name} lock may be refunded by both from now on`)
    if (a.spend !== b.spend)
      said.push(
        b.spend === 'none'
          ? `the ${name} leg's ${a.spend} is undone`
          : `the ${who(b.spend === 'claim' ? beneficiary : locker)} ${b.spend} of the ${name} leg is mined`,
      )
  }
  if (!before.open && after.open) said.push('the secret is public')
  for (const [i, party] of after.parties.entries()) {
    const was = before.parties[i]
    if (was === undefined) continue
    if (party.offlineLeft < was.offlineLeft || party.missed > was.missed)
      said.push(`the ${party.role} misses it`)
    if (was.durable.stop !== party.durable.stop) said.push(`the ${party.role} stops: ${party.durable.stop}`)
    if (was.durable.learned === undefined && party.durable.learned !== undefined)
      said.push(`the ${party.role} learns the secret`)
    if (party.finished !== was.finished) said.push(`the ${party.role} finishes: ${party.finished}`)
  }
  return said
}

function isUndone(a: Leg, b: Leg): boolean {
  return (
    b.depth < a.depth ||
    b.spendDepth < a.spendDepth ||
    (b.spend !== 'none' && a.spend !== b.spend && b.spendDepth > 1)
  )
}
