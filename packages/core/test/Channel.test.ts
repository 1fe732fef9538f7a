import { Channel, isAitbcError } from '@aitbc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  )

test('pair: messages arrive whole, in order, in both directions', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 9 }))), async (messages) => {
      const [alice, bob] = Channel.pair()
      for (const [toBob, message] of messages) await (toBob ? alice : bob).send(message)
      for (const [toBob, message] of messages) expect(await (toBob ? bob : alice).receive()).toEqual(message)
    }),
  )
})

test('receive: waits; each waiting reader gets one message, first come first served', async () => {
  const [alice, bob] = Channel.pair()
  const readers = [bob.receive(), bob.receive()]
  await alice.send(Uint8Array.of(1))
  await alice.send(Uint8Array.of(2))
  expect(await Promise.all(readers)).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
})

test('behavior: a message is a copy', async () => {
  const [alice, bob] = Channel.pair()
  const message = Uint8Array.of(1)
  const sent = alice.send(message)
  message[0] = 9
  await sent
  expect(await bob.receive()).toEqual(Uint8Array.of(1))
})

test('close: what was sent still arrives; then both ends say ChannelClosed', async () => {
  const [alice, bob] = Channel.pair()
  await alice.send(Uint8Array.of(1))
  const waiting = failure(alice.receive())
  await bob.close()
  await alice.close()
  expect(isAitbcError(await waiting, 'ChannelClosed')).toBe(true)
  expect(await bob.receive()).toEqual(Uint8Array.of(1))
  for (const end of [alice, bob]) {
    expect(isAitbcError(await failure(end.receive()), 'ChannelClosed')).toBe(true)
    expect(isAitbcError(await failure(end.send(Uint8Array.of(1))), 'ChannelClosed')).toBe(true)
  }
})

test('error: an aborted call rejects with its reason, and takes no message with it', async () => {
  const [alice, bob] = Channel.pair()
  const reason = { why: 'test' }
  const controller = new AbortController()
  const aborted = failure(bob.receive({ signal: controller.signal }))
  const kept = bob.receive()
  controller.abort(reason)
  expect(await aborted).toBe(reason)
  await alice.send(Uint8Array.of(1))
  expect(await kept).toEqual(Uint8Array.of(1))
  const { signal } = controller
  expect(await failure(bob.receive({ signal }))).toBe(reason)
  expect(await failure(alice.send(Uint8Array.of(2), { signal }))).toBe(reason)
  await alice.send(Uint8Array.of(3))
  expect(await bob.receive()).toEqual(Uint8Array.of(3))
})

test('error: what is not bytes is not sent', async () => {
  const [alice] = Channel.pair()
  for (const junk of [null, 'text', [1], {}] as never[])
    expect(isAitbcError(await failure(alice.send(junk)), 'InvalidArgument')).toBe(true)
})
