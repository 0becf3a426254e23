/** Everything that is tested of `parse.ts`, once more with what the script-tag file has in place of the schema library. */
import { expect, test, vi } from 'vitest'
import './parse.test'
import * as schema from './schema'
import * as lite from './schema-lite'

vi.mock('./schema', () => import('./schema-lite'))

test('the stand-in is in place', () => expect(schema.object).toBe(lite.object))
