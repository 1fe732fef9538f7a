import { readVectors } from '../../../../scripts/vectors/reader.js'
import { filterCases } from './filters.js'

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip158',
  cases: ([file]) => filterCases((file as NonNullable<typeof file>).json()),
})
