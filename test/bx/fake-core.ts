/**
 * Owns a portal's core for tests: phrases in both forms, custom events compared without case and copied when asked to,
 * a REST client. What is fired and asked is written down.
 */
import type { Bx } from '../../src/entry/bx/core'

export interface RestCall {
  readonly method: string
  readonly params: Record<string, unknown>
  readonly logTag: unknown
}

export interface FakeCore {
  readonly bx: Bx
  /** Everything that was fired, oldest first. */
  readonly fired: (readonly [name: string, ...args: unknown[]])[]
  readonly calls: RestCall[]
  /** What `new BX.RestClient` was given. */
  readonly clients: unknown[]
  /** Answers of methods; an `Error` refuses with its message as the code. */
  readonly answers: Record<string, (params: Record<string, unknown>) => unknown>
  /** The page fires an event of its own. */
  fire(name: string, ...args: unknown[]): void
}

type Listener = (...args: unknown[]) => void

export function createFakeCore(phrases: Record<string, unknown> = {}): FakeCore {
  const listeners: [name: string, listener: Listener][] = []
  const core: FakeCore = { bx: {}, fired: [], calls: [], clients: [], answers: {}, fire }

  function fire(name: string, ...args: unknown[]): void {
    listeners.forEach(([other, listener]) => {
      if (other === name.toLowerCase()) listener(...(JSON.parse(JSON.stringify(args)) as unknown[]))
    })
  }

  const message = Object.assign((key: string): unknown => message[key as never] ?? '', phrases)
  const listen = (name: string, listener: Listener): void => void listeners.push([name.toLowerCase(), listener])
  Object.assign(core.bx, {
    namespace: () => ({}),
    message,
    bitrix_sessid: () => 'a1b2c3',
    addCustomEvent: listen,
    desktop: { addCustomEvent: listen },
    onCustomEvent(_target: unknown, name: string, args: unknown[], isSecure: boolean) {
      core.fired.push([name, ...args])
      if (!isSecure) throw new Error('listeners would share what they are given')
      fire(name, ...args)
    },
    RestClient: class {
      constructor(options: unknown) {
        core.clients.push(options)
      }
      callMethod = restMethod(core)
    },
  })
  return core
}

/** A REST client as the portal's: the promise and the callback get the same object. */
export function restMethod({ calls, answers }: Pick<FakeCore, 'calls' | 'answers'>) {
  return async (
    method: string,
    params: Record<string, unknown> = {},
    done?: (result: unknown) => void,
    _sent?: unknown,
    logTag?: unknown,
  ): Promise<unknown> => {
    calls.push({ method, params, logTag })
    await Promise.resolve()
    const answer = (answers[method] ?? (() => new Error('ERROR_METHOD_NOT_FOUND')))(params)
    const refusal = answer instanceof Error && { status: 403, getError: () => ({ error: answer.message }) }
    const result = { data: () => answer, error: () => refusal || null }
    if (done) done(result)
    if (refusal) throw result
    return result
  }
}
