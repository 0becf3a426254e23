/**
 * Owns what a page gets: `BX.PULL`, `BX.PullClient`, and members of `BX.Pull`. Everything that is there already stays,
 * except for the vendor's client where the tag asks for that.
 */
import type { ClientParts } from '../../client/client'
import { type PullClientInstance, pullClientClass } from '../../client/pull-client'
import { restConfig } from '../../config/rest-source'
import { staticConfig } from '../../config/static-source'
import { PullError } from '../../core/pull-error'
import type { ScriptTag } from '../../platform/script-tag'
import { type ConnectOptions, clientOptionsOf } from './connect-options'
import type { Root } from './core'
import { type LegacyDeps, createLegacyClient } from './legacy-client'
import type { LegacyOptions, LegacyPullClientConstructor } from './legacy-types'
import { CLOSE_REASONS, PULL_STATUS, SUBSCRIPTION_TYPE } from './names'
import { createPageSwitches } from './page-switches'
import { type StorageOwner, createStorageManager } from './storage-manager'

type Namespace = Record<string, unknown>

export function install(root: Root, tag: ScriptTag | null, parts: ClientParts): void {
  const platform = parts.platform()
  const switches = createPageSwitches(platform, tag)
  const PullClient = pullClientClass(parts)

  /** Creates a client and starts it. What goes wrong later is told by its `error` and `status` events. */
  function connect(options: ConnectOptions): PullClientInstance {
    const given = clientOptionsOf({ ...options, transport: switches.transport(Object(options).transport) })
    const client = new PullClient(switches.isDebug ? { ...given, debug: true } : given)
    // The page may have no listener yet: a failure is kept in `status`, and reported to the console when nobody listens.
    client.start().catch(() => {})
    return client
  }

  const bx = root.BX || (root.BX = {})
  const pull = (bx['Pull'] || (bx['Pull'] = {})) as Namespace
  // Loaded twice, or beside something of the same name: the first one stays.
  fill(pull, { connect, PullClient, PullError, restConfig, staticConfig })

  const { PULL: before, PullClient: there } = bx as { PULL?: { stop?: unknown }; PullClient?: Namespace }
  const isVendors = there && !there['Modern']
  if (isVendors && tag && tag.getAttribute('data-bx-pull') === 'replace') {
    if (before && typeof before.stop === 'function') before.stop()
    delete bx['PULL']
    delete bx['PullClient']
  } else if (there) return
  const Legacy = legacyClass({ parts, root, switches })
  fill(bx, { PullClient: Legacy, PULL: bx['PULL'] || new Legacy() })
}

function fill(target: Namespace, members: Namespace): void {
  Object.keys(members).forEach((name) => target[name] || (target[name] = members[name]))
}

export function legacyClass(deps: LegacyDeps): LegacyPullClientConstructor {
  const { storage } = deps.parts.platform()
  /* eslint-disable @typescript-eslint/no-extraneous-class -- a function would do without `new` */
  class StorageManager {
    constructor(owner?: StorageOwner) {
      Object.assign(this, createStorageManager(storage, owner))
    }
  }
  class PullClient {
    static readonly PullStatus = PULL_STATUS
    static readonly SubscriptionType = SUBSCRIPTION_TYPE
    static readonly CloseReasons = CLOSE_REASONS
    static readonly StorageManager = StorageManager
    /** Tells ours from the vendor's. */
    static readonly Modern = true
    constructor(options: LegacyOptions = {}) {
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(createLegacyClient(deps, options)))
    }
  }
  /* eslint-enable @typescript-eslint/no-extraneous-class */
  return PullClient as unknown as LegacyPullClientConstructor
}
