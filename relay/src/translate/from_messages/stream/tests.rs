//! Streams of a message, in the chunks of a chat: what a reader of chats makes of them.

use super::*;
use crate::translate::{
    Asked, Asking, AsksUsage, Comes, Output, Served, Stream as Either, Telling, Tools, Translation,
};

const NOW: UnixMillis = UnixMillis(5_999);

const TO_CHAT: Translation = Translation {
    asked: Asked::Messages,
    served: Served::Chat,
};
const TO_MESSAGES: Translation = Translation {
    asked: Asked::Chat,
    served: Served::Messages,
};

fn telling(tells_usage: TellsUsage) -> Telling {
    Telling {
        tells_usage,
        tools: Tools::default(),
        now: NOW,
    }
}

fn asking(model: &str) -> Asking {
    Asking {
        model: model.into(),
        usage: AsksUsage::Yes,
        comes: Comes::Whole,
    }
}

fn told(events: &[Value], tells_usage: TellsUsage) -> Vec<Value> {
    let mut stream = TO_MESSAGES.stream(telling(tells_usage));
    let mut out = Output::default();
    for event in events {
        let data = event.to_string();
        let name = event["type"].as_str().unwrap_or_default();
        let (name, data) = (name.as_bytes(), data.as_bytes());
        stream.event(&Event { name, data, end: 0 }, &mut out);
    }
    assert!(!out.is_garbled());
    let text = String::from_utf8(out.take()).unwrap();
    let data = |event: &str| event.strip_prefix("data: ").expect("it is one").to_owned();
    let of_event =
        |event: &str| serde_json::from_str(&data(event)).unwrap_or_else(|_| data(event).into());
    text.split_terminator("\n\n").map(of_event).collect()
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "m1", "model": "m",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 1}}})
}

fn opening(block: Value) -> Value {
    json!({"type": "content_block_start", "index": 0, "content_block": block})
}

fn delta(delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": delta})
}

fn stop() -> Value {
    json!({"type": "content_block_stop", "index": 0})
}

fn end(reason: &str) -> [Value; 2] {
    [
        json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 7, "input_tokens": null}}),
        json!({"type": "message_stop"}),
    ]
}

fn deltas(chunks: &[Value]) -> Vec<Value> {
    let of = |chunk: &Value| chunk["choices"][0]["delta"].clone();
    chunks
        .iter()
        .map(of)
        .filter(|delta| !delta.is_null())
        .collect()
}

#[test]
fn text_and_thoughts_are_told_as_they_come() {
    let mut events = vec![
        start(),
        json!({"type": "ping"}),
        opening(json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(json!({"type": "thinking_delta", "thinking": "Hm."})),
        delta(json!({"type": "signature_delta", "signature": "s"})),
        stop(),
        opening(json!({"type": "text", "text": ""})),
        delta(json!({"type": "text_delta", "text": "It "})),
        delta(json!({"type": "text_delta", "text": "rains."})),
        stop(),
        json!({"type": "a_new_event", "x": 1}),
    ];
    events.extend(end("end_turn"));
    let chunks = told(&events, TellsUsage::Yes);
    let expected = [
        json!({"role": "assistant", "content": "", "refusal": null}),
        json!({"reasoning_content": "Hm."}),
        json!({"content": "It "}),
        json!({"content": "rains."}),
        json!({}),
    ];
    assert_eq!(deltas(&chunks), expected);
    let first = json!({"id": "m1", "object": "chat.completion.chunk", "created": 5, "model": "m",
        "choices": [{"index": 0, "delta": expected[0], "logprobs": null, "finish_reason": null}], "usage": null});
    assert_eq!(chunks[0], first);
    let [.., finish, usage, done] = chunks.as_slice() else {
        panic!("it has an end: {chunks:?}");
    };
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert_eq!((&usage["choices"], done), (&json!([]), &json!("[DONE]")));
    assert_eq!(
        (
            &usage["usage"]["prompt_tokens"],
            &usage["usage"]["completion_tokens"]
        ),
        (&json!(9), &json!(7))
    );
}

#[test]
fn parallel_calls_are_numbered_and_have_an_input() {
    let mut events = vec![
        start(),
        opening(json!({"type": "tool_use", "id": "a", "name": "one", "input": {}})),
        delta(json!({"type": "input_json_delta", "partial_json": ""})),
        delta(json!({"type": "input_json_delta", "partial_json": "{\"x\""})),
        delta(json!({"type": "input_json_delta", "partial_json": ":1}"})),
        stop(),
        opening(json!({"type": "tool_use", "id": "b", "name": "two", "input": {}})),
        stop(),
    ];
    events.extend(end("tool_use"));
    let chunks = told(&events, TellsUsage::No);
    let call = |call: Value| json!({"tool_calls": [call]});
    let begun = |index: u64, id: &str, name: &str| {
        call(
            json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}),
        )
    };
    let more =
        |index: u64, text: &str| call(json!({"index": index, "function": {"arguments": text}}));
    let expected = [
        begun(0, "a", "one"),
        more(0, "{\"x\""),
        more(0, ":1}"),
        begun(1, "b", "two"),
        more(1, "{}"),
        json!({}),
    ];
    assert_eq!(deltas(&chunks)[1..], expected);
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
    assert_eq!(
        chunks[chunks.len() - 2]["choices"][0]["finish_reason"],
        "tool_calls"
    );
}

#[test]
fn an_error_ends_a_stream() {
    let error =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let chunks = told(&[start(), error, start()], TellsUsage::Yes);
    assert_eq!(chunks.len(), 2);
    assert_eq!(chunks[1]["error"]["code"], "overloaded_error");
}

#[test]
fn what_is_no_event_garbles_the_stream() {
    let mut stream = TO_MESSAGES.stream(telling(TellsUsage::No));
    let mut out = Output::default();
    let event = Event {
        name: b"message_start",
        data: b"not json",
        end: 0,
    };
    stream.event(&event, &mut out);
    assert!(out.is_garbled() && out.take().is_empty());
}

/// What goes to the other side and back is what it was.
#[test]
fn a_stream_comes_back_as_it_was() {
    let mut events = vec![
        start(),
        opening(json!({"type": "text", "text": ""})),
        delta(json!({"type": "text_delta", "text": "Two:"})),
        stop(),
    ];
    for id in ["a", "b"] {
        events.push(opening(
            json!({"type": "tool_use", "id": id, "name": "tool", "input": {}}),
        ));
        events.push(delta(
            json!({"type": "input_json_delta", "partial_json": "{\"x\":1}"}),
        ));
        events.push(stop());
    }
    events.extend(end("tool_use"));
    let chunks = told(&events, TellsUsage::Yes);
    let mut back: Either = TO_CHAT.stream(telling(TellsUsage::Yes));
    let mut out = Output::default();
    for chunk in &chunks {
        let data = chunk
            .as_str()
            .map_or_else(|| chunk.to_string(), str::to_owned);
        back.event(
            &Event {
                name: b"",
                data: data.as_bytes(),
                end: 0,
            },
            &mut out,
        );
    }
    let text = String::from_utf8(out.take()).unwrap();
    let kinds: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    let expected: Vec<&str> = events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    assert_eq!(kinds, expected);
    assert!(text.contains(r#""output_tokens":7"#), "{text}");
}

#[test]
fn a_request_comes_back_as_it_was() {
    let request = json!({
        "model": "claude-opus-4-8", "max_tokens": 100,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Look."},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
            ]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "Both."},
                {"type": "tool_use", "id": "a", "name": "one", "input": {"z": 1, "a": [2]}},
                {"type": "tool_use", "id": "b", "name": "two", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "fine"}]},
                {"type": "tool_result", "tool_use_id": "b"},
                {"type": "text", "text": "Go on."},
            ]},
        ],
        "temperature": 0.5, "stop_sequences": ["END"],
        "tools": [{"name": "one", "input_schema": {"type": "object", "properties": {"z": {}, "a": {}}}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "metadata": {"user_id": "ada"}, "stream": true,
    });
    let body = request.to_string();
    let chat = TO_CHAT.request(body.as_bytes(), &asking("o3")).unwrap();
    let back = TO_MESSAGES.request(&chat.body, &asking("claude-opus-4-8"));
    let back: Value = serde_json::from_slice(&back.unwrap().body).unwrap();
    assert_eq!(back, request);
}
