/** The script-tag entry: adds `connect` and `PullClient` to `BX.Pull`. It extends what is there and replaces nothing. */
import { pullClientClass } from '../client/pull-client'
import type { PullClientInstance } from '../client/pull-client'
import { restConfig } from '../config/rest-source'
import { staticConfig } from '../config/static-source'
import { PullError } from '../core/pull-error'
import { browserPlatform } from '../platform/browser'
import { type ConnectOptions, clientOptionsOf } from './bx/connect-options'
import { standardParts } from './parts'

const PullClient = pullClientClass(standardParts(browserPlatform))

/** Creates a client and starts it. What goes wrong later is told by its `error` and `status` events. */
function connect(options: ConnectOptions): PullClientInstance {
  const client = new PullClient(clientOptionsOf(options))
  // The page may have no listener yet: a failure is kept in `status`, and reported to the console when nobody listens.
  client.start().catch(() => {})
  return client
}

interface Namespace {
  [name: string]: unknown
}

const root = self as unknown as { BX?: { Pull?: Namespace } }
const bx = root.BX || (root.BX = {})
const pull = bx.Pull || (bx.Pull = {})
const members: Namespace = { connect, PullClient, PullError, restConfig, staticConfig }
// Loaded twice, or beside something of the same name: the first one stays.
Object.keys(members).forEach((name) => pull[name] || (pull[name] = members[name]))
