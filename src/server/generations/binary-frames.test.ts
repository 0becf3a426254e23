/** The server's frames byte for byte against vectors made with the vendor's model, and its reader against theirs. */
import { expect, test } from 'vitest'
import type { Sender, Stored } from '../hub'
import { channelStatsResponse, messagesResponse, readRequest } from './binary-frames'

const BODY = '{"module_id":"im","command":"test","params":{"n":1},"extra":{}}'
const PUBLIC = 'abe9e6964532000ab8b7acf092ba627b'

function stored(last: string, sender: Sender, expiry: number): Stored {
  const mid = `160000000000000000000000${last}`
  const id = Number(last)
  const rest = { channel: '', tag: 0, createdAtMs: 0, expiresAtMs: 0, eventId: null, eventType: null }
  return { ...rest, id, mid, body: BODY, expiry, sender, userParams: null, dictionary: null }
}

test('a message of the portal', () => {
  expect(messagesResponse([stored('42', { type: 'backend' }, 86_400)], () => 1_600_000_000).toString('hex')).toBe(
    '0a610a5f0a5d0a0d16000000000000000000000042123f7b226d6f64756c655f6964223a22696d222c22636f6d6d616e64223a2274657374222c22706172616d73223a7b226e223a317d2c226578747261223a7b7d7d1880a3052500105e5f2a020802',
  )
})

test('a message of a client, not stored: its 0 is written', () => {
  const sender: Sender = { type: 'client', id: PUBLIC }
  expect(messagesResponse([stored('43', sender, 0)], () => 1_600_000_001).toString('hex')).toBe(
    '0a710a6f0a6d0a0d16000000000000000000000043123f7b226d6f64756c655f6964223a22696d222c22636f6d6d616e64223a2274657374222c22706172616d73223a7b226e223a317d2c226578747261223a7b7d7d18002501105e5f2a1408011210abe9e6964532000ab8b7acf092ba627b',
  )
})

test('channel statistics', () => {
  const states = [{ id: PUBLIC, isPrivate: false, isOnline: true }]
  expect(channelStatsResponse(states).toString('hex')).toBe('0a1a12180a160a10abe9e6964532000ab8b7acf092ba627b10001801')
})

test('a request to publish', () => {
  const hex =
    '0a7b0a790a770a280a10abe9e6964532000ab8b7acf092ba627b1a14057ac8625ae4ac0da4ed093a19950f9dab7e29d01a497b226d6f64756c655f6964223a22696d222c22636f6d6d616e64223a22737461727457726974696e67222c22706172616d73223a7b226469616c6f674964223a226368617431227d7d2000'
  expect(readRequest(Buffer.from(hex, 'hex'))).toEqual({
    type: 'messages',
    messages: [
      {
        receivers: [{ id: PUBLIC, isPrivate: false, signature: '057ac8625ae4ac0da4ed093a19950f9dab7e29d0' }],
        body: '{"module_id":"im","command":"startWriting","params":{"dialogId":"chat1"}}',
        expiry: 0,
      },
    ],
  })
})

test.each([
  ['empty', ''],
  ['a request without a command', '0a00'],
  ['garbage behind a good request', '0a020a00ff'],
  ['a second request that is garbage', '0a020a000a030a01ff'],
])('refused: %s', (_name, hex) => {
  expect(readRequest(Buffer.from(hex, 'hex'))).toBeNull()
})

test('an empty list of messages is a request', () => {
  expect(readRequest(Buffer.from('0a020a00', 'hex'))).toEqual({ type: 'messages', messages: [] })
})
