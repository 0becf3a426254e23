/** The script-tag entry: gives the page `BX.PULL`, `BX.PullClient` and `BX.Pull`. Where there is no page nothing happens. */
import { browserPlatform } from '../platform/browser'
import { scriptTag } from '../platform/script-tag'
import type { Root } from './bx/core'
import { install } from './bx/install'
import { standardParts } from './parts'

if (typeof self === 'object') install(self as Root, scriptTag(), standardParts(browserPlatform))
