/**
 * Owns what a page can be told without code: which transport to force, and to write down every decision. The page's
 * address wins, then `localStorage`, then the script tag, then the options. Whoever forgets one finds it in the console.
 */
import { TRANSPORT_KINDS, type TransportKind } from '../../core/transport-kind'
import type { ScriptTag } from '../../platform/page-facts'
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

  function find<Found>(name: string, use: (value: string, where: string) => Found | false): Found | false {
    const address = new RegExp(`[?&]bx_pull_${name}=([\\w-]+)`).exec((page && page.href) || '')
    return (
      (address && use(address[1] as string, "the page's address")) ||
      (stored(`bx_pull_${name}`, (value) => use(value, 'localStorage')) as Found) ||
      (tag && use(tag.getAttribute(`data-${name}`) || '', 'the script tag')) ||
      false
    )
  }

  function stored<Found>(key: string, use: (value: string) => Found | false): Found | false {
    let value: string | null
    try {
      value = storage && storage.getItem(key)
    } catch {
      return false
    }
    return use(value || '')
  }

  function tell(line: string): void {
    if (console && !told.has(line)) console.warn(`bx-pull: ${line}`)
    told.add(line)
  }

  return {
    transport: (option) =>
      find('transport', (value, where) => {
        const kind = toTransport(value)
        const isKnown = kind === 'auto' || TRANSPORT_KINDS.includes(kind as TransportKind)
        if (isKnown) tell(`transport ${kind}, says ${where}`)
        else if (value) tell(`${where} says ${value}, which is none of auto, ${TRANSPORT_KINDS.join(', ')}`)
        return isKnown && kind
      }) || toTransport(option || 'auto'),
    get isDebug() {
      return find('debug', (value) => !!value && value !== '0')
    },
  }
}
