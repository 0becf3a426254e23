import { expect, test } from 'vitest'
import { requestUrl } from './request'

test('writes parameters in the order given, after those of the base', () => {
  expect(
    requestUrl('http://push.example/sub/?a=1&b', [
      ['CHANNEL_ID', 'x'],
      ['tag', '0'],
    ]),
  ).toBe('http://push.example/sub/?a=1&b&CHANNEL_ID=x&tag=0')
  expect(requestUrl('http://push.example/sub/', [['x', '1']])).toBe('http://push.example/sub/?x=1')
})

test('writes a space as %20: push-stream replays nothing for a plus, and says nothing', () => {
  const url = requestUrl('http://push.example/sub/', [['time', 'Fri, 20 Nov 2026 09:31:06 GMT']])
  expect(url).toBe('http://push.example/sub/?time=Fri%2C%2020%20Nov%202026%2009%3A31%3A06%20GMT')
  expect(url).not.toContain('+')
})

test('leaves slashes alone only where the server does not decode them', () => {
  const parameters = [['CHANNEL_ID', 'a.s/b:c.s']] as const
  expect(requestUrl('/sub/', parameters)).toBe('/sub/?CHANNEL_ID=a.s%2Fb%3Ac.s')
  expect(requestUrl('/sub/', parameters, true)).toBe('/sub/?CHANNEL_ID=a.s/b%3Ac.s')
})

test('a parameter of the base is replaced, never given twice: that kills the Node servers', () => {
  const base = 'http://push.example/sub/?CHANNEL_ID=old&x=1&CHANNEL%5FID=older'
  expect(requestUrl(base, [['CHANNEL_ID', 'new']])).toBe('http://push.example/sub/?x=1&CHANNEL_ID=new')
})

test('a base with a fragment, an empty query or broken escapes gives a usable address', () => {
  expect(requestUrl('http://push.example/sub/?#part', [['x', '1']])).toBe('http://push.example/sub/?x=1')
  expect(requestUrl('http://push.example/sub/?%E0%A4%A=1', [['x', '1']])).toBe(
    'http://push.example/sub/?%E0%A4%A=1&x=1',
  )
})
