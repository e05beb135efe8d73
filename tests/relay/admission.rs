//! Who gets a slot, and what those are told who do not.

use harness::http::{Answer, Call};
use harness::weir::{message, stream};
use harness::{Weir, eventually_async};
use serde_json::json;

use crate::upstreams::fresh_stalling;

const HELD: &str = "chunks=9;stall_after=4";

async fn assert_refused(answer: Answer, code: &str) {
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (429, Some(code))
    );
    let seconds: u64 = answer.number("retry-after");
    let ms: u64 = answer.number("retry-after-ms");
    assert!(
        (1..=60).contains(&seconds) && ms.div_ceil(1000) == seconds,
        "{seconds} s, {ms} ms"
    );
    assert_eq!(answer.header("x-should-retry"), Some("true"));
    let id = answer
        .header("x-weir-request-id")
        .expect("every answer has it")
        .to_owned();
    let body = answer.json().await;
    assert_eq!(
        (&body["type"], &body["error"]["type"]),
        (&json!("error"), &json!("rate_limit_error"))
    );
    assert_eq!(body["request_id"], id);
}

#[tokio::test]
async fn a_key_at_its_limit_is_refused_and_served_again_once_there_is_room() {
    let weir = Weir::setup().key_limit(2).impatient().start().await;
    let first = weir.ask(stream(HELD)).await;
    let second = weir.ask(stream(HELD)).await;
    assert_refused(weir.ask(stream(HELD)).await, "weir_key_busy").await;
    assert_eq!(
        weir.provider.stats().in_flight,
        2,
        "the third never went up"
    );
    let other = weir.add_key(1).await;
    let served = stream("")
        .header("x-api-key", other.secret.reveal())
        .send(weir.addr())
        .await;
    assert_eq!(served.status, 200, "the limit is each key's own");
    drop(first);
    until_served(&weir).await;
    drop((second, served));
    weir.until_nothing_is_held().await;
}

async fn until_served(weir: &Weir) {
    eventually_async("there is room again", async || {
        match weir.ask(stream("")).await {
            answer if answer.status == 200 => Ok(answer.text().await),
            answer => Err(answer.status.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn full_accounts_refuse_and_their_slots_come_back() {
    let weir = Weir::setup()
        .accounts(2)
        .max_concurrent(1)
        .impatient()
        .start()
        .await;
    let first = weir.ask(stream(HELD)).await;
    let second = weir.ask(stream(HELD)).await;
    assert_refused(weir.ask(stream(HELD)).await, "weir_accounts_busy").await;
    assert_eq!(
        weir.key_slots(&weir.key_id).len(),
        2,
        "the refused one gave its key's slot back"
    );
    drop((first, second));
    until_served(&weir).await;
    assert_eq!(weir.provider.stats().violations, 0);
}

#[tokio::test]
async fn the_account_with_the_most_room_is_taken() {
    let weir = Weir::setup()
        .accounts(3)
        .max_concurrent(5)
        .impatient()
        .start()
        .await;
    let mut held = Vec::new();
    for turn in 1..=5 {
        for _ in 0..3 {
            held.push(weir.ask(fresh_stalling()).await);
        }
        let seen: Vec<usize> = (1..=3)
            .map(|account| weir.account_slots(account).len())
            .collect();
        assert_eq!(seen, [turn; 3]);
    }
    let stats = weir.provider.stats();
    for account in 1..=3 {
        assert_eq!(stats.keys[&Weir::account_digest(account)].in_flight, 5);
    }
    assert_refused(weir.ask(stream(HELD)).await, "weir_accounts_busy").await;
}

#[tokio::test]
async fn counting_tokens_takes_no_slot_of_an_account_but_one_of_the_key() {
    let weir = Weir::setup()
        .max_concurrent(1)
        .key_limit(2)
        .impatient()
        .start()
        .await;
    let _held = weir.ask(stream(HELD)).await;
    assert_eq!(
        count_tokens(&weir).await.status,
        200,
        "the account is full, and that is no matter"
    );
    assert_refused(weir.ask(stream("")).await, "weir_accounts_busy").await;
    let slots_are = async |count: usize| {
        eventually_async(
            "the key's slots are those of what runs",
            async || match weir.key_slots(&weir.key_id).len() {
                seen if seen == count => Ok(()),
                seen => Err(format!("{seen} slots")),
            },
        )
        .await;
    };
    slots_are(1).await;
    let slow = weir.spawn(counting("latency_ms=600000"));
    slots_are(2).await;
    assert_eq!(weir.account_slots(1).len(), 1);
    assert_refused(count_tokens(&weir).await, "weir_key_busy").await;
    slow.abort();
}

fn counting(mock: &str) -> Call {
    let body = r#"{"model":"claude-mock-1","messages":[{"role":"user","content":"hi"}]}"#;
    Call::post(&format!("/v1/messages/count_tokens?mock={mock}"), body)
        .header("anthropic-version", "2023-06-01")
}

async fn count_tokens(weir: &Weir) -> Answer {
    weir.ask(counting("input_tokens=7")).await
}

#[tokio::test]
async fn two_relays_on_one_redis_never_exceed_a_limit() {
    let weir = Weir::setup()
        .accounts(2)
        .max_concurrent(5)
        .impatient()
        .start()
        .await;
    let other = weir.another_relay().await;
    let attempt = |number: usize| {
        let to = if number.is_multiple_of(2) {
            weir.addr()
        } else {
            other.addr()
        };
        let call = stream(HELD).header("x-api-key", &weir.key);
        tokio::spawn(call.send(to))
    };
    let attempts: Vec<_> = (0..60).map(attempt).collect();
    let mut served = Vec::new();
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        match answer.status {
            200 => served.push(answer),
            429 => {}
            other => panic!("status {other}"),
        }
    }
    let stats = weir.provider.stats();
    assert_eq!(
        (served.len(), stats.in_flight, stats.violations),
        (10, 10, 0)
    );
    drop(served);
    weir.until_nothing_is_held().await;
    other.shutdown().await;
}

#[tokio::test]
async fn an_account_without_a_limit_counts_all_the_same() {
    let weir = Weir::start().await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(weir.ask(stream(HELD)).await);
    }
    assert_eq!(weir.account_slots(1).len(), 20);
    assert_eq!(weir.ask(message("", &json!({}))).await.status, 200);
}
