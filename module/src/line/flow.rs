//! The waiters of one flow in a line, in strands of those who need the same. First come, first served. Pure.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;

use super::plan::{KeyName, PlanId};
use super::{FlowName, Number, UNIT};
use crate::time::UnixMillis;

/// A place within a strand: since when, then in which order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) since: UnixMillis,
    pub(crate) number: Number,
}

/// The first of a strand, in the order in which strands are served: tag, then arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Post {
    pub(super) tag: u64,
    pub(super) number: Number,
    pub(super) flow: FlowName,
    pub(super) plan: PlanId,
}

/// Those of a flow who need the same. Never empty.
#[derive(Debug, Default)]
pub(super) struct Strand {
    /// In the order in which they are served. Most come last and go first.
    pub(super) waiters: VecDeque<Place>,
    /// What holds it up, and the tag under which it stands aside, which its flow may have left behind.
    pub(super) aside: Option<(Arc<KeyName>, u64)>,
}

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) strands: HashMap<PlanId, Strand>,
    /// The first of each strand that nothing holds up.
    pub(super) ready: BTreeSet<(Place, PlanId)>,
    /// The start tag of its first waiter; without waiters, of the next one that comes soon enough.
    pub(super) tag: u64,
    pub(super) weight: u32,
    pub(super) len: usize,
}

impl Strand {
    /// How many stand before this place.
    pub(super) fn before(&self, place: Place) -> usize {
        self.waiters.partition_point(|other| *other < place)
    }
}

impl Flow {
    pub(super) fn new() -> Self {
        Self {
            strands: HashMap::new(),
            ready: BTreeSet::new(),
            tag: 0,
            weight: 1,
            len: 0,
        }
    }

    pub(super) fn cost(&self) -> u64 {
        UNIT / u64::from(self.weight)
    }

    /// How many stand before this place, in all strands.
    pub(super) fn before(&self, place: Place) -> usize {
        let strands = self.strands.values();
        strands.map(|strand| strand.before(place)).sum()
    }

    /// Its first waiters in the order in which they are served.
    pub(super) fn in_order(&self, most: usize) -> Vec<Place> {
        let strands = self.strands.values();
        let firsts = strands.flat_map(|strand| strand.waiters.iter().take(most));
        let mut places: Vec<Place> = firsts.copied().collect();
        places.sort_unstable();
        places
    }

    /// Where it stands among the others, if it could be served.
    pub(super) fn post(&self, name: &FlowName) -> Option<Post> {
        self.ready.first().map(|(place, plan)| Post {
            tag: self.tag,
            number: place.number,
            flow: Arc::clone(name),
            plan: *plan,
        })
    }

    /// Where a strand stands among those whom the same holds up.
    pub(super) fn post_aside(&self, name: &FlowName, plan: PlanId) -> Option<(Arc<KeyName>, Post)> {
        let strand = self.strands.get(&plan)?;
        let (key, tag) = strand.aside.as_ref()?;
        let post = Post {
            tag: *tag,
            number: strand.waiters.front()?.number,
            flow: Arc::clone(name),
            plan,
        };
        Some((Arc::clone(key), post))
    }

    /// Changes a strand, which comes with its first waiter and goes with its last.
    pub(super) fn change_strand(&mut self, plan: PlanId, change: impl FnOnce(&mut Strand)) {
        let strand = self.strands.entry(plan).or_default();
        let first = |strand: &Strand| {
            let first = strand.waiters.front().map(|place| (*place, plan));
            first.filter(|_| strand.aside.is_none())
        };
        let (before, len) = (first(strand), strand.waiters.len());
        change(strand);
        let after = first(strand);
        self.len = self.len + strand.waiters.len() - len;
        if strand.waiters.is_empty() {
            self.strands.remove(&plan);
        }
        if before != after {
            before.map(|before| self.ready.remove(&before));
            self.ready.extend(after);
        }
    }
}
