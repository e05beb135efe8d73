//! Streams of a chat, in the events of a response: what a reader of those makes of them, wherever they are mixed.

use proptest::{collection::vec, prop_assert_eq, proptest};

use super::*;
use crate::{
    time::UnixMillis,
    translate::{TellsUsage, Tools, responses::whole},
};

fn telling() -> Telling {
    let mut tools = Tools::default();
    tools.plain(Some("crew".into()), "look".into());
    Telling {
        tells_usage: TellsUsage::Yes,
        tools,
        now: UnixMillis(5_999),
    }
}

/// The data of all events that come of this.
fn told(heard: &[Heard]) -> Vec<Value> {
    let mut stream = Stream::new(telling());
    let mut out = Output::default();
    heard.iter().for_each(|heard| stream.tell(heard, &mut out));
    let text = String::from_utf8(out.take()).unwrap();
    let of_event = |event: &str| {
        let (name, data) = event.split_once("\ndata: ").expect("an event has both");
        let data: Value = serde_json::from_str(data).expect("its data is JSON");
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        data
    };
    let events: Vec<Value> = text.split_terminator("\n\n").map(of_event).collect();
    let numbers = events.iter().map(|event| event["sequence_number"].as_u64());
    assert!(numbers.eq((0..).map(Some).take(events.len())));
    assert_eq!(stream.told(), events.len() as u64);
    events
}

fn chunk(delta: Value) -> Heard {
    Heard::Chunk(
        json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]}),
    )
}

fn call(place: u64, id: Option<&str>, arguments: &str) -> Heard {
    let mut call = json!({"index": place, "function": {"arguments": arguments}});
    if let Some(id) = id {
        call["id"] = id.into();
        call["function"]["name"] = if id == "b" {
            "crew__look".into()
        } else {
            "one".into()
        };
    }
    chunk(json!({"tool_calls": [call]}))
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

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().filter_map(|event| event["type"].as_str());
    kinds
        .map(|kind| kind.strip_prefix("response.").unwrap_or(kind))
        .collect()
}

#[test]
fn thoughts_and_text_are_told_as_they_come() {
    let mut heard = vec![
        chunk(json!({"role": "assistant", "content": ""})),
        chunk(json!({"reasoning_content": "Hm."})),
        chunk(json!({"content": "It "})),
        chunk(json!({"content": "rains."})),
    ];
    heard.extend(end("stop"));
    let events = told(&heard);
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(kinds(&events), expected);
    let delta = json!({"delta": "rains.", "item_id": "msg_c1_1", "output_index": 1, "content_index": 0, "logprobs": [],
        "type": "response.output_text.delta", "sequence_number": 11});
    assert_eq!(events[11], delta);
    let response = &events[15]["response"];
    assert_eq!(response["output"][1]["content"][0]["text"], "It rains.");
    assert_eq!(
        (&response["status"], &response["usage"]["total_tokens"]),
        (&json!("completed"), &json!(12))
    );
}

#[test]
fn calls_that_are_mixed_stay_apart_and_have_their_names() {
    let mut heard = vec![
        chunk(json!({"content": "Both:"})),
        call(0, Some("a"), "{\"x\""),
        call(1, Some("b"), ""),
        call(0, None, ":1}"),
        call(1, None, "{}"),
    ];
    heard.extend(end("tool_calls"));
    let events = told(&heard);
    let deltas: Vec<Value> = events
        .iter()
        .filter(|event| event["type"] == "response.function_call_arguments.delta")
        .map(|event| json!([event["output_index"], event["delta"]]))
        .collect();
    let expected = [json!([1, "{\"x\""]), json!([1, ":1}"]), json!([2, "{}"])];
    assert_eq!(deltas, expected);
    let output = &events.last().unwrap()["response"]["output"];
    let calls = [1, 2].map(|place| {
        let call = &output[place];
        json!([
            call["call_id"],
            call["name"],
            call["namespace"],
            call["arguments"]
        ])
    });
    let expected = [
        json!(["a", "one", null, "{\"x\":1}"]),
        json!(["b", "look", "crew", "{}"]),
    ];
    assert_eq!(calls, expected);
    let done = |event: &&Value| event["type"] == "response.output_item.done";
    let done: Vec<&Value> = events
        .iter()
        .filter(done)
        .map(|event| &event["item"])
        .collect();
    assert_eq!(done, output.as_array().unwrap().iter().collect::<Vec<_>>());
}

#[test]
fn an_answer_that_was_cut_and_one_that_failed_say_so() {
    let mut heard = vec![chunk(json!({"content": "It"}))];
    heard.extend(end("length"));
    let events = told(&heard);
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    let details = &last["response"]["incomplete_details"]["reason"];
    assert_eq!(details, "max_output_tokens");
    let failure = json!({"error": {"type": "overloaded_error", "message": "Overloaded"}});
    let events = told(&[
        chunk(json!({"content": "It"})),
        Heard::Failed(Refusal::of_event(&failure)),
    ]);
    let last = events.last().unwrap();
    assert_eq!(
        (&last["type"], &last["code"], &last["message"]),
        (
            &json!("error"),
            &json!("overloaded_error"),
            &json!("Overloaded")
        )
    );
    assert_eq!(last["error"]["message"], "Overloaded");
}

#[test]
fn an_empty_answer_is_one() {
    let events = told(&[Heard::Done]);
    assert_eq!(kinds(&events), ["created", "in_progress", "completed"]);
    assert_eq!(events[2]["response"]["output"], json!([]));
}

proptest! {
    /// However it is cut, a stream tells in the end what the same answer tells in one piece.
    #[test]
    fn any_pieces_make_the_same_response(
        texts in vec("[a-z]{0,3}", 0..5),
        thoughts in vec("[a-z]{0,3}", 0..3),
        arguments in vec(vec("[a-z]{0,2}", 1..4), 0..3),
    ) {
        let mut heard = vec![chunk(json!({"role": "assistant"}))];
        heard.extend(thoughts.iter().map(|text| chunk(json!({"reasoning_content": text}))));
        heard.extend(texts.iter().map(|text| chunk(json!({"content": text}))));
        let mut calls = Vec::new();
        for (place, pieces) in arguments.iter().enumerate() {
            let id = format!("c{place}");
            heard.push(call(place as u64, Some(&id), "{\"x\":\""));
            heard.extend(pieces.iter().map(|piece| call(place as u64, None, piece)));
            heard.push(call(place as u64, None, "\"}"));
            let arguments = format!("{{\"x\":\"{}\"}}", pieces.concat());
            calls.push(json!({"id": id, "function": {"name": "one", "arguments": arguments}}));
        }
        heard.extend(end("stop"));
        let events = told(&heard);
        let message = json!({"content": texts.concat(), "reasoning_content": thoughts.concat(), "tool_calls": calls});
        let completion = json!({"id": "c1", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3}});
        let expected = whole(&completion, &telling()).unwrap();
        prop_assert_eq!(&events.last().unwrap()["response"], &expected);
    }
}
