import { TowerMachine } from '@aitbc/swap/watch'
import { describe, expect, it } from 'vitest'
import { exploreFees, type FeeMachine, feeSettings } from '../../src/check/exploreFees.js'

type Event = TowerMachine.TowerEvent
type Command = TowerMachine.TowerCommand

describe('fees of a claim or refund that others keep out', () => {
  it.each(feeSettings)(
    'L4 L5 S4: $does, patience $patience, late claims $lateClaims: no history breaks a rule',
    (setting) => {
      const found = exploreFees(setting)
      expect(found.violation).toBeUndefined()
      expect(found.states).toBeGreaterThan(200)
    },
  )

  const told = (change: (event: Event) => Event): FeeMachine => ({
    ...TowerMachine,
    step: (state, event) => TowerMachine.step(state, change(event)),
  })
  const seen = (change: Partial<Extract<Event, { is: 'seen' }>>) =>
    told((event) => (event.is === 'seen' ? { ...event, ...change } : event))
  const commands = (map: (command: Command, event: Event) => readonly Command[]): FeeMachine => ({
    ...TowerMachine,
    step(state, event) {
      const next = TowerMachine.step(state, event)
      return { ...next, commands: next.commands.flatMap((command) => map(command, event)) }
    },
  })

  it.each<[string, RegExp, 'claim' | 'refund', FeeMachine]>([
    ['is told no market', /^L5: .* for less than the market asks/, 'refund', seen({ asks: {} })],
    ['waits for ever', /^L5: .* blocks of waiting/, 'refund', seen({ patience: 1000n })],
    ['sees no end', /^L5: .* before the deadline/, 'claim', seen({ blockTimeMs: 1n })],
    [
      'forgets what it sent',
      /^L5: rung 0 is sent in block \d+, 1 was before/,
      'claim',
      {
        ...TowerMachine,
        step: (state, event) =>
          TowerMachine.step(event.is === 'seen' ? TowerMachine.start(state.job) : state, event),
      },
    ],
    [
      'takes no for an answer',
      /^L5: rung 0 is too cheap .* the next one isn't sent/,
      'claim',
      commands((command, { is }) => (is === 'outbid' ? [] : [command])),
    ],
    [
      'goes down when a node refuses',
      /^L5: rung \d is too cheap/,
      'claim',
      commands((c, { is }) => [is === 'outbid' && c.do === 'send' ? { ...c, rung: c.rung - 1 } : c]),
    ],
    [
      'sends only what waits nowhere',
      /^L4: the claim is due/,
      'claim',
      commands((command, event) =>
        event.is === 'seen' && event.locks.some(({ spend }) => spend !== undefined) ? [] : [command],
      ),
    ],
    [
      'refunds when it likes',
      /^S4: a refund goes out before its deadline/,
      'refund',
      told((event) =>
        event.is === 'seen' ? { ...event, now: { ...event.now, value: event.now.value + 9n } } : event,
      ),
    ],
  ])('one that %s is found out', (_, message, does, machine) => {
    const violations = feeSettings
      .filter((setting) => setting.does === does)
      .map((setting) => exploreFees(setting, machine).violation)
    for (const violation of violations) expect(violation).toMatch(message)
  })
})
