//! Requests that find no room stand in line: who is served when, who leaves, and what those are told who waited in vain.

use harness::http::End;
use harness::weir::{message, stream};

use harness::{Redis, Weir, eventually_async, time};
use serde_json::json;

/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";

#[tokio::test]
async fn a_request_without_room_is_served_when_a_slot_is_given_back() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let first = weir.ask(stream(HELD)).await;
    let second = weir.spawn(stream(""));
    weir.until_waiting(1).await;
    assert_eq!(weir.provider.stats().in_flight, 1);
    drop(first);
    let served = second.await.expect("it is served");
    assert_eq!(served.status, 200);
    assert!(served.number("x-weir-wait-ms") < 60_000);
    assert_eq!(served.whole().await.end, End::Clean);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn requests_of_a_key_are_served_in_the_order_in_which_they_came() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let held = weir.ask(stream(HELD)).await;
    let mut waiting = Vec::new();
    for place in 1..=5 {
        waiting.push(weir.spawn(message("", &json!({}))));
        weir.until_waiting(place).await;
    }
    drop(held);
    let mut asked = Vec::new();
    for answer in waiting {
        let answer = answer.await.expect("it is served");
        asked.push(
            answer
                .header("x-weir-request-id")
                .expect("every answer has it")
                .to_owned(),
        );
    }
    let records = weir.records(6).await;
    let served: Vec<String> = records[1..]
        .iter()
        .map(|record| record.field("request").text())
        .collect();
    assert_eq!(served, asked);
}

#[tokio::test]
async fn the_line_of_one_key_does_not_hold_up_another() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let held = weir.ask(stream(HELD)).await;
    let mut swarm = Vec::new();
    for place in 1..=6 {
        swarm.push(weir.spawn(message("", &json!({}))));
        weir.until_waiting(place).await;
    }
    let other = weir.add_key(0).await;
    let call = message("", &json!({})).header("x-api-key", other.secret.reveal());
    let lone = tokio::spawn(call.send(weir.addr()));
    weir.until_waiting(7).await;
    drop(held);
    assert_eq!(lone.await.expect("it is served").status, 200);
    let records = weir.records(8).await;
    let keys: Vec<String> = records
        .iter()
        .map(|record| record.field("key").text())
        .collect();
    let place = keys
        .iter()
        .position(|key| *key == other.id)
        .expect("it has a record");
    assert!(
        place <= 2,
        "after the one that ran and one of the swarm: {keys:?}"
    );
}

#[tokio::test]
async fn a_caller_that_leaves_is_out_of_the_line_at_once() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let held = weir.ask(stream(HELD)).await;
    let leaving = weir.spawn(stream(""));
    weir.until_waiting(1).await;
    leaving.abort();
    weir.until_waiting(0).await;
    drop(held);
    weir.until_nothing_is_held().await;
    assert_eq!(weir.provider.stats().streams, 1, "it never went up");
}

#[tokio::test]
async fn who_waited_in_vain_is_told_which_limit_it_was() {
    let weir = Weir::setup()
        .max_concurrent(1)
        .key_limit(2)
        .head("[waiting]\nmax_stream_ms = 300\nmax_whole_ms = 200")
        .start()
        .await;
    let _first = weir.ask(stream(HELD)).await;
    for (call, at_least) in [(stream(""), 300), (message("", &json!({})), 200)] {
        let began = time::now();
        let refused = weir.ask(call).await;
        let waited = began.elapsed().as_millis();
        let told = (refused.status, refused.header("x-weir-error"));
        assert_eq!(told, (429, Some("weir_accounts_busy")));
        // The server counts whole milliseconds, and rounds to them.
        assert!(waited + 5 >= at_least, "{waited} ms");
        assert!(refused.number("retry-after") >= 1);
    }
    weir.until_waiting(0).await;

    let narrow = weir.add_key(1).await;
    let counting = |mock: &str| {
        let path = format!("/v1/messages/count_tokens?mock={mock}");
        harness::http::Call::post(
            &path,
            r#"{"model":"claude-mock-1","messages":[{"role":"user","content":"hi"}]}"#,
        )
        .header("anthropic-version", "2023-06-01")
        .header("x-api-key", narrow.secret.reveal())
    };
    let running = tokio::spawn(counting("latency_ms=600000").send(weir.addr()));
    eventually_async("it runs", async || match weir.key_slots(&narrow.id).len() {
        1 => Ok(()),
        seen => Err(format!("{seen} slots")),
    })
    .await;
    let refused = counting("").send(weir.addr()).await;
    assert_eq!(
        (refused.status, refused.header("x-weir-error")),
        (429, Some("weir_key_busy"))
    );
    let body = refused.json().await;
    let text = body["error"]["message"].as_str().expect("a text");
    assert!(
        text.contains("1 requests running, which is its limit"),
        "{text}"
    );
    running.abort();
}

#[tokio::test]
async fn a_key_without_queue_is_answered_at_once() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let held = weir.ask(stream(HELD)).await;
    let other = weir.add_key_without_queue().await;
    let ask = async || {
        let call = message("", &json!({})).header("x-api-key", other.secret.reveal());
        call.send(weir.addr()).await
    };
    let refused = ask().await;
    assert_eq!(
        (refused.status, refused.header("x-weir-error")),
        (429, Some("weir_accounts_busy"))
    );
    assert_eq!(weir.waiting(1), 0);
    drop(held);
    weir.until_nothing_is_held().await;
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn an_operator_takes_a_request_out_of_the_line() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let _held = weir.ask(stream(HELD)).await;
    let waiting = weir.spawn(stream(""));
    weir.until_waiting(1).await;
    let gate = "weir:{default}:gate:account:a1";
    let waiters = weir.redis.call(["QGATE.WAITERS", gate]);
    let member = waiters.items()[0].items()[0].text();
    assert_eq!(weir.redis.call(["QGATE.CANCEL", gate, &member]).int(), 1);
    let answer = waiting.await.expect("it is answered");
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (503, Some("weir_cancelled"))
    );
    assert_eq!(answer.header("x-weir-request-id"), Some(&*member));
}

#[tokio::test]
async fn who_waits_keeps_waiting_while_redis_is_away() {
    let durable = Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always");
    let mut weir = Weir::setup().max_concurrent(1).redis(durable).start().await;
    let held = weir.ask(stream(HELD)).await;
    let waiting = weir.spawn(stream(""));
    weir.until_waiting(1).await;
    weir.redis.kill();
    eventually_async("the relay has noticed", async || {
        match weir.relay.store().is_up() {
            false => Ok(()),
            true => Err("it is up".to_owned()),
        }
    })
    .await;
    let refused = weir.ask(stream("")).await;
    assert_eq!(
        (refused.status, refused.header("x-weir-error")),
        (503, Some("weir_store_unreachable"))
    );
    weir.redis.start_again();
    weir.until_waiting(1).await;
    drop(held);
    assert_eq!(waiting.await.expect("it is served").status, 200);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_users_own_message_waits_for_its_turn() {
    let weir = Weir::setup()
        .account_line("serial_turns = true")
        .start()
        .await;
    let first = weir.spawn(stream("latency_ms=600000"));
    weir.until_upstream_has(1).await;
    let second = weir.spawn(stream(""));
    eventually_async("it stands in line", async || {
        match weir
            .redis
            .call("UMQ.INFO weir:{default}:turn:a1")
            .field("waiting")
            .int()
        {
            1 => Ok(()),
            seen => Err(format!("{seen} wait")),
        }
    })
    .await;
    assert_eq!(weir.provider.stats().in_flight, 1);
    first.abort();
    assert_eq!(second.await.expect("it is served").status, 200);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn turns_keep_their_distance_while_all_wait() {
    let weir = Weir::setup()
        .account_line("serial_turns = true")
        .account_line("turn_delay_ms = 200")
        .start()
        .await;
    let began = time::now();
    let all: Vec<_> = (0..5)
        .map(|_| weir.spawn(message("", &json!({}))))
        .collect();
    for answer in all {
        assert_eq!(answer.await.expect("it is served").status, 200);
    }
    let took = began.elapsed().as_millis();
    assert!(took >= 800, "{took} ms for four distances of 200 ms");
}
