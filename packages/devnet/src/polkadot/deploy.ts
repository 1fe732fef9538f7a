import type { Blockchain } from '@acala-network/chopsticks-core'
import { Bytes } from '@aitbc/core'
import { Hasher } from '@aitbc/proofs/substrate'
import { ed25519 } from '@noble/curves/ed25519.js'
import { DevnetErrors } from '../errors.js'
import { create } from './codec.js'

type Hex = `0x${string}`

/** The account that deploys: nobody else's, and anybody's. */
const KEY = /* @__PURE__ */ Hasher.blake2b256(
  /* @__PURE__ */ new TextEncoder().encode('aitbc/devnet/deployer'),
)

/** Its 32 bytes. */
export const DEPLOYER = /* @__PURE__ */ ed25519.getPublicKey(KEY)

const LIMIT = { refTime: 400_000_000_000n, proofSize: 3_000_000n }

/** What of an extrinsic in the runtime's own terms is needed here; its package is of another version than anybody else's. */
interface Extrinsic {
  sign(pair: unknown, options: unknown): Extrinsic
  toHex(): Hex
}
interface Event {
  readonly phase: { readonly isApplyExtrinsic: boolean }
  readonly event: {
    readonly section: string
    readonly method: string
    readonly data: { readonly contract?: { toHex(): string } } & readonly { toJSON(): unknown }[]
  }
}

/** Maps the deployer's account, where that has to be, and instantiates a contract; each in a block of its own. */
export async function deploy(
  chain: Blockchain,
  { creation, salt }: { readonly creation: Uint8Array; readonly salt: Uint8Array | undefined },
  include: (extrinsic: Hex) => Promise<void>,
): Promise<string> {
  const { registry, tx, query } = await chain.head.meta
  const make = tx['revive']?.['instantiateWithCode']
  if (make === undefined) throw DevnetErrors.NodeRejected('the runtime has no contracts (pallet-revive)', {})
  const run = async (call: unknown): Promise<readonly Event[]> => {
    const { specVersion, transactionVersion } = await chain.head.runtimeVersion
    const account = await chain.head.read(
      'AccountInfo',
      query['system']?.['account'] as never,
      DEPLOYER as never,
    )
    const genesisHash = (await chain.getBlockAt(0))?.hash
    const pair = {
      type: 'ed25519',
      address: `0x${Bytes.toHex(DEPLOYER)}`,
      addressRaw: DEPLOYER,
      publicKey: DEPLOYER,
      // A `MultiSignature` names its kind first: 0 is ed25519.
      sign: (message: Uint8Array) => Bytes.concat(Uint8Array.of(0), ed25519.sign(message, KEY)),
    }
    const extrinsic = create<Extrinsic>(registry, 'GenericExtrinsic', call)
    extrinsic.sign(pair, {
      blockHash: genesisHash,
      genesisHash,
      era: '0x00',
      nonce: (account as unknown as { readonly nonce?: unknown } | undefined)?.nonce ?? 0,
      runtimeVersion: { specVersion, transactionVersion },
      signedExtensions: registry.signedExtensions,
      tip: 0,
    })
    await include(extrinsic.toHex())
    const events = await chain.head.read('Vec<EventRecord>' as never, query['system']?.['events'] as never)
    return (events as unknown as readonly Event[]).filter(({ phase }) => phase.isApplyExtrinsic)
  }
  const map = tx['revive']?.['mapAccount']
  // Where an account is mapped already, or by itself, this fails, and nothing is lost.
  if (map !== undefined) await run(map())
  const code = `0x${Bytes.toHex(creation)}`
  const salted = salt === undefined ? null : `0x${Bytes.toHex(salt)}`
  const events = await run(make(0, LIMIT, 10n ** 16n, code, '0x', salted))
  const made = events.find(({ event }) => event.section === 'revive' && event.method === 'Instantiated')
  const address = made?.event.data.contract?.toHex()
  if (address === undefined)
    throw DevnetErrors.NodeRejected('the runtime refused the contract', {
      events: events.map(
        ({ event }) =>
          `${event.section}.${event.method} ${JSON.stringify(event.data.map((part) => part.toJSON()))}`,
      ),
    })
  return address
}
