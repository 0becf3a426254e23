/** Owns one direction of a proxied connection: bytes leave it in order, late, slowly, in lumps, or not for a while. */

export interface LaneRules {
  readonly delayMs: number
  readonly bytesPerSecond: number
  readonly buffer: { readonly bytes: number; readonly ms: number } | null
}

export interface Lane {
  send(bytes: Buffer): void
  /** Everything waits for so long. */
  hold(ms: number): void
  /** What is gathered goes on, as late and slowly as anything. */
  release(): void
  /** What waits leaves now. */
  flush(): void
  /** Calls back when what was sent before has left. */
  end(then: () => void): void
  /** Nothing leaves any more. */
  stop(): void
}

interface Waiting {
  readonly dueAtMs: number
  readonly run: () => void
}

export function createLane(write: (bytes: Buffer) => void, rules: () => LaneRules): Lane {
  let queue: Waiting[] = []
  let timer: NodeJS.Timeout | null = null
  let freeAtMs = 0
  let heldUntilMs = 0
  let stopped = false
  let lump: Buffer[] = []
  let lumpTimer: NodeJS.Timeout | null = null

  function enqueue(delayMs: number, length: number, run: () => void): void {
    const nowMs = performance.now()
    const { bytesPerSecond } = rules()
    freeAtMs = Math.max(freeAtMs, nowMs + delayMs) + (length * 1000) / bytesPerSecond
    const dueAtMs = Math.max(freeAtMs, heldUntilMs)
    if (queue.length === 0 && dueAtMs <= nowMs) run()
    else {
      queue.push({ dueAtMs, run })
      wait()
    }
  }

  function wait(): void {
    if (timer !== null || stopped || queue.length === 0) return
    const dueAtMs = Math.max(queue[0]!.dueAtMs, heldUntilMs)
    timer = setTimeout(
      () => {
        timer = null
        // A timer may fire a fraction early.
        const nowMs = performance.now() + 0.9
        while (!stopped && queue.length > 0 && Math.max(queue[0]!.dueAtMs, heldUntilMs) <= nowMs) queue.shift()!.run()
        wait()
      },
      Math.max(0, dueAtMs - performance.now()),
    )
  }

  function dropLump(): Buffer {
    const bytes = Buffer.concat(lump)
    lump = []
    if (lumpTimer !== null) clearTimeout(lumpTimer)
    lumpTimer = null
    return bytes
  }

  function release(): void {
    const bytes = dropLump()
    if (bytes.length > 0) enqueue(rules().delayMs, bytes.length, () => write(bytes))
  }

  return {
    send(bytes) {
      if (stopped) return
      const { delayMs, buffer } = rules()
      if (buffer === null && lump.length === 0) return enqueue(delayMs, bytes.length, () => write(bytes))
      lump.push(bytes)
      if (buffer === null || lump.reduce((sum, { length }) => sum + length, 0) >= buffer.bytes) release()
      else lumpTimer ??= setTimeout(release, buffer.ms)
    },
    hold(ms) {
      heldUntilMs = performance.now() + ms
    },
    release,
    flush() {
      const bytes = dropLump()
      const waiting = queue
      queue = []
      waiting.forEach(({ run }) => run())
      if (bytes.length > 0) write(bytes)
    },
    end(then) {
      if (stopped) return
      release()
      enqueue(0, 0, then)
    },
    stop() {
      stopped = true
      queue = []
      dropLump()
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
  }
}
