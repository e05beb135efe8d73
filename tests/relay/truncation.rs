//! An upstream that stops in the middle is never taken for one that has finished.

use harness::http::End;
use harness::weir::{message, stream};
use harness::{Weir, eventually_async};
use serde_json::{Value, json};
use weir_relay::mock::{MockProvider, Options};

/// The blocks of a stream, each without its end.
fn blocks(text: &str) -> Vec<&str> {
    text.strip_suffix("\n\n")
        .expect("the last event is complete")
        .split("\n\n")
        .collect()
}

/// The last event is an error, by the rules of event streams: of several names the last one counts, and
/// what an unfinished event had of data stands on lines of its own before the error's.
fn assert_ends_with_error(text: &str, kind: &str, code: &str) {
    let blocks = blocks(text);
    let lines: Vec<&str> = blocks.last().expect("there is one").lines().collect();
    let last = |field: &str| {
        lines
            .iter()
            .rev()
            .find_map(|line| line.strip_prefix(field))
            .expect("the field is there")
    };
    assert_eq!(last("event: "), "error", "{lines:?}");
    let error: Value = serde_json::from_str(last("data: ")).expect("its data is JSON");
    assert_eq!(
        (
            &error["type"],
            &error["error"]["type"],
            &error["error"]["code"]
        ),
        (&json!("error"), &json!(kind), &json!(code))
    );
    assert!(!text.contains("message_stop"));
}

#[tokio::test]
async fn a_stream_that_ends_without_its_last_event_gets_an_error_event() {
    let weir = Weir::start().await;
    for events in [1, 4, 10] {
        let answer = weir
            .ask(stream(&format!("chunks=5;close_after={events}")))
            .await;
        let text = answer.text().await;
        assert_eq!(blocks(&text).len(), events + 1, "{text}");
        assert_ends_with_error(&text, "api_error", "weir_upstream_broke_off");
    }
    weir.until_nothing_is_held().await;
    let outcomes: Vec<String> = weir
        .records(3)
        .await
        .iter()
        .map(|record| record.field("outcome").text())
        .collect();
    assert_eq!(outcomes, ["upstream_cut"; 3]);
}

#[tokio::test]
async fn a_connection_reset_inside_an_event_becomes_an_event_of_its_own() {
    let weir = Weir::start().await;
    for bytes in [1, 20, 700, 901] {
        let body = weir
            .ask(stream(&format!("chunks=9;reset_after={bytes}")))
            .await
            .whole()
            .await;
        let text = String::from_utf8(body.bytes.to_vec()).unwrap();
        assert_eq!(
            body.end,
            End::Clean,
            "the error event says it; the connection stays usable"
        );
        assert_ends_with_error(&text, "api_error", "weir_upstream_broke_off");
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_silent_upstream_is_given_up_after_the_idle_time() {
    let weir = Weir::setup()
        .account_line("timeouts = { idle_ms = 2000 }")
        .start()
        .await;
    let text = weir
        .ask(stream("chunks=9;stall_after=3"))
        .await
        .text()
        .await;
    assert_ends_with_error(&text, "timeout_error", "weir_upstream_timeout");
    weir.until_nothing_is_held().await;
    assert_eq!(
        *weir.records(1).await[0].field("outcome"),
        "upstream_timeout"
    );
}

#[tokio::test]
async fn the_upstream_s_own_error_event_is_its_last_word() {
    let weir = Weir::start().await;
    let text = weir
        .ask(stream("chunks=5;error_after=4"))
        .await
        .text()
        .await;
    assert_eq!(text.matches("event: error").count(), 1);
    assert!(
        text.trim_end()
            .ends_with(r#""error":{"type":"overloaded_error","message":"Overloaded"}}"#)
    );
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn an_answer_in_one_piece_that_breaks_off_breaks_off_for_the_caller() {
    let weir = Weir::start().await;
    let body = weir
        .ask(message("reset_after=100", &json!({})))
        .await
        .whole()
        .await;
    assert_eq!(body.end, End::Broken);
    weir.until_nothing_is_held().await;
    assert_eq!(*weir.records(1).await[0].field("outcome"), "upstream_cut");
}

#[tokio::test]
async fn an_upstream_that_does_not_begin_in_time_is_a_504() {
    let setup = Weir::setup().account_line("timeouts = { first_byte_stream_ms = 100 }");
    let weir = setup.start().await;
    let answer = weir.ask(stream("latency_ms=600000")).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (504, Some("weir_upstream_timeout"))
    );
    assert_eq!(answer.json().await["error"]["type"], "timeout_error");
    weir.until_nothing_is_held().await;
    assert_eq!(
        *weir.records(1).await[0].field("outcome"),
        "upstream_timeout"
    );
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_502() {
    let Weir {
        relay,
        provider,
        redis,
        key,
        ..
    } = Weir::start().await;
    provider.shutdown().await;
    // A server that another test is just starting has the listener's copy until it is loaded.
    eventually_async("nobody listens there", async || {
        let answer = stream("")
            .header("x-api-key", &key)
            .send(relay.addr())
            .await;
        match (answer.status, answer.header("x-weir-error")) {
            (502, Some("weir_upstream_unreachable")) => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
    drop((relay, redis));
}

#[tokio::test]
async fn an_upstream_that_closed_its_kept_connections_is_asked_on_a_new_one() {
    let Weir {
        relay,
        mut provider,
        redis,
        key,
        ..
    } = Weir::start().await;
    for _ in 0..10 {
        let answer = stream("")
            .header("x-api-key", &key)
            .send(relay.addr())
            .await;
        assert!(
            answer
                .text()
                .await
                .ends_with("data: {\"type\":\"message_stop\"}\n\n")
        );
        let addr = provider.addr();
        provider.shutdown().await;
        // A server that another test is just starting has the listener's copy until it is loaded.
        provider = eventually_async("it listens again", async || {
            MockProvider::bind(addr, Options::default()).map_err(|error| error.to_string())
        })
        .await;
    }
    drop((relay, redis));
}
