//! Whatever comes, from callers and from upstreams, is translated or refused.

use proptest::{
    collection::vec,
    prelude::any,
    prop_assert_eq, prop_oneof, proptest,
    strategy::{Just, Strategy},
};
use serde_json::{Map, Value, json};

use super::{
    Asked, Asking, AsksUsage, Comes, Output, Served, Telling, TellsUsage, Tools, Translation,
};
use crate::{sse::Event, time::UnixMillis};

const WAYS: [Translation; 7] = [
    way(Asked::Messages, Served::Chat),
    way(Asked::Chat, Served::Messages),
    way(Asked::Responses, Served::Chat),
    way(Asked::Responses, Served::Messages),
    way(Asked::Gemini, Served::Chat),
    way(Asked::Gemini, Served::Messages),
    way(Asked::GeminiArray, Served::Messages),
];

const fn way(asked: Asked, served: Served) -> Translation {
    Translation { asked, served }
}

fn telling() -> Telling {
    Telling {
        tells_usage: TellsUsage::Yes,
        tools: Tools::default(),
        now: UnixMillis(0),
    }
}

/// All that either API has a meaning for.
const KEYS: [&str; 43] = [
    "messages",
    "role",
    "content",
    "type",
    "text",
    "system",
    "tools",
    "tool_choice",
    "name",
    "input_schema",
    "function",
    "parameters",
    "tool_calls",
    "id",
    "arguments",
    "input",
    "tool_use_id",
    "tool_call_id",
    "image_url",
    "url",
    "source",
    "data",
    "media_type",
    "thinking",
    "budget_tokens",
    "choices",
    "message",
    "delta",
    "usage",
    "error",
    "index",
    "finish_reason",
    "content_block",
    "output_config",
    "instructions",
    "call_id",
    "output",
    "summary",
    "encrypted_content",
    "namespace",
    "reasoning",
    "format",
    "schema",
];

const WORDS: [&str; 31] = [
    "user",
    "assistant",
    "system",
    "tool",
    "text",
    "image",
    "tool_use",
    "tool_result",
    "function",
    "image_url",
    "base64",
    "url",
    "enabled",
    "adaptive",
    "auto",
    "stop",
    "length",
    "message_start",
    "content_block_start",
    "content_block_delta",
    "message_delta",
    "message_stop",
    "error",
    "{\"x\":1}",
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "input_text",
    "input_image",
    "json_schema",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
        any::<proptest::sample::Index>().prop_map(|index| WORDS[index.index(WORDS.len())].into()),
    ];
    leaf.prop_recursive(6, 60, 5, |inner| {
        let key = any::<proptest::sample::Index>();
        let member = (key, inner.clone());
        let object = vec(member, 0..6).prop_map(|members| {
            let named = members.into_iter();
            let named = named.map(|(key, value)| (KEYS[key.index(KEYS.len())].to_owned(), value));
            Value::Object(named.collect::<Map<_, _>>())
        });
        prop_oneof![vec(inner, 0..4).prop_map(Value::from), object]
    })
}

proptest! {
    #[test]
    fn any_request_is_translated_or_refused(value in value(), messages in vec(value(), 0..4)) {
        let mut value = value;
        if let Value::Object(members) = &mut value {
            for name in ["messages", "input", "contents"] {
                members.insert(name.into(), messages.clone().into());
            }
        }
        for way in WAYS {
            let body = value.to_string();
            // Whether it can be does not depend on the model.
            let of = |model| {
                let asking = Asking { model: str::to_owned(model), usage: AsksUsage::Yes, comes: Comes::Whole };
                way.request(body.as_bytes(), &asking).is_ok()
            };
            prop_assert_eq!(of("gpt-5"), of("claude-3-5-sonnet"));
            prop_assert_eq!(of("gpt-4o"), of("claude-opus-4-8"));
            prop_assert_eq!(of("gpt-4o"), of("deepseek-chat"));
        }
    }

    #[test]
    fn any_answer_is_translated_or_refused(value in value(), status in 0..1000_u16) {
        let body = value.to_string();
        for way in WAYS {
            drop(way.answer(body.as_bytes(), &telling()));
            let refusal: Value = serde_json::from_slice(&way.refusal(status, body.as_bytes())).unwrap();
            prop_assert_eq!(refusal["error"]["message"].is_string(), true);
        }
    }

    #[test]
    fn any_event_is_translated_or_refused(values in vec(value(), 0..8), cut in any::<proptest::sample::Index>()) {
        for way in WAYS {
            let mut stream = way.stream(telling());
            let mut out = Output::default();
            for value in &values {
                let data = value.to_string();
                let data = &data.as_bytes()[..data.len() - cut.index(2).min(data.len())];
                stream.event(&Event { name: b"", data, end: 0 }, &mut out);
            }
            let said = out.take();
            let is_in_form = match way.asked {
                Asked::GeminiArray => said.starts_with(b"["),
                _ => said.ends_with(b"\n\n"),
            };
            prop_assert_eq!(said.is_empty() || is_in_form, true);
        }
    }
}

/// What says that an answer is complete comes only of what says so.
#[test]
fn only_its_end_ends_a_stream() {
    for (way, last) in [
        (WAYS[0], "message_stop"),
        (WAYS[1], "[DONE]"),
        (WAYS[2], "response.completed"),
        (WAYS[3], "response.completed"),
        (WAYS[4], "finishReason"),
        (WAYS[5], "finishReason"),
        (WAYS[6], "]\n"),
    ] {
        let mut stream = way.stream(telling());
        let mut out = Output::default();
        for data in [
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
            json!({"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}),
        ] {
            let data = data.to_string();
            stream.event(
                &Event {
                    name: b"",
                    data: data.as_bytes(),
                    end: 0,
                },
                &mut out,
            );
        }
        let said = String::from_utf8(out.take()).unwrap();
        assert!(!said.contains(last), "{said}");
    }
}
