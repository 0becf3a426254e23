/**
 * Owns what is left in channels that were exchanged: when a link that read them ends and nobody else does, one poll asks
 * for what it may not have brought. Nothing else looks there again.
 */
import type { Clock } from '../platform/platform'
import { READ_AFTER_MS } from './arrivals'
import { type PollWord, TRIES } from './short-poll'

/** Asks for what came since an instant; of one channel alone, if its fingerprint is given. The result stops it. */
export type SincePoll = (sinceMs: number, told: (word: PollWord) => void, print?: string) => () => void

export interface LeftBehindDeps {
  readonly clock: Clock
  /** Fingerprints of channels that the page before read. */
  readonly read: readonly string[]
  /** What was left since then stays there. */
  missed(sinceMs: number): void
}

export interface StandingLink {
  readonly id: number
  readonly prints: readonly string[]
  /** `null`: polls are not allowed. */
  readonly poll: SincePoll | null
  /** From when on it asks. */
  readonly askedSinceMs: number
  /** Nothing stood when it was opened. */
  readonly isAfterBreak: boolean
}

export interface LeftBehind {
  /** Fingerprints of the channels that are read, or are to be read to their end. */
  read(): readonly string[]
  /** Since when it asks, or is to ask, once more; `Infinity`: for nothing. */
  sinceMs(): number
  /** The link that reads; 0: nothing stands. */
  readingId(): number
  /**
   * A link stands. `heardAtMs`: what was open before it was surely read until then; `owedSinceMs`: has to be asked for once
   * more. Answers whether it lacks a channel that nobody can ask any more.
   */
  opened(link: StandingLink, heardAtMs: number, owedSinceMs: number): boolean
  ended(linkId: number, how: 'lost' | 'closed', readUntilMs: number): void
  /** A link never opened. Its channels may be exchanged before another one reads them. */
  failed(link: StandingLink): void
  /** The page goes: whatever is open would keep it out of the back/forward cache. The next link brings it up again. */
  pause(): void
  stop(): void
}

interface Part extends StandingLink {
  readonly openedAtMs: number
  sinceMs: number
  /** It was opened after a break, and its store was still to be asked once more when the next one came. */
  isOwed: boolean
}
interface Task {
  readonly poll: SincePoll
  readonly print: string
  sinceMs: number
  triesLeft: number
  /** `null`: it is due, or being asked. */
  timer: unknown
  /** While it is being asked. */
  stop: (() => void) | null
}

/** Before the first try: what was being stored when the channel was exchanged is stored by then. */
const PAUSE_MS = 2000
/** Browsers open six connections to a server, and the link needs its own. */
const AT_ONCE = 2

export function createLeftBehind({ clock, read: readBefore, missed }: LeftBehindDeps): LeftBehind {
  const standing = new Map<number, Part>()
  let read = readBefore
  let readingId = 0
  /** Ended while nothing else stood, or never opened. */
  let ended: Part[] = []
  let tasks: Task[] = []

  const lacking = (prints: readonly string[]): readonly string[] =>
    read.length ? prints.filter((print) => read.indexOf(print) < 0) : []

  /** A link that was cut soon may not have read what it asked for. */
  function readUntil({ openedAtMs, askedSinceMs }: Part, heardAtMs: number): number {
    return clock.now() - openedAtMs < READ_AFTER_MS ? askedSinceMs : heardAtMs
  }

  /** Whether it can be asked for what it has not brought. One channel that is refused must not hide the others. */
  function ask({ poll, prints, sinceMs }: Part): boolean {
    if (!poll) return false
    lacking(prints).forEach((print) => {
      const known = tasks.filter((task) => task.print === print)[0]
      // Two links may have read it.
      if (known && sinceMs >= known.sinceMs) return
      if (known) drop(known)
      const task: Task = { poll, print, sinceMs, triesLeft: known ? known.triesLeft : TRIES, timer: null, stop: null }
      tasks.push(task)
      plan(task)
    })
    return true
  }

  /** Each by itself: links that open in quick succession must not put it off. */
  function plan(task: Task): void {
    task.timer = clock.setTimeout(() => {
      task.timer = null
      run()
    }, PAUSE_MS)
  }

  function run(): void {
    // The next link brings it up again.
    if (!readingId) return
    const free = AT_ONCE - tasks.filter(({ stop }) => stop).length
    const due = tasks.filter(({ timer, stop }) => timer === null && !stop)
    due.slice(0, free).forEach(start)
  }

  function start(task: Task): void {
    const told = (word: PollWord): void => {
      if (word === 'waits') return
      task.stop = null
      const isOver = word === 'answered' || !--task.triesLeft
      if (isOver) drop(task)
      else plan(task)
      run()
      if (isOver && word === 'lost') missed(task.sinceMs)
    }
    task.stop = task.poll(task.sinceMs, told, task.print)
  }

  function drop(task: Task): void {
    halt(task)
    tasks = tasks.filter((each) => each !== task)
  }

  function halt(task: Task): void {
    clock.clearTimeout(task.timer)
    task.timer = null
    if (task.stop) task.stop()
    task.stop = null
  }

  function pause(): void {
    tasks.forEach(halt)
  }

  return {
    read: () => read.concat(tasks.map(({ print }) => print)),
    sinceMs: () => Math.min(...[...tasks, ...ended, ...standing.values()].map(({ sinceMs }) => sinceMs)),
    readingId: () => readingId,
    opened(link, heardAtMs, owedSinceMs) {
      const { id, prints } = link
      standing.forEach((part) => {
        part.sinceMs = Math.min(part.sinceMs, owedSinceMs, readUntil(part, heardAtMs))
        part.isOwed = part.isOwed || (part.isAfterBreak && owedSinceMs < Infinity)
      })
      const before = read
      read = prints
      const isLacking = !readingId && lacking(before).length > 0
      readingId = id
      const leftOver = ended.filter((part) => lacking(part.prints).length)
      // What it goes on with may have been missed for longer.
      const askedSinceMs = ended.reduce((least, { sinceMs }) => Math.min(least, sinceMs), link.askedSinceMs)
      standing.set(id, { ...link, askedSinceMs, openedAtMs: clock.now(), sinceMs: Infinity, isOwed: false })
      ended = []
      const asked = leftOver.map(ask)
      run()
      return isLacking && asked.indexOf(true) < 0
    },
    ended(linkId, how, heardAtMs) {
      const part = standing.get(linkId)
      standing.delete(linkId)
      if (linkId === readingId) readingId = 0
      if (part && !readingId) {
        part.sinceMs = Math.min(part.sinceMs, readUntil(part, heardAtMs))
        ended.push(part)
      } else if (part && lacking(part.prints).length && !ask(part) && (how === 'lost' || part.isOwed)) {
        missed(part.sinceMs)
      }
    },
    failed(link) {
      const { prints, askedSinceMs } = link
      const known = ended.filter((part) => prints.every((print) => part.prints.indexOf(print) >= 0))[0]
      if (known) known.sinceMs = Math.min(known.sinceMs, askedSinceMs)
      else ended.push({ ...link, openedAtMs: clock.now(), sinceMs: askedSinceMs, isOwed: false })
    },
    pause,
    stop() {
      pause()
      tasks = []
      ended = []
      standing.clear()
      readingId = 0
    },
  }
}
