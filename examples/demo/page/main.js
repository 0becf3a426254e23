/** Puts the page together: what the client tells goes to the parts that show it, at most five times a second. */
import { createBetweenPanel } from './between-panel.js'
import { createBreakPanel } from './break-panel.js'
import { createConnectionForm } from './connection-form.js'
import { createDecisionList } from './decision-list.js'
import { byId, setText } from './element.js'
import { createEventList } from './event-list.js'
import { createFacts } from './facts.js'
import { createHistory } from './history.js'
import { createLanes } from './lanes.js'
import { currentLanguage, onLanguage, setLanguage, t, translateDocument } from './language.js'
import { createLiveClient } from './live-client.js'
import { createRate } from './rate.js'
import { createPublishForm } from './publish-form.js'
import { copyReport } from './report.js'
import { createStatusCard } from './status-card.js'

const EVERY_MS = 200

translateDocument()
const history = createHistory()
const rate = createRate()
const events = createEventList()
const decisions = createDecisionList()
const status = createStatusCard()
const lanes = createLanes(rate)
const facts = createFacts()
let lastEvent = null
let due = null

const live = createLiveClient({
  event(event) {
    lastEvent = `${event.module}:${event.command}`
    rate.add(event.receivedAtMs)
    events.add(event)
    plan()
  },
  changed: () => plan(0),
  created: (client) => between.follow(client),
})
const between = createBetweenPanel((message) => live.send(message))

/** A status is shown at once, numbers soon. */
function plan(delayMs = EVERY_MS) {
  if (due !== null && delayMs > 0) return
  clearTimeout(due)
  due = setTimeout(show, delayMs)
}

function show() {
  clearTimeout(due)
  due = null
  const view = live.view()
  decisions.add(history.collect(view.report.timeline, view.run, view.facts))
  const entries = history.entries()
  status.show(view, entries, lastEvent)
  setText(byId('start-stop'), t(live.running ? 'status.stop' : 'status.start'))
  byId('start-stop').dataset.running = String(live.running)
  if (!document.hidden) lanes.show(view, entries)
  facts.show(view)
}

function writeLanguage() {
  translateDocument()
  for (const button of document.querySelectorAll('[data-language]'))
    button.setAttribute('aria-pressed', String(button.dataset.language === currentLanguage()))
  lanes.writeLegend()
  events.rewrite()
  decisions.rewrite(history.entries())
  if (byId('lanes').dataset.ready) show()
}

onLanguage(writeLanguage)
for (const button of document.querySelectorAll('[data-language]'))
  button.addEventListener('click', () => setLanguage(button.dataset.language))
byId('start-stop').addEventListener('click', () => void (live.running ? live.stop() : live.start()))
byId('copy-report').addEventListener('click', () => void copyReport(live.report()))

createPublishForm()
const panel = createBreakPanel()
const form = createConnectionForm(live, between, () => void panel.refresh())
writeLanguage()
void live.start()
byId('lanes').dataset.ready = 'yes'
void panel.refresh()
void form.refresh()
show()
// Time passes without anything happening: the chart moves on and the countdown counts.
setInterval(() => plan(0), 500)
document.addEventListener('visibilitychange', () => plan(0))
