//! What is written of a request that went upstream: counters of the hour and of the day, and a record. One `TALLY.ADD` does
//! all of it, once, however often it is told and by whomever.

use std::collections::{BTreeMap, BTreeSet};

use super::{Batch, Reply, intents::withdraw, names, pins::pin};
use crate::{
    ids::RequestId,
    intent::Intent,
    settle::{Outcome, Record},
    time::{UnixMillis, millis},
};

const RECORDS_KEPT: u64 = 100_000;
const HOURS_KEPT_S: u64 = 8 * 86_400;
const DAYS_KEPT_S: u64 = 400 * 86_400;
/// For how long Redis knows which requests were counted. Nobody may tell it again after that.
const COUNTED_KNOWN_MS: u64 = 3_600_000;

/// Stands for an account that was not chosen yet.
const UNKNOWN: &str = "-";

/// The hours whose counters were last told when to end.
#[derive(Debug, Default)]
pub(crate) struct Period(BTreeSet<u64>);

/// The bookings of one transaction.
#[derive(Debug, Default)]
pub(super) struct Bookings {
    /// For each, how many commands it is.
    commands: Vec<usize>,
    hours: BTreeMap<u64, Counters>,
}

/// The names of the hashes that count the requests of one hour.
#[derive(Debug)]
struct Counters([String; 2]);

impl Bookings {
    /// As its relay knows it, over the connection with this number.
    pub(super) fn add(&mut self, batch: &mut Batch, record: &Record, over: u64) {
        let from = self.begin(batch);
        let counters = self.counters(record.at);
        count(batch, record, counters);
        write(batch, record);
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
        request: RequestId,
        intent: &Intent,
    ) {
        let from = self.begin(batch);
        let counters = self.counters(intent.at);
        count_interrupted(batch, request, intent, counters);
        write_interrupted(batch, request, intent);
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

    fn counters(&mut self, at: UnixMillis) -> &Counters {
        let hour = at.hour();
        self.hours.entry(hour).or_insert_with(|| Counters::of(hour))
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
            counted += usize::from(is_counted(own.first()?));
        }
        period.0 = self.hours.keys().copied().collect();
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

fn count_interrupted(batch: &mut Batch, request: RequestId, intent: &Intent, counters: &Counters) {
    let tally = Tally {
        request,
        key: &intent.key,
        account: intent.account.as_deref().unwrap_or(UNKNOWN),
        counters,
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

/// Goes on with the command that counts it, as what follows does.
fn start_record(batch: &mut Batch, request: RequestId) {
    batch.arg("RECORD").arg(names::RECORDS);
    batch.arg("MAXLEN").number(RECORDS_KEPT);
    batch.arg("request").arg(request.as_str());
}

fn write_interrupted(batch: &mut Batch, request: RequestId, intent: &Intent) {
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
}

fn write(batch: &mut Batch, record: &Record) {
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
