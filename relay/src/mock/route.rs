//! Which request goes where. Extending: a provider's route is a row in `find`.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, Uri};

use super::Options;
use super::behaviour::Behaviour;
use super::dialect::{Dialect, Failure, Provider};
use super::generation::Exchange;
use super::ledger::Ledger;
use super::openai::Shelf;
use super::pause::Resumption;
use super::playback::{Playback, ResetFlag, json_response};
use super::{azure, bedrock};

const MAX_CONFIG_BYTES: usize = 64 << 10;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) ledger: Arc<Ledger>,
    pub(super) shelf: Shelf,
    pub(super) resumption: Resumption,
    behaviour: Mutex<Behaviour>,
    serial: AtomicU64,
}

impl Upstream {
    pub(super) fn new(options: Options) -> Self {
        Self {
            ledger: Arc::new(Ledger::new(options.limit)),
            shelf: Shelf::default(),
            resumption: Resumption::default(),
            behaviour: Mutex::new(options.behaviour),
            serial: AtomicU64::new(1),
        }
    }

    pub(super) fn behaviour(&self) -> Behaviour {
        self.behaviour
            .lock()
            .expect("nobody panics while holding the behaviour")
            .clone()
    }

    pub(super) fn set_behaviour(&self, behaviour: Behaviour) {
        *self
            .behaviour
            .lock()
            .expect("nobody panics while holding the behaviour") = behaviour;
    }

    pub(super) async fn serve(
        &self,
        request: Request<Incoming>,
        reset: ResetFlag,
    ) -> Response<Playback> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/mock/stats") => json_response(StatusCode::OK, &self.ledger.stats()),
            (&Method::GET, "/mock/config") => json_response(StatusCode::OK, &self.behaviour()),
            (&Method::POST, "/mock/config") => self.configure(request).await,
            (&Method::POST, "/mock/resume") => {
                self.resumption.resume();
                Response::new(Playback::whole("ok"))
            }
            (&Method::GET, "/healthz") => Response::new(Playback::whole("ok")),
            _ => self.play(request, reset).await,
        }
    }

    async fn play(&self, request: Request<Incoming>, reset: ResetFlag) -> Response<Playback> {
        let (label, found) = find(&request);
        self.ledger.count(label);
        let provider = match &found {
            Ok(Work::Generate(provider, _)) => *provider,
            Ok(Work::CountTokens(provider) | Work::ListModels(provider)) => *provider,
            Ok(Work::Stored(provider)) => *provider,
            Err(_) => by_credential(&request),
        };
        let exchange = Exchange {
            upstream: self,
            provider,
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            reset,
        };
        match found {
            Ok(Work::Generate(_, dialect)) => exchange.generate(dialect, request).await,
            Ok(Work::CountTokens(_)) => exchange.count_tokens(request).await,
            Ok(Work::ListModels(_)) => {
                let answered = provider.models(&request.into_parts().0);
                exchange.finish(answered)
            }
            Ok(Work::Stored(_)) => exchange.stored(request),
            Err(failure) => exchange.finish(Err(failure)),
        }
    }

    /// Query pairs and a JSON object, each optional, over the behaviour of now.
    async fn configure(&self, request: Request<Incoming>) -> Response<Playback> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = match Limited::new(request.into_body(), MAX_CONFIG_BYTES)
            .collect()
            .await
        {
            Ok(body) => body.to_bytes(),
            Err(error) => return json_response(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let behaviour =
            self.behaviour()
                .with_pairs(&query)
                .and_then(|behaviour| match body.is_empty() {
                    true => Ok(behaviour),
                    false => behaviour.with_json(&body),
                });
        match behaviour {
            Ok(behaviour) => {
                self.set_behaviour(behaviour.clone());
                json_response(StatusCode::OK, &behaviour)
            }
            Err(refusal) => json_response(StatusCode::BAD_REQUEST, &refusal),
        }
    }
}

/// What a request to a provider's route is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    Generate(Provider, Dialect),
    CountTokens(Provider),
    ListModels(Provider),
    Stored(Provider),
}

impl Work {
    fn generate(dialect: Dialect) -> Self {
        Self::Generate(dialect.provider(), dialect)
    }
}

/// The label under which a request is counted, and its work.
fn find(request: &Request<Incoming>) -> (&'static str, Result<Work, Failure>) {
    let path = request.uri().path();
    if let Some(path) = path.strip_prefix("/openai") {
        return azure::find(path, request.uri().query());
    }
    if let Some(path) = path.strip_prefix("/model/") {
        return bedrock::find(path);
    }
    let (method, label, work) = match path {
        "/v1/messages" => (
            Method::POST,
            "POST /v1/messages",
            Work::generate(Dialect::Messages),
        ),
        "/v1/messages/count_tokens" => (
            Method::POST,
            "POST /v1/messages/count_tokens",
            Work::CountTokens(Provider::Anthropic),
        ),
        "/v1/chat/completions" => (
            Method::POST,
            "POST /v1/chat/completions",
            Work::generate(Dialect::Chat),
        ),
        "/v1/responses" => (
            Method::POST,
            "POST /v1/responses",
            Work::generate(Dialect::Responses),
        ),
        "/v1/embeddings" => (
            Method::POST,
            "POST /v1/embeddings",
            Work::generate(Dialect::Embeddings),
        ),
        _ if is_below(path, "/v1/responses") => {
            return ("/v1/responses/", Ok(Work::Stored(Provider::OpenAi)));
        }
        _ if is_below(path, "/v1/models") && !path.contains(':') => (
            Method::GET,
            "GET /v1/models",
            Work::ListModels(by_credential(request)),
        ),
        _ => match gemini(request.uri()) {
            Some(route) => route,
            None => return ("other", Err(Failure::new(404, "Not Found"))),
        },
    };
    match *request.method() == method {
        true => (label, Ok(work)),
        false => ("other", Err(Failure::new(405, "Method Not Allowed"))),
    }
}

fn gemini(uri: &Uri) -> Option<(Method, &'static str, Work)> {
    let path = uri.path();
    if !is_below(path, "/v1beta/models") && !is_below(path, "/v1/models") {
        return None;
    }
    let Some((_, method)) = path.split_once(':') else {
        let work = Work::ListModels(Provider::Gemini);
        return Some((Method::GET, "GET /v1beta/models", work));
    };
    let is_events = uri.query().is_some_and(|query| query.contains("alt=sse"));
    let (label, work) = match method {
        "generateContent" => ("POST :generateContent", Work::generate(Dialect::Gemini)),
        "streamGenerateContent" if is_events => (
            "POST :streamGenerateContent",
            Work::generate(Dialect::Gemini),
        ),
        "streamGenerateContent" => (
            "POST :streamGenerateContent",
            Work::generate(Dialect::GeminiArray),
        ),
        "countTokens" => ("POST :countTokens", Work::CountTokens(Provider::Gemini)),
        "embedContent" | "batchEmbedContents" => (
            "POST :embedContent",
            Work::generate(Dialect::GeminiEmbeddings),
        ),
        _ => return None,
    };
    Some((Method::POST, label, work))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Providers whose paths are the same are told apart by how their callers show a credential.
fn by_credential(request: &Request<Incoming>) -> Provider {
    let shows = |name| request.headers().contains_key(name);
    if shows("x-goog-api-key") {
        Provider::Gemini
    } else if shows("api-key") {
        Provider::Azure
    } else if shows("authorization") && !shows("anthropic-version") {
        Provider::OpenAi
    } else {
        Provider::Anthropic
    }
}
