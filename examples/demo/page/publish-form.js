/** Owns the form that publishes: what is typed is checked here, before the server has to refuse it. */
import { byId, element, setText } from './element.js'
import { onLanguage, t } from './language.js'
import { publish } from './server.js'

const NAME = /^[\w.-]{1,100}$/
const CHANNELS = ['private', 'shared']
const BURST = 100

export function createPublishForm() {
  const form = byId('publish')
  const fields = { module: byId('publish-module'), command: byId('publish-command'), params: byId('publish-params') }
  const choices = CHANNELS.map((name, at) => {
    const input = element('input', { type: 'radio', name: 'channel', value: name, checked: at === 0 })
    const words = element('span')
    byId('publish-channel').append(element('label', {}, input, words))
    return { name, input, words }
  })
  let offered = ''

  function write() {
    choices.forEach(({ name, words }) => setText(words, t(`publish.${name}`)))
    // The example speaks the language of the page as long as nobody has changed it.
    if (fields.params.value === offered) fields.params.value = offered = JSON.stringify({ text: t('publish.text') })
    complain(null)
  }

  function complain(problem) {
    setText(byId('publish-problem'), problem?.text ?? '')
    for (const [name, field] of Object.entries(fields))
      field.setAttribute('aria-invalid', String(problem?.field === name))
    if (problem?.field) fields[problem.field].focus()
  }

  async function send(count) {
    const checked = check(fields.module.value.trim(), fields.command.value.trim(), fields.params.value)
    complain(checked.problem)
    if (checked.problem) return
    const shared = choices.some(({ name, input }) => name === 'shared' && input.checked)
    try {
      await publish(checked.message, shared ? { shared: true } : { users: [1] }, count)
    } catch (error) {
      const reason = error instanceof TypeError ? t('break.failed') : error.message
      complain({ field: null, text: t('publish.failed', { reason }) })
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send(1)
  })
  byId('publish-burst').addEventListener('click', () => void send(BURST))
  onLanguage(write)
  write()
}

/** Answers the message, or the first problem with the field it is in. */
function check(module_id, command, text) {
  if (!NAME.test(module_id)) return { problem: { field: 'module', text: t('publish.badModule') } }
  if (module_id.toLowerCase() === 'pull') return { problem: { field: 'module', text: t('publish.reserved') } }
  if (!NAME.test(command)) return { problem: { field: 'command', text: t('publish.badCommand') } }
  try {
    const params = text.trim() === '' ? {} : JSON.parse(text)
    if (typeof params !== 'object' || params === null) throw new Error('')
    return { problem: null, message: { module_id, command, params } }
  } catch (error) {
    return { problem: { field: 'params', text: t('publish.badParams', { reason: error.message }).trim() } }
  }
}
