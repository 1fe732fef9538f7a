// The towers of parties that go and never come back: two for each, of which one is lost after a while.
import { SwapSeed } from '@aitbc/core'
import { AMOUNTS } from './Deal.js'
import { EPOCH, LEGS, type Role } from './Plan.js'
import type { Process } from './party/Process.js'
import type { Stage } from './Stage.js'
import * as Tower from './Tower.js'

export interface Towers {
  /** A party goes; the towers that it had told of its swap begin. */
  take(process: Process): void
  /** The first tower of a party is lost. */
  lose(role: Role): void
  /** A party is gone. */
  has(role: Role): boolean
  /** A party is gone, and its towers have nothing left to do. */
  isOver(role: Role): boolean
  /** What a tower died of, which none may. */
  failure(): string | undefined
  end(): void
}

const NAMES = ['first tower', 'second tower'] as const

export function create(stage: Stage): Towers {
  const { plan, bug, deal, chains } = stage
  if (plan.faults.some(({ is }) => is === 'gone'))
    for (const leg of LEGS)
      for (const name of NAMES) Tower.fund(chains[leg], name, AMOUNTS[plan.families[leg]], BigInt(EPOCH))
  const how = {
    ...{ chains, told: stage.told, utc: () => BigInt(stage.now) },
    stripped: bug === 'bare-jobs',
  }
  const towers = new Map<Role, readonly Tower.Tower[]>()
  return {
    take(process) {
      if (process.outcome() !== undefined) return
      process.end()
      const { role } = process
      const job = process.job()
      const key = SwapSeed.tower(deal.seeds[role], deal.nonces[role])
      const own = (name: string) => (job === undefined ? [] : [Tower.start({ ...how, name, key, job })])
      towers.set(role, NAMES.flatMap(own))
    },
    lose(role) {
      const [first, ...others] = towers.get(role) ?? []
      first?.end()
      if (first !== undefined) towers.set(role, others)
    },
    has: (role) => towers.has(role),
    isOver: (role) => towers.get(role)?.every(({ isOver }) => isOver()) === true,
    failure() {
      for (const [role, own] of towers)
        for (const { error } of own)
          if (error() !== undefined) return `a tower of the ${role} failed: ${String(error())}`
      return undefined
    },
    end() {
      for (const own of towers.values()) for (const tower of own) tower.end()
    },
  }
}
