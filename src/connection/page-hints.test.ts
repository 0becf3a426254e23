import { expect, test } from 'vitest'
import type { PageSignal } from '../platform/platform'
import type { Hint } from './machine-types'
import { hintOf } from './page-hints'

const HINTS: Record<PageSignal, Hint | null> = {
  online: 'check',
  offline: null,
  visible: 'retry',
  hidden: null,
  resume: 'check',
  pagehide: 'leave',
  pageshow: 'return',
  'network-change': 'check',
}

test.each(Object.entries(HINTS))('B7: the page says %s: %s', (signal, hint) => {
  expect(hintOf(signal as PageSignal)).toBe(hint)
})
