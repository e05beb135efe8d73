//! A gate's rules: who gets a slot, and until when. Pure.
//! It decides from what a look at the gate found; it does not store, count or wait.

use crate::time::{Millis, UnixMillis};

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// How many slots there are; 0 for no limit.
    pub(crate) limit: usize,
    pub(crate) lease: Millis,
}

/// Whether a gate has a slot for somebody who holds none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Free,
    Full,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A slot of its own.
    Granted,
    /// It has a slot already, which it keeps.
    Extended,
    Full,
    Closed,
}

impl Room {
    pub(crate) fn of(
        in_use: usize,
        limit: usize,
        closed_until: UnixMillis,
        now: UnixMillis,
    ) -> Self {
        if closed_until > now {
            Self::Closed
        } else if limit > 0 && in_use >= limit {
            Self::Full
        } else {
            Self::Free
        }
    }

    /// What is left for a newcomer while others wait.
    pub(crate) fn taken(self) -> Self {
        match self {
            Self::Free | Self::Full => Self::Full,
            Self::Closed => Self::Closed,
        }
    }

    /// The answer to a member whose own lease ends or ended at `held_until`, if it has one, and which asks for one
    /// that ends at `end`; with the answer, when its lease ends now.
    pub(crate) fn answer(
        self,
        held_until: Option<UnixMillis>,
        end: UnixMillis,
        now: UnixMillis,
    ) -> (Answer, Option<UnixMillis>) {
        if let Some(held) = held_until.filter(|held| *held > now) {
            return (Answer::Extended, Some(held.max(end)));
        }
        match self {
            Self::Free => (Answer::Granted, Some(end)),
            Self::Full => (Answer::Full, None),
            Self::Closed => (Answer::Closed, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
    use proptest::{collection, prop_assert, prop_assert_eq};

    use super::{Answer, Room};
    use crate::lifetime::end_of_key;
    use crate::time::UnixMillis;

    fn at(ms: i64) -> UnixMillis {
        UnixMillis::new(ms)
    }

    #[test]
    fn a_holder_is_granted_again_whatever_the_room_and_never_loses_time() {
        for room in [Room::Free, Room::Full, Room::Closed] {
            let ask = |now, end| room.answer(Some(at(1_500)), at(end), at(now));
            assert_eq!(ask(1_000, 1_100), (Answer::Extended, Some(at(1_500))));
            assert_eq!(ask(1_450, 1_550), (Answer::Extended, Some(at(1_550))));
            assert_ne!(ask(1_500, 1_600).0, Answer::Extended);
        }
    }

    #[test]
    fn a_limit_of_zero_counts_and_refuses_nobody_but_a_closed_gate_refuses_all() {
        let room = |in_use, limit, now| Room::of(in_use, limit, at(1_000), at(now));
        assert_eq!(room(1_000_000, 0, 1_000), Room::Free);
        assert_eq!(room(1_000_000, 0, 999), Room::Closed);
        assert_eq!(room(1_000_000, 1_000_000, 1_000), Room::Full);
        assert_eq!(room(999_999, 1_000_000, 1_000), Room::Free);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Ask { limit: usize, lease: i64 },
        Release,
        Close { for_ms: i64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..4_usize, 1..300_i64).prop_map(|(limit, lease)| Step::Ask { limit, lease }),
            3 => Just(Step::Release),
            1 => (0..200_i64).prop_map(|for_ms| Step::Close { for_ms }),
        ]
    }

    proptest! {
        /// The twin keeps every lease in a map; the rules see only what a look at the map finds.
        #[test]
        fn no_limit_is_ever_passed_and_no_gate_ends_before_its_leases(
            steps in collection::vec((0..5_u8, 0..150_i64, step()), 1..80)
        ) {
            let mut leases: BTreeMap<u8, i64> = BTreeMap::new();
            let (mut closed, mut set_to, mut now) = (0, None, 1_000_000_i64);
            for (member, pause, step) in steps {
                now += pause;
                if set_to.is_some_and(|set_to: UnixMillis| set_to <= at(now)) {
                    prop_assert!(leases.values().all(|end| *end <= now), "the gate ended too early");
                    leases.clear();
                    set_to = None;
                }
                let live = leases.values().filter(|end| **end > now).count();
                let holds = leases.get(&member).is_some_and(|end| *end > now);
                let Step::Ask { limit, lease } = step else {
                    match step {
                        Step::Close { for_ms } => closed = now + for_ms,
                        Step::Release | Step::Ask { .. } => drop(leases.remove(&member)),
                    }
                    continue;
                };
                let room = Room::of(live, limit, at(closed), at(now));
                let held_until = leases.get(&member).map(|end| at(*end));
                let (answer, end) = room.answer(held_until, at(now + lease), at(now));
                match answer {
                    Answer::Granted => {
                        prop_assert!(!holds && closed <= now);
                        prop_assert!(limit == 0 || live < limit);
                        prop_assert_eq!(end, Some(at(now + lease)));
                    }
                    Answer::Extended => prop_assert!(holds && end >= Some(at(now + lease))),
                    Answer::Full => prop_assert!(!holds && limit > 0 && live >= limit),
                    Answer::Closed => prop_assert!(!holds && closed > now),
                }
                if let Some(end) = end {
                    leases.insert(member, end.get());
                    let latest = || leases.values().max().map(|end| at(*end));
                    set_to = end_of_key(set_to, end, at(now), latest).or(set_to);
                }
            }
        }
    }
}
