//! What ends a request: `QGATE.LEAVE`, `UMQ.RELEASE`, counters per hour and day, and a record.

use std::sync::Arc;

use redis::{Pipeline, Value};

use super::{Store, StoreError, names};
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

/// The hour whose counters were last told when to end.
#[derive(Debug, Default)]
pub(crate) struct Period(Option<u64>);

impl Store {
    /// One round trip for all. Replies that are errors are logged: repeating would not help.
    pub(crate) async fn settle(
        &self,
        debts: &[Debt],
        period: &mut Period,
    ) -> Result<(), StoreError> {
        let mut pipeline = Pipeline::new();
        let mut hour = None;
        for debt in debts {
            release(&mut pipeline, debt);
            if let Some(record) = &debt.record {
                book(&mut pipeline, record);
                hour = Some(record.at.hour());
                write(&mut pipeline, record);
            }
        }
        if hour > period.0 {
            hour.iter().for_each(|hour| bound(&mut pipeline, *hour));
        }
        for reply in self.ask(&pipeline).await? {
            if let Value::ServerError(error) = reply {
                tracing::error!(%error, "Redis refused a part of a settlement");
            }
        }
        period.0 = hour.max(period.0);
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
fn book(pipeline: &mut Pipeline, record: &Record) {
    for hash in [
        names::usage_of_hour(record.at.hour()),
        names::usage_of_day(record.at.day()),
    ] {
        for (what, count) in [("requests", 1)].into_iter().chain(record.usage.counted()) {
            let field = format!("{}:{}:{what}", record.key, record.account);
            pipeline.cmd("HINCRBY").arg(&hash).arg(field).arg(count);
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

/// Once an hour: counters end by themselves.
fn bound(pipeline: &mut Pipeline, hour: u64) {
    for (hash, seconds) in [
        (names::usage_of_hour(hour), HOURS_KEPT_S),
        (names::usage_of_day(hour / 24), DAYS_KEPT_S),
    ] {
        pipeline.cmd("EXPIRE").arg(hash).arg(seconds);
    }
}
