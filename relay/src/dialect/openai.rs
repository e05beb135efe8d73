//! What OpenAI's APIs share: the error object, and how usage is told.
//! <https://platform.openai.com/docs/guides/error-codes>

pub(super) mod chat;
pub(super) mod made;
pub(super) mod responses;

use bytes::Bytes;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::{error::Told, usage::Usage};

pub(super) fn error_body(told: &Told) -> Bytes {
    write(&Failure {
        error: Cause::of(told),
    })
    .into()
}

fn write(failure: &impl Serialize) -> String {
    serde_json::to_string(failure).expect("strings and numbers are always JSON")
}

/// The API's own word for a status.
fn error_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    error: Cause<'a>,
}

#[derive(Serialize, Clone, Copy)]
struct Cause<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

impl<'a> Cause<'a> {
    fn of(told: &'a Told) -> Self {
        Self {
            message: &told.message,
            kind: error_type(told.verdict.status),
            param: told.known_as.and_then(|known| known.param),
            code: match told.known_as {
                None => Some(told.verdict.code),
                Some(known) => known.code,
            },
        }
    }
}

/// `usage` in the words of either API; those of embeddings are among them. What was read from the cache is part of the
/// input, what was reasoned is part of the output.
#[derive(Deserialize)]
pub(super) struct Spent {
    #[serde(alias = "prompt_tokens")]
    input_tokens: Option<u64>,
    #[serde(alias = "completion_tokens")]
    output_tokens: Option<u64>,
    #[serde(alias = "prompt_tokens_details")]
    input_tokens_details: Option<InputDetails>,
    #[serde(alias = "completion_tokens_details")]
    output_tokens_details: Option<OutputDetails>,
    /// DeepSeek's word for those that were read from the cache.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl From<Spent> for Usage {
    fn from(told: Spent) -> Self {
        let details = told.input_tokens_details;
        let cached = details.and_then(|of| of.cached_tokens);
        let cached = cached.or(told.prompt_cache_hit_tokens);
        let uncached = |input: u64| input.saturating_sub(cached.unwrap_or(0));
        Self {
            input: told.input_tokens.map(uncached),
            output: told.output_tokens,
            cache_read: cached,
            reasoning: told
                .output_tokens_details
                .and_then(|of| of.reasoning_tokens),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{error::Error, ids::RequestId, stream::Cut};

    #[test]
    fn an_error_is_the_apis_own_object() {
        let told = Error::from(Cut::BrokeOff).told(RequestId::next());
        let body: Value = serde_json::from_slice(&error_body(&told)).unwrap();
        let expected = json!({"error": {"message": told.message, "type": "server_error",
            "param": null, "code": "weir_upstream_broke_off"}});
        assert_eq!(body, expected);
    }

    #[test]
    fn usage_is_read_in_the_words_of_either_api() {
        for told in [
            r#"{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,
                "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
                "completion_tokens_details":{"reasoning_tokens":6}}"#,
            r#"{"input_tokens":19,"input_tokens_details":{"cached_tokens":4},
                "output_tokens":10,"output_tokens_details":{"reasoning_tokens":6},"total_tokens":29}"#,
            r#"{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_cache_hit_tokens":4,
                "prompt_cache_miss_tokens":15,"completion_tokens_details":{"reasoning_tokens":6}}"#,
        ] {
            let spent: Spent = serde_json::from_str(told).unwrap();
            let expected = Usage {
                input: Some(15),
                output: Some(10),
                cache_read: Some(4),
                reasoning: Some(6),
                ..Usage::default()
            };
            assert_eq!(Usage::from(spent), expected);
        }
        let embedded: Spent =
            serde_json::from_str(r#"{"prompt_tokens":8,"total_tokens":8}"#).unwrap();
        assert_eq!(Usage::from(embedded).input, Some(8));
    }
}
