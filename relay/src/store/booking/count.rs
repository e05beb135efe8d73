//! The counters of a request: numbers of the caller, told apart by group, account and model.

use super::{
    super::{Batch, names},
    UNKNOWN,
    period::Counters,
};
use crate::{
    ids::RequestId,
    intent::Intent,
    settle::{Outcome, Record},
    tally::COST,
};

/// For how long Redis knows which requests were counted. Nobody may tell it again after that.
pub(in crate::store) const COUNTED_KNOWN_MS: u64 = 3_600_000;

pub(super) fn count(batch: &mut Batch, record: &Record, counters: &Counters) {
    let tally = Tally {
        request: record.request,
        group: &record.group,
        account: &record.account,
        model: &record.bill.model,
        counters,
    };
    let failed = u64::from(record.outcome != Outcome::Done);
    let unpriced = u64::from(record.bill.cost.is_none());
    let rest = [
        ("failed", failed),
        ("estimated", record.bill.estimated),
        ("unpriced", unpriced),
        (COST, record.bill.cost.map_or(0, |cost| cost.0)),
    ];
    let numbers = [("requests", 1)].into_iter();
    let numbers = numbers.chain(record.usage.counted()).chain(rest);
    tally.add(batch, numbers.collect());
}

pub(super) fn count_interrupted(
    batch: &mut Batch,
    request: RequestId,
    intent: &Intent,
    counters: &Counters,
) {
    let tally = Tally {
        request,
        group: &intent.group,
        account: intent.account.as_deref().unwrap_or(UNKNOWN),
        model: &intent.counted_as,
        counters,
    };
    let (input, output) = (intent.estimate.input.0, intent.estimate.output.0);
    let numbers = [
        ("requests", 1),
        ("failed", 1),
        ("interrupted", 1),
        ("input", input),
        ("output", output),
        ("estimated", input + output),
        ("unpriced", u64::from(intent.cost.is_none())),
        (COST, intent.cost.map_or(0, |cost| cost.0)),
    ];
    tally.add(batch, numbers.to_vec());
}

/// Which counters a request belongs to.
struct Tally<'a> {
    request: RequestId,
    group: &'a str,
    account: &'a str,
    model: &'a str,
    counters: &'a Counters,
}

impl Tally<'_> {
    /// Counters are `<what>:<group>:<account>:<model>`: a model may have colons in its name.
    fn add(&self, batch: &mut Batch, mut numbers: Vec<(&'static str, u64)>) {
        numbers.retain(|(_, number)| *number > 0);
        let totals = totals(&numbers);
        let totals = totals.iter().filter(|(_, number)| *number > 0);
        let hashes = &self.counters.hashes;
        let increments = hashes.len() * numbers.len() + totals.clone().count();
        batch.command("TALLY.ADD").arg(names::COUNTED);
        batch.arg(self.request);
        batch.arg("PX").number(COUNTED_KNOWN_MS);
        batch.number(increments as u64);
        let [group, account, model] = [self.group, self.account, self.model].map(str::as_bytes);
        for hash in hashes {
            for (what, number) in &numbers {
                batch.arg(hash.as_bytes());
                let what = what.as_bytes();
                batch.joined([what, b":", group, b":", account, b":", model]);
                batch.number(*number);
            }
        }
        for (what, number) in totals {
            batch.arg(self.counters.totals.as_bytes()).arg(what);
            batch.number(*number);
        }
    }
}

/// What is watched of all requests together.
fn totals(numbers: &[(&str, u64)]) -> [(&'static str, u64); 4] {
    let mut totals = [("requests", 0), ("failed", 0), (COST, 0), ("tokens", 0)];
    for (what, number) in numbers {
        let place = totals.iter().position(|(known, _)| known == what);
        let is_tokens = matches!(*what, "input" | "output") || what.starts_with("cache_");
        if let Some(place) = place.or(is_tokens.then_some(3)) {
            totals[place].1 += number;
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_of_a_request_are_a_few_of_its_numbers() {
        let numbers = [
            ("requests", 1),
            ("input", 5),
            ("output", 7),
            ("cache_read", 100),
            ("cache_write_5m", 20),
            ("reasoning", 3),
            (COST, 9),
        ];
        let expected = [("requests", 1), ("failed", 0), (COST, 9), ("tokens", 132)];
        assert_eq!(totals(&numbers), expected);
    }
}
