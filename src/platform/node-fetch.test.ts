import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeFetch } from './node-fetch'

let undo = (): void => {}
afterEach(() => undo())

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo = () => {
    server.closeAllConnections()
    server.close()
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('requests in Node', () => {
  test.each(['close', 'keep-alive'])(
    'R1: an answer cut in its middle is no answer (Connection: %s)',
    async (connection) => {
      const url = await serve((_, response) => {
        response.writeHead(200, { Connection: connection })
        response.write('first half')
        setTimeout(() => response.socket?.end(), 20)
      })
      const response = await nodeFetch(url)
      expect(response.status).toBe(200)
      await expect(response.text()).rejects.toThrow()
    },
  )

  test('status, headers and body arrive; headers are sent', async () => {
    const url = await serve((request, response) => {
      response.writeHead(403, { 'Retry-After': '7', 'Content-Type': 'text/plain' })
      response.end(`пуш ${request.headers['if-modified-since'] ?? ''}`)
    })
    const response = await nodeFetch(url, { headers: { 'If-Modified-Since': 'then' }, cache: 'no-store' })
    expect(response.status).toBe(403)
    expect(response.headers.get('Retry-After')).toBe('7')
    expect(await response.text()).toBe('пуш then')
  })

  test('an empty poll has headers and no body', async () => {
    const url = await serve((_, response) => response.writeHead(304, { 'Last-Message-Id': '' }).end())
    const response = await nodeFetch(url)
    expect([response.status, response.headers.get('Last-Message-Id'), response.body]).toEqual([304, '', null])
  })

  test('redirects are followed', async () => {
    const url = await serve(({ url: path }, response) => {
      if (path === '/') response.writeHead(302, { Location: '/there' }).end()
      else response.end('there')
    })
    expect(await (await nodeFetch(url)).text()).toBe('there')
  })

  test('an abort ends the wait for the head, and for the body', async () => {
    for (const head of [false, true]) {
      const url = await serve((_, response) => {
        if (head) response.write('begun')
      })
      const abort = new AbortController()
      const asked = nodeFetch(url, { signal: abort.signal }).then((response) => response.text())
      setTimeout(() => abort.abort(), 50)
      await expect(asked).rejects.toThrow()
      undo()
    }
  })

  test('a server that is not there is an error', async () => {
    await expect(nodeFetch('http://127.0.0.1:9/')).rejects.toThrow()
    await expect(nodeFetch('no url')).rejects.toThrow()
  })
})
