/** The built files in Node: they follow a server, keep the process alive while connected, and let it end afterwards. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { startPullServer } from '../../src/entry/testing'
import { GENERATIONS } from './generations'
import { createReport } from './report'
import { createPublisher } from './publisher'
import { observe, until } from './until'

const ESM = new URL('../../dist/esm/node.js', import.meta.url)
const CJS = new URL('../../dist/cjs/node.cjs', import.meta.url)
const MODULES = [
  { module: 'esm/node.js', type: 'module', load: `import { PullClient, restConfig } from '${ESM.href}'` },
  {
    module: 'cjs/node.cjs',
    type: 'commonjs',
    load: `const { PullClient, restConfig } = require(${JSON.stringify(fileURLToPath(CJS))})`,
  },
] as const

/** Nothing else keeps this process alive: it listens to nobody and stops when an event says so. */
const FOLLOW = `
const tell = (fact) => process.stdout.write(JSON.stringify(fact) + '\\n')
const client = new PullClient({ config: restConfig({ url: process.env.CONFIG }), transport: process.env.TRANSPORT })
client.on('e2e:number', ({ on, n }) => tell({ on, n }))
client.on('e2e:end', async () => { await client.stop(); tell({ stopped: Date.now() }) })
client.on('error', ({ code }) => tell({ error: code }))
client.start().then(() => tell({ connected: client.transport }))
`

interface Fact {
  readonly on?: string
  readonly n?: number
  readonly stopped?: number
  readonly connected?: string
  readonly error?: string
}

const report = createReport('node')
afterAll(() => report.print())

describe.each(GENERATIONS)('$name', { concurrent: true }, ({ name, options, isNode }) => {
  const kinds = ['websocket', 'long-polling', ...(isNode ? [] : ['sse'])]
  const cases = MODULES.flatMap((each) => kinds.map((transport) => ({ ...each, transport })))
  it.for(cases)('$module over $transport', async ({ module, type, load, transport }) => {
    // Between two polls nothing is open for a moment: the process must outlive that.
    const server = await startPullServer({ ...options, pollHoldMs: 300 })
    const publisher = createPublisher(server)
    const child = spawn(process.execPath, [`--input-type=${type}`, '-e', load + FOLLOW], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CONFIG: server.configUrl, TRANSPORT: transport },
    })
    let out = ''
    let problems = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (problems += chunk.toString()))
    let exitedAtMs: number | null = null
    child.once('exit', () => (exitedAtMs = Date.now()))
    const facts = (): Fact[] =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Fact)
    const explain = (): unknown => ({ out, problems, exitCode: child.exitCode })
    try {
      await until('connected', 10_000, () => facts().some(({ connected }) => connected === transport), explain)
      publisher.publish()
      await observe(1500)
      expect(explain()).toMatchObject({ exitCode: null, problems: '' })
      publisher.publish()
      await until('the messages', 2000, () => facts().filter(({ n }) => n !== undefined).length === 4, explain)
      server.publish({ module_id: 'e2e', command: 'end' })
      const end = await until('the end', 3000, () => exitedAtMs, explain)
      const { stopped } = await until('the word of it', 1000, () => facts().find((fact) => 'stopped' in fact), explain)
      report.add(`${name}, ${module}, ${transport}`, { 'stopped to exit ms': end - stopped! })
      expect(end - stopped!).toBeLessThan(1000)
      expect(child.exitCode).toBe(0)
      expect(problems).toBe('')
      expect(facts().filter(({ error }) => error !== undefined)).toEqual([])
      const numbers = (channel: string): (number | undefined)[] =>
        facts()
          .filter(({ on }) => on === channel)
          .map(({ n }) => n)
      expect([numbers('private'), numbers('shared')]).toEqual([
        [1, 2],
        [1, 2],
      ])
    } finally {
      child.kill('SIGKILL')
      await server.close()
    }
  })
})
