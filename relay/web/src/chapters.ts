/** What the pages say, a file for each page: a new one adds a line here. */
import { common } from './messages/common'
import { login } from './messages/login'
import { overview } from './messages/overview'
import { queues } from './messages/queues'

export const chapters = { common, login, overview, queues }
