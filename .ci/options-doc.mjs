/**
 * Writes docs/OPTIONS.md from the documented interfaces, so that the page and the editor say the same.
 * `npm run docs` writes it; test/docs.test.ts compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = new URL('..', import.meta.url)
const PAGE = new URL('docs/OPTIONS.md', root)

const SECTIONS = [
  ['PullClientOptions', 'src/client/options.ts', 'new PullClient(options)'],
  ['TimeoutOptions', 'src/client/options.ts', 'options.timeouts'],
  ['ReplayOptions', 'src/client/options.ts', 'options.replay'],
  ['PublishOptions', 'src/publish/publisher.ts', 'options.publish'],
  ['BackoffOptions', 'src/connection/backoff.ts', 'options.backoff'],
  ['RestConfigOptions', 'src/config/rest-source.ts', 'restConfig(options), ajaxConfig(options)'],
  ['ApplicationConfigOptions', 'src/config/application-source.ts', 'applicationConfig(client, options)'],
  ['PhpConfigOptions', 'src/config/php-source.ts', 'phpConfig(options)'],
  ['CachedConfigOptions', 'src/config/cached-source.ts', 'cachedConfig(source, options)'],
  ['ConnectOptions', 'src/entry/bx/connect-options.ts', 'BX.Pull.connect(options)'],
  ['LegacyOptions', 'src/entry/bx/legacy-types.ts', 'new BX.PullClient(options)'],
  ['PullServerOptions', 'src/server/options.ts', "startPullServer(options) of 'bx-pull/testing'"],
]

export function optionsPage() {
  const parts = SECTIONS.map(([name, file, title]) => [`## ${title}`, '', ...table(name, file), ''].join('\n'))
  return `# Options\n\nWritten by \`npm run docs\` from the sources.\n\n${parts.join('\n')}`
}

function table(name, file) {
  const text = readFileSync(new URL(file, root), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found = source.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name)
  if (!found) throw new Error(`${file} has no interface ${name}`)
  const rows = found.members.map((member) => {
    const tags = ts.getJSDocTags(member)
    const fallback = tags.find((tag) => tag.tagName.text === 'default')
    const doc = ts.getJSDocCommentsAndTags(member)[0]
    const cells = [
      `\`${member.name.getText(source)}\``,
      `\`${member.type.getText(source)}\``,
      fallback ? ts.getTextOfJSDocComment(fallback.comment) : member.questionToken ? '' : 'required',
      doc ? ts.getTextOfJSDocComment(doc.comment) : '',
    ]
    return `| ${cells.map((cell) => (cell ?? '').replace(/\s+/g, ' ').replace(/\|/g, '\\|')).join(' | ')} |`
  })
  return ['| option | type | default | meaning |', '|---|---|---|---|', ...rows]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, optionsPage())
