//! Budgets: `BUDGET.RESERVE`, `BUDGET.RENEW`, `BUDGET.SETTLE` and `BUDGET.INFO`.

use std::{sync::Arc, time::Duration};

use super::{
    Batch, Connection, Reply, Store, StoreError, booking::COUNTED_KNOWN_MS, is_away, link::ask_on,
    list, names,
};
use crate::{budget::Spending, ids::RequestId, price::MicroUsd, purse::Purse, time::millis};

const RESERVE: &str = "BUDGET.RESERVE";
const RENEW: &str = "BUDGET.RENEW";
const INFO: &str = "BUDGET.INFO";
const SETTLE: &str = "BUDGET.SETTLE";
/// As good as no limit.
const HIGHEST: u64 = (1 << 53) - 1;

/// The answer to a reservation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    InAll,
    /// The budget at this place leaves no room.
    Short {
        place: usize,
        spent: MicroUsd,
        reserved: MicroUsd,
    },
}

impl Store {
    /// In all of its budgets, or in none. Asked at once, before whatever is asked next.
    pub(crate) fn reserve(
        &self,
        request: RequestId,
        spending: &Arc<Spending>,
        lease: Duration,
    ) -> impl Future<Output = Result<Reserved, StoreError>> + Send + use<> {
        let mut batch = Batch::of(RESERVE);
        let limits = spending.budgets.iter().map(|budget| budget.limit);
        for (place, (purse, limit)) in spending.purses.iter().zip(limits).enumerate() {
            if place > 0 {
                batch.arg("AND");
            }
            add_key(&mut batch, purse);
            if place == 0 {
                batch.arg(request);
                batch.arg("COST").number(spending.cost.0);
                batch.arg("PX").number(millis(lease));
            }
            batch.arg("LIMIT").number(limit.0);
            add_until(&mut batch, purse);
        }
        let (replies, spending) = (self.domain.send(&batch), Arc::clone(spending));
        async move { read(&replies.await?, &spending.purses) }
    }
}

fn read(replies: &[Reply], purses: &[Purse]) -> Result<Reserved, StoreError> {
    let form = || StoreError::Form { command: RESERVE };
    let [reply] = replies else {
        return Err(form());
    };
    let [status, spent, reserved, name] = list(RESERVE, reply)? else {
        return Err(form());
    };
    let amount = |said: Option<i64>| {
        let said = said.and_then(|number| u64::try_from(number).ok());
        said.map(MicroUsd).ok_or_else(form)
    };
    match status.int() {
        Some(1) => Ok(Reserved::InAll),
        Some(0) => {
            let is_it =
                |purse: &Purse| name.bytes() == Some(names::budget(&purse.called).as_bytes());
            Ok(Reserved::Short {
                place: purses.iter().position(is_it).ok_or_else(form)?,
                spent: amount(spent.int())?,
                reserved: amount(reserved.int())?,
            })
        }
        _ => Err(form()),
    }
}

impl Store {
    /// Of each what was spent, and what is reserved.
    pub(crate) async fn spent(&self, purses: &[Purse]) -> Result<Vec<[MicroUsd; 2]>, StoreError> {
        let mut batch = Batch::new();
        for purse in purses {
            add_key(batch.command(INFO), purse);
        }
        let replies = match batch.is_empty() {
            true => Vec::new(),
            false => self.domain.ask(&batch).await?,
        };
        let amounts = |reply: &Reply| {
            let fields = list(INFO, reply)?.as_chunks().0;
            let amount = |wanted: &str| {
                let [_, amount] = fields
                    .iter()
                    .find(|[name, _]| name.text() == Some(wanted))?;
                u64::try_from(amount.int()?).ok().map(MicroUsd)
            };
            let amounts = [amount("spent"), amount("reserved")];
            match amounts {
                [Some(spent), Some(reserved)] => Ok([spent, reserved]),
                _ => Err(StoreError::Form { command: INFO }),
            }
        };
        replies.iter().map(amounts).collect()
    }
}

/// Per member, whether it has a reservation.
pub(crate) async fn renew_purse(
    over: &Connection,
    purse: &Purse,
    members: &[RequestId],
    lease: Duration,
) -> Result<Vec<bool>, StoreError> {
    let mut batch = Batch::of(RENEW);
    add_key(&mut batch, purse).arg("PX").number(millis(lease));
    for member in members {
        batch.arg(member);
    }
    let replies = ask_on(over, &batch).await?;
    let [reply] = replies.as_slice() else {
        return Err(StoreError::Form { command: RENEW });
    };
    if is_away(reply) {
        return Err(StoreError::Down);
    }
    let renewed = list(RENEW, reply)?.iter();
    Ok(renewed.map(|one| one.int() == Some(1)).collect())
}

/// Reserves again what was lost, above the limit if need be. What is settled by now stays so.
pub(crate) async fn register_purse(
    over: &Connection,
    purse: &Purse,
    lost: &[(RequestId, MicroUsd)],
    lease: Duration,
) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    for (member, cost) in lost {
        add_key(batch.command(RESERVE), purse).arg(member);
        batch.arg("COST").number(cost.0);
        batch.arg("PX").number(millis(lease));
        batch.arg("LIMIT").number(HIGHEST);
        add_until(&mut batch, purse);
    }
    let replies = ask_on(over, &batch).await?;
    match replies.iter().any(is_away) {
        true => Err(StoreError::Down),
        false => Ok(()),
    }
}

/// Once, however often it is told.
pub(super) fn settle(batch: &mut Batch, request: RequestId, purses: &[Purse], cost: MicroUsd) {
    for (place, purse) in purses.iter().enumerate() {
        let named = match place {
            0 => batch.command(SETTLE),
            _ => batch.arg("AND"),
        };
        add_key(named, purse);
        if place == 0 {
            batch.arg(request).number(cost.0);
            batch.arg("KEEP").number(COUNTED_KNOWN_MS);
        }
        add_until(batch, purse);
    }
}

fn add_key<'a>(batch: &'a mut Batch, purse: &Purse) -> &'a mut Batch {
    batch.joined([names::BUDGETS.as_bytes(), purse.called.as_bytes()])
}

fn add_until(batch: &mut Batch, purse: &Purse) {
    if let Some(until) = purse.until {
        batch.arg("UNTIL").number(until.0);
    }
}
