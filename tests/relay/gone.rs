//! A caller that leaves ends its upstream request at once, and holds nothing afterwards.

use harness::http::Call;
use harness::weir::{message, stream};
use harness::{Weir, eventually_async};
use serde_json::json;

async fn until_aborted(weir: &Weir, times: u64) {
    eventually_async("the upstream request is aborted", async || {
        match weir.provider.stats().aborted {
            seen if seen == times => Ok(()),
            seen => Err(format!("{seen} aborted")),
        }
    })
    .await;
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn leaving_in_the_middle_of_a_stream_aborts_the_upstream() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    for times in 1..=3 {
        let mut answer = weir.ask(stream("chunks=9;stall_after=4")).await;
        answer.until("text_delta").await;
        assert_eq!(
            (
                weir.account_slots(1).len(),
                weir.key_slots(&weir.key_id).len()
            ),
            (1, 1)
        );
        drop(answer);
        until_aborted(&weir, times).await;
    }
    let outcomes: Vec<String> = weir
        .records(3)
        .await
        .iter()
        .map(|record| record.field("outcome").text())
        .collect();
    assert_eq!(outcomes, ["caller_gone"; 3]);
}

#[tokio::test]
async fn leaving_before_the_first_byte_aborts_the_upstream() {
    let weir = Weir::setup()
        .max_concurrent(1)
        .account_line("serial_turns = true")
        .start()
        .await;
    leaves_while_waiting(&weir, stream("latency_ms=600000"), 1).await;
    leaves_while_waiting(&weir, message("latency_ms=600000", &json!({})), 2).await;
}

async fn leaves_while_waiting(weir: &Weir, call: Call, times: u64) {
    let waiting = weir.spawn(call);
    weir.until_upstream_has(1).await;
    assert_eq!((weir.slots_held(), weir.turns_held()), (2, 1));
    waiting.abort();
    until_aborted(weir, times).await;
}

#[tokio::test]
async fn leaving_an_answer_half_read_aborts_the_upstream() {
    let weir = Weir::start().await;
    let mut answer = weir.ask(stream("chunks=300;delta_bytes=100000")).await;
    answer.until("text_delta").await;
    drop(answer);
    until_aborted(&weir, 1).await;
}

#[tokio::test]
async fn a_hundred_that_leave_at_once_leave_nothing() {
    let weir = Weir::setup().accounts(4).max_concurrent(25).start().await;
    let mut answers = Vec::new();
    for _ in 0..100 {
        answers.push(weir.ask(stream("chunks=9;stall_after=4")).await);
    }
    assert_eq!(weir.slots_held(), 200);
    drop(answers);
    until_aborted(&weir, 100).await;
    assert_eq!(weir.provider.stats().violations, 0);
}
