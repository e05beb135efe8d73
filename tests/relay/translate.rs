//! Callers whose accounts speak another dialect: Messages served by an OpenAI account, chat completions by an Anthropic
//! one; Responses are in `responses.rs`, Gemini's in `gemini.rs`. What comes of their words is in the unit tests of `translate`; here it goes over
//! the wire.

mod faults;
mod gemini;
mod responses;

use harness::http::Call;
use harness::weir::Setup;
use harness::{Speech, Weir};
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use crate::upstreams::text;

/// Who asks, and the kind of accounts that answer.
const WAYS: [(Speech, &[&str]); 2] = [
    (Speech::Messages, &["openai"]),
    (Speech::Chat, &["anthropic"]),
];

pub(crate) fn setup(speech: Speech, kinds: &'static [&'static str]) -> Setup {
    Weir::setup().kinds(kinds).account_line(lines(speech))
}

/// Of an account that serves what is asked for in this dialect.
pub(crate) fn lines(speech: Speech) -> &'static str {
    match speech {
        Speech::Messages => "translate = true\nmodels = { \"claude-*\" = \"gpt-mock-1\" }",
        _ => "translate = true\nmodels = { \"g*\" = \"claude-mock-1\" }",
    }
}

fn behaviour() -> Behaviour {
    Behaviour {
        chunks: 3,
        input_tokens: Some(101),
        output_tokens: Some(17),
        cache_read_tokens: 1000,
        ..Behaviour::default()
    }
}

/// Events by their names or, of chunks, the data.
fn events(stream: &str) -> Vec<(String, Value)> {
    let event = |event: &str| {
        let (name, data) = match event.strip_prefix("event: ") {
            Some(named) => named.split_once("\ndata: ").expect("it has data"),
            None => ("", event.strip_prefix("data: ").expect("it has data")),
        };
        let data = serde_json::from_str(data).unwrap_or_else(|_| data.into());
        (name.to_owned(), data)
    };
    let parts = stream.split_terminator("\n\n");
    let told = parts.filter(|part| !part.starts_with(':') && !part.starts_with("event: ping"));
    told.map(event).collect()
}

/// All that a stream says in members of this name, and how often it has the other one.
fn said(events: &[(String, Value)], pointers: [&str; 3]) -> [String; 3] {
    pointers.map(|pointer| {
        let found = events.iter().filter_map(|(_, data)| data.pointer(pointer));
        found.filter_map(Value::as_str).collect()
    })
}

fn tools(speech: Speech) -> Value {
    let schema = json!({"type": "object", "required": ["place"], "properties": {"place": {"type": "string"}}});
    match speech {
        Speech::Messages => json!({"tools": [{"name": "weather", "input_schema": schema}]}),
        Speech::Gemini | Speech::GeminiArray => {
            json!({"tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": schema}]}]})
        }
        Speech::Responses => {
            json!({"tools": [{"type": "function", "name": "weather", "parameters": schema}]})
        }
        _ => {
            json!({"tools": [{"type": "function", "function": {"name": "weather", "parameters": schema}}]})
        }
    }
}

fn asked(speech: Speech, rest: &Value) -> Call {
    speech.message("", rest)
}

#[tokio::test]
async fn an_answer_in_one_piece_comes_in_the_caller_s_words() {
    for (speech, kinds) in WAYS {
        let weir = setup(speech, kinds).behaviour(behaviour()).start().await;
        let answer = weir.ask(asked(speech, &json!({}))).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("request-id").is_some() && answer.header("x-request-id").is_some());
        let body = answer.json().await;
        let (told, usage) = match speech {
            Speech::Messages => (
                &body["content"][0]["text"],
                json!([
                    body["usage"]["input_tokens"],
                    body["usage"]["cache_read_input_tokens"]
                ]),
            ),
            _ => (
                &body["choices"][0]["message"]["content"],
                json!([
                    body["usage"]["prompt_tokens"],
                    body["usage"]["prompt_tokens_details"]["cached_tokens"]
                ]),
            ),
        };
        assert_eq!(told, "The water passes ", "{body}");
        let expected = match speech {
            Speech::Messages => json!([101, 1000]),
            _ => json!([1101, 1000]),
        };
        assert_eq!(usage, expected, "{body}");
        weir.until_nothing_is_held().await;
        let record = &weir.records(1).await[0];
        let numbers = ["input", "output", "cache_read", "outcome"].map(|field| text(record, field));
        assert_eq!(numbers, ["101", "17", "1000", "done"]);
    }
}

#[tokio::test]
async fn streams_with_thoughts_and_parallel_calls_are_told_as_they_come() {
    for (speech, kinds) in WAYS {
        for split in [None, Some(1), Some(50)] {
            let behaviour = Behaviour {
                calls: 3,
                thoughts: true,
                split,
                ..behaviour()
            };
            let weir = setup(speech, kinds).behaviour(behaviour).start().await;
            let mut rest = tools(speech);
            rest["stream"] = true.into();
            if speech == Speech::Chat {
                rest["stream_options"] = json!({"include_usage": true});
            }
            let stream = weir.ask(asked(speech, &rest)).await.text().await;
            let events = events(&stream);
            let (pointers, inputs) = match speech {
                Speech::Messages => (
                    ["/delta/thinking", "/delta/text", "/delta/partial_json"],
                    r#"{"place":"mock"}{"place":"mock"}{"place":"mock"}"#,
                ),
                _ => (
                    [
                        "/choices/0/delta/reasoning_content",
                        "/choices/0/delta/content",
                        "/choices/0/delta/tool_calls/0/function/arguments",
                    ],
                    r#"{"place":"mock"}{"place":"mock"}{"place":"mock"}"#,
                ),
            };
            let said = said(&events, pointers);
            assert_eq!(
                said,
                ["Water has to be let through.", "The water passes ", inputs],
                "{stream}"
            );
            let (last, reason, used) = match speech {
                Speech::Messages => (
                    "message_stop\"}\n\n",
                    "\"stop_reason\":\"tool_use\"",
                    "\"input_tokens\":101",
                ),
                _ => (
                    "data: [DONE]\n\n",
                    "\"finish_reason\":\"tool_calls\"",
                    "\"prompt_tokens\":1101",
                ),
            };
            assert!(
                stream.ends_with(last) && stream.contains(reason) && stream.contains(used),
                "{stream}"
            );
            weir.until_nothing_is_held().await;
            assert_eq!(text(&weir.records(1).await[0], "input"), "101");
        }
    }
}

#[tokio::test]
async fn a_chat_hears_of_usage_only_when_it_asked() {
    let weir = setup(Speech::Chat, &["anthropic"])
        .behaviour(behaviour())
        .start()
        .await;
    let stream = weir
        .ask(asked(Speech::Chat, &json!({"stream": true})))
        .await
        .text()
        .await;
    assert!(
        !stream.contains("usage") && stream.ends_with("data: [DONE]\n\n"),
        "{stream}"
    );
    weir.until_nothing_is_held().await;
    assert_eq!(text(&weir.records(1).await[0], "input"), "101");
}

#[tokio::test]
async fn what_tools_found_and_images_go_up() {
    let history = |speech: Speech| match speech {
        Speech::Messages => json!({"messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Where?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "weather", "input": {"place": "x"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "rain"}]},
        ]}),
        _ => json!({"messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Where?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]},
            {"role": "assistant", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{\"place\":\"x\"}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "rain"},
        ]}),
    };
    for (speech, kinds) in WAYS {
        let weir = setup(speech, kinds).start().await;
        let mut rest = tools(speech);
        rest["messages"] = history(speech)["messages"].clone();
        let answer = weir
            .ask(asked(speech, &rest))
            .await
            .json()
            .await
            .to_string();
        // The simulated upstream calls no tool whose result it has.
        assert!(
            answer.contains("The water") && !answer.contains("weather"),
            "{answer}"
        );
        let last = weir.provider.stats().last.expect("it was asked");
        assert_eq!(last.query, None);
        let path = if speech == Speech::Messages {
            "/v1/chat/completions"
        } else {
            "/v1/messages"
        };
        assert_eq!(last.path, path);
    }
}

#[tokio::test]
async fn heartbeats_are_the_caller_s_before_and_within_an_answer() {
    let often = "[waiting]\ngrace_ms = 100\nheartbeat_ms = 100\nsilence_ms = 100";
    let before = Behaviour {
        pause: true,
        ..behaviour()
    };
    let within = Behaviour {
        pause_after: Some(4),
        ..behaviour()
    };
    for (speech, kinds) in WAYS {
        let weir = setup(speech, kinds).head(often).start().await;
        let (beat, other, first) = match speech {
            Speech::Messages => ("event: ping\n", ": keep-alive\n", "message_start"),
            _ => (": keep-alive\n", "event: ping\n", "data: {\"id"),
        };
        let beats = |stream: &str| stream.matches(beat).count();
        weir.provider.set_behaviour(before.clone());
        let mut late = weir.ask(asked(speech, &json!({"stream": true}))).await;
        late.until_it("heartbeats", |heard| beats(heard) >= 2).await;
        weir.provider.resume();
        let late = late.text().await;
        let (heard, _) = late.split_once(first).expect("it begins");
        assert!(beats(heard) >= 2, "{late}");
        weir.provider.set_behaviour(within.clone());
        let mut silent = weir.ask(asked(speech, &json!({"stream": true}))).await;
        let has_begun = |heard: &str| heard.split_once(first).map(|(_, then)| beats(then));
        silent
            .until_it("heartbeats", |heard| has_begun(heard) >= Some(4))
            .await;
        weir.provider.resume();
        for stream in [late, silent.text().await] {
            assert!(!stream.contains(other), "{stream}");
            assert!(stream.replace('"', "").contains("passes"), "{stream}");
        }
    }
}

#[tokio::test]
async fn a_long_body_is_translated_too() {
    let data = "QUJD".repeat(1 << 20);
    for (speech, kinds) in WAYS {
        let image = match speech {
            Speech::Messages => {
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}})
            }
            _ => {
                json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}})
            }
        };
        let messages =
            json!([{"role": "user", "content": [{"type": "text", "text": "Well?"}, image]}]);
        let weir = setup(speech, kinds).start().await;
        let answer = weir
            .ask(asked(speech, &json!({"messages": messages})))
            .await;
        assert_eq!(answer.status, 200);
        answer.text().await;
        let last = weir.provider.stats().last.expect("it was asked");
        assert!(last.body_bytes > data.len(), "{}", last.body_bytes);
    }
}
