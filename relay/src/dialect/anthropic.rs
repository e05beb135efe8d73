//! The Anthropic Messages API: its error object, its stream events, its usage object.
//! <https://docs.claude.com/en/api/errors>, <https://docs.claude.com/en/docs/build-with-claude/streaming>

use bytes::Bytes;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::Place;
use crate::{
    error::Told,
    sse::Event,
    usage::{Region, Tier, Usage},
};

pub(super) const PING: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";

pub(super) fn error_body(told: &Told) -> Bytes {
    write(told).into()
}

pub(super) fn error_event(told: &Told) -> Bytes {
    format!("event: error\ndata: {}\n\n", write(told)).into()
}

fn write(told: &Told) -> String {
    let failure = Failure {
        kind: "error",
        error: Cause {
            kind: error_type(told.verdict.status),
            code: told.verdict.code,
            message: &told.message,
        },
        request_id: told.request.as_str(),
    };
    serde_json::to_string(&failure).expect("strings are always JSON")
}

/// The API's own word for a status.
fn error_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

pub(super) fn reads(event: &[u8]) -> bool {
    matches!(
        event,
        b"message_start" | b"message_delta" | b"message_stop" | b"error" | b""
    )
}

pub(super) fn read_event(event: &Event<'_>, usage: &mut Usage) -> Option<Place> {
    if !reads(event.name) {
        return None;
    }
    // Compatible endpoints leave out the event's name: the data tells it as well.
    let data: Data<'_> = serde_json::from_slice(event.data).unwrap_or_default();
    if let Some(message) = data.message {
        usage.served_by(message.model.as_deref());
        message.usage.iter().for_each(|told| told.add_to(usage));
    }
    data.usage.iter().for_each(|told| told.add_to(usage));
    if let Some(told) = data.metrics {
        usage.update(&told.into());
    }
    let name = match event.name {
        b"" => data.kind.unwrap_or_default().as_bytes(),
        name => name,
    };
    matches!(name, b"message_stop" | b"error").then_some(Place::Last)
}

#[derive(Serialize)]
struct Failure<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    error: Cause<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct Cause<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    code: &'a str,
    message: &'a str,
}

#[derive(Deserialize, Default)]
struct Data<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a str>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    usage: Option<Spent<'a>>,
    #[serde(rename = "amazon-bedrock-invocationMetrics")]
    metrics: Option<Metrics>,
}

/// What Bedrock adds to the last event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    input_token_count: Option<u64>,
    output_token_count: Option<u64>,
    cache_read_input_token_count: Option<u64>,
    cache_write_input_token_count: Option<u64>,
}

impl From<Metrics> for Usage {
    fn from(told: Metrics) -> Self {
        Self {
            input: told.input_token_count,
            output: told.output_token_count,
            cache_read: told.cache_read_input_token_count,
            cache_write: told.cache_write_input_token_count,
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    model: Option<String>,
    #[serde(borrow)]
    usage: Option<Spent<'a>>,
}

/// `usage` as the API has it; numbers that are absent or null are not told.
#[derive(Deserialize)]
pub(super) struct Spent<'a> {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens_details: Option<OutputDetails>,
    server_tool_use: Option<ServerToolUse>,
    #[serde(borrow)]
    service_tier: Option<&'a str>,
    #[serde(borrow)]
    inference_geo: Option<&'a str>,
    #[serde(borrow)]
    speed: Option<&'a str>,
}

#[derive(Deserialize)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct ServerToolUse {
    web_search_requests: Option<u64>,
}

impl Spent<'_> {
    pub(super) fn add_to(&self, usage: &mut Usage) {
        let hour = |by_time: &CacheCreation| by_time.ephemeral_1h_input_tokens;
        let thought = |of: &OutputDetails| of.thinking_tokens;
        let searched = |used: &ServerToolUse| used.web_search_requests;
        usage.update(&Usage {
            input: self.input_tokens,
            output: self.output_tokens,
            cache_read: self.cache_read_input_tokens,
            cache_write: self.cache_creation_input_tokens,
            cache_write_1h: self.cache_creation.as_ref().and_then(hour),
            reasoning: self.output_tokens_details.as_ref().and_then(thought),
            web_searches: self.server_tool_use.as_ref().and_then(searched),
            tier: self.tier(),
            region: self.inference_geo.map(Region::of),
            ..Usage::default()
        });
    }

    /// Speed has its price whatever the tier.
    fn tier(&self) -> Option<Tier> {
        match self.speed {
            Some("fast") => Some(Tier::Fast),
            _ => self.service_tier.map(Tier::of),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{error::Error, ids::RequestId, stream::Cut};

    fn read(name: &str, data: &str, usage: &mut Usage) -> Option<Place> {
        read_event(
            &Event {
                name: name.as_bytes(),
                data: data.as_bytes(),
                end: 0,
            },
            usage,
        )
    }

    #[test]
    fn usage_is_read_from_the_first_and_the_last_events() {
        let mut usage = Usage::default();
        let start = r#"{"type":"message_start","message":{"id":"m","usage":{"input_tokens":25,
            "cache_creation_input_tokens":10,"cache_read_input_tokens":3,"output_tokens":1,
            "cache_creation":{"ephemeral_5m_input_tokens":6,"ephemeral_1h_input_tokens":4}}}}"#;
        assert_eq!(read("message_start", start, &mut usage), None);
        let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},
            "usage":{"output_tokens":15,"input_tokens":null}}"#;
        assert_eq!(read("message_delta", delta, &mut usage), None);
        assert_eq!(
            read("message_stop", r#"{"type":"message_stop"}"#, &mut usage),
            Some(Place::Last)
        );
        let expected = Usage {
            input: Some(25),
            output: Some(15),
            cache_read: Some(3),
            cache_write: Some(10),
            cache_write_1h: Some(4),
            ..Usage::default()
        };
        assert_eq!(usage, expected);
    }

    #[test]
    fn tools_tier_region_and_model_are_told_too() {
        let mut usage = Usage::default();
        let start = r#"{"type":"message_start","message":{"model":"claude-opus-5-5","usage":{"input_tokens":25,
            "service_tier":"standard","inference_geo":"us","output_tokens":1}}}"#;
        read("message_start", start, &mut usage);
        let delta = r#"{"type":"message_delta","usage":{"output_tokens":15,"speed":"fast",
            "output_tokens_details":{"thinking_tokens":8},"server_tool_use":{"web_search_requests":2}}}"#;
        read("message_delta", delta, &mut usage);
        let expected = Usage {
            input: Some(25),
            output: Some(15),
            reasoning: Some(8),
            web_searches: Some(2),
            tier: Some(Tier::Fast),
            region: Some(Region::Us),
            model: Some("claude-opus-5-5".into()),
            ..Usage::default()
        };
        assert_eq!(usage, expected);
    }

    #[test]
    fn what_bedrock_adds_to_the_last_event_is_read() {
        let mut usage = Usage::default();
        let stop = r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":19,
            "outputTokenCount":44,"invocationLatency":1510,"firstByteLatency":609,
            "cacheReadInputTokenCount":3,"cacheWriteInputTokenCount":2}}"#;
        assert_eq!(read("message_stop", stop, &mut usage), Some(Place::Last));
        let told = (
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write,
        );
        assert_eq!(told, (Some(19), Some(44), Some(3), Some(2)));
    }

    #[test]
    fn an_event_without_a_name_is_known_by_its_data() {
        let mut usage = Usage::default();
        assert_eq!(
            read("", r#"{"type":"message_stop"}"#, &mut usage),
            Some(Place::Last)
        );
        assert_eq!(read("", r#"{"type":"ping"}"#, &mut usage), None);
        assert_eq!(read("error", "not json", &mut usage), Some(Place::Last));
        assert_eq!(
            read("new_event", r#"{"type":"message_stop"}"#, &mut usage),
            None
        );
    }

    #[test]
    fn an_error_is_the_apis_own_object() {
        let told = Error::from(Cut::Late).told(RequestId::next());
        let body: serde_json::Value = serde_json::from_slice(&error_body(&told)).unwrap();
        assert_eq!(
            body,
            json!({"type": "error", "request_id": told.request.as_str(),
                "error": {"type": "timeout_error", "code": "weir_upstream_timeout", "message": told.message}})
        );
        let event = error_event(&told);
        let data = event.strip_prefix(b"event: error\ndata: ").unwrap();
        assert_eq!(data.strip_suffix(b"\n\n").unwrap(), error_body(&told));
    }
}
