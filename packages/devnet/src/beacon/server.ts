import { createServer } from 'node:http'
import { Bytes } from '@aitbc/core'
import { BeaconConfig } from '@aitbc/proofs/beacon'
import { listen, stop } from '../internal/httpServer.js'
import type { BeaconChain, Entry } from './BeaconChain.js'

/** A running beacon API. */
export interface BeaconServer {
  readonly url: string
  readonly close: () => Promise<void>
}

const VERSION = 'electra'
const MOST_UPDATES = 128

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Serves what light clients need of the beacon API (ethereum/beacon-APIs) on a free port of 127.0.0.1, in JSON. */
export async function serveBeacon(chain: BeaconChain): Promise<BeaconServer> {
  const server = createServer((request, response) => {
    const { status, body } = answer(chain, new URL(request.url ?? '/', 'http://local'))
    response.writeHead(status, {
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
      'content-type': 'application/json',
    })
    response.end(JSON.stringify(body))
  })
  const port = await listen(server)
  return { url: `http://127.0.0.1:${port}`, close: () => stop(server) }
}

function answer(chain: BeaconChain, url: URL): Answer {
  const { electra } = chain.lodestar.ssz
  const path = url.pathname.replace(/^\/eth\/v1\/beacon\//, '')
  const root = /^light_client\/bootstrap\/0x([0-9a-f]{64})$/.exec(path)?.[1]
  if (root !== undefined) {
    const entry = chain.block(root)
    return entry === undefined ? missing('no such block') : found(bootstrapOf(chain, entry))
  }
  switch (path) {
    case 'genesis':
      return found({
        genesis_time: String(chain.config.genesisTime),
        genesis_validators_root: `0x${Bytes.toHex(chain.config.genesisValidatorsRoot)}`,
        genesis_fork_version: '0x00000001',
      })
    case 'states/head/finality_checkpoints': {
      const { root, slot } = chain.finalized()
      const epoch = BigInt(slot) / chain.config.preset.slotsPerEpoch
      return found({ finalized: { epoch: String(epoch), root: `0x${Bytes.toHex(root)}` } })
    }
    case 'light_client/finality_update': {
      const signed = newest(chain)
      const final = signed === undefined ? undefined : finalOf(chain, signed.attested)
      if (signed === undefined || final === undefined) return missing('nothing is final yet')
      const { attested, child } = signed
      return found(
        electra.LightClientFinalityUpdate.toJson({
          attestedHeader: attested.header,
          finalizedHeader: final.header,
          finalityBranch: attested.finality.branch,
          syncAggregate: child.aggregate,
          signatureSlot: child.slot,
        }),
      )
    }
    case 'light_client/optimistic_update': {
      const signed = newest(chain)
      if (signed === undefined) return missing('nothing is signed yet')
      return found(
        electra.LightClientOptimisticUpdate.toJson({
          attestedHeader: signed.attested.header,
          syncAggregate: signed.child.aggregate,
          signatureSlot: signed.child.slot,
        }),
      )
    }
    case 'light_client/updates': {
      const [from, count] = ['start_period', 'count'].map((name) => url.searchParams.get(name) ?? '')
      if (![from, count].every((text) => /^(0|[1-9]\d{0,8})$/.test(text as string)))
        return { status: 400, body: { code: 400, message: 'start_period and count are numbers' } }
      const body: unknown[] = []
      for (let i = 0; i < Math.min(Number(count), MOST_UPDATES); i++) {
        const update = updateOf(chain, Number(from) + i)
        if (update === undefined) break
        body.push({ version: VERSION, data: update })
      }
      return { status: 200, body }
    }
    default:
      return missing('no such route')
  }
}

function bootstrapOf(chain: BeaconChain, entry: Entry): unknown {
  return chain.lodestar.ssz.electra.LightClientBootstrap.toJson({
    header: entry.header,
    currentSyncCommittee: entry.current.committee,
    currentSyncCommitteeBranch: entry.current.branch,
  })
}

/** The best update of a period: one whose finalized block is of the same period, where there is one. */
function updateOf(chain: BeaconChain, period: number): unknown {
  const entries = chain.entries()
  const periodOf = (slot: number) => Number(BeaconConfig.periodAt(chain.config, BigInt(slot)))
  const signed = entries.slice(0, -1).flatMap((attested, i) => {
    const child = entries[i + 1] as Entry
    return periodOf(attested.slot) === period && periodOf(child.slot) === period ? [{ attested, child }] : []
  })
  const best =
    signed.find(({ attested }) => {
      const final = finalOf(chain, attested)
      return final !== undefined && periodOf(final.slot) === period
    }) ?? signed[0]
  if (best === undefined) return undefined
  const { attested, child } = best
  const final = finalOf(chain, attested)
  const type = chain.lodestar.ssz.electra.LightClientUpdate
  return type.toJson({
    ...type.defaultValue(),
    attestedHeader: attested.header,
    nextSyncCommittee: attested.next.committee,
    nextSyncCommitteeBranch: attested.next.branch,
    ...(final === undefined
      ? {}
      : { finalizedHeader: final.header, finalityBranch: attested.finality.branch }),
    syncAggregate: child.aggregate,
    signatureSlot: child.slot,
  })
}

/** The block that a block's state calls final; the genesis block isn't called so by anybody. */
function finalOf(chain: BeaconChain, { finality }: Entry): Entry | undefined {
  return chain.block(finality.root)
}

function newest(chain: BeaconChain): { readonly attested: Entry; readonly child: Entry } | undefined {
  const [attested, child] = chain.entries().slice(-2)
  return attested === undefined || child === undefined ? undefined : { attested, child }
}

function found(data: unknown): Answer {
  return { status: 200, body: { version: VERSION, data } }
}

function missing(message: string): Answer {
  return { status: 404, body: { code: 404, message } }
}
