/** Everything that is tested of `event-stream.ts`, once more with the parser of the script-tag file. */
import { expect, test, vi } from 'vitest'
import './event-stream.test'
import * as parser from './event-parser'
import * as lite from './event-parser-lite'

vi.mock('./event-parser', () => import('./event-parser-lite'))

test('the stand-in is in place', () => expect(parser.createEventParser).toBe(lite.createEventParser))
