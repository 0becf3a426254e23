/** Owns the lines in the terminal: one per event and status change, in colour only where somebody looks at it. */
const STYLES = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 }
const STATUS_STYLES = { connected: 'green', connecting: 'yellow', reconnecting: 'yellow', stopped: 'dim' }
const LONGEST = 140

export function createTerminal(stream) {
  const coloured = stream.isTTY === true && !process.env.NO_COLOR
  const paint = (style, text) => (coloured ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text)
  const write = (text) => void stream.write(`${text}\n`)
  const line = (style, what, text) =>
    write(`${paint('dim', timeOfDay())}  ${paint(style, what.padEnd(7))} ${printable(text)}`)

  return {
    banner(url, version, releases) {
      write('')
      write(`  ${paint('bold', 'bx-pull demo')}   everything stays on this machine`)
      write('')
      write(`  page     ${paint('cyan', `${url}/`)}`)
      write(`  server   generation ${version}: ${releases}`)
      write(`  control  POST ${url}/bx-pull/control`)
      write('')
      write(`  Open the page. This terminal follows the same channel. ${paint('dim', 'Ctrl+C ends it.')}`)
      write('')
    },
    status: ({ status, transport, reason }) =>
      line(STATUS_STYLES[status] ?? 'dim', 'status', `${status}${transport ? ` by ${transport}` : ''} (${reason})`),
    event({ module, command, params, channel, extra, receivedAtMs, replayed }) {
      const marks = [
        ...(channel === null ? [] : [channel]),
        ...delayOf(extra.server_time_unix, receivedAtMs),
        ...(replayed ? ['replayed'] : []),
      ]
      line('cyan', 'event', `${module}:${command}  (${marks.join(', ')})  ${shorten(JSON.stringify(params))}`)
    },
    gap: ({ certainty, sinceMs, untilMs }) =>
      line(
        'yellow',
        'gap',
        `${certainty}: nothing was received for ${untilMs - sinceMs} ms and cannot be fetched again`,
      ),
    error: ({ code, message }) => line('red', 'error', `${code}: ${message}`),
    note: (text) => line('bold', 'demo', text),
  }
}

/** Server and client share one clock here, so the difference is exact; `server_time_ago` has to guess to half a second. */
function delayOf(seconds, receivedAtMs) {
  return typeof seconds === 'number' ? [`${Math.max(0, Math.round(receivedAtMs - seconds * 1000))} ms`] : []
}

function shorten(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/** What others publish may hold codes that move the cursor or rename the window. */
function printable(text) {
  return text.replace(/\p{Cc}/gu, '\u00b7')
}

function timeOfDay() {
  const now = new Date()
  const two = (number) => String(number).padStart(2, '0')
  const clock = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':')
  return `${clock}.${String(now.getMilliseconds()).padStart(3, '0')}`
}
