/**
 * Writes docs/BX-API.md from the table that the tests are made of: `npm run docs`. test/bx/parity.test.ts compares.
 */
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { API_TABLE, type ApiRow } from './api-table'

const PAGE = 'docs/BX-API.md'

export function apiPage(rows: readonly ApiRow[] = API_TABLE): string {
  const groups = [...new Set(rows.map(({ group }) => group))]
  const parts = groups.map((group) => `## ${group}\n\n${table(rows.filter((row) => row.group === group))}\n`)
  return `# BX.PULL and BX.PullClient

Written by \`npm run docs\` from \`test/bx/api-table.ts\`, which the tests of the script tag are made from, too. \`BX.PULL\` is
the client of the page, \`new BX.PullClient(options)\` another one. Stars say how much portal modules use a member.

## Without code

| what | page's address | \`localStorage\` | script tag |
|---|---|---|---|
| force a transport: \`websocket\`, \`sse\`, \`long-polling\`, \`interval-polling\`, or \`auto\` | \`?bx_pull_transport=sse\` | \`bx_pull_transport\` | \`data-transport="sse"\` |
| print every decision | \`?bx_pull_debug=1\` | \`bx_pull_debug\` | \`data-debug="1"\` |
| take the place of the vendor's client | | | \`data-bx-pull="replace"\` |

The leftmost wins, and all of them win over options. They count for \`BX.PULL\`, \`new BX.PullClient\` and \`BX.Pull.connect\`; the
console says what was forced.

${parts.join('\n')}`
}

function table(rows: readonly ApiRow[]): string {
  const lines = rows.map(({ name, kind, stars, meaning, shape, returns }) => {
    const what = kind === 'method' ? shape : name
    const gets = kind === 'method' ? returns : shape && `\`${shape}\``
    return `| \`${what}\` | ${kind} | ${gets ?? ''} | ${'★'.repeat(stars)} | ${meaning} |`
  })
  return ['| name | kind | gives | use | meaning |', '|---|---|---|---|---|', ...lines].join('\n')
}

if (basename(process.argv[1] ?? '') === 'api-page.ts') writeFileSync(PAGE, apiPage())
