/** Owns what the page's signals mean for a connection. They are hints: none of them proves anything. Pure. */
import type { PageSignal } from '../platform/platform'
import type { Hint } from './machine-types'

const HINTS: Readonly<Record<PageSignal, Hint | null>> = {
  online: 'check',
  // The network may be back before `online` fires, or never have been away: what is open stays open.
  offline: null,
  'network-change': 'check',
  resume: 'check',
  visible: 'retry',
  hidden: null,
  pagehide: 'leave',
  pageshow: 'return',
}

export function hintOf(signal: PageSignal): Hint | null {
  return HINTS[signal]
}
