/** What the types of the script tag promise and refuse. Nothing here runs: `npm run typecheck` compiles it. */
import type { LegacyMessage } from '../../src/entry/globals'

export async function subscribing(): Promise<void> {
  const off: () => void = BX.PULL.subscribe({
    moduleId: 'im',
    callback: ({ command, params, extra }, about) => {
      const known: [string, number, string] = [command, extra.server_time_ago, about.moduleId]
      void [known, params]
      // @ts-expect-error nobody knows what is in it until the page says so
      void params.whatever
      // @ts-expect-error a message of a module is one object
      void command.params
    },
  })
  off()
  BX.PULL.subscribe({
    type: 'client',
    moduleId: 'im',
    command: 'typing',
    callback: (params, extra, command, { type, moduleId }) => {
      const known: [string, string, string, number] = [command, type, moduleId, extra.server_time_ago]
      void [known, params]
      // @ts-expect-error nobody knows what is in it until the page says so
      void params.whatever
    },
  })
  interface Typing {
    userId: number
  }
  BX.PULL.subscribe<Typing>({ moduleId: 'im', command: 'typing', callback: ({ userId }) => userId.toFixed() })
  BX.PULL.subscribe<Typing>({ moduleId: 'im', callback: ({ params }) => params.userId.toFixed() })
  BX.PULL.subscribe({ moduleId: 'im', command: 'typing', callback: ({ userId }: Typing) => userId.toFixed() })
  BX.PULL.subscribe({ moduleId: 'im', callback: ({ params }: LegacyMessage<Typing>) => params.userId.toFixed() })
  // @ts-expect-error not what it was said to be
  BX.PULL.subscribe<Typing>({ moduleId: 'im', command: 'typing', callback: ({ userID }) => userID })
  BX.PULL.subscribe({ type: 'status', callback: ({ status }) => status === 'online' })
  BX.PULL.subscribe({ type: BX.PullClient.SubscriptionType.Online, callback: ({ command }) => command })
  BX.PULL.subscribe({ type: 'revision', callback: ({ server, client }) => server > client })
  // @ts-expect-error there is no such status
  BX.PULL.subscribe({ type: 'status', callback: ({ status }) => status === 'gone' })
  // @ts-expect-error a module is needed
  BX.PULL.subscribe({ callback: () => {} })

  class Handler {
    getModuleId(): string {
      return 'im'
    }
    getMap() {
      return { message: this.handleMessage, typing: 'handleTyping' }
    }
    handleMessage(params: { text: string }): void {
      void params.text
    }
    handleTyping(): void {}
  }
  BX.PULL.subscribe(new Handler())
  BX.PULL.attachCommandHandler(new Handler())
  BX.PULL.attachCommandHandler({
    getModuleId: () => 'im',
    // @ts-expect-error nobody knows what is in it until the page says so
    getMap: () => ({ typing: (params, extra) => [extra.server_time_ago.toFixed(), params.whatever] }),
  })
  // @ts-expect-error a handler has a module
  BX.PULL.attachCommandHandler({ getMap: () => ({}) })
}

export async function living(): Promise<void> {
  const connected: true = await BX.PULL.start()
  await BX.PULL.start({ server: {}, skipReconnectToLastSession: true })
  const known: false | undefined = BX.PULL.extendWatch('TASK_1', true)
  BX.PULL.restart(BX.PullClient.CloseReasons.MANUAL, 'text')
  await BX.PULL.sendMessage([1], 'im', 'typing', {}, 60)
  const online: boolean = BX.PULL.status === BX.PullClient.PullStatus.Online
  void [connected, known, online]
  const [server, revision]: unknown[] = [BX.PULL.getConfig()['server'], BX.PULL.config['api']]
  void [server, revision]
  // @ts-expect-error nobody knows what a portal sends
  void BX.PULL.getConfig()['server'].version
  // @ts-expect-error the status is told, not set
  BX.PULL.status = 'online'
  // @ts-expect-error a list is needed
  void BX.PULL.sendMessage(1, 'im', 'typing')
}

export function creating(): void {
  const client = new BX.PullClient({ userId: 1, restApplication: 'app.code', restClient: { callMethod: () => {} } })
  const storage = new BX.PullClient.StorageManager({ userId: 1, siteId: 's1' })
  const modern = BX.Pull.connect<{ 'im:message': { text: string } }>({ serverUrl: '/bitrix/subws/', userHash: 'id' })
  modern.on('im:message', ({ text }) => text)
  const source = BX.Pull.restConfig({ sessid: 'x' })
  const other = new BX.Pull.PullClient({ config: source })
  void [client, storage.get('x'), other, new BX.Pull.PullError('stopped', 'x').code]
  // @ts-expect-error a typo in an option
  void new BX.PullClient({ userID: 1 })
  // @ts-expect-error a typo in an event
  modern.on('im:mesage', () => {})
}
