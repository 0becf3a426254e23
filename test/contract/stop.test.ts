/** After `stop()` nothing is left: no connection on the server, no timer or socket in the process. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { scene, waitFor } from '../support/follow'
import { GENERATIONS, TARGETS } from './targets'

const root = fileURLToPath(new URL('../..', import.meta.url))

function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** What there is more of than before. */
function leftOver(before: Record<string, number>): string[] {
  return Object.entries(resources())
    .filter(([name, count]) => count > (before[name] ?? 0))
    .map(([name, count]) => `${name}: ${before[name] ?? 0} before, ${count} after`)
}

// One after the other: what others hold would be counted too.
describe.each(TARGETS)('$name', ({ server: serverOptions, client, transport }) => {
  test('C3: a connected client, one without a configuration and one that has only begun leave nothing behind', async () => {
    const before = resources()
    await scene(async ({ server: start, follow }) => {
      const server = await start({ ...serverOptions })
      const connected = await follow(server, { ...client })
      const waiting = await follow(server, {
        transport,
        userId: 2,
        connected: false,
        config: () => new Promise(() => {}),
      })
      const begun = await follow(server, { ...client, userId: 3, connected: false })
      await waitFor(() => server.connections().length > 0, 2000)
      const refusals = [waiting.client.start(), begun.client.start()].map((started) =>
        started.then(
          () => 'started',
          (error: { code: string }) => error.code,
        ),
      )
      for (const { client } of [begun, waiting, connected]) {
        await client.stop()
        await client.stop()
        expect(client.status).toBe('stopped')
        expect(client.transport).toBe(null)
      }
      expect(await Promise.all(refusals)).toEqual(['stopped', 'stopped'])
      expect(await waitFor(() => server.connections().length === 0, 2000)).toBe(true)
    })
    await waitFor(() => leftOver(before).length === 0, 2000)
    expect(leftOver(before)).toEqual([])
  })
})

describe.each(GENERATIONS)('$name', ({ name, server: serverOptions }) => {
  test('C3: a program ends by itself within two seconds of stop', () =>
    scene(async ({ server: start, defer }) => {
      const server = await start({ ...serverOptions })
      const transports = TARGETS.filter(({ generation }) => generation === name).map(({ transport }) => transport)
      const child = spawn(process.execPath, ['.ci/ts.mjs', 'test/support/leave.ts', server.configUrl, ...transports], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      defer(() => void child.kill('SIGKILL'))
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      const ended = new Promise<{ code: number | null; atMs: number }>((resolve) =>
        child.once('exit', (code) => resolve({ code, atMs: Date.now() })),
      )
      const connected = (): number => output.split('connected ').length - 1
      expect(await waitFor(() => connected() === transports.length, 20_000)).toBe(true)
      server.publish({ module_id: 'contract', command: 'leave' })
      const { code, atMs } = await ended
      expect(code).toBe(0)
      expect(atMs - Number(/stopped (\d+)/.exec(output)?.[1])).toBeLessThan(2000)
    }))
})
