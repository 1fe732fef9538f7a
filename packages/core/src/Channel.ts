import * as Bytes from './Bytes.js'
import type { CallOptions } from './ChainAdapter.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { assertBytes } from './internal/storage.js'

/**
 * How two parties talk: messages of bytes, in order, nothing else. Nobody else is trusted with anything: what arrives is
 * checked as hostile input.
 */
export interface Channel {
  /** Hands over one message; rejects with `ChannelClosed` (1106) when the other side can't be reached. */
  send(message: Bytes.Bytes, options?: CallOptions): Promise<void>
  /** The next message; rejects with `ChannelClosed` (1106) when none can come any more. */
  receive(options?: CallOptions): Promise<Bytes.Bytes>
  close(): Promise<void>
}

/**
 * Two ends of a channel within one process.
 *
 * @example
 * import { Channel } from '@aitbc/core'
 * const [alice, bob] = Channel.pair()
 * await alice.send(Uint8Array.of(1))
 * await bob.receive() // Uint8Array [1]
 */
export function pair(): readonly [Channel, Channel] {
  const left = queue()
  const right = queue()
  const end = (incoming: Queue, outgoing: Queue): Channel => ({
    async send(message, options = {}) {
      options.signal?.throwIfAborted()
      assertBytes(message, 'message')
      outgoing.push(Bytes.copy(message))
    },
    receive: (options = {}) => incoming.next(options.signal),
    async close() {
      incoming.close()
      outgoing.close()
    },
  })
  return [end(left, right), end(right, left)]
}

interface Queue {
  push(message: Bytes.Bytes): void
  next(signal: AbortSignal | undefined): Promise<Bytes.Bytes>
  close(): void
}

function queue(): Queue {
  const messages: Bytes.Bytes[] = []
  const waiting: { resolve(message: Bytes.Bytes): void; reject(reason: unknown): void }[] = []
  let closed = false
  const gone = () => CoreErrors.ChannelClosed('the channel is closed')
  return {
    push(message) {
      if (closed) throw gone()
      const reader = waiting.shift()
      if (reader === undefined) messages.push(message)
      else reader.resolve(message)
    },
    next(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason)
      const message = messages.shift()
      if (message !== undefined) return Promise.resolve(message)
      if (closed) return Promise.reject(gone())
      return new Promise((resolve, reject) => {
        const abort = () => {
          waiting.splice(waiting.indexOf(reader), 1)
          reject(signal?.reason)
        }
        const reader = {
          resolve(value: Bytes.Bytes) {
            signal?.removeEventListener('abort', abort)
            resolve(value)
          },
          reject(reason: unknown) {
            signal?.removeEventListener('abort', abort)
            reject(reason)
          },
        }
        waiting.push(reader)
        signal?.addEventListener('abort', abort, { once: true })
      })
    },
    close() {
      closed = true
      for (const reader of waiting.splice(0)) reader.reject(gone())
    },
  }
}
