/**
 * Owns what is asked of the portal's core: phrases, events, the REST client. All of it may be missing, or come later
 * and put another `BX` in the place of this one, so everything is looked up when it is needed.
 */
import type { RestClient } from '../../config/application-source'

/** The part of the global `BX` that is used, and what is put there. */
export interface Bx {
  [name: string]: unknown
  message?: unknown
  RestClient?: new (options: object) => RestClient
  bitrix_sessid?: () => string
  onCustomEvent?: (target: unknown, name: string, args: readonly unknown[], isSecure: boolean) => void
  addCustomEvent?: Listen | undefined
  desktop?: { addCustomEvent?: Listen | undefined }
}
type Listen = (name: string, listener: () => void) => void

/** The global object: `window`. */
export interface Root {
  BX?: Bx
}

export interface Core {
  readonly bx: Bx
  /** A phrase printed by the portal; `undefined` where it says nothing. */
  message(key: string): unknown
  /** Tells the page's listeners. `isSecure` makes the core hand each of them a copy. */
  fire(name: string, args: readonly unknown[]): void
  /** Listens to the page's own events. */
  listen(name: string, listener: () => void, isDesktop?: boolean): void
}

export function createCore(root: Root, failed: (what: string, thrown: unknown) => void): Core {
  const core: Core = {
    get bx() {
      return root.BX || {}
    },
    message(key) {
      const { message } = core.bx
      const phrase = (Object(message) as Record<string, unknown>)[key]
      // The call of an unknown phrase makes it an empty text, and complains in some cores.
      return phrase === undefined && typeof message === 'function' ? message(key) || undefined : phrase
    },
    fire(name, args) {
      try {
        const { bx } = core
        if (bx.onCustomEvent) bx.onCustomEvent(root, name, args, true)
      } catch (thrown) {
        failed(name, thrown)
      }
    },
    listen(name, listener, isDesktop) {
      const events: Bx['desktop'] = (isDesktop ? core.bx.desktop : core.bx) || {}
      if (events.addCustomEvent) events.addCustomEvent(name, listener)
    },
  }
  return core
}
