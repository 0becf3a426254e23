/**
 * Owns the HTTP side of listening: long polls (answered at once by a replay, by the first live message, or by 304) and
 * event streams. What is answered is the generation's; here it is held, written and cleaned up.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createEventBuffer } from './event-buffer'
import type { Context } from './context'
import { valueFor } from './faults'
import type { Accepted } from './generations/generation'
import { httpDate } from './generations/generation'
import { writeAnswer } from './http-answer'
import type { Stored } from './hub'
import { readQuery } from './query'

export interface HttpSubscriber {
  serve(kind: 'sse' | 'long-polling', request: IncomingMessage, response: ServerResponse): void
}

export function createHttpSubscriber(context: Context): HttpSubscriber {
  const { generation, connections, faults, settings } = context

  function poll(response: ServerResponse, accepted: Accepted): void {
    let answered = false
    let leave = (): void => {}
    let paused = false
    const hold = setTimeout(() => {
      finish(() => {
        const headers = { Date: httpDate(context.nowMs()), ...generation.heldHeaders(accepted, context.nowMs()) }
        response.writeHead(304, headers).end()
      })
    }, settings.pollHoldMs)

    function finish(answer: () => void): void {
      if (answered || paused) return
      answered = true
      clearTimeout(hold)
      leave()
      answer()
    }

    function answer(messages: readonly Stored[], replay: boolean): void {
      finish(() => {
        const nowMs = context.nowMs()
        const writing = { framing: accepted.framing, replay, nowMs }
        response.writeHead(200, { Date: httpDate(nowMs), ...generation.pollHeaders(messages, writing) })
        const chunks = generation.pollChunks(messages, writing)
        const cutAfter = valueFor(faults.current.closeAfterFrames, 'long-polling')
        const last = cutAfter > 0 ? Math.min(cutAfter, chunks.length) : chunks.length
        const drop = (): void => void response.socket?.destroy()
        response.cork()
        for (const [index, chunk] of chunks.slice(0, last).entries()) {
          response.write(chunk, cutAfter > 0 && index === last - 1 ? drop : undefined)
        }
        if (cutAfter === 0) response.end()
        response.uncork()
      })
    }

    response.on('close', () => {
      answered = true
      clearTimeout(hold)
      leave()
    })
    if (accepted.replay.length > 0) {
      // Late as everything else is, if the faults say so; a waiting poll is made late by its connection.
      delayed(response, () => answer(accepted.replay, true))
      return
    }
    const destroy = (): void => void response.socket?.destroy()
    leave = connections.add({
      kind: 'long-polling',
      channels: accepted.channels,
      limited: accepted.limited,
      framing: accepted.framing,
      send: (message) => answer([message], false),
      end: () => finish(() => response.writeHead(304, generation.heldHeaders(accepted, context.nowMs())).end()),
      evict: () => finish(() => writeAnswer(response, generation.crowded.answer, context.nowMs())),
      destroy,
      pause: (value) => {
        paused = value
      },
    }).leave
    if (answered) leave()
  }

  function stream(response: ServerResponse, accepted: Accepted, buffered: boolean): void {
    const { headers, hello, ping } = generation.eventHead
    response.writeHead(200, { Date: httpDate(context.nowMs()), ...headers })
    const out = createEventBuffer(response, buffered)
    let paused = false
    const pinging = setInterval(() => {
      if (!paused) out.write(ping)
    }, settings.pingIntervalMs)
    let framesLeft = valueFor(faults.current.closeAfterFrames, 'sse') || Infinity
    const send = (message: Stored): void => {
      framesLeft -= 1
      if (framesLeft < 0) return
      const chunks = generation.eventChunks(message)
      if (framesLeft > 0) for (const chunk of chunks) out.write(chunk)
      else response.write(chunks.join(''), () => void response.socket?.destroy())
      pinging.refresh()
    }
    out.write(hello)
    for (const message of accepted.replay) send(message)
    const { leave } = connections.add({
      kind: 'sse',
      channels: accepted.channels,
      limited: accepted.limited,
      framing: accepted.framing,
      send,
      end: () => response.end(),
      evict: () => response.end(),
      destroy: () => void response.socket?.destroy(),
      pause: (value) => {
        paused = value
      },
    })
    const echo = valueFor(faults.current.replayEcho, 'sse')
    for (const message of echo > 0 ? accepted.replay.slice(-echo) : []) send(message)
    response.on('close', () => {
      clearInterval(pinging)
      leave()
    })
  }

  function delayed(response: ServerResponse, run: () => void): void {
    const ms = valueFor(faults.current.slowMs, 'long-polling')
    if (ms === 0) {
      run()
      return
    }
    const timer = setTimeout(run, ms)
    response.on('close', () => clearTimeout(timer))
  }

  return {
    serve(kind, request, response) {
      const fault = faults.take(kind)
      if (fault.type === 'hang') return
      if (fault.type === 'answer') {
        writeAnswer(response, { status: fault.status, headers: {}, body: fault.body ?? '' }, context.nowMs())
        return
      }
      const ask = { kind, query: readQuery(request.url ?? '/'), headers: request.headers, nowMs: context.nowMs() }
      const admission = generation.admit(context.hub(), ask)
      if (admission.type === 'refused') writeAnswer(response, admission.answer, context.nowMs())
      else if (kind === 'sse') stream(response, admission, fault.type === 'buffer')
      else poll(response, admission)
    },
  }
}
