//! What became of those who wanted to wait, counted per family, and how long two things took: a wait that ended in a
//! grant, and a grant on its way to its waiter.

use super::{Counter, Rows};
use crate::line::name::Family;
use crate::wake::Bound;

static TURNS: Waiting = Waiting::new();
static GATES: Waiting = Waiting::new();

/// By the names under which they are shown.
pub(super) static FAMILIES: [(&str, &Waiting); 2] = [("umq", &TURNS), ("qgate", &GATES)];

pub(crate) fn of(family: Family) -> &'static Waiting {
    match family {
        Family::Turn => &TURNS,
        Family::Gate => &GATES,
    }
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) waits: Counter,
    pub(crate) hand_offs: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) cancels: Counter,
    pub(crate) roll_backs: Counter,
    /// Tickets that had no subscriber when their turn came.
    pub(crate) unheard: Counter,
    refused_by_queue: Counter,
    refused_by_bound: Counter,
    /// In ms, from asking to the grant.
    pub(crate) waited: Histogram<5>,
    /// In µs, from the grant until the reply or message has left.
    pub(crate) handed_over: Histogram<4>,
}

impl Waiting {
    const fn new() -> Self {
        Self {
            waits: Counter::new(),
            hand_offs: Counter::new(),
            timeouts: Counter::new(),
            cancels: Counter::new(),
            roll_backs: Counter::new(),
            unheard: Counter::new(),
            refused_by_queue: Counter::new(),
            refused_by_bound: Counter::new(),
            waited: Histogram::new([
                ("1ms", 1),
                ("10ms", 10),
                ("100ms", 100),
                ("1s", 1_000),
                ("10s", 10_000),
            ]),
            handed_over: Histogram::new([
                ("100us", 100),
                ("1ms", 1_000),
                ("10ms", 10_000),
                ("100ms", 100_000),
            ]),
        }
    }

    pub(crate) fn refused(&self, bound: Bound) {
        match bound {
            Bound::Queue => self.refused_by_queue.add(),
            Bound::Server => self.refused_by_bound.add(),
        }
    }

    pub(super) fn rows(&self, family: &str) -> Rows {
        let counters = [
            ("waits", &self.waits),
            ("hand_offs", &self.hand_offs),
            ("timeouts", &self.timeouts),
            ("cancels", &self.cancels),
            ("roll_backs", &self.roll_backs),
            ("unheard", &self.unheard),
            ("refused_by_queue", &self.refused_by_queue),
            ("refused_by_bound", &self.refused_by_bound),
        ];
        let counters = counters.map(|(name, counter)| (format!("{family}_{name}"), counter.get()));
        let mut rows = Vec::from(counters);
        rows.extend(self.waited.rows(&format!("{family}_waited")));
        rows.extend(self.handed_over.rows(&format!("{family}_handed_over")));
        rows
    }
}

/// How many took no longer than each of N spans, and longer than the one before.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    spans: [(&'static str, i64, Counter); N],
    longer: Counter,
}

impl<const N: usize> Histogram<N> {
    const fn new(spans: [(&'static str, i64); N]) -> Self {
        let mut rows = [const { ("", 0, Counter::new()) }; N];
        let mut index = 0;
        while index < N {
            rows[index].0 = spans[index].0;
            rows[index].1 = spans[index].1;
            index += 1;
        }
        Self {
            spans: rows,
            longer: Counter::new(),
        }
    }

    pub(crate) fn add(&self, took: i64) {
        let span = self.spans.iter().find(|(_, most, _)| took <= *most);
        span.map_or(&self.longer, |(_, _, counter)| counter).add();
    }

    fn rows(&self, prefix: &str) -> Rows {
        let spans = self.spans.iter().map(|(name, _, count)| (*name, count));
        let spans = spans.chain([("longer", &self.longer)]);
        spans
            .map(|(name, count)| (format!("{prefix}_{name}"), count.get()))
            .collect()
    }
}
