//! A request is counted once, whatever becomes of Redis while that is done.

use std::collections::BTreeMap;

use harness::http::Call;
use harness::weir::stream;
use harness::{Redis, Weir, eventually_async};
use tokio::task::JoinSet;

use crate::usage::counters;

const USAGE: &str = "input_tokens=101;output_tokens=17";

/// What so many of these requests count.
fn counted(requests: u64) -> BTreeMap<String, u64> {
    [("requests", 1), ("input", 101), ("output", 17)]
        .map(|(what, each)| (what.to_owned(), each * requests))
        .into()
}

#[track_caller]
fn assert_counted(weir: &Weir, requests: u64) {
    for period in ["hour", "day"] {
        assert_eq!(counters(weir, period), counted(requests), "by the {period}");
    }
}

/// How many generations the upstream has answered, by its own account.
fn answered(weir: &Weir) -> u64 {
    weir.provider
        .stats()
        .keys
        .values()
        .map(|key| key.generations)
        .sum()
}

async fn until_counted(weir: &Weir, requests: u64) {
    eventually_async("all are counted", async || {
        match counters(weir, "hour").get("requests") {
            Some(seen) if *seen == requests => Ok(()),
            seen => Err(format!("{seen:?} of {requests}")),
        }
    })
    .await;
}

/// Each lost answer makes a settlement come again, over a new connection.
async fn until_told_again(weir: &Weir, times: usize) {
    eventually_async("it is told again", async || {
        match weir.redis.info("weir_tally_repeated") {
            seen if seen == times.to_string() => Ok(()),
            seen => Err(seen),
        }
    })
    .await;
}

async fn until_health_is(weir: &Weir, expected: u16) {
    eventually_async(
        "the relay knows whether Redis is there",
        async || match Call::get("/healthz").send(weir.addr()).await.status {
            status if status == expected => Ok(()),
            status => Err(status.to_string()),
        },
    )
    .await;
}

/// A Redis that has written what it has answered.
fn careful() -> harness::redis::Builder {
    Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always")
}

#[tokio::test]
async fn a_settlement_whose_answer_is_lost_counts_once() {
    let weir = Weir::setup().lossy().start().await;
    let lossy = weir.lossy.as_ref().expect("it was asked for");
    for times in 1..=3 {
        let mut answer = weir
            .ask(stream(&format!("{USAGE};chunks=3;pause_after=4")))
            .await;
        answer.until("text_delta").await;
        // The repeated settlement's answer too, from the second time on.
        (0..times).for_each(|_| lossy.lose_answer_to("TALLY.ADD"));
        weir.provider.resume();
        answer.text().await;
        weir.until_nothing_is_held().await;
        eventually_async("the answers were lost", async || match lossy.lost() {
            lost if lost == times * (times + 1) / 2 => Ok(()),
            lost => Err(lost.to_string()),
        })
        .await;
        until_counted(&weir, times as u64).await;
        weir.records(times).await;
        until_told_again(&weir, lossy.lost()).await;
    }
    weir.relay.shutdown().await;
}

#[tokio::test]
async fn a_settlement_that_redis_gets_late_though_it_was_repeated_counts_and_is_written_once() {
    let weir = Weir::setup().lossy().start().await;
    let lossy = weir.lossy.as_ref().expect("it was asked for");
    let mut answer = weir
        .ask(stream(&format!("{USAGE};chunks=3;pause_after=4")))
        .await;
    answer.until("text_delta").await;
    lossy.hold_up("TALLY.ADD");
    weir.provider.resume();
    answer.text().await;
    // By its repetition.
    until_counted(&weir, 1).await;
    weir.records(1).await;
    lossy.let_through();
    until_told_again(&weir, 1).await;
    assert_eq!(weir.records(1).await.len(), 1);
    assert_counted(&weir, 1);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_another_relay_has_booked_is_not_written_of_again() {
    let weir = Weir::start().await;
    let mut answer = weir
        .ask(stream(&format!("{USAGE};chunks=3;pause_after=1")))
        .await;
    answer.until("message_start").await;
    let request = weir.intents().remove(0);
    let booked = format!(
        "TALLY.ADD weir:{{default}}:counted {request} PX 60000 0 RECORD weir:{{default}}:records MAXLEN 9 by other"
    );
    assert_eq!(weir.redis.call(booked), 1);
    weir.provider.resume();
    answer.text().await;
    until_told_again(&weir, 1).await;
    weir.until_nothing_is_held().await;
    assert_eq!(*weir.records(1).await[0].field("by"), "other");
    assert_eq!(counters(&weir, "hour"), BTreeMap::new());
}

#[tokio::test]
async fn of_many_settlements_at_once_none_is_lost_with_an_answer() {
    const REQUESTS: usize = 60;
    let weir = Weir::setup().lossy().start().await;
    let lossy = weir.lossy.as_ref().expect("it was asked for");
    let mut running = JoinSet::new();
    for _ in 0..REQUESTS {
        let call = weir.with_key(stream(&format!("{USAGE};chunks=3;pause_after=4")));
        let addr = weir.addr();
        running.spawn(async move { call.send(addr).await.text().await });
    }
    weir.until_upstream_has(REQUESTS as u64).await;
    // The requests come in few batches.
    (0..4).for_each(|_| lossy.lose_answer_to("TALLY.ADD"));
    weir.provider.resume();
    running.join_all().await;
    weir.until_nothing_is_held().await;
    until_counted(&weir, REQUESTS as u64).await;
    assert_counted(&weir, REQUESTS as u64);
    assert!((1..=4).contains(&lossy.lost()), "{}", lossy.lost());
    weir.records(REQUESTS).await;
}

#[tokio::test]
async fn every_answer_of_the_upstream_is_counted_once_though_redis_is_killed_and_comes_back() {
    let mut weir = Weir::setup().redis(careful()).start().await;
    for round in 0..4 {
        let mut running = Vec::new();
        for at in 0..12 {
            let mock = format!("{USAGE};chunks=3;delay_ms={}", 20 + 15 * at);
            let mut answer = weir.ask(stream(&mock)).await;
            answer.until("message_start").await;
            running.push(answer);
        }
        // Some are settled before, some while it is away, and some while it is about to die.
        let first = running.remove(0);
        first.text().await;
        let mut ends = JoinSet::new();
        running
            .into_iter()
            .for_each(|answer| drop(ends.spawn(answer.text())));
        for _ in 0..round {
            ends.join_next().await;
        }
        weir.redis.kill();
        ends.join_all().await;
        until_health_is(&weir, 503).await;
        weir.redis.start_again();
        until_health_is(&weir, 200).await;
        weir.until_nothing_is_held().await;
        until_counted(&weir, 12 * (round + 1)).await;
    }
    assert_eq!(answered(&weir), 48);
    assert_counted(&weir, 48);
    weir.records(48).await;
}

#[tokio::test]
async fn what_a_full_redis_does_not_book_is_booked_later_and_holds_nothing_up() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let mut answer = weir
        .ask(stream(&format!("{USAGE};chunks=3;pause_after=4")))
        .await;
    answer.until("text_delta").await;
    weir.redis.call("CONFIG SET maxmemory 1");
    weir.provider.resume();
    answer.text().await;
    eventually_async("the slots are given back", async || {
        match weir.slots_held() {
            0 => Ok(()),
            seen => Err(format!("{seen} slots")),
        }
    })
    .await;
    assert_eq!(weir.intents().len(), 1);
    assert_eq!(
        weir.redis.call("KEYS weir:{default}:usage:*").items().len(),
        0
    );
    weir.redis.call("CONFIG SET maxmemory 0");
    until_counted(&weir, 1).await;
    assert_counted(&weir, 1);
    weir.records(1).await;
}

#[tokio::test]
async fn a_counter_that_is_none_holds_no_other_request_up() {
    let weir = Weir::start().await;
    weir.ask(stream(USAGE)).await.text().await;
    until_counted(&weir, 1).await;
    let hours = weir.redis.call("KEYS weir:{default}:usage:hour:*:*");
    let hour = hours.items()[0].text();
    let field = "input:main:a1:other";
    weir.redis.call(["HSET", &hour, field, "spoiled"]);
    weir.ask(stream(USAGE)).await.text().await;
    weir.ask(stream("input_tokens=0;output_tokens=17"))
        .await
        .text()
        .await;
    let requests = "requests:main:a1:other";
    eventually_async("the other one is counted", async || {
        match weir.redis.call(["HGET", &hour, requests]) {
            two if two == "2" => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
    weir.until_nothing_is_held().await;
}
