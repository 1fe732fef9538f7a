import { expectTypeOf, test } from 'vitest'

test('S4: x', () => {
  expectTypeOf<string>().toEqualTypeOf<string>()
})
