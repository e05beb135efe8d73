//! The record of a request, as the words that end the command which counts it. What is not known has no field.

use super::{
    super::{Batch, names},
    UNKNOWN,
};
use crate::{
    config::Retention,
    ids::RequestId,
    intent::Intent,
    price::MicroUsd,
    read::Answer,
    settle::{Outcome, Record},
    tally::COST,
    time::millis,
};

fn start(batch: &mut Batch, request: RequestId, retention: Retention) {
    batch.arg("RECORD").arg(names::RECORDS);
    batch.arg("MAXLEN").number(retention.records);
    batch.arg("request").arg(request);
}

pub(super) fn write(batch: &mut Batch, record: &Record, retention: Retention) {
    start(batch, record.request, retention);
    batch.arg("at_ms").number(record.at.0);
    batch.arg("key").arg(&*record.key);
    if let Some(user) = &record.user {
        batch.arg("user").arg(&**user);
    }
    batch.arg("group").arg(&*record.group);
    batch.arg("account").arg(&*record.account);
    batch.arg("chosen").arg(record.reason.word());
    if !record.failed.is_empty() {
        batch.arg("failed").arg(failed(record));
    }
    batch.arg("dialect").arg(record.dialect.word());
    if record.answer == Answer::Stream {
        batch.arg("stream").number(1_u8);
    }
    if let Some(model) = &record.model {
        batch.arg("model").arg(model);
    }
    if let Some(served) = &record.served {
        batch.arg("served").arg(served);
    }
    if let Some(status) = record.status {
        batch.arg("status").number(status);
    }
    batch.arg("outcome").arg(record.outcome.word());
    if let Some(error) = &record.error {
        batch.arg("error").arg(&**error);
    }
    spans(batch, record);
    used(batch, record);
}

fn spans(batch: &mut Batch, record: &Record) {
    batch.arg("wait_ms").number(millis(record.wait));
    if !record.turn_wait.is_zero() {
        batch.arg("turn_ms").number(millis(record.turn_wait));
    }
    if let Some(connect) = record.connect {
        batch.arg("connect_ms").number(millis(connect));
    }
    if let Some(first_byte) = record.first_byte {
        batch.arg("first_byte_ms").number(millis(first_byte));
    }
    batch.arg("duration_ms").number(millis(record.duration));
}

fn used(batch: &mut Batch, record: &Record) {
    let usage = &record.usage;
    for (what, tokens) in usage.counted() {
        batch.arg(what).number(tokens);
    }
    if let Some(tier) = usage.tier {
        batch.arg("tier").arg(tier.word());
    }
    let said = record.served.as_ref().or(record.model.as_ref());
    let answered = usage.model.as_deref();
    if let Some(answered) = answered.filter(|name| said.is_none_or(|said| said != name)) {
        batch.arg("answered").arg(answered);
    }
    costs(batch, record.bill.cost, record.bill.estimated);
}

fn costs(batch: &mut Batch, cost: Option<MicroUsd>, estimated: u64) {
    if estimated > 0 {
        batch.arg("estimated").number(estimated);
    }
    match cost {
        Some(cost) => batch.arg(COST).number(cost.0),
        None => batch.arg("unpriced").number(1_u8),
    };
}

pub(super) fn write_interrupted(
    batch: &mut Batch,
    request: RequestId,
    intent: &Intent,
    retention: Retention,
) {
    start(batch, request, retention);
    batch.arg("at_ms").number(intent.at.0);
    batch.arg("key").arg(&*intent.key);
    if let Some(user) = &intent.user {
        batch.arg("user").arg(&**user);
    }
    batch.arg("group").arg(&*intent.group);
    let account = intent.account.as_deref().unwrap_or(UNKNOWN);
    batch.arg("account").arg(account);
    if let Some(model) = &intent.model {
        batch.arg("model").arg(&**model);
    }
    batch.arg("outcome").arg(Outcome::Interrupted.word());
    let (input, output) = (intent.estimate.input.0, intent.estimate.output.0);
    batch.arg("input").number(input);
    batch.arg("output").number(output);
    costs(batch, intent.cost, input + output);
}

/// Which accounts did not serve the request and why, in their order.
fn failed(record: &Record) -> String {
    let words = record.failed.iter();
    let words: Vec<String> = words
        .map(|(account, cause)| format!("{account}:{}", cause.word()))
        .collect();
    words.join(" ")
}
