/**
 * Owns how the facade asks the portal: through the REST client it was given, that of the portal's core, or by itself.
 * Methods may have other names, and public channels may be known already.
 */
import { type RestClient, applicationPortal } from '../../portal/application-portal'
import { toRecord } from '../../portal/foreign-value'
import { httpPortal } from '../../portal/http-portal'
import type { Portal, PortalMethod } from '../../portal/portal'
import { openAnswer } from '../../portal/answer'
import type { Core } from './core'
import type { LegacyOptions } from './legacy-types'

export interface PortalAccess {
  readonly portal: Portal
  /** Public channels that need no asking. Each serves once: the client remembers it until it ends. */
  know(channels: readonly unknown[]): void
}

/** `BX.RestClient` takes more: a callback of sending, and a tag for the access log. */
interface LoggingRestClient extends RestClient {
  callMethod(method: string, params?: object, done?: (result: unknown) => void, ...more: unknown[]): unknown
}

const LIST = 'pull.channel.public.list'

export function createPortalAccess(
  options: LegacyOptions,
  core: Core,
  guestId: () => string | number | undefined,
): PortalAccess {
  const { restApplication } = options
  const configMethod = options.configGetMethod || `pull.${restApplication ? 'application.' : ''}config.get`
  const known = new Map<number, unknown>()
  let http: Portal | null = null
  let rest = options.restClient as LoggingRestClient | undefined

  const renamed = (method: string): string =>
    (method === LIST && options.getPublicListMethod) || (/config\.get$/.test(method) ? configMethod : method)

  const ask: Portal = (call) => {
    const { RestClient } = core.bx
    // The portal's own client says who a guest is by itself, if it is told.
    const queryParams = guestId() ? { pull_guest_id: guestId() } : undefined
    if (!rest && !http && RestClient) rest = new RestClient({ queryParams })
    const found = rest
    if (found) {
      return applicationPortal({
        callMethod(method, given, done) {
          // What is added for applications is for them alone.
          const params = restApplication ? given : call.params
          return found.callMethod(renamed(method), params, done, undefined, call.logTag)
        },
      })(call)
    }
    http =
      http ||
      httpPortal({
        url: `/rest/${configMethod}.json`,
        sessid: () => core.bx.bitrix_sessid && core.bx.bitrix_sessid(),
        guestUserId: guestId(),
      })
    return http({
      ...call,
      method: (call.method === 'pull.config.get' ? call.method : renamed(call.method)) as PortalMethod,
    })
  }

  async function list(call: Parameters<Portal>[0]): Promise<unknown> {
    const users = call.params['USERS'] as number[]
    const answer: Record<number, unknown> = {}
    const missing = users.filter((user) => !known.has(user))
    // Methods beside those of the push module heed the case.
    if (missing.length) Object.assign(answer, openAnswer(await ask({ ...call, params: { users: missing } }))[0])
    users.forEach((user) => {
      if (known.has(user)) answer[user] = known.get(user)
      known.delete(user)
    })
    return answer
  }

  return {
    portal: (call) => (call.method === LIST ? list(call) : ask(call)),
    know: (channels) => channels.forEach((channel) => known.set(Number(toRecord(channel)['user_id']), channel)),
  }
}
