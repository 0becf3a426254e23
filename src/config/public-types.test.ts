/** The schema library is an inner matter: whoever compiles against the types must not need it. */
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, expectTypeOf, test } from 'vitest'
import type { ConfigRequest, ConfigSource, PullConfig } from './config'
import { parseConfig } from './parse'
import { restConfig } from './rest-source'
import { toConfigSource } from './source'
import { staticConfig } from './static-source'

const folder = fileURLToPath(new URL('.', import.meta.url))
/** `schema.ts` hands the library on to `parse.ts`, and no further. */
const files = readdirSync(folder).filter((name) => /\.ts$/.test(name) && !/\.test\.ts$|^schema\.ts$/.test(name))

test('there are declarations to check', () => expect(files).toContain('parse.ts'))

test.each(files)('the declarations of %s do not mention zod', (fileName) => {
  const compilerOptions = { isolatedDeclarations: true, declaration: true, strict: true }
  const { outputText, diagnostics } = ts.transpileDeclaration(readFileSync(folder + fileName, 'utf8'), {
    fileName,
    compilerOptions,
    reportDiagnostics: true,
  })
  expect(diagnostics).toEqual([])
  expect(outputText).toMatch(/export/)
  expect(outputText).not.toMatch(/zod|\bz\./)
})

test('sources fit where sources go', () => {
  expectTypeOf(staticConfig).returns.toEqualTypeOf<ConfigSource>()
  expectTypeOf(restConfig).returns.toEqualTypeOf<ConfigSource>()
  expectTypeOf(toConfigSource).returns.toEqualTypeOf<ConfigSource>()
  expectTypeOf(parseConfig).returns.toEqualTypeOf<PullConfig>()
  expectTypeOf<(request: ConfigRequest) => Promise<{ server: object }>>().toExtend<ConfigSource>()
  expectTypeOf<() => Promise<unknown>>().toExtend<ConfigSource>()
  // A plain object is no source: it has to be made one.
  expectTypeOf<object>().not.toExtend<ConfigSource>()
})
