/** "Are you sure?": a promise that is kept with yes or no. `ConfirmDialog` asks it. */
import { shallowRef } from 'vue'

export interface Question {
  title: string
  text: string
  yes: string
}

interface Asked extends Question {
  answer: (yes: boolean) => void
}

const asked = shallowRef<Asked | null>(null)

export function useConfirm() {
  function confirm(question: Question): Promise<boolean> {
    asked.value?.answer(false)
    return new Promise((resolve) => {
      asked.value = {
        ...question,
        answer(yes) {
          asked.value = null
          resolve(yes)
        },
      }
    })
  }
  return { asked, confirm }
}
