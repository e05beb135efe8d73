//! Callers of Anthropic's API on accounts of Bedrock's: Claude, asked in its own words, signed, and answered through the
//! binary event stream.

use harness::http::{Call, End};
use harness::weir::{Setup, message, stream};
use harness::{Reply, Speech, Weir};
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use crate::upstreams::{generations, refusing, text, upstream};

const CLAUDE: &str = r#"models = { "claude-mock-1" = "us.anthropic.claude-mock-1-v1:0" }"#;

fn setup() -> Setup {
    Weir::setup().kinds(&["bedrock"]).account_line(CLAUDE)
}

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

/// The data of a stream's events.
fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).expect("it is JSON"))
        .collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["type"].as_str());
    kinds.map(Option::unwrap_or_default).collect()
}

fn used(record: &Reply) -> [String; 5] {
    ["input", "output", "cache_read", "cache_write_5m", "outcome"].map(|field| text(record, field))
}

const USED: [&str; 5] = ["11", "5", "7", "2", "done"];

#[tokio::test]
async fn a_message_comes_from_claude_at_its_own_path() {
    let weir = setup().behaviour(told()).start().await;
    let call = message("", &json!({"metadata": {"user_id": "u"}, "stream": false})).header(
        "anthropic-beta",
        "context-1m-2025-08-07,claude-code-20250219",
    );
    let answer = weir.ask(call).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("request-id").is_some());
    let body = answer.json().await;
    assert_eq!(
        (&body["type"], &body["usage"]["input_tokens"]),
        (&json!("message"), &json!(11))
    );
    let last = weir.provider.stats().last.expect("there was a request");
    assert_eq!(last.path, "/model/us.anthropic.claude-mock-1-v1%3A0/invoke");
    assert!(
        last.headers
            .iter()
            .all(|(name, _)| !name.starts_with("anthropic-"))
    );
    assert_eq!(used(&weir.records(1).await[0]), USED);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_bearer_key_is_shown_as_it_is() {
    let credential = "region = \"us-east-1\"\napi_key = \"bedrock-api-key\"";
    let weir = setup().credential(credential).start().await;
    assert_eq!(weir.ask(message("", &json!({}))).await.status, 200);
    let keys = weir.provider.stats().keys;
    let digest = weir_relay::mock::key_digest("bedrock-api-key");
    assert!(keys.contains_key(&digest), "{keys:?}");
}

#[tokio::test]
async fn a_stream_comes_as_anthropic_s_events_however_its_frames_are_cut() {
    let weir = setup().behaviour(told()).start().await;
    let mut seen = Vec::new();
    for split in [None, Some(1), Some(7), Some(100)] {
        weir.provider.set_behaviour(Behaviour { split, ..told() });
        let answer = weir.ask(stream("")).await;
        assert_eq!(
            answer.header("content-type"),
            Some("text/event-stream; charset=utf-8")
        );
        seen.push(events(&answer.text().await));
    }
    let first = &seen[0];
    assert_eq!(
        kinds(first),
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let metrics = &first[8]["amazon-bedrock-invocationMetrics"];
    assert_eq!(metrics["cacheReadInputTokenCount"], 7);
    for other in &seen[1..] {
        assert_eq!(kinds(other), kinds(first));
    }
    for record in weir.records(4).await {
        assert_eq!(used(&record), USED);
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_tool_is_called_in_a_stream() {
    let weir = setup().start().await;
    let tools = json!([{"name": "weather", "input_schema":
        {"type": "object", "required": ["place"], "properties": {"place": {"type": "string"}}}}]);
    let call = message("", &json!({"stream": true, "tools": tools}));
    let events = events(&weir.ask(call).await.text().await);
    let input = events
        .iter()
        .filter_map(|event| event["delta"]["partial_json"].as_str());
    assert_eq!(input.collect::<String>(), r#"{"place":"mock"}"#);
    assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
}

#[tokio::test]
async fn tokens_are_counted_by_the_model_itself() {
    let weir = setup().behaviour(told()).start().await;
    let body = r#"{"model":"claude-mock-1","messages":[{"role":"user","content":"hi"}]}"#;
    let call =
        Call::post("/v1/messages/count_tokens", body).header("anthropic-version", "2023-06-01");
    let answer = weir.ask(call).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().await, json!({"input_tokens": 11}));
    let last = weir.provider.stats().last.expect("there was a request");
    assert_eq!(
        last.path,
        "/model/anthropic.claude-mock-1-v1%3A0/count-tokens"
    );
}

#[tokio::test]
async fn exceptions_are_told_in_anthropic_s_words() {
    for (status, expected, kind) in [
        (400, 400, "invalid_request_error"),
        (401, 401, "authentication_error"),
        (402, 429, "rate_limit_error"),
        (403, 403, "permission_error"),
        (404, 404, "not_found_error"),
        (408, 504, "timeout_error"),
        (424, 500, "api_error"),
        (429, 429, "rate_limit_error"),
        (500, 500, "api_error"),
        (503, 529, "overloaded_error"),
    ] {
        let weir = setup()
            .behaviour(refusing(status))
            .impatient()
            .start()
            .await;
        for call in [message("", &json!({})), stream("")] {
            let answer = weir.ask(call).await;
            assert_eq!(
                (answer.status, answer.header("x-amzn-errortype")),
                (expected, None)
            );
            let id = answer.header("request-id").map(str::to_owned);
            let body = answer.json().await;
            assert_eq!(
                (&body["type"], &body["error"]["type"]),
                (&json!("error"), &json!(kind))
            );
            assert_eq!(body["request_id"].as_str(), id.as_deref());
            if status != 400 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn another_account_serves_what_bedrock_throttles() {
    for (status, cause) in [
        (429, "rate"),
        (402, "rate"),
        (403, "forbidden"),
        (404, "model"),
        (408, "fault"),
        (503, "overloaded"),
    ] {
        let other = upstream(Behaviour::default());
        let setup = Weir::setup().kinds(&["bedrock", "anthropic"]);
        let setup = setup.behaviour(refusing(status)).account_line(CLAUDE);
        let weir = setup.account_at(&other, "priority = 1").start().await;
        let answer = weir.ask(stream("")).await;
        assert_eq!(answer.status, 200, "{status}");
        assert!(answer.text().await.ends_with("message_stop\"}\n\n"));
        assert_eq!(generations(&other), 1);
        let record = &weir.records(1).await[0];
        assert_eq!(text(record, "failed"), format!("a1:{cause}"));
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn an_exception_as_the_first_message_lets_another_account_begin() {
    let first = Behaviour {
        error_after: Some(0),
        ..Behaviour::default()
    };
    let other = upstream(Behaviour::default());
    let setup = Weir::setup().kinds(&["bedrock"]).behaviour(first);
    let setup = setup.account_line(CLAUDE);
    let second = format!("priority = 1\n{CLAUDE}");
    let weir = setup.account_at(&other, &second).start().await;
    let text = weir.ask(stream("")).await.text().await;
    assert!(text.starts_with("event: message_start") && !text.contains("event: error"));
    assert_eq!(generations(&other), 1);
}

#[tokio::test]
async fn an_exception_in_the_middle_is_an_error_event() {
    let behaviour = Behaviour {
        error_after: Some(4),
        ..told()
    };
    let weir = setup().behaviour(behaviour).start().await;
    let text = weir.ask(stream("")).await.text().await;
    let events = events(&text);
    assert_eq!(events.len(), 5);
    assert_eq!(events[4]["error"]["type"], "overloaded_error");
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_at_any_frame_says_so() {
    let weir = setup().impatient().start().await;
    for frames in 1..=8 {
        weir.provider.set_behaviour(Behaviour {
            close_after: Some(frames),
            ..told()
        });
        let body = weir.ask(stream("")).await.whole().await;
        assert_eq!(body.end, End::Clean);
        let events = events(&body.text());
        assert_eq!(events.len(), frames + 1);
        assert_eq!(events[frames]["error"]["code"], "weir_upstream_broke_off");
    }
    for record in weir.records(8).await {
        assert_eq!(text(&record, "outcome"), "upstream_cut");
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn bytes_that_were_changed_on_the_way_are_never_passed_on() {
    let weir = setup().behaviour(told()).impatient().start().await;
    let whole = weir.ask(stream("")).await.text().await;
    for at in [900, 901, 1000, 1200, 1500] {
        weir.provider.set_behaviour(Behaviour {
            corrupt_at: Some(at),
            ..told()
        });
        let text = weir.ask(stream("")).await.text().await;
        let events = events(&text);
        let last = events.last().expect("there is one");
        assert_eq!(
            last["error"]["code"], "weir_upstream_broke_off",
            "{at}: {text}"
        );
        assert!(events.len() < kinds(&self::events(&whole)).len());
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_an_account_s_fault_and_tells_no_secret() {
    let behaviour = Behaviour {
        clock_ahead_s: 600,
        ..Behaviour::default()
    };
    let weir = setup().behaviour(behaviour).impatient().start().await;
    let answer = weir.ask(message("", &json!({}))).await;
    assert_eq!(answer.status, 401);
    let body = answer.json().await.to_string();
    assert!(
        body.contains("InvalidSignatureException") && !body.contains("AKID"),
        "{body}"
    );
    assert_eq!(text(&weir.records(1).await[0], "failed"), "a1:credential");
}

#[tokio::test]
async fn a_request_without_a_model_is_the_callers_mistake() {
    let weir = setup().start().await;
    let body = r#"{"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = weir.ask(Call::post("/v1/messages", body)).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (400, Some("weir_untranslatable"))
    );
    assert_eq!(
        answer.json().await["error"]["type"],
        "invalid_request_error"
    );
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_caller_that_leaves_aborts_the_stream_upstream() {
    let behaviour = Behaviour {
        stall_after: Some(4),
        ..told()
    };
    let weir = setup().behaviour(behaviour).start().await;
    let mut answer = weir.ask(stream("")).await;
    answer.until("content_block_delta").await;
    drop(answer);
    weir.until_nothing_is_held().await;
    harness::eventually("the upstream sees it", || {
        match weir.provider.stats().aborted {
            1 => Ok(()),
            seen => Err(format!("{seen} aborted")),
        }
    });
}

#[tokio::test]
async fn callers_of_openai_s_api_are_served_through_both_translations() {
    for model in ["us.anthropic.claude-mock-1-v1:0", "us.amazon.nova-pro-v1:0"] {
        let models = format!("translate = true\nmodels = {{ \"gpt-mock-1\" = \"{model}\" }}");
        let setup = Weir::setup().kinds(&["bedrock"]).behaviour(told());
        let weir = setup.account_line(&models).start().await;
        let whole = weir.ask(Speech::Chat.message("", &json!({}))).await;
        assert_eq!(whole.status, 200);
        let whole = whole.json().await;
        let said = &whole["choices"][0]["message"]["content"];
        assert_eq!(said, "The water passes ", "{model}");
        let text = weir.ask(Speech::Chat.stream("")).await.text().await;
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        for record in weir.records(2).await {
            assert_eq!(used(&record), USED);
        }
        weir.until_nothing_is_held().await;
    }
}
