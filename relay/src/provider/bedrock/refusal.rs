//! Bedrock's exceptions in Anthropic's words: as the answer to a request, and within a stream. What they say of the
//! account itself (ARNs have its number) stays here.
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html>

use bytes::Bytes;
use hyper::{
    StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue},
    http::response::Parts,
};
use serde::Deserialize;
use serde_json::json;

use super::show_request_id;

/// The status and the type of error that say the same.
type Row = (&'static str, u16, &'static str);

const ROWS: [Row; 19] = [
    ("AccessDenied", 403, "permission_error"),
    ("ExpiredToken", 401, "authentication_error"),
    ("IncompleteSignature", 401, "authentication_error"),
    ("InternalFailure", 500, "api_error"),
    ("InternalServer", 500, "api_error"),
    ("InvalidClientTokenId", 401, "authentication_error"),
    // Also where this machine's clock is wrong.
    ("InvalidSignature", 401, "authentication_error"),
    ("MissingAuthenticationToken", 401, "authentication_error"),
    ("ModelError", 500, "api_error"),
    ("ModelNotReady", 529, "overloaded_error"),
    ("ModelStreamError", 500, "api_error"),
    ("ModelTimeout", 504, "timeout_error"),
    ("ResourceNotFound", 404, "not_found_error"),
    ("ServiceQuotaExceeded", 429, "rate_limit_error"),
    ("ServiceUnavailable", 529, "overloaded_error"),
    ("Throttling", 429, "rate_limit_error"),
    ("TooManyRequests", 429, "rate_limit_error"),
    ("UnrecognizedClient", 401, "authentication_error"),
    ("Validation", 400, "invalid_request_error"),
];

/// What a validation says of a model that the account does not have under this name.
const NO_MODEL: [&str; 2] = [
    "model identifier is invalid",
    "on-demand throughput isn\u{2019}t supported",
];

/// An exception, in the words of the API that the caller speaks.
#[derive(Debug, PartialEq, Eq)]
struct Exception {
    status: u16,
    kind: &'static str,
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    #[serde(alias = "Message")]
    message: String,
    __type: String,
}

impl Exception {
    /// `name` as a header or a stream has it: with or without a namespace, and an address behind it.
    fn of(name: &str, said: Said, status: u16) -> Self {
        let name = match name {
            "" => said.__type.as_str(),
            name => name,
        };
        let name = name.split(':').next().unwrap_or_default();
        let name = name.rsplit('#').next().unwrap_or_default();
        let word = name.strip_suffix("Exception").unwrap_or(name);
        let row = ROWS.iter().find(|(row, ..)| row.eq_ignore_ascii_case(word));
        let (status, kind) = match row {
            Some((_, 400, _)) if says_no_model(&said.message) => (404, "not_found_error"),
            Some((_, status, kind)) => (*status, *kind),
            None => (status, by_status(status)),
        };
        let message = match status {
            401 | 403 => format!("Bedrock does not let the relay's account do this ({name})"),
            _ if said.message.is_empty() => format!("Bedrock refused ({name})"),
            _ => said.message,
        };
        Self {
            status,
            kind,
            message,
        }
    }

    fn body(&self, request_id: &str) -> String {
        let error = json!({"type": self.kind, "message": self.message});
        json!({"type": "error", "error": error, "request_id": request_id}).to_string()
    }
}

fn says_no_model(message: &str) -> bool {
    let message = message.replace('\'', "\u{2019}");
    NO_MODEL.iter().any(|words| message.contains(words))
}

fn by_status(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// The body of an error answer, whose status and headers become Anthropic's too.
pub(crate) fn refusal(head: &mut Parts, said: &[u8]) -> Bytes {
    let id = show_request_id(head);
    let name = head.headers.remove("x-amzn-errortype");
    let name = name.as_ref().and_then(|name| name.to_str().ok());
    let said = serde_json::from_slice(said).unwrap_or_default();
    let exception = Exception::of(name.unwrap_or_default(), said, head.status.as_u16());
    head.status =
        StatusCode::from_u16(exception.status).expect("the rows have statuses that there are");
    head.headers.remove(CONTENT_LENGTH);
    head.headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    exception.body(&id).into()
}

/// An exception in the middle of a stream, as the event that ends it.
pub(super) fn event(name: &str, payload: &[u8], request_id: &str) -> String {
    let said = serde_json::from_slice(payload).unwrap_or_default();
    let exception = Exception::of(name, said, 500);
    format!("event: error\ndata: {}\n\n", exception.body(request_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, body: &str, status: u16) -> (u16, &'static str, String) {
        let said = serde_json::from_str(body).unwrap_or_default();
        let Exception {
            status,
            kind,
            message,
        } = Exception::of(name, said, status);
        (status, kind, message)
    }

    #[test]
    fn an_exception_is_told_in_anthropic_s_words() {
        let message = r#"{"message":"m"}"#;
        for (name, body, status, expected) in [
            (
                "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/",
                message,
                429,
                (429, "rate_limit_error", "m"),
            ),
            (
                "ServiceQuotaExceededException",
                message,
                400,
                (429, "rate_limit_error", "m"),
            ),
            (
                "com.amazon.coral.validate#ValidationException",
                message,
                400,
                (400, "invalid_request_error", "m"),
            ),
            (
                "",
                r#"{"__type":"x#ModelTimeoutException","Message":"m"}"#,
                408,
                (504, "timeout_error", "m"),
            ),
            (
                "modelStreamErrorException",
                message,
                200,
                (500, "api_error", "m"),
            ),
            (
                "serviceUnavailableException",
                message,
                503,
                (529, "overloaded_error", "m"),
            ),
            (
                "BrandNewException",
                "<html>",
                418,
                (
                    418,
                    "invalid_request_error",
                    "Bedrock refused (BrandNewException)",
                ),
            ),
        ] {
            let (status, kind, message) = of(name, body, status);
            assert_eq!((status, kind, message.as_str()), expected, "{name}");
        }
    }

    #[test]
    fn whose_account_it_is_is_not_told() {
        let body = r#"{"message":"User: arn:aws:iam::123456789012:user/u is not authorized"}"#;
        for name in ["AccessDeniedException", "InvalidSignatureException"] {
            let (status, _, message) = of(name, body, 403);
            assert!(matches!(status, 401 | 403));
            assert!(!message.contains("123456789012"), "{message}");
        }
    }

    #[test]
    fn a_model_that_the_account_does_not_have_is_not_the_callers_fault() {
        let no_throughput = |quote: &str| {
            format!("Invocation of model ID x with on-demand throughput isn{quote}t supported.")
        };
        for message in [
            no_throughput("'"),
            no_throughput("\u{2019}"),
            "The provided model identifier is invalid.".to_owned(),
        ] {
            let body = json!({ "message": message }).to_string();
            assert_eq!(of("ValidationException", &body, 400).0, 404);
        }
    }
}
