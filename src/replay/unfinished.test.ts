import { expect, test } from 'vitest'
import type { Place } from './marks'
import { type Unfinished, createUnfinished } from './unfinished'

const at = (timeAtMs: number, tag = 0): Place => ({ mid: '', timeAtMs, tag })
const told = (of: Unfinished, base: Place): [number, number, string] => {
  const { from, order } = of.open(base, ['a', 'b'])
  return [from.timeAtMs, from.tag, order.join()]
}

test('P6: nothing is known before anything came', () => {
  expect(told(createUnfinished(), at(1000))).toEqual([1000, 0, '0,1'])
})

test('P6: what is furthest behind is listed first, and is where to go on', () => {
  const of = createUnfinished()
  of.open(at(1000), ['a', 'b']).came('A', at(9000, 7))
  expect(told(of, at(1000))).toEqual([1000, 0, '1,0'])
  const second = of.open(at(1000), ['a', 'b'])
  second.came('b', at(3000, 2))
  expect(told(of, at(1000))).toEqual([3000, 2, '1,0'])
  second.came('b', at(9000, 8))
  expect(told(of, at(1000))).toEqual([9000, 7, '0,1'])
})

test('P6: a channel that is listed before another one was replayed to its end, though it brought nothing', () => {
  const of = createUnfinished()
  of.open(at(1000), ['a', 'b']).came('b', at(2000, 3))
  expect(told(of, at(1000))).toEqual([2000, 3, '0,1'])
})

test('P6: a place that is behind what is known wins; one that is before its beginning takes it back', () => {
  const of = createUnfinished()
  of.open(at(1000), ['a', 'b']).came('b', at(2000, 3))
  expect(told(of, at(5000))).toEqual([5000, 0, '0,1'])
  expect(told(of, at(1500))).toEqual([2000, 3, '0,1'])
  expect(told(of, at(900))).toEqual([900, 0, '0,1'])
  expect(told(of, at(1000))).toEqual([1000, 0, '0,1'])
})

test('P6: messages that do not name their channel: places that run backwards are the next one, or a later one', () => {
  const of = createUnfinished()
  of.open(at(1000), ['a', 'b']).came(null, at(9000, 7))
  expect(told(of, at(1000))).toEqual([1000, 0, '1,0'])
  const second = of.open(at(1000), ['a', 'b'])
  second.came(null, at(3000, 2))
  second.came(null, at(3000, 2))
  second.came(null, at(8000, 4))
  expect(told(of, at(1000))).toEqual([8000, 4, '1,0'])
  const third = of.open(at(1000), ['a', 'b'])
  third.came(null, at(8500, 1))
  third.came(null, at(8200, 1))
  expect(told(of, at(1000))).toEqual([8500, 1, '1,0'])
})

test('P6 B3: a replay gets further with ten new places, which no other link had reached', () => {
  const of = createUnfinished()
  const furtherAt = (): number[] => {
    const link = of.open(at(1000), ['a', 'b'])
    const places = Array.from({ length: 25 }, (_, tag) => tag).filter(
      (tag) => (link.came('a', at(2000, tag)), link.came('a', at(2000, tag)), link.gotFurther()),
    )
    return [...places, ...(link.gotFurther() ? [Infinity] : [])]
  }
  // Next time the other channel is listed first: it is read to its end.
  expect([furtherAt(), furtherAt(), furtherAt()]).toEqual([[9, 19], [9, 19], []])
})

test('P6: other channels say nothing, and what is not listed any more is forgotten', () => {
  const of = createUnfinished()
  of.open(at(1000), ['a', 'b']).came('c', at(2000))
  expect(told(of, at(1000))).toEqual([1000, 0, '0,1'])
  of.open(at(1000), ['a', 'b']).came('b', at(2000))
  of.open(at(1000), ['a', 'c'])
  expect(told(of, at(1000))).toEqual([1000, 0, '1,0'])
})

test('P6: what asks from an earlier place makes what later ones bring say nothing', () => {
  const of = createUnfinished()
  const later = of.open(at(2000), ['a', 'b'])
  expect(told(of, at(1000))).toEqual([1000, 0, '0,1'])
  later.came('b', at(4000))
  expect(told(of, at(1000))).toEqual([1000, 0, '0,1'])
})
