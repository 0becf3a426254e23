import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { testEnvironment } from '../.ci/prepare.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where Chromium and nginx are, or why their tests are skipped: the same for `npm test` and for a single vitest run. */
const env = testEnvironment()

export default defineConfig({
  root,
  test: {
    root,
    projects: [
      {
        root,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/bx/**/*.test.ts'],
          exclude: ['test/package.test.ts'],
          testTimeout: 20_000,
          env,
        },
      },
      { root, test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60_000, env } },
      {
        root,
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 90_000, fileParallelism: false, env },
      },
      // What npm would publish: needs `npm run build` first.
      {
        root,
        test: { name: 'package', include: ['test/package.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, env },
      },
    ],
  },
})
