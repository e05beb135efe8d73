//! Streams of a chat, in the events of a message: what a reader of messages makes of them, wherever they are mixed or cut.

use proptest::{collection::vec, prelude::any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::{
    sse::Event,
    time::UnixMillis,
    translate::{self, Asked, Served, Telling, TellsUsage, Tools, Translation},
};

fn event(data: &str) -> Event<'_> {
    Event {
        name: b"",
        data: data.as_bytes(),
        end: 0,
    }
}

/// A stream of a chat, for a reader of messages.
fn reader() -> translate::Stream {
    let translation = Translation {
        asked: Asked::Messages,
        served: Served::Chat,
    };
    translation.stream(Telling {
        tells_usage: TellsUsage::Yes,
        tools: Tools::default(),
        now: UnixMillis(0),
    })
}

/// The data of all events that come of these chunks.
fn told(chunks: &[Value]) -> Vec<Value> {
    let mut stream = reader();
    let mut out = Output::default();
    for chunk in chunks {
        let data = chunk
            .as_str()
            .map_or_else(|| chunk.to_string(), str::to_owned);
        stream.event(&event(&data), &mut out);
    }
    let text = String::from_utf8(out.take()).unwrap();
    let of_event = |event: &str| {
        let (name, data) = event.split_once("\ndata: ").expect("an event has both");
        let data: Value = serde_json::from_str(data).expect("its data is JSON");
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        data
    };
    text.split_terminator("\n\n").map(of_event).collect()
}

fn chunk(delta: Value) -> Value {
    json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn text(text: &str) -> Value {
    chunk(json!({"content": text}))
}

fn call(place: u64, id: Option<&str>, arguments: &str) -> Value {
    let mut call = json!({"index": place, "function": {"arguments": arguments}});
    if let Some(id) = id {
        call["id"] = id.into();
        call["function"]["name"] = format!("tool_{id}").into();
    }
    chunk(json!({"tool_calls": [call]}))
}

fn finish(reason: &str) -> Value {
    json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn usage() -> Value {
    json!({"id": "c1", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}})
}

fn done() -> Value {
    json!("[DONE]")
}

/// The message that a reader puts together, which checks the order of events.
fn read(events: &[Value]) -> Value {
    let mut message = Value::Null;
    let mut open = None;
    let mut inputs = String::new();
    for event in events {
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(open, None, "{event}");
                let content = message["content"].as_array_mut().unwrap();
                assert_eq!(event["index"], content.len());
                open = event["index"].as_u64();
                content.push(event["content_block"].clone());
                inputs.clear();
            }
            "content_block_delta" => {
                assert_eq!(event["index"].as_u64(), open);
                let block = message["content"]
                    .as_array_mut()
                    .unwrap()
                    .last_mut()
                    .unwrap();
                let delta = &event["delta"];
                for name in ["text", "thinking"] {
                    if let Some(more) = delta[name].as_str() {
                        block[name] = format!("{}{more}", block[name].as_str().unwrap()).into();
                    }
                }
                inputs += delta["partial_json"].as_str().unwrap_or_default();
            }
            "content_block_stop" => {
                assert_eq!(event["index"].as_u64(), open.take());
                let block = message["content"]
                    .as_array_mut()
                    .unwrap()
                    .last_mut()
                    .unwrap();
                if block["type"] == "tool_use" && !inputs.is_empty() {
                    block["input"] = serde_json::from_str(&inputs).expect("the input is whole");
                }
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["usage"] = event["usage"].clone();
            }
            "message_stop" => return message,
            other => panic!("{other}"),
        }
    }
    panic!("it has no end: {events:?}");
}

#[test]
fn text_is_told_as_it_comes() {
    let chunks = [
        chunk(json!({"role": "assistant", "content": ""})),
        text("It "),
        text("rains."),
        finish("stop"),
        usage(),
        done(),
    ];
    let types: Vec<Value> = told(&chunks)
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(types, expected);
    let message = read(&told(&chunks));
    assert_eq!(
        message["content"],
        json!([{"type": "text", "text": "It rains."}])
    );
    assert_eq!(
        (&message["id"], &message["model"]),
        (&json!("c1"), &json!("m"))
    );
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(
        (
            &message["usage"]["input_tokens"],
            &message["usage"]["output_tokens"]
        ),
        (&json!(9), &json!(3))
    );
}

#[test]
fn thoughts_text_and_calls_are_blocks_one_after_the_other() {
    let chunks = [
        chunk(json!({"reasoning_content": "H"})),
        chunk(json!({"reasoning": "m."})),
        text("I look."),
        call(0, Some("a"), ""),
        call(0, None, "{\"x\""),
        call(0, None, ":1}"),
        call(1, Some("b"), "{}"),
        finish("tool_calls"),
        done(),
    ];
    let message = read(&told(&chunks));
    let expected = json!([
        {"type": "thinking", "thinking": "Hm.", "signature": ""},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "a", "name": "tool_a", "input": {"x": 1}},
        {"type": "tool_use", "id": "b", "name": "tool_b", "input": {}},
    ]);
    assert_eq!(message["content"], expected);
    assert_eq!(message["stop_reason"], "tool_use");
}

#[test]
fn a_second_call_is_told_as_soon_as_the_first_is_complete() {
    let first = [
        call(0, Some("a"), "{\"x\":1}"),
        call(1, Some("b"), "{\"y\""),
    ];
    let last = told(&first).pop().unwrap();
    assert_eq!(
        last["delta"],
        json!({"type": "input_json_delta", "partial_json": "{\"y\""})
    );
    let incomplete = [call(0, Some("a"), "{\"x\":"), call(1, Some("b"), "{\"y\"")];
    let last = told(&incomplete).pop().unwrap();
    assert_eq!(last["delta"]["partial_json"], "{\"x\":");
}

#[test]
fn calls_without_number_or_name_are_told_apart() {
    let piece = |id: &str| {
        chunk(json!({"tool_calls": [{"id": id, "function": {"name": "f", "arguments": "{}"}}]}))
    };
    let message = read(&told(&[piece(""), piece(""), finish("stop"), done()]));
    let ids: Vec<&Value> = message["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| &block["id"])
        .collect();
    assert_eq!(ids, [&json!("call_c1_0"), &json!("call_c1_1")]);
    assert_eq!(message["stop_reason"], "tool_use");
}

#[test]
fn an_error_ends_a_stream() {
    let error =
        json!({"error": {"message": "Overloaded", "type": "server_error", "code": "overloaded"}});
    let events = told(&[text("a"), error, text("b"), done()]);
    let last = events.last().unwrap();
    assert_eq!(
        (&last["type"], &last["error"]["type"]),
        (&json!("error"), &json!("overloaded_error"))
    );
}

#[test]
fn what_is_no_chunk_garbles_the_stream() {
    let mut out = Output::default();
    reader().event(&event("not json"), &mut out);
    assert!(out.is_garbled() && out.take().is_empty());
}

#[test]
fn an_answer_of_nothing_is_a_message_of_nothing() {
    let message = read(&told(&[done()]));
    assert_eq!(
        (&message["content"], &message["stop_reason"]),
        (&json!([]), &json!("end_turn"))
    );
}

proptest! {
    /// However a server mixes the pieces of its calls and its text, nothing is lost and no block is opened in another.
    #[test]
    fn calls_come_whole_however_they_are_mixed(
        inputs in vec("[a-z\"\\\\é]{0,12}", 1..4),
        order in vec(any::<proptest::sample::Index>(), 0..60),
        texts in vec(any::<bool>(), 0..60),
    ) {
        let mut left: Vec<Vec<String>> = inputs.iter().map(|input| {
            let all: Vec<char> = json!({"v": input}).to_string().chars().collect();
            all.chunks(3).rev().map(|piece| piece.iter().collect()).collect()
        }).collect();
        let mut begun = vec![false; inputs.len()];
        let mut chunks = Vec::new();
        let mut tell = |place: usize, chunks: &mut Vec<Value>| {
            if let Some(piece) = left[place].pop() {
                let id = (!std::mem::replace(&mut begun[place], true)).then(|| format!("t{place}"));
                chunks.push(call(place as u64, id.as_deref(), &piece));
            }
        };
        for (step, place) in order.iter().enumerate() {
            if texts.get(step) == Some(&true) {
                chunks.push(text("w"));
            }
            tell(place.index(inputs.len()), &mut chunks);
        }
        for place in 0..inputs.len() {
            (0..20).for_each(|_| tell(place, &mut chunks));
        }
        let words = chunks.iter().filter(|chunk| chunk["choices"][0]["delta"]["content"] == "w").count();
        chunks.extend([finish("tool_calls"), done()]);
        let message = read(&told(&chunks));
        let blocks = message["content"].as_array().unwrap();
        for (place, input) in inputs.iter().enumerate() {
            let id = format!("t{place}");
            let block = blocks.iter().find(|block| block["id"] == id.as_str());
            prop_assert_eq!(&block.unwrap()["input"], &json!({"v": input}));
        }
        let said: String = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
        prop_assert_eq!(said.len(), words);
        prop_assert!(message["stop_reason"] == "tool_use");
    }

    #[test]
    fn no_chunk_makes_it_panic(parts in vec("[a-z]{0,3}|\\{\"choices\":\\[\\{\"delta\":\\{\"tool_calls\":\\[\\{\"index\":[0-9]{1,20}\\}\\]\\}\\}\\]\\}|\\[DONE\\]|\\{\"usage\":\\{\\}\\}|\\{\"choices\":5\\}", 0..8)) {
        let mut stream = reader();
        let mut out = Output::default();
        for part in &parts {
            stream.event(&event(part), &mut out);
        }
    }
}
