/** Owns a decoded message of which a test says only what matters to it. */
import type { Message } from '../../src/codec/codec'

export function messageOf(told: Partial<Message> = {}): Message {
  return {
    type: 'message',
    id: 1,
    mid: null,
    channel: null,
    tag: null,
    time: null,
    timeAtMs: null,
    body: { module_id: 'im', command: 'message' },
    sender: null,
    createdAtMs: null,
    receipt: null,
    ...told,
  }
}
