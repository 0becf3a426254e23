/**
 * Owns the envelope of JSON-RPC 2.0: what a frame asks for, how answers and errors are written, batches included. It
 * knows no method; rpc-methods.ts does.
 */

export type CallResult =
  { readonly type: 'result'; readonly result: unknown } | { readonly type: 'error'; readonly code: ErrorCode }

export type ErrorCode = keyof typeof MESSAGES

const MESSAGES = {
  [-32700]: 'Parse error',
  [-32600]: 'Invalid Request',
  [-32601]: 'Method not found',
  [-32602]: 'Invalid params',
} as const

export type Params = Readonly<Record<string, unknown>>

/** Answers one text frame by calling `call` for every request in it. Null = nothing to say. */
export function answerFrame(text: string, call: (method: string, params: Params) => CallResult): string | null {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return JSON.stringify(errorAnswer(null, -32700))
  }
  if (!Array.isArray(frame)) return print(answerRequest(frame, call))
  if (frame.length === 0) return JSON.stringify(errorAnswer(null, -32600))
  const answers = frame.map((each) => answerRequest(each, call)).filter((each) => each !== null)
  return print(answers.length === 0 ? null : answers)
}

function answerRequest(request: unknown, call: (method: string, params: Params) => CallResult): object | null {
  if (!isObject(request)) return errorAnswer(null, -32600)
  const { jsonrpc, id, method, params = {} } = request
  if (jsonrpc === '2.0' && method === undefined && ('result' in request || 'error' in request)) return null
  const known = typeof id === 'number' || typeof id === 'string' ? id : null
  if (jsonrpc !== '2.0' || typeof method !== 'string') return errorAnswer(known, -32600)
  const outcome: CallResult = isObject(params) ? call(method, params) : { type: 'error', code: -32602 }
  if (id === undefined) return null
  return outcome.type === 'error'
    ? errorAnswer(known, outcome.code)
    : { jsonrpc: '2.0', id: known, result: outcome.result }
}

function errorAnswer(id: number | string | null, code: ErrorCode): object {
  return { jsonrpc: '2.0', id, error: { code, message: MESSAGES[code] } }
}

function print(answer: object | null): string | null {
  return answer === null ? null : JSON.stringify(answer)
}

export function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
