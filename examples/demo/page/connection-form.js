/** Owns the choice of the transport and of the server's generation. */
import { byId, element, setText } from './element.js'
import { onLanguage, t } from './language.js'
import { changeGeneration, serverState } from './server.js'

const TRANSPORTS = ['auto', 'websocket', 'sse', 'long-polling']
const VERSIONS = [1, 2, 3, 4]

export function createConnectionForm(live, changed) {
  const choices = TRANSPORTS.map((name, at) => {
    const input = element('input', { type: 'radio', name: 'transport', value: name, checked: at === 0 })
    const words = element('span')
    byId('transports').append(element('label', {}, input, words))
    input.addEventListener('change', () => void live.choose(name).then(hint))
    return { name, words }
  })
  const generation = byId('generation')
  const options = VERSIONS.map((version) => {
    const option = element('option', { value: version })
    generation.append(option)
    return { version, option }
  })

  function write() {
    choices.forEach(({ name, words }) => setText(words, t(`transport.${name}`)))
    options.forEach(({ version, option }) =>
      setText(option, t('connection.option', { version, releases: t(`connection.release${version}`) })),
    )
    hint()
  }

  function hint() {
    const noStream = live.transport === 'sse' && Number(generation.value) >= 3
    setText(
      byId('connection-hint'),
      t(noStream ? 'connection.noSse' : live.transport === 'auto' ? 'connection.auto' : 'connection.forced'),
    )
  }

  async function exchange() {
    const version = Number(generation.value)
    generation.disabled = true
    setText(byId('connection-hint'), t('connection.changing', { version }))
    const wasRunning = live.running
    // A portal never changes under a client's feet in a second: this is a new page to the client.
    await live.stop()
    try {
      await changeGeneration(version)
      if (wasRunning) await live.choose(live.transport)
      hint()
    } catch {
      setText(byId('connection-hint'), t('break.failed'))
    }
    generation.disabled = false
    changed()
  }

  generation.addEventListener('change', () => void exchange())
  onLanguage(write)
  write()

  return {
    async refresh() {
      const state = await serverState().catch(() => null)
      if (state !== null) generation.value = String(state.version)
      hint()
    },
  }
}
