/**
 * Owns `client.send()`: the queue in front of the way up, and the promises. Messages keep their order; what is sent in
 * one turn, or waits together, goes up together.
 */
import type { Outgoing, PublicChannelId } from '../codec/codec'
import { PullError, toPullError } from '../core/pull-error'
import type { Clock } from '../platform/platform'
import type { Route, Uplink } from '../session/uplink'
import { type SendMessage, draftOf } from './draft'
import type { FindChannels } from './public-ids'
import { type Part as PartOf, type Waiting, ownersOf, planOf, putBack } from './queue'

export interface SendResult {
  /** Whether the server said that it took the message. Version 4 confirms nothing over WebSocket. */
  readonly confirmed: boolean
}

/** What waits for a connection. */
export interface PublishOptions {
  /** How long a message with `expiry: 0` waits for a connection; others wait as long as their expiry says. @default 10000 */
  waitMs?: number
  /** How many messages may wait for a connection; further ones are rejected with `queue-full`. @default 200 */
  queueLimit?: number
}

export const PUBLISH: Required<PublishOptions> = { waitMs: 10_000, queueLimit: 200 }

export interface PublisherDeps {
  readonly clock: Clock
  readonly limits: Required<PublishOptions>
  readonly findChannels: FindChannels
}

export interface Publisher {
  send(message: SendMessage): Promise<SendResult>
  /** A session began. */
  attach(uplink: Uplink): void
  /** The client was stopped: everything that waits is rejected. */
  stop(error: PullError): void
  /** How many messages wait. */
  readonly waiting: number
}

interface Sending extends Waiting {
  partsLeft: number
  confirmed: boolean
  channels: ReadonlyMap<number, PublicChannelId>
  settle(outcome: SendResult | PullError): void
}
type Part = PartOf<Sending>
type SendingRoute = Extract<Route, { readonly linkId: number } | { readonly url: string }>

const WAIT: Route = { via: 'wait' }

export function createPublisher({ clock, limits, findChannels }: PublisherDeps): Publisher {
  const open = new Set<Sending>()
  let uplink: Uplink | null = null
  let unwatch = (): void => {}
  let queue: readonly Part[] = []
  let parts = 0
  let timer: unknown = null
  /** A request is on its way that the next one must not overtake. */
  let isBusy = false
  let isPlanned = false
  /** This link took nothing: it is left alone until something changed. */
  let deafLink: number | null = null

  function routeNow(): Route {
    const route = uplink ? uplink.route : WAIT
    return 'linkId' in route && route.linkId === deafLink ? WAIT : route
  }

  function end(sending: Sending, outcome: SendResult | PullError): void {
    if (!open.delete(sending)) return
    queue = queue.filter(({ owner }) => owner !== sending)
    sending.settle(outcome)
  }

  function done({ owner }: Part, confirmed: boolean): void {
    owner.confirmed = owner.confirmed && confirmed
    if (!--owner.partsLeft) end(owner, { confirmed: owner.confirmed })
  }

  /** Everything that is sent in this turn goes up together. */
  function plan(): void {
    if (isPlanned) return
    isPlanned = true
    void Promise.resolve().then(() => {
      isPlanned = false
      flush()
    })
  }

  function flush(): void {
    clock.clearTimeout(timer)
    const route = routeNow()
    const { via } = route
    if (via === 'never') ownersOf(queue).forEach((sending) => end(sending, route.error))
    const { late, request, wakeAtMs } = planOf(queue, via !== 'wait', clock.now())
    late.forEach((sending) => end(sending, expired(sending)))
    if (wakeAtMs === null) return
    if (isBusy || via === 'wait' || via === 'never') {
      timer = clock.setTimeout(flush, wakeAtMs - clock.now())
    } else if (via === 'rpc') {
      call(route, request)
      flush()
    } else {
      isBusy = true
      void publish(route, request).then(() => {
        isBusy = false
        flush()
      })
    }
  }

  /** Version 5: requests may follow each other without waiting. */
  function call({ linkId }: SendingRoute & { readonly linkId: number }, request: readonly Part[]): void {
    if (!uplink) return
    take(request)
    let isHandedOver = false
    const answers = uplink.callAll(request.map(({ owner, to }) => ['publish', callOf(owner, to)] as const))
    answers.forEach((answer, at) => {
      const part = request[at] as Part
      answer.then(
        () => done(part, true),
        (thrown: unknown) => {
          if (!isHandedOver && isNotConnected(thrown)) return putOff(part, linkId)
          // Sending it again could deliver it twice.
          const lost = 'The connection ended before the answer: it may have been delivered'
          const wasLost = isNotConnected(thrown)
          end(part.owner, wasLost ? new PullError('no-answer', lost, { retryable: true }) : refusalOf(thrown))
        },
      )
    })
    // Runs behind the handlers of what was refused at once.
    void Promise.resolve().then(() => (isHandedOver = true))
  }

  /** Version 4: users have to be known by their public channels, and a request must not overtake another. */
  async function publish(route: SendingRoute, request: readonly Part[]): Promise<void> {
    const standing = uplink
    await Promise.all(ownersOf(request).map(find))
    // The others keep their place when the way up is another one by now.
    const ready = request.filter(({ owner }) => open.has(owner))
    const now = routeNow()
    if (!standing || standing !== uplink || now.via !== route.via || !ready.length) return
    take(ready)
    try {
      const confirmed = await standing.publish(ready.map(({ owner, to }) => outgoingOf(owner, to)))
      ready.forEach((part) => done(part, confirmed))
    } catch (thrown) {
      ready.forEach((part) => {
        if (isNotConnected(thrown) && 'linkId' in now) putOff(part, now.linkId)
        else end(part.owner, refusalOf(thrown))
      })
    }
  }

  async function find(sending: Sending): Promise<void> {
    const { users } = sending.draft
    if (!users.length) return
    try {
      sending.channels = await findChannels(users)
      const unknown = users.filter((user) => !sending.channels.has(user))
      if (unknown.length) end(sending, unknownRecipient(unknown))
    } catch (thrown) {
      end(sending, refusalOf(thrown))
    }
  }

  function take(request: readonly Part[]): void {
    queue = queue.filter((part) => request.indexOf(part) < 0)
  }

  /** Nothing of it went up: it waits for another connection, as long as its time lasts. */
  function putOff(part: Part, linkId: number): void {
    if (!open.has(part.owner)) return
    deafLink = linkId
    queue = putBack(queue, part)
    plan()
  }

  return {
    async send(message) {
      const draft = draftOf(message)
      const { waitMs, queueLimit } = limits
      if (routeNow().via === 'wait' && ownersOf(queue).length >= queueLimit) throw queueFull(queueLimit)
      return new Promise((resolve, reject) => {
        const sending: Sending = {
          draft,
          untilAtMs: clock.now() + (draft.expiry * 1000 || waitMs),
          partsLeft: draft.parts.length,
          confirmed: true,
          channels: new Map(),
          settle: (outcome) => (outcome instanceof PullError ? reject(outcome) : resolve(outcome)),
        }
        open.add(sending)
        queue = queue.concat(draft.parts.map((to) => ({ order: parts++, owner: sending, to })))
        plan()
      })
    },
    attach(next) {
      uplink = next
      unwatch = next.watch(() => {
        deafLink = null
        plan()
      })
      plan()
    },
    stop(error) {
      uplink = null
      unwatch()
      clock.clearTimeout(timer)
      open.forEach((sending) => end(sending, error))
    },
    get waiting() {
      return ownersOf(queue).length
    },
  }
}

function callOf({ draft: { body, expiry } }: Sending, to: Part['to']): object {
  const userList = to.filter((one) => typeof one === 'number')
  const channelList = to.filter((one): one is PublicChannelId => typeof one === 'object').map(signed)
  return {
    ...(userList.length && { userList }),
    ...(channelList.length && { channelList }),
    body: JSON.parse(body) as unknown,
    expiry,
  }
}

function outgoingOf({ draft: { body, expiry }, channels }: Sending, to: Part['to']): Outgoing {
  const receivers = to.map((one) => (typeof one === 'number' ? channels.get(one) : one) as PublicChannelId)
  // A user's channel may be named beside him.
  const isFirst = ({ id }: PublicChannelId, at: number): boolean => receivers.findIndex((one) => one.id === id) === at
  return { receivers: receivers.filter(isFirst), body, expiry }
}

function signed({ id, signature }: PublicChannelId): string {
  return id + (signature && `.${signature}`)
}

function isNotConnected(thrown: unknown): boolean {
  return (thrown as PullError).code === 'not-connected'
}

function refusalOf(thrown: unknown): PullError {
  return toPullError(thrown, 'no-answer', 'The message could not be sent', true)
}

function expired({ draft: { expiry } }: Sending): PullError {
  const [limit, said] = expiry ? ['expiry', `its expiry of ${expiry} s`] : ['publish.waitMs', 'publish.waitMs']
  return new PullError('expired', `Nothing was connected within ${said}: the message was not sent`, {
    retryable: true,
    facts: { limit },
  })
}

function queueFull(queueLimit: number): PullError {
  const message = `${queueLimit} messages wait for a connection already: wait for them, or raise publish.queueLimit`
  return new PullError('queue-full', message, { retryable: true, facts: { limit: 'publish.queueLimit', queueLimit } })
}

function unknownRecipient(users: readonly number[]): PullError {
  const message = `The portal names no public channel of the users ${users.join(', ')}: nobody got the message`
  return new PullError('unknown-recipient', message, { facts: { users } })
}
