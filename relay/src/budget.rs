//! How much somebody may spend in a day, in a month and in all, and what a request reserves of that.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crate::{
    allowance::Owner,
    calendar::Today,
    config::SpendLimits,
    price::MicroUsd,
    purse::{Purse, Span},
};

/// One limit of somebody's.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) owner: Owner,
    pub(crate) span: Span,
    pub(crate) limit: MicroUsd,
    id: Box<str>,
    /// Whether it had no room for the last that asked this relay.
    is_short: AtomicBool,
}

/// What a request reserves, or has reserved: the same of all budgets.
#[derive(Debug)]
pub(crate) struct Spending {
    pub(crate) budgets: Vec<Arc<Budget>>,
    /// Of these, in their order. A request stays in the periods in which it began.
    pub(crate) purses: Vec<Purse>,
    pub(crate) cost: MicroUsd,
    /// Whether Redis has said that none of it is reserved.
    is_refused: AtomicBool,
}

impl Budget {
    pub(crate) fn of(owner: Owner, id: &str, limits: SpendLimits) -> Vec<Arc<Self>> {
        let all = [
            (Span::Day, limits.per_day),
            (Span::Month, limits.per_month),
            (Span::Total, limits.total),
        ];
        let limited = all.into_iter().filter(|(_, limit)| *limit > MicroUsd(0));
        let budget = |(span, limit)| Self {
            owner,
            span,
            limit,
            id: id.into(),
            is_short: AtomicBool::new(false),
        };
        limited.map(|one| Arc::new(budget(one))).collect()
    }

    /// Whose it is.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    fn purse(&self, today: &Today) -> Purse {
        let (period, until) = self.span.period(today);
        let called = [self.owner.word(), ":", &self.id, ":", period].concat();
        Purse {
            called: called.into(),
            until,
        }
    }
}

impl Spending {
    pub(crate) fn new(budgets: Vec<Arc<Budget>>, cost: MicroUsd, today: &Today) -> Self {
        Self {
            purses: budgets.iter().map(|budget| budget.purse(today)).collect(),
            budgets,
            cost,
            is_refused: AtomicBool::new(false),
        }
    }

    /// Whether one of the budgets had no room of late.
    pub(crate) fn is_short(&self) -> bool {
        self.budgets.iter().any(|one| one.is_short.load(Relaxed))
    }

    pub(crate) fn granted(&self) {
        for budget in self.budgets.iter().filter(|one| one.is_short.load(Relaxed)) {
            budget.is_short.store(false, Relaxed);
        }
    }

    /// By the budget at this place.
    pub(crate) fn refused(&self, place: usize) {
        self.budgets[place].is_short.store(true, Relaxed);
        self.is_refused.store(true, Relaxed);
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::*;
    use crate::time::UnixMillis;

    fn at(text: &str) -> UnixMillis {
        let moment: Timestamp = text.parse().unwrap();
        UnixMillis(u64::try_from(moment.as_millisecond()).unwrap())
    }

    #[test]
    fn each_limit_is_a_budget_of_its_own() {
        let limits = SpendLimits {
            per_day: MicroUsd(5),
            per_month: MicroUsd(0),
            total: MicroUsd(7),
        };
        let budgets = Budget::of(Owner::User, "ann", limits);
        let today = Today::new(&TimeZone::UTC, at("2026-11-21T12:00:00Z"));
        let spending = Spending::new(budgets, MicroUsd(3), &today);
        let seen = spending.purses.iter();
        let seen: Vec<_> = seen.map(|purse| (&*purse.called, purse.until)).collect();
        let tomorrow = Some(at("2026-11-22T00:00:00Z"));
        assert_eq!(
            seen,
            [("user:ann:2026-11-21", tomorrow), ("user:ann:total", None),]
        );
        assert!(Budget::of(Owner::Key, "k", SpendLimits::default()).is_empty());
    }
}
