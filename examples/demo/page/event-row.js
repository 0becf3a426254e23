/** Owns one row of the event list: a line to skim, and the parameters at length for whoever opens it. */
import { element } from './element.js'
import { formatExactTime, formatSpan, t } from './language.js'

const LINE = 300

export function eventRow(event) {
  const { module, command, params, channel, extra, receivedAtMs, replayed } = event
  // The Node servers do not tell the channel in every framing: no badge then, and a word about it inside.
  const badges = [...(channel === null ? [] : [channelBadge(channel)]), ...(replayed ? [replayedBadge()] : [])]
  const name = `${module}:${command}`
  const summary = element(
    'summary',
    {},
    element('time', {}, formatExactTime(receivedAtMs)),
    element('span', { class: 'event-name', title: name }, name),
    element('span', { class: 'event-delay' }, delayOf(extra, receivedAtMs)),
    element('span', { class: 'event-badges' }, ...badges),
    element('code', { class: 'event-line' }, JSON.stringify(params).slice(0, LINE)),
  )
  const details = element('details', {}, summary)
  // Most rows are never opened.
  details.addEventListener('toggle', () => details.append(...more(event)), { once: true })
  return element('li', { class: replayed ? 'event is-replayed' : 'event' }, details)
}

function more({ params, channel, sender, id }) {
  const values = { channel: channelWords(channel), sender: sender.type, id: id ?? t('events.none') }
  return [
    element('pre', {}, JSON.stringify(params, null, 2)),
    element('p', { class: 'event-more' }, t('events.more', values)),
  ]
}

function channelBadge(channel) {
  return element('span', { class: 'badge', 'data-channel': channel }, channelWords(channel))
}

function channelWords(channel) {
  if (channel === null) return t('events.unknown')
  return channel === 'private' || channel === 'shared' ? t(`events.${channel}`) : channel
}

function replayedBadge() {
  return element('span', { class: 'badge is-replayed', title: t('events.replayedHelp') }, t('events.replayed'))
}

/** Page and server share one clock here, so the difference is exact; `server_time_ago` has to guess to half a second. */
function delayOf({ server_time_unix: seconds }, receivedAtMs) {
  return typeof seconds === 'number' ? formatSpan(Math.max(0, receivedAtMs - seconds * 1000)) : ''
}
