/**
 * Owns what the REST methods and controller actions of the portal answer, as data. Who asks and whether he may is
 * already known; how the answer is written is rest.ts.
 */
import { isoTime } from './portal'
import type { PortalRunner } from './portal-runner'
import type { RawConfig, RawPublicChannel } from './portal-config'
import { parseObject, type Fields } from './request-body'

/** Who asks, and what. */
export interface Call {
  /** Lower-case name of a REST method or controller action. */
  readonly name: string
  readonly fields: Fields
  readonly caller: Caller
  /** `host:port` as the page reaches the portal. */
  readonly origin: string
  readonly nowMs: number
}

export type Caller =
  | { readonly type: 'user'; readonly userId: number }
  | { readonly type: 'guest'; readonly userId: number }
  /** A REST application acting for a user. */
  | { readonly type: 'application'; readonly userId: number; readonly clientId: string }
  | { readonly type: 'nobody' }

export type Outcome =
  | { readonly type: 'result'; readonly value: unknown }
  | { readonly type: 'error'; readonly status: number; readonly code: string; readonly text: string }

type Method = (portal: PortalRunner, call: Call, userId: number) => Outcome

/** On a fresh portal the first user is its administrator. */
const ADMIN_ID = 1
/** What a visitor without a login may call. */
const FOR_GUESTS: readonly string[] = ['server.time', 'pull.config.get']

const WRONG_AUTH = error(403, 'WRONG_AUTH_TYPE', 'Current authorization type is denied for this method')
const NO_LOGIN = error(403, 'AUTHORIZE_ERROR', 'User is not authorized')
const NO_SERVER = error(500, 'SERVER_ERROR', 'Push & Pull server is not configured')

const METHODS: Readonly<Record<string, Method>> = {
  'server.time': (_portal, call) => result(isoTime(call.nowMs)),
  'pull.config.get': (portal, call, userId) =>
    call.caller.type === 'application' ? WRONG_AUTH : result(portal.config(userId, call.origin)),
  'pull.application.config.get': (portal, call, userId) =>
    call.caller.type === 'application'
      ? result(withoutTime(portal.config(userId, call.origin, call.caller.clientId)))
      : WRONG_AUTH,
  'pull.application.event.add': addEvent,
  'pull.channel.public.get': (portal, call, userId) => {
    const application = addressed(call)
    if (application === undefined) return WRONG_AUTH
    const id = toUserId(call.fields.get('user_id') ?? String(userId))
    const channel = id === null ? null : portal.publicChannel(id, application)
    return channel === null ? NO_SERVER : result(channel)
  },
  'pull.channel.public.list': (portal, call) => {
    const application = addressed(call)
    return application === undefined ? WRONG_AUTH : publicChannels(portal, call.fields.get('users'), application)
  },
  'im.call.channel.public.list': (portal, call) => publicChannels(portal, call.fields.get('users'), null),
  'pull.watch.extend': (portal, call, userId) => result(phpArray(portal.extendTags(userId, tagsOf(call.fields)))),
  // The vendor's clients call this controller by its name through REST too.
  'pull.api.user.getlastseen': lastSeen,
}

const ACTIONS: Readonly<Record<string, Method>> = {
  'pull.api.config.get': (portal, call, userId) => result(withoutTime(portal.config(userId, call.origin))),
  'pull.api.config.extendwatch': (portal, call, userId) =>
    result(phpArray(portal.extendTags(userId, tagsOf(call.fields)))),
  'pull.api.channel.getpublicids': (portal, call) => publicChannels(portal, call.fields.get('users'), null),
  'pull.api.user.getlastseen': lastSeen,
}

export function callMethod(portal: PortalRunner, call: Call): Outcome {
  const method = Object.hasOwn(METHODS, call.name) ? METHODS[call.name] : undefined
  if (method === undefined) return error(404, 'ERROR_METHOD_NOT_FOUND', 'Method not found!')
  const { caller } = call
  if (caller.type === 'nobody') return call.name === 'server.time' ? method(portal, call, 0) : NO_LOGIN
  if (caller.type === 'guest' && !FOR_GUESTS.includes(call.name)) return NO_LOGIN
  return method(portal, call, caller.userId)
}

export function callAction(portal: PortalRunner, call: Call): Outcome {
  const action = Object.hasOwn(ACTIONS, call.name) ? ACTIONS[call.name] : undefined
  if (action === undefined) return error(404, '22002', 'Could not find the action')
  const { caller } = call
  if (caller.type === 'nobody' || caller.type === 'guest') {
    return error(401, 'invalid_authentication', 'Could not authenticate the current user')
  }
  return action(portal, call, caller.userId)
}

/** Without receivers it goes to everybody who uses the application. */
function addEvent(portal: PortalRunner, call: Call, userId: number): Outcome {
  const { caller, fields } = call
  if (caller.type !== 'application') return WRONG_AUTH
  const receivers = fields.get('user_id')
  const users = receivers === undefined ? [] : toUserIds(Array.isArray(receivers) ? receivers : [receivers])
  const own = users !== null && users.every((id) => id === userId)
  if (users === null || (userId !== ADMIN_ID && !own)) {
    return error(400, 'USER_ID_ACCESS_ERROR', 'Only an administrator may send to other users')
  }
  const moduleId = fields.get('module_id') ?? 'application'
  if (typeof moduleId !== 'string' || !/^[a-z0-9._]+$/.test(moduleId)) {
    return error(400, 'MODULE_ID_ERROR', 'Module id may hold a-z, 0-9, dots and underscores')
  }
  const command = fields.get('command')
  if (typeof command !== 'string' || !/^[A-Za-z0-9_:|.-]+$/.test(command)) {
    return error(400, 'COMMAND_ERROR', 'Command may hold letters, digits and _ : | . -')
  }
  const given = fields.get('params') ?? []
  const params = typeof given === 'string' ? parseObject(given) : given
  if (typeof params !== 'object' || params === null) return error(400, 'PARAMS_ERROR', 'Params must be an object')
  const target = receivers === undefined ? { shared: true } : { users }
  portal.publish({ module_id: moduleId, command, params }, { ...target, application: caller.clientId })
  return result(true)
}

/** Whose channels are meant: null = the portal's; undefined = the caller may not ask for them. */
function addressed({ caller, fields }: Call): string | null | undefined {
  if (fields.get('application') === 'Y') return caller.type === 'application' ? caller.clientId : undefined
  return caller.type === 'application' ? undefined : null
}

function publicChannels(portal: PortalRunner, users: unknown, application: string | null): Outcome {
  const ids = toUserIds(users)
  if (ids === null) return error(400, 'INVALID_FORMAT', 'A wrong format for the USERS field is passed')
  const found: Record<string, RawPublicChannel> = {}
  for (const id of ids) {
    const channel = portal.publicChannel(id, application)
    if (channel === null) return NO_SERVER
    found[String(id)] = channel
  }
  return result(phpArray(found))
}

function lastSeen(portal: PortalRunner, { fields }: Call): Outcome {
  const ids = toUserIds(fields.get('userids'))
  return ids === null
    ? error(400, 'INVALID_FORMAT', 'A wrong format for the userIds field is passed')
    : result(phpArray(portal.lastSeen(ids)))
}

function tagsOf(fields: Fields): string[] {
  const tags = fields.get('tags')
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
}

/** Null unless all are integers. A list may come as JSON text too. */
function toUserIds(value: unknown): number[] | null {
  const list: unknown = typeof value === 'string' ? parseObject(`{"list":${value}}`)?.['list'] : value
  if (!Array.isArray(list)) return null
  const ids = list.map(toUserId)
  return ids.includes(null) ? null : ids.filter((id) => id !== null)
}

function toUserId(value: unknown): number | null {
  const id =
    typeof value === 'number' ? value : typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : NaN
  return Number.isSafeInteger(id) ? id : null
}

/** PHP writes an empty array as a list whatever was meant. */
function phpArray(value: object): object {
  return Object.keys(value).length === 0 ? [] : value
}

function withoutTime(config: RawConfig): Partial<RawConfig> {
  const copy: Partial<RawConfig> = { ...config }
  delete copy.serverTime
  return copy
}

function result(value: unknown): Outcome {
  return { type: 'result', value }
}

function error(status: number, code: string, text: string): Outcome {
  return { type: 'error', status, code, text }
}
