import { isAitbcError } from '@aitbc/core'
import type { Board } from '@aitbc/swap'
import { describe, expect, test } from 'vitest'

/** What every board does for the swaps of an account; `lasts` where it outlives whoever wrote on it. */
export function boardContract(
  name: string,
  create: () => Promise<{ readonly board: Board.Board; readonly again: () => Board.Board }>,
  { lasts }: { readonly lasts: boolean },
): void {
  const bytes = (...values: number[]) => Uint8Array.of(...values)
  let n = 0
  const seat = (swap: string): Board.Seat => ({
    swap,
    owner: `00000000-0000-4000-8000-${String(n++).padStart(12, '0')}`,
  })
  const turn = (about: string, value: number): Board.Line => ({
    kind: 'turn',
    about,
    value: bytes(value),
    firm: true,
  })
  const coins = (about: string, value: number, firm = false): Board.Line => ({
    kind: 'coins',
    about,
    value: bytes(value),
    firm,
  })
  const signal = () => new AbortController().signal
  /** What a newcomer learns of an account. */
  const seen = (board: Board.Board, about: string) =>
    board.turn(seat('watcher'), about, signal(), async ({ others }) =>
      others.map((one) => one[0] as number).sort(),
    )

  describe(`a board, ${name}`, () => {
    test('S9: of many that take an account’s turn at once none misses what another one told', async () => {
      const { board, again } = await create()
      const other = again()
      let inside = 0
      let most = 0
      const taken = await Promise.all(
        Array.from({ length: 12 }, (_, i) => {
          const one = i % 2 ? board : other
          return one.turn(seat(`s${i}`), 'a', signal(), async ({ others, write }) => {
            most = Math.max(most, ++inside)
            const next = others.reduce((max, value) => Math.max(max, value[0] as number), 0) + 1
            await Promise.resolve()
            inside--
            await write(turn('a', next))
            return next
          })
        }),
      )
      expect(most).toBe(1)
      expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
      expect(await seen(other, 'b')).toEqual([])
    })

    test('behavior: a turn ends with its run, however it ends, and nothing is written after it', async () => {
      const { board, again } = await create()
      await expect(
        board.turn(seat('s'), 'a', signal(), async () => {
          throw new Error('mine')
        }),
      ).rejects.toThrow('mine')
      const stop = new AbortController()
      let late: Board.Turn['write'] | undefined
      const hung = board.turn(seat('s'), 'a', stop.signal, ({ write }) => {
        late = write
        stop.abort(new Error('enough'))
        return new Promise(() => undefined)
      })
      await expect(hung).rejects.toThrow('enough')
      expect(await seen(board, 'a')).toEqual([])
      await expect(late?.(turn('a', 1))).rejects.toMatchObject({ _tag: 'StorageConflict' })
      expect(await seen(again(), 'a')).toEqual([])
    })

    test('behavior: what was sent is told no more; a swap itself isn’t told of its own', async () => {
      const { board, again } = await create()
      const one = seat('s')
      await board.enter(one, [turn('a', 1), turn('b', 2)])
      expect(await seen(again(), 'a')).toEqual([1])
      expect(await board.turn(one, 'a', signal(), async ({ others }) => others)).toEqual([])
      await board.put(one, [turn('b', 3), turn('c', 4)])
      expect(await seen(board, 'c')).toEqual([])
      expect([await seen(board, 'a'), await seen(board, 'b')]).toEqual([[], [3]])
      await board.leave(one, true)
      expect(await seen(board, 'b')).toEqual([])
    })

    test('S13: of those that count on the same coins each hears of all before it, and of none behind it', async () => {
      const { board, again } = await create()
      const heard = await Promise.all(
        [1, 2, 4, 8, 16].map(async (value, i) => {
          const others = await (i % 2 ? board : again()).reserve(seat(`s${i}`), [
            coins('x', value),
            coins(`own${i}`, 99),
          ])
          return { value, others: others.map((one) => one.value[0] as number) }
        }),
      )
      const order = [...heard].sort((a, b) => a.others.length - b.others.length).map(({ value }) => value)
      for (const { value, others } of heard)
        expect(others.sort((a, b) => a - b)).toEqual(
          order.slice(0, order.indexOf(value)).sort((a, b) => a - b),
        )
    })

    test('S13: who counts anew stands behind all; who counts no more isn’t heard of', async () => {
      const { board } = await create()
      const [first, second] = [seat('s1'), seat('s2')]
      await board.reserve(first, [coins('x', 1)])
      await board.reserve(second, [coins('x', 2)])
      expect(await board.reserve(first, [coins('x', 1)])).toMatchObject([{ about: 'x', value: bytes(2) }])
      await board.put(second, [coins('x', 3, true)])
      expect(await board.reserve(first, [coins('x', 1)])).toMatchObject([{ value: bytes(3) }])
      await board.put(second, [])
      expect(await board.reserve(first, [coins('x', 1)])).toEqual([])
    })

    test('L3: who drives a swap now decides what is told of it; one before changes nothing any more', async () => {
      const { board, again } = await create()
      const [before, now] = [seat('s'), seat('s')]
      await board.enter(before, [turn('a', 5), turn('b', 5)])
      await board.reserve(before, [coins('x', 1, true), coins('y', 2)])
      expect(await again().enter(now, [turn('a', 6)])).toMatchObject([coins('x', 1, true)])
      await board.put(before, [turn('a', 7)]).catch((error) => {
        if (!isAitbcError(error, 'StorageConflict')) throw error
      })
      await board.leave(before, true)
      expect([await seen(board, 'a'), await seen(board, 'b')]).toEqual([[6], []])
      const heard = await board.reserve(seat('other'), [coins('x', 9), coins('y', 9)])
      expect(heard.map(({ about }) => about)).toEqual(['x'])
      // Over for good, it counts on nothing, whoever goes on with it.
      await again().leave(now, true)
      expect(await board.enter(seat('s'), [])).toEqual([])
    })

    test('behavior: where another process goes on with a swap that isn’t over, what is firm stays', async () => {
      const { board, again } = await create()
      const one = seat('s')
      await board.enter(one, [turn('a', 5)])
      await board.reserve(one, [coins('x', 1), coins('y', 2)])
      await board.put(one, [turn('a', 5), coins('x', 1, true), coins('y', 2)])
      await board.leave(one, false)
      expect(await seen(again(), 'a')).toEqual(lasts ? [5] : [])
      const heard = await board.reserve(seat('other'), [coins('x', 9), coins('y', 9)])
      expect(heard.map(({ about }) => about)).toEqual(lasts ? ['x'] : [])
    })
  })
}
