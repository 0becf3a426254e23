/** The Node entry: the same names, on Node's platform. Chosen by the `node` export condition. */
import type { AnyEvents } from '../client/client'
import { type PullClientInstance, pullClientClass } from '../client/pull-client'
import { nodePlatform } from '../platform/node'
import { standardParts } from './parts'

export const PullClient = /* @__PURE__ */ pullClientClass(/* @__PURE__ */ standardParts(nodePlatform))
export type PullClient<Events extends object = AnyEvents> = PullClientInstance<Events>
export * from './public'
