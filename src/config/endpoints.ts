/**
 * Owns which URLs of the configuration are used: plain or secure, with the scheme that its transport needs.
 * Relative URLs stay relative: whoever opens them knows the page. Pure.
 */
import type { Endpoints } from './config'
import { isOn, toNumber, toText } from '../portal/foreign-value'
import { PHP_ENDPOINT } from '../portal/php-portal'

/**
 * A scheme of ours and a host behind it, or a relative URL. No fragment: WebSocket classes refuse it, and a template
 * nobody filled in (`http://#DOMAIN#/`) looks like one.
 */
const USABLE_URL = /^(?:(?:http|ws)(s?):(?=\/\/))?(\.*\/\/?[^/?#\s][^#\s]*)$/i

/**
 * @param server `server` of the configuration
 * @param secure whether the secure URLs go first. The others serve where they are missing or unusable: that may give
 * a plain URL to a secure page, which browsers allow for loopback, and otherwise the transport can name the reason better.
 */
export function endpointsOf(server: Readonly<Record<string, unknown>>, secure: boolean): Endpoints {
  function pick(scheme: 'http' | 'ws', name: string, secureUrl = server[`${name}_secure`]): string | null {
    const urls = [usableUrl(scheme, server[name]), usableUrl(scheme, secureUrl)] as const
    return (secure && urls[1]) || urls[0] || urls[1]
  }
  return {
    websocket: isOn(server['websocket_enabled']) ? pick('ws', 'websocket') : null,
    sse: pick('http', 'sse'),
    // The misspelt key is the real one, the other is what some documentation says.
    longPolling: pick('http', 'long_polling', server['long_pooling_secure'] || server['long_polling_secure']),
    // A portal without a queue server is polled itself: where every portal can be, unless it says otherwise.
    intervalPolling: pick('http', 'interval_polling') || (toNumber(server['version']) === 0 ? PHP_ENDPOINT : null),
    publish: isOn(server['publish_enabled']) ? pick('http', 'publish') : null,
  }
}

function usableUrl(scheme: string, value: unknown): string | null {
  const parts = USABLE_URL.exec(toText(value) || '')
  if (!parts) return null
  const rest = parts[2]!
  return parts[1] === undefined ? rest : `${scheme}${parts[1].toLowerCase()}:${rest}`
}
