import { describe, expect, test } from 'vitest'
import { readServeFlags, SERVE_HELP } from './serve-options'

describe('bx-pull serve', () => {
  test('has a port of its own and leaves the rest to the server', () => {
    expect(readServeFlags([])).toEqual({ help: false, quiet: false, options: { port: 8010 } })
  })

  test('reads its flags', () => {
    const args = ['--port', '0', '--host', '0.0.0.0', '--version=2', '--push-stream', '0.5.5', '-q']
    expect(readServeFlags(args)).toEqual({
      help: false,
      quiet: true,
      options: { port: 0, host: '0.0.0.0', version: 2, pushStream: '0.5.5' },
    })
  })

  test('knows every generation and what a portal may want', () => {
    for (const version of [0, 1, 2, 3, 4, 5]) {
      expect(readServeFlags(['--version', String(version)]).options.version).toBe(version)
      expect(SERVE_HELP).toContain(`${version} = `)
    }
    const { options } = readServeFlags(['--mode', 'shared', '--sessid', 's', '--login', 'required'])
    expect(options).toEqual({ port: 8010, mode: 'shared', sessid: 's', login: 'required' })
  })

  test.each([
    [['--port', 'abc'], /--port must be a whole number from 0 to 65535; got "abc"/],
    [['--port', '70000'], /65535/],
    [['--version', '9'], /--version must be a whole number from 0 to 5/],
    [['--mode', 'public'], /--mode must be personal, shared; got "public"/],
    [['--login', 'yes'], /--login must be anyone, required/],
    [['--version', '2.5'], /whole number/],
    [['--push-stream', '0.7'], /--push-stream must be 0\.3\.4, 0\.4\.0, 0\.5\.5/],
    [['--bogus'], /serve --help/],
    [['extra'], /serve --help/],
    [['--port'], /serve --help/],
  ])('refuses %j in plain words', (args, message) => {
    expect(() => readServeFlags(args)).toThrow(message)
  })
})
