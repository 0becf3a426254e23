/** Owns the nginx settings that stand in front of push servers: the right ones, and what goes wrong with them. */
import type { NginxSettings } from '../support/nginx'

export type Front =
  | 'proper' // as the vendor recommends
  | 'no-upgrade' // the two headers of a WebSocket are forgotten
  | 'buffering' // `proxy_buffering on`
  | 'defaults' // nothing but proxy_pass: HTTP/1.0 upstream, buffering
  | 'gzip' // event streams are compressed
  | 'short-timeout' // idle connections are cut after 2 s

const UPGRADE_MAP = `  map $http_upgrade $connection_upgrade { default upgrade; '' close; }`
const VERSION = 'proxy_http_version 1.1;'
const UPGRADE = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;'
const PATIENCE = 'proxy_read_timeout 43800s;'
/** Publishing is right in every one of them: nothing is known to go wrong with it. */
const PUBLISH = `${VERSION} ${PATIENCE} proxy_max_temp_file_size 0;`
const UNBUFFERED = 'proxy_buffering off;'

interface Locations {
  readonly websocket: string
  readonly poll: string
  readonly sse: string
  readonly http?: string
}

const FRONTS: Readonly<Record<Front, Locations>> = {
  proper: {
    websocket: `${VERSION} ${UPGRADE} ${PATIENCE} ${UNBUFFERED}`,
    poll: `${VERSION} ${PATIENCE} ${UNBUFFERED}`,
    sse: `${VERSION} ${PATIENCE} ${UNBUFFERED}`,
  },
  'no-upgrade': {
    websocket: `${VERSION} ${PATIENCE} ${UNBUFFERED}`,
    poll: `${VERSION} ${PATIENCE} ${UNBUFFERED}`,
    sse: `${VERSION} ${PATIENCE} ${UNBUFFERED}`,
  },
  buffering: {
    websocket: `${VERSION} ${PATIENCE} proxy_buffering on;`,
    poll: `${VERSION} ${PATIENCE} proxy_buffering on;`,
    sse: `${VERSION} ${PATIENCE} proxy_buffering on;`,
  },
  defaults: { websocket: '', poll: '', sse: '' },
  gzip: {
    websocket: `${VERSION} ${PATIENCE}`,
    poll: `${VERSION} ${PATIENCE}`,
    sse: `${VERSION} ${PATIENCE} gzip on; gzip_types text/event-stream; gzip_min_length 0;`,
  },
  'short-timeout': {
    websocket: `${VERSION} ${UPGRADE} proxy_read_timeout 2s; ${UNBUFFERED}`,
    poll: `${VERSION} proxy_read_timeout 2s; ${UNBUFFERED}`,
    sse: `${VERSION} proxy_read_timeout 2s; ${UNBUFFERED}`,
  },
}

/** `isNode`: the vendor's front sends long polls to the WebSocket route of the Node servers. */
export function nginxSettings(front: Front, upstream: string, isNode: boolean): NginxSettings {
  const { websocket, poll, sse } = FRONTS[front]
  const rewrite = isNode ? 'rewrite ^/bitrix/sub/(.*)$ /bitrix/subws/$1 break; ' : ''
  const location = (path: string, lines: string): string => `    location ${path} { ${lines} proxy_pass ${upstream}; }`
  return {
    http: UPGRADE_MAP,
    server: [
      '    proxy_set_header Host $http_host;',
      location('/bitrix/subws/', websocket),
      location('/bitrix/sub/', rewrite + poll),
      location('/bitrix/subsse/', sse),
      ...(isNode ? [location('/bitrix/rest/', PUBLISH)] : []),
      // Page and configuration come through the same front.
      location('/', VERSION),
    ].join('\n'),
  }
}
