import { Bytes, type Channel, Channel as Channels } from '@aitbc/core'

/** What becomes of a message. `late`: it comes after the next one of its sender. `cut`: the line breaks, for good. */
export type MessageFate = 'delivered' | 'lost' | 'twice' | 'late' | 'damaged' | 'cut'

/**
 * Two ends of a line on which messages are lost, doubled, damaged and out of order, as `fate` says of each (its sender, 0 or 1, and how
 * many that one sent before it). It keeps less than a `Channel` promises: whatever comes of it, both or neither must be bound.
 *
 * @example
 * import { createWorldChannel } from '@aitbc/devnet/world'
 * const [alice, bob] = createWorldChannel((_from, index) => (index === 0 ? 'late' : 'delivered'))
 * await alice.send(Uint8Array.of(1))
 * await alice.send(Uint8Array.of(2))
 * const first = await bob.receive()
 * first[0] // 2
 */
export function createWorldChannel(
  fate: (from: 0 | 1, index: number) => MessageFate,
): readonly [Channel.Channel, Channel.Channel] {
  const [left, right] = Channels.pair()
  const end = (channel: Channel.Channel, from: 0 | 1): Channel.Channel => {
    let sent = 0
    let held: Bytes.Bytes | undefined
    return {
      ...channel,
      async send(message, options) {
        const what = fate(from, sent++)
        if (what === 'cut') {
          await left.close()
          await right.close()
        }
        if (what === 'lost') return
        if (what === 'late' && held === undefined) {
          held = Bytes.copy(message)
          return
        }
        const shown = what === 'damaged' ? flipped(message, sent) : message
        for (let i = what === 'twice' ? 2 : 1; i > 0; i--) await channel.send(shown, options)
        if (held === undefined) return
        const before = held
        held = undefined
        await channel.send(before, options)
      },
    }
  }
  return [end(left, 0), end(right, 1)]
}

function flipped(message: Bytes.Bytes, at: number): Bytes.Bytes {
  const changed = Bytes.copy(message)
  const place = changed.length === 0 ? 0 : (at * 7919) % changed.length
  if (changed.length > 0) changed[place] = (changed[place] as number) ^ 1
  return changed
}
