import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CosmosAccount, type CosmosNode, type CosmosReceipt, createCosmosNode } from '@aitbc/devnet'
import { sha256 } from '@noble/hashes/sha2.js'
import { beforeAll, describe, expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../../programs/cosmos')
const file = (name: string) => Uint8Array.from(readFileSync(join(folder, name)))
const utf8 = (text: string) => new TextEncoder().encode(text)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const concat = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]))
const text = (value: string) => concat([value.length >> 8, value.length & 255], utf8(value))
const u64 = (value: bigint) => {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, value)
  return out
}
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
const hashOf = (name: string) => sha256(utf8(name))
const SECOND = 1_000_000_000n

/** All that a lock is made of. */
interface Terms {
  readonly chain: string
  readonly contract: string
  readonly kind: 'native' | 'cw20'
  readonly asset: string
  readonly amount: bigint
  readonly hash: Uint8Array
  readonly source: string
  readonly recipient: string
  readonly clock: 'at_time' | 'at_height'
  readonly deadline: bigint
  readonly salt: Uint8Array
}

/** The id, written anew from the contract's specification. */
const idOf = (it: Terms) =>
  hex(
    sha256(
      concat(
        ...[utf8('aitbc/htlc/v1'), text(it.chain), text(it.contract), text(it.kind), text(it.asset)],
        ...[text(`${it.amount}`), it.hash, text(it.source), text(it.recipient), text(it.clock)],
        ...[u64(it.deadline), it.salt],
      ),
    ),
  )

interface Details {
  readonly id: string
  readonly status: string
  readonly paid: boolean
  readonly secret?: string
}

describe('the contract', () => {
  let node: CosmosNode
  let alice: CosmosAccount
  let bob: CosmosAccount
  let stranger: CosmosAccount
  let contract: string
  let token: string
  let hostile: string
  let count = 0

  beforeAll(async () => {
    node = await createCosmosNode({ gasPrice: 0n, validators: 1 })
    ;[alice, bob, stranger] = [node.account('alice'), node.account('bob'), node.account('stranger')]
    for (const { address } of [alice, bob, stranger]) await node.fund(address, 1_000_000_000n)
    await node.fund(alice.address, 1_000n, 'uother')
    contract = await node.deploy(alice, file('htlc.wasm'), {})
    const initial = { name: 'T', symbol: 'TST', decimals: 6, mode: 'quiet' }
    const initial_balances = [
      { address: alice.address, amount: '1000000' },
      { address: stranger.address, amount: '1000000' },
    ]
    token = await node.deploy(alice, file('test-tokens/cw20.wasm'), { ...initial, initial_balances })
    hostile = await node.deploy(alice, file('test-tokens/hostile.wasm'), { ...initial, initial_balances })
    return () => node.stop()
  })

  const secretOf = (n: number) => hashOf(`secret ${n}`)
  const current = () => secretOf(count)
  function terms(change: Partial<Terms> = {}): Terms {
    return {
      chain: node.chainId,
      contract,
      kind: 'native',
      asset: 'uatom',
      amount: 5_000_000n,
      hash: sha256(secretOf(++count)),
      source: alice.address,
      recipient: bob.address,
      clock: 'at_time',
      deadline: (node.time() / SECOND + 1000n) * SECOND,
      salt: hashOf(`salt ${count}`),
      ...change,
    }
  }
  const create = (it: Terms, change: object = {}) => ({
    create: {
      id: idOf(it),
      hash: hex(it.hash),
      recipient: it.recipient,
      expires: { [it.clock]: it.clock === 'at_time' ? `${it.deadline}` : Number(it.deadline) },
      salt: hex(it.salt),
      ...change,
    },
  })
  const coins = (it: Terms) => [{ denom: it.asset, amount: `${it.amount}` }]
  const lock = (it: Terms, change: object = {}, by = alice): Promise<CosmosReceipt> =>
    it.kind === 'native'
      ? node.execute(by, it.contract, create(it, change), coins(it))
      : node.execute(by, it.asset, {
          send: { contract: it.contract, amount: `${it.amount}`, msg: base64(create(it, change)) },
        })
  const release = (it: Terms, preimage: string, by = stranger) =>
    node.execute(by, it.contract, { release: { id: idOf(it), preimage } })
  const refund = (it: Terms, by = stranger) => node.execute(by, it.contract, { refund: { id: idOf(it) } })
  const withdraw = (it: Terms, by = stranger, to?: string) =>
    node.execute(by, it.contract, { withdraw: { id: idOf(it), ...(to === undefined ? {} : { to }) } })
  const details = async (it: Terms) => (await node.ask(it.contract, { details: { id: idOf(it) } })) as Details
  const held = async (of: string, at: string) =>
    BigInt(((await node.ask(at, { balance: { address: of } })) as { balance: string }).balance)
  /** `ok`, or what the contract said. */
  const outcome = async (receipt: Promise<CosmosReceipt>): Promise<string> => {
    const { code, log } = await receipt
    return code === 0
      ? 'ok'
      : log.replace(/^.*message index: 0: /, '').replace(/: \w+ wasm contract failed$/, '')
  }
  const attribute = (receipt: CosmosReceipt, name: string) =>
    receipt.events
      .filter((it) => it.type === 'wasm')
      .flatMap((it) => it.attributes)
      .find((it) => it.key === name)?.value
  const pass = async (it: Terms) => {
    const seconds = it.deadline / SECOND - node.time() / SECOND
    if (seconds > 0n) await node.advance(seconds)
  }

  test('coins: lock, release by anyone, to the recipient, once', async () => {
    const it = terms()
    const before = node.balance(alice.address)
    const locked = await lock(it, { tag: 'ab'.repeat(32), record: 'c0ffee' })
    expect(locked.log).toBe('')
    expect(before - node.balance(alice.address)).toBe(it.amount)
    expect(node.balance(contract)).toBe(it.amount)
    const said = [
      ...[
        'action',
        'id',
        'hash',
        'source',
        'recipient',
        'denom',
        'amount',
        'at_time',
        'salt',
        'tag',
        'record',
      ],
    ].map((name) => attribute(locked, name))
    expect(said).toEqual([
      ...['create', idOf(it), hex(it.hash), alice.address, bob.address, 'uatom', '5000000', `${it.deadline}`],
      ...[hex(it.salt), 'ab'.repeat(32), 'c0ffee'],
    ])
    const bobs = node.balance(bob.address)
    const released = await release(it, hex(current()))
    expect(released.log).toBe('')
    expect(attribute(released, 'preimage')).toBe(hex(current()))
    expect(node.balance(bob.address) - bobs).toBe(it.amount)
    expect(await details(it)).toEqual({
      ...{ id: idOf(it), hash: hex(it.hash), recipient: bob.address, source: alice.address },
      ...{
        expires: { at_time: `${it.deadline}` },
        balance: { native: coins(it) },
        salt: hex(it.salt),
        number: 0,
      },
      ...{ status: 'claimed', paid: true, secret: hex(current()) },
    })
    expect(await outcome(release(it, hex(current())))).toBe('lock is settled')
    expect(await outcome(withdraw(it))).toBe('nothing is owed')
    await pass(it)
    expect(await outcome(refund(it))).toBe('lock is settled')
  })

  test('H5, S4: a release counts until the last nanosecond before the deadline, a refund from the deadline on', async () => {
    /** What a message does in a block at the deadline, or so many nanoseconds from it. */
    const at = async (from: bigint, act: (it: Terms, time: bigint) => Promise<CosmosReceipt>) => {
      const it = terms()
      expect(await outcome(lock(it))).toBe('ok')
      expect(await outcome(withdraw(it))).toBe('lock is not settled')
      const said = await outcome(act(it, it.deadline + from))
      return [said, (await details(it)).status]
    }
    const releasing = (it: Terms, time: bigint) =>
      node.execute(stranger, contract, { release: { id: idOf(it), preimage: hex(current()) } }, [], { time })
    const refunding = (it: Terms, time: bigint) =>
      node.execute(stranger, contract, { refund: { id: idOf(it) } }, [], { time })
    expect(await at(-1n, releasing)).toEqual(['ok', 'claimed'])
    expect(await at(0n, releasing)).toEqual(['the deadline has passed', 'locked'])
    expect(await at(-1n, refunding)).toEqual(['the deadline has not passed', 'locked'])
    const alices = node.balance(alice.address)
    expect(await at(0n, refunding)).toEqual(['ok', 'refunded'])
    expect(node.balance(alice.address)).toBe(alices)
  })

  test('what is refunded is settled', async () => {
    const it = terms()
    await lock(it)
    await pass(it)
    expect(await outcome(refund(it))).toBe('ok')
    expect(await outcome(refund(it))).toBe('lock is settled')
    expect(await outcome(release(it, hex(current())))).toBe('lock is settled')
  })

  test('a deadline by height: the same, by blocks', async () => {
    const it = terms({ clock: 'at_height', deadline: node.height() + 6n })
    const other = terms({ clock: 'at_height', deadline: node.height() + 6n })
    expect(await outcome(lock(it))).toBe('ok')
    expect(await outcome(lock(other))).toBe('ok')
    // Both are in blocks 1 and 3 from here; the next is block 5, one before the deadline.
    expect(await outcome(refund(it))).toBe('the deadline has not passed')
    expect(await outcome(release(other, hex(current())))).toBe('the deadline has passed')
    expect(await outcome(refund(it))).toBe('ok')
  })

  test('H1, H2: exactly 32 bytes whose sha256 is the lock, in hex of either case', async () => {
    const it = terms()
    await lock(it)
    const secret = hex(current())
    for (const wrong of [secret.slice(2), `${secret}00`, '', `0x${secret.slice(2)}`, `${secret.slice(1)}g`])
      expect(await outcome(release(it, wrong))).toBe('preimage must be 64 hex digits')
    const twice = hex(sha256(sha256(current())))
    for (const wrong of [hex(it.hash), twice, '00'.repeat(32)])
      expect(await outcome(release(it, wrong))).toBe('preimage does not hash to the lock')
    expect(await outcome(release(it, secret.toUpperCase()))).toBe('ok')
    expect((await details(it)).secret).toBe(secret)
  })

  test('S3: no lock that opens to zeros, or to nothing known', async () => {
    for (const hash of [new Uint8Array(32), sha256(new Uint8Array(32))])
      expect(await outcome(lock(terms({ hash })))).toBe('hash refused')
  })

  test('H10: whoever sends it, the payee of the terms is paid', async () => {
    const it = terms()
    await lock(it)
    const strangers = node.balance(stranger.address)
    await release(it, hex(current()), stranger)
    expect(node.balance(stranger.address)).toBe(strangers)
    const named = { release: { id: idOf(it), preimage: hex(current()), recipient: stranger.address } }
    expect(await outcome(node.execute(stranger, contract, named))).toBe('unknown field')
  })

  test('H11, S17: an id is the hash of all terms, the sender among them, and is used once', async () => {
    const it = terms()
    const refused = 'id is not the hash of the terms'
    expect(await outcome(lock(it, {}, stranger))).toBe(refused)
    const changed: readonly Partial<Terms>[] = [
      { chain: 'other-1' },
      { contract: alice.address },
      { kind: 'cw20' },
      { asset: 'uother' },
      { amount: it.amount + 1n },
      { hash: hashOf('other') },
      { source: bob.address },
      { recipient: stranger.address },
      { clock: 'at_height' },
      { deadline: it.deadline + 1n },
      { salt: hashOf('other') },
    ]
    for (const change of changed)
      expect(await outcome(lock(it, { id: idOf({ ...it, ...change }) }))).toBe(refused)
    for (const id of ['', 'swap1', `${idOf(it)}00`])
      expect(await outcome(lock(it, { id }))).toBe('id must be 64 hex digits')
    expect(await outcome(lock(it))).toBe('ok')
    expect(await outcome(lock(it))).toBe('lock already exists')
    expect(await outcome(lock(it, { id: idOf(it).toUpperCase() }))).toBe('lock already exists')
    await release(it, hex(current()))
    expect(await outcome(lock(it))).toBe('lock already exists')
    const other = terms({ ...it, salt: hashOf('another salt') })
    expect(await outcome(lock(other))).toBe('ok')
  })

  test('H12: states are words, so no secret stands for one', async () => {
    for (const byte of [0x00, 0x01, 0x02, 0xff]) {
      const secret = new Uint8Array(32).fill(byte)
      if (byte === 0) continue
      const it = terms({ hash: sha256(secret) })
      expect(await outcome(lock(it))).toBe('ok')
      expect(await details(it)).toMatchObject({ status: 'locked', paid: false })
      expect(await outcome(release(it, hex(secret)))).toBe('ok')
      expect(await details(it)).toMatchObject({ status: 'claimed', paid: true, secret: hex(secret) })
    }
    const it = terms()
    await lock(it)
    await pass(it)
    await refund(it)
    expect(await details(it)).toMatchObject({ status: 'refunded', paid: true })
    expect((await details(it)).secret).toBeUndefined()
  })

  test('H14: a lock of one contract or chain is none of another', async () => {
    const other = await node.deploy(alice, file('htlc.wasm'), {})
    const it = terms()
    await lock(it)
    expect(await outcome(lock({ ...it, contract: other }, { id: idOf(it) }))).toBe(
      'id is not the hash of the terms',
    )
    const there = node.execute(stranger, other, { release: { id: idOf(it), preimage: hex(current()) } })
    expect(await outcome(there)).toBe('no such lock')
    expect(await outcome(release(it, hex(current())))).toBe('ok')
  })

  test('H15: the same hash in two locks is two ids; a release of one leaves the other locked', async () => {
    const it = terms()
    const other = { ...it, salt: hashOf('the other salt') }
    expect(idOf(other)).not.toBe(idOf(it))
    for (const one of [it, other]) expect(await outcome(lock(one))).toBe('ok')
    await release(it, hex(current()))
    expect(await details(it)).toMatchObject({ status: 'claimed' })
    expect(await details(other)).toMatchObject({ status: 'locked' })
    await pass(other)
    expect(await outcome(refund(other))).toBe('ok')
  })

  test("H16: the clock is the block's time and nothing else: no number of blocks moves a deadline", async () => {
    const [it, other] = [terms(), terms()]
    const secret = current()
    for (const one of [it, other]) expect(await outcome(lock(one))).toBe('ok')
    await node.mine(200)
    expect(node.time()).toBeLessThan(it.deadline)
    expect(await outcome(refund(it))).toBe('the deadline has not passed')
    expect(await outcome(release(other, hex(secret)))).toBe('ok')
    // One block whose time is the deadline's, whatever its height, is enough.
    const late = { time: it.deadline }
    expect(await outcome(node.execute(stranger, contract, { refund: { id: idOf(it) } }, [], late))).toBe('ok')
  })

  test('H20: neither the contract nor the token is a payee, no amount of zero, no text that is no address', async () => {
    expect(await outcome(lock(terms({ recipient: contract })))).toBe('recipient refused')
    for (const recipient of [contract, token])
      expect(await outcome(lock(terms({ kind: 'cw20', asset: token, amount: 5n, recipient })))).toBe(
        'recipient refused',
      )
    for (const recipient of ['', 'bob', bob.address.toUpperCase(), bob.address.replace('cosmos', 'osmo')])
      expect(await outcome(lock(terms({ recipient })))).toBe('no such recipient')
    const record = 'ab'.repeat(2049)
    expect(await outcome(lock(terms(), { record }))).toBe('record is too long')
  })

  test('H24: one secret opens the whole amount or nothing', async () => {
    const it = terms()
    await lock(it)
    const before = node.balance(bob.address)
    const part = { release: { id: idOf(it), preimage: hex(current()), amount: '1' } }
    expect(await outcome(node.execute(stranger, contract, part))).toBe('unknown field')
    expect(await outcome(release(it, hex(current())))).toBe('ok')
    expect(node.balance(bob.address) - before).toBe(it.amount)
    expect(await outcome(release(it, hex(current())))).toBe('lock is settled')
    expect(node.balance(bob.address) - before).toBe(it.amount)
  })

  test('H21, H27: exactly one coin, the amount of the terms; none on any other message', async () => {
    const it = terms()
    const send = (funds: readonly { denom: string; amount: string }[]) =>
      outcome(node.execute(alice, contract, create(it), funds))
    const uatom = { denom: 'uatom', amount: `${it.amount}` }
    expect(await send([])).toBe('send exactly one coin')
    expect(await send([uatom, { denom: 'uother', amount: '1' }])).toBe('send exactly one coin')
    expect(await send([{ ...uatom, amount: '0' }])).toContain('invalid coins')
    for (const amount of ['1', `${it.amount + 1n}`])
      expect(await send([{ ...uatom, amount }])).toBe('id is not the hash of the terms')
    expect(await send([uatom])).toBe('ok')
    const none = 'this message takes no coins'
    const also = (message: object) => outcome(node.execute(alice, contract, message, [uatom]))
    expect(await also({ release: { id: idOf(it), preimage: hex(current()) } })).toBe(none)
    expect(await also({ refund: { id: idOf(it) } })).toBe(none)
    expect(await also({ withdraw: { id: idOf(it) } })).toBe(none)
    // One unit is a lock as any other: nothing is kept back, no minimum eats it.
    const least = terms({ amount: 1n })
    await lock(least)
    const before = node.balance(bob.address)
    await release(least, hex(current()))
    expect(node.balance(bob.address) - before).toBe(1n)
  })

  test('H28: a deadline of another kind or unit than it says, or none', async () => {
    const now = node.time() / SECOND
    const clock = (expires: object) => outcome(lock(terms(), { expires }))
    expect(await clock({ never: {} })).toBe('expires must be at_height or at_time')
    expect(await clock({})).toBe('expires must be at_height or at_time')
    expect(await clock({ at_time: `${now}000000000`, at_height: 5 })).toBe('unknown field')
    for (const at_time of [`${now + 1000n}`, `${now + 1000n}000`, '0', '18446744073709551615'])
      expect(await clock({ at_time })).toBe('at_time must be nanoseconds')
    for (const at_time of ['01', '-1', '1e18', '18446744073709551616', ''])
      expect(await clock({ at_time })).toBe('expires must be at_height or at_time')
    for (const at_height of [Number(now), 500_000_000])
      expect(await clock({ at_height })).toBe('at_height must be a height')
    for (const at_height of [1.5, -1, '7', null])
      expect(await clock({ at_height })).toBe('expires must be at_height or at_time')
    expect(await clock({ at_time: `${now * SECOND}` })).toBe('the deadline has passed')
    expect(await clock({ at_height: 3 })).toBe('the deadline has passed')
    const last = terms({ deadline: 0xffff_ffffn * SECOND })
    expect(await outcome(lock(last))).toBe('ok')
    expect(await outcome(lock(terms({ clock: 'at_height', deadline: 499_999_999n })))).toBe('ok')
  })

  describe('H26: a payee who cannot be paid', () => {
    /** An account of a module, which a chain lets nobody pay. */
    const blocked = 'cosmos17xpfvakm2amg962yls6f84z3kell8c5lserqta'

    test('a release counts all the same, its secret is out, and the money is owed', async () => {
      const it = terms({ recipient: blocked })
      expect(await outcome(lock(it))).toBe('ok')
      const before = node.balance(contract)
      const released = await release(it, hex(current()))
      expect(released.log).toBe('')
      expect(node.balance(contract)).toBe(before)
      expect(await details(it)).toMatchObject({ status: 'claimed', paid: false, secret: hex(current()) })
      expect(await outcome(withdraw(it))).toContain('is not allowed to receive funds')
      expect(await details(it)).toMatchObject({ status: 'claimed', paid: false })
      expect(await outcome(withdraw(it, stranger, stranger.address))).toBe(
        'only the payee may withdraw to another address',
      )
      await pass(it)
      expect(await outcome(refund(it))).toBe('lock is settled')
      expect(node.balance(contract)).toBe(before)
    })
  })

  describe('cw20', () => {
    const locked = (at: string, amount = 500n) => terms({ kind: 'cw20', asset: at, amount })
    const become = (mode: string, calls?: object) =>
      node.execute(alice, hostile, { become: { mode, ...(calls === undefined ? {} : { calls }) } })

    test('tokens: lock, release, refund', async () => {
      const it = locked(token)
      const said = await lock(it)
      expect(said.log).toBe('')
      expect(attribute(said, 'cw20')).toBe(token)
      expect(await held(contract, token)).toBe(500n)
      expect(await outcome(release(it, hex(current())))).toBe('ok')
      expect([await held(contract, token), await held(bob.address, token)]).toEqual([0n, 500n])
      expect(await details(it)).toMatchObject({
        balance: { cw20: { address: token, amount: '500' } },
        paid: true,
      })
      const late = locked(token)
      const before = await held(alice.address, token)
      await lock(late)
      await pass(late)
      expect(await outcome(refund(late))).toBe('ok')
      expect(await held(alice.address, token)).toBe(before)
    })

    test('H11: the sender that the token names is the source, and tokens only come by their hook', async () => {
      const it = locked(token)
      expect(await outcome(lock(it, {}, stranger))).toBe('id is not the hash of the terms')
      const hook = { receive: { sender: alice.address, amount: '500', msg: base64(create(it)) } }
      expect(await outcome(node.execute(stranger, contract, hook))).toContain('the token tells no balance')
      expect(
        await outcome(node.execute(stranger, contract, { push: { id: idOf(it), to: stranger.address } })),
      ).toBe('only the contract itself may push')
    })

    test('H13: a token that moves less than it says is refused', async () => {
      await become('fee')
      expect(await outcome(lock(locked(hostile)))).toBe('the token moved less than it says')
      await become('silent')
      expect(await outcome(lock(locked(hostile)))).toBe('the token moved less than it says')
    })

    test.each(['refusing', 'endless', 'silent', 'sender-fee'])(
      'H13: a token that is %s when it pays: the release counts, and it is owed until the token pays',
      async (mode) => {
        await become('quiet')
        const other = locked(hostile, 700n)
        expect(await outcome(lock(other))).toBe('ok')
        const otherSecret = current()
        const it = locked(hostile)
        expect(await outcome(lock(it))).toBe('ok')
        const before = [await held(contract, hostile), await held(bob.address, hostile)]
        await become(mode)
        const released = await release(it, hex(current()))
        expect(released.log).toBe('')
        expect(released.gasUsed).toBeLessThan(1_000_000n)
        expect(await details(it)).toMatchObject({ status: 'claimed', paid: false, secret: hex(current()) })
        expect([await held(contract, hostile), await held(bob.address, hostile)]).toEqual(before)
        expect((await withdraw(it)).code).not.toBe(0)
        await become('quiet')
        expect(await outcome(withdraw(it))).toBe('ok')
        expect(await outcome(withdraw(it))).toBe('nothing is owed')
        expect(await outcome(release(other, hex(otherSecret)))).toBe('ok')
        expect(await held(bob.address, hostile)).toBe((before[1] as bigint) + 1200n)
      },
    )

    test('H13: who sends too little gas for the payment settles nothing', async () => {
      await become('quiet')
      const it = locked(hostile)
      await lock(it)
      await become('endless')
      const message = { release: { id: idOf(it), preimage: hex(current()) } }
      const little = await node.execute(stranger, contract, message, [], { gas: 500_000n })
      expect(little.code).toBe(11)
      expect(await details(it)).toMatchObject({ status: 'locked', paid: false })
      await become('quiet')
      expect(await outcome(release(it, hex(current())))).toBe('ok')
    })

    test('H13: a token that calls back in the middle of a payment gets nothing twice', async () => {
      await become('quiet')
      const bobs = await held(bob.address, hostile)
      const holds = await held(contract, hostile)
      const other = locked(hostile, 400n)
      await lock(other)
      const preimage = hex(current())
      const again = (id: string, secret: string): readonly object[] => [
        { withdraw: { id } },
        { withdraw: { id, to: alice.address } },
        { release: { id, preimage: secret } },
        { push: { id, to: alice.address } },
        { release: { id: idOf(other), preimage } },
      ]
      for (let i = 0; i < 5; i++) {
        const it = locked(hostile, 10n)
        await lock(it)
        await become('reentrant', again(idOf(it), hex(current()))[i])
        expect(await outcome(release(it, hex(current())))).toBe('ok')
        expect(await details(it)).toMatchObject({ status: 'claimed', paid: false })
        // What runs inside of a release has the gas of a payment at most; what runs inside of a withdrawal has all there is.
        if (i === 4) expect(await details(other)).toMatchObject({ status: 'locked' })
        else await become('quiet')
        expect(await outcome(withdraw(it))).toBe('ok')
      }
      // The release inside of the withdrawal counted too; its payment did not, as the token called once more in the middle of it.
      await become('quiet')
      expect(await details(other)).toMatchObject({ status: 'claimed', paid: false })
      expect(await outcome(withdraw(other))).toBe('ok')
      expect(await held(bob.address, hostile)).toBe(bobs + 450n)
      expect(await held(contract, hostile)).toBe(holds)
    })

    test('refunds of a token go the same way, and the source may have them elsewhere', async () => {
      await become('quiet')
      const it = locked(hostile)
      await lock(it)
      await become('refusing')
      await pass(it)
      expect(await outcome(refund(it))).toBe('ok')
      expect(await details(it)).toMatchObject({ status: 'refunded', paid: false })
      await become('quiet')
      expect(await outcome(withdraw(it, alice, contract))).toBe('recipient refused')
      const before = await held(stranger.address, hostile)
      expect(await outcome(withdraw(it, alice, stranger.address))).toBe('ok')
      expect(await held(stranger.address, hostile)).toBe(before + 500n)
    })
  })

  test('all locks are listed in their order, page by page', async () => {
    const ids: string[] = []
    for (;;) {
      const after = ids.at(-1)
      const { swaps } = (await node.ask(contract, {
        list: { limit: 7, ...(after === undefined ? {} : { start_after: after }) },
      })) as { swaps: readonly string[] }
      ids.push(...swaps)
      if (swaps.length < 7) break
    }
    expect(new Set(ids).size).toBe(ids.length)
    for (const [number, id] of ids.entries())
      expect(await node.ask(contract, { details: { id } })).toMatchObject({ id, number })
    await expect(node.ask(contract, { list: { start_after: '00' } })).rejects.toThrow(/no such lock/)
  })

  test('error: what is no message', async () => {
    const said = (message: unknown) => outcome(node.execute(stranger, contract, message))
    expect(await said({})).toBe('unknown field')
    expect(await said([])).toBe('malformed JSON')
    expect(await said({ sudo: {} })).toBe('unknown message')
    expect(await said({ refund: {}, release: {} })).toBe('unknown field')
    const it = terms()
    expect(await outcome(lock(it, { more: 1 }))).toBe('unknown field')
    expect(await outcome(lock(it, { recipient: 'bob' }))).toBe('no such recipient')
    expect(await outcome(lock(it, { recipient: bob.address.toUpperCase() }))).toBe('no such recipient')
    expect(await outcome(lock({ ...it, recipient: contract }))).toBe('recipient refused')
    expect(await outcome(lock(it, { tag: 'ab' }))).toBe('tag must be 64 hex digits')
    expect(await outcome(lock(it, { record: '0' }))).toBe('record must be hex')
    expect(await outcome(lock(it, { record: '00'.repeat(2049) }))).toBe('record is too long')
    expect(await outcome(lock(it, { record: '00'.repeat(2048) }))).toBe('ok')
  })
})
