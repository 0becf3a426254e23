/** Owns the body of an answer that comes piece by piece, on whatever clock its network has. */

export interface Body {
  push(piece: string | Uint8Array): void
  end(): void
  fail(error: unknown): void
  read(): Promise<{ done: boolean; value?: Uint8Array }>
}

/** `ended`: the body was read to its end, or failed. */
export function createBody(ended: () => void): Body {
  const pieces: Uint8Array[] = []
  let outcome: { error: unknown } | 'open' | 'complete' = 'open'
  let wake = (): void => {}
  return {
    push(piece) {
      pieces.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece)
      wake()
    },
    end() {
      if (outcome === 'open') outcome = 'complete'
      wake()
    },
    fail(error) {
      if (outcome === 'open') outcome = { error }
      wake()
    },
    async read() {
      for (;;) {
        const value = pieces.shift()
        if (value) return { done: false, value }
        if (outcome !== 'open') {
          ended()
          if (outcome === 'complete') return { done: true }
          throw outcome.error
        }
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
