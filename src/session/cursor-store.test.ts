import { describe, expect, test } from 'vitest'
import { type FakePage, createFakeClock, createFakePage } from '../../test/support/fake-platform'
import { messageOf } from '../../test/support/message'
import { channelId } from '../channel/channel-id'
import type { PullConfig } from '../config/config'
import type { StorageLike } from '../platform/platform'
import { type SteadyClock, steadyClock } from '../platform/steady-clock'
import { type Dedupe, createDedupe } from '../replay/dedupe'
import { type Position, createPosition } from '../replay/position'
import { type CursorStore, type CursorStoreDeps, createCursorStore, ownerOf } from './cursor-store'

const LIFETIME_MS = 600_000
const CHANNEL = '0123456789abcdef0123456789abcdef'
const mid = (count: number): string => `1795167691${String(count).padStart(16, '0')}`

interface TabStorage extends StorageLike {
  readonly values: Map<string, string>
}

/** Every page of a tab gets a storage object of its own over the same values. */
function storageOf(values = new Map<string, string>()): TabStorage {
  return {
    values,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  }
}

class FakeTab {
  constructor(
    readonly clock = createFakeClock(),
    readonly values = new Map<string, string>(),
  ) {}

  load(told: Partial<PageOptions> = {}): LoadedPage {
    return new LoadedPage(this, { isReload: false, owner: 'user', reloadMs: LIFETIME_MS, ...told })
  }
  /** Another tab with what this one has in its storage. */
  copy(): FakeTab {
    return new FakeTab(this.clock, new Map(this.values))
  }
}

interface PageOptions {
  readonly isReload: boolean
  readonly owner: string | null
  readonly reloadMs: number
  readonly storage: StorageLike
  /** Of another client of the same page. */
  readonly page: FakePage
}

class LoadedPage {
  readonly page: FakePage
  readonly storage: StorageLike
  readonly dedupe: Dedupe = createDedupe()
  readonly store: CursorStore
  readonly found: ReturnType<CursorStore['take']>
  owner: string | null
  private readonly position: Position
  private readonly clock: SteadyClock

  constructor(
    tab: FakeTab,
    { isReload, owner, reloadMs, storage, page }: Omit<PageOptions, 'storage' | 'page'> & Partial<PageOptions>,
  ) {
    this.clock = steadyClock(tab.clock)
    const { clock } = this
    this.owner = owner
    this.page = page ?? Object.assign(createFakePage(), { isReload })
    this.storage = storage ?? storageOf(tab.values)
    const current: CursorStoreDeps['current'] = () => ({
      owner: this.owner,
      position: this.position,
      serverTime: { shiftMs: 1234, uncertaintyMs: 500, laterMs: 0 },
      counts: {},
      read: [],
      owedSinceMs: Infinity,
    })
    const downSinceMs = () => null
    const platform = { page: this.page, tabStorage: this.storage }
    this.store = createCursorStore({ platform, clock, reloadMs, dedupe: this.dedupe, current, downSinceMs })
    this.store.start()
    this.found = this.store.take(owner)
    const origin = { originAtMs: clock.now(), originIsServerTime: true }
    const left = this.found && this.found.position
    this.position = createPosition({ version: 4, overlapMs: 1500, ...origin, left })
    this.store.moved()
  }

  /** A message comes; whether it is news. */
  hear(count: number): boolean {
    const nowMs = this.clock.now()
    const asked = { nowMs, sinceMs: nowMs, serverNowMs: nowMs, channels: ['a', 'b'], resumed: true, atomic: false }
    this.position.open(asked).accept(messageOf({ mid: mid(count) }), nowMs)
    const isNew = this.dedupe.isNew(mid(count), nowMs)
    this.store.moved()
    return isNew
  }
  leave(): void {
    this.page.signal('pagehide')
    this.page.signal('hidden')
  }
  get place(): string | null {
    const mark = this.found && this.found.position.mark
    return mark && mark.mid
  }
}

async function heard(page: LoadedPage, clock: FakeTab['clock'], counts: readonly number[]): Promise<void> {
  for (const count of counts) {
    page.hear(count)
    await clock.advance(2000)
  }
}

describe('P11: a page leaves its position to the next one in its tab', () => {
  test('when it goes, also without a reload', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    expect(first.found).toBeNull()
    await heard(first, tab.clock, [1, 2, 3])
    first.hear(4)
    first.leave()
    const second = tab.load()
    expect(second.place).toBe(mid(3))
    expect(second.found?.shiftMs).toBe(1234)
    expect([3, 4, 5].map((count) => second.hear(count))).toEqual([false, false, true])
    second.leave()
    const third = tab.load()
    expect([3, 4, 5, 6].map((count) => third.hear(count))).toEqual([false, false, false, true])
  })

  test('when it crashes: at most a second of messages is delivered again', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    await heard(first, tab.clock, [1, 2, 3])
    for (let count = 4; count < 100; count++) {
      first.hear(count)
      await tab.clock.advance(20)
    }
    const second = tab.load({ isReload: true })
    const again = Array.from({ length: 97 }, (_, at) => at + 3).filter((count) => second.hear(count))
    expect(again.length).toBeLessThanOrEqual(50)
    expect(again.every((count) => count >= 50)).toBe(true)
    expect(second.hear(100)).toBe(true)
  })

  test('when it is discarded without having heard anything for long', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    await heard(first, tab.clock, [1, 2])
    await tab.clock.advance(10 * LIFETIME_MS)
    expect(tab.load({ isReload: true }).place).toBe(mid(1))
  })

  test('when it crashes before anything came: from its start', async () => {
    const tab = new FakeTab()
    const startedAtMs = tab.clock.now()
    tab.load()
    await tab.clock.advance(1000)
    expect(tab.load({ isReload: true }).found?.position).toMatchObject({ originAtMs: startedAtMs, mark: null })
  })

  test('when it comes back from the back/forward cache: the page that was between is over', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    await heard(first, tab.clock, [1, 2])
    first.leave()
    const between = tab.load()
    await heard(between, tab.clock, [3, 4])
    between.leave()
    first.page.signal('pageshow')
    expect(first.hear(3)).toBe(true)
    first.leave()
    const last = tab.load()
    expect([3, 4].map((count) => last.hear(count))).toEqual([false, true])
  })

  test('what a page does after it went changes nothing', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    first.hear(1)
    first.leave()
    const before = [...tab.values]
    first.hear(2)
    await tab.clock.advance(LIFETIME_MS / 2)
    expect([...tab.values]).toEqual(before)
    expect(tab.clock.timers).toBe(0)
  })

  test('it is written once a second at the most while messages come', async () => {
    const tab = new FakeTab()
    const storage = storageOf(tab.values)
    let writes = 0
    const counted = { ...storage, setItem: (key: string, value: string) => (writes++, storage.setItem(key, value)) }
    const first = tab.load({ storage: counted })
    for (let count = 0; count < 1000; count++) {
      first.hear(count)
      await tab.clock.advance(10)
    }
    expect(writes).toBeGreaterThanOrEqual(9)
    expect(writes).toBeLessThanOrEqual(11)
    // The last one does not wait for the next message.
    first.hear(1000)
    await tab.clock.advance(1000)
    expect(tab.load({ isReload: true }).hear(1000)).toBe(false)
  })

  test('W11: a clock that was set back: all instants are handed on by the clock as it is then', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    first.hear(1)
    await tab.clock.advance(5000)
    tab.clock.jump(-3_600_000)
    await heard(first, tab.clock, [2])
    const { found } = tab.load({ isReload: true })
    const { mark, newest } = found!.position
    const agesMs = [found!.atMs, found!.sinceMs, newest!.receivedAtMs].map((atMs) => tab.clock.now() - atMs)
    expect(Math.min(...agesMs)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...agesMs)).toBeLessThan(5000)
    expect(newest!.receivedAtMs - mark!.receivedAtMs).toBe(5000)
    expect(found!.shiftMs).toBe(1234 - 3_600_000)
  })

  test('other channels of the same page: under their name, and nowhere else', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    first.hear(1)
    first.owner = 'user with another channel'
    await heard(first, tab.clock, [2])
    expect(tab.values.size).toBe(1)
    expect(tab.copy().load({ isReload: true }).found).toBeNull()
    expect(tab.load({ isReload: true, owner: first.owner }).hear(2)).toBe(false)
  })
})

describe('P12: nothing secret is kept', () => {
  const config = (id: string, version: number): PullConfig =>
    ({
      version,
      channels: [{ type: 'private', id: channelId(id), startAtMs: null, endAtMs: null }],
    }) as unknown as PullConfig

  test('neither channels nor signatures, and no identity that names one', () => {
    const tab = new FakeTab()
    const owner = ownerOf(config(`${CHANNEL}:fedcba.sigsigsig`, 2))
    const page = tab.load({ owner })
    page.dedupe.isNew(`${CHANNEL}|1|1|Fri, 20 Nov 2026 09:31:06 GMT`, tab.clock.now())
    page.leave()
    const written = JSON.stringify([...tab.values])
    for (const secret of [CHANNEL.slice(0, 8), CHANNEL.slice(-8), 'fedcba', 'sigsig'])
      expect(written).not.toContain(secret)
    expect(written).toContain('"seen\\":[\\"')
  })

  test('the owner is the first channel on a server of one generation, however it is signed', () => {
    const owner = ownerOf(config(`${CHANNEL}.one`, 4))
    expect(ownerOf(config(`${CHANNEL.toUpperCase()}:public.other`, 4))).toBe(owner)
    expect(ownerOf(config(`${CHANNEL}.one`, 3))).not.toBe(owner)
    expect(ownerOf(config(`${CHANNEL.replace('0', '1')}.one`, 4))).not.toBe(owner)
    expect(ownerOf({ version: 5, channels: [] } as unknown as PullConfig)).toBeNull()
  })
})

describe('P13: what is no position of this user from this time is ignored', () => {
  test('an end of its lifetime, counted from the last sign of life', async () => {
    for (const [ageMs, expected] of [
      [LIFETIME_MS - 1, mid(1)],
      [LIFETIME_MS, null],
      [-1, null],
    ] as const) {
      const tab = new FakeTab()
      const first = tab.load()
      await heard(first, tab.clock, [1, 2])
      first.leave()
      tab.clock.jump(ageMs)
      expect(tab.load().place).toBe(expected)
    }
  })

  test('another user, or a user nobody can name', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    await heard(first, tab.clock, [1, 2])
    first.leave()
    for (const owner of ['somebody else', null]) {
      const copy = tab.copy()
      const other = copy.load({ owner })
      expect(other.found).toBeNull()
      other.leave()
      expect(copy.load().found).toBeNull()
    }
    expect(tab.load().place).toBe(mid(1))
  })

  test.each([
    ['', 'x', 'null', '1', '[]', '{}', '"text"', '{"how":"left"}'],
    ['{"how":"left","atMs":NOW,"position":null,"seen":[]}'],
    ['{"how":"left","atMs":"NOW","position":{},"seen":{}}'],
    ['{"how":"left","atMs":NOW,"position":{"originAtMs":1,"originIsServerTime":true,"mark":null},"seen":[1]}'],
    ['{"how":"left","atMs":NOW,"position":{"originAtMs":1,"originIsServerTime":true,"mark":null},"seen":"abc"}'],
    ['{"how":"left","atMs":NOW,"position":{"originAtMs":1,"originIsServerTime":true,"mark":null}}'],
    ['{"how":"left","atMs":null,"position":{"originAtMs":1,"originIsServerTime":true,"mark":null},"seen":[]}'],
  ])('whatever else is stored there: %s', (...texts) => {
    for (const text of texts) {
      const tab = new FakeTab()
      tab.load().leave()
      const [[name]] = [...tab.values] as [[string, string]]
      tab.values.set(name, text.replace('NOW', String(tab.clock.now())))
      expect(tab.load({ isReload: true }).found).toBeNull()
    }
  })

  test('a storage that throws, or is full: nothing older is left in it', () => {
    const refuse = (): never => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    const tab = new FakeTab()
    const blocked = tab.load({ storage: { getItem: refuse, setItem: refuse, removeItem: refuse } })
    expect(() => (blocked.hear(1), blocked.leave(), blocked.store.stop())).not.toThrow()
    const storage = storageOf(tab.values)
    let isFull = false
    const first = tab.load({
      storage: { ...storage, setItem: (key, value) => (isFull ? refuse() : storage.setItem(key, value)) },
    })
    expect(tab.values.size).toBe(1)
    isFull = true
    first.leave()
    expect(tab.values.size).toBe(0)
  })

  test('switched off nothing is read, written, listened to or waited for', () => {
    const tab = new FakeTab()
    tab.load().leave()
    const before = [...tab.values]
    const timers = tab.clock.timers
    const off = tab.load({ reloadMs: 0 })
    off.hear(1)
    expect([off.found, off.page.listeners, tab.clock.timers]).toEqual([null, 0, timers])
    expect([...tab.values]).toEqual(before)
  })
})

describe('P14: nobody takes the position of somebody else', () => {
  test('a copy of a tab, whose first page may be alive, starts anew and takes nothing from it', async () => {
    const tab = new FakeTab()
    const first = tab.load()
    await heard(first, tab.clock, [1, 2, 3])
    const copy = tab.copy()
    const second = copy.load()
    expect(second.found).toBeNull()
    await heard(second, tab.clock, [4])
    await heard(first, tab.clock, [4])
    first.leave()
    expect(tab.load().hear(4)).toBe(false)
  })

  test('a page that was gone on from cannot be gone on from twice', () => {
    const tab = new FakeTab()
    const first = tab.load()
    first.hear(1)
    first.leave()
    tab.load()
    expect(tab.copy().load().found).toBeNull()
  })

  test('clients of one page have an entry each, in the order they start', async () => {
    const tab = new FakeTab()
    const one = tab.load()
    const other = tab.load({ storage: one.storage, page: one.page })
    await heard(one, tab.clock, [1, 2])
    await heard(other, tab.clock, [7, 8])
    one.leave()
    expect(tab.values.size).toBe(2)
    const oneAgain = tab.load({ isReload: true })
    const otherAgain = tab.load({ storage: oneAgain.storage, page: oneAgain.page })
    const third = tab.load({ storage: oneAgain.storage, page: oneAgain.page })
    expect([oneAgain.place, otherAgain.place, third.found]).toEqual([mid(1), mid(7), null])
    oneAgain.store.stop()
    expect(tab.load({ storage: oneAgain.storage, page: oneAgain.page }).found).toBeNull()
  })
})

test('P15: a stopped client leaves nothing: no entry, no timer, no listener', () => {
  const tab = new FakeTab()
  const first = tab.load()
  first.hear(1)
  first.store.stop()
  first.hear(2)
  first.leave()
  expect([tab.values.size, tab.clock.timers, first.page.listeners]).toEqual([0, 0, 0])
})
