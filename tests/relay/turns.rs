//! Users' own messages go up one at a time and spaced, where an account wants that.

use harness::http::Answer;
use harness::weir::{message, stream};
use harness::{Weir, eventually_async};
use serde_json::json;
use weir_relay::mock::{Behaviour, MockProvider};

use crate::upstreams::{fresh, generations, seen, text, upstream};

async fn serial(delay_ms: u32) -> Weir {
    let setup = Weir::setup()
        .impatient()
        .account_line("serial_turns = true");
    setup
        .account_line(&format!("turn_delay_ms = {delay_ms}"))
        .start()
        .await
}

fn assert_refused(answer: &Answer, code: &str) -> u64 {
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (429, Some(code))
    );
    let seconds: u64 = answer.number("retry-after");
    let ms: u64 = answer.number("retry-after-ms");
    assert_eq!(ms.div_ceil(1000).max(1), seconds);
    ms
}

#[tokio::test]
async fn a_message_waits_for_the_headers_of_the_one_before() {
    let weir = serial(0).await;
    let first = weir.spawn(stream("latency_ms=600000"));
    weir.until_upstream_has(1).await;
    assert_eq!(weir.turns_held(), 1);
    assert_refused(&weir.ask(stream("")).await, "weir_turn_busy");
    assert_eq!(weir.slots_held(), 2, "the refused one holds no slot");
    first.abort();
    weir.until_nothing_is_held().await;
    assert_eq!(weir.ask(stream("")).await.status, 200);
}

#[tokio::test]
async fn a_turn_is_over_when_the_answer_begins() {
    let weir = serial(0).await;
    let mut first = weir.ask(stream("chunks=9;stall_after=4")).await;
    first.until("text_delta").await;
    eventually_async("the turn is given back", async || match weir.turns_held() {
        0 => Ok(()),
        held => Err(format!("{held} held")),
    })
    .await;
    let second = weir.ask(stream("chunks=9;stall_after=4")).await;
    assert_eq!(second.status, 200);
    assert_eq!(weir.account_slots(1).len(), 2, "both have their slots");
}

#[tokio::test]
async fn a_message_that_comes_too_early_is_told_how_long_is_left() {
    let weir = serial(60_000).await;
    weir.ask(stream("")).await.text().await;
    weir.until_nothing_is_held().await;
    let left = assert_refused(&weir.ask(stream("")).await, "weir_turn_early");
    assert!((40_000..=60_000).contains(&left), "{left} ms");
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_message_that_waited_as_told_is_served() {
    let weir = serial(300).await;
    weir.ask(stream("")).await.text().await;
    eventually_async("the spacing is over", async || {
        match weir.ask(stream("")).await.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn the_result_of_a_tool_needs_no_turn() {
    let weir = serial(60_000).await;
    weir.ask(stream("")).await.text().await;
    let result = json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "4"}]}]);
    assert_eq!(
        weir.ask(message("", &json!({"messages": result})))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_message_that_never_went_up_does_not_delay_the_next() {
    let weir = serial(60_000).await;
    let other = weir.add_key(1).await;
    let secret = other.secret.reveal();
    let result = json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "4"}]}]);
    let held = message(
        "chunks=9;stall_after=4",
        &json!({"messages": result, "stream": true}),
    );
    let held = held.header("x-api-key", secret).send(weir.addr()).await;
    let refused = stream("")
        .header("x-api-key", secret)
        .send(weir.addr())
        .await;
    assert_eq!(refused.header("x-weir-error"), Some("weir_key_busy"));
    assert_eq!(
        weir.ask(stream("")).await.status,
        200,
        "nobody has sent a message of a user's own yet"
    );
    drop(held);
}

#[tokio::test]
async fn a_message_that_found_no_way_up_does_not_delay_the_next() {
    let weir = serial(2_000).await;
    let call = weir.with_key(stream(""));
    let addr = weir.addr();
    weir.provider.shutdown().await;
    // A closed listener may still take a connection for a moment, which counts as having been reached.
    eventually_async("nobody is reached", async || {
        let answer = call.clone().send(addr).await;
        match answer.header("x-weir-error") {
            Some("weir_upstream_unreachable") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let next = call.clone().send(addr).await;
    assert_ne!(next.header("x-weir-error"), Some("weir_turn_early"));
}

/// Two accounts with turns, of which the first comes first; who waits for its turn looks for another after a second.
async fn two_serial() -> (Weir, MockProvider) {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup()
        .account_line("serial_turns = true")
        .account_at(&other, "priority = 1\nserial_turns = true")
        .head("[admission]\naffinity_patience_ms = 1000");
    (setup.start().await, other)
}

/// How long somebody has waited for the turn of the first account.
fn waited_ms(weir: &Weir) -> i64 {
    let turn = weir.redis.call("UMQ.INFO weir:{default}:turn:a1");
    turn.field("oldest-wait-ms").int()
}

async fn hold_turn(weir: &Weir) -> tokio::task::JoinHandle<Answer> {
    let held = weir.turns_held();
    let holding = weir.spawn(stream("latency_ms=600000"));
    eventually_async("it has a turn", async || match weir.turns_held() {
        seen if seen == held + 1 => Ok(()),
        seen => Err(format!("{seen} held")),
    })
    .await;
    holding
}

#[tokio::test]
async fn a_message_whose_turn_is_long_in_coming_goes_to_an_account_whose_turn_is_free() {
    let (weir, other) = two_serial().await;
    let first = hold_turn(&weir).await;
    weir.until_upstream_has(1).await;
    let answer = weir.ask(fresh()).await;
    assert_eq!(answer.status, 200);
    let waited = answer.number("x-weir-wait-ms");
    assert!((900..60_000).contains(&waited), "{waited}");
    answer.text().await;
    assert_eq!(seen(&weir, &other), (1, 1));
    let record = &weir.records(1).await[0];
    assert_eq!(
        (text(record, "account"), text(record, "chosen")),
        ("a2".into(), "spilled".into())
    );
    eventually_async("it has left the first account", async || {
        match (waited_ms(&weir), weir.account_slots(1).len()) {
            (0, 1) => Ok(()),
            seen => Err(format!("waited ms, slots: {seen:?}")),
        }
    })
    .await;
    first.abort();
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn where_no_turn_is_free_a_message_keeps_its_place_in_line() {
    let (weir, other) = two_serial().await;
    let first = hold_turn(&weir).await;
    let second = hold_turn(&weir).await;
    let third = weir.spawn(fresh());
    eventually_async(
        "it waits on after it has looked",
        async || match waited_ms(&weir) {
            1_500.. => Ok(()),
            seen => Err(format!("{seen} ms")),
        },
    )
    .await;
    first.abort();
    assert_eq!(third.await.expect("it is served").status, 200);
    assert_eq!(generations(&other), 1, "of the second");
    second.abort();
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn who_does_not_wait_is_served_at_once_where_a_turn_is_free() {
    let (weir, other) = two_serial().await;
    let key = weir.add_key_without_queue().await;
    let ask = async || {
        let call = fresh().header("x-api-key", key.secret.reveal());
        call.send(weir.addr()).await
    };
    let first = hold_turn(&weir).await;
    assert_eq!(ask().await.status, 200);
    assert_eq!(generations(&other), 1);
    let second = hold_turn(&weir).await;
    assert_refused(&ask().await, "weir_turn_busy");
    first.abort();
    second.abort();
    weir.until_nothing_is_held().await;
}
