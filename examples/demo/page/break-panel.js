/** Owns the buttons that break things. Each says afterwards what it did and what to expect from the client. */
import { byId, element, setText } from './element.js'
import { formatNumber, onLanguage, t } from './language.js'
import { control, serverState } from './server.js'

/** The storage of push-stream is the memory of nginx; the Node servers keep theirs in Redis, which stays up. */
const keepsHistory = async () => (await serverState()).version >= 3

const ONCE = {
  cut: () => control('cut'),
  stall: () => control('stall'),
  // What the browser itself would say; the client listens to it.
  online: async () => void window.dispatchEvent(new window.Event('online')),
  restart: async () => control('restart', { downMs: 2000, keepHistory: await keepsHistory() }),
  private: () => control('expire-channel', { type: 'private' }),
  shared: () => control('expire-channel', { type: 'shared' }),
  config: () => control('expire-config'),
  announce: () => control('announce-restart'),
}

/** Faults that stay: what is set, and how to see it in the state of the server. */
const LASTING = {
  refuse: { set: { upgradeStatus: 502 }, isSet: (faults) => faults.upgradeStatus !== undefined },
  hang: { set: { upgradeHang: true }, isSet: (faults) => faults.upgradeHang === true },
  buffer: { set: { sse: 'buffer' }, isSet: (faults) => faults.sse === 'buffer' },
}

/** What breaks connections, of which there are none where the portal is polled. */
const OF_CONNECTIONS = ['cut', 'stall', ...Object.keys(LASTING)]

const STALLED = 'bx-pull-demo-stalled'

export function createBreakPanel() {
  const labels = []
  const toggles = new Map()
  let told = null

  function button(box, name, press) {
    const node = element('button', { type: 'button', id: `break-${name}-button` })
    node.addEventListener('click', () => void attempt(name, press))
    labels.push([node, `break.${name}`])
    byId(box).append(node)
    return node
  }

  async function attempt(name, press) {
    try {
      const outcome = await press()
      tell(outcome?.say ?? `break.${name}.done`, outcome?.connections)
      if (name === 'stall') window.sessionStorage.setItem(STALLED, 'yes')
    } catch {
      tell('break.failed')
    }
  }

  function tell(key, connections = 0) {
    told = () => setText(byId('outcome'), t(key, { connections: formatNumber(connections) }))
    told()
  }

  /** Over HTTP a single fault cannot be taken back, so all are, and those that stay are set again. */
  async function toggle(name) {
    const on = toggles.get(name).getAttribute('aria-pressed') !== 'true'
    const others = Object.keys(LASTING).filter((other) => other !== name && isPressed(other))
    const wanted = on ? [...others, name] : others
    await control('clear')
    await control('faults', { set: Object.assign({}, ...wanted.map((each) => LASTING[each].set)) })
    await refresh()
    return on ? null : { say: 'break.off.done' }
  }

  const isPressed = (name) => toggles.get(name).getAttribute('aria-pressed') === 'true'

  async function repair() {
    await control('clear')
    // Stalled connections stay so: only ending them lets their clients come back.
    if (window.sessionStorage.getItem(STALLED) !== null) await control('cut')
    window.sessionStorage.removeItem(STALLED)
    await refresh()
    return { say: 'break.repaired.done' }
  }

  async function refresh() {
    const { faults, version } = await serverState()
    for (const name of OF_CONNECTIONS) byId(`break-${name}-button`).disabled = version === 0
    for (const [name, node] of toggles) node.setAttribute('aria-pressed', String(LASTING[name].isSet(faults)))
  }

  function write() {
    labels.forEach(([node, key]) => setText(node, t(key)))
    told?.()
  }

  for (const [name, press] of Object.entries(ONCE)) button('break-once', name, press)
  for (const name of Object.keys(LASTING)) {
    toggles.set(
      name,
      button('break-lasting', name, () => toggle(name)),
    )
    toggles.get(name).setAttribute('aria-pressed', 'false')
  }
  byId('repair').addEventListener('click', () => void attempt('repair', repair))
  onLanguage(write)
  write()

  /** After the server was exchanged, and when the page opens: somebody else may have set something. */
  return { refresh: () => refresh().catch(() => {}) }
}
