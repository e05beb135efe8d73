//! A message in the words of chat completions, where it comes in one piece. `stream.rs` has the other. Pure.

mod stream;

use serde_json::{Value, json};

pub(super) use self::stream::Stream;

use super::{Garbled, finish, spent};
use crate::time::UnixMillis;

pub(super) fn whole(body: &[u8], now: UnixMillis) -> Result<Value, Garbled> {
    let message: Value = serde_json::from_slice(body).map_err(|_| Garbled)?;
    let (mut text, mut thought, mut calls) = (String::new(), String::new(), Vec::new());
    let blocks = message["content"].as_array().ok_or(Garbled)?;
    for block in blocks {
        let said = |name: &str| block[name].as_str().unwrap_or_default();
        match block["type"].as_str() {
            Some("text") => text.push_str(said("text")),
            Some("thinking") => thought.push_str(said("thinking")),
            Some("tool_use") => {
                let function =
                    json!({"name": block["name"], "arguments": block["input"].to_string()});
                calls.push(json!({"id": block["id"], "type": "function", "function": function}));
            }
            // What nobody has asked for, and nobody there could read.
            _ => {}
        }
    }
    let content = Some(text).filter(|text| !text.is_empty() || calls.is_empty());
    let mut told =
        json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !thought.is_empty() {
        told["reasoning_content"] = thought.into();
    }
    if !calls.is_empty() {
        told["tool_calls"] = calls.into();
    }
    let finish_reason = finish::to_chat(message["stop_reason"].as_str());
    let choice =
        json!({"index": 0, "message": told, "logprobs": null, "finish_reason": finish_reason});
    Ok(json!({
        "id": message["id"],
        "object": "chat.completion",
        "created": now.0 / 1000,
        "model": message["model"],
        "choices": [choice],
        "usage": spent::to_chat(&message["usage"]),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(5_999);

    fn told(content: Value, stop_reason: &str) -> Value {
        let message = json!({"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": content,
            "stop_reason": stop_reason, "usage": {"input_tokens": 6, "cache_read_input_tokens": 4, "output_tokens": 5}});
        whole(message.to_string().as_bytes(), NOW).unwrap()
    }

    #[test]
    fn a_message_is_an_answer() {
        let content = json!([
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
            {"type": "redacted_thinking", "data": "x"},
            {"type": "text", "text": "It "},
            {"type": "text", "text": "rains."},
            {"type": "tool_use", "id": "a", "name": "one", "input": {"z": 1, "a": 2}},
            {"type": "tool_use", "id": "b", "name": "two", "input": {}},
        ]);
        let message = json!({"role": "assistant", "content": "It rains.", "refusal": null, "annotations": [],
        "reasoning_content": "Hm.", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "one", "arguments": "{\"z\":1,\"a\":2}"}},
            {"id": "b", "type": "function", "function": {"name": "two", "arguments": "{}"}},
        ]});
        let expected = json!({
            "id": "m1", "object": "chat.completion", "created": 5, "model": "m",
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}},
        });
        assert_eq!(told(content, "tool_use"), expected);
    }

    #[test]
    fn an_answer_without_text_has_none_only_beside_calls() {
        let message = |content, reason| told(content, reason)["choices"][0].clone();
        assert_eq!(message(json!([]), "end_turn")["message"]["content"], "");
        let call = json!([{"type": "tool_use", "id": "a", "name": "one", "input": {}}]);
        assert_eq!(message(call, "tool_use")["message"]["content"], Value::Null);
        assert_eq!(message(json!([]), "max_tokens")["finish_reason"], "length");
    }

    #[test]
    fn what_is_no_message_is_not_taken_for_one() {
        for body in ["", "5", "{}", r#"{"content":"x"}"#] {
            assert_eq!(whole(body.as_bytes(), NOW), Err(Garbled), "{body}");
        }
    }
}
