/** What the pages say, a file for each page: a new one adds a line here. */
import { audit } from './messages/audit'
import { common } from './messages/common'
import { fields } from './messages/fields'
import { guide } from './messages/guide'
import { keys } from './messages/keys'
import { login } from './messages/login'
import { made } from './messages/made'
import { overview } from './messages/overview'
import { queues } from './messages/queues'
import { requests } from './messages/requests'
import { settings } from './messages/settings'
import { usage } from './messages/usage'

export const chapters = { audit, common, fields, guide, keys, login, made, overview, queues, requests, settings, usage }
