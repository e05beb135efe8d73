//! The life of one simulated answer: credential, body, latency, failure or answer. The same in every dialect.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};

use super::answer::{Answer, Ask, estimate};
use super::behaviour::Behaviour;
use super::dialect::{Dialect, Failure, Provider};
use super::ledger::Flight;
use super::pause::Pause;
use super::playback::{Framing, Playback, ResetFlag};
use super::route::Upstream;
use super::script::Script;

const MAX_BODY_BYTES: usize = 32 << 20;

/// One request to a provider's route, until its answer begins.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) provider: Provider,
    pub(super) serial: u64,
    pub(super) reset: ResetFlag,
}

impl Exchange<'_> {
    /// Answers a generation; it counts as one from its head to its last byte.
    pub(super) async fn generate(
        self,
        dialect: Dialect,
        request: Request<Incoming>,
    ) -> Response<Playback> {
        let answered = self.try_generate(dialect, request).await;
        self.finish(answered)
    }

    /// Answers how many input tokens a request would have.
    pub(super) async fn count_tokens(self, request: Request<Incoming>) -> Response<Playback> {
        let answered = self.try_count(request).await;
        self.finish(answered)
    }

    /// Answers a request for what was stored.
    pub(super) fn stored(self, request: Request<Incoming>) -> Response<Playback> {
        let (mut head, _) = request.into_parts();
        let pause = self.upstream.resumption.pause();
        let account = self.provider.credential(&head);
        head.uri = self.provider.plain(head.uri);
        let answered = account.and_then(|account| {
            let behaviour = self.behaviour(&head);
            let behaviour = behaviour.map_err(|refusal| Failure::new(400, refusal))?;
            self.upstream.shelf.answer(&account, &head, &behaviour)
        });
        self.finish(answered.map(|response| response.map(|body| body.paused_by(pause))))
    }

    /// Puts an answer, or the failure instead, into the form of the dialect.
    pub(super) fn finish(
        self,
        answered: Result<Response<Playback>, Failure>,
    ) -> Response<Playback> {
        let mut response =
            answered.unwrap_or_else(|failure| self.provider.failed(&failure, self.serial));
        self.provider.sign(response.headers_mut(), self.serial);
        response
    }

    async fn try_generate(
        &self,
        dialect: Dialect,
        request: Request<Incoming>,
    ) -> Result<Response<Playback>, Failure> {
        let (head, body) = request.into_parts();
        // First: whoever sees it in flight can let it go on.
        let mut pause = self.upstream.resumption.pause();
        let flight = self
            .upstream
            .ledger
            .take_off(self.provider.credential(&head)?);
        let asked = async {
            let (ask, behaviour) = self.listen(dialect, head, body, &flight).await?;
            respond_as_asked(&behaviour, &mut pause).await?;
            Ok((ask, behaviour))
        };
        match asked.await {
            Ok((ask, behaviour)) => {
                let response = self.play(dialect, ask, &behaviour, flight);
                Ok(response.map(|body| body.paused_by(pause)))
            }
            Err(failure) => {
                flight.land();
                Err(failure)
            }
        }
    }

    async fn listen(
        &self,
        dialect: Dialect,
        head: Parts,
        body: Incoming,
        flight: &Flight,
    ) -> Result<(Ask, Behaviour), Failure> {
        let (body, behaviour) = self.read(&head, body).await?;
        let ask = self
            .provider
            .check(&head, &body, &behaviour)
            .and_then(|()| dialect.read(&head, &body))
            .map(|ask| self.provider.asked(ask, &head));
        self.upstream.ledger.keep(head, body);
        let ask = ask?;
        flight.asked(&ask.model);
        Ok((ask, behaviour))
    }

    async fn try_count(&self, request: Request<Incoming>) -> Result<Response<Playback>, Failure> {
        let (head, body) = request.into_parts();
        let mut pause = self.upstream.resumption.pause();
        self.provider.credential(&head)?;
        let (body, behaviour) = self.read(&head, body).await?;
        self.provider.check(&head, &body, &behaviour)?;
        let tokens = behaviour
            .input_tokens
            .unwrap_or_else(|| estimate(body.len()));
        let counted = self.provider.count(&head, &body, tokens);
        self.upstream.ledger.keep(head, body);
        let counted = counted?;
        respond_as_asked(&behaviour, &mut pause).await?;
        Ok(counted)
    }

    async fn read(&self, head: &Parts, body: Incoming) -> Result<(Bytes, Behaviour), Failure> {
        let behaviour = self
            .behaviour(head)
            .map_err(|refusal| Failure::new(400, refusal))?;
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => Failure::new(413, "Request exceeds the maximum size"),
            false => Failure::new(
                400,
                format!("The request's body could not be read: {error}"),
            ),
        })?;
        Ok((body.to_bytes(), behaviour))
    }

    fn behaviour(&self, head: &Parts) -> Result<Behaviour, String> {
        let mut behaviour = self.upstream.behaviour();
        if let Some(pairs) = head.headers.get("x-mock") {
            behaviour = behaviour.with_pairs(&String::from_utf8_lossy(pairs.as_bytes()))?;
        }
        if let Some(query) = head.uri.query() {
            behaviour = behaviour.with_query(query)?;
        }
        Ok(behaviour)
    }

    fn play(
        &self,
        dialect: Dialect,
        ask: Ask,
        behaviour: &Behaviour,
        flight: Flight,
    ) -> Response<Playback> {
        let (stream, stored) = (ask.stream, ask.stored);
        let answer = Answer::compose(ask, behaviour, self.serial);
        if stored {
            self.upstream.shelf.put(flight.key(), &answer);
        }
        flight.answered(answer.usage.input, answer.usage.output);
        let (script, framing, content_type) = if stream {
            self.upstream.ledger.count_stream();
            let script = self.provider.begun(dialect.stream(&answer), dialect);
            let script = with_failure(dialect, script, behaviour);
            (script, Framing::Chunked, dialect.stream_type())
        } else {
            (dialect.whole(&answer), Framing::Length, "application/json")
        };
        let reset = ResetFlag::clone(&self.reset);
        let body = Playback::new(script.plan(behaviour), framing, Some(flight), reset);
        let mut response = with_type(body, content_type);
        if let Some(left) = behaviour.requests_left {
            let window = Duration::from_secs(behaviour.window_s.into());
            let headers = response.headers_mut();
            self.provider.limit(headers, left, window);
        }
        response
    }
}

fn with_failure(dialect: Dialect, script: Script, behaviour: &Behaviour) -> Script {
    let Some(events) = behaviour.error_after else {
        return script;
    };
    let mut script = script.truncated(events);
    dialect.append_failure(&mut script, &Failure::new(529, "Overloaded"));
    script
}

fn with_type(body: Playback, content_type: &'static str) -> Response<Playback> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

async fn respond_as_asked(behaviour: &Behaviour, pause: &mut Pause) -> Result<(), Failure> {
    if behaviour.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(behaviour.latency_ms)).await;
    }
    if behaviour.pause {
        pause.await;
    }
    match behaviour.status {
        None => Ok(()),
        Some(status) => Err(Failure {
            status,
            message: format!("Failed with status {status} as asked"),
            retry_after: behaviour.retry_after,
        }),
    }
}
