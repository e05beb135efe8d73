//! What ends a request: `QGATE.LEAVE`, `UMQ.RELEASE`, counters per hour and day, and a record.

use std::{collections::BTreeSet, sync::Arc};

use super::{Batch, Reply, Store, StoreError, is_away, names};
use crate::{
    gate::{Gate, Turn},
    ids::RequestId,
    settle::Record,
    time::millis,
};

const RECORDS_KEPT: u64 = 100_000;
const HOURS_KEPT_S: u64 = 8 * 86_400;
const DAYS_KEPT_S: u64 = 400 * 86_400;

/// What one request owes.
#[derive(Debug)]
pub(crate) struct Debt {
    pub(crate) member: RequestId,
    pub(crate) gates: Vec<Arc<Gate>>,
    pub(crate) turn: Option<TurnDebt>,
    pub(crate) record: Option<Box<Record>>,
}

#[derive(Debug)]
pub(crate) struct TurnDebt {
    pub(crate) turn: Arc<Turn>,
    pub(crate) stamp: Stamp,
}

/// From when on the next turn keeps its distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// From this release.
    Now,
    /// From where it did before: nothing was sent.
    Former,
}

/// The hours whose counters were last told when to end.
#[derive(Debug, Default)]
pub(crate) struct Period(BTreeSet<u64>);

impl Store {
    /// Two round trips for all. `Down`: to be repeated with the records that are left in the debts. Other errors leave
    /// unknown what was booked.
    pub(crate) async fn settle(
        &self,
        debts: &mut [Debt],
        period: &mut Period,
    ) -> Result<(), StoreError> {
        let mut releases = Batch::new();
        debts.iter().for_each(|debt| release(&mut releases, debt));
        // They may be repeated, so they go first: a connection that died unnoticed takes no booking with it.
        let replies = self
            .domain
            .ask(&releases)
            .await
            .map_err(|_| StoreError::Down)?;
        log_refusals(&replies);
        if replies.iter().any(is_away) {
            return Err(StoreError::Down);
        }
        self.book(debts, period).await
    }

    async fn book(&self, debts: &mut [Debt], period: &mut Period) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        let mut hours = BTreeSet::new();
        let mut spans = Vec::with_capacity(debts.len());
        for debt in debts.iter() {
            let from = batch.len();
            if let Some(record) = &debt.record {
                count(&mut batch, record);
                write(&mut batch, record);
                hours.insert(record.at.hour());
            }
            spans.push(from..batch.len());
        }
        if hours.is_empty() {
            return Ok(());
        }
        let untold = hours.difference(&period.0);
        untold.for_each(|hour| bound(&mut batch, *hour));
        let replies = self.domain.ask(&batch).await?;
        log_refusals(&replies);
        for (debt, span) in debts.iter_mut().zip(spans) {
            // What was booked in part is not booked again.
            if !replies[span].iter().all(is_away) {
                debt.record = None;
            }
        }
        if replies.iter().any(is_away) {
            return Err(StoreError::Down);
        }
        period.0 = hours;
        Ok(())
    }

    pub(crate) async fn release_slots(
        &self,
        gate: &Gate,
        members: &[RequestId],
    ) -> Result<(), StoreError> {
        if members.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::of("QGATE.RELEASE");
        batch.arg(&*gate.name);
        for member in members {
            batch.arg(member.as_str());
        }
        self.domain.ask_one(&batch).await.map(drop)
    }
}

/// Repeating these would not help.
fn log_refusals(replies: &[Reply]) {
    for reply in replies.iter().filter(|reply| !is_away(reply)) {
        if let Some(error) = reply.error() {
            tracing::error!(error, "Redis refused a part of a settlement");
        }
    }
}

fn release(batch: &mut Batch, debt: &Debt) {
    if !debt.gates.is_empty() {
        batch.command("QGATE.LEAVE").arg(debt.member.as_str());
        batch.number(debt.gates.len() as u64);
        for gate in &debt.gates {
            batch.arg(&*gate.name);
        }
    }
    if let Some(owed) = &debt.turn {
        batch.command("UMQ.RELEASE").arg(&*owed.turn.name);
        batch.arg(debt.member.as_str());
        match owed.stamp {
            Stamp::Now => {}
            Stamp::Former => {
                batch.arg("NOSTAMP");
            }
        }
    }
}

/// Counters are `<key>:<account>:<what>`.
fn count(batch: &mut Batch, record: &Record) {
    for hash in [
        names::usage_of_hour(record.at.hour()),
        names::usage_of_day(record.at.day()),
    ] {
        for (what, number) in [("requests", 1)].into_iter().chain(record.usage.counted()) {
            let field = format!("{}:{}:{what}", record.key, record.account);
            batch
                .command("HINCRBY")
                .arg(&hash)
                .arg(field)
                .number(number);
        }
    }
}

fn write(batch: &mut Batch, record: &Record) {
    batch.command("XADD").arg(names::RECORDS);
    batch.arg("MAXLEN").arg("~").number(RECORDS_KEPT).arg("*");
    batch.arg("request").arg(record.request.as_str());
    batch.arg("key").arg(&*record.key);
    batch.arg("account").arg(&*record.account);
    batch.arg("at_ms").number(record.at.0);
    batch.arg("outcome").arg(record.outcome.word());
    batch.arg("wait_ms").number(millis(record.wait));
    batch.arg("duration_ms").number(millis(record.duration));
    if let Some(model) = &record.model {
        batch.arg("model").arg(model);
    }
    if let Some(status) = record.status {
        batch.arg("status").number(status);
    }
    if let Some(first_byte) = record.first_byte {
        batch.arg("first_byte_ms").number(millis(first_byte));
    }
    for (what, tokens) in record.usage.counted() {
        batch.arg(what).number(tokens);
    }
}

/// Once an hour, or a few times around its edge: counters end by themselves.
fn bound(batch: &mut Batch, hour: u64) {
    for (hash, seconds) in [
        (names::usage_of_hour(hour), HOURS_KEPT_S),
        (names::usage_of_day(hour / 24), DAYS_KEPT_S),
    ] {
        batch.command("EXPIRE").arg(hash).number(seconds).arg("NX");
    }
}
