//! Each kind of disagreement is found, and what a disturbance explains is none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::time;
use weir_relay::mock::{Event, Happened};

use super::{Absence, Story, check, unexcused};
use crate::books::{Record, counters_of};
use crate::caller::{Saw, Seen};
use crate::journal::{Journal, Limits};

const SECOND: Duration = Duration::from_secs(1);

/// One request that went as it should, begun at `began`.
pub(super) fn story(began: Instant) -> Story {
    let limits = Limits {
        account: 1,
        key: 1,
        serial_account: "serial".into(),
    };
    let seen = Seen {
        model: "claude-0-0-0".into(),
        relay: 0,
        began,
        ended: began + SECOND,
        request: Some("req_1".into()),
        saw: Saw::Whole,
    };
    let record = Record {
        request: "req_1".into(),
        model: "claude-0-0-0".into(),
        outcome: "done".into(),
        input: 3,
        output: 4,
        cost: 7,
        duration_ms: 1_000,
        ..Record::default()
    };
    let mut story = Story {
        seen: vec![seen],
        journal: Journal::new(limits),
        records: vec![record],
        counters: Default::default(),
        limits: Vec::new(),
        purses: Vec::new(),
        callers_per_key: 1,
        crashes: 0,
        absences: Vec::new(),
        failover: None,
        still: Vec::new(),
        silent: Vec::new(),
        renewal: SECOND,
    };
    served(&mut story, 1, "account", began);
    story
}

/// Has the upstream answer one generation, in no time.
fn served(story: &mut Story, generation: u64, account: &str, at: Instant) {
    begin(story, generation, account, at);
    note(story, generation, at, Happened::Landed);
}

fn begin(story: &mut Story, generation: u64, account: &str, at: Instant) {
    let key: Arc<str> = account.into();
    note(story, generation, at, Happened::Began { key });
    let model = format!("claude-0-0-{}", generation - 1);
    note(story, generation, at, Happened::Asked { model });
    let answered = Happened::Answered {
        input_tokens: 3,
        output_tokens: 4,
    };
    note(story, generation, at, answered);
}

fn note(story: &mut Story, generation: u64, at: Instant, what: Happened) {
    let at = at.into();
    story.journal.note(Event {
        generation,
        at,
        what,
    });
}

/// The kinds of faults once the counters say what the records say.
pub(super) fn kinds(mut story: Story) -> Vec<&'static str> {
    story.counters = [(); 2].map(|()| counters_of(&story.records));
    check(&story).0.into_keys().collect()
}

#[test]
fn a_request_that_all_tell_alike_is_no_fault() {
    assert!(kinds(story(time::now())).is_empty());
}

#[test]
fn what_the_relays_have_written_must_be_what_the_upstream_saw() {
    let changed = |change: &dyn Fn(&mut Story)| {
        let mut story = story(time::now());
        change(&mut story);
        kinds(story)
    };
    let lost = changed(&|story| story.records.clear());
    assert!(
        lost.contains(&"asked of the upstream and not written of"),
        "{lost:?}"
    );
    let twice = changed(&|story| story.records.push(story.records[0].clone()));
    assert_eq!(twice, ["written of twice"]);
    let otherwise = changed(&|story| {
        story.records[0].output += 1;
        story.records[0].cost += 1;
    });
    assert_eq!(otherwise, ["written of otherwise than it was"]);
    let again = changed(&|story| {
        let at = story.seen[0].began;
        begin(story, 1, "account", at);
        note(story, 1, at, Happened::Landed);
    });
    assert_eq!(again, ["asked of the upstream several times"]);
    let renamed = changed(&|story| story.records[0].request = "req_2".into());
    assert_eq!(renamed, ["answered under another name than written of"]);
    let interrupted = changed(&|story| {
        story.records[0] = Record {
            outcome: "interrupted".into(),
            input: 0,
            output: 0,
            estimated: 5,
            ..story.records[0].clone()
        };
    });
    assert!(
        interrupted.contains(&"interrupted by nothing"),
        "{interrupted:?}"
    );
}

#[test]
fn counters_must_be_the_sums_of_the_records() {
    let mut story = story(time::now());
    story.counters = [(); 2].map(|()| counters_of(&story.records));
    *story.counters[1].entry("requests".into()).or_default() += 1;
    let faults = check(&story);
    assert_eq!(
        faults.0.into_keys().collect::<Vec<_>>(),
        ["counted otherwise than written of"]
    );
}

#[test]
fn nobody_is_beyond_a_limit_but_within_a_renewal_of_a_disturbance() {
    let began = time::now();
    let crowded = |failover| {
        let mut story = story(began);
        story.failover = failover;
        for generation in [2, 3] {
            begin(&mut story, generation, "account", began);
        }
        for generation in [2, 3] {
            note(&mut story, generation, began, Happened::Landed);
        }
        for one in 1..3 {
            let model = format!("claude-0-0-{one}");
            let request = format!("req_{}", one + 1);
            let first = story.records[0].clone();
            story.records.push(Record {
                request,
                model,
                ..first
            });
        }
        story
    };
    assert_eq!(kinds(crowded(None)), ["more at once than the limit"]);
    let [later, after] = [began + SECOND, began + SECOND * 2];
    let earlier = |span: Duration| [began - span * 2, began - span];
    assert_eq!(
        kinds(crowded(Some([later, after]))),
        ["more at once than the limit"]
    );
    assert!(kinds(crowded(Some([began, later]))).is_empty());
    assert!(kinds(crowded(Some(earlier(SECOND / 2)))).is_empty());
    assert_eq!(
        kinds(crowded(Some(earlier(SECOND * 2)))),
        ["more at once than the limit"]
    );
    for span in [SECOND, SECOND / 2] {
        let stand = [began, began + span];
        let (mut still, mut silent) = (crowded(None), crowded(None));
        still.still.push(stand);
        silent.silent.push(stand);
        for story in [still, silent] {
            assert_eq!(kinds(story).is_empty(), span == SECOND, "{span:?}");
        }
    }
}

#[test]
fn messages_to_an_account_with_turns_come_one_at_a_time() {
    let began = time::now();
    let mut story = story(began);
    for generation in [2, 3] {
        let key: Arc<str> = "serial".into();
        note(&mut story, generation, began, Happened::Began { key });
    }
    for generation in [2, 3] {
        note(&mut story, generation, began, Happened::Aborted);
    }
    // Beyond the account's slot too.
    assert_eq!(story.journal.overs.len(), 2);
    assert_eq!(story.journal.unheard, 2);
}

#[test]
fn who_takes_the_place_of_one_that_hangs_up_may_be_heard_before_that() {
    let began = time::now();
    let with = |hung_up: u64, after: Duration| {
        let mut story = story(began);
        for generation in [2, 3] {
            begin(&mut story, generation, "account", began);
        }
        note(&mut story, hung_up, began + after, Happened::Aborted);
        note(&mut story, 5 - hung_up, began + after, Happened::Landed);
        unexcused(&story).count()
    };
    let soon = Duration::from_millis(100);
    assert_eq!(with(2, soon), 0);
    assert_ne!(with(3, soon), 0, "it has nobody's place");
    assert_ne!(with(2, SECOND), 0);
}

#[test]
fn what_a_caller_saw_of_a_relay_that_was_gone_is_no_fault() {
    let began = time::now();
    for saw in [
        Saw::Broken,
        Saw::Nothing,
        Saw::Refused("weir_accounts_busy 429".into()),
    ] {
        let with = |absences: Vec<Absence>| {
            let mut story = story(began);
            story.seen[0].saw = saw.clone();
            story.absences = absences;
            kinds(story)
        };
        let absence = |relay, from| Absence {
            relay,
            from,
            until: from + SECOND,
        };
        assert_eq!(with(Vec::new()).len(), 1, "{saw:?}");
        assert_eq!(with(vec![absence(1, began)]).len(), 1, "{saw:?}");
        assert_eq!(
            with(vec![absence(0, began + SECOND * 3)]).len(),
            1,
            "{saw:?}"
        );
        assert!(with(vec![absence(0, began)]).is_empty(), "{saw:?}");
    }
}

#[test]
fn a_call_may_be_refused_for_want_of_redis_when_redis_was_silent_and_only_so() {
    let began = time::now();
    let with = |code: &str, silent: Vec<[Instant; 2]>| {
        let mut story = story(began + SECOND * 5);
        story.seen[0].saw = Saw::Refused(code.into());
        story.silent = silent;
        kinds(story)
    };
    let without_redis = "weir_store_unreachable 503";
    let unexplained = ["refused without a reason"];
    assert_eq!(with(without_redis, Vec::new()), unexplained);
    let long_ago = vec![[began, began + SECOND]];
    assert_eq!(with(without_redis, long_ago), unexplained);
    let meanwhile = vec![[began + SECOND * 4, began + SECOND * 5]];
    assert!(with(without_redis, meanwhile.clone()).is_empty());
    assert_eq!(with("weir_accounts_busy 429", meanwhile), unexplained);
}

#[test]
fn a_relay_that_stood_still_for_long_may_be_taken_for_dead() {
    let began = time::now();
    let with = |still: Vec<[Instant; 2]>| {
        let mut story = story(began);
        story.still = still;
        story.records[0] = Record {
            outcome: "interrupted".into(),
            input: 4,
            output: 1,
            estimated: 5,
            cost: 5,
            ..story.records[0].clone()
        };
        kinds(story)
    };
    let briefly = with(vec![[began, began + SECOND / 2]]);
    assert!(briefly.contains(&"interrupted by nothing"), "{briefly:?}");
    let long = with(vec![[began, began + SECOND]]);
    assert!(long.is_empty(), "{long:?}");
}
