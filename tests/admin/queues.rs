//! What operators do to queues: cancelling, taking back, pausing and draining, on whichever relay a request is.

use harness::eventually_async;
use harness::operator::Operator;
use harness::program::{operate, says};
use harness::weir::{Weir, message, stream};
use serde_json::{Value, json};

use crate::live::{line, slots, until_seen};

/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";

async fn done(answer: harness::http::Answer) {
    let (status, text) = (answer.status, answer.text().await);
    assert_eq!(status, 204, "{text}");
}

async fn until_state(operator: &Operator, state: &str) -> Value {
    let is_so = |seen: &Value| seen["accounts"][0]["state"] == state;
    until_seen(operator, state, is_so).await
}

#[tokio::test]
async fn a_cancelled_waiter_is_told_in_its_dialect_wherever_it_waits() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let other = weir.start_program();
    let held = weir.ask(stream(HELD)).await;
    let mut before = Vec::new();
    for addr in [weir.addr(), other.addr()] {
        let waits = tokio::spawn(weir.with_key(message("", &json!({}))).send(addr));
        let seen = until_seen(&operator, "it waits", |seen| {
            line(seen).len() == 1 && line(seen) != before
        })
        .await;
        before = line(&seen);
        let path = format!("/api/queues/account:a1/waiters/{}", before[0]);
        done(operator.delete(&path).await).await;
        let told = waits.await.expect("it is answered");
        assert_eq!(told.status, 503);
        assert_eq!(told.header("x-weir-error"), Some("weir_cancelled"));
        assert_eq!(told.header("x-should-retry"), Some("false"));
        let body = told.json().await;
        assert_eq!(body["type"], "error");
        assert_eq!(operator.delete(&path).await.status, 404);
    }
    drop(held);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_waiter_for_a_turn_is_cancelled_too() {
    let weir = Weir::setup()
        .account_line("serial_turns = true")
        .operators()
        .start()
        .await;
    let operator = weir.operator().await;
    let first = weir.spawn(message("latency_ms=600000", &json!({})));
    weir.until_upstream_has(1).await;
    let second = weir.spawn(message("", &json!({})));
    let turn = |seen: &Value| seen["accounts"][0]["turn"]["line"][0]["member"].clone();
    let seen = until_seen(&operator, "it waits", |seen| turn(seen).is_string()).await;
    let member = turn(&seen);
    let member = member.as_str().expect("a name");
    done(
        operator
            .delete(&format!("/api/queues/turn:a1/waiters/{member}"))
            .await,
    )
    .await;
    let told = second.await.expect("it is answered");
    assert_eq!(told.header("x-weir-error"), Some("weir_cancelled"));
    first.abort();
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_slot_taken_back_ends_its_request_and_goes_to_the_next() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let other = weir.start_program();
    let mut before = Vec::new();
    for addr in [weir.addr(), other.addr()] {
        let mut held = weir.with_key(stream(HELD)).send(addr).await;
        held.until("text_delta").await;
        let waits = weir.spawn(message("", &json!({})));
        weir.until_waiting(1).await;
        let seen = until_seen(&operator, "it holds", |seen| {
            slots(seen).len() == 1 && slots(seen) != before
        })
        .await;
        before = slots(&seen);
        let path = format!("/api/queues/account:a1/holders/{}", before[0]);
        done(operator.delete(&path).await).await;
        let rest = held.text().await;
        assert!(
            rest.contains("event: error") && rest.contains("weir_taken_back"),
            "{rest}"
        );
        assert_eq!(waits.await.expect("it is served").status, 200);
        assert_eq!(operator.delete(&path).await.status, 404);
        weir.until_nothing_is_held().await;
    }
    let records = weir.records(4).await;
    let ended: Vec<String> = records
        .iter()
        .map(|one| one.field("outcome").text())
        .collect();
    assert_eq!(
        ended
            .iter()
            .filter(|outcome| *outcome == "taken_back")
            .count(),
        2,
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_request_that_is_taken_back_before_its_answer_gets_an_error() {
    let weir = Weir::setup()
        .account_line("serial_turns = true")
        .operators()
        .start()
        .await;
    let operator = weir.operator().await;
    let asked = weir.spawn(message("latency_ms=600000", &json!({})));
    weir.until_upstream_has(1).await;
    let holder = |seen: &Value| seen["accounts"][0]["turn"]["holder"]["member"].clone();
    let seen = until_seen(&operator, "it holds the turn", |seen| {
        holder(seen).is_string()
    })
    .await;
    let member = holder(&seen);
    let member = member.as_str().expect("a name");
    done(
        operator
            .delete(&format!("/api/queues/turn:a1/holders/{member}"))
            .await,
    )
    .await;
    let told = asked.await.expect("it is answered");
    assert_eq!(
        (told.status, told.header("x-weir-error")),
        (503, Some("weir_taken_back"))
    );
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_nobody_renews_is_taken_back_without_its_relay() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let gate = "weir:{default}:gate:account:a1";
    weir.redis.call([
        "QGATE.ACQUIRE",
        gate,
        "a stranger",
        "LIMIT",
        "1",
        "PX",
        "60000",
    ]);
    until_state(&operator, "full").await;
    done(
        operator
            .delete("/api/queues/account:a1/holders/a%20stranger")
            .await,
    )
    .await;
    assert_eq!(weir.ask(message("", &json!({}))).await.status, 200);
    for queue in ["account", "nothing:a1", "account:"] {
        let path = format!("/api/queues/{queue}/holders/x");
        let refused = operator.delete(&path).await;
        assert_eq!(refused.status, 422, "{queue}");
        assert_eq!(refused.json().await["error"]["field"], "queue");
    }
}

#[tokio::test]
async fn a_paused_account_keeps_its_line_until_it_is_resumed() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let pause = "/api/accounts/a1/pause";
    done(operator.post(pause, &json!({})).await).await;
    let waits = [
        weir.spawn(message("", &json!({}))),
        weir.spawn(message("", &json!({}))),
    ];
    weir.until_waiting(2).await;
    let seen = until_state(&operator, "paused").await;
    assert_eq!(
        seen["accounts"][0]["why"],
        json!({"cause": "paused", "model": null, "until_ms": null})
    );
    let before = line(&seen);
    let seen = until_seen(&operator, "they keep their places", |seen| {
        line(seen) == before
    })
    .await;
    assert_eq!(seen["accounts"][0]["in_use"], 0);
    done(operator.post("/api/accounts/a1/resume", &json!({})).await).await;
    for waits in waits {
        assert_eq!(waits.await.expect("it is served").status, 200);
    }
    until_state(&operator, "open").await;
    for wrong in [
        json!({"for_ms": 10}),
        json!({"for_ms": u64::MAX}),
        json!({"for_ms": -1}),
    ] {
        let refused = operator.post(pause, &wrong).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert_eq!(refused.json().await["error"]["field"], "for_ms");
    }
    let unknown = operator.post("/api/accounts/none/pause", &json!({})).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_pause_ends_by_itself_and_outlasts_a_rest() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    done(
        operator
            .post("/api/accounts/a1/pause", &json!({"for_ms": 5_000}))
            .await,
    )
    .await;
    let waits = weir.spawn(message("", &json!({})));
    weir.until_waiting(1).await;
    assert_eq!(waits.await.expect("it is served").status, 200);
    // Another relay has heard from the upstream that it serves nobody for a minute.
    let seen = operator.see("/api/queues").await;
    let now = seen["at_ms"].as_u64().expect("it is a time");
    let rest = format!("{} stated 0 rate", now + 60_000);
    let cooldowns = "weir:{default}:cooldowns";
    weir.redis.call(["HSET", cooldowns, "a1", &rest]);
    until_state(&operator, "resting").await;
    let is_closed = || {
        let info = weir
            .redis
            .call(["QGATE.INFO", "weir:{default}:gate:account:a1"]);
        info.field("closed-ms").int() > 0
    };
    let act = async |act: &str| {
        done(
            operator
                .post(&format!("/api/accounts/a1/{act}"), &json!({}))
                .await,
        )
        .await
    };
    act("pause").await;
    until_state(&operator, "paused").await;
    act("resume").await;
    until_state(&operator, "resting").await;
    assert!(is_closed());
    act("pause").await;
    act("clear-cooldown").await;
    assert!(is_closed());
    act("resume").await;
    assert!(!is_closed());
    assert_eq!(weir.ask(message("", &json!({}))).await.status, 200);
}

#[tokio::test]
async fn a_drained_account_gives_its_line_to_others() {
    let weir = Weir::setup()
        .accounts(2)
        .max_concurrent(1)
        .operators()
        .start()
        .await;
    let operator = weir.operator().await;
    let held = [weir.ask(stream(HELD)).await, weir.ask(stream(HELD)).await];
    let waits = weir.spawn(message("", &json!({})));
    weir.until_waiting(1).await;
    done(operator.post("/api/accounts/a1/drain", &json!({})).await).await;
    until_seen(&operator, "only the other is waited for", |seen| {
        let [drained, other] = [0, 1].map(|place| &seen["accounts"][place]);
        let has_moved = drained["waiting"] == 0 && other["waiting"] == 1;
        has_moved && drained["state"] == "draining"
    })
    .await;
    drop(held);
    assert_eq!(waits.await.expect("it is served").status, 200);
    until_state(&operator, "drained").await;
    done(operator.post("/api/accounts/a1/resume", &json!({})).await).await;
    until_state(&operator, "open").await;
}

/// The program is waited for on this thread, while the relay goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acts_are_written_down_and_the_command_line_does_the_same() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let toml = weir.write_toml();
    let mut held = weir.ask(stream(HELD)).await;
    held.until("text_delta").await;
    let waits = weir.spawn(message("", &json!({})));
    weir.until_waiting(1).await;
    let top = says(&toml, "top --once");
    assert!(top.starts_with("1 in flight  1 waiting"), "{top}");
    assert!(
        top.contains("a1               full         1/1        1 wait"),
        "{top}"
    );
    assert!(
        top.contains("    slot   req_") && top.contains("    line   1  req_"),
        "{top}"
    );
    let shown = eventually_async("the queue is shown", async || {
        let shown = operate(&toml, &["queue", "show", "a1"])?;
        match shown["line"][0]["model"].is_string() {
            true => Ok(shown),
            false => Err(shown.to_string()),
        }
    })
    .await;
    assert_eq!(shown["line"][0]["key_name"], "of a test");
    let member = |rows: &str| {
        shown[rows][0]["member"]
            .as_str()
            .expect("a name")
            .to_owned()
    };
    let (waiter, holder) = (member("line"), member("slots"));
    let queue =
        |act: &str, member: &str| operate(&toml, &["queue", act, "account:a1", member]).map(drop);
    queue("cancel", &waiter).expect("it is cancelled");
    let told = waits.await.expect("it is answered");
    assert_eq!(told.header("x-weir-error"), Some("weir_cancelled"));
    queue("take-back", &holder).expect("it is taken back");
    assert!(held.text().await.contains("weir_taken_back"));
    assert!(
        queue("cancel", &waiter)
            .expect_err("it is gone")
            .contains("not in")
    );
    operate(&toml, &["account", "pause", "a1", "--for", "10m"]).expect("it is paused");
    until_state(&operator, "paused").await;
    operate(&toml, &["account", "resume", "a1"]).expect("it is resumed");
    until_state(&operator, "open").await;
    let audit = operator.see("/api/audit").await;
    let acts: Vec<&Value> = audit["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["act"])
        .collect();
    for act in ["resume", "pause", "take_back", "cancel"] {
        assert!(acts.contains(&&json!(act)), "{act} of {acts:?}");
    }
}
