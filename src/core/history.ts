/** Servers keep messages for a day (push-stream by its setting, the Node servers by default). */
export const HISTORY_MS = 86_400_000
