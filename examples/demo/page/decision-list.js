/** Owns the list of decisions, newest first. */
import { decisionWords, toneOf } from './decision-words.js'
import { byId, element } from './element.js'
import { formatExactTime } from './language.js'

const SHOWN = 200

export function createDecisionList() {
  const list = byId('decisions-list')

  function add(entries) {
    // The status that follows a change of the transport names it too.
    const told = entries.filter(({ what }) => what !== 'transport')
    if (told.length === 0) return
    list.prepend(...told.slice(-SHOWN).map(row).reverse())
    while (list.childElementCount > SHOWN) list.lastElementChild.remove()
  }

  return {
    add,
    rewrite(entries) {
      list.replaceChildren()
      add(entries)
    },
  }
}

function row(entry) {
  const kind = entry.what === 'status' ? 'decision is-status' : 'decision'
  const time = element('time', {}, formatExactTime(entry.atMs))
  // Messages of errors are the library's own and in English: at hand for those who want them.
  const title = entry.what === 'error' ? entry.detail : null
  return element(
    'li',
    { class: kind, 'data-tone': toneOf(entry), title },
    time,
    element('span', {}, decisionWords(entry)),
  )
}
