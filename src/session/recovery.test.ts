import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { messageOf } from '../../test/support/message'
import type { TransportKind } from '../core/transport-kind'
import { steadyClock } from '../platform/steady-clock'
import { type RecoveringLink, createRecovery } from './recovery'
import { type Remedy, remedyOf } from './remedy'
import type { PollWord } from './short-poll'

interface LinkTold {
  readonly id?: number
  readonly version?: number
  readonly kind?: TransportKind
  /** How long before now the break was; `null`: nothing was missed. */
  readonly missedMs?: number | null
  readonly mayPoll?: boolean
  readonly lacksChannel?: boolean
}

function scene() {
  const clock = createFakeClock()
  const startMs = clock.now()
  const happened: string[] = []
  let polling: ((word: PollWord) => void) | null = null
  const since = (atMs: number): number => atMs - startMs
  const recovery = createRecovery({
    clock: steadyClock(clock),
    unreadSinceMs: () => Infinity,
    gap: ({ certainty, reason, sinceMs, missing }) =>
      void happened.push(`gap ${certainty} ${reason} since ${since(sinceMs)}${missing ? ` missing ${missing}` : ''}`),
    recovered: (outcome) => void happened.push(outcome),
    resumeAgain: () => void happened.push(`again since ${since(recovery.owedSinceMs())}`),
  })
  const link = ({
    id = 1,
    version = 4,
    kind = 'websocket',
    missedMs = 1000,
    mayPoll = true,
    lacksChannel = false,
  }: LinkTold): RecoveringLink => ({
    id,
    version,
    kind,
    lacksChannel,
    missedSinceMs: missedMs === null ? null : clock.now() - missedMs,
    askedSinceMs: Math.min(clock.now() - Number(missedMs), recovery.owedSinceMs()),
    ownSinceMs: clock.now() - Number(missedMs),
    poll: mayPoll
      ? (sinceMs, told) => {
          happened.push(`poll since ${since(sinceMs)}`)
          polling = told
          return () => void (polling = null)
        }
      : null,
    release: (frame) => void happened.push(`released ${String(frame)}`),
  })
  const answer = (isAnswered: boolean): void => {
    const told = polling
    polling = null
    told!(isAnswered ? 'answered' : 'lost')
  }
  return {
    clock,
    recovery,
    happened,
    answer,
    wait: () => polling!('waits'),
    isPolling: () => polling !== null,
    open: (told: LinkTold = {}) => recovery.opened(link(told)),
  }
}

describe('G1: what a link needs once it stands', () => {
  const kinds = ['websocket', 'sse', 'long-polling'] as const
  const table: readonly [version: number, readonly Remedy[]][] = [
    [1, ['fetch', 'none', 'none']],
    [2, ['none', 'none', 'none']],
    [3, ['ask-again', 'none', 'none']],
    [4, ['ask-again', 'none', 'none']],
    [5, ['ask-again', 'none', 'none']],
  ]
  test.each(table)('version %i', (version, remedies) => {
    const of = (kind: TransportKind, missedSinceMs: number | null): Remedy =>
      remedyOf({ version, kind, missedSinceMs, poll: () => () => {}, isAfterCut: false, isPlanned: false })
    expect(kinds.map((kind) => of(kind, 1))).toEqual(remedies)
    expect(kinds.map((kind) => of(kind, null))).toEqual(['none', 'none', 'none'])
  })
})

test('P10: a poll that waits settles the word and lets go what was held; lost after that, it is asked for again', async () => {
  const { clock, recovery, open, happened, answer, wait } = scene()
  open({ version: 1 })
  recovery.hold(1, 'frame')
  wait()
  expect(happened).toEqual(['poll since -1000', 'released frame', 'complete'])
  answer(false)
  await clock.advance(300)
  recovery.ended(1)
  open({ version: 1, id: 2, missedMs: 0 })
  expect(happened.slice(3)).toEqual(['poll since -1000', 'poll since -1000'])
  answer(true)
  expect(happened.slice(5)).toEqual(['complete'])
})

test('P10: what a poll was fetching when its link died is owed to whatever comes next, a WebSocket included', async () => {
  const { clock, recovery, open, happened, answer, wait } = scene()
  const since = (): number => recovery.owedSinceMs() - clock.now()
  open({ version: 1 })
  wait()
  recovery.ended(1)
  expect(since()).toBe(-1000)
  open({ version: 1, kind: 'long-polling', id: 2 })
  await clock.advance(2000)
  recovery.ended(2)
  expect(since()).toBe(-3000)
  open({ version: 1, id: 3, missedMs: null })
  await clock.advance(2000)
  expect(happened.slice(-1)).toEqual(['poll since -1000'])
  answer(true)
  expect([recovery.owedSinceMs(), clock.timers]).toEqual([Infinity, 0])
})

test('P6: a replay of 0.3.4 that was cut is asked for by a poll, for it names no channels', async () => {
  const { clock, recovery, open, happened, answer } = scene()
  open({ version: 1, kind: 'sse' })
  recovery.ended(1, true)
  open({ version: 1, kind: 'sse', id: 2 })
  await clock.advance(1)
  answer(true)
  expect(happened).toEqual(['poll since -1000', 'complete'])
  recovery.ended(2)
  for (const version of [1, 2]) {
    open({ version, kind: 'sse', id: 2 + version, mayPoll: version === 2 })
    recovery.ended(2 + version, true)
    open({ version, kind: 'sse', id: 9, mayPoll: version === 2 })
    await clock.advance(3000)
    recovery.ended(9)
  }
  expect(happened.slice(2)).toEqual(['complete', 'complete'])
})

describe('G3: Node servers', () => {
  test('are asked once more for what fell between the store and the listener', async () => {
    const { clock, open, happened, answer } = scene()
    open()
    await clock.advance(1999)
    expect(happened).toEqual([])
    await clock.advance(1)
    expect(happened).toEqual(['poll since -1000'])
    answer(true)
    expect(happened.slice(1)).toEqual(['complete'])
  })
  test('polls that are refused are repeated twice, then another link asks', async () => {
    const { clock, open, happened, answer } = scene()
    open()
    for (let tries = 0; tries < 3; tries++) {
      await clock.advance(2000)
      answer(false)
    }
    await clock.advance(2000)
    expect(happened).toEqual([...Array(3).fill('poll since -1000'), 'complete', 'again since -1000'])
  })
  test('where no poll may be opened they are resumed a second time', async () => {
    const { clock, open, happened } = scene()
    open({ mayPoll: false })
    await clock.advance(2000)
    expect(happened).toEqual(['complete', 'again since -1000'])
  })
  test('a first link needs nothing', async () => {
    const { clock, open, happened } = scene()
    open({ missedMs: null })
    await clock.advance(60_000)
    expect(happened).toEqual([])
  })
  test('so it is after a planned change, for the older link may have been dead, where a poll may ask', async () => {
    for (const [told, expected] of [
      [{}, ['poll since 60000']],
      [{ mayPoll: false }, []],
      // A first answer may have passed what the older link did not bring.
      [{ kind: 'long-polling' }, ['poll since 60000']],
      [{ version: 2 }, []],
    ] as const) {
      const { clock, open, happened } = scene()
      open({ missedMs: null, ...told })
      await clock.advance(60_000)
      open({ id: 2, missedMs: null, ...told })
      await clock.advance(20_000)
      expect(happened).toEqual(expected)
    }
  })
  test('and where none may, if the older link turns out to be dead', async () => {
    for (const [laterMs, isLost, expected] of [
      [100, true, ['again since 60000']],
      [100, false, []],
      [20_000, true, []],
    ] as const) {
      const { clock, recovery, open, happened } = scene()
      open({ missedMs: null, mayPoll: false })
      await clock.advance(60_000)
      open({ id: 2, missedMs: null, mayPoll: false })
      await clock.advance(laterMs)
      recovery.ended(1, false, isLost)
      await clock.advance(20_000)
      expect(happened).toEqual(expected)
    }
  })
  test('links in quick succession do not hand on what the first of them missed', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ missedMs: 100 })
    for (const id of [2, 3]) {
      recovery.heard(id - 1)
      await clock.advance(500)
      open({ id, missedMs: null })
    }
    recovery.heard(3)
    await clock.advance(2000)
    expect(happened).toEqual(['poll since 1000'])
  })
  test('a link that was lost before it was reconciled is reconciled with the next one, from where it stood', async () => {
    const { clock, recovery, open, happened } = scene()
    open()
    await clock.advance(1800)
    recovery.ended(1)
    open({ id: 2, missedMs: 100 })
    expect(recovery.owedSinceMs() - clock.now()).toBe(-2800)
    await clock.advance(2000)
    expect(happened).toEqual(['poll since -1000'])
  })
  test('more than is remembered is not asked for twice', async () => {
    const { clock, recovery, open, happened } = scene()
    open()
    for (let count = 0; count <= 5000; count++) recovery.numbered(messageOf({}), 4)
    await clock.advance(2000)
    expect(happened).toEqual(['complete'])
  })
  test('a channel that was replaced while nobody read it is suspected', async () => {
    const { clock, open, happened } = scene()
    open({ kind: 'long-polling', lacksChannel: true })
    await clock.advance(2000)
    expect(happened).toEqual(['gap suspected channel since -2500', 'suspected-gap'])
  })
  test('an absence longer than the history is suspected', async () => {
    const { clock, open, happened, answer } = scene()
    open({ missedMs: 90_000_000 })
    await clock.advance(2000)
    answer(true)
    expect(happened).toEqual(['gap suspected history since -90001500', 'poll since -90000000', 'suspected-gap'])
  })
})

describe('P7: a server that lost its store', () => {
  test('is asked for everything it has, once a lower mid is sorted in, and suspected', async () => {
    const { clock, recovery, open, happened, answer } = scene()
    open({ missedMs: null })
    recovery.renumbered()
    await clock.advance(1999)
    expect(happened).toEqual(['gap suspected renumbered since -1500', 'suspected-gap'])
    await clock.advance(1)
    answer(true)
    expect(happened.slice(2)).toEqual(['poll since 0'])
  })
  test('where no poll may be opened another link asks', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ missedMs: null, mayPoll: false })
    recovery.renumbered()
    await clock.advance(2000)
    expect(happened.slice(-1)).toEqual(['again since 0'])
  })
  test('between two links the next one asks', () => {
    const { recovery, open, happened } = scene()
    open({ missedMs: null })
    recovery.ended(1)
    recovery.renumbered()
    expect(happened).toEqual(['gap suspected renumbered since -1500', 'suspected-gap'])
  })
  test('may have lost it at any time since the last message: the link may be dead', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ missedMs: null })
    recovery.numbered(messageOf(), 4)
    await clock.advance(10_000)
    for (const id of [2, 3]) {
      open({ id, kind: 'long-polling' })
      await clock.advance(10_000)
    }
    recovery.renumbered()
    recovery.numbered(messageOf(), 4)
    await clock.advance(10_000)
    recovery.anotherStore()
    expect(happened.filter((line) => line.startsWith('gap'))).toEqual([
      'gap suspected renumbered since -1500',
      // What the second link may have passed is owed since it opened.
      'gap suspected renumbered since 8500',
    ])
  })
  test('and with it what was owed', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ missedMs: null, kind: 'long-polling' })
    await clock.advance(60_000)
    recovery.heard(1)
    await clock.advance(5000)
    recovery.numbered(messageOf(), 4)
    recovery.anotherStore()
    expect(happened[0]).toBe('gap suspected renumbered since 58500')
  })
  test('before what a new link brought, and before low numbers came', async () => {
    const { clock, recovery, open, happened } = scene()
    recovery.numbered(messageOf({ mid: '2' }), 4)
    await clock.advance(60_000)
    recovery.numbered(messageOf({ mid: '1' }), 4)
    open({ missedMs: null })
    recovery.numbered(messageOf({ mid: '3' }), 4)
    await clock.advance(5000)
    recovery.renumbered()
    expect(happened[0]).toBe('gap suspected renumbered since -1500')
  })
  test('twice in one outage is told twice', async () => {
    const { clock, recovery, open, happened } = scene()
    open()
    recovery.renumbered()
    recovery.ended(1)
    await clock.advance(1000)
    open({ id: 2, missedMs: 100 })
    recovery.renumbered()
    expect(happened.filter((line) => line.startsWith('gap'))).toHaveLength(2)
  })
})

describe('P3: between two polls a mid may become visible after a higher one', () => {
  test('what came is asked for again within ten seconds, over whatever link', async () => {
    const { clock, recovery, open, happened, answer } = scene()
    open({ missedMs: null, kind: 'long-polling' })
    await clock.advance(60_000)
    recovery.heard(1)
    await clock.advance(4000)
    recovery.heard(1)
    await clock.advance(6000)
    expect(happened).toEqual(['poll since 60000'])
    answer(true)
    await clock.advance(60_000)
    recovery.heard(1)
    await clock.advance(4000)
    open({ id: 2, missedMs: null })
    await clock.advance(2000)
    expect(happened.slice(1)).toEqual(['poll since 130000'])
  })
  test('what an older link brings this one may have passed', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ missedMs: null, kind: 'long-polling' })
    open({ id: 2, missedMs: null, kind: 'long-polling' })
    recovery.heard(1)
    await clock.advance(10_000)
    expect(happened).toEqual(['poll since 0'])
  })
  test('push-stream tells by its numbers', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ version: 2, missedMs: null, kind: 'long-polling' })
    recovery.heard(1)
    await clock.advance(60_000)
    expect(happened).toEqual([])
  })
})

describe('G4: the ping of Push server 2.0', () => {
  test('what it swallowed is asked for, where something came at all', async () => {
    const { clock, recovery, open, happened, isPolling, answer } = scene()
    open({ missedMs: null })
    recovery.heard(1)
    await clock.advance(123_001)
    expect(happened).toEqual(['poll since 105000'])
    answer(true)
    await clock.advance(120_000)
    expect([happened.length, isPolling()]).toEqual([1, false])
    recovery.heard(1)
    await clock.advance(120_000)
    expect(happened[1]).toBe('poll since 345000')
  })
  test('where no poll may be opened another link asks', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ missedMs: null, mayPoll: false })
    recovery.heard(1)
    await clock.advance(123_001)
    expect(happened).toEqual(['again since 105000'])
  })
  test('where the link ends before that, it is owed', async () => {
    for (const [lifeMs, owedMs] of [
      [60_000, Infinity],
      [121_000, 105_000],
      [241_000, 225_000],
    ] as const) {
      const { clock, recovery, open } = scene()
      const startMs = clock.now()
      open({ missedMs: null })
      await clock.advance(lifeMs)
      recovery.ended(1)
      expect([recovery.owedSinceMs() - startMs, clock.timers]).toEqual([owedMs, 0])
    }
  })
  test('no other server swallows anything', async () => {
    for (const version of [1, 2, 3, 5]) {
      const { clock, recovery, open, happened } = scene()
      open({ version, missedMs: null })
      recovery.heard(1)
      await clock.advance(600_000)
      expect(happened).toEqual([])
    }
  })
})

describe('P10: push-stream 0.3.4', () => {
  test('what comes meanwhile is delivered behind what was missed', () => {
    const { recovery, open, happened, answer } = scene()
    open({ version: 1 })
    expect([recovery.hold(1, '3'), recovery.hold(2, 'x'), recovery.hold(1, '4')]).toEqual([true, false, true])
    answer(true)
    expect(recovery.hold(1, '5')).toBe(false)
    expect(happened).toEqual(['poll since -1000', 'released 3', 'released 4', 'complete'])
  })
  test('nothing is held back for longer than two seconds', async () => {
    const { clock, recovery, open, happened, answer } = scene()
    open({ version: 1 })
    recovery.hold(1, '1')
    await clock.advance(1999)
    expect(recovery.hold(1, '2')).toBe(true)
    await clock.advance(1)
    expect(recovery.hold(1, '3')).toBe(false)
    answer(true)
    expect([happened.slice(1), clock.timers]).toEqual([['released 1', 'released 2', 'complete'], 0])
  })
  test('a poll that is cut is repeated, and what came meanwhile stays behind it', async () => {
    const { clock, recovery, open, happened, answer } = scene()
    open({ version: 1 })
    recovery.hold(1, '1')
    answer(false)
    await clock.advance(300)
    answer(true)
    expect(happened).toEqual(['poll since -1000', 'poll since -1000', 'released 1', 'complete'])
  })
  test.each([
    ['refused', true],
    ['not allowed', false],
  ])('a poll that is %s leaves the hole', async (_why, mayPoll) => {
    const { clock, recovery, open, happened, answer } = scene()
    open({ version: 1, mayPoll })
    for (let tries = 0; mayPoll && tries < 3; tries++) {
      answer(false)
      await clock.advance(300)
    }
    expect(happened.filter((line) => !line.startsWith('poll'))).toEqual([
      'gap suspected no-replay since -2500',
      'suspected-gap',
    ])
    expect(recovery.hold(1, '1')).toBe(false)
  })
  test('what one link missed and nobody fetched is missed still', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ version: 1 })
    recovery.hold(1, '1')
    await clock.advance(300)
    recovery.ended(1)
    open({ version: 1, id: 2, missedMs: 100 })
    expect(happened).toEqual(['poll since -1000', 'poll since -1000'])
  })
})

describe('P7: another store', () => {
  test('is told by numbers from 1 on after a break on push-stream, and means nothing without one', async () => {
    const { clock, recovery, open, happened } = scene()
    const see = (channel: string, ...ids: number[]): void =>
      ids.forEach((id) => recovery.numbered(messageOf({ channel, id }), 2))
    open({ version: 2, missedMs: null })
    see('a', 7, 1, 2)
    see('b', 7, 8)
    expect(happened).toEqual([])
    await clock.advance(10_000)
    open({ version: 2, id: 2 })
    see('a', 1)
    // Both channels show the same loss.
    see('b', 1, 2)
    await clock.advance(10_000)
    see('a', 2, 1)
    expect(happened).toEqual(['gap suspected renumbered since -1500', 'suspected-gap'])
  })
  test('between two polls something may be lost without a break, and again with the next store', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ version: 2, missedMs: null, kind: 'long-polling' })
    const see = async (channel: string, id: number): Promise<void> => {
      await clock.advance(2000)
      recovery.numbered(messageOf({ channel, id }), 2)
    }
    await see('a', 7)
    await see('b', 7)
    await see('a', 1)
    // The same loss.
    await see('b', 1)
    const gaps = (): string[] => happened.filter((line) => line.startsWith('gap'))
    expect(gaps()).toEqual(['gap suspected renumbered since 500'])
    // The next one.
    await see('b', 1)
    await see('a', 1)
    expect(gaps().slice(1)).toEqual(['gap suspected renumbered since 6500'])
  })
  test('is told by a channel that is quiet until long after the break', async () => {
    const { clock, recovery, open, happened } = scene()
    recovery.numbered(messageOf({ channel: 'a', id: 7 }), 2)
    await clock.advance(10_000)
    open({ version: 2 })
    await clock.advance(60_000)
    recovery.numbered(messageOf({ channel: 'a', id: 1 }), 2)
    expect(happened).toEqual(['complete', 'gap suspected renumbered since -1500', 'suspected-gap'])
  })
})

describe('G2: push-stream from 0.4 on', () => {
  test('a hole that stays is certain, and takes back what was said', async () => {
    const { clock, recovery, open, happened } = scene()
    recovery.numbered(messageOf({ channel: 'a', id: 1 }), 2)
    open({ version: 2 })
    await clock.advance(2000)
    recovery.numbered(messageOf({ channel: 'a', id: 4 }), 2)
    await clock.advance(3000)
    expect(happened).toEqual(['complete', 'poll since 0', 'gap certain overflow since -1500 missing 2', 'gap'])
  })
  test('where no poll may be opened another link asks for what a hole left out, not too far back', async () => {
    const { clock, recovery, open, happened } = scene()
    open({ version: 2, missedMs: null, mayPoll: false })
    recovery.numbered(messageOf({ channel: 'a', id: 1 }), 2)
    await clock.advance(60_000)
    recovery.numbered(messageOf({ channel: 'a', id: 4 }), 2)
    await clock.advance(1000)
    expect(happened).toEqual(['again since 30000'])
  })
  test('a hole that is closed in time is none', async () => {
    const { clock, recovery, open, happened, answer } = scene()
    recovery.numbered(messageOf({ channel: 'a', id: 1 }), 2)
    open({ version: 2 })
    recovery.numbered(messageOf({ channel: 'a', id: 3 }), 2)
    await clock.advance(1000)
    recovery.numbered(messageOf({ channel: 'a', id: 2 }), 2)
    answer(true)
    await clock.advance(10_000)
    expect([happened, clock.timers]).toEqual([['poll since 0', 'complete'], 0])
  })
})

test('T3: what lies beyond the largest frame is told for certain', async () => {
  const { clock, recovery, open, happened } = scene()
  open({ missedMs: 5000, mayPoll: false })
  recovery.unreadable(3)
  recovery.unreadable(1, true)
  expect(happened).toEqual(['gap certain overflow since -6500'])
  await clock.advance(2000)
  expect(happened[1]).toBe('gap')
})

test('I5: a client that a listener of `gap` stops leaves nothing', async () => {
  for (const lacksChannel of [true, false]) {
    const { clock, recovery, open, happened } = scene()
    const { push } = happened
    happened.push = (...lines) => (recovery.stop(), push.apply(happened, lines))
    open({ lacksChannel, missedMs: lacksChannel ? 1000 : null })
    recovery.renumbered()
    await clock.advance(0)
    expect(clock.timers).toBe(0)
  }
})

test('stopped, nothing is left', async () => {
  const { clock, recovery, open, happened, isPolling } = scene()
  recovery.numbered(messageOf({ channel: 'a', id: 1 }), 2)
  recovery.numbered(messageOf({ channel: 'a', id: 3 }), 2)
  open()
  await clock.advance(2000)
  recovery.stop()
  expect([clock.timers, isPolling()]).toEqual([0, false])
  await clock.advance(600_000)
  expect(happened).toEqual(['poll since -1000'])
})
