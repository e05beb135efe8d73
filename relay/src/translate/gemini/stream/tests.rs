//! Streams of a chat, in Gemini's chunks: what a reader of those makes of them.

use proptest::{collection::vec, prop_assert_eq, proptest};

use super::*;
use crate::translate::{gemini::whole, refusal::Refusal};

fn text_of(heard: &[Heard], form: Form) -> String {
    let mut stream = Stream::new(form);
    let mut out = Output::default();
    heard.iter().for_each(|heard| stream.tell(heard, &mut out));
    assert!(!out.is_garbled());
    String::from_utf8(out.take()).unwrap()
}

/// The chunks, which are the same in either form.
fn told(heard: &[Heard]) -> Vec<Value> {
    let events = text_of(heard, Form::Events);
    let events = events.split_terminator("\n\n");
    let data = events.map(|event| event.strip_prefix("data: ").expect("it is one"));
    let chunks: Vec<Value> = data
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let array: Vec<Value> = serde_json::from_str(&text_of(heard, Form::Array)).unwrap();
    assert_eq!(array, chunks);
    chunks
}

fn chunk_of(delta: Value) -> Heard {
    Heard::Chunk(
        json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]}),
    )
}

fn call(place: u64, id: Option<&str>, arguments: &str) -> Heard {
    let mut call = json!({"index": place, "function": {"arguments": arguments}});
    if let Some(id) = id {
        call["id"] = id.into();
        call["function"]["name"] = format!("tool_{id}").into();
    }
    chunk_of(json!({"tool_calls": [call]}))
}

fn end(reason: &str) -> [Heard; 3] {
    [
        Heard::Chunk(
            json!({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}),
        ),
        Heard::Chunk(
            json!({"id": "c1", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}),
        ),
        Heard::Done,
    ]
}

#[test]
fn text_comes_as_it_is_made_and_calls_with_the_end() {
    let mut heard = vec![
        chunk_of(json!({"role": "assistant", "content": ""})),
        chunk_of(json!({"reasoning_content": "Hm."})),
        chunk_of(json!({"content": "Both:"})),
        call(0, Some("a"), "{\"x\""),
        call(1, Some("b"), ""),
        call(0, None, ":1}"),
    ];
    heard.extend(end("tool_calls"));
    let chunks = told(&heard);
    let parts: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["candidates"][0]["content"]["parts"])
        .collect();
    let expected = [
        json!([{"text": "Hm.", "thought": true}]),
        json!([{"text": "Both:"}]),
        json!([
            {"functionCall": {"id": "a", "name": "tool_a", "args": {"x": 1}}},
            {"functionCall": {"id": "b", "name": "tool_b", "args": {}}},
        ]),
    ];
    assert_eq!(parts, expected.iter().collect::<Vec<_>>());
    let last = chunks.last().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(last["usageMetadata"]["totalTokenCount"], 12);
    assert_eq!(
        (&last["modelVersion"], &last["responseId"]),
        (&json!("m"), &json!("c1"))
    );
    assert_eq!(chunks[0]["candidates"][0].get("finishReason"), None);
}

#[test]
fn an_answer_that_was_cut_and_one_that_failed_say_so() {
    let mut heard = vec![call(0, Some("a"), "{\"x\"")];
    heard.extend(end("length"));
    let chunks = told(&heard);
    assert_eq!(chunks[0]["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(
        chunks[0]["candidates"][0]["content"]["parts"],
        json!([{"text": ""}])
    );
    let failure = json!({"error": {"type": "overloaded_error", "message": "Overloaded"}});
    let failed = || Heard::Failed(Refusal::of_event(&failure));
    let chunks = told(&[chunk_of(json!({"content": "It"})), failed()]);
    assert_eq!(chunks[1]["error"]["message"], "Overloaded");
    assert_eq!(told(&[failed()])[0]["error"]["code"], 529);
}

#[test]
fn a_call_that_makes_no_sense_garbles_the_stream() {
    let mut stream = Stream::new(Form::Events);
    let mut out = Output::default();
    let [finish, ..] = end("tool_calls");
    for heard in [call(0, Some("a"), "{\"x\""), finish, Heard::Done] {
        stream.tell(&heard, &mut out);
    }
    assert!(out.is_garbled() && out.take().is_empty());
}

#[test]
fn the_relay_s_own_error_ends_an_array() {
    for heard in [vec![], vec![chunk_of(json!({"content": "It"}))]] {
        let mut stream = Stream::new(Form::Array);
        let mut out = Output::default();
        heard.iter().for_each(|heard| stream.tell(heard, &mut out));
        let mut text = out.take();
        text.extend(stream.last(b"{\"error\":{}}"));
        let array: Vec<Value> = serde_json::from_slice(&text).unwrap();
        assert_eq!(array.len(), heard.len() + 1);
    }
}

proptest! {
    /// However it is cut, a stream tells in all what the same answer tells in one piece.
    #[test]
    fn any_pieces_make_the_same_answer(
        texts in vec("[a-z]{0,3}", 0..5),
        arguments in vec(vec("[a-z]{0,2}", 1..4), 0..3),
    ) {
        let mut heard = vec![chunk_of(json!({"role": "assistant"}))];
        heard.extend(texts.iter().map(|text| chunk_of(json!({"content": text}))));
        let mut calls = Vec::new();
        for (place, pieces) in arguments.iter().enumerate() {
            let id = format!("c{place}");
            heard.push(call(place as u64, Some(&id), "{\"x\":\""));
            heard.extend(pieces.iter().map(|piece| call(place as u64, None, piece)));
            heard.push(call(place as u64, None, "\"}"));
            let arguments = format!("{{\"x\":\"{}\"}}", pieces.concat());
            calls.push(json!({"id": id, "function": {"name": format!("tool_{id}"), "arguments": arguments}}));
        }
        heard.extend(end("stop"));
        let chunks = told(&heard);
        let parts = chunks.iter().flat_map(|chunk| {
            chunk["candidates"][0]["content"]["parts"].as_array().unwrap().clone()
        });
        let (calls_told, texts_told): (Vec<Value>, Vec<Value>) =
            parts.partition(|part| part["functionCall"].is_object());
        let text: String = texts_told.iter().filter_map(|part| part["text"].as_str()).collect();
        let message = json!({"content": texts.concat(), "tool_calls": calls});
        let completion = json!({"id": "c1", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3}});
        let expected = whole(&completion).unwrap();
        let expected_parts = expected["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
        let (expected_calls, expected_texts): (Vec<Value>, Vec<Value>) =
            expected_parts.into_iter().partition(|part| part["functionCall"].is_object());
        let expected_text: String = expected_texts.iter().filter_map(|part| part["text"].as_str()).collect();
        prop_assert_eq!(text, expected_text);
        prop_assert_eq!(calls_told, expected_calls);
        prop_assert_eq!(&chunks.last().unwrap()["usageMetadata"], &expected["usageMetadata"]);
    }
}
