//! Converse: one form for all other models of Bedrock's, to and from Anthropic's Messages. What one of the two has no words
//! for is an error that names it.
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

mod answer;
mod ask;
mod blocks;
mod stream;

pub(super) use answer::message;
pub(super) use ask::body;
pub(super) use stream::Stream;

use serde_json::{Value, json};

/// Why a model stopped, as Anthropic says it. None: what it said is of no use.
fn stop_reason(said: &str) -> Option<&'static str> {
    match said {
        "end_turn" => Some("end_turn"),
        "tool_use" => Some("tool_use"),
        "max_tokens" => Some("max_tokens"),
        "stop_sequence" => Some("stop_sequence"),
        "guardrail_intervened" | "content_filtered" => Some("refusal"),
        "model_context_window_exceeded" => Some("model_context_window_exceeded"),
        _ => None,
    }
}

/// In both, input does not include what was read from or written to the cache.
fn usage(said: &Value) -> Value {
    let tokens = |name: &str| said[name].as_u64().unwrap_or(0);
    json!({
        "input_tokens": tokens("inputTokens"),
        "output_tokens": tokens("outputTokens"),
        "cache_read_input_tokens": tokens("cacheReadInputTokens"),
        "cache_creation_input_tokens": tokens("cacheWriteInputTokens"),
    })
}
