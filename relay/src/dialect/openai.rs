//! What OpenAI's APIs share: the error object, and how usage is told.
//! <https://platform.openai.com/docs/guides/error-codes>

pub(super) mod chat;
pub(super) mod made;
pub(super) mod responses;

use bytes::Bytes;
use hyper::StatusCode;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    error::Told,
    usage::{Special, Tier, Usage},
};

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
            kind: told
                .known_as
                .and_then(|known| known.kind)
                .unwrap_or_else(|| error_type(told.verdict.status)),
            param: told.known_as.and_then(|known| known.param),
            code: match told.known_as {
                None => Some(told.verdict.code),
                Some(known) => known.code,
            },
        }
    }
}

/// `usage` in the words of either API; those of embeddings are among them. What was read from the cache or written to it
/// is part of the input, what was reasoned is part of the output.
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

#[derive(Deserialize, Default)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    audio_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
}

/// What stands around `usage` in the event that tells it.
#[derive(Deserialize, Default)]
pub(super) struct Around<'a> {
    model: Option<String>,
    #[serde(borrow)]
    service_tier: Option<&'a str>,
    usage: Option<Spent>,
    error: Option<IgnoredAny>,
}

/// The same in a stream of Responses, with what was done for the answer.
#[derive(Deserialize)]
pub(super) struct Response<'a> {
    model: Option<String>,
    #[serde(borrow)]
    service_tier: Option<&'a str>,
    usage: Option<Spent>,
    #[serde(borrow)]
    output: Option<Vec<Item<'a>>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a str>,
}

impl Around<'_> {
    fn add_to(self, usage: &mut Usage) {
        if let Some(told) = self.usage {
            usage.update(&told.into());
            usage.tier = self.service_tier.map(Tier::of).or(usage.tier);
            usage.served_by(self.model.as_deref());
        }
    }
}

impl Response<'_> {
    fn add_to(self, usage: &mut Usage) {
        usage.web_searches = self.output.as_deref().and_then(searches);
        let around = Around {
            model: self.model,
            service_tier: self.service_tier,
            usage: self.usage,
            error: None,
        };
        around.add_to(usage);
    }
}

/// `output` of a response that came in one piece.
pub(super) fn searched(output: &[u8]) -> Option<u64> {
    let output: Vec<Item<'_>> = serde_json::from_slice(output).ok()?;
    searches(&output)
}

fn searches(output: &[Item<'_>]) -> Option<u64> {
    let is_search = |item: &&Item<'_>| item.kind == Some("web_search_call");
    let count = output.iter().filter(is_search).count();
    (count > 0).then_some(count as u64)
}

impl From<Spent> for Usage {
    fn from(told: Spent) -> Self {
        let input = told.input_tokens_details.unwrap_or_default();
        let output = told.output_tokens_details.unwrap_or_default();
        let cached = input.cached_tokens.or(told.prompt_cache_hit_tokens);
        let kept = [cached, input.cache_write_tokens];
        let uncached = |all: u64| {
            kept.iter()
                .flatten()
                .fold(all, |rest, part| rest.saturating_sub(*part))
        };
        Self {
            input: told.input_tokens.map(uncached),
            output: told.output_tokens,
            cache_read: cached,
            cache_write: input.cache_write_tokens,
            reasoning: output.reasoning_tokens,
            special: Special {
                input_audio: input.audio_tokens,
                output_audio: output.audio_tokens,
                output_image: output.image_tokens,
                cache_read_audio: None,
            },
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
            let mut seen = Usage::from(spent);
            seen.special = Special::default();
            assert_eq!(seen, expected);
        }
        let embedded: Spent =
            serde_json::from_str(r#"{"prompt_tokens":8,"total_tokens":8}"#).unwrap();
        assert_eq!(Usage::from(embedded).input, Some(8));
    }

    #[test]
    fn what_was_written_to_the_cache_and_what_was_heard_is_told_apart() {
        let told = r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":40,"cache_write_tokens":50,"audio_tokens":5},
            "output_tokens":10,"output_tokens_details":{"reasoning_tokens":0,"audio_tokens":7}}"#;
        let usage = Usage::from(serde_json::from_str::<Spent>(told).unwrap());
        assert_eq!((usage.input, usage.cache_read), (Some(10), Some(40)));
        assert_eq!((usage.cache_write, usage.cache_write_1h), (Some(50), None));
        let special = usage.special;
        assert_eq!(
            (special.input_audio, special.output_audio),
            (Some(5), Some(7))
        );
    }

    #[test]
    fn searches_tier_and_model_stand_around_the_usage() {
        let told = r#"{"model":"gpt-5-2025-08-07","service_tier":"flex","usage":{"input_tokens":1},
            "output":[{"type":"web_search_call"},{"type":"message"},{"type":"web_search_call"}]}"#;
        let mut usage = Usage::default();
        serde_json::from_str::<Response<'_>>(told)
            .unwrap()
            .add_to(&mut usage);
        assert_eq!(usage.web_searches, Some(2));
        assert_eq!(usage.tier, Some(Tier::Flex));
        assert_eq!(usage.model.as_deref(), Some("gpt-5-2025-08-07"));
    }
}
