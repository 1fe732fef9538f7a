export * as TowerMachine from './TowerMachine.js'
export * as WatchJob from './WatchJob.js'
export * as Watchtower from './Watchtower.js'
