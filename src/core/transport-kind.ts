/** Owns the names of the transports. Their order here is the order of preference in `'auto'`. */

export const TRANSPORT_KINDS = ['websocket', 'sse', 'long-polling', 'interval-polling'] as const

/** How events travel: one live pipe of this kind at a time carries the client's traffic. */
export type TransportKind = (typeof TRANSPORT_KINDS)[number]
