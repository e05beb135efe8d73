//! Redis goes away and comes back: streams go on, new requests are refused quickly, and nothing stays held.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::http::Answer;
use harness::weir::{message, stream};
use harness::{Weir, eventually_async, time};
use rustix::process::Signal;
use serde_json::json;
use tokio::task::JoinSet;

/// An answer that is still to be sent when the upstream is told to go on.
const RUNNING: &str = "chunks=300;delay_ms=2;pause_after=9";

fn assert_store_is_gone(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (503, Some("weir_store_unreachable"))
    );
    assert_eq!(
        (
            answer.header("retry-after"),
            answer.header("x-should-retry")
        ),
        (Some("1"), Some("true"))
    );
}

/// One of many is: the machine may be busy with other tests.
async fn until_refused_at_once(weir: &Weir) {
    eventually_async("a request is refused at once", async || {
        let begun = time::now();
        assert_store_is_gone(&weir.ask(stream("")).await);
        match begun.elapsed() {
            soon if soon < Duration::from_millis(250) => Ok(()),
            late => Err(format!("{late:?}")),
        }
    })
    .await;
}

async fn assert_complete(answer: Answer) {
    let text = answer.text().await;
    assert_eq!(text.matches("text_delta").count(), 300);
    assert!(
        text.ends_with("data: {\"type\":\"message_stop\"}\n\n"),
        "no error event"
    );
}

#[tokio::test]
async fn a_stream_outlives_a_redis_that_is_killed() {
    let mut weir = Weir::setup().max_concurrent(2).start().await;
    let mut running = weir.ask(stream(RUNNING)).await;
    running.until("text_delta").await;
    weir.redis.kill();
    weir.until_status(503).await;
    until_refused_at_once(&weir).await;
    let health = harness::http::Call::get("/healthz").send(weir.addr()).await;
    assert_eq!(health.status, 503);
    weir.provider.resume();
    weir.redis.start_again();
    assert_complete(running).await;
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_ended_while_redis_was_away_is_settled_when_it_is_back() {
    let redis = harness::Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always");
    let mut weir = Weir::setup()
        .max_concurrent(1)
        .account_line("serial_turns = true")
        .redis(redis)
        .start()
        .await;
    let mut running = weir.ask(stream("chunks=9;stall_after=4")).await;
    running.until("text_delta").await;
    weir.redis.kill();
    weir.until_status(503).await;
    drop(running);
    weir.until_upstream_has(0).await;
    weir.redis.start_again();
    weir.until_nothing_is_held().await;
    assert_eq!(*weir.records(1).await[0].field("outcome"), "caller_gone");
    weir.until_status(200).await;
}

#[tokio::test]
async fn a_redis_that_hangs_is_given_up_within_a_second_or_so() {
    let mut weir = Weir::setup().max_concurrent(3).start().await;
    let mut running = weir.ask(stream(RUNNING)).await;
    running.until("text_delta").await;
    weir.redis.signal(Signal::STOP);
    let begun = time::now();
    let refused = weir.ask(stream("")).await;
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    assert_store_is_gone(&refused);
    until_refused_at_once(&weir).await;
    weir.provider.resume();
    weir.redis.signal(Signal::CONT);
    assert_complete(running).await;
    weir.until_status(200).await;
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_ends_while_redis_is_a_replica_is_settled_when_it_is_a_master_again() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let mut running = weir.ask(stream("chunks=9;stall_after=4")).await;
    running.until("text_delta").await;
    weir.redis.call("REPLICAOF 127.0.0.1 1");
    drop(running);
    weir.until_upstream_has(0).await;
    weir.until_status(503).await;
    weir.redis.call("REPLICAOF NO ONE");
    weir.until_nothing_is_held().await;
    assert_eq!(*weir.records(1).await[0].field("outcome"), "caller_gone");
    weir.until_status(200).await;
}

#[tokio::test]
async fn a_slow_redis_slows_requests_and_fails_none() {
    const REQUESTS: usize = 12;
    let weir = Weir::start().await;
    let over = Arc::new(AtomicBool::new(false));
    let (mut client, ended) = (weir.redis.connect(), Arc::clone(&over));
    let slowing = tokio::task::spawn_blocking(move || {
        while !ended.load(Ordering::Relaxed) {
            assert_eq!(client.call("DEBUG SLEEP 0.3"), "OK");
        }
    });
    let mut running = JoinSet::new();
    for request in 0..REQUESTS {
        let call = weir.with_key(stream(&format!("chunks=300;delay_ms={}", request % 4)));
        let addr = weir.addr();
        running.spawn(async move { assert_complete(call.send(addr).await).await });
    }
    running.join_all().await;
    over.store(true, Ordering::Relaxed);
    slowing.await.unwrap();
    weir.until_nothing_is_held().await;
    weir.records(REQUESTS).await;
}

#[tokio::test]
async fn a_relay_that_starts_bears_with_a_redis_that_goes_away_while_it_reads() {
    let weir = Weir::setup().lossy().start().await;
    let lossy = weir.lossy.as_ref().expect("it was asked for");
    for (lost, read) in [(1, "weir:{keys}:accounts"), (2, "weir:{keys}:ids")] {
        lossy.lose_answer_to(read);
        let relay = weir.another_relay().await;
        assert_eq!(lossy.lost(), lost, "{read}");
        let call = weir.with_key(message("", &json!({})));
        assert_eq!(call.send(relay.addr()).await.status, 200, "{read}");
        relay.shutdown().await;
    }
}
