/** Owns the error of a wrong call: its message is shown without a stack. The name tells it apart, there is no class. */
export const UsageError = 'UsageError'

export function usageError(message: string): Error {
  const error = new Error(message)
  error.name = UsageError
  return error
}
