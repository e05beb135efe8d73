//! The Anthropic dialect of the simulated upstream: what a request must have, and how answers are worded.

mod models;
mod read;
mod wire;

pub(super) use models::models;
pub(super) use read::{credential, read_body, read_messages};

use std::iter;

use hyper::header::{HeaderName, HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};

use self::read::check_count;
use self::wire::{Block, Delta, ErrorForm, Event, FailureForm, Message, StopDelta};
use super::answer::{Answer, Call};
use super::dialect::{Failure, insert_all};
use super::playback::{Playback, json_response};
use super::script::Script;

/// The same in every answer: this account never runs short.
const SIGNATURE: [(&str, &str); 14] = [
    (
        "anthropic-organization-id",
        "00000000-0000-4000-8000-000000000000",
    ),
    ("anthropic-ratelimit-requests-limit", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("anthropic-ratelimit-requests-reset", "2030-01-01T00:00:00Z"),
    ("anthropic-ratelimit-tokens-limit", "480000"),
    ("anthropic-ratelimit-tokens-remaining", "480000"),
    ("anthropic-ratelimit-tokens-reset", "2030-01-01T00:00:00Z"),
    ("anthropic-ratelimit-input-tokens-limit", "400000"),
    ("anthropic-ratelimit-input-tokens-remaining", "400000"),
    (
        "anthropic-ratelimit-input-tokens-reset",
        "2030-01-01T00:00:00Z",
    ),
    ("anthropic-ratelimit-output-tokens-limit", "80000"),
    ("anthropic-ratelimit-output-tokens-remaining", "80000"),
    (
        "anthropic-ratelimit-output-tokens-reset",
        "2030-01-01T00:00:00Z",
    ),
    ("via", "1.1 mock"),
];

/// Who has made a thought.
const SIGNED: &str = "bW9jaw==";

pub(super) fn sign(headers: &mut HeaderMap, serial: u64) {
    insert_all(headers, &SIGNATURE);
    headers.insert(
        SET_COOKIE,
        HeaderValue::from_static("__cf_bm=mock; path=/; HttpOnly; Secure"),
    );
    let request_id = HeaderValue::try_from(request_id(serial)).expect("the id is ASCII");
    headers.insert(HeaderName::from_static("request-id"), request_id);
}

/// The message in one piece.
pub(super) fn whole(answer: &Answer) -> Script {
    let text = answer.text();
    let text = answer.has_text().then_some(Block::Text { text: &text });
    let thought = answer.thought.map(|thinking| Block::Thinking {
        thinking,
        signature: SIGNED,
    });
    let calls = answer.calls.iter();
    let calls = calls.map(|call| Block::tool_use(answer.serial, call, call.input.clone()));
    let message = Message {
        content: thought.into_iter().chain(text).chain(calls).collect(),
        stop_reason: Some(stop_reason(answer)),
        ..Message::opening(answer, answer.usage.output)
    };
    Script::json(&message)
}

/// The message as events: a thought and text first, then the tool's calls.
pub(super) fn stream(answer: &Answer) -> Script {
    let mut script = Script::default();
    push(
        &mut script,
        Event::MessageStart {
            message: Message::opening(answer, 1),
        },
    );
    let thoughts = append_thought(&mut script, answer);
    let texts = append_text(&mut script, thoughts, answer);
    for call in &answer.calls {
        append_call(
            &mut script,
            thoughts + texts + call.place,
            answer.serial,
            call,
        );
    }
    let delta = StopDelta {
        stop_reason: stop_reason(answer),
        stop_sequence: None,
    };
    let usage = answer.usage.into();
    push(&mut script, Event::MessageDelta { delta, usage });
    push(&mut script, Event::MessageStop {});
    script
}

fn push(script: &mut Script, event: Event<'_>) {
    script.event(|bytes| event.write(bytes));
}

fn open(script: &mut Script, index: usize, content_block: Block<'_>) {
    push(
        script,
        Event::ContentBlockStart {
            index,
            content_block,
        },
    );
}

/// Returns how many blocks were appended.
fn append_thought(script: &mut Script, answer: &Answer) -> usize {
    let Some(thinking) = answer.thought else {
        return 0;
    };
    let index = 0;
    let block = Block::Thinking {
        thinking: "",
        signature: "",
    };
    open(script, index, block);
    for delta in [
        Delta::ThinkingDelta { thinking },
        Delta::SignatureDelta { signature: SIGNED },
    ] {
        push(script, Event::ContentBlockDelta { index, delta });
    }
    push(script, Event::ContentBlockStop { index });
    1
}

/// Returns how many blocks were appended: none if only a tool is called.
fn append_text(script: &mut Script, index: usize, answer: &Answer) -> usize {
    if !answer.has_text() {
        return 0;
    }
    open(script, index, Block::Text { text: "" });
    push(script, Event::Ping {});
    for text in &answer.pieces {
        let delta = Delta::TextDelta { text };
        let event = Event::ContentBlockDelta { index, delta };
        script.paced_event(|bytes| event.write(bytes));
    }
    push(script, Event::ContentBlockStop { index });
    1
}

fn append_call(script: &mut Script, index: usize, serial: u64, call: &Call) {
    let empty = Value::Object(Map::new());
    open(script, index, Block::tool_use(serial, call, empty));
    // The provider begins with an empty one.
    for partial_json in iter::once(String::new()).chain(call.input_pieces()) {
        let delta = Delta::InputJsonDelta {
            partial_json: &partial_json,
        };
        script.paced_event(|bytes| Event::ContentBlockDelta { index, delta }.write(bytes));
    }
    push(script, Event::ContentBlockStop { index });
}

fn stop_reason(answer: &Answer) -> &'static str {
    match answer.calls.is_empty() {
        false => "tool_use",
        true => "end_turn",
    }
}

pub(super) fn append_failure(script: &mut Script, failure: &Failure) {
    let error = ErrorForm {
        kind: error_type(failure.status),
        message: &failure.message,
    };
    push(script, Event::Error { error });
}

pub(super) fn count(head: &Parts, body: &[u8], tokens: u64) -> Result<Response<Playback>, Failure> {
    check_count(head, body)?;
    let counted = json!({ "input_tokens": tokens });
    Ok(json_response(StatusCode::OK, &counted))
}

pub(super) fn failed(failure: &Failure, serial: u64) -> Response<Playback> {
    let error = ErrorForm {
        kind: error_type(failure.status),
        message: &failure.message,
    };
    let body = FailureForm {
        kind: "error",
        error,
        request_id: request_id(serial),
    };
    failure.answered(&body)
}

/// The provider's documented types; other statuses go by their class.
fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn request_id(serial: u64) -> String {
    format!("req_mock_{serial:016x}")
}

#[cfg(test)]
mod tests {
    use super::super::answer::Ask;
    use super::super::answer::Tool;
    use super::super::behaviour::Behaviour;
    use super::*;

    fn answer(tool: Option<Tool>) -> Answer {
        let ask = Ask {
            model: "claude-mock-1".into(),
            tool,
            ..Ask::default()
        };
        let behaviour = "chunks=2,input_tokens=10,output_tokens=5,cache_read_tokens=3,cache_write_tokens=2,cache_write_1h_tokens=1";
        Answer::compose(ask, &Behaviour::default().with_pairs(behaviour).unwrap(), 7)
    }

    fn tool() -> Tool {
        let input_schema =
            json!({"required": ["place"], "properties": {"place": {"type": "string"}}});
        Tool {
            name: "weather".into(),
            input_schema,
        }
    }

    fn text(script: Script) -> String {
        String::from_utf8(script.plan(&Behaviour::default()).bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_stream_has_the_provider_s_events_in_its_order() {
        let expected = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_mock_0000000000000007","type":"message","role":"assistant","model":"claude-mock-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":1},"output_tokens":1,"service_tier":"standard","inference_geo":"global"}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"The "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"water "}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":3,"output_tokens":5}}

event: message_stop
data: {"type":"message_stop"}

"#;
        assert_eq!(text(stream(&answer(None))), expected);
    }

    #[test]
    fn a_tool_s_input_comes_in_pieces_that_join_to_json() {
        let text = text(stream(&answer(Some(tool()))));
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let events: Vec<Value> = data
            .map(|data| serde_json::from_str(data).unwrap())
            .collect();
        let input: String = events
            .iter()
            .filter_map(|event| event["delta"]["partial_json"].as_str())
            .collect();
        assert_eq!(input, r#"{"place":"mock"}"#);
        assert!(text.contains(r#""content_block":{"type":"tool_use","id":"toolu_mock_0000000000000007","name":"weather","input":{}}"#));
        assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
    }

    #[test]
    fn a_whole_message_has_its_content_and_usage() {
        let message: Value = serde_json::from_str(&text(whole(&answer(Some(tool()))))).unwrap();
        let call = json!({"type": "tool_use", "id": "toolu_mock_0000000000000007", "name": "weather", "input": {"place": "mock"}});
        assert_eq!(
            message["content"],
            json!([{"type": "text", "text": "The water "}, call])
        );
        assert_eq!(message["stop_reason"], "tool_use");
        assert_eq!(message["usage"]["output_tokens"], 5);
    }
}
