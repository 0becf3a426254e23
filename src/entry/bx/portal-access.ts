/**
 * Owns how the facade asks the portal: through the REST client it was given, that of the portal's core, or by itself.
 * Methods may have other names, and public channels may be known already.
 */
import { openAnswer } from '../../portal/answer'
import { type RestClient, applicationPortal } from '../../portal/application-portal'
import { toRecord } from '../../portal/foreign-value'
import { httpPortal } from '../../portal/http-portal'
import type { Portal, PortalMethod } from '../../portal/portal'
import type { Core } from './core'
import type { LegacyOptions } from './legacy-types'

export interface PortalAccess {
  readonly portal: Portal
  /** Public channels that need no asking. Each serves once: the client remembers it until it ends. */
  know(channels: readonly unknown[]): void
}

const LIST = 'pull.channel.public.list'

export function createPortalAccess(
  options: LegacyOptions,
  core: Core,
  guestId: () => string | number | undefined,
): PortalAccess {
  const { restApplication } = options
  const names: Partial<Record<PortalMethod, string | undefined>> = {
    'pull.config.get': options.configGetMethod || (restApplication ? 'pull.application.config.get' : undefined),
    [LIST]: options.getPublicListMethod,
  }
  const known = new Map<number, unknown>()
  let ask = options.restClient && throughClient(options.restClient)

  function renamed(call: Parameters<Portal>[0]): Promise<unknown> {
    const { RestClient, bitrix_sessid: sessid } = core.bx
    const guestUserId = guestId()
    ask =
      ask ||
      (RestClient
        ? // It says by itself who a guest is, if it is told.
          throughClient(new RestClient({ queryParams: guestUserId && { pull_guest_id: guestUserId } }))
        : httpPortal({ url: '/rest/pull.config.get.json', sessid, guestUserId }))
    return ask({ ...call, method: (names[call.method] || call.method) as PortalMethod })
  }

  async function list(call: Parameters<Portal>[0]): Promise<unknown> {
    const answer: Record<number, unknown> = {}
    const users = (call.params['USERS'] as number[]).filter((user) => {
      if (known.has(user)) answer[user] = known.get(user)
      return !known.delete(user)
    })
    // Methods beside those of the push module heed the case.
    const params = restApplication ? { users, APPLICATION: 'Y' } : { users }
    return users.length ? { ...answer, ...toRecord(openAnswer(await renamed({ ...call, params }))[0]) } : answer
  }

  return {
    portal: (call) => (call.method === LIST ? list(call) : renamed(call)),
    know: (channels) => channels.forEach((channel) => known.set(Number(toRecord(channel)['user_id']), channel)),
  }
}

/** `BX.RestClient` takes more than others: a callback of sending, and a tag for the access log. */
function throughClient(client: RestClient): Portal {
  return (call) =>
    applicationPortal({
      callMethod: (_method, _params, done) =>
        (client as LoggingRestClient).callMethod(call.method, call.params, done, undefined, call.logTag),
    })(call)
}

interface LoggingRestClient {
  callMethod(method: string, params: object, done: unknown, sent: undefined, logTag: string | undefined): unknown
}
