import { expect, test } from 'vitest'
import { encodeForm } from './form'

test.each<[Record<string, unknown>, string]>([
  [{}, ''],
  [{ CACHE: 'N', n: 0, minus: -1 }, 'CACHE=N&n=0&minus=-1'],
  [{ tags: ['a', 'b c'], users: [1] }, 'tags[0]=a&tags[1]=b%20c&users[0]=1'],
  [{ deep: { 'a[': [{ b: 1 }] } }, 'deep[a%5B][0][b]=1'],
  [{ a: undefined, b: null, c: '', d: [], e: {} }, ''],
  [{ yes: true, no: false }, 'yes=1&no=0'],
  [{ 'a&b=c': 'd+e&f' }, 'a%26b%3Dc=d%2Be%26f'],
  [{ text: 'Привет' }, 'text=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82'],
])('%j', (values, expected) => expect(encodeForm(values)).toBe(expected))
