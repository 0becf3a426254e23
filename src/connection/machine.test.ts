import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LossReason } from '../core/loss'
import { TRANSPORT_KINDS, type TransportKind } from '../core/transport-kind'
import { seededRandom } from '../../test/support/fake-platform'
import { backoffPolicy } from './backoff'
import { step } from './machine'
import type { ConnectionEvent, Effect, EventType, Hint, MachineOptions, Phase, State, TimerName } from './machine-types'
import type { Candidate } from './negotiation'

const OPTIONS: MachineOptions = {
  backoff: backoffPolicy(),
  raceAfterMs: 2500,
  connectTimeoutMs: 8000,
  firstByteMs: 10_000,
  usefulAfterMs: 5000,
  drainMs: 5000,
  floorMs: 250,
  probeFirstMs: 60_000,
  probeLongestMs: 1_800_000,
  restartSpreadMs: 15_000,
  hintFloorMs: 250,
}
const START_AT_MS = 1_000_000

function candidates(...kinds: TransportKind[]): Candidate[] {
  return kinds.map((kind) => ({ kind, ownAddress: false }))
}
const ALL = candidates('websocket', 'sse', 'long-polling')
const ONLY_WEBSOCKET = candidates('websocket')
const OWN_STREAM: Candidate[] = [
  { kind: 'sse', ownAddress: true },
  { kind: 'long-polling', ownAddress: false },
]

const start = (list = ALL, preferred: TransportKind | null = null): ConnectionEvent => ({
  type: 'start',
  target: { id: 1, candidates: list },
  preferred,
})
const stop: ConnectionEvent = { type: 'stop' }
const retarget = (id: number, list = ALL): ConnectionEvent => ({ type: 'retarget', target: { id, candidates: list } })
const opened = (linkId: number, kind: TransportKind, confirmed = true): ConnectionEvent => ({
  type: 'opened',
  linkId,
  kind,
  confirmed,
})
const carried = (linkId: number): ConnectionEvent => ({ type: 'carried', linkId })
const lost = (
  linkId: number,
  reason: LossReason,
  code: number | null = null,
  retryAfterMs: number | null = null,
): ConnectionEvent => ({ type: 'lost', linkId, loss: { reason, code, retryAfterMs } })
const timer = (name: TimerName, linkId: number | null = null): ConnectionEvent => ({ type: 'timer', name, linkId })
const restart: ConnectionEvent = { type: 'restart-announced' }
const hint = (name: Hint): ConnectionEvent => ({ type: 'hint', hint: name })

/** The state after events one second apart, the first at the start; and when the next one falls. */
function after(...events: ConnectionEvent[]): { state: State; nowMs: number } {
  let state: State = { phase: 'idle' }
  let nowMs = START_AT_MS
  for (const event of events) {
    state = step(state, event, { nowMs, chance: 0.5 }, OPTIONS).state
    nowMs += 1000
  }
  return { state, nowMs }
}

/** What is done, readable. Clearing is shown apart: it is harmless where nothing is set. */
function shown(effect: Effect): string {
  switch (effect.type) {
    case 'open':
      return `open ${effect.linkId} ${effect.kind}`
    case 'close':
      return `close ${effect.linkId} ${effect.reason}`
    case 'set-timer':
      return `${effect.name}${effect.linkId === null ? '' : `:${effect.linkId}`} in ${effect.delayMs}`
    case 'clear-timer':
      return `clear ${effect.name}${effect.linkId === null ? '' : `:${effect.linkId}`}`
    case 'clear-timers':
    case 'renew':
      return effect.type
    default:
      return effect satisfies never
  }
}

interface Case {
  readonly name: string
  readonly given: readonly ConnectionEvent[]
  readonly when: ConnectionEvent
  readonly phase: Phase
  readonly does?: readonly string[]
  readonly clears?: readonly string[]
  /** Milliseconds after the last given event; a second unless told. */
  readonly laterMs?: number
  /** Which link is active, and which others there are. */
  readonly active?: number
  readonly links?: readonly number[]
}

const CONNECTING = [start()]
const ALL_RACING = [start(), timer('race'), timer('race')]
const CONNECTED = [start(), opened(1, 'websocket'), carried(1)]
const UNPROVEN = [start(), opened(1, 'websocket')]
/** The event stream was answered as a long poll, WebSocket was refused before. */
const LOWER = [start(), lost(1, 'refused', 400), opened(2, 'long-polling'), carried(2)]
const REPLACING = [...CONNECTED, retarget(2)]
const DRAINING = [...REPLACING, opened(2, 'websocket')]
const CLIMBING = [...LOWER, timer('probe')]
const WAITING = [start(ONLY_WEBSOCKET), lost(1, 'refused')]
const SENT_AWAY = [start(ONLY_WEBSOCKET), lost(1, 'too-many', 429)]
const SUSPENDED = [...CONNECTED, hint('leave')]

/** Every cell is decided: a new phase or event does not compile until it has its row here. */
const TABLE: Record<Phase, Record<EventType, readonly Case[]>> = {
  idle: {
    start: [
      {
        name: 'opens the best candidate and plans company for it',
        given: [],
        when: start(),
        phase: 'connecting',
        does: ['open 1 websocket', 'deadline:1 in 8000', 'race in 2500'],
      },
      {
        name: 'opens what worked last time first',
        given: [],
        when: start(ALL, 'long-polling'),
        phase: 'connecting',
        does: ['open 1 long-polling', 'deadline:1 in 8000', 'race in 2500'],
      },
      {
        name: 'a memory of something that is no candidate changes nothing',
        given: [],
        when: start(ALL, 'interval-polling'),
        phase: 'connecting',
        does: ['open 1 websocket', 'deadline:1 in 8000', 'race in 2500'],
      },
      {
        name: 'a forced transport gets no company',
        given: [],
        when: start(ONLY_WEBSOCKET),
        phase: 'connecting',
        does: ['open 1 websocket', 'deadline:1 in 8000'],
      },
      {
        name: 'a stream at an address of its own has the time of a first byte',
        given: [],
        when: start(OWN_STREAM),
        phase: 'connecting',
        does: ['open 1 sse', 'deadline:1 in 10000', 'race in 2500'],
      },
    ],
    stop: [{ name: 'stays', given: [], when: stop, phase: 'idle' }],
    retarget: [{ name: 'stays', given: [], when: retarget(2), phase: 'idle' }],
    opened: [
      { name: 'an orphan changes nothing', given: [...CONNECTED, stop], when: opened(1, 'websocket'), phase: 'idle' },
    ],
    carried: [{ name: 'an orphan changes nothing', given: [...CONNECTED, stop], when: carried(1), phase: 'idle' }],
    lost: [{ name: 'an orphan changes nothing', given: [...CONNECTED, stop], when: lost(1, 'dropped'), phase: 'idle' }],
    timer: [{ name: 'a late timer changes nothing', given: [...CONNECTED, stop], when: timer('retry'), phase: 'idle' }],
    'restart-announced': [{ name: 'stays', given: [], when: restart, phase: 'idle' }],
    hint: [{ name: 'stays', given: [], when: hint('check'), phase: 'idle' }],
  },
  connecting: {
    start: [{ name: 'is under way already', given: CONNECTING, when: start(), phase: 'connecting', links: [1] }],
    stop: [
      {
        name: 'closes every attempt',
        given: ALL_RACING,
        when: stop,
        phase: 'idle',
        does: ['close 1 stopped', 'close 2 stopped', 'close 3 stopped', 'clear-timers'],
      },
    ],
    retarget: [
      {
        name: 'closes what aims at the old target and begins anew',
        given: ALL_RACING,
        when: retarget(2),
        phase: 'connecting',
        does: [
          'close 1 replaced',
          'close 2 replaced',
          'close 3 replaced',
          'open 4 websocket',
          'deadline:4 in 8000',
          'race in 2500',
        ],
        links: [4],
      },
      {
        name: 'keeps the floor between attempts',
        given: CONNECTING,
        when: retarget(2),
        laterMs: 100,
        phase: 'waiting',
        does: ['close 1 replaced', 'retry in 150'],
        clears: ['race'],
      },
    ],
    opened: [
      {
        name: 'the first to open carries the traffic',
        given: CONNECTING,
        when: opened(1, 'websocket'),
        phase: 'connected',
        does: ['useful:1 in 5000'],
        clears: ['race', 'deadline:1', 'probe'],
        active: 1,
        links: [],
      },
      {
        name: 'what is not better is closed, what is better may still come',
        given: ALL_RACING,
        when: opened(2, 'sse'),
        phase: 'connected',
        does: ['useful:2 in 5000', 'close 3 replaced', 'probe in 60000'],
        active: 2,
        links: [1],
      },
      {
        name: 'an event stream that turned out to be a long poll is one',
        given: [start(), lost(1, 'refused', 400)],
        when: opened(2, 'long-polling', false),
        phase: 'connected',
        does: ['useful:2 in 5000', 'probe in 60000'],
        clears: ['deadline:2'],
        active: 2,
      },
      {
        name: 'a stream that has sent no byte yet keeps its deadline',
        given: [start(OWN_STREAM)],
        when: opened(1, 'sse', false),
        phase: 'connected',
        does: ['useful:1 in 5000'],
        active: 1,
      },
      { name: 'an orphan changes nothing', given: CONNECTING, when: opened(9, 'sse'), phase: 'connecting', links: [1] },
    ],
    carried: [
      { name: 'an orphan changes nothing', given: CONNECTING, when: carried(9), phase: 'connecting', links: [1] },
    ],
    lost: [
      {
        name: 'the next candidate starts at once',
        given: CONNECTING,
        when: lost(1, 'refused', 400),
        phase: 'connecting',
        does: ['open 2 sse', 'deadline:2 in 8000', 'race in 2500'],
        clears: ['deadline:1'],
        links: [2],
      },
      {
        name: 'while others are still trying nobody gives up',
        given: ALL_RACING,
        when: lost(3, 'network'),
        phase: 'connecting',
        links: [1, 2],
      },
      {
        name: 'with the last one the round is over',
        given: [start(candidates('websocket', 'sse')), lost(1, 'refused')],
        when: lost(2, 'network'),
        phase: 'waiting',
        does: ['retry in 1500'],
      },
      {
        name: 'refused channels are refused everywhere: the round ends and new ones are asked for',
        given: ALL_RACING,
        when: lost(2, 'bad-channel', 403),
        phase: 'waiting',
        does: ['close 1 replaced', 'close 3 replaced', 'renew', 'retry in 1500'],
      },
      {
        name: 'a lost login too',
        given: CONNECTING,
        when: lost(1, 'unauthorized', 401),
        phase: 'waiting',
        does: ['renew', 'retry in 1500'],
      },
      {
        name: 'what the server asks to wait is waited',
        given: [start(ONLY_WEBSOCKET)],
        when: lost(1, 'server-error', 503, 60_000),
        phase: 'waiting',
        does: ['retry in 60000'],
      },
      {
        name: 'a full server is left alone',
        given: [start(ONLY_WEBSOCKET)],
        when: lost(1, 'too-many', 429),
        phase: 'waiting',
        does: ['retry in 22500'],
      },
      {
        name: 'an orphan changes nothing',
        given: CONNECTING,
        when: lost(9, 'bad-channel', 403),
        phase: 'connecting',
        links: [1],
      },
    ],
    timer: [
      {
        name: 'race: the next candidate starts beside the first',
        given: CONNECTING,
        when: timer('race'),
        phase: 'connecting',
        does: ['open 2 sse', 'deadline:2 in 8000', 'race in 2500'],
        links: [1, 2],
      },
      {
        name: 'race: the last one plans no further company',
        given: [start(), timer('race')],
        when: timer('race'),
        phase: 'connecting',
        does: ['open 3 long-polling', 'deadline:3 in 8000'],
        links: [1, 2, 3],
      },
      {
        name: 'deadline: an attempt is given up, the next one starts',
        given: CONNECTING,
        when: timer('deadline', 1),
        phase: 'connecting',
        does: ['close 1 timeout', 'open 2 sse', 'deadline:2 in 8000', 'race in 2500'],
        links: [2],
      },
      {
        name: 'deadline: the last attempt ends the round',
        given: [start(ONLY_WEBSOCKET)],
        when: timer('deadline', 1),
        phase: 'waiting',
        does: ['close 1 timeout', 'retry in 1500'],
      },
      { name: 'deadline of an orphan', given: CONNECTING, when: timer('deadline', 9), phase: 'connecting', links: [1] },
      { name: 'retry: a round is under way', given: CONNECTING, when: timer('retry'), phase: 'connecting', links: [1] },
      {
        name: 'probe: nothing to improve yet',
        given: CONNECTING,
        when: timer('probe'),
        phase: 'connecting',
        links: [1],
      },
      {
        name: 'replace: nothing to replace',
        given: CONNECTING,
        when: timer('replace'),
        phase: 'connecting',
        links: [1],
      },
      { name: 'drain of an orphan', given: CONNECTING, when: timer('drain', 9), phase: 'connecting', links: [1] },
      { name: 'useful of an orphan', given: CONNECTING, when: timer('useful', 9), phase: 'connecting', links: [1] },
    ],
    'restart-announced': [{ name: 'goes on', given: CONNECTING, when: restart, phase: 'connecting', links: [1] }],
    hint: [
      {
        name: 'check: an attempt is under way',
        given: CONNECTING,
        when: hint('check'),
        phase: 'connecting',
        links: [1],
      },
      { name: 'retry: so it is', given: CONNECTING, when: hint('retry'), phase: 'connecting', links: [1] },
      { name: 'return: so it is', given: CONNECTING, when: hint('return'), phase: 'connecting', links: [1] },
      {
        name: 'leave: everything is closed at once',
        given: ALL_RACING,
        when: hint('leave'),
        phase: 'suspended',
        does: ['close 1 stopped', 'close 2 stopped', 'close 3 stopped', 'clear-timers'],
      },
    ],
  },
  connected: {
    start: [{ name: 'is there already', given: CONNECTED, when: start(), phase: 'connected', active: 1 }],
    stop: [
      {
        name: 'closes the active link and those beside it',
        given: DRAINING,
        when: stop,
        phase: 'idle',
        does: ['close 2 stopped', 'close 1 stopped', 'clear-timers'],
      },
    ],
    retarget: [
      {
        name: 'opens a successor beside the active link: make before break',
        given: CONNECTED,
        when: retarget(2),
        phase: 'connected',
        does: ['open 2 websocket', 'deadline:2 in 8000'],
        active: 1,
        links: [2],
      },
      {
        name: 'closes a successor that aims at the target before',
        given: REPLACING,
        when: retarget(3),
        phase: 'connected',
        does: ['close 2 replaced', 'open 3 websocket', 'deadline:3 in 8000'],
        active: 1,
        links: [3],
      },
      {
        name: 'takes another transport where the present one is no candidate any more',
        given: CONNECTED,
        when: retarget(2, candidates('sse', 'long-polling')),
        phase: 'connected',
        does: ['open 2 sse', 'deadline:2 in 8000'],
        active: 1,
      },
      {
        name: 'keeps the floor between attempts',
        given: REPLACING,
        when: retarget(3),
        laterMs: 100,
        phase: 'connected',
        does: ['close 2 replaced', 'replace in 150'],
        active: 1,
        links: [],
      },
    ],
    opened: [
      {
        name: 'a successor takes over, the old link is read on until it is drained',
        given: REPLACING,
        when: opened(2, 'websocket'),
        phase: 'connected',
        does: ['drain:1 in 5000', 'useful:2 in 5000'],
        clears: ['deadline:2', 'replace'],
        active: 2,
        links: [1],
      },
      {
        name: 'a better transport takes over',
        given: CLIMBING,
        when: opened(3, 'websocket'),
        phase: 'connected',
        does: ['drain:2 in 5000', 'useful:3 in 5000'],
        clears: ['probe'],
        active: 3,
        links: [2],
      },
      {
        name: 'confirmation of the active link is noted',
        given: [start(OWN_STREAM), opened(1, 'sse', false)],
        when: opened(1, 'sse'),
        phase: 'connected',
        does: ['useful:1 in 5000'],
        clears: ['deadline:1'],
        active: 1,
      },
      {
        name: 'confirmation of an outdated link leaves its successor alone',
        given: [start(), lost(1, 'refused'), opened(2, 'long-polling', false), retarget(2)],
        when: opened(2, 'long-polling'),
        phase: 'connected',
        does: ['useful:2 in 5000', 'probe in 60000'],
        active: 2,
        links: [3],
      },
      {
        name: 'a drained link has nothing to say any more',
        given: DRAINING,
        when: opened(1, 'websocket'),
        phase: 'connected',
        active: 2,
        links: [1],
      },
      {
        name: 'what proves itself no better than the active link takes over too: it is newer',
        given: [start(OWN_STREAM, 'long-polling'), opened(1, 'long-polling'), timer('probe')],
        when: opened(2, 'long-polling', false),
        phase: 'connected',
        does: ['drain:1 in 5000', 'useful:2 in 5000', 'probe in 120000'],
        active: 2,
        links: [1],
      },
      {
        name: 'an orphan changes nothing',
        given: CONNECTED,
        when: opened(9, 'websocket'),
        phase: 'connected',
        active: 1,
      },
    ],
    carried: [
      {
        name: 'the link is useful now',
        given: UNPROVEN,
        when: carried(1),
        phase: 'connected',
        clears: ['useful:1'],
        active: 1,
      },
      { name: 'says nothing new of a useful one', given: CONNECTED, when: carried(1), phase: 'connected', active: 1 },
      { name: 'a drained link', given: DRAINING, when: carried(1), phase: 'connected', active: 2, links: [1] },
      { name: 'an orphan changes nothing', given: UNPROVEN, when: carried(9), phase: 'connected', active: 1 },
    ],
    lost: [
      {
        name: 'what worked is tried again within half a second',
        given: CONNECTED,
        when: lost(1, 'dropped', 1006),
        phase: 'waiting',
        does: ['retry in 250'],
        clears: ['useful:1', 'probe'],
      },
      {
        name: 'what a restart cut off comes back spread',
        given: CONNECTED,
        when: lost(1, 'server-restart', 1012),
        phase: 'waiting',
        does: ['retry in 4000'],
      },
      {
        name: 'refused channels ask for new ones',
        given: CONNECTED,
        when: lost(1, 'bad-channel', 4010),
        phase: 'waiting',
        does: ['renew', 'retry in 250'],
      },
      {
        name: 'while a better one is being tried, that one goes on alone',
        given: [...ALL_RACING, opened(2, 'sse')],
        when: lost(2, 'dropped'),
        phase: 'connecting',
        links: [1],
      },
      {
        name: 'a useful one that dies ends what was tried beside it',
        given: CLIMBING,
        when: lost(2, 'dropped'),
        phase: 'waiting',
        does: ['close 3 replaced', 'retry in 250'],
      },
      {
        name: 'an unconfirmed poll that fails gives way to the next candidate',
        given: [start(), lost(1, 'refused'), opened(2, 'long-polling', false)],
        when: lost(2, 'network'),
        phase: 'connecting',
        does: ['open 3 long-polling', 'deadline:3 in 8000'],
        links: [3],
      },
      {
        name: 'what was being drained carries on',
        given: DRAINING,
        when: lost(2, 'dropped'),
        phase: 'connected',
        does: ['replace in 1500'],
        clears: ['drain:1'],
        active: 1,
        links: [],
      },
      {
        name: 'a drained link is gone',
        given: DRAINING,
        when: lost(1, 'dropped'),
        phase: 'connected',
        active: 2,
        links: [],
      },
      {
        name: 'a successor that fails is tried again later, ever later',
        given: REPLACING,
        when: lost(2, 'refused'),
        phase: 'connected',
        does: ['replace in 1500'],
        active: 1,
        links: [],
      },
      {
        name: 'a successor whose channels are refused asks for others',
        given: REPLACING,
        when: lost(2, 'bad-channel', 403),
        phase: 'connected',
        does: ['renew', 'replace in 1500'],
        active: 1,
      },
      {
        name: 'a successor that fails again waits longer',
        given: [...REPLACING, lost(2, 'refused'), timer('replace'), lost(3, 'refused'), timer('replace')],
        when: lost(4, 'refused'),
        phase: 'connected',
        does: ['replace in 3000'],
        active: 1,
        links: [],
      },
      {
        name: 'a successor whose channels are refused once it is open asks for others too',
        given: DRAINING,
        when: lost(2, 'bad-channel', 1008),
        phase: 'connected',
        does: ['renew', 'replace in 1500'],
        active: 1,
      },
      {
        name: 'a successor of what may be dead whose channels are refused asks for others, and the doubt stays',
        given: [...CONNECTED, hint('check'), opened(2, 'websocket')],
        when: lost(2, 'bad-channel', 1008),
        phase: 'connected',
        does: ['renew', 'replace in 1500'],
        active: 1,
      },
      {
        name: 'where the refusal is hidden the channels are suspected at the second and fourth one',
        given: [
          ...CONNECTED,
          hint('check'),
          ...[2, 3, 4].flatMap((id) => [lost(id, 'refused', 1006), timer('replace')]),
        ],
        when: lost(5, 'refused', 1006),
        phase: 'connected',
        does: ['renew', 'replace in 6000'],
        active: 1,
      },
      {
        name: 'a full server is left alone for as long as it wants, and tried again',
        given: [...CONNECTED, hint('check')],
        when: lost(2, 'too-many', 1013),
        phase: 'connected',
        does: ['replace in 22500'],
        active: 1,
      },
      {
        name: 'successors that open and die wait longer and longer too',
        given: [
          ...DRAINING,
          lost(2, 'dropped'),
          timer('replace'),
          opened(3, 'websocket'),
          lost(3, 'dropped'),
          timer('replace'),
          opened(4, 'websocket'),
        ],
        when: lost(4, 'dropped'),
        phase: 'connected',
        does: ['replace in 3000'],
        active: 1,
        links: [],
      },
      {
        name: 'a better one that fails is tried again after the next pause',
        given: CLIMBING,
        when: lost(3, 'refused'),
        phase: 'connected',
        does: ['probe in 120000'],
        active: 2,
        links: [],
      },
      { name: 'an orphan changes nothing', given: CONNECTED, when: lost(9, 'dropped'), phase: 'connected', active: 1 },
    ],
    timer: [
      {
        name: 'probe: what is better is tried beside the active link',
        given: LOWER,
        when: timer('probe'),
        phase: 'connected',
        does: ['open 3 websocket', 'deadline:3 in 8000'],
        active: 2,
        links: [3],
      },
      { name: 'probe: nothing is better', given: CONNECTED, when: timer('probe'), phase: 'connected', active: 1 },
      {
        name: 'replace: a successor of the same kind opens',
        given: CONNECTED,
        when: timer('replace'),
        phase: 'connected',
        does: ['open 2 websocket', 'deadline:2 in 8000'],
        active: 1,
        links: [2],
      },
      {
        name: 'replace: one is under way',
        given: REPLACING,
        when: timer('replace'),
        phase: 'connected',
        active: 1,
        links: [2],
      },
      {
        name: 'useful: it lived for long enough',
        given: UNPROVEN,
        when: timer('useful', 1),
        phase: 'connected',
        clears: ['useful:1'],
        active: 1,
      },
      { name: 'useful of an orphan', given: UNPROVEN, when: timer('useful', 9), phase: 'connected', active: 1 },
      {
        name: 'drain: what was replaced is closed',
        given: DRAINING,
        when: timer('drain', 1),
        phase: 'connected',
        does: ['close 1 replaced'],
        active: 2,
        links: [],
      },
      {
        name: 'drain: until its successor has been answered, what is open may be all there is',
        given: [start(), opened(1, 'websocket'), retarget(2), opened(2, 'long-polling', false)],
        when: timer('drain', 1),
        phase: 'connected',
        does: ['drain:1 in 5000'],
        active: 2,
        links: [1],
      },
      {
        name: 'drain of an orphan',
        given: DRAINING,
        when: timer('drain', 9),
        phase: 'connected',
        active: 2,
        links: [1],
      },
      {
        name: 'deadline: a stream that stays silent is held back by a proxy',
        given: [start(OWN_STREAM), opened(1, 'sse', false)],
        when: timer('deadline', 1),
        phase: 'connecting',
        does: ['close 1 buffered', 'open 2 long-polling', 'deadline:2 in 8000'],
        links: [2],
      },
      {
        name: 'deadline: a successor has had its time',
        given: REPLACING,
        when: timer('deadline', 2),
        phase: 'connected',
        does: ['close 2 timeout', 'replace in 1500'],
        active: 1,
        links: [],
      },
      { name: 'deadline of an orphan', given: CONNECTED, when: timer('deadline', 9), phase: 'connected', active: 1 },
      { name: 'race: nobody is left to race', given: CONNECTED, when: timer('race'), phase: 'connected', active: 1 },
      { name: 'retry: nothing to retry', given: CONNECTED, when: timer('retry'), phase: 'connected', active: 1 },
    ],
    'restart-announced': [
      {
        name: 'listens on, and opens a successor at a random moment',
        given: CONNECTED,
        when: restart,
        phase: 'connected',
        does: ['replace in 7500'],
        active: 1,
      },
    ],
    hint: [
      {
        name: 'check: what is open may be dead, so a successor is opened',
        given: CONNECTED,
        when: hint('check'),
        phase: 'connected',
        does: ['open 2 websocket', 'deadline:2 in 8000'],
        active: 1,
        links: [2],
      },
      {
        name: 'check: what is better may be possible again',
        given: LOWER,
        when: hint('check'),
        phase: 'connected',
        does: ['open 3 websocket', 'deadline:3 in 8000'],
        active: 2,
        links: [3],
      },
      {
        name: 'check: once in ten seconds',
        given: [...LOWER, hint('check'), lost(3, 'refused')],
        when: hint('check'),
        phase: 'connected',
        active: 2,
        links: [],
      },
      { name: 'retry: what works is left alone', given: CONNECTED, when: hint('retry'), phase: 'connected', active: 1 },
      { name: 'return: it never left', given: CONNECTED, when: hint('return'), phase: 'connected', active: 1 },
      {
        name: 'leave: closes at once',
        given: DRAINING,
        when: hint('leave'),
        phase: 'suspended',
        does: ['close 2 stopped', 'close 1 stopped', 'clear-timers'],
      },
    ],
  },
  waiting: {
    start: [{ name: 'has started', given: WAITING, when: start(), phase: 'waiting' }],
    stop: [{ name: 'clears the timer', given: WAITING, when: stop, phase: 'idle', does: ['clear-timers'] }],
    retarget: [
      {
        name: 'new channels are tried at once',
        given: WAITING,
        when: retarget(2, ONLY_WEBSOCKET),
        phase: 'connecting',
        does: ['open 2 websocket', 'deadline:2 in 8000'],
        clears: ['retry'],
      },
    ],
    opened: [{ name: 'an orphan changes nothing', given: WAITING, when: opened(1, 'websocket'), phase: 'waiting' }],
    carried: [{ name: 'an orphan changes nothing', given: WAITING, when: carried(1), phase: 'waiting' }],
    lost: [{ name: 'an orphan changes nothing', given: WAITING, when: lost(1, 'bad-channel'), phase: 'waiting' }],
    timer: [
      {
        name: 'retry: the next round begins',
        given: WAITING,
        when: timer('retry'),
        phase: 'connecting',
        does: ['open 2 websocket', 'deadline:2 in 8000'],
      },
      { name: 'race: no', given: WAITING, when: timer('race'), phase: 'waiting' },
      { name: 'probe: no', given: WAITING, when: timer('probe'), phase: 'waiting' },
      { name: 'replace: no', given: WAITING, when: timer('replace'), phase: 'waiting' },
      { name: 'deadline of an orphan', given: WAITING, when: timer('deadline', 1), phase: 'waiting' },
      { name: 'useful of an orphan', given: WAITING, when: timer('useful', 1), phase: 'waiting' },
      { name: 'drain of an orphan', given: WAITING, when: timer('drain', 1), phase: 'waiting' },
    ],
    'restart-announced': [{ name: 'goes on waiting', given: WAITING, when: restart, phase: 'waiting' }],
    hint: [
      {
        name: 'check: a good moment to try',
        given: WAITING,
        when: hint('check'),
        phase: 'connecting',
        does: ['open 2 websocket', 'deadline:2 in 8000'],
        clears: ['retry'],
      },
      {
        name: 'retry: so is this',
        given: WAITING,
        when: hint('retry'),
        phase: 'connecting',
        does: ['open 2 websocket', 'deadline:2 in 8000'],
      },
      {
        name: 'check: not within the floor',
        given: [start(ONLY_WEBSOCKET), lost(1, 'refused'), hint('check'), lost(2, 'refused')],
        when: hint('check'),
        laterMs: -800,
        phase: 'waiting',
      },
      { name: 'check: a full server asked us to stay away', given: SENT_AWAY, when: hint('check'), phase: 'waiting' },
      {
        name: 'check: so did one that told how long',
        given: [start(ONLY_WEBSOCKET), lost(1, 'server-error', 503, 60_000)],
        when: hint('check'),
        phase: 'waiting',
      },
      {
        name: 'leave: nothing is open',
        given: WAITING,
        when: hint('leave'),
        phase: 'suspended',
        does: ['clear-timers'],
      },
    ],
  },
  suspended: {
    start: [{ name: 'has started', given: SUSPENDED, when: start(), phase: 'suspended' }],
    stop: [{ name: 'ends', given: SUSPENDED, when: stop, phase: 'idle', does: ['clear-timers'] }],
    retarget: [{ name: 'is for the return', given: SUSPENDED, when: retarget(2), phase: 'suspended' }],
    opened: [{ name: 'an orphan changes nothing', given: SUSPENDED, when: opened(1, 'websocket'), phase: 'suspended' }],
    carried: [{ name: 'an orphan changes nothing', given: SUSPENDED, when: carried(1), phase: 'suspended' }],
    lost: [{ name: 'an orphan changes nothing', given: SUSPENDED, when: lost(1, 'dropped'), phase: 'suspended' }],
    timer: (['race', 'deadline', 'useful', 'drain', 'retry', 'probe', 'replace'] as const).map((name) => ({
      name: `${name}: nothing runs in the cache`,
      given: SUSPENDED,
      when: timer(name, 1),
      phase: 'suspended',
    })),
    'restart-announced': [{ name: 'stays', given: SUSPENDED, when: restart, phase: 'suspended' }],
    hint: [
      {
        name: 'return: connects at once',
        given: SUSPENDED,
        when: hint('return'),
        phase: 'connecting',
        does: ['open 2 websocket', 'deadline:2 in 8000', 'race in 2500'],
      },
      {
        name: 'any other sign of life does too',
        given: SUSPENDED,
        when: hint('retry'),
        phase: 'connecting',
        does: ['open 2 websocket', 'deadline:2 in 8000', 'race in 2500'],
      },
      { name: 'leave: gone already', given: SUSPENDED, when: hint('leave'), phase: 'suspended' },
    ],
  },
}

describe.each(Object.entries(TABLE))('N3 R5 B4 B7 B8: %s', (phase, row) => {
  describe.each(Object.entries(row))('%s', (type, cases) => {
    test.each(cases)('$name', (each) => {
      const { state, nowMs } = after(...each.given)
      expect([state.phase, each.when.type]).toEqual([phase, type])
      const atMs = nowMs - 1000 + (each.laterMs === undefined ? 1000 : each.laterMs)
      const next = step(state, each.when, { nowMs: atMs, chance: 0.5 }, OPTIONS)
      const done = next.effects.map(shown)
      const isClear = (text: string): boolean => text.startsWith('clear ')
      expect([next.state.phase, ...done.filter((text) => !isClear(text))]).toEqual([each.phase, ...(each.does ?? [])])
      expect(done).toEqual(expect.arrayContaining([...(each.clears ?? []).map((name) => `clear ${name}`)]))
      if (each.active !== undefined) expect(next.state.phase === 'connected' && next.state.active.id).toBe(each.active)
      if (each.links !== undefined)
        expect('links' in next.state && next.state.links.map(({ id }) => id)).toEqual(each.links)
    })
  })
})

const KINDS = ['websocket', 'sse', 'long-polling'] as const

/** Carries effects out in virtual time, as the runner does, and checks after every step what always has to hold. */
class Runner {
  state: State = { phase: 'idle' }
  nowMs = START_AT_MS
  readonly timers = new Map<string, { dueAtMs: number; event: ConnectionEvent }>()
  readonly open = new Map<number, TransportKind>()
  readonly opens: { kind: TransportKind; atMs: number; linkId: number }[] = []
  renewals = 0
  private lastAtMs = new Map<TransportKind, number>()

  constructor(
    readonly random: () => number,
    readonly options: MachineOptions = OPTIONS,
  ) {}

  send(event: ConnectionEvent): void {
    // A link that was lost is known to be so before the machine hears of it.
    if (event.type === 'lost') this.open.delete(event.linkId)
    const { state, effects } = step(this.state, event, { nowMs: this.nowMs, chance: this.random() }, this.options)
    this.state = state
    effects.forEach((effect) => this.run(effect))
    if (state.phase === 'idle') this.lastAtMs = new Map()
    this.check()
  }

  /** Lets time pass, firing timers in order. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const next = [...this.timers].sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs)[0]
      if (!next || next[1].dueAtMs > untilMs) break
      this.timers.delete(next[0])
      this.nowMs = Math.max(this.nowMs, next[1].dueAtMs)
      this.send(next[1].event)
    }
    this.nowMs = untilMs
  }

  private run(effect: Effect): void {
    switch (effect.type) {
      case 'open': {
        const { linkId, kind } = effect
        if (effect.sinceMs > this.nowMs) throw new Error('misses what is to come')
        const sinceLastMs = this.nowMs - (this.lastAtMs.get(kind) ?? -Infinity)
        if (sinceLastMs < this.options.floorMs) throw new Error(`${kind} again after ${sinceLastMs} ms`)
        this.lastAtMs.set(kind, this.nowMs)
        this.open.set(linkId, kind)
        this.opens.push({ kind, atMs: this.nowMs, linkId })
        return
      }
      case 'close':
        if (!this.open.delete(effect.linkId)) throw new Error(`closes ${effect.linkId}, which is not open`)
        return
      case 'set-timer': {
        const { name, linkId } = effect
        this.timers.set(`${name}:${linkId}`, { dueAtMs: this.nowMs + effect.delayMs, event: timer(name, linkId) })
        return
      }
      case 'clear-timer':
        this.timers.delete(`${effect.name}:${effect.linkId}`)
        return
      case 'clear-timers':
        this.timers.clear()
        return
      case 'renew':
        this.renewals++
        return
      default:
        effect satisfies never
    }
  }

  private check(): void {
    const { state, timers, open } = this
    const must = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(`${what}: ${JSON.stringify({ state, open: [...open], timers: [...timers.keys()] })}`)
    }
    const links = 'links' in state ? state.links : []
    const isTrying = ({ openedAtMs }: { openedAtMs: number | null }): boolean => openedAtMs === null
    const ids = links.map(({ id }) => id).concat(state.phase === 'connected' ? state.active.id : [])
    must(ids.length === open.size && ids.every((id) => open.has(id)), 'a link leaks')
    links.forEach(({ id, openedAtMs }) =>
      must(timers.has(`${openedAtMs === null ? 'deadline' : 'drain'}:${id}`), `link ${id} has no end`),
    )
    switch (state.phase) {
      case 'idle':
      case 'suspended':
        return must(timers.size === 0 && ids.length === 0, 'something is left')
      case 'connecting':
        return must(links.length > 0, 'stuck')
      case 'connected':
        must(state.active.openedAtMs !== null, 'connected without a connection')
        if (state.active.targetId === state.memory.target.id) return
        return must(links.some(isTrying) || timers.has('replace:null'), 'nobody goes for the new channels')
      case 'waiting':
        return must(timers.has('retry:null'), 'stuck')
      default:
        return state satisfies never
    }
  }
}

type Action = (runner: Runner) => void

const LOSSES: readonly (readonly [LossReason, number | null])[] = [
  ['refused', null],
  ['refused', 400],
  ['network', null],
  ['dropped', 1006],
  ['server-restart', 1012],
  ['server-error', 502],
  ['bad-channel', 403],
  ['unauthorized', 401],
  ['too-many', 4029],
  ['not-event-stream', 200],
  ['unsupported', null],
]

/** Facts about a link that exists, or (rarely) about one that does not any more. */
const someLink = fc.nat({ max: 6 })
function pick(runner: Runner, at: number): number {
  const ids = [...runner.open.keys()]
  return at >= ids.length ? 10_000 + at : ids[at]!
}

const actions = (lists: readonly (readonly Candidate[])[]): fc.Arbitrary<readonly [string, Action]> => {
  const list = fc.constantFrom(...lists)
  const preferred = fc.constantFrom(null, ...TRANSPORT_KINDS)
  let targetId = 1
  const named = (name: string, act: Action): readonly [string, Action] => [name, act]
  return fc.oneof(
    fc.integer({ min: 0, max: 3000 }).map((ms) => named(`${ms} ms`, (runner) => runner.advance(ms))),
    fc.integer({ min: 0, max: 3000 }).map((ms) => named(`${ms} ms`, (runner) => runner.advance(ms))),
    fc.constantFrom(10_000, 70_000, 400_000).map((ms) => named(`${ms} ms`, (runner) => runner.advance(ms))),
    fc.tuple(someLink, fc.boolean(), fc.boolean()).map(([at, confirmed, asPoll]) =>
      named(`open ${at} ${confirmed} ${asPoll}`, (runner) => {
        const id = pick(runner, at)
        const kind = runner.open.get(id) ?? 'websocket'
        // What a link was asked for, or a long poll in place of an event stream.
        runner.send(opened(id, kind === 'sse' && asPoll ? 'long-polling' : kind, confirmed || kind === 'websocket'))
      }),
    ),
    someLink.map((at) => named(`carry ${at}`, (runner) => runner.send(carried(pick(runner, at))))),
    fc
      .tuple(someLink, fc.constantFrom(...LOSSES), fc.constantFrom(null, null, 5000))
      .map(([at, [reason, code], retryAfterMs]) =>
        named(`lose ${at} ${reason}`, (runner) => runner.send(lost(pick(runner, at), reason, code, retryAfterMs))),
      ),
    fc
      .constantFrom<Hint>('check', 'retry', 'leave', 'return')
      .map((name) => named(`hint ${name}`, (runner) => runner.send(hint(name)))),
    list.map((next) => named('retarget', (runner) => runner.send(retarget(++targetId, [...next])))),
    fc.constant(named('restart announced', (runner) => runner.send(restart))),
    fc.tuple(list, preferred).map(([first, kind]) => named('start', (runner) => runner.send(start([...first], kind)))),
    fc.constant(named('stop', (runner) => runner.send(stop))),
  )
}

const SEED = Number(process.env['MACHINE_SEED'] ?? Date.now() % 2 ** 31)

describe(`random events (seed ${SEED})`, () => {
  const lists = [ALL, ONLY_WEBSOCKET, OWN_STREAM, candidates('websocket', 'long-polling'), candidates('sse')]

  test('B2 N3: no link leaks, nothing is ever stuck, the floor holds, and stop ends everything', () => {
    const plans = fc.array(actions(lists), { maxLength: 60, size: 'max' })
    const property = fc.property(fc.integer(), fc.constantFrom(...lists), plans, (seed, first, plan) => {
      const runner = new Runner(seededRandom(seed))
      runner.send(start([...first]))
      for (const [, act] of plan) act(runner)
      runner.send(stop)
      expect(runner.state).toEqual({ phase: 'idle' })
      expect([runner.open.size, runner.timers.size]).toEqual([0, 0])
    })
    fc.assert(property, { seed: SEED, numRuns: 2000 })
  })

  test.each(KINDS)('N7: forced to %s it never opens anything else', (kind) => {
    const property = fc.property(fc.array(actions([candidates(kind)]), { maxLength: 40, size: 'max' }), (plan) => {
      const runner = new Runner(seededRandom(1))
      runner.send(start(candidates(kind)))
      for (const [, act] of plan) act(runner)
      expect(new Set(runner.opens.map((each) => each.kind))).toEqual(new Set([kind]))
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
  })

  test('B2: whatever a policy of the caller answers, the floor stays', () => {
    for (const answer of [NaN, -1, 0, -Infinity]) {
      const runner = new Runner(seededRandom(1), { ...OPTIONS, backoff: () => answer })
      runner.send(start(ONLY_WEBSOCKET))
      for (let times = 0; times < 50; times++) {
        runner.send(lost([...runner.open.keys()][0]!, 'network'))
        runner.advance(OPTIONS.floorMs)
      }
      expect(runner.opens).toHaveLength(51)
    }
  })
})

test('B3: failures are forgotten by a frame or by 5 s of life, not by opening', () => {
  const refusals = [1, 2, 3].flatMap((id) => [lost(id, 'refused'), timer('retry')])
  const dropped = (...events: ConnectionEvent[]): string[] => {
    const { state, nowMs } = after(start(ONLY_WEBSOCKET), ...refusals, opened(4, 'websocket'), ...events)
    return step(state, lost(4, 'dropped', 1006), { nowMs, chance: 0.5 }, OPTIONS).effects.map(shown)
  }
  expect(dropped()).toContain('retry in 6000')
  expect(dropped(carried(4))).toContain('retry in 250')
  expect(dropped(timer('useful', 4))).toContain('retry in 250')
})

interface Weather {
  /** Opens and dies after this long, without a word. `null`: refused. */
  readonly livesMs: number | null
}

/** Plays transports that all behave as told, for so long. */
function play(list: readonly Candidate[], weather: (kind: TransportKind) => Weather, ms: number, seed = 1): Runner {
  const runner = new Runner(seededRandom(seed))
  const pending: { atMs: number; act: () => void }[] = []
  const answered = new Set<number>()
  function answer(): void {
    for (const { linkId, kind } of runner.opens.slice(-5)) {
      if (answered.has(linkId)) continue
      answered.add(linkId)
      const { livesMs } = weather(kind)
      pending.push({
        atMs: runner.nowMs + 30,
        act() {
          if (!runner.open.has(linkId)) return
          if (livesMs === null) return runner.send(lost(linkId, 'refused'))
          runner.send(opened(linkId, kind))
          pending.push({
            atMs: runner.nowMs + livesMs,
            act: () => void (runner.open.has(linkId) && runner.send(lost(linkId, 'dropped', 1006))),
          })
        },
      })
    }
  }
  runner.send(start([...list]))
  answer()
  const untilMs = runner.nowMs + ms
  while (runner.nowMs < untilMs) {
    runner.advance(10)
    pending.splice(0).forEach((each) => (each.atMs <= runner.nowMs ? each.act() : pending.push(each)))
    answer()
  }
  return runner
}

describe('a proxy that accepts and kills', () => {
  const MINUTE_MS = 60_000
  const opensIn = (runner: Runner, fromMs: number, toMs: number): number =>
    runner.opens.filter(({ atMs }) => atMs - START_AT_MS >= fromMs && atMs - START_AT_MS < toMs).length

  test.each([0, 100, 4000])('B9: is asked six times a minute at most when everything dies after %i ms', (livesMs) => {
    for (const list of [ALL, ONLY_WEBSOCKET]) {
      const runner = play(list, () => ({ livesMs }), 10 * MINUTE_MS)
      for (let sinceMs = 0; sinceMs < 9 * MINUTE_MS; sinceMs += 1000)
        expect(opensIn(runner, sinceMs, sinceMs + MINUTE_MS)).toBeLessThanOrEqual(6)
    }
  })

  test('N4: another transport is tried after three useless opens, and stays', () => {
    const dies = (kind: TransportKind): Weather => ({ livesMs: kind === 'websocket' ? 100 : 3_600_000 })
    const runner = play(ALL, dies, MINUTE_MS)
    expect(runner.opens.slice(0, 4).map(({ kind }) => kind)).toEqual(['websocket', 'websocket', 'websocket', 'sse'])
    // The third is the last straw: no back-off before the next one.
    const [, , third, sse] = runner.opens
    expect(sse!.atMs - third!.atMs).toBeLessThan(100 + 250 + 100)
    expect(runner.state.phase === 'connected' && runner.state.active.kind).toBe('sse')
  })

  test('N4: where the others were refused right before, it waits like after any round', () => {
    const runner = play(ALL, (kind) => ({ livesMs: kind === 'websocket' ? 30 : null }), 20_000)
    for (let sinceMs = 0; sinceMs < 20_000; sinceMs += 100)
      expect(opensIn(runner, sinceMs, sinceMs + 1000)).toBeLessThanOrEqual(6)
  })

  test('the better one is tried again now and then, ever more rarely, and does not disturb the other', () => {
    const dies = (kind: TransportKind): Weather => ({ livesMs: kind === 'websocket' ? 100 : 1e9 })
    const runner = play(ALL, dies, 60 * MINUTE_MS)
    const hour = runner.opens.filter(({ kind, atMs }) => kind === 'websocket' && atMs > START_AT_MS + MINUTE_MS)
    expect(hour.length).toBeGreaterThan(1)
    expect(hour.length).toBeLessThanOrEqual(8)
    expect(runner.opens.filter(({ kind }) => kind === 'sse')).toHaveLength(1)
  })

  test('a server that is down is asked six rounds a minute at most', () => {
    const runner = play(ONLY_WEBSOCKET, () => ({ livesMs: null }), 10 * MINUTE_MS)
    for (let minute = 3; minute < 10; minute++)
      expect(opensIn(runner, minute * MINUTE_MS, (minute + 1) * MINUTE_MS)).toBeLessThanOrEqual(6)
    // Where only WebSocket may be tried, a refusal may mean refused channels: asked for rarely.
    expect(runner.renewals).toBeLessThanOrEqual(6)
  })

  test('N4: restarts never demote a transport', () => {
    const runner = new Runner(seededRandom(1))
    runner.send(start())
    for (let times = 0; times < 10; times++) {
      const [id] = [...runner.open.keys()]
      runner.send(opened(id!, 'websocket'))
      runner.send(lost(id!, 'server-restart', 1012))
      while (runner.open.size === 0) runner.advance(10)
    }
    expect(new Set(runner.opens.map(({ kind }) => kind))).toEqual(new Set(['websocket']))
  })

  test('N4: refused channels and a full server do not either', () => {
    for (const reason of ['bad-channel', 'too-many'] as const) {
      const runner = new Runner(seededRandom(1))
      runner.send(start())
      for (let times = 0; times < 5; times++) {
        const [id] = [...runner.open.keys()]
        runner.send(opened(id!, 'websocket'))
        runner.send(lost(id!, reason))
        while (runner.open.size === 0) runner.advance(10)
      }
      expect(new Set(runner.opens.map(({ kind }) => kind))).toEqual(new Set(['websocket']))
    }
  })
})
