/**
 * A program that follows a server over the transports named in its arguments, stops in the middle of things, and then has
 * nothing more to do: if it does not end by itself, the client left something behind. Run by stop.test.ts.
 */
import { PullClient, restConfig, type TransportKind } from '../../src/entry/node'

const [configUrl = '', ...transports] = process.argv.slice(2)

async function follow(transport: TransportKind): Promise<() => Promise<void>> {
  const client = new PullClient({ config: restConfig({ url: configUrl }), transport })
  await new Promise<void>((resolve) => {
    client.on('*', () => resolve())
    void client.start().then(() => console.log(`connected ${transport}`))
  })
  return () => client.stop()
}

/** One that has no configuration yet when it is stopped. */
function followNobody(): () => Promise<void> {
  const client = new PullClient({ config: () => new Promise(() => {}) })
  client.start().catch(() => {})
  return () => client.stop()
}

const stops = await Promise.all(transports.map((transport) => follow(transport as TransportKind)))
await Promise.all([...stops, followNobody()].map((stop) => stop()))
console.log(`stopped ${Date.now()}`)
