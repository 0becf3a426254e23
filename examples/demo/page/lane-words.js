/** Owns what is said beside a lane: in use, being tried, or why not. Pure. */
import { TRANSPORTS, spokenBy } from './generations.js'
import { linksOf } from './history.js'
import { t } from './language.js'
import { reasonWords } from './reason-words.js'

export function laneWords(lane, { run, report, transport: wanted }, entries) {
  const { transport, reason, skipped, status } = report
  if (transport === lane) return t(reason === 'unconfirmed' ? 'lane.unconfirmed' : 'lane.inUse')
  if (wanted !== 'auto' && wanted !== lane) return t('lane.notAsked')
  if (report.server !== null && !spokenBy(report.server.version).includes(lane)) return t('lane.none')
  const mine = entries.filter((entry) => entry.run === run)
  const tried = linksOf(mine, Infinity).some(
    (link) => link.transport === lane && link.endMs === null && link.openedMs === null,
  )
  if (tried) return t('lane.trying')
  const why = skipped[lane]
  if (why) return reasonWords(why)
  const better = transport !== null && TRANSPORTS.indexOf(transport) < TRANSPORTS.indexOf(lane)
  return t(status === 'connected' && better ? 'lane.notNeeded' : 'lane.idle')
}
