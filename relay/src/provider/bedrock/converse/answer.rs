//! An answer of Converse's in one piece, as a message of Anthropic's.

use serde_json::{Value, json};

use super::{stop_reason, usage};

/// None where it has something that Anthropic has no words for.
pub(in crate::provider::bedrock) fn message(
    said: &Value,
    request_id: &str,
    model: &str,
) -> Option<Value> {
    let content = said["output"]["message"]["content"].as_array()?;
    let content: Vec<Value> = content.iter().map(block).collect::<Option<_>>()?;
    Some(json!({
        "id": format!("msg_{request_id}"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason(said["stopReason"].as_str()?)?,
        "stop_sequence": null,
        "usage": usage(&said["usage"]),
    }))
}

fn block(said: &Value) -> Option<Value> {
    let (kind, value) = said.as_object()?.iter().next()?;
    match kind.as_str() {
        "text" => Some(json!({"type": "text", "text": value})),
        "toolUse" => Some(json!({
            "type": "tool_use", "id": value["toolUseId"], "name": value["name"], "input": value["input"],
        })),
        "reasoningContent" if value["redactedContent"].is_string() => {
            Some(json!({"type": "redacted_thinking", "data": value["redactedContent"]}))
        }
        "reasoningContent" => {
            let reasoned = &value["reasoningText"];
            let signature = reasoned["signature"].as_str().unwrap_or_default();
            let thinking = reasoned["text"].as_str()?;
            Some(json!({"type": "thinking", "thinking": thinking, "signature": signature}))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the example in the API's reference.
    #[test]
    fn an_answer_is_told_as_a_message() {
        let said = json!({
            "metrics": {"latencyMs": 1175},
            "output": {"message": {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "h"}}},
                {"text": "hi"},
                {"toolUse": {"toolUseId": "tooluse_1", "name": "t", "input": {"x": 1}}},
            ]}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 125, "outputTokens": 60, "totalTokens": 185, "cacheReadInputTokens": 7},
        });
        let expected = json!({
            "id": "msg_r", "type": "message", "role": "assistant", "model": "m",
            "content": [
                {"type": "thinking", "thinking": "h", "signature": ""},
                {"type": "text", "text": "hi"},
                {"type": "tool_use", "id": "tooluse_1", "name": "t", "input": {"x": 1}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 125, "output_tokens": 60, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 0},
        });
        assert_eq!(message(&said, "r", "m"), Some(expected));
    }

    #[test]
    fn what_anthropic_has_no_words_for_is_no_message() {
        let said = |block: Value, stop: &str| {
            let said = json!({"output": {"message": {"content": [block]}}, "stopReason": stop, "usage": {}});
            message(&said, "r", "m")
        };
        assert!(said(json!({"text": "x"}), "end_turn").is_some());
        assert!(said(json!({"text": "x"}), "malformed_model_output").is_none());
        assert!(said(json!({"video": {}}), "end_turn").is_none());
    }
}
