//! What is written of a request that went upstream: counters of the hour and of the day, and a record. One `TALLY.ADD` does
//! all of it, once, however often it is told and by whomever. What is counted is in `count`, what is recorded in `written`.

mod count;
mod period;
mod written;

use super::{Batch, Reply, SpendDebt, budgets::settle, intents::withdraw, pins::pin};
use crate::{ids::RequestId, intent::Intent, settle::Record};

pub(crate) use period::Period;

pub(super) use count::COUNTED_KNOWN_MS;
use count::{count, count_interrupted};
use written::{write, write_interrupted};

/// Stands for an account that was not chosen yet.
const UNKNOWN: &str = "-";

/// The bookings of one transaction.
#[derive(Debug, Default)]
pub(super) struct Bookings {
    /// For each, how many commands it is.
    commands: Vec<usize>,
}

impl Bookings {
    /// As its relay knows it, over the connection with this number.
    pub(super) fn add(
        &mut self,
        batch: &mut Batch,
        (record, spent): (&Record, Option<&SpendDebt>),
        (over, period): (u64, &mut Period),
    ) {
        let from = self.begin(batch);
        count(batch, record, period.counters(record.at, &record.key));
        write(batch, record, period.retention());
        if let Some(spent) = spent {
            settle(batch, record.request, &spent.spending.purses, spent.cost);
        }
        let kept = record.kept.iter();
        for kept in kept.filter(|kept| kept.over != Some(over)) {
            pin(batch, &record.key, &record.account, &kept.marks);
        }
        withdraw(batch, record.request);
        self.commands.push(batch.len() - from);
    }

    /// Of a request whose relay is gone: nobody knows what it has used.
    pub(super) fn add_interrupted(
        &mut self,
        batch: &mut Batch,
        (request, intent): (RequestId, &Intent),
        period: &mut Period,
    ) {
        let from = self.begin(batch);
        let counters = period.counters(intent.at, &intent.key);
        count_interrupted(batch, request, intent, counters);
        write_interrupted(batch, request, intent, period.retention());
        let cost = intent.cost.unwrap_or_default();
        settle(batch, request, &intent.purses, cost);
        withdraw(batch, request);
        self.commands.push(batch.len() - from);
    }

    /// The place of what comes next.
    fn begin(&self, batch: &mut Batch) -> usize {
        if self.commands.is_empty() {
            batch.command("MULTI");
        }
        batch.len()
    }

    pub(super) fn end(&self, batch: &mut Batch, period: &Period) {
        if !self.commands.is_empty() {
            period.bound(batch);
            batch.command("EXEC");
        }
    }

    /// How many have not been counted before, by the replies to all of it. `None`: nothing was done.
    pub(super) fn done(&self, replies: &[Reply], period: &mut Period) -> Option<usize> {
        let end = replies.last()?;
        let Some(mut results) = end.list() else {
            let why = replies.iter().find_map(Reply::error);
            tracing::warn!(error = why, "Redis takes no bookings now");
            return None;
        };
        let mut counted = 0;
        for commands in &self.commands {
            let (own, rest) = results.split_at_checked(*commands)?;
            results = rest;
            let [tally, others @ ..] = own else {
                return None;
            };
            counted += usize::from(is_counted(tally));
            for error in others.iter().filter_map(Reply::error) {
                tracing::error!(error, "Redis does not settle all of a request");
            }
        }
        period.is_bound();
        Some(counted)
    }
}

/// Not if it was before, or where repeating it would not help.
fn is_counted(reply: &Reply) -> bool {
    if let Some(error) = reply.error() {
        tracing::error!(error, "Redis does not count a request");
    }
    reply.int() == Some(1)
}
