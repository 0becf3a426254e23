/**
 * Owns the marks of a position: places in the stream and when they were received, far enough back to ask from one that is
 * older than a break. Pure: time is passed in.
 */

export interface Place {
  readonly mid: string
  readonly timeAtMs: number
  readonly tag: number
}
export interface Mark extends Place {
  readonly receivedAtMs: number
  /** By the server's clock, where the message says so. */
  readonly publishedAtMs?: number | null
  /** Everything before it has come: it is as good as one that was received long ago. */
  readonly isFirm?: boolean
}

/** One mark per this time; of this many kept the old ones lie ever further apart, so that they reach back for a day. */
const MARK_EVERY_MS = 100
const MARKS_KEPT = 64

export interface Marks {
  /**
   * A place that was reached. One that is not behind the newest makes firm what was received before `askedAtMs`, when the
   * replay that brings it again was asked for: what was to come before it came with it.
   */
  add(mark: Mark, askedAtMs?: number): void
  /** The newest one received by then; where it is firm by a later time. */
  before(atMs: number, firmAtMs: number): Mark | undefined
  oldest(): Mark | undefined
  newest(): Mark | undefined
  some(holds: (mark: Mark) => boolean): boolean
  clear(): void
}

export function createMarks(): Marks {
  let marks: Mark[] = []
  const newest = (): Mark | undefined => marks[marks.length - 1]

  function firm(place: Place, askedAtMs: number): void {
    const isIt = (mark: Mark): boolean =>
      mark.receivedAtMs < askedAtMs && !isAfter(mark, place) && !isAfter(place, mark)
    if (marks.some(isIt)) marks = marks.map((mark) => (isIt(mark) ? { ...mark, isFirm: true } : mark))
  }

  return {
    add(mark, askedAtMs = -Infinity) {
      const last = newest()
      if (!isAfter(mark, last)) return firm(mark, askedAtMs)
      const before = marks[marks.length - 2]
      if (last && before && last.receivedAtMs - before.receivedAtMs < MARK_EVERY_MS) marks.pop()
      marks.push(mark)
      if (marks.length > MARKS_KEPT) marks = thinned(marks)
    },
    before: (atMs, firmAtMs) =>
      marks.filter(({ isFirm, receivedAtMs: at }) => at <= atMs || (isFirm && at <= firmAtMs)).pop(),
    oldest: () => marks[0],
    newest,
    some: (holds) => marks.some(holds),
    clear() {
      marks = []
    },
  }
}

/**
 * mids are digits of one length: text order is number order. Places of one position have either no mid, or no time and
 * no tag.
 */
export function isAfter(a: Place, b: Place | null | undefined): boolean {
  return !b || a.mid > b.mid || (a.timeAtMs - b.timeAtMs || a.tag - b.tag) > 0
}

/** Whether foreign JSON is a mark. */
export function isMark(value: unknown): boolean {
  const { mid, timeAtMs, tag, receivedAtMs } = Object(value) as Mark
  const areNumbers = [timeAtMs, tag, receivedAtMs].every((each) => typeof each === 'number')
  return areNumbers && typeof mid === 'string' && /^(\d{26})?$/.test(mid)
}

/** Without the mark whose neighbours lie closest together for their age; the first and the newest ones stay. */
function thinned(marks: readonly Mark[]): Mark[] {
  const timeOf = (at: number): number => (marks[at] as Mark).receivedAtMs
  let least = Infinity
  let drop = 1
  for (let at = 1; at < marks.length - 2; at++) {
    const share = (timeOf(at + 1) - timeOf(at - 1)) / (timeOf(marks.length - 1) - timeOf(at - 1))
    if (share < least) {
      least = share
      drop = at
    }
  }
  return marks.filter((_, at) => at !== drop)
}
