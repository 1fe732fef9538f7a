import { join } from 'node:path'
import { vectorsFolder } from '../../packages/devnet/src/vectorsFolder.js'
import { list, open, type VectorFile } from '../vectors/files.js'

/** The published files below a folder; none where there are no vectors. */
export function filesOf(folder: string): readonly VectorFile[] {
  const base = vectorsFolder()
  if (base === undefined) return []
  return list(join(base, folder)).map((path) => open(join(base, folder), path))
}
