import { expect, test } from 'vitest'
import { commonShare, sharesOf } from './portal-merge'

const message = {
  module_id: 'im',
  command: 'x',
  params: { a: 'params', b: 'params', c: 'params' },
  dictionary: { b: 'dictionary', c: 'dictionary' },
  user_params: { 1: { c: 'user 1' }, 2: { c: 'user 2' } },
}

test('below version 5 the portal merges: dictionary, then the part of the user, who gets a message of his own', () => {
  const base = { a: 'params', b: 'dictionary' }
  expect(sharesOf(message, [1, 2, 3], 4)).toEqual([
    { users: [1], params: { ...base, c: 'user 1' } },
    { users: [2], params: { ...base, c: 'user 2' } },
    { users: [3], params: { ...base, c: 'dictionary' } },
  ])
  expect(commonShare(message, 2)).toEqual({ params: { ...base, c: 'dictionary' } })
})

test('from version 5 on the client merges: everybody gets no more than his own part', () => {
  const { params, dictionary } = message
  expect(sharesOf(message, [1, 3, 4], 5)).toEqual([
    { users: [3, 4], params, userParams: undefined, dictionary },
    { users: [1], params, userParams: { c: 'user 1' }, dictionary },
  ])
})

test('without parts it is one message, and its params stay what they are', () => {
  const plain = { module_id: 'im', command: 'x', params: [1] }
  expect(sharesOf(plain, [1, 2], 3)).toEqual([{ users: [1, 2], params: [1] }])
  expect(sharesOf(plain, [], 3)).toEqual([])
  expect(sharesOf({ ...message, params: undefined, user_params: {} }, [9], 3)).toEqual([
    { users: [9], params: { b: 'dictionary', c: 'dictionary' } },
  ])
})
