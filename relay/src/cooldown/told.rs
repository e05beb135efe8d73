//! What an error answer or an error event says of itself, in the form of any of the APIs. Pure.

use std::time::Duration;

use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use super::reset::span;

/// The words of an error; all empty where there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// `type`, `code` and `status`, whichever are words.
    pub(crate) words: Vec<String>,
    pub(crate) message: String,
    /// When to come back.
    pub(crate) retry: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Whole(Answer),
    /// Gemini, where a list was asked for.
    List([Answer; 1]),
}

/// An error stands under `error`; in an event of the Responses API under `response`, or in the event itself.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    error: Option<Fault>,
    response: Option<Box<Answer>>,
    #[serde(flatten)]
    own: Fault,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Event {
    r#type: Value,
    error: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Fault {
    r#type: Value,
    code: Value,
    status: Value,
    message: Value,
    details: Value,
}

impl Told {
    pub(crate) fn read(body: &[u8]) -> Self {
        let answer = match serde_json::from_slice(body) {
            Ok(Body::Whole(answer) | Body::List([answer])) => answer,
            Err(_) => return Self::default(),
        };
        let in_response = answer.response.and_then(|response| response.error);
        answer.error.or(in_response).unwrap_or(answer.own).into()
    }

    /// What a stream's event says, if it is an error: by its name, or by what stands in it.
    pub(crate) fn of_event(name: &[u8], data: &[u8]) -> Option<Self> {
        let by_name = |name: &[u8]| matches!(name, b"error" | b"response.failed");
        // Most first events are not, and long.
        if !by_name(name) && memmem::find(data, b"error").is_none() {
            return None;
        }
        let event: Event = serde_json::from_slice(data).unwrap_or_default();
        let kind = event.r#type.as_str().unwrap_or_default();
        let is_error = by_name(name) || by_name(kind.as_bytes()) || event.error.is_object();
        is_error.then(|| Self::read(data))
    }

    pub(crate) fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// Whether its message has these parts, in small letters.
    pub(crate) fn says(&self, parts: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        parts.iter().all(|part| message.contains(part))
    }
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Self {
        let words = [&fault.r#type, &fault.code, &fault.status];
        let message = fault.message.as_str().unwrap_or_default().to_owned();
        Self {
            words: words
                .into_iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            retry: retry_info(&fault.details).or_else(|| retry_in(&message)),
            message,
        }
    }
}

/// Google's `RetryInfo`.
fn retry_info(details: &Value) -> Option<Duration> {
    let mut details = details.as_array()?.iter();
    details.find_map(|detail| span(detail.get("retryDelay")?.as_str()?))
}

/// OpenAI's "Please try again in 6m0s."
fn retry_in(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("try again in ")?;
    let word = rest.split_whitespace().next()?;
    span(word.trim_end_matches(['.', ',', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_event_is_told_from_others() {
        for (name, data, is_error) in [
            (
                "message_start",
                r#"{"type":"message_start","message":{}}"#,
                false,
            ),
            (
                "error",
                r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
                true,
            ),
            ("error", "not json", true),
            ("", r#"{"error":{"message":"m","code":500}}"#, true),
            (
                "response.created",
                r#"{"type":"response.created","response":{"error":null}}"#,
                false,
            ),
            (
                "",
                r#"{"type":"response.failed","response":{"error":{"code":"x"}}}"#,
                true,
            ),
            ("", r#"{"choices":[],"error":null}"#, false),
            ("", r#"{"candidates":[{}]}"#, false),
            ("", "[DONE]", false),
        ] {
            let told = Told::of_event(name.as_bytes(), data.as_bytes());
            assert_eq!(told.is_some(), is_error, "{name} {data}");
        }
    }

    #[test]
    fn an_error_is_read_in_the_form_of_any_api() {
        let ms = Duration::from_millis;
        for (body, words, message, retry) in [
            (
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"},"request_id":"r"}"#,
                &["rate_limit_error"][..],
                "slow",
                None,
            ),
            (
                r#"{"error":{"message":"Please try again in 1m0.5s. Visit","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
                &["tokens", "rate_limit_exceeded"],
                "Please try again in 1m0.5s. Visit",
                Some(ms(60_500)),
            ),
            (
                r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[
                    {"@type":"x.QuotaFailure"},{"@type":"x.RetryInfo","retryDelay":"34.07s"}]}}]"#,
                &["RESOURCE_EXHAUSTED"],
                "m",
                Some(ms(34_070)),
            ),
            (
                r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"m"}}}"#,
                &["server_error"],
                "m",
                None,
            ),
            (
                r#"{"type":"error","code":"rate_limit_exceeded","message":"try again in 20ms"}"#,
                &["error", "rate_limit_exceeded"],
                "try again in 20ms",
                Some(ms(20)),
            ),
            ("<html>", &[], "", None),
            (r#"{"error":"gone"}"#, &[], "", None),
        ] {
            let told = Told::read(body.as_bytes());
            let expected: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(
                (told.words, told.message.as_str(), told.retry),
                (expected, message, retry),
                "{body}"
            );
        }
    }
}
