import { readVectors } from '../../../../scripts/vectors/reader.js'

/** Files that nothing of ours reads yet; a new one in these folders is not silently among them. */
const unread = (folder: string, reason: string, files: readonly string[]) =>
  readVectors({
    topic: 'bitcoin',
    folder,
    unused: Object.fromEntries(files.map((file) => [file, reason])),
    cases: ([file]) => {
      throw new Error(`no reader knows ${file?.path}`)
    },
  })

unread('bitcoin/adaptor', 'swaps are made with hashlocks: the SDK has no adaptor signatures yet', [
  'ecdsa_adaptor.json',
])
unread(
  'bitcoin/bip374-dleq',
  'proofs of equal logarithms come with adaptor signatures, which the SDK has not yet',
  ['generate_proof.csv', 'verify_proof.csv'],
)
