/**
 * A configuration as a portal sends it, for tests: ids and signatures are made up with the key `test-key`.
 * Every call gives a fresh object that may be changed.
 */

export const SECRETS = {
  privateChannel: '46a437d2336d4a88e4e9b3cd956ecf45',
  publicChannel: '6221e0eb48981fce67cf4756e82e8102',
  privateSignature: '1688cda5e668568f6bae0e91bd7516ca6c58eb3c',
  publicSignature: 'b0ed158df869a4866b378068beca459a5961989b',
  sharedChannel: 'fb9f7e13dc3d595c5aefe1a0216c27a2',
  sharedSignature: '7830384007849f1e3b325cbd485c1150ef5701f6',
  jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg',
}

export const START_AT_MS = Date.parse('2020-09-13T12:26:40Z')
export const END_AT_MS = Date.parse('2020-09-14T00:26:45Z')

/** What may be taken apart and put together wrongly by a test. */
export interface SampleConfig {
  [key: string]: unknown
  server: Record<string, unknown>
  channels: Record<string, Record<string, unknown>>
}

export function sampleConfig(): SampleConfig {
  const times = { start: '2020-09-13T12:26:40+00:00', end: '2020-09-14T00:26:45+00:00' }
  return {
    server: {
      version: 4,
      server_enabled: true,
      mode: 'personal',
      hostname: 'portal.example',
      long_polling: 'http://portal.example/bitrix/sub/',
      long_pooling_secure: 'https://portal.example/bitrix/sub/',
      websocket_enabled: true,
      websocket: 'ws://portal.example/bitrix/subws/',
      websocket_secure: 'wss://portal.example/bitrix/subws/',
      publish_enabled: true,
      publish: 'http://portal.example/bitrix/rest/',
      publish_secure: 'https://portal.example/bitrix/rest/',
      config_timestamp: 0,
    },
    api: { revision_web: 19, revision_mobile: 3 },
    channels: {
      shared: { id: `${SECRETS.sharedChannel}.${SECRETS.sharedSignature}`, ...times, type: 'shared' },
      private: {
        id: `${SECRETS.privateChannel}:${SECRETS.publicChannel}.${SECRETS.privateSignature}`,
        public_id: `${SECRETS.publicChannel}.${SECRETS.publicSignature}`,
        ...times,
        type: 'private',
      },
    },
    publicChannels: {
      '1': { user_id: 1, public_id: SECRETS.publicChannel, signature: SECRETS.publicSignature, ...times },
    },
    serverTime: '2020-09-13T12:26:40+00:00',
  }
}

/** The same of a portal with the newest server: a token instead of channels. */
export function sampleTokenConfig(): SampleConfig {
  const config = sampleConfig()
  config.server['version'] = 5
  return { ...config, channels: {}, publicChannels: false, jwt: SECRETS.jwt, exp: END_AT_MS / 1000 }
}

/** The same as portal pages print it: every number quoted, booleans bare. */
export function sampleInlineConfig(): SampleConfig {
  const quoted = JSON.stringify(sampleConfig(), (_key, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  )
  const config = JSON.parse(quoted) as SampleConfig
  delete config['serverTime']
  return { ...config, skipReconnectToLastSession: true }
}

/** The `server` of a portal with push-stream, as the fake network knows it. */
export const PUSH_STREAM_SERVER = {
  version: 2,
  server_enabled: true,
  mode: 'personal',
  long_polling: 'http://push.example/sub/',
  websocket_enabled: true,
  websocket: 'ws://push.example/subws/',
}

/** What that portal answers at an instant: two channels for half a day. */
export function pushStreamConfig(ids: { readonly private: string; readonly shared: string }, nowMs: number): object {
  const iso = (laterMs = 0): string => `${new Date(nowMs + laterMs).toISOString().slice(0, 19)}+00:00`
  const channel = (type: 'private' | 'shared'): object => ({
    id: ids[type],
    type,
    start: iso(),
    end: iso(12 * 3_600_000),
  })
  return {
    server: PUSH_STREAM_SERVER,
    channels: { private: channel('private'), shared: channel('shared') },
    serverTime: iso(),
  }
}
