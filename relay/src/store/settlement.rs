//! What ends a request: `QGATE.LEAVE`, `UMQ.RELEASE`, counters per hour and day, and a record.

use std::{collections::BTreeSet, sync::Arc};

use redis::{Pipeline, Value};

use super::{Store, StoreError, is_away, names};
use crate::{
    gate::{Gate, Turn},
    ids::RequestId,
    settle::Record,
    time::millis,
};

const RECORDS_KEPT: usize = 100_000;
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
        let mut releases = Pipeline::new();
        debts.iter().for_each(|debt| release(&mut releases, debt));
        // They may be repeated, so they go first: a connection that died unnoticed takes no booking with it.
        let replies = self.ask(&releases).await.map_err(|_| StoreError::Down)?;
        log_refusals(&replies);
        if replies.iter().any(is_away) {
            return Err(StoreError::Down);
        }
        self.book(debts, period).await
    }

    async fn book(&self, debts: &mut [Debt], period: &mut Period) -> Result<(), StoreError> {
        let mut pipeline = Pipeline::new();
        let mut hours = BTreeSet::new();
        let mut spans = Vec::with_capacity(debts.len());
        for debt in debts.iter() {
            let from = pipeline.len();
            if let Some(record) = &debt.record {
                count(&mut pipeline, record);
                write(&mut pipeline, record);
                hours.insert(record.at.hour());
            }
            spans.push(from..pipeline.len());
        }
        if hours.is_empty() {
            return Ok(());
        }
        let untold = hours.difference(&period.0);
        untold.for_each(|hour| bound(&mut pipeline, *hour));
        let replies = self.ask(&pipeline).await?;
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
        let mut command = redis::cmd("QGATE.RELEASE");
        command.arg(&*gate.name);
        for member in members {
            command.arg(member.as_str());
        }
        self.ask_one(&command).await.map(drop)
    }
}

/// Repeating these would not help.
fn log_refusals(replies: &[Value]) {
    for reply in replies.iter().filter(|reply| !is_away(reply)) {
        if let Value::ServerError(error) = reply {
            tracing::error!(%error, "Redis refused a part of a settlement");
        }
    }
}

fn release(pipeline: &mut Pipeline, debt: &Debt) {
    if !debt.gates.is_empty() {
        pipeline
            .cmd("QGATE.LEAVE")
            .arg(debt.member.as_str())
            .arg(debt.gates.len());
        for gate in &debt.gates {
            pipeline.arg(&*gate.name);
        }
    }
    if let Some(owed) = &debt.turn {
        pipeline
            .cmd("UMQ.RELEASE")
            .arg(&*owed.turn.name)
            .arg(debt.member.as_str());
        match owed.stamp {
            Stamp::Now => {}
            Stamp::Former => {
                pipeline.arg("NOSTAMP");
            }
        }
    }
}

/// Counters are `<key>:<account>:<what>`.
fn count(pipeline: &mut Pipeline, record: &Record) {
    for hash in [
        names::usage_of_hour(record.at.hour()),
        names::usage_of_day(record.at.day()),
    ] {
        for (what, number) in [("requests", 1)].into_iter().chain(record.usage.counted()) {
            let field = format!("{}:{}:{what}", record.key, record.account);
            pipeline.cmd("HINCRBY").arg(&hash).arg(field).arg(number);
        }
    }
}

fn write(pipeline: &mut Pipeline, record: &Record) {
    pipeline
        .cmd("XADD")
        .arg(names::RECORDS)
        .arg("MAXLEN")
        .arg("~")
        .arg(RECORDS_KEPT)
        .arg("*");
    pipeline.arg("request").arg(record.request.as_str());
    pipeline
        .arg("key")
        .arg(&*record.key)
        .arg("account")
        .arg(&*record.account);
    pipeline
        .arg("at_ms")
        .arg(record.at.0)
        .arg("outcome")
        .arg(record.outcome.word());
    pipeline.arg("wait_ms").arg(millis(record.wait));
    pipeline.arg("duration_ms").arg(millis(record.duration));
    if let Some(model) = &record.model {
        pipeline.arg("model").arg(model);
    }
    if let Some(status) = record.status {
        pipeline.arg("status").arg(status);
    }
    if let Some(first_byte) = record.first_byte {
        pipeline.arg("first_byte_ms").arg(millis(first_byte));
    }
    for (what, tokens) in record.usage.counted() {
        pipeline.arg(what).arg(tokens);
    }
}

/// Once an hour, or a few times around its edge: counters end by themselves.
fn bound(pipeline: &mut Pipeline, hour: u64) {
    for (hash, seconds) in [
        (names::usage_of_hour(hour), HOURS_KEPT_S),
        (names::usage_of_day(hour / 24), DAYS_KEPT_S),
    ] {
        pipeline.cmd("EXPIRE").arg(hash).arg(seconds).arg("NX");
    }
}
