//! When waiters give up: a heap that is told who still waits rather than of everybody who leaves. Pure.
//! What has become stale is dropped when it comes first, or when it is more than half of the heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;

use super::Number;
use crate::time::UnixMillis;

type Entry = Reverse<(UnixMillis, Number)>;

/// So many stale entries are not worth a cleaning.
const FEW: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: BinaryHeap<Entry>,
    /// How many entries there may be before the stale ones go.
    most: usize,
}

impl Deadlines {
    /// `deadline_of` says until when somebody waits by now; an entry is stale when it says otherwise.
    pub(crate) fn add(
        &mut self,
        at: UnixMillis,
        number: Number,
        deadline_of: impl Fn(Number) -> Option<UnixMillis>,
    ) {
        if self.heap.len() >= self.most.max(FEW) {
            self.heap.retain(is_live(&deadline_of));
            self.most = 2 * self.heap.len();
        }
        self.heap.push(Reverse((at, number)));
    }

    /// Whose time is over first, and when.
    pub(crate) fn first(
        &mut self,
        deadline_of: impl Fn(Number) -> Option<UnixMillis>,
    ) -> Option<(UnixMillis, Number)> {
        let is_live = is_live(&deadline_of);
        while !is_live(self.heap.peek()?) {
            self.heap.pop();
        }
        self.heap.peek().map(|Reverse(first)| *first)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.heap.capacity() * mem::size_of::<Entry>()
    }
}

fn is_live(deadline_of: &impl Fn(Number) -> Option<UnixMillis>) -> impl Fn(&Entry) -> bool {
    |Reverse((at, number))| deadline_of(*number) == Some(*at)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::proptest;
    use proptest::{prop_assert, prop_assert_eq};

    use super::{Deadlines, FEW};
    use crate::time::UnixMillis;

    proptest! {
        /// Each step puts a deadline, or another one, for somebody; 0 is that it leaves.
        #[test]
        fn the_first_is_that_of_a_plain_map(steps in vec((0..40_u64, 0..50_i64), 1..400)) {
            let mut deadlines = Deadlines::default();
            let mut plain = HashMap::new();
            for (index, (number, at)) in (0..).zip(steps) {
                if at == 0 {
                    plain.remove(&number);
                } else {
                    let at = UnixMillis::new(at * 1_000 + index);
                    plain.insert(number, at);
                    deadlines.add(at, number, |number| plain.get(&number).copied());
                }
                let first = deadlines.first(|number| plain.get(&number).copied());
                let expected = plain.iter().map(|(number, at)| (*at, *number)).min();
                prop_assert_eq!(first, expected);
                prop_assert!(deadlines.heap.len() <= FEW.max(2 * 40) + 1);
            }
        }
    }
}
