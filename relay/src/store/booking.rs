//! What is written of a request that went upstream: counters of the hour and of the day, and a record. `TALLY.ADD` counts
//! a request once, however often it is told; the record goes beside it in one transaction, so that both are there or neither.

use std::collections::{BTreeMap, BTreeSet};

use super::{Batch, Reply, intents::withdraw, names, pins::pin};
use crate::{
    ids::RequestId,
    intent::Intent,
    settle::{Outcome, Record},
    time::millis,
};

const RECORDS_KEPT: u64 = 100_000;
const HOURS_KEPT_S: u64 = 8 * 86_400;
const DAYS_KEPT_S: u64 = 400 * 86_400;
/// For how long Redis knows which requests were counted. Nobody may tell it again after that.
const COUNTED_KNOWN_MS: u64 = 3_600_000;

/// Stands for an account that was not chosen yet.
const UNKNOWN: &str = "-";

/// Whether Redis has been told of a record before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Never,
    /// It did not answer: who knows.
    Perhaps,
}

/// What Redis did with the booking of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Booked {
    Counted,
    /// It had been counted before.
    Known,
    /// Repeating it would not help.
    Refused,
}

/// The hours whose counters were last told when to end.
#[derive(Debug, Default)]
pub(crate) struct Period(BTreeSet<u64>);

/// The bookings of one transaction.
#[derive(Debug)]
pub(super) struct Bookings {
    /// The number of the connection over which they go.
    over: u64,
    /// For each, how many commands it is.
    commands: Vec<usize>,
    hours: BTreeMap<u64, Counters>,
}

/// The names of the hashes that count the requests of one hour.
#[derive(Debug)]
struct Counters([String; 2]);

impl Bookings {
    pub(super) fn new(over: u64) -> Self {
        Self {
            over,
            commands: Vec::new(),
            hours: BTreeMap::new(),
        }
    }

    /// A record that Redis may have already is counted alone: its record would be written twice.
    pub(super) fn add(&mut self, batch: &mut Batch, record: &Record, told: Told) {
        if self.commands.is_empty() {
            batch.command("MULTI");
        }
        let from = batch.len();
        let hour = record.at.hour();
        let counters = self.hours.entry(hour).or_insert_with(|| Counters::of(hour));
        count(batch, record, counters);
        match told {
            Told::Never => write(batch, record),
            Told::Perhaps => {}
        }
        for kept in record
            .kept
            .iter()
            .filter(|kept| kept.over != Some(self.over))
        {
            pin(batch, &record.key, &record.account, &kept.marks);
        }
        withdraw(batch, record.request);
        self.commands.push(batch.len() - from);
    }

    pub(super) fn end(&self, batch: &mut Batch, period: &Period) {
        if self.commands.is_empty() {
            return;
        }
        for (hour, counters) in &self.hours {
            if !period.0.contains(hour) {
                bound(batch, counters);
            }
        }
        batch.command("EXEC");
    }

    /// What became of each, by the replies to all of it. `None`: nothing was done.
    pub(super) fn done(&self, replies: &[Reply], period: &mut Period) -> Option<Vec<Booked>> {
        let end = replies.last()?;
        let Some(mut results) = end.list() else {
            let why = replies.iter().find_map(Reply::error);
            tracing::warn!(error = why, "Redis takes no bookings now");
            return None;
        };
        let booked = self.commands.iter().map(|commands| {
            let (own, rest) = results.split_at_checked(*commands)?;
            results = rest;
            own.first().map(booked)
        });
        let booked = booked.collect::<Option<Vec<_>>>()?;
        period.0 = self.hours.keys().copied().collect();
        Some(booked)
    }
}

fn booked(reply: &Reply) -> Booked {
    match reply.int() {
        Some(0) => Booked::Known,
        Some(_) => Booked::Counted,
        None => {
            tracing::error!(error = reply.error(), "Redis does not count a request");
            Booked::Refused
        }
    }
}

impl Counters {
    fn of(hour: u64) -> Self {
        Self([names::usage_of_hour(hour), names::usage_of_day(hour / 24)])
    }
}

fn count(batch: &mut Batch, record: &Record, counters: &Counters) {
    let tally = Tally {
        request: record.request,
        key: &record.key,
        account: &record.account,
        counters,
    };
    let numbers = [("requests", 1)].into_iter();
    tally.add(batch, numbers.chain(record.usage.counted()));
}

/// A request whose relay is gone: nobody knows what it has used.
pub(super) fn count_interrupted(batch: &mut Batch, request: RequestId, intent: &Intent) {
    let tally = Tally {
        request,
        key: &intent.key,
        account: intent.account.as_deref().unwrap_or(UNKNOWN),
        counters: &Counters::of(intent.at.hour()),
    };
    let numbers = [
        ("requests", 1),
        ("interrupted", 1),
        ("estimated", intent.estimate),
    ];
    tally.add(batch, numbers.into_iter());
}

/// Whose counters a request belongs to.
struct Tally<'a> {
    request: RequestId,
    key: &'a str,
    account: &'a str,
    counters: &'a Counters,
}

impl Tally<'_> {
    /// Counters are `<key>:<account>:<what>`.
    fn add(&self, batch: &mut Batch, numbers: impl Iterator<Item = (&'static str, u64)> + Clone) {
        let Counters(hashes) = self.counters;
        let increments = hashes.len() * numbers.clone().count();
        batch.command("TALLY.ADD").arg(names::COUNTED);
        batch.arg(self.request.as_str());
        batch.arg("PX").number(COUNTED_KNOWN_MS);
        batch.number(increments as u64);
        let (key, account) = (self.key.as_bytes(), self.account.as_bytes());
        for hash in hashes {
            for (what, number) in numbers.clone() {
                batch.arg(hash);
                batch.joined([key, b":", account, b":", what.as_bytes()]);
                batch.number(number);
            }
        }
    }
}

pub(super) fn write_interrupted(batch: &mut Batch, request: RequestId, intent: &Intent) {
    start_record(batch, request);
    batch.arg("key").arg(&*intent.key);
    let account = intent.account.as_deref().unwrap_or(UNKNOWN);
    batch.arg("account").arg(account);
    batch.arg("at_ms").number(intent.at.0);
    batch.arg("outcome").arg(Outcome::Interrupted.word());
    if let Some(model) = &intent.model {
        batch.arg("model").arg(&**model);
    }
    batch.arg("estimated").number(intent.estimate);
    bound(batch, &Counters::of(intent.at.hour()));
}

fn start_record(batch: &mut Batch, request: RequestId) {
    batch.command("XADD").arg(names::RECORDS);
    batch.arg("MAXLEN").arg("~").number(RECORDS_KEPT).arg("*");
    batch.arg("request").arg(request.as_str());
}

pub(super) fn write(batch: &mut Batch, record: &Record) {
    start_record(batch, record.request);
    batch.arg("key").arg(&*record.key);
    batch.arg("account").arg(&*record.account);
    batch.arg("chosen").arg(record.reason.word());
    if !record.failed.is_empty() {
        batch.arg("failed").arg(failed(record));
    }
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

/// Which accounts did not serve the request and why, in their order.
fn failed(record: &Record) -> String {
    let words = record.failed.iter();
    let words: Vec<String> = words
        .map(|(account, cause)| format!("{account}:{}", cause.word()))
        .collect();
    words.join(" ")
}

/// Once an hour, or a few times around its edge: counters end by themselves.
fn bound(batch: &mut Batch, Counters([hour, day]): &Counters) {
    for (hash, seconds) in [(hour, HOURS_KEPT_S), (day, DAYS_KEPT_S)] {
        batch.command("EXPIRE").arg(hash).number(seconds).arg("NX");
    }
}
