/** Owns what both HTTP transports share: how the queue server is asked, and what a refusal of it means. */
import { type Loss, lossFromStatus } from '../core/loss'
import type { Clock, FetchLike } from '../platform/platform'
import { encodeForm } from '../portal/form'
import type { TransportDeps } from './transport'

/** One request to the queue server. An event-stream request that is answered as a poll lives on as the first poll. */
export interface HttpRequest {
  readonly startedAtMs: number
  readonly abort: AbortController
  response?: Response
}

export function startRequest(clock: Clock): HttpRequest {
  return { startedAtMs: clock.now(), abort: new AbortController() }
}

/** Throws in a runtime without `fetch`: callers treat it like every other way not to get an answer. */
export function ask(
  { address, fetch }: TransportDeps,
  phase: 'first' | 'next',
  { abort }: HttpRequest,
  accept?: Readonly<Record<string, string>>,
): Promise<Response> {
  const { url, headers, form } = address(phase)
  return (fetch as FetchLike)(url, {
    headers: Object.assign({}, headers, accept, form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
    ...(form && { method: 'POST', body: encodeForm(form) }),
    signal: abort.signal,
    // A cache would answer the same empty poll for ever.
    cache: 'no-store',
    // Credentials stay with their own origin: servers answer `*`.
    credentials: 'same-origin',
  })
}

/**
 * Hands over a body as text while it comes, until it ends or nobody wants it any more. Fails where it breaks off. The
 * decoder streams: a character may be split over two chunks.
 */
export async function readText(
  body: ReadableStream<Uint8Array>,
  isOver: () => boolean,
  piece: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  while (!isOver()) {
    const { done, value } = await reader.read()
    if (done || isOver()) return
    piece(decoder.decode(value, { stream: true }))
  }
}

export function refusal({ status, headers }: Response, body: string): Loss {
  return lossFromStatus(status, body, headers.get('Retry-After'))
}
