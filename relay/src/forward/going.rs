//! What goes up to one account: where it goes, with which headers and body, and how that account's answers are to be
//! read. Most are asked as the caller has asked.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, Uri,
    body::Incoming,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{
    UpstreamError,
    source::{Source, beginning},
};
use crate::{
    account::{Account, Endpoint, Origin},
    call::Call,
    provider::{
        Api, Provider,
        bedrock::{self, Bedrock},
    },
    read::{Asked, Splice},
    route::{Work, path_upstream},
    telemetry::TRACEPARENT,
    time::UnixMillis,
    translate::{Served, Translation},
    words::Words,
};

/// Without it Anthropic does not answer.
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// The same at each try.
pub(super) struct Going<'a> {
    account: &'a Account,
    method: Method,
    address: Uri,
    headers: &'a HeaderMap,
    body: Bytes,
    translation: Option<Translation>,
    reading: Reading,
}

/// What is asked of the account, in the words of its API.
struct Spoken<'a> {
    call: &'a Call,
    asked: &'a Asked,
    translation: Option<Translation>,
    /// What the account calls the model, where that is not what the caller said.
    renamed: Option<String>,
    body: Bytes,
}

/// How an answer becomes one of the API that the account speaks.
enum Reading {
    /// It is one.
    AsItIs,
    Bedrock(bedrock::Reading),
}

impl<'a> Going<'a> {
    pub(super) async fn of(
        account: &'a Account,
        call: &'a Call,
        asked: &Asked,
    ) -> Result<Self, UpstreamError> {
        let spoken = Spoken::to(account, call, asked).await?;
        let (address, reading, body) = match &account.endpoint {
            Endpoint::Bedrock(bedrock) => spoken.to_bedrock(account, bedrock)?,
            Endpoint::Plain | Endpoint::Deployments(_) => {
                let address = spoken.address(account)?;
                (address, Reading::AsItIs, spoken.body)
            }
        };
        Ok(Self {
            account,
            method: call.head.method.clone(),
            address,
            headers: &call.head.headers,
            body,
            translation: spoken.translation,
            reading,
        })
    }

    pub(super) fn request(
        &self,
        traceparent: Option<&HeaderValue>,
        now: UnixMillis,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.address.clone();
        let mut headers = self.account.provider.request_headers(self.headers);
        let served = self.translation.map(|translation| translation.served);
        if served == Some(Served::Messages) {
            headers.insert(VERSION, HeaderValue::from_static("2023-06-01"));
        }
        if let Some(traceparent) = traceparent {
            headers.insert(TRACEPARENT, traceparent.clone());
        }
        *request.headers_mut() = headers;
        if let Reading::Bedrock(reading) = &self.reading {
            reading.ask(request.headers_mut());
        }
        self.account.credential.put_on(&mut request, now);
        request.map(Full::new)
    }

    /// The answer as the API has it.
    pub(super) async fn come(&self, answer: Response<Incoming>) -> Response<Source> {
        match &self.reading {
            Reading::AsItIs => answer.map(Source::AsItIs),
            Reading::Bedrock(reading) => from_bedrock(reading, answer).await,
        }
    }
}

async fn from_bedrock(reading: &bedrock::Reading, answer: Response<Incoming>) -> Response<Source> {
    let (mut head, body) = answer.into_parts();
    let source = match head.status.is_success() {
        true => match reading.rewording(&mut head) {
            None => Source::AsItIs(body),
            Some(rewording) => Source::reworded(body, rewording),
        },
        false => {
            let said = beginning(body).await;
            Source::Known(Some(bedrock::refusal(&mut head, &said)))
        }
    };
    Response::from_parts(head, source)
}

impl<'a> Spoken<'a> {
    async fn to(
        account: &Account,
        call: &'a Call,
        asked: &'a Asked,
    ) -> Result<Self, UpstreamError> {
        let renamed = call.renamed(&asked.facts, account);
        let translation = call.translation(account);
        let words = match translation {
            None => None,
            Some(_) => Box::pin(Words::of(call, account, asked))
                .await
                .map_err(|unfit| UpstreamError::Unsayable(unfit.to_string()))?,
        };
        let body = match (words, &account.endpoint) {
            (Some(words), _) => words.body,
            // There the model stands in the path alone.
            (None, Endpoint::Bedrock(_)) => asked.body.clone(),
            (None, _) => body(asked, account, renamed.as_deref()),
        };
        Ok(Self {
            call,
            asked,
            translation,
            renamed,
            body,
        })
    }

    fn model(&self) -> Option<&str> {
        self.renamed
            .as_deref()
            .or(self.asked.facts.model.as_deref())
    }

    fn address(&self, account: &Account) -> Result<Uri, UpstreamError> {
        let uri = match self.translation {
            None => Cow::Borrowed(&self.call.head.uri),
            // What its query says is said to another API.
            Some(translation) => Cow::Owned(Uri::from_static(translation.served.path())),
        };
        let is_in_path = self.call.work == Work::ShowModel || account.provider == Provider::Gemini;
        let renamed = self.renamed.as_deref().filter(|_| is_in_path);
        let path = path(account.provider, &uri, renamed);
        let (path, version) = match &account.endpoint {
            Endpoint::Deployments(deployments) => {
                let path = deployments.path(&path, self.model());
                let path = path.map_err(UpstreamError::Unsayable)?;
                (path.into(), Some(&*deployments.api_version))
            }
            Endpoint::Plain | Endpoint::Bedrock(_) => (path, None),
        };
        Ok(address(&account.origin, &path, uri.query(), version))
    }

    fn to_bedrock(
        &self,
        account: &Account,
        bedrock: &Bedrock,
    ) -> Result<(Uri, Reading, Bytes), UpstreamError> {
        let said = self.asked.facts.model.as_deref();
        let wanted = bedrock::Wanted {
            work: self.call.work,
            answer: self.asked.facts.answer,
            said: said.unwrap_or_default(),
            model: self.model().unwrap_or_default(),
            headers: &self.call.head.headers,
            body: &self.body,
        };
        let asking = bedrock.ask(&wanted).map_err(UpstreamError::Unsayable)?;
        let address = address(&account.origin, &asking.path, None, None);
        Ok((address, Reading::Bedrock(asking.reading), asking.body))
    }
}

/// The caller's body, with nothing but the splices that are needed.
fn body(asked: &Asked, account: &Account, renamed: Option<&str>) -> Bytes {
    let mut splices = Vec::new();
    if let (Some(said), Some(name), false) = (&asked.facts.model, renamed, asked.body.is_empty()) {
        splices = match account.provider.api() {
            Api::Anthropic | Api::OpenAi => Splice::model(&asked.body, name).into_iter().collect(),
            Api::Gemini => Splice::gemini_models(&asked.body, said, name),
        };
    }
    splices.extend(asked.usage_asked_of(account).cloned());
    Splice::apply(splices, &asked.body)
}

/// The path of the endpoint for one of the API's, less the prefix that named the dialect. `renamed` is the model in it.
fn path<'u>(provider: Provider, asked: &'u Uri, renamed: Option<&str>) -> Cow<'u, str> {
    let path = provider.path(path_upstream(asked.path()));
    match (path.rsplit_once('/'), renamed) {
        (Some((before, last)), Some(model)) => {
            let method = last.find(':').map_or("", |colon| &last[colon..]);
            format!("{before}/{model}{method}").into()
        }
        _ => path.into(),
    }
}

/// The account's address with a path of its own and the query of the request, less any key: the caller's credential goes
/// no further than here, wherever a client put it.
fn address(origin: &Origin, path: &str, query: Option<&str>, version: Option<&str>) -> Uri {
    let length = origin.path.len() + path.len() + 1 + query.map_or(0, str::len);
    let mut target = String::with_capacity(length);
    target.extend([&*origin.path, path]);
    let pairs = query.into_iter().flat_map(|query| query.split('&'));
    let mut before = '?';
    for pair in pairs.filter(|pair| !is_key(pair)) {
        target.push(before);
        target.push_str(pair);
        before = '&';
    }
    if let Some(version) = version {
        target.push(before);
        target.extend(["api-version=", version]);
    }
    let mut parts = origin.base.clone().into_parts();
    parts.path_and_query = Some(
        target
            .parse()
            .expect("its parts are valid, and bounded by the route and the configuration"),
    );
    Uri::from_parts(parts).expect("scheme, authority and path are there")
}

fn is_key(pair: &str) -> bool {
    pair.split('=').next() == Some("key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(origin: &Origin, provider: Provider, asked: &Uri) -> Uri {
        super::address(origin, &path(provider, asked, None), asked.query(), None)
    }

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
                address(&origin, Provider::Anthropic, &asked.parse().unwrap()).to_string(),
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
            assert_eq!(address(&origin, Provider::OpenAi, &asked).path(), expected);
        }
    }
}
