//! A line of the log for each request, where operators want that: what its record says, in the record's own words. Nothing of
//! what was said in it, and no secret.

use crate::{
    dialect::Dialect, error::Verdict, ids::RequestId, price::MicroUsd, settle::Record, time::millis,
};

/// By which a filter knows these lines.
const TARGET: &str = "weir::request";

/// Of one that an account has had, once all of it is known.
pub(crate) fn tell_ended(record: &Record) {
    let usage = &record.usage;
    tracing::info!(
        target: TARGET,
        request = %record.request,
        key = &*record.key,
        user = record.user.as_deref(),
        group = &*record.group,
        account = &*record.account,
        dialect = record.dialect.word(),
        model = record.model.as_deref(),
        served = record.served.as_deref(),
        outcome = record.outcome.word(),
        status = record.status,
        error = record.error.as_deref(),
        wait_ms = millis(record.wait),
        first_byte_ms = record.first_byte.map(millis),
        duration_ms = millis(record.duration),
        input = usage.input,
        output = usage.output,
        cache_read = usage.cache_read,
        cache_write = usage.cache_write,
        cost_micro_usd = record.bill.cost.map(|MicroUsd(cost)| cost),
        "a request ended"
    );
}

/// Of one that no account has had.
pub(crate) fn tell_refused(request: RequestId, dialect: Dialect, verdict: &Verdict) {
    tracing::info!(
        target: TARGET,
        %request,
        dialect = dialect.word(),
        status = verdict.status.as_u16(),
        error = verdict.code,
        "a request was refused"
    );
}
