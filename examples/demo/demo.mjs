/**
 * Owns what runs behind the page: one push server at a time and the client of the terminal. Another generation means
 * closing the server and opening the next one on the same port, as a portal that moves to a newer push server does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { servePage } from './page-files.mjs'

/** Which products speak a generation. */
export const RELEASES = {
  0: 'no queue server, the portal is polled',
  1: 'nginx push-stream 0.3.4',
  2: 'nginx push-stream 0.4.0 and later',
  3: 'Push server 1.0',
  4: 'Push server 2.0',
  5: 'Push server 3.0',
}

export const GENERATION_PATH = '/demo/generation'

export async function createDemo({ ports, version, terminal, failed }) {
  // Not imported at the top: what is missing is explained by whoever starts the demo.
  const { startPullServer } = await import('../../dist/esm/testing.js')
  const { PullClient, restConfig } = await import('../../dist/esm/node.js')
  const page = await servePage()
  let ended = false
  let changing = Promise.resolve()
  let server = await openFirst(ports)
  terminal.banner(server.url, server.version, RELEASES[server.version])
  let client = follow()

  async function openFirst([port, ...others]) {
    try {
      return await startPullServer({ port, version, handler })
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || others.length === 0) throw error
      return openFirst(others)
    }
  }

  function follow() {
    const next = new PullClient({ config: restConfig({ url: server.configUrl }) })
    next.on('status', terminal.status)
    next.on('gap', terminal.gap)
    next.on('error', terminal.error)
    next.on('*', terminal.event)
    // What goes wrong is told by `error` and `status`.
    next.start().catch(() => {})
    return next
  }

  function handler(request, response) {
    const path = (request.url ?? '/').split('?')[0]
    if (path !== GENERATION_PATH) return page(path, request, response)
    // As text: a version that is not given must not become 0.
    const given = new URL(request.url, 'http://local').searchParams.get('version') ?? ''
    const known = request.method === 'POST' && Object.hasOwn(RELEASES, given)
    const wanted = Number(given)
    response.writeHead(known ? 202 : 400, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    response.end(JSON.stringify(known ? { version: wanted } : { error: 'POST ?version=0, 1, 2, 3, 4 or 5' }))
    if (known) response.on('close', () => change(wanted))
    return true
  }

  function change(wanted) {
    changing = changing.then(() => exchange(wanted)).catch(failed)
  }

  async function exchange(wanted) {
    if (ended || server.version === wanted) return
    const { port } = server
    await client.stop()
    await server.close()
    server = await startPullServer({ port, version: wanted, handler })
    // Ended meanwhile: what was just opened is nobody's any more.
    if (ended) return server.close()
    terminal.note(`The server is now generation ${wanted} (${RELEASES[wanted]}).`)
    // Node's fetch still has a connection to the old server in its pool, and hears only now that it is gone.
    await sleep(50)
    if (!ended) client = follow()
  }

  return {
    async close() {
      ended = true
      await client.stop()
      await server.close()
    },
  }
}
