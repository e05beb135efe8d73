//! The fifth step: the request goes up as it came, with the account's credential in place of the caller's.
//! `upstream.rs` keeps the connections, `dial.rs` makes them, to where `place.rs` lets them.

mod dial;
mod heard;
mod place;
mod resolve;
mod upstream;

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, Uri,
    body::Incoming,
    header::{HeaderName, HeaderValue},
    http::request::Parts,
};
use hyper_util::client::legacy::Error as ClientError;
use tokio::time::timeout;

pub(crate) use dial::Tls;
pub(crate) use heard::{Fault, Heard};
pub(crate) use place::{Place, Reach, address_of, is_this_machine};
pub(crate) use upstream::Upstream;

use heard::hear;

use crate::{
    account::{Account, Origin},
    call::Call,
    cooldown::Cause,
    dialect::Dialect,
    permit::Permit,
    provider::Provider,
    read::{Answer, Asked, Splice},
    route::{Work, path_upstream},
    settle::Outcome,
    translate::Translation,
    words::Words,
};

/// Without it Anthropic does not answer.
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Why there is no answer from upstream. The upstream's fault; another try may succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the provider could not be reached")]
    Unreachable(ClientError),
    #[error("the connection to the provider broke before it answered")]
    BrokeOff(Option<ClientError>),
    #[error("the provider did not begin to answer within {} s", .0.as_secs_f32())]
    Late(Duration),
    #[error("the provider answered with a redirect, which is never followed")]
    Redirect,
}

/// What came of sending a request to one account.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) came: Result<Heard, UpstreamError>,
    /// What speaks against the account; none where the answer is one, or the caller at fault.
    pub(crate) fault: Option<Fault>,
}

/// Sends the request and waits for the beginning of its answer.
pub(crate) async fn forward(
    upstream: &Upstream,
    call: &Call,
    asked: &Asked,
    permit: &mut Permit,
) -> Sent {
    match headers(upstream, call, asked, permit).await {
        Err(error) => Sent {
            fault: Some(error.fault()),
            came: Err(error),
        },
        Ok(answer) => {
            let idle = upstream.account.timeouts.idle;
            let (heard, fault) = hear(answer, call.dialect, idle).await;
            let came = match (call.dialect, fault.map(|fault| fault.cause)) {
                // Inside the first element of an array no error could be told any more.
                (Dialect::GeminiArray, Some(Cause::Unreachable)) => {
                    Err(UpstreamError::BrokeOff(None))
                }
                (Dialect::GeminiArray, Some(Cause::Late)) => Err(UpstreamError::Late(idle)),
                _ => Ok(heard),
            };
            if let Err(error) = &came {
                permit.note(|record| record.outcome = error.outcome());
            }
            Sent { came, fault }
        }
    }
}

async fn headers(
    upstream: &Upstream,
    call: &Call,
    asked: &Asked,
    permit: &mut Permit,
) -> Result<Response<Incoming>, UpstreamError> {
    let account = &upstream.account;
    let within = match asked.facts.answer {
        Answer::Stream => account.timeouts.first_byte_stream,
        Answer::Whole => account.timeouts.first_byte,
    };
    permit.goes_upstream();
    let outbound = Outbound::of(call, asked, account).await;
    let request = || outbound.request(account, &call.head);
    let answer = match timeout(within, upstream.send(request)).await {
        Err(_) => Err(UpstreamError::Late(within)),
        Ok(Err(error)) if error.is_connect() => {
            permit.did_not_go_upstream();
            Err(UpstreamError::Unreachable(error))
        }
        Ok(Err(error)) => Err(UpstreamError::BrokeOff(Some(error))),
        Ok(Ok(answer)) if answer.status().is_redirection() => Err(UpstreamError::Redirect),
        Ok(Ok(answer)) => Ok(answer),
    };
    match &answer {
        Ok(answer) => permit.note(|record| record.headers_came(answer.status().as_u16())),
        Err(error) => {
            tracing::warn!(account = &*account.id, request = %permit.id(), error = ?error, "no answer from upstream");
            permit.note(|record| record.outcome = error.outcome());
        }
    }
    permit.release_turn();
    answer
}

impl UpstreamError {
    fn fault(&self) -> Fault {
        let cause = match self {
            Self::Unreachable(_) | Self::BrokeOff(_) => Cause::Unreachable,
            Self::Late(_) => Cause::Late,
            Self::Redirect => Cause::Fault,
        };
        Fault {
            cause,
            stated: None,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::BrokeOff(_) => Outcome::UpstreamUnreachable,
            Self::Late(_) => Outcome::UpstreamTimeout,
            Self::Redirect => Outcome::UpstreamRefused,
        }
    }
}

/// What goes to an account: in the caller's words, or translated. What a provider does with it comes after this.
struct Outbound {
    address: Uri,
    body: Bytes,
    translation: Option<Translation>,
}

impl Outbound {
    async fn of(call: &Call, asked: &Asked, account: &Account) -> Self {
        let Some(translation) = call.translation(account) else {
            let renamed = call.renamed(&asked.facts, account);
            let (provider, uri) = (account.provider, &call.head.uri);
            let is_in_path = call.work == Work::ShowModel || provider == Provider::Gemini;
            let in_path = renamed.as_deref().filter(|_| is_in_path);
            return Self {
                address: address(&account.origin, provider, uri, in_path),
                body: body(asked, account, renamed.as_deref()),
                translation: None,
            };
        };
        // What its query says is said to another API.
        let path = Uri::from_static(translation.path());
        let words = Words::of(call, account, &asked.body, translation).await;
        let words = words.expect("it was translated before, and only the model's name differs");
        Self {
            address: address(&account.origin, account.provider, &path, None),
            body: words.body,
            translation: Some(translation),
        }
    }

    fn request(&self, account: &Account, head: &Parts) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = self.address.clone();
        let mut headers = account.provider.request_headers(&head.headers, account);
        if self.translation == Some(Translation::ToMessages) {
            headers.insert(VERSION, HeaderValue::from_static("2023-06-01"));
        }
        *request.headers_mut() = headers;
        request
    }
}

/// The caller's body, with nothing but the splices that are needed.
fn body(asked: &Asked, account: &Account, renamed: Option<&str>) -> Bytes {
    let mut splices = Vec::new();
    if let (Some(said), Some(name), false) = (&asked.facts.model, renamed, asked.body.is_empty()) {
        splices = match account.provider {
            Provider::Anthropic | Provider::OpenAi => {
                Splice::model(&asked.body, name).into_iter().collect()
            }
            Provider::Gemini => Splice::gemini_models(&asked.body, said, name),
        };
    }
    splices.extend(asked.usage_asked_of(account).cloned());
    Splice::apply(splices, &asked.body)
}

/// The account's address with the path and query of the request, less the prefix that named the dialect, and less any
/// key: the caller's credential goes no further than here, wherever a client put it. `renamed` is the model in the path.
fn address(origin: &Origin, provider: Provider, asked: &Uri, renamed: Option<&str>) -> Uri {
    let query = asked.query();
    let length = origin.path.len() + asked.path().len() + 1 + query.map_or(0, str::len);
    let mut path = String::with_capacity(length);
    path.push_str(&origin.path);
    let asked_path = provider.path(path_upstream(asked.path()));
    match (asked_path.rsplit_once('/'), renamed) {
        (Some((before, last)), Some(model)) => {
            let method = last.find(':').map_or("", |colon| &last[colon..]);
            path.extend([before, "/", model, method]);
        }
        _ => path.push_str(asked_path),
    }
    let pairs = query.into_iter().flat_map(|query| query.split('&'));
    let mut before = '?';
    for pair in pairs.filter(|pair| !is_key(pair)) {
        path.push(before);
        path.push_str(pair);
        before = '&';
    }
    let mut parts = origin.base.clone().into_parts();
    parts.path_and_query = Some(
        path.parse()
            .expect("both parts are valid, and bounded by the route and the configuration"),
    );
    Uri::from_parts(parts).expect("scheme, authority and path are there")
}

fn is_key(pair: &str) -> bool {
    pair.split('=').next() == Some("key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_and_query_go_up_without_prefix_and_key() {
        let origin = Origin {
            base: "https://example.com/x/".parse().unwrap(),
            path: "/x".into(),
        };
        for (asked, expected) in [
            ("/v1/messages", "/v1/messages"),
            ("/anthropic/v1/messages?beta=true", "/v1/messages?beta=true"),
            ("/v1/messages?", "/v1/messages?"),
            ("/v1/messages?key=weir_a", "/v1/messages"),
            ("/v1/messages?key=weir_a&beta=%20", "/v1/messages?beta=%20"),
            ("/v1/messages?a&&key=x=y&b=1?&key", "/v1/messages?a&&b=1?"),
            ("/v1/messages?keys=1&Key=2", "/v1/messages?keys=1&Key=2"),
        ] {
            assert_eq!(
                address(&origin, Provider::Anthropic, &asked.parse().unwrap(), None).to_string(),
                format!("https://example.com/x{expected}")
            );
        }
    }

    #[test]
    fn a_base_url_that_ends_with_the_version_has_it_once() {
        for (base, path, expected) in [
            ("https://api.example.com/v1", "/v1", "/v1/responses"),
            (
                "https://example.com/paas/v4/",
                "/paas/v4",
                "/paas/v4/responses",
            ),
        ] {
            let origin = Origin {
                base: base.parse().unwrap(),
                path: path.into(),
            };
            let asked = "/openai/v1/responses".parse().unwrap();
            assert_eq!(
                address(&origin, Provider::OpenAi, &asked, None).path(),
                expected
            );
        }
    }
}
