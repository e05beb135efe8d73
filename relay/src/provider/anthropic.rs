//! Anthropic and endpoints compatible with it.

use hyper::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Headers of callers that the API reads. Their credentials, cookies and addresses are not among them.
pub(super) fn goes_up(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "anthropic-beta"
            | "anthropic-version"
            | "content-type"
            | "idempotency-key"
            | "user-agent"
            | "x-app"
    ) || name.starts_with("x-stainless-")
}

/// An answer that is not compressed can be read beside the stream.
pub(super) fn add_credential(headers: &mut HeaderMap, credential: &HeaderValue) {
    headers.insert(X_API_KEY, credential.clone());
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

pub(super) fn tells_account(name: &str) -> bool {
    name == "anthropic-organization-id"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_credentials_do_not_go_up() {
        for name in [
            "authorization",
            "x-api-key",
            "cookie",
            "x-forwarded-for",
            "host",
            "x-goog-api-key",
        ] {
            assert!(!goes_up(name), "{name}");
        }
        for name in ["anthropic-beta", "anthropic-version", "x-stainless-lang"] {
            assert!(goes_up(name), "{name}");
        }
    }
}
