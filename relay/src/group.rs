//! Groups: which accounts serve which keys, and in which order they are tried.

use std::{
    cmp::Ordering,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{forward::Upstream, store::Load};

/// A set of accounts of one provider.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    next: AtomicUsize,
}

impl Group {
    pub(crate) fn new(upstreams: Vec<Arc<Upstream>>) -> Self {
        Self {
            upstreams,
            next: AtomicUsize::new(0),
        }
    }

    /// A place that moves on with every call, so that equals take turns.
    pub(crate) fn rotate(&self) -> usize {
        self.next.fetch_add(1, Relaxed) % self.upstreams.len()
    }
}

/// The places that have room, the least loaded first. Equals go round, beginning at `first`.
pub(crate) fn by_room(loads: &[Load], first: usize) -> Vec<usize> {
    let has_room = |load: &Load| load.limit == 0 || load.in_use < u64::from(load.limit);
    let turn_of = |place: usize| (place + loads.len() - first) % loads.len();
    let mut places: Vec<usize> = (0..loads.len())
        .filter(|place| has_room(&loads[*place]))
        .collect();
    places.sort_unstable_by(|one, other| {
        by_load(&loads[*one], &loads[*other]).then(turn_of(*one).cmp(&turn_of(*other)))
    });
    places
}

/// Compares in-use/limit exactly. Nothing is a share of no limit: such accounts come first, the less used before the more.
fn by_load(one: &Load, other: &Load) -> Ordering {
    match (one.limit, other.limit) {
        (0, 0) => one.in_use.cmp(&other.in_use),
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        (one_limit, other_limit) => {
            let cross = |load: &Load, limit: u32| u128::from(load.in_use) * u128::from(limit);
            cross(one, other_limit).cmp(&cross(other, one_limit))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prop_assert_eq, proptest};

    use super::*;

    fn loads(of: &[(u64, u32)]) -> Vec<Load> {
        of.iter()
            .map(|(in_use, limit)| Load {
                in_use: *in_use,
                limit: *limit,
            })
            .collect()
    }

    #[test]
    fn the_least_loaded_comes_first_and_the_full_not_at_all() {
        assert_eq!(
            by_room(&loads(&[(3, 5), (1, 5), (5, 5), (2, 4)]), 0),
            [1, 3, 0]
        );
        assert_eq!(by_room(&loads(&[(9, 0), (0, 5), (3, 0)]), 0), [2, 0, 1]);
        assert_eq!(by_room(&loads(&[(5, 5)]), 0), [0_usize; 0]);
    }

    #[test]
    fn equals_go_round() {
        let equal = loads(&[(1, 2), (2, 4), (3, 6)]);
        assert_eq!(by_room(&equal, 0), [0, 1, 2]);
        assert_eq!(by_room(&equal, 1), [1, 2, 0]);
        assert_eq!(by_room(&equal, 2), [2, 0, 1]);
    }

    proptest! {
        #[test]
        fn whoever_has_room_is_listed_once(of in vec((0_u64..9, 0_u32..9), 1..9), first in 0_usize..9) {
            let loads = loads(&of);
            let mut places = by_room(&loads, first % loads.len());
            places.sort_unstable();
            let expected: Vec<usize> = (0..of.len())
                .filter(|place| of[*place].1 == 0 || of[*place].0 < u64::from(of[*place].1))
                .collect();
            prop_assert_eq!(places, expected);
        }
    }
}
