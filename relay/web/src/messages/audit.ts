import { pair } from './pair'

export const audit = pair(
  {
    title: 'Audit log',
    lead: 'Who did what, when and from where.',
    empty: 'Nothing was done yet',
    at: 'When',
    who: 'Who',
    act: 'What',
    changes: 'Changes',
    secret: 'hidden',
  },
  {
    title: '审计日志',
    lead: '谁在何时何地做了什么。',
    empty: '还没有任何操作',
    at: '时间',
    who: '操作者',
    act: '操作',
    changes: '修改',
    secret: '不显示',
  },
)
