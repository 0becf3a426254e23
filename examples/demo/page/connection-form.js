/** Owns the choice of the transport, of the framing and of the server's generation. */
import { byId, element, setText } from './element.js'
import { TRANSPORTS, VERSIONS, hasFramings, spokenBy } from './generations.js'
import { onLanguage, t } from './language.js'
import { changeGeneration, serverState } from './server.js'

const FRAMINGS = { protobuf: 'auto', text: 'text' }

export function createConnectionForm(live, between, changed) {
  const transports = createChoice('transports', 'transport', ['auto', ...TRANSPORTS], (transport) => {
    void live.choose({ transport }).then(hint)
  })
  const framings = createChoice('framings', 'framing', Object.keys(FRAMINGS), (name) => {
    void live.choose({ framing: FRAMINGS[name] })
  })
  const generation = byId('generation')
  const options = VERSIONS.map((version) => {
    const option = element('option', { value: version })
    generation.append(option)
    return { version, option }
  })

  function write() {
    transports.write()
    framings.write()
    options.forEach(({ version, option }) =>
      setText(option, t('connection.option', { version, releases: t(`connection.release${version}`) })),
    )
    hint()
  }

  function hint() {
    const choice = t(live.transport === 'auto' ? 'connection.auto' : 'connection.forced')
    const only = { 0: 'connection.only0', 5: 'connection.only5' }[generation.value]
    setText(byId('connection-hint'), only === undefined ? choice : t(only))
  }

  /** What a generation does not speak cannot be chosen there. */
  function offer(version) {
    const spoken = ['auto', ...spokenBy(version)]
    transports.offer(spoken)
    byId('framing').hidden = !hasFramings(version)
    between.offer(version)
    if (spoken.includes(live.transport)) return
    transports.check('auto')
    live.prefer({ transport: 'auto' })
  }

  async function exchange() {
    const version = Number(generation.value)
    generation.disabled = true
    setText(byId('connection-hint'), t('connection.changing', { version }))
    const wasRunning = live.running
    // A portal never changes under a client's feet in a second: this is a new page to both clients.
    const [resume] = await Promise.all([between.pause(), live.stop()])
    try {
      await changeGeneration(version)
      offer(version)
      live.prefer({})
      if (wasRunning) await live.start()
      resume()
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
      if (state !== null) {
        generation.value = String(state.version)
        offer(state.version)
      }
      hint()
    },
  }
}

/** A strip of radio buttons, the first one checked. */
function createChoice(box, name, values, chosen) {
  const choices = values.map((value, at) => {
    const input = element('input', { type: 'radio', name, value, checked: at === 0 })
    const words = element('span')
    byId(box).append(element('label', {}, input, words))
    input.addEventListener('change', () => chosen(value))
    return { value, input, words }
  })
  return {
    write: () => choices.forEach(({ value, words }) => setText(words, t(`${name}.${value}`))),
    check: (value) => choices.forEach(({ input, value: own }) => (input.checked = own === value)),
    offer: (offered) =>
      choices.forEach(({ input, words, value }) => {
        input.disabled = !offered.includes(value)
        words.title = input.disabled ? t('lane.none') : ''
      }),
  }
}
