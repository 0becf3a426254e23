/**
 * Owns a proxy on loopback between one client and one server that breaks what passes through it: on command (`cut`,
 * `stall`, `halfOpen`) or by what is set. Chances come from a seed; whatever it did is in `log`. It knows HTTP/1.1 and
 * WebSocket framing as far as `chaos/wire-units.ts` does; anything else passes as plain TCP.
 */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { chances } from './chaos/fault-schedule'
import { createLane, type Lane } from './chaos/lane'
import type { Ending, FaultProxy, ProxiedKind, ProxyRecord, ProxySettings } from './chaos/proxy-types'
import { createSplitter, kindOf, statusOf, type Unit } from './chaos/wire-units'

export type * from './chaos/proxy-types'

export interface FaultProxyOptions {
  readonly target: { readonly host?: string; readonly port: number } | string
  readonly seed: number
}

interface Passing {
  readonly id: number
  kind: ProxiedKind
  /** `asked`: the answer has not begun. */
  state: 'idle' | 'asked' | 'answering'
  end(how: Ending): void
  stall(ms: number): void
  halfOpen(): void
}

const LOG_LIMIT = 5000
/** How long a peer that was sent a FIN may take to close its own side. */
const LINGER_MS = 1000

export async function startFaultProxy({ target, seed }: FaultProxyOptions): Promise<FaultProxy> {
  const to = addressOf(target)
  const startedAtMs = performance.now()
  const chance = chances(seed)
  const log: ProxyRecord[] = []
  const watchers = new Set<(record: ProxyRecord) => void>()
  const passings = new Set<Passing>()
  const sockets = new Set<Socket>()
  let current: ProxySettings = {}
  let lastId = 0

  function note(
    of: { readonly id: number; readonly kind: ProxiedKind },
    what: ProxyRecord['what'],
    detail?: string,
  ): void {
    const atMs = Math.round(performance.now() - startedAtMs)
    const record: ProxyRecord = { atMs, id: of.id, kind: of.kind, what, ...(detail === undefined ? {} : { detail }) }
    log.push(record)
    if (log.length > LOG_LIMIT) log.shift()
    watchers.forEach((watcher) => watcher(record))
  }

  /** Whether a fault of requests concerns this one; counts `times` down. */
  function hits(kind: ProxiedKind | null): boolean {
    const { times } = current
    if (times !== undefined && times <= 0) return false
    if (kind !== null && current.kind !== undefined && current.kind !== kind) return false
    if (times !== undefined) current = { ...current, times: times - 1 }
    return true
  }

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }

  function accept(client: Socket): void {
    lastId += 1
    keep(client)
    const passing: Passing = { id: lastId, kind: 'http', state: 'idle', end, stall, halfOpen }
    note(passing, 'connected')
    const how = current.accept
    if (how !== undefined && hits(null)) {
      note(passing, 'accept', how)
      if (how === 'reset') client.resetAndDestroy()
      else client.resume()
      return
    }
    passings.add(passing)
    const server = connect(to)
    keep(server)
    const requests = createSplitter('request')
    const answers = createSplitter('response')
    const down: Lane = createLane(
      (bytes) => void client.write(bytes),
      () => {
        const { delayMs = 0, bytesPerSecond = Infinity, buffer = null } = current
        return { delayMs, bytesPerSecond, buffer: passing.kind === 'websocket' ? null : buffer }
      },
    )
    const up: Lane = createLane(
      (bytes) => void server.write(bytes),
      () => ({
        delayMs: current.delayMs ?? 0,
        bytesPerSecond: Infinity,
        buffer: null,
      }),
    )
    let over = false
    let swallowing = false
    let eatAnswer: Ending | null = null

    function leave(): void {
      if (over) return
      over = true
      passings.delete(passing)
      passing.state = 'idle'
      up.stop()
      down.stop()
    }
    function end(how: Ending): void {
      if (over) return
      leave()
      server.destroy()
      if (how === 'rst') client.resetAndDestroy()
      else {
        client.end()
        client.resume()
        setTimeout(() => client.destroy(), LINGER_MS).unref()
      }
    }
    function stall(ms: number): void {
      up.hold(ms)
      down.hold(ms)
    }
    function halfOpen(): void {
      swallowing = true
      up.stop()
      down.stop()
    }

    function ask(unit: Unit): void {
      if (unit.kind !== 'head') return up.send(unit.bytes)
      let head = unit.bytes.toString('latin1')
      passing.kind = kindOf(head)
      passing.state = 'asked'
      note(passing, 'request')
      const { request, dropUpgrade } = current
      if (request !== undefined && hits(passing.kind)) {
        note(passing, 'cut-request', `${request.when} ${request.end}`)
        if (request.when === 'before') return end(request.end)
        eatAnswer = request.end
      }
      if (dropUpgrade === true && passing.kind === 'websocket') {
        note(passing, 'drop-upgrade')
        head = head.replace(/^(Upgrade|Connection):.*\r\n/gim, '')
      }
      up.send(Buffer.from(head, 'latin1'))
    }

    function answer(unit: Unit): void {
      if (eatAnswer !== null) return end(eatAnswer)
      if (unit.kind === 'head') return answerHead(unit)
      const { truncate, duplicate = 0 } = current
      if (unit.kind === 'frame' && truncate !== undefined && chance() < truncate.chance) {
        note(passing, 'truncate', `${unit.bytes.length >> 1} of ${unit.bytes.length}`)
        down.flush()
        client.write(unit.bytes.subarray(0, unit.bytes.length >> 1))
        return end(truncate.end)
      }
      down.send(unit.bytes)
      if (isMessage(unit) && duplicate > 0 && chance() < duplicate) {
        note(passing, 'duplicate')
        down.send(unit.bytes)
      }
      if (unit.last) finish()
    }

    /** Only what may come twice without breaking the protocol: data frames of a WebSocket, chunks. */
    function isMessage({ kind, bytes, last }: Unit): boolean {
      return kind === 'frame' && !last && (passing.kind !== 'websocket' || (bytes[0]! & 8) === 0)
    }

    function answerHead(unit: Unit): void {
      const head = unit.bytes.toString('latin1')
      const status = statusOf(head)
      const { status: other, endAfterOpen } = current
      if (other !== undefined && (other.from === undefined || other.from === status) && hits(passing.kind)) {
        note(passing, 'status', `${status} -> ${other.to}`)
        down.flush()
        client.write(`HTTP/1.1 ${other.to} Rewritten\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
        return end('fin')
      }
      down.send(unit.bytes)
      passing.state = 'answering'
      if (status === 101 || status === 200 || status === 304) note(passing, 'proof', String(status))
      if (endAfterOpen !== undefined && (current.kind === undefined || current.kind === passing.kind)) {
        setTimeout(() => {
          if (over) return
          note(passing, 'end-after-open', endAfterOpen.end)
          end(endAfterOpen.end)
        }, endAfterOpen.ms)
      }
      if (unit.last) finish()
    }

    function finish(): void {
      // No proxy holds back what is complete.
      down.release()
      passing.state = 'idle'
      note(passing, 'ended', 'answered')
    }

    client.on('data', (bytes) => {
      if (!swallowing) for (const unit of requests.push(bytes)) if (!over) ask(unit)
    })
    server.on('data', (bytes) => {
      if (!swallowing) for (const unit of answers.push(bytes)) if (!over) answer(unit)
    })
    client.on('end', () => up.end(() => void server.end()))
    server.on('end', () => down.end(() => void client.end()))
    client.on('close', () => {
      if (!over && passing.state !== 'idle') note(passing, 'ended', 'by the client')
      leave()
      server.destroy()
    })
    server.on('close', (failed) => {
      if (over || swallowing) return
      if (passing.state !== 'idle') note(passing, 'ended', 'by the server')
      down.end(() => {
        leave()
        if (failed) client.resetAndDestroy()
        else client.destroySoon()
      })
    })
  }

  // What one side has closed the other may still answer.
  const listener = createServer({ allowHalfOpen: true }, accept)
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', resolve)
  })
  const { port } = listener.address() as AddressInfo
  const chosen = (kind?: ProxiedKind): Passing[] =>
    [...passings].filter((passing) => kind === undefined || passing.kind === kind)

  return {
    seed,
    port,
    url: `http://127.0.0.1:${port}`,
    faults: {
      get current() {
        return current
      },
      set(settings) {
        current = { ...current, ...settings }
      },
      clear() {
        current = {}
      },
      cut({ end = 'rst', kind } = {}) {
        const hit = chosen(kind)
        const carrying = hit.filter(({ state }) => state !== 'idle')
        for (const passing of hit) {
          if (passing.state !== 'idle') note(passing, 'cut', `${end} ${passing.state}`)
          passing.end(end)
        }
        return carrying.length
      },
      stall(ms) {
        const hit = chosen()
        hit.forEach((passing) => {
          note(passing, 'stall', `${ms} ms`)
          passing.stall(ms)
        })
        return hit.length
      },
      halfOpen() {
        const hit = chosen()
        hit.forEach((passing) => {
          note(passing, 'half-open')
          passing.halfOpen()
        })
        return hit.length
      },
    },
    log,
    busy: () => [...passings].filter(({ state }) => state !== 'idle').length,
    watch(listener) {
      watchers.add(listener)
      return () => void watchers.delete(listener)
    },
    close: () =>
      new Promise((resolve) => {
        watchers.clear()
        listener.close(() => resolve())
        chosen().forEach((passing) => passing.end('rst'))
        sockets.forEach((socket) => socket.destroy())
      }),
  }
}

function addressOf(target: FaultProxyOptions['target']): { host: string; port: number } {
  if (typeof target !== 'string') return { host: target.host ?? '127.0.0.1', port: target.port }
  const { hostname, port, protocol } = new URL(target)
  return { host: hostname, port: Number(port || (/^(https|wss):/.test(protocol) ? 443 : 80)) }
}
