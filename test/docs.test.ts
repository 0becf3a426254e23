/** What the documents say must be what there is: options, error codes, rules. */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { optionsPage } from '../.ci/options-doc.mjs'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

describe('documents', () => {
  test('docs/OPTIONS.md is what the sources say (npm run docs writes it)', () => {
    expect(read('docs/OPTIONS.md')).toBe(optionsPage())
  })

  test('docs/ERRORS.md has every error code and no other', () => {
    const union = /export type PullErrorCode =([\s\S]*?)\n\n/.exec(read('src/core/pull-error.ts'))?.[1] ?? ''
    const codes = [...union.matchAll(/\| '([a-z-]+)'/g)].map(([, code]) => code)
    const documented = [...read('docs/ERRORS.md').matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(5)
    expect(documented.sort()).toEqual(codes.sort())
  })

  test('every rule of docs/SPEC.md is carried by the name of a test', () => {
    const rules = [...read('docs/SPEC.md').matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map(([, id]) => id ?? '')
    const tests = ['src', 'test'].flatMap(testFiles).map(read).join('\n')
    // An id counts inside the quotes of a test's or a group's name only.
    // Of tables only the end is looked for: `])('F3: %s is final'`.
    const names = [
      ...tests.matchAll(/\b(?:test|it|describe)[\w.]*\(\s*(['"`])((?:(?!\1)[\s\S])*)\1/g),
      ...tests.matchAll(/\)\(\s*(['"`])((?:(?!\1)[\s\S])*)\1/g),
    ]
    const carried = new Set(
      names.flatMap(([, , name]) => [...(name ?? '').matchAll(/\b[A-Z]\d+\b/g)].map(([id]) => id)),
    )
    expect(rules.length).toBeGreaterThan(40)
    expect(rules.filter((id) => !carried.has(id))).toEqual([])
  })

  test('every hazard of docs/ARCHITECTURE.md has its tests', () => {
    const [, section = ''] = /^## Hazards$([\s\S]*?)^## /m.exec(read('docs/ARCHITECTURE.md')) ?? []
    const rows = section.split('\n').filter((line) => line.startsWith('| ') && /`/.test(line))
    const named = rows.map((row) => [...(row.split('|')[3] ?? '').matchAll(/`([\w/-]+)` ((?:[A-Z]\d+ ?)+)/g)])
    expect(rows.length).toBeGreaterThan(25)
    expect(rows.filter((_, at) => named[at]!.length === 0)).toEqual([])
    const wrong = named.flat().flatMap(([, file = '', ids = '']) => {
      const text = read(`${file.startsWith('src/') ? file : `test/${file}`}.test.ts`)
      return ids
        .trim()
        .split(' ')
        .filter((id) => !new RegExp(`['"\`](?:[A-Z]\\d+,? )*${id}[:, ]`).test(text) && !text.includes(`'${id}'`))
        .map((id) => `${file} ${id}`)
    })
    expect(wrong).toEqual([])
  })
})

function testFiles(folder: string): string[] {
  const entries = readdirSync(new URL(`../${folder}`, import.meta.url), { withFileTypes: true, recursive: true })
  const base = new URL('..', import.meta.url).pathname
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => `${entry.parentPath.slice(base.length)}/${entry.name}`)
}
