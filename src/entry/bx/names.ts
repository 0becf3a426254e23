/** Owns the words of the vendor's client that page code refers to by name. */

export const PULL_STATUS = { Online: 'online', Offline: 'offline', Connecting: 'connect' } as const
export type LegacyStatus = (typeof PULL_STATUS)[keyof typeof PULL_STATUS]

export const SUBSCRIPTION_TYPE = {
  Server: 'server',
  Client: 'client',
  Online: 'online',
  Status: 'status',
  Revision: 'revision',
} as const
export type SubscriptionType = (typeof SUBSCRIPTION_TYPE)[keyof typeof SUBSCRIPTION_TYPE]

export const CLOSE_REASONS = {
  NORMAL_CLOSURE: 1000,
  SERVER_DIE: 1001,
  CONFIG_REPLACED: 3000,
  CHANNEL_EXPIRED: 3001,
  SERVER_RESTARTED: 3002,
  CONFIG_EXPIRED: 3003,
  MANUAL: 3004,
  STUCK: 3005,
  BACKEND_ERROR: 3006,
  WRONG_CHANNEL_ID: 4010,
} as const

/** API level of the pages this client is made for. */
export const REVISION = 19

/** Called by old pages, and without a meaning since long. */
export const NO_OPS = [
  'setPrivateVar',
  'returnPrivateVar',
  'expireConfig',
  'updateChannelID',
  'tryConnect',
  'tryConnectDelay',
  'tryConnectSet',
  'updateState',
  'setUpdateStateStepCount',
  'capturePullEventFunction',
  'setAjaxPath',
  'closeConfirm',
] as const
export type NoOp = (typeof NO_OPS)[number]
