/** The source and the polling against the local server, with a clock that the test moves. */
import { afterEach, expect, test } from 'vitest'
import { createFakeClock } from '../../test/support/fake-platform'
import { PullClient } from '../entry/node'
import { type PullServer, startPullServer } from '../entry/testing'
import { phpConfig } from './php-source'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(version: 0 | 2): Promise<PullServer> {
  const server = await startPullServer({ version })
  closing.push(() => server.close())
  return server
}

const endpoint = (server: PullServer): string => `${server.url}/bitrix/components/bitrix/pull.request/ajax.php`

test('a portal without a queue server is polled', async () => {
  const server = await serve(0)
  const clock = createFakeClock(Date.now())
  const client = new PullClient({ config: phpConfig({ url: endpoint(server) }), platform: { clock, storage: null } })
  closing.push(() => client.stop())
  const got = new Promise((resolve) => client.on('im:message', resolve))
  await client.start()
  expect(client.transport).toBe('interval-polling')
  await server.publish({ module_id: 'im', command: 'message', params: { text: `it's "so"\n</script>` } })
  await clock.advance(60_000)
  expect(await got).toEqual({ text: `it's "so"\n</script>` })
  await client.stop()
  expect(clock.timers).toBe(0)
})

test('a queue server that the PHP endpoint names is connected to', async () => {
  const server = await serve(2)
  const client = new PullClient({ config: phpConfig({ url: endpoint(server) }) })
  closing.push(() => client.stop())
  const got = new Promise((resolve) => client.on('im:message', resolve))
  await client.start()
  expect(client.transport).toBe('websocket')
  await server.publish({ module_id: 'im', command: 'message', params: { n: 1 } })
  expect(await got).toEqual({ n: 1 })
})
