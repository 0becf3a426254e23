/**
 * Owns what is remembered from page to page: which transport last worked, where that was not the first choice.
 * A hint for where to start, for an hour; nothing secret, nothing that bans a transport.
 */
import { TRANSPORT_KINDS, type TransportKind } from '../core/transport-kind'
import type { Platform } from '../platform/platform'

const KEY = 'bx-pull-transport'
const LIFETIME_MS = 3_600_000

export interface TransportMemory {
  recall(): TransportKind | null
  remember(kind: TransportKind | null): void
}

export function createTransportMemory({ storage, clock }: Pick<Platform, 'storage' | 'clock'>): TransportMemory {
  let written: TransportKind | null | undefined
  return {
    recall() {
      const [kind, atMs] = (attempt(() => storage?.getItem(KEY)) ?? '').split(' ')
      const ageMs = clock.now() - Number(atMs)
      const known = TRANSPORT_KINDS.find((name) => name === kind)
      return known !== undefined && ageMs >= 0 && ageMs < LIFETIME_MS ? known : null
    },
    remember(kind) {
      if (kind === written) return
      written = kind
      attempt(() => (kind === null ? storage?.removeItem(KEY) : storage?.setItem(KEY, `${kind} ${clock.now()}`)))
    },
  }
}

/** Storage throws where cookies are blocked or the quota is reached: then nothing is remembered. */
function attempt<T>(use: () => T): T | undefined {
  try {
    return use()
  } catch {
    return undefined
  }
}
