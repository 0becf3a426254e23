/**
 * Owns what a page can be told without code: which transport to force, and to write down every decision. The page's
 * address wins, then `localStorage`, then the script tag, then the options. Whoever forgets one finds it in the console.
 */
import { TRANSPORT_KINDS, type TransportKind } from '../../core/transport-kind'
import type { ScriptTag } from '../../platform/script-tag'
import type { Platform } from '../../platform/platform'
import { toTransport } from './connect-options'

type Transport = ReturnType<typeof toTransport>

export interface PageSwitches {
  /** The forced transport, else what the options say, as the client names it. */
  transport(option?: string): Transport
  readonly isDebug: boolean
}

export function createPageSwitches(
  { page, storage, console }: Pick<Platform, 'page' | 'storage' | 'console'>,
  tag: ScriptTag | null,
): PageSwitches {
  const told = new Set<string>()

  /** In the order in which they count. */
  function said(name: string): (readonly [where: string, value: string])[] {
    const address = new RegExp(`[?&]bx_pull_${name}=([\\w-]+)`).exec((page && page.href) || '')
    return [
      ["the page's address", address ? (address[1] as string) : ''],
      ['localStorage', stored(`bx_pull_${name}`) || ''],
      ['the script tag', (tag && tag.getAttribute(`data-${name}`)) || ''],
    ]
  }

  /** Storage throws where cookies are blocked. */
  function stored(key: string): string | null {
    try {
      return storage && storage.getItem(key)
    } catch {
      return null
    }
  }

  function tell(line: string): void {
    if (console && !told.has(line)) console.warn(`bx-pull: ${line}`)
    told.add(line)
  }

  return {
    transport(option = 'auto') {
      const [found] = said('transport').filter(([where, value]) => {
        const isKnown = value === 'auto' || TRANSPORT_KINDS.includes(toTransport(value) as TransportKind)
        if (value && !isKnown) tell(`${where} says ${value}, which is none of auto, ${TRANSPORT_KINDS.join(', ')}`)
        return isKnown
      })
      if (found) tell(`transport ${toTransport(found[1])}, says ${found[0]}`)
      return toTransport(found ? found[1] : option)
    },
    get isDebug() {
      const found = said('debug').find(([, value]) => value)
      return !!found && found[1] !== '0'
    },
  }
}
