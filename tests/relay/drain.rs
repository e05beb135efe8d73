//! A relay that is told to stop finishes what runs, takes nothing new, and leaves nothing held.

use harness::weir::stream;
use harness::{Weir, eventually_async};
use weir_relay::mock::MockProvider;

#[tokio::test]
async fn running_streams_finish_and_new_callers_are_turned_away() {
    let weir = Weir::start().await;
    let mut running = weir.ask(stream("chunks=50;pause_after=9")).await;
    running.until("text_delta").await;
    let Weir {
        relay,
        provider,
        redis,
        key,
        ..
    } = weir;
    let addr = relay.addr();
    let stopped = tokio::spawn(relay.shutdown());
    eventually_async("nobody is let in any more", async || {
        match stream("").header("x-api-key", &key).try_send(addr).await {
            Err(_) => Ok(()),
            Ok(answer) if answer.status == 503 => Ok(()),
            Ok(answer) => Err(answer.status.to_string()),
        }
    })
    .await;
    provider.resume();
    let text = running.text().await;
    assert!(text.ends_with("data: {\"type\":\"message_stop\"}\n\n"));
    stopped.await.unwrap();
    assert!(
        redis.call("KEYS weir:{default}:gate:*").items().is_empty(),
        "a gate is left"
    );
    assert_eq!(provider.stats().aborted, 0);
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_broken_off_and_given_back() {
    let weir = Weir::setup().head("drain_timeout_ms = 100").start().await;
    let mut running = weir.ask(stream("chunks=9;stall_after=4")).await;
    running.until("text_delta").await;
    let Weir {
        relay,
        provider,
        redis,
        ..
    } = weir;
    relay.shutdown().await;
    assert!(
        redis.call("KEYS weir:{default}:gate:*").items().is_empty(),
        "a gate is left"
    );
    until_aborted(&provider).await;
    let records = redis.call("XRANGE weir:{default}:records - +");
    assert_eq!(records.items().len(), 1);
}

async fn until_aborted(provider: &MockProvider) {
    eventually_async("the upstream request is aborted", async || {
        match provider.stats().aborted {
            1 => Ok(()),
            seen => Err(format!("{seen} aborted")),
        }
    })
    .await;
}
