/**
 * Owns `client.watch()`: it asks the portal for all tags together and keeps them alive while the client is started.
 * The rows themselves are made by the portal when it renders a page; asking renews them.
 */
import { PullError, toPullError } from '../core/pull-error'
import type { Clock, Page } from '../platform/platform'
import type { Ask } from '../portal/ask'
import { isNotOff, toRecord } from '../portal/foreign-value'
import * as schedules from './schedule'

export interface WatcherDeps {
  readonly clock: Clock
  readonly page: Page | null
  readonly ask: Ask
  report(error: PullError): void
}

export interface Watcher {
  watch(tag: string): () => void
  start(): void
  stop(): void
  /** The connection changed: a page that slept may not have been told in another way. */
  check(): void
  /** How many tags are watched. */
  readonly size: number
}

/** Timers of a sleeping page stand still: none is trusted for longer than this. */
const LOOK_MS = 60_000
const WAKING: readonly string[] = ['visible', 'resume', 'pageshow', 'online']

export function createWatcher({ clock, page, ask, report }: WatcherDeps): Watcher {
  let schedule = schedules.NO_TAGS
  let timer: unknown = null
  let unlisten: (() => void) | null = null
  /** Counts the starts: an answer to an earlier one is nobody's. `null` while stopped. */
  let run: object | null = null
  let isAsking = false

  function check(): void {
    clock.clearTimeout(timer)
    const atMs = schedules.nextAt(schedule)
    if (!run || isAsking || atMs === null) return
    const leftMs = atMs - clock.now()
    if (leftMs > 0) timer = clock.setTimeout(check, Math.min(leftMs, LOOK_MS))
    else void extend(run)
  }

  async function extend(mine: object): Promise<void> {
    const asked = { names: schedules.namesOf(schedule), atMs: clock.now() }
    isAsking = true
    const answer = await ask('pull.watch.extend', { tags: asked.names }).then(
      (said) => ({ said: toRecord(said) }),
      (thrown: unknown) => toPullError(thrown, 'no-answer', 'The portal could not be asked for watch tags', true),
    )
    if (run !== mine) return
    isAsking = false
    if (answer instanceof PullError) {
      schedule = answer.retryable ? schedules.failed(schedule, clock.now()) : schedules.refused(schedule)
      report(answer)
    } else {
      // A tag the answer does not mention was not refused.
      const dropped = asked.names.filter((name) => !isNotOff(answer.said[name]) && schedule.tags.has(name))
      schedule = schedules.answered(schedule, asked, dropped)
      dropped.forEach((tag) => report(droppedError(tag)))
    }
    // A listener of `error` may have stopped the client.
    check()
  }

  return {
    watch(tag) {
      if (typeof tag !== 'string' || !tag) throw new PullError('bad-option', 'watch(tag) needs a text')
      schedule = schedules.withWatcher(schedule, tag, clock.now())
      check()
      let isWatched = true
      return () => {
        if (isWatched) schedule = schedules.withoutWatcher(schedule, tag)
        isWatched = false
        check()
      }
    },
    start() {
      run = {}
      isAsking = false
      schedule = schedules.renewed(schedule)
      if (page) {
        unlisten = page.listen((signal) => {
          if (!WAKING.includes(signal)) return
          schedule = schedules.hinted(schedule, clock.now())
          check()
        })
      }
      check()
    },
    stop() {
      run = null
      clock.clearTimeout(timer)
      if (unlisten) unlisten()
      unlisten = null
    },
    check,
    get size() {
      return schedule.tags.size
    },
  }
}

function droppedError(tag: string): PullError {
  const message = `The portal does not know the watch tag ${tag} (any more): reload what it stands for, then watch() it again`
  return new PullError('watch-dropped', message, { facts: { tag } })
}
