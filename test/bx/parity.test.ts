/** Every member of the table: it is there, of its kind, and does what portal modules expect. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { apiPage } from './api-page'
import { API_TABLE, type ApiRow, type Returns } from './api-table'
import { BEHAVIOURS as HERE, connected } from './behaviours'
import { createLegacyWorld } from './legacy-world'
import { BEHAVIOURS as WITH_A_SERVER } from './publishing-behaviours'

const BEHAVIOURS = { ...HERE, ...WITH_A_SERVER }
const METHODS = API_TABLE.filter(({ kind }) => kind === 'method')
const STARRED = API_TABLE.filter(({ stars }) => stars > 0)
const members = (kind: ApiRow['kind']): string[] => API_TABLE.filter((row) => row.kind === kind).map(({ name }) => name)

const RETURNS: Readonly<Record<Returns, (value: unknown) => boolean>> = {
  'a promise': (value) => value instanceof Promise,
  nothing: (value) => value === undefined,
  boolean: (value) => typeof value === 'boolean',
  true: (value) => value === true,
  'false or nothing': (value) => value === false || value === undefined,
  number: (value) => typeof value === 'number',
  'number or null': (value) => value === null || typeof value === 'number',
  text: (value) => typeof value === 'string',
  'text or null': (value) => value === null || typeof value === 'string',
  'text or false': (value) => value === false || typeof value === 'string',
  object: (value) => typeof value === 'object' && value !== null,
  function: (value) => typeof value === 'function',
}

describe('X2: the members of BX.PULL', () => {
  test.each(METHODS)('$name: is there, takes what it should and gives back its kind, in every state', async (row) => {
    const { name, arity, returns, args = [] } = row
    const early = createLegacyWorld()
    const late = await connected()
    for (const world of [early, late]) {
      const method = world.client[name as 'start'] as (...args: unknown[]) => unknown
      expect(typeof method).toBe('function')
      expect(method).toHaveLength(arity as number)
      const value = method(...args)
      expect(RETURNS[returns as Returns](value), String(value)).toBe(true)
      await Promise.race([Promise.resolve(value).catch(() => {}), world.advance(200)])
      world.client.stop()
      await world.advance(6000)
      expect(world.platform.clock.timers).toBe(0)
    }
  })

  test('nothing else is there', () => {
    const { client, PullClient } = createLegacyWorld()
    const known = [...METHODS.map(({ name }) => name), ...members('property')]
    expect(Object.keys(client).sort()).toEqual(known.sort())
    expect(Object.keys(PullClient).sort()).toEqual([...members('static'), 'Modern'].sort())
  })

  test.each(members('property'))('%s can be read in every state', async (name) => {
    const world = createLegacyWorld()
    const read = (): unknown => world.client[name as 'status']
    expect(read()).toBeDefined()
    void world.client.start()
    await world.advance(1000)
    expect(read()).toBeDefined()
    world.client.stop()
  })

  test.each(members('option'))('option %s is accepted', (name) => {
    const { PullClient, core } = createLegacyWorld()
    const value = name === 'restClient' ? new core.bx.RestClient!({}) : name === 'transport' ? 'sse' : 'Y'
    expect(new PullClient({ [name]: value }).status).toBe('offline')
  })

  test('the statics have the names that pages use', () => {
    const { PullStatus, SubscriptionType, CloseReasons, StorageManager } = createLegacyWorld().PullClient
    expect(PullStatus).toEqual({ Online: 'online', Offline: 'offline', Connecting: 'connect' })
    expect(Object.values(SubscriptionType)).toEqual(['server', 'client', 'online', 'status', 'revision'])
    expect([CloseReasons.MANUAL, CloseReasons.CONFIG_EXPIRED, CloseReasons.WRONG_CHANNEL_ID]).toEqual([
      3004, 3003, 4010,
    ])
    expect(new StorageManager({ userId: 7, siteId: 's1' }).getKey('x')).toBe('bx-pull-7-s1-x')
  })
})

describe('X2: what portal modules use does what they expect', () => {
  test('every starred row has a behaviour, and every behaviour a row', () => {
    expect(Object.keys(BEHAVIOURS).sort()).toEqual(STARRED.map(({ name }) => name).sort())
    expect(STARRED.length).toBeGreaterThan(30)
  })

  test.each(STARRED)('$name', async ({ name }) => {
    expect.hasAssertions()
    await BEHAVIOURS[name]!()
  })
})

test('docs/BX-API.md is what the table says (npm run docs writes it)', () => {
  expect(readFileSync('docs/BX-API.md', 'utf8')).toBe(apiPage())
})
