//! What was spent of what somebody may spend, and what is left: asked of Redis where somebody looks, and never for a
//! request.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    budget::{Budget, Spending},
    calendar::Today,
    price::MicroUsd,
    purse::Span,
    store::{Store, StoreError},
    time::UnixMillis,
};

/// In the periods of now; none where there is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Budgets {
    pub(crate) day: Option<Spent>,
    pub(crate) month: Option<Spent>,
    pub(crate) total: Option<Spent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Spent {
    pub(crate) spent_micro_usd: u64,
    /// By requests that are running.
    pub(crate) reserved_micro_usd: u64,
    pub(crate) limit_micro_usd: u64,
    pub(crate) left_micro_usd: u64,
    /// When the next period begins.
    pub(crate) until_ms: Option<u64>,
}

/// Of each of these, in their order.
pub(crate) async fn spent(
    store: &Store,
    of: &[Vec<Arc<Budget>>],
    zone: &TimeZone,
    now: UnixMillis,
) -> Result<Vec<Budgets>, StoreError> {
    let all: Vec<Arc<Budget>> = of.iter().flatten().cloned().collect();
    let spending = Spending::new(all, MicroUsd(0), &Today::new(zone, now));
    let known = store.spent(&spending.purses).await?;
    let mut known = known.into_iter().zip(&spending.purses);
    let told = of.iter().map(|budgets| {
        let mut told = Budgets::default();
        for (budget, ([spent, reserved], purse)) in budgets.iter().zip(known.by_ref()) {
            let taken = spent.0.saturating_add(reserved.0);
            let one = Spent {
                spent_micro_usd: spent.0,
                reserved_micro_usd: reserved.0,
                limit_micro_usd: budget.limit.0,
                left_micro_usd: budget.limit.0.saturating_sub(taken),
                until_ms: purse.until.map(|until| until.0),
            };
            match budget.span {
                Span::Day => told.day = Some(one),
                Span::Month => told.month = Some(one),
                Span::Total => told.total = Some(one),
            }
        }
        told
    });
    Ok(told.collect())
}
