// One party of a swap, as a process of its own: its seed, its storage, its view of the chains, and a channel to the other.
import { Bytes, type LockTerms } from '@aitbc/core'
import { createFileStorage } from '@aitbc/core/storage/file'
import { connectChannel, listenChannel } from '@aitbc/devnet'
import { Agreement, Negotiation, Planner, Policy, Recovery, Runner, Side } from '@aitbc/swap'
import { createClock } from './Clock.js'
import { type FromParty, type PartyConfig, report, type ToParty } from './messages.js'
import { createSides, policyFor } from './sides.js'

const clock = createClock()
let tellStart: (config: PartyConfig) => void
const started = new Promise<PartyConfig>((resolve) => {
  tellStart = resolve
})
process.on('message', (message: ToParty) => {
  clock.follow(BigInt(message.ahead))
  if (message.is === 'config') tellStart(message.config)
})
process.on('disconnect', () => process.exit(1)) // nobody watches any more

const tell = (message: FromParty): void => {
  process.send?.(message)
}

try {
  await play(await started)
  process.disconnect()
} catch (error) {
  tell({ is: 'failed', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  process.exitCode = 1
  process.disconnect()
}

async function play(config: PartyConfig): Promise<void> {
  const seed = Bytes.fromHex(config.seed)
  const storage = createFileStorage({ folder: config.folder })
  const sides = await createSides(config, seed, clock.now)
  const context: Runner.Context = { storage, seed, sides, utc: clock.now }
  const swaps = await take(config, context)
  for (const swap of swaps) {
    const { terms } = swap.state.durable
    await Runner.run(
      {
        ...context,
        onProgress: (progress) => tell(report(progress, terms)),
      },
      swap,
    )
  }
}

async function take(config: PartyConfig, context: Runner.Context): Promise<readonly Runner.Swap[]> {
  switch (config.mode) {
    case 'negotiate':
      return [await negotiate(config, context)]
    case 'resume': {
      const ids = await Runner.list(context.storage)
      for (const swap of ids) tell({ is: 'recovered', swap, from: 'storage' })
      return Promise.all(ids.map((id) => Runner.load(context, id)))
    }
    case 'recover': {
      const { swaps, waiting, unreachable } = await Recovery.recover(context, {
        policy: (incoming) =>
          policyFor(incoming === undefined ? undefined : Side.of(context.sides, incoming)),
      })
      if (waiting.length + unreachable.length > 0)
        throw new Error(`recovered in part: ${waiting.length} wait, ${unreachable.length} unreachable`)
      for (const swap of swaps) tell({ is: 'recovered', swap: swap.id, from: 'chains' })
      return swaps
    }
  }
}

async function negotiate(config: PartyConfig, context: Runner.Context): Promise<Runner.Swap> {
  const nonce = crypto.getRandomValues(new Uint8Array(8))
  const common = { seed: context.seed, nonce, sides: context.sides, now: clock.now }
  // What to rely on is for each party to decide when it opens the swap; nothing of it is negotiated.
  const policy = Policy.standard
  let result: Negotiation.Result
  if (config.role === 'initiator') {
    if (config.quote === undefined || config.port === undefined)
      throw new Error('the initiator needs a quote and a port')
    const quote = readQuote(config.quote)
    const channel = await connectChannel(config.port)
    // Half a day for the other side to make up its mind, and for both to see what is final: here it passes in minutes.
    result = await Negotiation.initiate(quote, {
      ...common,
      channel,
      policy,
      slack: 43_200n,
    })
    await channel.close()
  } else {
    const listener = await listenChannel()
    tell({ is: 'ready', port: listener.port })
    const channel = await listener.accept()
    result = await Negotiation.follow({
      ...common,
      channel,
      policy,
      accept: () => true,
      isKnown: (hashlock) => Runner.knowsHashlock(context.storage, hashlock),
    })
    await channel.close()
    await listener.close()
  }
  const { signed, margins } = result
  const { long, short } = signed.agreement
  const incoming = signed.agreement[Agreement.incomingLeg(config.role)].backend.network
  const own = policyFor(Side.of(context.sides, incoming))
  const swap = await Runner.open(context, { role: config.role, nonce, signed, margins, policy: own })
  tell({
    is: 'agreed',
    swap: Bytes.toHex(Agreement.hash(signed.agreement)),
    nonce: Bytes.toHex(nonce),
    inequality: [
      Planner.explain(`T_A − T_B = ${apart(long, short)}`, margins.gap),
      Planner.explain('T_B − now, at the reveal', margins.reveal),
    ],
    deadlines: { long: String(long.deadline.value), short: String(short.deadline.value) },
    relies: own.assurance,
  })
  return swap
}

function readQuote(quote: NonNullable<PartyConfig['quote']>): Negotiation.Quote {
  const side = (part: typeof quote.give) =>
    ({ ...part, amount: BigInt(part.amount) }) as Negotiation.Quote['give']
  return { give: side(quote.give), get: side(quote.get) }
}

/** How far deadlines are apart, where both count the same. */
function apart(...[long, short]: readonly [LockTerms.LockTerms, LockTerms.LockTerms]): string {
  const told = ({ deadline: { clock, value } }: LockTerms.LockTerms) =>
    clock === 'height' ? `block ${value}` : `${value} s`
  const [a, b] = [long.deadline, short.deadline]
  return a.clock === 'height' || b.clock === 'height'
    ? `${told(long)} − ${told(short)}`
    : `${a.value - b.value} s`
}
