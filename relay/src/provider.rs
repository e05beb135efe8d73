//! What upstreams speak: which API and how much of it, how the credential is shown, and which headers go up and come back.
//! A new provider is a file in `provider/`, a variant here and a row in `rules`.

mod anthropic;
pub(crate) mod azure_openai;
pub(crate) mod bedrock;
mod deepseek;
mod gemini;
mod openai;

use std::fmt;

use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::{dialect::Dialect, route::Work, secret::Secret};

/// An ARN has as many bytes at most.
const LONGEST_MODEL: usize = 2048;

/// The kind of an account, by its name in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Anthropic,
    OpenAi,
    Gemini,
    #[serde(rename = "azure-openai")]
    AzureOpenAi,
    Bedrock,
    DeepSeek,
}

/// An API. Several providers may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Api {
    Anthropic,
    OpenAi,
    Gemini,
}

/// What tells one provider from another.
struct Rules {
    name: &'static str,
    api: Api,
    /// Which routes of the API it has.
    serves: fn(Work, Dialect) -> bool,
    /// The header that shows the credential, and what stands before it there.
    credential: (&'static str, &'static str),
    /// Where its own API is; none where each customer has an address of his own.
    base_url: Option<&'static str>,
    /// What a base URL already has of the paths of callers.
    base_path: &'static str,
    /// Which headers of callers go up, beside those that all APIs read.
    goes_up: fn(&str) -> bool,
    /// Which headers tell callers whose account it is.
    tells_account: fn(&str) -> bool,
}

impl Provider {
    fn rules(self) -> &'static Rules {
        match self {
            Self::Anthropic => &anthropic::RULES,
            Self::OpenAi => &openai::RULES,
            Self::Gemini => &gemini::RULES,
            Self::AzureOpenAi => &azure_openai::RULES,
            Self::Bedrock => &bedrock::RULES,
            Self::DeepSeek => &deepseek::RULES,
        }
    }

    /// Its name in the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::AzureOpenAi => "azure-openai",
            Self::Bedrock => "bedrock",
            Self::DeepSeek => "deepseek",
        }
    }

    pub(crate) fn api(self) -> Api {
        self.rules().api
    }

    /// Whether it has what a request is for.
    pub(crate) fn serves(self, work: Work, dialect: Dialect) -> bool {
        (self.rules().serves)(work, dialect)
    }

    /// Where the provider's own API is, if it is in one place.
    pub(crate) fn base_url(self) -> Option<&'static str> {
        self.rules().base_url
    }

    /// The credential as a header shows it. Marked sensitive, so that Debug does not show it.
    pub(crate) fn credential(
        self,
        secret: &Secret,
    ) -> Result<(HeaderName, HeaderValue), InvalidHeaderValue> {
        let (name, before) = self.rules().credential;
        let mut value = HeaderValue::from_str(&format!("{before}{}", secret.reveal()))?;
        value.set_sensitive(true);
        Ok((HeaderName::from_static(name), value))
    }

    /// What a base URL of this kind already has of the paths of callers.
    pub(crate) fn base_path(self) -> &'static str {
        self.rules().base_path
    }

    /// What follows the base URL when a caller asks for `path`.
    pub(crate) fn path(self, path: &str) -> &str {
        path.strip_prefix(self.base_path()).unwrap_or(path)
    }

    /// The headers to send: what the caller's headers hold of those that the provider knows; the credential is not there yet.
    /// An answer that is not compressed can be read beside the stream.
    pub(crate) fn request_headers(self, from: &HeaderMap) -> HeaderMap {
        let rules = self.rules();
        let for_next_only = for_next_only(from);
        let goes_up = |name: &HeaderName| {
            (of_every_api(name.as_str()) || (rules.goes_up)(name.as_str())) && !for_next_only(name)
        };
        let going = from.iter().filter(|(name, _)| goes_up(name));
        let mut headers = HeaderMap::with_capacity(from.len() + 2);
        headers.extend(going.map(|(name, value)| (name.clone(), value.clone())));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers
    }

    /// The headers to hand back: all but those of the connection and those that tell whose account it is.
    pub(crate) fn response_headers(self, mut from: HeaderMap) -> HeaderMap {
        for name in self.staying(&from) {
            from.remove(name);
        }
        from
    }

    fn staying(self, from: &HeaderMap) -> Vec<HeaderName> {
        let for_next_only = for_next_only(from);
        let stays = |name: &&HeaderName| {
            of_connection(name.as_str())
                || of_upstream_server(name.as_str())
                || (self.rules().tells_account)(name.as_str())
                || for_next_only(name)
        };
        from.keys().filter(stays).cloned().collect()
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rules().name)
    }
}

impl Api {
    pub(crate) const ALL: [Self; 3] = [Self::Anthropic, Self::OpenAi, Self::Gemini];
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anthropic => "Anthropic",
            Self::OpenAi => "OpenAI",
            Self::Gemini => "Gemini",
        })
    }
}

/// A model's name as one segment of a path. One that could be taken for more, or that nobody has, is an error.
fn segment(model: &str) -> Result<String, String> {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    match model.len() <= LONGEST_MODEL && !model.bytes().all(|byte| byte == b'.') {
        true => Ok(utf8_percent_encode(model, KEPT).to_string()),
        false => Err("`model` is missing, or no name of one".into()),
    }
}

fn all_of_it(_: Work, _: Dialect) -> bool {
    true
}

fn of_every_api(name: &str) -> bool {
    matches!(name, "accept" | "content-type" | "user-agent")
}

/// Which headers are meant for the next machine alone, by the word of `Connection`.
fn for_next_only(headers: &HeaderMap) -> impl Fn(&HeaderName) -> bool {
    let told: Vec<&HeaderValue> = headers.get_all(CONNECTION).iter().collect();
    move |name| {
        told.iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|word| word.trim().eq_ignore_ascii_case(name.as_str()))
    }
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

    const ALL: [Provider; 6] = [
        Provider::Anthropic,
        Provider::OpenAi,
        Provider::Gemini,
        Provider::AzureOpenAi,
        Provider::Bedrock,
        Provider::DeepSeek,
    ];

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
        let mut names: Vec<_> = of.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
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
        let back = Provider::Anthropic.response_headers(from);
        assert_eq!(
            names(&back),
            [
                "anthropic-ratelimit-requests-limit",
                "content-type",
                "request-id",
                "retry-after"
            ]
        );
        let from = headers(&[
            ("openai-organization", "org"),
            ("openai-project", "proj"),
            ("openai-processing-ms", "5"),
            ("x-request-id", "req_1"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        let back = Provider::OpenAi.response_headers(from);
        assert_eq!(
            names(&back),
            [
                "openai-processing-ms",
                "x-ratelimit-reset-tokens",
                "x-request-id"
            ]
        );
    }

    #[test]
    fn a_callers_credentials_and_identity_do_not_go_up() {
        for provider in ALL {
            for name in [
                "authorization",
                "x-api-key",
                "x-goog-api-key",
                "api-key",
                "x-amz-security-token",
                "x-goog-user-project",
                "openai-organization",
                "openai-project",
                "cookie",
                "x-forwarded-for",
                "host",
            ] {
                let goes_up = of_every_api(name) || (provider.rules().goes_up)(name);
                assert!(!goes_up, "{name} to {provider}");
            }
        }
        for (provider, name) in [
            (Provider::Anthropic, "anthropic-beta"),
            (Provider::Anthropic, "x-stainless-lang"),
            (Provider::OpenAi, "openai-beta"),
            (Provider::Gemini, "x-goog-api-client"),
        ] {
            assert!((provider.rules().goes_up)(name), "{name} to {provider}");
        }
    }

    #[test]
    fn a_model_s_name_is_never_more_than_one_segment_of_a_path() {
        assert_eq!(
            segment("a.b-c_1:0/x é").unwrap(),
            "a.b-c_1%3A0%2Fx%20%C3%A9"
        );
        for bad in ["", ".", "..", &"a".repeat(LONGEST_MODEL + 1)] {
            assert!(segment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_credential_is_shown_as_the_provider_wants_it() {
        let shown = |provider: Provider| provider.credential(&Secret::new("sk-1")).unwrap().1;
        assert_eq!(shown(Provider::Anthropic), "sk-1");
        assert_eq!(shown(Provider::OpenAi), "Bearer sk-1");
        assert_eq!(shown(Provider::Gemini), "sk-1");
        assert_eq!(format!("{:?}", shown(Provider::OpenAi)), "Sensitive");
        assert!(Provider::OpenAi.credential(&Secret::new("a\nb")).is_err());
    }
}
