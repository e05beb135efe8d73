//! How much somebody may spend in a day, in a month and in all, and what a request reserves of that.

use std::sync::Arc;

use jiff::{Zoned, tz::TimeZone};

use crate::{
    allowance::Owner,
    config::SpendLimits,
    price::MicroUsd,
    purse::{Purse, Span, zoned},
    time::UnixMillis,
};

/// One limit of somebody's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) owner: Owner,
    pub(crate) span: Span,
    pub(crate) limit: MicroUsd,
    id: Box<str>,
}

/// What a request reserves, or has reserved: the same of all budgets.
#[derive(Debug)]
pub(crate) struct Spending {
    pub(crate) budgets: Vec<Arc<Budget>>,
    /// Of these, in their order. A request stays in the periods in which it began.
    pub(crate) purses: Vec<Purse>,
    pub(crate) cost: MicroUsd,
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
        };
        limited.map(|one| Arc::new(budget(one))).collect()
    }

    /// Whose it is.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    fn purse(&self, now: &Zoned) -> Purse {
        let (period, until) = self.span.period(now);
        Purse {
            called: format!("{}:{}:{period}", self.owner.word(), self.id).into(),
            until,
        }
    }
}

impl Spending {
    pub(crate) fn new(
        budgets: Vec<Arc<Budget>>,
        cost: MicroUsd,
        zone: &TimeZone,
        now: UnixMillis,
    ) -> Self {
        let now = zoned(zone, now);
        Self {
            purses: budgets.iter().map(|budget| budget.purse(&now)).collect(),
            budgets,
            cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

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
        let now = at("2026-11-21T12:00:00Z");
        let spending = Spending::new(budgets, MicroUsd(3), &TimeZone::UTC, now);
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
