//! The waiters of one flow in a line, in strands of those who need the same. First come, first served. Pure.

use super::name::KeyName;
use super::places::{Place, Places};
use super::plan::PlanId;
use super::ranked::{Rank, Ranked};
use super::{Number, UNIT};
use crate::time::UnixMillis;

/// Where the first of a strand stands among those of other flows: by tag, then by arrival.
pub(super) type Post = (u64, Number);

/// Those of a flow who need the same. Never empty for long.
#[derive(Debug, Default)]
pub(super) struct Strand {
    pub(super) places: Places,
    /// What holds it up, and the tag under which it stands aside, which its flow may have left behind.
    pub(super) aside: Option<(KeyName, u64)>,
}

#[derive(Debug)]
pub(super) struct Flow {
    /// Of those that nothing holds up, the one that has waited longest comes first.
    strands: Ranked<PlanId, Strand>,
    /// The start tag of its first waiter; without waiters, of the next one that comes soon enough.
    pub(super) tag: u64,
    pub(super) weight: u32,
}

impl Rank for Strand {
    type Rank = Place;

    fn rank(&self) -> Option<Place> {
        self.places.first().filter(|_| self.aside.is_none())
    }
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            strands: Ranked::default(),
            tag: 0,
            weight: 1,
        }
    }
}

impl Rank for Flow {
    type Rank = Post;

    fn rank(&self) -> Option<Post> {
        let first = self.strands.first();
        first.map(|place| (self.tag, place.number))
    }
}

impl Flow {
    pub(super) fn cost(&self) -> u64 {
        UNIT / u64::from(self.weight)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.strands.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        let strands = self.strands.values();
        strands.map(|strand| strand.places.len()).sum()
    }

    /// All its places, in no order.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        let strands = self.strands.values();
        strands.flat_map(|strand| strand.places.iter())
    }

    /// Since when the one waits who has waited longest.
    pub(super) fn oldest(&self) -> Option<UnixMillis> {
        let strands = self.strands.values();
        let firsts = strands.filter_map(|strand| strand.places.first());
        firsts.map(|place| place.since).min()
    }

    /// How many stand before this place, in all strands.
    pub(super) fn before(&self, place: Place) -> usize {
        let strands = self.strands.values();
        strands.map(|strand| strand.places.before(place)).sum()
    }

    /// Its first waiters in the order in which they are served.
    pub(super) fn in_order(&self, most: usize) -> Vec<Place> {
        let strands = self.strands.values();
        let firsts = strands.flat_map(|strand| strand.places.iter().take(most));
        let mut places: Vec<Place> = firsts.collect();
        places.sort_unstable();
        places
    }

    /// By what a strand is held up, and where it stands among those whom the same holds up.
    pub(super) fn aside(&self, plan: PlanId) -> Option<(KeyName, Post)> {
        let (_, strand) = self.strands.get(&plan)?;
        let (key, tag) = strand.aside.as_ref()?;
        let first = strand.places.first()?;
        Some((key.clone(), (*tag, first.number)))
    }

    /// Changes a strand, which comes with its first waiter and goes with its last.
    pub(super) fn change<T>(&mut self, plan: PlanId, change: impl FnOnce(&mut Strand) -> T) -> T {
        let (done, is_over) = self.strands.change(&plan, |strand| {
            let done = change(strand);
            (done, strand.places.len() == 0)
        });
        if is_over {
            self.strands.remove(&plan);
        }
        done
    }
}
