/** What the pages say, a file for each page: a new one adds a line here. */
import { common } from './messages/common'
import { fields } from './messages/fields'
import { guide } from './messages/guide'
import { keys } from './messages/keys'
import { login } from './messages/login'
import { made } from './messages/made'
import { overview } from './messages/overview'
import { queues } from './messages/queues'

export const chapters = { common, fields, guide, keys, login, made, overview, queues }
