//! Callers of Anthropic's API on models of Bedrock's that speak Converse.

use harness::http::Call;
use harness::weir::{Setup, message, stream};
use harness::{Weir, weir};
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use crate::upstreams::{generations, text, upstream};

fn told() -> Behaviour {
    Behaviour {
        chunks: 3,
        input_tokens: Some(11),
        output_tokens: Some(5),
        cache_read_tokens: 7,
        cache_write_tokens: 2,
        ..Behaviour::default()
    }
}

fn setup() -> Setup {
    Weir::setup()
        .kinds(&["bedrock"])
        .account_line(r#"models = { "*" = "us.amazon.nova-pro-v1:0" }"#)
        .behaviour(told())
}

fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).expect("it is JSON"))
        .collect()
}

async fn assert_booked(weir: &weir::Weir, requests: usize) {
    for record in weir.records(requests).await {
        let fields = ["input", "output", "cache_read", "cache_write_5m", "outcome"];
        assert_eq!(
            fields.map(|field| text(&record, field)),
            ["11", "5", "7", "2", "done"]
        );
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_message_is_said_in_converse_s_words_and_told_in_anthropic_s() {
    let weir = setup().start().await;
    let body = weir
        .ask(message("", &json!({"system": "Be brief."})))
        .await
        .json()
        .await;
    assert_eq!(
        body["content"],
        json!([{"type": "text", "text": "The water passes "}])
    );
    assert_eq!(
        (
            &body["stop_reason"],
            &body["usage"]["cache_creation_input_tokens"]
        ),
        (&json!("end_turn"), &json!(2))
    );
    let last = weir.provider.stats().last.expect("there was a request");
    assert_eq!(last.path, "/model/us.amazon.nova-pro-v1%3A0/converse");
    assert_booked(&weir, 1).await;
}

#[tokio::test]
async fn a_stream_is_told_in_anthropic_s_events() {
    let weir = setup().start().await;
    let tools = json!([{"name": "t", "input_schema": {"type": "object"}}]);
    for split in [None, Some(1), Some(50)] {
        weir.provider.set_behaviour(Behaviour { split, ..told() });
        let call = message("", &json!({"stream": true, "tools": tools}));
        let events = events(&weir.ask(call).await.text().await);
        let kinds: Vec<&str> = events
            .iter()
            .map(|event| event["type"].as_str().expect("a type"))
            .collect();
        assert_eq!(kinds[..2], ["message_start", "content_block_start"]);
        assert_eq!(kinds[kinds.len() - 2..], ["message_delta", "message_stop"]);
        let starts = events
            .iter()
            .filter(|event| event["type"] == "content_block_start");
        let blocks: Vec<&Value> = starts
            .map(|event| &event["content_block"]["type"])
            .collect();
        assert_eq!(blocks, ["text", "tool_use"]);
        let input = events
            .iter()
            .filter_map(|event| event["delta"]["partial_json"].as_str());
        assert_eq!(input.collect::<String>(), "{}");
    }
    assert_booked(&weir, 3).await;
}

#[tokio::test]
async fn a_conversation_with_a_tool_s_result_goes_on() {
    let weir = setup().start().await;
    let messages = json!([
        {"role": "user", "content": [{"type": "text", "text": "rain?", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "i", "name": "t", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "i", "content": "yes"}]},
        {"role": "user", "content": "So?"},
    ]);
    let tools = json!([{"name": "t", "input_schema": {"type": "object"}}]);
    let answer = weir
        .ask(message("", &json!({"messages": messages, "tools": tools})))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().await["stop_reason"], "end_turn");
}

#[tokio::test]
async fn what_converse_has_no_words_for_is_refused_by_name_and_never_sent() {
    let weir = setup().start().await;
    let answer = weir.ask(message("", &json!({"top_k": 5}))).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (400, Some("weir_untranslatable"))
    );
    let error = answer.json().await["error"]["message"].clone();
    assert!(
        error
            .as_str()
            .is_some_and(|text| text.starts_with("`top_k`")),
        "{error}"
    );
    assert!(weir.provider.stats().last.is_none());
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn another_account_serves_what_converse_has_no_words_for() {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup().kinds(&["bedrock", "anthropic"]);
    let setup = setup.account_line(r#"models = { "*" = "us.amazon.nova-pro-v1:0" }"#);
    let weir = setup.account_at(&other, "priority = 1").start().await;
    let answer = weir.ask(message("", &json!({"top_k": 5}))).await;
    assert_eq!(answer.status, 200);
    assert!(weir.provider.stats().last.is_none());
    assert_eq!(
        weir.ask(message(
            "",
            &json!({"messages": [{"role": "user", "content": "other"}]})
        ))
        .await
        .status,
        200
    );
    assert_eq!(generations(&other), 1);
    assert_eq!(generations(&weir.provider), 1);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_at_any_event_says_so() {
    let weir = setup().impatient().start().await;
    // Start, three deltas, stop of the block, stop of the message; then only the usage is missing.
    for frames in 1..=6 {
        weir.provider.set_behaviour(Behaviour {
            close_after: Some(frames),
            ..told()
        });
        let text = weir.ask(stream("")).await.text().await;
        let events = events(&text);
        let last = events.last().expect("there is one");
        assert_eq!(last["error"]["code"], "weir_upstream_broke_off", "{text}");
        assert!(!text.contains("message_stop"));
    }
}

#[tokio::test]
async fn tokens_are_counted() {
    let weir = setup().start().await;
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    let call = Call::post("/v1/messages/count_tokens", body);
    let answer = weir
        .ask(call.header("anthropic-version", "2023-06-01"))
        .await;
    assert_eq!(answer.json().await, json!({"input_tokens": 11}));
}
