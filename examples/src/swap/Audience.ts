import { Amount } from '@aitbc/core'
import type { FromParty } from './messages.js'

/** Who shows what happens: a person's terminal, or one JSON line an event. */
export interface Audience {
  /** A scene begins. */
  scene(number: number, title: string): Watcher
  say(text: string): void
  /** The last line: figures, and whether all was right. */
  done(figures: Readonly<Record<string, unknown>>, pass: boolean): void
}

/** Who watches one scene. */
export interface Watcher {
  say(text: string): void
  hear(party: string, message: FromParty): void
}

/** An asset as it is shown. */
export interface Shown {
  readonly symbol: string
  readonly decimals: number
}

/** One JSON line an event; the last has the figures. */
export function createJsonAudience(print: (line: string) => void): Audience {
  const line = (value: Record<string, unknown>) => print(JSON.stringify(value))
  return {
    scene(scene, title) {
      line({ scene, title })
      return {
        say: (text) => line({ scene, text }),
        hear: (party, message) => line({ scene, party, ...message }),
      }
    },
    say: (text) => line({ text }),
    done: (figures, pass) => line({ ...figures, pass }),
  }
}

const COLOUR = { Alice: 36, Bob: 33, good: 32, bad: 31, dim: 2, bold: 1 } as const

/** Lines for a person: who sees what on which chain, how deep, how it is known, how long is left. Repetitions are left out. */
export function createTerminalAudience(
  print: (line: string) => void,
  options: {
    readonly colour: boolean
    readonly now: () => number
    /** `final` is the depth at which a block is, where depth says so. */
    readonly chain: (network: string) => { readonly name: string; readonly final?: bigint }
    readonly asset: (id: string) => Shown
  },
): Audience {
  const paint = (style: keyof typeof COLOUR, text: string) =>
    options.colour ? `\u001b[${COLOUR[style]}m${text}\u001b[0m` : text
  const began = options.now()
  const clock = () => `${((options.now() - began) / 1000).toFixed(1)}s`.padStart(7)
  const row = (who: string, text: string) => {
    const name = who === 'Alice' || who === 'Bob' ? paint(who, who.padEnd(6)) : paint('dim', who.padEnd(6))
    print(`${paint('dim', clock())}  ${name} ${text}`)
  }
  const watch = (): Watcher => {
    const last = new Map<string, string>()
    /** Prints a line unless the party's last one on this subject was the same. */
    const once = (party: string, subject: string, text: string) => {
      const key = `${party}/${subject}`
      if (last.get(key) === text) return
      last.set(key, text)
      row(party, text)
    }
    const hear = (party: string, message: FromParty): void => {
      switch (message.is) {
        case 'ready':
          return
        case 'agreed':
          row(party, `signed the agreement ${message.swap.slice(0, 12)}…, by its own inequality:`)
          for (const text of message.inequality) row('', paint('dim', text))
          return
        case 'recovered':
          row(
            party,
            `found the swap again from ${message.from === 'storage' ? 'its storage' : 'its seed and the chains alone'}`,
          )
          return
        case 'leg': {
          const chain = options.chain(message.network)
          const asset = options.asset(message.asset)
          if (message.locks.length === 0) once(party, message.leg, `sees no lock on ${chain.name} yet`)
          for (const lock of message.locks) {
            const amount = `${Amount.format(BigInt(lock.amount), asset.decimals)} ${asset.symbol}`
            const count = (depth: string, final: boolean) =>
              BigInt(depth) === 0n
                ? 'in the mempool'
                : chain.final === undefined
                  ? `in a block${final ? ', final' : ''}`
                  : `${BigInt(depth) > chain.final ? chain.final : depth}/${chain.final}`
            const text =
              lock.spend === undefined
                ? `${chain.name}: lock of ${amount} ${count(lock.depth, lock.final)}, ${lock.assurance}${lock.match === 'exact' ? '' : ` (${lock.match})`}; ${left(message)}`
                : `${chain.name}: ${lock.spend.kind} of ${amount} ${count(lock.spend.depth, lock.spend.final)}${lock.spend.final && chain.final !== undefined ? ', final' : ''}`
            once(party, `${message.leg}/${lock.ref}`, text)
          }
          return
        }
        case 'unreadable':
          once(party, message.leg, paint('dim', `can't rely on the ${message.leg} leg now: ${message.why}`))
          return
        case 'waiting':
          once(party, 'waiting', paint('dim', `waits for ${message.for}`))
          return
        case 'sent':
          once(
            party,
            `sent/${message.command}/${message.leg}`,
            `${paint('bold', message.command)} on the ${message.leg} leg: ${message.ids.map(short).join(', ')}`,
          )
          return
        case 'raised':
          row(party, `raised the fee of its ${message.command}: ${short(message.id)}`)
          return
        case 'trouble':
          once(party, message.key, paint('dim', `will try again: ${message.message}`))
          return
        case 'alarm':
          once(party, 'alarm', paint('bad', `ALARM: ${message.reason}`))
          return
        case 'owed':
          once(
            party,
            `owed/${message.leg}/${message.kind}`,
            paint('dim', `is owed a ${message.kind} on the ${message.leg} leg: ${message.why}`),
          )
          return
        case 'finished':
          row(party, paint('good', `finished: ${message.outcome}`))
          return
        case 'failed':
          row(party, paint('bad', `failed: ${message.message}`))
          return
      }
    }
    return { say: (text) => row('', text), hear }
  }
  return {
    scene(number, title) {
      print('')
      print(paint('bold', `${number}. ${title}`))
      return watch()
    },
    say: (text) => row('', text),
    done(figures, pass) {
      print('')
      print(pass ? paint('good', 'every balance is right to the last unit') : paint('bad', 'the demo FAILED'))
      print(JSON.stringify({ ...figures, pass }))
    },
  }
}

function short(id: string): string {
  return id.length > 16 ? `${id.slice(0, 10)}…` : id
}

/** What is left, rounded down to the quarter hour or to hundreds of blocks, so that it doesn't change with each block. */
function left({ left, counts }: Pick<Extract<FromParty, { is: 'leg' }>, 'left' | 'counts'>): string {
  const units = BigInt(left)
  if (units < 0n) return 'the deadline has passed'
  if (counts === 'blocks')
    return units < 100n ? 'less than 100 blocks left' : `${(units / 100n) * 100n} blocks left`
  return `${Number(units / 900n) / 4} h left`
}
