//! Gemini's generateContent: chunks that each tell what was used so far, and no last one: an answer ends with its body,
//! after the candidates have said why they finished. <https://ai.google.dev/api/generate-content>

use bytes::Bytes;
use hyper::StatusCode;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::Place;
use crate::{
    error::{Retry, Told},
    usage::{Special, Tier, Usage},
};

pub(super) fn error_body(told: &Told) -> Bytes {
    write(told).into()
}

pub(super) fn error_event(told: &Told) -> Bytes {
    format!("data: {}\n\n", write(told)).into()
}

fn write(told: &Told) -> String {
    let status = told.verdict.status;
    let mut details = vec![Detail::ErrorInfo {
        reason: told.verdict.code,
        domain: "weir",
    }];
    if let Retry::After(pause) = told.verdict.retry {
        let retry_delay = format!("{}s", pause.as_secs_f64());
        details.push(Detail::RetryInfo { retry_delay });
    }
    let failure = Failure {
        error: Cause {
            code: status.as_u16(),
            message: &told.message,
            status: error_status(status),
            details,
        },
    };
    serde_json::to_string(&failure).expect("strings and numbers are always JSON")
}

/// The API's own word for a status. <https://cloud.google.com/apis/design/errors>
fn error_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        400..=499 => "INVALID_ARGUMENT",
        502 | 503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

/// One chunk of a stream, or a whole answer: they have the same form.
pub(super) fn read_chunk(json: &[u8], usage: &mut Usage) -> Option<Place> {
    let chunk: Chunk = serde_json::from_slice(json).unwrap_or_default();
    if let Some(told) = chunk.usage_metadata {
        usage.update(&told.into());
        usage.served_by(chunk.model_version.as_deref());
    }
    if chunk.error.is_some() {
        return Some(Place::Last);
    }
    let refused = chunk
        .prompt_feedback
        .is_some_and(|feedback| feedback.block_reason.is_some());
    let finished = |candidate: &Candidate| candidate.finish_reason.is_some();
    match &*chunk.candidates {
        [] => refused.then_some(Place::MayEnd),
        all if all.iter().all(finished) => Some(Place::MayEnd),
        _ => Some(Place::Within),
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    error: Cause<'a>,
}

#[derive(Serialize)]
struct Cause<'a> {
    code: u16,
    message: &'a str,
    status: &'a str,
    details: Vec<Detail<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "@type")]
enum Detail<'a> {
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo { reason: &'a str, domain: &'a str },
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo")]
    RetryInfo {
        #[serde(rename = "retryDelay")]
        retry_delay: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    #[serde(default)]
    candidates: Vec<Candidate>,
    usage_metadata: Option<Spent>,
    model_version: Option<String>,
    prompt_feedback: Option<Feedback>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<IgnoredAny>,
}

/// The prompt includes what was read from the cache, the candidates exclude what was thought.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spent {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    prompt_tokens_details: Option<Vec<Part>>,
    cache_tokens_details: Option<Vec<Part>>,
    candidates_tokens_details: Option<Vec<Part>>,
    traffic_type: Option<String>,
    service_tier: Option<String>,
}

/// The tokens of one modality.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    modality: Option<String>,
    token_count: Option<u64>,
}

impl From<Spent> for Usage {
    fn from(told: Spent) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (None, None) => None,
            _ => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        };
        let prompt = sum(told.prompt_token_count, told.tool_use_prompt_token_count);
        let cached = told.cached_content_token_count;
        let cached_audio = tokens_of(told.cache_tokens_details.as_deref(), "AUDIO");
        let audio = tokens_of(told.prompt_tokens_details.as_deref(), "AUDIO");
        let tier = told.service_tier.or(told.traffic_type);
        Self {
            input: prompt.map(|prompt| prompt.saturating_sub(cached.unwrap_or(0))),
            output: sum(told.candidates_token_count, told.thoughts_token_count),
            cache_read: cached,
            reasoning: told.thoughts_token_count,
            special: Special {
                input_audio: audio.map(|all| all.saturating_sub(cached_audio.unwrap_or(0))),
                cache_read_audio: cached_audio,
                output_audio: tokens_of(told.candidates_tokens_details.as_deref(), "AUDIO"),
                output_image: tokens_of(told.candidates_tokens_details.as_deref(), "IMAGE"),
            },
            tier: tier.as_deref().map(Tier::of),
            ..Self::default()
        }
    }
}

fn tokens_of(parts: Option<&[Part]>, modality: &str) -> Option<u64> {
    let mut parts = parts?.iter();
    let part = parts.find(|part| part.modality.as_deref() == Some(modality))?;
    part.token_count
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        admit::{Refused, Who},
        error::Error,
        ids::RequestId,
    };

    #[test]
    fn an_error_is_the_apis_own_object_and_says_when_to_come_back() {
        let refused = Refused::AccountsBusy {
            who: Who::All,
            waited: Duration::ZERO,
            retry: Duration::from_millis(1500),
        };
        let told = Error::from(refused).told(RequestId::next());
        let body: Value = serde_json::from_slice(&error_body(&told)).unwrap();
        let expected = json!({"error": {"code": 429, "message": told.message, "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "weir_accounts_busy", "domain": "weir"},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"},
        ]}});
        assert_eq!(body, expected);
        // Both SDKs look for a chunk that begins so.
        assert!(error_event(&told).starts_with(b"data: {\"error\":{\"code\":429,"));
    }

    #[test]
    fn a_stream_may_end_once_every_candidate_has_finished() {
        let place = |chunk: &str| read_chunk(chunk.as_bytes(), &mut Usage::default());
        let finished = r#"{"candidates":[{"content":{},"finishReason":"STOP"}]}"#;
        assert_eq!(place(finished), Some(Place::MayEnd));
        let one_of_two = r#"{"candidates":[{"finishReason":"STOP"},{"content":{}}]}"#;
        assert_eq!(place(one_of_two), Some(Place::Within));
        assert_eq!(
            place(r#"{"candidates":[{"content":{}}]}"#),
            Some(Place::Within)
        );
        assert_eq!(place(r#"{"usageMetadata":{}}"#), None);
        assert_eq!(
            place(r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#),
            Some(Place::MayEnd)
        );
        assert_eq!(place(r#"{"error":{"code":500}}"#), Some(Place::Last));
        assert_eq!(place("not json"), None);
    }

    #[test]
    fn the_last_usage_stands() {
        let mut usage = Usage::default();
        for chunk in [
            r#"{"usageMetadata":{"promptTokenCount":20,"totalTokenCount":20}}"#,
            r#"{"usageMetadata":{"promptTokenCount":20,"cachedContentTokenCount":8,"candidatesTokenCount":5,
                "thoughtsTokenCount":30,"toolUsePromptTokenCount":3,"totalTokenCount":58}}"#,
        ] {
            read_chunk(chunk.as_bytes(), &mut usage);
        }
        let expected = Usage {
            input: Some(15),
            output: Some(35),
            cache_read: Some(8),
            reasoning: Some(30),
            ..Usage::default()
        };
        assert_eq!(usage, expected);
    }
    #[test]
    fn sound_pictures_and_the_tier_are_told_apart() {
        let mut usage = Usage::default();
        let chunk = r#"{"modelVersion":"gemini-2.5-flash","usageMetadata":{"promptTokenCount":100,
            "cachedContentTokenCount":30,"candidatesTokenCount":50,"trafficType":"ON_DEMAND_PRIORITY",
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":40},{"modality":"AUDIO","tokenCount":60}],
            "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":30}],
            "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":50}]}}"#;
        read_chunk(chunk.as_bytes(), &mut usage);
        assert_eq!((usage.input, usage.cache_read), (Some(70), Some(30)));
        let expected = Special {
            input_audio: Some(30),
            cache_read_audio: Some(30),
            output_audio: None,
            output_image: Some(50),
        };
        assert_eq!(usage.special, expected);
        assert_eq!(usage.tier, Some(Tier::Priority));
        assert_eq!(usage.model.as_deref(), Some("gemini-2.5-flash"));
    }
}
