/**
 * Owns the list of everything that old pages may ask of `BX.PullClient`. The parity tests and docs/BX-API.md are made
 * from it. `stars`: how often portal modules use it (3: in ten files or more, 2: in two to nine, 1: once).
 */

export type Kind = 'option' | 'method' | 'handler method' | 'subscription' | 'event' | 'property' | 'static'

export type Returns =
  | 'a promise'
  | 'nothing'
  | 'boolean'
  | 'true'
  | 'false or nothing'
  | 'number'
  | 'number or null'
  | 'text'
  | 'text or null'
  | 'text or false'
  | 'object'
  | 'function'

export interface ApiRow {
  readonly group: string
  readonly name: string
  readonly kind: Kind
  readonly stars: 0 | 1 | 2 | 3
  readonly meaning: string
  /** Methods: `function.length`, and what comes back. */
  readonly arity?: number
  readonly returns?: Returns
  /** Methods: an ordinary call. */
  readonly args?: readonly unknown[]
  /** How it is called in the documents. */
  readonly shape?: string
}

type Told = readonly [name: string, stars: ApiRow['stars'], meaning: string, shape?: string]

const named = (group: string, kind: Kind, rows: readonly Told[]): ApiRow[] =>
  rows.map(([name, stars, meaning, shape]) => ({ group, kind, name, stars, meaning, ...(shape && { shape }) }))

type Method = readonly [
  name: string,
  shape: string,
  arity: number,
  returns: Returns,
  stars: ApiRow['stars'],
  meaning: string,
  args?: readonly unknown[],
]

const methods = (group: string, rows: readonly Method[]): ApiRow[] =>
  rows.map(([name, shape, arity, returns, stars, meaning, args = []]) => ({
    group,
    kind: 'method',
    name,
    shape: `${name}(${shape})`,
    arity,
    returns,
    stars,
    meaning,
    args,
  }))

const noop = (): void => {}
const MESSAGE = [[2], 'im', 'typing', { n: 1 }] as const
const IGNORED = 'does nothing'

export const API_TABLE: readonly ApiRow[] = [
  ...named('Statics', 'static', [
    ['PullStatus', 0, '`Online`, `Offline`, `Connecting`: `online`, `offline`, `connect`'],
    ['SubscriptionType', 0, '`Server`, `Client`, `Online`, `Status`, `Revision`'],
    ['CloseReasons', 0, 'close codes by name, e.g. `MANUAL`, `CONFIG_EXPIRED`'],
    ['StorageManager', 0, 'class: `set`, `get`, `remove` of values of one user and site'],
  ]),
  ...named('Options', 'option', [
    ['serverEnabled', 0, 'whether there is a push server; what the portal printed where it is missing'],
    ['userId', 0, 'names values in the storage; what the portal printed where it is missing'],
    ['siteId', 0, 'the same'],
    ['restClient', 0, 'asks the portal: `callMethod(method, params, callback?, sendCallback?, logTag?)`'],
    ['restApplication', 0, 'for REST applications: their own channels, no check of the revision'],
    ['configGetMethod', 0, 'another name of `pull.config.get`'],
    ['getPublicListMethod', 0, 'another name of `pull.channel.public.list`, e.g. for calls'],
    ['guestMode', 0, 'a visitor without a login; what the portal printed where it is missing'],
    ['guestUserId', 0, 'the same'],
    ['skipStorageInit', 0, 'keeps nothing in the storage of the page'],
    ['skipCheckRevision', 0, 'tells nothing about revisions'],
    ['configTimestamp', 0, 'accepted and not needed: a configuration that the page gives is used'],
    ['transport', 0, 'ours: forces one transport'],
  ]),
  ...methods('Lifecycle', [
    ['start', 'config?', 1, 'a promise', 2, 'connects; `true` when connected. A failure rejects, and is tried again'],
    ['restart', 'code?, reason?', 0, 'nothing', 1, 'asks for another configuration and connects anew'],
    ['stop', 'code?, reason?', 0, 'nothing', 1, 'ends everything'],
    ['disconnect', 'code?, reason?', 0, 'nothing', 0, 'hangs up until `connect()`, which goes on from there'],
    ['connect', '', 0, 'a promise', 0, 'tries at once'],
    ['reconnect', 'code?, reason?, delay?', 2, 'nothing', 0, 'hangs up, and connects after so many seconds (1)'],
    ['scheduleReconnect', 'delay?', 0, 'false or nothing', 1, 'connects after so many seconds (0)'],
    ['scheduleRestart', 'code?, reason?, delay?', 2, 'nothing', 0, 'restarts after so many seconds (6 to 35)'],
    ['isConnected', '', 0, 'boolean', 2, 'whether messages come in'],
    ['setLastMessageId', 'mid', 1, 'nothing', 0, 'goes on after this message', ['16000000000000000000000042']],
    ['getConfig', '', 0, 'object', 0, 'the configuration as the portal sent it: it holds secrets'],
    ['getRevision', '', 0, 'number or null', 0, 'API level of the portal'],
    ['getServerVersion', '', 0, 'number', 0, 'generation of the push server, 0 before it is known'],
    ['getServerMode', '', 0, 'text or null', 0, '`personal` or `shared`'],
    ['isWebSocketSupported', '', 0, 'boolean', 0, 'by this browser'],
    ['isWebSocketAllowed', '', 0, 'boolean', 0, 'the same as `isWebSocketEnabled`'],
    ['isWebSocketEnabled', '', 0, 'boolean', 0, 'by browser and portal'],
    ['isPublishingSupported', '', 0, 'boolean', 2, 'version 4 and newer'],
    ['isPublishingEnabled', '', 0, 'boolean', 2, 'and switched on'],
    ['isProtobufSupported', '', 0, 'boolean', 0, 'version 4'],
    ['isJsonRpc', '', 0, 'boolean', 1, 'version 5 and newer'],
    ['isSharedMode', '', 0, 'boolean', 0, "the vendor's cloud"],
    ['getConnectionPath', 'type?', 1, 'text or false', 0, 'address of `webSocket` or `longPolling`: a secret'],
    ['getPublicationPath', '', 0, 'text', 0, 'address to publish at: a secret'],
  ]),
  ...methods('Subscribing', [
    [
      'subscribe',
      'params',
      1,
      'function',
      3,
      'listens; returns the undo. Takes `{type?, moduleId, command?, callback}`, or an object with `getModuleId()`',
      [{ moduleId: 'im', callback: noop }],
    ],
    [
      'attachCommandHandler',
      'handler',
      1,
      'function',
      3,
      'the same for an object with `getModuleId()`',
      [{ getModuleId: () => 'im' }],
    ],
    [
      'emit',
      '{type, moduleId?, data}',
      1,
      'true',
      1,
      'tells the subscribers of this page',
      [{ type: 'status', data: { status: 'online' } }],
    ],
  ]),
  ...named('Subscribing', 'subscription', [
    ['server, of a module', 3, 'messages of the portal', '({command, params, extra}, {type, moduleId})'],
    ['server, of a command', 3, 'messages of the portal', '(params, extra, command, {type, moduleId})'],
    ['client', 2, 'messages of other browsers, in the same two shapes'],
    ['online', 2, 'who came online, while it is news (240 s)', '({command, params, extra}, {type})'],
    ['status', 2, '`offline` only after 5 s', '({status}, {type})'],
    ['revision', 0, 'the page is out of date', '({server, client}, {type})'],
  ]),
  ...named('Subscribing', 'handler method', [
    ['getModuleId', 3, 'which module'],
    ['getSubscriptionType', 0, '`server` where it is missing'],
    ['getMap', 3, 'functions or names of methods by command; asked at every message'],
    ['handle<Command>', 3, 'where the map has no entry', '(params, extra, command)'],
  ]),
  ...named('Events of the portal (`BX.onCustomEvent`)', 'event', [
    ['onPullEvent-<module>', 3, 'a message of the portal', '[command, params, extra]'],
    ['onPullEvent', 2, 'the same', '[module, command, params, extra]'],
    ['onPullClientEvent-<module>', 1, 'a message of another browser', '[command, params, extra]'],
    ['onPullClientEvent', 0, 'the same', '[module, command, params, extra]'],
    ['onPullOnlineEvent', 1, 'who came online', '[command, params, extra]'],
    ['onPullStatus', 2, 'the status changed', '[status]'],
    ['onPullError', 2, 'the portal refuses this user', "['AUTHORIZE_ERROR']"],
    ['onPullRevisionUp', 1, 'the page is out of date; told once', '[server, client]'],
  ]),
  ...methods('Watch tags', [
    [
      'extendWatch',
      'tag, force?',
      2,
      'false or nothing',
      3,
      'keeps a tag alive; `false` for an empty or known one. `force` asks for a known one again',
      ['TASK_1'],
    ],
    ['clearWatch', 'tag', 1, 'nothing', 2, 'leaves off', ['TASK_1']],
  ]),
  ...methods('Publishing and presence', [
    ['sendMessage', 'users, module, command, params, expiry?', 5, 'a promise', 1, 'to pages of users', MESSAGE],
    [
      'sendMessageToChannels',
      'channels, module, command, params, expiry?',
      5,
      'a promise',
      0,
      'to public channels',
      [['a'.repeat(32)], 'im', 'typing', {}],
    ],
    [
      'sendMessageBatch',
      'list',
      1,
      'a promise',
      0,
      'several: `{userList?, channelList?, body: {module_id, command, params}, expiry?}`',
      [[{ userList: [2], body: { module_id: 'im', command: 'typing' } }]],
    ],
    ['setPublicIds', 'channels', 1, 'nothing', 1, 'public channels of users that need no asking', [[]]],
    ['getUsersLastSeen', 'userIds', 1, 'a promise', 1, 'seconds by user; 0 is now', [[1, 2]]],
    ['subscribeUserStatusChange', 'userId, callback', 2, 'a promise', 0, 'calls with `{userId, isOnline}`', [2, noop]],
    ['unsubscribeUserStatusChange', 'userId, callback', 2, 'a promise', 0, 'leaves off', [2, noop]],
    ['ping', '', 0, 'a promise', 0, 'version 5: asks the push server'],
    ['listChannels', '', 0, 'a promise', 0, 'version 5: the channels of this connection'],
  ]),
  ...methods('Debugging', [
    ['capturePullEvent', 'on = true', 0, 'nothing', 1, 'prints every message to the console'],
    ['enableLogging', 'on = true', 0, 'nothing', 0, 'prints every decision; remembered for a day'],
    ['getDebugInfo', '', 0, 'object', 0, 'what support asks for, without secrets'],
    [
      'getDebugInfoArray',
      '',
      0,
      'object',
      1,
      '`connected`, `websocket`, `websocketBlocked`, `path`, `pathWebsocket`, without secrets',
    ],
  ]),
  ...named('Debugging', 'property', [
    ['status', 0, '`online`, `offline`, `connect`'],
    ['session', 0, 'the position (`mid`, or `tag` and `time`), `history` and `messageCount`'],
    ['config', 0, 'the same as `getConfig()`'],
    ['connector', 0, '`{connected}`'],
    ['connectionAttempt', 0, 'failures in a row'],
    ['loggingEnabled', 0, 'see `enableLogging`'],
    ['debug', 0, 'see `capturePullEvent`'],
  ]),
  ...methods('Kept for old callers', [
    ['supportWebSocket', '', 0, 'boolean', 1, 'the same as `isWebSocketSupported`'],
    ['isWebSoketConnected', '', 0, 'boolean', 1, 'whether messages come over a WebSocket'],
    ['getPullServerStatus', '', 0, 'boolean', 1, 'the same as `isConnected`'],
    ['closeConfirm', '', 0, 'nothing', 1, `${IGNORED}: there is no popup`],
    ['updateChannelID', '', 0, 'nothing', 1, IGNORED],
    ...[
      'setPrivateVar',
      'returnPrivateVar',
      'expireConfig',
      'tryConnect',
      'tryConnectDelay',
      'tryConnectSet',
      'updateState',
      'setUpdateStateStepCount',
      'capturePullEventFunction',
      'setAjaxPath',
    ].map((name): Method => [name, '', 0, 'nothing', 0, IGNORED]),
  ]),
]
