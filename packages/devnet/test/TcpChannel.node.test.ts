import { connect } from 'node:net'
import { isAitbcError } from '@aitbc/core'
import { connectChannel, listenChannel } from '@aitbc/devnet'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let listener: Awaited<ReturnType<typeof listenChannel>>

beforeAll(async () => {
  listener = await listenChannel(0, { maxFrame: 70_000 })
})
afterAll(async () => {
  await listener.close()
})

const pair = () => Promise.all([listener.accept(), connectChannel(listener.port, { maxFrame: 70_000 })])
const tagOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'resolved',
    (error) => (isAitbcError(error) ? error._tag : String(error)),
  )
/** A socket that speaks the framing by hand. */
const raw = async (...chunks: readonly Uint8Array[]) => {
  const accepted = listener.accept()
  const socket = connect({ port: listener.port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  for (const chunk of chunks) socket.write(chunk)
  return { socket, channel: await accepted }
}

describe('default', () => {
  test('messages arrive whole and in order, both ways', async () => {
    const [alice, bob] = await pair()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 8 }), async (messages) => {
        await Promise.all(messages.map((message) => alice.send(message)))
        for (const message of messages) expect(await bob.receive()).toEqual(new Uint8Array(message))
        for (const message of messages) await bob.send(message)
        for (const message of messages) expect(await alice.receive()).toEqual(new Uint8Array(message))
      }),
    )
    await Promise.all([alice.close(), bob.close()])
  })

  test('behavior: a message in single bytes is one message', async () => {
    const frame = Uint8Array.of(0, 0, 0, 3, 7, 8, 9)
    const { socket, channel } = await raw(...[...frame].map((byte) => Uint8Array.of(byte)))
    expect(await channel.receive()).toEqual(Uint8Array.of(7, 8, 9))
    socket.destroy()
  })

  test('behavior: a reader far behind loses nothing', async () => {
    const [alice, bob] = await pair()
    const message = new Uint8Array(70_000).fill(5)
    const sent = Promise.all(Array.from({ length: 40 }, () => alice.send(message)))
    for (let n = 0; n < 40; n++) expect((await bob.receive()).length).toBe(70_000)
    await sent
    await Promise.all([alice.close(), bob.close()])
  })

  test('behavior: what was sent before the end is received after it', async () => {
    const [alice, bob] = await pair()
    await alice.send(Uint8Array.of(1))
    await alice.close()
    expect(await bob.receive()).toEqual(Uint8Array.of(1))
    expect(await tagOf(bob.receive())).toBe('ChannelClosed')
    expect(await tagOf(bob.send(Uint8Array.of(2)))).toBe('ChannelClosed')
  })

  test('behavior: an aborted receive takes no message away', async () => {
    const [alice, bob] = await pair()
    const controller = new AbortController()
    const aborted = bob.receive({ signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    await alice.send(Uint8Array.of(3))
    expect(await bob.receive()).toEqual(Uint8Array.of(3))
    await Promise.all([alice.close(), bob.close()])
  })
})

describe('errors', () => {
  test('error: a message over the limit, ours and theirs', async () => {
    const [alice, bob] = await pair()
    expect(await tagOf(alice.send(new Uint8Array(70_001)))).toBe('FrameTooLarge')
    await alice.send(new Uint8Array(70_000))
    expect((await bob.receive()).length).toBe(70_000)
    await Promise.all([alice.close(), bob.close()])
    const { channel } = await raw(Uint8Array.of(0xff, 0xff, 0xff, 0xff))
    expect(await tagOf(channel.receive())).toBe('FrameTooLarge')
  })

  test('error: the connection ends within a message', async () => {
    const { socket, channel } = await raw(Uint8Array.of(0, 0, 0, 9, 1, 2))
    socket.end()
    const failure = await channel.receive().catch((error: unknown) => error)
    expect(failure).toMatchObject({
      _tag: 'ChannelClosed',
      message: expect.stringContaining('within a message'),
    })
  })

  test('error: nobody listens, the port is taken, no port', async () => {
    const other = await listenChannel()
    expect(await tagOf(listenChannel(other.port))).toBe('PortInUse')
    await other.close()
    expect(await tagOf(connectChannel(other.port))).toBe('ChannelClosed')
    expect(await tagOf(other.accept())).toBe('ChannelClosed')
    expect(await tagOf(connectChannel(0))).toBe('InvalidDevnetArgument')
    expect(await tagOf(listenChannel(70_000))).toBe('InvalidDevnetArgument')
  })
})
