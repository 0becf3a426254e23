/** What every file with a browser needs around its tests: one Chromium, one table of figures, and when to skip. */
import { afterAll, beforeAll, type TestContext } from 'vitest'
import { chromiumMissing, startChromium, type Chromium } from '../support/chromium'
import { nginxMissing } from '../support/nginx'
import { createReport, type Report } from './report'
import { withSite, type Site, type SiteOptions } from './site'

export interface World {
  readonly report: Report
  /**
   * Options of a `describe`. Its tests share nothing but the browser and mostly wait for clocks: they run beside each
   * other.
   */
  readonly suite: { readonly concurrent: true; readonly skip: boolean }
  /** A site for one test; skips the test where nginx is needed and missing. */
  run(context: TestContext, options: SiteOptions, test: (site: Site) => Promise<void>): Promise<void>
}

export function createWorld(title: string): World {
  const noBrowser = chromiumMissing()
  const noNginx = nginxMissing()
  const report = createReport(title)
  let chromium: Chromium | null = null

  beforeAll(async () => {
    if (noBrowser === null) chromium = await startChromium()
  })
  afterAll(async () => {
    await chromium?.close()
    report.print()
  })

  return {
    report,
    suite: { concurrent: true, skip: noBrowser !== null },
    async run(context, options, test) {
      if (noNginx !== null && (options.front ?? 'direct') !== 'direct') context.skip(noNginx)
      await withSite(chromium!, options, test)
    },
  }
}
