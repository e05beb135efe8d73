//! Snapshots of what may be there to see.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    cooldown::{Basis, Cause, Rest},
    intent::Stage as Come,
    live::{
        members::Who,
        seen::{Finished, KeySeen, RelaySeen, Totals},
        stage::{KeyKnown, Standing},
    },
};
const NOW: UnixMillis = UnixMillis(1_000_000);

fn account(id: &str, limit: u32, turn_delay: Option<u64>) -> AccountKnown {
    AccountKnown {
        id: id.into(),
        kind: Some("anthropic"),
        limit,
        turn_delay: turn_delay.map(Duration::from_millis),
        standing: Standing::Serves,
    }
}

fn stage(accounts: Vec<AccountKnown>) -> Stage {
    let key = |id: &str, name: &str, limit: u32| KeyKnown {
        id: id.into(),
        name: name.into(),
        limit,
    };
    let keys = vec![key("k1", "Ann", 0), key("k2", "the agents", 3)];
    Stage::new(accounts, keys)
}

fn waits(member: &str, flow: Option<&str>, waited_ms: u64) -> WaiterSeen {
    WaiterSeen {
        member: member.into(),
        flow: flow.map(Into::into),
        waited_ms,
    }
}

fn seen(gate: GateSeen) -> AccountSeen {
    AccountSeen { gate, turn: None }
}

/// What is known of these members after they were looked at.
fn memory(glance: &Glance, known: &[(&str, &str, Option<&str>, u64)]) -> Memory {
    let mut memory = Memory::default();
    let holders = glance.accounts.iter().flat_map(AccountSeen::holders);
    let waiters = glance.accounts.iter().flat_map(AccountSeen::lines);
    let waiters = waiters.map(|waiter| &*waiter.member);
    memory.members.look(holders, waiters, NOW);
    for (member, key, model, ago_ms) in known {
        let who = Who {
            key: (*key).into(),
            model: model.map(Into::into),
            at: UnixMillis(NOW.0 - ago_ms),
            stage: Come::Goes,
        };
        memory.members.learn(member, who);
    }
    memory
}

fn shown(stage: &Stage, memory: &Memory, glance: Glance) -> Value {
    serde_json::to_value(snapshot(stage, memory, glance, NOW)).unwrap()
}

#[test]
fn an_account_shows_who_has_its_slots_and_who_waits_in_which_order() {
    let gate = GateSeen {
        in_use: 3,
        waiting: 40,
        closed_ms: 0,
        holders: vec!["new".into(), "old".into()],
        line: vec![waits("w1", Some("k2"), 500), waits("w2", Some("gone"), 20)],
    };
    let glance = Glance {
        accounts: vec![seen(gate)],
        ..Glance::default()
    };
    let known = [
        ("old", "k1", Some("opus"), 60_000),
        ("w1", "k2", Some("sonnet"), 500),
    ];
    let memory = memory(&glance, &known);
    let shown = shown(&stage(vec![account("a", 3, None)]), &memory, glance);
    assert_eq!(
        shown["accounts"][0],
        json!({
            "id": "a", "kind": "anthropic", "state": "full", "why": null,
            "in_use": 3, "limit": 3, "waiting": 40,
            "slots": [
                {"member": "old", "key": "k1", "key_name": "Ann", "model": "opus", "since_ms": 940_000},
                {"member": "new", "key": null, "key_name": null, "model": null, "since_ms": 1_000_000},
            ],
            "slots_more": 1,
            "line": [
                {"member": "w1", "key": "k2", "key_name": "the agents", "model": "sonnet",
                    "since_ms": 999_500, "position": 1},
                {"member": "w2", "key": "gone", "key_name": null, "model": null,
                    "since_ms": 999_980, "position": 2},
            ],
            "line_more": 38,
            "turn": null,
        })
    );
}

#[test]
fn a_turn_shows_its_holder_or_when_the_next_one_may_go() {
    let turn = |holder: Option<&str>, since_stamp_ms| TurnSeen {
        holder: holder.map(Into::into),
        since_stamp_ms,
        waiting: 1,
        line: vec![waits("w", Some("k1"), 30)],
    };
    for (turn, holder, next) in [
        (turn(Some("h"), Some(10)), json!("h"), Value::Null),
        (turn(None, Some(50)), Value::Null, json!(1_000_150)),
        (turn(None, Some(200)), Value::Null, Value::Null),
        (turn(None, None), Value::Null, Value::Null),
    ] {
        let glance = Glance {
            accounts: vec![AccountSeen {
                gate: GateSeen::default(),
                turn: Some(turn),
            }],
            ..Glance::default()
        };
        let memory = memory(&glance, &[]);
        let shown = shown(&stage(vec![account("a", 0, Some(200))]), &memory, glance);
        let turn = &shown["accounts"][0]["turn"];
        assert_eq!(
            (&turn["holder"]["member"], &turn["next_at_ms"]),
            (&holder, &next)
        );
        assert_eq!(turn["line"][0]["key_name"], "Ann");
        assert_eq!(shown["totals"]["waiting"], 1);
    }
}

#[test]
fn each_account_stands_as_what_is_said_of_it() {
    let rest = Rest {
        until: UnixMillis(NOW.0 + 5),
        cause: Cause::Rate,
        basis: Basis::Stated,
        times: 0,
        tried_until: UnixMillis(0),
    };
    let glance = Glance {
        accounts: vec![
            AccountSeen::default(),
            AccountSeen::default(),
            AccountSeen::default(),
        ],
        rests: vec![("b".into(), None, rest), ("x".into(), None, rest)],
        pauses: vec![("c".into(), UnixMillis(NOW.0 + 9))],
        ..Glance::default()
    };
    let accounts = ["c", "b", "a"].map(|id| account(id, 1, None));
    let shown = shown(&stage(accounts.into()), &Memory::default(), glance);
    let stands = |place: usize| {
        let account = &shown["accounts"][place];
        (
            account["id"].clone(),
            account["state"].clone(),
            account["why"]["until_ms"].clone(),
        )
    };
    assert_eq!(stands(0), (json!("a"), json!("open"), Value::Null));
    assert_eq!(stands(1), (json!("b"), json!("resting"), json!(1_000_005)));
    assert_eq!(stands(2), (json!("c"), json!("paused"), json!(1_000_009)));
}

/// Requests in two seconds, of which the last was the second key's.
fn count_ten(memory: &mut Memory) {
    let finished = Finished {
        key: "k2".into(),
        at: NOW,
        waited_ms: 10,
        held_ms: 50,
    };
    memory.window.learn(vec![finished], NOW);
    let before = UnixMillis(NOW.0 - 2_000);
    memory.rates.learn(Totals::default(), before);
    let totals = Totals {
        requests: 10,
        failed: 1,
        tokens: 500,
        cost_micro_usd: 77,
        day: 0,
    };
    memory.rates.learn(totals, NOW);
}

#[test]
fn one_that_waits_for_several_accounts_is_counted_once() {
    let gate = || GateSeen {
        in_use: 2,
        waiting: 1,
        line: vec![waits("w", Some("k1"), 7_000)],
        ..GateSeen::default()
    };
    let key = |id: &str, in_use, waiting| KeySeen {
        id: id.into(),
        in_use,
        waiting,
    };
    let glance = Glance {
        accounts: vec![seen(gate()), seen(gate())],
        keys: vec![key("k1", 3, 1), key("k2", 0, 0), key("k3", 1, 0)],
        relays: vec![RelaySeen {
            process: "p".into(),
            since: UnixMillis(5),
            version: "0".into(),
            digest: "d".into(),
        }],
        ..Glance::default()
    };
    let mut memory = memory(&glance, &[]);
    count_ten(&mut memory);
    let accounts = vec![account("a", 2, None), account("b", 2, None)];
    let shown = shown(&stage(accounts), &memory, glance);
    assert_eq!(
        shown["totals"],
        json!({"in_flight": 4, "waiting": 1, "requests_per_s": 5.0, "errors_per_s": 0.5,
            "tokens_per_s": 250.0, "spend_today_micro_usd": 77})
    );
    assert_eq!(
        shown["keys"],
        json!([
            {"id": "k1", "name": "Ann", "in_use": 3, "limit": 0, "waiting": 1},
            {"id": "k3", "name": null, "in_use": 1, "limit": 0, "waiting": 0},
        ])
    );
    assert_eq!(
        shown["callers"],
        json!([
            {"key": "k2", "key_name": "the agents", "share": 1.0, "wait_p50_ms": 10, "wait_p95_ms": 10},
            {"key": "k1", "key_name": "Ann", "share": 0.0, "wait_p50_ms": 7_000, "wait_p95_ms": 7_000},
        ])
    );
    assert_eq!(shown["relays"], json!([{"process": "p", "since_ms": 5}]));
}
