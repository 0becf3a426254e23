/** Owns the part about messages from browser to browser: what is sent to user 2, what arrives there, and who is online. */
import { byId, element, setText } from './element.js'
import { tellsPresence } from './generations.js'
import { formatExactTime, onLanguage, t } from './language.js'
import { statusWords } from './reason-words.js'
import { NOTE, SECOND_USER, createSecondUser } from './second-user.js'

const SHOWN = 20
/** Public ids are long; the beginning tells them apart. */
const ID_LENGTH = 8

export function createBetweenPanel(send) {
  const text = byId('between-text')
  const list = byId('between-list')
  const outcome = byId('between-outcome')
  const second = createSecondUser({ received: add, changed: show })
  let events = []
  let version = null
  let online = null
  let first = null
  let offered = ''
  let told = () => {}

  function add(event) {
    events = [event, ...events].slice(0, SHOWN)
    show()
    list.prepend(row(event))
    while (list.childElementCount > SHOWN) list.lastElementChild.remove()
  }

  function show() {
    setText(byId('between-status'), second.running ? statusWords({ status: second.status }) : t('between.absent'))
    setText(byId('between-user'), t(second.running ? 'between.close' : 'between.open'))
    const badge = byId('between-presence')
    badge.hidden = online === null
    badge.dataset.online = String(online)
    setText(badge, t(online ? 'between.online' : 'between.offline'))
    byId('between-empty').hidden = events.length > 0
  }

  function write() {
    const hint = version === null || version < 4 ? 'between.hintNone' : `between.hint${version}`
    setText(byId('between-hint'), version === null ? '' : t(hint))
    // The example speaks the language of the page as long as nobody has changed it.
    if (text.value === offered) text.value = offered = t('publish.text')
    list.replaceChildren(...events.map(row))
    told()
    show()
  }

  function tell(tone, key, reason) {
    told = () => {
      outcome.dataset.tone = tone
      // Messages of errors are the library's own and in English.
      outcome.replaceChildren(t(key), ...(reason ? [' ', element('span', { lang: 'en' }, reason)] : []))
    }
    told()
  }

  async function submit() {
    const message = { ...NOTE, to: { users: [SECOND_USER] }, params: { text: text.value } }
    try {
      const { confirmed } = await send(message)
      if (!second.running && online !== true) tell('plain', 'between.nobody')
      else tell('good', confirmed ? 'between.confirmed' : 'between.unconfirmed')
    } catch (error) {
      tell('bad', 'between.failed', error.message)
    }
  }

  function setOnline(next) {
    online = next
    show()
  }

  /** Whether user 2 is online now, and from then on; another client of user 1 has to be asked anew. */
  function follow(client) {
    first = client
    setOnline(null)
    let isWatched = false
    client.on('status', ({ status }) => {
      if (first !== client) return
      if (status !== 'connected') return setOnline(null)
      if (!tellsPresence(client.diagnostics().server?.version)) return
      if (!isWatched) client.presence.watch(SECOND_USER, (is) => first === client && setOnline(is))
      isWatched = true
      client.presence.isOnline([SECOND_USER]).then(
        (seen) => first === client && setOnline(seen[SECOND_USER] === true),
        // Then the next change tells.
        () => {},
      )
    })
  }

  byId('between').addEventListener('submit', (event) => {
    event.preventDefault()
    void submit()
  })
  byId('between-user').addEventListener('click', () => void (second.running ? second.close() : second.open()))
  onLanguage(write)
  write()

  return {
    follow,
    offer(next) {
      version = next
      told = () => {}
      outcome.replaceChildren()
      write()
    },
    /** Resolves to what brings user 2 back, if he was there. */
    async pause() {
      const wasRunning = second.running
      await second.close()
      return () => wasRunning && second.open()
    },
  }
}

function row({ params, sender, receivedAtMs }) {
  const from = { type: t(`between.${sender.type}`), id: sender.id?.slice(0, ID_LENGTH) ?? t('events.none') }
  return element(
    'li',
    {},
    element('time', {}, formatExactTime(receivedAtMs)),
    element('strong', {}, String(params?.text ?? JSON.stringify(params))),
    element('span', {}, t('between.from', from)),
  )
}
