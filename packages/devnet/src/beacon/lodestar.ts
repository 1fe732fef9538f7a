import { DevnetErrors } from '../errors.js'

/** The consensus code that a beacon chain runs: optional packages, on the minimal preset. */
export interface Lodestar {
  readonly transition: typeof import('@lodestar/state-transition')
  readonly params: typeof import('@lodestar/params')
  readonly ssz: typeof import('@lodestar/types')['ssz']
  readonly config: typeof import('@lodestar/config')
  readonly defaults: typeof import('@lodestar/config/default')['chainConfig']
  readonly blst: typeof import('@chainsafe/blst')
  readonly BitArray: typeof import('@chainsafe/ssz')['BitArray']
  readonly Tree: typeof import('@chainsafe/persistent-merkle-tree')['Tree']
}

// A name that no bundler follows: what isn't installed must not fail the build of a program that doesn't run it.
const load = <T>(name: string): Promise<T> => import(name) as Promise<T>

/**
 * Loads the packages. Their preset is one for the whole process and fixed by the first import, so it is set before.
 * `BeaconUnavailable` (6016) where they aren't installed or another preset is fixed already.
 */
export async function loadLodestar(): Promise<Lodestar> {
  try {
    const preset = await load<typeof import('@lodestar/params/setPreset')>('@lodestar/params/setPreset')
    if (preset.userSelectedPreset === null) preset.setActivePreset(preset.PresetName.minimal)
    const params = await load<typeof import('@lodestar/params')>('@lodestar/params')
    if (params.ACTIVE_PRESET !== preset.PresetName.minimal)
      throw new Error(`the preset of this process is ${params.ACTIVE_PRESET}`)
    const [transition, types, config, defaults, blst, lists, trees] = await Promise.all([
      load<typeof import('@lodestar/state-transition')>('@lodestar/state-transition'),
      load<typeof import('@lodestar/types')>('@lodestar/types'),
      load<typeof import('@lodestar/config')>('@lodestar/config'),
      load<typeof import('@lodestar/config/default')>('@lodestar/config/default'),
      load<typeof import('@chainsafe/blst')>('@chainsafe/blst'),
      load<typeof import('@chainsafe/ssz')>('@chainsafe/ssz'),
      load<typeof import('@chainsafe/persistent-merkle-tree')>('@chainsafe/persistent-merkle-tree'),
    ])
    return {
      transition,
      params,
      ssz: types.ssz,
      config,
      defaults: defaults.chainConfig,
      blst,
      BitArray: lists.BitArray,
      Tree: trees.Tree,
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw DevnetErrors.BeaconUnavailable(`a beacon chain can't be run: ${why}`, { reason: why }, { cause })
  }
}
