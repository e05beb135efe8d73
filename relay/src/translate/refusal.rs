//! What an upstream says of its own error, whole or as an event of a stream, in the words of the other API: the message as
//! it is, the type by the status or by the upstream's own word, which is kept as `code`. Pure.

use serde_json::{Value, json};

/// An error, as far as it can be read.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    status: Option<u16>,
    message: String,
    /// The upstream's own word.
    code: Option<String>,
    request: Option<String>,
}

impl Refusal {
    /// The body of an error answer. Proxies on the way answer with anything.
    pub(super) fn of_answer(status: u16, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        Self::of(Some(status), &body)
    }

    /// An event of a stream, or the chunk of a chat, that has an `error`.
    pub(super) fn of_event(event: &Value) -> Self {
        Self::of(None, event)
    }

    fn of(status: Option<u16>, body: &Value) -> Self {
        let error = match &body["error"] {
            Value::Null => body,
            error => error,
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let word = || {
            let kind = text(&error["type"]).filter(|kind| kind != "error");
            kind.or_else(|| text(&error["status"]))
        };
        let said = text(&error["message"]).or_else(|| text(error));
        Self {
            // Some tell the status where others have a word.
            status: status.or_else(|| error["code"].as_u64()?.try_into().ok()),
            message: said.unwrap_or_else(|| match status {
                Some(status) => format!("the provider refused with status {status}"),
                None => "the provider failed".to_owned(),
            }),
            code: text(&error["code"]).or_else(word),
            request: text(&body["request_id"]),
        }
    }

    pub(super) fn to_messages(&self) -> Value {
        let kind = match self.status {
            Some(status) => messages_type(status),
            None => messages_type(self.status_by_word()),
        };
        let mut error = json!({"type": kind});
        if let Some(code) = &self.code {
            error["code"] = code.as_str().into();
        }
        error["message"] = self.message.as_str().into();
        let mut told = json!({"type": "error", "error": error});
        if let Some(request) = &self.request {
            told["request_id"] = request.as_str().into();
        }
        told
    }

    pub(super) fn to_chat(&self) -> Value {
        let status = self.status.unwrap_or_else(|| self.status_by_word());
        json!({"error": {
            "message": self.message,
            "type": chat_type(status),
            "param": null,
            "code": self.code,
        }})
    }

    pub(super) fn to_gemini(&self) -> Value {
        let status = self.status.unwrap_or_else(|| self.status_by_word());
        let reason = |code: &String| json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "domain": "provider"});
        let details: Vec<Value> = self.code.iter().map(reason).collect();
        json!({"error": {"code": status, "message": self.message, "status": gemini_status(status), "details": details}})
    }

    /// Inside a stream only a word tells what kind of error it is.
    fn status_by_word(&self) -> u16 {
        let word = self.code.as_deref().unwrap_or_default();
        let says = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
        if says(&["rate_limit", "quota"]) {
            429
        } else if says(&["overloaded"]) {
            529
        } else if says(&["timeout"]) {
            504
        } else if says(&["invalid_request", "context_length"]) {
            400
        } else if says(&["authentication", "api_key"]) {
            401
        } else {
            500
        }
    }
}

fn messages_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

fn chat_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

fn gemini_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        400..=499 => "INVALID_ARGUMENT",
        502 | 503 | 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_keep_their_message_and_word() {
        let overloaded = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#;
        assert_eq!(
            Refusal::of_answer(529, overloaded).to_chat(),
            json!({"error": {"message": "Overloaded", "type": "server_error", "param": null, "code": "overloaded_error"}})
        );
        assert_eq!(
            Refusal::of_answer(529, overloaded).to_gemini(),
            json!({"error": {"code": 529, "message": "Overloaded", "status": "UNAVAILABLE", "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "overloaded_error", "domain": "provider"}]}})
        );
        let quota = br#"{"error":{"message":"No more.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
        assert_eq!(
            Refusal::of_answer(429, quota).to_messages(),
            json!({"type": "error",
                "error": {"type": "rate_limit_error", "code": "insufficient_quota", "message": "No more."}})
        );
    }

    #[test]
    fn anything_is_read_as_an_error() {
        for (body, message) in [
            (
                &b"<html>bad gateway</html>"[..],
                "the provider refused with status 502",
            ),
            (br#"{"error":"plain"}"#, "plain"),
            (br#"{"object":"error","message":"flat","code":400}"#, "flat"),
            (br#"{"error":{}}"#, "the provider refused with status 502"),
            (b"[]", "the provider refused with status 502"),
            (b"", "the provider refused with status 502"),
        ] {
            let refusal = Refusal::of_answer(502, body);
            assert_eq!(refusal.to_messages()["error"]["message"], message);
            assert_eq!(refusal.to_messages()["error"]["type"], "api_error");
            assert_eq!(refusal.to_chat()["error"]["type"], "server_error");
        }
    }

    #[test]
    fn an_error_inside_a_stream_is_known_by_its_word() {
        for (event, kind) in [
            (
                json!({"error": {"code": "rate_limit_exceeded", "message": "x"}}),
                "rate_limit_error",
            ),
            (
                json!({"error": {"code": 429, "message": "x"}}),
                "rate_limit_error",
            ),
            (
                json!({"error": {"type": "overloaded_error", "message": "x"}}),
                "overloaded_error",
            ),
            (
                json!({"error": {"code": "weir_upstream_timeout", "message": "x"}}),
                "timeout_error",
            ),
            (
                json!({"error": {"type": "invalid_request_error", "message": "x"}}),
                "invalid_request_error",
            ),
            (
                json!({"error": {"type": "invalid_api_key"}}),
                "authentication_error",
            ),
            (json!({"error": null}), "api_error"),
        ] {
            assert_eq!(
                Refusal::of_event(&event).to_messages()["error"]["type"],
                kind,
                "{event}"
            );
        }
    }
}
