/**
 * Owns how PHP prints a value as a JavaScript literal (`CUtil::PhpToJSObject`): the answers of PHP polling are in this
 * form and no JSON. Numbers and null become texts, an empty array is a list.
 */

export function phpLiteral(value: unknown): string {
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map(phpLiteral).join(',')}]`
  if (typeof value !== 'object' || value === null) return quoted(scalar(value))
  const entries = Object.entries(value)
  // PHP has one kind of array: empty, or with the keys 0, 1, 2, it is printed as a list.
  if (entries.every(([name], index) => name === String(index))) return phpLiteral(entries.map(([, each]) => each))
  return `{${entries.map(([name, each]) => `${quoted(name)}:${phpLiteral(each)}`).join(',')}}`
}

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function quoted(text: string): string {
  // PHP looks for the byte 0x80 as well, which is how the two separators of Unicode are found at all.
  return `'${/['"\n\r<\\]/.test(text) || Buffer.from(text).includes(0x80) ? escaped(text) : text}'`
}

/** One after the other, as PHP replaces: what an earlier step made is seen by the later ones. */
function escaped(text: string): string {
  return text
    .replaceAll('\u2029', ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('"', '\\"')
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n')
    .replaceAll('\n', '\\n')
    .replaceAll('\u2028', '\\n')
    .replaceAll('*/', '*\\/')
    .replaceAll('</', '<\\/')
}
