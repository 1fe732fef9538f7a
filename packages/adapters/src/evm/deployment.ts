export * as HtlcDeployment from './HtlcDeployment.js'
