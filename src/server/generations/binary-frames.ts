/**
 * Owns the messages of the binary framing of Push server 2.0, written and read field by field: what goes down to a
 * client, and the requests that come up. What a request leads to is decided in client-requests.ts.
 */
import type { Sender, Stored } from '../hub'
import { bytesField, fixed32Field, numberField, readFields, textField, type Field } from '../protobuf'

export interface Receiver {
  /** Hex; anything but 32 digits is no channel id. */
  readonly id: string
  readonly isPrivate: boolean
  readonly signature: string
}

export interface IncomingMessage {
  readonly receivers: readonly Receiver[]
  readonly body: string
  /** Seconds. */
  readonly expiry: number
}

export type ClientRequest =
  | { readonly type: 'messages'; readonly messages: readonly IncomingMessage[] }
  | { readonly type: 'channel-stats'; readonly channels: readonly Receiver[] }
  | { readonly type: 'server-stats' }

export interface ChannelState {
  readonly id: string
  readonly isPrivate: boolean
  readonly isOnline: boolean
}

const SENDER_TYPES = { client: 1, backend: 2 } as const

/** One Response. `created` is told by the caller: it depends on who else listens. */
export function messagesResponse(messages: readonly Stored[], created: (message: Stored) => number): Buffer {
  return bytesField(1, bytesField(1, ...messages.map((message) => bytesField(1, outgoing(message, created(message))))))
}

export function channelStatsResponse(channels: readonly ChannelState[]): Buffer {
  const states = channels.map(({ id, isPrivate, isOnline }) =>
    bytesField(1, hexField(1, id), numberField(2, Number(isPrivate)), numberField(3, Number(isOnline))),
  )
  return bytesField(1, bytesField(2, ...states))
}

export function serverStatsResponse(json: string): Buffer {
  return bytesField(1, bytesField(3, textField(1, json)))
}

/** The first request of a RequestBatch: the real server never looks at the others. Null = wrong request data. */
export function readRequest(bytes: Buffer): ClientRequest | null {
  const batch = readFields(bytes)
  if (batch === null) return null
  // A fault behind the first request spoils the whole batch all the same: it is decoded before anything is done.
  const requests = messagesIn(batch, 1)?.map(readCommand)
  return requests === undefined || requests.includes(undefined) ? null : (requests[0] ?? null)
}

/** Null = without a command, undefined = unreadable. */
function readCommand(fields: readonly Field[]): ClientRequest | null | undefined {
  // Of a oneof the last one counts.
  const command = fields.filter((field) => field.number <= 3 && typeof field.value !== 'number').pop()
  if (command === undefined) return null
  if (command.number === 3) return { type: 'server-stats' }
  const list = readMessages(command.value, 1)
  if (command.number === 2) {
    return list === undefined ? undefined : { type: 'channel-stats', channels: list.map(readReceiver) }
  }
  const messages: IncomingMessage[] = []
  for (const each of list ?? [undefined]) {
    const receivers = each === undefined ? undefined : messagesIn(each, 1)
    if (each === undefined || receivers === undefined) return undefined
    messages.push({ receivers: receivers.map(readReceiver), body: textOf(each, 3), expiry: numberOf(each, 4) })
  }
  return { type: 'messages', messages }
}

function readReceiver(fields: readonly Field[]): Receiver {
  return { id: hexOf(fields, 1), isPrivate: numberOf(fields, 2) !== 0, signature: hexOf(fields, 3) }
}

function outgoing(message: Stored, created: number): Buffer {
  return Buffer.concat([
    hexField(1, message.mid),
    textField(2, message.body),
    numberField(3, message.expiry),
    fixed32Field(4, created),
    bytesField(5, senderBytes(message.sender)),
  ])
}

function senderBytes(sender: Sender): Buffer {
  const type = numberField(1, SENDER_TYPES[sender.type])
  return sender.type === 'client' ? Buffer.concat([type, hexField(2, sender.id)]) : type
}

function hexField(number: number, hex: string): Buffer {
  return bytesField(number, Buffer.from(hex, 'hex'))
}

function readMessages(value: number | Buffer, number: number): (readonly Field[])[] | undefined {
  const fields = typeof value === 'number' ? null : readFields(value)
  return fields === null ? undefined : messagesIn(fields, number)
}

/** Every message of a repeated field; undefined when one is unreadable. */
function messagesIn(fields: readonly Field[], number: number): (readonly Field[])[] | undefined {
  const found: (readonly Field[])[] = []
  for (const field of fields) {
    if (field.number !== number) continue
    const message = typeof field.value === 'number' ? null : readFields(field.value)
    if (message === null) return undefined
    found.push(message)
  }
  return found
}

function last(fields: readonly Field[], number: number): number | Buffer | undefined {
  return fields.filter((field) => field.number === number).pop()?.value
}

function numberOf(fields: readonly Field[], number: number): number {
  const value = last(fields, number)
  return typeof value === 'number' ? value : 0
}

function hexOf(fields: readonly Field[], number: number): string {
  const value = last(fields, number)
  return Buffer.isBuffer(value) ? value.toString('hex') : ''
}

function textOf(fields: readonly Field[], number: number): string {
  const value = last(fields, number)
  return Buffer.isBuffer(value) ? value.toString('utf8') : ''
}
