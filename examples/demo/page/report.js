/** Owns handing out the report: to the clipboard, or as text to copy where the browser does not allow that. */
import { byId, setText } from './element.js'
import { t } from './language.js'

export async function copyReport(text) {
  try {
    await navigator.clipboard.writeText(text)
    const button = byId('copy-report')
    setText(button, t('report.copied'))
    setTimeout(() => setText(button, t('report.copy')), 2000)
  } catch {
    byId('report-text').value = text
    byId('report').showModal()
    byId('report-text').select()
  }
}
