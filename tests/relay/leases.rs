//! Leases are kept while a request runs, and end by themselves when its relay is gone.

use harness::weir::stream;
use harness::{Reply, Weir, eventually_async};

/// Renewed twice before it ends, so that a machine that stalls for a while loses none.
const LEASE_MS: u32 = 6_000;

/// The clock that leases end by.
fn redis_ms(weir: &Weir) -> i64 {
    let time = weir.redis.call("TIME");
    let [seconds, micros] = [0, 1].map(|place| time.items()[place].text());
    let number = |text: String| text.parse::<i64>().expect("it is a number");
    number(seconds) * 1_000 + number(micros) / 1_000
}

async fn lease_end(weir: &Weir) -> i64 {
    let gate = "weir:{default}:gate:account:a1";
    let entries = weir.redis.call(["ZRANGE", gate, "0", "-1", "WITHSCORES"]);
    entries
        .items()
        .get(1)
        .map_or(0, |end| end.text().parse().expect("a score is a number"))
}

#[tokio::test]
async fn leases_are_renewed_as_long_as_a_stream_runs() {
    let weir = Weir::setup()
        .impatient()
        .max_concurrent(1)
        .lease_ms(LEASE_MS)
        .start()
        .await;
    let mut answer = weir.ask(stream("chunks=9;stall_after=4")).await;
    answer.until("text_delta").await;
    let first = lease_end(&weir).await;
    eventually_async(
        "it is held when the first lease has ended",
        async || match (first - redis_ms(&weir), lease_end(&weir).await - first) {
            (..0, 1..) => Ok(()),
            seen => Err(format!("ms left of it, ms longer than it: {seen:?}")),
        },
    )
    .await;
    assert_eq!(
        weir.ask(stream("")).await.status,
        429,
        "the slot was never free"
    );
    assert_eq!(weir.provider.stats().violations, 0);
    drop(answer);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_slot_lost_to_somebody_s_hand_is_registered_again() {
    let weir = Weir::setup()
        .max_concurrent(1)
        .lease_ms(LEASE_MS)
        .start()
        .await;
    let mut answer = weir.ask(stream("chunks=9;stall_after=4")).await;
    answer.until("text_delta").await;
    weir.redis.call("FLUSHALL");
    eventually_async("the slot is back", async || {
        match weir.account_slots(1).len() {
            1 => Ok(()),
            seen => Err(format!("{seen} slots")),
        }
    })
    .await;
    drop(answer);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_redis_has_lost_is_held_again_before_anybody_new_is_admitted() {
    let weir = Weir::setup().max_concurrent(2).impatient().start().await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut answer = weir.ask(stream("chunks=9;stall_after=4")).await;
        answer.until("text_delta").await;
        held.push(answer);
    }
    for _ in 0..3 {
        // In one go, so that nobody new comes before the connection is lost.
        let mut client = weir.redis.connect();
        client.call("MULTI");
        client.call("DEL weir:{default}:gate:account:a1");
        client.call("CLIENT KILL TYPE pubsub SKIPME yes");
        client.call("EXEC");
        eventually_async("the relay answers again", async || {
            match weir.ask(stream("")).await {
                answer if answer.status == 429 => Ok(()),
                answer => Err(answer.status.to_string()),
            }
        })
        .await;
        assert_eq!(weir.account_slots(1).len(), 2);
    }
    assert_eq!(weir.provider.stats().violations, 0);
    drop(held);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn the_leases_of_a_killed_relay_end_by_themselves() {
    let weir = Weir::setup()
        .impatient()
        .max_concurrent(1)
        .lease_ms(LEASE_MS)
        .account_line("serial_turns = true");
    let weir = weir.start().await;
    let mut killed = weir.start_program();
    let call = stream("latency_ms=600000").header("x-api-key", &weir.key);
    let waiting = tokio::spawn(call.try_send(killed.addr()));
    weir.until_upstream_has(1).await;
    assert_eq!(weir.ask(stream("")).await.status, 429, "the slot is taken");
    killed.kill();
    waiting.await.unwrap().expect_err("the relay is gone");
    eventually_async("the slot is free again", async || {
        match weir.ask(stream("")).await {
            answer if answer.status == 200 => Ok(()),
            answer => Err(format!(
                "{} {:?}",
                answer.status,
                answer.header("x-weir-error")
            )),
        }
    })
    .await;
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn nothing_of_a_lease_outlives_its_request() {
    let weir = Weir::start().await;
    weir.ask(stream("")).await.text().await;
    weir.until_nothing_is_held().await;
    assert_eq!(weir.redis.call("EXISTS weir:{default}:gate:account:a1"), 0);
    assert_eq!(
        weir.redis.call(["GET", "weir:{default}:turn:a1"]),
        Reply::Nil
    );
}
