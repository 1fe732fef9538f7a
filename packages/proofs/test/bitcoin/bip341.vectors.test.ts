import { readVectors } from '../../../../scripts/vectors/reader.js'
import { taprootCases } from './taprootWallet.js'

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/bip341',
  title: 'A7',
  cases: ([file]) => taprootCases((file as NonNullable<typeof file>).json()),
})
