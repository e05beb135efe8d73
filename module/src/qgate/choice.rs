//! Which of several gates that have room is taken: the preferred one, then the lowest tier, then the least loaded, then
//! the one that has been granted least recently. Pure.

use std::cmp::{Ordering, Reverse};

#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) preferred: bool,
    pub(super) priority: i64,
    pub(super) in_use: usize,
    /// 0 for no limit: such a gate bears no load, whatever is in use.
    pub(super) limit: usize,
    /// When a slot of it was granted last, in µs.
    pub(super) granted_at: i64,
}

impl Candidate {
    pub(super) fn beats(&self, other: &Self) -> bool {
        let rank = |one: &Self| (Reverse(one.preferred), one.priority);
        let order = rank(self).cmp(&rank(other));
        let order = order.then_with(|| self.compare_load(other));
        order.then(self.granted_at.cmp(&other.granted_at)) == Ordering::Less
    }

    /// In use over limit, without rounding. No limit is above 1,000,000, so that no product leaves 64 bits.
    fn compare_load(&self, other: &Self) -> Ordering {
        let fraction = |one: &Self| match one.limit {
            0 => (0, 1),
            limit => (one.in_use as u64, limit as u64),
        };
        let ((own, own_limit), (others, others_limit)) = (fraction(self), fraction(other));
        (own * others_limit).cmp(&(others * own_limit))
    }
}

#[cfg(test)]
mod tests {
    use super::Candidate;

    const ANY: Candidate = Candidate {
        preferred: false,
        priority: 0,
        in_use: 5,
        limit: 10,
        granted_at: 100,
    };

    #[test]
    fn each_rule_decides_where_those_before_it_do_not() {
        let worse = [
            ANY,
            Candidate {
                granted_at: 99,
                ..ANY
            },
            // 333,333 of 1,000,000 is less than a third.
            Candidate {
                in_use: 1,
                limit: 3,
                ..ANY
            },
            Candidate {
                in_use: 333_333,
                limit: 1_000_000,
                ..ANY
            },
            Candidate {
                in_use: 7,
                limit: 0,
                ..ANY
            },
            Candidate {
                priority: -1,
                in_use: 9,
                ..ANY
            },
            Candidate {
                preferred: true,
                priority: 7,
                in_use: 9,
                ..ANY
            },
        ];
        for pair in worse.windows(2) {
            assert!(pair[1].beats(&pair[0]), "{pair:?}");
            assert!(!pair[0].beats(&pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn nobody_beats_an_equal() {
        assert!(!ANY.beats(&ANY));
    }
}
