/**
 * Owns the reading of what old PHP prints in place of JSON: JavaScript object literals with single quotes, bare keys,
 * `'</'+'script>'` and trailing commas. Nothing is evaluated, and JSON is read just as well. Pure, never throws.
 */

/** Longest text looked at, in UTF-16 units. */
export const MAX_LENGTH = 32 * 1024 * 1024
/** Deepest nesting of lists and objects. */
export const MAX_DEPTH = 64

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }
/** Bounded: no key or number is longer. */
const WORD = /[-+.\w$]{1,64}/y
const NUMBER = /^[-+]?\.?\d/
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  0: '\0',
  '\n': '',
}

/** The value, or `undefined` when the text is no literal. Keys named `__proto__` are dropped. */
export function readPhpLiteral(text: string): unknown {
  let at = 0

  /** The next character that is no white space. It stays. */
  function peek(): string {
    while (text.charCodeAt(at) <= 32 || text[at] === '\ufeff') at++
    return text.charAt(at)
  }
  function take(char: string): boolean {
    const isNext = peek() === char
    if (isNext) at++
    return isNext
  }
  function must(holds: boolean): void {
    if (!holds) throw new SyntaxError()
  }

  function readValue(depth: number): unknown {
    const open = peek()
    if (open === '"' || open === "'") return readString()
    if (open !== '[' && open !== '{') {
      const word = readWord()
      if (Object.prototype.hasOwnProperty.call(WORDS, word)) return WORDS[word]
      const number = NUMBER.test(word) ? Number(word) : NaN
      must(!isNaN(number))
      return number
    }
    must(depth < MAX_DEPTH)
    at++
    const list: unknown[] = []
    const record: Record<string, unknown> = {}
    const close = open === '[' ? ']' : '}'
    while (!take(close)) {
      if (open === '[') list.push(readValue(depth + 1))
      else {
        const key = /["']/.test(peek()) ? readString() : readWord()
        must(take(':'))
        const value = readValue(depth + 1)
        if (key !== '__proto__') record[key] = value
      }
      must(take(',') || peek() === close)
    }
    return open === '[' ? list : record
  }

  function readWord(): string {
    peek()
    WORD.lastIndex = at
    const found = WORD.exec(text)
    must(!!found)
    at = WORD.lastIndex
    return found![0]
  }

  function readString(): string {
    let value = ''
    do {
      const quote = peek()
      must(quote === '"' || quote === "'")
      let from = ++at
      for (; text[at] !== quote; at++) {
        must(at < text.length)
        if (text[at] !== '\\') continue
        value += text.slice(from, at++) + readEscape()
        from = at + 1
      }
      value += text.slice(from, at++)
    } while (take('+'))
    return value
  }

  /** `at` stands on the letter behind the backslash, and in the end on the last character of the escape. */
  function readEscape(): string {
    const letter = text.charAt(at)
    const digits = letter === 'x' ? 2 : letter === 'u' ? 4 : 0
    if (!digits) return letter in ESCAPES ? ESCAPES[letter]! : letter
    const hex = text.slice(at + 1, at + 1 + digits)
    must(hex.length === digits && /^[\da-f]+$/i.test(hex))
    at += digits
    return String.fromCharCode(parseInt(hex, 16))
  }

  try {
    must(text.length <= MAX_LENGTH)
    const value = readValue(0)
    take(';')
    must(peek() === '')
    return value
  } catch {
    return undefined
  }
}
