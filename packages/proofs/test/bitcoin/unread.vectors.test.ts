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

const MUSIG =
  'MuSig2 is not part of the SDK yet: taproot locks have an internal key that nobody can sign with'
unread('bitcoin/bip327-musig2', MUSIG, [
  'det_sign_vectors.json',
  'key_agg_vectors.json',
  'key_sort_vectors.json',
  'nonce_agg_vectors.json',
  'nonce_gen_vectors.json',
  'sig_agg_vectors.json',
  'sign_verify_vectors.json',
  'tweak_vectors.json',
])
unread('bitcoin/bip328', MUSIG, ['vectors.json'])
unread('bitcoin/adaptor', 'swaps are made with hashlocks: the SDK has no adaptor signatures yet', [
  'ecdsa_adaptor.json',
])
unread(
  'bitcoin/bip374-dleq',
  'proofs of equal logarithms come with adaptor signatures, which the SDK has not yet',
  ['generate_proof.csv', 'verify_proof.csv'],
)
