#!/usr/bin/env node
/**
 * Runs one TypeScript file: Node 20 cannot. `node .ci/ts.mjs bench/size.ts [arguments]`.
 * Only relative imports are bundled; packages are loaded from node_modules as they are.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) throw new Error('Usage: node .ci/ts.mjs <file.ts> [arguments]')

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'node_modules', '.cache', 'bx-pull')
const outfile = join(folder, `${basename(file, '.ts')}.${process.pid}.mjs`)

mkdirSync(folder, { recursive: true })
await build({
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
})
process.setSourceMapsEnabled(true)
process.argv = [process.argv[0], resolve(file), ...args]
try {
  await import(pathToFileURL(outfile).href)
} finally {
  rmSync(outfile, { force: true })
}
