//! Money that is missing, left or too much is found.

use harness::time;

use super::super::tests::{kinds, story};
use super::super::{Saw, Story};
use super::SPENT;
use crate::books::Record;
use crate::purse::{Purse, Span, limits};

/// What the one who has little may spend.
const SCARCE: u64 = 100_000;
const BOBS: &str = "claude-3-0-0";

/// What is told of a run in which the one request was of a key whose user has little, and what he had was all spent.
fn told() -> Story {
    let ids: Vec<_> = (0..4).map(|place| format!("key_{place}")).collect();
    let mut story = story(time::now());
    story.limits = limits(&ids, SCARCE);
    story.records[0].key = "key_3".into();
    story.records.push(Record {
        request: "req_2".into(),
        key: "key_3".into(),
        model: BOBS.into(),
        outcome: "caller_gone".into(),
        input: SCARCE,
        estimated: SCARCE,
        cost: SCARCE,
        ..Record::default()
    });
    let mut refused = story.seen[0].clone();
    refused.saw = Saw::Refused(SPENT.into());
    refused.model = BOBS.into();
    story.seen.push(refused);
    story.purses = vec![
        purse("group:main", Span::Day, SCARCE + 7),
        purse("user:bob", Span::Total, SCARCE + 7),
    ];
    story
}

fn purse(owner: &str, span: Span, spent: u64) -> Purse {
    Purse {
        owner: owner.into(),
        span,
        spent,
        reserved: 0,
        members: 0,
    }
}

fn changed(change: impl FnOnce(&mut Story)) -> Vec<&'static str> {
    let mut story = told();
    change(&mut story);
    kinds(story)
}

#[test]
fn budgets_that_say_what_the_records_do_are_no_fault() {
    assert!(changed(|_| {}).is_empty());
    // Of two days.
    let parted = changed(|story| {
        story.purses[0].spent -= 5;
        story.purses.push(purse("group:main", Span::Day, 5));
    });
    assert!(parted.is_empty(), "{parted:?}");
}

#[test]
fn what_is_spent_must_be_what_was_booked() {
    let twice = changed(|story| story.purses[0].spent += 7);
    assert_eq!(twice, ["spent otherwise than written of"]);
    let lost = changed(|story| story.purses.truncate(1));
    assert!(
        lost.contains(&"spent otherwise than written of"),
        "{lost:?}"
    );
    let cheap = changed(|story| {
        story.records[0].cost -= 1;
        story.purses.iter_mut().for_each(|purse| purse.spent -= 1);
    });
    assert_eq!(cheap, ["booked at another price"]);
}

#[test]
fn nothing_stays_reserved_and_nothing_is_reserved_of_what_nobody_limits() {
    let left = changed(|story| story.purses[1].members = 1);
    assert_eq!(left, ["still reserved"]);
    let whose = changed(|story| story.purses.push(purse("key:key_0", Span::Day, 0)));
    assert_eq!(whose, ["reserved of what is not limited"]);
}

#[test]
fn only_what_is_under_way_may_go_beyond_a_limit() {
    let spend_more = |story: &mut Story, later_ms| {
        let more = Record {
            request: "req_3".into(),
            model: "claude-3-0-1".into(),
            at_ms: later_ms,
            ..story.records[1].clone()
        };
        story.records.push(more);
        story
            .purses
            .iter_mut()
            .for_each(|purse| purse.spent += SCARCE);
    };
    let together = changed(|story| spend_more(story, 1));
    assert!(together.is_empty(), "{together:?}");
    let later = changed(|story| {
        spend_more(story, 60_000);
        spend_more(story, 120_000);
        story.records[3].request = "req_4".into();
        story.records[3].model = "claude-3-0-2".into();
    });
    assert_eq!(later, ["more spent than there may be"]);
}

#[test]
fn who_has_little_is_refused_when_it_is_spent_and_only_then() {
    let never = changed(|story| story.seen.truncate(1));
    assert_eq!(never, ["nobody was refused for what he has spent"]);
    let too_soon = changed(|story| {
        story.records.truncate(1);
        story.purses.iter_mut().for_each(|purse| purse.spent = 7);
    });
    assert_eq!(too_soon, ["less spent than there is, and nobody served"]);
    let others = changed(|story| {
        let mut refused = story.seen[1].clone();
        refused.model = "claude-0-0-9".into();
        story.seen.push(refused);
    });
    assert_eq!(others, ["refused without a reason"]);
}
