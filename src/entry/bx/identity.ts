/** Owns who the client is: what the page's code says first, then what the portal printed. Asked anew each time. */
import { isNotOff, isOn } from '../../portal/foreign-value'
import type { Core } from './core'
import type { LegacyOptions } from './legacy-types'

export interface Identity {
  /** `undefined` for whoever is no guest. */
  guestId(): string | number | undefined
  userId(): unknown
  siteId(): unknown
  /** Whether page or portal say that there is no push server. `hasConfig`: the page printed a configuration. */
  isDisabled(hasConfig: boolean): boolean
}

export function createIdentity(options: LegacyOptions, core: Core): Identity {
  const { restApplication } = options
  const guestId = (): string | number | undefined => {
    const { guestMode = core.message('pull_guest_mode'), guestUserId = core.message('pull_guest_user_id') } = options
    return isOn(guestMode) ? (guestUserId as number) : undefined
  }
  return {
    guestId,
    userId: () => guestId() || options.userId || core.message('USER_ID') || 0,
    siteId: () => options.siteId || (restApplication !== true && restApplication) || core.message('SITE_ID'),
    isDisabled(hasConfig) {
      const { serverEnabled = core.message('pull_server_enabled') } = options
      if (restApplication) return false
      // A core that does not know the module has no push server. Where there is no core, nobody said so.
      return serverEnabled === undefined ? !hasConfig && !!core.bx.message : !isNotOff(serverEnabled)
    },
  }
}
