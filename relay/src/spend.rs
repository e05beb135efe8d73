//! What a request may cost is reserved in all budgets that hold for it, before it asks for anything else and in the same
//! write; what it has cost is settled with everything else (`settle.rs`). A request that nobody limits in its spending is
//! not held up.

use std::{
    fmt,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use jiff::tz::TimeZone;
use tokio::time::timeout;

use crate::{
    app::App,
    books::{Expected, is_charged},
    budget::{Budget, Spending},
    calendar::zoned,
    call::Call,
    config::Unpriced,
    error::Error,
    gate::likely_free,
    permit::Permit,
    price::MicroUsd,
    purse::Span,
    store::{Reserved, StoreError},
    time::UnixMillis,
};

/// By then Redis has said what it grants at once of what was asked in the same write.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

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

/// Asks all budgets that hold for a request for what it is likely to cost. The answer may be still to come: nothing goes
/// upstream before it has. Where a budget had no room of late, it is waited for here, so that others are not held up by
/// what is asked for next and then given back.
pub(crate) async fn spend<'a>(
    app: &'a App,
    call: &Call,
    expected: &Expected,
    permit: &mut Permit,
) -> Result<Option<impl Future<Output = Result<(), Unpaid>> + use<'a>>, Unpaid> {
    if !call.caller.allowances().any(|one| !one.budgets.is_empty()) || !is_charged(call.work) {
        return Ok(None);
    }
    let now = UnixMillis::now();
    let Some(spending) = spending(app, call, expected, now)? else {
        return Ok(None);
    };
    let spending = Arc::new(spending);
    permit.ask_spending(&spending);
    let reserved = app.store.reserve(call.id, &spending, app.lease);
    let is_short = spending.is_short();
    let (id, key) = (call.id, Arc::clone(&call.caller.key));
    let paid = async move {
        match reserved.await? {
            Reserved::InAll => {
                spending.granted();
                app.ledger.leases.hold_spending(id, &spending);
                Ok(())
            }
            Reserved::Short {
                place,
                spent,
                reserved,
            } => {
                spending.refused(place);
                let free = likely_free(key.gate.held.mean(), 1, id.spread());
                let short = short(app, &spending, (place, spent, reserved), free, now);
                Err(Unpaid::Spent(Box::new(short)))
            }
        }
    };
    if is_short {
        paid.await?;
        return Ok(None);
    }
    Ok(Some(paid))
}

/// What is entered, once it is paid for.
pub(crate) async fn paid<T>(
    paying: Option<impl Future<Output = Result<(), Unpaid>>>,
    mut entering: Pin<&mut impl Future<Output = Result<T, Error>>>,
) -> Result<T, Error> {
    let Some(paying) = paying else {
        return entering.await;
    };
    let mut paying = pin!(paying);
    let paid = tokio::select! {
        entered = &mut entering => {
            paying.await?;
            return entered;
        }
        paid = &mut paying => paid,
    };
    if let Err(unpaid) = paid {
        // What else was granted is to be known, so that all of it is given back.
        drop(timeout(ANSWERED_WITHIN, entering).await);
        return Err(unpaid.into());
    }
    entering.await
}

fn short(
    app: &App,
    spending: &Spending,
    (place, spent, reserved): (usize, MicroUsd, MicroUsd),
    free: Duration,
    now: UnixMillis,
) -> Short {
    let budget = Arc::clone(&spending.budgets[place]);
    let is_spent = spent.0.saturating_add(spending.cost.0) > budget.limit.0;
    let opens = match spending.purses[place].until {
        _ if !is_spent => Opens::Soon(free),
        // A smaller one may fit.
        _ if spending.cost > budget.limit => Opens::Never,
        Some(until) => Opens::At(
            until.since(now),
            shown(until, &app.settings().spend.time_zone),
        ),
        None => Opens::Never,
    };
    Short {
        budget,
        spent,
        reserved,
        cost: spending.cost,
        opens,
    }
}

/// None: nothing is to be reserved.
fn spending(
    app: &App,
    call: &Call,
    expected: &Expected,
    now: UnixMillis,
) -> Result<Option<Spending>, Unpaid> {
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
                model: call.model().unwrap_or_default().to_owned(),
                budget: Arc::clone(budget),
            });
        }
    };
    let today = app.calendar.today(&settings.spend.time_zone, now);
    Ok(Some(Spending::new(budgets, cost, &today)))
}

fn shown(at: UnixMillis, zone: &TimeZone) -> String {
    zoned(zone, at).strftime("%Y-%m-%d %H:%M %Z").to_string()
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
