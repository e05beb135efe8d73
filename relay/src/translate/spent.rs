//! What an answer used, in the words of either API. OpenAI counts what the prompt cache served into the prompt, Anthropic
//! beside it. Pure.

use serde_json::{Value, json};

/// Numbers that are not told are zero.
fn count(of: &Value) -> u64 {
    of.as_u64().unwrap_or(0)
}

pub(super) fn to_messages(usage: &Value) -> Value {
    let details = &usage["prompt_tokens_details"];
    // DeepSeek tells it beside the prompt.
    let read = count(&details["cached_tokens"]).max(count(&usage["prompt_cache_hit_tokens"]));
    let written = count(&details["cache_write_tokens"]);
    let input = count(&usage["prompt_tokens"]).saturating_sub(read.saturating_add(written));
    let mut told = json!({
        "input_tokens": input,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": count(&usage["completion_tokens"]),
    });
    if let Some(thought) = usage["completion_tokens_details"]["reasoning_tokens"].as_u64() {
        told["output_tokens_details"] = json!({"thinking_tokens": thought});
    }
    told
}

pub(super) fn to_chat(usage: &Value) -> Value {
    let read = count(&usage["cache_read_input_tokens"]);
    let written = count(&usage["cache_creation_input_tokens"]);
    let prompt = count(&usage["input_tokens"])
        .saturating_add(read)
        .saturating_add(written);
    let completion = count(&usage["output_tokens"]);
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt.saturating_add(completion),
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": count(&usage["output_tokens_details"]["thinking_tokens"]), "audio_tokens": 0},
    })
}

/// The same numbers of a chat, in the words of a response.
pub(super) fn to_response(usage: &Value) -> Value {
    let (prompt, completion) = (
        count(&usage["prompt_tokens"]),
        count(&usage["completion_tokens"]),
    );
    let details = &usage["prompt_tokens_details"];
    let read = count(&details["cached_tokens"]).max(count(&usage["prompt_cache_hit_tokens"]));
    json!({
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": read, "cache_write_tokens": count(&details["cache_write_tokens"])},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": count(&usage["completion_tokens_details"]["reasoning_tokens"])},
        "total_tokens": prompt.saturating_add(completion),
    })
}

/// The same in Gemini's words, where thoughts are counted beside what was said.
pub(super) fn to_gemini(usage: &Value) -> Value {
    let told = to_response(usage);
    let (output, thought) = (
        count(&told["output_tokens"]),
        count(&told["output_tokens_details"]["reasoning_tokens"]),
    );
    json!({
        "promptTokenCount": told["input_tokens"],
        "cachedContentTokenCount": told["input_tokens_details"]["cached_tokens"],
        "candidatesTokenCount": output.saturating_sub(thought),
        "thoughtsTokenCount": thought,
        "totalTokenCount": told["total_tokens"],
    })
}

/// Keeps the last number told of each kind: a stream counts on.
pub(super) fn update(known: &mut Value, newer: &Value) {
    for (name, value) in newer.as_object().into_iter().flatten() {
        if !value.is_null() {
            known[name.as_str()] = value.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn numbers_that_no_api_tells_are_taken_all_the_same() {
        let odd = json!({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 9}, "completion_tokens": -3});
        let told = to_messages(&odd);
        assert_eq!(
            (&told["input_tokens"], &told["output_tokens"]),
            (&json!(0), &json!(0))
        );
        assert_eq!(to_messages(&Value::Null)["input_tokens"], 0);
        let cached = json!({"prompt_tokens": 10, "prompt_cache_hit_tokens": 4});
        assert_eq!(to_messages(&cached)["input_tokens"], 6);
        let most = json!({"input_tokens": u64::MAX, "output_tokens": u64::MAX});
        assert_eq!(to_chat(&most)["total_tokens"], u64::MAX);
    }

    proptest! {
        #[test]
        fn usage_comes_back_as_it_was(input: u32, read: u32, written: u32, output: u32, thought: u32) {
            let usage = json!({"input_tokens": input, "cache_creation_input_tokens": written,
                "cache_read_input_tokens": read, "output_tokens": output,
                "output_tokens_details": {"thinking_tokens": thought}});
            prop_assert_eq!(to_messages(&to_chat(&usage)), usage);
        }
    }
}
