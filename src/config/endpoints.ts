/**
 * Owns which URLs of the configuration are used: plain or secure, with the scheme that its transport needs.
 * Relative URLs stay relative: whoever opens them knows the page. Pure.
 */
import { toText } from './foreign-value'

/** `true`: a page that came over https. `'auto'`: there is no page. */
export type Secure = boolean | 'auto'

const SCHEMES = {
  websocket: { ws: 'ws', wss: 'wss', http: 'ws', https: 'wss' },
  http: { ws: 'http', wss: 'https', http: 'http', https: 'https' },
} as const

/**
 * The URL for this kind of page; the other one where the wanted one is missing or unusable. That may give a plain URL
 * to a secure page: browsers allow it for loopback, and otherwise the transport can name the reason better.
 */
export function pickUrl(kind: 'websocket' | 'http', plain: unknown, secure: unknown, wanted: Secure): string | null {
  const order = wanted === false ? [plain, secure] : [secure, plain]
  return usableUrl(kind, order[0]) ?? usableUrl(kind, order[1])
}

function usableUrl(kind: 'websocket' | 'http', value: unknown): string | null {
  // A fragment is refused by older WebSocket classes. A template nobody filled in (`http://#DOMAIN#/`) loses its host here.
  const url = (toText(value) ?? '').replace(/#[^]*$/, '')
  if (url === '' || /\s/.test(url)) return null
  const absolute = /^([a-z][a-z\d+.-]*):([^]*)$/i.exec(url)
  const rest = absolute?.[2] ?? url
  const hasHost = /^\/\/[^/?]/.test(rest)
  if (absolute === null) return hasHost || !rest.startsWith('//') ? url : null
  const schemes: Readonly<Record<string, string>> = SCHEMES[kind]
  const name = absolute[1]!.toLowerCase()
  const scheme = Object.keys(schemes).includes(name) ? schemes[name] : undefined
  return scheme !== undefined && hasHost ? `${scheme}:${rest}` : null
}
