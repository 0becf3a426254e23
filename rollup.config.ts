/**
 * Builds everything in `dist`: ESM and CommonJS for npm, the script-tag files, the command and the types.
 * `--configDist <folder>` writes elsewhere (the test that rebuilds and compares bytes needs it).
 */
import { readFileSync } from 'node:fs'
import { chmod, copyFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import nodeResolve from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { transform } from 'esbuild'
import type { Plugin, RenderedChunk, RollupLog, RollupOptions } from 'rollup'
import dts from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'

const root = dirname(fileURLToPath(import.meta.url))
const manifest: { name: string; version: string; license: string; dependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)
const DEPENDENCIES = Object.keys(manifest.dependencies)

const entry = (name: string): string => join(root, 'src', 'entry', `${name}.ts`)

/** npm builds leave dependencies and Node's own modules to whoever bundles or runs them. */
const isExternal = (id: string): boolean =>
  id.startsWith('node:') || DEPENDENCIES.some((name) => id === name || id.startsWith(`${name}/`))

/** The same floor as the dependencies that stay outside; older targets are the business of the page's bundler. */
const NPM_TARGET = 'es2020'

export default function build(args: Record<string, unknown>): RollupOptions[] {
  const dist = typeof args['configDist'] === 'string' ? resolve(args['configDist']) : join(root, 'dist')
  return [...npmModules(dist), command(dist), scriptTag(dist), ...types(dist)]
}

function npmModules(dist: string): RollupOptions[] {
  const common: RollupOptions = {
    external: isExternal,
    onwarn: fail,
    plugins: [nodeResolve(), esbuild({ target: NPM_TARGET, sourceMap: false })],
  }
  const input = { index: entry('index'), node: entry('node'), testing: entry('testing') }
  return [
    {
      ...common,
      input,
      output: {
        dir: join(dist, 'esm'),
        format: 'esm',
        // No hashes: a rebuild of the same sources has the same files.
        chunkFileNames: 'chunks/[name].js',
        // Without it an entry would import chunks only for their effects, and there are none.
        hoistTransitiveImports: false,
        minifyInternalExports: false,
      },
    },
    {
      ...common,
      input,
      output: {
        dir: join(dist, 'cjs'),
        format: 'cjs',
        entryFileNames: '[name].cjs',
        chunkFileNames: 'chunks/[name].cjs',
        exports: 'named',
        // mitt's CommonJS file is the function itself, the others are namespaces.
        interop: 'auto',
        hoistTransitiveImports: false,
        minifyInternalExports: false,
      },
    },
  ]
}

function command(dist: string): RollupOptions {
  return {
    input: join(root, 'src', 'cli', 'cli.ts'),
    external: isExternal,
    onwarn: fail,
    plugins: [nodeResolve(), esbuild({ target: 'node20', sourceMap: false }), executable()],
    output: { file: join(dist, 'cli.js'), format: 'esm', inlineDynamicImports: true },
  }
}

function scriptTag(dist: string): RollupOptions {
  const output = { format: 'es', inlineDynamicImports: true } as const
  return {
    input: entry('script'),
    onwarn: fail,
    plugins: [standIns(), nodeResolve({ browser: true }), esbuild({ target: 'esnext' })],
    output: [
      { ...output, file: join(dist, 'bx-pull.js'), plugins: [browserScript()] },
      {
        ...output,
        file: join(dist, 'bx-pull.min.js'),
        sourcemap: true,
        // Seen from the repository, wherever `dist` is being written and packages are linked from: the map is part of
        // the reproducible bytes.
        sourcemapPathTransform: (source, map) => {
          const path = relative(root, resolve(dirname(map), source))
            .split(sep)
            .join('/')
          return `../${path.slice(Math.max(0, path.indexOf('node_modules/')))}`
        },
        plugins: [
          browserScript(),
          terser({
            ecma: 2017,
            // It would take the `es` output for a module, where `use strict` says nothing new.
            module: false,
            // Properties keep their names: they are the public contract and the server's words.
            compress: {
              ecma: 2017,
              passes: 4,
              pure_getters: 'strict',
              keep_fargs: false,
              // Both say the same in a way that gzip finds more of: `a === 1`, never `1 === a`, and calls of functions
              // with statements instead of copies of them.
              lhs_constants: false,
              inline: 1,
              // Nothing in here is a function expression that somebody calls with `new`.
              unsafe_methods: true,
            },
            mangle: true,
            format: { ecma: 2017, comments: /^!/ },
          }),
          bitrixExtension(dist),
        ],
      },
    ],
  }
}

/** In the script-tag file a file with a `-lite` twin is replaced by it: why is told in the file itself. */
function standIns(): Plugin {
  return {
    name: 'stand-ins',
    resolveId: (id, importer) =>
      /^\.\/(schema|event-parser)$/.test(id) && importer ? join(dirname(importer), `${id}-lite.ts`) : null,
  }
}

/**
 * Lowers the finished bundle, dependencies too, and wraps it. Once for the whole: module by module,
 * each would bring its own copy of the helpers, 2 KB compressed. The helpers and `use strict` are inside of the wrapper,
 * because sites join their scripts into one file; the leading semicolon is for what stands before it there.
 */
function browserScript(): Plugin {
  return {
    name: 'browser-script',
    async renderChunk(code, chunk) {
      // Browsers of 2018 have no `globalThis`, and a page's own `var self` replaces `window.self` but never `window`.
      const global = 'const bxPullGlobal = typeof window === "object" ? window : self;'
      const { code: lowered, map } = await transform(code, {
        target: 'es2017',
        format: 'esm',
        define: { globalThis: 'bxPullGlobal' },
        // Only where it is used: servers that render pages load the file too, and have neither name.
        banner: `${banner(chunk)}
;(function () {
"use strict";${/\bglobalThis\b/.test(code) ? `\n${global}` : ''}`,
        footer: '})();',
        sourcemap: true,
        sourcefile: chunk.fileName,
      })
      return { code: withoutSpreadHelpers(lowered), map }
    },
  }
}

/**
 * `{...a, b}` is lowered for getters and symbols on top of plain data, which ours never has: `Object.assign` does.
 * The lines stay, since the source map counts them. The helper of `const { a, ...rest } = b` stands on those taken away.
 */
function withoutSpreadHelpers(code: string): string {
  const helpers = /^var __defProp = [^]*?^var __spreadProps = .*$/m
  if (!helpers.test(code)) throw new Error('The helpers of object spread look different: see withoutSpreadHelpers')
  const lean = code.replace(
    helpers,
    (text) => `const __spreadValues = Object.assign, __spreadProps = __spreadValues;${text.replace(/[^\n]/g, '')}`,
  )
  const missing = /__(?:def|get|has|prop)\w+/.exec(lean)
  if (missing)
    throw new Error(`${missing[0]} is used and was taken away: write \`const { a, ...rest } = b\` in another way`)
  return lean
}

/** The folder that sites copy has the file in it, too: the very same bytes. A build that goes elsewhere leaves it alone. */
function bitrixExtension(dist: string): Plugin {
  return {
    name: 'bitrix-extension',
    async writeBundle({ file }) {
      if (file !== undefined && dist === join(root, 'dist')) {
        await copyFile(file, join(root, 'examples', 'bitrix-extension', 'bx-pull.min.js'))
      }
    },
  }
}

/** Who wrote what is in the file: the licenses of the bundled packages ask for it wherever the code goes. */
function banner({ modules }: RenderedChunk): string {
  const bundled = Object.keys(modules).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
  const names = DEPENDENCIES.filter((name) => bundled.includes(name))
  const authors = names.map((name) => {
    const license = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')
    return `${name}: ${/^.*copyright.*$/im.exec(license)?.[0].trim() ?? 'see its license'}`
  })
  const lines = [`${manifest.name} ${manifest.version} | ${manifest.license}`, ...authors]
  return `/*! ${lines.join('\n *  ')} */`
}

/** One self-contained file per entry; `.d.cts` is the same text, read by TypeScript as CommonJS. */
function types(dist: string): RollupOptions[] {
  return ['index', 'testing', 'globals'].map((name) => ({
    input: entry(name),
    external: isExternal,
    // Types may refer to each other in a circle.
    onwarn: (warning, warn) => (warning.code === 'CIRCULAR_DEPENDENCY' ? undefined : fail(warning, warn)),
    plugins: [dts({ tsconfig: join(root, 'tsconfig.json') })],
    output: ['ts', 'cts'].map((extension) => ({
      file: join(dist, 'types', `${name}.d.${extension}`),
      format: 'es' as const,
    })),
  }))
}

/** The command starts with one shebang line, whether or not its source has one, and may be executed. */
function executable(): Plugin {
  return {
    name: 'executable',
    renderChunk: (code) => ({ code: `#!/usr/bin/env node\n${code.replace(/^#!.*\n/, '')}`, map: null }),
    async writeBundle({ file }) {
      if (file !== undefined) await chmod(file, 0o755)
    },
  }
}

/**
 * Our own cycle, a missing export or an import that will fail at run time is not shipped as a warning.
 * Dependencies may have cycles; that is their business.
 */
function fail(warning: RollupLog, warn: (warning: RollupLog) => void): void {
  const files = warning.ids ?? (warning.id === undefined ? [] : [warning.id])
  if (files.some((file) => file.includes('node_modules'))) {
    if (warning.code !== 'CIRCULAR_DEPENDENCY') warn(warning)
    return
  }
  throw Object.assign(new Error(warning.message), { code: warning.code })
}
