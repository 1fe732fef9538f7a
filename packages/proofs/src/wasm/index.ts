export * as Wasm from '../engine/Wasm.js'
