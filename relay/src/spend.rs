//! What a request may cost is reserved in all budgets that hold for it, before it asks for anything else; what it has cost
//! is settled with everything else (`settle.rs`). A request that nobody limits in its spending is not held up.

use std::{fmt, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    app::App,
    books::is_charged,
    budget::{Budget, Spending},
    call::Call,
    config::Unpriced,
    gate::likely_free,
    permit::Permit,
    price::MicroUsd,
    purse::Span,
    read::Asked,
    store::{Reserved, StoreError},
    time::UnixMillis,
};

/// Why a request may not be paid for. The operator's will.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unpaid {
    #[error("{0}")]
    Spent(Box<Short>),
    #[error(
        "the model '{model:.128}' has no price on this relay, and what {} may spend is limited",
        budget.owner
    )]
    Unpriced { model: String, budget: Arc<Budget> },
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A budget that leaves no room.
#[derive(Debug)]
pub(crate) struct Short {
    pub(crate) budget: Arc<Budget>,
    spent: MicroUsd,
    /// By others that are being served.
    reserved: MicroUsd,
    cost: MicroUsd,
    pub(crate) opens: Opens,
}

/// When there may be room again.
#[derive(Debug)]
pub(crate) enum Opens {
    /// When others have settled.
    Soon(Duration),
    /// With the next period.
    At(Duration, String),
    Never,
}

/// Afterwards the permit has reserved what the request is likely to cost.
pub(crate) async fn spend(
    app: &App,
    call: &Call,
    asked: &Asked,
    permit: &mut Permit,
) -> Result<(), Unpaid> {
    if !call.caller.allowances().any(|one| !one.budgets.is_empty()) || !is_charged(call.work) {
        return Ok(());
    }
    let now = UnixMillis::now();
    let Some(spending) = spending(app, call, asked, now)? else {
        return Ok(());
    };
    let spending = Arc::new(spending);
    permit.ask_spending(&spending);
    let reserved = app.store.reserve(call.id, &spending, app.lease).await?;
    let Reserved::Short {
        place,
        spent,
        reserved,
    } = reserved
    else {
        permit.spending_granted();
        return Ok(());
    };
    permit.spending_refused();
    let budget = Arc::clone(&spending.budgets[place]);
    let is_spent = spent.0.saturating_add(spending.cost.0) > budget.limit.0;
    let until = spending.purses[place].until;
    let opens = match until {
        _ if !is_spent => {
            let held = call.caller.key.gate.held.mean();
            Opens::Soon(likely_free(held, 1, call.id.spread()))
        }
        // A smaller one may fit.
        _ if spending.cost > budget.limit => Opens::Never,
        Some(until) => Opens::At(
            until.since(now),
            shown(until, &app.settings().spend.time_zone),
        ),
        None => Opens::Never,
    };
    Err(Unpaid::Spent(Box::new(Short {
        budget,
        spent,
        reserved,
        cost: spending.cost,
        opens,
    })))
}

/// None: nothing is to be reserved.
fn spending(
    app: &App,
    call: &Call,
    asked: &Asked,
    now: UnixMillis,
) -> Result<Option<Spending>, Unpaid> {
    let prospect = call.prospect(asked);
    let expected = app.ledger.books.foresee(prospect, now);
    let allowances = call.caller.allowances();
    let budgets: Vec<_> = allowances.flat_map(|one| &one.budgets).cloned().collect();
    let settings = app.settings();
    let cost = match (expected.cost, settings.spend.unpriced, budgets.first()) {
        (Some(cost), _, _) => cost,
        // What the answer says of its model may have a price.
        (None, Unpriced::Allow, _) => MicroUsd(0),
        (None, Unpriced::Refuse, None) => return Ok(None),
        (None, Unpriced::Refuse, Some(budget)) => {
            return Err(Unpaid::Unpriced {
                model: prospect.model.to_owned(),
                budget: Arc::clone(budget),
            });
        }
    };
    let zone = &settings.spend.time_zone;
    Ok(Some(Spending::new(budgets, cost, zone, now)))
}

fn shown(at: UnixMillis, zone: &TimeZone) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M %Z")
        .to_string()
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            budget,
            spent,
            reserved,
            cost,
            opens,
        } = self;
        let (owner, span) = (budget.owner, budget.span.word());
        let [limit, spent, reserved, cost] =
            [budget.limit, *spent, *reserved, *cost].map(MicroUsd::shortly);
        write!(
            f,
            "{owner} may spend ${limit} {span} and has spent ${spent}"
        )?;
        if let Opens::Soon(_) = opens {
            write!(f, "; requests that are running have reserved ${reserved}")?;
        }
        write!(f, "; this request may cost ${cost}")?;
        match (opens, budget.span) {
            (Opens::At(_, when), Span::Day) => write!(f, "; the next day begins at {when}"),
            (Opens::At(_, when), _) => write!(f, "; the next month begins at {when}"),
            (Opens::Soon(_) | Opens::Never, _) => Ok(()),
        }
    }
}
