/**
 * Owns the portal's addresses: REST methods, controller actions and PHP polling, open to every origin; who the caller
 * is, the session id, and their faults. Whoever asks is the user he says he is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from './context'
import { phpCall } from './php-polling'
import { phpLiteral } from './php-literal'
import { isoTime } from './portal'
import { PHP_POLLING_PATH } from './portal-config'
import type { PortalRunner } from './portal-runner'
import { readBody, readFields, type Fields } from './request-body'
import { callAction, callMethod, type Call, type Caller, type Outcome } from './rest-methods'

export const CONFIG_PATH = '/rest/pull.config.get.json'
const AJAX_PATH = '/bitrix/services/main/ajax.php'

type Door = 'rest' | 'action' | 'php'

export interface Rest {
  /** False when the request is not for the portal. `named` is told which method is called. */
  serve(request: IncomingMessage, response: ServerResponse, named: (call: string) => void): boolean
}

export function createRest(context: Context, portal: PortalRunner, ownOrigin: () => string): Rest {
  const { faults, settings } = context

  async function answer(door: Door, request: IncomingMessage, response: ServerResponse, named: (call: string) => void) {
    const body = (await readBody(request)) ?? ''
    const url = request.url ?? '/'
    const fields = readFields(url, request.headers['content-type'] ?? '', body)
    const name = door === 'php' ? (phpCall(fields) ?? '') : nameOf(door, url, fields)
    named(name)
    if (sabotaged(name, response)) return
    const caller = callerOf(fields)
    if (caller === null) {
      reply(response, 400, { error: 'ERROR_ARGUMENT', error_description: 'userId must be an integer' })
      return
    }
    const startAtMs = context.nowMs()
    // The page's own way here: behind a proxy the addresses must lead through the proxy again.
    const origin = request.headers.host ?? ownOrigin()
    const call: Call = { name, fields, caller, origin, nowMs: startAtMs }
    const strange = request.method === 'POST' && isForged(request, fields, caller)
    switch (door) {
      case 'php': {
        const userId = caller.type === 'nobody' ? null : caller.userId
        const ask = { fields, userId, sessid: sessid(), nowMs: startAtMs }
        response.writeHead(200, { 'Content-Type': 'application/x-javascript; charset=UTF-8' })
        response.end(phpLiteral(portal.php(ask, origin)))
        return
      }
      case 'rest': {
        const refusal = { error: 'session_failed', error_description: 'Sessid check failed', sessid: sessid() }
        if (strange) reply(response, 401, refusal)
        else writeRest(response, callMethod(portal, call), startAtMs)
        return
      }
      case 'action': {
        const csrf = sessid()
        const errors = [{ message: 'Invalid csrf token', code: 'invalid_csrf', customData: { csrf } }]
        if (strange) reply(response, 401, { status: 'error', data: null, errors })
        else writeAction(response, callAction(portal, call))
        return
      }
      default:
        door satisfies never
    }
  }

  /** Null = not checked. */
  function sessid(): string | null {
    return faults.current.sessid ?? settings.sessid
  }

  /** True when a fault has taken care of the request. */
  function sabotaged(name: string, response: ServerResponse): boolean {
    const { rest } = faults.current
    if (rest !== undefined && (rest.method === undefined || rest.method.toLowerCase() === name.toLowerCase())) {
      if (rest.times === undefined || rest.times > 0) {
        if (rest.times !== undefined) faults.set({ rest: { ...rest, times: rest.times - 1 } })
        reply(response, rest.status, rest.body ?? faultBody(rest.status))
        return true
      }
    }
    const fault = name === 'pull.config.get' ? faults.take('config') : null
    if (fault?.type === 'answer') reply(response, fault.status, fault.body ?? faultBody(fault.status))
    return fault?.type === 'hang' || fault?.type === 'answer'
  }

  /** Null for a user id that is none. */
  function callerOf(fields: Fields): Caller | null {
    const guest = fields.get('pull_guest_id')
    const given = guest ?? fields.get('userid')
    const application = fields.get('auth')
    if (given === undefined && settings.login === 'required') return { type: 'nobody' }
    const userId = Number(given ?? '1')
    if (!Number.isInteger(userId) || userId === 0) return null
    if (guest !== undefined) return { type: 'guest', userId }
    if (typeof application === 'string') return { type: 'application', userId, clientId: application }
    return { type: 'user', userId }
  }

  /** Guests and applications prove themselves otherwise. */
  function isForged(request: IncomingMessage, fields: Fields, caller: Caller): boolean {
    const right = sessid()
    if (right === null || caller.type === 'guest' || caller.type === 'application') return false
    return fields.get('sessid') !== right && request.headers['x-bitrix-csrf-token'] !== right
  }

  function writeRest(response: ServerResponse, outcome: Outcome, startAtMs: number): void {
    if (outcome.type === 'error') {
      reply(response, outcome.status, { error: outcome.code, error_description: outcome.text })
      return
    }
    const endAtMs = context.nowMs()
    const time = {
      start: startAtMs / 1000,
      finish: endAtMs / 1000,
      duration: (endAtMs - startAtMs) / 1000,
      processing: 0,
      date_start: isoTime(startAtMs),
      date_finish: isoTime(endAtMs),
    }
    reply(response, 200, { result: outcome.value, time })
  }

  return {
    serve(request, response, named) {
      const path = (request.url ?? '/').split('?', 1)[0]!
      const door = doorOf(path)
      if (door === null) return false
      allowEveryOrigin(request, response)
      const delayMs = path === CONFIG_PATH ? (faults.current.config?.delayMs ?? 0) : 0
      if (request.method === 'OPTIONS') response.writeHead(204).end()
      else if (delayMs === 0) void answer(door, request, response, named)
      else {
        const timer = setTimeout(() => void answer(door, request, response, named), delayMs)
        response.on('close', () => clearTimeout(timer))
      }
      return true
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

export function doorOf(path: string): Door | null {
  if (/^\/rest\/[\w.]+?(\.json)?$/.test(path)) return 'rest'
  if (path === AJAX_PATH) return 'action'
  return path === PHP_POLLING_PATH ? 'php' : null
}

function nameOf(door: 'rest' | 'action', url: string, fields: Fields): string {
  if (door === 'action') return String(fields.get('action') ?? '').toLowerCase()
  return url
    .split('?', 1)[0]!
    .replace(/^\/rest\/|\.json$/g, '')
    .toLowerCase()
}

function writeAction(response: ServerResponse, outcome: Outcome): void {
  if (outcome.type === 'result') reply(response, 200, { status: 'success', data: outcome.value, errors: [] })
  else {
    const errors = [{ message: outcome.text, code: outcome.code, customData: null }]
    reply(response, outcome.status, { status: 'error', data: null, errors })
  }
}

function faultBody(status: number): object {
  return { error: `FAULT_${status}`, error_description: 'asked for by the faults of the local server' }
}

function reply(response: ServerResponse, status: number, body: object | string): void {
  if (response.destroyed) return
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
