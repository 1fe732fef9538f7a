import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type CallOptions, type Channel, CoreErrors } from '@aitbc/core'
import { DevnetErrors } from './errors.js'
import { integer } from './internal/guards.js'

/** Waits for the other party on a port of 127.0.0.1. */
export interface ChannelListener {
  readonly port: number
  /** The next party that connects; rejects with `ChannelClosed` (1106) after `close`. */
  accept(options?: CallOptions): Promise<Channel.Channel>
  close(): Promise<void>
}

/** Options of {@link listenChannel} and {@link connectChannel}. */
export interface ChannelOptions extends CallOptions {
  /** Longest message taken or given, bytes; 1 MiB by default. */
  readonly maxFrame?: number
}

const MAX_FRAME = 1 << 20
const MOST_FRAME = 1 << 28
const HEADER = 4

/**
 * Listens for the other party of a swap; port 0 takes a free one.
 *
 * Errors: 6007 `InvalidDevnetArgument`, 6013 `PortInUse`.
 *
 * @example
 * import { connectChannel, listenChannel } from '@aitbc/devnet'
 * const listener = await listenChannel()
 * const [alice, bob] = await Promise.all([listener.accept(), connectChannel(listener.port)])
 * await alice.send(Uint8Array.of(1))
 * await bob.receive() // Uint8Array [1]
 */
export async function listenChannel(port = 0, options: ChannelOptions = {}): Promise<ChannelListener> {
  options.signal?.throwIfAborted()
  integer(port, 'port', 0, 65_535)
  const maxFrame = integer(options.maxFrame ?? MAX_FRAME, 'maxFrame', 1, MOST_FRAME)
  const waiting = queue<Channel.Channel>(() => CoreErrors.ChannelClosed('the listener is closed'))
  const channels = new Set<Channel.Channel>()
  const server = createServer((socket) => {
    const channel = overSocket(socket, maxFrame)
    channels.add(channel)
    socket.once('close', () => channels.delete(channel))
    waiting.push(channel)
  })
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw DevnetErrors.PortInUse(
      `port ${port} of 127.0.0.1 can't be listened on: ${(cause as Error).message}`,
      { argument: 'port', received: port },
      { cause },
    )
  }
  return {
    port: (server.address() as AddressInfo).port,
    accept: (call = {}) => waiting.next(call.signal),
    close: async () => {
      waiting.end()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const channel of channels) await channel.close()
      await closed
    },
  }
}

/**
 * Connects to the other party's {@link listenChannel}.
 *
 * Errors: 1106 `ChannelClosed` (nobody listens there), 6007 `InvalidDevnetArgument`.
 *
 * @example
 * import { connectChannel, listenChannel } from '@aitbc/devnet'
 * const listener = await listenChannel()
 * const channel = await connectChannel(listener.port)
 */
export async function connectChannel(port: number, options: ChannelOptions = {}): Promise<Channel.Channel> {
  options.signal?.throwIfAborted()
  integer(port, 'port', 1, 65_535)
  const maxFrame = integer(options.maxFrame ?? MAX_FRAME, 'maxFrame', 1, MOST_FRAME)
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect', options.signal === undefined ? {} : { signal: options.signal })
  } catch (cause) {
    socket.destroy()
    options.signal?.throwIfAborted()
    throw CoreErrors.ChannelClosed(
      `nobody listens on port ${port} of 127.0.0.1`,
      { argument: 'port', received: port },
      { cause },
    )
  }
  return overSocket(socket, maxFrame)
}

/** Messages over a byte stream: each is its length (4 bytes, big endian) and its bytes. */
function overSocket(socket: Socket, maxFrame: number): Channel.Channel {
  socket.setNoDelay(true)
  let failure: Error | undefined
  const closed = (): Error => failure ?? CoreErrors.ChannelClosed('the other side has closed the channel')
  const inbox = queue<Uint8Array>(closed)
  let chunks: Buffer = Buffer.alloc(0)
  let unread = 0

  socket.on('data', (chunk: Buffer) => {
    chunks = chunks.length === 0 ? chunk : Buffer.concat([chunks, chunk])
    while (chunks.length >= HEADER) {
      const length = chunks.readUInt32BE(0)
      if (length > maxFrame) {
        // What follows can't be told apart any more: there is no message after this one.
        failure = DevnetErrors.FrameTooLarge(
          `the other side announced a message of ${length} bytes, the limit is ${maxFrame}`,
          { received: length, limit: maxFrame },
        )
        chunks = Buffer.alloc(0)
        socket.destroy()
        return
      }
      if (chunks.length < HEADER + length) break
      inbox.push(new Uint8Array(chunks.subarray(HEADER, HEADER + length)))
      unread += length
      chunks = chunks.subarray(HEADER + length)
    }
    // A reader that is slower than the writer must not make us keep everything.
    if (unread > 4 * maxFrame) socket.pause()
  })
  socket.on('error', (cause) => {
    failure ??= CoreErrors.ChannelClosed('the connection broke', {}, { cause })
  })
  socket.on('close', () => {
    if (chunks.length > 0) failure ??= CoreErrors.ChannelClosed('the connection ended within a message')
    inbox.end()
  })
  socket.on('end', () => socket.end())

  return {
    send: async (message, call = {}) => {
      call.signal?.throwIfAborted()
      if (message.length > maxFrame)
        throw DevnetErrors.FrameTooLarge(`a message of ${message.length} bytes exceeds ${maxFrame}`, {
          argument: 'message',
          received: message.length,
          limit: maxFrame,
        })
      if (socket.destroyed || !socket.writable) throw closed()
      const frame = Buffer.alloc(HEADER + message.length)
      frame.writeUInt32BE(message.length, 0)
      frame.set(message, HEADER)
      await new Promise<void>((resolve, reject) => {
        socket.write(frame, (error) => (error ? reject(closed()) : resolve()))
      })
    },
    receive: async (call = {}) => {
      const message = await inbox.next(call.signal)
      unread -= message.length
      if (unread <= 4 * maxFrame) socket.resume()
      return message
    },
    close: async () => {
      failure ??= CoreErrors.ChannelClosed('the channel is closed')
      if (socket.destroyed) return
      const done = once(socket, 'close')
      socket.end()
      socket.destroySoon()
      await done
    },
  }
}

interface Queue<T> {
  push(item: T): void
  next(signal: AbortSignal | undefined): Promise<T>
  end(): void
}

/** Items for readers that wait; what came before the end is still handed out after it. */
function queue<T>(ended: () => Error): Queue<T> {
  const items: T[] = []
  const readers: { resolve(item: T): void; reject(reason: unknown): void }[] = []
  let over = false
  return {
    push: (item) => {
      const reader = readers.shift()
      if (reader === undefined) items.push(item)
      else reader.resolve(item)
    },
    next: (signal) => {
      if (signal?.aborted) return Promise.reject(signal.reason)
      if (items.length > 0) return Promise.resolve(items.shift() as T)
      if (over) return Promise.reject(ended())
      return new Promise((resolve, reject) => {
        const abort = (): void => {
          readers.splice(readers.indexOf(reader), 1)
          reject(signal?.reason)
        }
        const settle =
          <V>(then: (value: V) => void) =>
          (value: V): void => {
            signal?.removeEventListener('abort', abort)
            then(value)
          }
        const reader = { resolve: settle(resolve), reject: settle(reject) }
        readers.push(reader)
        signal?.addEventListener('abort', abort, { once: true })
      })
    },
    end: () => {
      over = true
      for (const reader of readers.splice(0)) reader.reject(ended())
    },
  }
}
