//! What upstreams speak: how the credential is shown, and which headers go up and come back.
//! A new provider is a file in `provider/` and a row in each match here.

mod anthropic;

use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};

use crate::{account::Account, config::AccountKind};

/// The kind of an account, as the relay's steps see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Anthropic,
}

impl Provider {
    pub(crate) fn of(kind: AccountKind) -> Self {
        match kind {
            AccountKind::Anthropic => Self::Anthropic,
        }
    }

    /// The headers to send: what the caller's headers hold of those that the provider knows, and the account's credential.
    pub(crate) fn request_headers(self, from: &HeaderMap, account: &Account) -> HeaderMap {
        let allowed: fn(&str) -> bool = match self {
            Self::Anthropic => anthropic::goes_up,
        };
        let mut headers = copy(from, |name| allowed(name.as_str()));
        match self {
            Self::Anthropic => anthropic::add_credential(&mut headers, &account.credential),
        }
        headers
    }

    /// The headers to hand back: all but those of the connection and those that tell whose account it is.
    pub(crate) fn response_headers(self, from: &HeaderMap) -> HeaderMap {
        let private: fn(&str) -> bool = match self {
            Self::Anthropic => anthropic::tells_account,
        };
        copy(from, |name| {
            !of_connection(name.as_str())
                && !of_upstream_server(name.as_str())
                && !private(name.as_str())
        })
    }
}

/// A header that is meant for the next machine alone, by its own word in `Connection`, does not pass either.
fn copy(from: &HeaderMap, wanted: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let named: Vec<&HeaderValue> = from.get_all(CONNECTION).iter().collect();
    let for_next_only = |name: &HeaderName| {
        named
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|word| word.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let mut headers = HeaderMap::with_capacity(from.len() + 2);
    for (name, value) in from {
        if wanted(name) && !for_next_only(name) {
            headers.append(name, value.clone());
        }
    }
    headers
}

fn of_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// What upstream servers and their edge say of themselves or set for their own host.
fn of_upstream_server(name: &str) -> bool {
    matches!(
        name,
        "alt-svc"
            | "date"
            | "nel"
            | "report-to"
            | "server"
            | "set-cookie"
            | "strict-transport-security"
            | "via"
            | "x-robots-tag"
    ) || ["access-control-", "cf-", "x-envoy-", "x-weir-"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        of.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn names(of: &HeaderMap) -> Vec<&str> {
        of.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn headers_of_the_connection_and_of_the_account_do_not_come_back() {
        let from = headers(&[
            ("content-type", "application/json"),
            ("request-id", "req_1"),
            ("anthropic-ratelimit-requests-limit", "5"),
            ("retry-after", "3"),
            ("anthropic-organization-id", "org"),
            ("set-cookie", "a=b"),
            ("transfer-encoding", "chunked"),
            ("cf-ray", "1"),
            ("x-weir-error", "forged"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
        ]);
        let back = Provider::Anthropic.response_headers(&from);
        assert_eq!(
            names(&back),
            [
                "content-type",
                "request-id",
                "anthropic-ratelimit-requests-limit",
                "retry-after"
            ]
        );
    }
}
