/**
 * Owns the chart: one lane per transport and one for the events, over the last two minutes. Labels are HTML beside the
 * drawing, so that they wrap and are read as text; the drawing is rebuilt at most a few times a second.
 */
import { byId, element, setText, shape } from './element.js'
import { TRANSPORTS as LANES } from './generations.js'
import { linksOf, spansOf } from './history.js'
import { laneWords } from './lane-words.js'
import { formatNumber, t } from './language.js'
import { transportWords } from './reason-words.js'

const LANE_HEIGHT = 46
const AXIS_HEIGHT = 22
const WIDE_PX = 480
const LEGEND = ['active', 'unconfirmed', 'open', 'attempt', 'gap']

export function createLanes(rate) {
  const box = byId('lanes')
  const labels = new Map()
  for (const lane of ['events', ...LANES]) {
    const name = element('strong')
    const state = element('span', { id: `lane-${lane}` })
    labels.set(lane, { name, state })
    box.append(element('p', { class: 'lane-label' }, name, state))
  }
  const drawing = shape('svg', { class: 'lane-drawing', role: 'img' })
  box.append(drawing)
  let width = 600
  new window.ResizeObserver(([{ contentRect }]) => {
    width = Math.max(120, Math.floor(contentRect.width))
  }).observe(drawing)

  return {
    show(view, entries) {
      const nowMs = Date.now()
      const seconds = width > WIDE_PX ? 120 : 60
      const scale = {
        nowMs,
        seconds,
        x: (atMs) => Math.max(0, width - ((nowMs - atMs) / 1000) * (width / seconds)),
        width,
      }
      const spans = spansOf(entries)
      const most = rate.most(nowMs, seconds)
      setText(labels.get('events').name, t('lane.events'))
      setText(labels.get('events').state, t('lane.perSecond', { count: formatNumber(most) }))
      for (const lane of LANES) {
        setText(labels.get(lane).name, transportWords(lane))
        setText(labels.get(lane).state, laneWords(lane, view, entries))
        labels.get(lane).state.dataset.used = String(view.report.transport === lane)
      }
      const height = LANE_HEIGHT * (LANES.length + 1) + AXIS_HEIGHT
      drawing.setAttribute('viewBox', `0 0 ${width} ${height}`)
      drawing.setAttribute('aria-label', summaryOf(spans, scale))
      drawing.replaceChildren(
        hatching(),
        ...grid(scale, height),
        ...gapShapes(spans, scale),
        ...rateShapes(rate, most, scale),
        ...linksOf(entries, nowMs).flatMap((link) => linkShapes(link, scale)),
        ...spans.flatMap((span) => activeShapes(span, scale)),
      )
    },
    writeLegend() {
      const items = LEGEND.map((kind) => {
        const name = `chart.legend${kind[0].toUpperCase()}${kind.slice(1)}`
        return element('li', {}, element('span', { class: `swatch is-${kind}` }), t(name))
      })
      byId('legend').replaceChildren(...items)
    },
  }
}

function top(lane) {
  return (LANES.indexOf(lane) + 1) * LANE_HEIGHT
}

function bar(kind, fromMs, toMs, y, height, { x, nowMs }) {
  const end = x(toMs ?? nowMs)
  if (end <= 0) return []
  const start = x(fromMs)
  return [
    shape('rect', { class: kind, x: start, y, width: Math.max(1.5, end - start), height, rx: Math.min(3, height / 2) }),
  ]
}

function linkShapes({ transport, fromMs, openedMs, endMs, lost }, scale) {
  if (!LANES.includes(transport)) return []
  const middle = top(transport) + LANE_HEIGHT / 2
  // The cross of what has just ended is still seen whole.
  const end = Math.min(scale.x(endMs ?? scale.nowMs), scale.width - 6)
  return [
    ...bar('is-attempt', fromMs, openedMs ?? endMs, middle - 2, 4, scale),
    ...(openedMs === null ? [] : bar('is-open', openedMs, endMs, middle - 5, 10, scale)),
    ...(lost && end > 3 ? [shape('path', { class: 'is-lost', d: `M${end - 4} ${middle - 4}l8 8m0-8l-8 8` })] : []),
  ]
}

function activeShapes({ status, transport, reason, fromMs, toMs }, scale) {
  if (status !== 'connected' || !LANES.includes(transport)) return []
  const kind = reason === 'unconfirmed' ? 'is-unconfirmed' : 'is-active'
  return bar(kind, fromMs, toMs, top(transport) + LANE_HEIGHT / 2 - 8, 16, scale)
}

function gapShapes(spans, scale) {
  return spans
    .filter(({ status }) => status !== 'connected')
    .flatMap(({ status, fromMs, toMs }) =>
      bar(status === 'stopped' ? 'is-stopped' : 'is-gap', fromMs, toMs, 0, LANE_HEIGHT * (LANES.length + 1), scale),
    )
}

function rateShapes(rate, most, scale) {
  const step = scale.width / scale.seconds
  return rate.buckets(scale.nowMs, scale.seconds).map(({ atMs, count }) => {
    // The root keeps a single event visible beside a burst of hundreds.
    const height = Math.max(3, Math.sqrt(count / most) * (LANE_HEIGHT - 10))
    const x = scale.x(atMs)
    return shape('rect', {
      class: 'is-rate',
      x,
      y: LANE_HEIGHT - 4 - height,
      width: Math.max(2, step - 1),
      height,
      rx: 1,
    })
  })
}

function grid({ width, seconds }, height) {
  const lines = [0, ...LANES.keys()].map((_, at) => at * LANE_HEIGHT + LANE_HEIGHT)
  // Words must not run into each other where it is narrow.
  const every = seconds > 60 ? 15 : 20
  const marks = Array.from({ length: seconds / every }, (_, at) => at * every)
  return [
    ...lines.map((y) => shape('path', { class: 'is-line', d: `M0 ${y - 0.5}H${width}` })),
    ...marks.map((ago) => {
      const x = width - (ago / seconds) * width
      const text = ago === 0 ? t('chart.now') : t('chart.ago', { seconds: ago })
      return shape('text', { class: 'is-mark', x, y: height - 5, 'text-anchor': ago === 0 ? 'end' : 'middle' }, text)
    }),
  ]
}

/** Gaps are hatched: not told by colour alone. */
function hatching() {
  const line = (kind) =>
    shape(
      'pattern',
      { id: `hatch-${kind}`, width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
      shape('rect', { class: `hatch-ground is-${kind}`, width: 7, height: 7 }),
      shape('rect', { class: `hatch-line is-${kind}`, width: 2, height: 7 }),
    )
  return shape('defs', {}, line('gap'), line('unconfirmed'), line('stopped'))
}

function summaryOf(spans, { nowMs, seconds }) {
  const recent = spans.filter(({ toMs }) => toMs === null || toMs > nowMs - seconds * 1000)
  const used = recent[recent.length - 1]?.transport ?? null
  const gaps = recent.filter(({ status }) => status === 'reconnecting' || status === 'connecting').length
  const transport = used === null ? t('chart.none') : transportWords(used)
  return t('chart.summary', { seconds, transport, gaps })
}
