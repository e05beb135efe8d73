//! Which request goes where. Extending: a provider's route is a row in `serve`.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};

use super::Options;
use super::anthropic;
use super::behaviour::Behaviour;
use super::dialect::{Dialect, Failure};
use super::generation::Exchange;
use super::ledger::Ledger;
use super::playback::{Playback, ResetFlag, json_response};

const MAX_CONFIG_BYTES: usize = 64 << 10;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) ledger: Arc<Ledger>,
    behaviour: Mutex<Behaviour>,
    serial: AtomicU64,
}

impl Upstream {
    pub(super) fn new(options: Options) -> Self {
        Self {
            ledger: Arc::new(Ledger::new(options.limit)),
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
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let exchange = Exchange {
            upstream: self,
            dialect: Dialect::Anthropic,
            serial,
            reset,
        };
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/v1/messages") => {
                self.ledger.count("POST /v1/messages");
                exchange.generate(request).await
            }
            (&Method::POST, "/v1/messages/count_tokens") => {
                self.ledger.count("POST /v1/messages/count_tokens");
                exchange.count_tokens(request).await
            }
            (&Method::GET, path) if path == "/v1/models" || path.starts_with("/v1/models/") => {
                self.ledger.count("GET /v1/models");
                let answered = anthropic::models(request.headers(), request.uri());
                exchange.finish(answered)
            }
            (&Method::GET, "/mock/stats") => json_response(StatusCode::OK, &self.ledger.stats()),
            (&Method::GET, "/mock/config") => json_response(StatusCode::OK, &self.behaviour()),
            (&Method::POST, "/mock/config") => self.configure(request).await,
            (&Method::GET, "/healthz") => Response::new(Playback::whole("ok")),
            (_, path) => {
                self.ledger.count("other");
                exchange.finish(Err(no_route(path)))
            }
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

fn no_route(path: &str) -> Failure {
    match path {
        "/v1/messages" | "/v1/messages/count_tokens" | "/v1/models" => {
            Failure::new(405, "Method Not Allowed")
        }
        _ => Failure::new(404, "Not Found"),
    }
}
