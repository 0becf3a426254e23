/**
 * Owns subscription and isolation: a listener that throws never keeps an event from the others. Stands on mitt.
 */
import mitt from 'mitt'

type Handler = (arg: readonly unknown[]) => void

export interface Emitter {
  /** Subscribes; the result unsubscribes and may be called twice. The same function subscribed twice is called twice. */
  on(key: string, listener: (...args: never[]) => void): () => void
  emit(key: string, ...args: unknown[]): void
  /** How many listeners a key has. */
  count(key: string): number
}

/** `onThrow` gets what a listener threw (or what its promise rejected with) and the key it listened to. */
export function createEmitter(onThrow: (thrown: unknown, key: string) => void): Emitter {
  const handlers = mitt<Record<string, readonly unknown[]>>()
  const queue: (readonly [key: string, args: readonly unknown[]])[] = []
  let isEmitting = false
  return {
    on(key, listener) {
      const handler: Handler = (args) => {
        try {
          const result: unknown = (listener as (...args: readonly unknown[]) => unknown)(...args)
          // An async listener fails later: without this its rejection would be unhandled.
          if (result instanceof Promise) result.catch((thrown: unknown) => onThrow(thrown, key))
        } catch (thrown) {
          onThrow(thrown, key)
        }
      }
      handlers.on(key, handler)
      return () => handlers.off(key, handler)
    },
    // mitt copies the list before calling: listeners may subscribe and unsubscribe inside their own call.
    emit(key, ...args) {
      queue.push([key, args])
      // What a listener causes is told when what it listens to was told to everybody: else the last to hear would hear
      // the end before the beginning.
      if (isEmitting) return
      isEmitting = true
      for (let next = queue.shift(); next; next = queue.shift()) handlers.emit(...next)
      isEmitting = false
    },
    count: (key) => (handlers.all.get(key) || []).length,
  }
}
