/**
 * Owns how the server's tests read and write its binary framing: the vendor's model, through protobufjs. It shares no
 * line with the server's own reader and writer.
 */
import protobuf from 'protobufjs'

const MODEL = `
syntax = "proto3";
message RequestBatch { repeated Request requests = 1; }
message Request { oneof command { IncomingMessagesRequest incomingMessages = 1; ChannelStatsRequest channelStats = 2;
  ServerStatsRequest serverStats = 3; } }
message IncomingMessagesRequest { repeated IncomingMessage messages = 1; }
message IncomingMessage { repeated ChannelId receivers = 1; Sender sender = 2; string body = 3; uint32 expiry = 4;
  string type = 5; }
message ChannelId { bytes id = 1; bool isPrivate = 2; bytes signature = 3; }
message ChannelStatsRequest { repeated ChannelId channels = 1; }
message ServerStatsRequest {}
message ResponseBatch { repeated Response responses = 1; }
message Response { oneof command { OutgoingMessagesResponse outgoingMessages = 1; ChannelStatsResponse channelStats = 2;
  JsonResponse serverStats = 3; } }
message OutgoingMessagesResponse { repeated OutgoingMessage messages = 1; }
message OutgoingMessage { bytes id = 1; string body = 2; uint32 expiry = 3; fixed32 created = 4; Sender sender = 5; }
message ChannelStatsResponse { repeated ChannelStats channels = 1; }
message ChannelStats { bytes id = 1; bool isPrivate = 2; bool isOnline = 3; }
message JsonResponse { string json = 1; }
message Sender { int32 type = 1; bytes id = 2; }`

export interface Outgoing {
  readonly id: string
  readonly body: string
  readonly expiry: number
  readonly created: number
  readonly sender: { readonly type: number; readonly id?: string }
}

/** A Response as the recordings show it: ids in hex, and what is 0 or false told, for it is on the wire. */
export interface Response {
  readonly outgoingMessages?: { readonly messages: readonly Outgoing[] }
  readonly channelStats?: { readonly channels: readonly { id: string; isPrivate: boolean; isOnline: boolean }[] }
  readonly serverStats?: { readonly json: string }
}

export interface Target {
  readonly id: string
  readonly signature?: string
  readonly isPrivate?: boolean
}

const root = protobuf.parse(MODEL).root

export function decodeBatch(bytes: Buffer): Response[] {
  const type = root.lookupType('ResponseBatch')
  const plain: unknown = type.toObject(type.decode(bytes), { bytes: Buffer })
  const text = JSON.stringify(plain, (name, value: unknown) => {
    if (isBuffer(value)) return Buffer.from(value.data).toString('hex')
    // protobufjs forgets defaults.
    if (name === 'messages') return (value as object[]).map((each) => ({ expiry: 0, ...each }))
    return name === 'channels'
      ? (value as object[]).map((each) => ({ isPrivate: false, isOnline: false, ...each }))
      : value
  })
  return (JSON.parse(text) as { responses?: Response[] }).responses ?? []
}

export function messagesOf(frames: readonly string[]): Outgoing[] {
  return frames
    .flatMap((frame) => decodeBatch(Buffer.from(frame, 'base64')))
    .flatMap((each) => each.outgoingMessages?.messages ?? [])
}

/** A RequestBatch of one request that publishes. */
export function publishing(messages: readonly { to: readonly Target[]; body: string; expiry?: number }[]): Buffer {
  const list = messages.map(({ to, body, expiry = 0 }) => ({ receivers: to.map(channelId), body, expiry }))
  return encode([{ incomingMessages: { messages: list } }])
}

export function askingForStats(targets: readonly Target[]): Buffer {
  return encode([{ channelStats: { channels: targets.map(channelId) } }])
}

function encode(requests: readonly object[]): Buffer {
  const type = root.lookupType('RequestBatch')
  return Buffer.from(type.encode(type.fromObject({ requests })).finish())
}

function channelId({ id, signature = '', isPrivate = false }: Target): object {
  return { id: Buffer.from(id, 'hex'), signature: Buffer.from(signature, 'hex'), isPrivate }
}

function isBuffer(value: unknown): value is { data: number[] } {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
}
