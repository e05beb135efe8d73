//! A completion as Gemini's answer, where it comes in one piece, and the parts of which both kinds of answers consist. Pure.

use serde_json::{Value, json};

use crate::translate::{
    Garbled,
    chat::{arguments, choice, identified, input, texts, thought},
    spent,
};

pub(in crate::translate) fn whole(completion: &Value) -> Result<Value, Garbled> {
    let choice = choice(completion);
    if !choice.is_object() {
        return Err(Garbled);
    }
    let message = &choice["message"];
    let reason = choice["finish_reason"].as_str();
    let mut parts = Vec::new();
    parts.extend(thought(message).map(thought_part));
    parts.extend(texts(message).map(|text| text_part(&text)));
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    for (place, call) in calls.enumerate() {
        let id = identified(&call["id"], &completion["id"], place);
        let called = call_part(&id, &call["function"]["name"], &arguments(call), reason)?;
        parts.extend(called);
    }
    let mut answer = chunk(completion, parts);
    answer["candidates"][0]["finishReason"] = finish_reason(reason).into();
    answer["usageMetadata"] = spent::to_gemini(&completion["usage"]);
    Ok(answer)
}

/// A part of an answer, or all of it; `of` has its id and its model.
pub(super) fn chunk(of: &Value, parts: Vec<Value>) -> Value {
    json!({
        "candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}],
        "modelVersion": of["model"],
        "responseId": of["id"],
    })
}

pub(super) fn text_part(text: &str) -> Value {
    json!({"text": text})
}

pub(super) fn thought_part(text: &str) -> Value {
    json!({"text": text, "thought": true})
}

/// None where the limit fell into the middle of it.
pub(super) fn call_part(
    id: &str,
    name: &Value,
    arguments: &str,
    finish_reason: Option<&str>,
) -> Result<Option<Value>, Garbled> {
    match (input(arguments), finish_reason) {
        (Some(args), _) => {
            let call = json!({"id": id, "name": name, "args": args});
            Ok(Some(json!({"functionCall": call})))
        }
        (None, Some("length")) => Ok(None),
        (None, _) => Err(Garbled),
    }
}

pub(super) fn finish_reason(reason: Option<&str>) -> &'static str {
    match reason {
        Some("length") => "MAX_TOKENS",
        Some("content_filter") => "SAFETY",
        _ => "STOP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: Value, finish_reason: &str) -> Result<Value, Garbled> {
        let choice = json!({"index": 0, "message": message, "finish_reason": finish_reason});
        whole(&json!({"id": "c1", "model": "m", "choices": [choice],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 2}}}))
    }

    #[test]
    fn a_completion_is_an_answer() {
        let message = json!({"role": "assistant", "content": "It rains.", "reasoning_content": "Hm.", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "one", "arguments": "{\"z\":1,\"a\":2}"}},
            {"id": "", "type": "function", "function": {"name": "two", "arguments": ""}},
        ]});
        let parts = json!([
            {"text": "Hm.", "thought": true},
            {"text": "It rains."},
            {"functionCall": {"id": "a", "name": "one", "args": {"z": 1, "a": 2}}},
            {"functionCall": {"id": "call_c1_1", "name": "two", "args": {}}},
        ]);
        let expected = json!({
            "candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0, "finishReason": "STOP"}],
            "modelVersion": "m", "responseId": "c1",
            "usageMetadata": {"promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 3,
                "thoughtsTokenCount": 2, "totalTokenCount": 15},
        });
        assert_eq!(told(message, "tool_calls"), Ok(expected));
    }

    #[test]
    fn an_answer_that_was_cut_says_why() {
        let call = json!({"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": "{\"z\":"}}]});
        let cut = told(call.clone(), "length").unwrap();
        let candidate = &cut["candidates"][0];
        assert_eq!(
            (&candidate["finishReason"], &candidate["content"]["parts"]),
            (&json!("MAX_TOKENS"), &json!([]))
        );
        assert_eq!(told(call, "tool_calls"), Err(Garbled));
        let refused = told(json!({"refusal": "No."}), "content_filter").unwrap();
        assert_eq!(refused["candidates"][0]["finishReason"], "SAFETY");
        for body in [json!(null), json!({}), json!({"choices": [5]})] {
            assert_eq!(whole(&body), Err(Garbled), "{body}");
        }
    }
}
