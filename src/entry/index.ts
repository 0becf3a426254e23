/** The browser entry. Importing it touches no global: it can be imported while rendering on a server. */
import type { AnyEvents } from '../client/client'
import { type PullClientInstance, pullClientClass } from '../client/pull-client'
import { browserPlatform } from '../platform/browser'
import { standardParts } from './parts'

export const PullClient = /* @__PURE__ */ pullClientClass(/* @__PURE__ */ standardParts(browserPlatform))
export type PullClient<Events extends object = AnyEvents> = PullClientInstance<Events>
export * from './public'
