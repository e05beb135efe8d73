//! How often requests are tried again: each one within its own bounds, and all together not more often than a fifth of
//! them, so that an outage is not answered with a multiple of the load. Pure.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What one request adds, in hundredths of a retry.
const EARNED: u32 = 20;
const COST: u32 = 100;
/// So many retries are there at the start, and so many can be saved.
const FIRST: u32 = 10 * COST;
const MOST: u32 = 100 * COST;

/// The retries that a relay may still make.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(FIRST))
    }
}

impl Budget {
    /// A request has come.
    pub(crate) fn earn(&self) {
        let add = |saved: u32| Some((saved + EARNED).min(MOST));
        self.0
            .fetch_update(Relaxed, Relaxed, add)
            .expect("adding is never given up");
    }

    /// A request is to be tried again; says whether it may.
    pub(crate) fn spend(&self) -> bool {
        let take = |saved: u32| saved.checked_sub(COST);
        self.0.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

/// The accounts that have had one request so far and did not serve it, by their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attempts(Vec<usize>);

impl Attempts {
    pub(crate) fn failed(&mut self, place: usize) {
        self.0.push(place);
    }

    pub(crate) fn includes(&self, place: usize) -> bool {
        self.0.contains(&place)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there may be another one.
    pub(crate) fn are_within(&self, max: u32) -> bool {
        self.0.len() < max as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_fifth_of_the_requests_and_a_few_to_begin_with() {
        let budget = Budget::default();
        let spent = |budget: &Budget| (0..1000).take_while(|_| budget.spend()).count();
        assert_eq!(spent(&budget), 10);
        (0..50).for_each(|_| budget.earn());
        assert_eq!(spent(&budget), 10);
        (0..10_000).for_each(|_| budget.earn());
        assert_eq!(spent(&budget), 100);
    }

    #[test]
    fn an_account_is_tried_once_and_only_so_many_are() {
        let mut attempts = Attempts::default();
        assert!(attempts.is_empty() && attempts.are_within(1));
        attempts.failed(2);
        assert!(attempts.includes(2) && !attempts.includes(1));
        assert!(attempts.are_within(2) && !attempts.are_within(1));
        assert!(!attempts.is_empty());
    }
}
