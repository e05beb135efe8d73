//! Whether budgets agree with the records, and nobody has spent what nobody may. Pure.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Faults, Story};
use crate::books::Record;
use crate::caller::{SPENT, Saw, Seen, key_of};
use crate::purse::{Limit, is_scarce};

/// The most that one request costs, or is thought to cost.
const DEAREST: u64 = 6_000;

/// Whether it was for want of money, and of somebody who has little.
pub(super) fn is_poor(one: &Seen) -> bool {
    one.saw == Saw::Refused(SPENT.into()) && key_of(&one.model).is_some_and(is_scarce)
}

pub(super) fn check(story: &Story, faults: &mut Faults) {
    for record in &story.records {
        if record.cost != record.input + record.output {
            faults.add("booked at another price", format!("{record:?}"));
        }
    }
    for purse in &story.purses {
        if purse.reserved > 0 || purse.members > 0 {
            faults.add("still reserved", format!("{purse:?}"));
        }
        if !story.limits.iter().any(|limit| limit.has(purse)) {
            faults.add("reserved of what is not limited", format!("{purse:?}"));
        }
    }
    for limit in &story.limits {
        check_limit(story, limit, faults);
    }
    if story.poor() == 0 && story.limits.iter().any(|limit| limit.is_scarce) {
        faults.add("nobody was refused for what he has spent", "of all".into());
    }
}

fn check_limit(story: &Story, limit: &Limit, faults: &mut Faults) {
    let purses = story.purses.iter().filter(|purse| limit.has(purse));
    let spent: u64 = purses.map(|purse| purse.spent).sum();
    let own: Vec<_> = story
        .records
        .iter()
        .filter(|record| limit.keys.contains(&record.key))
        .collect();
    let booked: u64 = own.iter().map(|record| record.cost).sum();
    let told = || format!("{spent}, and in records {booked}, of {limit:?}");
    if spent != booked {
        faults.add("spent otherwise than written of", told());
    }
    let renewal = story.renewal + story.longest_still();
    if spent > limit.micro_usd + under_way_at_last(&own, renewal) {
        faults.add("more spent than there may be", told());
    }
    let left_over = limit.keys.len() as u64 * u64::from(story.callers_per_key) * DEAREST;
    if limit.is_scarce && spent + left_over < limit.micro_usd {
        faults.add("less spent than there is, and nobody served", told());
    }
}

/// What those cost that had not been settled when the last one was admitted.
fn under_way_at_last(records: &[&Record], renewal: Duration) -> u64 {
    let millis = |span: Duration| u64::try_from(span.as_millis()).expect("it is short");
    // Served ones at the latest when Redis is back; those of a dead relay when it is found to be dead.
    let settled = |record: &Record| match record.outcome.as_str() {
        "interrupted" => record.at_ms + 6 * millis(renewal),
        _ => record.at_ms + record.duration_ms + millis(renewal),
    };
    let last = records.iter().map(|record| record.at_ms).max();
    let under_way = records
        .iter()
        .filter(|record| Some(settled(record)) >= last);
    under_way.map(|record| record.cost).sum()
}
