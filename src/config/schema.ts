/**
 * Owns which functions of the schema library validate at the edge: these few of zod, and nothing else of it.
 * They are 4.6 KB compressed, a quarter of what the script-tag file may weigh. Its build takes `schema-lite.ts`
 * in place of this file; the tests of `parse.ts` run with both.
 */
export { object, parse, transform } from 'zod/mini'
