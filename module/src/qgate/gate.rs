//! A gate's rules: who gets a slot, and until when. Pure.
//! It decides from what a look at the gate found; it does not store, count or wait.

use crate::time::{Millis, UnixMillis};

/// What one decision needs to know of a gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Slots whose lease has not ended.
    pub(crate) in_use: usize,
    /// Nobody is granted until then.
    pub(crate) closed_until: UnixMillis,
    /// The end of the asking member's own lease; it may have passed.
    pub(crate) held_until: Option<UnixMillis>,
}

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// How many slots there are; 0 for no limit.
    pub(crate) limit: usize,
    pub(crate) lease: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A slot of its own, until then.
    Granted(UnixMillis),
    /// It has a slot already, which it keeps until then.
    Extended(UnixMillis),
    Full,
    Closed,
}

impl View {
    pub(crate) fn ask(&self, ask: Ask, now: UnixMillis) -> Answer {
        let end = now.plus(ask.lease);
        if let Some(held) = self.held_until.filter(|held| *held > now) {
            return Answer::Extended(held.max(end));
        }
        if self.closed_until > now {
            Answer::Closed
        } else if ask.limit > 0 && self.in_use >= ask.limit {
            Answer::Full
        } else {
            Answer::Granted(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
    use proptest::{collection, prop_assert, prop_assert_eq};

    use super::{Answer, Ask, View};
    use crate::lifetime::end_of_key;
    use crate::time::{Millis, UnixMillis};

    fn at(ms: i64) -> UnixMillis {
        UnixMillis::new(ms)
    }

    fn ask(limit: usize) -> Ask {
        Ask {
            limit,
            lease: Millis::new(100),
        }
    }

    #[test]
    fn a_holder_is_granted_again_whatever_the_limit_and_never_loses_time() {
        let view = View {
            in_use: 5,
            closed_until: at(9_000),
            held_until: Some(at(1_500)),
        };
        assert_eq!(view.ask(ask(1), at(1_000)), Answer::Extended(at(1_500)));
        assert_eq!(view.ask(ask(1), at(1_450)), Answer::Extended(at(1_550)));
        assert_eq!(view.ask(ask(1), at(1_500)), Answer::Closed);
    }

    #[test]
    fn a_limit_of_zero_counts_and_refuses_nobody_but_a_closed_gate_refuses_all() {
        let open = View {
            in_use: 1_000_000,
            closed_until: at(1_000),
            held_until: None,
        };
        assert_eq!(open.ask(ask(0), at(1_000)), Answer::Granted(at(1_100)));
        assert_eq!(open.ask(ask(0), at(999)), Answer::Closed);
        assert_eq!(open.ask(ask(1_000_000), at(1_000)), Answer::Full);
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
                let view = View {
                    in_use: live,
                    closed_until: at(closed),
                    held_until: leases.get(&member).map(|end| at(*end)),
                };
                let ask = Ask { limit, lease: Millis::new(lease) };
                let answer = view.ask(ask, at(now));
                match answer {
                    Answer::Granted(end) => {
                        prop_assert!(!holds && closed <= now);
                        prop_assert!(limit == 0 || live < limit);
                        prop_assert_eq!(end, at(now + lease));
                    }
                    Answer::Extended(end) => prop_assert!(holds && end >= at(now + lease)),
                    Answer::Full => prop_assert!(!holds && limit > 0 && live >= limit),
                    Answer::Closed => prop_assert!(!holds && closed > now),
                }
                if let Answer::Granted(end) | Answer::Extended(end) = answer {
                    leases.insert(member, end.get());
                    let latest = || leases.values().max().map(|end| at(*end));
                    set_to = end_of_key(set_to, end, at(now), latest).or(set_to);
                }
            }
        }
    }
}
