/**
 * Owns the HTTP control of the development server, for the demo page and for other processes: POST /bx-pull/control
 * and GET /bx-pull/state. Anybody who reaches the port may use it, which is one reason this is no production server.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CutOptions, StallOptions } from './fault-control'
import type { PullServer } from './server'
import { parseObject, readBody } from './request-body'
import { allowEveryOrigin } from './rest'

export const CONTROL_PATH = '/bx-pull/control'
export const STATE_PATH = '/bx-pull/state'

type Fields = Record<string, unknown>

/** Actions of `POST /bx-pull/control`; the other fields of the JSON are their arguments. */
const ACTIONS: Record<string, (server: PullServer, fields: Fields) => unknown> = {
  publish: (server, fields) => {
    const target = isObject(fields.to) ? fields.to : {}
    if (typeof fields.body === 'string') return server.publishRaw(fields.body, target)
    const message = isObject(fields.message) ? fields.message : fields
    const { module_id, command, params, extra, user_params, dictionary } = message
    if (typeof module_id !== 'string' || typeof command !== 'string') return 'module_id and command must be texts'
    const parts = {
      ...(isObject(extra) ? { extra } : {}),
      ...(isObject(user_params) ? { user_params: user_params as Record<string, object> } : {}),
      ...(isObject(dictionary) ? { dictionary } : {}),
    }
    return server.publish({ module_id, command, params, ...parts }, target)
  },
  cut: (server, fields) => ({ connections: server.faults.cut(fields as CutOptions) }),
  stall: (server, fields) => ({ connections: server.faults.stall(fields as StallOptions) }),
  faults: (server, fields) => server.faults.set(isObject(fields.set) ? fields.set : withoutAction(fields)),
  clear: (server) => server.faults.clear(),
  restart: (server, fields) => {
    // Answered first: the restart cuts this request's connection as well.
    setTimeout(() => void server.restart(fields as { downMs?: number; keepHistory?: boolean }), 20)
  },
  'expire-channel': (server, fields) => server.expireChannel(typeOf(fields), userOf(fields)),
  'delete-channel': (server, fields) => server.deleteChannel(typeOf(fields), userOf(fields)),
  'expire-config': (server) => server.expireConfig(),
  'watch-tag': (server, fields) => {
    if (typeof fields.tag !== 'string') return 'tag must be a text'
    return fields.remove === true
      ? server.watchTags.delete(userOf(fields), fields.tag)
      : server.watchTags.add(userOf(fields), fields.tag)
  },
  'lose-storage': (server) => server.loseStorage(),
  'announce-restart': (server) => server.announceRestart(),
}

export async function serveControl(
  server: PullServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  allowEveryOrigin(request, response)
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end()
    return
  }
  const fields = parseObject((await readBody(request)) ?? '')
  if (fields === null) return reply(response, 400, { error: 'send a JSON object with an action' })
  const action = ACTIONS[String(fields.action)]
  if (action === undefined) {
    return reply(response, 400, { error: `no such action; choose one of ${Object.keys(ACTIONS).join(', ')}` })
  }
  const outcome = action(server, withoutAction(fields))
  if (typeof outcome === 'string') return reply(response, 400, { error: outcome })
  reply(response, 200, { ok: true, ...(isObject(outcome) ? outcome : {}) })
}

export function serveState(server: PullServer, request: IncomingMessage, response: ServerResponse): void {
  allowEveryOrigin(request, response)
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end()
    return
  }
  const counts: Record<string, number> = {}
  for (const record of server.log) counts[record.kind] = (counts[record.kind] ?? 0) + 1
  const connections = server.connections()
  reply(response, 200, { version: server.version, connections, faults: server.faults.current, requests: counts })
}

function reply(response: ServerResponse, status: number, value: object): void {
  if (response.destroyed) return
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(value))
}

function withoutAction(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'action'))
}

function typeOf(fields: Fields): 'private' | 'shared' {
  return fields.type === 'shared' ? 'shared' : 'private'
}

function userOf(fields: Fields): number {
  return typeof fields.userId === 'number' ? fields.userId : 1
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
