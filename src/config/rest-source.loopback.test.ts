/** What a mocked network does not tell the truth about: a real server on the loopback interface. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { sampleConfig } from '../../test/support/config-sample'
import { createFakeClock } from '../../test/support/fake-platform'
import { PullError } from '../core/pull-error'
import type { ConfigRequest } from './config'
import { restConfig } from './rest-source'

let server: Server | null = null
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((closed) => (server ? server.close(closed) : closed(null)))
  server = null
})

async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener)
  server = started
  await new Promise<void>((listening) => started.listen(0, '127.0.0.1', listening))
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/rest/pull.config.get.json`
}

function request(signal: AbortSignal): ConfigRequest {
  return { reason: 'start', signal, fetch: (url, init) => fetch(url, init), storage: null, clock: createFakeClock() }
}

test('a form reaches a real server, and its answer comes back', async () => {
  const bodies: string[] = []
  const url = await serve((incoming, outgoing) => {
    incoming.on('data', (part: Buffer) => bodies.push(`${incoming.url} ${part.toString()}`))
    // PHP files saved with a byte order mark print it in front of everything.
    incoming.on('end', () => outgoing.end(`\ufeff${JSON.stringify({ result: sampleConfig() })}`))
  })
  const answer = await restConfig({ url, guestUserId: 5 })(request(new AbortController().signal))
  expect(answer).toEqual({ result: sampleConfig() })
  expect(bodies).toEqual(['/rest/pull.config.get.json?logTag=start CACHE=N&pull_guest_id=5'])
})

test.each(['before there is an answer', 'while the body is read'])(
  'aborting %s rejects and ends the request',
  async (when) => {
    const abort = new AbortController()
    let ended: (() => void) | undefined
    const closed = new Promise<void>((resolve) => (ended = resolve))
    const url = await serve((_incoming, outgoing) => {
      outgoing.on('close', () => ended?.())
      if (when === 'while the body is read') outgoing.write('{"result":')
      setTimeout(() => abort.abort(), 30)
    })
    await expect(restConfig({ url })(request(abort.signal))).rejects.toMatchObject({ name: 'AbortError' })
    await closed
  },
)

test('a connection that breaks in the middle of the body is worth another try', async () => {
  const url = await serve((_incoming, outgoing) => {
    outgoing.write('{"result":')
    setTimeout(() => outgoing.destroy(), 20)
  })
  const asked = restConfig({ url })(request(new AbortController().signal))
  await expect(asked).rejects.toBeInstanceOf(PullError)
  await expect(asked).rejects.toMatchObject({ code: 'config-unavailable', retryable: true })
})
