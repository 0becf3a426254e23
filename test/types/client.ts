/**
 * What the types of a client promise and refuse. Nothing here runs: `npm run typecheck` compiles it, and an
 * `@ts-expect-error` that expects nothing fails.
 */
import {
  type AnyEvents,
  type ChannelsFact,
  type GapFact,
  PullClient,
  type PullClientOptions,
  PullError,
  type PullErrorCode,
  type PullEvent,
  type PullStatus,
  type SendMessage,
  type SendResult,
  type StatusFact,
  type TransportKind,
  restConfig,
  staticConfig,
} from '../../src/entry/index'
import type { PullClient as NodePullClient } from '../../src/entry/node'

/** As users write it: an interface, which has no index signature. */
interface MyEvents {
  'im:message': { chatId: number; text: string }
  'crm:dealUpdate': { id: number }
}

declare function same<Expected>(value: Expected): <Actual extends Expected>(actual: Actual) => void

export function listening(client: PullClient<MyEvents>): void {
  const off: () => void = client.on('im:message', (params, event) => {
    const text: string = params.text
    const id: number = event.params.chatId
    const ago: number | null = event.extra.server_time_ago
    const sender: 'unknown' | 'client' | 'backend' = event.sender.type
    void [text, id, ago, sender]
    // @ts-expect-error the payload has no such field
    void params.author
    // @ts-expect-error a number is not a string
    const wrong: string = params.chatId
    void wrong
    // @ts-expect-error events are read only
    event.command = 'other'
  })
  off()
  // @ts-expect-error a typo in the key of an event
  client.on('im:mesage', () => {})
  // @ts-expect-error no key of the client's own, and no event
  client.on('stauts', () => {})
  // @ts-expect-error the listener wants another payload
  client.on('crm:dealUpdate', (params: { name: string }) => params.name)
  // @ts-expect-error a listener is a function
  client.on('im:message', null)
  // A listener may take less than it is given.
  client.on('im:message', () => {})
}

export function patterns(client: PullClient<MyEvents>): void {
  client.on('*', (event) => same<PullEvent>(event))
  client.on('im:*', (event) => {
    const { module, command, replayed, receivedAtMs, id, channel } = event
    const told: [string, string, boolean, number, string | null, string | null] = [
      module,
      command,
      replayed,
      receivedAtMs,
      id,
      channel,
    ]
    void told
    // @ts-expect-error which event it is is not known: neither is its payload
    void event.params.text
  })
}

export function lifecycle(client: PullClient<MyEvents>): void {
  client.on('status', ({ status, transport, reason, skipped }: StatusFact) => {
    const known: PullStatus = status
    const kind: TransportKind | null = transport
    const why: string = reason
    const websocket: string | undefined = skipped.websocket
    void [known, kind, why, websocket]
    // @ts-expect-error there is no such status
    if (status === 'online') return
  })
  client.on('transport', ({ transport, previous }) => {
    const pair: (TransportKind | null)[] = [transport, previous]
    void pair
  })
  client.on('error', (error) => {
    const code: PullErrorCode = error.code
    const isOurs: PullError = error
    void [code, isOurs, error.retryable, error.facts]
    // @ts-expect-error codes are a closed list
    if (error.code === 'oops') return
  })
  client.on('gap', ({ certainty, sinceMs, untilMs }: GapFact) => void [certainty, sinceMs, untilMs])
  client.on('channels', ({ reason, channels }: ChannelsFact) => {
    const ends: (number | null)[] = channels.map(({ endAtMs }) => endAtMs)
    void [reason, ends]
    // @ts-expect-error ids of channels are secret and not told
    void channels[0]?.id
  })
  // @ts-expect-error the client's own facts come as one argument
  client.on('status', (fact, event) => [fact, event])
}

export async function using(client: PullClient<MyEvents>): Promise<void> {
  const started: Promise<void> = client.start()
  const stopped: Promise<void> = client.stop()
  await Promise.all([started, stopped])
  const text: string = JSON.stringify(client.diagnostics().timeline)
  void text
  // @ts-expect-error the status is told, not set
  client.status = 'connected'
  // @ts-expect-error there is no such method
  client.connect()
}

export async function publishing(client: PullClient<MyEvents>): Promise<void> {
  const message: SendMessage = { to: { users: [1], channels: ['id.signature'] }, module: 'im', command: 'typing' }
  const result: SendResult = await client.send(message)
  const confirmed: boolean = result.confirmed
  void confirmed
  await client.send({ ...message, to: { channels: [{ publicId: 'id', signature: 's' }] }, params: [1], expiry: 60 })
  // @ts-expect-error somebody has to get it
  void client.send({ module: 'im', command: 'typing' })
  // @ts-expect-error users are numbers
  void client.send({ ...message, to: { users: ['1'] } })
  // @ts-expect-error a typo in the name of the command
  void client.send({ to: { users: [1] }, module: 'im', comand: 'typing' })
  // @ts-expect-error seconds are a number
  void client.send({ ...message, expiry: '60' })
  // @ts-expect-error a channel has two parts
  void client.send({ ...message, to: { channels: [{ publicId: 'id' }] } })
}

export async function following(client: PullClient<MyEvents>): Promise<void> {
  const undo: () => void = client.watch('TASK_1')
  undo()
  // @ts-expect-error a tag is a text
  client.watch(1)
  const seconds: Record<number, number> = await client.presence.lastSeen([1, 2])
  const online: Record<number, boolean> = await client.presence.isOnline([1])
  void [seconds, online]
  const off: () => void = client.presence.watch(1, (isOnline) => same<boolean>(isOnline))
  off()
  // @ts-expect-error users are numbers
  void client.presence.lastSeen(['1'])
  // @ts-expect-error one user at a time
  client.presence.watch([1], () => {})
  // @ts-expect-error the listener gets one flag
  client.presence.watch(1, (isOnline: string) => isOnline)
  // @ts-expect-error presence is there, it is not set
  client.presence = null
}

export function portals(): void {
  void new PullClient({ config: {}, portal: restConfig({ sessid: 'x' }) })
  void new PullClient({
    config: {},
    portal: ({ method, params, signal }) => Promise.resolve([method.length, params['tags'], signal.aborted]),
  })
  void new PullClient({ config: {}, publish: { waitMs: 1000, queueLimit: 10 } })
  // @ts-expect-error an address is no portal
  void new PullClient({ config: {}, portal: '/rest/' })
  // @ts-expect-error a typo in a limit
  void new PullClient({ config: {}, publish: { waitsMs: 1000 } })
}

export function creating(): void {
  const options: PullClientOptions = {
    config: restConfig({ url: '/rest/pull.config.get.json' }),
    transport: 'auto',
    transports: ['websocket', 'long-polling'],
    timeouts: { raceAfterMs: 1000 },
    backoff: ({ failures, reason, chance }) => (reason === 'too-many' ? 60_000 : failures * 1000 * chance),
    storage: false,
  }
  void new PullClient<MyEvents>(options)
  void new PullClient({ config: staticConfig({}), backoff: 'cloud' })
  void new PullClient({ config: () => ({}) as Promise<unknown> })
  void new PullClient({ config: ({ reason, signal }) => Promise.resolve([reason, signal.aborted]) })
  void new PullClient({ config: {}, platform: { webSocket: null, storage: null } })
  // @ts-expect-error a configuration is needed
  void new PullClient({})
  // @ts-expect-error a typo in an option
  void new PullClient({ config: {}, transprt: 'sse' })
  // @ts-expect-error there is no such transport
  void new PullClient({ config: {}, transport: 'webSocket' })
  // @ts-expect-error a typo in a duration
  void new PullClient({ config: {}, timeouts: { raceAfter: 5 } })
  // @ts-expect-error durations are numbers
  void new PullClient({ config: {}, timeouts: { raceAfterMs: '5' } })
  // @ts-expect-error a policy answers with a number
  void new PullClient({ config: {}, backoff: () => 'soon' })
  // @ts-expect-error the map of events is an object type
  void new PullClient<string>({ config: {} })
}

/** Without a map every `module:command` is an event with an unknown payload. */
export function untyped(client: PullClient): void {
  client.on('im:message', (params) => {
    const payload: unknown = params
    void payload
    // @ts-expect-error unknown is not any: look before you use it
    void params.text
  })
  // @ts-expect-error a word without a colon is no event
  client.on('message', () => {})
  const events: AnyEvents = { 'im:message': 1 }
  void events
}

/** Both entries give the same class to users. */
export function entries(client: PullClient<MyEvents>, node: NodePullClient<MyEvents>): void {
  const one: NodePullClient<MyEvents> = client
  const other: PullClient<MyEvents> = node
  void [one, other, client instanceof PullClient, new PullError('stopped', 'x').code]
}
