/**
 * Owns the REST call `pull.config.get` of the development server, open to every origin, and its faults. Whoever asks is
 * the user he says he is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from './context'
import type { PortalRunner } from './portal-runner'
import { isoTime } from './portal'
import { readBody, readParams } from './request-body'

export const CONFIG_PATH = '/rest/pull.config.get.json'

export interface Rest {
  serveConfig(request: IncomingMessage, response: ServerResponse): void
}

export function createRest(context: Context, portal: PortalRunner, ownOrigin: () => string): Rest {
  const { faults } = context

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readBody(request)) ?? ''
    const params = readParams(request.url ?? '/', request.headers['content-type'] ?? '', body)
    const fault = faults.take('config')
    if (fault.type === 'hang') return
    if (fault.type === 'answer') {
      const error = { error: `FAULT_${fault.status}`, error_description: 'asked for by the faults of the local server' }
      reply(response, fault.status, fault.body ?? JSON.stringify(error))
      return
    }
    const userId = Number(params.get('userid') ?? params.get('user_id') ?? '1')
    if (!Number.isInteger(userId)) {
      reply(response, 400, JSON.stringify({ error: 'ERROR_ARGUMENT', error_description: 'userId must be an integer' }))
      return
    }
    const startAtMs = context.nowMs()
    // The page's own way here: behind a proxy the addresses must lead through the proxy again.
    const result = portal.config(userId, request.headers.host ?? ownOrigin())
    const endAtMs = context.nowMs()
    const time = {
      start: startAtMs / 1000,
      finish: endAtMs / 1000,
      duration: (endAtMs - startAtMs) / 1000,
      processing: 0,
      date_start: isoTime(startAtMs),
      date_finish: isoTime(endAtMs),
    }
    reply(response, 200, JSON.stringify({ result, time }))
  }

  return {
    serveConfig(request, response) {
      allowEveryOrigin(request, response)
      if (request.method === 'OPTIONS') {
        response.writeHead(204).end()
        return
      }
      const delayMs = faults.current.config?.delayMs ?? 0
      if (delayMs === 0) {
        void answer(request, response)
        return
      }
      const timer = setTimeout(() => void answer(request, response), delayMs)
      response.on('close', () => clearTimeout(timer))
    },
  }
}

/** Cookies may come along, so the origin is named and not `*`. */
export function allowEveryOrigin(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*')
  response.setHeader('Vary', 'Origin')
  if (request.headers.origin !== undefined) response.setHeader('Access-Control-Allow-Credentials', 'true')
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, OPTIONS')
  const asked = request.headers['access-control-request-headers']
  if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked)
}

function reply(response: ServerResponse, status: number, body: string): void {
  if (response.destroyed) return
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(body)
}
